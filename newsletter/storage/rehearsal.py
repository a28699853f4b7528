"""What is only tried: done in the database and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from newsletter.storage.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection


class TrialDatabase(Database):
    """A database whose every transaction is part of one that is taken back."""

    def __init__(self, database: Database, connection: Connection) -> None:
        super().__init__(database.engine)
        self._connection = connection

    @contextmanager
    def write(
        self,
        *,
        durable: bool = True,  # noqa: ARG002  as for every database
        rebuilds: bool = False,  # noqa: ARG002
    ) -> Iterator[Connection]:
        """Part of the one transaction; what fails in it is not taken back alone."""
        yield self._connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """The same."""
        yield self._connection


class _Over(Exception):  # noqa: N818  no error: it ends a rehearsal
    pass


@contextmanager
def taken_back(database: Database) -> Iterator[Database]:
    """A database that is as if nothing had happened, once the block has ended."""
    try:
        with database.write() as connection:
            yield TrialDatabase(database, connection)
            raise _Over
    except _Over:
        pass
