"""Collecting into the library: ask the sources, keep what they bring, and let the current drafts know."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import ledger, library
from newsletter.errors import NashraError, SourceError
from newsletter.issues import repeats
from newsletter.library import LibraryChange, Shelved
from newsletter.library.shelving import State
from newsletter.models import Article, Holding
from newsletter.publish import rows
from newsletter.publish.own import REASON, own_posts
from newsletter.sources.collect import Arrival, Progress, arrivals, with_pictures
from newsletter.sources.documents import ArticleFilter, Refusal
from newsletter.sources.links import absolute, host, is_web
from newsletter.workflows import draft, recheck, renewing
from newsletter.workflows.recheck import ReadingSpan, Recheck
from newsletter.workflows.site_posts import told
from newsletter.workflows.snapshot import Snapshot

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.wiring import Workspace


_READ = "read "
"""Begins the name of the cursor that says when a source was read last."""
_LIST = 2
"""Articles from which on an answer is a list, of which something can be missing."""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What became of everything that one source has."""

    target: str
    shelved: tuple[Shelved, ...] = ()
    """What became of its articles, in its order."""
    refused: tuple[Refusal, ...] = ()
    """What gave no article, or was not asked for."""
    trouble: SourceError | None = None
    unchanged: bool = False
    """Whether its site says that nothing has changed since it was read last."""

    def of(self, state: State) -> tuple[Shelved, ...]:
        """Those of its articles that were new, updated, known or merged.

        Args:
            state: One of these four.
        """
        return tuple(one for one in self.shelved if one.state == state)

    @property
    def seen(self) -> int:
        """Entries that it showed."""
        return len(self.shelved) + len(self.refused)


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
    sources: tuple[SourceReport, ...] = ()
    """What became of everything that each source has, in the order of the targets."""
    withdrawn: Mapping[int, str] = field(default_factory=dict)
    """Id of each article that its site was found to have taken back, with the reason."""


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
    beside: bool = False,
    progress: Progress | None = None,
) -> CollectOutcome:
    """Collect from these targets, or from every source of the settings, into the library and the current drafts.

    A feed that has not changed since it was read whole is not read again. Each source is stored as it arrives, with
    what marks it: whatever befalls the others, nothing of it is lost or stored half.

    Args:
        workspace: The workspace.
        targets: Files and addresses; none takes the sources of the settings, and without those the library stays.
        since: Nothing published before this day, in the site's zone.
        until: Nothing published after it.
        most: Most articles of one address.
        pictures: Look on their pages for the pictures of articles that have none, one request each.
        beside: Of the pictures that a file names, only those in its own folder or below are taken: whoever wrote the
            file may have no business elsewhere on this machine.
        progress: Told of each target when it is done.
    """
    asked = list(targets) or sources_of(workspace)
    if not asked:
        return CollectOutcome()
    workspace.fence.start()  # its processes load while the database opens and the first sources answer
    # What the boxes beside posts say is known before the posts come.
    heard = () if targets else told.hear(workspace)
    now = workspace.now()
    with workspace.database.read() as connection:
        # A narrower question is asked anew: that the feed is the same does not answer it.
        marked = [] if since or until else [target for target in asked if is_web(target)]
        marks = library.validators(connection, marked)
    wanted = ArticleFilter(now, workspace.zone, since=since, until=until)
    wanted = wanted if most is None else replace(wanted, most=most)
    # Of a narrowed reading nobody can tell what is missing.
    whole = since is None and until is None
    shelf = _Shelves(workspace, now, pictures=pictures, beside=beside, whole=whole, heard=heard)
    for arrival in arrivals(asked, wanted, fetcher=workspace.fetcher, validators=marks, fence=workspace.fence):
        shelf.store(arrival)
        if progress:
            progress(arrival.target, len(arrival.result.articles))
    if not any(map(is_web, asked)):
        return shelf.outcome(Recheck())
    snapshot = Snapshot.take(workspace)
    missing = recheck.in_question(workspace, snapshot, shelf.shown, shelf.windows)
    return shelf.outcome(recheck.recheck(workspace, missing, snapshot=snapshot))


@dataclass(frozen=True, slots=True)
class MovedSite:
    """A site that has another host now."""

    old: str
    """Host it had."""
    new: str
    """Host it has."""
    articles: tuple[int, ...] = ()
    """Ids of the articles that are known under both from now on."""
    sources: tuple[str, ...] = ()
    """Sources of the settings that still name the old one."""


def move(workspace: Workspace, old: str, new: str) -> MovedSite:
    """Know every article of a site at another host too, so that nothing of it comes again as new.

    Args:
        workspace: The workspace.
        old: Host or address the site had.
        new: Host or address it has now.

    Raises:
        SourceError: One of them is no host, both are the same, or the library has nothing of the old one.
    """
    hosts = [host(one if is_web(one) else f"https://{one}") for one in (old, new)]
    for said, found in zip((old, new), hosts, strict=True):
        if "." not in found or not absolute("", f"https://{found}/"):
            raise SourceError(f"«{said}» is no host", mend="write both as old.example.org new.example.org")
    if hosts[0] == hosts[1]:
        raise SourceError(f"the site is at {hosts[0]} before and after", mend="name the host it had, then the new one")
    with workspace.database.write() as connection:
        articles = library.move(connection, *hosts)
    if not articles:
        raise SourceError(
            f"the library has nothing of {hosts[0]}", mend="see the addresses: newsletter articles --json"
        )
    named = [one for one in workspace.settings.collect.sources if is_web(one) and host(one) == hosts[0]]
    return MovedSite(hosts[0], hosts[1], tuple(articles), tuple(named))


