"""A send written into the ledger: its letters, and one delivery for each subscriber, in batches; all or nothing."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from newsletter.errors import SendError
from newsletter.ledger import trying
from newsletter.ledger.drawing import draw
from newsletter.ledger.keys import GONE, aside, counts_as_sent, issue_id
from newsletter.ledger.models import UNDONE, Send
from newsletter.ledger.sends import found_sends, send_query

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Table

    from newsletter.ledger.trying import TrialTerms
    from newsletter.models import CountedLink, Picture, Poll


class FrozenError(SendError):
    """An issue went, or is going, to the list: there is a send of it already."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """A letter and who gets it; without a letter, who gets none and why."""

    letter: str
    """As ``letters.mime.to_json`` makes it."""
    audience: Select[tuple[int]]
    """Query for the ids of subscribers, ascending."""
    variant: str = ""
    """What sets this letter apart from the others of the send."""
    skipped: str = ""
    """Why these subscribers get nothing of this issue; then there is no letter."""
    hosted: tuple[Picture, ...] = ()
    """Pictures that the letter names at the reader pages; whoever freezes it puts them there."""
    polls: tuple[Poll, ...] = ()
    """What the letter asks its readers; whoever freezes it puts its words there too."""
    links: tuple[CountedLink, ...] = ()
    """Links whose clicks are counted; whoever freezes it writes them down, and lets those out who want no counting."""
    subject: int = 0
    """Which of the subjects tried the letter has, from 1: of its audience those get it who are drawn for this one. 0:
    nothing is tried."""
    held: bool = False
    """Whether it goes to those of its audience who are not drawn, and who wait for the subject that proves best."""


def write_send(
    connection: Connection,
    mailings: Sequence[Mailing],
    *,
    key: str,
    list_id: int,
    rhythm: str,
    subject: str,
    batch_size: int,
    now: datetime,
    send_at: datetime | None = None,
    sender: str = "",
    source: str = "",
    public_id: str = "",
    trial: TrialTerms | None = None,
) -> Send:
    """Write down a send: its letters as they are, and one delivery for each subscriber who has none for this issue.

    Args:
        connection: A writing transaction; nothing exists unless all of it does.
        mailings: The letters with their audiences; who is in two of them gets the first.
        key: Key of the issue.
        list_id: Id of the list it goes to.
        rhythm: ``instant``, ``daily``, ``weekly`` or ``all``.
        subject: For people who read the ledger.
        batch_size: Subscribers in one batch.
        now: The present moment, timezone-aware.
        send_at: When it starts, timezone-aware; None at once.
        sender: Which provider and account it is frozen for.
        source: Digest of what its letters were made of; empty when that was no file.
        public_id: The id it gets, which is random and may be written down elsewhere first; empty makes one.
        trial: How subjects are tried, where the mailings have several; with too few readers the first goes to all.

    Returns:
        The send, running, or scheduled when ``send_at`` is given.

    Raises:
        FrozenError: This issue went, or is going, to this list in this rhythm.
    """
    from sqlalchemy import insert, select, update

    from newsletter.storage.tables import letter as letters
    from newsletter.storage.tables import send

    issue = issue_id(connection, key)
    taken = select(send.c.id).where(
        send.c.issue_id == issue, send.c.list_id == list_id, send.c.rhythm == rhythm, send.c.state != "cancelled"
    )
    if connection.execute(taken).first() is not None:
        raise FrozenError(f"issue {key} is already on its way to this list")
    public_id = public_id or secrets.token_hex(8)
    state = "running" if send_at is None else "scheduled"
    row = {
        "public_id": public_id,
        "issue_id": issue,
        "list_id": list_id,
        "rhythm": rhythm,
        "state": state,
        "subject": subject,
        "audience": 0,
        "created": int(now.timestamp()),
        "send_at": int(send_at.timestamp()) if send_at is not None else None,
        "sender": sender,
        "source": source,
    }
    send_id = connection.execute(insert(send).values(row).returning(send.c.id)).scalar_one()
    # Nearly always an issue is new, and then nobody can have it already.
    first = _is_new(connection, issue)
    if not first:
        _free_deliveries(connection, issue, key)
        first = _is_new(connection, issue)
    open_to = partial(without_delivery, key=key) if not first else None
    sample = draw(connection, mailings, trial, public_id, open_to=open_to)
    if sample is None:
        mailings = [mailing for mailing in mailings if mailing.subject <= 1 and not mailing.held]
    position = count = held = 0
    known: dict[tuple[str, int], int] = {}
    for mailing in mailings:
        letter_id = None
        if not mailing.skipped:
            # Who waits has the letter with the first subject until it is decided.
            name = (mailing.variant, mailing.subject if sample is not None else 0)
            if name not in known:
                frozen = {
                    "send_id": send_id,
                    "variant": mailing.variant,
                    "subject": name[1],
                    "frozen": zlib.compress(mailing.letter.encode("utf-8")),
                }
                made = insert(letters).values(frozen).returning(letters.c.id)
                known[name] = connection.execute(made).scalar_one()
            letter_id = known[name]
        members = mailing.audience
        if sample is not None and mailing.subject and not mailing.held:
            members = sample.part(members, mailing.subject)
        numbered, number = _number(connection, without_delivery(members, key) if count or not first else members)
        batches = -(-number // batch_size)
        _add_batches(connection, send_id, letter_id, range(position, position + batches), mailing.held)
        _add_deliveries(connection, send_id, issue, numbered, position, batch_size, mailing.skipped)
        numbered.drop(connection)
        position += batches
        count += number
        held += number if mailing.held else 0
    connection.execute(update(send).where(send.c.id == send_id).values(audience=count))
    if sample is not None and trial is not None:
        trying.begin(connection, send_id, trial, each=sample.each, rest=held)
        sample.drop(connection)
    return Send(
        send_id,
        public_id,
        key,
        issue,
        list_id,
        rhythm,
        state,
        subject,
        count,
        now,
        send_at=send_at,
        sender=sender,
        source=source,
    )


def without_delivery(audience: Select[tuple[int]], key: str) -> Select[tuple[int]]:
    """Those of an audience who have no delivery of the issue with this key, but for what a cancelled send left free.

    Args:
        audience: Query for ids of subscribers.
        key: Of the issue.

    Returns:
        A query of the same kind, in no order.
    """
    from sqlalchemy import exists, select

    from newsletter.storage.tables import batch, delivery, issue, send

    who = audience.order_by(None).subquery("who")
    (member,) = who.c
    has_one = exists(
        select(delivery.c.id)
        .join(issue, issue.c.id == delivery.c.issue_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(send, send.c.id == batch.c.send_id)
        .where(issue.c.key == key, delivery.c.subscriber_id == member, counts_as_sent())
    )
    return select(member).where(~has_one)


def count_without_delivery(connection: Connection, audience: Select[tuple[int]], key: str) -> int:
    """How many of an audience have no delivery of the issue with this key yet.

    Args:
        connection: An open connection to the database.
        audience: Query for ids of subscribers.
        key: Of the issue.
    """
    return _count(connection, without_delivery(audience, key))


def letter_of(connection: Connection, letter_id: int) -> str:
    """The text of the frozen letter with this id, for ``letters.mime.from_json``."""
    from sqlalchemy import select

    from newsletter.storage.tables import letter

    frozen = connection.execute(select(letter.c.frozen).where(letter.c.id == letter_id)).scalar_one()
    return zlib.decompress(frozen).decode("utf-8")


def letter_beside(connection: Connection, letter_id: int, ending: str, made: Callable[[str], str | None]) -> int | None:
    """Id of another form of a frozen letter, which has its variant with an ending and the same subject.

    Args:
        connection: A writing transaction.
        letter_id: Id of the letter.
        ending: Of the variant.
        made: Makes the other form of its text; None when it is that already.

    Returns:
        That of the other form, which is written down if it was not there; None when the letter is that already.
    """
    from sqlalchemy import insert, select

    from newsletter.storage.tables import letter

    row = connection.execute(select(letter).where(letter.c.id == letter_id)).one()
    text = made(zlib.decompress(row.frozen).decode("utf-8"))
    if text is None:
        return None
    name = {"send_id": row.send_id, "variant": f"{row.variant} {ending}".strip(), "subject": row.subject}
    there = select(letter.c.id).where(*(letter.c[column] == value for column, value in name.items()))
    if (found := connection.execute(there).scalar_one_or_none()) is not None:
        return int(found)
    new = insert(letter).values(frozen=zlib.compress(text.encode("utf-8")), **name).returning(letter.c.id)
    return int(connection.execute(new).scalar_one())


def subjects_of_letters(connection: Connection, send_id: int) -> set[int]:
    """Which of the subjects tried the letters of a send have, from 1; 0 of one that tries none.

    Args:
        connection: A connection in a reading or writing transaction.
        send_id: Id of the send.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import letter

    return set(connection.execute(select(letter.c.subject).where(letter.c.send_id == send_id)).scalars())


