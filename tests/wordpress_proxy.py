"""What stands before a WordPress in its newsroom: a server that loses a header, and one who is killed in the middle."""

from __future__ import annotations

import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class SiteProxy:
    """Hands requests on to a site, and does what it is told on the way."""

    url: str = ""
    loses: str = ""
    """Name of a header that does not arrive."""
    victim: int = 0
    """Process that is killed, so that it cannot do anything more."""
    at: int = 0
    """After which of the writes of the victim, from 1; 0 kills nobody."""
    writes: list[str] = field(default_factory=list)


@contextmanager
def before(site: str) -> Iterator[SiteProxy]:
    """A proxy on loopback.

    Args:
        site: Front page of the site behind it.
    """
    proxy = SiteProxy()

    class Handler(BaseHTTPRequestHandler):
        """Hands one request on."""

        def _handed(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in {"connection", proxy.loses, "accept-encoding"}
            }
            asked = urllib.request.Request(f"{site.rstrip('/')}{self.path}", body or None, kept, method=self.command)
            try:
                with urllib.request.urlopen(asked, timeout=120) as answer:
                    status, headers, data = answer.status, answer.headers, answer.read()
            except urllib.error.HTTPError as error:
                status, headers, data = error.code, error.headers, error.read()
            if self.command == "POST":
                proxy.writes.append(urlsplit(self.path).path)
                if proxy.at == len(proxy.writes):
                    os.kill(proxy.victim, signal.SIGKILL)
                    return
            self.send_response(status)
            for name in ("Content-Type", "Location", "Link"):
                if headers.get(name):
                    self.send_header(name, headers[name])
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_OPTIONS = _handed  # noqa: N815  the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
