"""One process's work on a send: batch after batch, in the order of writes that the promise needs."""

from __future__ import annotations

import contextlib
import itertools
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.delivery.pacing import hold_back
from newsletter.delivery.parcels import name_of, parcels_of
from newsletter.delivery.setup import DeliverySetup, Progress
from newsletter.errors import NashraError, SendError
from newsletter.ledger import Batch, Send
from newsletter.letters.mime import from_json
from newsletter.senders import Answer, Carrier, Parcel, UnreachableError, load
from newsletter.storage.database import DatabaseAwayError
from newsletter.storage.retry import Retrying

if TYPE_CHECKING:
    from sqlalchemy import Connection


IDLE = 3.0
"""Seconds without anything to send for which a connection is kept that others may be waiting for."""
MOST_UNKNOWN_IN_A_ROW = 3
"""Submissions without an answer, beyond one for each connection, after which a send stops."""


Claimed = tuple[Batch | None, int]
"""A batch that was claimed, and how many of its letters became unknown by that."""


@dataclass(slots=True)
class _Lane:
    """What one thread has at hand."""

    carrier: Carrier | None = None
    """Loaded with the letter of the last batch."""
    letter_id: int = 0
    taken: int = 0
    """Tokens of the rate limit taken for the batch it is at."""
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    """Names this thread as the holder of its connections in the ledger."""
    connections: int = 0
    """Connections it may have open, where that is limited."""
    next: Claimed | None = None
    """What it does next, when that was claimed along with the last answer."""


