"""The command that reads the mailbox answers come to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import posting
from newsletter.cli.app import workspace_of
from newsletter.cli.holding import tell_held
from newsletter.cli.options import AsJson
from newsletter.cli.output import json_data, plural, say
from newsletter.text.sentences import joined, said

if TYPE_CHECKING:
    from newsletter.events.inbox import InboxOutcome


def inbox(
    context: typer.Context,
    mailbox: Annotated[Path, typer.Argument(metavar="MAILBOX", help="A Maildir folder or an mbox file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read the mailbox that answers come to: bounces, wishes to leave or to subscribe, confirmations by reply.

    Bounces and complaints reach the ledger and, where they should, suppress the address; a message made by the
    unsubscribe address of a letter ends the subscription; an answer to a confirmation letter confirms; the subject
    "subscribe" or "اشتراك", with the name of a list or without, brings a confirmation letter. DMARC reports about our
    domain are taken in, for newsletter deliverability. Answers of machines change nothing. Each message is handled
    once, however often this runs, and the mailbox stays as it is. Small letters that wait are sent at the end.

    \b
    Examples:
      newsletter subscribers inbox ~/Maildir --dry-run
      newsletter subscribers inbox /var/mail/bounces
    """
    from newsletter.events.inbox import InboxSetup, read
    from newsletter.workflows.deliverability import fenced, own_domains

    with workspace_of(context) as workspace, fenced() as read_report:
        settings, keys = workspace.settings, workspace.keys
        setup = InboxSetup(
            workspace.database,
            settings.address,
            keys.tokens,
            keys.suppression,
            workspace.now(),
            lists=tuple(settings.web.lists),
            caps=workspace.caps,
            rhythm=settings.rhythms.default,
            rhythms={name: settings.rhythm_of(name) for name in settings.lists},
            servers=tuple(one.lower() for one in settings.sender.authserv_ids),
            domains=own_domains(workspace),
            read_report=read_report,
        )
        result = read(setup, mailbox, dry_run=dry_run)
        _tell(result, as_json=as_json)
        if not dry_run:
            posting.post(workspace)


def _tell(result: InboxOutcome, *, as_json: bool) -> None:
    if as_json:
        json_data(asdict(result))
    counts = (
        (result.bounced, said("{count} came back", count=f"{result.bounced:,}")),
        (result.complained, said("{count} called spam", count=f"{result.complained:,}")),
        (result.reported, said("{count} reported otherwise", count=f"{result.reported:,}")),
        (result.left, said("{count} left", count=f"{result.left:,}")),
        (result.confirmed, said("{count} confirmed", count=f"{result.confirmed:,}")),
        (result.stayed, said("{count} still want their letters", count=f"{result.stayed:,}")),
        (result.asked, said("{count} asked to subscribe", count=f"{result.asked:,}")),
        (result.dmarc, said("{count} DMARC reports", count=f"{result.dmarc:,}")),
        (result.known, said("{count} told before", count=f"{result.known:,}")),
        (result.later, said("{count} too many at once, tried again later", count=f"{result.later:,}")),
        (result.refused, said("{count} not ours, too old or asked lately", count=f"{result.refused:,}")),
        (result.automatic, said("{count} from machines", count=f"{result.automatic:,}")),
        (result.other, said("{count} for people", count=f"{result.other:,}")),
        (result.unreadable, said("{count} not readable", count=f"{result.unreadable:,}")),
    )
    told = [words for count, words in counts if count]
    messages: str = plural(result.read, "new message")
    if told:
        messages = said("{messages}: {counts}", messages=messages, counts=joined(told, ", "))
    say(
        said("{messages} (nothing was written).", messages=messages)
        if result.dry_run
        else said("{messages}.", messages=messages)
    )
    for reason in result.paused:
        say(
            said("A send would be paused: {reason}", reason=reason)
            if result.dry_run
            else said("A send was paused: {reason}", reason=reason)
        )
    tell_held(result.held, would=result.dry_run)
