"""The door to the network against honest, odd and hostile sites, all of them on loopback."""

from __future__ import annotations

import gzip
import os
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import httpcore2
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import SourceError
from newsletter.sources.http import Fetcher, FetchError, vetting
from newsletter.sources.http.unpack import UnpackedTooLargeError, inflate, unpacked, unpacked_answer

AGENT = "Nashra-test/1 (+https://example.org/)"
DEADLINE = 3.0
MIB = 1024 * 1024

Answer = bytes | Iterable[bytes]
Handler = Callable[[str, dict[str, str]], Answer]


def ok(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class Site:
    """A site on loopback: a function from path and headers to the raw bytes of an answer."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._closing = False
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._closing = True
        self._listener.close()

    def _serve(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection:
            try:
                raw = b""
                while b"\r\n\r\n" not in raw:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    raw += piece
                first, *lines = raw.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                path = first.split(" ")[1]
                self.asked.append((path, headers))
                answer = self._handler(path, headers)
                for chunk in [answer] if isinstance(answer, bytes) else answer:
                    if self._closing:
                        return
                    connection.sendall(chunk)
            except OSError:
                return


@contextmanager
def site(handler: Handler) -> Iterator[Site]:
    serving = Site(handler)
    try:
        yield serving
    finally:
        serving.close()


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher(AGENT, allow_loopback=True, deadline=DEADLINE) as one:
        yield one


def test_brings_bytes_with_their_type_and_charset(fetcher: Fetcher) -> None:
    with site(lambda path, _: ok("نص".encode("cp1256"), "Content-Type: Text/HTML; Charset=Windows-1256")) as here:
        got = fetcher.get(f"{here.url}/خبر?q=1#part")
    assert got.data == "نص".encode("cp1256")
    assert (got.content_type, got.charset, got.status) == ("text/html", "windows-1256", 200)
    path, headers = here.asked[0]
    assert path == "/%D8%AE%D8%A8%D8%B1?q=1"
    assert headers["user-agent"] == AGENT
    assert headers["accept-encoding"] == "gzip"
    assert got.url == f"{here.url}{path}"


def test_every_connection_goes_through_the_guard() -> None:
    names: list[str] = []

    def resolve(host: str, port: int, seconds: float) -> list[str]:
        names.append(host)
        return ["127.0.0.1"]

    with site(lambda *_: ok(b"x")) as here, Fetcher(AGENT, allow_loopback=True, resolve=resolve) as door:
        assert door.get(f"http://news.example.org:{here.port}/").data == b"x"
    assert names == ["news.example.org"]
    assert here.asked[0][1]["host"] == f"news.example.org:{here.port}"


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.1.2.3",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
        ),
        *(
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "192.88.99.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ),
        *("::1", "::", "fe80::1", "fe80::1%lo", "2606:4700::1111%lo", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::808:808", "2002:7f00:1::", "3fff::1"),
        *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2606:4700::5efe:7f00:1", "::ffff:0:127.0.0.1", "nonsense"),
    ],
)
def test_no_private_address_is_public(address: str) -> None:
    assert not vetting.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111"])
def test_public_addresses_are_public(address: str) -> None:
    assert vetting.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://127.1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::1]:{port}/",
        "http://0:{port}/",
        "http://١٢٧.0.0.1:{port}/",
        "http://127。0。0。1:{port}/",
        "http://user:pass@127.0.0.1:{port}/",
    ],
)
def test_no_spelling_of_loopback_is_asked(url: str) -> None:
    with site(lambda *_: ok(b"secret")) as here, Fetcher(AGENT, deadline=DEADLINE) as door:
        with pytest.raises(FetchError):
            door.get(url.format(port=here.port))
        assert here.asked == []


@pytest.mark.parametrize("answers", [["10.0.0.7"], ["93.184.215.14", "127.0.0.1"], ["64:ff9b::7f00:1"]])
def test_one_private_answer_of_a_name_refuses_the_whole_name(answers: list[str]) -> None:
    with (
        Fetcher(AGENT, deadline=DEADLINE, resolve=lambda *_: answers) as door,
        pytest.raises(FetchError, match="which is no public address; if it is your own, set allow_private"),
    ):
        door.get("http://news.example.org/")


def test_a_name_that_changes_its_answer_is_never_connected_to_unvetted() -> None:
    """DNS rebinding: public when asked first, loopback after; each connection has its own vetted answer."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with (
        site(lambda path, _: ok(b"", "Location: /next", status="302 Found")) as here,
        Fetcher(AGENT, allow_loopback=True, deadline=DEADLINE, resolve=lambda *_: next(answers)) as door,
    ):
        with pytest.raises(FetchError, match=r"10\.0\.0\.1"):
            door.get(f"http://rebind.example.org:{here.port}/")
        assert len(here.asked) == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "//10.0.0.1/",
        "http:///nothing",
        "http://a b/",
    ],
)
def test_redirects_are_vetted_again(target: str, fetcher: Fetcher) -> None:
    with (
        site(lambda *_: ok(b"", f"Location: {target}", status="301 Moved")) as here,
        pytest.raises(FetchError) as caught,
    ):
        fetcher.get(here.url)
    assert str(caught.value).startswith(here.url)


