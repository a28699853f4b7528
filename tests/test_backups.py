"""Backups of a whole workspace in another folder: whole or not at all, counted, kept in number, the secrets apart."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from command import Done, complains, here, make_workspace, unpacked
from servers import postgres
from sqlalchemy import text

from newsletter import ledger
from newsletter.errors import WorkspaceError
from newsletter.storage import dumping
from newsletter.storage.database import open_database
from newsletter.wiring import open_workspace
from newsletter.workflows import kept_backups, status
from newsletter.workspace import packing
from newsletter.workspace.remembered import RememberedDatabase

MakeDatabase = Callable[[str], str]


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("backups") / "w")


@pytest.fixture
def root(_made: Path, tmp_path: Path) -> Path:
    """A workspace of its own for each test."""
    return shutil.copytree(_made, tmp_path / "w")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder for backups."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def back_up(root: Path, shelf: Path, *more: str | Path) -> Path:
    done = here("-C", root, "database", "backup", "--to", shelf, *more)
    assert done.code == 0, done
    return Path(done.out.strip())


def tree(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def whole(backup: Path) -> dict[str, Any]:
    """What a backup says of itself, after all of it was held against that."""
    import hashlib

    said: dict[str, Any] = json.loads((backup / "backup.json").read_text("utf-8"))
    assert {one.name for one in backup.iterdir()} == {"backup.json", *said["files"]}
    for name, told in said["files"].items():
        content = (backup / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (told["bytes"], told["sha256"])
    return said


def test_a_backup_holds_the_database_and_the_files_and_no_secret(root: Path, shelf: Path) -> None:
    (root / "صور").mkdir()
    (root / "صور" / "غلاف.png").write_bytes(b"\x89PNG")
    (root / ".env").write_text("NASHRA_SMTP__PASSWORD=canary\n", "utf-8")
    done = here("-C", root, "database", "backup", "--to", shelf)
    assert done.code == 0, done
    backup = Path(done.out.strip())
    assert backup.parent == shelf.resolve()
    assert backup.name.startswith("w-20")
    assert backup.name.endswith("Z")
    assert [one.name for one in shelf.iterdir()] == [backup.name]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in backup.iterdir()} == {0o600}
    said = whole(backup)
    assert (said["database"], said["rows"]["subscriber"], said["rows"]["article"]) == ("sqlite", 3, 1)
    with closing(sqlite3.connect(backup / "newsletter.db")) as copy:
        assert copy.execute("SELECT count(*) FROM subscriber").fetchone() == (3,)
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    with tarfile.open(backup / "workspace.tar") as tar:
        names = set(tar.getnames())
    assert {"newsletter.toml", "صور/غلاف.png", "issues/first/issue.md", "database.toml"} <= names
    assert not [name for name in names if name.startswith(("secrets", ".env", "newsletter.db", "outbox", "backups"))]
    everything = b"".join(one.read_bytes() for one in backup.iterdir())
    assert b"canary" not in everything
    assert (root / "secrets" / "keys.toml").read_text("utf-8").splitlines()[-1].encode() not in everything
    assert f"The secrets are not in it ({root / 'secrets'}, {root / '.env'})" in done.err
    assert "copy it to another machine" in done.err  # the test's folders are on one disk
    assert "backup" in here("-C", root, "log").out


def test_secrets_are_kept_apart_and_only_when_they_changed(root: Path, shelf: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    for _ in range(2):
        back_up(root, shelf, "--with-secrets", keys)
    (first,) = keys.iterdir()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    with tarfile.open(first) as tar:
        assert tar.getnames() == ["secrets/keys.toml"]
    (root / "secrets" / "smtp.password").write_text("changed", "utf-8")
    done = here("-C", root, "database", "backup", "--to", shelf, "--with-secrets", keys, "--keep", "1")
    assert "Removed 2 older backups." in done.err
    assert "without them" not in done.err
    assert len(list(keys.iterdir())) == 2  # old keys open the links of old letters
    for apart in (shelf, shelf / "keys", tmp_path):
        apart.mkdir(exist_ok=True)
        done = here("-C", root, "database", "backup", "--to", shelf, "--with-secrets", apart)
        complains(done, "secrets and backups are to be in folders apart")


def test_a_secret_in_the_settings_is_told(root: Path, shelf: Path) -> None:
    with (root / "newsletter.toml").open("a", encoding="utf-8") as file:
        file.write('\n[smtp]\nhost = "smtp.example.org"\npassword = "x"\n')
    done = here("-C", root, "database", "backup", "--to", shelf)
    assert "holds a secret (smtp.password), which is in the backup" in done.err


def test_only_its_own_backups_are_removed_and_the_oldest_first(root: Path, shelf: Path, tmp_path: Path) -> None:
    other = make_workspace(tmp_path / "other", readers=0)
    of_other = back_up(other, shelf)
    (shelf / "w-20200101-000000Z").mkdir()  # a name like ours, and nothing of ours in it
    (shelf / "notes.txt").write_text("x", "utf-8")
    made = [back_up(root, shelf, "--keep", "2") for _ in range(4)]
    left = {one.name for one in shelf.iterdir()}
    assert left == {of_other.name, "w-20200101-000000Z", "notes.txt", made[2].name, made[3].name}
    (made[2] / "a note of mine.txt").write_text("x", "utf-8")
    done = here("-C", root, "database", "backup", "--to", shelf, "--keep", "1")
    assert done.code == 1
    assert "a note of mine.txt in it is not of it" in done.err
    assert Path(done.out.strip()).exists()
    assert (made[2] / "newsletter.db").exists()
    assert not made[3].exists()


def test_an_older_backup_goes_only_when_the_new_one_is_there(root: Path, shelf: Path) -> None:
    first = back_up(root, shelf)
    before = tree(shelf)
    with mock.patch.object(packing, "read_again", return_value={}):
        complains(here("-C", root, "database", "backup", "--to", shelf, "--keep", "1"), "not written as they are")
    assert tree(shelf) == before
    whole(first)


def test_a_damaged_database_gives_no_backup(root: Path, shelf: Path) -> None:
    path = root / "newsletter.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'consent'").fetchone()
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size + 8)
        file.write(b"\xff" * 64)
    done = here("-C", root, "database", "backup", "--to", shelf)
    assert done.code == 1
    assert "damaged" in done.err or "malformed" in done.err
    assert len(done.err.splitlines()) == 1
    assert list(shelf.iterdir()) == []


def test_each_wrong_folder_has_its_line(root: Path, shelf: Path, tmp_path: Path) -> None:
    def told(to: Path, *parts: str) -> None:
        complains(here("-C", root, "database", "backup", "--to", to), *parts)
        complains(here("-C", root, "database", "backup", "--to", to, "--dry-run"), *parts)

    told(tmp_path / "not there", "there is no such folder for backups", "mount the disk")
    told(root, "within the workspace itself")
    (root / "inside").mkdir()
    (tmp_path / "led").symlink_to(root / "inside")
    told(tmp_path / "led", "within the workspace itself")
    told(root / "newsletter.toml", "a file, not a folder")
    # Whoever runs the tests may be allowed everything.
    with mock.patch("os.access", lambda path, _mode: Path(path) != shelf):
        told(shelf, "nothing may be written into this folder")
    with mock.patch("shutil.disk_usage", return_value=(10, 5, 1_000_000)):
        told(shelf, "1.0 MB are free there; the backup takes about", "free some space")
    assert list(shelf.iterdir()) == []
    for option in (("--keep", "3"), ("--dry-run",), ("--with-secrets", shelf)):
        assert here("-C", root, "database", "backup", *option).code == 2


def test_a_dry_run_changes_nothing(root: Path, shelf: Path) -> None:
    old = back_up(root, shelf)
    before = tree(shelf)
    done = here("-C", root, "database", "backup", "--to", shelf, "--keep", "1", "--dry-run", "--json")
    said = json.loads(done.out)
    assert (said["removed"], said["dry_run"]) == ([str(old)], True)
    assert f"Would remove {old}" in here("-C", root, "database", "backup", "--to", shelf, "--keep", "1", "-n").err
    assert tree(shelf) == before


def test_two_at_once_is_told(root: Path, shelf: Path) -> None:
    with kept_backups.alone(shelf):
        complains(here("-C", root, "database", "backup", "--to", shelf), "another backup is being made there")
    back_up(root, shelf)


_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["newsletter.cli", "newsletter.workflows.backing_up", "sqlalchemy.dialects.sqlite"])


def _child(root: str, shelf: str, kill_at: int, largest: int, told: Any) -> None:
    counter = itertools.count(1)

    def audit(name: str, arguments: tuple[object, ...]) -> None:
        if name in {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove"} and shelf in str(arguments[0]):  # noqa: SIM102
            if next(counter) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.dont_write_bytecode = True
    sys.addaudithook(audit)
    if largest:
        import resource

        # A file that may not grow is what a full disk is to whoever writes it.
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    done = here("-C", root, "database", "backup", "--to", shelf, "--keep", "1")
    told.send(done)
    told.close()


def apart(root: Path, shelf: Path, *, kill_at: int = 0, largest: int = 0) -> Done | None:
    """Make a backup in a process of its own, where files can grow no larger than so many bytes; None when it was killed
    at its so many-th step in the folder of backups."""
    mine, its = _SERVER.Pipe()
    child = _SERVER.Process(target=_child, args=(str(root), str(shelf), kill_at, largest, its))
    child.start()
    its.close()
    try:
        done: Done | None = mine.recv()
    except EOFError:
        done = None
    child.join()
    assert (done is None) == (child.exitcode == -signal.SIGKILL)
    return done


def test_a_process_that_is_killed_leaves_what_was_there(root: Path, shelf: Path) -> None:
    """At steps spread over all of it: what has the name of a backup is whole, and the next run sweeps up the rest."""
    back_up(root, shelf)
    died = 0
    for kill_at in (1, 6, 11, 16, 21):
        died += apart(root, shelf, kill_at=kill_at) is None
        there = [one for one in shelf.iterdir() if not one.name.startswith(".")]
        assert there, kill_at
        for one in there:
            whole(one)
    assert died >= 3
    last = back_up(root, shelf, "--keep", "1")
    assert [one.name for one in shelf.iterdir()] == [last.name]


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
@pytest.mark.parametrize("largest", [100_000, 700_000])
def test_a_disk_that_takes_no_more_keeps_what_was_there(root: Path, shelf: Path, largest: int) -> None:
    (root / "large.bin").write_bytes(os.urandom(900_000))
    back_up(root, shelf)
    before = tree(shelf)
    done = apart(root, shelf, largest=largest)
    assert done is not None
    complains(done, "free some space")
    assert tree(shelf) == before


def test_a_backup_while_letters_go(root: Path, shelf: Path) -> None:
    """Writers go on meanwhile, and each copy is of one moment."""
    over, number = threading.Event(), itertools.count()

    def write() -> None:
        database = open_database(f"sqlite:///{root / 'newsletter.db'}")
        while not over.is_set():
            with database.write(durable=False) as connection:
                for name in ("a", "b"):
                    ledger.set_cursor(connection, name, next(number) // 2)
        database.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            backup = back_up(root, shelf)
            with closing(sqlite3.connect(backup / "newsletter.db")) as copy:
                values = [at for (at,) in copy.execute("SELECT at FROM mark WHERE name IN ('a', 'b')")]
            assert len(set(values)) <= 1
    finally:
        over.set()
        writer.join()


def test_links_are_followed_only_where_they_lead_outside(root: Path, shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "logo.png").write_bytes(b"logo")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "elsewhere")
    (root / "pictures").symlink_to(tmp_path / "elsewhere")
    (root / "newest").symlink_to(root / "issues" / "first")
    (root / "dead").symlink_to(tmp_path / "nowhere")
    os.mkfifo(root / "pipe")
    backup = back_up(root, shelf)
    target = tmp_path / "again"
    unpacked(backup / "workspace.tar", target)
    assert (target / "pictures" / "logo.png").read_bytes() == b"logo"
    assert not (target / "pictures").is_symlink()
    assert (target / "newest").resolve() == target.resolve() / "issues" / "first"
    assert not [one for one in ("dead", "pipe") if os.path.lexists(target / one)]


def test_a_file_that_cannot_be_read_is_named(root: Path, tmp_path: Path) -> None:
    with (
        mock.patch.object(Path, "open", side_effect=PermissionError(13, "Permission denied")),
        pytest.raises(WorkspaceError, match=r"one\.txt: cannot be read \(Permission denied\)"),
    ):
        packing.pack(tmp_path / "x.tar", [packing.BackupFile("one.txt", tmp_path / "one.txt", 3)])


def test_status_and_the_doctor_know_the_last_backup(root: Path, shelf: Path) -> None:
    assert json.loads(here("-C", root, "status", "--json").out)["backup"] == {"known": True, "newest": None}
    back_up(root, shelf)
    assert json.loads(here("-C", root, "status", "--json").out)["backup"]["newest"] is not None
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            connection.execute(text("UPDATE mark SET at = at - 864000 WHERE name = 'backup'"))
        (found,) = [one for one in status.findings(workspace) if one.kind == "backup"]
    assert "10 days old" in found.words


def test_what_is_remembered_of_a_backup_is_read_again(root: Path) -> None:
    with open_workspace(root, {}) as workspace:
        known = RememberedDatabase("0" * 16, "x", 3, None, workspace.now().replace(microsecond=0))
        (root / "database.toml").write_text(known.text(), "utf-8")
        assert workspace.memory.remembered() == known


# ---- PostgreSQL


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The programs of the test server come first."""
    package = Path(postgres().__file__).parent
    newest = max(package.glob("pginstall*/bin/pg_dump"), key=lambda one: dumping._major(one) or 0)
    monkeypatch.setenv("PATH", f"{newest.parent}{os.pathsep}{os.environ['PATH']}")
    return newest.parent


