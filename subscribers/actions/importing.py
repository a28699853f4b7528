"""Adding everybody in a file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from subscribers import store
from subscribers.csvfile import (
    NO_CHOICES,
    BadCsvRow,
    ColumnChoices,
    CsvLayout,
    CsvRow,
    RowEvidence,
    csv_writer,
    look,
    rows,
)
from subscribers.csvfile.own_export import ConsentLine, CsvPerson, record_as_json
from subscribers.csvfile.vocabulary import Standing
from subscribers.errors import ConsentError
from subscribers.folding import fold
from subscribers.models import ImportReport, KeptWish, List, RejectedRow, Rhythm
from subscribers.moments import to_seconds
from subscribers.store import staging
from subscribers.suppression import NO_KEYS
from subscribers.tokens import PUBLIC_ID_BYTES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.csvfile.writing import CsvWriter

MOST_REJECTED = 1000
"""Rejected rows that a report keeps; the rest is counted."""

ASKING_LASTS = timedelta(days=7)
"""How long beyond the planned end somebody of a file waits to be asked, before the wish is thrown away."""


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
    need_consent: bool = False,
    ask_an_hour: int = 0,
    choices: ColumnChoices = NO_CHOICES,
    topics: Sequence[str] = (),
    by: str = "",
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
        need_consent: Refuse when somebody would be confirmed of whom neither ``words`` nor the file says how they
            agreed; a dry run counts them and goes on.
        ask_an_hour: Subscribe nobody; keep whom the file would bring in as wishes, to be asked by a confirmation letter
            each, so many an hour. 0 asks nobody.
        choices: What the editor says of the file's columns.
        topics: Titles of the list's topics, in the order of their bits; for a column that names them.
        by: Who brings the file in, kept beside how many it brought.

    Raises:
        ConsentError: See ``need_consent``.
        CsvError: The file cannot be read as a list of addresses.
        UnknownList: No such list.
        ClosedList: Nobody can join it.
        SecretError: Addresses are suppressed, here or by the file, and the secret key is missing.
    """
    target = store.open_list_named(connection, list_name)
    layout = look(path, choices, topics)
    with ExitStack() as stack:
        reading = _Reading(layout, stack, rejects, path.name, words, now)
        addresses = stack.enter_context(
            staging.stage(connection, reading.staged(rows(path, layout)), past=reading.tells)
        )
        staging.mark_suppressed(connection, keys)
        found = staging.groups(connection, target.id)
        unstated = 0 if words.strip() or ask_an_hour else _unstated(found)
        if need_consent and unstated and not dry_run:
            raise ConsentError(
                f"nothing says how {unstated:,} of these people agreed",
                where=str(path),
                mend='state it (--consent "form on the site"), or have each of them asked by a letter (--ask)',
            )
        source = f"file {path.name}"
        asking = _Asking(connection, target, ask_an_hour, now)
        batch = ""
        if not dry_run:
            batch = secrets.token_hex(4)
            marked = store.begin_batch(connection, batch, target.id, by=by, now=now)
            asking.keep(source, words, rhythm, marked)
            staging.write(
                connection,
                target.id,
                found,
                rhythm=rhythm,
                now=now,
                source=source,
                words=words,
                asking=bool(ask_an_hour),
                batch_id=marked,
            )
            staging.suppress(connection, keys, now=now)
            batch = batch if store.end_batch(connection, marked) else ""
    return _report(layout, reading, found, addresses, asking, unstated=unstated, dry_run=dry_run, batch=batch)


