"""The numbers of links: added to, and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

HOUR = 3600


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
