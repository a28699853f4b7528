"""The rendered letter as a whole: its size, its foot, its colours, and what a template of one's own may have lost."""

from __future__ import annotations

import html as escaping
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from newsletter.check.context import (
    CheckInput,
    Rule,
    setting,
    shown,
    teller,
)
from newsletter.letters import own_links
from newsletter.letters.mime import LEAVE, PREFERENCES, VIEW, slot
from newsletter.letters.render import sizes
from newsletter.letters.render.after import left_to_right_leftovers
from newsletter.letters.render.look import look_of
from newsletter.letters.render.palette import contrast, palette
from newsletter.letters.render.views import web_address
from newsletter.models import Letter, Level, Problem, Prose
from newsletter.text.tidy import arabic_fold

CODES: Mapping[str, Level] = {
    "letter-impossible": "error",
    "template-leaked": "error",
    "merge-field": "warning",
    "unsubscribe-missing": "error",
    "preferences-missing": "warning",
    "view-missing": "warning",
    "postal-address-missing": "warning",
    "letter-too-large": "error",
    "letter-nearly-too-large": "warning",
    "twin-incomplete": "warning",
    "link-empty": "error",
    "link-relative": "error",
    "font-remote": "warning",
    "align-left": "warning",
    "contrast-accent": "warning",
}
_tell = teller(CODES)

MOST_DECODED = 95_000
"""Bytes of HTML. Gmail clips near 100 kB (testers report 99.5 to 105 kB; the vendor documents nothing)."""
MOST_ENCODED = 102_000
"""Bytes of HTML in base64 lines, should the encoded form be what is counted."""
NEARLY = 0.9
ENOUGH_FOR_SHAPES = 3.0
"""Contrast of what is no text: rules, the edge of a button (WCAG 2.2 success criterion 1.4.11)."""

_LEAKS = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|</?mj-[\w-]+|\\u\{[0-9a-f]+\}|<%.*?%>|\[(?:NAME|FNAME|EMAIL|الاسم)\]"
    # Markdown takes the stars of *|FNAME|* for emphasis.
    r"|\*\|[A-Z_:]+\|\*|\|(?:[FLM]?NAME|EMAIL|PHONE|ADDRESS|ARCHIVE|UNSUB|[A-Z]+[:_][A-Z_:]+)\|",
    re.DOTALL,
)

_FIELDS = re.compile(
    r"\{\{[\s\w.|]{1,60}\}\}|\[(?:NAME|FNAME|EMAIL|الاسم)\]|\*?\|[A-Z_:]+\|\*?",
)
"""What mailing programs fill with something of the reader."""
_SPACES = re.compile(r"[\s\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+|\\(?=[\[\]{}*|<>_])")
"""White space, direction signs, and the backslash that keeps Markdown from reading a sign."""

_DIRECTIONS = re.compile(r"[\u2066-\u2069]|&#x206[6-9];|</?(?:span|bdi)\b[^>]*>")
"""What rendering puts around words of another direction, also inside ``{{ name }}``."""


def impossible(case: CheckInput) -> Iterator[Problem]:
    """An issue or a template that gives no letter at all: everything that keeps it from being one."""
    yield from case.known.failures


def template_leaked(case: CheckInput) -> Iterator[Problem]:
    """Text of a template language that readers would see as it is, where the template brought it in.

    In an editor's or an article's own words it is text: who writes about templates must be able to. Only what other
    programs fill with a reader's name is told there, since it may have been copied from one.
    """
    if case.letter is None:
        return
    rendered = case.letter.rendered
    told: set[tuple[str, str]] = set()
    words = ""
    for part, text in (("subject", rendered.subject), ("html", rendered.html), ("text", rendered.text)):
        for leak in (match.group() for match in _LEAKS.finditer(escaping.unescape(_DIRECTIONS.sub("", text)))):
            words = words or _words_of(case)
            own = _is_in(leak, words)
            # What an editor wrote stands in both forms of the letter: it is told once.
            place = (_line_of(case, " ".join(leak.split())) or case.issue.path) if own else f"the letter's {part}"
            if (own and not _FIELDS.fullmatch(leak)) or (leak, place) in told:
                continue
            told.add((leak, place))
            if own:
                yield _tell(
                    "merge-field",
                    f"{shown(leak)} stands in the text, and readers will see it as it is",
                    place,
                    "take it out if another program should have put a name there",
                )
            else:
                yield _tell(
                    "template-leaked",
                    f"text of a template stands in the letter: {shown(leak)}",
                    place,
                    "correct the template",
                )


