"""How letters reach readers, read from the database and judged; and DMARC reports of a folder taken in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import NashraError, SourceError
from newsletter.events import dmarc
from newsletter.ledger import deliverability as ledger
from newsletter.ledger.dmarc import authentication_since, keep_report, reports_since
from newsletter.report.deliverability import (
    AuthenticationCount,
    DeliverabilityReport,
    DomainLetters,
    TroubleCount,
    complaint_rates,
    dmarc_summary,
)
from newsletter.report.models import ERASED
from newsletter.text.reasons import blocklist_of, reason_of
from newsletter.text.refusals import refusal
from newsletter.workflows.status.reading import own_domains
from subscribers.display import shown

if TYPE_CHECKING:
    from newsletter.events.dmarc import ReadReport
    from newsletter.ledger.dmarc import DmarcReport
    from newsletter.wiring import Workspace

__all__ = ["DmarcOutcome", "fenced", "own_domains", "read", "take_in"]

MOST_TOLD = 200
"""Refused files that are named one by one."""


@dataclass(frozen=True, slots=True)
class DmarcOutcome:
    """What came of files that were to be DMARC reports; each file counts once, in one of the first three."""

    new: int = 0
    known: int = 0
    """Reports that were taken in before."""
    refused: int = 0
    letters: int = 0
    """That the new ones tell of."""
    complaints: tuple[str, ...] = ()
    """Why files were refused, a line for each of the first ``MOST_TOLD``."""


def read(workspace: Workspace, *, days: int) -> DeliverabilityReport:
    """How letters of the last days reached their readers.

    Args:
        workspace: An open workspace.
        days: How far to look back.

    Raises:
        DatabaseError: It cannot be read.
    """
    from subscribers.store import reader_domains

    now = workspace.now()
    since = now - timedelta(days=days)
    with workspace.database.read() as connection:
        domains = reader_domains(connection)
        told = list(ledger.troubles(connection, since, domains))
        refused = list(ledger.refused(connection, since, domains))
        letters = ledger.letters(connection, since, domains)
        reports = reports_since(connection, since)
        results = authentication_since(connection, since)
        listed = Counter(ledger.blocklists(connection, since))
    troubles = _troubles(told, refused)
    by_domain = _by_domain(letters, refused)
    for one in troubles:
        if one.kind == "refused" and blocklist_of(one.reason):
            listed[one.reason] += one.letters
    return DeliverabilityReport(
        since=since,
        until=now,
        troubles=troubles,
        domains=by_domain,
        complaints=complaint_rates(by_domain),
        dmarc=dmarc_summary(reports, own_domains(workspace)),
        authentication=tuple(AuthenticationCount(*one) for one in results),
        blocklists=dict(listed),
    )


def _monday(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def _troubles(told: Sequence[ledger.TroubleRow], refused: Sequence[ledger.RefusalRow]) -> tuple[TroubleCount, ...]:
    sums: Counter[tuple[int, str, str, str]] = Counter()
    for one in told:
        sums[one.week, one.domain or ERASED, one.kind, one.reason] += one.letters
    for row in refused:
        reason = reason_of(row.words, kind=refusal(row.words))
        sums[row.week, row.domain or ERASED, "refused", reason] += row.letters
    return tuple(
        TroubleCount(_monday(week), domain, kind, reason, number)
        for (week, domain, kind, reason), number in sorted(sums.items())
    )


def _by_domain(letters: Sequence[ledger.DomainRow], refused: Sequence[ledger.RefusalRow]) -> tuple[DomainLetters, ...]:
    turned_away: Counter[str] = Counter()
    for each in refused:
        turned_away[each.domain] += each.letters
    taken = {row.domain: row for row in letters}
    found = []
    for domain in taken | turned_away:
        row = taken.get(domain, ledger.DomainRow(domain, 0, 0, 0, 0, 0))
        found.append(
            DomainLetters(
                domain or ERASED,
                submitted=row.submitted,
                delivered=row.delivered,
                bounced=row.bounced,
                deferred=row.deferred,
                refused=turned_away[domain],
                complained=row.complained,
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.submitted, -one.bounced, one.domain)))


@contextmanager
def fenced() -> Iterator[ReadReport]:
    """What reads a DMARC report in a process of its own, with limits of time and memory."""
    from newsletter.sources.fence import Fence

    fence = Fence(seconds=20.0, megabytes=300)

    def read_report(data: bytes, where: str, own: tuple[str, ...], now: datetime) -> DmarcReport:
        return fence.run(dmarc.parsed, data, where, own, now, where=where)

    try:
        yield read_report
    finally:
        fence.close()


def take_in(
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    dry_run: bool = False,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> DmarcOutcome:
    """Take in DMARC reports of files and folders; each report counts once, however often it is there.

    Every report is written for itself: whoever is stopped in the middle goes on where they were.

    Args:
        workspace: An open workspace.
        paths: Files, or folders of them.
        dry_run: Tell what would be taken in; nothing is written.
        tell: How many files are done, of how many.

    Raises:
        SourceError: A path is not there, or far too much is in it.
        DatabaseError: It cannot be written.
    """
    files = [file for path in paths for file in dmarc.files_of(path)]
    own, now = own_domains(workspace), workspace.now()
    counts: Counter[str] = Counter()
    complaints: list[str] = []
    seen: set[tuple[str, str]] = set()
    with fenced() as read_report:
        for number, file in enumerate(files, 1):
            try:
                report = read_report(dmarc.read_file(file), shown(file.name, 100), own, now)
            except SourceError as error:
                counts["refused"] += 1
                if len(complaints) < MOST_TOLD:
                    complaints.append(str(error))
            else:
                new = _keep(workspace, report, seen, now=now, dry_run=dry_run)
                counts["new" if new else "known"] += 1
                counts["letters"] += report.letters if new else 0
            tell(number, len(files))
    return DmarcOutcome(counts["new"], counts["known"], counts["refused"], counts["letters"], tuple(complaints))


class _NotKeptError(NashraError):
    """Takes a dry run back."""


def _keep(
    workspace: Workspace, report: DmarcReport, seen: set[tuple[str, str]], *, now: datetime, dry_run: bool
) -> bool:
    name = (report.org, report.report_id)
    if name in seen:
        return False
    seen.add(name)
    new = False
    try:
        with workspace.database.write() as connection:
            new = keep_report(connection, report, now=now)
            if dry_run:
                raise _NotKeptError("a dry run")
    except _NotKeptError:
        pass
    return new
