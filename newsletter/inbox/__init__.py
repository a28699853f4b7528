"""The mailbox that answers come to, read and applied: bounces, wishes to leave, and confirmations by reply.

For a newsroom without a server for the reader pages, and for one that sends over SMTP, whose bounces come as messages.
Every message is handled once: what was handled is remembered in the transaction that handles it. The mailbox itself is
only read. ``messages`` understands one message, ``statuses`` a delivery status, ``mailboxes`` reads the files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import events, ledger
from newsletter.inbox.mailboxes import Item, file_names, items
from newsletter.inbox.messages import Found, Notice, understand
from newsletter.senders.sendgrid.events import Report
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.errors import AddressError, ConsentError, LinkError
from subscribers.models import Event

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.database import Database

ROAD = "mail"
"""What the record of consent says of how it came."""
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Desk:
    """What is needed of the workspace."""

    database: Database
    own_address: str
    """Bare address that our letters come from."""
    link_keys: Mapping[int, bytes]
    suppression_keys: Mapping[int, bytes]
    now: datetime
    letters: bool
    """Whether who leaves gets the goodbye letter: only where somebody sends small letters."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a mailbox; each message counts once, in one of these."""

    read: int = 0
    """Messages that were looked at; those handled in an earlier run are not among them."""
    bounced: int = 0
    """Letters that came back."""
    complained: int = 0
    reported: int = 0
    """Reports of another kind: delays, deliveries."""
    left: int = 0
    confirmed: int = 0
    known: int = 0
    """What they say was done before."""
    refused: int = 0
    """Links that are not ours or too old, bounces of letters that are not ours or not to that address."""
    automatic: int = 0
    """Answers of machines, mailing lists, loops: nothing is done for them."""
    other: int = 0
    """Ordinary mail, for people."""
    unreadable: int = 0
    paused: tuple[str, ...] = ()
    """Why sends were paused, by what the reports say."""
    dry_run: bool = False


def read(desk: Desk, path: Path, *, dry_run: bool = False) -> Result:
    """Read what is new in a mailbox and apply it.

    Args:
        desk: The workspace.
        path: A Maildir, or an mbox file.
        dry_run: Tell what would be done; nothing is written.

    Raises:
        SourceError: It is no mailbox, or cannot be read.
        DatabaseError: What was not applied is read again next time.
    """
    with desk.database.read() as connection:
        known = _remembered(connection, file_names(path))
    counts: Counter[str] = Counter()
    paused: list[str] = []
    found = items(path, known)
    while group := list(islice(found, _AT_ONCE)):
        with desk.database.read() as connection:
            before = _remembered(connection, [name for item in group for name in item.names])
        fresh = [item for item in group if not before.intersection(item.names)]
        understood = [(item, understand(item.raw, desk.own_address)) for item in fresh]
        counts["read"] += len(fresh)
        if dry_run:
            with desk.database.read() as connection:
                counts.update(_would(desk, connection, message) for _, message in understood)
        else:
            counts.update(_apply(desk, understood, paused))
            # Also those known by their content alone, so that their files need not be read again.
            with desk.database.write() as connection:
                _remember(connection, desk.now, group)
    return Result(**counts, paused=tuple(dict.fromkeys(paused)), dry_run=dry_run)


# ---- applying


def _apply(desk: Desk, messages: Sequence[tuple[Item, Found]], paused: list[str]) -> Iterator[str]:
    """Do what each message says, and give what it counts as."""
    for item, message in messages:
        if message.kind == "report":
            yield _report(desk, message, paused)
        elif message.kind in {"leave", "confirm"}:
            with desk.database.write() as connection:
                act = _leave if message.kind == "leave" else _confirm
                outcome = act(desk, connection, message)
                _remember(connection, desk.now, [item])
            yield outcome
        else:
            yield message.kind


def _report(desk: Desk, message: Found, paused: list[str]) -> str:
    with desk.database.read() as connection:
        reports = [_event(desk, message, one) for one in message.notices if _is_ours(connection, one)]
    if not reports:
        return "refused"
    # Told twice, an event changes nothing: so it may be applied before the message is remembered.
    received = events.receive(desk.database, reports, now=desk.now, suppression_keys=desk.suppression_keys)
    paused += received.paused
    return _sort(reports) if received.new else "known"


def _event(desk: Desk, message: Found, notice: Notice) -> Report:
    at = min(message.at or desk.now, desk.now)
    return Report(Event(notice.kind, at, notice.name, bounce=notice.bounce, reason=notice.reason), request_id="")


def _is_ours(connection: Connection, notice: Notice) -> bool:
    """Whether there is such a delivery and it went to one of these addresses: names can be guessed, that cannot."""
    subscriber_id = ledger.subscriber_of(connection, notice.name)
    person = store.find_id(connection, subscriber_id) if subscriber_id is not None else None
    return person is not None and _key(person.address) in {_key(address) for address in notice.addresses}


def _key(address: str) -> str:
    try:
        return normalise(address).key
    except AddressError:
        return ""


def _sort(reports: Sequence[Report]) -> str:
    kinds = {report.event.kind for report in reports}
    return next((kind for kind in ("complained", "bounced", "left") if kind in kinds), "reported")


def _leave(desk: Desk, connection: Connection, message: Found) -> str:
    try:
        person, list_id = actions.holder_of(connection, message.tokens[0], "leave", desk.link_keys)
    except LinkError:
        return "refused"
    ended = actions.leave(
        connection, person.id, list_id, now=desk.now, how=ROAD, words=message.words, letters=desk.letters
    )
    return "left" if ended else "known"


def _confirm(desk: Desk, connection: Connection, message: Found) -> str:
    for token in message.tokens:
        try:
            done = actions.confirm(connection, token, now=desk.now, how=ROAD, words=message.words)
        except LinkError:
            continue
        except ConsentError:
            return "refused"
        return "known" if done.already else "confirmed"
    return "other"


def _would(desk: Desk, connection: Connection, message: Found) -> str:
    """What a message would count as, without writing anything."""
    if message.kind == "report":
        ours = [_event(desk, message, one) for one in message.notices if _is_ours(connection, one)]
        return _sort(ours) if ours else "refused"
    if message.kind == "leave":
        try:
            actions.holder_of(connection, message.tokens[0], "leave", desk.link_keys)
        except LinkError:
            return "refused"
        return "left"
    if message.kind == "confirm":
        behind = (actions.confirmation_behind(connection, token, now=desk.now) for token in message.tokens)
        return "confirmed" if any(one is not None for one in behind) else "other"
    return message.kind


# ---- what was handled


def _remembered(connection: Connection, names: Sequence[str]) -> frozenset[str]:
    return ledger.marked(connection, names)


def _remember(connection: Connection, now: datetime, handled: Sequence[Item]) -> None:
    for item in handled:
        for name in item.names:
            ledger.set_mark(connection, name, int(now.timestamp()))
