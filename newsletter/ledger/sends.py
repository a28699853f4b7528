"""The sends of a workspace: which there are, how they stand, and an editor's word to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from newsletter.errors import SendError
from newsletter.ledger.brakes import PROVIDER, UNPAUSED
from newsletter.ledger.cutting import part_begun
from newsletter.ledger.models import ALL, STATES, UNDONE, Send, SendCounts

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select

UNFINISHED = ("scheduled", "running", "paused")
"""States of a send that can still go."""
_MOST_IDS = 1000


def state_of(connection: Connection, send_id: int) -> str:
    """The state of a send now."""
    from sqlalchemy import select

    from newsletter.storage.tables import send as table

    return str(connection.execute(select(table.c.state).where(table.c.id == send_id)).scalar_one())


def sends(connection: Connection) -> list[Send]:
    """Every send of the workspace, oldest first."""
    return found_sends(connection, send_query())


def sends_of_issues(connection: Connection) -> list[Send]:
    """Every send of an issue, oldest first; letters of the latest posts, whose keys have a slash, are left out."""
    from newsletter.storage.tables import issue

    return found_sends(connection, send_query().where(issue.c.key.not_like("%/%")))


def sends_of(connection: Connection, key: str) -> list[Send]:
    """Every send of the issue with this key, oldest first."""
    from newsletter.storage.tables import issue

    return found_sends(connection, send_query().where(issue.c.key == storable(key)))


def send(connection: Connection, send_id: int) -> Send | None:
    """The send with this id, as it stands now; None when there is none."""
    from newsletter.storage.tables import send as table

    return next(iter(found_sends(connection, send_query().where(table.c.id == send_id))), None)


def known_sends(connection: Connection, public_ids: Collection[str]) -> frozenset[str]:
    """Those of these public ids that are sends of this database.

    Args:
        connection: An open connection to the database.
        public_ids: Of sends.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import send as table

    names, found = sorted(public_ids), set[str]()
    for start in range(0, len(names), _MOST_IDS):
        part = select(table.c.public_id).where(table.c.public_id.in_(names[start : start + _MOST_IDS]))
        found.update(connection.execute(part).scalars())
    return frozenset(found)


def last_send(connection: Connection) -> Send | None:
    """The send that was frozen last, but for undone ones; None while there is none."""
    from newsletter.storage.tables import issue
    from newsletter.storage.tables import send as table

    standing = send_query().where(issue.c.key.not_like(f"%{UNDONE}%"))
    return next(iter(found_sends(connection, standing.order_by(None).order_by(table.c.id.desc()).limit(1))), None)


def frozen_since(connection: Connection, since: datetime) -> list[Send]:
    """Every send that was frozen since a moment, oldest first.

    Args:
        connection: An open connection to the database.
        since: The moment, timezone-aware.
    """
    from newsletter.storage.tables import send as table

    return found_sends(connection, send_query().where(table.c.created >= int(since.timestamp())))


