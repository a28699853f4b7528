"""Answers of the provider are written down, and say whether the send goes on."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.delivery import probing
from newsletter.delivery.dues import backoff
from newsletter.errors import NashraError, SendError
from newsletter.senders import Answer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.delivery.claiming import Claims
    from newsletter.delivery.lane import Claimed, Lane, RunState
    from newsletter.ledger import Batch
    from newsletter.senders import Parcel

MOST_UNKNOWN_IN_A_ROW = 3
"""Submissions without an answer, beyond one for each connection, after which a send stops."""


class Answers:
    """What a run has heard of its provider, and what follows.

    Args:
        shared: What the threads share.
        claims: What claims the next batch along with an answer.
    """

    def __init__(self, shared: RunState, claims: Claims) -> None:
        self._shared = shared
        self._setup = shared.setup
        self._send = shared.send
        self._retrying = shared.retrying
        self._claims = claims
        self._last_taken = time.monotonic()
        self._unknown_in_a_row = 0

    @property
    def is_impatient(self) -> bool:
        """Whether nothing was taken for longer than patience lasts."""
        return time.monotonic() - self._last_taken > self._setup.patience

    def note_taken(self) -> None:
        """Something was taken, here or by a helper: patience begins anew."""
        self._last_taken = time.monotonic()

    def took(self, *, one_by_one: bool = False) -> None:
        """Something was taken: more may be risked."""
        self.note_taken()
        self._shared.growth.took(one_by_one=one_by_one)
        self._shared.halving.took()

    def record(self, lane: Lane, batch: Batch, answer: Answer, parcels: Sequence[Parcel]) -> None:
        """Write the answer down; stop the send when it says so, or when nothing was taken for too long.

        While all goes well the next batch is claimed in the same transaction: a commit less for each.
        """
        setup, tried = self._setup, bool(parcels)
        answer = self._shared.halving.judged(answer, [one.delivery for one in parcels], apart=setup.put_off)
        if self._shared.probes:
            answer = replace(answer, apart=self.as_trial(answer.apart), split=False, again=False)
        pause = 0.0
        if answer.state == "queued" and not (answer.again or answer.split or answer.stop):
            # An address that is refused again at once proves no more than the first time; and each of them that was
            # named, and left out, has made an attempt of its own.
            own = setup.put_off if answer.about == "address" else backoff(setup.backoff, batch.attempt)
            pause = answer.pause or own
        rest = len(parcels) - len(answer.apart)
        lane.used = sum(state != "queued" for state, _ in answer.apart.values())
        lane.used += rest if answer.state != "queued" else 0
        taken = (answer.state == "submitted" and rest > 0) or "submitted" in {one for one, _ in answer.apart.values()}
        stops = self._is_over(answer, taken)
        if self._shared.probes and tried:
            stops = not taken
        if stops:
            # The trial letter comes at a time of its own, and needs a letter that waits for nothing else.
            pause = 0.0
        further = answer.state == "submitted" and not (stops or self._shared.probes or setup.rate_limit.limits)
        claim = self._claims.claim(lane) if further and not self._shared.over.is_set() else None

        def write_down(connection: Connection) -> tuple[Claimed | None, probing.SendPausedError | None]:
            ours = ledger.record(connection, batch, answer.state, answer.apart, pause=pause)
            # Come again, it may find the batch in other hands, with a half of it on the way.
            if answer.split and ours:
                ledger.split(connection, batch)
            if self._shared.probes and ours and answer.state == "queued":
                # Another letter is tried next time, should it be this one's fault.
                ledger.move_out(connection, batch, [one.delivery for one in parcels], 0.0)
            paused = self.decide(connection, answer, stops=stops, tried=tried, reason=answer.reason)
            return claim(connection) if claim is not None else None, paused

        # What was taken need not reach the disk by itself: the next mark takes it along, since both write one log in
        # order. Should the power fail in between, the request is in doubt, as if its answer had not come.
        plain = answer.state == "submitted" and not (answer.apart or stops or self._shared.probes)
        lane.next, paused = self._retrying.write(write_down, durable=not plain)
        for state, count in Counter(state for state, _ in answer.apart.values() if state != "queued").items():
            self._shared.tell(state, count)
        if answer.state != "queued":
            self._shared.tell(answer.state, rest)
        self.end(paused, stops=stops, tried=tried, reason=answer.reason)

    def _is_over(self, answer: Answer, taken: bool) -> bool:
        """Take an answer in; whether nothing more is to go after it."""
        with self._shared.lock:
            self._unknown_in_a_row = self._unknown_in_a_row + 1 if answer.state == "unknown" else 0
            # A line that is dead after the last byte would make the whole list unknown, one request after the other.
            unanswered = self._unknown_in_a_row >= self._setup.sender.connections + MOST_UNKNOWN_IN_A_ROW
        if taken:
            self.took()
        elif answer.state == "unknown":
            self._shared.growth.doubted()
        impatient = self.is_impatient
        return answer.stop or unanswered or (impatient and answer.state != "submitted")

    def as_trial(self, answers: Mapping[int, tuple[str, str]]) -> Mapping[int, tuple[str, str]]:
        """Answers as they are; of a trial letter nobody is refused, since the provider may refuse everybody."""
        if not self._shared.probes:
            return answers
        return {one: ("queued", why) if state == "refused" else (state, why) for one, (state, why) in answers.items()}

    def decide(
        self, connection: Connection, answer: Answer, *, stops: bool, tried: bool, reason: str
    ) -> probing.SendPausedError | None:
        """Pause the send, or let it run again after a trial letter; in the transaction that writes the answer down."""
        if stops:
            return self._brake(connection, _blame(answer, reason))
        if self._shared.probes and tried and not self._shared.moved(connection):
            ledger.go_on(connection, self._send.id)
        return None

    def end(self, paused: probing.SendPausedError | None, *, stops: bool, tried: bool, reason: str) -> None:
        """Stop here when the send was stopped; one that is tried ends with its trial letter."""
        if self._shared.probes and tried:
            self._shared.over.set()
        if stops:
            raise paused or SendError(reason, mend="mend it, then run the same command again")

    def stopped_by(self, error: Exception) -> Exception:
        """What ended the work; when the sender itself can do nothing more, every process is kept from going on."""
        if not isinstance(error, SendError) or isinstance(
            error, (probing.SendPausedError, probing.LettersWaitingError)
        ):
            return error
        with contextlib.suppress(NashraError), self._shared.pen, self._setup.database.write() as connection:
            self._brake(connection, str(error))
        return error

    def _brake(self, connection: Connection, reason: str) -> probing.SendPausedError | None:
        """Pause the send until a trial letter shows that its provider takes letters; None when an editor was faster."""
        if self._shared.moved(connection):
            # Another provider goes on with it: what this one says does not stop that.
            return None
        ledger.stop(connection, self._send.id, reason, first=self._setup.probe_pause, tried=self._shared.probes)
        return probing.paused(connection, self._send.id)


def _blame(answer: Answer, reason: str) -> str:
    """Why a send is stopped; said so that no other provider is tried when it is the letter that is refused."""
    return f"{ledger.OF_THE_LETTER}{reason}" if answer.about == "letter" else reason
