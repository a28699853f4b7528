"""The command that looks over everything: doctor."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.cells import width
from newsletter.cli.options import AsJson
from newsletter.cli.output import data, json_data, plural, progress_bar, say, shows_bars
from newsletter.cli.speaking import from_right, marked, told
from newsletter.cli.tables import isolated, paragraph
from newsletter.text.sentences import counted, joined, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from newsletter.workflows.doctor import Examined

SIGNS = {"ok": "ok", "warn": "warn", "fail": "FAIL", "skipped": "–"}
"""How a state is shown at a terminal: in words, since a colour says nothing to many."""
STYLES = {"ok": "", "warn": "yellow", "fail": "bold red", "skipped": "dim"}


def doctor(
    context: typer.Context,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody over the network, but for the database of the settings.")
    ] = False,
    mailbox: Annotated[
        Path | None, typer.Option("--mailbox", metavar="MAILBOX", help="The mailbox that answers come to, to be read.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look over everything that letters depend on, and say of each thing whether it is well. Nothing is changed.

    Your domain in DNS, the provider and what its key may do, the reader pages as readers reach them, what runs by
    itself, what is kept, who can read it, and the machine. Each line is ok, warn, fail or skipped, with what to do;
    one that cannot be looked at hides no other, also when the settings are broken or the database is away.

    Exit code 0: nothing fails, though there may be warnings. 1: something fails, and letters or readers suffer by it.

    \b
    Examples:
      newsletter doctor
      newsletter doctor --offline
      newsletter doctor --json
      newsletter doctor --mailbox ~/Maildir
    """
    from newsletter.workflows import doctor as workflow

    folder = Path(context.obj)
    if shows_bars():
        lines = _with_bar(folder, offline=offline, mailbox=mailbox)
    else:
        lines = workflow.examine(folder, offline=offline, mailbox=mailbox)
    if as_json:
        json_data(doctor_data(lines))
    else:
        _tell(lines)
    if workflow.fails(lines):
        raise typer.Exit(1)


def _with_bar(folder: Path, *, offline: bool, mailbox: Path | None) -> list[Examined]:
    from newsletter.workflows import doctor as workflow

    with progress_bar() as bar:
        task = bar.add_task("", total=len(workflow.LINES))

        def begun(title: str) -> None:
            bar.update(task, description=isolated(f"{told(title)} …"))

        return workflow.examine(folder, offline=offline, mailbox=mailbox, begun=begun, told=lambda _: bar.advance(task))


def doctor_data(lines: Sequence[Examined]) -> dict[str, Any]:
    """What ``--json`` prints; docs/en/doctor.md tells its shape.

    Args:
        lines: What was found.
    """
    from newsletter.workflows import doctor as workflow

    counts = Counter(line.state for line in lines)
    return {
        "ok": not workflow.fails(lines),
        "counts": {state: counts[state] for state in ("ok", "warn", "fail", "skipped")},
        "groups": [{"name": name, "title": title} for name, title in workflow.GROUPS.items()],
        "checks": [{"group": line.group, "title": line.title, **asdict(line)} for line in lines],
    }


def _tell(lines: Sequence[Examined]) -> None:
    if sys.stdout.isatty():
        _show(lines)
    else:
        for line in lines:
            data("\t".join((line.group, line.title, line.state, line.words, line.mend, line.record)))
    counts = Counter(line.state for line in lines)
    fails = counts["fail"]
    parts = [
        counted("{n} thing fails", "{n} things fail", fails) if fails else said("Nothing fails"),
        plural(counts["warn"], "warning"),
        counted("{n} ok", "{n} ok", counts["ok"]),
        counted("{n} not looked at", "{n} not looked at", counts["skipped"]),
    ]
    say(said("{counts}.", counts=joined(parts, ", ")))


def _joined(lines: Iterable[Examined]) -> list[Examined]:
    """Lines of a group; those that were skipped for one reason are one."""
    found: list[Examined] = []
    for line in lines:
        if found and line.state == "skipped" == found[-1].state and line.words == found[-1].words:
            about, title = found[-1].about, said(line.title)
            found[-1] = replace(found[-1], about=joined([about, title], ", ") if about else title)
        else:
            found.append(replace(line, about=""))
    return [
        replace(one, words=said("{words} ({names} too)", words=one.words, names=one.about)) if one.about else one
        for one in found
    ]


def _show(lines: Sequence[Examined]) -> None:
    """For a person at a terminal: a heading for each group, and below each line what to do."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from newsletter.workflows import doctor as workflow

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column()
    console = Console(no_color=True if os.environ.get("NO_COLOR") else None, highlight=False)
    taken = max(width(told(SIGNS[one])) for one in SIGNS) + max((width(told(one.title)) for one in lines), default=0)
    room = console.width - taken - (5 if from_right() else 4)
    for group, title in workflow.GROUPS.items():
        grid.add_row(Text(""))
        grid.add_row("", Text(isolated(told(title)), "bold"))
        for line in _joined(line for line in lines if line.group == group):
            style = STYLES[line.state]
            sign, name = isolated(told(SIGNS[line.state])), isolated(told(line.title))
            grid.add_row(Text(sign, style), Text(name, style), Text(paragraph(line.words, room), style))
            for more in (line.mend, line.record):
                if more:
                    told_on = f"→ {paragraph(more, room - 2)}"
                    if from_right():
                        told_on = paragraph(said("→ {mend}", mend=marked(more)), room)
                    grid.add_row("", "", Text(told_on, style))
    console.print(Padding(grid, (0, 0, 0, 1)) if from_right() else grid)  # as the tables: no sign begins a line
