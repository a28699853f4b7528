"""One batch over several connections at once, with one event loop and few commits.

Each connection hands over a letter but for its final dot and asks for a mark. The marks and answers of all
connections that are ready at the same moment are committed together, so a commit, and the disk's part in it, costs
each letter a fraction. A connection asks for its next mark only when it has the answer to its last letter, and that
answer is committed before the mark or with it: never more than one letter of each connection is in doubt.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from newsletter.errors import FileLimitError
from newsletter.senders import QUEUED, REFUSED, SUBMITTED, UNKNOWN, About, Answer, Commit, Parcel
from newsletter.senders.refusals import FEW_AT_LAST
from newsletter.senders.smtp.carrying import CarrierState, SessionPool
from newsletter.senders.smtp.meaning import Meaning, meaning
from newsletter.senders.smtp.session import Envelope, HaltError, Session
from newsletter.senders.smtp.wire import ConnectionBrokenError, PipeliningError

MOST_BLOCKED = 3
"""Letters refused for good and not for their readers, none taken in between, after which a send stops."""
MOST_DEFERRED = 10
"""The same for letters that are to be tried later: the server is busy, and is left alone for a while."""
MOST_UNKNOWN = 3
"""Letters in a row whose answer nobody saw, beyond one for each connection: more would be in doubt for nothing."""
FLUSH = 0.5
"""Seconds after which answers are committed though no mark is asked for."""
FEWEST = 4
"""Connections that share a commit and its wait for the disk, where there are so many: fewer take less time to hand
letters over than the disk. While another thread waits, half of all connections are enough."""
QUICK = 0.001
"""Seconds in which a disk takes a mark that is not worth another thread, which takes a third of that, too (measured);
with more than FEWEST connections it is, since the others have enough to do meanwhile."""
LONGEST_WAIT = 0.02
"""Half of the seconds that one connection waits at most for others to share its commit."""


_Asking = tuple[int, "asyncio.Future[bool]"]
"""A delivery that waits for its mark, and who is told whether its final dot may go."""


class SmtpBatch:
    """A batch under way: what waits, what was answered, what is to be committed."""

    def __init__(
        self,
        connections: SessionPool,
        memory: CarrierState,
        parcels: Sequence[Parcel],
        commit: Commit,
        renew: float,
        sync: Callable[[], None] | None = None,
    ) -> None:
        self._connections = connections
        self._memory = memory
        self._waiting = deque(parcels)
        self._commit_to = commit
        self._renew = renew
        self._sync = sync
        self._syncing: set[asyncio.Task[None]] = set()
        """Those who wait for the disk."""
        self._answers: dict[int, tuple[str, str]] = {}
        self._asking: list[_Asking] = []
        self._due: asyncio.Handle | None = None
        """The next commit."""
        self._committed = 0.0
        self._cost = 0.0
        """Seconds that the last commit took."""
        self._talking = 0
        """Connections that may still ask for a mark."""
        self._over = False
        """Nothing new is to go."""
        self._begun: dict[int, int] = {}
        """Refusals before each letter that is under way."""
        self._held: dict[int, tuple[int, Meaning]] = {}
        """Refusals of addresses that are not believed yet; the letters of which are not taken, whatever comes."""
        self._taken = False
        """Some letter of it was taken."""
        self._deferred = 0
        self._reason = ""
        self._about: About = "moment"
        self._halt: tuple[str, About] | None = None
        self._connected = False
        self._full: FileLimitError | None = None
        """A connection could not be had for want of files that may be open."""
        self._failure: Exception | None = None

    async def deliver(self) -> Answer:
        """Deliver the batch; what became of each letter is told to ``commit``.

        Raises:
            Exception: What ``commit`` raised; letters in the air were waited for, and told to it once more.
        """
        self._committed = asyncio.get_running_loop().time()
        pulse = asyncio.create_task(self._pulse())
        lanes = [asyncio.create_task(self._lane()) for _ in range(min(self._connections.most, len(self._waiting)))]
        try:
            await asyncio.wait(lanes)
        finally:
            pulse.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pulse
        failure, self._failure = self._failure, None
        self._decide()
        if self._answers:
            self._commit()
        for lane in lanes:
            lane.result()
        if failure := failure or self._failure or (None if self._connected else self._full):
            raise failure
        return self._outcome()

    def _outcome(self) -> Answer:
        if self._halt is not None:
            reason, about = self._halt
            return Answer(QUEUED, reason=reason, stop=True, about=about)
        if self._waiting or self._deferred or self._over:
            return Answer(QUEUED, reason=self._reason, about=self._about)
        return Answer(SUBMITTED)

    # ---- one connection after the other

    async def _lane(self) -> None:
        """Carry letters over one connection, and over another when that one has carried enough or broke."""
        while self._waiting and not self._over:
            try:
                session = await self._connections.session()
            except ConnectionBrokenError as error:
                # The other connections go on; the next batch tries again.
                self._because(self._reason or self._connections.broken(error))
                return
            except HaltError as error:
                self._stop(str(error), error.about)
                return
            except FileLimitError as error:
                # Fewer connections will do, as long as there is one.
                self._full = error
                return
            self._connected = True
            answered = session.answered
            self._talking += 1
            try:
                await self._talk(session)
            except PipeliningError as error:
                # Nothing of it was a letter: the same ones go over another connection, one command after the other.
                self._because(self._connections.broken(error))
            except ConnectionBrokenError as error:
                self._because(self._connections.broken(error))
                if session.answered == answered:
                    return
            except HaltError as error:
                session.abort()
                self._stop(str(error), error.about)
            except BaseException:
                session.abort()
                raise
            finally:
                self._talking -= 1
                await self._connections.give_back(session)

    async def _talk(self, session: Session) -> None:
        """Letter after letter over one connection; one that did not go waits again when it breaks."""
        ahead = self._take(session)
        following = in_air = None
        try:
            if ahead is not None:
                session.propose(ahead)
            while ahead is not None and not self._over:
                refusal = await session.admitted(ahead)
                if session.found_out():
                    self._connections.tell_lie()
                if refusal is not None:
                    self._answered(ahead, meaning(*refusal))
                    ahead = self._take(session)
                    if ahead is not None:
                        session.propose(ahead)
                    continue
                session.hand_over(ahead)
                await session.handed_over()
                following = self._take(session, room=2)
                if not await self._mark(ahead.parcel.delivery):
                    ahead = None
                    session.abort()
                    return
                in_air, ahead, following = ahead, following, None
                session.last_byte(ahead)
                reply = await session.answer()
                self._answered(in_air, meaning(reply, "."), marked=True)
                in_air = None
                if reply.closing:
                    raise ConnectionBrokenError(f"it says: {reply.words}")
        except ConnectionBrokenError as error:
            if in_air is not None:
                self._answered(in_air, Meaning(UNKNOWN, self._connections.broken(error)), marked=True)
            raise
        finally:
            for hand in (following, ahead):
                if hand is not None:
                    session.abort()
                    self._waiting.appendleft(hand.parcel)

    def _take(self, session: Session, *, room: int = 1) -> Envelope | None:
        """The next letter for a connection that may still carry ``room`` of them."""
        while self._waiting and not self._over and session.room >= room:
            hand = self._connections.hand(self._waiting.popleft())
            reason = session.impossible(hand)
            if not reason:
                self._begun[hand.parcel.delivery] = self._memory.watch.number
                return hand
            self._answers[hand.parcel.delivery] = (REFUSED, reason)
        return None

    # ---- marks and answers

    async def _mark(self, delivery: int) -> bool:
        """Whether the final dot of this letter may go; True only when that is committed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._asking.append((delivery, future))
        fewest = 1 if self._syncs_apart else min(self._talking, FEWEST)
        if len(self._asking) >= max(fewest, self._talking / 2):
            # Half of them: while these wait for the disk, the server has the letters of the others to read.
            if self._due is not None:
                self._due.cancel()
            self._due = loop.call_soon(self._commit)
        elif len(self._asking) == 1:
            # Seldom so long, since enough of them mostly ask before; and then a commit of its own would cost as much.
            disk = 0.0 if self._syncs_apart else self._memory.disk
            self._due = loop.call_later(2 * min(self._cost + disk, LONGEST_WAIT), self._commit)
        return await future

    def _commit(self) -> None:
        asking, self._asking = self._asking, []
        answers, self._answers = self._answers, {}
        may = None
        if not self._failure:
            started = asyncio.get_running_loop().time()
            try:
                may = self._commit_to(answers, [] if self._over else [one for one, _ in asking])
                self._committed = asyncio.get_running_loop().time()
                self._cost = self._committed - started
            except Exception as error:
                self._failure = error
        if self._failure:
            self._answers = {**answers, **self._answers}
        self._over = self._over or may is None
        going: list[_Asking] = []
        for one in asking:
            if may is not None and one[0] in may:
                going.append(one)
            else:
                one[1].set_result(False)
        if not going or self._sync is None:
            self._let_go(going, None)
        elif self._syncs_apart:
            waits = asyncio.create_task(self._await_disk(self._sync, going))
            self._syncing.add(waits)
            waits.add_done_callback(self._syncing.discard)
        else:
            self._let_go(going, self._timed(self._sync))

    @property
    def _syncs_apart(self) -> bool:
        """Whether another thread waits for the disk, so that other connections go on meanwhile."""
        return self._sync is not None and (self._memory.disk > QUICK or self._talking > FEWEST)

    async def _await_disk(self, sync: Callable[[], None], going: Sequence[_Asking]) -> None:
        try:
            failure = await asyncio.get_running_loop().run_in_executor(None, self._timed, sync)
        except RuntimeError:  # no further thread is to be had
            failure = self._timed(sync)
        self._let_go(going, failure)

    def _timed(self, sync: Callable[[], None]) -> Exception | None:
        """Wait for the disk, and note for how long; what went wrong."""
        started = time.perf_counter()
        try:
            sync()
        except Exception as error:
            return error
        self._memory.disk += (time.perf_counter() - started - self._memory.disk) / 8
        return None

    def _let_go(self, going: Sequence[_Asking], failure: Exception | None) -> None:
        """Let final dots go whose marks are where they should be."""
        if failure is not None:
            self._failure, self._over = self._failure or failure, True
            # They were marked, and did not go.
            self._answers.update((delivery, (QUEUED, "")) for delivery, _ in going)
        for _, future in going:
            future.set_result(failure is None)

    async def _pulse(self) -> None:
        """Keep the lease, and let no answer wait long for the next mark."""
        while True:
            await asyncio.sleep(min(FLUSH, self._renew))
            late = asyncio.get_running_loop().time() - self._committed >= self._renew
            if (self._answers or late) and not self._failure and not self._asking:
                self._commit()

    def _answered(self, hand: Envelope, told: Meaning, *, marked: bool = False) -> None:
        """Keep what became of a letter, and see whether it is time to stop.

        Args:
            hand: The letter.
            told: What the server made of it.
            marked: Its final dot went, so that the ledger must hear at once that nothing is in doubt.
        """
        delivery, memory = hand.parcel.delivery, self._memory
        begun = self._begun.pop(delivery, 0)
        memory.unanswered = memory.unanswered + 1 if told.state == UNKNOWN else 0
        if told.state == REFUSED:
            self._refused(delivery, told, marked=marked)
            return
        self._answers[delivery] = (told.state, told.reason)
        if told.reason:
            self._because(told.reason, told.about)
        if told.state == SUBMITTED:
            self._taken = True
            memory.watch.took(begun)
            memory.blocked = memory.busy = 0
            self._believe()
        elif told.state == QUEUED:
            self._put_off(delivery)
            self._count(told)
        elif memory.unanswered >= self._connections.most + MOST_UNKNOWN:
            self._stop(f"{memory.unanswered} letters were left without an answer one after the other; {told.reason}")

    def _count(self, told: Meaning) -> None:
        """Count a letter that was not taken, and end the batch when it is not the letter's fault."""
        memory = self._memory
        if told.about != "moment":
            memory.blocked += 1
            if memory.blocked >= MOST_BLOCKED:
                self._stop(f"{memory.blocked} letters in a row were not taken; {told.reason}", told.about)
        elif not told.alone:
            memory.busy += 1
            self._over = self._over or memory.busy >= MOST_DEFERRED

    def _refused(self, delivery: int, told: Meaning, *, marked: bool) -> None:
        """Hold a refusal of an address back until something was taken after it."""
        watch = self._memory.watch
        number = watch.refused(delivery)
        if watch.proved(delivery):
            self._answers[delivery] = (REFUSED, told.reason)
            return
        self._held[delivery] = (number, told)
        if marked:
            self._answers[delivery] = (QUEUED, told.reason)
        if watch.about_everybody:
            self._stop(f"{watch.words}; {told.reason}")

    def _believe(self) -> None:
        """Write down what was refused for the mailbox it names, since others are taken; not a long row of them."""
        watch = self._memory.watch
        proved = [one for one, (number, _) in self._held.items() if watch.followed(number)]
        for delivery in proved:
            number, told = self._held[delivery]
            if told.clear and len(proved) <= FEW_AT_LAST:
                del self._held[delivery]
                self._answers[delivery] = (REFUSED, told.reason)
            else:
                # A server may have forgotten its readers for a moment: whoever is gone is refused the next time too.
                self._held[delivery] = number, replace(told, clear=False)

    def _decide(self) -> None:
        """At the end, decide on refusals after which nothing was taken."""
        watch, (held, self._held) = self._memory.watch, (self._held, {})
        for delivery, (_, told) in held.items():
            if self._halt is None and watch.believed(delivery, clear=told.clear, beside=self._taken):
                self._answers[delivery] = (REFUSED, told.reason)
                continue
            self._answers[delivery] = (QUEUED, told.reason)
            self._put_off(delivery)
            self._because(told.reason, "address")

    def _put_off(self, delivery: int) -> None:
        self._deferred += 1
        self._memory.deferred[delivery] = self._memory.deferred.get(delivery, 0) + 1

    def _because(self, reason: str, about: About = "moment") -> None:
        self._reason, self._about = reason, about

    def _stop(self, reason: str, about: About = "server") -> None:
        self._over = True
        self._halt = self._halt or (reason, about)
