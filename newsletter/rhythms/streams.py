"""Which of the latest articles a letter brings, and to whom it brings others. Pure.

A rhythm is a stream: each article flows once through it. Who was in the stream's last letter goes on with the stream.
Who comes from elsewhere begins at their last letter of any rhythm, or when they joined, or when their pause ended,
whichever was last; from there on they get all that they were not sent. Ids of articles grow as they are collected, so
what came after what does not hang on a clock that can be set back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.issues.compose import ComposeRules, choose, when
from newsletter.models import Holding

FIRST: Mapping[str, timedelta] = {"instant": timedelta(hours=1), "daily": timedelta(days=1)}
"""How far the first letter of a stream looks back: nobody is sent the archive of the site."""
MOST = 30
"""Articles that flow with one letter; the rest comes with the next one."""
MOST_OWED = 80
"""Articles for somebody who begins late: as headlines alone, so many still fit what mail programs show whole."""


@dataclass(frozen=True, slots=True)
class Stream:
    """What flows to those who read in a rhythm."""

    flowing: tuple[Holding, ...] = ()
    """With the next letter, newest first."""
    later: tuple[Holding, ...] = ()
    """With the one after it."""
    first: bool = False
    """Whether it begins with this letter."""


def candidates(holdings: Sequence[Holding], rules: ComposeRules, *, now: datetime) -> list[Holding]:
    """The articles that may still be news: what the rules let in, newest first, however many.

    Args:
        holdings: Of the library, newest first.
        rules: Of the settings; how many an issue takes does not matter here.
        now: The present moment, timezone-aware.
    """
    return choose(holdings, ComposeRules(days=rules.days, exclude=rules.exclude, pin_sticky=False), now=now)


def stream(
    news: Sequence[Holding], rhythm: str, *, carried: Collection[int], floor: int | None, now: datetime
) -> Stream:
    """What flows next.

    Args:
        news: As ``candidates`` gives it.
        rhythm: ``instant`` or ``daily``.
        carried: Ids of what flowed already.
        floor: Id of the newest article there was at the stream's first letter; None before that.
        now: The present moment, timezone-aware.
    """
    if floor is None:
        recent = [one for one in news if one.id not in carried and when(one) >= now - FIRST[rhythm]]
        return Stream(tuple(recent[:MOST]), first=True)
    waiting = [one for one in news if one.id not in carried and one.id > floor]
    return Stream(tuple(waiting[:MOST]), tuple(waiting[MOST:]))


def start(
    last: tuple[int, datetime] | None, beginning: datetime | None, news: Sequence[Holding], *, first: bool = False
) -> int:
    """Where somebody begins who was not in the stream's last letter: nothing up to this article is owed to them.

    Args:
        last: Newest article and moment of their last letter; None when they got none lately.
        beginning: When they joined, or their pause ended; None when nobody knows.
        news: As ``candidates`` gives it.
        first: The stream begins with this letter: it brings the archive to nobody who has waited for it.
    """
    everything = max((one.id for one in news), default=0)
    reached, moment = last or (0, None)
    if beginning is not None and (moment is None or beginning > moment):
        return everything if first else max([reached, *(one.id for one in news if one.collected <= beginning)])
    # Who has neither is owed nothing from before.
    return reached if last is not None else everything


def due(flows: Stream, news: Sequence[Holding], begins: int, got: Collection[int]) -> tuple[int, ...]:
    """Ids of what somebody gets now, newest first: what flows, and what they would miss by beginning here.

    Args:
        flows: As ``stream`` gives it.
        news: As ``candidates`` gives it.
        begins: As ``start`` gives it.
        got: Ids of what they were sent by any letter.
    """
    now = {one.id for one in flows.flowing}
    later = {one.id for one in flows.later}
    owed = [one.id for one in news if one.id in now or (one.id > begins and one.id not in later)]
    return tuple(article for article in owed if article not in got)[:MOST_OWED]


def owed(carried: Sequence[Holding], begins: int, got: Collection[int]) -> tuple[int, ...]:
    """Ids of what an issue's reader would miss by beginning with it, newest first: it went with earlier issues.

    Args:
        carried: The news that earlier issues carried and this one does not.
        begins: As ``start`` gives it.
        got: Ids of what they were sent by any letter.
    """
    return tuple(one.id for one in carried if one.id > begins and one.id not in got)[:MOST]
