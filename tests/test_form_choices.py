"""What the form offers beyond an address: lists, topics, a slip mended, one's own page for who is a reader already."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_pages import ADDRESS, ADDRESS_KEYS, START, Workspace

from newsletter.storage.database import Database
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.store.limits import Caps
from subscribers.store.tables import kept_wish, small_letter, subscriber

TOPICS = {"readers": ("سياسة", "اقتصاد", "رياضة")}


@pytest.fixture
def workspace(database: Database) -> Workspace:
    made = Workspace(database, changes={"lists": ("readers", "morning"), "topics": TOPICS})
    with database.write() as connection:
        store.add_list(connection, "morning", "أخبار الصباح", now=START)
    return made


def test_topics_of_the_form_are_kept_and_stay_when_they_are_confirmed(workspace: Workspace) -> None:
    client = workspace.client()
    page = client.get("/").text
    assert page.count('name="topic-readers"') == 3
    assert '<input type="hidden" name="topics" value="readers">' in page
    workspace.subscribe(client, lists="1", list="readers", topics="readers", **{"topic-readers": "0"})
    client.post(workspace.confirm_link())
    with workspace.database.read() as connection:
        theirs = store.subscription_of(connection, workspace.person().id, 1)
    assert theirs is not None
    assert (theirs.status, theirs.declined_topics) == ("confirmed", 0b110)


def test_a_slip_is_taken_as_typed_and_can_be_mended_with_one_press(workspace: Workspace) -> None:
    client = workspace.client()
    page = workspace.subscribe(client, "salma@gmial.com", list="readers").text
    assert "salma@gmail.com" in page
    # Taken as typed: nobody's own domain is refused.
    assert workspace.status("salma@gmial.com") == "pending"
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    assert fields["email"] == "salma@gmail.com"
    workspace.clock.later(seconds=5)
    mended = client.post("/subscribe", data=fields)
    assert mended.status_code == 200
    assert workspace.status("salma@gmail.com") == "pending"
    assert "gmial" not in mended.text
    assert workspace.letters().count("confirmation") == 2


def test_no_list_ticked_is_said_and_asks_nobody(workspace: Workspace) -> None:
    client = workspace.client()
    answer = workspace.subscribe(client, lists="1")
    assert answer.status_code == 400
    assert "اختر" in answer.text
    assert workspace.rows()["subscriber"] == []


def test_a_reader_who_asks_again_is_led_to_their_own_page_once_a_day(workspace: Workspace) -> None:
    client = workspace.client()
    workspace.confirmed(client)
    strangers = workspace.subscribe(client, "stranger@example.net", list="readers").text
    readers = workspace.subscribe(client, ADDRESS, list="readers").text
    assert readers == strangers
    for _ in range(5):
        workspace.subscribe(client, ADDRESS, list="readers")
    assert workspace.letters().count("preferences") == 1
    workspace.clock.later(hours=25)
    workspace.subscribe(client, ADDRESS, list="readers")
    assert workspace.letters().count("preferences") == 2


@pytest.mark.slow
def test_fifty_times_as_many_wishes_as_an_hour_takes_close_nothing(database: Database) -> None:
    """An honest reader in the middle waits; the caps hold in every hour, and what is kept has an end."""
    workspace = Workspace(database)
    # What counts is how many more wishes come than the caps let through: 500 and 10 are 10,000 and 200.
    caps, wishes = Caps(total_an_hour=10), 500
    week = timedelta(days=7)

    def wish(address: str, network: str, at: int) -> str:
        return actions.wish(
            connection,
            normalise(address),
            "readers",
            now=START + timedelta(seconds=at),
            keys=ADDRESS_KEYS,
            caps=caps,
            how="form",
            words="",
            network=network,
            keep_for=week,
        )

    came = []
    with workspace.database.write() as connection:
        for number in range(wishes):
            network = f"{number % 50 + 1}.{number % 5}.7.0/24"
            came.append(wish(f"b{number}@d{number % 97}.example", network, number))
            if number == wishes // 2:
                assert wish("honest@example.net", "203.0.113.0/24", number) == "kept"
        assert came.count("asked") <= caps.total_an_hour
        waiting = connection.execute(sa.select(sa.func.count()).select_from(kept_wish)).scalar_one()
        assert waiting <= 20 * caps.total_an_hour
        hours = 0
        query = sa.select(small_letter.c.id).join(subscriber).where(subscriber.c.address == "honest@example.net")
        while connection.execute(query).first() is None:
            hours += 1
            now = START + timedelta(hours=hours, minutes=20)
            before = connection.execute(sa.select(sa.func.count()).select_from(small_letter)).scalar_one()
            while actions.ask_kept(connection, now=now, keys=ADDRESS_KEYS, caps=caps):
                pass
            after = connection.execute(sa.select(sa.func.count()).select_from(small_letter)).scalar_one()
            assert after - before <= caps.total_an_hour
            assert hours <= 3


AGES = st.sampled_from([0, 3, 6, 8, 20, 40, 400])


@pytest.mark.slow
@given(
    people=st.lists(st.tuples(st.sampled_from(["pending", "confirmed", "left"]), AGES, AGES), min_size=1, max_size=6),
    days=st.integers(1, 30),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_forgetting_touches_nobody_who_confirmed(
    database: Database, people: list[tuple[str, int, int]], days: int
) -> None:
    lasts = timedelta(days=days)
    with database.write() as connection:
        list_id = store.list_named(connection, "readers").id if store.list_or_none(connection, "readers") else 0
        list_id = list_id or store.add_list(connection, "readers", "نشرة", now=START).id
        ids = []
        for number, (status, age, letter_age) in enumerate(people):
            address = normalise(f"p{number}-{len(people)}-{days}-{age}-{letter_age}-{status}@example.org")
            if store.find(connection, address) is not None:
                continue
            person = store.add(connection, address, public_id=normalise_id(address.key), now=START)
            then = START - timedelta(days=age)
            store.set_status(connection, person.id, list_id, status, now=then)  # type: ignore[arg-type]
            store.record(connection, person.id, list_id, "subscribe", now=then, how="form", words="")
            if status != "pending":
                store.record(connection, person.id, list_id, "confirm", now=then, how="page", words="")
            letter = START - timedelta(days=letter_age)
            store.queue_letter(connection, "confirmation", person.id, list_id, now=letter)
            ids.append((person.id, status, min(age, letter_age)))
        before = {one: store.everything_about(connection, one) for one, _, _ in ids}
        while store.forget_pending(connection, now=START, lasts=lasts):
            pass
        for one, status, age in ids:
            after = store.everything_about(connection, one)
            if status != "pending" or age < days:
                assert after == before[one]
            elif age > days:
                assert not any(after.values())


def normalise_id(text: str) -> bytes:
    import hashlib

    return hashlib.sha256(text.encode()).digest()[:16]
