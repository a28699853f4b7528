"""Statements compiled once in a process of the tests, and not again by every engine.

SQLAlchemy keeps what it compiles for each engine apart, and each test opens engines of its own: what all of them ask
was compiled thousands of times, half of what their statements cost (measured). Engines of one kind compile alike.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.engine import Compiled, Dialect

_MOST = 10_000


class KeptStatements(MutableMapping[tuple[Any, ...], Compiled]):
    """Stands where each engine has a mapping of its own; its keys begin with the engine's dialect."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Compiled] = {}

    @staticmethod
    def _alike(key: tuple[Any, ...]) -> tuple[Any, ...]:
        dialect: Dialect = key[0]
        return (type(dialect), dialect.driver, dialect.server_version_info, *key[1:])

    def __getitem__(self, key: tuple[Any, ...]) -> Compiled:
        return self._kept[self._alike(key)]

    def __setitem__(self, key: tuple[Any, ...], compiled: Compiled) -> None:
        if len(self._kept) >= _MOST:
            self._kept = {}
        self._kept[self._alike(key)] = compiled

    def __delitem__(self, key: tuple[Any, ...]) -> None:
        del self._kept[self._alike(key)]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return self._kept.get(self._alike(key), default)


@contextmanager
def keeping() -> Iterator[KeptStatements]:
    """Let every engine that is made meanwhile use what the others have compiled."""
    statements = KeptStatements()
    real = sqlalchemy.create_engine

    def create_engine(*arguments: Any, **options: Any) -> Engine:
        engine = real(*arguments, **options)
        engine.update_execution_options(compiled_cache=statements)
        return engine

    with mock.patch.object(sqlalchemy, "create_engine", create_engine):
        yield statements
