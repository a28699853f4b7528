"""Commands that go the whole way: weekly, latest, report, schedule."""

from __future__ import annotations

import enum
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.accounts import latest_data, problem_lines, tell_latest, tell_report, tell_week, week_data
from newsletter.cli.app import FOUND_ERRORS, workspace_of
from newsletter.cli.delivering import ask_for_number, deliver_now, send_test
from newsletter.cli.moment import shown
from newsletter.cli.options import AsJson, SendRhythm, ToList, ToRhythm, WithoutWithdrawn, Yes, day_of, with_list
from newsletter.cli.output import data, json_data, plural, say, table
from newsletter.cli.posting import post_without_pages
from newsletter.cli.restoring import AfterRestore, before_freezing, pass_restored, take_restored

if TYPE_CHECKING:
    from newsletter.ledger import Send, SendCounts
    from newsletter.wiring import Workspace
    from newsletter.workflows.weekly import WeekPlan


class AutomaticRhythm(enum.StrEnum):
    """The rhythms that go by themselves."""

    INSTANT = "instant"
    DAILY = "daily"


def weekly(
    context: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH_OR_URL", help="Where articles come from. [default: [collect] sources]"),
    ] = None,
    list_name: ToList = "readers",
    rhythm: ToRhythm = SendRhythm.WEEKLY,
    draft: Annotated[bool, typer.Option("--draft", help="Stop before sending, with the draft to edit.")] = False,
    test: Annotated[str, typer.Option(metavar="ADDRESS", help="First send the letter to this address alone.")] = "",
    without_withdrawn: WithoutWithdrawn = False,
    after_restore: AfterRestore = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send the week: collect, compose, check, tell what would go to whom, ask, send, report.

    The stories are what no issue has carried, or the current draft as its editor left it. Once a week: run again, it
    sends nothing more; stopped anywhere, it goes on from there. Exit codes: 0 also when nothing is new, 3 the check
    found errors, 75 stopped in the middle, run the same command again.

    \b
    Examples:
      newsletter weekly https://example.org/
      newsletter weekly --draft
      newsletter weekly --yes
    """
    from newsletter.workflows import weekly as journey

    again = with_list("newsletter weekly", list_name)
    with workspace_of(context) as workspace:
        to = rhythm.value
        take_restored(workspace, yes=yes, wanted=after_restore)
        week = journey.prepare(
            workspace, targets or (), list_name=list_name, rhythm=to, drop_withdrawn=without_withdrawn
        )
        if week.overdue and week.plan is not None and week.plan.earlier is not None:
            say(f"Going on with issue {week.plan.issue.number} of an earlier week.")
            deliver_now(workspace, week.plan.earlier, again=again)
            week = journey.prepare(
                workspace, targets or (), list_name=list_name, rhythm=to, drop_withdrawn=without_withdrawn
            )
        _told_gathered(week)
        if week.plan is None:
            _nothing_to_do(workspace, week, as_json)
            return
        sent = week.plan.earlier
        if sent is None:
            tell_week(week, workspace.sender.name)
            if not week.plan.ready:
                say(f"Issue {week.plan.issue.number} cannot go like this. Mend it, then run {again} again.")
                if as_json:
                    json_data(week_data(week, "errors"))
                raise typer.Exit(FOUND_ERRORS)
            if test:
                assert week.plan.letter is not None
                send_test(workspace, week.plan.letter, test)
            if draft:
                if as_json:
                    json_data(week_data(week, "draft"))
                else:
                    data(week.plan.issue.path)
                say(f"Nothing sent. Edit the draft, then: {again}")
                return
            if not week.plan.audience and not week.plan.skipped:
                more = with_list("newsletter subscribers import FILE", list_name)
                say(f"Nobody on '{list_name}' is waiting for it. Add people with: {more}")
                if as_json:
                    json_data(week_data(week, "nobody"))
                return
            before_freezing(workspace, week.plan, after_restore=after_restore)
            week = _agreed(workspace, week, again, yes=yes, drop_withdrawn=without_withdrawn, as_json=as_json)
            assert week.plan is not None
            plan = week.plan
            sent = journey.freeze_week(workspace, week)
            if sent is None:
                _nothing_to_do(workspace, journey.prepare(workspace, list_name=list_name), as_json)
                return
            say(f"Frozen: issue {plan.issue.number}, {plural(sent.audience, 'subscriber')}.")
        else:
            say(f"Going on with issue {sent.issue}, which stopped in the middle.")
        sent, account, sent_now = deliver_now(workspace, sent, again=again)
        tell_report(workspace, sent.issue)
        if as_json:
            json_data(week_data(week, sent.state, sent=sent, account=account, sent_now=sent_now))


def _agreed(
    workspace: Workspace, week: WeekPlan, again: str, *, yes: bool, drop_withdrawn: bool, as_json: bool
) -> WeekPlan:
    """The week as it may go: agreed to, and looked at again on its sites; what they changed meanwhile is asked anew."""
    from newsletter.workflows import weekly as journey

    while True:
        assert week.plan is not None
        if not yes:
            ask_for_number(
                week.plan.issue,
                nobody=" to send it without asking, or --draft to stop here",
                refused=f"Nothing sent. The draft stays; run {again} when it is ready.",
            )
        before, told = week.plan, len(week.dropped)
        week, looked = journey.look_again(workspace, week, drop_withdrawn=drop_withdrawn)
        for line in looked.notes:
            say(f"note: {line}")
        for headline in week.dropped[told:]:
            say(f"note: «{headline}» was taken out of the draft")
        assert week.plan is not None
        if not week.plan.ready:
            for line in problem_lines(week.plan.problems):
                say(line)
            say(f"Issue {week.plan.issue.number} cannot go like this. Nothing sent.")
            if as_json:
                json_data(week_data(week, "errors"))
            raise typer.Exit(FOUND_ERRORS)
        if yes or week.plan is before:
            return week
        tell_week(week, workspace.sender.name)


def latest(
    context: typer.Context,
    rhythm: Annotated[AutomaticRhythm, typer.Option(help="Whose letters.")],
    list_name: ToList = "readers",
    collect: Annotated[bool, typer.Option("--collect", help="First collect from [collect] sources.")] = False,
    day: Annotated[
        str, typer.Option(metavar="DATE", help="The day a daily letter is for. [default: today at the site]")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")] = False,
    after_restore: AfterRestore = False,
    as_json: AsJson = False,
) -> None:
    """Send the latest posts to those who asked for them at once or daily. For cron: it never asks.

    What the library has new for this list and rhythm goes out once: a daily letter once for each day, an instant one
    once for its articles. Nothing new sends nothing. docs/rhythms.md tells who gets what when they change their rhythm.

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
                say(f"trouble: {trouble}")
            for note in gathered.notes:
                say(f"note: {note}")
        if after_restore and not dry_run:
            pass_restored(workspace, list_name, rhythm.value)
        if dry_run:
            would = letters.prepare(workspace, rhythm.value, list_name=list_name, period=period)
            outcome = letters.LatestOutcome(would)
        else:

            def deliver_send(send: Send) -> tuple[SendCounts, int]:
                again = with_list(f"newsletter latest --rhythm {rhythm.value}", list_name)
                _, account, sent_now = deliver_now(workspace, send, again=again)
                return account, sent_now

            outcome = letters.run(
                workspace, rhythm.value, list_name=list_name, period=period, deliver_send=deliver_send
            )
            post_without_pages(workspace)
    tell_latest(outcome, would=dry_run)
    if as_json:
        json_data(latest_data(outcome, would=dry_run))


