"""The command weekly, which goes the whole way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.accounts import problem_lines, tell_report, tell_week, week_data
from newsletter.cli.acting import at_terminal, note_act
from newsletter.cli.app import FOUND_ERRORS, NOTHING_SENT, STOPPED, workspace_of
from newsletter.cli.delivering import ask_for_number, deliver_now, send_test, tell_edited
from newsletter.cli.options import (
    AsJson,
    SendRhythm,
    ToList,
    ToRhythm,
    WithoutWithdrawn,
    WithThisSender,
    Yes,
    with_list,
)
from newsletter.cli.outcome import DeliveryOutcome, account_words, exit_of, way_on
from newsletter.cli.output import ask, data, json_data, on_terminal, plural, say, shown_path
from newsletter.cli.posting import post_without_pages
from newsletter.cli.restoring import AfterRestore, before_freezing, take_restored
from newsletter.cli.speaking import complained
from newsletter.cli.trying import tell_frozen
from newsletter.text.dates import in_zone
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.ledger import Send
    from newsletter.wiring import Workspace
    from newsletter.workflows.weekly import WeekPlan


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
    again: Annotated[
        bool, typer.Option("--again", help="Send the week's own also when an issue was sent by itself this week.")
    ] = False,
    with_this_sender: WithThisSender = False,
    after_restore: AfterRestore = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send the week: collect, compose, check, tell what would go to whom, ask, send, report.

    The stories are what no issue has carried, or the current draft as its editor left it. Once a week: run again, it
    sends nothing more; stopped anywhere, it goes on from there. When an issue was sent by itself in this week, it asks
    whether the week's own is to go too. Exit codes: 0 all taken, also when nothing is new, 3 the check found errors, 4
    some letters were refused or are unknown, 5 nothing sent though something was due (an issue sent by itself has the
    week; paused, cancelled; nobody to ask), or nothing new and no source named, 75 stopped in the middle, run the same
    command again.

    \b
    Examples:
      newsletter weekly https://example.org/
      newsletter weekly --draft
      newsletter weekly --yes
    """
    from newsletter.workflows import weekly as journey

    command = with_list("newsletter weekly", list_name)
    with workspace_of(context) as workspace:
        take_restored(workspace, yes=yes, wanted=after_restore)

        def prepared(again: bool) -> WeekPlan:
            return journey.prepare(
                workspace,
                targets or (),
                list_name=list_name,
                rhythm=rhythm.value,
                drop_withdrawn=without_withdrawn,
                again=again,
            )

        def deliver(sent: Send) -> DeliveryOutcome:
            return deliver_now(workspace, sent, again=command, with_this_sender=with_this_sender, asks=not yes)

        again = again or draft  # a draft sends nothing
        week = prepared(again)
        if week.overdue and week.plan is not None and week.plan.earlier is not None:
            say(said("Going on with issue {number}, which is not this week's own.", number=week.plan.issue.number))
            done = deliver(week.plan.earlier)
            if done.exit in {STOPPED, NOTHING_SENT}:
                _end(week, done, as_json)
                return
            week = prepared(again)
        if week.special and week.send is not None and not yes and on_terminal():
            say(_has_the_week(week))
            if ask("Type again to send the week's own too, anything else to stop") in ("again", "أعد"):
                week = prepared(True)
        _told_gathered(week)
        if week.plan is None:
            _nothing_to_do(workspace, week, as_json, command, deliver)
            return
        sent = week.plan.earlier
        if sent is None:
            tell_week(week, workspace.sender.name)
            if not week.plan.ready:
                say(
                    said(
                        "Issue {number} cannot go like this. Mend it, then run {command} again.",
                        number=week.plan.issue.number,
                        command=command,
                    )
                )
                if as_json:
                    json_data({**week_data(week, "errors"), "exit": FOUND_ERRORS})
                raise typer.Exit(FOUND_ERRORS)
            if test:
                send_test(workspace, replace(week.plan.issue, list=week.plan.target.name), test)
                note_act(workspace, "test", week.plan.issue.number)
            if draft:
                if as_json:
                    json_data({**week_data(week, "draft"), "exit": 0})
                else:
                    data(shown_path(week.plan.issue.path))
                say(said("Nothing sent. Edit the draft, then: {command}", command=command))
                return
            if not week.plan.audience and not week.plan.skipped:
                more = with_list("newsletter subscribers import FILE", list_name)
                say(
                    said(
                        "Nobody on '{list_name}' is waiting for it. Add people with: {more}",
                        list_name=list_name,
                        more=more,
                    )
                )
                if as_json:
                    json_data({**week_data(week, "nobody"), "exit": 0})
                return
            before_freezing(workspace, week.plan, after_restore=after_restore)
            week = _agreed(workspace, week, command, yes=yes, drop_withdrawn=without_withdrawn, as_json=as_json)
            assert week.plan is not None
            plan = week.plan
            sent = journey.freeze_week(workspace, week, by=at_terminal())
            if sent is None:
                week = journey.prepare(workspace, list_name=list_name, again=again)
                sent = week.plan.earlier if week.plan is not None else None
                if sent is None:
                    _nothing_to_do(workspace, week, as_json, command, deliver)
                    return
                say(said("note: another run was quicker and has frozen issue {issue} already", issue=sent.issue))
            else:
                tell_frozen(workspace, plan, sent)
        else:
            say(said("Going on with issue {issue}, which stopped in the middle.", issue=sent.issue))
            tell_edited(workspace, sent)
        done = deliver(sent)
        if done.exit != STOPPED:
            tell_report(workspace, sent.issue)
        _end(week, done, as_json)


