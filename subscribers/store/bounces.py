"""Bounces that come together: those of the last hour, those that are held as doubtful, and taking back many at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import HeldDomain, SuppressionCounts, SuppressionReason
from subscribers.moments import to_moment, to_seconds
from subscribers.store.dialect import insert
from subscribers.store.tables import (
    domain_readers,
    held_bounce,
    recent_bounce,
    subscriber,
    subscription,
    suppression,
    trouble,
)
from subscribers.suppression import (
    BOUNCE_REASONS,
    BRAKE_NUMBER,
    BRAKE_WINDOW,
    FINAL_REASONS,
    doubtful,
    fingerprint,
    names_of,
    newest,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_ROWS = 500
_UPSERTS: dict[tuple[str, str], Any] = {}
"""Made once for each kind of database."""
_LOCK = 0x6E617368_626E6373
"""Of PostgreSQL's advisory locks: whoever counts bounces waits for the one before."""


def lock_bounces(connection: Connection) -> None:
    """Let nobody else count bounces before the end of this transaction; SQLite has one writer anyway.

    Two reports that each bring ten bounces of a domain would otherwise not see each other's.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def forget_old_bounces(connection: Connection, *, now: datetime) -> int:
    """Delete what is too old to tell that bounces come together, twice over; how many.

    Args:
        connection: A connection in a writing transaction.
        now: The present moment, timezone-aware.
    """
    old = recent_bounce.c.at < to_seconds(now - 2 * BRAKE_WINDOW)
    return connection.execute(sa.delete(recent_bounce).where(old)).rowcount


def come_together(connection: Connection, subscriber_id: int, domain: str, *, at: datetime) -> bool | None:
    """Whether the bounce of a subscriber comes with too many others of its domain to be believed.

    They are counted along an index. Only when there are `BRAKE_NUMBER` of them the readers of the domain are counted
    too, once in `BRAKE_WINDOW`, since that walks along all readers (of 1,000,000 on SQLite: 0.4 s).

    Args:
        connection: A connection in a writing transaction that holds `lock_bounces`.
        subscriber_id: Whose address bounced.
        domain: As `subscribers.suppression.bounce_domain` gives it.
        at: Aware; when the bounce came.

    Returns:
        None when the address is suppressed already.
    """
    values = {"one": subscriber_id, "of": domain, "low": to_seconds(at - BRAKE_WINDOW)}
    row = connection.execute(_standing(), {**values, "high": to_seconds(at + BRAKE_WINDOW)}).one()
    if row.stopped:
        return None
    number = row.others + 1
    # What follows a brake within its time is held as well, however few those are.
    if row.holding or number < BRAKE_NUMBER:
        return bool(row.holding)
    return doubtful(number, row.readers if row.readers is not None else _readers(connection, domain, at=at))


@cache
def _standing() -> sa.Select[Any]:
    """All that is asked for every bounce, in one statement that is made once."""
    one: sa.BindParameter[Any] = sa.bindparam("one")
    of: sa.BindParameter[Any] = sa.bindparam("of")
    low: sa.BindParameter[Any] = sa.bindparam("low")
    high: sa.BindParameter[Any] = sa.bindparam("high")
    others = sa.select(sa.func.count()).where(
        recent_bounce.c.domain == of, recent_bounce.c.at.between(low, high), recent_bounce.c.subscriber_id != one
    )
    readers = sa.select(domain_readers.c.readers).where(
        domain_readers.c.domain == of, domain_readers.c.at.between(low, high)
    )
    return sa.select(
        sa.exists().where(suppression.c.subscriber_id == one).label("stopped"),
        others.scalar_subquery().label("others"),
        sa.exists().where(held_bounce.c.domain == of, held_bounce.c.at.between(low, high)).label("holding"),
        readers.scalar_subquery().label("readers"),
    )


def note_bounce(
    connection: Connection, subscriber_id: int, *, reason: SuppressionReason, domain: str, at: datetime
) -> None:
    """Write down that the address of a subscriber bounced for good, for telling what comes together.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Whose address it is.
        reason: What would suppress it.
        domain: As `subscribers.suppression.bounce_domain` gives it.
        at: Aware; when it bounced.
    """
    _put(connection, recent_bounce, subscriber_id, reason, domain, at)


def hold(connection: Connection, subscriber_id: int, *, reason: SuppressionReason, domain: str, at: datetime) -> None:
    """Hold a bounce as doubtful, and with it those of its domain and time that suppressed somebody.

    Args:
        connection: A connection in a writing transaction that holds `lock_bounces`.
        subscriber_id: Whose address bounced.
        reason: What would suppress it.
        domain: As `subscribers.suppression.bounce_domain` gives it.
        at: Aware; when it bounced.
    """
    _put(connection, held_bounce, subscriber_id, reason, domain, at)
    found = (
        sa.select(recent_bounce.c.subscriber_id, recent_bounce.c.reason, recent_bounce.c.domain, recent_bounce.c.at)
        .join(suppression, suppression.c.subscriber_id == recent_bounce.c.subscriber_id)
        .where(
            recent_bounce.c.domain == domain,
            _near(recent_bounce.c.at, at),
            # A complaint, or an editor's word, that came behind the bounce stands.
            suppression.c.reason.in_(BOUNCE_REASONS),
        )
    )
    rows = [dict(row) for row in connection.execute(found).mappings()]
    for part in _parts(rows):
        connection.execute(insert(connection, held_bounce).on_conflict_do_nothing(), part)
        connection.execute(
            sa.delete(suppression).where(suppression.c.subscriber_id.in_([row["subscriber_id"] for row in part]))
        )


def release_held(connection: Connection, delivered: Mapping[int, datetime]) -> int:
    """Forget held bounces of readers whom a later letter reached.

    Args:
        connection: A connection in a writing transaction.
        delivered: When a letter reached whom, by id of the subscriber.

    Returns:
        How many were forgotten.
    """
    if not delivered or connection.execute(sa.select(held_bounce.c.subscriber_id).limit(1)).first() is None:
        return 0
    released = 0
    for part in _parts(list(delivered)):
        query = sa.select(held_bounce.c.subscriber_id, held_bounce.c.at).where(held_bounce.c.subscriber_id.in_(part))
        reached = [row[0] for row in connection.execute(query) if to_seconds(delivered[row[0]]) > row[1]]
        if reached:
            connection.execute(sa.delete(held_bounce).where(held_bounce.c.subscriber_id.in_(reached)))
        released += len(reached)
    return released


def held_domains(connection: Connection) -> list[HeldDomain]:
    """What is held, most first."""
    query = (
        sa.select(
            held_bounce.c.domain,
            held_bounce.c.reason,
            sa.func.count(),
            sa.func.min(held_bounce.c.at),
            sa.func.max(domain_readers.c.readers),
        )
        .outerjoin(domain_readers, domain_readers.c.domain == held_bounce.c.domain)
        .where(_undecided())
        .group_by(held_bounce.c.domain, held_bounce.c.reason)
        .order_by(held_bounce.c.domain, held_bounce.c.reason)
    )
    by_domain: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        by_domain.setdefault(row[0], []).append(row)
    found = [
        HeldDomain(
            domain,
            sum(row[2] for row in rows),
            tuple((row[1], row[2]) for row in rows),
            to_moment(min(row[3] for row in rows)),
            rows[0][4],
        )
        for domain, rows in by_domain.items()
    ]
    return sorted(found, key=lambda one: (-one.number, one.domain))


def accept_held(
    connection: Connection, keys: Mapping[int, bytes], *, domain: str | None, now: datetime
) -> dict[SuppressionReason, int]:
    """Suppress those who are held, each for the reason of its bounce.

    Args:
        connection: A connection in a writing transaction.
        keys: Secret keys by id.
        domain: Only of this one; None for all.
        now: The present moment, timezone-aware.

    Returns:
        How many for each reason.

    Raises:
        SecretError: No key.
    """
    lock_bounces(connection)
    query = (
        sa.select(held_bounce.c.subscriber_id, subscriber.c.address_key, held_bounce.c.reason)
        .join(subscriber, subscriber.c.id == held_bounce.c.subscriber_id)
        .where(_undecided(), *_of(domain))
        .order_by(held_bounce.c.subscriber_id)
    )
    rows = connection.execute(query).all()
    counts: dict[SuppressionReason, int] = {}
    key_id = newest(keys) if rows else 0
    for part in _parts(rows):
        made = [
            {
                "fingerprint": fingerprint(row.address_key, keys[key_id]),
                "key_id": key_id,
                "subscriber_id": row.subscriber_id,
                "reason": row.reason,
                "at": to_seconds(now),
            }
            for row in part
        ]
        connection.execute(insert(connection, suppression).on_conflict_do_nothing(), made)
        # Decided: no later brake may take it for one of its own.
        ids = [row.subscriber_id for row in part]
        connection.execute(sa.delete(recent_bounce).where(recent_bounce.c.subscriber_id.in_(ids)))
        for row in part:
            counts[row.reason] = counts.get(row.reason, 0) + 1
    connection.execute(sa.delete(held_bounce).where(*_of(domain)))
    # Counted with those who are suppressed from now on.
    connection.execute(sa.delete(domain_readers).where(*([domain_readers.c.domain == domain] if domain else [])))
    return dict(sorted(counts.items()))


def dismiss_held(connection: Connection, *, domain: str | None) -> int:
    """Forget held bounces, and the troubles that led to them; how many.

    Args:
        connection: A connection in a writing transaction.
        domain: Only of this one; None for all.
    """
    lock_bounces(connection)
    ids = sa.select(held_bounce.c.subscriber_id).where(*_of(domain))
    connection.execute(sa.delete(trouble).where(trouble.c.subscriber_id.in_(ids)))
    return connection.execute(sa.delete(held_bounce).where(*_of(domain))).rowcount


def lift_many(
    connection: Connection,
    *,
    domain: str | None = None,
    since: datetime | None = None,
    reasons: Collection[SuppressionReason] = (),
    dry_run: bool = False,
) -> SuppressionCounts:
    """Let many addresses be mailed again; a complaint or an erasure stays.

    Args:
        connection: A connection in a writing transaction; for a dry run any.
        domain: Only those of this domain, as `subscribers.suppression.bounce_domain` gives it.
        since: Aware; only those that were suppressed then or later.
        reasons: Only those suppressed for one of these; empty for any.
        dry_run: Count only.
    """
    wanted: list[sa.ColumnElement[bool]] = []
    if since is not None:
        wanted.append(suppression.c.at >= to_seconds(since))
    if reasons:
        wanted.append(suppression.c.reason.in_(sorted(reasons)))
    untold = 0
    if domain is not None:
        unnamed = sa.select(sa.func.count()).where(
            *wanted, suppression.c.subscriber_id.is_(None), suppression.c.reason.not_in(FINAL_REASONS)
        )
        untold = connection.execute(unnamed).scalar_one()
        theirs = sa.select(subscriber.c.id).where(_in_domain(domain))
        wanted.append(suppression.c.subscriber_id.in_(theirs))
    query = (
        sa.select(suppression.c.reason, sa.func.count())
        .where(*wanted)
        .group_by(suppression.c.reason)
        .order_by(suppression.c.reason)
    )
    counts: list[tuple[SuppressionReason, int]] = [(row[0], row[1]) for row in connection.execute(query)]
    lifted = tuple(one for one in counts if one[0] not in FINAL_REASONS)
    if not dry_run:
        condition = sa.and_(*wanted, suppression.c.reason.not_in(FINAL_REASONS))
        ids = sa.select(suppression.c.subscriber_id).where(condition, suppression.c.subscriber_id.is_not(None))
        for table in (trouble, recent_bounce, held_bounce):
            connection.execute(sa.delete(table).where(table.c.subscriber_id.in_(ids)))
        connection.execute(sa.delete(suppression).where(condition))
    return SuppressionCounts(
        sum(number for _, number in lifted), lifted, tuple(one for one in counts if one[0] in FINAL_REASONS), untold
    )


def _put(
    connection: Connection, table: sa.Table, subscriber_id: int, reason: SuppressionReason, domain: str, at: datetime
) -> None:
    values = {"subscriber_id": subscriber_id, "reason": reason, "domain": domain, "at": to_seconds(at)}
    statement = _UPSERTS.get((connection.dialect.name, table.name))
    if statement is None:
        made = insert(connection, table)
        new = {name: made.excluded[name] for name in ("reason", "domain", "at")}
        statement = made.on_conflict_do_update(index_elements=["subscriber_id"], set_=new)
        _UPSERTS[connection.dialect.name, table.name] = statement
    connection.execute(statement, values)


def _readers(connection: Connection, domain: str, *, at: datetime) -> int:
    """How many readers of a domain could be mailed, those with them who bounced lately; it is kept for the next."""
    query = (
        sa.select(sa.func.count())
        .select_from(subscriber)
        .where(
            _in_domain(domain),
            sa.exists().where(subscription.c.subscriber_id == subscriber.c.id, subscription.c.status == "confirmed"),
            sa.or_(
                ~sa.exists().where(suppression.c.subscriber_id == subscriber.c.id),
                sa.exists().where(recent_bounce.c.subscriber_id == subscriber.c.id, _near(recent_bounce.c.at, at)),
            ),
        )
    )
    number = int(connection.execute(query).scalar_one())
    values = {"readers": number, "at": to_seconds(at)}
    statement = insert(connection, domain_readers).values(domain=domain, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["domain"], set_=values))
    return number


def _in_domain(domain: str) -> sa.ColumnElement[bool]:
    """Of subscribers: whose address is in a domain. No LIKE: SQLite compares letters of both cases in it, slowly."""
    ends = [f"@{name}" for name in names_of(domain)]
    key = subscriber.c.address_key
    return sa.or_(*(sa.func.substr(key, sa.func.length(key) - len(end) + 1) == end for end in ends))


def _near(column: sa.ColumnElement[int], at: datetime, within: timedelta = BRAKE_WINDOW) -> sa.ColumnElement[bool]:
    """Both ways: the clocks of two machines differ, and a provider's list tells of what is over."""
    return column.between(to_seconds(at - within), to_seconds(at + within))


def _undecided() -> sa.ColumnElement[bool]:
    """Of held bounces: the address is not suppressed in the meantime, by a file for example."""
    return ~sa.exists().where(suppression.c.subscriber_id == held_bounce.c.subscriber_id)


def _of(domain: str | None) -> list[sa.ColumnElement[bool]]:
    return [] if domain is None else [held_bounce.c.domain == domain]


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), _MOST_ROWS):
        yield rows[start : start + _MOST_ROWS]
