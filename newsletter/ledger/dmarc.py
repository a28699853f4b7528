"""What receivers reported of letters in our name, kept once each, and summed up by server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEPT = timedelta(days=400)
"""How long after its end a report is kept: a year can be compared with the one before."""
_ROWS = 500


@dataclass(frozen=True, slots=True)
class DmarcRow:
    """Letters of one server that went alike."""

    source: str
    """Address of the server."""
    letters: int
    disposition: str
    """What the receiver did: ``none``, ``quarantine`` or ``reject``."""
    dkim: str
    """``pass`` when a signature is good and aligned with From, else ``fail``."""
    spf: str
    """The same of the return path."""
    header_from: str
    dkim_domain: str
    """Who signed; empty when nobody did."""
    dkim_result: str
    spf_domain: str
    spf_result: str

    @property
    def passes(self) -> bool:
        """Whether DMARC passes: either is enough (RFC 9989)."""
        return "pass" in (self.dkim, self.spf)

    def counted(self, letters: int) -> DmarcRow:
        """The same with another number of letters."""
        return replace(self, letters=letters)


@dataclass(frozen=True, slots=True)
class DmarcReport:
    """What one receiver saw, mostly of a day."""

    org: str
    """Who says that they wrote it, in lower case."""
    report_id: str
    domain: str
    """Of whose policy it speaks."""
    policy: str
    """``none``, ``quarantine`` or ``reject``."""
    begins: datetime
    ends: datetime
    rows: tuple[DmarcRow, ...]

    @property
    def letters(self) -> int:
        """How many letters it tells of."""
        return sum(row.letters for row in self.rows)


def keep_report(connection: Connection, report: DmarcReport, *, now: datetime) -> bool:
    """Write a report down; False when it was before, and then nothing changes. Those that are too old go.

    Args:
        connection: A writing transaction.
        report: As it was understood.
        now: The present moment, timezone-aware.
    """
    from newsletter.storage.tables import dmarc_report, dmarc_row

    _forget(connection, now)
    new = insert(connection, dmarc_report).values(
        org=report.org,
        report_id=report.report_id,
        domain=report.domain,
        policy=report.policy,
        begins=int(report.begins.timestamp()),
        ends=int(report.ends.timestamp()),
        kept=int(now.timestamp()),
    )
    made = connection.execute(new.on_conflict_do_nothing().returning(dmarc_report.c.id)).scalar()
    if made is None:
        return False
    rows = [
        {
            "report_id": made,
            "number": number,
            "source": row.source,
            "letters": row.letters,
            "disposition": row.disposition,
            "dkim": row.dkim,
            "spf": row.spf,
            "header_from": row.header_from,
            "dkim_domain": row.dkim_domain,
            "dkim_result": row.dkim_result,
            "spf_domain": row.spf_domain,
            "spf_result": row.spf_result,
        }
        for number, row in enumerate(report.rows)
    ]
    for start in range(0, len(rows), _ROWS):
        connection.execute(dmarc_row.insert(), rows[start : start + _ROWS])
    return True


def _forget(connection: Connection, now: datetime) -> None:
    from sqlalchemy import delete, select

    from newsletter.storage.tables import dmarc_report, dmarc_row

    old = dmarc_report.c.ends < int((now - KEPT).timestamp())
    if connection.execute(select(dmarc_report.c.id).where(old).limit(1)).first() is None:
        return
    connection.execute(delete(dmarc_row).where(dmarc_row.c.report_id.in_(select(dmarc_report.c.id).where(old))))
    connection.execute(delete(dmarc_report).where(old))


def reports_since(connection: Connection, since: datetime) -> list[DmarcReport]:
    """The reports about a time that ended since a moment, oldest first, with their rows.

    Args:
        connection: An open connection to the database.
        since: An aware datetime; what is older does not count.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import dmarc_report, dmarc_row

    wanted = dmarc_report.c.ends >= int(since.timestamp())
    rows: dict[int, list[DmarcRow]] = {}
    query = select(dmarc_row).join(dmarc_report, dmarc_report.c.id == dmarc_row.c.report_id).where(wanted)
    for row in connection.execute(query.order_by(dmarc_row.c.report_id, dmarc_row.c.number)):
        rows.setdefault(row.report_id, []).append(
            DmarcRow(
                row.source,
                row.letters,
                row.disposition,
                row.dkim,
                row.spf,
                row.header_from,
                row.dkim_domain,
                row.dkim_result,
                row.spf_domain,
                row.spf_result,
            )
        )
    query = select(dmarc_report).where(wanted).order_by(dmarc_report.c.ends, dmarc_report.c.id)
    return [
        DmarcReport(
            row.org,
            row.report_id,
            row.domain,
            row.policy,
            datetime.fromtimestamp(row.begins, UTC),
            datetime.fromtimestamp(row.ends, UTC),
            tuple(rows.get(row.id, ())),
        )
        for row in connection.execute(query)
    ]


# ---- what servers that are trusted found of our own letters


def note_authentication(connection: Connection, found: Iterable[tuple[str, str, str]], *, at: datetime) -> None:
    """Count results of one letter.

    Args:
        connection: A writing transaction.
        found: Server, method and result of each.
        at: When the letter came.
    """
    from newsletter.storage.tables import letter_authentication as table

    day = int(at.timestamp()) // 86400 * 86400
    for server, method, result in found:
        row = insert(connection, table).values(day=day, server=server, method=method, result=result, number=1)
        connection.execute(
            row.on_conflict_do_update(
                index_elements=["day", "server", "method", "result"], set_={"number": table.c.number + 1}
            )
        )


def authentication_since(connection: Connection, since: datetime) -> Sequence[tuple[str, str, str, int]]:
    """Server, method, result, and how many letters had it, since a day.

    Args:
        connection: An open connection to the database.
        since: An aware datetime; what is older does not count.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import letter_authentication as table

    query = (
        select(table.c.server, table.c.method, table.c.result, func.sum(table.c.number))
        .where(table.c.day >= int(since.timestamp()) // 86400 * 86400)
        .group_by(table.c.server, table.c.method, table.c.result)
        .order_by(table.c.server, table.c.method, table.c.result)
    )
    return [(row[0], row[1], row[2], int(row[3])) for row in connection.execute(query)]
