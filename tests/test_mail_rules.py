"""The strict reader finds nothing wrong with our letters, and finds each fault that is put into one."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace

import golden_letters as golden
import mail_rules
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from rich.cells import cell_len

from newsletter.letters.mime import LEAVE, cut, feedback_id
from newsletter.letters.templates import environment
from newsletter.models import Letter, Picture, Rendered


@pytest.fixture(scope="module")
def templates() -> Environment:
    return environment()


@pytest.mark.parametrize("name", golden.NAMES)
def test_every_golden_letter_keeps_every_rule(name: str) -> None:
    assert mail_rules.faults((golden.FOLDER / name / "letter.eml").read_bytes()) == []


@pytest.mark.parametrize("theme", golden.THEMES)
def test_every_theme_with_every_issue_keeps_every_rule(theme: str, templates: Environment) -> None:
    for name in golden.NAMES:
        one = golden.golden(name)
        one = replace(one, issue=replace(one.issue, template=theme))
        letter = golden.letter(one, golden.rendered(one, templates))
        for changed in (
            letter,
            replace(letter, unsubscribe_url=""),
            replace(letter, reply_to="", sender="news@example.org"),
            replace(letter, sender='"Sail, The" <news@example.org>'),
        ):
            assert mail_rules.faults(golden.message(changed)) == [], (name, theme)


@pytest.mark.parametrize("language", ["ar", "en", "fr", "fa"])
@pytest.mark.parametrize("kind", golden.SMALL)
def test_every_small_letter_keeps_every_rule(kind: str, language: str, templates: Environment) -> None:
    letter = golden.small(kind, language, templates)
    assert mail_rules.faults(golden.message(letter), automatic=True) == []
    lines = [line for line in letter.rendered.text.split("\n") if not re.search("://|^mailto:", line)]
    assert max(cell_len(line) for line in lines) <= 78


def test_automatic_mail_says_so() -> None:
    automatic = replace(simple(), automatic=True)
    assert mail_rules.faults(golden.message(automatic), automatic=True) == []
    assert [fault.rule for fault in mail_rules.faults(golden.message(automatic))] == ["3834-auto-submitted"]
    assert [fault.rule for fault in mail_rules.faults(golden.message(simple()), automatic=True)] == [
        "3834-auto-submitted"
    ]


def simple(**changes: str) -> Letter:
    rendered = Rendered(
        "أسبوع في الشراع: ميناءُ الواحةِ الجديدُ يستقبلُ أوّلَ سفينةٍ بعدَ عشرِ سنواتٍ من الانتظارِ الطويل",
        f'<p>كلمة <img src="cid:p@example.org" alt=""> <a href="{golden.LEAVE_URL}">خروج</a></p>\n' * 5,
        f"كلمة\n{golden.LEAVE_URL}\n" * 5,
        (Picture("p@example.org", "image/png", bytes(range(256)), "ميناء.png"),),
    )
    letter = golden.letter(golden.golden("short"), replace(rendered, **changes))
    return replace(letter, sender="نشرة الشراع الأسبوعية عن المدن وأهلها وموانئها البعيدة والقريبة <news@example.org>")


GOOD = golden.message(simple())


def test_the_letter_that_faults_are_put_into_is_a_good_one() -> None:
    assert mail_rules.faults(GOOD) == []


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(raw: bytes) -> bytes:
        assert raw.count(old) >= 1, old
        return raw.replace(old, new, 1)

    return change


def header(line: bytes) -> Callable[[bytes], bytes]:
    return lambda raw: line + b"\r\n" + raw


def subject(value: bytes) -> Callable[[bytes], bytes]:
    return lambda raw: re.sub(
        rb"Subject: (?:.|\r\n )*?\r\n(?! )", lambda _: b"Subject: " + value + b"\r\n", raw, count=1
    )


def body(kind: bytes, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Change what a text part says before it is encoded."""

    def changed(raw: bytes) -> bytes:
        start = raw.index(b"\r\n\r\n", raw.index(b"Content-Type: text/" + kind)) + 4
        end = raw.index(b"\r\n--", start)
        text = change(base64.b64decode(raw[start:end]))
        lines = base64.encodebytes(text).strip().replace(b"\n", b"\r\n")
        return raw[:start] + lines + raw[end:]

    return changed


