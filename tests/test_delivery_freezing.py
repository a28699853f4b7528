"""What is frozen stands in one transaction: letters, audience, periods, what was carried; and who is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from scripted import ISSUE, LETTER, NOW, Bench, bench
from sqlalchemy import Connection

from newsletter import delivery, ledger, library
from newsletter.delivery import AudienceChangedError, PeriodTakenError
from newsletter.errors import SendError
from newsletter.ledger import Mailing, RateLimit, Send
from newsletter.letters.mime import from_json, to_json
from newsletter.models import Article
from newsletter.rhythms.audience import audience, rhythms_of
from newsletter.storage.database import Database
from subscribers.store.tables import subscription


def freeze(here: Bench, key: str = "7", *, rhythm: str = "weekly", **more: Any) -> Send:
    values: dict[str, Any] = {"articles": lambda _: [], **more}
    mailings = values.pop("mailings", None) or [Mailing(to_json(LETTER), audience(1, rhythm, NOW))]
    return delivery.freeze(here.setup, mailings, key=key, subject="أسبوع", list_id=1, rhythm=rhythm, now=NOW, **values)


def shelve(database: Database, count: int) -> list[int]:
    made = [Article(f"خبر {number}", f"https://example.org/{number}/") for number in range(count)]
    with database.write() as connection:
        library.shelve(connection, made, now=NOW)
        return sorted(one.id for one in library.holdings(connection))


def test_one_letter_goes_to_everybody_of_its_rhythm(database: Database) -> None:
    here = bench(database, 3)
    here.run("UPDATE subscription SET rhythm = 'daily' WHERE subscriber_id = :one", one=here.readers[0])
    send = delivery.freeze_letter(here.setup, ISSUE, LETTER, list_id=1, rhythm="all")
    assert (send.issue, send.audience, send.state, send.rhythm) == ("7", 3, "running", "all")
    with database.read() as connection:
        batch = here.ask("SELECT letter_id FROM batch")[0][0]
        assert from_json(ledger.letter_of(connection, batch)) == LETTER
        assert ledger.account(connection, send.id).queued == 3


def test_batches_are_as_large_as_the_sender_and_the_rate_limit_allow(database: Database) -> None:
    here = bench(database, 7)
    here.provider.batch_size = 5
    freeze(here, "1")
    assert here.ask("SELECT count(*) FROM delivery GROUP BY batch_id ORDER BY batch_id") == [(5,), (2,)]
    here.more["rate_limit"] = RateLimit(per_second=6)
    freeze(here, "2")
    assert here.ask("SELECT count(*) FROM delivery GROUP BY batch_id ORDER BY batch_id")[2:] == [(3,), (3,), (1,)]


def test_nobody_to_send_to_leaves_nothing(database: Database) -> None:
    here = bench(database, 0)
    with pytest.raises(SendError, match="nobody on the list is waiting for issue 7") as caught:
        freeze(here)
    assert caught.value.mend == "add subscribers with: newsletter subscribers import FILE"
    assert here.ask("SELECT count(*) FROM send") == [(0,)]


def test_the_guard_looks_before_anything_is_written(database: Database) -> None:
    here = bench(database, 1)

    def guard(connection: Connection) -> None:
        assert ledger.sends(connection) == []
        raise SendError("the issue was changed meanwhile")

    with pytest.raises(SendError, match="changed meanwhile"):
        freeze(here, guard=guard)
    assert here.ask("SELECT count(*) FROM send") == [(0,)]
    assert freeze(here, guard=lambda _: None).audience == 1


@pytest.mark.parametrize(
    ("first", "second", "once", "goes"),
    [
        (("week 47",), ("week 47",), True, False),
        (("week 47",), ("week 47",), False, True),
        (("week 47",), ("week 48",), True, True),
        (("week 47", "week 48"), ("week 48", "week 49"), True, False),
        ((), ("week 47", "week 47"), True, True),
        ((), (), True, True),
    ],
)
def test_a_period_is_given_once(
    database: Database, first: tuple[str, ...], second: tuple[str, ...], once: bool, goes: bool
) -> None:
    here = bench(database, 1)
    freeze(here, "1", periods=first, once=True)
    if goes:
        freeze(here, "2", periods=second, once=once)
    else:
        with pytest.raises(PeriodTakenError, match="another letter has gone out for the same period"):
            freeze(here, "2", periods=second, once=once)
    assert here.ask("SELECT count(*) FROM send") == [(1 + goes,)]
    with database.read() as connection:
        for name in first:
            assert ledger.holder(connection, 1, "weekly", name) == "1"


def test_a_letter_for_all_rhythms_takes_the_weeks_of_the_weekly_ones(database: Database) -> None:
    here = bench(database, 1)
    freeze(here, "1", rhythm="all", periods=["week 47"])
    with database.read() as connection:
        assert ledger.holder(connection, 1, "weekly", "week 47") == "1"
    here.run("UPDATE subscription SET rhythm = 'daily'")
    freeze(here, "2", rhythm="daily", periods=["2026-11-24"])
    with database.read() as connection:
        assert ledger.holder(connection, 1, "daily", "2026-11-24") == "2"
        assert ledger.holder(connection, 1, "weekly", "2026-11-24") is None


def test_who_is_in_no_mailing_is_noticed(database: Database) -> None:
    here = bench(database, 3)
    two = Mailing(to_json(LETTER), audience(1, "weekly", NOW).where(subscription.c.subscriber_id.in_(here.readers[:2])))
    with pytest.raises(AudienceChangedError, match="changed their topics") as caught:
        freeze(here, mailings=[two], verify=True)
    assert caught.value.mend == "run the same command again"
    assert here.ask("SELECT count(*) FROM send") == [(0,)]
    assert freeze(here, "8", mailings=[two]).audience == 2
    assert freeze(here, "9", verify=True).audience == 3


def test_what_it_carried_is_remembered_for_its_rhythms(database: Database) -> None:
    here = bench(database, 1)
    ids = shelve(database, 3)
    freeze(here, "1", articles=lambda _: ids[:2], newest=ids[2])
    rows = here.ask("SELECT article_id, list_id, rhythm FROM carried ORDER BY article_id")
    assert rows == [(one, 1, "weekly") for one in ids[:2]]
    assert here.ask("SELECT newest FROM issue") == [(ids[2],)]
    freeze(here, "2", rhythm="all", articles=lambda _: ids[2:])
    assert {row[2] for row in here.ask("SELECT article_id, list_id, rhythm FROM carried")} == set(rhythms_of("all"))


def test_a_send_that_starts_later_is_planned(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def enqueue(_connection: Connection, send_id: int) -> bool:
        asked.append(send_id)
        return True

    monkeypatch.setattr("newsletter.delivery.freezing.jobs.enqueue", enqueue)
    here = bench(database, 1)
    later = freeze(here, "1", send_at=NOW + timedelta(hours=1))
    assert (later.state, later.send_at, asked) == ("scheduled", NOW + timedelta(hours=1), [])
    now = freeze(here, "2")
    assert (now.state, asked) == ("running", [now.id])


@pytest.mark.parametrize("rhythm", ["instant", "daily", "weekly"])
def test_a_rhythm_reaches_its_own_readers(rhythm: Any) -> None:
    assert rhythms_of(rhythm) == (rhythm,)


def test_the_rhythm_of_all_reaches_everybody() -> None:
    assert set(rhythms_of("all")) == {"instant", "daily", "weekly"}