@pytest.fixture
def on_postgresql(root: Path, database_urls: MakeDatabase, tmp_path: Path) -> Path:
    """The same workspace, its database copied to the test server."""
    url = database_urls("postgresql")
    assert here("-C", root, "database", "copy", "--to", url.replace("+psycopg", "")).code == 0
    (root / "secrets" / "database.url").write_text(url.replace("+psycopg", ""), "utf-8")
    (root / "newsletter.db").rename(tmp_path / "old.db")
    return root


@pytest.mark.postgresql
def test_postgresql_is_dumped_and_put_back(
    on_postgresql: Path, shelf: Path, programs: Path, database_urls: MakeDatabase
) -> None:
    backup = back_up(on_postgresql, shelf)
    said = whole(backup)
    assert (said["database"], said["rows"]["subscriber"]) == ("postgresql", 3)
    scratch = database_urls("postgresql")
    words = [programs / "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={scratch.replace('+psycopg', '')}"]
    subprocess.run([*words, backup / "newsletter.dump"], check=True, timeout=60)
    database = open_database(scratch)
    try:
        with database.read() as connection:
            for name, rows in said["rows"].items():
                assert connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() == rows, name
    finally:
        database.close()
    assert json.loads(here("-C", on_postgresql, "status", "--json").out)["backup"]["known"] is True


