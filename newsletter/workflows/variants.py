"""The letters of one issue: the whole one, and one for each combination of declined topics that somebody has.

Each different letter is rendered once, whoever many get it; the ledger cuts its batches letter by letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter import delivery, library
from newsletter.errors import IssueError, RenderError
from newsletter.issues import compose
from newsletter.ledger import Mailing
from newsletter.letters.mime import to_json
from newsletter.models import Issue, Letter, Problem
from newsletter.rhythms import topics
from newsletter.rhythms.streams import candidates, owed
from newsletter.rhythms.topics import IssueCut, Topic
from newsletter.workflows import draft, latecomers
from newsletter.workflows.letter_cache import LetterCache
from subscribers import store

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from newsletter.wiring import Workspace
    from subscribers.models import List

UNCHOSEN = "none of their topics is in this issue"
"""Why somebody is skipped who chose none of an issue's sections."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One letter of an issue and how many would get it."""

    cut: IssueCut
    letter: Letter | None
    """None when they get no letter."""
    audience: int = 0
    members: tuple[int, ...] = ()
    """Those who get it, when they are named one by one: they begin late, and it brings what they would miss."""
    late: int = 0
    """Number of their group; 0 when nobody is named."""
    others: tuple[Letter, ...] = ()
    """The same letter with each further subject that is tried; empty when none is."""

    @property
    def name(self) -> str:
        """What sets it apart from the others of its send."""
        return f"late-{self.late}{self.cut.variant}" if self.late else self.cut.variant


def topics_of(workspace: Workspace, list_name: str) -> tuple[Topic, ...]:
    """The topics of a list, as the settings say."""
    return workspace.settings.topics.get(list_name, ())


def make(
    workspace: Workspace,
    issue: Issue,
    whole: Letter,
    target: List,
    *,
    rhythm: str,
    now: datetime,
    ready: Sequence[Variant] = (),
) -> tuple[tuple[Variant, ...], tuple[Problem, ...]]:
    """Every letter that this issue needs, and what the checks find in those that are not the whole one.

    Args:
        workspace: The workspace.
        issue: The issue as the editor wrote it, with every section.
        whole: Its letter, checked already.
        target: The list it goes to.
        rhythm: ``weekly``, or ``all`` for everybody.
        now: The present moment, timezone-aware.
        ready: Variants made before, whose letters need not be made again.

    Raises:
        RenderError: A variant gives no letter.
    """
    known = topics_of(workspace, target.name)
    bits = topics.present(issue, known)
    cache = LetterCache(workspace, now, [*_made(ready), (issue, whole)])
    with workspace.database.read() as connection:
        counts = store.declination_counts(
            connection, target.id, rhythms=delivery.rhythms_of(rhythm), now=now, topics=bits
        )
        late_ones, apart = _late_ones(cache, connection, issue, target, rhythm)
    counts = latecomers.without(counts, apart, bits)
    usual: list[Variant] = []
    problems: dict[Problem, None] = {}
    for cut in topics.cuts(issue, known, counts):
        letter = None
        if cut.issue is not None:
            letter = cache.letter(cut.issue)
            problems.update(dict.fromkeys(_told(cut, cache.errors(cut.issue))))
        usual.append(Variant(cut, letter, counts.get(cut.declined, 0)))
    return (*late_ones, *usual), tuple(problems)


def with_subjects(
    workspace: Workspace, made: Sequence[Variant], subjects: Sequence[str], *, now: datetime, ready: Sequence[Variant]
) -> tuple[Variant, ...]:
    """Variants with a letter for each of the subjects that are tried.

    Args:
        workspace: The workspace.
        made: As `make` gave them, with the first subject.
        subjects: In the editor's order.
        now: The present moment, timezone-aware.
        ready: Variants made before, whose letters need not be made again.

    Raises:
        RenderError: One gives no letter.
    """
    cache = LetterCache(workspace, now, _made(ready))
    return tuple(
        replace(one, others=tuple(cache.letter(replace(one.cut.issue, subject=words)) for words in subjects[1:]))
        if one.cut.issue is not None and one.letter is not None
        else one
        for one in made
    )


def _made(ready: Iterable[Variant]) -> Iterator[tuple[Issue, Letter]]:
    """Issues with their letters that were made before."""
    for one in ready:
        if one.cut.issue is not None and one.letter is not None:
            yield one.cut.issue, one.letter
            for words, letter in zip(one.cut.issue.subjects[1:], one.others, strict=False):
                yield replace(one.cut.issue, subject=words), letter


def _told(cut: IssueCut, errors: Sequence[Problem]) -> list[Problem]:
    """Errors of one variant, each with what is left out of it; warnings are those of the whole letter."""
    without = "، ".join(f"«{title}»" for title in cut.without)
    return [replace(one, words=f"{one.words} (in the letter without {without})") for one in errors]


