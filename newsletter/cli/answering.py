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
    counts = {
        "came back": result.bounced,
        "called spam": result.complained,
        "reported otherwise": result.reported,
        "left": result.left,
        "confirmed": result.confirmed,
        "still want their letters": result.stayed,
        "asked to subscribe": result.asked,
        "DMARC reports": result.dmarc,
        "told before": result.known,
        "too many at once, tried again later": result.later,
        "not ours, too old or asked lately": result.refused,
        "from machines": result.automatic,
        "for people": result.other,
        "not readable": result.unreadable,
    }
    told = ", ".join(f"{count:,} {words}" for words, count in counts.items() if count)
    would = " (nothing was written)" if result.dry_run else ""
    say(f"{plural(result.read, 'new message')}{': ' + told if told else ''}{would}.")
    for reason in result.paused:
        say(f"A send {'would be' if result.dry_run else 'was'} paused: {reason}")
    tell_held(result.held, would=result.dry_run)
