"""One process's work on a send: its threads, and the steps from batch to batch until nothing is left."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.delivery import cores, deciding, probing
from newsletter.delivery.answering import Answers
from newsletter.delivery.claiming import Claims
from newsletter.delivery.lane import Lane, RunState
from newsletter.delivery.setup import WAITS, DeliverySetup, Progress
from newsletter.delivery.submitting import Submissions
from newsletter.ledger import Send
from newsletter.storage.database import DatabaseAwayError

if TYPE_CHECKING:
    from sqlalchemy import Connection


IDLE = 3.0
"""Seconds without anything to send for which a connection is kept that others may be waiting for."""
_HELPER = 0
"""Stands for helpers among the ids of what is busy; no object has this id."""


class Run:
    """One process's work on one send, shared by the threads that do it.

    Args:
        setup: What every delivery needs.
        send: The send.
        progress: Told what becomes of the letters.
        probes: Whether it brings the trial letter of a send that its provider has stopped, and ends with it.
        waits: Whether whoever started it is told when all that is left waits for its time, longer than patience lasts.
    """

    def __init__(
        self, setup: DeliverySetup, send: Send, progress: Progress, *, probes: bool = False, waits: bool = True
    ) -> None:
        self._setup = setup
        self._send = send
        self._shared = RunState(setup, send, progress, probes=probes)
        self._retrying = self._shared.retrying
        self._claims = Claims(self._shared)
        self._answers = Answers(self._shared, self._claims)
        self._submissions = Submissions(self._shared, self._claims, self._answers)
        self._waits = waits
        self._settled = threading.Condition()
        """Told when a thread is done with a batch; ``_busy`` are the ids of the lanes that have one."""
        self._busy: set[int] = set()
        self._core: int | None = None
        """The core that our threads keep to while helpers have the others."""
        self.over = self._shared.over
        """Set when nothing new is to be begun."""
        self.failure: Exception | None = None
        """What ended it, for whoever started the threads."""

    @property
    def has_taken(self) -> bool:
        """Whether letters are being taken."""
        return self._shared.growth.taken

    def heard(self, state: str, count: int) -> None:
        """A helper has told what became of letters: as if a thread here had done it."""
        if state in WAITS:
            return
        if state == "submitted":
            self._answers.note_taken()
        self._shared.tell(state, count)
        with self._settled:
            self._settled.notify_all()

    def helped(self, helping: bool) -> None:
        """Whether any helper is at work has changed; while one is, it is waited for as for a thread."""
        with self._settled:
            (self._busy.add if helping else self._busy.discard)(_HELPER)
            self._core = next(iter(cores.shared_out(self._setup.processes)), None) if helping else None
            self._settled.notify_all()

    def work(self, end: threading.Event) -> None:
        """Deliver batch after batch until nothing is open, or something failed; then say that it is the end."""
        lane = Lane()
        try:
            while not self.over.is_set() and self._step(lane):
                pass
        except Exception as error:
            with self._shared.lock:
                self.failure = self.failure or self._answers.stopped_by(error)
            self.over.set()
        finally:
            try:
                if lane.next is not None and lane.next[0] is not None:
                    self._claims.let_go(lane.next[0])
                self._claims.disconnect(lane)
            finally:
                self._shared.growth.leave(id(lane))
                end.set()

    def _step(self, lane: Lane) -> bool:
        """Deliver one batch, or wait for others; False when this send needs no more of us."""
        setup = self._setup
        if lane.core != self._core:
            lane.core = self._core
            cores.keep_to(lane.core)
        if lane.next is None:
            if not self._shared.growth.may_begin(id(lane)):
                with self._settled:
                    self._settled.wait(0.2)
                return True
            if not self._claims.in_time(lane):
                return True
            lane.next = self._retrying.write(self._claims.claim(lane))
            self._note_busy(lane)
        (batch, doubtful), lane.next = lane.next, None
        self._shared.tell("unknown", doubtful)
        if batch is not None:
            try:
                gone = self._submissions.deliver(lane, batch)
            except BaseException as error:
                if not isinstance(error, DatabaseAwayError):
                    self._claims.let_go(batch)
                raise
            finally:
                self._note_busy(lane)
                self._claims.give_back(lane)
            self._claims.use(lane, gone)
            return True
        self._shared.growth.leave(id(lane))
        self._claims.use(lane, 0)
        state, pause = self._retrying.write(self._look)
        if state != "running" or (pause and pause > setup.patience and not self._worth_waiting()):
            return False
        if setup.connections and not lane.connections:
            # All connections there may be are others': not even one that rests may stay.
            self._claims.disconnect(lane)
            self._wait(1.0, "full", 1)
        elif pause:
            if lane.connections and pause > IDLE:
                self._claims.disconnect(lane)
            self._wait(min(pause + 0.01, 1.0), "waiting", round(pause))
        return True

    def _worth_waiting(self) -> bool:
        """Whether to stay although nothing can be tried for longer than patience lasts.

        Raises:
            LettersWaitingError: Nothing but such a time is waited for, and whoever started this is to come back.
        """
        with self._settled:
            if self._busy:
                return True
        # Somebody may have settled the last ones since they were looked at, or have claimed others.
        rest = self._retrying.read(lambda connection: ledger.rests(connection, self._send.id))
        if rest is None or rest <= self._setup.patience:
            return True
        if not self._waits:
            return False
        when = probing.hour(self._setup.now() + timedelta(seconds=rest), self._setup.zone)
        raise probing.LettersWaitingError(
            f"the letters that are left wait for their time, and are tried again from {when} on",
            mend="run the same command then; a running worker does so by itself",
        )

    def _note_busy(self, lane: Lane) -> None:
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
        self._shared.tell(state, told)
        self._setup.sleep(seconds)

    def _look(self, connection: Connection) -> tuple[str, float | None]:
        """The state of the send, finished now if it is, and how long others hold what is left."""
        if self._shared.moved(connection):
            return "moved", None
        ledger.finish(connection, self._send.id, now=self._setup.now())
        deciding.look(connection, self._send.id, self._setup.now())
        return ledger.state_of(connection, self._send.id), ledger.waiting(connection, self._send.id)
