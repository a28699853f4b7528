"""How often the links of letters are asked for: a number for each link and hour, and nobody who asked.

The links are kept when a letter is frozen. Whoever counts names a link and an hour; there is no way to name a reader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from newsletter.models import CountedLink
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["CountedLink", "LinkClicks", "add", "by_subject", "counting", "freeze", "name_of", "named", "of_issue"]

HOUR = 3600


class _Tracking(Protocol):
    @property
    def clicks(self) -> str: ...


class _Settings(Protocol):
    @property
    def tracking(self) -> _Tracking: ...


@dataclass(frozen=True, slots=True)
class LinkClicks:
    """A link of a letter that went out, and how often it was asked for."""

    url: str
    """Empty: addresses that were reported for the letter, and that it does not have."""
    story: str
    """Headline of its story; empty for every other link."""
    sponsor: str
    """Name of the sponsor who has it, or empty."""
    list: str
    """Name of the list the letter went to."""
    subject: int
    """Which of the subjects that were tried the letter had, from 1; 0 when there was one."""
    people: int
    """How often people asked for it, as far as they can be told from programs; one person may have asked twice."""
    machines: int
    """How often programs did: scanners of mail, previews of links."""
    hours: Mapping[int, int] = field(default_factory=dict)
    """What people asked for in each hour; the key is Unix seconds divided by 3600."""


def counting(settings: _Settings) -> bool:
    """Whether the settings say that clicks are counted, in one way or another.

    Args:
        settings: Of the workspace.
    """
    return settings.tracking.clicks != "off"


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

    found = {one.name: one for one in named(links, issue=issue, list_name=list_name, subject=subject)}
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
    renewed = {name: statement.excluded[name] for name in ("story", "sponsor", "place", "frozen_at")}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=renewed), rows)


def add(connection: Connection, counted: Mapping[tuple[str, int], tuple[int, int]]) -> None:
    """Add numbers to those of links.

    Args:
        connection: A writing transaction.
        counted: Name of a link and hour (Unix seconds divided by 3600) to how often people and programs asked for it.
    """
    from newsletter.storage.tables import click

    rows = [
        {"link": name, "hour": hour, "people": people, "machines": machines}
        for (name, hour), (people, machines) in sorted(counted.items())
    ]
    if not rows:
        return
    statement = insert(connection, click)
    sums = {one: click.c[one] + statement.excluded[one] for one in ("people", "machines")}
    connection.execute(statement.on_conflict_do_update(index_elements=["link", "hour"], set_=sums), rows)


def of_issue(connection: Connection, issue: str) -> list[LinkClicks]:
    """The links of an issue's letters in their order, with their numbers; empty when clicks were not counted.

    Args:
        connection: A connection in a reading transaction.
        issue: Key of the issue.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import click, link

    order = (link.c.list, link.c.subject, link.c.place, link.c.url)
    rows = connection.execute(select(link).where(link.c.issue == issue).order_by(*order)).all()
    query = (
        select(click)
        .join(link, link.c.name == click.c.link)
        .where(link.c.issue == issue)
        .order_by(click.c.link, click.c.hour)
    )
    hours: dict[str, dict[int, int]] = {row.name: {} for row in rows}
    machines: dict[str, int] = dict.fromkeys(hours, 0)
    for one in connection.execute(query):
        if one.people:
            hours[one.link][int(one.hour)] = int(one.people)
        machines[one.link] += int(one.machines)
    return [
        LinkClicks(
            row.url,
            row.story,
            row.sponsor,
            row.list,
            row.subject,
            sum(hours[row.name].values()),
            machines[row.name],
            hours[row.name],
        )
        for row in rows
    ]


def by_subject(connection: Connection, issue: str, list_name: str) -> Mapping[int, int]:
    """How often people asked for the links of letters with each of the subjects that were tried.

    Args:
        connection: A connection in a reading transaction.
        issue: Key of the issue.
        list_name: The list it went to.

    Returns:
        Number of the subject, from 1 (0 when there was one), to clicks of people; 0 for one with none.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import click, link

    query = (
        select(link.c.subject, func.coalesce(func.sum(click.c.people), 0))
        .select_from(link.outerjoin(click, click.c.link == link.c.name))
        .where(link.c.issue == issue, link.c.list == list_name)
        .group_by(link.c.subject)
        .order_by(link.c.subject)
    )
    return {int(subject): int(people) for subject, people in connection.execute(query)}
