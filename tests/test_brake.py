"""Bounces of one domain that come together are held: nobody is suppressed for a server that is ill."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from who_may import eligible

from newsletter.events import held
from newsletter.storage.database import Database
from subscribers import actions, store
from subscribers.errors import AddressError, SubscribersError, SuppressedError
from subscribers.models import BounceKind, Event, EventKind, HeldDomain, Subscriber, SuppressionReason
from subscribers.store import bounces
from subscribers.store.tables import domain_readers, held_bounce, recent_bounce, suppression
from subscribers.suppression import BRAKE_NUMBER, BRAKE_PERCENT, BRAKE_WINDOW, bounce_domain, doubtful, judge, names_of

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32))}
names = (f"d{number}" for number in itertools.count())


# ---- the rule


@pytest.mark.parametrize(
    ("bounced", "readers", "is_doubtful"),
    [
        (19, 19, False),
        (20, 20, True),
        (20, 66, True),
        (20, 67, False),
        (29, 100, False),
        (30, 100, True),
        (20, 0, True),
        (299, 1000, False),
        (300, 1000, True),
    ],
)
def test_so_many_of_so_many_are_doubtful(bounced: int, readers: int, is_doubtful: bool) -> None:
    assert (BRAKE_NUMBER, BRAKE_PERCENT, timedelta(hours=1)) == (20, 30, BRAKE_WINDOW)
    assert doubtful(bounced, readers) is is_doubtful


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_rule_is_exact_and_more_bounces_never_make_it_less_doubtful(bounced: int, readers: int) -> None:
    assert doubtful(bounced, readers) is (bounced >= 20 and 10 * bounced >= 3 * readers)
    assert not doubtful(bounced, readers) or doubtful(bounced + 1, readers)


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("salma@example.org", "example.org"),
        ("salma@gmail.com", "gmail.com"),
        ("salma@googlemail.com", "gmail.com"),
        ("salma@xn--mgbh0fb.example", "xn--mgbh0fb.example"),
        ("salma@mail.example.org", "mail.example.org"),
    ],
)
def test_the_domain_of_an_address(address: str, domain: str) -> None:
    assert bounce_domain(address) == domain
    assert address.rpartition("@")[2] in names_of(domain)


def test_a_policy_bounce_means_nothing() -> None:
    event = Event(kind="bounced", at=NOW, delivery="d", bounce="policy")
    assert judge(event, 50) == ("nothing", None)


# ---- events


@pytest.fixture
def list_id(connection: Connection) -> int:
    return store.add_list(connection, "readers", "نشرة القراء", now=NOW).id


def people(connection: Connection, number: int, domain: str = "example.net") -> list[Subscriber]:
    return [
        actions.add_subscriber(connection, f"reader{one}@{domain}", "readers", now=NOW, keys=KEYS).subscriber
        for one in range(number)
    ]


def tell(
    connection: Connection,
    readers: Sequence[Subscriber],
    *,
    minutes: float = 0,
    bounce: BounceKind | None = "hard",
    kind: EventKind = "bounced",
) -> list[str]:
    """What comes of an event of a new delivery of each of these readers."""
    now = NOW + timedelta(minutes=minutes)
    return [
        actions.receive(
            connection,
            Event(kind=kind, at=now, delivery=next(names), bounce=bounce if kind == "bounced" else None),
            subscriber_id=one.id,
            list_id=1,
            now=now,
            keys=KEYS,
        )
        for one in readers
    ]


def mailed(connection: Connection, readers: Sequence[Subscriber], now: datetime = NOW) -> int:
    return len(eligible(connection, 1, [one.id for one in readers], now))


def test_the_twentieth_of_a_domain_brings_all_of_them_back(connection: Connection, list_id: int) -> None:
    readers = people(connection, 40)
    others = people(connection, 3, "other.example.org")
    assert tell(connection, readers[:19]) == ["suppressed"] * 19
    assert tell(connection, others) == ["suppressed"] * 3
    assert mailed(connection, readers) == 21

    assert tell(connection, readers[19:25]) == ["held"] * 6

    assert mailed(connection, readers) == 40
    assert mailed(connection, others) == 0
    [one] = actions.held(connection)
    assert one == HeldDomain("example.net", 25, (("hard", 25),), NOW, 40)
    assert one.share == 25 / 40
    assert store.suppressions(connection) == {"hard": 3}


def test_less_than_thirty_of_a_hundred_are_believed_until_they_are(connection: Connection, list_id: int) -> None:
    readers = people(connection, 100)
    assert set(tell(connection, readers[:29])) == {"suppressed"}
    assert tell(connection, readers[29:30]) == ["held"]
    assert mailed(connection, readers) == 100


def test_nobody_is_held_for_bounces_of_several_hours(connection: Connection, list_id: int) -> None:
    readers = people(connection, 40)
    for number, one in enumerate(readers):
        assert tell(connection, [one], minutes=number * 4) == ["suppressed"]  # 15 in an hour
    assert actions.held(connection) == []


def test_an_hour_is_an_hour(connection: Connection, list_id: int) -> None:
    readers = people(connection, 30)
    tell(connection, readers[:1])
    tell(connection, readers[1:19], minutes=30)
    # The first is too old by now to be counted, and stays what it was.
    assert tell(connection, readers[19:20], minutes=60.5) == ["suppressed"]
    assert tell(connection, readers[20:21], minutes=60.5) == ["held"]
    assert mailed(connection, readers) == 29
    assert store.suppressions(connection) == {"hard": 1}


def test_what_follows_within_an_hour_is_held_too(connection: Connection, list_id: int) -> None:
    readers = people(connection, 60)
    tell(connection, readers[:30])
    assert tell(connection, readers[30:31], minutes=59) == ["held"]
    assert tell(connection, readers[31:32], minutes=117) == ["held"]
    assert tell(connection, readers[32:33], minutes=178) == ["suppressed"]


def test_reasons_of_every_kind_count_together(connection: Connection, list_id: int) -> None:
    readers = people(connection, 30)
    for _ in range(2):
        assert set(tell(connection, readers[:10], bounce="soft")) == {"remembered"}
    assert set(tell(connection, readers[:10], bounce="soft")) == {"suppressed"}
    assert set(tell(connection, readers[10:19], bounce="invalid")) == {"suppressed"}
    assert set(tell(connection, readers[20:30], bounce="policy")) == {"nothing"}
    assert tell(connection, readers[19:20]) == ["held"]
    [one] = actions.held(connection)
    assert dict(one.reasons) == {"hard": 1, "invalid": 9, "soft": 10}


def test_gmail_is_one_domain(connection: Connection, list_id: int) -> None:
    readers = [*people(connection, 15, "gmail.com"), *people(connection, 15, "googlemail.com")]
    tell(connection, readers[:10])
    tell(connection, readers[15:24])
    assert tell(connection, readers[24:25]) == ["held"]
    assert actions.held(connection, "GoogleMail.com") == actions.held(connection, "gmail.com")
    assert actions.held(connection)[0].readers == 30


def test_a_domain_that_only_ends_alike_is_another(connection: Connection, list_id: int) -> None:
    people(connection, 70, "sub.example.net")
    readers = [*people(connection, 30), *people(connection, 30, "other-example.net")]
    assert tell(connection, readers[:20])[-1] == "held"
    assert actions.held(connection)[0].readers == 30


def test_only_readers_who_could_be_mailed_are_counted(connection: Connection, list_id: int) -> None:
    readers = people(connection, 200)
    for one in readers[100:]:
        actions.leave(connection, one.id, 1, now=NOW, how="form", words="", letters=False)
    for one in readers[60:100]:
        actions.suppress(connection, one.address, now=NOW, keys=KEYS)
    assert tell(connection, readers[:20])[-1] == "held"
    assert actions.held(connection)[0].readers == 60


def test_who_was_suppressed_before_is_not_brought_back(connection: Connection, list_id: int) -> None:
    readers = people(connection, 40)
    early = NOW - timedelta(days=3)
    assert actions.receive(
        connection,
        Event(kind="bounced", at=early, delivery=next(names), bounce="hard"),
        subscriber_id=readers[0].id,
        list_id=1,
        now=early,
        keys=KEYS,
    )
    assert tell(connection, readers[:1]) == ["nothing"]  # a second bounce of an address that is suppressed
    assert tell(connection, readers[1:21])[-1] == "held"
    assert mailed(connection, readers) == 39


@pytest.mark.parametrize("said", ["complained", "editor"])
def test_what_a_person_said_behind_the_bounce_stands(connection: Connection, list_id: int, said: str) -> None:
    readers = people(connection, 40)
    tell(connection, readers[:10])
    if said == "complained":
        tell(connection, readers[:1], kind="complained")
    else:
        assert actions.suppress(connection, readers[0].address, now=NOW, keys=KEYS) is False
    assert tell(connection, readers[10:20])[-1] == "held"
    assert mailed(connection, readers) == 39
    assert store.suppressions(connection) == {said: 1}
    assert actions.held(connection)[0].number == 19


def test_a_bounce_does_not_soften_a_complaint(connection: Connection, list_id: int) -> None:
    [one] = people(connection, 1)
    tell(connection, [one], kind="complained")
    assert tell(connection, [one]) == ["nothing"]
    assert store.suppressions(connection) == {"complained": 1}


def test_who_is_held_and_complains_is_suppressed_and_held_no_more(connection: Connection, list_id: int) -> None:
    readers = people(connection, 40)
    tell(connection, readers[:20])
    assert tell(connection, readers[:1], kind="complained") == ["suppressed"]
    assert actions.held(connection)[0].number == 19
    assert mailed(connection, readers) == 39


def test_a_later_lone_bounce_of_who_is_held_is_believed(connection: Connection, list_id: int) -> None:
    readers = people(connection, 40)
    tell(connection, readers[:20])
    assert tell(connection, readers[:1], minutes=7 * 24 * 60) == ["suppressed"]
    assert actions.held(connection)[0].number == 19


def test_a_letter_that_arrives_later_releases(connection: Connection, list_id: int) -> None:
    readers = people(connection, 40)
    tell(connection, readers[:20])
    before, after = NOW - timedelta(minutes=1), NOW + timedelta(days=2)
    assert store.release_held(connection, {readers[0].id: before, readers[1].id: NOW, readers[30].id: after}) == 0
    assert store.release_held(connection, {readers[0].id: after, readers[1].id: before}) == 1
    assert actions.held(connection)[0].number == 19
    assert mailed(connection, readers) == 40


def test_an_editor_may_believe_them(connection: Connection, list_id: int) -> None:
    readers = people(connection, 40)
    tell(connection, readers[:15])
    tell(connection, readers[15:20], bounce="invalid")
    assert actions.accept_held(connection, now=NOW, keys=KEYS, domain="@Example.NET") == {"hard": 15, "invalid": 5}
    assert actions.held(connection) == []
    assert mailed(connection, readers) == 20
    stopped = store.suppression_of(connection, "reader0@example.net", KEYS)
    assert stopped is not None
    assert (stopped.reason, stopped.subscriber_id) == ("hard", readers[0].id)
    assert actions.accept_held(connection, now=NOW, keys=KEYS) == {}
    # What was decided is not held by the next brake: those that come now count alone.
    assert set(tell(connection, readers[20:39])) == {"suppressed"}
    assert tell(connection, readers[39:]) == ["held"]
    assert mailed(connection, readers) == 20


def test_an_editor_may_forget_them(connection: Connection, list_id: int) -> None:
    readers = people(connection, 40)
    others = people(connection, 40, "other.example.org")
    for _ in range(3):
        tell(connection, readers[:20], bounce="soft")
    tell(connection, others[:20])
    assert actions.dismiss_held(connection, domain="example.net") == 20
    assert [one.domain for one in actions.held(connection)] == ["other.example.org"]
    assert mailed(connection, readers) == 40
    assert all(store.troubles_of(connection, one.id, now=NOW) == 0 for one in readers)
    assert actions.dismiss_held(connection) == 20
    assert actions.dismiss_held(connection) == 0


def test_what_is_not_held_is_told(connection: Connection, list_id: int) -> None:
    with pytest.raises(SubscribersError, match=r"no bounce of example.net is held"):
        actions.held(connection, "example.net")
    with pytest.raises(AddressError):
        actions.held(connection, "no domain")


def test_a_file_that_suppresses_who_is_held_decides(connection: Connection, list_id: int) -> None:
    readers = people(connection, 20)
    tell(connection, readers)
    connection.execute(
        sa.insert(suppression).values(
            fingerprint=b"1" * 32, key_id=1, subscriber_id=readers[0].id, reason="import", at=0
        )
    )
    assert actions.held(connection)[0].number == 19
    assert sum(actions.accept_held(connection, now=NOW, keys=KEYS).values()) == 19
    assert store.suppressions(connection) == {"hard": 19, "import": 1}


def test_taking_back_one_forgets_its_bounce_everywhere(connection: Connection, list_id: int) -> None:
    readers = people(connection, 40)
    tell(connection, readers[:20])
    assert actions.unsuppress(connection, readers[0].address, keys=KEYS) is not None
    assert actions.held(connection)[0].number == 19
    assert actions.unsuppress(connection, readers[0].address, keys=KEYS) is None


def test_erasing_leaves_nothing_of_the_person_in_these_tables(connection: Connection, list_id: int) -> None:
    readers = people(connection, 40)
    tell(connection, readers[:20])
    actions.erase(connection, readers[0].address, now=NOW, keys=KEYS)
    for table in (held_bounce, recent_bounce):
        assert readers[0].id not in connection.execute(sa.select(table.c.subscriber_id)).scalars().all()
    assert actions.held(connection)[0].number == 19


def test_old_bounces_are_forgotten(connection: Connection, list_id: int) -> None:
    tell(connection, people(connection, 3))
    store.forget_old_bounces(connection, now=NOW + 2 * BRAKE_WINDOW)
    assert connection.execute(sa.select(sa.func.count()).select_from(recent_bounce)).scalar_one() == 3
    store.forget_old_bounces(connection, now=NOW + 2 * BRAKE_WINDOW + timedelta(seconds=1))
    assert connection.execute(sa.select(sa.func.count()).select_from(recent_bounce)).scalar_one() == 0


def test_readers_are_counted_once_and_only_from_twenty_on(
    connection: Connection, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = people(connection, 200)
    counted: list[str] = []
    monkeypatch.setattr(
        bounces, "_in_domain", lambda domain, own=bounces._in_domain: (counted.append(domain), own(domain))[1]
    )
    tell(connection, readers[:19])
    assert counted == []
    tell(connection, readers[19:70])
    assert counted == ["example.net"]
    assert actions.held(connection)[0].number == 70
    tell(connection, readers[70:75], minutes=200)
    assert counted == ["example.net"]
    assert connection.execute(sa.select(domain_readers.c.readers)).scalars().all() == [200]


@pytest.mark.parametrize("workers", [1, 4])
def test_reports_of_several_processes_count_together(database: Database, workers: int) -> None:
    with database.write() as connection:
        store.add_list(connection, "readers", "نشرة القراء", now=NOW)
        readers = people(connection, 60)

    def report(number: int) -> list[str]:
        with database.write() as connection:
            return tell(connection, readers[number * 5 : number * 5 + 5])

    with ThreadPoolExecutor(workers) as pool:
        outcomes = [outcome for outcomes in pool.map(report, range(6)) for outcome in outcomes]
    assert sorted(outcomes) == ["held"] * 11 + ["suppressed"] * 19
    with database.read() as connection:
        assert mailed(connection, readers) == 60
        assert actions.held(connection)[0].number == 30


# ---- words


def test_what_is_held_is_said() -> None:
    def one(domain: str, number: int, readers: int | None) -> HeldDomain:
        return HeldDomain(domain, number, (("hard", number),), NOW, readers)

    assert held.words([]) == ()
    found = [one("a.example", 1200, 2000), one("b.example", 30, None), one("c.example", 1, 40)]
    assert held.words(found) == (
        "1,200 bounces of a.example came too many at once to be believed and wait for you, 60% of its readers",
        "30 bounces of b.example came too many at once to be believed and wait for you",
        "1 bounce of c.example came too many at once to be believed and wait for you, 2% of its readers",
    )
    more = held.words([*found, one("d.example", 5, 9), one("e.example", 4, 9)])
    assert more[3:] == ("9 bounces of 2 other domains wait too",)
    assert one("a.example", 30, 20).share == 1.0


# ---- taking back many


@pytest.fixture
def stopped(connection: Connection, list_id: int) -> list[Subscriber]:
    """Suppressed: by a bounce of each kind, an editor, a complaint, an erasure; of two domains, on three days."""
    readers = [*people(connection, 6), *people(connection, 3, "other.example.org")]
    for day, (one, reason) in enumerate(zip(readers, REASONS, strict=True)):
        store.suppress(connection, one.address, KEYS, reason=reason, now=NOW + timedelta(days=day % 3))
    store.suppress(connection, "nobody@example.net", KEYS, reason="editor", now=NOW)
    actions.erase(connection, readers[5].address, now=NOW, keys=KEYS)
    return readers


REASONS: tuple[SuppressionReason, ...] = (
    "hard",
    "invalid",
    "soft",
    "blocked",
    "complained",
    "hard",
    "hard",
    "editor",
    "import",
)


def test_many_are_taken_back_by_domain(connection: Connection, stopped: list[Subscriber]) -> None:
    found = actions.unsuppress_many(connection, domain="EXAMPLE.net", dry_run=True)
    assert (found.lifted, dict(found.kept), found.untold) == (4, {"complained": 1}, 1)
    assert dict(found.reasons) == {"hard": 1, "invalid": 1, "soft": 1, "blocked": 1}
    assert mailed(connection, stopped) == 0
    assert actions.unsuppress_many(connection, domain="example.net") == found
    assert mailed(connection, stopped) == 4
    assert store.suppressions(connection) == {"complained": 1, "editor": 2, "erased": 1, "hard": 1, "import": 1}
    assert actions.unsuppress_many(connection, domain="example.net").lifted == 0


def test_conditions_hold_together(connection: Connection, stopped: list[Subscriber]) -> None:
    def lifted(**conditions: object) -> dict[SuppressionReason, int]:
        return dict(actions.unsuppress_many(connection, dry_run=True, **conditions).reasons)  # type: ignore[arg-type]

    second = NOW + timedelta(days=1)
    assert lifted(since=second) == {"invalid": 1, "soft": 1, "editor": 1, "import": 1}
    assert lifted(since=second, domain="other.example.org") == {"editor": 1, "import": 1}
    assert lifted(reasons=["editor"]) == {"editor": 2}  # also whom nobody has
    assert lifted(reasons=["editor", "hard"], domain="other.example.org") == {"editor": 1, "hard": 1}
    assert lifted(since=second, reasons=["soft"], domain="other.example.org") == {}


@pytest.mark.parametrize("reason", ["complained", "erased"])
def test_complaints_and_erasures_never_come_back_with_others(
    connection: Connection, stopped: list[Subscriber], reason: SuppressionReason
) -> None:
    with pytest.raises(SuppressedError, match="never taken back with others"):
        actions.unsuppress_many(connection, reasons=["hard", reason])
    with pytest.raises(ValueError, match="at least one condition"):
        actions.unsuppress_many(connection)
    before = store.suppressions(connection)[reason]
    found = actions.unsuppress_many(connection, since=NOW - timedelta(days=900))
    assert dict(found.kept)[reason] == before
    assert store.suppressions(connection) == {"complained": 1, "erased": 1}


def test_who_is_taken_back_starts_afresh(connection: Connection, list_id: int) -> None:
    [one] = people(connection, 1)
    for _ in range(3):
        tell(connection, [one], bounce="soft")
    actions.unsuppress_many(connection, reasons=["soft"])
    assert store.troubles_of(connection, one.id, now=NOW) == 0
    assert connection.execute(sa.select(recent_bounce)).all() == []
    assert tell(connection, [one], bounce="soft") == ["remembered"]
