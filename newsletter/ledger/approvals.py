"""Approvals of letters, by the fingerprint of what was read, and who wrote at an issue last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's word that a letter may go as it stood then."""

    issue: str
    fingerprint: str
    by: str
    at: datetime


def approve(connection: Connection, issue: str, fingerprint: str, *, by: str, now: datetime) -> None:
    """Keep somebody's word; said again, it keeps its first moment.

    Args:
        connection: A writing transaction.
        issue: Key of the issue.
        fingerprint: Of every letter of it.
        by: Who has read it.
        now: The present moment, timezone-aware.
    """
    from sqlalchemy import insert

    from newsletter.storage.desk_tables import approval

    if any(one.by == by for one in approvals(connection, issue, fingerprint)):
        return
    line = {"issue": issue, "fingerprint": fingerprint, "person": by, "at": int(now.timestamp())}
    connection.execute(insert(approval).values(line))


def approvals(connection: Connection, issue: str, fingerprint: str = "") -> list[Approval]:
    """Who approved an issue, newest first.

    Args:
        connection: An open connection to the database.
        issue: Key of the issue.
        fingerprint: Only of these letters; empty for every state that it was in.
    """
    from sqlalchemy import select

    from newsletter.storage.desk_tables import approval as table

    query = select(table.c.issue, table.c.fingerprint, table.c.person, table.c.at).where(table.c.issue == issue)
    if fingerprint:
        query = query.where(table.c.fingerprint == fingerprint)
    rows = connection.execute(query.order_by(table.c.at.desc(), table.c.id.desc()))
    return [Approval(row.issue, row.fingerprint, row.person, datetime.fromtimestamp(row.at, UTC)) for row in rows]


def note_editor(connection: Connection, issue: str, *, by: str, now: datetime) -> None:
    """Remember who wrote at an issue last.

    Args:
        connection: A writing transaction.
        issue: Key of the issue.
        by: Who did.
        now: The present moment, timezone-aware.
    """
    from sqlalchemy import insert, update

    from newsletter.storage.desk_tables import last_editor as table

    values = {"person": by, "at": int(now.timestamp())}
    if not connection.execute(update(table).where(table.c.issue == issue).values(values)).rowcount:
        connection.execute(insert(table).values(issue=issue, **values))


def editor_of(connection: Connection, issue: str) -> str:
    """Who wrote at an issue last, as far as the desk knows; empty when it does not.

    Args:
        connection: An open connection to the database.
        issue: Key of the issue.
    """
    from sqlalchemy import select

    from newsletter.storage.desk_tables import last_editor as table

    return str(connection.execute(select(table.c.person).where(table.c.issue == issue)).scalar() or "")
