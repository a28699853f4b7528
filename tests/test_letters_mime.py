"""The bytes of a letter: every header, the lines a slot touches and no other, and letters kept as text."""

from __future__ import annotations

import base64
import email
import email.policy
import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.errors import RenderError
from newsletter.letters.mime import (
    LEAVE,
    LINE_BYTES,
    SLOT_WIDTHS,
    CutLetter,
    EncodedLines,
    cut,
    feedback_id,
    from_json,
    message_id_domain,
    slot,
    to_json,
)
from newsletter.models import Letter, Picture, Rendered

MARKER = "n0123456789abcdef"
LINK = f"https://news.example.org/leave/{slot(MARKER, LEAVE)}"
TOKEN = b"T" * 52
VALUES = {"to": b"salma@example.net", "message_id": b"ab12.7", LEAVE: TOKEN}
PICTURE = Picture("p1@example.org", "image/png", bytes(range(200)), "ميناء.png")


def letter(*, subject: str = "أسبوع", html: str = "", text: str = "", **changes: Any) -> Letter:
    rendered = Rendered(subject, html or f"<p>كلمة {LINK}</p>", text or f"كلمة\n{LINK}\n", **changes.pop("more", {}))
    fields: dict[str, Any] = {
        "sender": "نشرة الموجة <news@example.org>",
        "reply_to": "",
        "list_id": "readers.example.org",
        "marker": MARKER,
        "unsubscribe_url": LINK,
        "unsubscribe_mail": "mailto:news@example.org",
        "date": datetime(2026, 11, 24, 7, tzinfo=UTC),
    }
    return Letter(rendered=rendered, **{**fields, **changes})


def made(one: Letter) -> bytes:
    return b"".join(cut(one, SLOT_WIDTHS).fill(VALUES))


def head(one: Letter) -> list[str]:
    return made(one).partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ").split("\r\n")


def test_the_head_line_by_line() -> None:
    lines = head(letter(subject="Weekly", sender="Wave <news@example.org>", reply_to="desk@example.org"))
    boundary = lines[-1].partition('boundary="')[2].rstrip('"')
    assert lines == [
        "Date: Tue, 24 Nov 2026 07:00:00 +0000",
        "From: Wave <news@example.org>",
        "Reply-To: desk@example.org",
        "To: salma@example.net",
        "Subject: Weekly",
        "Message-ID: <ab12.7@example.org>",
        "List-Id: readers <readers.example.org>",
        f"List-Unsubscribe: <https://news.example.org/leave/{TOKEN.decode()}>, <mailto:news@example.org>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Feedback-ID: small:list-readers:nashra:exampleorg",
        "Content-Language: ar",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
    ]
    assert len(boundary) == 35


def test_what_a_letter_has_not_stands_nowhere() -> None:
    lines = head(letter(unsubscribe_url="", automatic=True, text="كلمة", html="<p>كلمة</p>"))
    names = [line.partition(":")[0] for line in lines]
    assert "Reply-To" not in names
    assert "List-Unsubscribe-Post" not in names
    assert "List-Unsubscribe: <mailto:news@example.org>" in lines
    assert names[names.index("Feedback-ID") + 1] == "Auto-Submitted"
    assert "Auto-Submitted: auto-generated" in lines
    assert "Auto-Submitted" not in [line.partition(":")[0] for line in head(letter())]


@pytest.mark.parametrize("name", ["Desk", "التحرير", "Almawja, the editors", "التحرير, الموجة"])
def test_answers_go_to_a_name_too(name: str) -> None:
    mailbox = f'"{name}" <desk@example.org>'
    parsed = email.message_from_bytes(made(letter(reply_to=mailbox)), policy=email.policy.default)
    (found,) = parsed["Reply-To"].addresses
    assert (found.display_name, found.addr_spec) == (name, "desk@example.org")


