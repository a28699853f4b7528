from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from who_may import eligible

from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.errors import SecretError, SuppressedError
from subscribers.models import BounceKind, Event, EventKind, Subscriber
from subscribers.store.tables import suppression, trouble
from subscribers.suppression import LOOKS_BACK, PATIENCE, fingerprint, fingerprints, judge

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32)), 2: bytes(range(32, 64))}


def event(kind: EventKind, bounce: BounceKind | None = None, *, delivery: str = "d1") -> Event:
    return Event(kind=kind, at=NOW, delivery=delivery, bounce=bounce, reason="550 5.1.1 no such user")


# ---- the rule


@pytest.mark.parametrize(
    ("kind", "bounce", "troubles", "verdict"),
    [
        ("bounced", "hard", 0, ("suppress", "hard")),
        ("bounced", "invalid", 0, ("suppress", "invalid")),
        ("complained", None, 0, ("suppress", "complained")),
        ("bounced", "soft", 0, ("remember", None)),
        ("bounced", "soft", 1, ("remember", None)),
        ("bounced", "soft", 2, ("suppress", "soft")),
        ("bounced", "blocked", 0, ("remember", None)),
        ("bounced", "blocked", 2, ("suppress", "blocked")),
        ("bounced", None, 0, ("remember", None)),
        ("bounced", None, 2, ("suppress", "soft")),
        ("delivered", None, 2, ("nothing", None)),
        ("deferred", None, 9, ("nothing", None)),
        ("opened", None, 9, ("nothing", None)),
        ("clicked", None, 9, ("nothing", None)),
        ("left", None, 9, ("nothing", None)),
        ("unknown", None, 9, ("nothing", None)),
    ],
)
def test_the_rule(kind: EventKind, bounce: BounceKind | None, troubles: int, verdict: tuple[str, str | None]) -> None:
    assert judge(event(kind, bounce), troubles) == verdict


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_fingerprint_is_of_one_address_and_one_secret(one: str, other: str) -> None:
    assert len(fingerprint(one, KEYS[1])) == 32
    assert (fingerprint(one, KEYS[1]) == fingerprint(other, KEYS[1])) is (one == other)
    assert fingerprint(one, KEYS[1]) != fingerprint(one, KEYS[2])


def test_a_secret_that_is_missing_or_short_is_told() -> None:
    assert fingerprints("a@example.org", KEYS, frozenset({1, 2})) == [
        fingerprint("a@example.org", KEYS[1]),
        fingerprint("a@example.org", KEYS[2]),
    ]
    with pytest.raises(SecretError, match="secret key 7, which is missing"):
        fingerprints("a@example.org", KEYS, frozenset({1, 7}))
    with pytest.raises(ValueError, match="32 bytes"):
        fingerprint("a@example.org", b"short")


# ---- events


@pytest.fixture
def list_id(connection: Connection) -> int:
    return store.add_list(connection, "readers", "نشرة القراء", now=NOW).id


def add(connection: Connection, address: str = "salma@example.org") -> Subscriber:
    return actions.add_subscriber(connection, address, "readers", now=NOW, keys=KEYS).subscriber


def receive(connection: Connection, person: Subscriber, list_id: int, what: Event, now: datetime = NOW) -> str:
    return actions.receive(connection, what, subscriber_id=person.id, list_id=list_id, now=now, keys=KEYS)


@pytest.mark.parametrize("what", [event("bounced", "hard"), event("bounced", "invalid"), event("complained")])
def test_a_hard_bounce_or_a_complaint_stops_all_letters_at_once(
    connection: Connection, list_id: int, what: Event
) -> None:
    person = add(connection)
    assert eligible(connection, list_id, [person.id], NOW)

    assert receive(connection, person, list_id, what) == "suppressed"
    assert receive(connection, person, list_id, what) == "nothing"

    assert eligible(connection, list_id, [person.id], NOW) == {}
    assert list(connection.execute(store.audience(list_id, rhythms=["weekly"], now=NOW)).scalars()) == []
    stopped = store.suppression_of(connection, "salma@example.org", KEYS)
    assert stopped is not None
    assert (stopped.reason, stopped.at, stopped.subscriber_id) == (what.bounce or "complained", NOW, person.id)
    # A fact about the address, not about consent.
    assert store.subscriptions_of(connection, person.id)[0].status == "confirmed"


