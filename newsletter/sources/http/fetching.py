"""A fetcher: turns at each host, one retry, redirects, and every failure as one line."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from newsletter.sources.http import vetting
from newsletter.sources.http.answers import LONGEST_PAUSE, read
from newsletter.sources.http.asked import brief, joined, request_url
from newsletter.sources.http.connection import AddressGuard, DeadlineError, FetchDeadline, ForbiddenError
from newsletter.sources.http.models import Fetched, FetchError, Kind
from newsletter.sources.http.transport import guarded_client

if TYPE_CHECKING:
    import httpx2


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
        resolve: vetting.Resolve = vetting.resolve,
        at_once: int = _AT_ONCE,
    ) -> None:
        self._user_agent = user_agent
        self._deadline = deadline
        self._at_once = at_once
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Semaphore] = {}
        self._clock = FetchDeadline()
        self._guard = AddressGuard(self._clock, resolve, allow_loopback, frozenset(name.lower() for name in allow))
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
        target = request_url(url)
        with self._turn(target.host):
            until = time.monotonic() + self._deadline
            for attempt in (1, 2):
                try:
                    with self._clock.until(until):
                        return self._chain(method, target, kind, headers or {}, statuses)
                except FetchError as error:
                    left = until - time.monotonic()
                    pause = max(error.pause, min(1.0, self._deadline / 20))
                    if attempt == 2 or not error.passing or pause > min(LONGEST_PAUSE, left / 2):
                        raise
                time.sleep(pause)
        raise AssertionError("unreachable")

    def exchange(
        self,
        method: Literal["GET", "POST", "OPTIONS"],
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes = b"",
        seconds: float = 30.0,
    ) -> Fetched:
        """Make one request of an interface with the same guards, and hand back its answer, whatever status it has.

        Nothing is followed, so that what is in the headers reaches nobody else; and nothing is tried again.

        Args:
            method: ``GET``, ``POST`` or ``OPTIONS``.
            url: See get.
            headers: Request headers, a password among them.
            content: What is sent.
            seconds: For all of it.

        Raises:
            FetchError: No complete answer within the limits.
        """
        import httpx2

        target = request_url(url)
        steps = {"connect": seconds, "read": seconds, "write": seconds, "pool": seconds}
        own = {**self._headers("json"), **headers}
        request = httpx2.Request(method, target, headers=own, content=content, extensions={"timeout": steps})
        with (
            self._turn(target.host),
            self._clock.until(time.monotonic() + seconds),
            self._sent(request, url, seconds) as answer,
        ):
            return read(answer, method, "json", url, range(100, 600))

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
                    return read(response, method, kind, asked, statuses)
            target = request_url(joined(str(target), onward), asked)
        raise FetchError(
            f"it redirects more than {_REDIRECTS} times", where=asked, mend="open it in a browser and copy the address"
        )

    def _headers(self, kind: Kind) -> dict[str, str]:
        return {"User-Agent": self._user_agent, "Accept": _ACCEPT[kind], "Accept-Encoding": "gzip"}

    @contextmanager
    def _sent(self, request: httpx2.Request, asked: str, seconds: float = 0) -> Iterator[httpx2.Response]:
        """Send one request and turn everything that can happen on the way into one line."""
        import httpcore2
        import httpx2

        response = None
        try:
            response = self._open().send(request, stream=True, auth=None, follow_redirects=False)
            yield response
        except ForbiddenError as error:
            mend = f'if it is your own, set allow_private_hosts = ["{request.url.host}"] under [collect]'
            raise FetchError(str(error), where=asked, mend=mend) from None
        except (httpx2.TimeoutException, httpcore2.TimeoutException, DeadlineError):
            words = f"no complete answer came within {seconds or self._deadline:g} seconds"
            raise FetchError(words, where=asked, mend="try again later", passing=True) from None
        except (httpx2.ConnectError, httpcore2.ConnectError) as error:
            raise FetchError(
                f"no connection: {brief(error)}",
                where=asked,
                mend="check the address and the connection",
                passing=True,
            ) from None
        except (httpx2.HTTPError, httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.StreamError) as error:
            raise FetchError(
                f"the answer broke off or is no HTTP: {brief(error)}", where=asked, mend="try again later"
            ) from None
        finally:
            if response is not None:
                response.close()

    def _open(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                self._client = guarded_client(self._guard)
            return self._client
