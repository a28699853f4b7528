"""A sponsor's element in an issue.md: written at its place, and found again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.issues.containers import KINDS, opened
from newsletter.issues.markdown import parser
from newsletter.issues.prose.elements.phrases import payer_and_label
from newsletter.issues.targets import target
from newsletter.models import Issue, Prose
from newsletter.sponsors import Booking
from newsletter.text.tidy import arabic_fold

if TYPE_CHECKING:
    from newsletter.issues import Manuscript
    from newsletter.issues.reading import LineSpan

_ARABIC = next(kind.arabic for kind in KINDS if kind.name == "sponsor")


@dataclass(frozen=True, slots=True)
class PlacedSponsor:
    """An element of a sponsor as it stands in an issue."""

    name: str
    label: str
    """Its own instead of an advertisement; empty for that."""
    line: int
    """Of ``::: sponsor``; 0 when nobody knows."""
    links: tuple[str, ...]
    """Where it leads, each address once, in order."""

    def is_of(self, booking: Booking) -> bool:
        """Whether it is that sponsor's, spelling of hamza and harakat aside.

        Args:
            booking: Of a sponsor.
        """
        return arabic_fold(self.name) == arabic_fold(booking.sponsor)


def element_of(booking: Booking, *, picture: str = "", language: str = "ar") -> str:
    """The element of a booking as an editor would type it.

    Args:
        booking: What was booked.
        picture: Its picture as the issue names it; empty for none.
        language: Of the letter; in Arabic the element has its Arabic name.
    """
    name = _ARABIC if language.partition("-")[0] == "ar" else "sponsor"
    title = f"{booking.sponsor} | {booking.label}" if booking.label else booking.sponsor
    link = target(booking.link)
    parts = [f"[![{_words(booking.alt or booking.sponsor)}]({target(picture)})]({link})"] if picture else []
    parts += [booking.text.strip()] if booking.text.strip() else []
    if booking.button:
        parts.append(f"[{_words(booking.button)}]({link}){{.button}}")
    elif not (picture and parts[1:]):
        parts.append(f"[{_words(booking.sponsor)}]({link})")
    body = "\n\n".join(parts)
    return f"::: {name} {title}\n{body}\n:::"


def place(manuscript: Manuscript, booking: Booking, element: str) -> tuple[Manuscript, bool]:
    """The issue with an element at the place that was booked; every other line stays as it is.

    Args:
        manuscript: As it was read.
        booking: Says where.
        element: As ``element_of`` gives it.

    Returns:
        The issue, and whether the place was there: behind a section that the issue does not have it stands at the end.

    Raises:
        IssueError: The issue cannot be understood.
    """
    spans = manuscript.spans
    if not spans:
        end = manuscript.issue.lines
        closing = max(end.values(), default=1)
        lines = manuscript.lines
        fence = next((at for at in range(closing, len(lines)) if lines[at].strip() == "+++"), len(lines) - 1)
        return manuscript.with_lines(fence + 2, fence + 1, f"\n{element}"), booking.place != "after"
    at, there = _index(manuscript, spans, booking)
    if at == len(spans):
        last = spans[-1]
        rule = "---\n\n" if last.kind == "story" else ""
        return manuscript.with_lines(last.last + 1, last.last, f"\n{rule}{element}"), there
    before = spans[at - 1] if at else None
    rule = "---\n\n" if before is not None and before.kind == "story" else ""
    first = spans[at].first
    return manuscript.with_lines(first, first - 1, f"{rule}{element}\n\n".removesuffix("\n")), there


def _index(manuscript: Manuscript, spans: tuple[LineSpan, ...], booking: Booking) -> tuple[int, bool]:
    """Before which part of the issue the element stands; the number of all parts is the end."""
    if booking.place == "top":
        found = next((at for at, span in enumerate(spans) if span.kind in {"section", "story"}), len(spans))
        return found, True
    if booking.place == "after":
        return _behind(manuscript, spans, booking.section)
    if booking.place == "middle":
        return _middle(spans), True
    return len(spans), True


def _behind(manuscript: Manuscript, spans: tuple[LineSpan, ...], title: str) -> tuple[int, bool]:
    wanted = next((one for one in manuscript.issue.sections if arabic_fold(one.title) == arabic_fold(title)), None)
    if wanted is None or not wanted.line:
        return len(spans), False
    later = (at for at, span in enumerate(spans) if span.kind == "section" and span.first > wanted.line)
    return next(later, len(spans)), True


def _middle(spans: tuple[LineSpan, ...]) -> int:
    """Between the sections, or else the stories, where as many stories stand before it as behind it, or one more."""
    stories = [at for at, span in enumerate(spans) if span.kind == "story"]
    if len(stories) < 2:
        return len(spans)
    half = (len(stories) + 1) // 2
    borders = {at: sum(one < at for one in stories) for at, span in enumerate(spans) if span.kind == "section"}
    inner = {at: count for at, count in borders.items() if 0 < count < len(stories)}
    inner = inner or {at: before for before, at in enumerate(stories) if before}
    return min(inner, key=lambda at: (abs(inner[at] - half), at))


def placed(issue: Issue) -> tuple[PlacedSponsor, ...]:
    """The elements of sponsors in an issue, in order.

    Args:
        issue: As it was read.
    """
    found: list[PlacedSponsor] = []
    for prose in issue.opening:
        found += _in(prose.markdown, prose.line)
    for section in issue.sections:
        for block in section.blocks:
            if isinstance(block, Prose):
                found += _in(block.markdown, block.line)
            else:
                found += _in(block.summary, block.summary_line)
    return tuple(found)


def _in(markdown: str, first: int) -> Iterator[PlacedSponsor]:
    if ":::" not in markdown:
        return
    tokens = parser().disable("code").parse(markdown)
    for at, token in enumerate(tokens):
        if token.type != "container_element_open":
            continue
        kind, title = opened(token.info)
        if kind is None or kind.name != "sponsor":
            continue
        links: dict[str, None] = {}
        for inner in tokens[at + 1 :]:
            if inner.type == "container_element_close" and inner.level == token.level:
                break
            links |= dict.fromkeys(
                str(child.attrGet("href") or "") for child in inner.children or () if child.type == "link_open"
            )
        name, label = payer_and_label(title)
        yield PlacedSponsor(name, label, first + (token.map or [0])[0] if first else 0, tuple(links))


def _words(text: str) -> str:
    """Words that stand between the brackets of a link."""
    return re.sub(r"([\\\[\]])", r"\\\1", " ".join(text.split()))
