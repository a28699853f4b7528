"""Adding everybody in a file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from subscribers import store
from subscribers.csvfile import (
    NO_CHOICES,
    BadCsvRow,
    ColumnChoices,
    CsvLayout,
    CsvRow,
    csv_writer,
    look,
    rows,
)
from subscribers.models import ImportReport, RejectedRow, Rhythm
from subscribers.store import staging
from subscribers.suppression import NO_KEYS
from subscribers.tokens import PUBLIC_ID_BYTES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.csvfile.writing import CsvWriter

MOST_REJECTED = 1000
"""Rejected rows that a report keeps; the rest is counted."""


def import_file(
    connection: Connection,
    path: Path,
    list_name: str,
    *,
    now: datetime,
    keys: Mapping[int, bytes] = NO_KEYS,
    rhythm: Rhythm = "weekly",
    words: str = "",
    rejects: Path | None = None,
    dry_run: bool = False,
    choices: ColumnChoices = NO_CHOICES,
    topics: Sequence[str] = (),
) -> ImportReport:
    """Add everybody in a file of addresses to a list; all of it or, after an error, nothing.

    Rows that cannot be used are named in the report and do not stop the others. Who left this list stays out, who
    must not be mailed is not added, and who is known already is not changed. Exports of other programs are known by
    their columns (`subscribers.csvfile.programs`).

    Args:
        connection: A connection in a writing transaction.
        path: Path of the file.
        list_name: Short name of the list, for example ``readers``.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.
        rhythm: For rows that name none.
        words: What the editor states about where the addresses are from, for the record of consent.
        rejects: Where to write the rows that cannot be used, with line and reason, to be mended and imported again;
            written in a dry run too, and only if there is one.
        dry_run: Read and count everything, write nothing into the database.
        choices: What the editor says of the file's columns.
        topics: Titles of the list's topics, in the order of their bits; for a column that names them.

    Raises:
        CsvError: The file cannot be read as a list of addresses.
        UnknownList: No such list.
        SecretError: Addresses are suppressed, here or by the file, and the secret key is missing.
    """
    target = store.list_named(connection, list_name)
    layout = look(path, choices, topics)
    with ExitStack() as stack:
        reading = _Reading(layout, stack, rejects)
        addresses = stack.enter_context(staging.stage(connection, reading.staged(rows(path, layout))))
        staging.mark_suppressed(connection, keys)
        found = staging.groups(connection, target.id)
        if not dry_run:
            how = f"file {path.name}"
            staging.write(connection, target.id, found, rhythm=rhythm, now=now, how=how, words=words)
            staging.suppress(connection, keys, now=now)
    return _report(layout, reading, found, addresses, dry_run=dry_run)


class _Reading:
    """Rows on their way from the file to the database, and what is counted as they pass."""

    def __init__(self, layout: CsvLayout, stack: ExitStack, rejects: Path | None) -> None:
        self.good = 0
        self.rejected: list[RejectedRow] = []
        self.rejected_count = 0
        self._layout, self._stack, self._rejects = layout, stack, rejects
        self._write: CsvWriter | None = None

    def staged(self, source: Iterator[CsvRow | BadCsvRow]) -> Iterator[staging.StagedRow]:
        """The good rows, each with a public id; the others are kept for the report."""
        standings = {name: code for code, name in enumerate(staging.STANDINGS)}
        unsaid = standings["confirmed"]
        pool, used = b"", 0
        for row in source:
            if isinstance(row, BadCsvRow):
                self._reject(row)
                continue
            self.good += 1
            if used >= len(pool):
                pool, used = os.urandom(PUBLIC_ID_BYTES * 1024), 0
            line, address, standing, rhythm, declined_topics, paused_until, *_ = row
            yield staging.StagedRow(
                address.key,
                address.address,
                pool[used : used + PUBLIC_ID_BYTES],
                address.needs_smtputf8,
                unsaid if standing is None else standings[standing],
                rhythm,
                declined_topics,
                paused_until,
                line,
            )
            used += PUBLIC_ID_BYTES

    def _reject(self, row: BadCsvRow) -> None:
        self.rejected_count += 1
        if self.rejected_count <= MOST_REJECTED:
            self.rejected.append(RejectedRow(row.line, row.value, row.reason))
        if self._rejects is None:
            return
        header = self._layout.header or ("email",)
        if self._write is None:
            self._write = self._stack.enter_context(csv_writer(self._rejects, (*header, "line", "reason")))
        cells = row.cells[: len(header)] if self._layout.header else (self._layout.delimiter.join(row.cells),)
        filled = (*cells, *[""] * (len(header) - len(cells)))
        self._write((*filled, str(row.line), row.reason))


def _report(
    layout: CsvLayout, reading: _Reading, found: list[staging.StagedGroup], addresses: int, *, dry_run: bool
) -> ImportReport:
    counts = dict.fromkeys(("added", "pending", "confirmed", "already", "kept_out", "left", "suppressed"), 0)
    for group in found:
        counts[_outcome(group)] += group.number
    return ImportReport(
        rows=reading.good + reading.rejected_count,
        merged=reading.good - addresses,
        rejected_count=reading.rejected_count,
        rejected=tuple(reading.rejected),
        dry_run=dry_run,
        encoding=layout.encoding_name,
        delimiter=layout.delimiter,
        columns=layout.columns,
        unused=layout.unused,
        layout=layout.tool.name,
        note=layout.tool.note,
        **counts,
    )


def _outcome(group: staging.StagedGroup) -> str:
    """Which count of the report a group belongs to."""
    if group.standing in ("suppressed", "stopped"):
        return "suppressed"
    if group.standing == "left":
        return "left"
    if group.before == "left":
        return "kept_out"
    if group.before is None:
        return "added" if group.standing == "confirmed" else "pending"
    return "confirmed" if (group.before, group.standing) == ("pending", "confirmed") else "already"
