"""The command latest: daily and instant letters of the latest posts, for cron."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.accounts import latest_data, tell_latest
from newsletter.cli.app import NOTHING_SENT, STOPPED, workspace_of
from newsletter.cli.delivering import deliver_now
from newsletter.cli.options import (
    AsJson,
    ToList,
    WithThisSender,
    day_of,
    with_list,
)
from newsletter.cli.outcome import exit_of
from newsletter.cli.output import json_data, say
from newsletter.cli.posting import post_without_pages
from newsletter.cli.restoring import AfterRestore, pass_restored, take_restored
from newsletter.cli.speaking import complained
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.ledger import Send, SendCounts
    from newsletter.workflows.latest import LatestOutcome


class AutomaticRhythm(enum.StrEnum):
    """The rhythms that go by themselves."""

    INSTANT = "instant"
    DAILY = "daily"


def latest(
    context: typer.Context,
    rhythm: Annotated[AutomaticRhythm, typer.Option(help="Whose letters.")],
    list_name: ToList = "readers",
    collect: Annotated[bool, typer.Option("--collect", help="First collect from [collect] sources.")] = False,
    day: Annotated[
        str, typer.Option(metavar="DATE", help="The day a daily letter is for. [default: today at the site]")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")] = False,
    with_this_sender: WithThisSender = False,
    after_restore: AfterRestore = False,
    as_json: AsJson = False,
) -> None:
    """Send the latest posts to those who asked for them at once or daily. For cron: it never asks.

    What the library has new for this list and rhythm goes out once: a daily letter once for each day, an instant one
    once for its articles. Nothing new sends nothing. Who gets what when they change their rhythm: docs/en/rhythms.md.

    \b
    Examples:
      newsletter latest --rhythm daily --collect
      newsletter latest --rhythm instant --dry-run
    """
    from newsletter.workflows import latest as letters
    from newsletter.workflows.collect import gather

    if day and rhythm is not AutomaticRhythm.DAILY:
        raise typer.BadParameter("--day goes with --rhythm daily")
    wanted = day_of("--day", day)
    period = wanted.isoformat() if wanted is not None else ""
    with workspace_of(context) as workspace:
        take_restored(workspace, yes=False, wanted=after_restore and not dry_run)
        if collect or after_restore:
            gathered = gather(workspace)
            for trouble in gathered.troubles:
                say(said("trouble: {line}", line=complained(trouble)))
            for note in gathered.notes:
                say(said("note: {line}", line=note))
        if after_restore and not dry_run:
            pass_restored(workspace, list_name, rhythm.value)
        if dry_run:
            would = letters.prepare(workspace, rhythm.value, list_name=list_name, period=period)
            outcome = letters.LatestOutcome(would, pages=letters.served(workspace, would))
            codes: list[int] = []
        else:
            codes = []

            def deliver_send(send: Send) -> tuple[SendCounts, int]:
                again = with_list(f"newsletter latest --rhythm {rhythm.value}", list_name)
                done = deliver_now(workspace, send, again=again, with_this_sender=with_this_sender, asks=False)
                if done.exit in {STOPPED, NOTHING_SENT}:
                    raise typer.Exit(done.exit)
                codes.append(done.exit)
                return done.account, done.sent_now

            try:
                outcome = letters.run(
                    workspace, rhythm.value, list_name=list_name, period=period, deliver_send=deliver_send
                )
            except typer.Exit as stopped:
                if as_json:
                    json_data(
                        {"rhythm": rhythm.value, "list": list_name, "state": "stopped", "exit": stopped.exit_code}
                    )
                raise
            post_without_pages(workspace)
    code = max([*codes, _of_latest(outcome)], default=0) if not dry_run else 0
    tell_latest(outcome, would=dry_run)
    if as_json:
        json_data({**latest_data(outcome, would=dry_run), "exit": code})
    if code:
        raise typer.Exit(code)


def _of_latest(outcome: LatestOutcome) -> int:
    """The exit code that follows from how the letter stands that has the period already."""
    send, account = outcome.latest.send, outcome.latest.account
    return exit_of(send, account) if send is not None and account is not None else 0
