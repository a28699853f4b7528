"""From a claimed batch to the provider: who may still get it, everything but the last byte, the mark, the last byte."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.delivery import warming
from newsletter.delivery.dues import backoff, due_in
from newsletter.delivery.growth import FEW
from newsletter.delivery.pacing import hold_back
from newsletter.delivery.parcels import name_of, parcels_of
from newsletter.letters.mime import from_json
from newsletter.senders import Answer, UnreachableError, load
from newsletter.storage.database import DatabaseAwayError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.delivery.answering import Answers
    from newsletter.delivery.claiming import Claims
    from newsletter.delivery.lane import Claimed, Lane, RunState
    from newsletter.delivery.probing import SendPausedError
    from newsletter.ledger import Batch
    from newsletter.senders import Carrier, Parcel


class Submissions:
    """What the threads of a run hand over to the provider, in the order of writes that the promise needs.

    Args:
        shared: What the threads share.
        claims: What they have claimed.
        answers: Where the answers are written down.
    """

    def __init__(self, shared: RunState, claims: Claims, answers: Answers) -> None:
        self._shared = shared
        self._setup = shared.setup
        self._send = shared.send
        self._retrying = shared.retrying
        self._claims = claims
        self._answers = answers
        self._turn = threading.Lock()
        """Held by the one thread that reads rows and makes letters of them; the others hand over, or wait for answers.

        SQLite lets Python's lock go at every row it reads, and who computes keeps it for 5 ms: four threads that did
        this side by side were slower than one (measured: 33,000 letters a second, one thread 78,000).
        """

    def deliver(self, lane: Lane, batch: Batch) -> int:
        """Deliver what of a batch can be delivered; how many letters were handed over."""
        setup, carrier = self._setup, self._loaded(lane, batch.letter_id)
        if batch.state == "submitting":
            settled = self._settle(batch, carrier)
            if settled is None:
                return 0
            batch = settled
        if carrier.one_by_one and not self._shared.growth.taken and not self._shared.probes:
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
            self._answers.record(lane, batch, Answer("queued", reason=str(error)), parcels)
            return 0
        mine = False
        try:
            with self._shared.pen, setup.database.write() as connection:
                if lane.connections:
                    self._claims.keep_connections(lane, connection, want=lane.connections)
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
            self._claims.let_go(batch)
            return 0
        self._shared.tell("skipped", len(skipped))
        self._answers.record(lane, batch, submission.finish() if submission is not None else Answer(), parcels)
        return len(parcels)

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
            self._shared.tell("unknown", len(deliveries))
            return None
        gone = {delivery.id for delivery in deliveries if name_of(self._send, delivery.id) in taken}

        def put_back(connection: Connection) -> Batch | None:
            again = ledger.put_back(connection, batch, dict.fromkeys(gone, ("submitted", "")))
            if again is None:
                return None
            again = replace(again, probing=batch.probing)
            self._claims.cut(connection, again)
            return again

        again = self._retrying.write(put_back)
        if again is not None:
            self._shared.tell("submitted", len(gone))
        return again

    def _keep_few(self, batch: Batch, connection: Connection) -> None:
        """Leave a batch whose letters go one by one a few of them, for as long as none was taken."""
        others = [one.id for one in ledger.deliveries(connection, batch.id)[FEW:]]
        ledger.put_off(connection, batch, others, 0.0, attempt=batch.attempt - 1)

    def _loaded(self, lane: Lane, letter_id: int) -> Carrier:
        """The carrier with this letter; it has the connections of the one before, so that they stay few."""
        if lane.carrier is None or lane.letter_id != letter_id:
            with self._turn:
                frozen = self._retrying.read(lambda connection: ledger.letter_of(connection, letter_id))
                lane.carrier = load(self._setup.sender, from_json(frozen), lane.carrier)
                lane.carrier.remember(self._shared.refusals)
                lane.letter_id = letter_id
        return lane.carrier

    def _carry(
        self,
        lane: Lane,
        batch: Batch,
        carrier: Carrier,
        parcels: list[Parcel],
        skipped: dict[int, str],
    ) -> None:
        """Deliver a batch whose letters go one by one: each is marked and answered on its own row."""
        setup, marked = self._setup, set[int]()
        # Other letters go on while the disk takes a mark.
        apart = setup.durable and setup.database.syncs_apart
        later: dict[int, str] = {}
        told = Counter[str]()

        def commit(answers: Mapping[int, tuple[str, str]], going: Sequence[int]) -> Collection[int] | None:
            # When it is over, what is in the air comes to its end and nothing new is begun.
            over = self._shared.over.is_set()
            answers = self._answers.as_trial(answers)

            def act(connection: Connection) -> Collection[int] | None:
                if lane.connections:
                    self._claims.keep_connections(lane, connection, want=lane.connections)
                return ledger.advance(
                    connection, batch, answers=answers, going=() if over else going, marked=marked, lease=setup.lease
                )

            may = self._retrying.write(act, durable=setup.durable and not apart)
            marked.update(may or ())
            for one, (state, reason) in answers.items():
                later.pop(one, None)
                if state == "queued":
                    later[one] = reason
            states = Counter(state for state, _ in answers.values() if state != "queued")
            told.update(states)
            lane.used = told.total() - told["skipped"]
            for state, count in states.items():
                self._shared.tell(state, count)
            if states["submitted"]:
                self._answers.took(one_by_one=True)
            return None if over else may

        if skipped:
            commit({one: ("skipped", reason) for one, reason in skipped.items()}, ())
        most = lane.connections if self._shared.growth.taken else 1
        sync = setup.database.sync if apart else None
        answer = carrier.carry(parcels, commit, renew=setup.lease / 3, most=most, sync=sync)
        waits = answer.state == "queued" and not (answer.stop or self._shared.over.is_set())
        pause = backoff(setup.backoff, batch.attempt) if waits else 0.0
        impatient = self._answers.is_impatient
        stops = answer.stop or bool(waits and answer.reason and impatient)
        reason = answer.reason or next(iter(later.values()), "")
        if self._shared.probes and parcels:
            stops = not told["submitted"]
            # Another letter is tried next time, should it be this one's fault.
            dues = dict.fromkeys((one.delivery for one in parcels) if stops else later, 0.0)
        else:
            dues = {one: due_in(why, batch.attempt, setup.put_off) for one, why in later.items() if not stops}

        further = answer.state == "submitted" and not (stops or self._shared.probes or setup.rate_limit.limits)
        claim = self._claims.claim(lane) if further and not self._shared.over.is_set() else None

        def close(connection: Connection) -> tuple[Claimed | None, SendPausedError | None]:
            for seconds in sorted(set(dues.values())):
                some = [one for one, due in dues.items() if due == seconds]
                ledger.put_off(connection, batch, some, seconds)
            ledger.close(connection, batch, pause=0.0 if stops else pause)
            paused = self._answers.decide(connection, answer, stops=stops, tried=bool(parcels), reason=reason)
            return claim(connection) if claim is not None else None, paused

        # The next mark takes it to the disk along with itself, and so does the end of the send.
        lane.next, paused = self._retrying.write(close, durable=not (further and not dues))
        self._answers.end(paused, stops=stops, tried=bool(parcels), reason=reason)
