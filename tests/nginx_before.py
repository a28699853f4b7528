"""nginx before the reader pages, with the file of ``deploy/nginx/``: of that only places and ports are changed."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from deploy_examples import PROXY
from patient import certificate
from reader_pages import free_port

from newsletter.letters.templates import environment

HOST = "news.example.org"
_AROUND = """\
user {user};
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
daemon off;
events {{ worker_connections 2048; }}
http {{
    types {{ text/html html; image/gif gif; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
    {more}
}}
"""


def nginx() -> str:
    """The program; in CI it must be there."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx is not installed, and in CI its example must be tried")
        pytest.skip("nginx is not installed")
    return path


@dataclass
class Proxy:
    """nginx that runs, and how to ask it."""

    port: int
    plain_port: int
    trust: ssl.SSLContext
    folder: Path

    def connect(self, source: str = "127.0.0.1", seconds: float = 15) -> http.client.HTTPSConnection:
        """A connection over TLS from an address of this machine, to the host that the certificate names."""
        made = http.client.HTTPSConnection(HOST, self.port, timeout=seconds, context=self.trust)
        plain = socket.create_connection(("127.0.0.1", self.port), seconds, (source, 0))
        made.sock = self.trust.wrap_socket(plain, server_hostname=HOST)
        return made

    def ask(
        self,
        path: str,
        form: Mapping[str, str] | bytes | None = None,
        *,
        source: str = "127.0.0.1",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request on a connection of its own: status, headers with names in lower case, body."""
        body = urlencode(form).encode() if isinstance(form, Mapping) else form
        wanted = {"Content-Type": "application/x-www-form-urlencoded"} if isinstance(form, Mapping) else {}
        connection = self.connect(source)
        try:
            connection.request("GET" if form is None else "POST", path, body, {**wanted, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


@contextmanager
def before(folder: Path, pages: int, *, more: str = "", changes: Mapping[str, str] | None = None) -> Iterator[Proxy]:
    """nginx with the example's file, before pages on a port of this machine.

    Args:
        folder: For its files.
        pages: Port of the pages.
        more: Lines beside the example.
        changes: Pieces of the example to be others.
    """
    program = nginx()
    folder.mkdir(exist_ok=True)
    pem = certificate(folder, "good", [HOST], 30)
    secure, plain = free_port(), free_port()
    text = environment().get_template("deploy/nginx.conf.j2").render({**PROXY, "port": pages})
    places = {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{secure} ssl http2;",
        "    listen [::]:443 ssl http2;\n": "",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "    listen [::]:80;\n": "",
        f"/etc/letsencrypt/live/{HOST}/fullchain.pem": str(pem),
        f"/etc/letsencrypt/live/{HOST}/privkey.pem": str(pem),
        "/var/cache/nginx/": f"{folder}/cache-",
        "/var/log/nginx/": f"{folder}/log-",
        **(changes or {}),
    }
    for piece, other in places.items():
        assert piece in text, piece
        text = text.replace(piece, other)
    (folder / "site.conf").write_text(text, "utf-8")
    user = "root" if os.geteuid() == 0 else "nobody"
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, user=user, more=more), "utf-8")
    command = [program, "-e", str(folder / "start.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        _until_open(secure, process)
        yield Proxy(secure, plain, ssl.create_default_context(cafile=str(pem)), folder)
    finally:
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=15)[1]
        assert process.returncode == 0, told


def _until_open(port: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()[1]
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("nginx does not start")
