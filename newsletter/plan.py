"""What a send would do before it does anything: which issue, to whom, which letter; or what it would go on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter import deliver, issues, ledger
from newsletter.errors import IssueError
from newsletter.inspection import inspect
from newsletter.models import Issue, Letter, Problem
from subscribers import store

if TYPE_CHECKING:
    from newsletter.ledger import Account, Send
    from newsletter.wiring import House
    from subscribers.models import List


@dataclass(frozen=True, slots=True)
class Plan:
    """A send as it would be. ``earlier`` is set when there is one already; then nothing is rendered again."""

    issue: Issue
    target: List
    rhythm: str
    earlier: Send | None = None
    account: Account | None = None
    """Of the earlier send."""
    letter: Letter | None = None
    problems: Sequence[Problem] = ()
    audience: int = 0


def choose(house: House, name: str, *, list_name: str, rhythm: str) -> Issue:
    """The issue an editor names, or the newest one that has not gone to its list yet, or else the newest.

    Raises:
        IssueError: There is none.
    """
    if name:
        return issues.find(house.root, name)
    found = issues.every(house.root)
    if not found:
        raise IssueError("there is no issue yet", where=str(house.root), mend="make one with: newsletter compose")
    with house.database.read() as connection:
        lists = {count.list.id: count.list.name for count in store.lists(connection)}
        gone = {
            (send.issue, lists.get(send.list_id))
            for send in ledger.sends(connection)
            if send.rhythm == rhythm and send.state in {"finished", "cancelled"}
        }
    waiting = [issue for issue in found if (str(issue.number), list_name or issue.list) not in gone]
    return (waiting or found)[-1]


def make(house: House, issue: Issue, *, list_name: str, rhythm: str) -> Plan:
    """Look at everything a send of this issue needs, without writing anything.

    Args:
        house: The workspace.
        issue: The issue.
        list_name: Another list than the one the issue names, or empty.
        rhythm: ``weekly``, or ``all`` for everybody.

    Raises:
        UnknownList: No such list.
        IssueError, RenderError: The issue gives no letter.
    """
    with house.database.read() as connection:
        target = store.list_named(connection, list_name or issue.list)
        for send in ledger.sends_of(connection, str(issue.number)):
            if (send.list_id, send.rhythm) == (target.id, rhythm):
                return Plan(issue, target, rhythm, send, ledger.account(connection, send.id))
    inspected = inspect(house, issue, list_name=list_name, before_send=True)
    if inspected.failure is not None:
        raise inspected.failure
    with house.database.read() as connection:
        audience = deliver.audience(target.id, rhythm, house.now())
        count = ledger.count_without_delivery(connection, audience, str(issue.number))
    return Plan(issue, target, rhythm, letter=inspected.letter, problems=inspected.problems, audience=count)
