"""One source while it is read: what it has cost so far, and what is said when that is too much."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

from newsletter.errors import SourceError
from newsletter.sources.fence.messages import FetchRequest, ReadingOutcome, ReadingRequest
from newsletter.sources.fence.processes import ReaderProcess
from newsletter.sources.fence.reader import OUT_OF_MEMORY
from newsletter.sources.fence.turns import ReadingTurn
from newsletter.sources.http.models import FetcherProtocol

_QUICK = 1.0
"""Seconds within which almost every source is read."""
_PATIENCE = 3
"""A reader may take so many times its processor time by the clock, for the machine has other work too; but never longer
than a little more than the whole time of one source, so that a round ends."""
_LOOK = 0.2
"""Seconds between looks at what a reader has used."""


class OverrunError(Exception):
    """A source has used up its processor time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class WatchedReading:
    """One source that is read in another process.

    Args:
        process: Where it is read.
        turn: Its turn at the processor.
        allowed: Says how many seconds of processor a source may cost; it may become fewer meanwhile.
        door: Fetches what the source names; None if it can name nothing.
        longest: Seconds by the clock that reading may take whatever else the machine does.
    """

    def __init__(
        self,
        process: ReaderProcess,
        turn: ReadingTurn,
        allowed: Callable[[], float],
        door: FetcherProtocol | None,
        *,
        longest: float,
    ) -> None:
        self._longest = longest
        self._process, self._turn, self._allowed, self._door = process, turn, allowed, door
        self._at_first = process.processor_time()
        self._spent = 0.0
        """Seconds by the clock, without those in which it waited for us."""

    def outcome(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> ReadingOutcome:
        """Have it read.

        Args:
            work: A function of a module.
            arguments: Of the function.

        Raises:
            OverrunError: It costs more than it may.
            EOFError: Its process has come to an end.
        """
        channel = self._process.channel
        channel.door = self._door
        try:
            channel.send(ReadingRequest(work, arguments, self._allowed()))
            while True:
                self._wait()
                message = channel.receive()
                if isinstance(message, ReadingOutcome):
                    return message
                self._turn.pause()
                answer = self._fetched(message)
                self._turn.resume()
                channel.send(answer)
        except OSError as error:
            raise EOFError(str(error)) from None

    def _wait(self) -> None:
        """Until there is something to receive."""
        began = time.monotonic()
        while not self._process.channel.is_ready(_LOOK):
            self._spent += time.monotonic() - began
            self._refuse_overrun()
            if not self._turn.is_slow and self._spent > _QUICK:
                self._process.yield_to_others()
                self._turn.slow_down(self._process.stop, self._process.go_on)
            began = time.monotonic()
        self._spent += time.monotonic() - began

    def _refuse_overrun(self) -> None:
        allowed, used = self._allowed(), self._process.processor_time()
        cost = self._spent if used is None or self._at_first is None else used - self._at_first
        if cost > allowed or self._spent > min(allowed * _PATIENCE, self._longest):
            raise OverrunError(allowed)

    def _fetched(self, request: FetchRequest) -> ReadingOutcome:
        assert self._door is not None
        try:
            got = self._door.get(request.url, request.kind, headers=request.headers, statuses=request.statuses)
        except SourceError as error:
            return ReadingOutcome(trouble=error)
        return ReadingOutcome(got)


def ended(code: int, megabytes: int, where: str) -> SourceError:
    """What is said of a source whose reader came to an end by itself.

    Args:
        code: Exit code of the process; negative for a signal.
        megabytes: Memory that was allowed.
        where: The source.
    """
    if code in (
        OUT_OF_MEMORY,
        -signal.SIGABRT,
    ):  # nh3 is written in Rust, which ends the process when there is no memory
        return out_of_memory(megabytes, where)
    name = signal.Signals(-code).name if code < 0 and -code in set(signal.Signals) else f"exit code {code}"
    return SourceError(f"reading it ended its reader ({name}); it was left out", where=where, mend="take it out")


def out_of_memory(megabytes: int, where: str) -> SourceError:
    """What is said of a source that needs too much memory.

    Args:
        megabytes: Memory that was allowed.
        where: The source.
    """
    words = f"it needs more than {megabytes} MB of memory to read; it was left out"
    return SourceError(words, where=where, mend="give a shorter feed of the site, or single articles")


def overrun(seconds: float, where: str) -> SourceError:
    """What is said of a source that costs too much time.

    Args:
        seconds: Processor time that was allowed.
        where: The source.
    """
    words = f"it costs more than {seconds:g} seconds of processor to read; it was left out"
    return SourceError(words, where=where, mend="give a shorter feed of the site, or single articles")


def failed(failure: str, where: str) -> SourceError:
    """What is said of a source that its reader has no words for.

    Args:
        failure: The error, and where it arose.
        where: The source.
    """
    words = f"its reader failed on it ({failure}); it was left out"
    return SourceError(words, where=where, mend="please report this, with the address")
