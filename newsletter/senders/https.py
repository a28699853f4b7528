"""A request to a provider's API in two halves: everything but the last byte, then the last byte and the answer.

For every provider with an HTTP API. The connection is kept, nothing is followed, nothing is logged.
"""

from __future__ import annotations

import json
import select
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter.errors import SendError, file_limit_error
from newsletter.senders import QUEUED, UNKNOWN, Answer, Carrier, Parcel, UnreachableError

if TYPE_CHECKING:
    import http.client

IDLE_SECONDS = 4.0
"""A connection that rested longer is not used again: a server that closed it meanwhile would leave us in doubt."""
LONGEST_PAUSE = 300.0
"""Seconds; whatever a provider asks for beyond it is asked again then."""
_EARLY_BYTES, _ANSWER_BYTES, _LIST_BYTES = 100_000, 1_000_000, 100_000_000
"""Read at most of an answer that comes too early, of one to a request, and of a list."""


@dataclass(frozen=True, slots=True)
class Api:
    """Where a provider's API is, and how to speak to it."""

    title: str
    """The provider, for messages."""
    address: str
    """Scheme, host and port."""
    headers: Mapping[str, str]
    """Of every request, the key among them: never logged, and sent to nobody else."""
    timeout: float
    """Seconds for one step: connecting, handing over, waiting for the answer."""

    @property
    def where(self) -> str:
        """The host, for messages."""
        return urlsplit(self.address).netloc


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request that is ready to go, or that need not go since the answer is clear already."""

    parcels: Sequence[Parcel]
    """Those in it, in its order."""
    refused: dict[int, tuple[str, str]]
    """Deliveries that the provider would never take, with state and reason."""
    body: bytes
    answer: Answer | None = None
    """What becomes of it without a word to the provider."""
    named: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Deliveries left out since the provider named their address, with state and reason. They are written down with
    its answer to the others: until it takes those, they are as queued as they."""

    @property
    def settled(self) -> dict[int, tuple[str, str]]:
        """What is known of those not in it, once the others are not queued any more."""
        return {**self.refused, **self.named}


class HttpsCarrier(Carrier):
    """One connection to an API, loaded with one letter; a provider's own class says what is sent and what answers mean.

    Args:
        api: Where to.
        path: What is asked for, by POST of JSON.
    """

    def __init__(self, api: Api, path: str) -> None:
        self._api = api
        self._path = path
        self._connection: http.client.HTTPConnection | None = None
        self._rested_since = 0.0

    @abstractmethod
    def build(self, parcels: Sequence[Parcel], request_id: str) -> PreparedRequest:
        """Make the request for these parcels; without touching the network."""

    @abstractmethod
    def understand(
        self, status: int, headers: Mapping[str, str] | Any, content: bytes, request: PreparedRequest
    ) -> Answer:
        """What an answer means for the parcels of its request.

        Args:
            status: Of HTTP.
            headers: Of the answer.
            content: Of the answer, as far as it was read.
            request: What it answers.
        """

    def begin(self, parcels: Sequence[Parcel], request_id: str) -> HeldRequest:
        """Hand over everything but the last byte of the request."""
        return self.pack(parcels, request_id)()

    def pack(self, parcels: Sequence[Parcel], request_id: str) -> Callable[[], HeldRequest]:
        """Build the request; what comes back hands over everything but its last byte."""
        request = self.build(parcels, request_id)

        def hand_over() -> HeldRequest:
            return HeldRequest(self, request, request.answer or self._hand_over(request))

        return hand_over

    def inherit(self, other: Carrier) -> None:
        """Go on with the connection of a carrier with another letter."""
        if isinstance(other, type(self)):
            self._connection, self._rested_since = other._connection, other._rested_since
            other._connection = None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def last_byte(self, request: PreparedRequest) -> Answer:
        """Let the last byte go and read the answer; everything that is no clear answer is unknown."""
        import http.client

        connection = self._connection
        assert connection is not None
        try:
            connection.sock.sendall(request.body[-1:])
            response = connection.getresponse()
            content = response.read(_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Answer(UNKNOWN, request.settled, reason=f"{self._api.title} gave no answer ({_cause(error)})")
        self._rested_since = time.monotonic()
        if response.will_close or not response.isclosed():
            self.close()
        return self.understand(response.status, response.headers, content, request)

    def _hand_over(self, request: PreparedRequest) -> Answer | None:
        """Send all but the last byte; an answer only if the server gave one already, and will not take the rest."""
        connection, title = self._connected(), self._api.title
        try:
            connection.putrequest("POST", self._path, skip_accept_encoding=True)
            for name, value in self._api.headers.items():
                connection.putheader(name, value)
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders()
            connection.sock.sendall(memoryview(request.body)[:-1])
        except OSError as error:
            # A server that refuses early closes while we write, but may have said why.
            early = self._early(connection, request)
            self.close()
            if early is not None:
                return early
            raise UnreachableError(
                f"{title} broke the connection off ({_cause(error)})", where=self._api.where
            ) from None
        if select.select([connection.sock], [], [], 0)[0]:
            early = self._early(connection, request)
            self.close()
            reason = f"{title} closed the connection before it had the request"
            return early or Answer(QUEUED, request.refused, reason=reason)
        return None

    def _early(self, connection: http.client.HTTPConnection, request: PreparedRequest) -> Answer | None:
        import http.client

        try:
            connection.sock.settimeout(2.0)
            response = connection.getresponse()
            answer = self.understand(response.status, response.headers, response.read(_EARLY_BYTES), request)
        except (OSError, http.client.HTTPException, AttributeError):
            return None
        # Nothing can be taken of a request whose last byte has not gone.
        return answer if answer.state == QUEUED else None

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is not None and time.monotonic() - self._rested_since < IDLE_SECONDS:
            return self._connection
        self.close()
        self._connection = connect(self._api)
        return self._connection


class HeldRequest:
    """A request that waits for its last byte."""

    def __init__(self, carrier: HttpsCarrier, request: PreparedRequest, answer: Answer | None) -> None:
        self._carrier = carrier
        self._request = request
        self._answer = answer

    def finish(self) -> Answer:
        """Let the last byte go, unless it is clear already what becomes of the request."""
        if self._answer is not None:
            return self._answer
        return self._carrier.last_byte(self._request)

    def abandon(self) -> None:
        """Close the connection, so that the server drops what it has of the request."""
        self._carrier.close()


def connect(api: Api) -> http.client.HTTPConnection:
    """A fresh connection to an API.

    Raises:
        UnreachableError: No connection, or not to whom the certificate names.
    """
    import http.client

    parts = urlsplit(api.address)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=api.timeout, context=_tls_context()
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=api.timeout)
    try:
        connection.connect()
    except OSError as error:
        if (full := file_limit_error(error)) is not None:
            raise full from None
        raise UnreachableError(f"{api.title} cannot be reached ({_cause(error)})", where=api.where) from None
    return connection


