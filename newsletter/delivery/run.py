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
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.delivery import probing, warming
from newsletter.delivery.dues import due_in
from newsletter.delivery.growth import FEW, Growth
from newsletter.delivery.halving import Halving
from newsletter.delivery.pacing import hold_back
from newsletter.delivery.parcels import name_of, parcels_of
from newsletter.delivery.setup import WAITS, DeliverySetup, Progress
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
_HELPER = 0
"""Stands for helpers among the ids of what is busy; no object has this id."""
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
    allowed: int = 0
    """Letters that were counted for the batch it is at, in the warm-up of the account."""
    used: int = 0
    """Those of them that went, or may have gone."""
    next: Claimed | None = None
    """What it does next, when that was claimed along with the last answer."""


class Run:
    """One process's work on one send, shared by the threads that do it.

    Args:
        setup: What every delivery needs.
        send: The send.
        progress: Told what becomes of the letters.
        probes: Whether it is a trial of a send that its provider has stopped: it ends with its first letter.
        waits: Whether whoever started it is told when all that is left waits for its time, longer than patience lasts.
    """

    def __init__(
        self, setup: DeliverySetup, send: Send, progress: Progress, *, probes: bool = False, waits: bool = True
    ) -> None:
        self._setup = setup
        self._send = send
        self._progress = progress
        self._probes = probes
        self._waits = waits
        self._growth = Growth(1 if probes else setup.first_batch, setup.sender.batch_size)
        self._halving = Halving()
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

    @property
    def has_taken(self) -> bool:
        """Whether letters are being taken."""
        return self._growth.taken

    def heard(self, state: str, count: int) -> None:
        """A helper has told what became of letters: as if a thread here had done it."""
        if state in WAITS:
            return
        if state == "submitted":
            self._last_taken = time.monotonic()
        self._tell(state, count)
        with self._settled:
            self._settled.notify_all()

    def helped(self, helping: bool) -> None:
        """Whether any helper is at work has changed; while one is, it is waited for as for a thread."""
        with self._settled:
            (self._busy.add if helping else self._busy.discard)(_HELPER)
            self._settled.notify_all()

    def work(self, end: threading.Event) -> None:
        """Deliver batch after batch until nothing is open, or something failed; then say that it is the end."""
        lane = _Lane()
        try:
            while not self.over.is_set() and self._step(lane):
                pass
        except Exception as error:
            with self._lock:
                self.failure = self.failure or self._stopped_by(error)
            self.over.set()
        finally:
            try:
                if lane.next is not None and lane.next[0] is not None:
                    self._let_go(lane.next[0])
                self._disconnect(lane)
            finally:
                self._growth.leave(id(lane))
                end.set()

    def _stopped_by(self, error: Exception) -> Exception:
        """What ended the work; when the sender itself can do nothing more, every process is kept from going on."""
        if not isinstance(error, SendError) or isinstance(
            error, (probing.SendPausedError, probing.LettersWaitingError)
        ):
            return error
        with contextlib.suppress(NashraError), self._pen, self._setup.database.write() as connection:
            self._brake(connection, str(error))
        return error

    def _brake(self, connection: Connection, reason: str) -> probing.SendPausedError | None:
        """Pause the send until a trial shows that its provider takes letters; None when an editor was faster."""
        if self._moved(connection):
            # Another provider goes on with it: what this one says does not stop that.
            return None
        ledger.stop(connection, self._send.id, reason, first=self._setup.probe_pause, tried=self._probes)
        return probing.paused(connection, self._send.id)

    def _step(self, lane: _Lane) -> bool:
        """Deliver one batch, or wait for others; False when this send needs no more of us."""
        setup = self._setup
        if lane.next is None:
            if not self._growth.may_begin(id(lane)):
                with self._settled:
                    self._settled.wait(0.2)
                return True
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
                self._give_back(lane)
            self._use(lane, gone)
            return True
        self._growth.leave(id(lane))
        self._use(lane, 0)
        state, pause = self._retrying.write(self._look)
        if state != "running" or (pause and pause > setup.patience and not self._worth_waiting(pause)):
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

    def _worth_waiting(self, pause: float) -> bool:
        """Whether to stay although nothing can be tried for longer than patience lasts.

        Raises:
            LettersWaitingError: Nothing but such a time is waited for, and whoever started this is to come back.
        """
        with self._settled:
            if self._busy:
                return True
        if self._retrying.read(lambda connection: ledger.held(connection, self._send.id)):
            return True
        if not self._waits:
            return False
        when = probing.hour(self._setup.now() + timedelta(seconds=pause), self._setup.zone)
        raise probing.LettersWaitingError(
            f"the letters that are left wait for their time, and are tried again from {when} on",
            mend="run the same command then; a running worker does so by itself",
        )

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
                (self._probes or ledger.free(connection, send)) and self._keep_connections(lane, connection)
            ):
                return None, 0
            lease, name = self._setup.lease, self._setup.sender.name
            hunts = self._halving.hunts and not self._probes
            batch = ledger.claim(
                connection, send, lease=lease, token=token, sender=name, probing=self._probes, newest=hunts
            )
            if batch is not None and batch.state == "queued":
                self._cut(connection, batch)
            # A first attempt has no holder before it who could have left something.
            return batch, ledger.doubt(connection, batch) if batch is not None and batch.attempt > 1 else 0

        return claim

    def _cut(self, connection: Connection, batch: Batch) -> None:
        """Leave a batch of which nothing is under way what may be risked now; the rest has had one try less."""
        size = self._growth.size
        if size is None and self._setup.may_move:
            # It may have been made for another provider, which takes more at once.
            size = self._setup.sender.batch_size
        if size is not None:
            ledger.cut(connection, batch, size, attempt=batch.attempt - 1)

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

    def _give_back(self, lane: _Lane) -> None:
        """Take out of the count of a warm-up what was counted for a batch and did not go."""
        number, lane.allowed, lane.used = lane.allowed - lane.used, 0, 0
        if self._setup.warm_up and number > 0:
            with contextlib.suppress(NashraError):
                warming.give_back(self._setup, self._retrying, self._send, number)

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
        if carrier.one_by_one and not self._growth.taken and not self._probes:
            self._retrying.write(partial(self._keep_few, batch))
        with self._turn:
            parcels, skipped = self._retrying.read(partial(parcels_of, setup, self._send, batch))
            parcels = hold_back(setup, self._retrying, batch, parcels)
            parcels = warming.allow(setup, self._retrying, batch, parcels)
            lane.allowed, lane.used = 0 if batch.probing else len(parcels), 0
            one_by_one = bool(parcels) and carrier.one_by_one
            begin = carrier.pack(parcels, batch.request_id) if parcels and not one_by_one else None
        if one_by_one:
            self._carry(lane, batch, carrier, parcels, skipped)
            return len(parcels)
        try:
            submission = begin() if begin is not None else None
        except UnreachableError as error:
            self._record(lane, batch, Answer("queued", reason=str(error)), parcels)
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
        self._record(lane, batch, submission.finish() if submission is not None else Answer(), parcels)
        return len(parcels)

    def _keep_few(self, batch: Batch, connection: Connection) -> None:
        """Leave a batch whose letters go one by one a few of them, for as long as none was taken."""
        others = [one.id for one in ledger.deliveries(connection, batch.id)[FEW:]]
        ledger.put_off(connection, batch, others, 0.0, attempt=batch.attempt - 1)

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
        later: dict[int, str] = {}
        told = Counter[str]()

        def commit(answers: Mapping[int, tuple[str, str]], going: Sequence[int]) -> Collection[int] | None:
            # When it is over, what is in the air comes to its end and nothing new is begun.
            over = self.over.is_set()
            answers = self._as_trial(answers)

            def act(connection: Connection) -> Collection[int] | None:
                if lane.connections:
                    self._keep_connections(lane, connection, want=lane.connections)
                return ledger.advance(
                    connection, batch, answers=answers, going=() if over else going, marked=marked, lease=setup.lease
                )

            may = self._retrying.write(act, durable=setup.durable)
            marked.update(may or ())
            for one, (state, reason) in answers.items():
                later.pop(one, None)
                if state == "queued":
                    later[one] = reason
            states = Counter(state for state, _ in answers.values() if state != "queued")
            told.update(states)
            lane.used = told.total() - told["skipped"]
            for state, count in states.items():
                self._tell(state, count)
            if states["submitted"]:
                self._took(one_by_one=True)
            return None if over else may

        commit({one: ("skipped", reason) for one, reason in skipped.items()}, ())
        most = lane.connections if self._growth.taken else 1
        answer = carrier.carry(parcels, commit, renew=setup.lease / 3, most=most)
        waits = answer.state == "queued" and not (answer.stop or self.over.is_set())
        pause = _backoff(setup.backoff, batch.attempt) if waits else 0.0
        impatient = time.monotonic() - self._last_taken > setup.patience
        stops = answer.stop or bool(waits and answer.reason and impatient)
        reason = answer.reason or next(iter(later.values()), "")
        if self._probes and parcels:
            stops = not told["submitted"]
            # Another letter is tried next time, should it be this one's fault.
            dues = dict.fromkeys(later if answer.about == "address" else (), 0.0)
        else:
            dues = {one: due_in(why, batch.attempt, setup.put_off) for one, why in later.items() if not stops}

        def close(connection: Connection) -> probing.SendPausedError | None:
            for seconds in sorted(set(dues.values())):
                some = [one for one, due in dues.items() if due == seconds]
                ledger.put_off(connection, batch, some, seconds)
            ledger.close(connection, batch, pause=0.0 if stops else pause)
            return self._decide(connection, stops=stops, tried=bool(parcels), reason=_blame(answer, reason))

        self._end(self._retrying.write(close), stops=stops, tried=bool(parcels), reason=reason)

    def _as_trial(self, answers: Mapping[int, tuple[str, str]]) -> Mapping[int, tuple[str, str]]:
        """Answers as they are; in a trial nobody is refused, since the provider may refuse everybody."""
        if not self._probes:
            return answers
        return {one: ("queued", why) if state == "refused" else (state, why) for one, (state, why) in answers.items()}

    def _decide(
        self, connection: Connection, *, stops: bool, tried: bool, reason: str
    ) -> probing.SendPausedError | None:
        """Pause the send, or let it run again after a trial; in the transaction that writes the answer down."""
        if stops:
            return self._brake(connection, reason)
        if self._probes and tried and not self._moved(connection):
            ledger.go_on(connection, self._send.id)
        return None

    def _end(self, paused: probing.SendPausedError | None, *, stops: bool, tried: bool, reason: str) -> None:
        """Stop here when the send was stopped; a trial ends with its first letter."""
        if self._probes and tried:
            self.over.set()
        if stops:
            raise paused or SendError(reason, mend="mend it, then run the same command again")

    def _took(self, *, one_by_one: bool = False) -> None:
        """Something was taken."""
        self._last_taken = time.monotonic()
        self._growth.took(one_by_one=one_by_one)
        self._halving.took()

    def _record(self, lane: _Lane, batch: Batch, answer: Answer, parcels: Sequence[Parcel]) -> None:
        """Write the answer down; stop the send when it says so, or when nothing was taken for too long.

        While all goes well the next batch is claimed in the same transaction: a commit less for each.
        """
        setup, tried = self._setup, bool(parcels)
        answer = self._halving.judged(answer, [one.delivery for one in parcels], apart=setup.put_off)
        if self._probes:
            answer = replace(answer, apart=self._as_trial(answer.apart), split=False, again=False)
        pause = 0.0
        if answer.state == "queued" and not (answer.again or answer.split or answer.stop):
            pause = answer.pause or _backoff(setup.backoff, batch.attempt)
        rest = len(parcels) - len(answer.apart)
        lane.used = sum(state != "queued" for state, _ in answer.apart.values())
        lane.used += rest if answer.state != "queued" else 0
        taken = (answer.state == "submitted" and rest > 0) or "submitted" in {one for one, _ in answer.apart.values()}
        stops = self._is_over(answer, taken)
        if self._probes and tried:
            stops = not taken
        if stops:
            # The trial comes at a time of its own, and needs a letter that waits for nothing else.
            pause = 0.0
        further = answer.state == "submitted" and not (stops or self._probes or setup.rate_limit.limits)
        claim = self._claim(lane) if further and not self.over.is_set() else None

        def write_down(connection: Connection) -> tuple[Claimed | None, probing.SendPausedError | None]:
            ours = ledger.record(connection, batch, answer.state, answer.apart, pause=pause)
            # Come again, it may find the batch in other hands, with a half of it on the way.
            if answer.split and ours:
                ledger.split(connection, batch)
            if self._probes and ours and answer.state == "queued" and answer.about == "address":
                # Another letter is tried next time, should it be this one's fault.
                ledger.move_out(connection, batch, [one.delivery for one in parcels], 0.0)
            paused = self._decide(connection, stops=stops, tried=tried, reason=_blame(answer, answer.reason))
            return claim(connection) if claim is not None else None, paused

        # What was taken need not reach the disk by itself: the next mark takes it along, since both write one log in
        # order. Should the power fail in between, the request is in doubt, as if its answer had not come.
        plain = answer.state == "submitted" and not (answer.apart or stops or self._probes)
        lane.next, paused = self._retrying.write(write_down, durable=not plain)
        for state, count in Counter(state for state, _ in answer.apart.values() if state != "queued").items():
            self._tell(state, count)
        if answer.state != "queued":
            self._tell(answer.state, rest)
        self._end(paused, stops=stops, tried=tried, reason=answer.reason)

    def _is_over(self, answer: Answer, taken: bool) -> bool:
        """Take an answer in; whether nothing more is to go after it."""
        with self._lock:
            self._unknown_in_a_row = self._unknown_in_a_row + 1 if answer.state == "unknown" else 0
            # A line that is dead after the last byte would make the whole list unknown, one request after the other.
            unanswered = self._unknown_in_a_row >= self._setup.sender.connections + MOST_UNKNOWN_IN_A_ROW
        if taken:
            self._took()
        elif answer.state == "unknown":
            self._growth.doubted()
        impatient = time.monotonic() - self._last_taken > self._setup.patience
        return answer.stop or unanswered or (impatient and answer.state != "submitted")

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

        def put_back(connection: Connection) -> Batch | None:
            again = ledger.put_back(connection, batch, dict.fromkeys(gone, ("submitted", "")))
            if again is None:
                return None
            again = replace(again, probing=batch.probing)
            self._cut(connection, again)
            return again

        again = self._retrying.write(put_back)
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


def _blame(answer: Answer, reason: str) -> str:
    """Why a send is stopped; said so that no other provider is tried when it is the letter that is refused."""
    return f"{ledger.OF_THE_LETTER}{reason}" if answer.about == "letter" else reason