def test_the_third_soft_bounce_within_30_days_stops_letters(connection: Connection, list_id: int) -> None:
    person = add(connection)

    def bounces(days: float, delivery: str, kind: BounceKind = "soft") -> str:
        now = NOW + timedelta(days=days)
        return receive(connection, person, list_id, event("bounced", kind, delivery=delivery), now)

    assert bounces(0, "d1") == "remembered"
    assert bounces(0, "d1") == "remembered"  # told twice, counts once
    assert bounces(0, "d1", "blocked") == "remembered"
    assert bounces(7, "d2", "blocked") == "remembered"
    assert bounces(30.5, "d3") == "remembered"  # d1 is too old by now
    assert bounces(37.5, "d4") == "remembered"  # and so is d2
    assert bounces(38, "d5") == "suppressed"
    stopped = store.suppression_of(connection, "salma@example.org", KEYS)
    assert stopped is not None
    assert stopped.reason == "soft"


def test_old_troubles_are_forgotten_and_new_ones_counted_once(connection: Connection, list_id: int) -> None:
    person = add(connection)
    for number in range(PATIENCE - 1):
        receive(connection, person, list_id, event("bounced", "soft", delivery=f"d{number}"))
    assert store.troubles_of(connection, person.id, now=NOW) == PATIENCE - 1
    assert store.troubles_of(connection, person.id, now=NOW, but="d0") == PATIENCE - 2

    later = NOW + LOOKS_BACK + timedelta(seconds=1)
    assert store.troubles_of(connection, person.id, now=later) == 0
    receive(connection, person, list_id, event("bounced", "soft", delivery="new"), later)
    assert connection.execute(sa.select(trouble.c.delivery)).scalars().all() == ["new"]


@pytest.mark.parametrize("kind", ["delivered", "deferred", "opened", "clicked", "unknown"])
def test_other_events_change_nothing(connection: Connection, list_id: int, kind: EventKind) -> None:
    person = add(connection)
    assert receive(connection, person, list_id, event(kind)) == "nothing"
    assert eligible(connection, list_id, [person.id], NOW)


def test_leaving_through_the_provider_ends_the_subscription_without_a_letter(
    connection: Connection, list_id: int
) -> None:
    person = add(connection)
    store.add_list(connection, "donors", "الداعمون", now=NOW)
    actions.add_subscriber(connection, "salma@example.org", "donors", now=NOW, keys=KEYS)

    assert receive(connection, person, list_id, event("left")) == "left"
    assert receive(connection, person, list_id, event("left")) == "nothing"
    assert [one.status for one in store.subscriptions_of(connection, person.id)] == ["left", "confirmed"]
    # A list the provider does not name means all of them.
    assert receive(connection, person, 0, event("left")) == "left"
    assert [one.status for one in store.subscriptions_of(connection, person.id)] == ["left", "left"]
    assert store.consents_of(connection, person.id)[-1].how == "provider"
    assert letters(connection) == []


def test_an_event_about_somebody_who_was_erased_changes_nothing(connection: Connection, list_id: int) -> None:
    assert (
        actions.receive(connection, event("bounced", "hard"), subscriber_id=77, list_id=list_id, now=NOW, keys=KEYS)
        == "nothing"
    )


def test_without_the_secret_a_bounce_is_refused_and_not_lost(connection: Connection, list_id: int) -> None:
    person = add(connection)
    with pytest.raises(SecretError):
        actions.receive(
            connection, event("bounced", "hard"), subscriber_id=person.id, list_id=list_id, now=NOW, keys={}
        )


# ---- by hand


def test_a_suppressed_address_is_not_added_imported_or_subscribed(
    connection: Connection, list_id: int, tmp_path: Path
) -> None:
    assert actions.suppress(connection, "Salma@example.org", now=NOW, keys=KEYS) is True
    assert actions.suppress(connection, "salma@example.org", now=NOW, keys=KEYS) is False

    with pytest.raises(SuppressedError, match=r"must not be mailed: an editor stopped it \(since 2026-11-24\)"):
        actions.add_subscriber(connection, "SALMA@example.org", "readers", now=NOW, keys=KEYS)
    wished = actions.subscribe(connection, "salma@example.org", "readers", now=NOW, keys=KEYS, how="form", words="")
    assert wished == "nothing"
    path = tmp_path / "list.csv"
    path.write_text("email\nsalma@example.org\nnader@example.org\n", "utf-8")
    report = actions.import_file(connection, path, "readers", now=NOW, keys=KEYS)

    assert (report.added, report.suppressed) == (1, 1)
    assert store.find(connection, normalise("salma@example.org")) is None
    assert connection.execute(sa.select(suppression.c.subscriber_id)).scalars().all() == [None]
    assert store.suppressions(connection) == {"editor": 1}


def test_without_the_secret_nobody_is_added_once_somebody_is_suppressed(
    connection: Connection, list_id: int, tmp_path: Path
) -> None:
    actions.add_subscriber(connection, "before@example.org", "readers", now=NOW)
    actions.suppress(connection, "salma@example.org", now=NOW, keys=KEYS)
    path = tmp_path / "list.csv"
    path.write_text("email\nnader@example.org\n", "utf-8")

    for keys in ({}, {1: KEYS[1]}):
        with pytest.raises(SecretError):
            actions.add_subscriber(connection, "nader@example.org", "readers", now=NOW, keys=keys)
        with pytest.raises(SecretError), connection.begin_nested():
            actions.import_file(connection, path, "readers", now=NOW, keys=keys)


