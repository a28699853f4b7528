"""The inside of the fence: a process that reads one source after the other within its limits."""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from newsletter.errors import SourceError
from newsletter.sources.fence.channel import Channel
from newsletter.sources.fence.messages import FetchRequest, ReadingOutcome, ReadingRequest
from newsletter.sources.http.models import Fetched, Kind

OUT_OF_MEMORY = 12
"""Exit code of a reader that could not even tell so."""
_RETIRED_AT = 0.5
"""Part of the memory allowed that a reader may keep from earlier sources; what it has more is not given back."""


class ChannelFetcher:
    """Has another process fetch, for this one reaches no network.

    Args:
        channel: Leads to that process.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        """Bring what is at an address; see Fetcher.get."""
        try:
            self._channel.send(FetchRequest(url, kind, dict(headers) if headers else None, tuple(statuses)))
            outcome: ReadingOutcome = self._channel.receive()
        except (EOFError, OSError):
            raise SystemExit from None  # the fence is closed; no reader catches this
        if outcome.trouble is not None:
            raise outcome.trouble
        got: Fetched = outcome.value
        return got


def serve(end: socket.socket, memory: int) -> None:
    """Do jobs until the other side is gone, or this process holds more than it may keep.

    Args:
        end: Connection to the fence.
        memory: Bytes that reading may take beyond what the process has now.
    """
    channel = Channel(end)
    channel.door = ChannelFetcher(channel)
    at_first = _size()
    _confine(at_first + memory if at_first else 0)
    try:
        while True:
            outcome = _done(channel.receive())
            is_last = outcome.is_out_of_memory or _size() > at_first + memory * _RETIRED_AT
            channel.send(replace(outcome, is_last=is_last))
            del outcome
    except MemoryError:  # not even what it found has room beside the rest
        os._exit(OUT_OF_MEMORY)
    except (EOFError, OSError):  # the fence is closed
        return


def _done(job: ReadingRequest) -> ReadingOutcome:
    _allow(job.seconds)
    try:
        return ReadingOutcome(job.work(*job.arguments))
    except SourceError as error:
        return ReadingOutcome(trouble=error)
    except MemoryError:
        return ReadingOutcome(is_out_of_memory=True)
    except Exception as error:  # readers are fed hostile bytes; whatever they raise concerns this source alone
        at = traceback.extract_tb(error.__traceback__)[-1]
        words = str(error).splitlines()[0][:200] if str(error).strip() else ""
        said = f"{type(error).__name__}: {words}" if words else type(error).__name__
        return ReadingOutcome(failure=f"{said} in {Path(at.filename).name}, line {at.lineno}")


def _confine(most: int) -> None:
    """Set the limits that hold for good: memory, no files written, no dumps."""
    import resource

    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    if most:
        limits[resource.RLIMIT_AS] = most
    for kind, value in limits.items():
        try:
            _, hard = resource.getrlimit(kind)
            lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (lower, hard))
        except (OSError, ValueError):  # a system that does not know this limit has the fence's own watch
            continue


def _allow(seconds: float) -> None:
    """End this process when it has used so much processor time from now on, whatever code it is in then.

    The fence watches too; this limit holds when the fence is gone.
    """
    import resource

    try:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = int(time.process_time() + seconds) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    except (OSError, ValueError):
        return


def _size() -> int:
    """Bytes of address space of this process, which is what the limit counts; 0 where it cannot be known."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
