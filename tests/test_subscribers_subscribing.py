from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from who_may import eligible

from subscribers import actions, store, tokens
from subscribers.addresses import normalise
from subscribers.errors import AddressError, ConsentError, LinkError, UnknownList, UnknownSubscriber
from subscribers.models import Subscriber
from subscribers.store.tables import confirmation, small_letter

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32))}
LINK_KEYS = {3: bytes(range(32, 64))}
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def list_id(connection: Connection) -> int:
    return store.add_list(connection, "readers", "نشرة القراء", now=NOW).id


def asks(connection: Connection, address: str = "salma@example.org", *, now: datetime = NOW) -> bool:
    came = actions.subscribe(
        connection, address, "readers", now=now, keys=KEYS, how="form", words="نموذج ١", rhythm="daily"
    )
    return came == "asked"


def person(connection: Connection, address: str = "salma@example.org") -> Subscriber:
    found = store.find(connection, normalise(address))
    assert found is not None
    return found


def status(connection: Connection, list_id: int, address: str = "salma@example.org") -> str:
    theirs = store.subscription_of(connection, person(connection, address).id, list_id)
    assert theirs is not None
    return theirs.status


def kinds(connection: Connection) -> list[str]:
    return list(connection.execute(sa.select(small_letter.c.kind).order_by(small_letter.c.id)).scalars())


def confirmed(connection: Connection, list_id: int, address: str = "salma@example.org") -> Subscriber:
    asks(connection, address)
    who = person(connection, address)
    token = actions.make_confirmation(connection, who.id, list_id, now=NOW)
    actions.confirm(connection, token, now=NOW, how="page")
    return who


# ---- subscribe and confirm


def test_a_wish_waits_for_its_confirmation_and_then_gets_a_welcome(connection: Connection, list_id: int) -> None:
    assert asks(connection)
    assert status(connection, list_id) == "pending"
    assert kinds(connection) == ["confirmation"]

    token = actions.make_confirmation(connection, person(connection).id, list_id, now=NOW)
    done = actions.confirm(connection, token, now=NOW + DAY, how="page", words="صفحة التأكيد ١")

    assert (done.subscriber.address, done.list.name, done.already) == ("salma@example.org", "readers", False)
    assert status(connection, list_id) == "confirmed"
    assert store.subscriptions_of(connection, done.subscriber.id)[0].rhythm == "daily"
    assert kinds(connection) == ["confirmation", "welcome"]
    assert [(line.act, line.how, line.words) for line in store.consents_of(connection, done.subscriber.id)] == [
        ("subscribe", "form", "نموذج ١"),
        ("confirm", "page", "صفحة التأكيد ١"),
    ]

    again = actions.confirm(connection, token, now=NOW + DAY, how="page")
    assert again.already is True
    assert kinds(connection) == ["confirmation", "welcome"]


def test_the_link_itself_is_not_in_the_database(connection: Connection, list_id: int) -> None:
    asks(connection)
    token = actions.make_confirmation(connection, person(connection).id, list_id, now=NOW)

    assert len(token) == 43
    [row] = connection.execute(sa.select(confirmation)).all()
    assert len(bytes(row.token_hash)) == 32
    assert token.encode() not in repr(row).encode()


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "\ud800", "é" * 43])
def test_a_link_that_is_not_ours_confirms_nothing(connection: Connection, list_id: int, token: str) -> None:
    asks(connection)
    actions.make_confirmation(connection, person(connection).id, list_id, now=NOW)
    with pytest.raises(LinkError, match="too old or not complete; subscribe again"):
        actions.confirm(connection, token, now=NOW, how="page")
    assert status(connection, list_id) == "pending"


def test_a_link_gets_old_and_is_thrown_away(connection: Connection, list_id: int) -> None:
    asks(connection)
    who = person(connection)
    token = actions.make_confirmation(connection, who.id, list_id, now=NOW)
    late = NOW + actions.subscribing.CONFIRMATION_LASTS + timedelta(seconds=1)

    with pytest.raises(LinkError):
        actions.confirm(connection, token, now=late, how="page")
    actions.make_confirmation(connection, who.id, list_id, now=late)
    assert connection.execute(sa.select(sa.func.count()).select_from(confirmation)).scalar_one() == 1


def test_an_old_confirmation_does_not_undo_a_goodbye(connection: Connection, list_id: int) -> None:
    asks(connection)
    who = person(connection)
    token = actions.make_confirmation(connection, who.id, list_id, now=NOW)
    actions.leave(connection, who.id, list_id, now=NOW, how="page")

    with pytest.raises(ConsentError, match="left the list after asking"):
        actions.confirm(connection, token, now=NOW, how="page")
    assert status(connection, list_id) == "left"


def test_who_left_comes_back_through_the_form(connection: Connection, list_id: int) -> None:
    who = confirmed(connection, list_id)
    actions.leave(connection, who.id, list_id, now=NOW, how="page")

    assert asks(connection, now=NOW + 2 * DAY)
    assert status(connection, list_id) == "pending"
    token = actions.make_confirmation(connection, who.id, list_id, now=NOW + 2 * DAY)
    assert actions.confirm(connection, token, now=NOW + 2 * DAY, how="page").already is False
    assert status(connection, list_id) == "confirmed"


