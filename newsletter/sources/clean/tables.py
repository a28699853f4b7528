"""Tables of an article that a letter can show as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsletter.sources.clean.elements import is_hidden, visible_text
from newsletter.text.tidy import tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MOST_COLUMNS = 6
"""As in the tables that an editor types (``newsletter.issues.containers``)."""
_MOST_ROWS = 60
_LONGEST_CELL = 200
"""Characters of a cell; more of them are prose that a telephone shows better as paragraphs."""
_ORDER = {"thead": 0, "tfoot": 2}
_LAYOUT = frozenset({"p", "div", "table", "ul", "ol", "h1", "h2", "h3", "img", "br"})
_BLOCKS = frozenset({"div", "ul", "ol", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "img", "figure", "pre", "blockquote"})


def simple_table(node: HtmlElement) -> tuple[list[list[HtmlElement]], bool] | None:
    """The cells of a simple table, and whether its first row is a head; None for every other table.

    Simple is: 2 to 60 rows of the same 2 to 6 short cells, none of which spans others or holds blocks.

    Args:
        node: A ``table``.
    """
    if node.get("role") in ("presentation", "none") or any(each is not node for each in node.iter("table")):
        return None
    # A foot could stand before the body in older HTML, and is shown below it all the same (HTML 4.01, section 11.2.3).
    ordered = sorted(node.iter("tr"), key=lambda row: _ORDER.get(_part(row), 1))
    rows = [row for row in ordered if not is_hidden(row) and not is_hidden(row.getparent())]
    cells = [[cell for cell in row if cell.tag in ("td", "th") and not is_hidden(cell)] for row in rows]
    columns = {len(row) for row in cells}
    if not 2 <= len(rows) <= _MOST_ROWS or len(columns) != 1 or not 2 <= min(columns) <= MOST_COLUMNS:
        return None
    if not all(_is_simple(cell) for row in cells for cell in row):
        return None
    return cells, all(cell.tag == "th" for cell in cells[0]) or _part(rows[0]) == "thead"


def _part(row: HtmlElement) -> str:
    """The element that a row stands in."""
    around = row.getparent()
    return str(around.tag) if around is not None else ""


def _is_simple(cell: HtmlElement) -> bool:
    spans = any((cell.get(name) or "1").strip() not in ("", "1") for name in ("colspan", "rowspan"))
    inside = [each.tag for each in cell.iterdescendants() if isinstance(each.tag, str)]
    if spans or inside.count("p") > 1 or not _BLOCKS.isdisjoint(inside):
        return False
    return len(tidy(visible_text(cell))) <= _LONGEST_CELL


def table_html(rows: Sequence[Sequence[str | None]], *, has_head: bool) -> str:
    """A table as HTML.

    Args:
        rows: The HTML of each cell, row by row.
        has_head: Whether the first row is a head.
    """
    tags = ["th" if has_head and not at else "td" for at in range(len(rows))]
    lines = ("".join(f"<{tag}>{cell}</{tag}>" for cell in row) for tag, row in zip(tags, rows, strict=True))
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def holds_blocks(cells: Sequence[HtmlElement]) -> bool:
    """Whether a row is there for the layout of a page: one cell, or cells with more in them than a line of text.

    Args:
        cells: Of the row.
    """
    return len(cells) < 2 or any(
        isinstance(each.tag, str) and each.tag in _LAYOUT for cell in cells for each in cell.iterdescendants()
    )
