"""A send that its provider takes nothing of any more goes on through another one: what of it, and what went by which.

The provider it goes through now stands in ``send.sender``; one UPDATE changes it, on a send that is braked alone, so
that of many who would do it one does, and a crash finds it done or not done. Only what is ``queued`` goes the other
way: what the first provider may have is its own batch's doubt, which no other provider settles.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from newsletter.errors import SendError
from newsletter.ledger.brakes import PROVIDER, UNPAUSED, go_on
from newsletter.ledger.cutting import part_begun
from newsletter.ledger.models import Send
from newsletter.ledger.sends import UNFINISHED, found_sends, send_query, state_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SINCE = "braked"
OF_THE_LETTER = "this letter: "
"""How the reason of a brake begins that is about the letter: no other provider is to be tried with that."""


def take_over(connection: Connection, send: Send, account: str) -> bool:
    """Let a braked send go on through another provider.

    Args:
        connection: A writing transaction.
        send: As it was read; when another one has taken it over since, or an editor has decided, it stays as it is.
        account: Provider and account, as ``Send.sender`` says it.

    Returns:
        Whether this call did it.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import send as table

    braked = (table.c.state == "paused") & (table.c.paused_by == PROVIDER) & table.c.probe_at.is_not(None)
    mine = update(table).where(table.c.id == send.id, table.c.sender == send.sender, braked)
    if connection.execute(mine.values(sender=account, state="running", **UNPAUSED)).rowcount != 1:
        return False
    part_begun(connection, send.id)
    return True


def return_to(connection: Connection, send: Send, account: str) -> None:
    """Let a send go on through the provider it was frozen for, by an editor's word.

    Args:
        connection: A writing transaction.
        send: As it was read.
        account: Provider and account, as ``Send.sender`` says it.

    Raises:
        SendError: It has come to its end, or goes another way by now.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import send as table

    mine = update(table).where(table.c.id == send.id, table.c.sender == send.sender, table.c.state.in_(UNFINISHED))
    if connection.execute(mine.values(sender=account)).rowcount != 1:
        raise SendError(f"the send of issue {send.issue} is {state_of(connection, send.id)}: nothing of it is to go")
    part_begun(connection, send.id)
    go_on(connection, send.id)


def goes_elsewhere(connection: Connection, send_id: int, account: str) -> bool:
    """Whether a send goes through another provider or account by now.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
        account: Through which whoever asks delivers it; empty for one that is not compared.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import send as table

    found = connection.execute(select(table.c.sender).where(table.c.id == send_id)).scalar_one_or_none()
    return bool(account and found) and found != account


def braked_sends(connection: Connection) -> list[tuple[Send, int]]:
    """Sends that their provider has stopped and that are tried again by themselves, with when that was noted first.

    Args:
        connection: An open connection to the database.

    Returns:
        Each with Unix seconds; 0 when nobody has noted it.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import cursor
    from newsletter.storage.tables import send as table

    braked = (table.c.state == "paused") & (table.c.paused_by == PROVIDER) & table.c.probe_at.is_not(None)
    found = found_sends(connection, send_query().where(braked))
    noted = dict(connection.execute(select(cursor.c.name, cursor.c.at).where(cursor.c.name.like(f"{_SINCE} %"))).all())
    return [(one, noted.get(f"{_SINCE} {one.id}", 0)) for one in found]


def has_stale_brakes(connection: Connection, send_ids: Collection[int]) -> bool:
    """Whether something is noted of sends that are not braked any more.

    Args:
        connection: An open connection to the database.
        send_ids: Ids of all that are braked.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import cursor

    noted = connection.execute(select(cursor.c.name).where(cursor.c.name.like(f"{_SINCE} %"))).scalars()
    return not {f"{_SINCE} {one}" for one in send_ids}.issuperset(noted)


def note_braked(connection: Connection, send_ids: Collection[int], at: int) -> None:
    """Note since when sends have been braked, and forget it of those that are not any more.

    Args:
        connection: A writing transaction.
        send_ids: Ids of all that are braked; what is noted of them stays.
        at: Unix seconds.
    """
    from newsletter.storage.tables import cursor
    from subscribers.store.dialect import insert

    names = [f"{_SINCE} {one}" for one in send_ids]
    connection.execute(cursor.delete().where(cursor.c.name.like(f"{_SINCE} %"), cursor.c.name.not_in(names)))
    for name in names:
        connection.execute(insert(connection, cursor).values(name=name, at=at).on_conflict_do_nothing())


def submitted_through(connection: Connection, send_id: int) -> dict[str, int]:
    """How many letters of a send each provider took; an older version's under an empty name.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery

    query = (
        select(batch.c.sender, func.count())
        .join(delivery, delivery.c.batch_id == batch.c.id)
        .where(batch.c.send_id == send_id, func.coalesce(delivery.c.state, batch.c.state) == "submitted")
        .group_by(batch.c.sender)
    )
    return {row[0] or "": int(row[1]) for row in connection.execute(query)}


def by_provider(connection: Connection, send_id: int | None = None) -> dict[int, dict[str, dict[str, int]]]:
    """What became of deliveries by the provider that had them, of sends that went through more than one.

    Args:
        connection: An open connection to the database.
        send_id: This send; None for all.

    Returns:
        Id of each such send, to each provider's name (empty for an older version's), to the number of its deliveries in
        each of the states ``submitted``, ``refused``, ``unknown`` and ``submitting``; what counts none is missing.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery

    # Of batches alone, which are few, so that only those sends are counted.
    several = select(batch.c.send_id).where(batch.c.sender.is_not(None)).group_by(batch.c.send_id)
    several = several.having(func.count(batch.c.sender.distinct()) > 1)
    if send_id is not None:
        several = several.where(batch.c.send_id == send_id)
    ids = list(connection.execute(several).scalars())
    found: dict[int, dict[str, dict[str, int]]] = {}
    for one in ids:
        state = func.coalesce(delivery.c.state, batch.c.state)
        query = (
            select(batch.c.sender, state, func.count())
            .join(delivery, delivery.c.batch_id == batch.c.id)
            .where(batch.c.send_id == one, state.in_(("submitted", "refused", "unknown", "submitting")))
            .group_by(batch.c.sender, state)
            .order_by(func.min(batch.c.id))
        )
        counts: dict[str, dict[str, int]] = {}
        for provider, becomes, number in connection.execute(query):
            counts.setdefault(provider or "", {})[becomes] = int(number)
        if len(counts) > 1:
            found[one] = counts
    return found
