"""What `sends resume --resend-refused` asks, says and does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import typer

from newsletter.cli.acting import at_terminal
from newsletter.cli.output import ask, json_data, plural, say
from newsletter.text.sentences import counted, said

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

MOST_REASONS = 10
"""Reasons that are named one by one."""
_ONLY_THERE = re.compile(r"beyond ASCII|SMTPUTF8|the same address twice")
"""Reasons that are about what one provider can take, and not about the reader."""


def resend_refused(
    workspace: Workspace, name: str, containing: str, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Queue refused deliveries of a send once more, after asking.

    Args:
        workspace: An open workspace.
        name: Of the send, as it was typed.
        containing: Only those with these words in their reason; empty takes all.
        dry_run: Say what would happen.
        yes: Do not ask.
        as_json: Print data instead of words.

    Raises:
        SendError: There is no such send, or it was cancelled.
        typer.Exit: The editor said no.
    """
    from newsletter import ledger
    from newsletter.ledger import activity

    with workspace.database.read() as connection:
        send = ledger.named(connection, name)
        reasons = ledger.refused_reasons(connection, send.id, containing)
    count = sum(reasons.values())
    told = {"send": send.public_id, "issue": send.issue, "refused": count, "reasons": reasons}
    if not count:
        if as_json:
            json_data({**told, "queued": 0, "state": send.state})
            return
        parts = {"issue": send.issue, "public_id": send.public_id, "reason": repr(containing)}
        say(
            said(
                "Nobody of issue {issue} was refused for a reason with {reason} in it. "
                "See: newsletter sends show {public_id}",
                **parts,
            )
            if containing
            else said("Nobody of issue {issue} was refused. See: newsletter sends show {public_id}", **parts)
        )
        return
    if not as_json:
        _tell(send.issue, reasons, count)
    if dry_run:
        if as_json:
            json_data({**told, "queued": 0, "state": send.state})
        else:
            say("Nothing changed: this was a dry run.")
        return
    if not yes and ask(said("Type {count} to send it to them once more, anything else to stop", count=count)) != str(
        count
    ):
        say("Nothing changed.")
        raise typer.Exit(1)
    with workspace.database.write() as connection:
        queued = ledger.resend_refused(connection, send, containing)
        state = ledger.state_of(connection, send.id)
        activity.note(connection, "resend", by=at_terminal(), about=send.issue, now=workspace.now())
    if as_json:
        json_data({**told, "queued": queued, "state": state})
        return
    say(
        said(
            "Queued once more: {deliveries} of issue {issue}.",
            deliveries=plural(queued, "delivery", "deliveries"),
            issue=send.issue,
        )
    )
    if state == "paused":
        say(said("The send rests. Let it go on with: newsletter sends resume {public_id}", public_id=send.public_id))
    elif state == "running":
        say(said("Deliver them with: newsletter send {issue}", issue=send.issue))


def _tell(issue: str, reasons: dict[str, int], count: int) -> None:
    """Say how many were refused and why."""
    say(
        counted(
            "{n} subscriber of issue {issue} was refused:",
            "{n} subscribers of issue {issue} were refused:",
            count,
            issue=issue,
        )
    )
    for reason, number in list(reasons.items())[:MOST_REASONS]:
        say(said("  {number}: {reason}", number=f"{number:,}", reason=reason or said("no reason was kept")))
    if len(reasons) > MOST_REASONS:
        say(said("  … and {reasons}", reasons=plural(len(reasons) - MOST_REASONS, "other reason", "other reasons")))
    elsewhere = sum(number for reason, number in reasons.items() if _ONLY_THERE.search(reason))
    if elsewhere:
        say(
            said(
                "{elsewhere} of them for what this provider cannot take: they come again too, and are refused again "
                "unless another provider sends them.",
                elsewhere=f"{elsewhere:,}",
            )
        )
