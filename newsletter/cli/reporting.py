"""The command report."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.holding import warn_held
from newsletter.cli.options import AsJson
from newsletter.cli.output import json_data, say, table


def report(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ISSUE", help="Its number, or the id of a send. [default: the last that went]")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Tell what became of an issue: submitted, refused, unknown, skipped and why, delivered, bounced, complained, left.

    What happens after the provider took a letter is known as far as its events came in; an outbox tells nothing.

    \b
    Examples:
      newsletter report
      newsletter report 12 --json
    """
    from newsletter.report import counts as reports
    from newsletter.report import read

    with workspace_of(context) as workspace, workspace.database.read() as connection:
        found = read.of_issue(connection, name)
        warn_held(connection)
    if as_json:
        json_data(reports.plain(found))
        return
    for line in reports.lines(found):
        say(line)
    columns = ("Rhythm", "Letter", "Submitted", "Refused", "Unknown", "Skipped", "Delivered", "Bounced", "Spam", "Left")
    table(columns, reports.rows(found), sparse=True)
