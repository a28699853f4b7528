"""One process's work on a send: batch after batch, in the order of writes that the promise needs."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.database import AwayError
from newsletter.deliver.desk import Desk, Progress
from newsletter.errors import NashraError, SendError
from newsletter.ledger import Batch, Delivery, Send
from newsletter.mail import LEAVE, thaw
from newsletter.senders import Answer, Carrier, LetterByLetter, Parcel, UnreachableError
from newsletter.steady import Steady
from subscribers import store, tokens

if TYPE_CHECKING:
    from sqlalchemy import Connection


MOST_UNKNOWN_IN_A_ROW = 3
"""Submissions without an answer, beyond one for each connection, after which a send stops."""


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
                ),
                durable=desk.durable,
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
