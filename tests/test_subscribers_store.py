from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from who_may import eligible

from subscribers import store
from subscribers.addresses import normalise
from subscribers.errors import ListError, UnknownList
from subscribers.models import Rhythm, Status, Subscriber
from subscribers.store.tables import subscriber, subscription, suppression

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def person(connection: Connection, address: str) -> Subscriber:
    return store.add(connection, normalise(address), public_id=secrets.token_bytes(16), now=NOW)


def subscribed(
    connection: Connection,
    address: str,
    list_id: int,
    *,
    status: Status = "confirmed",
    rhythm: Rhythm = "weekly",
) -> Subscriber:
    one = person(connection, address)
    store.set_status(connection, one.id, list_id, status, now=NOW, rhythm=rhythm)
    return one


def readers(connection: Connection) -> int:
    return store.add_list(connection, "readers", "نشرة القراء", now=NOW).id


def test_a_list_keeps_its_name_title_and_moment(connection: Connection) -> None:
    made = store.add_list(connection, "readers", " نشرة القراء ", now=NOW)

    assert store.list_named(connection, "readers") == made
    assert (made.name, made.title, made.created) == ("readers", "نشرة القراء", NOW)


@pytest.mark.parametrize("name", ["", "Readers", "قراء", "a b", "-a", "a-", "x" * 64, "a_b", "readers\n"])
def test_a_list_needs_a_name_that_fits_into_a_list_id(connection: Connection, name: str) -> None:
    with pytest.raises(ListError, match="cannot be the name of a list"):
        store.add_list(connection, name, "عنوان", now=NOW)
    assert store.lists(connection) == []


def test_a_name_is_given_to_one_list_only(connection: Connection) -> None:
    readers(connection)
    with pytest.raises(ListError, match="already a list called 'readers'"):
        readers(connection)


def test_an_unknown_list_names_the_known_ones_and_the_near_one(connection: Connection) -> None:
    with pytest.raises(UnknownList, match="there is no list yet; make the list first"):
        store.list_named(connection, "readers")
    readers(connection)
    store.add_list(connection, "donors", "الداعمون", now=NOW)

    with pytest.raises(UnknownList) as near:
        store.list_named(connection, "raeders")
    assert str(near.value) == ("no list is called 'raeders'; there is 'readers', 'donors'; did you mean 'readers'?")
    with pytest.raises(UnknownList, match="write one of these names"):
        store.list_named(connection, "zzz")


def test_lists_count_subscriptions_by_status(connection: Connection) -> None:
    first = readers(connection)
    store.add_list(connection, "donors", "الداعمون", now=NOW)
    for number, status in enumerate(("confirmed", "confirmed", "pending", "left")):
        subscribed(connection, f"p{number}@example.org", first, status=status)  # type: ignore[arg-type]

    counted = store.lists(connection)

    assert [(one.list.name, one.confirmed, one.pending, one.left) for one in counted] == [
        ("readers", 2, 1, 1),
        ("donors", 0, 0, 0),
    ]


def test_an_address_has_one_subscriber_however_it_is_cased(connection: Connection) -> None:
    first = person(connection, "Salma.Harbi@Example.ORG")
    again = person(connection, "salma.harbi@example.org")

    assert again == first
    assert first.address == "Salma.Harbi@example.org"
    assert len(first.public_id) == 16
    assert (first.epoch, first.needs_smtputf8, first.created) == (0, False, NOW)
    assert store.find(connection, normalise("SALMA.HARBI@example.org")) == first
    assert store.find_public(connection, first.public_id) == first
    assert store.find_id(connection, first.id) == first
    assert store.find(connection, normalise("salma@example.org")) is None
    assert store.find_public(connection, bytes(16)) is None


def test_an_arabic_local_part_is_kept_and_marked(connection: Connection) -> None:
    assert person(connection, "سلمى@example.org").needs_smtputf8 is True


def test_ids_of_erased_subscribers_never_come_back(connection: Connection) -> None:
    last = [person(connection, f"p{number}@example.org") for number in range(3)][-1]
    connection.execute(sa.delete(subscriber).where(subscriber.c.id == last.id))

    assert person(connection, "new@example.org").id > last.id


def test_the_database_refuses_a_status_or_rhythm_that_is_none(connection: Connection) -> None:
    one = subscribed(connection, "salma@example.org", readers(connection))
    for column, value in (("status", "gone"), ("rhythm", "hourly"), ("declined_topics", 256)):
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
            connection.execute(
                sa.update(subscription).where(subscription.c.subscriber_id == one.id).values({column: value})
            )


