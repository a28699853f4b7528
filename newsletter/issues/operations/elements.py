"""The elements of an issue.md as they stand in it: what an editor typed between two lines of colons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.issues.containers import opened
from newsletter.issues.markdown import parser

if TYPE_CHECKING:
    from newsletter.issues.operations.layout import Layout


@dataclass(frozen=True, slots=True)
class PlacedElement:
    """An element as it stands in an issue; what stands within another one is text of that."""

    line: int
    """Of the colons that begin it."""
    last: int
    """Of those that end it."""
    kind: str
    """Its English name; empty when it has none that is known."""
    title: str
    text: str
    story: int = 0
    """Line of the story it stands in; 0 when it stands for itself."""


def elements(layout: Layout) -> tuple[PlacedElement, ...]:
    """The elements of an issue, in order.

    Args:
        layout: Of the file.
    """
    found = []
    stories = [span for span in layout.spans if span.kind == "story"]
    for token in parser("code", "text_join").parse("\n".join(layout.seen), {}):
        if token.type != "container_element_open" or token.level or token.map is None:
            continue
        first, last = token.map[0] + 1, token.map[1] + 1
        kind, title = opened(token.info)
        text = "\n".join(layout.seen[first : last - 1])
        story = next((one.first for one in stories if one.first <= first <= one.last), 0)
        found.append(PlacedElement(first, last, kind.name if kind is not None else "", title, text, story))
    return tuple(found)
