"""What stands around every request to the desk: who asks, from where, and what no answer may lack.

An ASGI application around the one of the routes. What is not said here to be allowed is refused, and no route can be
reached around it: a request that it has not admitted has no admission, without which no handler is called.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route

from newsletter.desk.models import DeskRoute, Editor
from newsletter.desk.refusals import refusal
from subscribers.web import client_address
from subscribers.web.middleware import redacted, told

if TYPE_CHECKING:
    from newsletter.desk.desk import Desk
    from newsletter.desk.sign_ins import SignIn

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOG = logging.getLogger("nashra.desk")
ADMISSION = "nashra.admission"
"""Where a scope has what the guard found."""
BODY_SECONDS = 20
"""How long a body may take to arrive, and a second more for each so many bytes of its cap:"""
SLOWEST = 100_000
MOST_STREAMS = 40
"""Answers that go on at once for one browser: so that no one of them takes every connection there is."""
FRESH = timedelta(hours=12)
"""How old the last password of somebody may be who lets letters go."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not no-referrer: browsers would send `Origin: null` with our own forms (Fetch standard, section 3.2).
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}
"""What every answer carries, unless it says otherwise."""


class _TooLargeError(Exception):
    """A body beyond its cap."""


class _OverError(Exception):
    """Whoever a stream goes to is not at the desk any more, or the desk ends."""


@dataclass(frozen=True, slots=True)
class Admission:
    """That a request may reach its handler, and whose it is."""

    route: DeskRoute
    editor: Editor
    """Without a name where nobody has signed in."""
    sign_in: SignIn | None
    cookie: str
    network: str


class DeskGuard:
    """The application of the desk with everything that guards it.

    Args:
        app: The application inside.
        desk: Whose it is.
        routes: Every route of it, as Starlette and as the desk know it.
    """

    def __init__(self, app: App, desk: Desk, routes: Sequence[tuple[Route, DeskRoute]]) -> None:
        self.app = app
        self.desk = desk
        self.routes = routes
        self.streams: dict[asyncio.Future[None], SignIn | None] = {}
        """Answers that go on until somebody ends them, and whose they are."""

    def end_streams(self) -> None:
        """End the answers that would go on for ever."""
        for one in list(self.streams):
            one.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await _Answering(self, scope, receive, send).run()
        else:
            # There are no web sockets here; closing one before it is accepted is a 403 (ASGI specification).
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    def judge(self, scope: Scope, headers: Headers) -> Response | Admission:
        """Whether a request may reach its handler; else what it gets instead.

        Args:
            scope: Of the request.
            headers: Of the request.
        """
        desk, method = self.desk, scope["method"]
        page = "application/json" not in headers.get("accept", "")
        if _two_lengths(scope, headers):
            return refusal(desk, 400, page=page, close=True)
        hosts = headers.getlist("host")
        origin = desk.address.origins.get(hosts[0].lower()) if len(hosts) == 1 else None
        if origin is None:
            # A name that leads to us without being ours: DNS rebinding. Nothing about us is told to it.
            return Response("", 421)
        if method not in {"GET", "HEAD", "POST"}:
            return refusal(desk, 405, page=page)
        if any(sign < " " or sign == "\x7f" for sign in scope["path"]):
            return refusal(desk, 400, page=page)  # no file, issue or reader of ours is called so
        if _from_elsewhere(method, headers, origin):
            return refusal(desk, 403, page=page, why="elsewhere")
        cookie = _cookie(headers, desk.address.cookie)
        sign_in = desk.sign_ins.find(cookie) if cookie else None
        editor = desk.editor_of(sign_in) if sign_in is not None else None
        route, status = self._route(scope)
        if editor is None:
            sign_in = None
            if route is None or route.role != "anyone":
                return self._nobody(scope, method, page)
        if route is None:
            return refusal(desk, status, page=page, editor=editor, sign_in=sign_in)
        if editor is not None and not editor.may(route.role):
            return refusal(desk, 403, page=page, editor=editor, sign_in=sign_in, why=route.role)
        if method == "POST" and route.role == "send" and desk.named and sign_in is not None:
            age = desk.workspace.now() - sign_in.proved
            if not timedelta(0) <= age < FRESH:
                return refusal(desk, 403, page=page, editor=editor, sign_in=sign_in, why="again")
        return Admission(route, editor or Editor("", frozenset()), sign_in, cookie, self._network(scope, headers))

    def _route(self, scope: Scope) -> tuple[DeskRoute | None, int]:
        status = 404
        for ours, route in self.routes:
            found, _ = ours.matches(scope)
            if found is Match.FULL:
                return route, 200
            if found is Match.PARTIAL:
                status = 405
        return None, status

    def _nobody(self, scope: Scope, method: str, page: bool) -> Response:
        """What somebody gets who has not signed in: the same whatever is there."""
        if page and self.desk.named and method != "POST":
            path = scope.get("raw_path", b"").decode("latin-1").partition("?")[0]
            return RedirectResponse(f"/sign-in?next={quote(path, safe='/')}", 303)
        return refusal(self.desk, 401, page=page)

    def _network(self, scope: Scope, headers: Headers) -> str:
        peer = scope.get("client") or ("", 0)
        client = client_address.address(peer[0], headers.getlist("x-forwarded-for"), self.desk.proxies)
        return client_address.network(client)


