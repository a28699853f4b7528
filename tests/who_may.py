"""Which of some subscribers may get a letter now: what a delivery asks, about ids instead of a batch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from subscribers import store


def eligible(
    connection: sa.Connection, list_id: int, ids: Iterable[int], now: datetime
) -> dict[int, tuple[object, ...]]:
    """Id of each who may, with address, public id, epoch and whether the address needs SMTPUTF8."""
    some = list(ids)
    if not some:
        return {}
    each = sa.union_all(*(sa.select(sa.literal(one, sa.BigInteger).label("id")) for one in some)).subquery()
    rows = store.standing(connection, list_id, sa.select(each.c.id, each.c.id.label("member")), now)
    assert [row[0] for row in rows] == sorted(some)
    return {row[0]: (row[1], bytes(row[2]), row[3], bool(row[4])) for row in rows if row[5]}