def issues_before(connection: Connection, send_id: int, folder: str = "") -> Iterator[str]:
    """The keys of issues that were frozen before a send, newest first, each once; undone ones are left out.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
        folder: What stands before the last slash of their keys: list and rhythm for letters of the latest posts, empty
            for issues with a number.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import issue
    from newsletter.storage.tables import send as table

    first = func.min(table.c.id)
    query = select(issue.c.key).join(table, table.c.issue_id == issue.c.id).where(issue.c.key.not_like(f"%{UNDONE}%"))
    query = query.group_by(issue.c.key).having(first < send_id).order_by(first.desc())
    for (key,) in connection.execute(query).all():
        if key.rpartition("/")[0] == folder:
            yield key


def running(
    connection: Connection, list_id: int | None = None, rhythms: Collection[str] = (), *, stopped: bool = False
) -> list[Send]:
    """Every send that runs now, oldest first.

    Args:
        connection: An open connection to the database.
        list_id: Only those to this list; None takes every list.
        rhythms: Only those in these rhythms; none named takes every rhythm.
        stopped: Also those that their provider has stopped: they go on by themselves, and need nothing but another try.
    """
    from newsletter.storage.tables import send as table

    goes_on = table.c.state == "running"
    if stopped:
        goes_on |= (table.c.state == "paused") & (table.c.paused_by == PROVIDER)
    query = send_query().where(goes_on)
    if list_id is not None:
        query = query.where(table.c.list_id == list_id)
    if rhythms:
        query = query.where(table.c.rhythm.in_(list(rhythms)))
    return found_sends(connection, query)


def unfinished_to(connection: Connection, list_id: int) -> list[Send]:
    """Every send to a list that has not come to its end, oldest first: it runs, rests or waits for its hour.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
    """
    from newsletter.storage.tables import send as table

    return found_sends(connection, send_query().where(table.c.list_id == list_id, table.c.state.in_(UNFINISHED)))


def next_letter_at(connection: Connection, send: Send) -> datetime | None:
    """When the next letter of another issue was frozen for readers of the same list and rhythm; None while none was.

    Args:
        connection: An open connection to the database.
        send: Whose readers; a send in the rhythm ``all`` shares its readers with every rhythm.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import issue
    from newsletter.storage.tables import send as table

    query = (
        select(func.min(table.c.created))
        .join(issue, issue.c.id == table.c.issue_id)
        .where(table.c.id > send.id, table.c.issue_id != send.issue_id, table.c.list_id == send.list_id)
        .where(issue.c.key.not_like(f"%{UNDONE}%"))
    )
    if send.rhythm != ALL:
        query = query.where(table.c.rhythm.in_((send.rhythm, ALL)))
    seconds = connection.execute(query).scalar_one()
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def account(connection: Connection, send_id: int) -> SendCounts:
    """Count the deliveries of a send by state, and those with a reason by reason."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery

    state = func.coalesce(delivery.c.state, batch.c.state)
    query = (
        select(state, delivery.c.reason, func.count())
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id == send_id)
        .group_by(state, delivery.c.reason)
    )
    counts = dict.fromkeys(STATES, 0)
    reasons: dict[str, int] = {}
    for name, reason, count in connection.execute(query):
        counts[name] += count
        if reason:
            reasons[reason] = reasons.get(reason, 0) + count
    return SendCounts(**counts, reasons=reasons)


def has_taken(connection: Connection, send_id: int, provider: str) -> bool:
    """Whether a provider has taken any letter of a send.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
        provider: Its name; what another one took before it says nothing of this one.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery

    query = (
        select(delivery.c.id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        # What nobody has tried was not taken, and need not be read.
        .where(batch.c.send_id == send_id, batch.c.sender == provider, batch.c.attempt > 0)
        .where(func.coalesce(delivery.c.state, batch.c.state) == "submitted")
        .limit(1)
    )
    return connection.execute(query).first() is not None


def send_query() -> Select[Any]:
    """The query for what a ``Send`` is made of, joined with its issue, oldest first."""
    from sqlalchemy import select

    from newsletter.storage.tables import issue
    from newsletter.storage.tables import send as table

    return select(table, issue.c.key).join(issue, issue.c.id == table.c.issue_id).order_by(table.c.id)


def found_sends(connection: Connection, query: Select[Any]) -> list[Send]:
    """The sends that a ``send_query`` with conditions of its own finds."""
    return [_send(row) for row in connection.execute(query)]


def storable(name: str) -> str:
    """A name without the odd bytes of a command line that no database takes; nothing is called by such a name.

    Args:
        name: As somebody typed it.
    """
    return name.encode("utf-8", "replace").decode("utf-8")


def _send(row: Row[Any]) -> Send:
    def moment(seconds: float | None) -> datetime | None:
        return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None

    return Send(
        id=row.id,
        public_id=row.public_id,
        issue=row.key.partition(UNDONE)[0],
        issue_id=row.issue_id,
        list_id=row.list_id,
        rhythm=row.rhythm,
        state=row.state,
        subject=row.subject,
        audience=row.audience,
        created=datetime.fromtimestamp(row.created, UTC),
        finished=moment(row.finished),
        reason=row.reason,
        send_at=moment(row.send_at),
        paused_by=row.paused_by,
        probe_at=moment(row.probe_at),
        probes=row.probes,
        sender=row.sender,
        source=row.source,
        undone=UNDONE in row.key,
    )


def move(connection: Connection, send: Send, to: str, *, reason: str = "", by: str = "editor") -> None:
    """Pause or resume a send; whoever delivers it follows with the next batch. It ends by ``undo.cancel``.

    An editor may also pause what something else has paused: then nothing of it goes by itself any more.

    Args:
        connection: A writing transaction.
        send: The send; its state is looked at anew.
        to: ``paused``, ``running`` or ``scheduled`` (only what is paused).
        reason: Why, for people who read the ledger.
        by: Who pauses it: ``editor``, ``provider``, ``reports`` or ``warm-up``.

    Raises:
        SendError: Its state does not allow it.
    """
    from sqlalchemy import or_, update

    from newsletter.storage.tables import send as table

    allowed = {
        "paused": ("running", "scheduled"),
        "running": ("paused", "scheduled"),
        "scheduled": ("paused",),
    }
    values = {"state": to, **UNPAUSED, "reason": reason, "paused_by": by if to == "paused" else ""}
    taken_over = (table.c.state == "paused") & (table.c.paused_by != by)
    may = [table.c.state.in_(allowed[to]), *([taken_over] if to == "paused" and by == "editor" else [])]
    statement = update(table).where(table.c.id == send.id, or_(*may)).values(values)
    if connection.execute(statement).rowcount != 1:
        state = state_of(connection, send.id)
        mend = f"see: newsletter sends show {send.public_id}"
        if state == "cancelled" and send.issue.isdecimal():
            mend += f"; its issue goes anew with: newsletter send {send.issue} (--rest, when it went to some)"
        raise SendError(f"the send of issue {send.issue} is {state} and cannot be {_WORDS[to]}", mend=mend)


_WORDS = {"paused": "paused", "running": "resumed", "scheduled": "planned"}


def change_sender(connection: Connection, send: Send, sender: str) -> None:
    """Let a send go on through another provider or account, as an editor agreed.

    Args:
        connection: A writing transaction.
        send: The send.
        sender: Which provider and account, as it is written at the freeze.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import send as table

    connection.execute(update(table).where(table.c.id == send.id).values(sender=sender))
    part_begun(connection, send.id)


def start_due(connection: Connection, now: datetime) -> list[Send]:
    """Let every scheduled send run whose moment has come.

    Args:
        connection: A writing transaction.
        now: The present moment, timezone-aware.

    Returns:
        Those that started now, oldest first; of many callers one is told of each.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import send as table

    due = send_query().where(table.c.state == "scheduled", table.c.send_at <= int(now.timestamp()))
    started = []
    for one in found_sends(connection, due):
        mine = update(table).where(table.c.id == one.id, table.c.state == "scheduled").values(state="running")
        if connection.execute(mine).rowcount:
            started.append(one)
    return started
