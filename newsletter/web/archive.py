"""Past letters for everybody: which there are, and each as a page, made from the letter as it was frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from newsletter import clicks, ledger
from newsletter.letters import click_links
from newsletter.letters.catalogue import words
from newsletter.letters.mime import from_json
from newsletter.media import FOLDER
from newsletter.publish import rows
from newsletter.web.letter_page import LetterPage, web_view

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.storage.database import Database
    from newsletter.web.pages import Pages

PAGE = 20
"""Letters on one page of the archive, and entries in the feed."""

_GOES_OUT = ("running", "finished")


@dataclass(frozen=True, slots=True)
class PastLetter:
    """One letter that went out."""

    id: int
    """Of its send; later ones are larger."""
    key: str
    """Key of the issue."""
    subject: str
    """As it was mailed, its runs isolated."""
    sent: datetime
    letter_id: int


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One letter as the archive lists it."""

    key: str
    number: str
    """The issue's number in the publication's digits; empty for a letter of the latest posts."""
    subject: str
    summary: str
    sent: datetime
    letter: PastLetter


class Archive:
    """The past letters of a workspace.

    Args:
        database: The database of the workspace.
        pages: For words, digits and the address of the pages.
        lists: Names of the lists whose letters everybody may read.
    """

    def __init__(self, database: Database, pages: Pages, lists: Sequence[str]) -> None:
        self._database = database
        self._pages = pages
        self._lists = tuple(lists)
        # A frozen letter never changes. Each can hold megabytes of pictures, a summary next to nothing.
        self._view = lru_cache(maxsize=8)(self._make_view)
        self._summary = lru_cache(maxsize=1000)(
            lambda letter_id, key: self._view(letter_id, key, f"letters/{key}").summary
        )

    def entries(self, *, before: int = 0) -> tuple[list[ArchiveEntry], int]:
        """One page of the archive, newest first, and what to hand in as ``before`` for the next one (0: no more)."""
        with self._database.read() as connection:
            found = sent(connection, self._lists, before=before, limit=PAGE + 1)
        shown = found[:PAGE]
        return [self._entry(one) for one in shown], shown[-1].id if len(found) > PAGE else 0

    def view(self, key: str, *, path: str = "", list_name: str = "") -> tuple[PastLetter, LetterPage] | None:
        """The letter of an issue as a page; None when none went out that may be shown.

        Where each topic's readers get a letter of their own, it is the one that leaves nothing out.

        Args:
            key: Key of the issue.
            path: Where the page stands below the address of the pages; empty is its place in the archive.
            list_name: The only list it may have gone to; empty for those whose letters everybody may read.
        """
        with self._database.read() as connection:
            found = sent(connection, (list_name,) if list_name else self._lists, key=key, limit=1)
        return (found[0], self._view(found[0].letter_id, key, path or f"letters/{key}")) if found else None

    def past(self, key: str) -> PastLetter | None:
        """The letter of an issue, unopened; None when none went out that everybody may read."""
        with self._database.read() as connection:
            found = sent(connection, self._lists, key=key, limit=1)
        return found[0] if found else None

    def every(self, most: int) -> list[PastLetter]:
        """The letters that the archive lists, newest first.

        Args:
            most: Of them.
        """
        with self._database.read() as connection:
            return sent(connection, self._lists, limit=most)

    def posts(self) -> dict[str, str]:
        """Addresses of the letters that are posts on the newsroom's site too, by key."""
        with self._database.read() as connection:
            return rows.links(connection)

    def post(self, key: str) -> str:
        """Address of the post that a letter is on the newsroom's site; empty when it is none."""
        with self._database.read() as connection:
            return rows.link_of(connection, key)

    def number(self, one: PastLetter) -> str:
        """The number of an issue in the publication's digits; empty for a letter of the latest posts."""
        return self._pages.digits(one.key) if one.key.isdecimal() else ""

    def _entry(self, one: PastLetter) -> ArchiveEntry:
        return ArchiveEntry(
            key=one.key,
            number=self.number(one),
            subject=one.subject,
            summary=self._summary(one.letter_id, one.key),
            sent=one.sent,
            letter=one,
        )

    def _make_view(self, letter_id: int, key: str, path: str) -> LetterPage:
        base = self._pages.base
        return self.page(letter_id, key, folder=f"{base}/{path}", media=f"{base}/{FOLDER}")

    def page(self, letter_id: int, key: str, *, folder: str, media: str) -> LetterPage:
        """A frozen letter as a page, made anew.

        Args:
            letter_id: Of the letter.
            key: Key of the issue.
            folder: Where its stylesheet and pictures will be.
            media: Where the pictures are that it names at the reader pages.
        """
        with self._database.read() as connection:
            letter = from_json(ledger.letter_of(connection, letter_id))
            # Who reads it here is counted by nobody, and is told nothing of counting.
            letter = click_links.restored(letter, clicks.urls_of(connection, click_links.names_in(letter)))
        catalogue = words(self._pages.environment, letter.language)
        because = catalogue.gettext("You get this letter because you subscribed to {name}.")
        return web_view(
            letter,
            folder=folder,
            media=media,
            key=key,
            subscribe=(self._pages.places.form, self._pages.text("Subscribe me")),
            because=because.replace("{name}", self._pages.publication.name),
        )


def sent(
    connection: Connection, lists: Sequence[str], *, limit: int, before: int = 0, key: str | None = None
) -> list[PastLetter]:
    """Letters that went out to one of these lists, newest first, each issue once.

    Args:
        connection: An open connection to the database.
        lists: Names of the lists.
        limit: How many letters to give at most.
        before: Only sends with a smaller id; 0 for all.
        key: Only the issue with this key. Without it, instant letters are left out: each would only name one article.
    """
    from sqlalchemy import and_, case, func, or_, select

    from newsletter.storage.tables import issue, letter, send, trial
    from subscribers import store

    # What was scheduled and then paused has gone to nobody yet, and may never.
    went_out = or_(send.c.state.in_(_GOES_OUT), and_(send.c.state == "paused", ledger.may_have_gone(send.c.id)))

    shown = case((trial.c.chosen > 0, trial.c.chosen), else_=1)
    # The letter that leaves nothing out, if there is one.
    whole = func.coalesce(func.min(case((letter.c.variant == "", letter.c.id))), func.min(letter.c.id))
    ids = [found.id for name in lists if (found := store.list_or_none(connection, name)) is not None]
    first: Any = (
        select(func.min(send.c.id).label("id"))
        .where(send.c.list_id.in_(ids), went_out)
        .group_by(send.c.issue_id)
        .subquery()
    )
    query = (
        select(send.c.id, issue.c.key, send.c.subject, send.c.created, whole.label("letter_id"))
        .join(first, first.c.id == send.c.id)
        .join(issue, issue.c.id == send.c.issue_id)
        .outerjoin(trial, trial.c.send_id == send.c.id)
        # Of subjects that were tried the one that was chosen, and the first until one is.
        .join(letter, (letter.c.send_id == send.c.id) & or_(letter.c.subject == 0, letter.c.subject == shown))
        .group_by(send.c.id, issue.c.key, send.c.subject, send.c.created)
        .order_by(send.c.id.desc())
        .limit(limit)
    )
    if before:
        query = query.where(send.c.id < before)
    query = query.where(issue.c.key == key if key is not None else send.c.rhythm != "instant")
    return [
        PastLetter(row.id, row.key, row.subject, datetime.fromtimestamp(row.created, UTC), row.letter_id)
        for row in connection.execute(query)
    ]