def test_only_the_web_s_ports_are_asked() -> None:
    with (
        Fetcher(AGENT, deadline=DEADLINE, resolve=lambda *_: ["93.184.215.14"]) as door,
        pytest.raises(FetchError, match="port 25 is not one"),
    ):
        door.get("http://mail.example.org:25/")


def test_an_allowed_host_is_asked_wherever_it_is() -> None:
    with (
        site(lambda *_: ok(b"intranet")) as here,
        Fetcher(AGENT, allow=["Intra.example.org"], deadline=DEADLINE, resolve=lambda *_: ["127.0.0.1"]) as door,
    ):
        assert door.get(f"http://intra.example.org:{here.port}/").data == b"intranet"


@pytest.mark.parametrize("url", ["", "not an address", "ftp://example.org/x", "file:///etc/passwd", "http://", "//x/y"])
def test_what_is_no_web_address_is_said_so(url: str, fetcher: Fetcher) -> None:
    with pytest.raises(SourceError) as caught:
        fetcher.get(url)
    assert "\n" not in str(caught.value)


def test_follows_redirects_with_their_cookies(fetcher: Fetcher) -> None:
    def handler(path: str, headers: dict[str, str]) -> Answer:
        if "seen=1" in headers.get("cookie", ""):
            return ok(b"inside")
        return ok(b"", "Location: /", "Set-Cookie: seen=1; Path=/", status="302 Found")

    with site(handler) as here:
        assert fetcher.get(here.url).data == b"inside"
        here.asked.clear()
        fetcher.get(here.url)
        assert "cookie" not in here.asked[0][1]


def test_a_redirect_loop_ends(fetcher: Fetcher) -> None:
    with site(lambda *_: ok(b"", "Location: /again", status="302 Found")) as here:
        with pytest.raises(FetchError, match="redirects more than 5 times"):
            fetcher.get(here.url)
        assert len(here.asked) == 6


@pytest.mark.parametrize(
    ("packing", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)],
)
def test_unpacks(packing: str, pack: Callable[[bytes], bytes], fetcher: Fetcher) -> None:
    body = "خبر طويل ".encode() * 20_000
    with site(lambda *_: ok(pack(body), f"Content-Encoding: {packing}")) as here:
        assert fetcher.get(here.url).data == body


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize("packing", ["gzip", "deflate", "identity"])
@pytest.mark.parametrize(
    "pack",
    [
        *(bytes, raw_deflate, zlib.compress, gzip.compress),
        lambda body: gzip.compress(gzip.compress(body)),
        lambda body: gzip.compress(zlib.compress(body)),
    ],
    ids=["plain", "raw deflate", "zlib", "gzip", "gzip twice", "zlib within gzip"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1256", "utf-16"])
def test_unpacks_what_was_packed_otherwise_than_told(
    packing: str, pack: Callable[[bytes], bytes], encoding: str, fetcher: Fetcher
) -> None:
    body = ("<rss><title>خبر</title>" + "خبر طويل ".join(map(str, range(5000)))).encode(encoding)
    with site(lambda *_: ok(pack(body), f"Content-Encoding: {packing}")) as here:
        assert fetcher.get(here.url).data == body


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200))
def test_text_that_is_not_packed_comes_back(text: str) -> None:
    for data in (text.encode(), text.encode("cp1256", "replace"), text.encode("utf-16")):
        assert unpacked(data, 2000) == data


