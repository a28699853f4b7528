"""Events of sends that this database does not know, as after a backup was put back: counted, since none can be applied.

Only reports that verified come here, and the name of a send is sixteen hexadecimal digits; still no more than a few
sends are kept apart. What is kept are numbers and moments, in cursors: no name of a delivery, no address.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.ledger.cursors import cursors_named, set_cursor
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.models import Event

_NAME = re.compile(r"([0-9a-f]{16})\.[0-9]{1,18}")
_CURSOR = "unknown send "
_OTHERS = "others"
_SINCE, _LATEST = "since", "latest"
MOST = 50
"""Sends that are kept apart; what comes of further ones is counted together."""


@dataclass(frozen=True, slots=True)
class UnknownSend:
    """What was reported of a send that the database does not know."""

    public_id: str
    """Of the send; ``others`` for all beyond those that are kept apart."""
    events: Mapping[str, int]
    """Kind to number; an event that is told again counts again."""
    since: datetime
    latest: datetime


def note_unknown_sends(connection: Connection, events: Sequence[Event], now: datetime) -> dict[str, int]:
    """Count events of sends that the database does not know; those of known ones are passed over.

    Args:
        connection: A writing transaction.
        events: That are about no delivery here.
        now: The present moment, timezone-aware.

    Returns:
        Public id of each unknown send to the number of these events that are about it.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import send

    names = [match[1] if (match := _NAME.fullmatch(event.delivery)) else "" for event in events]
    wanted = sorted(set(names) - {""})
    known: set[str] = set()
    for start in range(0, len(wanted), 500):
        part = select(send.c.public_id).where(send.c.public_id.in_(wanted[start : start + 500]))
        known.update(connection.execute(part).scalars())
    counts: Counter[tuple[str, str]] = Counter()
    for name, event in zip(names, events, strict=True):
        if name and name not in known:
            counts[name, event.kind] += 1
    if not counts:
        return {}
    kept = {name.split(" ")[0] for name in _kept(connection)} - {_OTHERS}
    found: Counter[str] = Counter()
    at = int(now.timestamp())
    for (name, kind), number in sorted(counts.items()):
        found[name] += number
        apart = name if name in kept or len(kept) < MOST else _OTHERS
        kept |= {apart} - {_OTHERS}
        _add(connection, f"{_CURSOR}{apart} {kind}", number)
        _begin(connection, f"{_CURSOR}{apart} {_SINCE}", at)
        set_cursor(connection, f"{_CURSOR}{apart} {_LATEST}", at)
    return dict(found)


def unknown_sends(connection: Connection) -> list[UnknownSend]:
    """What was counted, by send.

    Args:
        connection: An open connection to the database.
    """
    by_send: dict[str, dict[str, int]] = {}
    for name, value in sorted(_kept(connection).items()):
        public_id, _, what = name.partition(" ")
        by_send.setdefault(public_id, {})[what] = value
    return [
        UnknownSend(
            public_id,
            {kind: number for kind, number in said.items() if kind not in {_SINCE, _LATEST}},
            datetime.fromtimestamp(said.get(_SINCE, 0), UTC),
            datetime.fromtimestamp(said.get(_LATEST, 0), UTC),
        )
        for public_id, said in by_send.items()
    ]


def forget_unknown_sends(connection: Connection) -> None:
    """Forget what was counted, since it was made good.

    Args:
        connection: A writing transaction.
    """
    from newsletter.storage.tables import cursor

    connection.execute(cursor.delete().where(cursor.c.name.in_([_CURSOR + name for name in _kept(connection)])))


def _kept(connection: Connection) -> dict[str, int]:
    return {name.removeprefix(_CURSOR): at for name, at in cursors_named(connection, _CURSOR).items()}


def _add(connection: Connection, name: str, number: int) -> None:
    from newsletter.storage.tables import cursor

    row = insert(connection, cursor).values(name=name, at=number)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": cursor.c.at + number}))


def _begin(connection: Connection, name: str, at: int) -> None:
    from newsletter.storage.tables import cursor

    connection.execute(insert(connection, cursor).values(name=name, at=at).on_conflict_do_nothing())
