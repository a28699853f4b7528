"""What the schedule of the settings asks for, done: the draft of the week, the daily letter, the instant ones.

The worker calls this again and again, and so can cron. Each appointed moment is handled once; what goes out is held by
its period, so nothing depends on how often this is called or on what the clock does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.ledger.cursors import SCHEDULE
from newsletter.rhythms import schedule
from newsletter.rhythms.schedule import JOBS, Due
from newsletter.text.sentences import joined, said
from subscribers.errors import ClosedList, Complaint

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger import Send, SendCounts
    from newsletter.wiring import Workspace


@dataclass(frozen=True, slots=True)
class DutyOutcome:
    """What came of one duty for one list."""

    due: Due
    list: str
    words: str = ""
    """What happened."""
    trouble: Complaint | None = None
    """Why it did not come to its end; it is tried again with the next call."""
    held: bool = False
    """Whether a letter was due and does not go by itself: paused, cancelled, or another issue has its week."""
    faulty: bool = False
    """Whether letters were refused, or are unknown."""


def waiting(workspace: Workspace) -> list[Due]:
    """What is due now, in its order. What is scheduled for the first time begins with its next moment."""
    with workspace.database.read() as connection:
        handled = _handled(connection)
    found = schedule.due(workspace.now(), workspace.zone, workspace.settings.schedule, handled)
    fresh = [one for one in found if one.job not in handled]
    if fresh:
        with workspace.database.write() as connection:
            for one in fresh:
                ledger.set_cursor(connection, SCHEDULE + one.job, int(one.moment.timestamp()))
    return [one for one in found if one.job in handled]


def run(workspace: Workspace, tell: Callable[[str], None] = lambda _: None) -> list[DutyOutcome]:
    """Do everything that is due. Trouble with one thing keeps no other from being done.

    Args:
        workspace: The workspace.
        tell: Told one line for each thing that is done.
    """
    from newsletter.workflows.collect import gather
    from newsletter.workflows.site_posts.looking import look

    look(workspace, tell)
    done: list[DutyOutcome] = []
    gathered = False
    for due in waiting(workspace):
        for name in workspace.settings.schedule.lists:
            try:
                if not gathered:
                    found = gather(workspace)
                    for each in found.troubles:
                        tell(said("trouble: {line}", line=str(each)))
                    for note in found.notes:
                        tell(said("note: {line}", line=note))
                    gathered = True
                one = _do(workspace, due, name)
            except ClosedList as closed:
                # Trouble would be tried, and told, again and again; nothing about it mends itself.
                one = DutyOutcome(due, name, said("skipped: {what}; take it out of [schedule] lists", what=closed.what))
            except Complaint as complaint:
                one = DutyOutcome(due, name, trouble=complaint)
            done.append(one)
            tell(said("{job} '{name}': {what}", job=said(due.job), name=name, what=one.words or str(one.trouble)))
        if not any(one.trouble for one in done if one.due is due):
            with workspace.database.write() as connection:
                ledger.set_cursor(connection, SCHEDULE + due.job, int(due.moment.timestamp()))
    return done


def _handled(connection: Connection) -> dict[str, int]:
    """Job to the moment that was handled last; who has no moment yet is missing."""
    return {job: at for job in JOBS if (at := ledger.cursor(connection, SCHEDULE + job))}


def _do(workspace: Workspace, due: Due, list_name: str) -> DutyOutcome:
    # What only a run needs; to look at the schedule costs half.
    from newsletter.workflows import latest, weekly

    if due.job == "weekly":
        week = weekly.prepare(workspace, list_name=list_name)
        if week.went:
            return _standing(
                DutyOutcome(due, list_name),
                said("issue {number}", number=week.went),
                week.send,
                week.account,
                week.special,
            )
        if week.plan is None:
            return DutyOutcome(due, list_name, said("nothing new"))
        on_its_way = week.plan.earlier is not None
        number, path = week.plan.issue.number, week.plan.issue.path
        way = (
            said("issue {number} is on its way", number=number)
            if on_its_way
            else said("the draft is {path}", path=path)
        )
        return DutyOutcome(due, list_name, way)
    outcome = latest.run(workspace, due.job, list_name=list_name, period=due.period)
    found = outcome.latest
    if found.went:
        return _standing(DutyOutcome(due, list_name), found.went, found.send, found.account)
    if found.issue is None:
        return DutyOutcome(due, list_name, said("nothing new"))
    words = said("{count} letters: {subject}", count=f"{outcome.sent_now:,}", subject=found.issue.subject)
    if outcome.looked.withdrawn:
        numbers = ", ".join(map(str, outcome.looked.withdrawn))
        words += said("; left out, since their site took them back: articles {numbers}", numbers=numbers)
    account = outcome.account
    return DutyOutcome(
        due,
        list_name,
        joined([words, *outcome.looked.notes, *(one.words for one in outcome.pages)]),
        held=account is not None and account.open > 0,
        faulty=account is not None and account.refused + account.unknown > 0,
    )


def _standing(
    one: DutyOutcome, name: str, send: Send | None, account: SendCounts | None, special: bool = False
) -> DutyOutcome:
    """How a letter stands that has the period already."""
    if send is None or account is None:
        return replace(one, words=said("{issue} has it already", issue=name))
    stopped = send.state == "cancelled" or (send.state == "paused" and account.open > 0)
    went = send.state == "finished" and (account.submitted > 0 or account.refused + account.unknown == 0)
    words = said("{issue} went out already", issue=name)
    if not went:
        taken = f"{account.submitted:,}"
        words = said("{issue} is {state}, {taken} letters were taken", issue=name, state=said(send.state), taken=taken)
        words += said(": {reason}", reason=send.reason) if send.reason else ""
    if special:
        words += said("; it was sent by itself, the week's own goes with: newsletter weekly --again")
    return replace(one, words=words, held=stopped or special, faulty=account.refused + account.unknown > 0)
