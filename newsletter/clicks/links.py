"""The links of letters whose clicks are counted: what each is called, kept when its letter is frozen, and looked up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.models import CountedLink
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_VALUES = 500
"""In one statement; old builds of SQLite take 999."""


def name_of(issue: str, list_name: str, subject: int, url: str) -> str:
    """What a link is called: the same for the same address in the same letter, and another in every other one.

    Args:
        issue: Key of the issue.
        list_name: The list it goes to.
        subject: Which of the subjects tried, from 1; 0 when there is one.
        url: As it stands in the letter.

    Returns:
        20 hexadecimal digits.
    """
    said = "\0".join((list_name, issue, str(subject), url))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def named(links: Iterable[CountedLink], *, issue: str, list_name: str, subject: int = 0) -> tuple[CountedLink, ...]:
    """The links of a letter with their names, now that it is known which letter it is.

    Args:
        links: Of one letter.
        issue: Key of the issue.
        list_name: The list it goes to.
        subject: As for `name_of`.
    """
    return tuple(replace(one, name=name_of(issue, list_name, subject, one.url)) for one in links)


def freeze(
    connection: Connection,
    links: Iterable[CountedLink],
    *,
    issue: str,
    list_name: str,
    subject: int = 0,
    now: datetime,
) -> None:
    """Keep the links of a letter; of one that is there already the numbers stay.

    Args:
        connection: In the writing transaction that freezes the letter.
        links: With their names, or without: then they get them.
        issue: Key of the issue.
        list_name: The list it goes to.
        subject: As for `name_of`.
        now: The present moment, timezone-aware.
    """
    from newsletter.storage.tables import link as table

    found = {one.name or name_of(issue, list_name, subject, one.url): one for one in links}
    rows = [
        {
            "name": name,
            "issue": issue,
            "list": list_name,
            "subject": subject,
            "url": found[name].url,
            "story": found[name].story,
            "sponsor": found[name].sponsor,
            "place": found[name].place,
            "frozen_at": int(now.timestamp()),
        }
        for name in sorted(found)  # in one order, so that two at once never wait for each other
    ]
    if not rows:
        return
    statement = insert(connection, table)
    renewed = {name: statement.excluded[name] for name in ("subject", "story", "sponsor", "place", "frozen_at")}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=renewed), rows)


def urls_of(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """Where links lead, by name; one that no letter has is missing.

    Args:
        connection: A connection in a reading transaction.
        names: As `name_of` gave them.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import link

    wanted, found = sorted(set(names)), dict[str, str]()
    for at in range(0, len(wanted), MOST_VALUES):
        query = select(link.c.name, link.c.url).where(link.c.name.in_(wanted[at : at + MOST_VALUES]))
        found.update((row.name, row.url) for row in connection.execute(query))
    return found


def letter_of_link(connection: Connection, name: str) -> tuple[tuple[str, ...], dict[str, str]] | None:
    """The letter that has a link: what tells it from others, and where each of its links leads, by name.

    Args:
        connection: A connection in a reading transaction.
        name: As `name_of` gives it.

    Returns:
        None when no letter has it.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import link

    row = connection.execute(select(link).where(link.c.name == name)).first()
    return None if row is None else links_of(connection, row.issue, row.list, row.subject)


def newest_letters(connection: Connection, *, limit: int) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """The same of the letters that were frozen last, the newest of them at the end.

    Args:
        connection: A connection in a reading transaction.
        limit: Letters at most.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import link

    query = (
        select(link.c.issue, link.c.list, link.c.subject)
        .group_by(link.c.issue, link.c.list, link.c.subject)
        .order_by(func.max(link.c.frozen_at).desc())
        .limit(limit)
    )
    return [links_of(connection, *row) for row in reversed(connection.execute(query).all())]


def links_of(
    connection: Connection, issue: str, list_name: str, subject: int
) -> tuple[tuple[str, ...], dict[str, str]]:
    """What tells a letter from others, and where each of its links leads, by name.

    Args:
        connection: A connection in a reading transaction.
        issue: Key of the issue.
        list_name: The list it went to.
        subject: As for `name_of`.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import link

    of = (link.c.issue == issue, link.c.list == list_name, link.c.subject == subject, link.c.url != "")
    rows = connection.execute(select(link.c.name, link.c.url).where(*of)).all()
    return (list_name, issue, str(subject)), {row.name: row.url for row in rows}