class _Answering:
    """One request on its way through the guard."""

    def __init__(self, guard: DeskGuard, scope: Scope, receive: Receive, send: Send) -> None:
        self._guard, self._scope, self._receive, self._send = guard, scope, receive, send
        self._headers = Headers(scope=scope)
        self._page = "application/json" not in self._headers.get("accept", "")
        self._child: asyncio.Future[None] | None = None
        self._admission: Admission | None = None
        self._status, self._read, self._until = 0, 0, 0.0
        self._streams = self._ended = self._read_whole = False

    async def run(self) -> None:
        """Answer it, whatever happens."""
        started = time.perf_counter()
        try:
            found = self._guard.judge(self._scope, self._headers)
            if isinstance(found, Response):
                await found(self._scope, self._receive, self.send)
            else:
                self._admission = self._scope[ADMISSION] = found
                self._read_whole = self._scope["method"] != "POST"
                self._until = time.monotonic() + BODY_SECONDS + found.route.most / SLOWEST
                await self._inside()
        except ClientDisconnect:
            pass
        except Exception as error:
            if not isinstance(error, tuple(_STATUS)):
                LOG.error("a fault in the program: %s", told(error))
            await self._instead(error)
        finally:
            self._log((time.perf_counter() - started) * 1000)

    async def _inside(self) -> None:
        self._child = asyncio.ensure_future(self._guard.app(self._scope, self.receive, self.send))
        try:
            await asyncio.wait([self._child])
        finally:
            self._guard.streams.pop(self._child, None)
            self._child.cancel()  # does nothing when it is done
        if self._child.cancelled():
            raise _OverError
        self._child.result()

    async def _instead(self, error: Exception) -> None:
        """End an answer that has begun; give one that says what is wrong where none has."""
        if self._status:
            if not self._ended:
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)
        status = error.status_code if isinstance(error, HTTPException) else status
        answer = refusal(self._guard.desk, status, page=self._page, close=not self._read_whole)
        await answer(self._scope, self._receive, self.send)

    async def receive(self) -> Message:
        """The next part of the body: never more of it than its cap, nor later than its time."""
        admission = self._admission
        if self._read_whole or admission is None:
            return await self._receive()
        length = self._headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal() and len(length) < 12 and int(length) <= admission.route.most):
            raise _TooLargeError
        async with asyncio.timeout(max(0.0, self._until - time.monotonic())):
            message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > admission.route.most:
            raise _TooLargeError
        self._read_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Hand on a part of the answer."""
        if message["type"] == "http.response.start":
            message = {**message, "headers": _with_security(message.get("headers", ()), self._guard.desk)}
            self._status = message["status"]
            kind = Headers(raw=message["headers"]).get("content-type", "")
            if kind.startswith("text/event-stream") and self._child is not None:
                self._streams = True
                whose = self._admission.sign_in if self._admission is not None else None
                self._guard.streams[self._child] = whose
                mine = [one for one, other in self._guard.streams.items() if other is whose]
                for one in mine[:-MOST_STREAMS]:
                    one.cancel()  # the oldest goes: its page asks again once somebody looks at it
        elif message["type"] == "http.response.body":
            self._ended = not message.get("more_body", False)
            if self._streams and not self._ended and not self._still_there():
                raise _OverError
        await self._send(message)

    def _still_there(self) -> bool:
        """Whether whoever a stream goes to is still at the desk."""
        desk, admission = self._guard.desk, self._admission
        if admission is None or admission.sign_in is None:
            return True
        found = desk.sign_ins.find(admission.cookie)
        return found is admission.sign_in and desk.editor_of(found) is not None

    def _log(self, milliseconds: float) -> None:
        method = self._scope["method"]
        # A picture or a page that is not there is no news for whoever has the terminal before them.
        notable = method == "POST" or not self._status or (self._status >= 400 and self._status != 404)
        LOG.log(
            logging.INFO if notable else logging.DEBUG,
            "%s %s %s %.0f ms",
            method if method.isascii() and method.isalpha() and len(method) < 10 else "?",
            redacted(self._scope),
            self._status or "-",
            milliseconds,
        )


_STATUS: dict[type[Exception], int] = {
    TimeoutError: 408,
    _TooLargeError: 413,
    _OverError: 401,
    MultiPartException: 400,
    HTTPException: 400,
}
"""Status of what is wrong with a request, and no fault of the program."""


def _two_lengths(scope: Scope, headers: Headers) -> bool:
    """Whether a request tells its length in two ways, or in one that its version does not know.

    What stands before us may have taken the other one, and then the rest of the body for a request of its own: the
    connection is closed (RFC 9112 sections 6.1 and 6.3, rule 3).
    """
    lengths = headers.getlist("content-length")
    coded = "transfer-encoding" in headers
    return len(lengths) > 1 or (coded and (bool(lengths) or scope.get("http_version") == "1.0"))


def _from_elsewhere(method: str, headers: Headers, origin: str) -> bool:
    """Whether another site makes the browser ask.

    A link may lead here from anywhere, since looking writes nothing; but nothing of ours is shown inside another page,
    and what writes comes from our own pages only (Fetch Metadata, section 2; Fetch standard, section 3.2).
    """
    site = headers.get("sec-fetch-site", "same-origin")
    if method == "POST":
        return headers.getlist("origin") != [origin] or site != "same-origin"
    if "upgrade" in headers or headers.getlist("origin") not in ([], [origin]):
        return True  # web sockets and requests across origins, which some browsers send without what is asked below
    leads = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return site not in {"same-origin", "none"} and not leads


def _cookie(headers: Headers, name: str) -> str:
    """The value of our cookie; empty when there is none, or there are two of its name."""
    found: list[str] = []
    for line in headers.getlist("cookie"):
        for part in line[:8192].split(";"):
            key, equals, value = part.strip().partition("=")
            if key == name and equals:
                found.append(value)
    return found[0] if len(found) == 1 else ""


def same(one: str, other: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _with_security(headers: Any, desk: Desk) -> list[tuple[bytes, bytes]]:
    own = [(bytes(name).lower(), bytes(value)) for name, value in headers]
    if any(sign in name + value for name, value in own for sign in (b"\r", b"\n", b"\0")):
        raise ValueError("a line break in a header")
    there = {name for name, _ in own}
    added = dict(SECURITY)
    if desk.address.secure:
        added["strict-transport-security"] = "max-age=31536000"
    if b"content-security-policy" not in there:
        added["x-frame-options"] = "DENY"  # an answer with a policy of its own says who may show it
    return own + [(k.encode(), v.encode()) for k, v in added.items() if k.encode() not in there]
