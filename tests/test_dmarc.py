"""DMARC aggregate reports: good ones beside what they come to, and all that a stranger can put in their place."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from newsletter.errors import SourceError
from newsletter.events import dmarc
from newsletter.events.dmarc import reports, unpacking
from newsletter.events.dmarc.reports import related
from newsletter.ledger.dmarc import KEPT, DmarcReport, keep_report, reports_since
from newsletter.sources.fence import Fence
from newsletter.storage.database import Database

DATA = Path(__file__).parent / "data" / "dmarc"
OWN = ("example.org", "news.example.org")
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
GOOD = sorted(DATA.glob("*.xml"))
PLAIN = (DATA / "plain-2015.xml").read_bytes()


def read(data: bytes) -> DmarcReport:
    return dmarc.parsed(data, "a report", OWN, NOW)


def zipped(*files: tuple[str, bytes], level: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", level) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def plain(report: DmarcReport) -> dict[str, object]:
    return {
        "org": report.org,
        "report_id": report.report_id,
        "domain": report.domain,
        "policy": report.policy,
        "begins": report.begins.isoformat(),
        "ends": report.ends.isoformat(),
        "rows": [list(astuple(row)) for row in report.rows],
    }


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "packed",
    [
        lambda raw: raw,
        gzip.compress,
        lambda raw: zipped(("example!org!1!2.xml", raw)),
        lambda raw: zipped(("__MACOSX/._r.xml", b"\0\5"), ("folder/", b""), ("folder/r.xml", raw)),
    ],
    ids=["xml", "gzip", "zip", "zip-of-a-mac"],
)
def test_a_good_report_comes_to_what_stands_beside_it(path: Path, packed: Callable[[bytes], bytes]) -> None:
    assert plain(read(packed(path.read_bytes()))) == json.loads(path.with_suffix(".json").read_text("utf-8"))


def with_(old: str, new: str) -> bytes:
    assert old.encode() in PLAIN
    return PLAIN.replace(old.encode(), new.encode())


def test_what_is_odd_and_good_all_the_same() -> None:
    """Receivers write all of this; none of it changes what is said."""
    good = plain(read(PLAIN))
    text_ = PLAIN.decode()
    for odd in (
        b"\xef\xbb\xbf" + PLAIN,
        b"\n\n  " + PLAIN,
        text_.replace("UTF-8", "UTF-16").encode("utf-16"),
        text_.replace("UTF-8", "utf-16").encode(),  # says what it is not
        text_.replace("UTF-8", "no-such-encoding").encode(),
        text_.replace("UTF-8", "windows-1252").encode(),
        text_.replace("looks forwarded", "d\x01\x08").encode(),  # signs that XML forbids
        text_.replace("looks forwarded", "déjà").encode("latin-1"),  # not the code page that it says
        text_.replace("<feedback>", "<!-- by hand --><feedback><?php echo 1 ?>").encode(),
        zipped(("../../../etc/cron.d/report.xml", PLAIN)),  # nothing is ever written by such a name
        zipped(("C:\\windows\\report.xml", PLAIN)),
        zipped(("r.xml", PLAIN), level=zipfile.ZIP_STORED),
        gzip.compress(PLAIN) + b"trailing",
        with_("<count>240</count>", "<count> 240 </count>"),
        with_("<dkim>pass</dkim><spf>pass</spf>", "<dkim>PASS</dkim><spf>Pass</spf>"),
        with_("192.0.2.10", "192.0.2.10 "),
    ):
        assert plain(read(odd)) == good


def bomb() -> bytes:
    """Ten levels of ten: ten billion times three letters."""
    levels = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 11))
    return f'<!DOCTYPE feedback [<!ENTITY b0 "lol">{levels}]><feedback>&b10;</feedback>'.encode()


def gzip_of(size: int) -> bytes:
    engine = zlib.compressobj(9, wbits=31)
    block = bytes(1_000_000)
    return b"".join(engine.compress(block) for _ in range(size // 1_000_000)) + engine.flush()


def lying_zip() -> bytes:
    """A zip that says its one file is small, and holds 30 MB."""
    raw = bytearray(zipped(("r.xml", bytes(30_000_000))))
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 100)
    return bytes(raw)


def locked_zip() -> bytes:
    raw = bytearray(zipped(("r.xml", PLAIN)))
    raw[6] |= 1
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


ODD: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "is empty"),
    "blanks": (lambda: b" \n\t ", "is empty"),
    "an empty gzip": (lambda: gzip.compress(b""), "is empty"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "is no XML"),
    "a letter": (lambda: b"Hello, this is no report.", "is no XML"),
    "half a report": (lambda: PLAIN[: len(PLAIN) // 2], "is no XML"),
    "half a gzip": (lambda: gzip.compress(PLAIN)[:-30], "ends in the middle"),
    "a damaged gzip": (lambda: b"\x1f\x8b\x08\x00" + b"\xff" * 60, "damaged gzip"),
    "half a zip": (lambda: zipped(("r.xml", PLAIN))[:200], "damaged zip"),
    "a zip with a wrong sum": (
        lambda: zipped(("r.xml", PLAIN), level=zipfile.ZIP_STORED).replace(b"<count>3<", b"<count>4<"),
        "damaged zip",
    ),
    "an empty zip": (zipped, "holds 0 files"),
    "two files": (lambda: zipped(("a.xml", PLAIN), ("b.xml", PLAIN)), "holds 2 files"),
    "ten thousand files": (lambda: zipped(*((f"{n}.xml", b"x") for n in range(10_000))), "holds 10,000 files"),
    "a zip in a zip": (lambda: zipped(("r.xml", zipped(("r.xml", PLAIN)))), "archive within an archive"),
    "a gzip in a gzip": (lambda: gzip.compress(gzip.compress(PLAIN)), "archive within an archive"),
    "a gzip in a zip": (lambda: zipped(("r.xml.gz", gzip.compress(PLAIN))), "archive within an archive"),
    "a locked zip": (locked_zip, "locked with a password"),
    "a zip packed with LZMA": (lambda: zipped(("r.xml", PLAIN), level=zipfile.ZIP_LZMA), "packed in an unusual way"),
    "a bzip2 bomb": (
        lambda: zipped(("r.xml", bytes(60_000_000)), level=zipfile.ZIP_BZIP2),
        "packed in an unusual way",
    ),
    "a zip bomb": (lambda: zipped(("r.xml", bytes(60_000_000))), "unpacks to more than"),
    "a zip that lies about its size": (lying_zip, r"unpacks to more than|damaged zip"),
    "a gzip bomb of 200 MB": (lambda: gzip_of(200_000_000), "unpacks to more than"),
    "a file too big": (lambda: b"<feedback>" + bytes(unpacking.MOST_PACKED), "is bigger than"),
    "an entity bomb": (bomb, "document type"),
    "an entity bomb in UTF-16": (lambda: bomb().decode().encode("utf-16"), r"document type|no XML"),
    "an entity of a file": (
        lambda: b'<!DOCTYPE feedback [<!ENTITY f SYSTEM "file:///etc/passwd">]><feedback>&f;</feedback>',
        "document type",
    ),
    "a document type of another place": (
        lambda: b'<!doctype feedback SYSTEM "http://127.0.0.1:9/x.dtd"><feedback/>',
        "document type",
    ),
    "ten thousand levels": (lambda: b"<a>" * 10_000 + b"</a>" * 10_000, "no XML"),
    "a page": (lambda: b"<html><body>Not found</body></html>", "no DMARC aggregate report"),
    "a feed": (lambda: b"<rss><channel/></rss>", "no DMARC aggregate report"),
    "no metadata": (lambda: b"<feedback><policy_published/></feedback>", "no whole report"),
    "no domain": (lambda: with_("<domain>example.org</domain><adkim>", "<adkim>"), "of which domain"),
    "a domain that is none": (
        lambda: with_("<domain>example.org</domain><adkim>", "<domain>exa mple.org</domain><adkim>"),
        "of which domain",
    ),
    "a foreign domain": (
        lambda: with_("<domain>example.org</domain><adkim>", "<domain>example.com</domain><adkim>"),
        "about example.com, which is not ours",
    ),
    "a domain that only ends like ours": (
        lambda: with_("<domain>example.org</domain><adkim>", "<domain>badexample.org</domain><adkim>"),
        "not ours",
    ),
    "a whole top level": (
        lambda: with_("<domain>example.org</domain><adkim>", "<domain>org</domain><adkim>"),
        "not ours",
    ),
    "no date": (lambda: with_("<begin>1795132800</begin>", ""), "which time"),
    "a date in words": (lambda: with_("1795132800", "yesterday"), "which time"),
    "an end before the beginning": (lambda: with_("1795219199", "1795032800"), "which time"),
    "a date to come": (lambda: PLAIN.replace(b"17951", b"17991").replace(b"17952", b"17992"), "time to come"),
    "a year at once": (lambda: with_("1795132800", "1763600000"), "more than 32 days"),
    "years ago": (lambda: PLAIN.replace(b"17951", b"15951").replace(b"17952", b"15952"), "older than 400 days"),
    "a date beyond all dates": (lambda: with_("1795219199", "9" * 16), "which time"),
    "nobody who wrote it": (
        lambda: with_("<org_name>mail.example.net</org_name>", "").replace(b"noreply-dmarc@mail.example.net", b""),
        "who wrote it",
    ),
    "no name": (lambda: with_("13377331133773311337", "  "), "what it is called"),
}


def test_there_are_enough_of_them() -> None:
    assert len(GOOD) >= 4
    assert len(ODD) >= 25


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_report_is_refused_in_one_line(name: str) -> None:
    make, words = ODD[name]
    with pytest.raises(SourceError, match=words) as caught:
        read(make())
    assert "\n" not in str(caught.value)
    assert caught.value.where == "a report"
    assert caught.value.mend


def test_more_rows_than_a_report_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST_ROWS", 1)
    with pytest.raises(SourceError, match="more than 1 rows"):
        read(PLAIN)


def test_a_report_is_read_in_a_process_of_its_own() -> None:
    fence = Fence(seconds=10, megabytes=200)
    try:
        found = fence.run(dmarc.parsed, PLAIN, "r.xml", OWN, NOW, where="r.xml")
        assert found == read(PLAIN)
        with pytest.raises(SourceError, match="document type"):
            fence.run(dmarc.parsed, bomb(), "r.xml", OWN, NOW, where="r.xml")
    finally:
        fence.close()


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for packed in (data, b"\x1f\x8b\x08" + data, b"PK\x03\x04" + data, b"<feedback>" + data):
        with pytest.raises(SourceError):
            read(packed)


TAGS = st.sampled_from(
    [
        *(
            "<record>",
            "</record>",
            "<row>",
            "</row>",
            "<source_ip>192.0.2.1</source_ip>",
            "<count>5</count>",
            "<count>",
        ),
        *(
            "</count>",
            "<auth_results>",
            "</auth_results>",
            "<dkim>",
            "</dkim>",
            "<domain>a.example</domain>",
            "\0",
            "&lt;",
        ),
        *(
            "<spf><domain>b</domain><result>pass</result></spf>",
            "<policy_evaluated><dkim>pass</dkim></policy_evaluated>",
        ),
        *("<!-- -->", "<![CDATA[7]]>", "٣", "&bogus;", "<?x y?>", "<record xmlns='urn:x'/>"),
    ]
)


@given(st.lists(TAGS, max_size=20))
def test_whatever_stands_in_it_is_counted_soundly_or_refused(pieces: list[str]) -> None:
    body = "".join(pieces).encode()
    try:
        found = read(PLAIN.replace(b"</feedback>", body + b"</feedback>"))
    except SourceError:
        return
    assert found.letters >= 243
    assert all(row.letters > 0 and row.dkim in {"pass", "fail"} for row in found.rows)
    assert all(row.spf_result in reports.RESULTS and row.disposition in reports.DISPOSITIONS for row in found.rows)


@pytest.mark.parametrize(
    ("domain", "own", "is_ours"),
    [
        ("example.org", "example.org", True),
        ("example.org", "news.example.org", True),
        ("sub.example.org", "example.org", True),
        ("org", "example.org", False),
        ("xexample.org", "example.org", False),
        ("example.org.evil.example", "example.org", False),
    ],
)
def test_whose_policy_it_is(domain: str, own: str, is_ours: bool) -> None:
    assert related(domain, own) is is_ours


# ---- kept


def test_a_report_counts_once(database: Database) -> None:
    found = read(PLAIN)
    with database.write() as connection:
        assert keep_report(connection, found, now=NOW)
        assert not keep_report(connection, found, now=NOW)
        # The same name by somebody else is another report.
        other = DmarcReport("other.example", *astuple(found)[1:6], found.rows)
        assert keep_report(connection, other, now=NOW)
        kept = reports_since(connection, NOW - timedelta(days=30))
    assert kept == [found, other]
    assert sum(one.letters for one in kept) == 2 * 243


def test_an_old_report_goes_with_its_rows(database: Database) -> None:
    found = read(PLAIN)
    later = found.ends + KEPT + timedelta(days=1)
    with database.write() as connection:
        keep_report(connection, found, now=NOW)
        new = DmarcReport("o", "2", "example.org", "none", later, later, found.rows[:1])
        keep_report(connection, new, now=later)
        assert reports_since(connection, NOW - timedelta(days=3000)) == [new]
        assert connection.execute(text("SELECT count(*) FROM dmarc_row")).scalar_one() == 1


def test_a_pipe_or_a_device_is_no_report_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.xml")
    for path in (tmp_path / "pipe.xml", Path("/dev/zero")):
        with pytest.raises(SourceError, match="is no file"):
            list(dmarc.files_of(path))
    assert list(dmarc.files_of(tmp_path)) == []


def test_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.xml", "deep/b.xml.gz", "deep/C.ZIP", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in dmarc.files_of(tmp_path)] == ["a.xml", "C.ZIP", "b.xml.gz"]
    assert list(dmarc.files_of(tmp_path / "notes.txt")) == [tmp_path / "notes.txt"]
    with pytest.raises(SourceError, match="is not there"):
        list(dmarc.files_of(tmp_path / "nothing"))
    (tmp_path / "big.xml").touch()
    with (tmp_path / "big.xml").open("r+b") as file:
        file.truncate(200_000_000)
    (tmp_path / "big.xml").rename(tmp_path / "\x1b[31mbig\n.xml")
    with pytest.raises(SourceError, match="is bigger than") as caught:
        dmarc.read_file(tmp_path / "\x1b[31mbig\n.xml")
    assert str(caught.value).isprintable()
