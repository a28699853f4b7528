"""A workspace on the disk: made once, with settings an editor can read and a secret nobody else can."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import NashraError, SettingsError, WorkspaceError
from newsletter.senders import registry
from newsletter.workspace.config import FILE, load
from newsletter.workspace.layers import KEYS
from newsletter.workspace.secret_files import SECRETS, others_can_read, secret_file
from subscribers.newfile import NameTakenError, new_file

KEY_BYTES = 32
MOST_KEYS = 2
FIRST_LIST = "readers"

_SETTINGS = """\
# The settings of this newsletter. Every key can also be given as NASHRA_<SECTION>__<KEY> in the environment or in
# a file .env beside this one, and as a file secrets/<section>.<key>; the later of these win over what stands here.

[newsletter]
name = {name}
url = {url}
language = {language}          # decides the direction of the letter, and its words
timezone = {timezone}         # the zone of the site, for dates in letters

[letter]
# tagline = "…"              # one line under the name
# postal_address = "…"       # stands at the foot of every letter
# accent = "#0f766e"         # colour of links, rules and buttons
# logo = "logo.png"          # a file beside this one, or an https address
{pictures}          # hosted by the reader pages where [web] url is set; or inline: inside every letter
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
from = {sender}
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
{web}
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
# clicks = "stories"         # count how often the links of stories are opened: numbers, and never who (docs/clicks.md)

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

_IGNORE = """\
# What must not be kept in git: secrets, readers' addresses, and what can be made again.
/secrets/
/.env
/newsletter.db*
/database.toml
/backups/
/.desk/
/.share/
/outbox/
/issues/*/issue.html
/issues/*/issue.txt
/theme.html
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of a workspace. Two token keys may live at once: the higher id signs, the lower one still opens."""

    tokens: Mapping[int, bytes]
    suppression: Mapping[int, bytes]


def make(
    root: Path, *, name: str, url: str, sender: str, web: str, language: str, timezone: str, pictures: str = ""
) -> None:
    """Write the files of a new workspace: settings, what git ignores, and the secret keys.

    The settings are checked first, in a file of another name, so a wrong one leaves no half workspace behind.

    Args:
        root: The folder; made when it is not there.
        name: Name of the newsletter, as readers know it.
        url: Address of the newsroom's site.
        sender: From, as ``Name <address>``.
        web: Base of the reader pages, or empty.
        language: Language of the letter: ``ar``, ``en`` …
        timezone: IANA name of the site's zone.
        pictures: ``inline`` or ``hosted``; empty leaves it to whether there are pages.

    Raises:
        WorkspaceError: There is a workspace already, or the folder cannot be written.
        SettingsError: An argument that cannot be a setting.
    """
    taken = WorkspaceError(
        "this is a workspace already", where=str(root / FILE), mend="edit that file, or choose another folder"
    )
    if (root / FILE).exists():
        raise taken

    def quoted(value: str) -> str:
        return json.dumps(value, ensure_ascii=False)

    text = _SETTINGS.format(
        name=quoted(name),
        url=quoted(url),
        language=quoted(language),
        timezone=quoted(timezone),
        sender=quoted(sender),
        pictures=f"pictures = {quoted(pictures)}" if pictures else '# pictures = "auto"',
        **_of_providers(),
        web=f"url = {quoted(web)}" if web else '# url = "https://news.example.org"   # base of the reader pages',
    )
    check_text(text, root / FILE)
    try:
        root.mkdir(parents=True, exist_ok=True)
        _make_keys(root / SECRETS)
        _add_lines(root / ".gitignore", _IGNORE)
        # Last, since it is what makes the folder a workspace.
        _write(root / FILE, text)
    except NameTakenError:
        raise taken from None
    except OSError as error:
        raise WorkspaceError(
            f"cannot be written ({error.strerror})", where=str(error.filename or root), mend="choose another folder"
        ) from None


def _of_providers() -> dict[str, str]:
    """What the settings say of providers: those to choose from, whose DKIM keys are known, the section of each."""
    every = list(registry.providers())
    signing = [one.title for one in every if one.authentication.selectors]
    first, *others = every
    return {
        "kinds": f"{first.summary}; or {registry.listed((one.name for one in others), 'or')}",
        "known": f"; {registry.listed(iter(signing), 'and')}'s are known" if signing else "",
        "providers": "".join(f"[{one.name}]\n{one.example}\n" for one in every if one.example),
    }


