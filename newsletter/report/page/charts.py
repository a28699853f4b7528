"""Charts as markup: bars, columns and lines that run the way the page is read, and the table of each. Pure.

What is drawn is a share of the width, in percent, and a length in pixels only upwards: a chart is as wide as its
place, and its words keep their size on a phone. Every word is text, so that the browser joins Arabic letters. Colours
and sizes of type are in ``report/style.css.j2``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from newsletter.report.page.wording import PageWords

HIGH = 176
"""Pixels from the foot of a chart to its uppermost line."""
_TOP, _FOOT = 26, 30
"""Pixels above for the word of the highest, and below for the words of the axis."""
FEW = 14
"""Columns that are wide enough for the number above each."""
_LEAST = 0.6
"""Percent of the width that is seen of the smallest bar which is not nothing."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a list of them."""

    label: str | Markup
    """What it is of: plain text, or markup."""
    value: float
    """How long it is; not negative."""
    shown: str | Markup = ""
    """The value in words; empty writes the number."""
    note: str | Markup = ""
    """What stands small beneath it."""
    behind: float = 0
    """A longer bar behind it, of which it is a part; 0 draws none."""
    between: tuple[float, float] | None = None
    """Between which values the true one lies; drawn as a thin line over the end of the bar."""


@dataclass(frozen=True, slots=True)
class Column:
    """One upright bar of a row of them."""

    label: str
    """What stands under it, plain text; empty writes nothing."""
    value: int
    behind: int = 0
    """A higher column behind it, drawn as an outline; 0 draws none."""
    spare: bool = False
    """Whether its label is left out where there is little room."""
    here: bool = False
    """Whether it is the one that the page is about."""
    told: bool = False
    """Whether its number stands above it."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a line."""

    label: str
    """What stands under it, plain text; empty writes nothing."""
    value: int
    spare: bool = False
    """Whether its label is left out where there is little room."""


def bars(rows: Iterable[Bar], say: PageWords, *, whole: float = 0) -> Markup:
    """Lying bars from the side on which lines begin, each with its words and its number.

    Args:
        rows: The bars, in their order.
        say: The words of the page.
        whole: The value that takes the whole width; 0 takes the longest bar.
    """
    every = tuple(rows)
    longest = whole or max((max(row.value, row.behind) for row in every), default=0)
    return Markup('<ul class="bars">{}</ul>').format(Markup().join(_bar(row, longest, say) for row in every))


def _bar(row: Bar, longest: float, say: PageWords) -> Markup:
    drawn = [Markup('<rect class="track" width="100%" height="14" rx="2"/>')]
    for name, value in (("back", row.behind), ("front", row.value)):
        if value > 0 and longest > 0:
            width = max(min(100 * value / longest, 100), _LEAST)
            drawn.append(
                Markup('<rect class="{}" x="{}%" width="{}%" height="14" rx="2"/>').format(
                    name, _number(100 - width if say.rtl else 0), _number(width)
                )
            )
    if row.between is not None and longest > 0:
        low, high = (_number(_across(min(max(100 * end / longest, 0), 100), say)) for end in row.between)
        # Each line has a wider one in the colour of the ground beneath it, so that it is seen on a bar of any colour.
        drawn += [
            Markup('<line class="{}" x1="{}%" x2="{}%" y1="{}" y2="{}"/>').format(name, left, right, *levels)
            for name in ("halo", "doubt")
            for left, right, levels in ((low, high, (7, 7)), (low, low, (2, 12)), (high, high, (2, 12)))
        ]
    note = Markup('<span class="note">{}</span>').format(_written(row.note, say)) if row.note else ""
    return Markup(
        '<li><span class="what">{}</span> <span class="much">{}</span>'
        '<svg class="bar" aria-hidden="true" focusable="false" width="100%" height="14">{}</svg>{}</li>'
    ).format(
        _written(row.label, say),
        _written(row.shown, say) if row.shown else say.html(say.amount(round(row.value))),
        Markup().join(drawn),
        note,
    )


def columns(row: Sequence[Column], say: PageWords, alternative: str | Markup, *, narrow: bool = False) -> Markup:
    """Upright bars from the side on which lines begin: the first of them in time stands there.

    Args:
        row: The columns, in their order; at least one.
        say: The words of the page.
        alternative: What the chart says, in words, for who does not see it.
        narrow: Whether columns stand close, as hours do.
    """
    steps = rising(max((max(one.value, one.behind) for one in row), default=0))
    top = steps[-1]
    wide = 100 / len(row)
    drawn = [_rule(value, value / top, say) for value in steps]
    for at, one in enumerate(row):
        middle = _across(wide * (at + 0.5), say)
        share = 0.82 if narrow else 0.62
        for name, value, part in (("back", one.behind, share), ("front", one.value, share if not one.behind else 0.4)):
            if value > 0:
                drawn.append(_upright(f"{name} here" if one.here else name, middle, wide * part, value / top))
        if one.told:
            height = max(one.value, one.behind) / top
            word, above = say.amount(max(one.value, one.behind)), _level(height) - 8
            drawn.append(_word(word, "told", *_beside_edge(at, len(row), middle, wide, say), y=above))
        if one.label:
            name = " ".join(["axis", *(["spare"] if one.spare else []), *(["here"] if one.here else [])])
            drawn.append(_word(say.plain(one.label), name, middle, "middle", y=_level(0) + 20))
    return _chart(drawn, say, alternative, "chart columns")


