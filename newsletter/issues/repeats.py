"""Articles of the library that tell one story, and which of them a draft is offered. Pure."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.issues.compose import when
from newsletter.models import Article, Holding
from newsletter.text.retelling import Telling, retold

_TAGS = re.compile(r"<[^>]*>")
_READ = 6000
"""Characters of a body that are looked at."""
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class Offer:
    """What a draft may be offered, each story once."""

    holdings: tuple[Holding, ...]
    """In their order."""
    repeats: Mapping[int, str]
    """Id of each article that is left out, with what it repeats: ``57``, or ``issue 3``."""

    @property
    def told(self) -> str:
        """The repeats as one line: ``58 = 57, 61 = issue 3``; empty when there are none."""
        pairs = [f"{number} = {other}" for number, other in sorted(self.repeats.items())]
        more = f" and {len(pairs) - _MOST_TOLD} more" if len(pairs) > _MOST_TOLD else ""
        return ", ".join(pairs[:_MOST_TOLD]) + more


def of(holdings: Sequence[Holding]) -> dict[int, int]:
    """Find the articles that tell again what an earlier one tells.

    Args:
        holdings: In any order.

    Returns:
        Id of each such article, with the id of the first one of its story.
    """
    oldest_first = sorted(holdings, key=lambda one: (when(one), one.id))
    found = retold([telling(one.article, when(one)) for one in oldest_first])
    return {oldest_first[later].id: oldest_first[first].id for later, first in found.items()}


def told_by(ours: Sequence[Holding], earlier: Sequence[Holding]) -> dict[int, Holding]:
    """Find the articles that tell what one of others tells.

    Args:
        ours: In any order.
        earlier: The others.

    Returns:
        Id of each such article of ours, with the other one.
    """
    first = of([*ours, *earlier])
    by_story = {first.get(one.id, one.id): one for one in earlier}
    return {one.id: by_story[story] for one in ours if (story := first.get(one.id, one.id)) in by_story}


def each_story_once(
    free: Sequence[Holding], every: Sequence[Holding], *, taken: Mapping[int, str], waiting: Collection[int] = ()
) -> Offer:
    """Leave out what tells a story again: one that an issue has, or one that is free as well.

    Args:
        free: What a draft may be offered, in order.
        every: These, and all they may repeat.
        taken: Id of each article that an issue has, with where: ``issue 3``.
        waiting: Ids of articles that wait in the draft already; of one story, they stay.
    """
    first = of(every)
    stories: defaultdict[int, list[int]] = defaultdict(list)
    for one in every:
        stories[first.get(one.id, one.id)].append(one.id)
    place = {one.id: (one.id not in waiting, when(one), one.id) for one in free}
    repeats: dict[int, str] = {}
    for members in stories.values():
        ours = sorted((number for number in members if number in place), key=lambda number: place[number])
        had = next((taken[number] for number in members if number in taken), None)
        for number in ours if had else ours[1:]:
            repeats[number] = had or str(ours[0])
    return Offer(tuple(one for one in free if one.id not in repeats), repeats)


def telling(article: Article, moment: datetime) -> Telling:
    """What an article tells, as far as it is compared with others.

    Args:
        article: The article, with its text.
        moment: When it was published, or else collected; aware.
    """
    text = html.unescape(_TAGS.sub(" ", article.body[:_READ])) or article.summary
    return Telling(article.title, text, article.image, moment)
