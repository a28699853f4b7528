"""Sends asked for by what one wants to know of them, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, update
from test_ledger import NOW, query

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.ledger import Mailing, Send
from newsletter.storage.tables import send as sends

DAILY = "readers/daily/2026-11-24"


def write(
    connection: Connection,
    key: str,
    *,
    list_id: int = 1,
    rhythm: str = "weekly",
    now: datetime = NOW,
    send_at: datetime | None = None,
) -> Send:
    return ledger.write_send(
        connection,
        [Mailing("نص الرسالة", query([1, 2]))],
        key=key,
        list_id=list_id,
        rhythm=rhythm,
        subject="أسبوع",
        batch_size=2,
        now=now,
        send_at=send_at,
    )


def test_one_send_by_its_id(connection: Connection) -> None:
    write(connection, "11")
    wanted = write(connection, "12", send_at=NOW + timedelta(hours=1))
    assert ledger.send(connection, wanted.id) == wanted
    ledger.move(connection, wanted, "paused", reason="by an editor")
    now = ledger.send(connection, wanted.id)
    assert now is not None
    assert (now.state, now.reason, now.send_at) == ("paused", "by an editor", NOW + timedelta(hours=1))
    assert ledger.send(connection, 999) is None


def test_what_runs_for_a_list_and_rhythm(connection: Connection) -> None:
    first, other_list = write(connection, "1"), write(connection, "2", list_id=2)
    daily, everybody = write(connection, DAILY, rhythm="daily"), write(connection, "3", rhythm="all")
    paused, finished = write(connection, "4"), write(connection, "5")
    ledger.move(connection, paused, "paused")
    connection.execute(update(sends).where(sends.c.id == finished.id).values(state="finished"))
    write(connection, "6", send_at=NOW + timedelta(hours=1))
    assert ledger.running(connection) == [first, other_list, daily, everybody]
    assert ledger.running(connection, 1) == [first, daily, everybody]
    assert ledger.running(connection, 1, ("weekly", "all")) == [first, everybody]
    assert ledger.running(connection, 2, ("daily",)) == []
    assert ledger.running(connection, rhythms=("daily",)) == [daily]


def test_sends_of_issues_leave_out_the_latest_posts(connection: Connection) -> None:
    first, daily, second = write(connection, "1"), write(connection, DAILY, rhythm="daily"), write(connection, "2")
    assert ledger.sends_of_issues(connection) == [first, second]
    assert ledger.sends(connection) == [first, daily, second]


def test_sends_of_one_issue(connection: Connection) -> None:
    first = write(connection, "1")
    write(connection, "11")
    again = write(connection, "1", rhythm="all")
    assert [one.id for one in ledger.sends_of(connection, "1")] == [first.id, again.id]
    assert ledger.sends_of(connection, "2") == []


def test_the_last_send_of_any_kind(connection: Connection) -> None:
    assert ledger.last_send(connection) is None
    write(connection, "1", now=NOW)
    daily = write(connection, DAILY, rhythm="daily", now=NOW - timedelta(days=3))
    assert ledger.last_send(connection) == daily  # a clock set back changes nothing


def test_sends_called_by_a_whole_name_alone(connection: Connection) -> None:
    first, again = write(connection, "1"), write(connection, "1", rhythm="all")
    daily = write(connection, DAILY, rhythm="daily")
    assert [one.id for one in ledger.sends_called(connection, "1")] == [first.id, again.id]
    assert ledger.sends_called(connection, again.public_id) == [again]
    assert ledger.sends_called(connection, DAILY) == [daily]
    assert ledger.sends_called(connection, again.public_id[:8]) == []
    assert ledger.sends_called(connection, "\udcff") == []


def test_a_send_named_by_an_editor(connection: Connection) -> None:
    first = write(connection, "1")
    second, third = write(connection, "2"), write(connection, "2", rhythm="all")
    for one, public_id in ((first, "abcd0001"), (second, "abcd0002"), (third, "ffff0003")):
        connection.execute(update(sends).where(sends.c.id == one.id).values(public_id=public_id))
    assert ledger.named(connection, "abcd0002").id == second.id
    assert ledger.named(connection, "ffff").id == third.id
    assert ledger.named(connection, "1").id == first.id
    for unknown in ("fff", "FFFF", "ff%3", "ff__0003", "3", "", "\udcff\udcff\udcff\udcff"):
        with pytest.raises(SendError, match="no send is called"):
            ledger.named(connection, unknown)
    with pytest.raises(SendError, match="issue abcd has 2 sends") as caught:
        ledger.named(connection, "abcd")
    assert "abcd0001, abcd0002" in str(caught.value)
    with pytest.raises(SendError, match="issue 2 has 2 sends"):
        ledger.named(connection, "2")


def test_when_the_next_letter_went_to_the_same_readers(connection: Connection) -> None:
    hour = timedelta(hours=1)
    first = write(connection, "1")
    write(connection, "2", list_id=2, now=NOW + hour)
    write(connection, DAILY, rhythm="daily", now=NOW + 2 * hour)
    assert ledger.next_letter_at(connection, first) is None
    again = write(connection, "1", rhythm="all", now=NOW + 3 * hour)
    assert ledger.next_letter_at(connection, first) is None  # the same issue is no other letter
    write(connection, "3", now=NOW + 5 * hour)
    write(connection, "4", rhythm="all", now=NOW + 4 * hour)
    assert ledger.next_letter_at(connection, first) == NOW + 4 * hour
    assert ledger.next_letter_at(connection, again) == NOW + 4 * hour
    last = ledger.last_send(connection)
    assert last is not None
    assert ledger.next_letter_at(connection, last) is None


def test_what_is_due_starts_once_and_in_order(connection: Connection) -> None:
    due = [write(connection, str(number), send_at=NOW + timedelta(minutes=5 - number)) for number in (1, 2, 3)]
    later = write(connection, "4", send_at=NOW + timedelta(minutes=6))
    stopped = write(connection, "5", send_at=NOW)
    ledger.move(connection, stopped, "paused")
    at = NOW + timedelta(minutes=4, microseconds=1)
    assert [one.id for one in ledger.start_due(connection, at)] == [one.id for one in due]
    assert ledger.start_due(connection, at) == []
    states = [ledger.state_of(connection, one.id) for one in (*due, later, stopped)]
    assert states == ["running"] * 3 + ["scheduled", "paused"]
