"""Where a headline is broken: lines of about the same length, and never one word alone on the last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

Measure = Callable[[int, int], float]
"""Start and end of a line among the signs in, its width out."""
_ALONE = 1e9
_LOST = 0.05
"""What it costs to leave a word of one or two letters at the end of a line, as part of a whole line squared."""
_SHORT = 2


@dataclass(frozen=True, slots=True)
class BrokenText:
    """A text in lines."""

    lines: tuple[tuple[int, int], ...]
    """Start and end of each among the signs."""
    cost: float

    @property
    def orphan(self) -> bool:
        """Whether a word stands alone on the last line."""
        return self.cost >= _ALONE


def broken(
    words: Sequence[tuple[int, int]], measure: Measure, width: float, count: int, *, clinging: Collection[int] = ()
) -> BrokenText | None:
    """Break words into so many lines of about the same length; None when they do not fit.

    Args:
        words: Start and end of each word among the signs, without the blanks between.
        measure: Gives the width of a line.
        width: Of a line at most.
        count: Of lines.
        clinging: Words that belong to what follows, such as a number before its unit.
    """
    total = len(words)
    if not 0 < count <= total:
        return None
    target = measure(words[0][0], words[-1][1]) / count
    # best[k][j]: the first j words in k lines: the cost, and where the last of them starts.
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for number in range(1, count + 1):
        row: dict[int, tuple[float, int]] = {}
        for start, (so_far, _) in best[-1].items():
            for end in range(start + 1, total + 1):
                if number == count and end != total:
                    continue
                long = measure(words[start][0], words[end - 1][1])
                if long > width:
                    break
                cost = so_far + (long - target) ** 2
                if end == total and number > 1 and end - start == 1 and total > 1:
                    cost += _ALONE
                elif end < total and (words[end - 1][1] - words[end - 1][0] <= _SHORT or end - 1 in clinging):
                    cost += _LOST * width**2
                if end not in row or cost < row[end][0]:
                    row[end] = (cost, start)
        best.append(row)
    if total not in best[count]:
        return None
    lines: list[tuple[int, int]] = []
    at = total
    for number in range(count, 0, -1):
        start = best[number][at][1]
        lines.append((words[start][0], words[at - 1][1]))
        at = start
    return BrokenText(tuple(reversed(lines)), best[count][total][0])