WORD = b"=?utf-8?B?" + base64.b64encode("كلمة".encode()) + b"?="
LONG = b"=?utf-8?B?" + base64.b64encode(("ك" * 24).encode()) + b"?="
HALF = b"=?utf-8?B?" + base64.b64encode("كلمة".encode()[:3]) + b"?="
OUTER, INNER = re.findall(rb'boundary="([^"]+)"', GOOD)

FAULTS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("5322-line-end", swap(b"\r\n", b"\n")),
    ("5322-line-end", swap(b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r")),
    ("5322-line-long", header(b"X-Long: " + b"a" * 999)),
    ("5322-nul", header(b"X-Nul: \x00")),
    ("5321-dot", swap(OUTER + b"--\r\n", OUTER + b"--\r\n.\r\n")),
    ("5322-header-ascii", header("X-Name: شراع".encode())),
    ("5322-header-control", header(b"X-Name: a\x07b")),
    ("5322-header-long", header(b"X-Words: " + b"word " * 20)),
    ("5322-fold-empty", header(b"X-Fold: a\r\n  \r\n b")),
    ("5322-header-form", header(b"no header at all")),
    ("5322-header-form", header(b" begins with a fold")),
    ("5322-header-form", header(b"X Name: a")),
    ("5322-once", header(b"From: other@example.org")),
    ("5322-once", header(b"Subject: other")),
    ("5322-once", header(b"Feedback-ID: a:b:c:sender")),
    ("5322-once", header(b"Reply-To: other@example.org\r\nReply-To: third@example.org")),
    ("5322-once", swap(b"\r\nTo: reader@example.net", b"")),
    ("5322-once", swap(b"\r\nMessage-ID: <1.7@example.org>", b"")),
    ("5322-date", swap(b"Fri, 14 Nov", b"Thu, 14 Nov")),
    ("5322-date", swap(b"Fri, 14 Nov 2025", b"Fri, 14 Nov 25")),
    ("5322-date", swap(b"14 Nov 2025 09:00:00 +0000", b"31 Nov 2025 09:00:00 +0000")),
    ("5322-date", swap(b"09:00:00 +0000", b"25:00:00 +0000")),
    ("5322-message-id", swap(b"<1.7@example.org>", b"1.7@example.org")),
    ("5322-message-id", swap(b"<1.7@example.org>", b"<1..7@example.org>")),
    ("5322-address", swap(b"reader@example.net", b"reader@@example.net")),
    ("5322-address", swap(b"<news@example.org>", b"<news@example.org>, <other@example.org>")),
    ("5322-address", swap(b"Reply-To: desk@example.org", b"Reply-To: The Sail, Inc <desk@example.org>")),
    ("5322-subject", subject(b"")),
    ("3282-language", swap(b"Content-Language: ar", b"Content-Language: ar_DZ")),
    ("2047-word-long", subject(LONG)),
    ("2047-line-long", subject(b" ".join([WORD] * 4))),
    ("2047-word-form", subject(b"=?utf-8?X?abc?=")),
    ("2047-word-form", subject(b"=?windows-1256?B?2YU=?=")),
    ("2047-split", subject(HALF)),
    ("2047-split", subject(b"=?utf-8?B?!!!?=")),
    ("2047-split", subject(b"=?utf-8?B?" + base64.b64encode("\u064bكلمة".encode()) + b"?=")),
    ("2047-control", subject(b"=?utf-8?B?" + base64.b64encode(b"a\r\nBcc: x@example.org") + b"?=")),
    ("2047-place", subject(b"a" + WORD)),
    ("2047-place", subject(WORD + WORD)),
    ("2047-place", header(b"X-Other: " + WORD)),
    ("2047-place", swap(b"desk@example.org", b"<" + WORD + b"@example.org>")),
    ("2047-place", swap(b"desk@example.org", b'"' + WORD + b'" <desk@example.org>')),
    ("2047-place", swap(b"List-Unsubscribe: ", b"List-Unsubscribe: " + WORD + b" ")),
    ("2045-version", swap(b"MIME-Version: 1.0", b"MIME-Version: 1.1")),
    ("2045-type", swap(b"Content-Type: text/html", b"Content-Type: html")),
    ("2045-parameter", swap(b"text/html; charset=utf-8", b"text/html; charset=")),
    ("2045-encoding", swap(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable")),
    ("2045-encoding", swap(b"MIME-Version: 1.0", b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64")),
    ("2045-base64-line", lambda raw: re.sub(rb"([A-Za-z0-9+/]{76})\r\n([A-Za-z0-9+/]{76})", rb"\1\2", raw, count=1)),
    ("2045-base64", lambda raw: re.sub(rb"\r\n[A-Za-z0-9+/]{76}\r\n", b"\r\n*" + b"A" * 75 + b"\r\n", raw, count=1)),
    ("2045-base64", lambda raw: re.sub(rb"\r\n([A-Za-z0-9+/]{75})[A-Za-z0-9+/]\r\n", rb"\r\n\1=\r\n", raw, count=1)),
    ("2046-part-header", swap(b"Content-Type: text/html", b"Subject: inside\r\nContent-Type: text/html")),
    ("2046-boundary", lambda raw: raw.replace(INNER, OUTER)),
    ("2046-boundary", lambda raw: raw.replace(INNER, OUTER + b"r")),
    ("2046-boundary", lambda raw: raw.replace(OUTER, b"a" * 71)),
    ("2046-closed", swap(OUTER + b"--", OUTER)),
    ("2046-closed", swap(INNER + b"--", INNER)),
    ("2046-outside", swap(b"\r\n\r\n--" + OUTER, b"\r\n\r\nwords\r\n--" + OUTER)),
    ("2046-structure", swap(b"multipart/alternative", b"multipart/mixed")),
    ("2046-structure", swap(b"text/plain", b"text/html")),
    ("2046-structure", body(b"plain", lambda _: b" ")),
    ("2046-charset", swap(b"text/plain; charset=utf-8", b"text/plain")),
    ("2046-charset", body(b"html", lambda text: text + b"\xff")),
    ("2045-canonical", body(b"plain", lambda text: text.replace(b"\r\n", b"\n"))),
    ("2046-text", body(b"html", lambda text: text + "\ufffd".encode())),
    (
        "3676-stuffing",
        lambda raw: body(b"plain", lambda text: b"From x\r\n" + text)(raw).replace(
            b"plain; charset", b"plain; format=flowed; charset"
        ),
    ),
    (
        "3676-long",
        lambda raw: body(b"plain", lambda text: b"a" * 90 + b" \r\n" + text)(raw).replace(
            b"plain; charset", b"plain; format=flowed; charset"
        ),
    ),
    ("2387-root", swap(b'type="text/html"', b'type="text/plain"')),
    ("2387-picture", swap(b"Content-Type: image/png", b"Content-Type: video/mp4")),
    ("2183-inline", swap(b"Content-Disposition: inline", b"Content-Disposition: attachment")),
    ("2045-content-id", swap(b"Content-ID: <p@example.org>", b"Content-ID: p@example.org")),
    ("2392-cid", swap(b"Content-ID: <p@example.org>", b"Content-ID: <q@example.org>")),
    ("2392-cid", body(b"html", lambda text: text.replace(b"cid:p@", b"cid:z@"))),
    ("2919-list-id", swap(b"<readers.example.org>", b"<readers>")),
    ("2919-list-id", lambda raw: re.sub(rb"List-Id: [^\r]*\r\n", b"", raw)),
    ("2369-form", swap(b"List-Unsubscribe: <", b"List-Unsubscribe: < ")),
    ("2369-form", lambda raw: re.sub(rb"List-Unsubscribe: (?:[^\r]|\r\n )*\r\n", b"", raw, count=1)),
    ("2369-uri", swap(b"List-Unsubscribe: <https:", b"List-Unsubscribe: <http:")),
    ("8058-post", swap(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Yes")),
    ("8058-post", swap(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b"")),
    ("8058-https", swap(b"List-Unsubscribe: <https:", b"List-Unsubscribe: <https://example.org/x>, <https:")),
    ("feedback-id", lambda raw: re.sub(rb"Feedback-ID: [^\r]*", b"Feedback-ID: a:b:sender", raw)),
    ("feedback-id", lambda raw: re.sub(rb"Feedback-ID: [^\r]*", b"Feedback-ID: a:b:a:sender", raw)),
    ("feedback-id", lambda raw: re.sub(rb"Feedback-ID: [^\r]*", b"Feedback-ID: a:b:c:abc", raw)),
    ("3834-auto-submitted", header(b"Auto-Submitted: auto-generated")),
]


@pytest.mark.parametrize(("rule", "change"), FAULTS, ids=[f"{at}-{rule}" for at, (rule, _) in enumerate(FAULTS)])
def test_each_seeded_fault_is_found(rule: str, change: Callable[[bytes], bytes]) -> None:
    changed = change(GOOD)
    assert changed != GOOD
    assert rule in {fault.rule for fault in mail_rules.faults(changed)}


def test_every_rule_has_a_seeded_fault() -> None:
    source = (golden.FOLDER.parents[1] / "mail_rules.py").read_text("utf-8")
    told = set(re.findall(r'tell\(\s*"([\w-]+)"', source))
    assert told - {rule for rule, _ in FAULTS} == {"2045-empty", "3834-precedence"}
    empty = re.sub(rb"(image/png(?:.|\r\n(?!\r\n))*\r\n\r\n)(?:[A-Za-z0-9+/=]+\r\n)+", rb"\1", GOOD)
    assert "2045-empty" in {fault.rule for fault in mail_rules.faults(empty)}
    automatic = b"Precedence: bulk\r\n" + golden.message(replace(simple(), automatic=True))
    assert "3834-precedence" in {fault.rule for fault in mail_rules.faults(automatic, automatic=True)}


LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=120).filter(
    lambda text: bool(text.strip())
)


@given(subject=LINES, name=LINES, text=LINES)
def test_whatever_the_words_are_the_rules_are_kept(subject: str, name: str, text: str) -> None:
    name = re.sub(r"[<>]", "", name).strip() or "x"
    letter = simple(subject=subject, text=f"{text}\n{golden.LEAVE_URL}\n", html=f"{text}{golden.LEAVE_URL}cid")
    letter = replace(letter, sender=f"{name} <news@example.org>", rendered=replace(letter.rendered, pictures=()))
    rules = {fault.rule for fault in mail_rules.faults(golden.message(letter))}
    # What the text itself says is not the mail's doing: pictures that are named, and U+FFFD.
    assert rules <= {"2392-cid", "2046-text"}


@pytest.mark.parametrize(
    ("list_id", "issue", "made"),
    [
        ("readers.example.org", "12", "issue-12:list-readers:nashra:exampleorg"),
        ("readers.news.a-very-long-name.example", "", "small:list-readers:nashra:newsavery"),
        ("r.x.fr", "daily 2025", "issue-daily-2025:list-r:nashra:xfr"),
    ],
)
def test_feedback_ids(list_id: str, issue: str, made: str) -> None:
    one = feedback_id(replace(simple(), list_id=list_id, issue=issue))
    assert one.startswith(made)
    assert 5 <= len(one.rpartition(":")[2]) <= 15
    assert one == feedback_id(replace(simple(), list_id=list_id, issue=issue))


def test_a_letter_for_each_subscriber_keeps_the_rules() -> None:
    letter = cut(simple(), golden.WIDTHS)
    for number in range(50):
        values = {
            "to": f"reader.{number}+{'x' * number}@example.net".encode(),
            "message_id": f"{number}.{'9' * number}7".encode(),
            LEAVE: f"{number:052d}".encode(),
        }
        assert mail_rules.faults(b"".join(letter.fill(values))) == []
