"""What is asked and said when the provider of ``[sender] fallback`` could go on with a send; and ``sends divert``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import completing
from newsletter.cli.app import workspace_of
from newsletter.cli.output import ask, on_terminal, plural, say
from newsletter.cli.speaking import marked
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.ledger import Send
    from newsletter.wiring import Workspace


def divert(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="SEND", help="Its id, or the number of its issue.", autocompletion=completing.sends)
    ],
    back: Annotated[
        bool, typer.Option("--back", help="The other way: through the provider it was frozen for again.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Let a send that its provider has stopped go on through the provider of [sender] fallback.

    Only what is still queued goes that way. What the first provider may have stays unknown, so that nobody gets it
    twice. Once is enough for each send: when the other provider stops it too, it waits there.

    \b
    Example:
      newsletter sends divert 12
    """
    from newsletter import ledger
    from newsletter.errors import SendError
    from newsletter.workflows import fallback

    with workspace_of(context) as workspace:
        with workspace.database.read() as connection:
            send = ledger.named(connection, name)
        if back:
            fallback.go_back(workspace, send)
            say(
                said(
                    "Issue {issue} goes through {title} again: newsletter send {issue}",
                    issue=send.issue,
                    title=workspace.provider.title,
                )
            )
            return
        if not workspace.settings.sender.fallback:
            raise SendError("no other provider is set", mend='set [sender] fallback = "smtp", and the section [smtp]')
        if not fallback.possible(workspace, send):
            raise SendError(
                said(
                    "issue {issue} was not stopped by its provider, or goes through the other one already",
                    issue=send.issue,
                ),
                mend=said("see: newsletter sends show {send}", send=send.public_id),
            )
        _tell(workspace, send)
        wanted = workspace.settings.sender.fallback
        if not yes and ask(said("Type {wanted} to do it, anything else to stop", wanted=wanted)) != wanted:
            say("Nothing changed.")
            raise typer.Exit(1)
        _take_over(workspace, send)
    say(said("Deliver them with: newsletter send {issue}", issue=send.issue))


def offer(workspace: Workspace, sent: Send) -> Send | None:
    """Ask whether the other provider is to go on with a send that was stopped just now; the send if it does.

    Where nobody can be asked it is said how to do it; the rule of the settings is for workers.

    Args:
        workspace: An open workspace.
        sent: As it was.
    """
    from newsletter import ledger
    from newsletter.workflows import fallback

    with workspace.database.read() as connection:
        send = ledger.send(connection, sent.id)
    if send is None or not fallback.possible(workspace, send):
        return None
    wanted = workspace.settings.sender.fallback
    if not on_terminal():
        say(
            said("The rest can go through {wanted}: newsletter sends divert {send}", wanted=wanted, send=send.public_id)
        )
        return None
    _tell(workspace, send)
    if ask(said("Type {wanted} to send them through it now, anything else to leave them", wanted=wanted)) != wanted:
        return None
    return _take_over(workspace, send)


def _tell(workspace: Workspace, send: Send) -> None:
    """Say what was stopped, why, and what would go the other way."""
    from newsletter import ledger
    from newsletter.senders import registry

    with workspace.database.read() as connection:
        account = ledger.account(connection, send.id)
    through = registry.provider(workspace.settings.sender.fallback).title
    say(said("Issue {issue} was stopped: {reason}", issue=send.issue, reason=marked(send.reason)))
    say(
        said(
            "{letters} can go through {through}, as {from_}.",
            letters=plural(account.queued, "letter"),
            through=through,
            from_=workspace.settings.sender.from_,
        )
    )
    doubt = account.unknown + account.submitting
    if doubt:
        say(said("{letters} in doubt will not: the first provider may have them.", letters=plural(doubt, "letter")))


def _take_over(workspace: Workspace, send: Send) -> Send | None:
    from newsletter.senders import registry
    from newsletter.workflows import fallback

    found = fallback.take_over(workspace, send)
    if found is None:
        say(said("Somebody else was faster. See: newsletter sends show {send}", send=send.public_id))
        return None
    say(
        said(
            "Issue {issue} goes on through {title}.",
            issue=send.issue,
            title=registry.provider(workspace.settings.sender.fallback).title,
        )
    )
    return found
