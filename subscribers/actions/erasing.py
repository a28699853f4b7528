"""Erasing a person, down to the last byte."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from subscribers import store
from subscribers.addresses import normalise
from subscribers.errors import UnknownSubscriber

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


def erase(connection: Connection, address: str, *, now: datetime, keys: Mapping[int, bytes]) -> int:
    """Delete everything about a person. What stays is a fingerprint, so that no old file brings them back.

    Call `scrub` once this is committed: until then the freed pages of the database may still hold the address.

    Args:
        connection: A connection in a writing transaction.
        address: As it was typed.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.

    Returns:
        The id the person had; other tables that know it hold nothing else of them.

    Raises:
        AddressError: Not an address.
        UnknownSubscriber: Nobody has this address.
        SecretError: No key.
    """
    wanted = normalise(address)
    person = store.find(connection, wanted)
    if person is None:
        raise UnknownSubscriber(
            f"nobody has the address {wanted.address}",
            mend="check its spelling; to make sure that it is never mailed: newsletter subscribers suppress",
        )
    store.lift(connection, wanted.key, keys)
    store.erase(connection, person.id)
    store.suppress(connection, wanted.key, keys, reason="erased", now=now)
    return person.id


def scrub(engine: Engine) -> bool:
    """Rewrite the database so that deleted rows leave no bytes behind. Takes a while on a large one.

    SQLite: the file is rebuilt (VACUUM) and the write-ahead log emptied; nothing of an erased row is left in either.
    PostgreSQL: dead rows are removed (VACUUM); its log segments and backups keep them until they age out there.

    Args:
        engine: Of the database; nobody may be in a transaction on SQLite.

    Returns:
        False when another program has the database open and kept the write-ahead log from being emptied.
    """
    raw = engine.raw_connection()
    try:
        driver = raw.driver_connection
        if driver is None:  # pragma: no cover  a connection that was just opened has one
            return False
        if engine.dialect.name == "sqlite":
            return _scrub_sqlite(driver)
        from subscribers.store.tables import metadata

        driver.autocommit = True
        for table in metadata.sorted_tables:
            driver.execute(f'VACUUM "{table.name}"')
        driver.autocommit = False
        return True
    finally:
        raw.close()


def _scrub_sqlite(driver: object) -> bool:
    import sqlite3

    if not isinstance(driver, sqlite3.Connection):  # pragma: no cover  the dialect says it is
        raise TypeError("not a connection of sqlite3")
    driver.execute("PRAGMA secure_delete = ON")
    driver.execute("VACUUM")
    busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy
