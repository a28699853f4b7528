"""A request as the handlers see it, and the way from a handler to a route.

Reading the body is asynchronous, with a cap and a time limit; the handler itself is an ordinary function in a thread
of its own, since it talks to the database.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool  # noqa: TID253  this room is nothing but pages
from starlette.requests import ClientDisconnect  # noqa: TID253  the same
from starlette.requests import Request as HttpRequest  # noqa: TID253  the same
from starlette.responses import Response  # noqa: TID253  the same
from starlette.routing import Route  # noqa: TID253  the same

from subscribers.display import shown
from subscribers.errors import Complaint
from subscribers.web import client_address, forms
from subscribers.web.forms import Form
from subscribers.web.places import NoPlaceError
from subscribers.web.site import Site

LOG = logging.getLogger("nashra.web")

FORM_BYTES = 64 * 1024
"""Most bytes of a form."""
BODY_SECONDS = 20
"""How long a body may take to arrive."""

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src {pictures}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors {frames}"
)
SECURITY = {
    "content-security-policy": _POLICY.format(pictures="'self'", frames="'none'"),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}
"""What every answer carries, unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    method: str
    parts: Mapping[str, str]
    """What stands in the place of each name in the route's path."""
    form: Form = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    network: str = ""
    """The network the request came from, for the counters."""
    client: str = ""
    """Network address and browser, for the record of consent; empty when the setting says so."""

    @property
    def posts(self) -> bool:
        """Whether it may write."""
        return self.method == "POST"

    @property
    def kept_network(self) -> str:
        """The network for the record of consent; empty when the setting says so."""
        return self.network if self.client else ""

    def how(self, page: str) -> str:
        """The road an act came by, for the record of consent."""
        return f"{page}; {self.client}" if self.client else page


Handler = Callable[[Site, Request], Response]


def route(
    site: Site,
    path: str,
    handler: Handler,
    methods: Sequence[str] = ("GET",),
    *,
    most: int = FORM_BYTES,
    raw: bool = False,
    even: bool = False,
    counted: bool = False,
) -> Route:
    """A route for a handler.

    Args:
        site: The reader pages that the request is for.
        path: As Starlette writes it, for example ``/leave/{token}``.
        handler: Called in a thread.
        methods: HTTP methods that it answers; ``GET`` brings ``HEAD`` with it.
        most: Most bytes of a body.
        raw: Do not read the body as a form.
        even: The time of the answer to a POST must not tell what was found; it is rounded up to the site's pace.
        counted: A POST is counted in the database, where it would hold up all others that are.
    """

    async def endpoint(request: HttpRequest) -> Response:
        started = time.monotonic()
        response = await answered(request)
        if even and site.pace and request.method == "POST":
            await asyncio.sleep(site.pace - (time.monotonic() - started) % site.pace)
        return response

    async def answered(request: HttpRequest) -> Response:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await forms.body(request, most) if request.method == "POST" else b""
            form = forms.fields(request.headers.get("content-type", ""), body) if body and not raw else {}
        except forms.FormTooLargeError:
            return trouble(site, 413, close=True)
        except (TimeoutError, ClientDisconnect):
            return trouble(site, 408, close=True)
        except forms.NoFormError:
            return trouble(site, 400)
        place: AbstractAsyncContextManager[object] = nullcontext()
        if request.method == "POST" and not raw:
            place = (site.counting if counted else site.writing).one()
        try:
            async with place:
                return await run_in_threadpool(handler, site, _request(site, request, form, body))
        except NoPlaceError:
            LOG.error("the line of those who write is too long: while answering %s", path)
            return trouble(site, 503)
        except Complaint as complaint:
            # Whatever a person can cause is answered by the handlers; this is the database, or a missing secret. Its
            # words can hold what was asked for: only its kind is logged.
            LOG.error("%s while answering %s", type(complaint).__name__, path)
            return trouble(site, 503)

    return Route(path, endpoint, methods=list(methods))


def _request(site: Site, request: HttpRequest, form: Form, body: bytes) -> Request:
    peer = request.client.host if request.client else ""
    client = client_address.address(peer, request.headers.getlist("x-forwarded-for"), site.proxies)
    told = ""
    if site.keep_client:
        agent = shown(request.headers.get("user-agent", ""), 200)
        told = "; ".join(part for part in (str(client or ""), agent) if part)
    return Request(
        method=request.method,
        parts=request.path_params,
        form=form,
        body=body,
        headers={name.lower(): value for name, value in request.headers.items()},
        network=client_address.network(client),
        client=told,
    )


def answer(
    site: Site,
    template: str,
    values: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    public: int = 0,
    listed: bool = False,
    frames: Sequence[str] = (),
    pictures: Sequence[str] = (),
    kind: str = "text/html; charset=utf-8",
) -> Response:
    """A page.

    Args:
        site: The reader pages that the request is for.
        template: Name of the template, for example ``web/leave.html.j2``.
        values: Names and values that the template uses.
        status: Status of the answer (RFC 9110), for example 200.
        public: Seconds it may be kept by whoever carries it, and then search engines may know it.
        listed: Search engines may know it, although it may not be kept.
        frames: Origins that may show it in a frame.
        pictures: Origins its pictures come from, beside our own.
        kind: Media type of the answer, for example ``text/html; charset=utf-8``.
    """
    text = site.page(template, values or {})
    return file_answer(
        text.encode("utf-8"),
        kind,
        status=status,
        public=public,
        listed=listed,
        frames=frames,
        pictures=pictures,
    )


def file_answer(
    content: bytes,
    kind: str,
    *,
    status: int = 200,
    public: int = 0,
    listed: bool = False,
    frames: Sequence[str] = (),
    pictures: Sequence[str] = (),
    anywhere: bool = False,
) -> Response:
    """Bytes as an answer; arguments as for `answer`. ``anywhere`` lets other sites show it as a picture."""
    headers: dict[str, str] = {}
    if public:
        headers["cache-control"] = f"public, max-age={public}"
    if public or listed:
        headers["x-robots-tag"] = "all"
    if frames or pictures:
        headers["content-security-policy"] = _POLICY.format(
            pictures=" ".join(("'self'", *pictures)), frames=" ".join(frames) or "'none'"
        )
    if frames:
        # It knows no list of origins; browsers that know frame-ancestors ignore it (CSP level 3, section 6.4.2.2).
        headers["x-frame-options"] = ""
    if anywhere:
        headers["cross-origin-resource-policy"] = "cross-origin"
    return Response(content, status, headers, media_type=kind)


def trouble(site: Site, status: int, *, close: bool = False) -> Response:
    """The page of an HTTP status that is no success."""
    response = answer(site, "web/trouble.html.j2", {"status": status}, status=status)
    if status in (429, 503):
        response.headers["retry-after"] = "60"
    if close:
        # What is still on its way is not read.
        response.headers["connection"] = "close"
    return response
