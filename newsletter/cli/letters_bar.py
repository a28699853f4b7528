"""The bar that a send shows while its letters go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from newsletter.cli.output import progress_bar, shows_bars
from newsletter.cli.tables import cell
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.delivery import StateCounts

_BAR_PAUSE = 0.1
"""Seconds between two looks at the bar: Rich adds up a thousand samples at each, a tenth of what letters take."""


@contextmanager
def letters_bar(total: int, counts: StateCounts) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr that shows what became of the letters, their speed and the time left.

    Args:
        total: Letters that are to go.
        counts: Told what becomes of them, as whatever this gives is.
    """
    if not shows_bars():
        yield counts
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with progress_bar(*columns) as bar:
        task = bar.add_task(cell(said("sending")), total=total, speed="")
        told = 0.0

        def step(state: str, count: int) -> None:
            nonlocal told
            counts(state, count)
            now = time.monotonic()
            if state == "waiting":
                words = said("another process holds the rest; at most {count} s", count=count)
                bar.update(task, description=cell(words))
                return
            if state == "full":
                bar.update(task, description=cell(said("all connections of [sender] connections are in use")))
                return
            if now - told < _BAR_PAUSE and sum(counts.states.values()) < total:
                return
            told = now
            bar.update(task, completed=sum(counts.states.values()))
            speed = bar.tasks[0].speed
            others = " ".join(
                cell(said(f"{name} {{count}}", count=counts.states[name]))
                for name in ("refused", "unknown", "skipped")
                if name in counts.states
            )
            bar.update(task, description=cell(said("sending")), speed=f"{speed:,.0f}/s {others}" if speed else others)

        yield step
