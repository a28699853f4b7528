"""The one door to the network: vetted addresses, and limits on size, time, packing and redirects."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self
from urllib.parse import urljoin

from newsletter.errors import SourceError
from newsletter.sources import addresses
from newsletter.sources.barriers import guard_of
from newsletter.sources.connection import Clock, ForbiddenError, Guard, TooLateError, guarded_client
from newsletter.sources.packing import CHUNK, TooLargeError, capped, inflate, unpacked

if TYPE_CHECKING:
    import httpx2

Kind = Literal["any", "page", "feed", "json", "image"]

LIMITS: Mapping[Kind, int] = {
    "any": 10_000_000,
    "page": 5_000_000,
    "feed": 10_000_000,
    "json": 10_000_000,
    "image": 15_000_000,
}
"""Most bytes of an answer, unpacked."""

_ACCEPT: Mapping[Kind, str] = {
    "any": "text/html, application/rss+xml, application/atom+xml, application/feed+json;q=0.9, */*;q=0.5",
    "page": "text/html, application/xhtml+xml;q=0.9, */*;q=0.5",
    "feed": "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
    "json": "application/json",
    "image": "image/*",
}
_REDIRECTS = 5
_AT_ONCE = 2
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({429, 502, 503, 504})
_GUARDED = frozenset({403, 429, 503})
_LONGEST_PAUSE = 5.0

_STATUS_WORDS = {
    401: ("the site wants a password (401)", "give an address that everybody can read"),
    403: ("the site refuses to answer us (403)", "open it in a browser and save the page, or ask the site's operator"),
    404: ("there is nothing at this address (404)", "check the address"),
    410: ("what was at this address is gone (410)", "check the address"),
    429: ("the site says we ask too often (429)", "try again in some minutes"),
    451: ("the site withholds this for legal reasons (451)", ""),
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back from one request, redirects followed."""

    url: str
    """Address that answered in the end, percent-encoded."""
    data: bytes
    """Body, unpacked."""
    content_type: str = ""
    """Media type in lower case without parameters, for example ``text/html``."""
    charset: str = ""
    """``charset`` of the Content-Type header, or empty."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header names in lower case."""