@given(st.binary(max_size=300))
def test_no_bytes_make_unpacking_raise_anything_else(data: bytes) -> None:
    for way in (lambda: unpacked(data, 500), lambda: b"".join(unpacked_answer([data]))):
        with suppress(zlib.error, UnpackedTooLargeError):
            assert isinstance(way(), bytes)


def test_layers_of_packing_are_counted() -> None:
    data = b"<rss>" * 100
    for _ in range(4):
        data = gzip.compress(data)
    assert gzip.decompress(unpacked(data, 10_000)) == b"<rss>" * 100


def test_inflate_reads_several_members_and_padding() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0\0"
    assert b"".join(inflate([packed])) == b"one two"
    assert b"".join(inflate(bytes([byte]) for byte in packed)) == b"one two"
    with pytest.raises(zlib.error):
        list(inflate([packed[:10]]))


@pytest.mark.parametrize("packing", ["br", "gzip, gzip", "zstd"])
def test_refuses_packings_it_did_not_ask_for(packing: str, fetcher: Fetcher) -> None:
    with (
        site(lambda *_: ok(b"x", f"Content-Encoding: {packing}")) as here,
        pytest.raises(FetchError, match="which we did not ask for"),
    ):
        fetcher.get(here.url)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("404 Not Found", "nothing at this address"),
        ("403 No", "refuses"),
        ("500 Oh", "answered 500"),
        ("100000 x", "no HTTP"),
    ],
)
def test_statuses_are_said_in_words(status: str, words: str, fetcher: Fetcher) -> None:
    with site(lambda *_: ok(b"x", status=status)) as here, pytest.raises(FetchError, match=words):
        fetcher.get(here.url)


