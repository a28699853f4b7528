from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from newsletter.storage.database import Database, open_database
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.errors import AddressError, ConsentError, CsvError, UnknownList
from subscribers.models import RejectedRow, Status
from subscribers.store import staging
from subscribers.store.tables import (
    consent,
    metadata,
    subscriber,
    subscription,
)

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
DATA = Path(__file__).parent / "data" / "csv"


@pytest.fixture
def readers(connection: Connection) -> int:
    return store.add_list(connection, "readers", "نشرة القراء", now=NOW).id


def status_of(connection: Connection, address: str, list_id: int) -> tuple[str, str] | None:
    person = store.find(connection, normalise(address))
    theirs = None if person is None else store.subscription_of(connection, person.id, list_id)
    return None if theirs is None else (theirs.status, theirs.rhythm)


def number(connection: Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


# ---- one person


def test_an_editors_word_confirms_and_is_recorded(connection: Connection, readers: int) -> None:
    added = actions.add_subscriber(
        connection, " Salma@Example.org ", "readers", now=NOW, rhythm="daily", words="وافقت في المعرض"
    )

    assert added.already is False
    assert added.subscriber.address == "Salma@example.org"
    assert status_of(connection, "salma@example.org", readers) == ("confirmed", "daily")
    [line] = store.consents_of(connection, added.subscriber.id)
    assert (line.act, line.how, line.words, line.at) == ("add", "editor", "وافقت في المعرض", NOW)


def test_adding_again_changes_nothing(connection: Connection, readers: int) -> None:
    first = actions.add_subscriber(connection, "salma@example.org", "readers", now=NOW, rhythm="daily")
    again = actions.add_subscriber(connection, "SALMA@example.org", "readers", now=LATER, rhythm="instant")

    assert again.already is True
    assert again.subscriber == first.subscriber
    assert status_of(connection, "salma@example.org", readers) == ("confirmed", "daily")
    assert number(connection, consent) == 1


def test_who_left_comes_back_only_when_they_asked(connection: Connection, readers: int) -> None:
    person = actions.add_subscriber(connection, "salma@example.org", "readers", now=NOW).subscriber
    store.set_status(connection, person.id, readers, "left", now=NOW)

    with pytest.raises(ConsentError, match="this person left the list; only they can come back"):
        actions.add_subscriber(connection, "salma@example.org", "readers", now=LATER)
    assert status_of(connection, "salma@example.org", readers) == ("left", "weekly")

    actions.add_subscriber(connection, "salma@example.org", "readers", now=LATER, restore=True, words="رسالة منها")
    assert status_of(connection, "salma@example.org", readers) == ("confirmed", "weekly")
    assert [line.act for line in store.consents_of(connection, person.id)] == ["add", "restore"]


def test_a_bad_address_or_list_adds_nobody(connection: Connection, readers: int) -> None:
    with pytest.raises(AddressError):
        actions.add_subscriber(connection, "salma", "readers", now=NOW)
    with pytest.raises(UnknownList):
        actions.add_subscriber(connection, "salma@example.org", "raeders", now=NOW)
    assert number(connection, subscriber) == 0


# ---- a file


def test_three_good_one_bad_one_duplicate(connection: Connection, readers: int) -> None:
    report = actions.import_file(connection, DATA / "small.csv", "readers", now=NOW, words="استمارات المعرض")

    assert (report.rows, report.added, report.merged, report.rejected_count) == (5, 3, 1, 1)
    assert report.rejected == (RejectedRow(4, "not-an-address", "it has no @"),)
    assert (report.already, report.kept_out, report.left, report.suppressed, report.pending) == (0, 0, 0, 0, 0)
    assert (report.encoding, report.delimiter, report.dry_run) == ("utf-8", ",", False)
    assert report.columns == (("email", "address"), ("rhythm", "rhythm"))
    # The first row of an address counts, and a row without a rhythm gets the default.
    assert status_of(connection, "salma@example.org", readers) == ("confirmed", "weekly")
    assert status_of(connection, "nader@example.org", readers) == ("confirmed", "daily")
    assert status_of(connection, "layla@example.com", readers) == ("confirmed", "weekly")
    people = store.subscribers(connection, readers)
    assert len({person.public_id for person, _ in people}) == 3
    for person, _ in people:
        [line] = store.consents_of(connection, person.id)
        assert (line.act, line.how, line.words, line.at) == ("import", "file small.csv", "استمارات المعرض", NOW)


def test_importing_again_changes_nothing(connection: Connection, readers: int) -> None:
    actions.import_file(connection, DATA / "small.csv", "readers", now=NOW)
    before = everything(connection)

    report = actions.import_file(connection, DATA / "small.csv", "readers", now=LATER, rhythm="instant")

    assert (report.rows, report.added, report.already, report.merged, report.rejected_count) == (5, 0, 3, 1, 1)
    assert everything(connection) == before


def test_a_dry_run_says_the_same_and_writes_nothing(connection: Connection, readers: int) -> None:
    before = everything(connection)
    dry = actions.import_file(connection, DATA / "small.csv", "readers", now=NOW, dry_run=True)
    assert everything(connection) == before

    wet = actions.import_file(connection, DATA / "small.csv", "readers", now=NOW)
    assert dry.dry_run is True
    assert (dry.rows, dry.added, dry.merged, dry.rejected) == (wet.rows, wet.added, wet.merged, wet.rejected)


def test_every_status_meets_every_word_of_a_file(connection: Connection, readers: int, tmp_path: Path) -> None:
    before: dict[str, Status | None] = {"new": None, "pending": "pending", "confirmed": "confirmed", "left": "left"}
    lines = ["email,status"]
    for was, status in before.items():
        for says in ("confirmed", "pending", "left"):
            address = f"{was}-{says}@example.org"
            lines.append(f"{address},{says}")
            if status is not None:
                public_id = secrets.token_bytes(16)
                person = store.add(connection, normalise(address), public_id=public_id, now=NOW)
                store.set_status(connection, person.id, readers, status, now=NOW)
    path = tmp_path / "all.csv"
    path.write_text("\n".join(lines), encoding="utf-8")

    report = actions.import_file(connection, path, "readers", now=LATER)

    after = {
        f"{was}-{says}": (status_of(connection, f"{was}-{says}@example.org", readers) or ("",))[0]
        for was in before
        for says in ("confirmed", "pending", "left")
    }
    assert after == {
        "new-confirmed": "confirmed",
        "new-pending": "pending",
        "new-left": "left",
        "pending-confirmed": "confirmed",
        "pending-pending": "pending",
        "pending-left": "left",
        "confirmed-confirmed": "confirmed",
        "confirmed-pending": "confirmed",
        "confirmed-left": "left",
        "left-confirmed": "left",
        "left-pending": "left",
        "left-left": "left",
    }
    assert (report.added, report.pending, report.confirmed) == (1, 1, 1)
    assert (report.already, report.kept_out, report.left) == (3, 2, 4)
    assert report.rows == 12
    # One line of consent for each of the six that changed.
    assert number(connection, consent) == 6


def test_of_two_rows_of_one_person_the_stronger_word_counts(
    connection: Connection, readers: int, tmp_path: Path
) -> None:
    path = tmp_path / "twice.csv"
    path.write_text(
        "email,status,rhythm\n"
        "a@example.org,confirmed,daily\nA@example.org,left,weekly\n"
        "b@example.org,left,\nb@example.org,confirmed,\n"
        "c@example.org,pending,\nc@example.org,confirmed,\nC@example.org,pending,\n",
        encoding="utf-8",
    )
    report = actions.import_file(connection, path, "readers", now=NOW)

    assert (report.rows, report.merged, report.left, report.added) == (7, 4, 2, 1)
    assert status_of(connection, "a@example.org", readers) == ("left", "daily")
    assert status_of(connection, "b@example.org", readers) == ("left", "weekly")
    assert status_of(connection, "c@example.org", readers) == ("confirmed", "weekly")


def test_somebody_known_from_another_list_is_not_made_twice(connection: Connection, readers: int) -> None:
    store.add_list(connection, "donors", "الداعمون", now=NOW)
    actions.import_file(connection, DATA / "small.csv", "readers", now=NOW)

    report = actions.import_file(connection, DATA / "small.csv", "donors", now=NOW)

    assert (report.added, report.already) == (3, 0)
    assert number(connection, subscriber) == 3
    assert number(connection, subscription) == 6


def test_rejected_rows_are_counted_all_and_kept_some(
    connection: Connection, readers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.actions.importing.MOST_REJECTED", 3)
    path = tmp_path / "bad.csv"
    path.write_text("email\n" + "bad\n" * 10 + "good@example.org\n", encoding="utf-8")

    report = actions.import_file(connection, path, "readers", now=NOW)

    assert (report.rows, report.added, report.rejected_count) == (11, 1, 10)
    assert [row.line for row in report.rejected] == [2, 3, 4]


def test_two_who_act_for_one_person_wait_for_each_other(database: Database) -> None:
    with database.write() as connection:
        store.add_list(connection, "readers", "نشرة القراء", now=NOW)
        person = store.add(connection, normalise("salma@example.org"), public_id=secrets.token_bytes(16), now=NOW)
    began = threading.Event()

    def asks() -> None:
        began.set()
        with database.write() as connection:
            actions.subscribe(connection, person.address, "readers", now=NOW, keys={}, how="form", words="")

    with database.write() as connection:
        actions.add_subscriber(connection, person.address, "readers", now=NOW)
        other = threading.Thread(target=asks)
        other.start()
        began.wait()
        other.join(0.2)
        assert other.is_alive()
    other.join()

    with database.read() as connection:
        # The wish came second and saw that the subscription is confirmed.
        assert [one.status for one in store.subscriptions_of(connection, person.id)] == ["confirmed"]


@pytest.mark.postgresql
def test_somebody_who_subscribes_during_an_import_keeps_what_they_did(
    ready_urls: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(ready_urls)
    database = open_database(ready_urls("postgresql"))  # SQLite has one writer at a time
    with database.write() as connection:
        metadata.create_all(connection)
        list_id = store.add_list(connection, "readers", "نشرة القراء", now=NOW).id
    counted = staging.groups

    def counts_and_is_overtaken(connection: Connection, of_list: int) -> list[staging.StagedGroup]:
        found = counted(connection, of_list)
        with database.write() as other:
            actions.subscribe(other, "nader@example.org", "readers", now=NOW, keys={}, how="form", words="")
        return found

    monkeypatch.setattr(staging, "groups", counts_and_is_overtaken)
    with database.write() as connection:
        actions.import_file(connection, DATA / "small.csv", "readers", now=NOW)

    with database.read() as connection:
        assert status_of(connection, "nader@example.org", list_id) == ("pending", "weekly")
        assert status_of(connection, "salma@example.org", list_id) == ("confirmed", "weekly")
    database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_file_that_breaks_in_the_middle_leaves_nothing(kind: str, ready_urls: object, tmp_path: Path) -> None:
    assert callable(ready_urls)
    database = open_database(ready_urls(kind))
    path = tmp_path / "broken.csv"
    path.write_text("email\n" + "".join(f"p{n}@example.org\n" for n in range(3000)) + '"never closed@', "utf-8")
    path.write_text(path.read_text("utf-8") + "\nx@example.org\n", "utf-8")
    with database.write() as connection:
        metadata.create_all(connection)
        store.add_list(connection, "readers", "نشرة القراء", now=NOW)

    with pytest.raises(CsvError, match="nothing was imported"), database.write() as connection:
        actions.import_file(connection, path, "readers", now=NOW)

    with database.read() as connection:
        assert number(connection, subscriber) == 0
    # The same connection comes back from the pool, without the temporary table of the failed attempt.
    with database.write() as connection:
        report = actions.import_file(connection, DATA / "small.csv", "readers", now=NOW)
        assert report.added == 3
    database.close()


def test_an_import_for_an_unknown_list_does_not_read_the_file(connection: Connection) -> None:
    with pytest.raises(UnknownList):
        actions.import_file(connection, Path("gone.csv"), "readers", now=NOW)


def everything(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, to see that nothing changed."""
    return {
        table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
        for table in metadata.sorted_tables
    }
