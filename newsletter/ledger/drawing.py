"""Who of an audience gets which of the subjects tried: drawn at random, and the same whenever it is drawn again.

Everybody of the audience gets a number that is as good as random and stays the same: BLAKE2b (RFC 7693) of the id in
the database, keyed with the public id of the send. The smallest numbers are the sample, dealt out in turn, so that all
parts have the same size. It is computed here and not by the database, so that SQLite and PostgreSQL draw the same.
Nothing else is looked at: the sample is not stratified by variant, by domain or by anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Table

    from newsletter.ledger.trying import TrialTerms

_MOST_ROWS = 5000
"""In one statement."""


class _Mailing(Protocol):
    @property
    def audience(self) -> Select[tuple[int]]: ...
    @property
    def subject(self) -> int: ...
    @property
    def held(self) -> bool: ...
    @property
    def skipped(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample that was drawn, in a table of the transaction's own."""

    table: Table
    each: int
    """Readers of each subject."""

    def part(self, audience: Select[tuple[int]], subject: int) -> Select[tuple[int]]:
        """Those of an audience who were drawn for one of the subjects.

        Args:
            audience: Query for ids of subscribers.
            subject: Its number, from 1.
        """
        from sqlalchemy import select

        who = audience.order_by(None).subquery("who")
        (member,) = who.c
        drawn = select(self.table.c.subscriber).where(self.table.c.subject == subject)
        return select(member).where(member.in_(drawn))

    def drop(self, connection: Connection) -> None:
        """Let it go."""
        self.table.drop(connection)


def draw(
    connection: Connection,
    mailings: Sequence[_Mailing],
    terms: TrialTerms | None,
    seed: str,
    *,
    open_to: Callable[[Select[tuple[int]]], Select[tuple[int]]] | None = None,
) -> Sample | None:
    """Draw the sample of a send.

    Args:
        connection: A writing transaction.
        mailings: Of the send; who gets nothing of it is not drawn.
        terms: How subjects are tried; None tries none.
        seed: Public id of the send.
        open_to: Gives those of an audience who have no letter of the issue; None where nobody can have one.

    Returns:
        The sample; None when nothing is tried, or too few readers are there.
    """
    if terms is None or len(terms.subjects) < 2:
        return None
    readers: set[int] = set()
    out: set[int] = set()
    for one in mailings:
        if one.skipped or (one.subject == 1 and not one.held):
            who = open_to(one.audience) if open_to is not None else one.audience
            rows: Iterable[Any] = connection.execute(who)
            (out if one.skipped else readers).update(row[0] for row in rows)
    readers -= out
    each = terms.readers(len(readers))
    if not each:
        return None
    number = len(terms.subjects)
    drawn = ordered(readers, seed, each * number)
    table = _table()
    table.create(connection)
    places = ({"subscriber": one, "subject": at % number + 1} for at, one in enumerate(drawn))
    for part in _parts(places):
        connection.execute(table.insert(), part)
    return Sample(table, each)


def ordered(readers: Collection[int], seed: str, most: int = 0) -> list[int]:
    """Ids of subscribers in the order in which they are drawn.

    Args:
        readers: Ids, each once, in any order.
        seed: Public id of the send.
        most: How many are drawn; 0 for all of them.
    """
    start = blake2b(key=seed.encode()[:64], digest_size=8)

    def place(one: int) -> bytes:
        own = start.copy()
        own.update(one.to_bytes(8, "big"))
        # Two may have the same digest, and then go by their id.
        return own.digest() + one.to_bytes(8, "big")

    # Only as many are kept at once as are drawn.
    first = nsmallest(most or len(readers), map(place, readers))
    return [int.from_bytes(one[8:], "big") for one in first]


def _table() -> Table:
    from sqlalchemy import BigInteger, Column, Integer, MetaData, Table

    return Table(
        "drawn_member",
        MetaData(),
        Column("subscriber", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
        Column("subject", Integer, nullable=False),
        prefixes=["TEMPORARY"],
    )


def _parts(rows: Iterator[dict[str, int]]) -> Iterator[list[dict[str, int]]]:
    part: list[dict[str, int]] = []
    for row in rows:
        part.append(row)
        if len(part) == _MOST_ROWS:
            yield part
            part = []
    if part:
        yield part
