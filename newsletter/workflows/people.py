"""Readers as editors look after them: the story of one, an import taken back, a pause on their wish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.rhythms.topics import titles
from subscribers import actions, store
from subscribers.actions import Person
from subscribers.csvfile import NO_CHOICES, ColumnChoices

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection, Select

    from newsletter.wiring import Workspace
    from subscribers.models import ImportBatch, ImportReport, UndoneImport

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
    with workspace.database.write() as connection:
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
