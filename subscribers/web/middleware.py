"""What stands around every page: headers that no answer may lack, the access log, and the end of every fault."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from subscribers.web.requests import LOG, SECURITY, trouble
from subscribers.web.site import Site

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_SECRET = re.compile(
    r"(?i)(/(?:confirm|leave|preferences|address|erase|polls|go)/).+|[A-Za-z0-9_-]{20,}|[^/]*(?:@|%40)[^/]*"
)


class Middleware:
    """An ASGI application around another one.

    Args:
        app: The ASGI application inside.
        site: For the page of a fault.
    """

    def __init__(self, app: App, site: Site) -> None:
        self.app = app
        self.site = site
        self.closing: Callable[[], None] | None = None
        """Called once the application has shut down."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            if scope["type"] == "lifespan" and self.closing is not None:
                self.closing()
            return
        started = time.perf_counter()
        status = 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": _with_security(message.get("headers", ()))}
            await send(message)

        try:
            if _two_lengths(scope):
                await trouble(self.site, 400, close=True)(scope, receive, guarded)
            else:
                await self.app(scope, receive, guarded)
        except Exception as error:
            LOG.error("a fault in the program: %s", told(error))
            if not status:
                await trouble(self.site, 500)(scope, receive, guarded)
        finally:
            spent = (time.perf_counter() - started) * 1000
            LOG.info("%s %s %s %.0f ms", _plain(scope["method"]), redacted(scope), status or "-", spent)


def _two_lengths(scope: Scope) -> bool:
    """Whether a request tells its length in two ways, or in one that its version does not know.

    What stands before us may have taken the other one, and then the rest of the body for a request of its own: the
    connection is closed (RFC 9112 sections 6.1 and 6.3, rule 3).
    """
    names = {bytes(name).lower() for name, _ in scope["headers"]}
    coded = b"transfer-encoding" in names
    return coded and (b"content-length" in names or scope.get("http_version") == "1.0")


def told(error: BaseException) -> str:
    """What went wrong and where, without the words of the error: those can hold an address."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}"


def redacted(scope: Scope) -> str:
    """The path of a request as it may be logged: no token, no address, no query, on one line of ASCII."""
    raw = scope.get("raw_path") or scope.get("path", "").encode("utf-8", "replace")
    path = _plain(bytes(raw).partition(b"?")[0].decode("latin-1"))
    return _SECRET.sub(lambda match: f"{match[1] or ''}…", path)[:200]


def _plain(text: str) -> str:
    return "".join(sign if "!" <= sign <= "~" else "?" for sign in text)


def _with_security(headers: Any) -> list[tuple[bytes, bytes]]:
    own = [(bytes(name).lower(), bytes(value)) for name, value in headers]
    there = {name for name, _ in own}
    added = [
        (name.encode("ascii"), value.encode("ascii"))
        for name, value in SECURITY.items()
        if name.encode("ascii") not in there
    ]
    # An empty value takes one away.
    return [(name, value) for name, value in (*own, *added) if not (name == b"x-frame-options" and not value)]
