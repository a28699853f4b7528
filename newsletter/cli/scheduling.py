"""The command that does by itself what the settings ask for: schedule."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import NOTHING_SENT, SOME_NOT_TAKEN, workspace_of
from newsletter.cli.options import AsJson, LogAs, LogForm, json_log
from newsletter.cli.outcome import exit_of
from newsletter.cli.output import json_data, say
from newsletter.cli.posting import post_without_pages
from newsletter.cli.tables import table
from newsletter.errors import HeldSendError
from newsletter.text.dates import in_zone
from newsletter.text.sentences import Sentence, said

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from newsletter.workflows.deciding import RestOutcome
    from newsletter.workflows.scheduled import DutyOutcome


def schedule(
    context: typer.Context,
    run: Annotated[bool, typer.Option("--run", help="Do what is due now.")] = False,
    log: LogAs = LogForm.TEXT,
    as_json: AsJson = False,
) -> None:
    """Show what [schedule] asks for and when; --run does what is due, for cron or a worker.

    One line of cron is enough, however often it runs: each moment is handled once, a missed one when the machine is
    back. Exit codes of --run: 0 all went well, 1 something failed and is tried again, 4 some letters were refused or
    are unknown, 5 something was due and does not go by itself.

    \b
    Examples:
      newsletter schedule
      */10 * * * *  newsletter -C /srv/nashra schedule --run
      */10 * * * *  newsletter -C /srv/nashra schedule --run --log json
    """
    from newsletter.rhythms import schedule as times
    from newsletter.workflows import alerts, deciding, scheduled

    if log is LogForm.JSON and not run:
        raise typer.BadParameter("--log goes with --run")
    with workspace_of(context) as workspace:
        if run:
            tell = json_log("schedule") if log is LogForm.JSON else say
            rests = deciding.deliver_decided(workspace, tell)
            done = scheduled.run(workspace, tell)
            post_without_pages(workspace, tell)
            alerts.tell(workspace, ended=True)
            if as_json:
                told = [
                    {
                        **asdict(one.due),
                        "list": one.list,
                        "words": one.words,
                        "trouble": str(one.trouble) if one.trouble else None,
                        "exit": _of_duty(one),
                    }
                    for one in done
                ]
                trials = [
                    {
                        "send": one.send.public_id,
                        "issue": one.send.issue,
                        "sent_now": one.sent_now,
                        "trouble": str(one.trouble) if one.trouble else None,
                        "exit": _of_rest(one),
                    }
                    for one in rests
                ]
                json_data({"done": told, "trials": trials})
            if not (done or rests):
                tell(said("Nothing is due."))
            codes = {_of_duty(one) for one in done} | {_of_rest(one) for one in rests}
            if code := next((one for one in (1, NOTHING_SENT, SOME_NOT_TAKEN) if one in codes), 0):
                raise typer.Exit(code)
            return
        now, zone = workspace.now(), workspace.zone
        due = {one.job for one in scheduled.waiting(workspace)}
        coming = times.upcoming(now, zone, workspace.settings.schedule)
    if as_json:
        json_data({"next": [asdict(one) | {"due_now": one.job in due} for one in coming]})
        return
    rows = [
        (
            said(one.job),
            _moment(one.moment, zone),
            said("due now") if one.job in due else "",
        )
        for one in coming
    ]
    table(("What", "Next", ""), rows)
    if not rows:
        say('Nothing is scheduled. In newsletter.toml, for example: [schedule] weekly = "thursday 10:00"')


def _moment(moment: datetime, zone: tzinfo) -> Sentence:
    """The day of the week, the day and the time."""
    return said("{weekday} {moment}", weekday=said(f"{moment.astimezone(zone):%A}"), moment=in_zone(moment, zone))


def _of_rest(one: RestOutcome) -> int:
    """The exit code that follows from the rest of a send whose trial is decided."""
    return 1 if one.trouble is not None else exit_of(one.send, one.account)


def _of_duty(one: DutyOutcome) -> int:
    """The exit code that follows from a duty."""
    if one.trouble is not None:
        return NOTHING_SENT if isinstance(one.trouble, HeldSendError) else 1
    return NOTHING_SENT if one.held else SOME_NOT_TAKEN if one.faulty else 0
