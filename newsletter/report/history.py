"""The issues before one, as far as it is compared with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from newsletter import clicks, ledger
from newsletter.ledger.counts import left_of, told_of
from newsletter.report.figures import comparison
from newsletter.report.models import IssueComparison, PastIssue, Report
from subscribers.store.growth import leavings, subscribed

if TYPE_CHECKING:
    from datetime import tzinfo

    from sqlalchemy import Connection, Select

    from newsletter.ledger import Send

MOST_ISSUES = 10


def compared(
    connection: Connection, report: Report, sends: Sequence[Send], past_issue: Callable[[str], PastIssue]
) -> IssueComparison:
    """An issue beside the last ten before it that went out; a letter of the latest posts beside those of its rhythm.

    Args:
        connection: An open connection to the database.
        report: Of the issue.
        sends: Of the issue.
        past_issue: What is told of the issue with a key; ``past_of``, or one that remembers.
    """
    here = report.as_past(report.begun or min(send.created for send in sends))
    kind = report.issue.rpartition("/")[0]
    past: list[PastIssue] = []
    for key in ledger.issues_before(connection, min(send.id for send in sends), kind):
        if key != report.issue and (one := past_issue(key)).submitted:
            past.append(one)
        if len(past) == MOST_ISSUES:
            break
    return comparison(here, past[::-1])


def leavings_of(connection: Connection, sends: Sequence[Send]) -> Mapping[int, Select[Any]]:
    """Id of each send to the query for those who left its list until the next letter: who leaves later leaves that one.

    Args:
        connection: An open connection to the database.
        sends: Of one issue.
    """
    return {
        send.id: leavings(send.list_id, since=send.created, until=ledger.next_letter_at(connection, send))
        for send in sends
    }


def past_of(connection: Connection, key: str, zone: tzinfo) -> PastIssue:
    """An issue as others are compared with it.

    Args:
        connection: An open connection to the database.
        key: Of the issue.
        zone: Of the site.
    """
    sends = ledger.sends_of(connection, key)
    told = told_of(connection, sends)
    links = clicks.of_issue(connection, key)
    return PastIssue(
        key,
        sends[0].subject,
        min(send.send_at or send.created for send in sends).astimezone(zone),
        told.get("submitted", 0),
        told.get("delivered", 0),
        told.get("bounced", 0),
        told.get("complained", 0),
        left_of(connection, sends, leavings_of(connection, sends), subscribed),
        sum(link.people for link in links),
        bool(links),
    )
