"""How often the links of letters are asked for: a number for each link and hour, and nobody who asked.

The links are kept when a letter is frozen. Whoever counts names a link and an hour; there is no way to name a reader.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Protocol

from newsletter.models import CountedLink
from newsletter.text.machines import is_burst
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "CountedLink",
    "LinkClicks",
    "ReportedClick",
    "add",
    "by_subject",
    "count_reported",
    "counting",
    "freeze",
    "letter_of_link",
    "name_of",
    "named",
    "newest_letters",
    "of_issue",
    "urls_of",
]

HOUR = 3600
REPORTS_KEPT = timedelta(days=8)
"""How long the hash of a report that was counted is kept. Providers tell a report again for up to a day, and report
some clicks late; a proxy of ours that was away may take days."""

_MOST_VALUES = 500
"""In one statement; old builds of SQLite take 999."""
_REPORTED = b"nashra click report 1\0"  # the same keys also sign links; this keeps these hashes apart


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
    for at in range(0, len(wanted), _MOST_VALUES):
        query = select(link.c.name, link.c.url).where(link.c.name.in_(wanted[at : at + _MOST_VALUES]))
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
    return None if row is None else _letter(connection, row.issue, row.list, row.subject)


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
    return [_letter(connection, *row) for row in reversed(connection.execute(query).all())]


def _letter(connection: Connection, issue: str, list_name: str, subject: int) -> tuple[tuple[str, ...], dict[str, str]]:
    from sqlalchemy import select

    from newsletter.storage.tables import link

    of = (link.c.issue == issue, link.c.list == list_name, link.c.subject == subject, link.c.url != "")
    rows = connection.execute(select(link.c.name, link.c.url).where(*of)).all()
    return (list_name, issue, str(subject)), {row.name: row.url for row in rows}


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


@dataclass(frozen=True, slots=True)
class ReportedClick:
    """A click as a provider tells it; of the reader it is forgotten as soon as it is counted."""

    issue: str
    """Key of the issue."""
    list: str
    """Name of the list its letter went to."""
    subject: int
    """Which of the subjects tried the letter had, from 1; 0 when there was one."""
    delivery: str
    """The name that travelled with the letter; only to know the same report again."""
    url: str
    at: datetime
    machine: bool = False
    """A program clicked, as it says itself."""


def count_reported(
    connection: Connection, told: Sequence[ReportedClick], *, keys: Mapping[int, bytes], now: datetime
) -> list[bool]:
    """Add clicks that a provider reports to the numbers of their links; for each whether it was new.

    A report that is told again is known by a keyed hash, for `REPORTS_KEPT`. Clicks of one letter that come faster
    than anybody presses count as a program's. What the letter does not have as a link counts without its address.

    Args:
        connection: A writing transaction that keeps everybody else from the sends these are about.
        told: In any order, also the same one twice.
        keys: Keys of signed links; the highest makes new hashes.
        now: The present moment, timezone-aware.
    """
    from sqlalchemy import delete

    from newsletter.storage.tables import click_report

    hour = int(now.timestamp()) // HOUR
    oldest = int((now - REPORTS_KEPT).timestamp()) // HOUR
    connection.execute(delete(click_report).where(click_report.c.hour < oldest))
    marks = [{key_id: _mark(key, one) for key_id, key in keys.items()} for one in told]
    known = _known_marks(connection, {mark for of_one in marks for mark in of_one.values()})
    newest, new = max(keys), []
    for of_one in marks:
        new.append(not known & set(of_one.values()))
        known |= set(of_one.values())
    fresh = [(one, of_one[newest]) for one, of_one, first in zip(told, marks, new, strict=True) if first]
    if fresh:
        rows = [{"mark": mark, "hour": hour} for _, mark in fresh]
        connection.execute(insert(connection, click_report).on_conflict_do_nothing(), rows)
        _add_reported(connection, [one for one, _ in fresh], now)
    return new


def _mark(key: bytes, one: ReportedClick) -> bytes:
    said = "\0".join((one.delivery, str(int(one.at.timestamp())), one.url))
    return hmac.digest(key, _REPORTED + said.encode("utf-8", "surrogatepass"), "sha256")[:16]


def _known_marks(connection: Connection, marks: Iterable[bytes]) -> set[bytes]:
    from sqlalchemy import select

    from newsletter.storage.tables import click_report

    wanted, found = sorted(marks), set[bytes]()
    for at in range(0, len(wanted), _MOST_VALUES):
        part = select(click_report.c.mark).where(click_report.c.mark.in_(wanted[at : at + _MOST_VALUES]))
        found |= {bytes(mark) for mark in connection.execute(part).scalars()}
    return found


def _add_reported(connection: Connection, told: Sequence[ReportedClick], now: datetime) -> None:
    letters = {(one.issue, one.list, one.subject) for one in told}
    links = {of: _names(connection, *of) for of in sorted(letters)}
    visits: dict[str, list[tuple[float, str]]] = {}
    for one in sorted(told, key=lambda one: one.at):
        visits.setdefault(one.delivery, []).append((one.at.timestamp(), one.url))
    counted: dict[tuple[str, int], tuple[int, int]] = {}
    for one in told:
        of = (one.issue, one.list, one.subject)
        url = one.url if one.url in links[of] else unescape(one.url)
        if url not in links[of]:
            # Who knows what stands in it: only what everybody got is kept.
            url = links[of][""] = ""
            freeze(connection, [CountedLink("", "", "", 0)], issue=of[0], list_name=of[1], subject=of[2], now=now)
        machine = one.machine or is_burst(visits[one.delivery], [known for known in links[of] if known])
        place = (links[of][url] or name_of(*of, url), int(one.at.timestamp()) // HOUR)
        people, machines = counted.get(place, (0, 0))
        counted[place] = (people + (not machine), machines + machine)
    add(connection, counted)


def _names(connection: Connection, issue: str, list_name: str, subject: int) -> dict[str, str]:
    """The name of each link of a letter, by its address."""
    from sqlalchemy import select

    from newsletter.storage.tables import link

    of = (link.c.issue == issue, link.c.list == list_name, link.c.subject == subject, link.c.url != "")
    return {row.url: row.name for row in connection.execute(select(link.c.url, link.c.name).where(*of))}


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