@pytest.mark.postgresql
def test_a_dump_that_lacks_rows_is_none(on_postgresql: Path, shelf: Path, programs: Path) -> None:
    real = dumping._counted

    def one_more(connection: Any) -> Any:
        found = real(connection)
        return type(found)(found.revision, found.id, found.generation, {**found.rows, "subscriber": 4})

    with mock.patch.object(dumping, "_counted", one_more):
        complains(
            here("-C", on_postgresql, "database", "backup", "--to", shelf), "(rows of subscriber); nothing was kept"
        )
    assert list(shelf.iterdir()) == []


@pytest.mark.postgresql
def test_a_pg_dump_that_is_missing_or_too_old_is_told(
    on_postgresql: Path, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dumping, "PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    complains(here("-C", on_postgresql, "database", "backup", "--to", shelf), "there is no pg_dump on this machine")
    (tmp_path / "bin").mkdir()
    for name in ("pg_dump", "pg_restore"):
        program = tmp_path / "bin" / name
        program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 11.22 (Debian 11.22-0)'\n", "utf-8")
        program.chmod(0o755)
    complains(
        here("-C", on_postgresql, "database", "backup", "--to", shelf), "pg_dump is older (11,", "postgresql-client-"
    )
    assert list(shelf.iterdir()) == []