def _is_new(connection: Connection, issue: int) -> bool:
    """Whether nobody has a delivery of this issue."""
    from sqlalchemy import select

    from newsletter.storage.tables import delivery

    return connection.execute(select(delivery.c.id).where(delivery.c.issue_id == issue).limit(1)).first() is None


def _free_deliveries(connection: Connection, issue_id: int, key: str) -> None:
    """Let go of those deliveries of an issue's cancelled sends that went to nobody, so that it can go to them.

    Args:
        connection: A writing transaction.
        issue_id: Id of the issue.
        key: Its key.
    """
    from sqlalchemy import func, select, update

    from newsletter.storage.tables import batch, delivery, issue
    from newsletter.storage.tables import send as table

    own = (table.c.issue_id == issue_id) | issue.c.key.startswith(key + UNDONE, autoescape=True)
    state = func.coalesce(
        delivery.c.state, select(batch.c.state).where(batch.c.id == delivery.c.batch_id).scalar_subquery()
    )
    for one in found_sends(connection, send_query().where(table.c.state == "cancelled", own)):
        batches = select(batch.c.id).where(batch.c.send_id == one.id)
        free = (delivery.c.issue_id == issue_id, delivery.c.batch_id.in_(batches), state.not_in(GONE))
        connection.execute(update(delivery).where(*free).values(issue_id=aside(connection, one)))


