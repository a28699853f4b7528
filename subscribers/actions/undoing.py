"""Taking back an import, as long as no letter went to anybody whom it brought."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from subscribers import store
from subscribers.errors import BatchError
from subscribers.models import ImportBatch, UndoneImport

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

LettersGone = Callable[["Connection", ImportBatch, "Select[tuple[int]]"], bool]
"""Whether a letter of the list went, since the import, to one of the readers whose ids a query gives."""


def undo_import(connection: Connection, name: str, *, by: str = "", now: datetime, gone: LettersGone) -> UndoneImport:
    """Take back an import: who came by it is forgotten, and who waits to be asked is not asked.

    Who was there before, has left or has acted since, stays; so does whatever the file said that keeps letters away.

    Args:
        connection: A connection in a writing transaction.
        name: As it was printed after the import.
        by: Who takes it back.
        now: The present moment, timezone-aware.
        gone: The letters are of the other side; it tells whether one went.

    Raises:
        BatchError: No such import, it was taken back before, or a letter went to one of its readers.
    """
    batch = store.batch_named(connection, name.strip().casefold(), lock=True)
    if batch is None:
        raise BatchError("no import has this name", mend="write it as it was printed after the import")
    if batch.undone is not None:
        raise BatchError(f"this import was taken back on {batch.undone:%Y-%m-%d}")
    if gone(connection, batch, store.brought(batch.id)):
        raise BatchError(
            "a letter went to a reader of this import, so it cannot be taken back",
            mend="end single subscriptions with: newsletter subscribers leave",
        )
    taken_back, kept = store.take_back(connection, batch, by=by, now=now)
    return UndoneImport(batch, taken_back, kept)
