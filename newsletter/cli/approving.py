"""The command by which somebody approves a letter as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from newsletter.cli.accounts import problem_lines
from newsletter.cli.acting import at_terminal
from newsletter.cli.app import FOUND_ERRORS, workspace_of
from newsletter.cli.moment import WESTERN_DIGITS
from newsletter.cli.options import AsJson, IssueName, SendRhythm, ToOtherList, ToRhythm, Yes
from newsletter.cli.output import ask, json_data, say
from newsletter.errors import SendError
from newsletter.text.dates import in_zone
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.wiring import Workspace
    from newsletter.workflows.plan import Plan


def approve(
    context: typer.Context,
    name: IssueName = "",
    list_name: ToOtherList = "",
    rhythm: ToRhythm = SendRhythm.WEEKLY,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Approve the letter of an issue as it is now: read it first, with `newsletter preview` or a test letter.

    What is approved is this letter, by its fingerprint: any change of it voids that. With `[desk] approval = true`
    nothing else goes out. Exit code 3: the check found errors, or you wrote at it last.

    \b
    Examples:
      newsletter approve 12
      newsletter approve 12 --yes --json
    """
    from newsletter.workflows import approving
    from newsletter.workflows import plan as plans

    with workspace_of(context) as workspace:
        issue = plans.choose(workspace, name, list_name=list_name, rhythm=rhythm.value)
        plan = plans.make(workspace, issue, list_name=list_name, rhythm=rhythm.value)
        if plan.earlier is not None and plan.earlier.state == "cancelled":
            plan = plans.make(workspace, issue, list_name=list_name, rhythm=rhythm.value, rest=True)
        if plan.earlier is not None:
            raise SendError(
                said(
                    "issue {number} is frozen already ({state}), so there is nothing to approve",
                    number=issue.number,
                    state=said(plan.earlier.state),
                ),
                mend=said("see: newsletter sends show {send}", send=plan.earlier.public_id),
            )
        _ready(plan)
        mark = plans.fingerprint(workspace, plan)
        key = str(issue.number)
        with workspace.database.read() as connection:
            before = approving.given(workspace, connection, key, mark)
        say(
            said(
                "Issue {key} «{subject}», fingerprint {mark}.",
                key=key,
                subject=plan.issue.subject,
                mark=approving.shown(mark),
            )
        )
        if before is not None:
            say(said("Approved already by {by}, {moment}.", by=before.by, moment=in_zone(before.at, workspace.zone)))
        elif (
            not yes
            and ask(said("Type {key} to approve it, anything else to stop", key=key)).translate(WESTERN_DIGITS) != key
        ):
            say("Nothing approved.")
            raise typer.Exit(1)
        if before is None:
            approving.approve(workspace, plan.issue, mark, by=at_terminal())
            say(said("Approved. Any change of the letter voids it. Next: newsletter send {key}", key=key))
        if as_json:
            json_data(_data(workspace, plan, mark))


def _ready(plan: Plan) -> None:
    """Refuse what cannot go anyway."""
    from newsletter.check import has_errors

    for line in problem_lines(plan.problems):
        say(line)
    if has_errors(plan.problems):
        say(said("Issue {number} cannot go like this. Nothing approved.", number=plan.issue.number))
        raise typer.Exit(FOUND_ERRORS)


def _data(workspace: Workspace, plan: Plan, mark: str) -> dict[str, object]:
    from newsletter.workflows import approving

    key = str(plan.issue.number)
    with workspace.database.read() as connection:
        found = approving.given(workspace, connection, key, mark)
    return {
        "issue": plan.issue.number,
        "list": plan.target.name,
        "rhythm": plan.rhythm,
        "fingerprint": mark,
        "approved_by": found.by if found is not None else None,
        "approved_at": found.at.isoformat() if found is not None else None,
    }
