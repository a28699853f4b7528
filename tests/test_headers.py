"""Header lines keep the standards' limits and read back as the same text."""

from __future__ import annotations

import email
import email.policy
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import RenderError
from newsletter.letters.headers import mailbox_header, parameter, text_header
from newsletter.text.mailbox import split_mailbox

ONE_LINE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=300)


def read(name: str, line: bytes) -> str:
    return str(email.message_from_bytes(line + b"\r\n\r\n", policy=email.policy.default)[name])


@given(ONE_LINE)
def test_a_subject_reads_back_and_keeps_the_limits(subject: str) -> None:
    line = text_header("Subject", subject)
    assert line.isascii()
    if subject == subject.strip() and "  " not in subject:
        assert read("Subject", line) == subject
    for row in line.split(b"\r\n"):
        assert len(row) <= 998
        if b"=?" in row:
            assert len(row) <= 76
    for word in re.findall(rb"=\?utf-8\?B\?[^?]*\?=", line):
        assert len(word) <= 75


def test_an_encoded_word_parts_no_letter_from_its_marks() -> None:
    subject = "مُحَرِّرُونَ يُعِدُّونَ نَشْرَةَ الأُسْبُوعِ " * 4
    import base64

    for word in re.findall(rb"=\?utf-8\?B\?([^?]*)\?=", text_header("Subject", subject.strip())):
        text = base64.b64decode(word).decode("utf-8")
        assert unicodedata.category(text[0]) not in {"Mn", "Me", "Cf"}


def test_plain_text_stays_plain_and_what_looks_encoded_is_encoded() -> None:
    assert text_header("Subject", "Weekly") == b"Subject: Weekly"
    disguised = "=?utf-8?B?2KfZhNmF?="
    assert read("Subject", text_header("Subject", disguised)) == disguised


def test_long_plain_text_is_folded_at_spaces() -> None:
    subject = "word " * 60 + "end"
    line = text_header("Subject", subject)
    assert max(map(len, line.split(b"\r\n"))) <= 78
    assert read("Subject", line) == subject


@pytest.mark.parametrize(
    "evil", ["a\r\nBcc: x@example.org", "a\nb", "a\x00b", "a\x85b", "a\u2028b", "a\u2029b", "a\x0bb"]
)
def test_a_control_character_is_refused(evil: str) -> None:
    for write in (text_header, mailbox_header, parameter):
        with pytest.raises(RenderError, match="control character"):
            write("Subject", evil)


@pytest.mark.parametrize(
    ("mailbox", "expected"),
    [
        ("news@example.org", b"From: news@example.org"),
        ("Weekly <news@example.org>", b"From: Weekly <news@example.org>"),
        ("Weekly, the <news@example.org>", b'From: "Weekly, the" <news@example.org>'),
        ('A "B" <news@example.org>', b'From: "A \\"B\\"" <news@example.org>'),
    ],
)
def test_mailboxes(mailbox: str, expected: bytes) -> None:
    assert mailbox_header("From", mailbox) == expected


def test_an_arabic_name_reads_back_with_its_address() -> None:
    line = mailbox_header("From", "نشرة الموجة الأسبوعية <news@example.org>")
    message = email.message_from_bytes(line + b"\r\n\r\n", policy=email.policy.default)
    (address,) = message["From"].addresses
    assert (address.display_name, address.addr_spec) == ("نشرة الموجة الأسبوعية", "news@example.org")


def test_a_quoted_name_is_taken_out_of_its_quotes() -> None:
    assert split_mailbox('"نشرة، الموجة" <a@example.org>') == ("نشرة، الموجة", "a@example.org")


def test_an_address_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(RenderError, match="not plain ASCII"):
        mailbox_header("From", "x <news@موقع.example>")
