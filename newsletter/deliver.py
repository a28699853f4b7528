"""From a frozen send to letters at the provider: claim, ask who is still eligible, submit, record; and resume.

The order of writes is the promise. A delivery is ``queued`` until everything but the last byte is with the provider;
then one committed UPDATE, which only the holder of the lease can make, says ``submitting``; then the last byte goes,
and the answer is recorded. So a process that dies leaves either a batch whose last byte never went, which is simply
tried again, or one in doubt, which the sender settles by looking or the ledger keeps as ``unknown``.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter import jobs, ledger, library
from newsletter.database import AwayError
from newsletter.errors import NashraError, SendError
from newsletter.ledger import ALL, Account, Batch, Delivery, Lot, Pace, Send
from newsletter.mail import LEAVE, freeze, thaw
from newsletter.models import Issue, Letter
from newsletter.senders import Answer, Carrier, LetterByLetter, Parcel, Sender, UnreachableError
from newsletter.steady import Steady
from subscribers import store, tokens
from subscribers.models import RHYTHMS, Rhythm

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from newsletter.database import Database

SLOT_WIDTHS = {LEAVE: tokens.WIDTH}
"""Bytes of the value of each slot that stands in the body of a letter."""

MOST_UNKNOWN_IN_A_ROW = 3
"""Submissions without an answer, beyond one for each connection, after which a send stops."""

NO_LIMIT = Pace()

Progress = Callable[[str, int], None]
"""Told of a state and how many deliveries have just reached it; ``waiting`` with seconds while others hold the rest."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a delivery needs of the workspace."""

    database: Database
    sender: Sender
    keys: Mapping[int, bytes]
    """Keys of signed links by key id."""
    lease: float
    """Seconds a batch stays with a process that went silent."""
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    backoff: float = 1.0
    """Seconds before the first new try after the provider was busy or out of reach; doubled for each further one."""
    patience: float = 300.0
    """Seconds without one letter taken after which a send stops, to be run again later."""
    pace: Pace = NO_LIMIT
    """How fast letters may go, all processes together."""

    @property
    def batch_size(self) -> int:
        """Subscribers in one batch: what the sender takes at once, or less to keep the pace even."""
        return self.pace.batch(self.sender.batch_size)


def rhythms_of(rhythm: str) -> tuple[Rhythm, ...]:
    """The rhythms of subscriptions that a send in this rhythm reaches."""
    return tuple(known for known in RHYTHMS if rhythm in {ALL, known})


def audience(list_id: int, rhythm: str, now: datetime) -> Select[tuple[int]]:
    """The query for the ids of the subscribers a send would go to now."""
    return store.audience(list_id, rhythms=rhythms_of(rhythm), now=now)


def freeze_send(desk: Desk, issue: Issue, letter: Letter, *, list_id: int, rhythm: str) -> Send:
    """Write down, in one transaction, what goes to whom: nothing is rendered or counted again after this.

    Args:
        desk: The workspace.
        issue: The issue; its number is the key that can be sent once.
        letter: As it was rendered and checked.
        list_id: The list it goes to.
        rhythm: ``weekly``, or ``all`` for everybody.

    Raises:
        SendError: This issue went, or is going, to this list; or the list has nobody it could go to.
    """
    now = desk.now()
    return freeze_lots(
        desk,
        [Lot(freeze(letter), audience(list_id, rhythm, now))],
        key=str(issue.number),
        subject=issue.subject,
        list_id=list_id,
        rhythm=rhythm,
        articles=lambda connection: library.of_issue(connection, issue),
        now=now,
    )


class PeriodTakenError(SendError):
    """Another letter has gone out for this week, day or article."""


class AudienceChangedError(SendError):
    """Somebody chose other topics while the letters were being made; they must be made once more."""


