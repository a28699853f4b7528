"""Databases for tests: a SQLite file and a PostgreSQL server that a test-only package brings along."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import pytest
from browser import Browser, opened
from hypothesis import HealthCheck, settings
from kept_nursery import KeptNursery
from kept_nursery import keeping as keeping_nursery
from kept_schema import KeptSchema, keeping
from kept_statements import keeping as keeping_statements
from reused_databases import DatabasePool
from servers import postgres
from sqlalchemy import Connection, create_engine, make_url, text

from newsletter.storage.database import Database, open_database, upgrade

# A slow machine is no fault of the code: how long an example takes is measured in benchmarks/ only.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What lands must not depend on luck: elsewhere each run tries examples of its own.
settings.register_profile("ci", settings.get_profile("house"), derandomize=True)
# Faults are sown by the hundred: few examples, and always the same.
settings.register_profile("mutants", settings.get_profile("house"), derandomize=True, database=None, max_examples=30)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "house")

if TYPE_CHECKING:
    from playwright.sync_api import Browser as PlaywrightBrowser

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


# Fifteen thousand tests are collected by each process of pytest-xdist, and nearly all of what that makes stays: to look
# through it again and again for what has gone took half of the time (measured: 20 s, and 11 without).
gc.disable()


def pytest_collection_finish() -> None:
    """From here on the tests' own objects are watched, and those of the collection never gone through again."""
    gc.freeze()
    gc.enable()


LONG = (
    "test_torture*",
    "test_worker",
    "test_wheel",
    "test_documents_run",
    "test_wordpress_*",
    "test_choices_journey",
    "test_desk_acceptance_*",
)
"""Files that begin first, so that no process of pytest-xdist is alone in the end with a test that takes a minute."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL by what it asks for, so that nobody has to think of it, and let long ones begin.

    What needs a browser, or takes long, says so itself: ``pytest.mark.browser`` and ``pytest.mark.slow``.
    """
    items.sort(key=lambda item: not any(fnmatch(item.path.stem, name) for name in LONG))
    for item in items:
        call = getattr(item, "callspec", None)
        asked = getattr(item, "fixturenames", ())
        values = call.params.values() if call is not None else ()
        if "_postgres_server" in asked or any(_names_postgresql(value) for value in values):
            item.add_marker(pytest.mark.postgresql)


def _names_postgresql(value: object) -> bool:
    return value == "postgresql" or (isinstance(value, tuple) and "postgresql" in value)


TEMPLATE = "nashra_template"
"""Of the server: a database with the tables, of which every other one is a copy."""


@pytest.fixture(scope="session")
def _postgres_template(_postgres_server: str) -> str:
    """URL of the server, which has the template now; the first process of pytest-xdist makes it, the others wait."""
    engine = create_engine(_postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # Held until this connection closes.
        connection.execute(text("SELECT pg_advisory_lock(20261128)"))
        there = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.execute(there, {"name": TEMPLATE}).first() is None:
            connection.execute(text(f"CREATE DATABASE {TEMPLATE}_unfinished"))
            _migrate(_named(_postgres_server, f"{TEMPLATE}_unfinished"))
            # Its name says that it is whole: a process that died in the middle leaves none.
            connection.execute(text(f"ALTER DATABASE {TEMPLATE}_unfinished RENAME TO {TEMPLATE}"))
    engine.dispose()
    return _postgres_server


@pytest.fixture(scope="session", autouse=True)
def _kept_schema() -> Iterator[KeptSchema]:
    """An empty SQLite file gets its tables without the migrations, in whatever way a test makes a workspace."""
    with keeping() as schema:
        yield schema


@pytest.fixture
def real_migrations(_kept_schema: KeptSchema) -> Iterator[None]:
    """For tests of the migrations: an empty SQLite file gets its tables by them."""
    with _kept_schema.really():
        yield


@pytest.fixture(scope="session", autouse=True)
def _kept_statements() -> Iterator[None]:
    """Engines compile no statement that another one has compiled."""
    with keeping_statements():
        yield


@pytest.fixture(scope="session", autouse=True)
def _kept_nursery() -> Iterator[KeptNursery]:
    """Fences begin no nursery each, in whatever way a test makes a workspace."""
    with keeping_nursery() as nursery:
        yield nursery


@pytest.fixture
def real_nursery(_kept_nursery: KeptNursery) -> Iterator[None]:
    """For tests of the fence: each begins its own nursery."""
    with _kept_nursery.really():
        yield


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables: a copy takes a millisecond, the migrations take seventy (measured)."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    database = open_database(url)
    upgrade(database)
    database.close()


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def _postgres_pool(_postgres_template: str) -> DatabasePool:
    return DatabasePool(_postgres_template, TEMPLATE)


@pytest.fixture
def _postgres_urls(request: pytest.FixtureRequest) -> Iterator[Callable[[bool], str]]:
    """Make a database of the server, with the tables or without any; given back or dropped after the test."""
    ends: list[Callable[[], None]] = []

    def make(with_tables: bool) -> str:
        if request.node.get_closest_marker("postgresql") is None:
            pytest.fail("this test asks for PostgreSQL: mark it with pytest.mark.postgresql")
        server: str = request.getfixturevalue("_postgres_server")
        if with_tables:
            pool: DatabasePool = request.getfixturevalue("_postgres_pool")
            name, mark = pool.take()
            ends.append(lambda: pool.give_back(name, mark))
        else:
            name = f"test_{secrets.token_hex(8)}"
            _administer(server, f"CREATE DATABASE {name}")
            ends.append(lambda: _administer(server, f"DROP DATABASE {name} WITH (FORCE)"))
        return _named(server, name)

    yield make
    for end in ends:
        end()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of a process."""
    with opened(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def playwright_chromium() -> Iterator[PlaywrightBrowser]:
    """A browser for the pages of the desk; of one module, since no other event loop runs while it is there."""
    from desk_served import chromium

    with chromium() as browser:
        yield browser


@pytest.fixture
def database_urls(
    tmp_path: Path,
    real_migrations: None,
    _postgres_urls: Callable[[bool], str],
) -> MakeDatabase:
    """Make an empty database: call it with ``sqlite`` or ``postgresql``, get a SQLAlchemy URL."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{secrets.token_hex(4)}.db'}"
        return _postgres_urls(False)

    return make


@pytest.fixture
def ready_urls(tmp_path: Path, request: pytest.FixtureRequest, _postgres_urls: Callable[[bool], str]) -> MakeDatabase:
    """Make a database with the tables, as ``newsletter database upgrade`` leaves it, by copying one: called alike."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            path = tmp_path / f"{secrets.token_hex(4)}.db"
            shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
            return f"sqlite:///{path}"
        return _postgres_urls(True)

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, ready_urls: MakeDatabase) -> Iterator[Database]:
    """A database with the tables of both wings and nothing in them, once for each kind."""
    database = open_database(ready_urls(request.param))
    yield database
    database.close()


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A connection in a writing transaction on an empty database, once for each kind."""
    with database.write() as connection:
        yield connection
