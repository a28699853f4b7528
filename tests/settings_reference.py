"""The pages of the settings in both languages, made from the schema that they are checked against, by ``make docs``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import settings_in_arabic as arabic

from newsletter.senders import registry
from newsletter.workspace import schema

DOCS = Path(__file__).resolve().parents[1] / "docs"
PATH = DOCS / "en" / "settings.md"
ARABIC_PATH = DOCS / "ar" / "settings.md"

HEAD = """\
# Settings

The tables are made from the schema of the settings by `make docs`; a test holds them equal.

`newsletter init` writes into `newsletter.toml` what it was told, and nothing else; [at the end](#a-file-to-copy-from)
is one with every section. The same key can be set in four places; later ones win:

1. `newsletter.toml`
2. a file `secrets/<section>.<key>`, for example `secrets/database.url` (good for passwords: the folder is ignored by
   git)
3. `.env` beside `newsletter.toml`, as `NASHRA_<SECTION>__<KEY>=…`
4. the environment, by the same name: `NASHRA_SENDER__OUTBOX=/var/mail/nashra`

What a command is given as an option wins over all of them. Lists are written with commas outside the TOML file. A
wrong setting is told with its place, key, what was found and what is wanted.

A number has its limits beside it. A key without a default is empty: what it describes does not happen, or is chosen
as its meaning says.
"""

SAMPLE = """\
[newsletter]
name = "نشرتنا"
url = "https://example.org"
language = "ar"             # decides the direction of the letter, and its words
timezone = "Africa/Algiers" # the zone of the site, for dates in letters

[letter]
# tagline = "…"              # one line under the name
# postal_address = "…"       # stands at the foot of every letter
# accent = "#0f766e"         # colour of links, rules and buttons
# logo = "logo.png"          # a file beside this one, or an https address
# pictures = "auto"          # hosted by the reader pages where [web] url is set; or inline: inside every letter
# digits = "latin"           # or arabic-indic: the digits of dates and numbers that the letter writes itself
# months = "ar_DZ"           # month names of a country; without it those of the language
# hijri = true               # the Hijri date beside the Gregorian one
# jalali = true              # dates by the Jalali (Persian) calendar, the Gregorian one beside that of the letter
# links = {{ "فيسبوك" = "https://…" }}   # pages named at the foot

[theme]
# All of it as pictures of your own stories: newsletter theme
style = "signature"         # signature, classic, digest or bulletin
# header = "band"            # head of the letter: band, plain, centred or picture
# picture = "head.png"       # the picture of header = "picture": a file beside this one, or an https address
# second = "#b4531f"         # second colour, for labels and fine lines
# paper = "#f3f1ec"          # ground around the letter
# card = "#ffffff"           # ground of the letter itself
# headings = "serif"         # fonts of headlines: sans, serif, or families with commas
# text = "sans"              # fonts of everything else
# hero = "edge"              # the first story's picture: edge, inset or none
# rows = "cards"             # the other stories: cards, rows or text
# align = "start"            # where headings stand: start or centre
# corners = "round"          # round, soft or square
# density = "airy"           # airy, normal or tight
# subtitle = "preheader"     # the preheader as a quiet line under the head; none
# contents = true            # a list of what is inside, behind the first story
# logo_dark = "logo-dark.png"  # the logo for dark grounds
# editor = "…"               # who signs the editor's words
# role = "…"                 # what the editor is
# portrait = "editor.jpg"    # picture of the editor; without it a letter of the name
# footer = "…"               # words of your own at the foot
# social = {{ telegram = "https://…", whatsapp = "https://…", rss = "https://…" }}   # pages elsewhere, with signs

[sender]
kind = "outbox"             # {kinds}
from = "نشرتنا <news@example.org>"
# reply_to = "editor@example.org"
# authserv_ids = ["mx.example.org"]  # mail servers whose Authentication-Results in the mailbox of answers are believed
# dkim_selectors = ["mail"]  # names of the DKIM keys that sign, so that check can look at them{known}
# outbox = "outbox"          # the Maildir, relative to this file
# fsync = true               # outbox and SMTP: what became of a letter is on the disk before the next one goes
# batch = 100                # letters in one submission
# lease = 30                 # seconds until another process takes over from one that went silent
# patience = 300             # seconds without a letter taken after which a send stops, to be run again later
# per_second = 50            # letters a second at most, all processes and machines together; 0: no limit
# per_hour = 10000           # … an hour
# connections = 8            # to the provider at once, all processes and machines together
# fallback = "smtp"          # goes on with what is queued when this one takes nothing more, after asking
# warm_up = 200              # letters of a new account on its first day, doubled on each further one
# pace = {{ "gmail.com" = 20 }}                        # letters a minute at most to addresses of one domain

[ways]
# share = ["whatsapp", "telegram", "x", "facebook", "mail", "copy"]   # plain links; false: none
# subscribe = true           # "did somebody send you this letter?"
# previous = 3               # letters before this one, with their subjects
# archive = true             # a link to all past letters
# reply = true               # an invitation to answer, where reply_to is set
# view = true                # the letter in the browser
# preferences = true         # the page where readers choose what they get

{providers}[web]
# url = "https://news.example.org"   # base of the reader pages
# lists = ["readers"]        # what one can subscribe to on the pages
# trusted_proxies = ["127.0.0.1", "::1"]             # who may say, in X-Forwarded-For, whom they speak for
# frame_ancestors = ["https://example.org"]          # sites that may show /embed in a frame; without it only url above
# keep_client = true         # network address and browser of the person, in the record of consent
# letters_an_hour = 1000     # confirmation letters at most, in total
# letters_an_hour_per_network = 30                   # … asked for from one network (/24, IPv6 /64)
# pending_days = 7           # sign-ups that nobody confirmed are deleted after so many days
# share_font = "fonts/headline.ttf"    # a font file for the headline on share pictures; without it the machine's own
# metrics = "…"              # the token that opens /metrics, best in secrets/web.metrics; without it there is none

[tracking]
# clicks = "stories"         # count how often links of stories are opened: numbers, and never who (docs/en/clicks.md)

[rhythms]
# default = "weekly"         # of who does not choose: instant, daily or weekly
# offered = ["instant", "daily", "weekly"]           # what the pages let readers choose
# daily_template = "digest"  # looks of the daily letter: a style of [theme], or a template of your own
# instant_template = "classic"  # … of the letter for one article

[topics.readers]
# 1 = {{ title = "سياسة", sections = ["سياسة", "أخبار"] }}  # choices of readers: 1 to 8, numbers stay for good
# 2 = "رياضة"                # the section of the same name

[compose]
# most = 20                  # stories that an issue takes by itself
# per_section = 0            # … of each section at most; 0: as many as there are
# days = 14                  # nothing older is taken
# exclude = ["إعلان"]        # sections and tags whose articles are not taken
# pin_sticky = true          # what the site holds above the others leads
# candidates = 40            # articles at the end of a draft to choose from, the newest; 0 or false: none

[ab_test]
# share = 0.2                # readers who get one of several subjects first: subjects = ["…", "…"] in issue.md
# least = 500                # … for each subject at least; with too few readers all get the first
# wait = "2h"                # until the better one goes to the others
# decide = "ask"             # by an editor's word: newsletter sends decide; or "itself"

[schedule]
# weekly = "thursday 10:00"  # the worker, or newsletter schedule --run in cron, makes the draft of the week
# daily = "18:00"            # sends the daily letter
# instant = 10               # looks for new articles every so many minutes, and sends them
# lists = ["readers"]        # the lists that this is done for
# week_starts = "monday"

[database]
# url = "postgresql://nashra@db.example.org/nashra"   # without it: the SQLite file newsletter.db beside this file

[collect]
# sources = ["https://example.org/"]                  # the site's front page; also sections, feeds, sitemaps, files
# allow_private_hosts = ["intranet.example.org"]      # hosts that may be fetched although they are not public

[publish]
# status = "draft"           # what newsletter publish --to wordpress makes: a draft, or publish, which it asks about
# categories = ["letters"]   # slugs of categories that the site has
# slug = "nashra-issue"      # what the address of the post ends with, before the number of the issue
# picture_above = false      # when the theme shows no featured picture above the text

[alerts]
# mail = "editor@example.org"          # who is told when something stops, fails or is in doubt; several with commas
# command = "/usr/local/bin/tell-us"   # a program that gets it as JSON on its standard input
# url = "https://chat.example.org/hook"  # an address it is posted to as JSON, best in secrets/alerts.url
# backup_days = 8            # days after which the newest copy in backups/ is too old; 0: never

[desk]
# url = "https://desk.example.org"     # newsletter desk behind a proxy with TLS; without it on this machine alone
# trusted_proxies = ["127.0.0.1", "::1"]             # who may say, in X-Forwarded-For, whom they speak for
# approval = true            # an issue goes out only when somebody else than its last editor has approved it
# language = "ar"            # or en; without it that of [newsletter] where it is Arabic, else English
"""
"""A file of settings with values that somebody might choose; those in braces come from the table of providers."""

TAIL = """
## The secret keys

`secrets/keys.toml` is made once by `newsletter init`, readable by its owner only, and ignored by git. It signs the
links in letters: keep a copy, since without it the links in letters that went out no longer open. To change the
signing key, add a line with the next number under `[tokens]`; the highest number signs, and links of the one before
still open. Keep at most two.

## More about some of them

- What survives a power cut, and what `fsync` costs: [operating.md](operating.md). How many connections mail servers
  take: [smtp.md](smtp.md#connections).
- Without `[web] url` everything is done [by mail](serving.md#without-a-server); behind a proxy see
  [serving.md](serving.md#behind-a-proxy).
- What `[rhythms]`, `[topics]` and `[schedule]` do together: [rhythms.md](rhythms.md). Templates of your own:
  [templates.md](templates.md).
"""


@dataclass(frozen=True)
class Setting:
    """One key of newsletter.toml."""

    section: str
    key: str
    kind: str
    """What it may be, in words."""
    default: str
    meaning: str
    """The description in the schema; empty when there is none."""


@dataclass(frozen=True)
class KindWords:
    """How a page says what a setting may be."""

    either: str = " or "
    among: str = ", "
    """Between all but the last two of several."""
    comma: str = ", "
    whole_number: str = "whole number"
    number: str = "number"
    between: str = ", {least} to {most}"
    at_least: str = "at least {n}"
    at_most: str = "at most {n}"
    list_of: str = "list of {kind}"
    table: str = "table: name = {kind}"
    text: str = "text"
    required: str = "(required)"


ENGLISH = KindWords()
ARABIC = KindWords(**arabic.KINDS)


def settings(words: KindWords = ENGLISH) -> Iterator[Setting]:
    """Every setting of the schema, in its order.

    Args:
        words: Of the page.
    """
    for section, about in _sections():
        for key, value in about["properties"].items():
            meaning = " ".join(value.get("description", "").split())
            yield Setting(section, key, _kind(value, words), _default(key, value, about, words), meaning)


def missing() -> list[str]:
    """The settings that do not say what they mean."""
    return [f"[{one.section}] {one.key}" for one in settings() if not one.meaning]


def text() -> str:
    """The whole file."""
    parts = [HEAD]
    every = list(settings())
    for section, about in _sections():
        parts.append(f"\n## [{section}]\n\n{about.get('description', '')}\n")
        parts.append("\n| key | what it may be | default | meaning |\n|---|---|---|---|\n")
        parts += [
            f"| {one.key} | {one.kind} | {one.default} | {_cell(one.meaning)} |\n"
            for one in every
            if one.section == section
        ]
    return "".join([*parts, TAIL, f"\n## A file to copy from\n\n{_COPY}\n\n```toml\n{sample()}```\n"])


_COPY = """\
What stands behind `#` is no setting until the sign in front of it is taken away. Take the lines that you want, each
under the heading of its section, which stands once in a file."""


def arabic_text() -> str:
    """The whole Arabic file: the meanings are those of the catalogue, by the words of the schema."""
    said = arabic.catalogue()
    parts = [arabic.HEAD]
    every = list(settings(ARABIC))
    for section, about in _sections():
        parts.append(f"\n## {said[section]} [{section}]\n\n{arabic.isolated(said[about['description']])}\n")
        parts.append(f"\n{arabic.COLUMNS}\n|---|---|---|---|\n")
        parts += [
            f"| `{one.key}` | {arabic.isolated(one.kind)} | {arabic.isolated(one.default)} | "
            f"{_cell(arabic.isolated(arabic.meaning(one.section, one.key, said.get(one.meaning, ''), said)))} |\n"
            for one in every
            if one.section == section
        ]
    return "".join([*parts, arabic.TAIL])


def untold() -> list[str]:
    """What the schema says and the Arabic catalogue does not."""
    said = arabic.catalogue()
    words = [name for name, _ in _sections()] + [about["description"] for _, about in _sections()]
    return [one for one in (*words, *(one.meaning for one in settings())) if not said.get(one)]


def sample() -> str:
    """The file to copy from."""
    every = list(registry.providers())
    first, *others = every
    signing = (one.title for one in every if one.authentication.selectors)
    return SAMPLE.format(
        kinds=f"{first.summary}; or {registry.listed((one.name for one in others), 'or')}",
        known=f"; {registry.listed(signing, 'and')}'s are known",
        providers="".join(f"[{one.name}]\n{one.example}\n" for one in every if one.example),
    )


def _sections() -> Iterator[tuple[str, Mapping[str, Any]]]:
    # The sections of providers are added to those that every workspace has.
    whole = schema.schema() if hasattr(schema, "schema") else schema.Schema
    found = whole.model_json_schema(by_alias=True)
    for name, value in found["properties"].items():
        yield _section(name, _resolved(value, found["$defs"]), found["$defs"])


def _section(name: str, value: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A section, or what every section of a family has: ``[lists.NAME]``, ``[topics.NAME]`` with ``NUMBER.title``."""
    if "properties" in value:
        properties = {key: _resolved(one, known) for key, one in value["properties"].items()}
        return name, {**value, "properties": properties}
    one = _every(value, known)
    if "properties" in one:
        return f"{name}.{'KIND' if name == 'letters' else 'LIST'}", {
            **one,
            "properties": {key: _resolved(part, known) for key, part in one["properties"].items()},
        }
    one = _every(one, known)
    properties = {f"NUMBER.{key}": _resolved(part, known) for key, part in one["properties"].items()}
    required = [f"NUMBER.{key}" for key in one.get("required", ())]
    return f"{name}.LIST", {"description": one["description"], "properties": properties, "required": required}


def _every(value: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """What stands under whatever name in a table."""
    inner = value.get("additionalProperties") or next(iter(value["patternProperties"].values()))
    return _resolved(inner, known)


def _resolved(value: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in value:
        value = {**known[value["$ref"].rpartition("/")[2]], **{key: one for key, one in value.items() if key != "$ref"}}
    return value


def _kind(value: Mapping[str, Any], words: KindWords) -> str:
    if "enum" in value:
        return _one_of([f"`{one}`" for one in value["enum"] if one], words)
    if "anyOf" in value:
        return words.either.join(f"`{one['const']}`" if "const" in one else _kind(one, words) for one in value["anyOf"])
    match value.get("type"):
        case "boolean":
            return _one_of(["`true`", "`false`"], words)
        case "integer" | "number" as kind:
            name = words.whole_number if kind == "integer" else words.number
            limits = {"least": f"{value['minimum']:,.10g}", "most": f"{value['maximum']:,.10g}"}
            return name + words.between.format(**limits)
        case "array":
            limits = [words.at_least.format(n=value["minItems"])] if "minItems" in value else []
            limits += [words.at_most.format(n=value["maxItems"])] if "maxItems" in value else []
            kind = _kind(value["items"], words).replace(words.either, words.comma)
            return words.comma.join([words.list_of.format(kind=kind), *limits])
        case "object":
            inner = value.get("additionalProperties")
            return words.table.format(kind=_kind(inner, words) if isinstance(inner, dict) else words.text)
        case "string":
            return words.text
    raise AssertionError(f"nobody has said how to tell {value}")


def _one_of(names: Sequence[str], words: KindWords) -> str:
    *most, last = names
    return f"{words.among.join(most)}{words.either}{last}" if most else last


def _default(key: str, value: Mapping[str, Any], section: Mapping[str, Any], words: KindWords) -> str:
    if key in section.get("required", ()):
        return words.required
    default = value.get("default")
    if default in ("", [], {}, None):
        return ""
    if isinstance(default, list):
        return words.comma.join(f"`{one}`" for one in default)
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default).removesuffix('.0')}`"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
    ARABIC_PATH.write_text(arabic_text(), "utf-8")
