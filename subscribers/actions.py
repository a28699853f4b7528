"""What can be done with subscribers: decide, then store, all inside the transaction one is handed.

Nothing here commits. Whoever opened the transaction commits it, so that an action and what belongs to it (a line
in another table, a letter to be sent) happen together or not at all. Import it late: it brings SQLAlchemy.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from subscribers import staging, store
from subscribers.addresses import normalise
from subscribers.consent import Act, decide
from subscribers.csvfile import Layout, Row, look, rows
from subscribers.errors import ConsentError
from subscribers.models import ImportReport, Rejected, Rhythm, Subscriber
from subscribers.tokens import PUBLIC_ID_BYTES

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_REJECTED = 1000
"""Rejected rows that a report keeps; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding one person."""

    subscriber: Subscriber
    already: bool
    """The person had a confirmed subscription before, and nothing was changed."""


def add_subscriber(
    connection: Connection,
    address: str,
    list_name: str,
    *,
    now: datetime,
    rhythm: Rhythm = "weekly",
    how: str = "editor",
    words: str = "",
    restore: bool = False,
) -> Added:
    """Add a person to a list on an editor's word that they agreed; the subscription is confirmed at once.

    Args:
        connection: In a transaction.
        address: As it was typed.
        list_name: Of the list.
        now: Aware.
        rhythm: For a new subscription; who is subscribed keeps what they chose.
        how: The road it came by, for the record of consent.
        words: What the editor states, for the record of consent.
        restore: The person had left and asked to come back.

    Raises:
        AddressError: Not an address one can write to.
        UnknownList: No such list.
        ConsentError: The person left this list, and `restore` is not set.
    """
    wanted = normalise(address)
    target = store.list_named(connection, list_name)
    person = store.add(connection, wanted, public_id=secrets.token_bytes(PUBLIC_ID_BYTES), now=now)
    before = store.subscription_of(connection, person.id, target.id, lock=True)
    act: Act = "restore" if restore else "add"
    decision = decide(before.status if before else None, act)
    if decision.refusal:
        raise ConsentError(
            f"{wanted.address} cannot be added to '{target.name}': {decision.refusal}",
            mend="if they asked to come back, say so with --restore",
        )
    if decision.changes and decision.status is not None:
        store.set_status(
            connection,
            person.id,
            target.id,
            decision.status,
            now=now,
            rhythm=rhythm if before is None else None,
        )
        store.record(connection, person.id, target.id, act, now=now, how=how, words=words)
    return Added(person, already=not decision.changes)


def import_file(
    connection: Connection,
    path: Path,
    list_name: str,
    *,
    now: datetime,
    rhythm: Rhythm = "weekly",
    words: str = "",
    dry_run: bool = False,
) -> ImportReport:
    """Add everybody in a file of addresses to a list; all of it or, after an error, nothing.

    Rows that cannot be used are named in the report and do not stop the others. Who left this list stays out, and
    who is known already is not changed.

    Args:
        connection: In a transaction.
        path: Of the file.
        list_name: Of the list.
        now: Aware.
        rhythm: For rows that name none.
        words: What the editor states about where the addresses are from, for the record of consent.
        dry_run: Read and count everything, write nothing.

    Raises:
        CsvError: The file cannot be read as a list of addresses.
        UnknownList: No such list.
    """
    target = store.list_named(connection, list_name)
    layout = look(path)
    reading = _Reading()
    with staging.stage(connection, reading.staged(rows(path, layout))) as addresses:
        found = staging.groups(connection, target.id)
        if not dry_run:
            how = f"file {path.name}"
            staging.write(connection, target.id, found, rhythm=rhythm, now=now, how=how, words=words)
    return _report(layout, reading, found, addresses, dry_run=dry_run)


class _Reading:
    """Rows on their way from the file to the database, and what is counted as they pass."""

    def __init__(self) -> None:
        self.good = 0
        self.rejected: list[Rejected] = []
        self.rejected_count = 0

    def staged(self, source: Iterator[Row | Rejected]) -> Iterator[staging.Staged]:
        """The good rows, each with a public id; the others are kept for the report."""
        standings = {name: code for code, name in enumerate(staging.STANDINGS)}
        unsaid = standings["confirmed"]
        pool, used = b"", 0
        for row in source:
            if isinstance(row, Rejected):
                self.rejected_count += 1
                if self.rejected_count <= MOST_REJECTED:
                    self.rejected.append(row)
                continue
            self.good += 1
            if used >= len(pool):
                pool, used = os.urandom(PUBLIC_ID_BYTES * 1024), 0
            line, address, standing, rhythm = row
            yield staging.Staged(
                address.key,
                address.address,
                pool[used : used + PUBLIC_ID_BYTES],
                address.needs_smtputf8,
                unsaid if standing is None else standings[standing],
                rhythm,
                line,
            )
            used += PUBLIC_ID_BYTES


def _report(
    layout: Layout, reading: _Reading, found: list[staging.Group], addresses: int, *, dry_run: bool
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
        layout=layout.tool,
        **counts,
    )


def _outcome(group: staging.Group) -> str:
    """Which count of the report a group belongs to."""
    if group.standing in ("left", "suppressed"):
        return group.standing
    if group.before == "left":
        return "kept_out"
    if group.before is None:
        return "added" if group.standing == "confirmed" else "pending"
    return "confirmed" if (group.before, group.standing) == ("pending", "confirmed") else "already"