def test_a_slot_that_stands_nowhere_needs_no_value() -> None:
    cut_ = cut(letter(unsubscribe_url="", text="كلمة", html="<p>كلمة</p>"), SLOT_WIDTHS)
    assert dict(cut_.widths) == {}
    assert cut_.fill({"to": b"a@example.net", "message_id": b"x"})
    assert dict(cut(letter(), SLOT_WIDTHS).widths) == {LEAVE: 52}
    in_head = cut(letter(text="كلمة", html="<p>كلمة</p>"), SLOT_WIDTHS)
    assert dict(in_head.widths) == {LEAVE: 52}


@pytest.mark.parametrize("width", [0, 51, 53])
def test_only_values_of_the_right_width_are_taken(width: int) -> None:
    with pytest.raises(ValueError, match=f"slot leave takes 52 bytes, not {width}"):
        cut(letter(), SLOT_WIDTHS).fill({**VALUES, LEAVE: b"T" * width})


@pytest.mark.parametrize("before", [*range(54, 62), 0, 1, 5, 109, 110, 111, 113, 114, 115, 171])
@pytest.mark.parametrize("after", [0, 1, 4, 5, 56, 57, 58])
def test_only_the_lines_a_slot_touches_are_encoded_anew(before: int, after: int) -> None:
    text = "a" * before + slot(MARKER, LEAVE) + "z" * after
    pieces = cut(letter(text=text, html="<p>x</p>", unsubscribe_url=""), SLOT_WIDTHS).pieces
    (run,) = (piece for piece in pieces if isinstance(piece, EncodedLines))
    inside = b"".join(part if isinstance(part, bytes) else TOKEN for part in run.parts)
    # Whole lines: from the first that the slot touches to the last, and none more.
    first, last = before // LINE_BYTES, (before + 52 - 1) // LINE_BYTES
    whole = b"a" * before + TOKEN + b"z" * after
    assert inside == whole[first * LINE_BYTES : (last + 1) * LINE_BYTES]
    raw = made(letter(text=text, html="<p>x</p>", unsubscribe_url=""))
    body = raw.split(b"base64\r\n\r\n")[1].partition(b"--=_")[0]
    assert base64.b64decode(body) == whole
    rows = body.split(b"\r\n")
    assert all(len(row) == 76 for row in rows[:-2])
    assert 0 < len(rows[-2]) <= 76
    assert rows[-1] == b""


def test_two_slots_far_apart_are_two_runs() -> None:
    text = slot(MARKER, LEAVE) + "a" * 300 + slot(MARKER, LEAVE)
    pieces = cut(letter(text=text, html="<p>x</p>", unsubscribe_url=""), SLOT_WIDTHS).pieces
    assert len([piece for piece in pieces if isinstance(piece, EncodedLines)]) == 2
    # What is static stands in one piece each.
    kinds = [type(piece).__name__ for piece in pieces]
    assert all(pair != ("bytes", "bytes") for pair in itertools.pairwise(kinds))


def test_a_run_knows_static_bytes_from_slots() -> None:
    run = EncodedLines((b"ab", LEAVE, b"yz"))
    assert run.encode({LEAVE: b"123"}) == base64.b64encode(b"ab123yz") + b"\r\n"
    whole = CutLetter((b"head ", "to", run), {LEAVE: 3})
    assert whole.fill({"to": b"x", LEAVE: b"123"}) == [b"head ", b"x", run.encode({LEAVE: b"123"})]


def test_text_is_canonical_and_has_its_kind() -> None:
    raw = made(letter(text="سطر\nسطر\r\nسطر", html="<p>1</p>\n", unsubscribe_url=""))
    message = email.message_from_bytes(raw, policy=email.policy.default)
    plain, html = message.iter_parts()  # type: ignore[attr-defined]
    assert plain.get_payload(decode=True) == "سطر\r\nسطر\r\nسطر".encode()
    assert html.get_payload(decode=True) == b"<p>1</p>\r\n"
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    flowed = made(letter(more={"flowed": True}))
    assert b"Content-Type: text/plain; charset=utf-8; format=flowed\r\n" in flowed
    assert b"format=flowed" not in made(letter())


