"""The command that tells who did what."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, AsJsonLines, one_form
from newsletter.cli.output import json_data, json_line, say
from newsletter.cli.tables import table
from newsletter.text.dates import in_zone
from newsletter.text.sentences import said


def log(
    context: typer.Context,
    act: Annotated[
        list[str] | None, typer.Option("--act", metavar="ACT", help="Only this act; give it again for more.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=730, metavar="N", help="How far back.")] = 30,
    as_json: AsJson = False,
    as_lines: AsJsonLines = False,
) -> None:
    """Tell who did what and when: sends, approvals, imports, erasures and the like, newest first.

    Acts at the desk stand with the name of the person, those of commands as `terminal:` with the account of the
    machine. No address of a reader stands there. Lines are kept for two years.

    \b
    Examples:
      newsletter log
      newsletter log --act send --act schedule --days 365
      newsletter log --jsonl
    """
    from newsletter.ledger import activity

    one_form(as_json, as_lines)
    for name in act or ():
        if name not in activity.ACTS:
            raise typer.BadParameter(
                said("no act is called {name}; there are: {acts}", name=repr(name), acts=", ".join(activity.ACTS))
            )
    with workspace_of(context) as workspace, workspace.database.read() as connection:
        since = workspace.now() - timedelta(days=days)
        found = activity.read(connection, acts=act or (), since=since)
    told = [{"at": one.at.isoformat(), "by": one.by, "act": one.act, "about": one.about} for one in found]
    if as_json:
        json_data({"acts": told})
    elif as_lines:
        for each in told:
            json_line(each)
    else:
        table(
            ("When", "Who", "Act", "About"),
            [(in_zone(one.at, workspace.zone), one.by, said(one.act), one.about) for one in found],
        )
        if not found:
            say(said("Nothing was done in the last {days} days.", days=days))
