"""What providers report, applied: the ledger and the subscriber change together, or neither does.

A small letter is no delivery of a send, so the ledger keeps no event of it; the rules for its reader are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from newsletter import ledger
from newsletter.errors import NashraError
from newsletter.senders.sendgrid import events as sendgrid
from newsletter.senders.sendgrid.events import Report
from newsletter.small_names import letter_of
from subscribers import actions, store
from subscribers.models import Event

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.database import Database

OK, BAD, FORBIDDEN, TRY_AGAIN = 200, 400, 403, 503

Told = Literal["new", "known", "strange"]
_ACT = frozenset({"bounced", "complained", "left"})
"""Kinds of events that may change something for a reader."""


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
    database: Database,
    reports: Sequence[Report],
    *,
    now: datetime,
    link_keys: Mapping[int, bytes],
    suppression_keys: Mapping[int, bytes],
) -> Received:
    """Apply events in one transaction; an event told again changes nothing, and order does not matter.

    Args:
        database: The workspace's.
        reports: In any order.
        now: Aware.
        link_keys: The keys that sign links, and names of small letters.
        suppression_keys: Keys of suppressed addresses.

    Raises:
        DatabaseError: Nothing was stored; the provider should tell it again.
    """
    new = known = strange = 0
    sends: set[int] = set()
    reasons = []
    with database.write() as connection:
        for report in reports:
            letter_id = letter_of(report.event.delivery, link_keys)
            if letter_id is not None:
                told = _of_small_letter(connection, letter_id, report.event, now=now, keys=suppression_keys)
                new, known, strange = new + (told == "new"), known + (told == "known"), strange + (told == "strange")
                continue
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


def _of_small_letter(
    connection: Connection, letter_id: int, event: Event, *, now: datetime, keys: Mapping[int, bytes]
) -> Told:
    """Do what an event means for the reader of a small letter, once for each letter and kind of event."""
    about = store.small_letter_of(connection, letter_id)
    if about is None:
        return "strange"  # its reader was erased
    # Whatever is told of it, the provider has taken it.
    store.taken(connection, letter_id)
    if event.kind not in _ACT:
        return "new"
    # A mark holds a number and no address. With it an event that is told again does not do again what an editor undid.
    mark = f"small letter {letter_id} {event.kind} {event.bounce or ''}".strip()
    if not ledger.advance_mark(connection, mark, 1):
        return "known"
    actions.receive(connection, event, subscriber_id=about.subscriber_id, list_id=about.list_id, now=now, keys=keys)
    return "new"


def sendgrid_hook(
    database: Database,
    *,
    public_key: str,
    link_keys: Mapping[int, bytes],
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
            receive(database, reports, now=now(), link_keys=link_keys, suppression_keys=suppression_keys)
        except NashraError:
            return TRY_AGAIN
        return OK

    return hook