def _words_of(case: CheckInput) -> str:
    """Every word that the issue brings into its letter, without spaces and direction signs."""
    found: list[str] = [run.text for run in case.reading.runs]
    waiting: list[object] = [case.issue]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found += (one, unquote(one))
        elif isinstance(one, tuple | list):
            waiting.extend(one)
        elif isinstance(one, Mapping):
            waiting.extend(one.values())
        else:
            waiting.extend(getattr(one, name) for name in getattr(one, "__dataclass_fields__", ()))
    return _bare("\n".join(found))


def _is_in(leak: str, words: str) -> bool:
    """Whether it is, or begins, something of these words; the letter may have broken it into lines or marked parts."""
    if _bare(re.sub("<[^<>]*>", "", leak)) in words:
        return True
    # Two brackets may stand in the words of one article, and what closes them in those of the next.
    first = _bare(re.split(r"[<\n]", leak, maxsplit=1)[0])
    return bool(first) and first in words


def _bare(text: str) -> str:
    return _SPACES.sub("", escaping.unescape(text))


def _line_of(case: CheckInput, leak: str) -> str:
    """Where in issue.md a text stands; empty when only the template can hold it."""
    plain = escaping.unescape(leak)
    line = next((run.line for run in case.reading.runs if leak in run.text or plain in run.text), None)
    if line is None:
        line = next(_raw_lines(case, plain), None)
    return case.at(line) if line is not None else ""


def _raw_lines(case: CheckInput, text: str) -> Iterator[int]:
    """Lines whose code, addresses or marks hold a text that no reader sees as text."""
    for story in case.issue.stories:
        if text in unquote(story.url):
            yield story.line
        if text in unquote(story.image):
            yield story.image_line
        if text in story.summary:
            yield _below(story.summary_line, story.summary, text)
    blocks = [*case.issue.opening, *(block for section in case.issue.sections for block in section.blocks)]
    for block in blocks:
        if isinstance(block, Prose) and text in block.markdown:
            yield _below(block.line, block.markdown, text)


def _below(first: int, markdown: str, text: str) -> int:
    return first + markdown.count("\n", 0, markdown.find(text)) if first else 0


def unsubscribe_missing(case: CheckInput) -> Iterator[Problem]:
    """Every letter shows the way out, in both of its forms (RFC 8058; Gmail and Yahoo sender rules)."""
    for part, text in _forms(case.letter):
        assert case.letter is not None
        if slot(case.letter.marker, LEAVE) not in text:
            yield _tell(
                "unsubscribe-missing",
                "the letter shows no way to leave",
                f"the letter's {part}",
                "put {{ leave_url }} into the template",
            )


def choices_missing(case: CheckInput) -> Iterator[Problem]:
    """Where there are pages, every letter leads to the reader's choices and to its own page, in both of its forms."""
    letter = case.letter
    pages = own_links.base(letter) if letter is not None else ""
    if letter is None or not pages:
        return
    own_page = re.compile(rf"{re.escape(pages)}/(?:letters|view|{re.escape(slot(letter.marker, VIEW))})")
    for part, text in _forms(letter):
        if "preferences" not in case.known.unwanted and slot(letter.marker, PREFERENCES) not in text:
            yield _tell(
                "preferences-missing",
                "the letter does not lead to the page where readers choose rhythm and topics",
                f"the letter's {part}",
                "put {{ preferences_url }} into the template",
            )
        if "view" not in case.known.unwanted and not own_page.search(escaping.unescape(text)):
            yield _tell(
                "view-missing",
                "the letter does not lead to its own page in the browser",
                f"the letter's {part}",
                "put {{ view_url }} into the template",
            )


def _forms(letter: Letter | None) -> Iterator[tuple[str, str]]:
    if letter is not None:
        yield "html", letter.rendered.html
        yield "text", letter.rendered.text


def postal_address_missing(case: CheckInput) -> Iterator[Problem]:
    """Where the publisher can be found; the law of many countries asks for it (in the USA 15 U.S.C. 7704(a)(5))."""
    about = case.known.publication
    if about is None:
        return
    if not about.postal_address.strip():
        yield _tell(
            "postal-address-missing",
            "the letter says nowhere where its publisher can be found",
            setting("letter", "postal_address"),
            'add a line postal_address = "…"',
        )
        return
    for part, text in _forms(case.letter):
        words = escaping.unescape(re.sub("<[^>]*>", "", text)) if part == "html" else text
        if arabic_fold(about.postal_address) not in arabic_fold(words):
            yield _tell(
                "postal-address-missing",
                "the template leaves the postal address out",
                f"the letter's {part}",
                "put {{ publication.postal_address }} into the template",
            )


