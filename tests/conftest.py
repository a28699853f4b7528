"""Databases for tests: a SQLite file and a PostgreSQL server that a test-only package brings along."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import gettempdir

import pytest
from hypothesis import HealthCheck, settings
from servers import postgres
from sqlalchemy import Connection, create_engine, make_url, text

from newsletter.storage.database import Database, open_database

# A slow machine is no fault of the code: how long an example takes is measured in benchmarks/ only.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What lands must not depend on luck: elsewhere each run tries examples of its own.
settings.register_profile("ci", settings.get_profile("house"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "house")

MakeDatabase = Callable[[str], str]


@pytest.fixture(scope="session")
def _postgres_server() -> str:
    """URL of one PostgreSQL server for the whole run, shared by all processes of pytest-xdist; stopped by the last."""
    # Not below pytest's own folder: the server runs as another user when the tests run as root, and every run of
    # pytest closes that folder to others again.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(8)
    server = postgres().get_server(Path(gettempdir()) / f"nashra-test-{run}", cleanup_mode="delete")
    url = server.get_uri(driver="psycopg")
    # A test database need not survive a power cut.
    _administer(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    return url


def _administer(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def database_urls(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MakeDatabase]:
    """Make an empty database: call it with ``sqlite`` or ``postgresql``, get a SQLAlchemy URL."""
    made: list[tuple[str, str]] = []

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{secrets.token_hex(4)}.db'}"
        server: str = request.getfixturevalue("_postgres_server")
        name = f"test_{secrets.token_hex(8)}"
        _administer(server, f"CREATE DATABASE {name}")
        made.append((server, name))
        return make_url(server).set(database=name).render_as_string(hide_password=False)

    yield make
    for server, name in made:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, database_urls: MakeDatabase) -> Iterator[Database]:
    """An empty database with the tables of both wings, once for each kind."""
    from newsletter.storage import tables
    from subscribers.store.tables import metadata

    database = open_database(database_urls(request.param))
    with database.write() as connection:
        metadata.create_all(connection)
        tables.metadata.create_all(connection)
    yield database
    database.close()


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A connection in a writing transaction on an empty database, once for each kind."""
    with database.write() as connection:
        yield connection
