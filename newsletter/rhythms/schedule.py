"""What is due when, by the clock of the site's zone. Pure.

The worker, or one line of cron, asks again and again what is due. The answer hangs on the latest appointed moment
alone, never on how much time has passed: an hour that comes twice, an hour that does not exist and a clock that is set
back change which moment that is, and what was sent for it is not sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Job = Literal["weekly", "daily", "instant"]
JOBS: tuple[Job, ...] = get_args(Job)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When what happens by itself. None is never."""

    weekly: tuple[int, time] | None = None
    """Day of the week (Monday is 0) and local time at which the draft of the week is made."""
    daily: time | None = None
    """Local time of the daily letter."""
    instant: int | None = None
    """Minutes from one look for new articles to the next."""
    week_starts: int = 0
    """The day a week begins with (Monday is 0)."""
    lists: tuple[str, ...] = ("readers",)
    """Names of the lists that it is done for."""


@dataclass(frozen=True, slots=True)
class Due:
    """Something whose moment has come."""

    job: Job
    moment: datetime
    """When it was appointed, timezone-aware, in UTC."""
    period: str
    """What it is for, as the ledger keeps it: the day, or the first day of the week; empty for ``instant``."""


def day_of(now: datetime, zone: ZoneInfo) -> str:
    """The local date, as the name of a daily period.

    Args:
        now: The present moment, timezone-aware.
        zone: The zone of the site.
    """
    return now.astimezone(zone).date().isoformat()


def week_of(now: datetime, zone: ZoneInfo, starts: int = 0) -> str:
    """The first day of the local week, as the name of a weekly period.

    Args:
        now: The present moment, timezone-aware.
        zone: The zone of the site.
        starts: The day a week begins with; Monday is 0.
    """
    return _week(now.astimezone(zone).date(), starts)


def due(now: datetime, zone: ZoneInfo, schedule: Schedule, handled: Mapping[str, int]) -> list[Due]:
    """Everything whose latest moment was not the last one that was handled.

    A moment that was missed, because the machine was off, is due as long as no later one has come.

    Args:
        now: The present moment, timezone-aware.
        zone: The zone of the site.
        schedule: As the settings say.
        handled: Job to the appointed moment that was handled last, in Unix seconds.
    """
    found = [_latest(job, now, zone, schedule) for job in JOBS]
    return [one for one in found if one is not None and handled.get(one.job) != int(one.moment.timestamp())]


def upcoming(now: datetime, zone: ZoneInfo, schedule: Schedule) -> list[Due]:
    """The next moment of everything that is scheduled, soonest first.

    Args:
        now: The present moment, timezone-aware.
        zone: The zone of the site.
        schedule: As the settings say.
    """
    found = []
    today = now.astimezone(zone).date()
    if schedule.weekly is not None:
        days = (today + timedelta(days=ahead) for ahead in range(8))
        moments = ((day, _at(day, schedule.weekly[1], zone)) for day in days if day.weekday() == schedule.weekly[0])
        day, moment = next((day, moment) for day, moment in moments if moment > now)
        found.append(Due("weekly", moment, _week(day, schedule.week_starts)))
    if schedule.daily is not None:
        days = (today + timedelta(days=ahead) for ahead in range(3))
        moments = ((day, _at(day, schedule.daily, zone)) for day in days)
        day, moment = next((day, moment) for day, moment in moments if moment > now)
        found.append(Due("daily", moment, day.isoformat()))
    if schedule.instant is not None:
        found.append(Due("instant", _slot(now, schedule.instant) + timedelta(minutes=schedule.instant), ""))
    return sorted(found, key=lambda one: one.moment)


def first_missed(now: datetime, zone: ZoneInfo, schedule: Schedule, handled: Mapping[str, int]) -> dict[Job, datetime]:
    """Of everything that was handled once and is due again, the first moment since then that nobody kept.

    Later moments come and go, and the first one stays missed until somebody handles the job.

    Args:
        now: The present moment, timezone-aware.
        zone: The zone of the site.
        schedule: As the settings say.
        handled: Job to the appointed moment that was handled last, in Unix seconds.
    """
    found = {}
    for one in due(now, zone, schedule, handled):
        if one.job in handled:
            last = datetime.fromtimestamp(handled[one.job], UTC)
            following = (next_one.moment for next_one in upcoming(last, zone, schedule) if next_one.job == one.job)
            found[one.job] = next(following)
    return found


def _latest(job: Job, now: datetime, zone: ZoneInfo, schedule: Schedule) -> Due | None:
    """The last appointed moment of a job that is not after now."""
    if job == "instant":
        return None if schedule.instant is None else Due(job, _slot(now, schedule.instant), "")
    at = schedule.daily if job == "daily" else schedule.weekly[1] if schedule.weekly is not None else None
    if at is None:
        return None
    for day in _back_from(now.astimezone(zone).date()):
        moment = _at(day, at, zone)
        if moment > now or (job == "weekly" and schedule.weekly is not None and day.weekday() != schedule.weekly[0]):
            continue
        return Due(job, moment, day.isoformat() if job == "daily" else _week(day, schedule.week_starts))
    return None


def _back_from(day: date) -> Iterator[date]:
    # A day more than a week: today's moment may still be to come.
    return (day - timedelta(days=ago) for ago in range(9))


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment of a local time: of one that comes twice the first, of one that does not exist as if it did.

    PEP 495: with ``fold=0`` a missing time is read with the offset from before the change.
    """
    # In UTC, since Python compares two moments of one zone by their wall clocks.
    return datetime.combine(day, at, zone).astimezone(UTC)


def _slot(now: datetime, minutes: int) -> datetime:
    seconds = minutes * 60
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)


def _week(day: date, starts: int) -> str:
    return (day - timedelta(days=(day.weekday() - starts) % 7)).isoformat()
