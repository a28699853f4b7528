"""How the lists grew, week by week, and where their readers came from."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from newsletter.report.models import OTHERS, GrowthReport, ListGrowth, RoadCounts, WeekCounts
from subscribers import store
from subscribers.store import growth as stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from sqlalchemy import Connection

    from subscribers.store.growth import RoadRow

WEEKS = 12
_MOST_ROADS = 10
"""Told one by one for each list."""


def growth(
    connection: Connection,
    *,
    now: datetime,
    zone: tzinfo,
    week_starts: int = 0,
    weeks: int = WEEKS,
    with_roads: bool = True,
) -> GrowthReport:
    """How every list that is not closed grew.

    Args:
        connection: An open connection to the database.
        now: The present moment, timezone-aware.
        zone: Of the site: its midnights are where weeks begin.
        week_starts: The day a week begins with; Monday is 0.
        weeks: How many, the present one included.
        with_roads: Also where their readers came from.
    """
    starts = week_days(now, zone, week_starts, weeks)
    edges = [int(datetime.combine(day, time(), tzinfo=zone).astimezone(UTC).timestamp()) for day in starts]
    moved: dict[tuple[int, str, int], int] = {**stored.moves(connection, edges), **stored.stopped(connection, edges)}
    reached = stored.reached(connection)
    roads = stored.roads(connection, since=edges[0]) if with_roads else []
    lists = []
    for one in store.lists(connection):
        if one.list.closed is not None:
            continue
        told = []
        for place, day in enumerate(starts):
            kinds = ("asked", "confirmed", "left", "let_go", "bounced", "complained")
            numbers: dict[str, Any] = {kind: moved.get((one.list.id, kind, place), 0) for kind in kinds}
            told.append(WeekCounts(day, **numbers))
        mine = _roads([row for row in roads if row.list_id == one.list.id])
        name, title = one.list.name, one.list.title
        lists.append(
            ListGrowth(name, title, one.confirmed, reached.get(one.list.id, 0), one.pending, tuple(told), mine)
        )
    erased = {starts[place]: number for place, number in sorted(stored.erasures(connection, edges).items())}
    return GrowthReport(tuple(lists), erased)


def week_days(now: datetime, zone: tzinfo, week_starts: int, weeks: int) -> list[date]:
    """The first days of the last weeks, oldest first; the last one is that of the present week.

    Args:
        now: The present moment, timezone-aware.
        zone: Of the site.
        week_starts: The day a week begins with; Monday is 0.
        weeks: How many.
    """
    today = now.astimezone(zone).date()
    first = today - timedelta(days=(today.weekday() - week_starts) % 7)
    return [first - timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]


def _roads(rows: Sequence[RoadRow]) -> tuple[RoadCounts, ...]:
    """Most first; those behind the first ten together."""
    told = [RoadCounts(row.how, row.page, row.asked, row.confirmed) for row in rows[:_MOST_ROADS]]
    if others := rows[_MOST_ROADS:]:
        told.append(RoadCounts(OTHERS, "", sum(row.asked for row in others), sum(row.confirmed for row in others)))
    return tuple(told)