def schedule(
    context: typer.Context,
    run: Annotated[bool, typer.Option("--run", help="Do what is due now.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what [schedule] asks for and when; --run does what is due, for cron or a worker.

    One line of cron is enough, however often it runs: each moment is handled once, a missed one when the machine is
    back.

    \b
    Examples:
      newsletter schedule
      */10 * * * *  newsletter -C /srv/nashra schedule --run
    """
    from newsletter.rhythms import schedule as times
    from newsletter.workflows import alerts, scheduled

    with workspace_of(context) as workspace:
        if run:
            done = scheduled.run(workspace, say)
            post_without_pages(workspace)
            alerts.tell(workspace, ended=True)
            if as_json:
                json_data(
                    [
                        {
                            **asdict(one.due),
                            "list": one.list,
                            "words": one.words,
                            "trouble": str(one.trouble) if one.trouble else None,
                        }
                        for one in done
                    ]
                )
            if any(one.trouble for one in done):
                raise typer.Exit(1)
            if not done:
                say("Nothing is due.")
            return
        now, zone = workspace.now(), workspace.zone
        due = {one.job for one in scheduled.waiting(workspace)}
        coming = times.upcoming(now, zone, workspace.settings.schedule)
    if as_json:
        json_data([asdict(one) | {"due_now": one.job in due} for one in coming])
        return
    rows = [
        (one.job, f"{one.moment.astimezone(zone):%A} {shown(one.moment, zone)}", "due now" if one.job in due else "")
        for one in coming
    ]
    table(("What", "Next", ""), rows)
    if not rows:
        say('Nothing is scheduled. In newsletter.toml, for example: [schedule] weekly = "thursday 10:00"')


def _told_gathered(week: WeekPlan) -> None:
    gathered = week.gathered
    for headline in week.dropped:
        say(f"note: «{headline}» was taken out of the draft")
    for line in (*gathered.troubles, *gathered.notes):
        say(f"trouble: {line}" if line in gathered.troubles else f"note: {line}")
    known = len(gathered.known) + len(gathered.updated)
    if gathered.added or known:
        say(f"Collected: {plural(len(gathered.added), 'new article')}, {known:,} known before.")


def _nothing_to_do(workspace: Workspace, week: WeekPlan, as_json: bool) -> None:
    from newsletter.workflows.collect import sources_of

    post_without_pages(workspace)
    if week.went:
        say(f"Issue {week.went} went out this week already. Nothing sent now.")
        tell_report(workspace, week.went)
        if as_json:
            json_data(week_data(week, "already"))
        return
    say("Nothing new for this week: no article that an issue has not carried. Nothing sent.")
    if not sources_of(workspace) and not week.gathered.holdings:
        say('Name a source: newsletter weekly https://example.org/, or [collect] sources = ["…"] in newsletter.toml.')
    if as_json:
        json_data(week_data(week, "nothing"))