def _lies_in(folder: Path, image: str) -> bool:
    """Whether a picture is of the web, or a file in a folder or below."""
    return not image or is_web(image) or Path(image).resolve().is_relative_to(folder)


class _Shelves:
    """Stores what arrives, and tells in the end what became of all of it.

    Args:
        workspace: The workspace.
        now: The present moment, aware.
        pictures: As for ``gather``.
        beside: As for ``gather``.
        whole: Whether sources are read from their newest article on.
        heard: What sites themselves told before, one line each.
    """

    def __init__(
        self, workspace: Workspace, now: datetime, *, pictures: bool, beside: bool, whole: bool, heard: Sequence[str]
    ) -> None:
        self._workspace, self._now, self._whole, self._heard = workspace, now, whole, heard
        self._pictures, self._beside = pictures, beside
        self._arrived: dict[tuple[int, int], tuple[Arrival, SourceReport]] = {}
        self._states: dict[int, State] = {}
        self._changed = False
        with workspace.database.read() as connection:
            self._published = rows.every(connection)
        self.windows: dict[str, ReadingSpan] = {}
        """Sources that list articles and were read before, each with what part of it was shown."""

    @property
    def shown(self) -> Collection[int]:
        """Ids of the articles that a source of this round showed."""
        return self._states.keys()

    def store(self, arrival: Arrival) -> None:
        """Put the articles of a source into the library, in one transaction with what marks it."""
        slug = self._workspace.settings.publish.slug
        articles: Sequence[Article]
        articles, own = own_posts(arrival.result.articles, self._published, slug)
        if self._beside and not is_web(arrival.target):
            folder = Path(arrival.target).expanduser().resolve().parent
            articles = [one if _lies_in(folder, one.image) else replace(one, image="") for one in articles]
        if self._pictures:
            articles = with_pictures(articles, fetcher=self._workspace.fetcher, fence=self._workspace.fence)
        changed = LibraryChange((), (), ())
        if articles or arrival.result.validator:
            with self._workspace.database.write() as connection:
                changed = library.shelve(
                    connection, articles, now=self._now, moved=arrival.moved, earlier=self._states.keys()
                )
                self._look_back(connection, articles)
                if arrival.result.validator:
                    library.keep_validators(connection, {arrival.target: arrival.result.validator})
        for one in changed.outcomes:
            if one.state != "merged":
                self._states.setdefault(one.id, one.state)
        self._changed = self._changed or bool(changed.updated or changed.returned)
        refused = (*arrival.result.refused, *(Refusal(one.title, REASON) for one in own))
        report = SourceReport(arrival.target, changed.outcomes, refused, arrival.trouble, arrival.unchanged)
        self._arrived[arrival.place] = arrival, report

    def _look_back(self, connection: Connection, articles: Sequence[Article]) -> None:
        """Note how far back a source was read now, and when it was the time before."""
        moments = [article.published for article in articles if article.published is not None]
        if not self._whole or len(articles) < _LIST or not moments or articles[0].reading not in ("rest", "feed"):
            return
        source = articles[0].source
        before = ledger.cursor(connection, _READ + source)
        ledger.set_cursor(connection, _READ + source, int(self._now.timestamp()))
        if before:
            self.windows[source] = ReadingSpan(min(moments), datetime.fromtimestamp(before, UTC))

    def outcome(self, looked: Recheck) -> CollectOutcome:
        """What became of everything; drafts follow their sites, and the current ones get new candidates.

        Args:
            looked: What was asked for besides.
        """
        arrived = [self._arrived[place] for place in sorted(self._arrived)]
        reports = tuple(report for _, report in arrived)
        order = dict.fromkeys(one.id for report in reports for one in report.shelved)
        by_state = {
            state: tuple(number for number in order if self._states[number] == state)
            for state in ("new", "updated", "known")
        }
        with self._workspace.database.read() as connection:
            ids = [number for numbers in by_state.values() for number in numbers]
            holdings = tuple(library.holdings(connection, ids=ids))
        renewed: list[renewing.RenewedDraft] = []
        snapshot = looked.snapshot
        if self._changed:
            renewed, snapshot = renewing.renew(self._workspace, snapshot or Snapshot.take(self._workspace))
        grown = draft.grow(self._workspace, by_state["new"], snapshot=snapshot)
        # Whoever is known was told before, when the article was new.
        again = repeats.of(holdings) if by_state["new"] or by_state["updated"] else {}
        return CollectOutcome(
            by_state["new"],
            by_state["updated"],
            by_state["known"],
            holdings,
            again,
            (*(report.trouble for report in reports if report.trouble), *grown.broken),
            (
                *self._heard,
                *(note for arrival, _ in arrived for note in arrival.result.notes),
                *([self._workspace.fence.note] if self._workspace.fence.note else []),
                *(line for one in renewed for line in recheck.told(one)),
                *looked.notes,
            ),
            grown.drafts,
            grown.snapshot or snapshot,
            reports,
            looked.withdrawn,
        )
