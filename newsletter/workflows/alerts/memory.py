"""What was told already: each finding once, of many processes by one, and again only after it was gone and came back.

Three cursors for each finding, named by its key: ``alert seen`` when it was seen first, ``alert told`` when it was told
(below zero while a process is at it: then the moment until when that may take), ``alert gone`` since it is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from newsletter.ledger.cursors import cursors_named, drop_cursor, set_cursor
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.workflows.status import Finding

SEEN, TOLD, GONE = "alert seen ", "alert told ", "alert gone "
TELLING = 300
"""Seconds that telling may take, after which a process that vanished in the middle is not waited for."""
_LONGEST = 1800
"""Seconds that anybody may be at it, or rest before trying again, at most; what is longer was written before a clock
was set back."""
REALLY_GONE = 60
"""Seconds that a finding must be missing to be over: a send that is tried again runs for a moment."""


def due(connection: Connection, found: Sequence[Finding], now: int, *, ended: bool = False) -> list[Finding]:
    """Take over those findings that nobody has told and that have lasted long enough.

    Args:
        connection: A writing transaction.
        found: What there is now.
        now: Unix seconds.
        ended: A command comes to its end: what is left alone now was left by it, and need not last.
    """
    from newsletter.storage.tables import cursor as table

    seen = cursors_named(connection, SEEN)
    mine = []
    for one in found:
        if not one.alert:
            continue
        since = seen.get(SEEN + one.key)
        if since is None or since > now:
            # Seen in what is the future now, since a clock was set back: it lasts from now on.
            since = now
            set_cursor(connection, SEEN + one.key, now)
        drop_cursor(connection, GONE + one.key)
        if now - since < one.lasting and not ended:
            continue
        over = (table.c.at < 0) & ((table.c.at > -now) | (table.c.at < -now - _LONGEST))
        row = insert(connection, table).values(name=TOLD + one.key, at=-(now + TELLING))
        # Below zero: until when somebody else is at it.
        row = row.on_conflict_do_update(
            index_elements=["name"],
            set_={"at": -(now + TELLING)},
            where=over,
        )
        if connection.execute(row.returning(table.c.at)).first() is not None:
            mine.append(one)
    return mine


def told(connection: Connection, findings: Sequence[Finding], now: int) -> None:
    """Write down that these were told.

    Args:
        connection: A writing transaction.
        findings: Taken over by ``due``.
        now: Unix seconds.
    """
    for one in findings:
        set_cursor(connection, TOLD + one.key, now)


def untold(connection: Connection, findings: Sequence[Finding], now: int, *, pause: int) -> None:
    """Write down that no way was open to tell these; they are tried again after a pause.

    Args:
        connection: A writing transaction.
        findings: Taken over by ``due``.
        now: Unix seconds.
        pause: Seconds until then.
    """
    for one in findings:
        set_cursor(connection, TOLD + one.key, -(now + pause))


def over(connection: Connection, found: Sequence[Finding], now: int) -> list[str]:
    """Forget the findings that are over; gives the keys of those that had been told, to this process alone.

    Args:
        connection: A writing transaction.
        found: What there is now.
        now: Unix seconds.
    """
    there = {one.key for one in found}
    before = cursors_named(connection, "alert ")
    keys = {name.removeprefix(SEEN) for name in before if name.startswith(SEEN)} - there
    ended = []
    for key in sorted(keys):
        since = before.get(GONE + key)
        if since is None or since > now:
            set_cursor(connection, GONE + key, now)
        elif now - since >= REALLY_GONE and drop_cursor(connection, SEEN + key):
            drop_cursor(connection, GONE + key)
            drop_cursor(connection, TOLD + key)
            if before.get(TOLD + key, 0) > 0:
                ended.append(key)
    return ended


def anything_new(before: Mapping[str, int], found: Sequence[Finding], now: int, *, ended: bool) -> bool:
    """Whether ``due`` or ``over`` would write anything, so that a look at a quiet workspace writes nothing.

    Args:
        before: Every cursor of alerts.
        found: What there is now.
        now: Unix seconds.
        ended: As ``due`` takes it.
    """
    there = {one.key for one in found if one.alert}
    known = {name.removeprefix(SEEN) for name in before if name.startswith(SEEN)}
    if there != known or any(GONE + key in before for key in there):
        return True
    if any(before[SEEN + key] > now for key in there):
        return True
    for one in found:
        if not one.alert:
            continue
        at = before.get(TOLD + one.key)
        ripe = ended or now - before[SEEN + one.key] >= one.lasting
        if ripe and (at is None or (at < 0 and not now <= -at <= now + _LONGEST)):
            return True
    return False