def line(points: Sequence[Point], say: PageWords, alternative: str | Markup) -> Markup:
    """A line through points in time, from the side on which lines begin. Its axis begins near the lowest point.

    Args:
        points: In their order; at least two.
        say: The words of the page.
        alternative: What the chart says, in words, for who does not see it.
    """
    steps = around([one.value for one in points])
    low, span = steps[0], steps[-1] - steps[0]
    places = [
        (_across(100 * at / (len(points) - 1), say), _level((one.value - low) / span)) for at, one in enumerate(points)
    ]
    drawn = [_rule(value, (value - low) / span, say) for value in steps]
    for (x, y), (to, down) in pairwise(places):
        drawn.append(
            Markup('<line class="trend" x1="{}%" y1="{}" x2="{}%" y2="{}"/>').format(
                _number(x), _number(y), _number(to), _number(down)
            )
        )
    x, y = places[-1]
    drawn.append(Markup('<circle class="dot" cx="{}%" cy="{}" r="5"/>').format(_number(x), _number(y)))
    drawn.append(_word(say.amount(points[-1].value), "told", x, "end", y=y - 14))
    # Both ends say their number: who is used to the other direction would take growth for a fall.
    drawn.append(_word(say.amount(points[0].value), "told", places[0][0], "start", y=places[0][1] - 14))
    for at, one in enumerate(points):
        if one.label:
            anchor = "start" if at == 0 else "end" if at == len(points) - 1 else "middle"
            name = "axis spare" if one.spare else "axis"
            drawn.append(_word(say.plain(one.label), name, places[at][0], anchor, y=_level(0) + 20))
    return _chart(drawn, say, alternative, "chart lines")


def table(
    caption: str | Markup,
    head: Sequence[str | Markup],
    rows: Iterable[Sequence[str | Markup]],
    say: PageWords,
) -> Markup:
    """A table of data: the first of each row is what the row is of.

    Args:
        caption: What the table is of; read aloud, and not shown.
        head: Words above the columns.
        rows: Cells; plain text or markup, numbers already written.
        say: The words of the page.
    """
    above = Markup().join(Markup('<th scope="col">{}</th>').format(_written(word, say)) for word in head)
    body = Markup().join(
        Markup("<tr>{}</tr>").format(
            Markup().join(
                (Markup('<th scope="row">{}</th>') if at == 0 else Markup("<td>{}</td>")).format(_written(cell, say))
                for at, cell in enumerate(cells)
            )
        )
        for cells in rows
    )
    # A table that is too wide scrolls by itself, and so must be reached by keys.
    return Markup(
        '<div class="table" role="group" tabindex="0" aria-label="{}"><table><caption class="aside">{}</caption>'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(say.plain(caption), _written(caption, say), above, body)


def rising(top: float) -> list[int]:
    """Round numbers from 0 to the first that is not below, two to six of them.

    Args:
        top: The largest value shown; not negative.
    """
    step = _step(max(top, 1) / 5)
    return [step * at for at in range(ceil(max(top, 1) / step) + 1)]


def around(values: Sequence[int]) -> list[int]:
    """Round numbers from just below the lowest to just above the highest, for an axis that does not begin at 0.

    Args:
        values: What is shown; at least one.
    """
    low, high = min(values), max(values)
    step = _step(max(high - low, 2) / 3)
    first = floor(low / step)
    # A line that touches nothing: a step more where the highest lies on the last.
    return [step * at for at in range(first, max(ceil(high / step), first + 1) + 1)]


def _step(least: float) -> int:
    """1, 2 or 5 times a power of ten, not below ``least``."""
    if least <= 1:
        return 1
    power = 10 ** floor(log10(least))
    return int(next(times * power for times in (1, 2, 5, 10) if times * power >= least))


def _chart(drawn: Sequence[Markup], say: PageWords, alternative: str | Markup, name: str) -> Markup:
    return Markup(
        '<svg class="{}" role="img" aria-label="{}" focusable="false" direction="{}" width="100%" height="{}">{}</svg>'
    ).format(name, say.plain(alternative), say.direction, _TOP + HIGH + _FOOT, Markup().join(drawn))


def _across(percent: float, say: PageWords) -> float:
    """Percent from the left of what is so far from the side on which lines begin."""
    return 100 - percent if say.rtl else percent


def _level(share: float) -> float:
    """Pixels from the upper edge."""
    return _TOP + HIGH * (1 - share)


def _rule(value: int, share: float, say: PageWords) -> Markup:
    level = _level(share)
    return Markup('<line class="{}" x1="0%" x2="100%" y1="{}" y2="{}"/>{}').format(
        "rule" if share else "foot",
        _number(level),
        _number(level),
        _word(say.amount(value), "scale", _across(0, say), "end", y=level + 4, aside=10 if say.rtl else -10),
    )


def _upright(name: str, middle: float, width: float, share: float) -> Markup:
    height = max(HIGH * share, 2)
    return Markup('<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"/>').format(
        name, _number(middle - width / 2), _number(_TOP + HIGH - height), _number(width), _number(height)
    )


def _beside_edge(at: int, many: int, middle: float, wide: float, say: PageWords) -> tuple[float, str]:
    """Where the number above a column stands, and by which end: those at the edge keep off the axis and the border."""
    if many < FEW or 1 < at < many - 2:
        return middle, "middle"
    return (_across(wide * at, say), "start") if at <= 1 else (_across(wide * (at + 1), say), "end")


def _word(text: str, name: str, x: float, anchor: str, *, y: float, aside: int = 0) -> Markup:
    return Markup('<text class="{}" x="{}%" y="{}" text-anchor="{}"{}>{}</text>').format(
        name, _number(x), _number(y), anchor, Markup(' dx="{}"').format(aside) if aside else "", text
    )


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _written(text: str | Markup, say: PageWords) -> Markup:
    return text if isinstance(text, Markup) else say.html(text)