class _Asking:
    """Whom an import asks instead of subscribing them, and until when."""

    def __init__(self, connection: Connection, target: List, an_hour: int, now: datetime) -> None:
        self.number, self.an_hour = 0, an_hour
        self.until: datetime | None = None
        self._connection, self._list, self._now = connection, target, now
        if an_hour:
            self.number, waiting = staging.count_to_ask(connection, target.id)
            self.until = now + timedelta(hours=-(-(self.number + waiting) // an_hour))

    def keep(self, source: str, words: str, rhythm: Rhythm, batch_id: int) -> None:
        """Keep the wishes; they are asked in this order as the caps allow."""
        if self.until is None:
            return
        expires = self.until + ASKING_LASTS
        store.keep_wishes(
            self._connection,
            (
                KeptWish(
                    list_id=self._list.id,
                    address=one.address,
                    address_key=one.address_key,
                    road="file",
                    rhythm=one.rhythm or rhythm,
                    how=source,
                    words=words,
                    created=self._now,
                    expires=expires,
                    declined_topics=one.declined_topics,
                    batch_id=batch_id,
                )
                for one in staging.to_ask(self._connection, self._list.id)
            ),
        )


def _unstated(found: list[staging.StagedGroup]) -> int:
    """How many would be confirmed without anything that says how they agreed."""
    return sum(
        group.number
        for group in found
        if not group.evident
        # Who is suppressed besides is mailed as soon as the suppression is lifted.
        and (_outcome(group) in ("added", "confirmed") or (group.before, group.status) == (None, "confirmed"))
    )


def _past(past: CsvPerson, *, suppressed: bool) -> tuple[Any, ...]:
    """The last columns of a ``StagedRow``: what our own export tells of the past."""
    return (
        past.since,
        past.changed,
        staging.STANDINGS.index(past.status) if suppressed and past.status else None,
        past.suppressed or None,
        past.suppressed_at,
        record_as_json(past.record) if past.record else None,
        past.uncounted,
    )


class _Reading:
    """Rows on their way from the file to the database, and what is counted as they pass."""

    def __init__(
        self, layout: CsvLayout, stack: ExitStack, rejects: Path | None, name: str, words: str, now: datetime
    ) -> None:
        self.good = 0
        self.tells = bool(layout.own or layout.evidence or layout.name is not None)
        """The rows have the last columns of a ``StagedRow`` too."""
        self._source, self._words, self._now = f"file {name}", words, to_seconds(now)
        self.rejected: list[RejectedRow] = []
        self.rejected_count = 0
        self._layout, self._stack, self._rejects = layout, stack, rejects
        self._write: CsvWriter | None = None

    def staged(self, source: Iterator[CsvRow | BadCsvRow]) -> Iterator[tuple[Any, ...]]:
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
            line, address, standing, rhythm, declined_topics, paused_until, evidence, past, name = row
            yield (
                address.key,
                address.address,
                pool[used : used + PUBLIC_ID_BYTES],
                address.needs_smtputf8,
                unsaid if standing is None else standings[standing],
                rhythm,
                declined_topics,
                paused_until,
                line,
                *((*self._told(standing, evidence, past), name, name and fold(name)) if self.tells else ()),
            )
            used += PUBLIC_ID_BYTES

    def _told(self, standing: Standing | None, evidence: RowEvidence | None, past: CsvPerson | None) -> tuple[Any, ...]:
        """The last columns of a ``StagedRow``: the past of a person, as far as the file tells it."""
        if past is not None:
            return _past(past, suppressed=standing == "suppressed")
        if evidence is None or standing == "suppressed":
            return (None,) * 7
        return (*(None,) * 5, record_as_json(self._record(standing, evidence)), None)

    def _record(self, standing: Standing | None, evidence: RowEvidence) -> list[ConsentLine]:
        """The lines that another program's columns make: that they asked, if it has a date of its own, and the rest."""
        at, now = min(evidence.at or self._now, self._now), self._now
        words = evidence.words or self._words
        asked = ConsentLine("subscribe", at, self._source, words, evidence.network, evidence.page)
        if standing == "left":
            # When they left, no column says that we know.
            left = ConsentLine("import-left", now, self._source, self._words)
            return [left] if evidence.at is None else [asked, left]
        if standing == "pending":
            return [asked._replace(act="import-pending")]
        confirmed = min(evidence.confirmed or at, now)
        if evidence.at is None or confirmed <= at:
            return [asked._replace(act="import", at=confirmed if evidence.at is None else at)]
        return [asked, asked._replace(act="import", at=confirmed)]

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
    layout: CsvLayout,
    reading: _Reading,
    found: list[staging.StagedGroup],
    addresses: int,
    asking: _Asking,
    *,
    unstated: int,
    dry_run: bool,
    batch: str,
) -> ImportReport:
    counts = dict.fromkeys(("added", "pending", "confirmed", "already", "kept_out", "left", "suppressed"), 0)
    for group in found:
        counts[_outcome(group)] += group.number
    if asking.an_hour:
        # Who is not asked was asked before, or waits to be.
        counts["already"] += sum(counts.pop(name) for name in ("added", "pending", "confirmed")) - asking.number
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
        unstated=unstated,
        asked=asking.number,
        letters_an_hour=asking.an_hour,
        asked_until=asking.until,
        batch=batch,
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
