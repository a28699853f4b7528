"""A database that was restored, replaced or put aside: what it does not know, who has had it all the same, and how to
go on.

Nothing is sent again by itself. What is found on this machine counts as taken; what nobody can tell is left to an
editor, with the number of those who may get a letter twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter import ledger, library
from newsletter.errors import DatabaseError, WorkspaceError
from newsletter.ledger import restored as ledger_restored
from newsletter.rhythms.audience import audience
from newsletter.senders import registry
from newsletter.storage.identity import identity
from newsletter.workspace.stamps import SETTLED, Stamp
from subscribers import store
from subscribers.addresses import normalise
from subscribers.errors import AddressError

if TYPE_CHECKING:
    from newsletter.ledger import Send
    from newsletter.storage.database import Database
    from newsletter.wiring import Workspace


@dataclass(frozen=True, slots=True)
class UnfinishedSend:
    """A send that the database takes for unfinished, as it is after what was found on this machine."""

    send: Send
    found: tuple[int, ...]
    """Ids of queued deliveries whose letters are here."""
    queued: int
    """How many count as not begun, besides those."""
    told: bool
    """Whether those have not gone for certain: their letters would be here."""
    moved: bool = False
    """Whether the outbox of this folder need not be the one that the letters went into."""


@dataclass(frozen=True, slots=True)
class AdoptionPlan:
    """What taking a database as this workspace's own would do."""

    reason: str
    """Why there is something to do; empty when the database is the one it was, and not behind."""
    sends: tuple[UnfinishedSend, ...] = ()
    backup: datetime | None = None
    """When the backup was made, where the whole folder came from one that tells it."""

    @property
    def doubtful(self) -> int:
        """Deliveries of which nobody can tell whether they went."""
        return sum(one.queued for one in self.sends if not one.told)

    @property
    def found(self) -> int:
        """Deliveries whose letters are here."""
        return sum(len(one.found) for one in self.sends)


@dataclass(frozen=True, slots=True)
class UnknownSends:
    """Sends that keep an issue from going, and what is known of who has had it by them."""

    stamps: tuple[Stamp, ...]
    had: dict[str, list[int]]
    """Public id to the ids of subscribers whose letters are here."""
    told: bool
    """Whether all others have had none for certain: their letters would be here."""
    waiting: int
    """Readers who would get it now."""

    @property
    def known(self) -> int:
        """Readers whose letters are here."""
        return len({one for members in self.had.values() for one in members})


def examine(workspace: Workspace, database: Database, *, restored: bool = False) -> AdoptionPlan:
    """Look at what taking the database as it is would do, without writing anything.

    Args:
        workspace: The workspace.
        database: Its database, with the schema of this version.
        restored: Take it for restored although nothing shows it, as when the whole folder came from a backup.
    """
    memory = workspace.memory
    with database.read() as connection:
        try:
            found, known = identity(connection), memory.remembered()
            damage = ""
        except WorkspaceError as error:
            found = known = None
            damage = f"what was remembered of it is damaged ({error.where})"
        if damage or restored:
            reason = damage or "an editor says that it was restored"
        elif known is None:
            return AdoptionPlan("")
        elif known.backup is not None and found is not None and found.generation < known.generation:
            reason = f"it came from the backup of {memory.moment(known.backup)}"
        elif found is None or found.id != known.id:
            reason = "it is another one than this workspace had"
        elif found.generation < known.generation:
            reason = "it is older than what was sent from here"
        else:
            return AdoptionPlan("")
        sends = ledger_restored.unfinished(connection)
        backup = known.backup if known is not None else None
        moved = restored or backup is not None
        opened = (_open(workspace, database, send, moved=moved) for send in sends)
        return AdoptionPlan(reason, tuple(one for one in opened if one is not None), backup)


def _open(workspace: Workspace, database: Database, send: Send, *, moved: bool) -> UnfinishedSend | None:
    stamps = {one.id: one for one in workspace.memory.stamps.of_issue(send.issue)}
    stamp = stamps.get(send.public_id)
    later = send.send_at is not None and send.send_at > workspace.now()
    if later and database.is_sqlite and stamp is not None and stamp.began is None:
        return None  # its moment has not come, and nobody has started it before
    letters, told = kept(workspace, send.public_id, send.sender)
    # In a folder that came from a backup, an outbox without a letter of this send need not be the one they went into.
    moved = moved and not letters
    told = told and not moved
    with database.read() as connection:
        queued = ledger_restored.queued(connection, send.id, under_way=moved)
    found = tuple(one for one in queued if f"{send.public_id}.{one}" in letters)
    return UnfinishedSend(send, found, len(queued) - len(found), told, moved)


