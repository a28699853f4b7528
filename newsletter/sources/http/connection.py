"""Connections that may be opened: to vetted addresses only, and never past the deadline of the fetch."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from newsletter.sources.http import vetting

_PORTS = frozenset({80, 443})
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0


class ForbiddenError(Exception):
    """An address or port that must not be asked."""


class DeadlineError(Exception):
    """The deadline of the fetch has passed."""


class FetchDeadline(threading.local):
    """When the fetch of this thread must be over, in monotonic seconds."""

    end: float = 0.0

    @contextmanager
    def until(self, end: float) -> Iterator[None]:
        """Set the end for what runs inside.

        Args:
            end: Monotonic seconds.
        """
        before, self.end = self.end, end
        try:
            yield
        finally:
            self.end = before

    def left(self, longest: float) -> float:
        """Seconds that one more step may take.

        Args:
            longest: What the step would allow itself.

        Raises:
            DeadlineError: Nothing is left.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise DeadlineError
        return min(left, longest)


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Decides which addresses a name may be reached at."""

    clock: FetchDeadline
    resolve: vetting.Resolve
    allow_loopback: bool
    allow: frozenset[str]

    def vetted(self, host: str, port: int) -> list[str]:
        """Resolve a name once and return its addresses, if every one of them may be asked.

        Args:
            host: Name or literal address.
            port: Port that will be connected to.

        Raises:
            ForbiddenError: One of them is not public, or the port is none of the web's.
            OSError: It has no address.
        """
        found = self.resolve(host, port, self.clock.left(CONNECT_SECONDS))
        if host.lower().rstrip(".") in self.allow:
            return found
        for address in found:
            if self.allow_loopback and vetting.is_loopback(address):
                continue
            if not vetting.is_public(address):
                leads = "" if host == address else f" leads to {address}, which"
                raise ForbiddenError(f"{host}{leads} is no public address")
            if port not in _PORTS:
                raise ForbiddenError(f"port {port} is not one that web sites use")
        return found
