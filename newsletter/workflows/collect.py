"""Collecting into the library: ask the sources, keep what they bring, and let the current drafts know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import library
from newsletter.errors import NashraError
from newsletter.models import Holding
from newsletter.sources.collect import Progress, collect, with_pictures
from newsletter.sources.links import is_web
from newsletter.workflows import draft

if TYPE_CHECKING:
    from newsletter.wiring import Workspace
    from newsletter.workflows.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class CollectOutcome:
    """What one round of collecting brought into the library."""

    added: tuple[int, ...] = ()
    """Ids of new articles."""
    updated: tuple[int, ...] = ()
    """Ids of articles whose source has corrected something."""
    known: tuple[int, ...] = ()
    holdings: tuple[Holding, ...] = ()
    """All of them, in this order."""
    alike: Mapping[int, int] | None = None
    """Id of each article that tells what an earlier one of this round tells, with the id of that one."""
    troubles: tuple[NashraError, ...] = ()
    notes: tuple[str, ...] = ()
    """What the editor should know though nothing went wrong."""
    grown: tuple[draft.Draft, ...] = ()
    """Drafts that have new candidates."""
    snapshot: Snapshot | None = None
    """The workspace as it stood at the end; None when no draft was looked at."""


def sources_of(workspace: Workspace) -> list[str]:
    """Where the settings say that articles come from; files are looked for in the workspace."""
    found = workspace.settings.collect.sources
    return [one if is_web(one) else str(workspace.root / Path(one).expanduser()) for one in found]


def gather(
    workspace: Workspace,
    targets: Sequence[str] = (),
    *,
    since: date | None = None,
    until: date | None = None,
    most: int | None = None,
    pictures: bool = False,
    progress: Progress | None = None,
) -> CollectOutcome:
    """Collect from these targets, or from every source of the settings, into the library and the current drafts.

    A feed that has not changed since it was read last is not read again; nothing is stored half.

    Args:
        workspace: The workspace.
        targets: Files and addresses; none takes the sources of the settings, and without those the library stays.
        since: Nothing published before this day, in the site's zone.
        until: Nothing published after it.
        most: Most articles of one address.
        pictures: Look on their pages for the pictures of articles that have none, one request each.
        progress: Told of each target when it is done.
    """
    wanted = list(targets) or sources_of(workspace)
    if not wanted:
        return CollectOutcome()
    workspace.fence.start()  # its processes load while the database opens and the first sources answer
    now = workspace.now()
    with workspace.database.read() as connection:
        # A narrower question is asked anew: that the feed is the same does not answer it.
        asked = [] if since or until else [target for target in wanted if is_web(target)]
        marks = library.validators(connection, asked)
    limits = {} if most is None else {"most": most}
    collected = collect(
        wanted,
        fetcher=workspace.fetcher,
        now=now,
        zone=workspace.zone,
        since=since,
        until=until,
        validators=marks,
        progress=progress,
        fence=workspace.fence,
        **limits,
    )
    articles = collected.articles
    if pictures:
        articles = with_pictures(articles, fetcher=workspace.fetcher, fence=workspace.fence)
    with workspace.database.write() as connection:
        shelved = library.shelve(connection, articles, now=now)
        library.keep_validators(connection, collected.validators)
        ids = [*shelved.added, *shelved.updated, *shelved.known]
        holdings = tuple(library.holdings(connection, ids=ids))
        numbered = library.ids_of(connection, articles)
    grown = draft.grow(workspace, shelved.added)
    alike = {numbered[later]: numbered[earlier] for later, earlier in collected.alike.items()}
    return CollectOutcome(
        shelved.added,
        shelved.updated,
        shelved.known,
        holdings,
        {later: earlier for later, earlier in alike.items() if later != earlier},
        (*collected.troubles, *grown.broken),
        collected.notes,
        grown.drafts,
        grown.snapshot,
    )
