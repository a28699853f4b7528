"""Readers as editors look after them: the story of one, an import taken back, a pause on their wish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from newsletter import ledger
from newsletter.report.models import GrowthReport
from newsletter.rhythms.topics import titles
from subscribers import actions, store
from subscribers.actions import Person
from subscribers.addresses import normalise
from subscribers.csvfile import NO_CHOICES, ColumnChoices

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection, Select

    from newsletter.wiring import Workspace
    from subscribers.models import ImportBatch, ImportReport, List, ReaderRow, ReaderState, Subscriber, UndoneImport
    from subscribers.store import ReaderCounts

LAST = 5
"""Letters that the story of a reader tells."""


@dataclass(frozen=True, slots=True)
class LetterTold:
    """One letter that was to go to a reader."""

    at: datetime
    subject: str
    state: str
    """As the ledger has it: ``submitted``, ``queued``, ``skipped`` …"""


@dataclass(frozen=True, slots=True)
class ReaderStory:
    """All that an editor wants to know of one reader."""

    person: Person
    letters: tuple[LetterTold, ...]
    """The last ones, the latest first."""
    all_letters: int
    reports: tuple[tuple[datetime, str], ...]
    """What providers reported of letters that went wrong, the latest first."""


def story(workspace: Workspace, public_id: bytes) -> ReaderStory:
    """Tell the story of one reader.

    Args:
        workspace: The workspace.
        public_id: Of the reader.

    Raises:
        UnknownSubscriber: Nobody has it, or not any more.
    """
    with workspace.database.read() as connection:
        person = actions.person_behind(connection, public_id, keys=workspace.keys.suppression)
        sent = ledger.letters_to(connection, person.subscriber.id)
        reports = ledger.reports_of(connection, person.subscriber.id)
    last = tuple(LetterTold(*one) for one in reversed(sent[-LAST:]))
    return ReaderStory(person, last, len(sent), tuple(reversed(reports)))


def pause(connection: Connection, workspace: Workspace, person: Person, list_id: int, until: datetime | None) -> None:
    """Pause the letters of a list to a reader who asked for it, or end the pause; what else they chose stays.

    Args:
        connection: A connection in a writing transaction.
        workspace: The workspace.
        person: The reader.
        list_id: Of the list.
        until: Aware; no letter before it. None ends the pause.

    Raises:
        ConsentError: They have no subscription to this list, or have left it.
    """
    held = store.subscription_of(connection, person.subscriber.id, list_id, lock=True)
    actions.prefer(
        connection,
        person.subscriber.id,
        list_id,
        now=workspace.now(),
        rhythm=held.rhythm if held else "weekly",
        declined_topics=held.declined_topics if held else 0,
        paused_until=until,
    )


Added = Literal["asked", "lately", "added", "already"]
"""``asked``: a confirmation letter is on its way; ``lately``: they got one lately; ``added``: subscribed at once;
``already``: they were."""


def add_reader(
    connection: Connection,
    workspace: Workspace,
    address: str,
    list_name: str,
    *,
    words: str,
    name: str = "",
    ask: bool = True,
) -> tuple[Added, Subscriber | None]:
    """Add one reader, or ask them by a confirmation letter.

    Args:
        connection: A connection in a writing transaction.
        workspace: The workspace.
        address: As it was typed.
        list_name: Of the list.
        words: How they agreed, for the record of consent.
        name: What editors call them.
        ask: Subscribe them only when they confirm.

    Returns:
        What came of it, and the reader; nobody where the letter has to wait.

    Raises:
        AddressError: Not an address one can write to.
        SuppressedError: The address must not be mailed.
        ConsentError: The person left this list.
        ClosedList: Nobody can join it.
    """
    now, keys, rhythm = workspace.now(), workspace.keys.suppression, workspace.settings.rhythm_of(list_name)
    if not ask:
        added = actions.add_subscriber(
            connection, address, list_name, now=now, keys=keys, rhythm=rhythm, words=words, name=name
        )
        return "already" if added.already else "added", added.subscriber
    caps = workspace.caps
    told = actions.ask(connection, address, list_name, now=now, keys=keys, caps=caps, rhythm=rhythm, words=words)
    person = store.find(connection, normalise(address))
    if person is not None and name:
        store.set_name(connection, person.id, name)
    return "already" if told == "confirmed" else told, person


def import_file(
    workspace: Workspace,
    path: Path,
    list_name: str,
    *,
    words: str = "",
    ask: bool = False,
    dry_run: bool = False,
    choices: ColumnChoices = NO_CHOICES,
    by: str = "",
    also: Callable[[Connection, ImportReport], None] | None = None,
) -> ImportReport:
    """Add everybody in a file of addresses to a list, all of it or nothing.

    Args:
        workspace: The workspace.
        path: Of the file.
        list_name: Of the list.
        words: How these people agreed, for the record of consent.
        ask: Subscribe nobody; ask each by a confirmation letter.
        dry_run: Count everything, write nothing.
        choices: What the editor says of the file's columns.
        by: Who brings it in.
        also: Done in the same transaction, with what came of it.

    Raises:
        ConsentError: Nothing says how some of them agreed, and they are not asked.
        CsvError: The file cannot be read as a list of addresses.
        UnknownList: No such list.
        ClosedList: Nobody can join it.
    """
    # A dry run fills nothing but a table of its own connection, and keeps nobody waiting.
    with workspace.database.read() if dry_run else workspace.database.write() as connection:
        report = actions.import_file(
            connection,
            path,
            list_name,
            now=workspace.now(),
            keys=workspace.keys.suppression,
            rhythm=workspace.settings.rhythm_of(list_name),
            words=words.strip(),
            dry_run=dry_run,
            need_consent=True,
            ask_an_hour=workspace.caps.file_an_hour if ask else 0,
            choices=choices,
            topics=titles(workspace.settings.topics.get(list_name, ())),
            by=by,
        )
        if also is not None:
            also(connection, report)
    return report


def undo_import(connection: Connection, workspace: Workspace, name: str, *, by: str = "") -> UndoneImport:
    """Take back an import, as long as no letter went to anybody whom it brought.

    Args:
        connection: A connection in a writing transaction.
        workspace: The workspace.
        name: Of the import, as it was printed.
        by: Who takes it back.

    Raises:
        BatchError: No such import, it was taken back before, or a letter went to one of its readers.
    """
    return actions.undo_import(connection, name, by=by, now=workspace.now(), gone=letters_gone)


def letters_gone(connection: Connection, batch: ImportBatch, who: Select[tuple[int]]) -> bool:
    """Whether a letter of the list went to one of an import's readers.

    Args:
        connection: An open connection to the database.
        batch: The import.
        who: The query for the ids of its readers.
    """
    return ledger.gone_to(connection, batch.list_id, who, since=batch.at)


@dataclass(frozen=True, slots=True)
class ReadersFound:
    """A page of the readers of a list, with what stands around it."""

    list: List
    lists: tuple[List, ...]
    """Every list, oldest first."""
    counts: ReaderCounts
    rows: tuple[ReaderRow, ...]
    after: tuple[int, int] | None
    """Where the next page begins; None on the last one."""


PAGE = 40
"""Readers of one page."""


def find_readers(
    workspace: Workspace,
    list_name: str = "",
    *,
    state: ReaderState | None = None,
    words: str = "",
    domains: bool = True,
    after: tuple[int, int] | None = None,
) -> ReadersFound:
    """Find readers of a list, who came last first.

    Args:
        workspace: The workspace.
        list_name: Of the list; empty takes the first that is open.
        state: Only these; None for all.
        words: Part of an address or a name; empty for everybody.
        domains: Whether parts of what stands behind the at sign are looked for too.
        after: Where the page before ended; None for the first one.

    Raises:
        UnknownList: No such list, or none at all.
    """
    now = workspace.now()
    with workspace.database.read() as connection:
        lists = tuple(store.all_lists(connection))
        first = next((one for one in lists if one.closed is None), None)
        chosen = first if first and not list_name else store.list_named(connection, list_name)
        rows = store.readers_page(
            connection, chosen.id, now=now, state=state, words=words, domains=domains, after=after, limit=PAGE + 1
        )
        counts = store.reader_counts(connection, chosen.id, now=now)
    shown = tuple(rows[:PAGE])
    return ReadersFound(chosen, lists, counts, shown, store.cursor_of(shown[-1]) if len(rows) > PAGE else None)


def list_called(workspace: Workspace, name: str = "") -> List:
    """A list by its name.

    Args:
        workspace: The workspace.
        name: Of the list; empty takes the first that is open.

    Raises:
        UnknownList: No such list, or none at all.
    """
    with workspace.database.read() as connection:
        first = next((one for one in store.all_lists(connection) if one.closed is None), None)
        return first if first and not name else store.list_named(connection, name)


def lists_of(workspace: Workspace) -> list[List]:
    """Every list that people can join, oldest first.

    Args:
        workspace: The workspace.
    """
    with workspace.database.read() as connection:
        return [one for one in store.all_lists(connection) if one.closed is None]


WEEKS = 13
"""Three months of growth."""


def growth_of(workspace: Workspace, list_name: str) -> GrowthReport:
    """How one list grew in three months; nothing where it is closed.

    Args:
        workspace: The workspace.
        list_name: Of the list.
    """
    from newsletter.report.growth import growth

    starts = workspace.settings.schedule.week_starts
    with workspace.database.read() as connection:
        found = growth(
            connection, now=workspace.now(), zone=workspace.zone, week_starts=starts, weeks=WEEKS, with_roads=False
        )
    return GrowthReport(tuple(one for one in found.lists if one.list == list_name), found.erased)


def last_imports(workspace: Workspace, list_id: int) -> list[ImportBatch]:
    """The last imports into a list, the latest first.

    Args:
        workspace: The workspace.
        list_id: Of the list.
    """
    with workspace.database.read() as connection:
        return store.batches(connection, list_id)