def _end(week: WeekPlan, done: DeliveryOutcome, as_json: bool) -> None:
    """Print what came of a week as data, and end with its exit code."""
    if as_json:
        told = week_data(week, done.send.state, sent=done.send, account=done.account, sent_now=done.sent_now)
        json_data({**told, "exit": done.exit})
    if done.exit:
        raise typer.Exit(done.exit)


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
                nobody=said(" to send it without asking, or --draft to stop here"),
                refused=said("Nothing sent. The draft stays; run {again} when it is ready.", again=again),
            )
        before, told = week.plan, len(week.dropped)
        week, looked = journey.look_again(workspace, week, drop_withdrawn=drop_withdrawn)
        for line in looked.notes:
            say(said("note: {line}", line=line))
        for headline in week.dropped[told:]:
            say(said("note: «{headline}» was taken out of the draft", headline=headline))
        assert week.plan is not None
        if not week.plan.ready:
            for line in problem_lines(week.plan.problems):
                say(line)
            say(said("Issue {number} cannot go like this. Nothing sent.", number=week.plan.issue.number))
            if as_json:
                json_data({**week_data(week, "errors"), "exit": FOUND_ERRORS})
            raise typer.Exit(FOUND_ERRORS)
        if yes or week.plan is before:
            return week
        tell_week(week, workspace.sender.name)


def _told_gathered(week: WeekPlan) -> None:
    gathered = week.gathered
    for headline in week.dropped:
        say(said("note: «{headline}» was taken out of the draft", headline=headline))
    for trouble in gathered.troubles:
        say(said("trouble: {line}", line=complained(trouble)))
    for note in gathered.notes:
        say(said("note: {line}", line=note))
    known = len(gathered.known) + len(gathered.updated)
    if gathered.added or known:
        say(
            said(
                "Collected: {articles}, {known} known before.",
                articles=plural(len(gathered.added), "new article"),
                known=f"{known:,}",
            )
        )


def _nothing_to_do(
    workspace: Workspace,
    week: WeekPlan,
    as_json: bool,
    command: str,
    deliver: Callable[[Send], DeliveryOutcome],
) -> None:
    """Say why no letter of this week is made now, and end with the exit code that follows."""
    from newsletter import delivery
    from newsletter.workflows.collect import sources_of

    if not week.went:
        post_without_pages(workspace)
        say("Nothing new for this week: no article that an issue has not carried. Nothing sent.")
        # Without a source nothing will ever be new: a task of cron must not call that well.
        code = 0 if week.gathered.sources or week.gathered.troubles or sources_of(workspace) else NOTHING_SENT
        if code:
            say(
                said(
                    'No source is named. Name your site once, [collect] sources = ["{site}"] in newsletter.toml, or '
                    "each time: newsletter weekly {site}",
                    site=workspace.publication.url,
                )
            )
        if as_json:
            json_data({**week_data(week, "nothing"), "exit": code})
        if code:
            raise typer.Exit(code)
        return
    if week.send is not None and delivery.is_braked(week.send):
        # A person, or cron, tries it; the brake lets it go on when a letter is taken.
        say(said("Trying to go on with issue {went}.", went=week.went))
        _end(week, deliver(week.send), as_json)
        return
    post_without_pages(workspace)
    code = _told_week(workspace, week, command)
    if as_json:
        done = week.send is None or (week.send.state == "finished" and not code)
        told = week_data(week, "already" if done or week.send is None else week.send.state, account=week.account)
        json_data({**told, "exit": code})
    if code:
        raise typer.Exit(code)


def _told_week(workspace: Workspace, week: WeekPlan, command: str) -> int:
    """Say how the issue stands that has this week; the exit code that follows."""
    send, account = week.send, week.account
    if send is None or account is None:
        say(said("Issue {went} has this week. Nothing sent now.", went=week.went))
        return 0
    tell_edited(workspace, send)
    if send.state in {"paused", "cancelled"}:
        say(said("Nothing sent. {way_on}", way_on=way_on(send, account, workspace.zone)))
        return exit_of(send, account) if send.paused_by == "trial" else NOTHING_SENT
    if send.state == "scheduled" and send.send_at is not None:
        say(
            said(
                "Issue {went} is frozen and starts {moment}.",
                went=week.went,
                moment=in_zone(send.send_at, workspace.zone),
            )
        )
    elif account.submitted or not (account.refused or account.unknown):
        say(said("{standing} Nothing sent now.", standing=_has_the_week(week)))
        tell_report(workspace, week.went)
    else:
        say(
            said(
                "Of issue {went}, this week's, no letter was taken: {account_words} Nothing sent now.",
                went=week.went,
                account_words=account_words(account),
            )
        )
    if week.special:
        say(said("The week's own issue has not gone; to send it too: {command} --again", command=command))
        return NOTHING_SENT
    return exit_of(send, account)


def _has_the_week(week: WeekPlan) -> str:
    by = said(", sent by itself with `newsletter send`") if week.special else ""
    over = week.send is None or week.send.state == "finished"
    went = said("went out this week already" if over else "has this week")
    return said("Issue {number} {went}{by}.", number=week.went, went=went, by=by)