class Run:
    """One process's work on one send, shared by the threads that do it."""

    def __init__(self, setup: DeliverySetup, send: Send, progress: Progress) -> None:
        self._setup = setup
        self._send = send
        self._progress = progress
        self._lock = threading.Lock()
        self._last_taken = time.monotonic()
        self._unknown_in_a_row = 0
        self._turn = threading.Lock()
        """Held by the one thread that reads rows and makes letters of them; the others hand over, or wait for answers.

        SQLite lets Python's lock go at every row it reads, and who computes keeps it for 5 ms: four threads that did
        this side by side were slower than one (measured: 33,000 letters a second, one thread 78,000).
        """
        # SQLite has one writer at a time, and who finds it taken sleeps: so they wait for each other here.
        self._pen = threading.Lock() if setup.database.is_sqlite else contextlib.nullcontext()
        self._settled = threading.Condition()
        """Told when a thread is done with a batch; ``_busy`` are the ids of the lanes that have one."""
        self._busy: set[int] = set()
        self.over = threading.Event()
        """Set when nothing new is to be begun."""
        self.failure: Exception | None = None
        """What ended it, for whoever started the threads."""
        self._retrying = Retrying(
            setup.database, patience=setup.patience, sleep=setup.sleep, hurry=self.over.is_set, gate=self._pen
        )

    def work(self, end: threading.Event) -> None:
        """Deliver batch after batch until nothing is open, or something failed; then say that it is the end."""
        lane = _Lane()
        try:
            while not self.over.is_set() and self._step(lane):
                pass
        except Exception as error:
            with self._lock:
                self.failure = self.failure or error
            self.over.set()
        finally:
            try:
                if lane.next is not None and lane.next[0] is not None:
                    self._let_go(lane.next[0])
                self._disconnect(lane)
            finally:
                end.set()

    def _step(self, lane: _Lane) -> bool:
        """Deliver one batch, or wait for others; False when this send needs no more of us."""
        setup = self._setup
        if lane.next is None:
            if not self._in_time(lane):
                return True
            lane.next = self._retrying.write(self._claim(lane))
            self._note_busy(lane)
        (batch, doubtful), lane.next = lane.next, None
        self._tell("unknown", doubtful)
        if batch is not None:
            try:
                gone = self._deliver(lane, batch)
            except BaseException as error:
                if not isinstance(error, DatabaseAwayError):
                    self._let_go(batch)
                raise
            finally:
                self._note_busy(lane)
            self._use(lane, gone)
            return True
        self._use(lane, 0)
        state, pause = self._retrying.write(self._look)
        if state != "running":
            return False
        if setup.connections and not lane.connections:
            # All connections there may be are others': not even one that rests may stay.
            self._disconnect(lane)
            self._wait(1.0, "full", 1)
        elif pause:
            if lane.connections and pause > IDLE:
                self._disconnect(lane)
            self._wait(min(pause + 0.01, 1.0), "waiting", round(pause))
        return True

    def _note_busy(self, lane: _Lane) -> None:
        """Note whether this thread has a batch."""
        with self._settled:
            if lane.next is not None and lane.next[0] is not None:
                self._busy.add(id(lane))
            else:
                self._busy.discard(id(lane))
            self._settled.notify_all()

    def _wait(self, seconds: float, state: str, told: int) -> None:
        """Wait until a batch of ours is done, or others may have let go of theirs."""
        with self._settled:
            if self._busy:
                self._settled.wait(seconds)
                return
        self._tell(state, told)
        self._setup.sleep(seconds)

    def _let_go(self, batch: Batch) -> None:
        # The next run need not wait for the lease; should this fail too, the lease runs out by itself.
        with contextlib.suppress(NashraError), self._pen, self._setup.database.write() as connection:
            ledger.release(connection, batch)

    def _claim(self, lane: _Lane) -> Callable[[Connection], Claimed]:
        """What claims the next batch, and lets go of an earlier one when a transaction that claimed it comes again."""
        token, send, tries = secrets.token_hex(16), self._send.id, itertools.count()

        def claim(connection: Connection) -> Claimed:
            if next(tries):
                ledger.drop(connection, send, token)
            if self._moved(connection):
                return None, 0
            # Who has nothing to send needs no connection.
            if self._setup.connections and not (
                ledger.free(connection, send) and self._keep_connections(lane, connection)
            ):
                return None, 0
            batch = ledger.claim(connection, send, lease=self._setup.lease, token=token, sender=self._setup.sender.name)
            # A first attempt has no holder before it who could have left something.
            return batch, ledger.doubt(connection, batch) if batch is not None and batch.attempt > 1 else 0

        return claim

    def _keep_connections(self, lane: _Lane, connection: Connection, want: int = 0) -> bool:
        """Keep the connections of this thread, and take more up to those wanted; whether it may have any open."""
        setup = self._setup
        if not setup.connections:
            return True
        want = want or setup.sender.sockets
        lane.connections = ledger.hold(
            connection,
            setup.sender.name,
            connections=setup.connections,
            want=want,
            token=lane.token,
            lease=setup.lease,
        )
        return lane.connections > 0

    def _disconnect(self, lane: _Lane) -> None:
        """Close the connections of this thread, then let go of them in the ledger."""
        carrier, lane.carrier = lane.carrier, None
        if carrier is not None:
            carrier.close()
        if lane.connections:
            lane.connections = 0
            with contextlib.suppress(NashraError), self._pen, self._setup.database.write() as connection:
                ledger.let_go(connection, lane.token)

    def _look(self, connection: Connection) -> tuple[str, float | None]:
        """The state of the send, finished now if it is, and how long others hold what is left."""
        if self._moved(connection):
            return "moved", None
        ledger.finish(connection, self._send.id, now=self._setup.now())
        return ledger.state_of(connection, self._send.id), ledger.waiting(connection, self._send.id)

    def _moved(self, connection: Connection) -> bool:
        """Whether another provider has taken the send over: then nothing more of it is begun through this one."""
        return self._setup.may_move and ledger.goes_elsewhere(connection, self._send.id, self._setup.account)

    def _in_time(self, lane: _Lane) -> bool:
        """Take tokens for one batch, if there is one; False when it was not time yet, and some of it has passed."""
        setup = self._setup
        if not setup.rate_limit.limits:
            return True

        def take(connection: Connection) -> float:
            free = ledger.free(connection, self._send.id)
            return ledger.take_rate(connection, setup.rate_limit, setup.batch_size) if free else -1.0

        pause = self._retrying.write(take)
        lane.taken = 0 if pause else setup.batch_size
        if pause > 0:
            # Not longer, so that a pause, an end or another setting is felt.
            setup.sleep(min(pause, 1.0))
        return pause <= 0

    def _use(self, lane: _Lane, letters: int) -> None:
        """Give back the tokens that were not needed, or count what went beyond them."""
        rate_limit, missing = self._setup.rate_limit, letters - lane.taken
        if rate_limit.limits and missing:
            self._retrying.write(lambda connection: ledger.charge(connection, rate_limit, missing))

    def _deliver(self, lane: _Lane, batch: Batch) -> int:
        """Deliver what of a batch can be delivered; how many letters were handed over."""
        setup, carrier = self._setup, self._loaded(lane, batch.letter_id)
        if batch.state == "submitting":
            settled = self._settle(batch, carrier)
            if settled is None:
                return 0
            batch = settled
        with self._turn:
            parcels, skipped = self._retrying.read(partial(parcels_of, setup, self._send, batch))
            parcels = hold_back(setup, self._retrying, batch, parcels)
            one_by_one = bool(parcels) and carrier.one_by_one
            begin = carrier.pack(parcels, batch.request_id) if parcels and not one_by_one else None
        if one_by_one:
            self._carry(lane, batch, carrier, parcels, skipped)
            return len(parcels)
        try:
            submission = begin() if begin is not None else None
        except UnreachableError as error:
            self._record(lane, batch, Answer("queued", reason=str(error)), 0)
            return 0
        mine = False
        try:
            with self._pen, setup.database.write() as connection:
                if lane.connections:
                    self._keep_connections(lane, connection, want=lane.connections)
                going = len(parcels) + len(skipped)
                marked = ledger.mark_submitting(connection, batch, skipped=skipped, lease=setup.lease, going=going)
            mine = marked
        except DatabaseAwayError:
            # Whether it was committed nobody knows, but nothing went: so it is queued.
            if submission is not None:
                submission.abandon()
                submission = None
            self._retrying.write(lambda connection: ledger.record(connection, batch, "queued", {}))
            return 0
        finally:
            if not mine and submission is not None:
                submission.abandon()
        if not mine:
            # Somebody stopped the send meanwhile, or took the batch over.
            self._let_go(batch)
            return 0
        self._tell("skipped", len(skipped))
        self._record(lane, batch, submission.finish() if submission is not None else Answer(), len(parcels))
        return len(parcels)

    def _loaded(self, lane: _Lane, letter_id: int) -> Carrier:
        """The carrier with this letter; it has the connections of the one before, so that they stay few."""
        if lane.carrier is None or lane.letter_id != letter_id:
            with self._turn:
                frozen = self._retrying.read(lambda connection: ledger.letter_of(connection, letter_id))
                lane.carrier = load(self._setup.sender, from_json(frozen), lane.carrier)
                lane.letter_id = letter_id
        return lane.carrier

    def _carry(
        self,
        lane: _Lane,
        batch: Batch,
        carrier: Carrier,
        parcels: list[Parcel],
        skipped: dict[int, str],
    ) -> None:
        """Deliver a batch whose letters go one by one: each is marked and answered on its own row."""
        setup, marked = self._setup, set[int]()

        def commit(answers: Mapping[int, tuple[str, str]], going: Sequence[int]) -> Collection[int] | None:
            # When it is over, what is in the air comes to its end and nothing new is begun.
            over = self.over.is_set()

            def act(connection: Connection) -> Collection[int] | None:
                if lane.connections:
                    self._keep_connections(lane, connection, want=lane.connections)
                return ledger.advance(
                    connection, batch, answers=answers, going=() if over else going, marked=marked, lease=setup.lease
                )

            may = self._retrying.write(act, durable=setup.durable)
            marked.update(may or ())
            for state, count in Counter(state for state, _ in answers.values() if state != "queued").items():
                self._tell(state, count)
                if state == "submitted":
                    self._last_taken = time.monotonic()
            return None if over else may

        commit({one: ("skipped", reason) for one, reason in skipped.items()}, ())
        answer = carrier.carry(parcels, commit, renew=setup.lease / 3, most=lane.connections)
        waits = answer.state == "queued" and not (answer.stop or self.over.is_set())
        pause = _backoff(setup.backoff, batch.attempt) if waits else 0.0
        self._retrying.write(lambda connection: ledger.close(connection, batch, pause=pause))
        impatient = time.monotonic() - self._last_taken > setup.patience
        if answer.stop or (waits and answer.reason and impatient):
            raise SendError(answer.reason, mend="mend it, then run the same command again")

    def _record(self, lane: _Lane, batch: Batch, answer: Answer, parcels: int) -> None:
        """Write the answer down; stop the send when it says so, or when nothing was taken for too long.

        While all goes well the next batch is claimed in the same transaction: a commit less for each.
        """
        setup = self._setup
        pause = 0.0
        if answer.state == "queued" and not (answer.again or answer.split or answer.stop):
            pause = answer.pause or _backoff(setup.backoff, batch.attempt)
        further = answer.state == "submitted" and not setup.rate_limit.limits and not self.over.is_set()
        claim = self._claim(lane) if further else None

        def write_down(connection: Connection) -> Claimed | None:
            ours = ledger.record(connection, batch, answer.state, answer.apart, pause=pause)
            # Come again, it may find the batch in other hands, with a half of it on the way.
            if answer.split and ours:
                ledger.split(connection, batch)
            return claim(connection) if claim is not None else None

        lane.next = self._retrying.write(write_down)
        for state, _ in answer.apart.values():
            self._tell(state, 1)
        rest = parcels - len(answer.apart)
        if answer.state != "queued":
            self._tell(answer.state, rest)
        with self._lock:
            self._unknown_in_a_row = self._unknown_in_a_row + 1 if answer.state == "unknown" else 0
            if (answer.state == "submitted" and rest) or any(
                state == "submitted" for state, _ in answer.apart.values()
            ):
                self._last_taken = time.monotonic()
            impatient = time.monotonic() - self._last_taken > setup.patience
            # A line that is dead after the last byte would make the whole list unknown, one request after the other.
            unanswered = self._unknown_in_a_row >= setup.sender.connections + MOST_UNKNOWN_IN_A_ROW
        if answer.stop or unanswered or (impatient and answer.state != "submitted"):
            raise SendError(answer.reason, mend="mend it, then run the same command again")

    def _settle(self, batch: Batch, carrier: Carrier) -> Batch | None:
        """A batch in doubt: what is known to have gone is written down, the rest is to be sent.

        None when the provider cannot tell, and everything of it is ``unknown`` now, or when the lease was lost.
        """
        deliveries = self._retrying.read(lambda connection: ledger.deliveries(connection, batch.id))
        taken = None
        # What another provider began, this one cannot tell, and must not finish.
        if batch.sender == self._setup.sender.name:
            taken = carrier.settle([name_of(self._send, delivery.id) for delivery in deliveries])
        if taken is None:
            self._retrying.write(lambda connection: ledger.record(connection, batch, "unknown", {}))
            self._tell("unknown", len(deliveries))
            return None
        gone = {delivery.id for delivery in deliveries if name_of(self._send, delivery.id) in taken}
        again = self._retrying.write(
            lambda connection: ledger.put_back(connection, batch, dict.fromkeys(gone, ("submitted", "")))
        )
        if again is not None:
            self._tell("submitted", len(gone))
        return again

    def _tell(self, state: str, count: int) -> None:
        if count:
            with self._lock:
                self._progress(state, count)


def _backoff(base: float, attempt: int) -> float:
    """Seconds before a further try: doubled each time up to a minute, and spread so that not all come at once."""
    return float(min(base * 2 ** min(attempt - 1, 10), 60.0)) * random.uniform(0.5, 1.0)  # noqa: S311  no secret
