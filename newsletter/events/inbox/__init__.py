"""The mailbox that answers come to, read and applied: bounces, wishes to leave or to subscribe, confirmations by reply.

For a newsroom without a server for the reader pages, and for one that sends over SMTP, whose bounces come as messages.
Every message is handled once: what was handled is remembered in the transaction that handles it; a wish for which
there were too many others within an hour is not, and is tried again. The mailbox itself is only read. ``messages``
understands one message, ``answers`` what somebody says in it, ``statuses`` a delivery status; ``wishes`` does what
people ask for, ``mailboxes`` reads the files.

Anybody can write any From. So a message that wants to subscribe only brings a confirmation letter, within caps of its
own; what protects the one whose address was used is that nothing follows without an answer to that letter. To leave
takes the token of a letter, in the subject that its unsubscribe address writes. To confirm takes the token in the
subject that its button writes, or a plain yes beside the letter's name or the token in the letter that is quoted: a
letter that is only quoted, by a question, a refusal or a machine, confirms nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.delivery.names import letter_of
from newsletter.errors import SourceError
from newsletter.events import apply as events
from newsletter.events import dmarc
from newsletter.events.dmarc import ReadReport
from newsletter.events.inbox.mailboxes import MailboxMessage, file_names, items
from newsletter.events.inbox.messages import BounceNotice, ParsedMessage, understand
from newsletter.events.inbox.wishes import ACTS
from newsletter.ledger.dmarc import keep_report, note_authentication
from newsletter.senders.reports import EventReport
from newsletter.storage.database import Database
from newsletter.storage.rehearsal import taken_back
from subscribers import store
from subscribers.addresses import normalise
from subscribers.errors import AddressError
from subscribers.models import Event, Rhythm
from subscribers.store.limits import Caps

if TYPE_CHECKING:
    from sqlalchemy import Connection

_AT_ONCE, _REHEARSED = 100, 1000
"""Messages read at once, and those that a dry run tries in one transaction, which keeps other writers waiting."""


@dataclass(frozen=True, slots=True)
class InboxSetup:
    """What is needed of the workspace."""

    database: Database
    own_address: str
    """Bare address that our letters come from."""
    link_keys: Mapping[int, bytes]
    suppression_keys: Mapping[int, bytes]
    now: datetime
    lists: tuple[str, ...] = ()
    """What one can subscribe to by mail; the first is meant by who names none. Empty: nothing."""
    caps: Caps = field(default_factory=Caps)
    rhythm: Rhythm = "weekly"
    """Of who subscribes by mail."""
    rhythms: Mapping[str, Rhythm] = field(default_factory=dict)
    """The same for one list, by its name, where it differs."""
    servers: tuple[str, ...] = ()
    """Names of the servers whose ``Authentication-Results`` are believed, lower case."""
    domains: tuple[str, ...] = ()
    """Domains that our letters come from: reports about others are refused."""
    read_report: ReadReport = dmarc.parsed
    """What reads a DMARC report."""


@dataclass(frozen=True, slots=True)
class InboxOutcome:
    """What came of a mailbox; each message counts once, in one of these."""

    read: int = 0
    """Messages that were looked at; those handled in an earlier run are not among them."""
    bounced: int = 0
    """Letters that came back."""
    complained: int = 0
    reported: int = 0
    """Reports of another kind: delays, deliveries."""
    left: int = 0
    stayed: int = 0
    """Who were asked whether they still want their letters, and do."""
    confirmed: int = 0
    asked: int = 0
    """Who want to subscribe, and get a confirmation letter."""
    known: int = 0
    """What they say was done before."""
    later: int = 0
    """Wishes for which there were too many others within an hour: the next run tries them again."""
    refused: int = 0
    """Links that are not ours or too old, bounces that name no letter of ours or several, or not its address, wishes to
    subscribe with an address that must not be mailed or got a confirmation letter lately, or too old."""
    dmarc: int = 0
    """Messages with DMARC reports that are new."""
    automatic: int = 0
    """Answers of machines, mailing lists, loops: nothing is done for them."""
    other: int = 0
    """Ordinary mail, for people."""
    unreadable: int = 0
    paused: tuple[str, ...] = ()
    """Why sends were paused, by what the reports say."""
    held: tuple[str, ...] = ()
    """What is held as doubtful, a line for each domain, when this mailbox brought more of it."""
    dry_run: bool = False


def read(setup: InboxSetup, path: Path, *, dry_run: bool = False) -> InboxOutcome:
    """Read what is new in a mailbox and apply it.

    Args:
        setup: What every delivery needs.
        path: A Maildir, or an mbox file.
        dry_run: Tell what would be done; nothing is written.

    Raises:
        SourceError: It is no mailbox, or cannot be read.
        DatabaseError: What was not applied is read again next time.
    """
    with setup.database.read() as connection:
        known = _remembered(connection, file_names(path))
    run = _Run(setup)
    found = items(path, known)
    while group := list(islice(found, _AT_ONCE)):
        with setup.database.read() as connection:
            before = _remembered(connection, [name for item in group for name in item.names]) | run.rehearsed
        fresh = [item for item in group if not before.intersection(item.names)]
        run.counts["read"] += len(fresh)
        understood = [(item, understand(item.raw, setup.own_address, setup.servers)) for item in fresh]
        if dry_run:
            run.rehearse(understood)
        else:
            waiting = run.apply(understood)
            # Also those known by their content alone, so that their files need not be read again.
            with setup.database.write() as connection:
                _remember(connection, setup.now, [item for item in group if item.label not in waiting])
    run.finish_rehearsal()
    return InboxOutcome(**run.counts, paused=tuple(dict.fromkeys(run.paused)), held=tuple(run.held), dry_run=dry_run)


class _Run:
    """One reading of a mailbox.

    Args:
        setup: What every delivery needs.
    """

    def __init__(self, setup: InboxSetup) -> None:
        self._setup = setup
        self._no_more = False
        self._to_rehearse: list[tuple[MailboxMessage, ParsedMessage]] = []
        self.counts: Counter[str] = Counter()
        self.paused: list[str] = []
        self.held: list[str] = []
        self.rehearsed: set[str] = set()
        """Names of the messages that a dry run has seen."""

    def apply(
        self, messages: Sequence[tuple[MailboxMessage, ParsedMessage]], setup: InboxSetup | None = None
    ) -> set[str]:
        """Do what each message says, and count it; gives the labels of those that are to be tried again."""
        setup = setup or self._setup
        waiting = set()
        for item, message in messages:
            outcome = self._one(setup, item, message)
            self.counts[_COUNTED.get(outcome, outcome)] += 1
            if outcome in _COUNTED:
                waiting.add(item.label)
        return waiting

    def _one(self, setup: InboxSetup, item: MailboxMessage, message: ParsedMessage) -> str:
        if message.kind == "report":
            return _report(setup, message, self.paused, self.held)
        if message.kind == "dmarc":
            return _reports_of(setup, item, message)
        act = ACTS.get(message.kind)
        if act is None:
            if message.results:
                with setup.database.write() as connection:
                    note_authentication(connection, message.results, at=min(message.at or setup.now, setup.now))
                    _remember(connection, setup.now, [item])
            return message.kind
        if message.kind == "subscribe" and self._no_more:
            return "full"
        with setup.database.write() as connection:
            outcome = act(setup, connection, message)
            if outcome not in _COUNTED:
                _remember(connection, setup.now, [item])
        # A mailbox flooded with wishes must not cost a transaction for each of them at every run.
        self._no_more = self._no_more or outcome == "full"
        return outcome

    def rehearse(self, messages: Sequence[tuple[MailboxMessage, ParsedMessage]]) -> None:
        """Note what these messages would be counted as; those that would change something are tried some at a time."""
        self.rehearsed.update(name for item, _ in messages for name in item.names)
        for item, message in messages:
            if message.kind in ACTS or message.kind in {"report", "dmarc"}:
                # What was understood is enough.
                self._to_rehearse.append((replace(item, raw=b""), message))
            else:
                self.counts[message.kind] += 1
        if len(self._to_rehearse) >= _REHEARSED:
            self.finish_rehearsal()

    def finish_rehearsal(self) -> None:
        """Do what is to be tried, and take it back."""
        if self._to_rehearse:
            with taken_back(self._setup.database) as database:
                self.apply(self._to_rehearse, replace(self._setup, database=database))
        self._to_rehearse = []


# ---- applying


def _report(setup: InboxSetup, message: ParsedMessage, paused: list[str], held: list[str]) -> str:
    with setup.database.read() as connection:
        reports = [_event(setup, message, one) for one in message.notices if _is_ours(setup, connection, one)]
    if not reports:
        return "refused"
    # Told twice, an event changes nothing: so it may be applied before the message is remembered.
    received = events.receive(
        setup.database, reports, now=setup.now, link_keys=setup.link_keys, suppression_keys=setup.suppression_keys
    )
    paused += received.paused
    held[:] = received.held or held  # each time all that is held by then
    return _sort(reports) if received.new else "known"


def _reports_of(setup: InboxSetup, item: MailboxMessage, message: ParsedMessage) -> str:
    """Keep the DMARC reports of a message; each counts once, whoever brings it again."""
    found = []
    for data in message.attached:
        try:
            found.append(setup.read_report(data, item.label, setup.domains, setup.now))
        except SourceError:
            continue
    if not found:
        return "refused"
    with setup.database.write() as connection:
        new = [keep_report(connection, one, now=setup.now) for one in found]
        _remember(connection, setup.now, [item])
    return "dmarc" if any(new) else "known"


def _event(setup: InboxSetup, message: ParsedMessage, notice: BounceNotice) -> EventReport:
    at = min(message.at or setup.now, setup.now)
    event = Event(notice.kind, at, notice.name, bounce=notice.bounce, reason=notice.reason, named=notice.named)
    return EventReport(event, request_id="")


def _is_ours(setup: InboxSetup, connection: Connection, notice: BounceNotice) -> bool:
    """Whether there is such a letter and it went to one of these addresses.

    Names of deliveries can be counted up by every reader of their send, the address behind one cannot. The name of a
    small letter is signed: who writes it has read it off the letter, so that it is enough where no address is told.
    """
    letter_id = letter_of(notice.name, setup.link_keys)
    if letter_id is None:
        subscriber_id = ledger.subscriber_of(connection, notice.name)
    else:
        letter = store.small_letter_of(connection, letter_id)
        subscriber_id = None if letter is None else letter.subscriber_id
    person = store.find_id(connection, subscriber_id) if subscriber_id is not None else None
    if person is not None and letter_id is not None and not notice.addresses:
        return True
    return person is not None and _key(person.address) in {_key(address) for address in notice.addresses}


def _key(address: str) -> str:
    try:
        return normalise(address).key
    except AddressError:
        return ""


def _sort(reports: Sequence[EventReport]) -> str:
    kinds = {report.event.kind for report in reports}
    return next((kind for kind in ("complained", "bounced", "left") if kind in kinds), "reported")


_COUNTED: Mapping[str, str] = {"domain": "later", "full": "later"}
"""What a message counts as that is to be tried again, by what came of it."""


# ---- what was handled


def _remembered(connection: Connection, names: Sequence[str]) -> frozenset[str]:
    return ledger.known_cursors(connection, names)


def _remember(connection: Connection, now: datetime, handled: Sequence[MailboxMessage]) -> None:
    for item in handled:
        for name in item.names:
            ledger.set_cursor(connection, name, int(now.timestamp()))
