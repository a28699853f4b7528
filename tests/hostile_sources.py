"""Sources that mean harm, and a server on loopback that has them: each kind made by a few lines, however large."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONG = 300_000


def rss(item: str) -> bytes:
    """A feed of one entry with this inside it."""
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>x</title>'
        f"<item><title>عنوان</title><link>https://example.org/1</link>{item}</item></channel></rss>"
    ).encode()


def body(html: str) -> bytes:
    return rss(f"<content:encoded><![CDATA[{html}]]></content:encoded>")


def json_feed(item: bytes) -> bytes:
    return b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"x",' + item + b"}]}"


def page(head: str, html: str = "") -> bytes:
    text = f"<p>{'كلمة طويلة من نص الخبر ' * 30}</p>"
    whole = f"<body><h1>عنوان الخبر</h1>{text}{html}</body>"
    return f"<html><head><title>عنوان الخبر</title>{head}</head>{whole}</html>".encode()


def good(name: str) -> bytes:
    """Two articles of their own."""
    items = "".join(
        f"<item><title>خبر {name} {n}</title><link>https://example.net/{name}/{n}</link><guid>{name}-{n}</guid>"
        f"<description>افتتحت مكتبة الحي أبوابها رقم {n} في {name} بعد ترميم دام عاما كاملا.</description></item>"
        for n in (1, 2)
    )
    return f'<rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'.encode()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "author": lambda: rss(f"<author>{'a-' * LONG}@</author>"),
    "creator-cdata": lambda: rss(f"<dc:creator><![CDATA[{'a.' * LONG}]]></dc:creator>"),
    "authors": lambda: rss(f"<author>{'a-' * 280}@</author>" * 3000),
    "attributes": lambda: rss("<x " + " ".join(f"a{n}='1'" for n in range(20_000)) + "/>"),
    "categories": lambda: rss("".join(f"<category>c{n}</category>" for n in range(20_000))),
    "keywords": lambda: rss("<tags>" + ",".join(f"c{n}" for n in range(50_000)) + "</tags>"),
    "nesting": lambda: rss("<x>" * LONG + "</x>" * LONG),
    "unclosed": lambda: rss("<b>" * LONG),
    "entity-bomb": lambda: (
        b"<!DOCTYPE rss ["
        + b"".join(b'<!ENTITY l%d "%s">' % (n, (b"&l%d;" % (n - 1)) * 10 if n else b"lol" * 100) for n in range(10))
        + b"]>"
        + rss("<description>&l9;</description>").partition(b"?>")[2]
    ),
    "cdata-open": lambda: rss("<description>" + "<![CDATA[" * LONG),
    "ampersands": lambda: rss(f"<description>{'&' * LONG}</description>"),
    "white-space": lambda: gzip.compress(b" " * 100_000_000),
    "gzip-bomb": lambda: gzip.compress(gzip.compress(b"<rss>" * 40_000_000)),
    "entries": lambda: rss("</item>" + "<item><title>خبر</title></item>" * 50_000 + "<item>"),
    "json-deep": lambda: json_feed(b'"tags":' + b"[" * LONG + b"]" * LONG),
    "json-number": lambda: json_feed(b'"size":' + b"9" * LONG),
    "utf-16": lambda: b"\xff\xfe" + b"\x00\xd8" * LONG,
    "encodings": lambda: (
        rss("<description>قسم</description>") + "نص".encode("cp1256") * LONG + "é".encode("cp1252") * 99
    ),
    "date-and-guid": lambda: rss(f"<guid>{'a-' * LONG}</guid><pubDate>{'1 يناير ' * LONG}</pubDate>"),
    "marks": lambda: rss("<description>a" + "\u0301\u0316" * LONG + "</description>"),
    "shortcodes": lambda: body("<p>" + '[vc_row a="' * LONG),
    "brackets": lambda: body("<p>" + "[a " * LONG),
    "elements": lambda: body("<p><b>x" * LONG),
    "links": lambda: body('<a href="/x">x' * (LONG // 2)),
    "comments": lambda: b"<!-- -->" * LONG + page(""),
    "linked-data": lambda: page('<script type="application/ld+json">' + "[{" * LONG + "</script>"),
    "linked-data-comments": lambda: page('<script type="application/ld+json">{"a":1' + "/*" * LONG + "}</script>"),
    "metadata": lambda: page('<meta name="author" content="' + "a-" * LONG + '@">', "<time>" + "1 " * LONG + "</time>"),
    "charset": lambda: b"<?xml encoding=" * LONG,
    "zeros": lambda: b"\x00" * 5_000_000,
}
"""Kinds that are whole at once, by name."""
SLOW = ("drip", "short", "endless-head")
"""Kinds that the server plays: a byte a second, a Content-Length that lies, a head without an end."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        kind, _, name = self.path.strip("/").partition("/")
        with suppress(OSError):
            if name in SLOW:
                self._slowly(name)
                return
            data = good(name) if kind == "good" else HOSTILE[name]()
            self.send_response(200)
            is_page = not data.startswith((b"<?xml v", b"<rss", b"<!DOC", b"\x1f\x8b", b"{"))
            self.send_header("Content-Type", "text/html" if is_page else "application/rss+xml")
            if data.startswith(b"\x1f\x8b"):
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def _slowly(self, name: str) -> None:
        if name == "endless-head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        else:
            self.send_response(200)
            self.send_header("Content-Length", "100000000")
            self.end_headers()
            self.wfile.write(good("x"))
        for number in range(60):
            if name == "short":
                break
            self.wfile.write(b"X-%d: 1\r\n" % number if name == "endless-head" else b" ")
            self.wfile.flush()
            time.sleep(1)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A connection that the command gave up."""


@contextmanager
def served() -> Iterator[str]:
    """Address of a server that has ``/good/NAME`` and ``/bad/KIND``."""
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def told(text: str) -> dict[str, object]:
    """What a command with ``--json`` says."""
    found: dict[str, object] = json.loads(text)
    return found
