"""Wishes that wait, sign-ups that are forgotten, several lists in one letter; the clock is an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from subscribers import actions, store
from subscribers.actions import Upkeep
from subscribers.addresses import likely_typo, normalise
from subscribers.store.limits import Caps
from subscribers.store.tables import confirmation, consent, kept_wish, small_letter, subscriber, subscription

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from newsletter.storage.database import Database

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32))}
HONEST = "amal@example.net"
WEEK = timedelta(days=7)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    from subscribers.store.tables import metadata

    with database.write() as connection:
        metadata.create_all(connection)
        store.add_list(connection, "readers", "قرّاء الموجة", now=NOW)
        store.add_list(connection, "books", "رفّ الكتب", now=NOW)
        yield connection


def wish(connection: Connection, address: str, network: str, *, now: datetime = NOW, **more: Any) -> str:
    wanted: dict[str, Any] = {"keys": KEYS, "caps": Caps(), "how": "form", "words": "", "keep_for": WEEK}
    return actions.wish(connection, normalise(address), "readers", now=now, network=network, **{**wanted, **more})


def asked_at(connection: Connection, address: str) -> datetime | None:
    query = (
        sa.select(small_letter.c.created)
        .join(subscriber, subscriber.c.id == small_letter.c.subscriber_id)
        .where(subscriber.c.address == address)
    )
    at = connection.execute(query).scalar()
    return None if at is None else datetime.fromtimestamp(at, UTC)


def rows(connection: Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def most_in_an_hour(connection: Connection) -> int:
    at = sorted(connection.execute(sa.select(small_letter.c.created)).scalars())
    return max(sum(start <= other < start + 3600 for other in at) for start in set(at))


def test_one_allocation_of_ipv6_cannot_use_up_the_total(connection: Connection) -> None:
    caps = Caps(total_an_hour=100, network_an_hour=5)
    came = [
        wish(connection, f"b{n}@d{n}.example", f"2001:db8:{n % 200:x}:{n:x}::/64", caps=caps, now=NOW)
        for n in range(400)
    ]
    assert came.count("asked") == caps.allocation_an_hour == 25
    assert came.count("kept") == 375
    assert store.waiting_wishes(connection).number == caps.kept_of_block == 100
    # Who comes in the middle of it, from elsewhere, is asked at once.
    assert wish(connection, HONEST, "2a00:1450:1:2::/64", caps=caps, now=NOW) == "asked"


def test_a_block_of_ipv4_cannot_either(connection: Connection) -> None:
    caps = Caps(total_an_hour=100, network_an_hour=5)
    came = [wish(connection, f"b{n}@d{n}.example", f"198.51.{n % 250}.0/24", caps=caps) for n in range(100)]
    assert came.count("asked") == caps.block_an_hour == 20
    assert wish(connection, HONEST, "203.0.113.0/24", caps=caps) == "asked"


def test_an_honest_reader_waits_little_more_than_an_hour_in_a_flood_from_many_networks(connection: Connection) -> None:
    """1,000 posts in ten minutes from 100 networks of 100 blocks, and one reader after half of them."""
    caps, upkeep = Caps(total_an_hour=100), Upkeep(KEYS, Caps(total_an_hour=100))
    for n in range(1000):
        at = NOW + timedelta(seconds=n * 0.6)
        wish(connection, f"b{n}@d{n}.example", f"{n % 100 + 1}.7.7.0/24", caps=caps, now=at)
        if n == 500:
            assert wish(connection, HONEST, "203.0.113.0/24", caps=caps, now=at) == "kept"
    came = NOW + timedelta(minutes=5)
    assert asked_at(connection, HONEST) is None
    minute = 10
    while asked_at(connection, HONEST) is None:
        # The flood goes on while those who wait are asked.
        now = NOW + timedelta(minutes=minute)
        for n in range(5):
            wish(connection, f"c{minute}-{n}@d{n}.example", f"{n + 1}.7.8.0/24", caps=caps, now=now)
        upkeep.ask(connection, now=now)
        minute += 1
        assert minute < 200
    at = asked_at(connection, HONEST)
    assert at is not None
    assert at - came <= timedelta(minutes=75)
    assert most_in_an_hour(connection) <= 100


def test_beyond_what_is_kept_the_oldest_of_the_fullest_block_go(connection: Connection) -> None:
    caps = Caps(total_an_hour=2, network_an_hour=1)  # 40 wait at most, 2 of a block
    for n in range(60):
        wish(connection, f"b{n}@d{n}.example", f"{n + 1}.7.7.0/24", caps=caps, now=NOW + timedelta(seconds=n))
    assert store.waiting_wishes(connection).number == 40
    later = NOW + timedelta(minutes=2)
    assert wish(connection, HONEST, "203.0.113.0/24", caps=caps, now=later) == "kept"
    for n in range(3):
        wish(connection, f"h{n}@h{n}.example", "198.51.100.0/24", caps=caps, now=later + timedelta(seconds=n))
    waiting = set(connection.execute(sa.select(kept_wish.c.address)).scalars())
    assert len(waiting) == 40
    assert {HONEST, "h2@h2.example"} <= waiting
    assert "h0@h0.example" not in waiting


def test_who_waits_is_not_asked_once_they_left_or_are_suppressed(connection: Connection) -> None:
    full, free = Caps(total_an_hour=3, network_an_hour=1), Caps()
    wish(connection, "first@example.org", "192.0.2.0/24", caps=full)
    for name in ("on", "stopped", "waits"):
        assert wish(connection, f"{name}@example.net", "192.0.2.0/24", caps=full) == "kept"
    actions.add_subscriber(connection, "on@example.net", "readers", now=NOW, keys=KEYS)
    actions.suppress(connection, "stopped@example.net", now=NOW, keys=KEYS)
    assert actions.ask_kept(connection, now=NOW + timedelta(hours=2), keys=KEYS, caps=free) == 2
    assert rows(connection, kept_wish) == 0
    kinds = connection.execute(
        sa.select(subscriber.c.address, small_letter.c.kind).join(
            small_letter, small_letter.c.subscriber_id == subscriber.c.id
        )
    )
    assert {tuple(row) for row in kinds} == {
        ("first@example.org", "confirmation"),
        ("on@example.net", "preferences"),
        ("waits@example.net", "confirmation"),
    }


def test_a_file_is_asked_at_half_the_pace_and_takes_nothing_from_the_form(connection: Connection) -> None:
    from subscribers.models import KeptWish

    caps = Caps(total_an_hour=20)
    store.keep_wishes(
        connection,
        [
            KeptWish(1, f"f{n}@example.org", f"f{n}@example.org", "file", "weekly", "file f.csv", "", NOW, NOW + WEEK)
            for n in range(50)
        ],
    )
    for minute in range(60):
        actions.ask_kept(connection, now=NOW + timedelta(minutes=minute), keys=KEYS, caps=caps)
    assert rows(connection, small_letter) == 10
    assert wish(connection, HONEST, "192.0.2.0/24", caps=caps, now=NOW + timedelta(minutes=59)) == "asked"


def test_one_letter_confirms_all_the_lists_that_were_chosen_together(connection: Connection) -> None:
    wish(connection, HONEST, "192.0.2.0/24", also=("books",), declined={"books": 5})
    assert rows(connection, small_letter) == 1
    person = store.find(connection, normalise(HONEST))
    assert person is not None
    token = actions.make_confirmation(connection, person.id, 1, now=NOW + timedelta(seconds=9))
    link = actions.read_confirmation(connection, token, now=NOW)
    assert link is not None
    assert [one.name for one in link.also] == ["books"]
    done = actions.confirm(connection, token, now=NOW + timedelta(minutes=1), how="page", words="")
    assert [one.name for one in done.also] == ["books"]
    theirs = store.subscriptions_of(connection, person.id)
    assert [(one.status, one.declined_topics) for one in theirs] == [("confirmed", 0), ("confirmed", 5)]
    letters = list(connection.execute(sa.select(small_letter.c.kind)).scalars())
    assert letters == ["confirmation", "welcome"]
    again = actions.confirm(connection, token, now=NOW + timedelta(minutes=2), how="page", words="")
    assert again.already
    assert rows(connection, small_letter) == 2


def test_a_link_confirms_no_list_that_was_asked_for_another_time(connection: Connection) -> None:
    wish(connection, HONEST, "192.0.2.0/24")
    person = store.find(connection, normalise(HONEST))
    assert person is not None
    store.set_status(connection, person.id, 2, "pending", now=NOW)
    store.record(connection, person.id, 2, "subscribe", now=NOW - timedelta(days=2), how="form", words="")
    token = actions.make_confirmation(connection, person.id, 1, now=NOW)
    actions.confirm(connection, token, now=NOW, how="page", words="")
    assert [one.status for one in store.subscriptions_of(connection, person.id)] == ["confirmed", "pending"]


def test_sign_ups_that_nobody_confirmed_vanish_with_all_that_is_known(connection: Connection) -> None:
    upkeep = Upkeep(KEYS)
    wish(connection, HONEST, "192.0.2.0/24")
    person = store.find(connection, normalise(HONEST))
    assert person is not None
    actions.make_confirmation(connection, person.id, 1, now=NOW)
    upkeep.forget(connection, now=NOW + WEEK - timedelta(seconds=1))
    assert store.find(connection, normalise(HONEST)) is not None
    upkeep.forget(connection, now=NOW + WEEK + timedelta(seconds=1))
    for table in (subscriber, subscription, consent, confirmation, small_letter):
        assert rows(connection, table) == 0
    # Their id goes to nobody else.
    wish(connection, "other@example.net", "192.0.2.0/24", now=NOW + WEEK)
    other = store.find(connection, normalise("other@example.net"))
    assert other is not None
    assert other.id > person.id


def test_who_had_left_and_does_not_answer_has_left_as_before(connection: Connection) -> None:
    actions.add_subscriber(connection, HONEST, "readers", now=NOW, keys=KEYS)
    actions.leave_address(connection, HONEST, "readers", now=NOW)
    assert wish(connection, HONEST, "192.0.2.0/24") == "asked"
    Upkeep(KEYS).forget(connection, now=NOW + timedelta(days=8))
    person = store.find(connection, normalise(HONEST))
    assert person is not None
    assert [one.status for one in store.subscriptions_of(connection, person.id)] == ["left"]


def test_a_confirmed_reader_is_never_touched(connection: Connection) -> None:
    actions.add_subscriber(connection, HONEST, "readers", now=NOW, keys=KEYS)
    wish(connection, HONEST, "192.0.2.0/24", also=("books",))
    person = store.find(connection, normalise(HONEST))
    assert person is not None
    upkeep = Upkeep(KEYS)
    while upkeep.forget(connection, now=NOW + timedelta(days=400)):
        pass
    assert [(one.list_id, one.status) for one in store.subscriptions_of(connection, person.id)] == [(1, "confirmed")]
    assert [line.act for line in store.consents_of(connection, person.id)] == ["add"]


_REAL = (
    *("gmail.com", "ymail.com", "mail.com", "gmx.com", "email.com", "googlemail.com", "hotmail.fr", "yahoo.fr"),
    *("live.fr", "yahoo.ca", "yahoo.co.uk", "hotmail.co.uk", "outlook.sa", "example.org", "me.com", "aol.com"),
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("n@gmial.com", "n@gmail.com"),
        ("n@gmai.com", "n@gmail.com"),
        ("n@gmaill.com", "n@gmail.com"),
        ("n@gmail.con", "n@gmail.com"),
        ("n@hotmial.com", "n@hotmail.com"),
        ("n@yaho.com", "n@yahoo.com"),
        ("N@Outlok.com", "N@outlook.com"),
        ("n@iclod.com", "n@icloud.com"),
        *[(f"n@{domain}", "") for domain in _REAL],
        ("gmial.com", ""),
        ("@gmial.com", ""),
        ("", ""),
    ],
)
def test_a_slip_in_a_large_domain_is_noticed(typed: str, meant: str) -> None:
    assert likely_typo(typed) == meant
