"""How the text is written: signs, letters, quotation marks, leftovers of other programs. Arabic first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from newsletter.check.context import (
    CheckInput,
    Rule,
    shown,
    teller,
)
from newsletter.check.typing_habits import HABITS, differing, named, spans
from newsletter.models import Level, Problem
from newsletter.text import shortcodes

CODES: Mapping[str, Level] = {
    **{habit.code: "warning" for habit in HABITS},
    "signs-repeated": "warning",
    "text-garbled": "error",
    "html-in-text": "warning",
    "markdown-leaked": "warning",
    "excerpt-leftover": "warning",
    "shortcode-left": "warning",
}
_tell = teller(CODES)


def habits(case: CheckInput) -> Iterator[Problem]:
    """Every habit of typing, once for each line it stands in."""
    language = case.known.publication.language if case.known.publication is not None else ""
    for run in case.reading.runs:
        for habit in HABITS:
            found = spans(habit, run.text, language)
            if not found:
                continue
            first = found[0]
            piece = run.text[first.start : first.end]
            sign = piece if piece.strip() or habit.code.startswith(("character", "bidi")) else run.text[first.end :][:1]
            more = f" (and {len(found) - 1} more in this line)" if len(found) > 1 else ""
            yield _tell(
                habit.code,
                habit.words.format(piece=named(shown(sign))) + more,
                case.at(run.line),
                habit.mend.format(better=first.better, signs=differing(piece, first.better)),
            )


# One «؟!» or «!؟» is a way to ask; two dots are neither a full stop nor an ellipsis.
_REPEATED = re.compile(r"!{2,}|[؟?]{2,}|[!؟?]{3,}|،{2,}|(?<!\.)\.\.(?!\.)|\.{4,}")


def signs_repeated(case: CheckInput) -> Iterator[Problem]:
    """The same sign twice or more: it shouts, and spam filters count it (SpamAssassin's PLING_PLING)."""
    for run in case.reading.runs:
        match = _REPEATED.search(run.text)
        if match is not None:
            yield _tell("signs-repeated", f"«{match[0]}»: one sign says it", case.at(run.line), "leave one of them")


# UTF-8 that was read as Windows-1252: Arabic letters come out as Ø or Ù and a sign, Latin accents as Ã and a sign.
_GARBLED = re.compile(
    "(?:[ØÙ][\u0080-\u00bfƒŠŒŽšœžŸ€‚„…†‡ˆ‰‹‘’“”•–—˜™›]){2}|Ã[\u0080-\u00bf]|â€[™œ\u009d\u0153\u2122“”]|\ufffd"
)


def text_garbled(case: CheckInput) -> Iterator[Problem]:
    """Letters that a wrong character set has destroyed."""
    for run in case.reading.runs:
        match = _GARBLED.search(run.text)
        if match is not None:
            around = run.text[max(match.start() - 10, 0) : match.end() + 20]
            yield _tell(
                "text-garbled",
                f"letters were lost in a wrong character set: {shown(around)}",
                case.at(run.line),
                "write the words again",
            )


_HTML = re.compile(
    r"</?(?:a|b|blockquote|br|center|div|em|figure|font|h[1-6]|hr|i|iframe|img|li|ol|p|script|span|strong|table|td|tr|u|ul)"
    r"(?:\s[^<>]*)?/?>|&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,6});",
    re.IGNORECASE,
)


def html_in_text(case: CheckInput) -> Iterator[Problem]:
    """HTML in the Markdown: it is text there, and readers see it as it is."""
    for run in case.reading.runs:
        match = _HTML.search(run.text)
        if match is not None:
            yield _tell(
                "html-in-text",
                f"readers would see {shown(match[0])} as it is",
                case.at(run.line),
                "take it out, or write Markdown: **bold**, [words](https://address)",
            )


# Stars that are left over when emphasis could not be read, and links that were not closed.
_MARKDOWN = re.compile(r"\*\*|__(?=\w)|\]\s?\((?:https?:|www\.)|^#{1,6}(?=[^\s#\d])")


def markdown_leaked(case: CheckInput) -> Iterator[Problem]:
    """Signs of Markdown that were not understood, such as ``**«word»**next`` without a space."""
    for run in case.reading.runs:
        match = _MARKDOWN.search(run.text) if run.kind not in {"subject", "preheader"} else None
        if match is not None:
            yield _tell(
                "markdown-leaked",
                f"readers would see {match[0]} as it is",
                case.at(run.line),
                "put a space or a sign beside it, so that bold begins and ends at a word, or take it out",
            )


_LEFTOVERS = re.compile(
    r"\[\s*(?:…|\.\.\.|&hellip;)\s*\]"
    r"|(?:continue reading|read more|اقرأ المزيد|قراءة المزيد|تابع القراءة|لقراءة المزيد|lire la suite)"
    r"\s*(?:[»→←.…]|\.\.\.)*\s*$|the post .{3,} appeared first on|ظهرت? أولا?[ًا]*\s+على",
    re.IGNORECASE,
)


def excerpt_leftover(case: CheckInput) -> Iterator[Problem]:
    """What a site's own excerpt puts at its end; the letter has its own link to read on."""
    for run in case.reading.runs:
        match = _LEFTOVERS.search(run.text) if run.kind == "text" else None
        if match is not None:
            yield _tell(
                "excerpt-leftover",
                f"a leftover of the site's excerpt: {shown(match[0])}",
                case.at(run.line),
                "end the summary with a whole sentence; the letter adds its own link",
            )


def shortcode_left(case: CheckInput) -> Iterator[Problem]:
    """A shortcode of the site, which its page builder would have made something of, and a letter does not."""
    for run in case.reading.runs:
        for one in shortcodes.found(run.text)[:1]:
            yield _tell(
                "shortcode-left",
                f"readers would see the site's shortcode {shown(run.text[one.start : one.end])} as it is",
                case.at(run.line),
                "take it out; the words between it and its end may stay",
            )


RULES: tuple[Rule, ...] = (
    habits,
    signs_repeated,
    text_garbled,
    html_in_text,
    markdown_leaked,
    excerpt_leftover,
    shortcode_left,
)
