"""Answers to those who watch the program: whether it is well, and numbers; of the pages' server and of a worker."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from newsletter.errors import NashraError
from newsletter.workflows import status
from newsletter.workflows.status.texts import AWAY

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from newsletter.wiring import Workspace
    from newsletter.workflows.status import Finding, WorkspaceState
    from subscribers.web import Request, Site

KEPT = 10.0
"""Seconds that an answer is kept, so that nobody can let the database be counted through again and again."""
EVENTS_KEPT = 300.0
"""Seconds that the numbers of events are kept: a large newsroom has millions in a month."""
ILL = AWAY | {"worker"}
"""Findings with which the program is not well; everything else asks for an editor, not for a restart."""


class Watched:
    """A workspace that is looked at by whoever watches the program, at most once in ten seconds.

    Args:
        workspace: The workspace, open as long as it is watched.
        clock: Monotonic seconds.
    """

    def __init__(self, workspace: Workspace, clock: Callable[[], float] = time.monotonic) -> None:
        self._workspace = workspace
        self._clock = clock
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._state: WorkspaceState | None = None
        self._found: Sequence[Finding] = ()
        self._events: Mapping[str, int] = {}
        self._counted = float("-inf")

    def look(self) -> tuple[WorkspaceState | None, Sequence[Finding]]:
        """The facts and what is to be said of them, not older than ten seconds; no facts when they cannot be read."""
        # A database that hangs must not let everybody wait who asks meanwhile: they are told what was known.
        if not self._lock.acquire(blocking=self._at == float("-inf")):
            return self._state, self._found
        try:
            if self._clock() - self._at >= KEPT:
                try:
                    self._state = status.workspace_state(self._workspace)
                    self._found = status.findings_of(self._state)
                except NashraError as error:
                    self._state, self._found = None, [status.away(error)]
                self._at = self._clock()
            return self._state, self._found
        finally:
            self._lock.release()

    def health(self, authorization: str) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON of ``/health``; details only for who shows the token of ``[web] metrics``.

        Args:
            authorization: The header of that name, or empty.
        """
        state, found = self.look()
        ill = sorted({one.kind for one in found} & ILL)
        told: dict[str, Any] = {"ok": not ill}
        if self.opened(authorization):
            told["database"] = "ok" if state is not None else "away"
            told["worker"] = "silent" if "worker" in ill else "ok"
            told["findings"] = [
                {"kind": one.kind, "words": one.words, "needs_person": one.needs_person} for one in found
            ]
        return (503 if ill else 200), told

    def opened(self, authorization: str) -> bool:
        """Whether a header shows the token: ``Bearer <token>`` (RFC 6750 section 2.1), compared in constant time.

        Args:
            authorization: The header of that name, or empty.
        """
        wanted = self._workspace.settings.web.metrics
        shown = f"Bearer {wanted}".encode()
        return bool(wanted) and hmac.compare_digest(authorization.encode("utf-8", "replace"), shown)

    def metrics(self) -> str:
        """The text of ``/metrics``."""
        from newsletter import __version__
        from newsletter.ledger import overview
        from newsletter.workflows.metrics import metrics_text

        state, found = self.look()
        if state is not None and self._clock() - self._counted >= EVENTS_KEPT:
            self._counted = self._clock()
            try:
                with self._workspace.database.read() as connection:
                    self._events = overview.reported(connection, [one.send for one in state.sends])
            except NashraError:
                state = None
        return metrics_text(state, found, self._events, __version__)


def metrics_routes(site: Site, watched: Watched) -> list[BaseRoute]:
    """The route ``/metrics`` of the pages' server.

    Args:
        site: Of the pages.
        watched: What is measured.
    """
    from starlette.responses import PlainTextResponse

    from newsletter.workflows.metrics import CONTENT_TYPE
    from subscribers.web import route

    def metrics(_site: Site, request: Request) -> Response:
        if not watched.opened(request.headers.get("authorization", "")):
            return PlainTextResponse("a token is wanted\n", 401, {"www-authenticate": 'Bearer realm="metrics"'})
        headers = {"content-type": CONTENT_TYPE, "cache-control": "no-store"}
        return PlainTextResponse(watched.metrics(), headers=headers)

    return [route(site, "/metrics", metrics)]


class HealthServer:
    """A little server of this machine that answers whether a worker is well: ``GET /health``, JSON, 200 or 503.

    Args:
        host: Address to listen at.
        port: TCP port; 0 takes a free one.
        alive: Gives what is wrong; empty when all is well.
    """

    def __init__(self, host: str, port: int, alive: Callable[[], str]) -> None:
        self._alive = alive
        self._server = self._listening(host, port)
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5.0)
        self._server.server_close()

    def _listening(self, host: str, port: int) -> ThreadingHTTPServer:
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        from newsletter.errors import SettingsError

        alive = self._alive

        class _Handler(BaseHTTPRequestHandler):
            """Answers one request; nothing is logged."""

            timeout = 5.0
            server_version = "nashra"
            sys_version = ""

            def do_GET(self) -> None:
                """Whether the worker is well."""
                if self.path.partition("?")[0] != "/health":
                    self._answer(404, {"ok": False})
                    return
                wrong = alive()
                self._answer(503 if wrong else 200, {"ok": not wrong, **({"words": wrong} if wrong else {})})

            do_HEAD = do_GET  # noqa: N815  the name is that of http.server

            def _answer(self, code: int, told: Mapping[str, Any]) -> None:
                body = json.dumps(told).encode() + b"\n"
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        try:
            return ThreadingHTTPServer((host, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SettingsError(
                f"cannot listen there ({reason})", where=f"{host}:{port}", mend="choose another port with --health"
            ) from None
