"""A list as a file, for safekeeping or for another program."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from subscribers import store
from subscribers.csvfile.own_export import COLUMNS
from subscribers.csvfile.writing import csv_writer
from subscribers.models import STATUSES, Status

if TYPE_CHECKING:
    from sqlalchemy import Connection


def export_file(connection: Connection, path: Path, list_name: str, *, statuses: Collection[Status] = STATUSES) -> int:
    """Write the subscribers of a list into a CSV file, with their record of consent.

    Read into an empty workspace it gives the same people with the same dates, choices, suppressions and record.

    Args:
        connection: Open; it sees one moment of the database when it is in a transaction.
        path: Of the file, which must not exist.
        list_name: Of the list.
        statuses: Whom to write; who left is in it by default, so that an import elsewhere keeps them out.

    Returns:
        How many were written.

    Raises:
        UnknownList: No such list.
        CsvError: There is a file of this name, or it cannot be written.
    """
    target = store.list_named(connection, list_name)
    number = 0
    with csv_writer(path, COLUMNS) as write:
        for one in store.exported(connection, target.id, statuses=statuses):
            write(one)
            number += 1
    return number