def get_json(api: Api, path: str, *, mend: str) -> object:
    """What an API answers to a GET, as JSON; None when it is none.

    Args:
        api: Where to.
        path: With its query.
        mend: What to do when the API refuses to show it.

    Raises:
        SendError: No answer, or a refusal.
    """
    import http.client

    connection = connect(api)
    try:
        connection.request("GET", path, headers=dict(api.headers))
        response = connection.getresponse()
        content = response.read(_LIST_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise SendError(f"{api.title} gave no answer ({error})", where=api.where, mend="run it again") from None
    finally:
        connection.close()
    if response.status != 200:
        raise SendError(
            f"{api.title} refuses to show {path.partition('?')[0]} ({response.status})", where=api.where, mend=mend
        )
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found


@dataclass(frozen=True, slots=True)
class JsonReply:
    """What an API answered to a question."""

    status: int
    content: object
    """Its JSON; None when it is none, or too much of it."""
    pause: float
    """Seconds it asks to wait; 0 when it says nothing."""
    date: float = 0.0
    """Unix seconds by its own clock, of the header Date; 0 when there is none."""


def ask_json(api: Api, path: str, question: object = None) -> JsonReply:
    """Ask an API something small, within its time-out in all, so that whoever asks on the side is not held up.

    Args:
        api: Where to.
        path: With its query.
        question: What is sent along as JSON, by POST; None asks by GET.

    Raises:
        SendError: No answer.
    """
    import http.client

    until = time.monotonic() + api.timeout
    connection = connect(api)
    headers = dict(api.headers)
    body = None
    if question is not None:
        headers["Content-Type"], body = "application/json", json.dumps(question).encode()
    try:
        connection.request("GET" if body is None else "POST", path, body, headers)
        response = connection.getresponse()
        content = b""
        # A server may send a byte now and then for hours: each of them in time, and no answer.
        while len(content) < _ANSWER_BYTES and (part := response.read1(_EARLY_BYTES)):
            content += part
            if time.monotonic() > until:
                raise TimeoutError("it takes too long")
    except (OSError, http.client.HTTPException) as error:
        raise SendError(f"{api.title} gave no answer ({_cause(error)})", where=api.where) from None
    finally:
        connection.close()
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    return JsonReply(response.status, found, retry_after(response.headers), date_of(response.headers))


def date_of(headers: Mapping[str, str] | Any) -> float:
    """Unix seconds from the header Date (RFC 9110 section 6.6.1); 0 if there is none that can be read.

    Args:
        headers: Of an answer.
    """
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0.0


def retry_after(headers: Mapping[str, str] | Any) -> float:
    """Seconds from ``Retry-After``, or from the answer's Date to ``X-RateLimit-Reset`` (vendor's guide); 0 if none."""
    try:
        if "Retry-After" in headers:
            pause = float(headers["Retry-After"])
        else:
            pause = float(headers["X-RateLimit-Reset"]) - parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0.0
    if pause != pause:  # noqa: PLR0124  "nan" is a number for float(), and no time
        return 0.0
    return min(max(pause, 0.0), LONGEST_PAUSE)


def _tls_context() -> Any:
    import ssl

    global _context  # noqa: PLW0603  building one costs 32 ms, so it is kept
    if _context is None:
        _context = ssl.create_default_context()
    return _context


_context: Any = None


def _cause(error: BaseException) -> str:
    return str(error) or type(error).__name__
