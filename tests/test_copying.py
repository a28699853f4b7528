"""A copy holds everything, goes on counting where the original was, and a send goes on in it."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command import complains, here
from conftest import MakeDatabase
from sqlalchemy import func, insert, select, text
from test_deliver import ISSUE, LETTER, make, received, run

from newsletter import delivery, ledger, media
from newsletter.errors import DatabaseError
from newsletter.models import Picture
from newsletter.storage import tables, transfer
from newsletter.storage.database import (
    Database,
    open_database,
    ready,
    upgrade,
)
from newsletter.storage.transfer import copy
from newsletter.wiring import open_workspace
from subscribers import actions, store
from subscribers.store import tables as readers

pytestmark = pytest.mark.slow

KEYS = {1: b"k" * 32}
NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
ROADS = [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("sqlite", "sqlite"), ("postgresql", "postgresql")]


@pytest.fixture(params=ROADS, ids="-".join)
def pair(request: pytest.FixtureRequest, database_urls: MakeDatabase) -> Iterator[tuple[Database, Database]]:
    with contextlib.ExitStack() as stack:
        databases = [
            stack.enter_context(contextlib.closing(open_database(database_urls(one)))) for one in request.param
        ]
        upgrade(databases[0])
        yield databases[0], databases[1]


def fill(database: Database) -> None:
    """Something in most tables, letters of Arabic, bytes and nulls among it, and an id that was given away for good."""
    with database.write() as connection:
        for name in ("readers", "sport"):
            store.add_list(connection, name, "القرّاء", now=NOW)
        for number in range(8):
            actions.add_subscriber(connection, f"قارئ{number}@example.net", "readers", now=NOW, keys=KEYS)
        person = {"needs_smtputf8": True, "created": 1}
        more = [
            {**person, "address": f"قارئ{n}@e.net", "address_key": f"قارئ{n}@e.net", "public_id": n.to_bytes(16, "big")}
            for n in range(2041)
        ]
        connection.execute(insert(readers.subscriber), more)
        actions.add_subscriber(connection, "last@example.net", "readers", now=NOW, keys=KEYS)
        actions.suppress(connection, "قارئ7@example.net", now=NOW, keys=KEYS)
        actions.erase(connection, "last@example.net", now=NOW, keys=KEYS)
        connection.execute(
            insert(tables.article).values(
                key="a", title="عنوان", url="", summary="", body="", image="", image_alt="", author="", section="",
                published=None, zone=180, source="s", collected=1,
            )
        )  # fmt: skip
        pictures = [Picture(f"{n}@e.net", "image/png", b"\x89\0%d" % n, "p.png") for n in range(41)]
        media.put(connection, pictures, now=NOW, frozen=True)
        ledger.set_cursor(connection, "blocks", 5)
        ledger.charge(connection, ledger.RateLimit(per_second=3.5), 1)


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in transfer.every_table()
        }


def test_everything_arrives_and_counting_goes_on(pair: tuple[Database, Database]) -> None:
    source, target = pair
    fill(source)
    told: list[tuple[int, int]] = []
    counts = copy(source, target, lambda done, total: told.append((done, total)))
    assert rows(target) == rows(source)
    assert (counts["subscriber"], counts["list"], counts["send"]) == (2049, 2, 0)
    assert told[-1] == (sum(counts.values()), sum(counts.values()))
    assert all(one < two for one, two in itertools.pairwise(told))
    with target.write() as connection:
        # The id of the erased subscriber is not given again, nor one that is there.
        assert (
            actions.add_subscriber(connection, "new@example.net", "readers", now=NOW, keys=KEYS).subscriber.id == 2051
        )
        assert store.add_list(connection, "third", "x", now=NOW).id == 3
        assert connection.execute(insert(tables.issue).values(key="1").returning(tables.issue.c.id)).scalar_one() == 1


def test_a_target_with_something_in_it_is_left_alone(pair: tuple[Database, Database]) -> None:
    source, target = pair
    fill(source)
    upgrade(target)
    with target.write() as connection:
        connection.execute(insert(tables.issue).values(key="1"))
    before = rows(target)
    with pytest.raises(DatabaseError, match=r"it is not empty \(issue\); nothing was copied"):
        copy(source, target)
    assert rows(target) == before


def test_a_copy_that_fails_in_the_middle_leaves_nothing(
    pair: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = pair
    fill(source)

    def full(done: int, _total: int) -> None:
        if done > 1500:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        copy(source, target, full)
    assert not any(rows(target).values())
    copy(source, target)
    assert rows(target) == rows(source)


def test_a_first_list_in_the_target_gives_way(pair: tuple[Database, Database]) -> None:
    source, target = pair
    fill(source)
    upgrade(target)
    with target.write() as connection:
        store.add_list(connection, "readers", "القرّاء", now=NOW)
    copy(source, target)
    assert rows(target) == rows(source)


@pytest.mark.postgresql
def test_a_send_goes_on_in_the_copy(tmp_path: Path, database_urls: MakeDatabase) -> None:
    root = tmp_path / "w"
    addresses = make(root, 9, batch=2)
    url = database_urls("postgresql").replace("+psycopg", "")
    with open_workspace(root, {}) as workspace:
        setup = workspace.delivery_setup
        send = delivery.freeze_letter(setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
        with workspace.database.write() as connection:
            batch = ledger.claim(connection, send.id, lease=30)
        complains(here("-C", root, "database", "copy", "--to", url), "somebody is sending", "newsletter sends pause")
        assert batch is not None
        with workspace.database.write() as connection:
            ledger.release(connection, batch)
    done = here("-C", root, "database", "copy", "--to", url)
    assert done.code == 0, done
    assert "rows of" in done.err
    complains(here("-C", root, "database", "copy", "--to", url), "it is not empty")
    complains(here("-C", root, "database", "copy", "--to", "mysql://x"), "postgresql://USER@HOST/NAME is wanted")
    (root / "secrets" / "database.url").write_text(url)
    shutil.move(root / "newsletter.db", tmp_path / "old.db")
    with open_workspace(root, {}) as workspace:
        assert run(workspace.delivery_setup).submitted == 9
        assert not workspace.database.is_sqlite
    assert received(root) == Counter(addresses)
    # And home again.
    back = here("-C", root, "database", "copy", "--to", "sqlite:///back.db")
    assert back.code == 0, back
    with contextlib.closing(open_database(f"sqlite:///{root / 'back.db'}")) as database:
        ready(database, now=NOW)
        with database.read() as connection:
            assert connection.execute(select(func.count()).select_from(readers.subscriber)).scalar_one() == 9
            assert connection.execute(text("SELECT state FROM send")).scalar_one() == "finished"
