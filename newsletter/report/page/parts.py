"""What a page of figures is put together from: large figures and blocks, each with one idea. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsletter.report.page.wording import PageWords

NOTHING = Markup()


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that stands large at the head of a report, with what it is and what it is compared with."""

    number: str
    """Written as the newsroom writes numbers."""
    label: Markup
    detail: Markup = NOTHING
    """What it is a part of."""
    beside: Markup = NOTHING
    """Whether that is usual."""
    towards: str = ""
    """``up`` or ``down`` from the usual; empty when it is as usual, or nobody knows."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """One idea of a page: what was found, its chart and its table."""

    title: Markup
    finding: Markup = NOTHING
    """One sentence that says it without the chart."""
    chart: Markup = NOTHING
    """Empty where there is nothing to draw; the sentence then stands alone."""
    legend: Markup = NOTHING
    note: Markup = NOTHING
    """How the figures are to be read."""
    table: Markup = NOTHING
    wide: bool = False
    """Whether it wants more room than others."""

    @property
    def quiet(self) -> bool:
        """Whether a sentence is all that it has."""
        return not self.chart and not self.table


@dataclass(frozen=True, slots=True)
class ReportGroup:
    """What a page says of one thing, for example of one issue."""

    title: Markup
    """Empty where the page's own title is that of the group."""
    folio: Markup = NOTHING
    """The line under the title: which issue, and when."""
    lead: tuple[Markup, ...] = ()
    """What is to be known first, sentence by sentence."""
    figures: tuple[Figure, ...] = ()
    blocks: tuple[ReportBlock, ...] = ()


def legend(back: Markup, front: Markup) -> Markup:
    """What the outline behind and the full bar before it mean.

    Args:
        back: Words for the outline.
        front: Words for the full bar.
    """
    key = Markup(
        '<svg aria-hidden="true" focusable="false" width="14" height="14"><rect class="{}" x="1" y="1" width="12" '
        'height="12"/></svg> '
    )
    return Markup('<p class="legend"><span>{}{}</span> <span>{}{}</span></p>').format(
        key.format("back"), back, key.format("front"), front
    )


def linked(text: str, address: str, say: PageWords) -> Markup:
    """A text that leads to a web address; the text alone where the address is none.

    Args:
        text: Plain text.
        address: http or https; anything else is not linked.
        say: The words of the page.
    """
    shown = say.html(text)
    if not address.startswith(("https://", "http://")):
        return shown
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(address, shown)


def from_left(text: str) -> Markup:
    """A name that is always read from the left: a domain, an address.

    Args:
        text: Plain text.
    """
    return Markup('<bdi dir="ltr">{}</bdi>').format(text)


def sentences(parts: Iterable[Markup]) -> Markup:
    """Sentences behind each other, without those that are empty.

    Args:
        parts: The sentences.
    """
    return Markup(" ").join(part for part in parts if part)