@pytest.mark.slow
def test_a_stranger_cannot_have_somebody_mailed_again_and_again(connection: Connection, list_id: int) -> None:
    sent = [asks(connection, now=NOW + timedelta(hours=hour)) for hour in range(24 * 29)]
    assert sum(sent) == 3
    assert len(kinds(connection)) == 3
    # Whoever is subscribed already gets nothing at all.
    who = person(connection)
    store.set_status(connection, who.id, list_id, "confirmed", now=NOW)
    assert not asks(connection, now=NOW + 90 * DAY)


def test_a_blocked_wish_changes_nothing(connection: Connection, list_id: int) -> None:
    assert asks(connection)
    actions.leave(connection, person(connection).id, list_id, now=NOW, how="page")
    assert not asks(connection, now=NOW + timedelta(hours=1))
    assert status(connection, list_id) == "left"


def test_who_left_by_mistake_comes_back_on_the_same_day(connection: Connection, list_id: int) -> None:
    who = confirmed(connection, list_id)
    actions.leave(connection, who.id, list_id, now=NOW, how="page")
    assert asks(connection, now=NOW + timedelta(hours=1))
    assert not asks(connection, now=NOW + timedelta(hours=2))


def test_a_bad_address_or_list_is_told(connection: Connection) -> None:
    with pytest.raises(AddressError):
        asks(connection, "salma")
    with pytest.raises(UnknownList):
        actions.subscribe(connection, "a@example.org", "x", now=NOW, keys=KEYS, how="form", words="")


# ---- links


def test_a_signed_link_finds_its_holder_until_it_is_revoked(connection: Connection, list_id: int) -> None:
    who = confirmed(connection, list_id)

    def link(epoch: int) -> str:
        return tokens.make("leave", LINK_KEYS, public_id=who.public_id, list_id=list_id, epoch=epoch)

    assert actions.holder_of(connection, link(0), "leave", LINK_KEYS) == (who, list_id)
    store.revoke_links(connection, who.id)
    with pytest.raises(LinkError, match="not good any more"):
        actions.holder_of(connection, link(0), "leave", LINK_KEYS)
    assert actions.holder_of(connection, link(1), "leave", LINK_KEYS)[0].epoch == 1


def test_a_link_of_nobody_or_for_something_else_is_refused(connection: Connection, list_id: int) -> None:
    nobody = tokens.make("leave", LINK_KEYS, public_id=bytes(16), list_id=list_id, epoch=0)
    with pytest.raises(LinkError, match="not good any more"):
        actions.holder_of(connection, nobody, "leave", LINK_KEYS)
    with pytest.raises(LinkError, match="for something else"):
        actions.holder_of(connection, nobody, "preferences", LINK_KEYS)


# ---- preferences and leaving


def test_what_a_person_chooses_is_kept_and_obeyed(connection: Connection, list_id: int) -> None:
    who = confirmed(connection, list_id)
    until = NOW + 14 * DAY

    kept = actions.prefer(connection, who.id, list_id, now=NOW, rhythm="weekly", declined_topics=6, paused_until=until)

    assert (kept.rhythm, kept.declined_topics, kept.paused_until, kept.changed) == ("weekly", 6, until, NOW)
    assert eligible(connection, list_id, [who.id], NOW) == {}
    assert set(eligible(connection, list_id, [who.id], until)) == {who.id}
    again = actions.prefer(connection, who.id, list_id, now=NOW, rhythm="instant")
    assert (again.declined_topics, again.paused_until) == (0, None)


def test_there_is_nothing_to_choose_for_who_left(connection: Connection, list_id: int) -> None:
    who = confirmed(connection, list_id)
    actions.leave(connection, who.id, list_id, now=NOW, how="page")
    for subscriber_id in (who.id, 999):
        with pytest.raises(ConsentError, match="no subscription to change"):
            actions.prefer(connection, subscriber_id, list_id, now=NOW, rhythm="daily")


def test_leaving_works_once_and_is_recorded_once(connection: Connection, list_id: int) -> None:
    who = confirmed(connection, list_id)

    assert actions.leave(connection, who.id, list_id, now=NOW + DAY, how="one-click") == [list_id]
    assert actions.leave(connection, who.id, list_id, now=NOW + DAY, how="one-click") == []

    assert status(connection, list_id) == "left"
    assert [line.act for line in store.consents_of(connection, who.id)] == ["subscribe", "confirm", "leave"]
    assert kinds(connection) == ["confirmation", "welcome", "goodbye"]
    assert actions.leave(connection, 999, list_id, now=NOW, how="page") == []


def test_leaving_every_list_at_once(connection: Connection, list_id: int) -> None:
    who = confirmed(connection, list_id)
    other = store.add_list(connection, "donors", "الداعمون", now=NOW).id
    actions.add_subscriber(connection, "salma@example.org", "donors", now=NOW, keys=KEYS)

    assert actions.leave(connection, who.id, 0, now=NOW, how="page") == [list_id, other]


def test_an_editor_ends_a_subscription_for_somebody_who_wrote(connection: Connection, list_id: int) -> None:
    confirmed(connection, list_id)

    ended = actions.leave_address(connection, "SALMA@example.org", "readers", now=NOW, words="رسالة منها")

    assert ended == [list_id]
    assert store.consents_of(connection, person(connection).id)[-1].words == "رسالة منها"
    assert kinds(connection)[-1] != "goodbye"
    assert actions.leave_address(connection, "salma@example.org", now=NOW) == []
    with pytest.raises(UnknownSubscriber, match=r"nobody has the address nader@example\.org"):
        actions.leave_address(connection, "nader@example.org", now=NOW)
