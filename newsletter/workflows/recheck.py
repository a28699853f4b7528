"""What sites have changed or taken back of what is about to go: asked for, carried into the library and the drafts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter import library
from newsletter.sources.links import host, is_web
from newsletter.text.sentences import counted, said
from newsletter.workflows import renewing
from newsletter.workflows.renewing import RenewedDraft
from newsletter.workflows.snapshot import Snapshot

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.models import Holding, Issue
    from newsletter.sources.standing import PublishedArticle, Standing
    from newsletter.wiring import Workspace

SECONDS = 10.0
"""Longest look before a letter is frozen; a site that does not answer keeps no letter from going."""
_MOST = 100
"""Articles of one look; more have never stood in a letter."""


@dataclass(frozen=True, slots=True)
class ReadingSpan:
    """What part of a source a reading showed."""

    oldest: datetime
    """Moment of the oldest article in it, aware."""
    before: datetime
    """When the source was read the time before, aware."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """What a look at the sites brought."""

    withdrawn: Mapping[int, str] = field(default_factory=dict)
    """Id of each article that its site took back, with the reason."""
    returned: tuple[int, ...] = ()
    """Ids of those it shows again."""
    corrected: tuple[int, ...] = ()
    """Ids of those in which something has changed."""
    troubles: tuple[str, ...] = ()
    """What could not be looked at, one line each."""
    drafts: tuple[RenewedDraft, ...] = ()
    """Drafts that were changed by it."""
    snapshot: Snapshot | None = None
    """The workspace as it stood at the end, if one was taken."""

    @property
    def notes(self) -> tuple[str, ...]:
        """All of it for an editor, one line each."""
        lines = [said("not looked at again: {one}", one=one) for one in _by_site(self.troubles)]
        return (*lines, *(line for one in self.drafts for line in told(one)))


def _by_site(troubles: Sequence[str]) -> list[str]:
    """One line for each site: what keeps us out of one of its pages keeps us out of most."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in troubles:
        found[host(one.partition(": ")[0])].append(one)
    return [
        some[0]
        if len(some) == 1
        else said("{first} (and {count} more of its articles)", first=some[0], count=len(some) - 1)
        for some in found.values()
    ]


def told(draft: RenewedDraft) -> list[str]:
    """What following its site changed in a draft, one line each.

    Args:
        draft: As ``renewing.renew`` gives it.
    """
    name = said("issue {number}", number=draft.issue.number)
    lines: list[str] = [
        said("{name}: the site has corrected «{title}»; the draft has it now", name=name, title=title)
        for title in draft.renewed
    ]
    lines += [said("{name}: the site has taken back {what}", name=name, what=what) for what in draft.marked]
    lines += [said("{name}: the site shows «{title}» again", name=name, title=title) for title in draft.returned]
    if draft.dropped:
        left = counted("a candidate has", "{n} candidates have", draft.dropped)
        lines.append(
            said("{name}: {left} left the draft, since the site has taken back what they tell", name=name, left=left)
        )
    return lines


def recheck(
    workspace: Workspace, ids: Collection[int], *, seconds: float = SECONDS, snapshot: Snapshot | None = None
) -> Recheck:
    """Ask the sites of these articles what has become of them, and carry it into the library and the drafts.

    Args:
        workspace: The workspace.
        ids: Ids of articles; those that came from files are not asked for.
        seconds: The longest it takes.
        snapshot: Of the workspace; None takes one when a draft has to follow.
    """
    with workspace.database.read() as connection:
        asked = _asked(connection, list(ids))
    if not asked:
        return Recheck(snapshot=snapshot)
    # Whatever reads pages is loaded when there is one to be read.
    from newsletter.sources.standing import asked_again

    now = workspace.now()
    found = asked_again(
        asked, fetcher=workspace.fetcher, now=now, zone=workspace.zone, seconds=seconds, fence=workspace.fence
    )
    with workspace.database.write() as connection:
        withdrawn, returned, corrected = _carried(connection, found, now)
    drafts: list[RenewedDraft] = []
    if withdrawn or returned or corrected:
        drafts, snapshot = renewing.renew(workspace, snapshot or Snapshot.take(workspace))
    troubles = dict.fromkeys(one.trouble for one in found.values() if one.trouble)
    return Recheck(withdrawn, tuple(returned), tuple(corrected), tuple(troubles), tuple(drafts), snapshot)


def of_issue(workspace: Workspace, issue: Issue, *, seconds: float = SECONDS) -> Recheck:
    """Ask the sites of an issue's stories what has become of them.

    Args:
        workspace: The workspace.
        issue: A draft.
        seconds: The longest it takes.
    """
    with workspace.database.read() as connection:
        ids = library.of_issue(connection, issue)
    return recheck(workspace, ids, seconds=seconds)


def in_question(
    workspace: Workspace, snapshot: Snapshot, seen: Collection[int], windows: Mapping[str, ReadingSpan]
) -> list[int]:
    """The articles to be looked at after a round of collecting, which the round did not show.

    Args:
        workspace: The workspace.
        snapshot: Of it.
        seen: Ids of what it showed.
        windows: Sources that were read: what they had shown the time before and do not show now may be gone.

    Returns:
        Ids of the stories of drafts, and of what is missing from the windows; newest first.
    """
    with workspace.database.read() as connection:
        drafts = renewing.held(connection, snapshot)
        missing = [
            number
            for source, window in windows.items()
            for number in library.missing(connection, source, oldest=window.oldest, before=window.before, shown=seen)
        ]
    return [number for number in dict.fromkeys([*drafts, *missing]) if number not in seen][:_MOST]


def _asked(connection: Connection, ids: Sequence[int]) -> list[PublishedArticle]:
    holdings: list[Holding] = library.holdings(connection, ids=ids) if ids else []
    web = [one for one in holdings if one.article.reading and is_web(one.article.source)]
    if not web:
        return []
    from newsletter.sources.standing import PublishedArticle

    posts = library.name_of_wordpress(connection, [one.id for one in web])
    return [PublishedArticle(one.id, one.article, tuple(posts.get(one.id, ())), one.withdrawn) for one in web]


def _carried(
    connection: Connection, found: Mapping[int, Standing], now: datetime
) -> tuple[dict[int, str], list[int], list[int]]:
    """Write into the library what the sites said."""
    gone = {number: one.withdrawn for number, one in found.items() if one.withdrawn}
    fresh = set(library.withdraw(connection, gone, now=now))
    shown = [number for number, one in found.items() if one.is_shown]
    returned = library.restore(connection, shown)
    articles = [one.article for one in found.values() if one.article is not None]
    change = library.shelve(connection, articles, now=now)
    return {number: why for number, why in gone.items() if number in fresh}, returned, list(change.updated)