def test_a_status_change_keeps_the_rhythm_and_the_first_moment(connection: Connection) -> None:
    list_id = readers(connection)
    one = subscribed(connection, "salma@example.org", list_id, rhythm="daily")
    later = NOW + timedelta(days=3)

    kept = store.set_status(connection, one.id, list_id, "left", now=later)

    assert (kept.status, kept.rhythm, kept.created, kept.changed) == ("left", "daily", NOW, later)
    assert store.subscriptions_of(connection, one.id) == [kept]


def test_the_record_of_consent_is_kept_in_order(connection: Connection) -> None:
    list_id = readers(connection)
    one = person(connection, "salma@example.org")
    store.record(connection, one.id, list_id, "subscribe", now=NOW, how="form", words="نموذج الاشتراك ١")
    store.record(connection, one.id, list_id, "confirm", now=NOW + timedelta(hours=1), how="page", words="")

    lines = store.consents_of(connection, one.id)

    assert [(line.act, line.at, line.how, line.words) for line in lines] == [
        ("subscribe", NOW, "form", "نموذج الاشتراك ١"),
        ("confirm", NOW + timedelta(hours=1), "page", ""),
    ]


def test_pages_of_a_list_follow_one_another_without_gap_or_repeat(connection: Connection) -> None:
    list_id = readers(connection)
    other = store.add_list(connection, "donors", "الداعمون", now=NOW).id
    ids = []
    for number in range(7):
        one = subscribed(connection, f"p{number}@example.org", list_id, status="left" if number == 3 else "confirmed")
        ids.append(one.id)
        subscribed(connection, f"q{number}@example.org", other)

    seen: list[int] = []
    last = 0
    while page := store.subscribers(connection, list_id, after=last, limit=3):
        for one, theirs in page:
            assert theirs.subscriber_id == one.id
            assert theirs.list_id == list_id
            seen.append(one.id)
        last = seen[-1]

    assert seen == ids
    gone = store.subscribers(connection, list_id, status="left")
    assert [one.address for one, _ in gone] == ["p3@example.org"]


def test_an_audience_is_whoever_is_eligible_now_in_order_of_id(connection: Connection) -> None:
    list_id = readers(connection)
    weekly = [subscribed(connection, f"w{number}@example.org", list_id).id for number in range(5)]
    daily = subscribed(connection, "daily@example.org", list_id, rhythm="daily").id
    subscribed(connection, "pending@example.org", list_id, status="pending")
    subscribed(connection, "left@example.org", list_id, status="left")
    pause(connection, weekly[1], NOW + timedelta(days=1))
    pause(connection, weekly[2], NOW)
    suppress(connection, weekly[3])

    def asked(*rhythms: Rhythm, now: datetime = NOW) -> list[int]:
        return list(connection.execute(store.audience(list_id, rhythms=rhythms, now=now)).scalars())

    assert asked("weekly") == [weekly[0], weekly[2], weekly[4]]
    assert asked("weekly", "daily") == [weekly[0], weekly[2], weekly[4], daily]
    assert asked("instant") == []
    assert asked("weekly", now=NOW + timedelta(days=1)) == [weekly[0], weekly[1], weekly[2], weekly[4]]


def test_standing_gives_the_address_of_those_who_still_want_it(connection: Connection) -> None:
    list_id = readers(connection)
    stays = subscribed(connection, "Stays@example.org", list_id)
    arabic = subscribed(connection, "ليلى@example.org", list_id)
    left = subscribed(connection, "left@example.org", list_id, status="left")
    pending = subscribed(connection, "pending@example.org", list_id, status="pending")
    paused = subscribed(connection, "paused@example.org", list_id)
    bounced = subscribed(connection, "bounced@example.org", list_id)
    pause(connection, paused.id, NOW + timedelta(seconds=1))
    suppress(connection, bounced.id)
    everybody = [one.id for one in (stays, arabic, left, pending, paused, bounced)] + [10**12]

    assert eligible(connection, list_id, everybody, NOW) == {
        stays.id: ("Stays@example.org", stays.public_id, 0, False),
        arabic.id: ("ليلى@example.org", arabic.public_id, 0, True),
    }
    assert eligible(connection, list_id, [], NOW) == {}
    assert eligible(connection, list_id + 1, everybody, NOW) == {}


def test_moments_without_a_zone_are_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="time zone"):
        store.add_list(connection, "readers", "قراء", now=datetime(2026, 11, 24))  # noqa: DTZ001  the very fault


def pause(connection: Connection, subscriber_id: int, until: datetime) -> None:
    connection.execute(
        sa.update(subscription)
        .where(subscription.c.subscriber_id == subscriber_id)
        .values(paused_until=int(until.timestamp()))
    )


def suppress(connection: Connection, subscriber_id: int) -> None:
    connection.execute(
        sa.insert(suppression).values(
            fingerprint=secrets.token_bytes(32), key_id=0, subscriber_id=subscriber_id, reason="bounced", at=0
        )
    )
