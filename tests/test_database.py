"""One history of the schema for both databases; copies while it is written; never "locked"; every refusal one line."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import kept_schema
import pytest
from command import here, make_workspace
from conftest import MakeDatabase
from sqlalchemy import MetaData, inspect, text
from sqlalchemy.exc import IntegrityError

from newsletter.errors import DatabaseError
from newsletter.storage import database as room
from newsletter.storage import desk_tables, publish_tables, site_tables
from newsletter.storage.clock import clock
from newsletter.storage.database import (
    HEAD,
    Database,
    backup,
    open_database,
    ready,
    upgrade,
    version,
)
from subscribers.store.tables import metadata as readers_metadata

pytestmark = pytest.mark.usefixtures("real_migrations")

NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, database_urls: MakeDatabase) -> Iterator[Database]:
    with contextlib.closing(open_database(database_urls(request.param))) as database:
        yield database


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    with contextlib.closing(open_database(f"sqlite:///{tmp_path / 'newsletter.db'}")) as database:
        ready(database, now=NOW)
        yield database


def both_wings() -> MetaData:
    whole = MetaData()
    ours = dict.fromkeys(
        table for room in (desk_tables, site_tables, publish_tables) for table in room.metadata.sorted_tables
    )
    for table in (*readers_metadata.sorted_tables, *ours):
        table.to_metadata(whole)
    return whole


def test_the_newest_migration_is_the_one_the_program_names() -> None:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(Path(room.__file__).parent / "migrations"))
    assert script.get_heads() == [HEAD]
    # The order of revisions is the order of their names: that is how a newer one is told.
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)


def test_an_upgraded_database_is_what_the_rooms_expect(empty: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    assert version(empty) is None
    upgrade(empty)
    assert version(empty) == HEAD
    with empty.read() as connection:
        # On SQLite the identity of a key is taken for a default that is missing.
        options = {"compare_type": True, "compare_server_default": not empty.is_sqlite}
        # The one index that the tables do not name.
        options["include_name"] = lambda name, _kind, _parents: name not in {"uq_send_live", "ix_event_reason_at"}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, both_wings()) == []
        expected = {check.name for table in both_wings().tables.values() for check in table.constraints if check.name}
        found = {
            check["name"]
            for table in inspect(connection).get_table_names()
            for check in inspect(connection).get_check_constraints(table)
        }
    # Alembic compares no check constraints.
    assert found == {name for name in expected if str(name).startswith("ck_")}
    upgrade(empty)  # again does nothing


def test_an_empty_database_is_made_ready_on_sqlite_and_asked_for_on_postgresql(empty: Database) -> None:
    if empty.is_sqlite:
        ready(empty, now=NOW)
        assert not (Path(empty.where).parent / "backups").exists()
    else:
        with pytest.raises(DatabaseError, match=r"its schema is empty, this version needs .* database upgrade"):
            ready(empty, now=NOW)
        upgrade(empty)
    ready(empty, now=NOW)
    assert version(empty) == HEAD


def test_what_the_tests_begin_with_is_what_the_migrations_make(tmp_path: Path) -> None:
    made = []
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(kept_schema.keeping())
        for name in ("by the migrations", "without them"):
            database = stack.enter_context(contextlib.closing(open_database(f"sqlite:///{tmp_path / name}.db")))
            assert bool(kept.kept) == (name == "without them")
            upgrade(database)
            assert version(database) == HEAD
            with database.read() as connection:
                made.append(kept_schema.contents(connection))
    assert made[0] == made[1]
    assert len(made[0][0]) > 50


NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9998"
down_revision = "{head}"
branch_labels = depends_on = None


def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("list") as batch:
        batch.add_column(sa.Column("colour", sa.Text(), server_default="green", nullable=False))
    {more}
"""


def later_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, more: str = "") -> None:
    """Make the program one of a later version, with one more step in its history."""
    shutil.copytree(Path(room.__file__).parent / "migrations", tmp_path / "later%20" / "migrations")
    step = tmp_path / "later%20" / "migrations" / "versions" / "9998_next.py"
    step.write_text(NEXT.format(head=HEAD, more=more), "utf-8")
    monkeypatch.setattr(room, "__file__", str(tmp_path / "later%20" / "database.py"))
    monkeypatch.setattr(room, "HEAD", "9998")


