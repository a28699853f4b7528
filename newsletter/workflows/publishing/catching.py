"""The password that WordPress' own page hands over: caught on this machine, and out of the address at once."""

from __future__ import annotations

import html
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Nashra</title><style>body{{font:18px/1.6 sans-serif;max-width:30em;margin:15vh auto;padding:0 1em}}"
    "@media(prefers-color-scheme:dark){{body{{background:#111;color:#eee}}}}</style><p>{words}</p>"
)


@dataclass
class Caught:
    """What WordPress handed over, as soon as it has."""

    address: str = ""
    """Where WordPress is to lead the browser."""
    site: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    refused: bool = False
    """Whether somebody pressed no."""
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def listening() -> Iterator[Caught]:
    """Wait on this machine for one password; the address of the waiting cannot be guessed, and ends with the block."""
    caught = Caught()
    path = f"/{secrets.token_urlsafe(24)}"

    class _Handler(BaseHTTPRequestHandler):
        """Takes the password, leads to an address without it, and says that it is done."""

        timeout = 10

        def do_GET(self) -> None:
            """Answer the browser."""
            parts = urlsplit(self.path)
            if parts.path == f"{path}/done":
                words = "Nothing was connected." if caught.refused else "Nashra has it: go back to the terminal."
                self._say(200, words)
                return
            if parts.path != path:
                self._say(404, "There is nothing here.")
                return
            given = parse_qs(parts.query)
            if not caught.over.is_set():
                caught.site, caught.user, caught.password = (
                    given.get(name, [""])[0] for name in ("site_url", "user_login", "password")
                )
                caught.refused = not (caught.user and caught.password)
                caught.over.set()
            self.send_response(303)
            self.send_header("Location", f"{path}/done")
            self._closed()

        def _say(self, status: int, words: str) -> None:
            body = _PAGE.format(words=html.escape(words)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self._closed()
            self.wfile.write(body)

        def _closed(self) -> None:
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing: the address has the password in it."""

    server = HTTPServer(("127.0.0.1", 0), _Handler)
    caught.address = f"http://127.0.0.1:{server.server_port}{path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield caught
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