def _late_ones(
    cache: LetterCache, connection: Connection, issue: Issue, target: List, rhythm: str
) -> tuple[list[Variant], list[int]]:
    """Variants with what somebody would miss who reads weekly since this week; and all that those decline."""
    workspace, now = cache.workspace, cache.now
    if rhythm != "weekly":
        return [], []
    rules = draft.rules_of(workspace)
    there = [one for one in library.holdings(connection, since=compose.oldest(rules, now)) if not one.withdrawn]
    news = candidates(there, rules, now=now)
    gone = library.carried_to(connection, target.id, rhythm) - set(library.of_issue(connection, issue))
    carried = [one for one in news if one.id in gone]
    if not carried:
        return [], []
    groups: dict[tuple[int, ...], list[int]] = {}
    who = latecomers.members(connection, target.id, rhythm, now)
    for member, standing in latecomers.standings(connection, target.id, who, news, now).items():
        if articles := owed(carried, standing.begins, standing.got):
            groups.setdefault(articles, []).append(member)
    known, by_id = topics_of(workspace, target.name), {one.id: one for one in carried}
    found: list[Variant] = []
    apart: list[int] = []
    for number, (articles, members) in enumerate(groups.items(), 1):
        more = compose.with_more(issue, [by_id[article] for article in articles])
        choices, declined = latecomers.by_choice(connection, target.id, members, topics.present(more, known))
        for choice, some in choices.items():
            cut = topics.cut(more, known, choice)
            letter = _letter_or_none(cache, cut)
            # Whom it cannot be made for gets the issue as everybody does.
            if letter is not None:
                found.append(Variant(cut, letter, len(some), tuple(some), number))
                apart += [declined.get(member, 0) for member in some]
    return found, apart


def _letter_or_none(cache: LetterCache, cut: IssueCut) -> Letter | None:
    """The letter of a cut issue that need not go; None when it holds nothing, gives no letter, or has an error."""
    if cut.issue is None:
        return None
    try:
        return None if cache.errors(cut.issue) else cache.letter(cut.issue)
    except (RenderError, IssueError):
        return None


def mailings(variants: Sequence[Variant], list_id: int, rhythm: str, now: datetime, *, bits: int) -> list[Mailing]:
    """The variants as the ledger takes them: each letter with the query for those who get it.

    Args:
        variants: Of one issue; those with members come first.
        list_id: The list.
        rhythm: ``weekly``, or ``all``.
        now: The present moment, timezone-aware.
        bits: The topics that the issue has.
    """
    return [
        each
        for one in variants
        for ending, query in audiences(one, list_id, rhythm, now, bits=bits)
        for each in _by_subject(one, mailing(one, query, name=one.name + ending))
    ]


def _by_subject(variant: Variant, whole: Mailing) -> Iterator[Mailing]:
    """A mailing for each subject that is tried, and one for those who wait; or the one there is."""
    if variant.letter is None or not variant.others:
        yield whole
        return
    for number, letter in enumerate((variant.letter, *variant.others), 1):
        made = letter.rendered
        one = replace(whole, letter=to_json(letter), hosted=made.hosted, polls=made.polls, links=made.links)
        yield replace(one, subject=number)
    yield replace(whole, subject=1, held=True)


def audiences(
    variant: Variant, list_id: int, rhythm: str, now: datetime, *, bits: int
) -> list[tuple[str, Select[tuple[int]]]]:
    """The queries for those who get a variant, each with an ending for its name.

    Args:
        variant: Of an issue.
        list_id: Id of the list.
        rhythm: ``weekly``, or ``all``.
        now: The present moment, timezone-aware.
        bits: The topics that the issue has; topic n is bit n - 1.
    """
    if variant.late:
        return list(latecomers.queries(variant.members, delivery.audience(list_id, rhythm, now)))
    return [("", audience_of(list_id, rhythm, now, (bits, variant.cut.declined)))]


def mailing(variant: Variant, audience: Select[tuple[int]], *, name: str = "") -> Mailing:
    """A variant with those who get it.

    Args:
        variant: Of an issue.
        audience: Query for ids of subscribers.
        name: Another name than that of its cut, or empty.
    """
    if variant.letter is None:
        return Mailing("", audience, name or variant.cut.variant, UNCHOSEN)
    letter, made = variant.letter, variant.letter.rendered
    name = name or variant.cut.variant
    return Mailing(to_json(letter), audience, name, hosted=made.hosted, polls=made.polls, links=made.links)


def audience_of(list_id: int, rhythm: str, now: datetime, declined: tuple[int, int]) -> Select[tuple[int]]:
    """The query for those of an audience who decline exactly these of the topics.

    Args:
        list_id: Id of the list.
        rhythm: ``instant``, ``daily``, ``weekly`` or ``all``.
        now: The present moment, timezone-aware.
        declined: Bits of the topics that matter, and which of them are declined.
    """
    return store.audience(list_id, rhythms=delivery.rhythms_of(rhythm), now=now, declined=declined)


def by_rhythm(connection: Connection, list_id: int, rhythm: str, now: datetime) -> dict[str, int]:
    """How many subscribers of each rhythm a send would reach.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        rhythm: ``weekly``, or ``all``.
        now: The present moment, timezone-aware.
    """
    return {
        one: sum(store.declination_counts(connection, list_id, rhythms=(one,), now=now, topics=0).values())
        for one in delivery.rhythms_of(rhythm)
    }