def size(case: CheckInput) -> Iterator[Problem]:
    """A letter that mail programs cut off, its way to leave included."""
    if case.letter is None:
        return
    decoded, encoded = sizes(case.letter.rendered.html)
    forms = ((decoded, MOST_DECODED, "its HTML"), (encoded, MOST_ENCODED, "its HTML as sent"))
    for bytes_, most, form in forms:
        if bytes_ > most:
            yield _tell(
                "letter-too-large",
                f"{form} has {bytes_:,} bytes, more than {most:,}: Gmail would clip it",
                case.issue.path,
                "take out stories or shorten their text; [theme] social, [letter] links and a font of headings take "
                "some room too"
                if _is_digest(case)
                else 'take out stories, shorten their text, or write theme.style = "digest"',
            )
            return
    for bytes_, most, form in forms:
        if bytes_ > most * NEARLY:
            yield _tell(
                "letter-nearly-too-large",
                f"{form} has {bytes_:,} bytes; Gmail clips a letter at about {most:,}",
                case.issue.path,
                "add nothing more, or shorten something",
            )
            return


def _is_digest(case: CheckInput) -> bool:
    known = case.known.publication
    return known is not None and look_of(case.issue, known).style == "digest"


def twin_incomplete(case: CheckInput) -> Iterator[Problem]:
    """A plain text that leaves out a story: a template of one's own that was not kept in step."""
    if case.letter is None:
        return
    text = case.letter.rendered.text
    for story in case.issue.stories:
        address = web_address(story.url) if story.url else ""
        if address and address not in text:
            yield _tell(
                "twin-incomplete",
                f"the plain text of the letter leaves out «{shown(story.headline)}»",
                case.at(story.line),
                f"correct email/{case.issue.template or 'base'}.txt.j2",
            )


_HREF = re.compile(r'<a\b[^>]*?\shref="([^"]*)"', re.IGNORECASE)


def template_links(case: CheckInput) -> Iterator[Problem]:
    """Links of the letter itself that lead nowhere; those of the issue cannot, since it would not be read."""
    if case.letter is None:
        return
    html = case.letter.rendered.html
    for address in dict.fromkeys(map(escaping.unescape, _HREF.findall(html))):
        place = _template_with(case, address) or "the letter's html"
        if address.strip() in {"", "#"}:
            yield _tell("link-empty", "a link leads nowhere", place, "write an address, or take the link out")
        elif address.startswith("#") and f' id="{escaping.escape(address[1:])}"' in html:
            continue  # to a section or a footnote of the letter itself
        elif not re.match(r"(?:https?|mailto|tel|sms):", address, re.IGNORECASE) and case.letter.marker not in address:
            yield _tell(
                "link-relative",
                f"a link has no whole address: {shown(address)}",
                place,
                "write it from https:// on; a letter stands on no site",
            )


def _template_with(case: CheckInput, address: str) -> str:
    for path, source in case.known.templates.items():
        at = source.find(f'href="{address}"')
        if at >= 0:
            return f"{path}:{source.count(chr(10), 0, at) + 1}"
    return ""


def look(case: CheckInput) -> Iterator[Problem]:
    """What a template of one's own brought in that a letter should not have."""
    if case.letter is None:
        return
    html = case.letter.rendered.html
    match = re.search(r"(?:<link\b[^>]*href=\"|@import\s+(?:url\()?[\"']?)(https?://[^\"')\s>]+)", html)
    if match is not None:
        yield _tell(
            "font-remote",
            f"the letter loads {shown(match[1])}, which Gmail and Outlook ignore and which tells its owner who reads",
            "the letter's html",
            "take it out, and name fonts that systems have: [letter] fonts",
        )
    about = case.known.publication
    if about is not None and about.direction == "rtl":
        # A piece of code in the editor's text runs from left to right, and is meant to.
        leftovers = left_to_right_leftovers(re.sub(r"<pre\b.*?</pre>", "", html, flags=re.DOTALL))
        if leftovers:
            yield _tell(
                "align-left",
                f"{leftovers} parts of this right-to-left letter are set at the left",
                "the letter's html",
                'write align="{{ start }}" and text-align:{{ start }} in the template',
            )


def colours(case: CheckInput) -> Iterator[Problem]:
    """The publication's colour where it must be seen and read."""
    about = case.known.publication
    if about is None:
        return
    try:
        made = palette(about.accent)
    except ValueError:
        return
    ratio = contrast(made.accent, made.card)
    if ratio < ENOUGH_FOR_SHAPES:
        yield _tell(
            "contrast-accent",
            f"the accent {made.accent} hardly stands out from white ({ratio:.1f}:1, not {ENOUGH_FOR_SHAPES:.0f}:1); "
            "rules and buttons are darker than that",
            setting("letter", "accent"),
            f"take a darker colour, for example {made.accent_text}",
        )


RULES: tuple[Rule, ...] = (
    impossible,
    template_leaked,
    unsubscribe_missing,
    choices_missing,
    postal_address_missing,
    size,
    twin_incomplete,
    template_links,
    look,
    colours,
)
