"""After an erasure no byte of the address is left, and nobody brings the person back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.storage.database import Database, open_database
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.errors import SuppressedError, UnknownSubscriber
from subscribers.models import Event
from subscribers.store.tables import (
    account_request,
    held_bounce,
    kept_wish,
    metadata,
    still_wanted,
    subscriber,
    suppression,
)

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32))}
CANARY = "canary.Reader-7f3a"


@pytest.fixture
def lived(database: Database, tmp_path: Path) -> tuple[Database, int]:
    """A database in which the canary has been in every table."""
    path = tmp_path / "list.csv"
    path.write_text("email\n" + "".join(f"reader{n}@example.org\n" for n in range(500)), "utf-8")
    with database.write() as connection:
        list_id = store.add_list(connection, "readers", "نشرة القراء", now=NOW).id
        actions.import_file(connection, path, "readers", now=NOW, keys=KEYS)
        actions.subscribe(
            connection, f"{CANARY}@example.org", "readers", now=NOW, keys=KEYS, how="form", words=f"{CANARY} said so"
        )
        person = store.find(connection, normalise(f"{CANARY}@example.org"))
        assert person is not None
        token = actions.make_confirmation(connection, person.id, list_id, now=NOW)
        actions.confirm(connection, token, now=NOW, how="page")
        for bounce, delivery in (("soft", "d1"), ("hard", "d2")):
            event = Event("bounced", NOW, delivery, bounce=bounce)  # type: ignore[arg-type]
            actions.receive(connection, event, subscriber_id=person.id, list_id=list_id, now=NOW, keys=KEYS)
        wish = {"how": "form", "words": CANARY, "created": 1, "expires": 2, "rhythm": "weekly", "road": "form"}
        whose = {"address_key": normalise(f"{CANARY}@example.org").key, "address": f"{CANARY}@example.org"}
        connection.execute(sa.insert(kept_wish).values(list_id=list_id, **whose, **wish))
        rows = {"subscriber_id": person.id, "created": 1, "expires": 2, "address": f"{CANARY}@example.net"}
        connection.execute(sa.insert(account_request).values(token_hash=b"x", kind="address", **rows))
        connection.execute(
            sa.insert(held_bounce).values(subscriber_id=person.id, reason="hard", domain="example.org", at=1)
        )
        connection.execute(
            sa.insert(still_wanted).values(subscriber_id=person.id, list_id=list_id, created=1, days=14, asked=1)
        )
    return database, person.id


def test_the_canary_is_in_every_table_before(lived: tuple[Database, int]) -> None:
    database, person = lived
    with database.read() as connection:
        rows = store.everything_about(connection, person)
    assert set(rows) == {table.name for table in metadata.sorted_tables if "subscriber_id" in table.c} | {
        "subscriber",
        "kept_wish",
    }
    assert all(rows.values()), {name for name, found in rows.items() if not found}


def test_nothing_is_left_but_a_fingerprint(lived: tuple[Database, int]) -> None:
    database, person = lived
    with database.write() as connection:
        assert actions.erase(connection, f"{CANARY}@example.org", now=NOW, keys=KEYS) == person

    with database.read() as connection:
        assert not any(store.everything_about(connection, person).values())
        assert store.find(connection, normalise(f"{CANARY}@example.org")) is None
        [row] = connection.execute(sa.select(suppression)).all()
        assert (row.reason, row.subscriber_id) == ("erased", None)
        assert connection.execute(sa.select(sa.func.count()).select_from(subscriber)).scalar_one() == 500
        for table in metadata.sorted_tables:
            assert CANARY.lower() not in repr(connection.execute(sa.select(table)).all()).lower()


def test_nobody_brings_the_person_back(lived: tuple[Database, int], tmp_path: Path) -> None:
    database, person = lived
    path = tmp_path / "again.csv"
    path.write_text(f"email\n{CANARY.upper()}@example.org\nnew@example.org\n", "utf-8")
    with database.write() as connection:
        actions.erase(connection, f"{CANARY}@example.org", now=NOW, keys=KEYS)
        report = actions.import_file(connection, path, "readers", now=NOW, keys=KEYS)
        assert (report.added, report.suppressed) == (1, 1)
        with pytest.raises(SuppressedError, match="the person asked to be erased"):
            actions.add_subscriber(connection, f"{CANARY}@example.org", "readers", now=NOW, keys=KEYS)
        new = store.find(connection, normalise("new@example.org"))
        assert new is not None
        assert new.id > person


def test_an_unknown_address_cannot_be_erased(lived: tuple[Database, int]) -> None:
    database, _ = lived
    with (
        pytest.raises(UnknownSubscriber, match=r"nobody has the address x@example\.org"),
        database.write() as connection,
    ):
        actions.erase(connection, "x@example.org", now=NOW, keys=KEYS)


@pytest.mark.slow
def test_no_byte_of_the_address_is_left_in_the_files(database_urls: object, tmp_path: Path) -> None:
    assert callable(database_urls)
    url = database_urls("sqlite")
    database = open_database(url)
    with database.write() as connection:
        metadata.create_all(connection)
        store.add_list(connection, "readers", "نشرة القراء", now=NOW)
        # The canary sorts into the middle, so that index pages hold it as a divider.
        for number in range(600):
            address = f"{CANARY}{number:04d}@example.org"
            actions.add_subscriber(connection, address, "readers", now=NOW, keys=KEYS, words=address)
    assert CANARY.encode() in files(url)

    with database.write() as connection:
        for number in range(600):
            actions.erase(connection, f"{CANARY}{number:04d}@example.org", now=NOW, keys=KEYS)
    assert CANARY.lower().encode() in files(url).lower()
    assert actions.scrub(database.engine) is True

    left = files(url).lower()
    assert CANARY.lower().encode() not in left
    assert b"suppression" in left
    database.close()


def test_a_reader_that_stays_is_told(database_urls: object) -> None:
    assert callable(database_urls)
    database = open_database(database_urls("sqlite"))
    database.engine.dispose()
    with database.write() as connection:
        metadata.create_all(connection)
        store.add_list(connection, "readers", "نشرة القراء", now=NOW)
        actions.add_subscriber(connection, f"{CANARY}@example.org", "readers", now=NOW, keys=KEYS)
    import sqlite3

    other = sqlite3.connect(str(database.engine.url.database))
    other.execute("BEGIN")
    other.execute("SELECT * FROM subscriber").fetchall()
    with database.write() as connection:
        actions.erase(connection, f"{CANARY}@example.org", now=NOW, keys=KEYS)
    impatient(database)

    assert actions.scrub(database.engine) is False
    other.close()
    assert actions.scrub(database.engine) is True
    assert CANARY.lower().encode() not in files(str(database.engine.url)).lower()
    database.close()


def impatient(database: Database) -> None:
    """Let this test wait for the other reader a moment instead of half a minute."""
    from sqlalchemy import event

    database.engine.dispose()
    event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 50"))


def test_scrubbing_works_on_both_databases(lived: tuple[Database, int]) -> None:
    database, _ = lived
    with database.write() as connection:
        actions.erase(connection, f"{CANARY}@example.org", now=NOW, keys=KEYS)
    assert actions.scrub(database.engine) is True
    with database.read() as connection:
        assert store.lists(connection)[0].confirmed == 500


def files(url: str) -> bytes:
    """The database file and whatever lies beside it."""
    path = Path(url.removeprefix("sqlite:///"))
    beside = sorted(path.parent.glob(f"{path.name}*"))
    assert path in beside
    return b"".join(one.read_bytes() for one in beside)