def _count(connection: Connection, members: Select[tuple[int]]) -> int:
    from sqlalchemy import func, select

    return connection.execute(select(func.count()).select_from(members.subquery())).scalar_one()


def _add_batches(connection: Connection, send_id: int, letter_id: int | None, positions: range, held: bool) -> None:
    from sqlalchemy import insert

    from newsletter.storage.tables import batch

    # Nobody works on a batch without a letter: each of its deliveries says for itself why it was skipped.
    state = "queued" if letter_id is not None else "submitted"
    row = {"send_id": send_id, "letter_id": letter_id, "state": state, "held": int(held)}
    rows = [{**row, "position": at} for at in positions]
    if rows:
        connection.execute(insert(batch), rows)


def _number(connection: Connection, members: Select[tuple[int]]) -> tuple[Table, int]:
    """Number the members from 1 on, ascending, in a table of this transaction's own; the table, and how many they are.

    They are asked for once: who comes to the list meanwhile is late. A third faster than counting them first and
    numbering them by a window function (measured with 400,000 on SQLite).
    """
    from sqlalchemy import BigInteger, Column, Identity, Integer, MetaData, Table, insert, select

    table = Table(
        "numbered_member",
        MetaData(),
        Column("number", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
        Column("subscriber", BigInteger, nullable=False),
        prefixes=["TEMPORARY"],
    )
    table.create(connection)
    who = members.order_by(None).subquery("members")
    (member,) = who.c
    rows = insert(table).from_select(["subscriber"], select(member).order_by(member))
    return table, connection.execute(rows.execution_options(preserve_rowcount=True)).rowcount


def _add_deliveries(
    connection: Connection,
    send_id: int,
    issue: int,
    members: Table,
    position: int,
    batch_size: int,
    skipped: str,
) -> None:
    """One statement for all rows: the members, numbered in order, fill one batch after the other from this one on."""
    from sqlalchemy import insert, literal, null, select

    from newsletter.storage.tables import batch, delivery

    number, member = members.c
    mine = (batch.c.send_id == send_id) & (batch.c.position == (number - 1) // batch_size + position)
    # A query of its own for each row: a join would write all of them into a table first, and sort it again.
    own = select(batch.c.id).where(mine).scalar_subquery()
    outcome = (literal("skipped"), literal(skipped)) if skipped else (null(), null())
    rows = select(literal(issue), member, own, *outcome).order_by(number)
    columns = ["issue_id", "subscriber_id", "batch_id", "state", "reason"]
    connection.execute(insert(delivery).from_select(columns, rows))
