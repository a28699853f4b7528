"""Bytes to an SMTP server and replies from it, over plain TCP or TLS, with a limit on every wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from newsletter.senders.smtp.replies import Replies, Reply

if TYPE_CHECKING:
    import ssl


class ConnectionBrokenError(Exception):
    """The server cannot be reached, or the connection broke off; another try may do better."""


class PipeliningError(ConnectionBrokenError):
    """The server answered the first of several commands written at once, and not the next: it lies about PIPELINING."""


class SmtpConnection(asyncio.Protocol):
    """One connection. ``write`` never waits; ``drained`` and ``reply`` do."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._parser = Replies()
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._full = False
        self.broken = ""
        """Why nothing more can be said here; empty while all is well."""
        self.silent = False
        """It is broken since the server said nothing for too long."""

    # ---- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; what is written must go to the operating system before it counts as drained."""
        self._transport = transport
        self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Take what the server says."""
        try:
            self._replies.extend(self._parser.feed(data))
        except ValueError as error:
            self.fail(str(error))
        if self._replies:
            self._wake()

    def pause_writing(self) -> None:
        """Something is left to be written."""
        self._full = True

    def resume_writing(self) -> None:
        """All of it has gone."""
        self._full = False
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """The end."""
        if not self._closed.done():
            self._closed.set_result(None)
        self.fail(str(error) if error else "it closed the connection")

    # ---- what a session calls

    def write(self, data: bytes) -> None:
        """Send bytes, at once or as soon as there is room."""
        if not self.broken:
            self._transport.write(data)

    def writelines(self, segments: Iterable[bytes]) -> None:
        """Send the segments of a letter."""
        if not self.broken:
            self._transport.writelines(segments)

    async def reply(self, seconds: float) -> Reply:
        """The next reply; what was said before the connection broke is still heard.

        Raises:
            ConnectionBrokenError: There is none.
        """
        while not self._replies:
            await self._wait(seconds)
        return self._replies.popleft()

    async def drained(self, seconds: float) -> None:
        """Wait until everything written is with the operating system.

        Raises:
            ConnectionBrokenError: It never will be.
        """
        while self._full or self.broken:
            await self._wait(seconds)

    @property
    def own_address(self) -> str:
        """The address this end of the connection has."""
        name = self._transport.get_extra_info("sockname") if self._transport is not None else None
        return str(name[0]) if name else "127.0.0.1"

    @property
    def quiet(self) -> bool:
        """Whether the server has said nothing that was not read."""
        return not self._replies and not self._parser.pending

    async def encrypt(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Go over to TLS, and make sure that the server is who it should be.

        Raises:
            ConnectionBrokenError: The connection broke off.
            ssl.SSLError: They cannot agree, or the certificate is not that of ``host``.
        """
        if self.broken:
            raise ConnectionBrokenError(self.broken)
        try:
            transport = await self._loop.start_tls(
                self._transport, self, context, server_hostname=host, ssl_handshake_timeout=seconds
            )
        except OSError as error:
            import ssl

            self.fail(str(error) or "it closed the connection")
            if isinstance(error, ssl.SSLError):
                raise
            raise ConnectionBrokenError(self.broken) from None
        assert transport is not None
        self._transport = transport
        # Not 0: asyncio's TLS compares otherwise than its TCP, and would hold an empty buffer for a full one.
        self._transport.set_write_buffer_limits(high=1, low=0)

    def fail(self, reason: str) -> None:
        """Let nothing more go or come."""
        self.broken = self.broken or reason
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    async def end(self, seconds: float) -> None:
        """Close, and wait until it is closed."""
        self.broken = self.broken or "closed by us"
        if self._transport is None:
            return
        self._transport.close()
        done, _ = await asyncio.wait([self._closed], timeout=seconds)
        if not done:
            self._transport.abort()
            await asyncio.wait([self._closed], timeout=seconds)

    async def _wait(self, seconds: float) -> None:
        if self.broken:
            raise ConnectionBrokenError(self.broken)
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._give_up, seconds)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _give_up(self, seconds: float) -> None:
        self.silent = not self.broken
        self.fail(f"it said nothing for {seconds:g} seconds")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
