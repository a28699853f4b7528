"""What providers report, applied: the ledger and the subscriber change together, or neither does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.errors import NashraError
from newsletter.senders.sendgrid import events as sendgrid
from newsletter.senders.sendgrid.events import Report
from subscribers import actions

if TYPE_CHECKING:
    from newsletter.database import Database

OK, BAD, FORBIDDEN, TRY_AGAIN = 200, 400, 403, 503


@dataclass(frozen=True, slots=True)
class Received:
    """What came of the events of one report."""

    new: int = 0
    known: int = 0
    strange: int = 0
    """About no delivery of ours."""
    paused: tuple[str, ...] = ()
    """Why sends were paused, one reason each."""


def receive(
    database: Database, reports: Sequence[Report], *, now: datetime, suppression_keys: Mapping[int, bytes]
) -> Received:
    """Apply events in one transaction; an event told again changes nothing, and order does not matter.

    Args:
        database: The workspace's.
        reports: In any order.
        now: Aware.
        suppression_keys: Keys of suppressed addresses.

    Raises:
        DatabaseError: Nothing was stored; the provider should tell it again.
    """
    new = known = strange = 0
    sends: set[int] = set()
    reasons = []
    with database.write() as connection:
        for report in reports:
            noted = ledger.note(connection, report.event, report.request_id)
            if noted is None:
                strange += 1
            elif not noted.new:
                known += 1
            else:
                new += 1
                sends.add(noted.send_id)
                actions.receive(
                    connection,
                    report.event,
                    subscriber_id=noted.subscriber_id,
                    list_id=noted.list_id,
                    now=now,
                    keys=suppression_keys,
                )
        for send_id in sends:
            if reason := ledger.ill(connection, send_id):
                send = next(one for one in ledger.sends(connection) if one.id == send_id)
                ledger.move(connection, send, "paused", reason=reason)
                reasons.append(reason)
    return Received(new, known, strange, tuple(reasons))


def sendgrid_hook(
    database: Database,
    *,
    public_key: str,
    suppression_keys: Mapping[int, bytes],
    now: Callable[[], datetime],
) -> Callable[[Mapping[str, str], bytes], int]:
    """The answer to ``POST /hooks/sendgrid``: headers (names in lower case) and raw body in, a status out.

    200 only when the events are stored, also when they were before; 403 for what SendGrid did not sign, 400 for what
    is no report, 503 when it could not be stored, so that SendGrid tells it again.
    """

    def hook(headers: Mapping[str, str], body: bytes) -> int:
        if not sendgrid.genuine(public_key, headers, body):
            return FORBIDDEN
        try:
            reports = sendgrid.reports(body)
        except (ValueError, RecursionError):
            return BAD
        try:
            receive(database, reports, now=now(), suppression_keys=suppression_keys)
        except NashraError:
            return TRY_AGAIN
        return OK

    return hook