class FetchError(SourceError):
    """A request that brought no usable answer.

    Args:
        what: See Complaint.
        where: The address asked.
        mend: See Complaint.
        status: HTTP status, or 0 when no answer came at all.
        passing: Whether asking again soon may help.
        pause: Seconds the site asks to wait before that; 0 when it names none.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        mend: str = "",
        status: int = 0,
        passing: bool = False,
        pause: float = 0.0,
    ) -> None:
        super().__init__(what, where=where, mend=mend)
        self.status = status
        self.passing = passing
        self.pause = pause


class Door(Protocol):
    """Whatever brings the bytes of an address: a Fetcher, or a function in its place."""

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        """Bring what is at an address; see Fetcher.get."""
        ...


class Fetcher:
    """Fetch over http and https with every guard in place; safe to use from several threads.

    Args:
        user_agent: Who we say we are, with an address to complain to.
        allow_loopback: Let addresses of this machine through, on any port (tests, a site on one's own desk).
        allow: Host names whose addresses are not vetted, on any port (a newsroom's own intranet).
        deadline: Seconds for one fetch from first to last byte, redirects and one retry included; waiting
            for one's turn at a host is not counted.
        resolve: Asks for the addresses of a name.
        at_once: Most requests under way at one host.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        allow_loopback: bool = False,
        allow: Collection[str] = (),
        deadline: float = 20.0,
        resolve: addresses.Resolve = addresses.resolve,
        at_once: int = _AT_ONCE,
    ) -> None:
        self._user_agent = user_agent
        self._deadline = deadline
        self._at_once = at_once
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Semaphore] = {}
        self._clock = Clock()
        self._guard = Guard(self._clock, resolve, allow_loopback, frozenset(name.lower() for name in allow))
        self._client: httpx2.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that were kept open for the next request."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        """Bring what is at an address.

        A passing fault (no connection, 429, 502, 503, 504) is tried once more while the deadline allows.

        Args:
            url: http or https address; raw Arabic letters are welcome.
            kind: What is expected; sets the size limit and the Accept header.
            headers: Further request headers, for example ``If-None-Match``.
            statuses: HTTP statuses outside 200-299 that the caller wants handed back.

        Raises:
            FetchError: Anything else than a complete answer within the limits.
        """
        return self.ask("GET", url, kind, headers=headers, statuses=statuses)

    def ask(
        self,
        method: Literal["GET", "HEAD"],
        url: str,
        kind: Kind = "any",
        *,
        headers: Mapping[str, str] | None = None,
        statuses: Collection[int] = (),
    ) -> Fetched:
        """Do what get does, with HEAD when only the headers matter.

        Args:
            method: ``GET`` or ``HEAD``.
            url: See get.
            kind: See get.
            headers: See get.
            statuses: See get.

        Raises:
            FetchError: See get.
        """
        target = _request_url(url)
        with self._turn(target.host):
            until = time.monotonic() + self._deadline
            for attempt in (1, 2):
                try:
                    with self._clock.until(until):
                        return self._chain(method, target, kind, headers or {}, statuses)
                except FetchError as error:
                    left = until - time.monotonic()
                    pause = max(error.pause, min(1.0, self._deadline / 20))
                    if attempt == 2 or not error.passing or pause > min(_LONGEST_PAUSE, left / 2):
                        raise
                time.sleep(pause)
        raise AssertionError("unreachable")

    @contextmanager
    def _turn(self, host: str) -> Iterator[None]:
        with self._lock:
            turn = self._turns.setdefault(host, threading.Semaphore(self._at_once))
        with turn:
            yield

    def _chain(
        self, method: str, target: httpx2.URL, kind: Kind, headers: Mapping[str, str], statuses: Collection[int]
    ) -> Fetched:
        """One request and the redirects it leads through; cookies live only as long as the chain."""
        import httpx2

        asked = str(target)
        cookies = httpx2.Cookies()
        for _ in range(_REDIRECTS + 1):
            request = httpx2.Request(method, target, headers={**self._headers(kind), **headers})
            cookies.set_cookie_header(request)
            with self._sent(request, asked) as response:
                cookies.extract_cookies(response)
                onward = response.headers.get("location", "")
                if response.status_code not in _REDIRECTING or not onward:
                    return _read(response, method, kind, asked, statuses)
            target = _request_url(_joined(str(target), onward), asked)
        raise FetchError(
            f"it redirects more than {_REDIRECTS} times", where=asked, mend="open it in a browser and copy the address"
        )

    def _headers(self, kind: Kind) -> dict[str, str]:
        return {"User-Agent": self._user_agent, "Accept": _ACCEPT[kind], "Accept-Encoding": "gzip"}

    @contextmanager
    def _sent(self, request: httpx2.Request, asked: str) -> Iterator[httpx2.Response]:
        """Send one request and turn everything that can happen on the way into one line."""
        import httpcore2
        import httpx2

        response = None
        try:
            response = self._open().send(request, stream=True, auth=None, follow_redirects=False)
            yield response
        except ForbiddenError as error:
            raise FetchError(str(error), where=asked, mend="allow the host in the settings if it is your own") from None
        except (httpx2.TimeoutException, httpcore2.TimeoutException, TooLateError):
            words = f"no complete answer came within {self._deadline:g} seconds"
            raise FetchError(words, where=asked, mend="try again later", passing=True) from None
        except (httpx2.ConnectError, httpcore2.ConnectError) as error:
            raise FetchError(
                f"no connection: {_brief(error)}",
                where=asked,
                mend="check the address and the connection",
                passing=True,
            ) from None
        except (httpx2.HTTPError, httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.StreamError) as error:
            raise FetchError(
                f"the answer broke off or is no HTTP: {_brief(error)}", where=asked, mend="try again later"
            ) from None
        finally:
            if response is not None:
                response.close()

    def _open(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                self._client = guarded_client(self._guard)
            return self._client


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference)
    except ValueError:  # an address that opens a bracket and never closes it
        return reference


def _request_url(url: str, asked: str = "") -> httpx2.URL:
    """Read an address, without the credentials and fragment it may carry."""
    import httpx2

    where = asked or url
    try:
        target = httpx2.URL(url.strip())
        scheme, host = target.scheme, target.host
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise FetchError(f"this is no address: {_brief(error)}", where=where, mend="check the address") from None
    if scheme not in ("http", "https") or not host:
        words = "it redirects to something that is no web address" if asked else "this is no web address"
        raise FetchError(words, where=where, mend="give an address that begins with http:// or https://")
    return target.copy_with(username="", password="", fragment=None)


def _read(response: httpx2.Response, method: str, kind: Kind, asked: str, statuses: Collection[int]) -> Fetched:
    """Read one answer within the limit of its kind."""
    status = response.status_code
    headers = {name.lower(): value for name, value in response.headers.items()}
    media, _, parameters = headers.get("content-type", "").partition(";")
    media = media.strip().lower()
    if not (200 <= status < 300 or status in statuses):
        if status in _GUARDED and method != "HEAD":
            _refuse_guard(_if_readable(response, asked), headers, asked, status)
        what, mend = _STATUS_WORDS.get(status, (f"the site answered {status}", "try again later"))
        raise FetchError(
            what, where=asked, mend=mend, status=status, passing=status in _PASSING, pause=_retry_after(response)
        )
    if status != 304 and method != "HEAD":
        _check_media(media, kind, asked)
    data = b"" if method == "HEAD" or status == 304 else _unpacked(response, LIMITS[kind], asked)
    if kind != "image":
        _refuse_guard(data, headers, asked, status)
    return Fetched(
        url=str(response.url),
        data=data,
        content_type=media,
        charset=_charset(parameters),
        status=status,
        headers=headers,
    )


def _refuse_guard(data: bytes, headers: Mapping[str, str], asked: str, status: int) -> None:
    guard = guard_of(data, headers)
    if guard:
        raise FetchError(
            f"the site shows a robot check instead of its page ({guard})",
            where=asked,
            mend="ask the site's operator to let us in, or open the page in a browser and save it",
            status=status,
        )


def _if_readable(response: httpx2.Response, asked: str) -> bytes:
    """Body of a refusal; what cannot be read of it does not matter."""
    try:
        return _unpacked(response, LIMITS["page"], asked)
    except FetchError:
        return b""


def _check_media(media: str, kind: Kind, asked: str) -> None:
    family = media.partition("/")[0]
    if kind == "image":
        wrong = bool(media) and family != "image" and media != "application/octet-stream"
    else:
        wrong = family in ("image", "video", "audio", "font") or media in ("application/pdf", "application/zip")
    if wrong:
        wanted = "a picture" if kind == "image" else "a page or a feed"
        raise FetchError(f"this is {media}, not {wanted}", where=asked, mend="check the address", status=200)


def _unpacked(response: httpx2.Response, limit: int, asked: str) -> bytes:
    """Read and unpack a body chunk by chunk, never holding more than the limit."""
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise FetchError(
            f"it came packed as {packing!r}, which we did not ask for", where=asked, mend="tell the site's operator"
        )
    try:
        if packing in ("", "identity"):
            return unpacked(capped(response.iter_raw(CHUNK), limit), limit)
        return capped(inflate(response.iter_raw(CHUNK)), limit)
    except zlib.error:
        raise FetchError("its gzip packing is broken", where=asked, mend="try again later") from None
    except TooLargeError:
        size = limit // 1_000_000
        raise FetchError(f"it is larger than {size} MB", where=asked, mend="give the address of one article") from None


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower()
    return ""


def _retry_after(response: httpx2.Response) -> float:
    """Seconds of a Retry-After header; its date form counts as too long (RFC 9110, section 10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return 0.0
    return float(value) if value.isascii() and value.isdigit() else _LONGEST_PAUSE + 1


def _brief(error: Exception) -> str:
    """The first line of an error's own words, without its errno."""
    words = str(error).splitlines()[0] if str(error).strip() else type(error).__name__
    return words.partition("] ")[2] or words
