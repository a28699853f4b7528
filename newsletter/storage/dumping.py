"""A PostgreSQL database as one file, by PostgreSQL's own programs: pg_dump writes it, pg_restore reads it again.

pg_dump refuses a server that is newer than itself (https://www.postgresql.org/docs/current/app-pgdump.html, Notes), so
the first one is taken that is not older than the server. It dumps the snapshot of a transaction in which the rows were
counted, and the rows of the file are counted as they would be put back.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import DatabaseError
from newsletter.storage.copied import CopiedDatabase, make_private, require_equal
from newsletter.storage.identity import identity
from newsletter.storage.transfer import every_table, snapshot

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.storage.database import Database

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
"""Where packages of Debian, Red Hat and Homebrew put the programs of each version, beside the one in PATH."""
_VERSION = re.compile(rb"\(PostgreSQL\) (\d+)")
_TABLE = re.compile(rb"COPY (?:\S+\.)?\"?(\w+)\"? \(.* FROM stdin;\n")


@dataclass(frozen=True, slots=True)
class BackupProgram:
    """A pg_dump of this machine; its pg_restore lies beside it."""

    path: Path
    major: int
    """Of its version."""


def dump_program(database: Database) -> BackupProgram:
    """The pg_dump that can dump a server.

    Args:
        database: Of PostgreSQL.

    Raises:
        DatabaseError: There is none, or only older ones than the server.
    """
    with database.read() as connection:
        server = int(str(connection.exec_driver_sql("SHOW server_version_num").scalar_one())) // 10_000
    found = list(_programs())
    good = [one for one in found if one.major >= server]
    if good:
        return good[0]
    mend = (
        f"install the client programs of PostgreSQL {server} (Debian: postgresql-client-{server}), or put them in PATH"
    )
    if not found:
        raise DatabaseError("there is no pg_dump on this machine", where=database.where, mend=mend)
    newest = max(found, key=lambda one: one.major)
    raise DatabaseError(
        f"the server is PostgreSQL {server}, and pg_dump is older ({newest.major}, {newest.path})",
        where=database.where,
        mend=mend,
    )


def _programs() -> Iterator[BackupProgram]:
    named = shutil.which("pg_dump")
    places = [Path(named)] if named else []
    for pattern in PLACES:
        places += sorted(Path("/").glob(f"{pattern[1:]}/pg_dump"), reverse=True)
    for path in places:
        major = _major(path)
        if major is not None and path.with_name("pg_restore").exists():
            yield BackupProgram(path, major)


def _major(path: Path) -> int | None:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(done.stdout)
    return int(match[1]) if match is not None else None


def dump(database: Database, path: Path) -> CopiedDatabase:
    """Dump a database into a new file for its owner alone, and make sure that it can be put back.

    Args:
        database: Of PostgreSQL, with the schema of this version.
        path: Of the file to make, in pg_dump's own form.

    Raises:
        DatabaseError: It cannot be dumped, or the file does not hold what was in it.
    """
    program = dump_program(database)
    target, password = _target(database)
    with snapshot(database) as connection:
        expected = _counted(connection)
        name = str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())
        flags = ("--format=custom", "--no-password", "--no-owner", "--no-privileges", f"--snapshot={name}")
        make_private(path)
        _run([program.path, *flags, f"--file={path}", f"--dbname={target}"], database, path, password)
    restoring = program.path.with_name("pg_restore")
    contents = _run([restoring, "--list", path], database, path, {})
    listed = set(re.findall(rb"TABLE DATA \S+ (\S+) ", contents))
    lost = [table.name for table in every_table() if table.name.encode() not in listed]
    if lost:
        raise DatabaseError(f"the dump lacks {', '.join(lost)}; nothing was kept", where=database.where)
    require_equal(expected, _read_back(restoring, path, expected, database), database)
    return expected


def _counted(connection: Connection) -> CopiedDatabase:
    from sqlalchemy import func, select, text

    known = identity(connection)
    revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    rows = {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in every_table()
    }
    return CopiedDatabase(revision, known.id if known else f"{0:016x}", known.generation if known else 0, rows)


def _target(database: Database) -> tuple[str, Mapping[str, str]]:
    """The database as libpq is told of it, and the password apart: a command line is seen by the whole machine."""
    from psycopg.conninfo import make_conninfo

    _, said = database.engine.dialect.create_connect_args(database.engine.url)
    password = said.pop("password", None)
    # Of psycopg itself, and nothing to libpq.
    known = {name: value for name, value in said.items() if name not in {"context", "autocommit", "row_factory"}}
    return make_conninfo(**known), {"PGPASSWORD": str(password)} if password else {}


def _run(words: list[str | Path], database: Database, path: Path, more: Mapping[str, str]) -> bytes:
    # Its sentences are looked through: they come in English.
    environment = {**os.environ, "LC_ALL": "C", **more}
    try:
        done = subprocess.run(words, capture_output=True, check=False, env=environment, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise DatabaseError(f"{words[0]} cannot be started ({error.strerror})", where=database.where) from None
    if done.returncode:
        raise _failed(Path(words[0]).name, done.stderr, done.returncode, database, path)
    return done.stdout


def _failed(program: str, said: bytes, code: int, database: Database, path: Path) -> DatabaseError:
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    reason = next((line for line in lines if "error:" in line), lines[0] if lines else f"exit code {code}")
    reason = reason.removeprefix(f"{program}: ").removeprefix("error: ")
    full = "No space left" in reason or "File too large" in reason or "Disk quota" in reason
    mend = f"free some space in {path.parent.parent}, or name another folder" if full else ""
    return DatabaseError(f"{program} says: {reason}", where=database.where, mend=mend)


def _read_back(program: Path, path: Path, expected: CopiedDatabase, database: Database) -> CopiedDatabase:
    """What the file would put back, read to its end: every row passes by, none is kept."""
    rows = dict.fromkeys(expected.rows, 0)
    revision, table, count = "", b"", 0
    words = [str(program), "--data-only", "--file=-", str(path)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"}
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        for line in child.stdout:
            if table and line == b"\\.\n":
                if table.decode() in rows:
                    rows[table.decode()] = count
                table = b""
            elif table:
                count += 1
                revision = line.strip().decode() if table == b"alembic_version" else revision
            elif line.startswith(b"COPY ") and (match := _TABLE.fullmatch(line)) is not None:
                table, count = match[1], 0
        said = child.stderr.read()
    if child.returncode:
        raise _failed(program.name, said, child.returncode, database, path)
    # Which database it is stands in rows that were counted above.
    return replace(expected, revision=revision, rows=rows)