def test_pictures_go_with_the_html_between_boundaries_of_their_own() -> None:
    raw = made(letter(more={"pictures": (PICTURE, PICTURE)}))
    message = email.message_from_bytes(raw, policy=email.policy.default)
    plain, related = message.iter_parts()  # type: ignore[attr-defined]
    assert related.get_content_type() == "multipart/related"
    assert related.get_param("type") == "text/html"
    html, first, second = related.iter_parts()
    assert html.get_content_type() == "text/html"
    for part in (first, second):
        assert part.get_payload(decode=True) == PICTURE.data
        assert part["Content-ID"] == "<p1@example.org>"
        assert part.get_content_disposition() == "inline"
        assert part.get_filename() == "ميناء.png"
    assert plain.get_content_type() == "text/plain"
    assert b"multipart/related" not in made(letter())
    outer, inner = message.get_boundary(), related.get_boundary()
    assert outer is not None
    assert inner is not None
    assert not outer.startswith(inner)
    assert not inner.startswith(outer)
    assert raw.endswith(f"--{outer}--\r\n".encode())


def test_a_slot_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(RenderError, match="a slot nobody knows: prefer") as caught:
        cut(letter(text=f"كلمة {slot(MARKER, 'prefer')}"), SLOT_WIDTHS)
    assert caught.value.mend == "correct the template"


@pytest.mark.parametrize(
    ("list_id", "issue", "expected"),
    [
        ("readers.example.org", 12, "issue-12:list-readers:nashra:exampleorg"),
        ("readers.example.org", 0, "small:list-readers:nashra:exampleorg"),
        ("readers.News-1.Example.ORG", 3, "issue-3:list-readers:nashra:news1exampleorg"),
        ("r e.ab.cd", 3, "issue-3:list-r-e:nashra:"),
        ("readers.ab.cde", 3, "issue-3:list-readers:nashra:abcde"),
    ],
)
def test_complaints_are_counted_for_each_issue_and_list(list_id: str, issue: int, expected: str) -> None:
    found = feedback_id(letter(list_id=list_id, issue=issue))
    assert found.startswith(expected)
    *fields, sender = found.split(":")
    assert len(fields) == 3
    assert 5 <= len(sender) <= 15


def test_a_long_host_keeps_its_beginning_and_is_told_from_others() -> None:
    one, other = (
        feedback_id(letter(list_id=f"readers.a-very-long-name.of-a-newsroom.{end}")).rpartition(":")[2]
        for end in ("example.org", "example.net")
    )
    assert (one[:9], other[:9]) == ("averylong", "averylong")
    assert len(one) == len(other) == 15
    assert one != other
    # Five to fifteen fit as they are, four do not.
    assert feedback_id(letter(list_id="r.ab.cde")).endswith(":abcde")
    assert feedback_id(letter(list_id="r.abcdefghijkl.org")).endswith(":abcdefghijklorg")
    assert len(feedback_id(letter(list_id="r.abcdefghijklm.org")).rpartition(":")[2]) == 15
    assert feedback_id(letter(list_id="r.abcdefghijklm.org")).rpartition(":")[2][:9] == "abcdefghi"
    assert feedback_id(letter(list_id="r.ab.cd")).rpartition(":")[2].startswith("abcd")


def test_the_domain_of_message_ids_is_the_senders() -> None:
    assert message_id_domain(letter(sender="x@y <news@sub.example.org>")) == "sub.example.org"


def test_a_letter_kept_as_text_comes_back_as_it_was() -> None:
    one = letter(more={"pictures": (PICTURE,), "flowed": True}, issue=4, automatic=True, reply_to="desk@example.org")
    kept = to_json(one)
    assert from_json(kept) == one
    # Arabic stays readable, and small.
    assert "كلمة" in kept
    assert from_json(to_json(letter())) == letter()


def test_what_a_letter_cannot_hold_is_the_callers_fault() -> None:
    with pytest.raises(TypeError, match="a letter holds no set"):
        to_json(letter(reply_to={"desk@example.org"}))


@pytest.mark.parametrize("format_", [0, 2, 99])
def test_another_format_is_refused(format_: int) -> None:
    kept = to_json(letter()).replace('"format": 1', f'"format": {format_}')
    with pytest.raises(RenderError, match="newer version") as caught:
        from_json(kept)
    assert caught.value.mend == "upgrade nashra and run again"