def test_an_old_key_goes_on_protecting_when_a_new_one_is_made(
    connection: Connection, list_id: int, tmp_path: Path
) -> None:
    actions.suppress(connection, "old@example.org", now=NOW, keys={1: KEYS[1]})
    actions.suppress(connection, "new@example.org", now=NOW, keys=KEYS)
    assert store.used_keys(connection) == {1, 2}
    assert actions.suppress(connection, "old@example.org", now=NOW, keys=KEYS) is False
    path = tmp_path / "list.csv"
    path.write_text("email\nold@example.org\nnew@example.org\nfree@example.org\n", "utf-8")

    report = actions.import_file(connection, path, "readers", now=NOW, keys=KEYS)

    assert (report.added, report.suppressed) == (1, 2)


def test_an_import_sees_suppressed_addresses_on_every_page(
    connection: Connection, list_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.store.staging.rows.PAGE", 2)
    for number in (0, 3, 4, 8):
        actions.suppress(connection, f"p{number}@example.org", now=NOW, keys=KEYS)
    path = tmp_path / "list.csv"
    lines = [f"p{number}@example.org,{'bounced' if number == 6 else 'confirmed'}" for number in range(9)]
    path.write_text("\n".join(["email,status", *lines]), "utf-8")

    report = actions.import_file(connection, path, "readers", now=NOW, keys=KEYS)

    assert (report.added, report.suppressed) == (4, 5)
    assert store.suppressions(connection) == {"editor": 4, "import": 1}


def test_a_suppressed_person_whom_a_file_calls_left_leaves(
    connection: Connection, list_id: int, tmp_path: Path
) -> None:
    person = add(connection)
    actions.suppress(connection, "salma@example.org", now=NOW, keys=KEYS)
    actions.suppress(connection, "stranger@example.org", now=NOW, keys=KEYS)
    path = tmp_path / "list.csv"
    path.write_text("email,status\nsalma@example.org,left\nstranger@example.org,left\n", "utf-8")

    report = actions.import_file(connection, path, "readers", now=NOW, keys=KEYS)

    assert (report.left, report.suppressed) == (1, 1)
    assert store.subscriptions_of(connection, person.id)[0].status == "left"
    assert store.find(connection, normalise("stranger@example.org")) is None


def test_an_import_suppresses_known_people_too(connection: Connection, list_id: int, tmp_path: Path) -> None:
    person = add(connection)
    path = tmp_path / "list.csv"
    path.write_text("email,status\nsalma@example.org,bounced\n", "utf-8")

    actions.import_file(connection, path, "readers", now=NOW, keys=KEYS)

    assert eligible(connection, list_id, [person.id], NOW) == {}


def test_an_address_can_be_mailed_again_and_starts_afresh(connection: Connection, list_id: int) -> None:
    person = add(connection)
    for number in range(PATIENCE):
        receive(connection, person, list_id, event("bounced", "soft", delivery=f"d{number}"))
    assert eligible(connection, list_id, [person.id], NOW) == {}

    lifted = actions.unsuppress(connection, "Salma@example.org", keys=KEYS)

    assert lifted == normalise("Salma@example.org")
    assert eligible(connection, list_id, [person.id], NOW)
    assert store.troubles_of(connection, person.id, now=NOW) == 0
    assert actions.unsuppress(connection, "salma@example.org", keys=KEYS) is None


def test_who_complained_is_mailed_again_only_when_they_asked(connection: Connection, list_id: int) -> None:
    person = add(connection)
    receive(connection, person, list_id, event("complained"))

    with pytest.raises(SuppressedError, match="stays suppressed: the person reported a letter as spam"):
        actions.unsuppress(connection, "salma@example.org", keys=KEYS)
    assert eligible(connection, list_id, [person.id], NOW) == {}
    assert actions.unsuppress(connection, "salma@example.org", keys=KEYS, asked=True) is not None
    assert eligible(connection, list_id, [person.id], NOW)


def test_the_table_of_suppressed_addresses_holds_no_address(connection: Connection, list_id: int) -> None:
    actions.suppress(connection, "salma@example.org", now=NOW, keys=KEYS)
    [row] = connection.execute(sa.select(suppression)).all()
    assert "salma" not in repr(row)
    assert bytes(row.fingerprint) == fingerprint("salma@example.org", KEYS[2])


def letters(connection: Connection) -> list[str]:
    claimed = store.claim_letters(connection, token="t", now=NOW, lease=timedelta(minutes=1))
    return [letter.kind for letter in claimed]
