"""A letter cut once and filled for each subscriber reads back as it was written."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import RenderError
from newsletter.letters.mime import (
    LEAVE,
    cut,
    from_json,
    slot,
    to_json,
)
from newsletter.models import Letter, Picture, Rendered

MARKER = "n0123456789abcdef"
TOKEN = b"T" * 52
WIDTHS = {LEAVE: 52}
VALUES = {"to": b"amal@example.net", "message_id": b"ab12.7", LEAVE: TOKEN}
LINK = f"https://news.example.org/leave/{slot(MARKER, LEAVE)}"


def letter(**changes: Any) -> Letter:
    rendered = {
        "subject": "أسبوع في الموجة: \u2068Blue Harbor\u2069",
        "html": f"<p>كلمة <a href='{LINK}'>خروج</a></p>\n",
        "text": f"كلمة\n{LINK}\n",
    }
    rendered |= {name: changes.pop(name) for name in ("subject", "html", "text", "pictures") if name in changes}
    fields = {
        "sender": "نشرة الموجة <news@example.org>",
        "reply_to": "",
        "list_id": "readers.example.org",
        "marker": MARKER,
        "unsubscribe_url": LINK,
        "unsubscribe_mail": f"mailto:news@example.org?subject=unsubscribe%20{slot(MARKER, LEAVE)}",
        "date": datetime(2026, 11, 24, 7, 0, tzinfo=UTC),
    }
    return Letter(rendered=Rendered(**rendered), **{**fields, **changes})


def filled(one: Letter, **values: bytes) -> bytes:
    return b"".join(cut(one, WIDTHS).fill({**VALUES, **values}))


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    return message


def content(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_headers_are_those_a_list_letter_needs() -> None:
    message = read(filled(letter(reply_to="editor@example.org")))
    token = TOKEN.decode()
    assert message["From"] == "نشرة الموجة <news@example.org>"
    assert message["To"] == "amal@example.net"
    assert message["Reply-To"] == "editor@example.org"
    assert message["Subject"] == "أسبوع في الموجة: \u2068Blue Harbor\u2069"
    assert message["Date"].datetime == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert message["Message-ID"] == "<ab12.7@example.org>"
    assert message["List-Id"] == "readers <readers.example.org>"
    assert message["List-Unsubscribe"] == (
        f"<https://news.example.org/leave/{token}>, <mailto:news@example.org?subject=unsubscribe%20{token}>"
    )
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_without_reader_pages_there_is_no_one_click() -> None:
    message = read(filled(letter(unsubscribe_url="")))
    assert message["List-Unsubscribe"].startswith("<mailto:")
    assert message["List-Unsubscribe-Post"] is None


def test_lines_end_in_crlf_and_are_short_and_no_line_begins_with_a_dot() -> None:
    raw = filled(letter(html="كلمة " * 5000 + LINK))
    assert raw.count(b"\n") == raw.count(b"\r\n")
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(line.startswith(b".") for line in lines)
    assert b"quoted-printable" not in raw


def test_pictures_travel_inside() -> None:
    picture = Picture("picture-1@example.org", "image/png", bytes(range(256)) * 3, "ميناء.png")
    message = read(filled(letter(pictures=(picture,), html=f'<img src="cid:{picture.cid}" alt=""> {LINK}')))
    related = message.get_payload()[1]  # type: ignore[index]
    assert related.get_content_type() == "multipart/related"
    image = related.get_payload()[1]
    assert image["Content-ID"] == "<picture-1@example.org>"
    assert image.get_filename() == "ميناء.png"
    assert image.get_content() == picture.data


def test_a_wrong_width_is_refused() -> None:
    with pytest.raises(ValueError, match="takes 52 bytes, not 51"):
        filled(letter(), leave=b"T" * 51)


def test_a_slot_nobody_knows_is_refused() -> None:
    with pytest.raises(RenderError, match="a slot nobody knows: name"):
        cut(letter(text=f"يا {slot(MARKER, 'name')} {LINK}"), WIDTHS)


def test_text_that_looks_like_a_slot_of_another_letter_is_left_alone() -> None:
    other = slot("n9999999999999999", LEAVE)
    assert other in content(read(filled(letter(text=f"{other} {LINK}\n"))), "plain")


def test_a_frozen_letter_thaws_as_it_was() -> None:
    one = letter(pictures=(Picture("p@x", "image/gif", b"\x00\xff", "a.gif", 3, 4),))
    assert from_json(to_json(one)) == one


def test_a_letter_of_a_newer_version_is_refused() -> None:
    with pytest.raises(RenderError, match="newer version"):
        from_json(to_json(letter()).replace('"format": 1', '"format": 2'))


@given(
    before=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200),
    between=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200),
    slots=st.integers(1, 4),
)
def test_bodies_read_back_wherever_the_slots_stand(before: str, between: str, slots: int) -> None:
    body = before + (slot(MARKER, LEAVE) + between) * slots
    message = read(filled(letter(text=body, html=body)))
    expected = body.replace(slot(MARKER, LEAVE), TOKEN.decode())
    assert content(message, "plain") == expected
    assert content(message, "html") == expected


@given(token=st.binary(min_size=52, max_size=52).map(lambda raw: bytes(65 + byte % 26 for byte in raw)))
def test_filling_changes_nothing_but_the_slots(token: bytes) -> None:
    one = letter(html="كلمة " * 100 + LINK + " كلمة" * 100)
    assert content(read(filled(one, leave=token)), "html") == one.rendered.html.replace(
        slot(MARKER, LEAVE), token.decode()
    )
