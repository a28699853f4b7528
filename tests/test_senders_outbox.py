"""The outbox is a Maildir that any program can read; a letter is in it whole or not at all, and never twice."""

from __future__ import annotations

import email
import email.policy
import errno
import mailbox
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.errors import RenderError, SendError
from newsletter.letters.mime import LEAVE, slot
from newsletter.models import Letter, Rendered
from newsletter.senders import Parcel
from newsletter.senders.outbox.maildir import Outbox

MARKER = "n0123456789abcdef"
LINK = f"https://news.example.org/leave/{slot(MARKER, LEAVE)}"
LETTER = Letter(
    sender="نشرة الموجة <news@example.org>",
    reply_to="editor@example.org",
    list_id="readers.example.org",
    rendered=Rendered("أسبوع في البحر", f"<p>كلمة</p><a href='{LINK}'>x</a>", f"كلمة\n{LINK}\n"),
    marker=MARKER,
    unsubscribe_url=LINK,
    unsubscribe_mail=f"mailto:news@example.org?subject={slot(MARKER, LEAVE)}",
    date=datetime(2026, 11, 24, tzinfo=UTC),
)
WIDTHS = {LEAVE: 8}


def outbox(folder: Path, *, fsync: bool = False) -> Outbox:
    return Outbox(folder, fsync=fsync, batch_size=100, widths=WIDTHS)


def parcel(number: int, address: str = "") -> Parcel:
    address = address or f"reader{number}@example.net"
    return Parcel(number, f"abc.{number}", address, {LEAVE: f"token{number:03d}".encode()}, not address.isascii())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("fsync", [False, True])
def test_nothing_is_in_the_mailbox_before_the_last_byte(tmp_path: Path, fsync: bool) -> None:
    carrier = outbox(tmp_path / "a" / "out", fsync=fsync).load(LETTER)
    submission = carrier.begin([parcel(1), parcel(2)], "r1")
    assert names(tmp_path / "a" / "out" / "new") == []
    assert names(tmp_path / "a" / "out" / "tmp") == ["abc.1.r1", "abc.2.r1"]
    assert submission.finish().state == "submitted"
    carrier.close()
    assert names(tmp_path / "a" / "out" / "new") == ["abc.1.eml", "abc.2.eml"]
    assert names(tmp_path / "a" / "out" / "tmp") == []


def test_any_program_can_read_it(tmp_path: Path) -> None:
    outbox(tmp_path / "out").load(LETTER).begin([parcel(1), parcel(2)], "r1").finish()
    box = mailbox.Maildir(tmp_path / "out", create=False)
    messages = sorted(
        (email.message_from_bytes(message.as_bytes(), policy=email.policy.default) for message in box),
        key=lambda message: str(message["To"]),
    )
    assert [message["To"] for message in messages] == ["reader1@example.net", "reader2@example.net"]
    for number, message in enumerate(messages, 1):
        assert message["Subject"] == "أسبوع في البحر"
        assert message["Message-ID"] == f"<abc.{number}@example.org>"
        assert f"/leave/token{number:03d}>" in message["List-Unsubscribe"]
        for part in ("plain", "html"):
            body = message.get_body((part,))  # type: ignore[attr-defined]
            assert f"/leave/token{number:03d}" in body.get_content()
        assert [part.defects for part in message.walk()] == [[]] * 3


def test_an_address_that_is_not_ascii(tmp_path: Path) -> None:
    outbox(tmp_path).load(LETTER).begin([parcel(1, "أمل@example.net")], "r1").finish()
    message = email.message_from_bytes((tmp_path / "new" / "abc.1.eml").read_bytes(), policy=email.policy.SMTPUTF8)
    assert message["To"] == "أمل@example.net"


def test_what_is_abandoned_was_never_there(tmp_path: Path) -> None:
    carrier = outbox(tmp_path).load(LETTER)
    carrier.begin([parcel(1)], "r1").abandon()
    assert names(tmp_path / "tmp") == names(tmp_path / "new") == []
    assert carrier.settle(["abc.1"]) == set()


def test_it_can_tell_what_was_taken(tmp_path: Path) -> None:
    carrier = outbox(tmp_path).load(LETTER)
    carrier.begin([parcel(number) for number in (1, 2, 3, 21)], "r1").finish()
    # A mail program has read one, and deleted nothing.
    (tmp_path / "new" / "abc.2.eml").rename(tmp_path / "cur" / "abc.2.eml:2,S")
    (tmp_path / "new" / "note from somebody").touch()
    assert carrier.settle([f"abc.{number}" for number in range(1, 5)]) == {"abc.1", "abc.2", "abc.3"}
    assert carrier.settle(["abd.1"]) == set()


