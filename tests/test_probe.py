"""What is asked of the world: links, pictures, reader pages, name servers; every answer is a table or on loopback."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import pytest
import seeded

from newsletter.check import probe
from newsletter.check.found import DkimRecord, DmarcPolicy, LinkResult, MailHost, PictureResult
from newsletter.check.probe.links import _pictured, _reached
from newsletter.check.probe.sender import walk
from newsletter.sources.http import Fetched, Fetcher

URL = "https://example.org/a"


# Links


def reached(answer: dict[str, Any], url: str = URL, **more: Any) -> LinkResult:
    return probe.links([url], seeded.Site({url: answer, **more}))[url]


def test_an_address_that_answers() -> None:
    site = seeded.Site({})
    assert probe.links([URL], site) == {URL: LinkResult(URL)}
    assert site.asked == [("HEAD", URL)]
    assert reached({"to": "https://example.net/b"}) == LinkResult("https://example.net/b")


@pytest.mark.parametrize(("status", "gone"), [(404, True), (410, True), (403, False), (429, False), (500, False)])
def test_an_address_that_gives_nothing(status: int, gone: bool) -> None:
    answer = reached({"head": status, "status": status})
    assert (answer.url, answer.gone) == ("", gone)
    assert str(status) in answer.trouble


def test_a_site_that_knows_no_head_is_asked_again() -> None:
    for status in (400, 403, 404, 405, 501):
        site = seeded.Site({URL: {"head": status}})
        assert probe.links([URL], site) == {URL: LinkResult(URL)}
        assert site.asked == [("HEAD", URL), ("GET", URL)]


def test_a_host_that_is_silent_is_not_asked_twice() -> None:
    site = seeded.Site({URL: {"trouble": "no answer"}})
    assert probe.links([URL], site) == {URL: LinkResult(trouble="no answer")}
    assert site.asked == [("HEAD", URL)]


def test_whether_a_host_exists_is_asked_of_dns() -> None:
    silent = seeded.Site({URL: {"trouble": "no connection: its name has no address"}})
    assert probe.links([URL], silent, seeded.Zone({}))[URL].gone
    assert not probe.links([URL], silent, seeded.Zone({"example.org A": ["192.0.2.1"]}))[URL].gone
    assert not probe.links([URL], silent, seeded.Zone({"example.org AAAA": ["2001:db8::1"]}))[URL].gone
    assert not probe.links([URL], silent, seeded.Zone({"example.org": None}))[URL].gone
    assert not probe.links([URL], silent)[URL].gone


def test_an_http_address_is_asked_for_over_https_too() -> None:
    url = "http://example.org/a"
    assert reached({}, url) == LinkResult(url, secure=True)
    assert reached({}, url, **{URL: {"status": 404, "head": 404}}) == LinkResult(url, secure=False)


def test_private_hosts_and_other_schemes_are_not_asked() -> None:
    site = seeded.Site({})
    addresses = [
        "http://localhost/x",
        "https://10.0.0.1/",
        "mailto:a@example.org",
        "ftp://example.org/a",
        "#",
        "",
        "http://[x",
    ]
    assert probe.links(addresses, site) == {}
    assert probe.pictures(addresses, site) == {}
    assert site.asked == []


def test_each_address_is_asked_once_and_answers_keep_their_order() -> None:
    urls = [f"https://example.org/{number}" for number in range(30)]
    site = seeded.Site({})
    assert list(probe.links([*urls, *urls], site)) == urls
    assert len(site.asked) == len(urls)


def test_patience_ends() -> None:
    hold = threading.Event()

    class Slow(seeded.Site):
        def ask(self, method: Any, url: str, kind: Any = "any", **more: Any) -> Any:
            if url.endswith("slow"):
                hold.wait(120)
            return super().ask(method, url, kind, **more)

    try:
        answers = probe.links([URL, "https://example.org/slow"], Slow({}), patience=0.2)
    finally:
        hold.set()
    assert answers[URL] == LinkResult(URL)
    assert answers["https://example.org/slow"].trouble == "no answer within 0 seconds"


# Pictures


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"picture": [320, 200, 5000]}, PictureResult("image/png", 320, 200, 5000)),
        ({"type": "image/svg+xml"}, PictureResult("image/svg+xml", weight=6)),
        ({"type": "text/html"}, PictureResult(trouble="this is text/html, not a picture", gone=True)),
        ({"status": 404}, PictureResult(trouble="the site answered 404", gone=True)),
        ({"status": 503}, PictureResult(trouble="the site answered 503", gone=False)),
    ],
)
def test_pictures(answer: dict[str, Any], expected: PictureResult) -> None:
    assert probe.pictures([URL], seeded.Site({URL: answer})) == {URL: expected}


class Answering(seeded.Site):
    """A site whose pictures are these bytes, and lead to these addresses."""

    def __init__(self, data: bytes, leads: dict[str, str] | None = None, refused: tuple[str, ...] = ()) -> None:
        super().__init__({one: {"status": 404, "head": 404} for one in refused})
        self.data, self.leads = data, leads or {}

    def ask(self, method: Any, url: str, kind: Any = "any", **more: Any) -> Fetched:
        answer = super().ask(method, url, kind, **more)
        return Fetched(self.leads.get(url, url), self.data, "image/jpeg") if kind == "image" else answer


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\0\0\0\x1cftypavif\0\0", "image/avif"),
        (b"\0\0\0\x1cftypheic\0\0", "image/heic"),
        (b"\0\0\0\x1cftypmsf1\0\0", "image/heic"),
        (b"BM\0\0", "image/bmp"),
        (b"MM\0*\0", "image/tiff"),
        (b"\xff\x0a\0", "image/jxl"),
        (b"\n<?xml version='1.0'?><!-- a\nb --><svg>", "image/svg+xml"),
        (b"<!DOCTYPE html><p>not found", ""),
        (b"\0\0\0\x1cftypisom\0\0", ""),
        (b"\xff\xd8\xff cut", ""),
        (b"", ""),
    ],
)
def test_what_a_picture_is_its_bytes_say_and_not_its_server(data: bytes, kind: str) -> None:
    found = probe.pictures([URL], Answering(data))[URL]
    assert (found.content_type, found.gone) == (kind, not kind)
    assert bool(found.trouble) is not bool(kind)


def test_a_picture_that_is_not_encrypted_is_asked_for_over_https_too() -> None:
    plain, image = URL.replace("https", "http"), seeded.png(640, 400)
    assert probe.pictures([plain], Answering(image))[plain].secure
    assert not probe.pictures([plain], Answering(image, refused=(URL,)))[plain].secure
    assert probe.pictures([URL], Answering(image, leads={URL: plain}))[URL].unencrypted == plain
    assert not probe.pictures([URL], Answering(image))[URL].unencrypted


@pytest.mark.parametrize(
    ("answer", "trouble", "gone"),
    [
        ({"picture": [1, 1, 90]}, "", False),
        ({"picture": [2, 2, 90]}, "something else comes from there", True),
        ({"status": 404}, "the site answered 404", True),
        ({"type": "text/html"}, "this is text/html, not a picture", True),
        ({"status": 502}, "the site answered 502", False),
        ({"status": 403}, "the site answered 403", False),
        ({"trouble": "no answer"}, "no answer", False),
    ],
)
def test_the_pages_are_asked_for_a_picture_that_they_have(answer: dict[str, Any], trouble: str, gone: bool) -> None:
    found = probe.hosted(URL, seeded.png(1, 1, 90), seeded.Site({URL: answer}))
    assert (found.trouble, found.gone) == (trouble, gone)


# Reader pages


@pytest.mark.parametrize(("status", "good"), [(200, True), (404, True), (405, True), (500, False), (502, False)])
def test_reader_pages_answer_whatever_their_root_holds(status: int, good: bool) -> None:
    answer = probe.pages(URL, seeded.Site({URL: {"status": status}}))
    assert (answer.trouble == "") is good


# The real door, against a server of this machine


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.respond(405 if self.path == "/no-head" else 200, b"")

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(301)
            self.send_header("Location", "/there")
            self.end_headers()
        elif self.path == "/file.pdf":
            self.respond(200, b"%PDF", "application/pdf")
        elif self.path == "/a.png":
            self.respond(200, seeded.png(640, 400, 2000), "image/png")
        elif self.path == "/a.webp":
            self.respond(200, b"<html>", "text/html")
        else:
            self.respond(404 if self.path == "/gone" else 200, b"<p>x")

    def respond(self, status: int, body: bytes, kind: str = "text/html") -> None:
        head_fails = self.command == "HEAD" and self.path in {"/moved", "/file.pdf", "/gone"}
        self.send_response(501 if head_fails else status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def base() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
def test_the_real_fetcher_over_loopback(base: str) -> None:
    with Fetcher("test", allow_loopback=True, deadline=5) as fetcher:
        assert _reached(f"{base}/x", fetcher, None).url == f"{base}/x"
        assert _reached(f"{base}/no-head", fetcher, None).url == f"{base}/no-head"
        assert _reached(f"{base}/moved", fetcher, None).url == f"{base}/there"
        assert _reached(f"{base}/file.pdf", fetcher, None) == LinkResult(f"{base}/file.pdf")
        assert _reached(f"{base}/gone", fetcher, None).gone
        assert not _reached(f"{base}/x", fetcher, None).secure
        assert _pictured(f"{base}/a.png", fetcher, None) == PictureResult("image/png", 640, 400, 2000)
        assert _pictured(f"{base}/a.webp", fetcher, None).gone
        assert probe.pages(f"{base}/gone", fetcher).trouble == ""
    with Fetcher("test", deadline=5) as guarded:
        answer = _reached(f"{base}/x", guarded, None)
        assert answer.trouble
        assert not answer.gone


# Name servers


class NameServer:
    """A DNS server on loopback that answers from a table, over UDP."""

    def __init__(self, records: dict[tuple[str, str], list[str]], rcode: dns.rcode.Rcode | None = None) -> None:
        self.records = records
        self.rcode = rcode
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                data, client = self.socket.recvfrom(4096)
            except OSError:
                return
            self.asked += 1
            query = dns.message.from_wire(data)
            answer = dns.message.make_response(query)
            name, kind = str(query.question[0].name).rstrip("."), dns.rdatatype.to_text(query.question[0].rdtype)
            if self.rcode is not None:
                answer.set_rcode(self.rcode)
            elif (name, kind) in self.records:
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *self.records[name, kind]))
            elif not any(known == name for known, _ in self.records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.socket.sendto(answer.to_wire(), client)


def resolver(server: NameServer, seconds: float = 2.0) -> probe.DnsResolver:
    return probe.DnsResolver(seconds=seconds, servers=["127.0.0.1"], port=server.port)


def test_the_real_resolver_over_loopback() -> None:
    server = NameServer(
        {
            ("example.org", "TXT"): ['"v=spf1 " "-all"', '"other"'],
            ("example.org", "MX"): ["10 mx.example.org."],
            ("null.example.org", "MX"): ["0 ."],
            ("example.org", "A"): ["192.0.2.1"],
        }
    )
    asked = resolver(server)
    assert asked.ask("example.org", "TXT") == ("other", "v=spf1 -all")
    assert asked.ask("example.org", "MX") == ("10 mx.example.org.",)
    assert asked.ask("null.example.org", "MX") == ("0 .",)
    assert asked.ask("example.org", "A") == ("192.0.2.1",)
    assert asked.ask("example.org", "AAAA") == ()
    assert asked.ask("nothing.example.org", "TXT") == ()
    before = server.asked
    assert asked.ask("EXAMPLE.org", "TXT") == ("other", "v=spf1 -all")
    assert server.asked == before
    assert asked.ask("x" * 70 + ".example.org", "TXT") is None
    server.socket.close()


def test_a_server_that_fails_is_silence_and_soon_nobody_asks_any_more() -> None:
    server = NameServer({}, dns.rcode.SERVFAIL)
    asked = resolver(server, 0.3)
    assert [asked.ask(f"{name}.example.org", "TXT") for name in "abcd"] == [None] * 4
    before = server.asked
    assert asked.ask("e.example.org", "TXT") is None
    assert server.asked == before
    server.socket.close()


def test_an_answer_between_keeps_the_questions_going() -> None:
    server = NameServer({("example.org", "A"): ["192.0.2.1"]})
    asked = resolver(server)
    for _ in range(3):
        asked.ask("x" * 70 + ".example.org", "TXT")
        assert asked.ask("example.org", "A") == ("192.0.2.1",)
    server.socket.close()


# SPF, DKIM, DMARC, mail

D = "news.example.org"


def setup(records: dict[str, Any], **more: Any) -> Any:
    return probe.sender_setup(more.pop("domain", D), seeded.Zone(records), **more)


@pytest.mark.parametrize(
    ("record", "others", "lookups", "voids", "faults"),
    [
        ("ip4:192.0.2.1 -all", {}, 0, 0, ()),
        (
            "mx a include:a.example -all",
            {f"{D} MX": ["1 m."], f"{D} A": ["192.0.2.1"], "a.example TXT": ["v=spf1 a:b.example ~all"]}
            | {"b.example A": ["192.0.2.1"]},
            4,
            0,
            (),
        ),
        ("redirect=a.example", {"a.example TXT": ["v=spf1 ip4:192.0.2.1 -all"]}, 1, 0, ()),
        ("-all redirect=a.example", {}, 0, 0, ()),
        ("a:x.example mx:y.example exists:z.example -all", {}, 3, 3, ()),
        ("include:a.example -all", {}, 1, 1, ("include of a.example, which has no SPF records",)),
        (
            "include:a.example -all",
            {"a.example TXT": ["v=spf1 -all", "v=spf1 ~all"]},
            1,
            0,
            ("include of a.example, which has several SPF records",),
        ),
        (
            "include:a.example -all",
            {"a.example TXT": [f"v=spf1 include:{D} foo -all"]},
            2,
            0,
            ("foo in a.example", f"include of {D} leads back to itself"),
        ),
        ("exists:%{i}.example include:%{d2}.example -all", {}, 2, 0, ()),
    ],
)
def test_questions_that_spf_asks(
    record: str, others: dict[str, Any], lookups: int, voids: int, faults: tuple[str, ...]
) -> None:
    spf = setup({f"{D} TXT": [f"v=spf1 {record}"], **others}).spf
    assert (spf.lookups, spf.voids, spf.faults) == (lookups, voids, faults)


def test_spf_records_that_are_none() -> None:
    assert setup({f"{D} TXT": ["v=spf10 -all", "spf2.0/pra", "V=SPF1 -all"]}).spf.records == ("V=SPF1 -all",)
    assert setup({}).spf.records == ()


def test_a_hopeless_spf_record_ends() -> None:
    records = {f"{D} TXT": ["v=spf1 " + " ".join(f"include:s{at}.example" for at in range(60)) + " -all"]}
    records |= {f"s{at}.example TXT": ["v=spf1 mx -all"] for at in range(60)}
    zone = seeded.Zone(records)
    assert probe.sender_setup(D, zone).spf.lookups >= 60
    assert len([kind for _, kind in zone.asked if kind in {"TXT", "MX"}]) < 60


def test_dkim_keys_of_the_sender_or_of_its_organisation() -> None:
    key = seeded.stored(seeded.ROOT / "clean-sender", "zone.json")["s1._domainkey.almawja.example.org TXT"][0]
    names = ("s1", "s2")
    assert setup({f"s1._domainkey.{D} TXT": [key]}, selectors=names).dkim == (
        DkimRecord(D, "s1", key),
        DkimRecord(D, "s2"),
    )
    above = {"s2._domainkey.example.org TXT": ["other=1", key]}
    assert setup(above, selectors=names).dkim == (DkimRecord("example.org", "s1"), DkimRecord("example.org", "s2", key))
    assert setup({}, selectors=names).dkim == (DkimRecord(D, "s1"), DkimRecord(D, "s2"))
    assert setup({}).dkim is None
    silent = setup({f"s1._domainkey.{D}": None}, selectors=("s1",))
    assert silent.dkim is None
    assert f"s1._domainkey.{D}" in silent.silent


def test_the_walk_up_the_tree_asks_at_most_eight_names() -> None:
    assert list(walk("a.mail.example.com")) == ["a.mail.example.com", "mail.example.com", "example.com", "com"]
    # A longer name goes on with its last seven labels (RFC 9989 section 4.10).
    assert list(walk("a.b.c.d.e.f.g.h.i.j.mail.example.com")) == [
        "a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "g.h.i.j.mail.example.com",
        "h.i.j.mail.example.com",
        "i.j.mail.example.com",
        "j.mail.example.com",
        "mail.example.com",
        "example.com",
        "com",
    ]
    assert len(list(walk("1.2.3.4.5.6.7.8"))) == 8
    assert len(list(walk("1.2.3.4.5.6.7"))) == 7


REJECT, NONE = "v=DMARC1; p=reject", "v=DMARC1; p=none"


@pytest.mark.parametrize(
    ("domain", "records", "expected"),
    [
        # RFC 7489: a record at the sender's own domain, or else at the registered one.
        (D, {f"_dmarc.{D} TXT": [REJECT], "_dmarc.example.org TXT": [NONE]}, DmarcPolicy(D, REJECT)),
        (D, {"_dmarc.example.org TXT": [REJECT, "unrelated"]}, DmarcPolicy("example.org", REJECT)),
        (D, {}, DmarcPolicy()),
        # RFC 9989: the shortest name that has one, up to psd=n, or below psd=y.
        (
            "a.b.example.org",
            {"_dmarc.b.example.org TXT": [NONE], "_dmarc.example.org TXT": [REJECT]},
            DmarcPolicy("example.org", REJECT),
        ),
        (
            "a.b.example.org",
            {"_dmarc.b.example.org TXT": [f"{NONE}; psd=n"], "_dmarc.example.org TXT": [REJECT]},
            DmarcPolicy("b.example.org", f"{NONE}; psd=n"),
        ),
        (
            "a.shop.gov.example",
            {"_dmarc.shop.gov.example TXT": [NONE], "_dmarc.gov.example TXT": [f"{REJECT}; psd=y"]},
            DmarcPolicy("shop.gov.example", NONE),
        ),
        (
            "a.b.shop.gov.example",
            {"_dmarc.b.shop.gov.example TXT": [NONE], "_dmarc.gov.example TXT": [f"{REJECT}; psd=y"]},
            DmarcPolicy("gov.example", f"{REJECT}; psd=y"),
        ),
        # Several records at one name count as none.
        (
            D,
            {f"_dmarc.{D} TXT": [NONE, REJECT], "_dmarc.example.org TXT": [NONE]},
            DmarcPolicy("example.org", NONE, (D,)),
        ),
    ],
)
def test_where_the_dmarc_policy_stands(domain: str, records: dict[str, Any], expected: DmarcPolicy) -> None:
    assert setup(records, domain=domain).dmarc == expected


def test_a_silent_server_leaves_the_policy_open() -> None:
    found = setup({f"_dmarc.{D}": None})
    assert found.dmarc is None
    assert found.silent == (f"_dmarc.{D}",)
    assert probe.sender_setup(D, seeded.Zone({D: None})).spf is None


@pytest.mark.parametrize(
    ("records", "mail"),
    [
        ({f"{D} MX": ["10 mx.example.org."]}, True),
        ({f"{D} A": ["192.0.2.1"]}, True),
        ({f"{D} AAAA": ["2001:db8::1"]}, True),
        ({}, False),
        ({f"{D} MX": ["0 ."], f"{D} A": ["192.0.2.1"]}, False),
        ({D: None}, True),
    ],
)
def test_whether_a_domain_takes_mail(records: dict[str, Any], mail: bool) -> None:
    assert setup(records).hosts == (MailHost(D, "From", mail),)


def test_reply_to_is_looked_at_when_it_is_another_domain() -> None:
    assert [host.domain for host in setup({}, reply_domain="example.net").hosts] == [D, "example.net"]
    assert [host.domain for host in setup({}, reply_domain=D).hosts] == [D]