def test_a_caller_can_ask_for_a_status(fetcher: Fetcher) -> None:
    with site(lambda *_: b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n") as here:
        got = fetcher.get(here.url, headers={"If-None-Match": '"1"'}, statuses={304})
        assert (got.status, got.data) == (304, b"")
        assert here.asked[0][1]["if-none-match"] == '"1"'


def test_a_passing_fault_is_tried_once_more(fetcher: Fetcher) -> None:
    answers = iter([ok(b"", status="503 Busy"), ok(b"there")])
    with site(lambda *_: next(answers)) as here:
        assert fetcher.get(here.url).data == b"there"
    with site(lambda *_: ok(b"", status="503 Busy")) as here:
        with pytest.raises(FetchError, match="503"):
            fetcher.get(here.url)
        assert len(here.asked) == 2


def test_a_robot_check_is_named(fetcher: Fetcher) -> None:
    page = b"<html><head><title>Just a moment...</title>"
    with site(lambda *_: ok(page, status="403 Forbidden")) as here, pytest.raises(FetchError) as caught:
        fetcher.get(here.url)
    assert caught.value.what == "the site shows a robot check instead of its page (Cloudflare)"
    assert caught.value.status == 403
    with site(lambda *_: ok(page)) as here, pytest.raises(FetchError, match="robot check"):
        fetcher.get(here.url)
    with (
        site(lambda *_: ok(b"x", "Content-Encoding: br", status="403 Forbidden")) as here,
        pytest.raises(FetchError, match="refuses to answer us"),
    ):
        fetcher.get(here.url)


def test_a_long_retry_after_is_not_waited_for(fetcher: Fetcher) -> None:
    with site(lambda *_: ok(b"", "Retry-After: 120", status="429 Slow down")) as here:
        began = time.monotonic()
        with pytest.raises(FetchError, match="too often"):
            fetcher.get(here.url)
        assert time.monotonic() - began < 60
        assert len(here.asked) == 1


@pytest.mark.parametrize("media", ["image/png", "video/mp4", "application/pdf"])
def test_what_is_no_page_is_refused_by_its_type(media: str, fetcher: Fetcher) -> None:
    with (
        site(lambda *_: ok(b"x", f"Content-Type: {media}")) as here,
        pytest.raises(FetchError, match=f"this is {media}, not a page"),
    ):
        fetcher.get(here.url)


def test_head_brings_no_body(fetcher: Fetcher) -> None:
    with site(lambda *_: ok(b"", "Content-Type: image/png")) as here:
        got = fetcher.ask("HEAD", here.url)
    assert (got.data, got.content_type) == (b"", "image/png")


def test_at_most_two_requests_at_once_at_one_host(fetcher: Fetcher) -> None:
    under_way: list[int] = []
    most: list[int] = []

    def handler(path: str, headers: dict[str, str]) -> Answer:
        under_way.append(1)
        most.append(len(under_way))
        time.sleep(0.05)
        under_way.pop()
        return ok(b"x")

    with site(handler) as here:
        threads = [threading.Thread(target=fetcher.get, args=(f"{here.url}/{n}",)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(here.asked) == 6
        assert max(most) <= 2


# Hostile answers: each ends within the deadline and what a busy machine adds, in little memory, with one line.


def drip(*_: object) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    while True:
        time.sleep(0.05)
        yield b"x"


def drip_headers(*_: object) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(1000):
        time.sleep(0.05)
        yield f"X-{number}: y\r\n".encode()


def silence(*_: object) -> Iterator[bytes]:
    time.sleep(10 * DEADLINE)
    yield b""


def endless(*_: object) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    while True:
        yield b"<p>x" * 16384


def endless_headers(*_: object) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-A: " + b"y" * 60_000 + b"\r\n"


def bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(b"\0" * MIB) for _ in range(600)] + [packer.flush()])


@pytest.fixture(scope="module")
def packed_bomb() -> bytes:
    return bomb()


@contextmanager
def bounded(seconds: float = DEADLINE + 10, memory: int = 200 * MIB) -> Iterator[None]:
    process = psutil.Process(os.getpid())
    before = process.memory_info().rss
    peak = [before]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    began = time.monotonic()
    try:
        yield
    finally:
        took = time.monotonic() - began
        done.set()
        watching.join()
    assert took < seconds
    assert peak[0] - before < memory


@pytest.mark.slow
@pytest.mark.parametrize("handler", [drip, drip_headers, silence, endless, endless_headers])
def test_hostile_answers_end_in_time_and_memory(handler: Handler, fetcher: Fetcher) -> None:
    with site(handler) as here, bounded(), pytest.raises(FetchError) as caught:
        fetcher.get(here.url)
    assert "\n" not in str(caught.value)
    assert here.url in str(caught.value)


@pytest.mark.slow
def test_a_packed_bomb_is_stopped_at_the_limit(fetcher: Fetcher, packed_bomb: bytes) -> None:
    with (
        site(lambda *_: ok(packed_bomb, "Content-Encoding: gzip")) as here,
        bounded(memory=60 * MIB),
        pytest.raises(FetchError, match="larger than 5 MB"),
    ):
        fetcher.get(here.url, "page")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8bpe",
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_broken_answers_are_one_line(raw: bytes, fetcher: Fetcher) -> None:
    with site(lambda *_: raw) as here, bounded(), pytest.raises(FetchError) as caught:
        fetcher.get(here.url)
    assert "\n" not in str(caught.value)


def test_a_slow_resolver_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(6) or [])
    with (
        Fetcher(AGENT, deadline=1.0) as door,
        bounded(seconds=5),
        pytest.raises(FetchError, match=r"no answer about its name|no complete answer came within 1 second"),
    ):
        door.get("http://slow.example.org/")


def test_nobody_listens(fetcher: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(FetchError, match="no connection: "):
        fetcher.get(f"http://127.0.0.1:{port}/")


def test_the_pool_offers_no_way_around_the_guard() -> None:
    """httpcore2 must take our backend by its public name; a release that drops it must fail here."""
    pool = httpcore2.ConnectionPool(network_backend=httpcore2.MockBackend([b"HTTP/1.1 200 OK\r\n\r\n"]))
    assert pool.request("GET", "http://nowhere.invalid/").status == 200
