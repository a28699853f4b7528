"""An SMTP server loaded with one letter: its connections, and the two ways to use them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from newsletter.errors import SendError, file_limit_error
from newsletter.letters.mime import CutLetter
from newsletter.senders import QUEUED, REFUSED, SUBMITTED, UNKNOWN, Answer, Carrier, Commit, Parcel, UnreachableError
from newsletter.senders.refusals import RefusalRecord
from newsletter.senders.smtp.carrying import CarrierState
from newsletter.senders.smtp.meaning import Meaning, meaning
from newsletter.senders.smtp.opening import open_session
from newsletter.senders.smtp.round import SmtpBatch
from newsletter.senders.smtp.session import Envelope, HaltError, PipeliningState, Session
from newsletter.senders.smtp.wire import ConnectionBrokenError, PipeliningError

if TYPE_CHECKING:
    import ssl

    from newsletter.senders.refusals import AddressRefusals
    from newsletter.senders.smtp.options import SmtpOptions

LOG = logging.getLogger("nashra.smtp")
REST = 10.0
"""Seconds of rest after which a connection is asked whether it still is one."""

Result = TypeVar("Result")


class SmtpCarrier(Carrier):
    """An SMTP server, loaded with one letter; for one thread."""

    one_by_one = True

    def __init__(
        self, options: SmtpOptions, letter: CutLetter, return_path: str, context: ssl.SSLContext | None
    ) -> None:
        self._options = options
        self._verp = options.verp
        self._letter = letter
        self._return_path = return_path
        self._context = context
        self._loop: asyncio.AbstractEventLoop | None = None
        self._resting: list[Session] = []
        self._memory = CarrierState(RefusalRecord(), PipeliningState())
        self._most = options.connections

    def carry(
        self,
        parcels: Sequence[Parcel],
        commit: Commit,
        *,
        renew: float,
        most: int = 0,
        sync: Callable[[], None] | None = None,
    ) -> Answer:
        """Deliver letters, each final dot held back until it is marked."""
        self._most = min(most or self._options.connections, self._options.connections)
        if len(self._resting) > self._most:
            spare, self._resting = self._resting[self._most :], self._resting[: self._most]
            self._run(_quit(spare))
        put_off = self._memory.deferred
        first = sorted(parcels, key=lambda parcel: put_off.get(parcel.delivery, 0))
        return self._run(SmtpBatch(self, self._memory, first, commit, renew, sync).deliver())

    def begin(self, parcels: Sequence[Parcel], _request_id: str) -> HeldLetters:
        """Hand over the first letter, but for its final dot; the others follow it in ``finish``.

        Raises:
            UnreachableError: Nothing was taken.
            SendError: No letter can go.
        """
        return self._run(self._hand_over(parcels))

    def inherit(self, other: Carrier) -> None:
        """Go on with the connections of a carrier with another letter, and with what it learnt of the server."""
        if isinstance(other, SmtpCarrier):
            self._loop, self._resting, self._memory = other._loop, other._resting, other._memory
            other._loop, other._resting = None, []

    def remember(self, refusals: AddressRefusals) -> None:
        """Believe refusals by what the whole run has seen."""
        self._memory.watch = refusals.record

    def close(self) -> None:
        """Say good-bye on every connection."""
        if self._loop is None:
            return
        resting, self._resting = self._resting, []
        with contextlib.suppress(Exception):
            self._run(_quit(resting))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self._loop = None

    # ---- for what stands below

    @property
    def most(self) -> int:
        """Connections there may be at once."""
        return self._most

    def hand(self, parcel: Parcel) -> Envelope:
        """Fill the letter for one subscriber."""
        values = {**parcel.slots, "to": parcel.address.encode("utf-8"), "message_id": parcel.name.encode("ascii")}
        path = self._return_path
        if self._verp:
            local, _, domain = path.rpartition("@")
            path = f"{local}+{parcel.name}@{domain}"
        return Envelope(parcel, self._letter.fill(values), path)

    async def session(self) -> Session:
        """A connection that is ready, one that rested if there is one.

        Raises:
            ConnectionBrokenError: There is none to be had now.
            HaltError: There is none to be had until something is mended.
        """
        while self._resting:
            session = self._resting.pop()
            if await session.wake(REST):
                return session
            await session.quit()
        return await open_session(self._options, self._context, self._memory.ahead)

    async def give_back(self, session: Session) -> None:
        """Keep a connection for the next batch, or close it when it has carried enough."""
        if session.usable:
            session.rest()
            self._resting.append(session)
        else:
            await session.quit()

    def broken(self, error: ConnectionBrokenError) -> str:
        """Words for a connection that is not to be had."""
        return f"the SMTP server {self._options.where}: {error}"

    def tell_lie(self) -> None:
        """Tell that the server does not answer what is written ahead, and which setting spares the time to find out."""
        LOG.warning(
            "the SMTP server %s offers PIPELINING and does not answer commands that are written ahead: letters go on "
            "one command at a time. Write pipelining = false under [smtp], so that this is known from the start",
            self._options.where,
        )

    async def _hand_over(self, parcels: Sequence[Parcel]) -> HeldLetters:
        try:
            return await self._try_over(parcels)
        except PipeliningError:
            pass
        try:
            return await self._try_over(parcels)
        except PipeliningError as error:
            raise UnreachableError(self.broken(error)) from None

    async def _try_over(self, parcels: Sequence[Parcel]) -> HeldLetters:
        hand = self.hand(parcels[0])
        session: Session | None = None
        try:
            session = await self.session()
            if reason := session.impossible(hand):
                await self.give_back(session)
                return HeldLetters(self, None, parcels, Meaning(REFUSED, reason, "address"))
            session.propose(hand)
            refusal = await session.admitted(hand)
            if session.found_out():
                self.tell_lie()
            if refusal is not None:
                await self.give_back(session)
                return HeldLetters(self, None, parcels, meaning(*refusal))
            session.hand_over(hand)
            await session.handed_over()
        except PipeliningError:
            if session is not None:
                session.abort()
            raise
        except ConnectionBrokenError as error:
            if session is not None:
                session.abort()
            raise UnreachableError(self.broken(error)) from None
        except HaltError as error:
            if session is not None:
                session.abort()
            raise SendError(str(error), where=self._options.where) from None
        return HeldLetters(self, session, parcels, None)

    def last_byte(self, session: Session) -> Meaning:
        """Let the final dot of the one letter that waits go; what became of it."""
        return self._run(self._last_byte(session))

    async def _last_byte(self, session: Session) -> Meaning:
        session.last_byte(None)
        try:
            reply = await session.answer()
        except ConnectionBrokenError as error:
            return Meaning(UNKNOWN, self.broken(error))
        await self.give_back(session)
        told = meaning(reply, ".")
        if told.state == SUBMITTED:
            self._memory.watch.took()
        return told

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        if self._loop is None:
            try:
                self._loop = _new_loop()
            except BaseException:
                work.close()
                raise
        return self._loop.run_until_complete(work)


class HeldLetters:
    """Letters of which the first waits for its final dot.

    Args:
        carrier: That they go with.
        session: Over which the first waits; None when it is not wanted.
        parcels: All of them.
        told: What became of the first, when that is clear already.
    """

    def __init__(
        self, carrier: SmtpCarrier, session: Session | None, parcels: Sequence[Parcel], told: Meaning | None
    ) -> None:
        self._carrier = carrier
        self._session = session
        self._parcels = parcels
        self._told = told

    def finish(self) -> Answer:
        """Let the final dots go, one after the other."""
        first, *others = self._parcels
        if self._session is not None:
            self._told = self._carrier.last_byte(self._session)
        assert self._told is not None
        told = self._told
        if not others:
            return _alone(told)
        settled: dict[int, tuple[str, str]] = {first.delivery: (told.state, told.reason)}

        def commit(answers: Mapping[int, tuple[str, str]], going: Sequence[int]) -> Collection[int]:
            # Whoever called has marked them all together.
            settled.update(answers)
            return going

        answer = self._carrier.carry(others, commit, renew=60.0)
        left = [parcel for parcel in self._parcels if settled.get(parcel.delivery, (QUEUED,))[0] == QUEUED]
        if left:
            taken = {one: outcome for one, outcome in settled.items() if outcome[0] != QUEUED}
            return replace(answer, state=QUEUED, apart=taken)
        return Answer(SUBMITTED, {one: outcome for one, outcome in settled.items() if outcome[0] != SUBMITTED})

    def abandon(self) -> None:
        """Close without the final dot."""
        if self._session is not None:
            self._session.abort()


def _alone(told: Meaning) -> Answer:
    """The answer to one letter by itself: a refusal that does not say why may be about anything."""
    if told.state == REFUSED and not told.clear:
        return Answer(QUEUED, reason=told.reason, about="address")
    return Answer(told.state, reason=told.reason, about=told.about)


def _new_loop() -> asyncio.AbstractEventLoop:
    """A fresh event loop. One that cannot open its own three files would tell of it in a traceback of its own."""
    if (full := file_limit_error(None)) is not None:
        raise full
    return asyncio.new_event_loop()


async def _quit(sessions: Sequence[Session]) -> None:
    await asyncio.gather(*(session.quit() for session in sessions), return_exceptions=True)
