"""The living letter alone, for those who write in an editor of their own: ``newsletter preview --serve``.

It reads and never writes: whoever asks gets the letter as its file gives it now, and is told when the file changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from newsletter.desk import address
from newsletter.desk.frame import DeskPages
from newsletter.desk.guard import SECURITY
from newsletter.desk.showing.view import LetterView
from newsletter.desk.week.letter import POLICY

if TYPE_CHECKING:
    from newsletter.desk.guard import App, Message, Receive, Scope, Send
    from newsletter.wiring import Workspace

LOOK_AGAIN = 0.5
"""Seconds between two looks at the file."""
QUIET = 15.0
"""Seconds after which a stream says that it lives."""


class PreviewGuard:
    """What stands around the preview: names that are ours, reading alone, and the headers of the desk.

    Args:
        app: The application inside.
        hosts: Names of this machine with the port, as a browser sends them.
    """

    def __init__(self, app: App, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            said = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
            refused = None
            if len(said) != 1 or said[0] not in self.hosts:
                refused = Response("", 421)  # a name that leads here without being ours: DNS rebinding
            elif scope["method"] not in {"GET", "HEAD"}:
                refused = Response("", 405)
            await (refused or self.app)(scope, receive, _with_headers(send))
        elif scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})


def _with_headers(send: Send) -> Send:
    async def more(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name for name, _ in message["headers"]}
            own = [(name.encode(), value.encode()) for name, value in SECURITY.items() if name.encode() not in there]
            message["headers"] = [*message["headers"], *own]
        await send(message)

    return more


def create_preview(workspace: Workspace, path: Path, port: int) -> PreviewGuard:
    """The application that shows the letter of one issue.

    Args:
        workspace: The workspace, open.
        path: Its issue.md.
        port: At which it is asked.
    """
    pages = DeskPages(workspace.templates, workspace.publication, workspace.settings.desk.language)
    view = LetterView(workspace, path, pages)

    async def page(request: Request) -> Response:
        values = await run_in_threadpool(view.values)
        look = request.query_params.get("look", "phone")
        dark = request.query_params.get("dark") == "1"
        return HTMLResponse(pages.fill("desk/showing/page.html.j2", {**values, "look": look, "dark": dark}))

    async def parts(_: Request) -> Response:
        values = await run_in_threadpool(view.values)
        fragments = {name: pages.fill(f"desk/showing/{name}.html.j2", values) for name in ("inbox", "problems")}
        return JSONResponse({"fragments": fragments, "mark": values["mark"]})

    async def letter(request: Request) -> Response:
        said = request.query_params
        html = await run_in_threadpool(view.letter, text=said.get("text") == "1", dark=said.get("dark") == "1")
        return HTMLResponse(html, headers={"content-security-policy": POLICY, "x-frame-options": "SAMEORIGIN"})

    async def picture(request: Request) -> Response:
        found = await run_in_threadpool(view.picture, request.path_params["name"])
        if found is None:
            return PlainTextResponse("", 404)
        return Response(found[0], media_type=found[1], headers={"content-security-policy": "default-src 'none'"})

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        text = pages.asset(name)
        if text is None:
            return PlainTextResponse("", 404)
        return Response(text, media_type="text/css" if name.endswith(".css") else "text/javascript")

    async def events(_: Request) -> Response:
        return StreamingResponse(changes_of(path), media_type="text/event-stream")

    routes = [
        Route("/", page),
        Route("/parts", parts),
        Route("/letter", letter),
        Route("/media/{name}", picture),
        Route("/events", events),
        Route("/assets/{version}/{name}", asset),
    ]
    return PreviewGuard(Starlette(routes=routes), tuple(address.alone(port).origins))


async def changes_of(path: Path, *, again: float = LOOK_AGAIN) -> AsyncIterator[str]:
    """Server-sent events: one at once, and one whenever the file is another.

    Args:
        path: Of the file; it may be gone, and come back.
        again: Seconds between two looks.
    """
    said, quiet = "", 0.0
    while True:
        now = mark_of(path)
        quiet += again
        if now != said:
            said, quiet = now, 0.0
            yield f"event: file\ndata: {json.dumps({'mark': now})}\n\n"
        elif quiet >= QUIET:
            quiet = 0.0
            yield ": here\n\n"
        await asyncio.sleep(again)


def mark_of(path: Path) -> str:
    """Names what a file is by its size and the moment of its last change; empty when it is gone."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return hashlib.sha256(f"{found.st_mtime_ns} {found.st_size} {found.st_ino}".encode()).hexdigest()[:16]


def serve_preview(workspace: Workspace, path: Path, listener: Any) -> None:
    """Show the letter until Ctrl-C or a TERM signal.

    Args:
        workspace: The workspace, open.
        path: Its issue.md.
        listener: A socket that listens at this machine alone.
    """
    import uvicorn

    app = create_preview(workspace, path, listener.getsockname()[1])
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, proxy_headers=False, timeout_graceful_shutdown=1
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