def add_list(database: Database) -> None:
    from subscribers import store

    with database.write() as connection:
        store.add_list(connection, "readers", "القرّاء", now=NOW)


def test_an_older_file_is_copied_and_upgraded(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_list(sqlite)
    later_version(tmp_path, monkeypatch)
    ready(sqlite, now=NOW)
    with sqlite.read() as connection:
        assert connection.execute(text("SELECT name, title, colour FROM list")).all() == [
            ("readers", "القرّاء", "green")
        ]
    (copy,) = (tmp_path / "backups").iterdir()
    assert copy.name == "newsletter-20261124-073000Z.db"
    with contextlib.closing(sqlite3.connect(copy)) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
        assert old.execute("SELECT title FROM list").fetchall() == [("القرّاء",)]
    ready(sqlite, now=NOW)
    assert len(list((tmp_path / "backups").iterdir())) == 1


@pytest.mark.parametrize("empty", ["postgresql"], indirect=True)
def test_an_older_database_elsewhere_is_upgraded_only_when_told(
    empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(empty)
    add_list(empty)
    later_version(tmp_path, monkeypatch)
    with pytest.raises(DatabaseError, match=f"its schema is {HEAD}, this version needs 9998"):
        ready(empty, now=NOW)
    upgrade(empty)
    ready(empty, now=NOW)


def test_an_upgrade_that_fails_leaves_everything_as_it_was(
    empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(empty)
    add_list(empty)
    later_version(tmp_path, monkeypatch, more="raise ZeroDivisionError('in the middle')")
    with pytest.raises(ZeroDivisionError):
        upgrade(empty)
    assert version(empty) == HEAD
    with empty.read() as connection:
        assert not inspect(connection).has_table("later")
        assert "colour" not in {column["name"] for column in inspect(connection).get_columns("list")}
        assert connection.execute(text("SELECT name FROM list")).all() == [("readers",)]


def test_a_newer_database_is_left_alone(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (version, lambda database: ready(database, now=NOW)):
        with pytest.raises(DatabaseError, match=f"its schema is 9999, made by a newer version .this one knows {HEAD}"):
            use(empty)


def test_a_database_that_does_not_say_its_version(sqlite: Database) -> None:
    with sqlite.write() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(DatabaseError, match="does not say what version it is; restore a backup"):
        ready(sqlite, now=NOW)


def test_transactions(empty: Database) -> None:
    upgrade(empty)
    with contextlib.suppress(ZeroDivisionError), empty.write() as connection:
        connection.execute(text("INSERT INTO issue (key) VALUES ('1')"))
        raise ZeroDivisionError
    with empty.write() as connection:
        connection.execute(text("INSERT INTO issue (key) VALUES ('2')"))
    with empty.read() as connection:
        assert connection.execute(text("SELECT key FROM issue")).scalars().all() == ["2"]
    # What is no trouble of the database itself stays what it is.
    with pytest.raises(IntegrityError), empty.write() as connection:
        connection.execute(text("INSERT INTO issue (key) VALUES ('2')"))


def test_everything_read_in_a_block_is_of_one_moment(sqlite: Database) -> None:
    with sqlite.read() as reader:
        assert reader.execute(text("SELECT count(*) FROM issue")).scalar_one() == 0
        with sqlite.write() as writer:
            writer.execute(text("INSERT INTO issue (key) VALUES ('1')"))
        assert reader.execute(text("SELECT count(*) FROM issue")).scalar_one() == 0
    with sqlite.read() as reader:
        assert reader.execute(text("SELECT count(*) FROM issue")).scalar_one() == 1


def test_the_clock_is_the_database_own(empty: Database) -> None:
    with empty.read() as connection:
        first = clock(connection)
        time.sleep(0.02)
        second = clock(connection)
    assert abs(first - time.time()) < 5
    assert 0.01 < second - first < 5


def test_ids_of_deleted_rows_never_come_back(empty: Database) -> None:
    upgrade(empty)
    for table in (table for table in both_wings().sorted_tables if list(table.primary_key.columns.keys()) == ["id"]):
        if empty.is_sqlite:
            with empty.read() as connection:
                sql = connection.execute(
                    text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table.name}
                ).scalar_one()
            assert "AUTOINCREMENT" in sql, table.name
    with empty.write() as connection:
        first = connection.execute(text("INSERT INTO issue (key) VALUES ('1') RETURNING id")).scalar_one()
        connection.execute(text("DELETE FROM issue"))
    with empty.write() as connection:
        assert connection.execute(text("INSERT INTO issue (key) VALUES ('1') RETURNING id")).scalar_one() > first


def test_an_upgrade_keeps_small_letters_and_the_ids_they_had(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    with contextlib.closing(open_database(f"sqlite:///{tmp_path / 'old.db'}")) as database:
        config = Config()
        config.set_main_option("script_location", str(Path(room.__file__).parent / "migrations"))
        with database.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            for statement in (
                "INSERT INTO list VALUES (1, 'readers', 'نشرة', 5)",
                "INSERT INTO subscriber VALUES (7, 'a@example.org', 'a@example.org', x'01', 0, 0, 5)",
                "INSERT INTO small_letter (id, kind, subscriber_id, list_id, created) VALUES (3, 'welcome', 7, 1, 5)",
                "INSERT INTO small_letter (id, kind, subscriber_id, list_id, created) VALUES (9, 'goodbye', 7, 1, 5)",
                "DELETE FROM small_letter WHERE id = 9",
            ):
                connection.execute(text(statement))
        upgrade(database)
        with database.write() as connection:
            add = "INSERT INTO small_letter (kind, subscriber_id, list_id, created) VALUES ('erasure', 7, 1, 6)"
            connection.execute(text(add))
            rows = connection.execute(text("SELECT id, kind, state FROM small_letter ORDER BY id")).all()
            assert [tuple(row) for row in rows] == [(3, "welcome", "queued"), (10, "erasure", "queued")]
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(text(add.replace("erasure", "anything")))


def test_an_upgrade_knows_the_articles_that_were_there_by_the_key_they_had(empty: Database) -> None:
    from alembic import command
    from alembic.config import Config

    from newsletter.library import holdings, shelve
    from newsletter.models import Article

    config = Config()
    config.set_main_option("script_location", str(Path(room.__file__).parent / "migrations"))
    with empty.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text(
                "INSERT INTO article (key, title, url, summary, body, image, image_alt, author, section, zone, source,"
                " collected) VALUES ('url:https://example.org/a', 'خبر', 'https://example.org/a/', '', '', '', '', '',"
                " '', 0, 'https://example.org/wp-json/', 5)"
            )
        )
    upgrade(empty)
    names = ("wordpress:example.org#5",)
    post = Article("خبر", "https://example.org/a/", source="https://example.org/wp-json/", identities=names)
    post = replace(post, reading="rest")
    with empty.write() as connection:
        (known,) = holdings(connection)
        assert shelve(connection, [post], now=NOW).added == ()
        # From now on by its number too.
        moved = replace(post, url="https://example.org/b/")
        assert shelve(connection, [moved], now=NOW).updated == (known.id,)


def test_an_upgrade_keeps_sends_with_all_that_refers_to_them_and_lets_undone_ones_go_again(empty: Database) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(room.__file__).parent / "migrations"))
    add = (
        "INSERT INTO send (public_id, issue_id, list_id, rhythm, state, reason, subject, audience, created)"
        " VALUES ('{}', 1, 1, '{}', '{}', '', 'أسبوع', 1, 5)"
    )
    with empty.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for statement in (
            "INSERT INTO issue (key) VALUES ('1')",
            add.format("gone", "daily", "cancelled"),
            "DELETE FROM send",
            add.format("a", "weekly", "paused"),
            add.format("b", "all", "cancelled"),
            "INSERT INTO batch (send_id, state) VALUES (2, 'queued')",
            "INSERT INTO delivery (issue_id, subscriber_id, batch_id) VALUES (1, 7, 1)",
        ):
            connection.execute(text(statement))
    upgrade(empty)
    with empty.write() as connection:
        rows = connection.execute(text("SELECT id, public_id, state, paused_by FROM send ORDER BY id")).all()
        assert [tuple(row) for row in rows] == [(2, "a", "paused", "editor"), (3, "b", "cancelled", "")]
        assert connection.execute(text("SELECT send_id, sender FROM batch")).all() == [(2, None)]
        connection.execute(text(add.format("c", "all", "running")))
        # No id comes back.
        assert connection.execute(text("SELECT max(id) FROM send")).scalar_one() == 4
    for statement in (add.format("d", "weekly", "running"), "INSERT INTO batch (send_id, state) VALUES (9, 'queued')"):
        with pytest.raises(IntegrityError), empty.write() as connection:
            connection.execute(text(statement))


def test_an_upgrade_adds_pictures_and_keeps_the_letters_that_carry_theirs(empty: Database) -> None:
    from alembic import command
    from alembic.config import Config

    from newsletter import media
    from newsletter.models import Picture

    config = Config()
    config.set_main_option("script_location", str(Path(room.__file__).parent / "migrations"))
    with empty.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for statement in (
            "INSERT INTO issue (key) VALUES ('1')",
            "INSERT INTO send (public_id, issue_id, list_id, rhythm, state, subject, audience, created)"
            " VALUES ('a', 1, 1, 'weekly', 'finished', 'أسبوع', 1, 5)",
        ):
            connection.execute(text(statement))
        connection.execute(
            text("INSERT INTO letter (send_id, variant, frozen) VALUES (1, '', :frozen)"), {"frozen": b"\0letter"}
        )
    upgrade(empty)
    picture = Picture("1@example.org", "image/jpeg", b"\xff\xd8\0", "port.jpg")
    with empty.write() as connection:
        assert [bytes(one) for one in connection.execute(text("SELECT frozen FROM letter")).scalars()] == [b"\0letter"]
        media.put(connection, [picture], now=NOW, frozen=True)
        found = media.get(connection, picture.stored_name)
    assert found is not None
    assert found.data == picture.data


def test_an_upgrade_keeps_sends_and_letters_and_lets_a_trial_pause_one(empty: Database) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(room.__file__).parent / "migrations"))
    add = (
        "INSERT INTO send (public_id, issue_id, list_id, rhythm, state, paused_by, subject, audience, created)"
        " VALUES ('{}', 1, 1, '{}', '{}', '{}', 'أسبوع', 1, 5)"
    )
    with empty.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        for statement in (
            "INSERT INTO issue (key) VALUES ('1')",
            add.format("gone", "daily", "cancelled", ""),
            "DELETE FROM send",
            add.format("a", "weekly", "paused", "warm-up"),
            "INSERT INTO letter (send_id, variant, frozen) VALUES (2, '', '')",
            "DELETE FROM letter",
            "INSERT INTO letter (send_id, variant, frozen) VALUES (2, '', 'letter')",
            "INSERT INTO batch (send_id, letter_id, state) VALUES (2, 2, 'queued')",
            "INSERT INTO delivery (issue_id, subscriber_id, batch_id) VALUES (1, 7, 1)",
        ):
            connection.execute(text(statement))
    upgrade(empty)
    with empty.write() as connection:
        rows = connection.execute(text("SELECT id, public_id, state, paused_by FROM send")).all()
        assert [tuple(row) for row in rows] == [(2, "a", "paused", "warm-up")]
        assert tuple(connection.execute(text("SELECT id, send_id, subject FROM letter")).one()) == (2, 2, 0)
        assert tuple(connection.execute(text("SELECT letter_id, held FROM batch")).one()) == (2, 0)
        connection.execute(text("UPDATE send SET paused_by = 'trial'"))
        connection.execute(text("INSERT INTO letter (send_id, variant, frozen, subject) VALUES (2, '', '', 1)"))
        # No id comes back.
        connection.execute(text(add.format("c", "daily", "running", "")))
        assert connection.execute(text("SELECT max(id) FROM send")).scalar_one() == 3
        assert connection.execute(text("SELECT max(id) FROM letter")).scalar_one() == 3
    for statement in (
        add.format("d", "weekly", "running", ""),
        add.format("e", "instant", "paused", "nobody"),
        "INSERT INTO letter (send_id, variant, frozen) VALUES (2, '', '')",
        "INSERT INTO letter (send_id, variant, frozen) VALUES (9, '', '')",
    ):
        with pytest.raises(IntegrityError), empty.write() as connection:
            connection.execute(text(statement))


