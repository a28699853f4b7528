"""The commands that keep lists clean: numbers, and a question to readers whose letters do not come any more."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import completing, posting
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, Yes
from newsletter.cli.output import ask as asked_of_person
from newsletter.cli.output import is_yes, json_data, plural, progress_bar, say, shows_bars
from newsletter.cli.tables import cell, table
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.ledger.hygiene import ReturningReader
    from newsletter.wiring import Workspace

OneList = Annotated[str, typer.Option("--list", help="Only this list. [default: all]", autocompletion=completing.lists)]
Letters = Annotated[int, typer.Option("--letters", min=2, max=100, help="Letters that came back, at least.")]
Days = Annotated[int, typer.Option("--days", min=30, max=3650, help="Days between the first and the last of them.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")]


def hygiene(
    context: typer.Context,
    list_name: OneList = "",
    letters: Letters = 3,
    days: Days = 90,
    as_json: AsJson = False,
) -> None:
    """Show how clean the lists are: whose letters come back for months, who never confirmed; and ask them.

    A reader counts whose letters of a list came back again and again over months, none for good, and none arrived in
    between. What readers open or press plays no part. Sign-ups that nobody confirms are deleted by themselves after
    [web] pending_days.

    \b
    Example:
      newsletter subscribers hygiene
    """
    if context.invoked_subcommand is not None:
        return
    from newsletter.workflows.hygiene import look

    with workspace_of(context) as workspace:
        found, readers = look(workspace, list_name=list_name, letters=letters, days=days)
        zone, pending_days = workspace.zone, workspace.settings.web.pending_days
    if as_json:
        document: dict[str, Any] = {"letters": letters, "days": days, "pending_days": pending_days}
        document["lists"] = [
            {**asdict(one), "pending_since": one.pending_since.isoformat() if one.pending_since else None}
            for one in found
        ]
        json_data(document)
        return
    rows = [
        (
            one.list,
            one.returning,
            one.to_ask,
            one.pending,
            f"{one.pending_since.astimezone(zone):%Y-%m-%d}" if one.pending_since else "",
            one.asked + one.waiting,
            one.kept,
            one.let_go,
        )
        for one in found
    ]
    heads = ("List", "Letters come back", "Can be asked", "Not confirmed", "Since", "Asked", "Stay", "Let go")
    table(heads, rows)
    if overdue := sum(one.pending_overdue for one in found):
        old = plural(overdue, "sign-up")
        say(
            said(
                "{old} older than {pending_days} days: newsletter subscribers letters deletes them.",
                old=old,
                pending_days=pending_days,
            )
        )
    if readers:
        say(
            said(
                "Ask {readers} whether they still want it: newsletter subscribers hygiene ask",
                readers=plural(len(readers), "reader"),
            )
        )
    else:
        say("Nobody needs to be asked.")


def ask(
    context: typer.Context,
    list_name: OneList = "",
    letters: Letters = 3,
    days: Days = 90,
    answer_days: Annotated[
        int,
        typer.Option("--answer-days", min=7, max=30, help="Days to answer; the letter names the last one."),
    ] = 30,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Ask readers whose letters come back for months, once, whether they still want them.

    Each gets one small letter with one button. Who presses it, or answers yes where there are no pages, stays; who does
    not by the day that it names is let go then, by itself. A letter that arrives meanwhile keeps them too. The letters
    go as fast as a file of addresses is asked, and nobody is ever asked twice.

    \b
    Examples:
      newsletter subscribers hygiene ask --dry-run
      newsletter subscribers hygiene ask --list readers --yes
    """
    from newsletter.workflows.hygiene import look

    with workspace_of(context) as workspace:
        _, readers = look(workspace, list_name=list_name, letters=letters, days=days)
        what = plural(len(readers), "reader")
        if readers:
            say(
                said(
                    "{what} would be asked; who does not answer within {answer_days} days is let go.",
                    what=what,
                    answer_days=answer_days,
                )
            )
        else:
            say("Nobody needs to be asked.")
        number = 0
        if readers and not dry_run:
            question = said("Ask {what} now?", what=what)
            if not yes and not is_yes(asked_of_person(said("{question} [y/N]", question=question))):
                say("Nothing changed.")
                raise typer.Exit(1)
            number = _ask(workspace, readers, answer_days)
            say(
                said(
                    "{readers} will be asked. How it goes: newsletter subscribers hygiene",
                    readers=plural(number, "reader"),
                )
            )
            posting.post(workspace)
    if as_json:
        json_data({"found": len(readers), "asked": number, "answer_days": answer_days, "dry_run": dry_run})


def _ask(workspace: Workspace, readers: Sequence[ReturningReader], answer_days: int) -> int:
    from newsletter.workflows import hygiene as workflow

    if not shows_bars():
        return workflow.ask(workspace, readers, answer_days=answer_days)
    with progress_bar() as bar:
        task = bar.add_task(cell(said("Readers")), total=len(readers))
        return workflow.ask(
            workspace, readers, answer_days=answer_days, tell=lambda done, _all: bar.update(task, completed=done)
        )