def freeze_lots(
    desk: Desk,
    lots: Sequence[Lot],
    *,
    key: str,
    subject: str,
    list_id: int,
    rhythm: str,
    articles: Callable[[Connection], Collection[int]],
    now: datetime,
    periods: Collection[str] = (),
    newest: int | None = None,
    once: bool = False,
    verify: bool = False,
    guard: Callable[[Connection], None] = lambda _: None,
    send_at: datetime | None = None,
) -> Send:
    """Write down a send of several letters: as ``freeze_send``, with everybody in the lot that is theirs.

    Args:
        desk: The workspace.
        lots: Letters and who gets them; together they are the whole audience.
        key: Of the issue.
        subject: For people who read the ledger.
        list_id: The list it goes to.
        rhythm: ``instant``, ``daily``, ``weekly`` or ``all``.
        articles: Ids of the articles it carries, asked for in the transaction.
        now: The moment at which the lots' subscribers were asked for; aware.
        periods: Names of what goes out by it: a week, a day, articles.
        newest: As for ``library.remember``.
        once: Refuse when another issue has one of these periods.
        verify: Make sure that the lots reach everybody of the audience, as it is by now.
        guard: Looks in the transaction whether all is as it was when the letters were made, and raises if not.
        send_at: When it starts; None at once.

    Raises:
        SendError: As ``freeze_send``.
        PeriodTakenError: Another issue has one of the periods.
        AudienceChangedError: Somebody of the audience is in none of the lots.
    """
    with desk.database.write() as connection:
        guard(connection)
        send = ledger.freeze(
            connection,
            lots,
            key=key,
            list_id=list_id,
            rhythm=rhythm,
            subject=subject,
            batch_size=desk.batch_size,
            now=now,
            send_at=send_at,
        )
        if not send.audience:
            raise SendError(
                f"nobody on the list is waiting for issue {key}: it is empty, or all have had it already",
                mend="add subscribers with: newsletter subscribers import FILE",
            )
        own = "weekly" if rhythm == ALL else rhythm
        taken = ledger.take(connection, list_id, own, periods, send.issue_id)
        if once and len(taken) < len(set(periods)):
            raise PeriodTakenError("another letter has gone out for the same period")
        if verify and ledger.count_without_delivery(connection, audience(list_id, rhythm, now), key):
            raise AudienceChangedError("readers changed their topics meanwhile", mend="run the same command again")
        library.remember(
            connection,
            articles(connection),
            issue_id=send.issue_id,
            list_id=list_id,
            rhythms=rhythms_of(rhythm),
            newest=newest,
        )
        if send_at is None:
            # Together with the send or not at all.
            jobs.enqueue(connection, send.id)
    return send


def run(desk: Desk, send: Send, progress: Progress, over: threading.Event | None = None) -> Account:
    """Deliver everything of a send that is still open, and close it when nothing is.

    Any number of processes may run the same send at once, and each runs as many submissions at once as its sender
    has connections. What was interrupted is continued, with the letter as it was frozen.

    Args:
        desk: The workspace.
        send: A running send.
        progress: Told what becomes of the letters.
        over: Set by somebody else when nothing new is to be begun.

    Raises:
        SendError: The provider or the outbox takes nothing more; everything is kept for the next run.
        DatabaseError: The ledger cannot be written; the same.
    """
    shift = Shift(desk, send, progress)
    # Events, since a join that a signal strikes takes its thread for ended on Python 3.11 (bpo-45274).
    ends: list[threading.Event] = []
    try:
        for _ in range(desk.sender.connections):
            end = threading.Event()
            threading.Thread(target=shift.work, args=(end,), daemon=True).start()
            ends.append(end)
        for end in ends:
            while not end.wait(None if over is None else 0.1):
                if over is not None and over.is_set():
                    shift.over.set()
    except BaseException:
        # Ctrl-C strikes here and nowhere else: what is under way comes to its end, nothing new is begun.
        shift.over.set()
        for end in ends:
            end.wait()
        raise
    if shift.failure is not None:
        raise shift.failure
    return Steady(desk.database, patience=desk.patience, sleep=desk.sleep).read(
        lambda connection: ledger.account(connection, send.id)
    )


def send_test(desk: Desk, letter: Letter, address: str) -> str:
    """Send the letter to one address without writing it into the ledger; its unsubscribe link is nobody's.

    Returns:
        The name of the letter, the left side of its Message-ID.
    """
    name = f"test-{secrets.token_hex(8)}.0"
    carrier = desk.sender.load(letter)
    try:
        parcel = Parcel(0, name, address, {LEAVE: secrets.token_urlsafe(tokens.WIDTH)[: tokens.WIDTH].encode()})
        answer = carrier.begin([parcel], secrets.token_hex(16)).finish()
    finally:
        carrier.close()
    if answer.state != "submitted":
        raise SendError(f"the test letter to {address} is {answer.state}")
    return name