def check_text(text: str, path: Path) -> None:
    """Raise SettingsError for settings that could not be loaded from ``path``, before anything is written there."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE).write_text(text, "utf-8")
        try:
            load(Path(folder), {})
        except SettingsError as error:
            raise SettingsError(str(error).replace(str(Path(folder) / FILE), str(path))) from None


def read_keys(root: Path) -> Keys:
    """The secret keys of a workspace.

    Raises:
        WorkspaceError: The file is missing, readable by others, or damaged.
    """
    path = secret_file(root, KEYS)
    try:
        if others_can_read(path):
            raise WorkspaceError("others can read the secret keys", where=str(path), mend=f"chmod 600 {path}")
        values = tomllib.loads(path.read_text("utf-8"))
        return Keys(tokens=_keys(values, "tokens"), suppression=_keys(values, "suppression"))
    except FileNotFoundError:
        raise WorkspaceError(
            "the secret keys are missing", where=str(path), mend="restore the file from a backup; old links need it"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise WorkspaceError(
            f"the secret keys cannot be read ({reason})", where=str(path), mend="restore the file from a backup"
        ) from None


def _keys(values: Mapping[str, object], part: str) -> dict[int, bytes]:
    lines = values.get(part)
    if not isinstance(lines, dict) or not 1 <= len(lines) <= MOST_KEYS:
        raise ValueError(f"one or two keys are wanted under [{part}]")
    return {_key_id(name): _key(text) for name, text in lines.items()}


def _key_id(name: str) -> int:
    # One byte of every signed link holds it.
    if not name.isdecimal() or not 0 <= int(name) <= 255:
        raise ValueError(f"{name} is no number from 0 to 255")
    return int(name)


def _key(text: object) -> bytes:
    key = bytes.fromhex(text) if isinstance(text, str) and text.isascii() else b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key is a text of {2 * KEY_BYTES} hexadecimal digits")
    return key


def _make_keys(folder: Path) -> None:
    path = folder / KEYS
    if path.exists():
        # The keys of an earlier workspace here: links in letters that went out depend on them.
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    tokens, suppression = secrets.token_hex(KEY_BYTES), secrets.token_hex(KEY_BYTES)
    text = (
        "# Made by newsletter init. Keep it secret, and keep a copy: without it the links in old letters die.\n"
        "# To rotate, add a line 2 = … under [tokens]; the highest number signs, at most two are kept.\n\n"
        f'[tokens]\n1 = "{tokens}"\n\n[suppression]\n1 = "{suppression}"\n'
    )
    # Somebody else may make them in the same moment: theirs stay.
    with contextlib.suppress(NameTakenError):
        _write(path, text, mode=0o600)


def _add_lines(path: Path, text: str) -> None:
    """Write a file, or put behind what its owner wrote in it whatever it does not say yet."""
    if not path.exists():
        _write(path, text)
        return
    there = path.read_text("utf-8", "surrogateescape")
    missing = [line for line in text.splitlines() if line not in there.splitlines()]
    if any(not line.startswith("#") for line in missing):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n".join(["" if there.endswith("\n") or not there else "\n", *missing, ""]))


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    with new_file(path) as unfinished:
        closed = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(closed, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


PAGE_MARK = b'<meta name="generator" content="Nashra '
"""What tells a page of ours from a file that is somebody else's."""
_HEAD = 4096
"""Bytes of a page in which that stands."""


def write_page(path: Path, page: str) -> None:
    """Write an HTML page whole or not at all; over one of ours, never over anything else.

    Args:
        path: Where it goes.
        page: With ``PAGE_MARK`` in its head.

    Raises:
        NashraError: Something else is there, or it cannot be written.
    """
    try:
        if path.is_file() and not path.is_symlink() and _is_page(path):
            unfinished = path.with_name(f".{path.name}.part")
            unfinished.write_text(page, encoding="utf-8")
            unfinished.replace(path)
            return
        with new_file(path) as unfinished:
            unfinished.write_text(page, encoding="utf-8")
    except NameTakenError:
        taken = f"the page is not written: {path} is there already, and no page of ours"
        raise NashraError(taken, mend="name another file") from None
    except OSError as error:
        raise NashraError(
            f"cannot be written ({error.strerror or 'no file can be there'})", where=str(path), mend="name another file"
        ) from None


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        return PAGE_MARK in file.read(_HEAD)
