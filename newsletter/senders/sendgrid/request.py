"""A request to Mail Send in two halves: everything but the last byte, then the last byte and the answer.

The connection is kept, nothing is followed, nothing is logged.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter.senders import QUEUED, SUBMITTED, UNKNOWN, Answer, Parcel, UnreachableError
from newsletter.senders.sendgrid.answers import too_large, understand
from newsletter.senders.sendgrid.body import Body, sort_out

if TYPE_CHECKING:
    import http.client

PATH = "/v3/mail/send"
MOST_BYTES = 29_000_000
"""Bytes of one request; the vendor's limit is 30 MB for the whole message."""
IDLE_SECONDS = 4.0
"""A connection that rested longer is not used again: a server that closed it meanwhile would leave us in doubt."""


class MailSend:
    """One connection to Mail Send, loaded with one letter."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], body: Body, *, accepts: int, timeout: float) -> None:
        self._endpoint = urlsplit(endpoint)
        self._headers = headers
        self._body = body
        self._accepts = accepts
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._rested_since = 0.0

    def begin(self, parcels: Sequence[Parcel], request_id: str) -> HeldRequest:
        """Hand over everything but the last byte of the request."""
        return self.pack(parcels, request_id)()

    def pack(self, parcels: Sequence[Parcel], request_id: str) -> Callable[[], HeldRequest]:
        """Build the request; what comes back hands over everything but its last byte."""
        good, refused = sort_out(parcels)
        body = self._body.encode(good, request_id)

        def hand_over() -> HeldRequest:
            if not good:
                return HeldRequest(self, good, refused, b"", Answer(SUBMITTED, refused))
            if len(body) > MOST_BYTES:
                return HeldRequest(self, good, refused, b"", too_large(good, refused))
            return HeldRequest(self, good, refused, body, self._hand_over(body, good, refused))

        return hand_over

    def settle(self, _names: Collection[str]) -> set[str] | None:
        """None: Mail Send cannot be asked what it took; the events tell."""
        return None

    def inherit(self, other: object) -> None:
        """Go on with the connection of a carrier with another letter."""
        if isinstance(other, MailSend):
            self._connection, self._rested_since = other._connection, other._rested_since
            other._connection = None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _hand_over(self, body: bytes, good: Sequence[Parcel], refused: dict[int, tuple[str, str]]) -> Answer | None:
        """Send all but the last byte; an answer only if the server gave one already, and will not take the rest."""
        connection = self._connected()
        try:
            connection.putrequest("POST", PATH, skip_accept_encoding=True)
            for name, value in self._headers.items():
                connection.putheader(name, value)
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            connection.sock.sendall(memoryview(body)[:-1])
        except OSError as error:
            # A server that refuses early closes while we write, but may have said why.
            early = self._early(connection, good, refused)
            self.close()
            if early is not None:
                return early
            raise UnreachableError(f"SendGrid broke the connection off ({_cause(error)})", where=self._where) from None
        if select.select([connection.sock], [], [], 0)[0]:
            early = self._early(connection, good, refused)
            self.close()
            return early or Answer(QUEUED, refused, reason="SendGrid closed the connection before it had the request")
        return None

    def _early(
        self, connection: http.client.HTTPConnection, good: Sequence[Parcel], refused: dict[int, tuple[str, str]]
    ) -> Answer | None:
        import http.client

        try:
            connection.sock.settimeout(2.0)
            response = connection.getresponse()
            answer = self._understand(response, response.read(100_000), good, refused)
        except (OSError, http.client.HTTPException, AttributeError):
            return None
        # Nothing can be taken of a request whose last byte has not gone.
        return answer if answer.state == QUEUED else None

    def last_byte(self, body: bytes, good: Sequence[Parcel], refused: dict[int, tuple[str, str]]) -> Answer:
        """Let the last byte go and read the answer; everything that is no clear answer is unknown."""
        import http.client

        connection = self._connection
        assert connection is not None
        try:
            connection.sock.sendall(body[-1:])
            response = connection.getresponse()
            content = response.read(1_000_000)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Answer(UNKNOWN, refused, reason=f"SendGrid gave no answer ({_cause(error)})")
        self._rested_since = time.monotonic()
        if response.will_close:
            self.close()
        return self._understand(response, content, good, refused)

    def _understand(
        self,
        response: http.client.HTTPResponse,
        content: bytes,
        good: Sequence[Parcel],
        refused: dict[int, tuple[str, str]],
    ) -> Answer:
        if response.status == self._accepts:
            return Answer(SUBMITTED, refused)
        return understand(response.status, response.headers, content, good, refused)

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is not None and time.monotonic() - self._rested_since < IDLE_SECONDS:
            return self._connection
        self.close()
        self._connection = connect(self._endpoint.geturl(), self._timeout)
        return self._connection

    @property
    def _where(self) -> str:
        return self._endpoint.netloc


class HeldRequest:
    """A request that waits for its last byte."""

    def __init__(
        self,
        carrier: MailSend,
        parcels: Sequence[Parcel],
        refused: dict[int, tuple[str, str]],
        body: bytes,
        answer: Answer | None,
    ) -> None:
        self._carrier = carrier
        self._parcels = parcels
        self._refused = refused
        self._body = body
        self._answer = answer

    def finish(self) -> Answer:
        """Let the last byte go, unless it is clear already what becomes of the request."""
        if self._answer is not None:
            return self._answer
        return self._carrier.last_byte(self._body, self._parcels, self._refused)

    def abandon(self) -> None:
        """Close the connection, so that the server drops what it has of the request."""
        self._carrier.close()


def connect(endpoint: str, timeout: float) -> http.client.HTTPConnection:
    """A fresh connection to the API.

    Args:
        endpoint: Scheme, host and port.
        timeout: Seconds for each step.

    Raises:
        UnreachableError: No connection, or not to whom the certificate names.
    """
    import http.client

    parts = urlsplit(endpoint)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=timeout, context=_tls_context()
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.connect()
    except OSError as error:
        raise UnreachableError(f"SendGrid cannot be reached ({_cause(error)})", where=parts.netloc) from None
    return connection


def _tls_context() -> Any:
    import ssl

    global _context  # noqa: PLW0603  building one costs 32 ms, so it is kept
    if _context is None:
        _context = ssl.create_default_context()
    return _context


_context: Any = None


def _cause(error: BaseException) -> str:
    return str(error) or type(error).__name__
