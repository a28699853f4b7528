"""What the schedule of the settings asks for, done: the draft of the week, the daily letter, the instant ones.

The worker calls this again and again, and so can cron. Each appointed moment is handled once; what goes out is held by
its period, so nothing depends on how often this is called or on what the clock does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.ledger.cursors import SCHEDULE
from newsletter.rhythms import schedule
from newsletter.rhythms.schedule import JOBS, Due
from subscribers.errors import ClosedList, Complaint

if TYPE_CHECKING:
    from sqlalchemy import Connection

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

    done: list[DutyOutcome] = []
    gathered = False
    for due in waiting(workspace):
        for name in workspace.settings.schedule.lists:
            try:
                if not gathered:
                    found = gather(workspace)
                    for each in found.troubles:
                        tell(f"trouble: {each}")
                    for note in found.notes:
                        tell(f"note: {note}")
                    gathered = True
                one = DutyOutcome(due, name, _do(workspace, due, name))
            except ClosedList as closed:
                # Trouble would be tried, and told, again and again; nothing about it mends itself.
                one = DutyOutcome(due, name, f"skipped: {closed.what}; take it out of [schedule] lists")
            except Complaint as complaint:
                one = DutyOutcome(due, name, trouble=complaint)
            done.append(one)
            tell(f"{due.job} '{name}': {one.words or one.trouble}")
        if not any(one.trouble for one in done if one.due is due):
            with workspace.database.write() as connection:
                ledger.set_cursor(connection, SCHEDULE + due.job, int(due.moment.timestamp()))
    return done


def _handled(connection: Connection) -> dict[str, int]:
    """Job to the moment that was handled last; who has no moment yet is missing."""
    return {job: at for job in JOBS if (at := ledger.cursor(connection, SCHEDULE + job))}


def _do(workspace: Workspace, due: Due, list_name: str) -> str:
    # What only a run needs; to look at the schedule costs half.
    from newsletter.workflows import latest, weekly

    if due.job == "weekly":
        week = weekly.prepare(workspace, list_name=list_name)
        if week.went:
            return f"issue {week.went} went out this week already"
        if week.plan is None:
            return "nothing new"
        on_its_way = week.plan.earlier is not None
        return f"issue {week.plan.issue.number} is on its way" if on_its_way else f"the draft is {week.plan.issue.path}"
    outcome = latest.run(workspace, due.job, list_name=list_name, period=due.period)
    if outcome.latest.went:
        return f"{outcome.latest.went} went out already"
    if outcome.latest.issue is None:
        return "nothing new"
    words = f"{outcome.sent_now:,} letters: {outcome.latest.issue.subject}"
    if outcome.looked.withdrawn:
        words += (
            f"; left out, since their site took them back: articles {', '.join(map(str, outcome.looked.withdrawn))}"
        )
    return "; ".join([words, *outcome.looked.notes])
