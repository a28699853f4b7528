"""What the migrations make of an empty SQLite file, made without them: each process of the tests runs them once.

Every ``newsletter init`` runs all migrations, which takes a quarter of a second (measured) and grows with each of
them; the statements that SQLite keeps of what came out take some milliseconds. Tests of the migrations themselves ask
for the fixture ``real_migrations``; a process of its own always runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from alembic import command
from alembic.config import Config
from kept import Kept
from sqlalchemy import Connection

_MADE = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
_ROWS = ("alembic_version", "sqlite_sequence")
"""The tables that have rows then."""


def contents(connection: Connection) -> tuple[list[str], dict[str, list[tuple[object, ...]]]]:
    """The statements that make a database's tables and indexes, and the rows of those that begin with some."""
    rows = {name: [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")] for name in _ROWS}
    return [str(sql) for (sql,) in connection.exec_driver_sql(_MADE)], rows


class KeptSchema(Kept):
    """Stands where ``alembic.command.upgrade`` stood."""

    def __init__(self, migrate: Callable[[Config, str], None]) -> None:
        super().__init__()
        self.migrate = migrate
        self.kept: tuple[list[str], dict[str, list[tuple[object, ...]]]] | None = None

    def upgrade(self, config: Config, revision: str) -> None:
        """Bring a database to a revision; an empty one of SQLite to the last one without the migrations."""
        connection: Connection = config.attributes["connection"]
        if (
            self.real
            or revision != "head"
            or connection.dialect.name != "sqlite"
            or connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first()
        ):
            self.migrate(config, revision)
        elif self.kept is None:
            self.migrate(config, revision)
            self.kept = contents(connection)
        else:
            statements, rows = self.kept
            for statement in statements:
                connection.exec_driver_sql(statement)
            for name, values in rows.items():
                for row in values:
                    connection.exec_driver_sql(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)


@contextmanager
def keeping() -> Iterator[KeptSchema]:
    """Let every in-process upgrade of an empty file use what the first one made."""
    schema = KeptSchema(command.upgrade)
    with mock.patch.object(command, "upgrade", schema.upgrade):
        yield schema