class Shift:
    """One process's work on one send, shared by the threads that do it."""

    def __init__(self, desk: Desk, send: Send, progress: Progress) -> None:
        self._desk = desk
        self._send = send
        self._progress = progress
        self._lock = threading.Lock()
        self._last_taken = time.monotonic()
        self._unknown_in_a_row = 0
        self._taken = threading.local()
        """Tokens that a thread has taken for the batch it is at."""
        self.over = threading.Event()
        """Set when nothing new is to be begun."""
        self.failure: Exception | None = None
        """What ended it, for whoever started the threads."""
        self._steady = Steady(desk.database, patience=desk.patience, sleep=desk.sleep, hurry=self.over.is_set)

    def work(self, end: threading.Event) -> None:
        """Deliver batch after batch until nothing is open, or something failed; then say that it is the end."""
        carriers: dict[int, Carrier] = {}
        try:
            while not self.over.is_set() and self._step(carriers):
                pass
        except Exception as error:
            with self._lock:
                self.failure = self.failure or error
            self.over.set()
        finally:
            try:
                for carrier in carriers.values():
                    carrier.close()
            finally:
                end.set()

    def _step(self, carriers: dict[int, Carrier]) -> bool:
        """Deliver one batch, or wait for others; False when this send needs no more of us."""
        desk = self._desk
        if not self._in_time():
            return True
        batch, doubtful = self._steady.write(self._claim)
        self._tell("unknown", doubtful)
        if batch is not None:
            try:
                gone = self._deliver(batch, carriers)
            except BaseException as error:
                # The next run need not wait for the lease; should this fail too, the lease runs out by itself.
                if not isinstance(error, AwayError):
                    with contextlib.suppress(NashraError), desk.database.write() as connection:
                        ledger.release(connection, batch)
                raise
            self._use(gone)
            return True
        self._use(0)
        state, pause = self._steady.write(self._look)
        if state != "running":
            return False
        if pause:
            self._tell("waiting", round(pause))
            desk.sleep(min(pause + 0.01, 1.0))
        return True

    def _claim(self, connection: Connection) -> tuple[Batch | None, int]:
        batch = ledger.claim(connection, self._send.id, lease=self._desk.lease)
        return batch, ledger.doubt(connection, batch) if batch is not None else 0

    def _look(self, connection: Connection) -> tuple[str, float | None]:
        """The state of the send, finished now if it is, and how long others hold what is left."""
        ledger.finish(connection, self._send.id, now=self._desk.now())
        return ledger.state_of(connection, self._send.id), ledger.waiting(connection, self._send.id)

    def _in_time(self) -> bool:
        """Take tokens for one batch, if there is one; False when it was not time yet, and some of it has passed."""
        desk = self._desk
        if not desk.pace.limits:
            return True

        def take(connection: Connection) -> float:
            free = ledger.free(connection, self._send.id)
            return ledger.take_pace(connection, desk.pace, desk.batch_size) if free else -1.0

        pause = self._steady.write(take)
        self._taken.number = 0 if pause else desk.batch_size
        if pause > 0:
            # Not longer, so that a pause, an end or another setting is felt.
            desk.sleep(min(pause, 1.0))
        return pause <= 0

    def _use(self, letters: int) -> None:
        """Give back the tokens that were not needed, or count what went beyond them."""
        desk, taken = self._desk, getattr(self._taken, "number", 0)
        if desk.pace.limits and letters != taken:
            self._steady.write(lambda connection: ledger.charge(connection, desk.pace, letters - taken))

    def _deliver(self, batch: Batch, carriers: dict[int, Carrier]) -> int:
        """Deliver what of a batch can be delivered; how many letters were handed over."""
        desk = self._desk
        if batch.letter_id not in carriers:
            frozen = self._steady.read(lambda connection: ledger.letter_of(connection, batch.letter_id))
            carriers[batch.letter_id] = desk.sender.load(thaw(frozen))
        carrier = carriers[batch.letter_id]
        deliveries = self._steady.read(lambda connection: ledger.deliveries(connection, batch.id))
        if batch.state == "submitting":
            settled = self._settle(batch, carrier, deliveries)
            if settled is None:
                return 0
            batch, deliveries = settled
        parcels, skipped = self._steady.read(lambda connection: _parcels(desk, self._send, deliveries, connection))
        if parcels and isinstance(carrier, LetterByLetter):
            self._carry(batch, carrier, parcels, skipped)
            return len(parcels)
        try:
            submission = carrier.begin(parcels, batch.request_id) if parcels else None
        except UnreachableError as error:
            self._record(batch, Answer("queued", reason=str(error)), 0)
            return 0
        mine = False
        try:
            with desk.database.write() as connection:
                mine = ledger.mark_submitting(connection, batch, skipped=skipped, lease=desk.lease)
        except AwayError:
            # Whether it was committed nobody knows, but nothing went: so it is queued.
            if submission is not None:
                submission.abandon()
                submission = None
            self._steady.write(lambda connection: ledger.record(connection, batch, "queued", {}))
            return 0
        finally:
            if not mine and submission is not None:
                submission.abandon()
        if mine:
            self._tell("skipped", len(skipped))
            self._record(batch, submission.finish() if submission is not None else Answer(), len(parcels))
        return len(parcels) if mine else 0

    def _carry(self, batch: Batch, carrier: LetterByLetter, parcels: list[Parcel], skipped: dict[int, str]) -> None:
        """Deliver a batch whose letters go one by one: each is marked and answered on its own row."""
        desk, marked = self._desk, set[int]()

        def commit(answers: Mapping[int, tuple[str, str]], going: Sequence[int]) -> Collection[int] | None:
            # When it is over, what is in the air comes to its end and nothing new is begun.
            over = self.over.is_set()
            may = self._steady.write(
                lambda connection: ledger.advance(
                    connection, batch, answers=answers, going=() if over else going, marked=marked, lease=desk.lease
                )
            )
            marked.update(may or ())
            for state, count in Counter(state for state, _ in answers.values() if state != "queued").items():
                self._tell(state, count)
                if state == "submitted":
                    self._last_taken = time.monotonic()
            return None if over else may

        commit({one: ("skipped", reason) for one, reason in skipped.items()}, ())
        answer = carrier.carry(parcels, commit, renew=desk.lease / 3)
        waits = answer.state == "queued" and not (answer.stop or self.over.is_set())
        pause = _backoff(desk.backoff, batch.attempt) if waits else 0.0
        self._steady.write(lambda connection: ledger.close(connection, batch, pause=pause))
        impatient = time.monotonic() - self._last_taken > desk.patience
        if answer.stop or (waits and answer.reason and impatient):
            raise SendError(answer.reason, mend="mend it, then run the same command again")

    def _record(self, batch: Batch, answer: Answer, parcels: int) -> None:
        """Write the answer down; stop the send when it says so, or when nothing was taken for too long."""
        desk = self._desk
        pause = 0.0
        if answer.state == "queued" and not (answer.again or answer.split or answer.stop):
            pause = answer.pause or _backoff(desk.backoff, batch.attempt)

        def write_down(connection: Connection) -> None:
            ledger.record(connection, batch, answer.state, answer.apart, pause=pause)
            if answer.split:
                ledger.split(connection, batch)

        self._steady.write(write_down)
        for state, _ in answer.apart.values():
            self._tell(state, 1)
        rest = parcels - len(answer.apart)
        if answer.state != "queued":
            self._tell(answer.state, rest)
        with self._lock:
            self._unknown_in_a_row = self._unknown_in_a_row + 1 if answer.state == "unknown" else 0
            if answer.state == "submitted" and rest:
                self._last_taken = time.monotonic()
            impatient = time.monotonic() - self._last_taken > desk.patience
        # A line that is dead after the last byte would make the whole list unknown, one request after the other.
        deaf = self._unknown_in_a_row >= desk.sender.connections + MOST_UNKNOWN_IN_A_ROW
        if answer.stop or deaf or (impatient and answer.state != "submitted"):
            raise SendError(answer.reason, mend="mend it, then run the same command again")

    def _settle(
        self, batch: Batch, carrier: Carrier, deliveries: list[Delivery]
    ) -> tuple[Batch, list[Delivery]] | None:
        """A batch in doubt: what is known to have gone is written down, the rest is to be sent.

        None when the provider cannot tell, and everything of it is ``unknown`` now, or when the lease was lost.
        """
        taken = carrier.settle([_name(self._send, delivery) for delivery in deliveries])
        if taken is None:
            self._steady.write(lambda connection: ledger.record(connection, batch, "unknown", {}))
            self._tell("unknown", len(deliveries))
            return None
        gone = {delivery.id for delivery in deliveries if _name(self._send, delivery) in taken}
        again = self._steady.write(
            lambda connection: ledger.put_back(connection, batch, dict.fromkeys(gone, ("submitted", "")))
        )
        if again is None:
            return None
        self._tell("submitted", len(gone))
        return again, [delivery for delivery in deliveries if delivery.id not in gone]

    def _tell(self, state: str, count: int) -> None:
        if count:
            with self._lock:
                self._progress(state, count)