def test_the_same_letter_again_is_the_same_file(tmp_path: Path) -> None:
    carrier = outbox(tmp_path).load(LETTER)
    carrier.begin([parcel(1)], "r1").finish()
    carrier.begin([parcel(1)], "r2").finish()
    assert names(tmp_path / "new") == ["abc.1.eml"]


def test_what_a_dead_process_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    carrier = outbox(tmp_path).load(LETTER)
    carrier.begin([parcel(1), parcel(11)], "dead")
    (tmp_path / "tmp" / "somebody else's").touch()
    carrier.begin([parcel(1)], "r2").finish()
    assert names(tmp_path / "tmp") == ["abc.11.dead", "somebody else's"]
    assert names(tmp_path / "new") == ["abc.1.eml"]


def test_a_letter_that_another_process_delivered_meanwhile_is_there(tmp_path: Path) -> None:
    slow = outbox(tmp_path).load(LETTER).begin([parcel(1), parcel(2)], "slow")
    outbox(tmp_path).load(LETTER).begin([parcel(1), parcel(2)], "quick").finish()
    (tmp_path / "new" / "abc.2.eml").rename(tmp_path / "cur" / "abc.2.eml:2,")
    assert slow.finish().state == "submitted"
    assert names(tmp_path / "new") + names(tmp_path / "cur") == ["abc.1.eml", "abc.2.eml:2,"]


@pytest.mark.parametrize("gone", ["tmp", "new", "."])
@pytest.mark.parametrize("fsync", [False, True])
def test_a_letter_that_vanished_does_not_count_as_submitted(tmp_path: Path, gone: str, fsync: bool) -> None:
    folder = tmp_path / "out"
    submission = outbox(folder, fsync=fsync).load(LETTER).begin([parcel(1)], "r1")
    (folder / gone).rename(tmp_path / "moved away")
    with pytest.raises(SendError, match="the outbox cannot be written") as told:
        submission.finish()
    assert told.value.where == str(folder)
    assert "run the same command again" in told.value.mend


@pytest.mark.parametrize("gone", ["tmp", "."])
def test_an_outbox_that_vanishes_before_the_next_batch(tmp_path: Path, gone: str) -> None:
    carrier = outbox(tmp_path / "out").load(LETTER)
    (tmp_path / "out" / gone).rename(tmp_path / "moved away")
    with pytest.raises(SendError, match=r"the outbox cannot be written .No such file"):
        carrier.begin([parcel(1)], "r1")
    if gone == ".":
        with pytest.raises(SendError):
            carrier.settle(["abc.1"])


@pytest.mark.parametrize("blocked", [".", "tmp", "new", "cur"])
def test_an_outbox_that_is_blocked(tmp_path: Path, blocked: str) -> None:
    path = tmp_path / "out" / blocked
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with pytest.raises(SendError, match="make it a folder that can be written to and run the same command again"):
        outbox(tmp_path / "out").load(LETTER)


@pytest.mark.parametrize(
    ("code", "mend"), [(errno.ENOSPC, "free some"), (errno.EDQUOT, "free some"), (errno.EIO, "make it a folder")]
)
def test_a_disk_that_fills_up_leaves_no_half_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, mend: str
) -> None:
    carrier = outbox(tmp_path, fsync=True).load(LETTER)
    synced = []

    def fsync(_descriptor: int) -> None:
        synced.append(1)
        if len(synced) == 3:
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(SendError, match=mend):
        carrier.begin([parcel(number) for number in range(5)], "r1")
    assert names(tmp_path / "tmp") == names(tmp_path / "new") == []
    monkeypatch.undo()
    carrier.begin([parcel(number) for number in range(5)], "r2").finish()
    assert len(names(tmp_path / "new")) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_letters_show_addresses_so_nobody_else_reads_them(tmp_path: Path) -> None:
    outbox(tmp_path / "out").load(LETTER).begin([parcel(1)], "r1").finish()
    paths = [tmp_path / "out" / name for name in ("tmp", "new", "cur", "new/abc.1.eml")]
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


def test_a_letter_that_cannot_be_written_is_refused_before_anything_is(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="control character"):
        outbox(tmp_path / "out").load(
            replace(LETTER, rendered=replace(LETTER.rendered, subject="أ\nBcc: x@example.net"))
        )
    assert names(tmp_path / "out" / "new") == []
