"""Asking somebody by a confirmation letter: nobody is subscribed by it, nobody is bombed, nobody is brought back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.errors import AddressError, ConsentError, LinkError, SuppressedError, UnknownList
from subscribers.store.limits import Caps
from subscribers.store.tables import small_letter

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32))}
DAY = timedelta(days=1)
SALMA = "salma@example.org"


@pytest.fixture(autouse=True)
def list_id(connection: Connection) -> int:
    return store.add_list(connection, "readers", "نشرة القراء", now=NOW).id


def ask(connection: Connection, address: str = SALMA, **more: Any) -> str:
    wanted: dict[str, Any] = {"now": NOW, "keys": KEYS, "caps": Caps(), "words": "بطاقة"}
    return actions.ask(connection, address, "readers", **{**wanted, **more})


def status(connection: Connection, address: str = SALMA) -> str | None:
    return actions.status_of(connection, normalise(address), 1)


def letters(connection: Connection) -> list[tuple[str, int]]:
    query = sa.select(small_letter.c.kind, small_letter.c.subscriber_id).order_by(small_letter.c.id)
    return [(row.kind, row.subscriber_id) for row in connection.execute(query)]


def test_who_is_asked_waits_and_the_record_says_so(connection: Connection) -> None:
    assert ask(connection, rhythm="daily") == "asked"
    assert status(connection) == "pending"
    assert letters(connection) == [("confirmation", 1)]
    (line,) = store.consents_of(connection, 1)
    assert (line.act, line.how, line.words) == ("ask", "editor", "بطاقة")
    kept = store.subscription_of(connection, 1, 1)
    assert kept is not None
    assert kept.rhythm == "daily"


def test_nobody_is_asked_twice_in_a_day_nor_four_times_in_a_month(connection: Connection) -> None:
    told = [ask(connection, now=NOW + number * DAY) for number in (0, 0, 2, 4, 6, 40)]
    assert told == ["asked", "lately", "asked", "asked", "lately", "asked"]
    assert len(letters(connection)) == 4
    assert len(store.consents_of(connection, 1)) == 1


def test_the_form_and_the_editor_share_the_caps_and_so_do_spellings_of_a_mailbox(connection: Connection) -> None:
    wanted = normalise("salma+news@example.org")
    came = actions.wish(
        connection, wanted, "readers", now=NOW, keys=KEYS, caps=Caps(), network="192.0.2.0/24", how="form", words=""
    )
    assert came == "asked"
    assert ask(connection) == "lately"
    assert status(connection) is None


def wish(connection: Connection, address: str, **more: Any) -> str:
    wanted: dict[str, Any] = {"now": NOW, "keys": KEYS, "caps": Caps(), "how": "form", "words": "", "road": "form"}
    return actions.wish(connection, normalise(address), "readers", **{**wanted, **more})


def test_an_editor_asks_whom_they_want_to_and_the_form_stays_open(connection: Connection) -> None:
    caps = Caps(network_an_hour=1, total_an_hour=20)
    told = [ask(connection, f"r{number}@example.net", caps=caps) for number in range(30)]
    assert told == ["asked"] * 30
    assert [ask(connection, f"r{number}@example.net", caps=caps) for number in range(30)] == ["lately"] * 30
    assert wish(connection, "salma@example.net", caps=caps) == "asked"


def test_a_wish_says_which_cap_keeps_it_back(connection: Connection) -> None:
    caps = Caps(total_an_hour=20)  # 10 to a domain, 4 by mail
    by_mail = [wish(connection, f"m{n}@d{n}.example.net", caps=caps, road="mail") for n in range(6)]
    assert by_mail == ["asked"] * 4 + ["full"] * 2
    of_domain = [wish(connection, f"f{n}@example.org", caps=caps, network=f"n{n}") for n in range(12)]
    assert of_domain == ["asked"] * 10 + ["domain"] * 2
    assert wish(connection, "m0@d0.example.net", caps=caps, road="mail") == "lately"
    assert wish(connection, "f0@example.org", caps=caps) == "lately"
    actions.add_subscriber(connection, SALMA, "readers", now=NOW, keys=KEYS)
    assert wish(connection, SALMA, caps=replace(caps, total_an_hour=1000)) == "reminded"


def test_an_answered_letter_does_not_count(connection: Connection) -> None:
    """Who subscribes, confirms and leaves on one day can come back on it, and a stranger cannot make use of it."""
    for _ in range(4):
        assert wish(connection, SALMA) == "asked"
        assert wish(connection, SALMA) == "lately"
        assert ask(connection) == "lately"
        letter_id = int(connection.execute(sa.select(sa.func.max(small_letter.c.id))).scalar_one())
        actions.make_confirmation(connection, 1, 1, now=NOW)
        actions.confirm_letter(connection, letter_id, now=NOW, how="mail")
        assert wish(connection, SALMA) in ("reminded", "lately")  # the way to their choices, once a day
        actions.leave(connection, 1, 1, now=NOW, how="mail", letters=False)
    assert wish(connection, SALMA) == "asked"
    assert wish(connection, SALMA, now=NOW + DAY / 2) == "lately"


def test_who_is_subscribed_gets_no_letter(connection: Connection) -> None:
    actions.add_subscriber(connection, SALMA, "readers", now=NOW, keys=KEYS)
    assert ask(connection) == "confirmed"
    assert letters(connection) == []
    assert status(connection) == "confirmed"


def test_who_left_is_asked_only_when_they_asked_for_it(connection: Connection) -> None:
    person = actions.add_subscriber(connection, SALMA, "readers", now=NOW, keys=KEYS).subscriber
    actions.leave(connection, person.id, 1, now=NOW, how="page", letters=False)
    with pytest.raises(ConsentError, match="only they can come back"):
        ask(connection)
    assert letters(connection) == []
    assert ask(connection, restore=True) == "asked"
    assert status(connection) == "pending"
    assert [line.act for line in store.consents_of(connection, person.id)] == ["add", "leave", "subscribe"]


@pytest.mark.parametrize("how", ["suppressed", "erased"])
def test_an_address_that_must_not_be_mailed_is_not_asked(connection: Connection, how: str) -> None:
    if how == "suppressed":
        actions.suppress(connection, SALMA, now=NOW, keys=KEYS)
    else:
        actions.add_subscriber(connection, SALMA, "readers", now=NOW, keys=KEYS)
        actions.erase(connection, SALMA, now=NOW, keys=KEYS)
    with pytest.raises(SuppressedError, match="must not be mailed"):
        ask(connection)
    with pytest.raises(SuppressedError):
        ask(connection, restore=True)
    assert letters(connection) == []
    assert store.find(connection, normalise(SALMA)) is None


def test_what_cannot_be_asked_is_said(connection: Connection) -> None:
    with pytest.raises(AddressError):
        ask(connection, "nobody")
    with pytest.raises(UnknownList):
        actions.ask(connection, SALMA, "strangers", now=NOW, keys=KEYS, caps=Caps())


# ---- an answer to the letter


def answer(connection: Connection, letter_id: int, **more: Any) -> actions.ConfirmationOutcome:
    return actions.confirm_letter(connection, letter_id, now=more.pop("now", NOW), how="mail", words="Re:", **more)


def test_an_answer_to_the_letter_confirms_as_long_as_its_link_works(connection: Connection) -> None:
    ask(connection)
    with pytest.raises(LinkError):
        answer(connection, 1)  # the letter has not gone out
    actions.make_confirmation(connection, 1, 1, now=NOW, lasts=actions.CONFIRMATION_BY_MAIL_LASTS)
    with pytest.raises(LinkError):
        answer(connection, 1, now=NOW + timedelta(days=7, seconds=1))
    assert answer(connection, 1, now=NOW + timedelta(days=7)).already is False
    assert answer(connection, 1).already is True
    assert status(connection) == "confirmed"
    assert letters(connection) == [("confirmation", 1), ("welcome", 1)]
    assert store.consents_of(connection, 1)[-1].how == "mail"


def test_an_answer_to_another_letter_confirms_nobody(connection: Connection) -> None:
    ask(connection)
    actions.make_confirmation(connection, 1, 1, now=NOW)
    welcome = store.queue_letter(connection, "welcome", 1, 1, now=NOW)
    for letter_id in (welcome, 99):
        with pytest.raises(LinkError):
            answer(connection, letter_id)
    assert status(connection) == "pending"


def test_an_answer_does_not_undo_a_goodbye(connection: Connection) -> None:
    ask(connection)
    actions.make_confirmation(connection, 1, 1, now=NOW)
    actions.leave(connection, 1, 1, now=NOW, how="mail")
    with pytest.raises(ConsentError):
        answer(connection, 1)
    assert status(connection) == "left"


def test_a_wish_beyond_the_caps_leaves_no_trace(connection: Connection) -> None:
    caps = replace(Caps(), total_an_hour=1)
    assert wish(connection, SALMA, caps=caps) == "asked"
    assert wish(connection, "nabil@example.org", caps=caps) == "full"
    assert store.find(connection, normalise("nabil@example.org")) is None