def _backoff(base: float, attempt: int) -> float:
    """Seconds before a further try: doubled each time up to a minute, and spread so that not all come at once."""
    return float(min(base * 2 ** min(attempt - 1, 10), 60.0)) * random.uniform(0.5, 1.0)  # noqa: S311  no secret


def _parcels(
    desk: Desk, send: Send, deliveries: list[Delivery], connection: Connection
) -> tuple[list[Parcel], dict[int, str]]:
    """The parcels of those who are still eligible, and the other deliveries with the reason."""
    ids = [delivery.subscriber_id for delivery in deliveries]
    recipients = store.eligible(connection, send.list_id, ids, desk.now())
    token = tokens.maker("leave", desk.keys, list_id=send.list_id)
    parcels: list[Parcel] = []
    skipped: dict[int, str] = {}
    for delivery in deliveries:
        who = recipients.get(delivery.subscriber_id)
        if who is None:
            skipped[delivery.id] = "no longer subscribed"
        else:
            slots = {LEAVE: token(who.public_id, who.epoch)}
            parcels.append(Parcel(delivery.id, _name(send, delivery), who.address, slots, who.needs_smtputf8))
    return parcels, skipped


def _name(send: Send, delivery: Delivery) -> str:
    """The name of a delivery at the provider: the left side of its Message-ID, the name of its file."""
    return f"{send.public_id}.{delivery.id}"
