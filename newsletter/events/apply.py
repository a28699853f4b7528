"""What providers report, applied: the ledger and the subscriber change together, or neither does.

A small letter is no delivery of a send, so the ledger keeps no event of it; the rules for its reader are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from newsletter import clicks, ledger
from newsletter.delivery.names import letter_of
from newsletter.events.held import waiting
from newsletter.ledger import ReportedDelivery
from newsletter.senders.reports import EventReport
from newsletter.text.reasons import is_reason, reason_of
from subscribers import actions, store
from subscribers.models import Event

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.storage.database import Database

Told = Literal["new", "known", "strange"]
_ACT = frozenset({"bounced", "complained", "left"})
"""Kinds of events that may change something for a reader."""
_MOST_BYTES = 2000
"""Of what a provider tells in words of its own."""


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """What came of the events of one report."""

    new: int = 0
    known: int = 0
    strange: int = 0
    """About no delivery of ours."""
    unknown_sends: Mapping[str, int] = field(default_factory=dict)
    """Public id of each send that the database does not know to the number of these events that are about it."""
    paused: tuple[str, ...] = ()
    """Why sends were paused, one reason each."""
    held: tuple[str, ...] = ()
    """What is held as doubtful, a line for each domain, when this report brought more of it."""


def receive(
    database: Database,
    reports: Sequence[EventReport],
    *,
    now: datetime,
    link_keys: Mapping[int, bytes],
    suppression_keys: Mapping[int, bytes],
    count_clicks: bool = False,
) -> ReportOutcome:
    """Apply events in one transaction; an event told again changes nothing, and order does not matter.

    Args:
        database: The workspace's.
        reports: In any order.
        now: The present moment, timezone-aware.
        link_keys: The keys that sign links, and names of small letters.
        suppression_keys: Keys of suppressed addresses.
        count_clicks: Whether clicks are added to the numbers of their links; else they are dropped. Whose they were
            is forgotten either way, and so is who opened a letter.

    Raises:
        DatabaseError: Nothing was stored; the provider should tell it again.
    """
    reports = [_storable(report) for report in reports]
    letters = [letter_of(report.event.delivery, link_keys) for report in reports]
    counts: Counter[Told] = Counter()
    acts: Counter[actions.Outcome] = Counter()
    with database.write() as connection:
        # All of them at once: most events change nothing for a reader, and are many.
        of_sends = [report for report, letter in zip(reports, letters, strict=True) if letter is None]
        noted = ledger.note(connection, [(report.event, report.request_id) for report in of_sends])
        if count_clicks:
            noted = _clicks(connection, of_sends, noted, keys=link_keys, now=now)
        if any(report.event.kind == "bounced" for report in reports):
            # Before anything of a reader is locked, so that nobody waits for one who waits for them.
            store.lock_bounces(connection)
            store.forget_old_bounces(connection, now=now)
        remaining = iter(noted)
        for report, letter in zip(reports, letters, strict=True):
            if letter is None:
                told = _of_delivery(connection, next(remaining), report.event, acts, now=now, keys=suppression_keys)
            else:
                told = _of_small_letter(connection, letter, report.event, acts, now=now, keys=suppression_keys)
            counts[told] += 1
        _release(connection, of_sends, noted)
        nobodys = [report.event for report, one in zip(of_sends, noted, strict=True) if one is None]
        unknown_sends = ledger.note_unknown_sends(connection, nobodys, now) if nobodys else {}
        paused = _pause(connection, sorted({one.send_id for one in noted if one is not None and one.new}))
        held = waiting(connection) if acts["held"] else ()
    return ReportOutcome(counts["new"], counts["known"], counts["strange"], unknown_sends, paused, held)


def _storable(report: EventReport) -> EventReport:
    """The same without what a database refuses: PostgreSQL no sign zero, and none half a sign.

    One event like that would keep the whole report out for as long as the provider tells it.
    """
    event = report.event
    url, reason, named = _tidy(event.url), _tidy(event.reason), _named(event)
    if (url, reason, named) == (event.url, event.reason, event.named):
        return report
    return replace(report, event=replace(event, url=url, reason=reason, named=named))


def _named(event: Event) -> str:
    """Why it bounced or was deferred, as a name of the closed list: no words of strangers are ever kept."""
    if event.kind not in {"bounced", "deferred"}:
        return ""
    return event.named if is_reason(event.named) else reason_of(event.reason, kind=event.bounce)


def _tidy(text: str) -> str:
    return text.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore").replace("\0", "")


def _of_delivery(
    connection: Connection,
    noted: ReportedDelivery | None,
    event: Event,
    acts: Counter[actions.Outcome],
    *,
    now: datetime,
    keys: Mapping[int, bytes],
) -> Told:
    """Do what an event of a delivery means for its reader, once it is written down."""
    if noted is None:
        return "strange"
    if not noted.new:
        return "known"
    if event.kind in _ACT:
        about = {"subscriber_id": noted.subscriber_id, "list_id": noted.list_id}
        acts[actions.receive(connection, event, **about, now=now, keys=keys)] += 1
    return "new"


def _clicks(
    connection: Connection,
    reports: Sequence[EventReport],
    noted: Sequence[ReportedDelivery | None],
    *,
    keys: Mapping[int, bytes],
    now: datetime,
) -> list[ReportedDelivery | None]:
    """Count the clicks among these events; what was noted, with those that were counted before no longer as new."""
    found = [at for at, one in enumerate(noted) if one is not None and reports[at].event.kind == "clicked"]
    letters: dict[int, tuple[str, str]] = {}
    subjects = ledger.subjects_of(connection, [reports[at].event.delivery for at in found])
    told = []
    for at in found:
        one, event = noted[at], reports[at].event
        assert one is not None
        if one.send_id not in letters:
            send, target = ledger.send(connection, one.send_id), store.list_by_id(connection, one.list_id)
            assert send is not None
            letters[one.send_id] = send.issue, target.name
        issue, list_name = letters[one.send_id]
        subject = subjects.get(event.delivery, 0)
        told.append(clicks.ReportedClick(issue, list_name, subject, event.delivery, event.url, event.at, event.machine))
    after = list(noted)
    for at, new in zip(found, clicks.count_reported(connection, told, keys=keys, now=now) if told else (), strict=True):
        one = noted[at]
        after[at] = replace(one, new=new) if one is not None else None
    return after


def _release(connection: Connection, reports: Sequence[EventReport], noted: Sequence[ReportedDelivery | None]) -> None:
    """Forget the held bounces of readers whom a later letter reached, as these events say."""
    reached: dict[int, datetime] = {}
    for report, one in zip(reports, noted, strict=True):
        if one is not None and one.new and report.event.kind == "delivered":
            known = reached.get(one.subscriber_id, report.event.at)
            reached[one.subscriber_id] = max(known, report.event.at)
    store.release_held(connection, reached)


def _pause(connection: Connection, send_ids: Sequence[int]) -> tuple[str, ...]:
    """Pause those of these sends that do harm; why, one reason each."""
    reasons = []
    for send_id in send_ids:
        if reason := ledger.ill(connection, send_id):
            send = ledger.send(connection, send_id)
            assert send is not None
            ledger.move(connection, send, "paused", reason=reason, by="reports")
            reasons.append(reason)
    return tuple(reasons)


def _of_small_letter(
    connection: Connection,
    letter_id: int,
    event: Event,
    acts: Counter[actions.Outcome],
    *,
    now: datetime,
    keys: Mapping[int, bytes],
) -> Told:
    """Do what an event means for the reader of a small letter, once for each letter and kind of event."""
    about = store.small_letter_of(connection, letter_id)
    if about is None:
        return "strange"  # its reader was erased
    # Whatever is told of it, the provider has taken it.
    store.taken(connection, letter_id)
    if event.kind == "delivered":
        store.release_held(connection, {about.subscriber_id: event.at})
    if event.kind not in _ACT:
        return "new"
    # A cursor holds a number, no address. With it an event that is told again does not do again what an editor undid.
    name = f"small letter {letter_id} {event.kind} {event.bounce or ''}".strip()
    if not ledger.advance_cursor(connection, name, 1):
        return "known"
    who = {"subscriber_id": about.subscriber_id, "list_id": about.list_id}
    acts[actions.receive(connection, event, **who, now=now, keys=keys)] += 1
    return "new"