def test_what_was_written_survives_a_power_cut(sqlite: Database) -> None:
    with sqlite.read() as connection:
        settings = [
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        ]
    assert settings == ["wal", 2, 1, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_the_file_and_its_copies_are_for_their_owner(sqlite: Database, tmp_path: Path) -> None:
    with sqlite.write() as connection:
        connection.execute(text("INSERT INTO issue (key) VALUES ('1')"))
        files = list(tmp_path.glob("newsletter.db*"))
        assert len(files) == 3
        assert [path for path in files if path.stat().st_mode & 0o077] == []
    copy = backup(sqlite, now=NOW)
    assert copy.stat().st_mode & 0o077 == 0
    assert copy.parent.stat().st_mode & 0o077 == 0


def test_a_copy_while_another_connection_writes(sqlite: Database, tmp_path: Path) -> None:
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        with contextlib.closing(open_database(f"sqlite:///{sqlite.where}")) as other:
            while not stop.is_set():
                with other.write() as connection:
                    for half in ("a", "b"):
                        connection.execute(
                            text("INSERT INTO issue (key) VALUES (:key)"), {"key": f"{len(written)}{half}"}
                        )
                written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    while len(written) < 20:
        time.sleep(0.001)
    before = len(written)
    copies = [backup(sqlite, now=datetime(2026, 11, 24, 7, second, tzinfo=UTC)) for second in range(3)]
    stop.set()
    writer.join()
    assert list(tmp_path.glob("backups/*.part")) == []
    counts = []
    for path in copies:
        with contextlib.closing(sqlite3.connect(path)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            counts.append(copy.execute("SELECT count(*) FROM issue").fetchone()[0])
    assert counts == sorted(counts)
    assert counts[0] >= 2 * before
    assert [count % 2 for count in counts] == [0, 0, 0]


def test_a_copy_that_cannot_be_made(sqlite: Database, tmp_path: Path, empty: Database) -> None:
    (tmp_path / "backups").touch()
    with pytest.raises(DatabaseError, match="cannot be backed up"):
        backup(sqlite, now=NOW)
    if not empty.is_sqlite:
        with pytest.raises(DatabaseError, match="backup --to DIR"):
            backup(empty, now=NOW)


def test_words_for_what_the_database_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = contextlib.closing(open_database(f"sqlite:///{tmp_path / 'no' / 'x.db'}"))
    with nowhere as database, pytest.raises(DatabaseError, match="unable to open database file; check that its folder"):
        ready(database, now=NOW)
    (tmp_path / "x.db").write_bytes(b"not a database at all, but long enough to look like one" * 9)
    with contextlib.closing(open_database(f"sqlite:///{tmp_path / 'x.db'}")) as database:
        with pytest.raises(DatabaseError, match="file is not a database; the file is damaged") as told:
            ready(database, now=NOW)
        assert told.value.where == str(tmp_path / "x.db")
    url = "postgresql+psycopg://nashra:geheim@127.0.0.1:1/x"
    with contextlib.closing(open_database(url)) as database:
        assert database.where == "postgresql+psycopg://nashra:***@127.0.0.1:1/x"
        with pytest.raises(DatabaseError, match=r"check \[database\] url and that the server runs") as told:
            version(database)
        assert "geheim" not in str(told.value)
        assert "\n" not in str(told.value)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseError, match=r" install 'psycopg\[binary\]>=3.2.1'$"):
        open_database(url)


def test_no_row_is_shown_in_an_error(empty: Database) -> None:
    upgrade(empty)
    statement = text("INSERT INTO issue (key) VALUES (:key)")
    for _ in range(2):
        with contextlib.suppress(IntegrityError), empty.write() as connection:
            connection.execute(statement, {"key": "amal@example.net"})
    with pytest.raises(IntegrityError) as told, empty.write() as connection:
        connection.execute(statement, {"key": "amal@example.net"})
    if empty.is_sqlite:  # PostgreSQL names the value itself, in its DETAIL line
        assert "amal" not in str(told.value)


def hammer(path: str, name: str, times: int, told: multiprocessing.Queue[str]) -> None:
    """Read, then write, in one transaction, over and over: what a claim does."""
    with contextlib.closing(open_database(f"sqlite:///{path}")) as database:
        try:
            for count in range(times):
                with database.write() as connection:
                    last = connection.execute(text("SELECT max(id) FROM issue")).scalar()
                    connection.execute(text("INSERT INTO issue (key) VALUES (:key)"), {"key": f"{name}-{last}-{count}"})
            told.put("done")
        except Exception as error:  # it is the parent that fails
            told.put(f"{type(error).__name__}: {error}")


@pytest.mark.slow
def test_a_command_and_two_other_writers_are_never_locked_out(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["newsletter.delivery", "newsletter.wiring", "sqlalchemy.dialects.sqlite"])
    told: multiprocessing.Queue[str] = server.Queue()
    writers = [
        server.Process(target=hammer, args=(str(root / "newsletter.db"), f"w{number}", 20, told)) for number in range(2)
    ]
    for writer in writers:
        writer.start()
    commands = 0
    while any(writer.is_alive() for writer in writers):
        done = here("-C", root, "subscribers", "add", f"reader{commands}@example.net")
        assert done.code == 0, done
        commands += 1
    assert [told.get(timeout=120) for _ in writers] == ["done", "done"]
    for writer in writers:
        writer.join()
    assert commands
    assert here("-C", root, "lists").out.split("\t")[1] == str(commands)


def test_an_upgrade_keeps_events_and_small_letters_from_before_reasons_and_questions(empty: Database) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(room.__file__).parent / "migrations"))
    with empty.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        for statement in (
            "INSERT INTO issue (key) VALUES ('1')",
            "INSERT INTO send (public_id, issue_id, list_id, rhythm, state, subject, audience, created)"
            " VALUES ('a', 1, 1, 'weekly', 'finished', 'x', 1, 5)",
            "INSERT INTO batch (send_id, state) VALUES (1, 'submitted')",
            "INSERT INTO delivery (issue_id, subscriber_id, batch_id) VALUES (1, 1, 1)",
            "INSERT INTO event (delivery_id, kind, at, bounce) VALUES (1, 'bounced', 7, 'soft')",
            "INSERT INTO list (id, name, title, created) VALUES (7, 'seven', 'x', 5)",
        ):
            connection.execute(text(statement))
        person = text(
            "INSERT INTO subscriber (address, address_key, public_id, needs_smtputf8, created)"
            " VALUES ('a@example.org', 'a@example.org', :name, :plain, 5)"
        )
        connection.execute(person, {"name": b"1" * 16, "plain": False})
        for kind in ("welcome", "goodbye"):
            add = "INSERT INTO small_letter (kind, subscriber_id, list_id, created) VALUES (:kind, 1, 7, 5)"
            connection.execute(text(add), {"kind": kind})
        connection.execute(text("DELETE FROM small_letter WHERE kind = 'goodbye'"))
    upgrade(empty)
    with empty.write() as connection:
        (event,) = connection.execute(text("SELECT kind, bounce, reason FROM event")).all()
        assert tuple(event) == ("bounced", "soft", "")
        connection.execute(text(add), {"kind": "still-wanted"})
        rows = connection.execute(text("SELECT id, kind FROM small_letter ORDER BY id")).all()
        assert [tuple(row) for row in rows] == [(1, "welcome"), (3, "still-wanted")]
        connection.execute(
            text("INSERT INTO still_wanted (subscriber_id, list_id, created, days) VALUES (1, 7, 5, 30)")
        )
