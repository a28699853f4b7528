"""Small letters that wait: claimed once, given back, refused for addresses that must not be mailed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from subscribers import actions, store
from subscribers.models import SmallLetter
from subscribers.store.tables import small_letter

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LEASE = timedelta(minutes=5)
KEYS = {1: bytes(range(32))}


@pytest.fixture(autouse=True)
def list_id(connection: Connection) -> int:
    return store.add_list(connection, "readers", "نشرة القراء", now=NOW).id


def queue(connection: Connection, list_id: int, *names: str) -> list[int]:
    made = []
    for name in names:
        person = actions.add_subscriber(connection, f"{name}@example.org", "readers", now=NOW, keys=KEYS).subscriber
        made.append(store.queue_letter(connection, "welcome", person.id, list_id, now=NOW))
    return made


def claim(connection: Connection, token: str, *, now: datetime = NOW, limit: int = 50) -> list[SmallLetter]:
    return store.claim_letters(connection, token=token, now=now, lease=LEASE, limit=limit)


def state(connection: Connection, letter_id: int) -> str:
    return connection.execute(sa.select(small_letter.c.state).where(small_letter.c.id == letter_id)).scalar_one()


def test_a_claimed_letter_brings_everything_it_needs(connection: Connection, list_id: int) -> None:
    queue(connection, list_id, "salma")
    [letter] = claim(connection, "a")

    assert (letter.kind, letter.created) == ("welcome", NOW)
    assert (letter.list.id, letter.list.name, letter.list.title) == (list_id, "readers", "نشرة القراء")
    assert (letter.recipient.address, letter.recipient.epoch) == ("salma@example.org", 0)
    assert len(letter.recipient.public_id) == 16


def test_nobody_gets_a_letter_that_another_one_holds(connection: Connection, list_id: int) -> None:
    ids = queue(connection, list_id, "a", "b", "c")

    assert [letter.id for letter in claim(connection, "one", limit=2)] == ids[:2]
    assert [letter.id for letter in claim(connection, "two")] == ids[2:]
    assert claim(connection, "three") == []


def test_a_lease_that_ran_out_frees_what_was_not_handed_over(connection: Connection, list_id: int) -> None:
    waiting, handed = queue(connection, list_id, "a", "b")
    claim(connection, "one")
    assert store.submitting_letter(connection, handed, token="one", now=NOW)
    late = NOW + LEASE + timedelta(seconds=1)

    assert [letter.id for letter in claim(connection, "two", now=late)] == [waiting]
    # Nobody knows whether the other one arrived, so nobody sends it again.
    assert state(connection, handed) == "unknown"
    # The first holder may not hand it over any more, but its late answer is still the truth.
    assert not store.submitting_letter(connection, waiting, token="one", now=late)
    store.settle_letter(connection, handed, "submitted", token="one")
    assert state(connection, handed) == "submitted"


def test_an_answer_is_kept_and_a_letter_can_be_given_back(connection: Connection, list_id: int) -> None:
    first, second = queue(connection, list_id, "a", "b")
    claim(connection, "one")
    for letter in (first, second):
        assert store.submitting_letter(connection, letter, token="one", now=NOW)
    store.settle_letter(connection, first, "refused", token="one", reason="550")
    store.settle_letter(connection, second, "queued", token="one")
    store.settle_letter(connection, second, "refused", token="somebody else")

    assert state(connection, first) == "refused"
    assert state(connection, second) == "queued"
    assert [letter.id for letter in claim(connection, "two", now=NOW + LEASE * 2)] == [second]


def test_no_small_letter_goes_to_an_address_that_must_not_be_mailed(connection: Connection, list_id: int) -> None:
    stopped, free = queue(connection, list_id, "a", "b")
    actions.suppress(connection, "a@example.org", now=NOW, keys=KEYS)

    assert [letter.id for letter in claim(connection, "one")] == [free]
    assert state(connection, stopped) == "refused"
