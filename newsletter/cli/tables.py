"""Tables and paragraphs of commands: cut and wrapped by cells, Arabic safe in terminals that reorder whole rows."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from newsletter.cli.output import begun_together, data, screen_width
from newsletter.cli.speaking import POP_ISOLATE, RIGHT_TO_LEFT_ISOLATE, from_right, told
from newsletter.text.sentences import Sentence

FIRST_STRONG_ISOLATE = "\u2068"
_CELL = 60


def cell(text: str, room: int = 0) -> str:
    """A text for one cell of a table: cut first, then isolated, so that no terminal moves its neighbours.

    The columns of a row swap places in the terminals that order a whole row by the Unicode algorithm (measured on
    VTE) unless each Arabic cell is isolated; others show the isolates as nothing. Inside, names and numbers are
    isolated as in a letter.

    Args:
        text: A sentence is put into the language of the command first.
        room: Cells that the column has; 0 for as many as any.
    """
    from newsletter.cli.cells import cut
    from newsletter.text.tidy import shorten

    if isinstance(text, Sentence) and from_right():
        return paragraph(text, room or screen_width())
    return isolated(cut(text, room) if room else shorten(text, _CELL))


def isolated(text: str) -> str:
    """A text that no terminal moves and that moves no neighbour; as it is when it is ASCII.

    Args:
        text: On one line.
    """
    if text.isascii():
        return text
    from newsletter.cli.cells import closed
    from newsletter.text import bidi

    side = bidi.first_strong(text, "ltr")
    if from_right() and bidi.has_letters(text, "rtl"):
        # An Arabic headline may begin with a name in other letters.
        return f"{RIGHT_TO_LEFT_ISOLATE}{closed(bidi.isolate(text, 'rtl'))}{POP_ISOLATE}"
    return f"{FIRST_STRONG_ISOLATE}{closed(bidi.isolate(text, side))}{POP_ISOLATE}"


def paragraph(text: str, room: int) -> str:
    """A text for a column whose lines are broken: each line of it whole in itself; as it is when it is ASCII.

    Args:
        text: A sentence is put into the language of the command first.
        room: Cells that the column has.
    """
    words = told(text)
    if words.isascii():
        return words
    from newsletter.cli.cells import closed, wrapped

    if words is not text and from_right():
        return "\n".join(begun_together(wrapped(f"{RIGHT_TO_LEFT_ISOLATE}{closed(words)}{POP_ISOLATE}", max(room, 1))))
    return "\n".join(wrapped(isolated(words), max(room, 1)))


def fields(*values: str) -> None:
    """Values of one thing on a line: with tabs for a program, and for a person in Arabic cut to the screen, isolated.

    Args:
        values: Sentences among them are put into the language of the command at a terminal alone: to a program all of
            it is data.
    """
    if not sys.stdout.isatty() or not from_right():
        data("\t".join(values))
        return
    from newsletter.cli.cells import cut

    line = "  ".join(isolated(told(one) if isinstance(one, Sentence) else one) for one in values)
    data(f" {cut(line, screen_width() - 1)}")  # a terminal loses a sign of direction that begins a line


_SHORT = 12
"""Characters of a cell that is shown whole however narrow the terminal is: numbers, dates, short names."""


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, sparse: bool = False) -> None:
    """Rows for a person at a terminal as a table, for a pipe as lines with tabs.

    Args:
        columns: Their headings, for the terminal.
        rows: One value for each column.
        sparse: Leave out, at a terminal, columns in which no row has anything.
    """
    if not sys.stdout.isatty():
        for row in rows:
            data("\t".join(str(value).replace("\t", " ").replace("\n", " ") for value in row))
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from newsletter.cli.cells import width

    console = Console(no_color=True if os.environ.get("NO_COLOR") else None)
    grid = Table(box=None, pad_edge=False, header_style="bold")
    shown = [at for at in range(len(columns)) if not sparse or any(row[at] not in ("", 0) for row in rows)]
    names = [told(columns[at]) for at in shown]
    whole = [[_text(row[at]) for at in shown] for row in rows]
    texts = [[text if text.isascii() and not from_right() else cell(text) for text in row] for row in whole]
    wanted = [max(width(name), *(width(row[at]) for row in texts), 0) for at, name in enumerate(names)]
    # Rich takes from every column alike where a row is too wide, until one digit is nothing; and what it cuts itself
    # stays open behind an isolate, and takes the rest of the row with it.
    edge = 1 if from_right() else 0
    space = console.width - edge - 2 * (len(shown) - 1)
    widths = column_widths(wanted, space)
    while sum(widths) > space and max(widths) > 1:
        # Beyond any terminal in use: what does not fit even so would be cut by Rich, in the middle of an isolate.
        widths[widths.index(max(widths))] -= 1
    for name, room in zip(names, widths, strict=True):
        grid.add_column(Text(cell(name, room)), no_wrap=True, min_width=room, max_width=room)
    for before, row in zip(whole, texts, strict=True):
        fits = ["\n" not in text and width(text) <= room for text, room in zip(row, widths, strict=True)]
        grid.add_row(
            *(Text(row[at] if fits[at] else cell(before[at], room)) for at, room in enumerate(widths)),
        )
    # A terminal loses a sign of direction at the very beginning of a line, and what it opens moves its neighbours.
    console.print(Padding(grid, (0, 0, 0, edge)) if edge else grid)


def _text(value: object) -> str:
    """A value as it is shown; a sentence stays one."""
    return value if isinstance(value, str) else str(value)


def column_widths(wanted: Sequence[int], room: int) -> list[int]:
    """The width of each column of a table: narrow ones keep what they want, the widest give way, alike.

    Args:
        wanted: What each would take.
        room: Columns of the terminal for all of them.
    """
    given = list(wanted)
    while sum(given) > room and (most := max(given)) > _SHORT:
        widest = [at for at, width in enumerate(given) if width == most]
        below = max((width for width in given if width < most), default=0)
        spare = -(-(sum(given) - room) // len(widest))
        for at in widest:
            given[at] = max(most - spare, below, _SHORT)
    return given
