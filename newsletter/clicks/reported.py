"""Clicks that a provider reports: each counted once, and of its reader nothing kept."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING

from newsletter.clicks.links import MOST_VALUES, freeze, links_of, name_of
from newsletter.clicks.numbers import HOUR, add
from newsletter.models import CountedLink
from newsletter.text.machines import is_burst
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

REPORTS_KEPT = timedelta(days=8)
"""How long the hash of a report that was counted is kept. Providers tell a report again for up to a day, and report
some clicks late; a proxy of ours that was away may take days."""

_REPORTED = b"nashra click report 1\0"  # the same keys also sign links; this keeps these hashes apart


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
    for at in range(0, len(wanted), MOST_VALUES):
        part = select(click_report.c.mark).where(click_report.c.mark.in_(wanted[at : at + MOST_VALUES]))
        found |= {bytes(mark) for mark in connection.execute(part).scalars()}
    return found


def _add_reported(connection: Connection, told: Sequence[ReportedClick], now: datetime) -> None:
    letters = {(one.issue, one.list, one.subject) for one in told}
    links = {of: {url: name for name, url in links_of(connection, *of)[1].items()} for of in sorted(letters)}
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
