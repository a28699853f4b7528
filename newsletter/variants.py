"""The letters of one issue: the whole one, and one for each combination of declined topics that somebody has.

Each different letter is rendered once, whoever many get it; the ledger cuts its batches letter by letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter import deliver, letters, topics
from newsletter.check import Known, check
from newsletter.ledger import Lot
from newsletter.mail import freeze
from newsletter.models import Issue, Letter, Problem
from newsletter.topics import Cut, Topic
from subscribers import store

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from newsletter.wiring import House
    from subscribers.models import List

UNCHOSEN = "none of their topics is in this issue"
"""Why somebody is skipped who chose none of an issue's sections."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One letter of an issue and how many would get it."""

    cut: Cut
    letter: Letter | None
    """None when they get no letter."""
    audience: int = 0


def topics_of(house: House, list_name: str) -> tuple[Topic, ...]:
    """The topics of a list, as the settings say."""
    return house.settings.topics.get(list_name, ())


def make(
    house: House, issue: Issue, whole: Letter, target: List, *, rhythm: str, now: datetime
) -> tuple[tuple[Variant, ...], tuple[Problem, ...]]:
    """Every letter that this issue needs, and what the checks find in those that are not the whole one.

    Args:
        house: The workspace.
        issue: Whole.
        whole: Its letter, checked already.
        target: The list it goes to.
        rhythm: ``weekly``, or ``all`` for everybody.
        now: Aware.

    Raises:
        RenderError: A variant gives no letter.
    """
    known = topics_of(house, target.name)
    bits = topics.present(issue, known)
    rhythms = deliver.rhythms_of(rhythm)
    with house.database.read() as connection:
        counts = store.declination_counts(connection, target.id, rhythms=rhythms, now=now, topics=bits)
    made: dict[tuple[object, ...], Letter] = {issue.sections: whole}
    variants, problems = [], dict[Problem, None]()
    for cut in topics.cuts(issue, known, counts):
        letter = None
        if cut.issue is not None:
            letter = made.get(cut.issue.sections)
            if letter is None:
                letter = made[cut.issue.sections] = letters.of_issue(house, cut.issue)
                problems.update(dict.fromkeys(_found(house, cut, letter, now)))
        variants.append(Variant(cut, letter, counts.get(cut.declined, 0)))
    return tuple(variants), tuple(problems)


def lots(variants: Sequence[Variant], list_id: int, rhythm: str, now: datetime, *, bits: int) -> list[Lot]:
    """The variants as the ledger takes them: each letter with the query for those who get it.

    Args:
        variants: Of one issue.
        list_id: The list.
        rhythm: ``weekly``, or ``all``.
        now: Aware.
        bits: The topics that the issue has.
    """
    return [lot(one, audience_of(list_id, rhythm, now, (bits, one.cut.declined))) for one in variants]


def lot(variant: Variant, audience: Select[tuple[int]], *, name: str = "") -> Lot:
    """A variant with those who get it."""
    if variant.letter is None:
        return Lot("", audience, name or variant.cut.variant, UNCHOSEN)
    return Lot(freeze(variant.letter), audience, name or variant.cut.variant)


def audience_of(list_id: int, rhythm: str, now: datetime, declined: tuple[int, int]) -> Select[tuple[int]]:
    """The query for those of an audience who decline exactly these of the topics."""
    return store.audience(list_id, rhythms=deliver.rhythms_of(rhythm), now=now, declined=declined)


def by_rhythm(connection: Connection, list_id: int, rhythm: str, now: datetime) -> dict[str, int]:
    """How many subscribers of each rhythm a send would reach."""
    return {
        one: sum(store.declination_counts(connection, list_id, rhythms=(one,), now=now, topics=0).values())
        for one in deliver.rhythms_of(rhythm)
    }


def _found(house: House, cut: Cut, letter: Letter, now: datetime) -> list[Problem]:
    """Errors in one variant; warnings are those of the whole letter, and told there."""
    assert cut.issue is not None
    without = "، ".join(f"«{title}»" for title in cut.without)
    problems = check(cut.issue, letter, Known(publication=house.publication, now=now))
    return [
        replace(problem, words=f"{problem.words} (in the letter without {without})")
        for problem in problems
        if problem.level == "error"
    ]