def kept(workspace: Workspace, public_id: str, sender: str) -> tuple[dict[str, str], bool]:
    """The letters of a send that lie on this machine, and whether these are all that went.

    Args:
        workspace: The workspace.
        public_id: Of the send.
        sender: What it was frozen for; empty takes the sender of the settings.

    Returns:
        Names of deliveries with addresses; and whether whoever has no letter here has had none.
    """
    name = sender.partition(" ")[0] or workspace.settings.sender.kind
    letters: dict[str, str] = {}
    told = False
    for provider in registry.providers():
        if provider.kept is not None:
            letters.update(provider.kept(workspace.settings.outbox, public_id))
            told = told or provider.name == name
    return letters, told


def adopt(workspace: Workspace, database: Database, plan: AdoptionPlan) -> None:
    """Take the database as this workspace's from now on. What may have gone since becomes unknown, not sent again.

    Args:
        workspace: The workspace.
        database: Its database, with the schema of this version.
        plan: As ``examine`` gave it.
    """
    with database.write() as connection:
        for one in plan.sends:
            ledger_restored.prove_kept(connection, one.found)
            if not one.told:
                ledger_restored.doubt_queued(connection, one.send.id, under_way=one.moved)
    workspace.memory.adopt(database)


def begin_anew(workspace: Workspace) -> Database:
    """Make an empty database in the place of one that is gone, and take it as this workspace's.

    Args:
        workspace: The workspace.

    Raises:
        DatabaseError: There is one that is not empty.
    """
    from newsletter.storage.database import open_database, upgrade, version

    database = open_database(workspace.settings.database_url)
    if version(database) is not None:
        database.close()
        raise DatabaseError(
            "there is a database", where=database.where, mend="move it away first, or leave out --new to take it"
        )
    upgrade(database)
    workspace.memory.adopt(database)
    return database


def unknown_sends(workspace: Workspace, key: str, list_name: str, rhythm: str) -> UnknownSends:
    """Who has had an issue by sends that the database does not know, as far as this machine can tell.

    Args:
        workspace: The workspace.
        key: Of the issue.
        list_name: The list it is to go to.
        rhythm: In which it is to go.
    """
    memory = workspace.memory
    with workspace.database.read() as connection:
        stamps = tuple(memory.unknown(connection, key, list_name, rhythm))
        target = store.list_named(connection, list_name)
        had: dict[str, list[int]] = {}
        told = True
        for stamp in memory.unknown(connection, key, list_name, rhythm, settled=True):
            letters, all_here = kept(workspace, stamp.id, stamp.sender)
            had[stamp.id] = sorted(store.ids_of(connection, _keys(letters.values())))
            told = told and all_here
        who = audience(target.id, rhythm, workspace.now())
        waiting = set(connection.execute(who).scalars()) - {one for members in had.values() for one in members}
    return UnknownSends(stamps, had, told, len(waiting))


def _keys(addresses: Iterable[str]) -> list[str]:
    keys = []
    for address in addresses:
        try:
            keys.append(normalise(address).key)
        except AddressError:
            continue  # a letter that somebody has put there
    return keys


def answer(workspace: Workspace, unknown: UnknownSends) -> None:
    """Let the issue be frozen all the same: to those whose letters are not here.

    Args:
        workspace: The workspace.
        unknown: As ``unknown_sends`` gave it.
    """
    workspace.memory.had = {**workspace.memory.had, **unknown.had}


def let_pass(workspace: Workspace, stamps: Sequence[Stamp]) -> int:
    """Count automatic letters that the database does not know as gone: what they carried is not sent again.

    Args:
        workspace: The workspace.
        stamps: Of these letters.

    Returns:
        How many articles count as carried now. What the library does not hold cannot be sent either.
    """
    count = 0
    with workspace.database.write() as connection:
        for stamp in stamps:
            target = store.list_named(connection, stamp.list)
            articles = library.with_links(connection, stamp.articles)
            issue = ledger.issue_id(connection, stamp.issue)
            periods = [ledger.article_period(one) for one in articles]
            if stamp.rhythm == "daily":
                periods.append(stamp.issue.rpartition("/")[2])
            ledger.take(connection, target.id, stamp.rhythm, periods, issue)
            library.remember(connection, articles, issue_id=issue, list_id=target.id, rhythms=(stamp.rhythm,))
            count += len(articles)
    for stamp in stamps:
        workspace.memory.stamps.mark(stamp.id, state=SETTLED)
    return count
