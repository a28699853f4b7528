"""Drafts: the issues of a workspace that have not gone out, made of what the library has, and growing during the week.

A draft is its issue.md. What nobody has chosen yet stands at its end as candidates, in a comment, and goes nowhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import issues, library
from newsletter.errors import IssueError, SourceError
from newsletter.issues import Manuscript, candidates, compose
from newsletter.issues.compose import ComposeRules
from newsletter.models import Holding, Issue, Section
from newsletter.workflows import renewing
from newsletter.workflows.snapshot import Snapshot

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.wiring import Workspace


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft and what waits in it."""

    issue: Issue
    added: int = 0
    """Candidates that are new in it."""
    waiting: int = 0
    """Candidates that nobody has chosen."""
    text: str = field(default="", repr=False)
    """The whole of its issue.md."""


@dataclass(frozen=True, slots=True)
class GrownDrafts:
    """What new articles changed in the current drafts."""

    drafts: tuple[Draft, ...] = ()
    """Those that got candidates."""
    broken: tuple[IssueError, ...] = ()
    """What is wrong with drafts that could not be understood or written."""
    snapshot: Snapshot | None = None
    """The workspace as it stands then; None when nothing was looked at."""


def rules_of(workspace: Workspace) -> ComposeRules:
    """The rules of the settings."""
    said = workspace.settings.compose
    return ComposeRules(said.most, said.per_section, said.days, tuple(said.exclude), said.pin_sticky)


def current(workspace: Workspace, list_name: str, *, snapshot: Snapshot | None = None) -> Issue | None:
    """The newest issue of a list that has not gone out, nor begun to; None when there is none.

    Args:
        workspace: The workspace.
        list_name: The list.
        snapshot: Of the workspace; None takes one now.

    Raises:
        IssueError: One of the workspace's issues cannot be understood.
    """
    snapshot = snapshot or Snapshot.take(workspace)
    gone = {send.issue for send in snapshot.sends}
    waiting = [one for one in snapshot.issues if one.list == list_name and str(one.number) not in gone]
    return waiting[-1] if waiting else None


def unused(workspace: Workspace, list_name: str, *, snapshot: Snapshot | None = None) -> list[Holding]:
    """What no issue of this list has carried to its weekly readers and none holds as a story, newest first.

    Args:
        workspace: The workspace.
        list_name: The list.
        snapshot: Of the workspace; None takes one now.

    Raises:
        UnknownList: No such list.
    """
    snapshot = snapshot or Snapshot.take(workspace)
    target = snapshot.list_named(list_name)
    with workspace.database.read() as connection:
        carried = library.carried_to(connection, target.id, "weekly")
        holdings = [
            replace(one, carried_in=())
            for one in library.holdings(connection)
            if one.id not in carried and not one.withdrawn
        ]
        return library.unused(connection, holdings, [issue for issue in snapshot.issues if issue.list == list_name])


def choosable(
    workspace: Workspace, list_name: str, rules: ComposeRules, *, snapshot: Snapshot | None = None
) -> list[Holding]:
    """What a new issue of this list would take by itself.

    Args:
        workspace: The workspace.
        list_name: The list.
        rules: What an issue takes.
        snapshot: Of the workspace; None takes one now.

    Raises:
        UnknownList: No such list.
    """
    return compose.choose(unused(workspace, list_name, snapshot=snapshot), rules, now=workspace.now())


def write(
    workspace: Workspace,
    ids: Sequence[int] | None = None,
    *,
    list_name: str,
    rules: ComposeRules | None = None,
    slug: str = "",
    empty: bool = False,
    snapshot: Snapshot | None = None,
) -> Issue:
    """Compose a new issue of articles from the library and write its folder.

    Args:
        workspace: The workspace.
        ids: The articles, in order; None takes what is unused, as far as the rules let it in.
        list_name: The list it is for.
        rules: Without them none but those of ``ids``.
        slug: Name of its folder; empty makes one of number and date.
        empty: Choose nothing: everything waits as a candidate.
        snapshot: Of the workspace; None takes one now. It knows nothing of the new issue.

    Raises:
        SourceError: An id the library does not hold, nothing new, or a picture that is no longer where it was.
        IssueError: The folder holds an issue already.
        UnknownList: No such list.
        ClosedList: Nothing goes out to it.
    """
    rules = rules or ComposeRules()
    snapshot = snapshot or Snapshot.take(workspace)
    snapshot.open_list_named(list_name)
    pool = unused(workspace, list_name, snapshot=snapshot)
    with workspace.database.read() as connection:
        given = library.holdings(connection, ids=list(dict.fromkeys(ids))) if ids is not None else None
        newest = library.newest(connection)
    chosen = given if given is not None else [] if empty else compose.choose(pool, rules, now=workspace.now())
    if not chosen and not empty:
        raise SourceError("the library holds nothing new", mend="collect first: newsletter collect PATH_OR_URL")
    taken = {one.id for one in chosen}
    left = [one for one in _allowed(workspace, pool, rules) if one.id not in taken]
    sent = (int(send.issue) for send in snapshot.sends if send.issue.isdecimal())
    number = compose.next_number([*(issue.number for issue in snapshot.issues), *sent])
    slug = slug or f"{number:03d}-{workspace.now().astimezone(workspace.zone):%Y-%m-%d}"
    about = workspace.settings.publication_of(list_name)
    issue = compose.draft(chosen, number=number, newsletter=about.name, list_name=list_name)
    issue = replace(issue, template=workspace.settings.template_of(list_name) or issue.template)
    folder = issues.folder_of(workspace.root, slug)
    first = _last_picture(folder) + 1
    issue, copies = compose.with_local_pictures(issue, first=first)
    _look_for(copies)
    waiting, more = _as_sections(left, first=first + len(copies))
    pictures = {name: Path(source) for name, source in {**copies, **more}.items()}
    manuscript = Manuscript(issues.to_text(issue), folder / issues.FILE)
    if waiting or empty:
        manuscript = candidates.with_candidates(manuscript, waiting, newest)
    path = issues.write(issue, folder, pictures=pictures, text=manuscript.text)
    with workspace.database.write() as connection:
        renewing.offer(connection, issue, [*chosen, *left])
    return replace(issue, slug=slug, path=str(path))


def refresh(
    workspace: Workspace,
    issue: Issue,
    *,
    rules: ComposeRules | None = None,
    after: int = 0,
    snapshot: Snapshot | None = None,
) -> Draft:
    """Add to a draft's candidates what has come since, and change nothing else in its file.

    What was offered before is not offered again: neither what the editor chose, nor what they deleted.

    Args:
        workspace: The workspace.
        issue: A draft.
        rules: What they keep out is no candidate.
        after: When it has no candidates yet: only articles with a larger id.
        snapshot: Of the workspace; None takes one now.

    Raises:
        IssueError: The file cannot be understood or written, or somebody else changed it meanwhile.
    """
    snapshot = snapshot or Snapshot.take(workspace)
    manuscript = snapshot.manuscript(issue)
    there = candidates.candidates(manuscript)
    offered = there.newest if there is not None else after
    with workspace.database.read() as connection:
        newest = max(library.newest(connection), offered)
        known = _offered(connection, there)
    pool = _allowed(workspace, unused(workspace, issue.list, snapshot=snapshot), rules or ComposeRules())
    fresh = [one for one in pool if one.id > offered and one.id not in known]
    folder = Path(issue.path).parent
    sections, copies = _as_sections(fresh, first=_last_picture(folder) + 1)
    changed = candidates.with_candidates(manuscript, sections, newest) if there is not None or sections else manuscript
    if changed.text != manuscript.text:
        for name, source in copies.items():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, folder / name)
        changed.save()
        with workspace.database.write() as connection:
            renewing.offer(connection, issue, fresh)
    waiting = len(there.stories) if there is not None else 0
    return Draft(changed.issue, len(fresh), waiting + len(fresh), changed.text)


def grow(workspace: Workspace, added: Collection[int], *, snapshot: Snapshot | None = None) -> GrownDrafts:
    """Put articles that were just collected into the candidates of every list's current draft.

    Args:
        workspace: The workspace.
        added: Ids of the new articles; what a draft was not offered before comes too.
        snapshot: Of the workspace; None takes one now.
    """
    if not added or not workspace.settings.compose.candidates:
        return GrownDrafts()
    grown: list[Draft] = []
    broken: list[IssueError] = []
    snapshot = snapshot or Snapshot.take(workspace)
    try:
        found = [current(workspace, one.name, snapshot=snapshot) for one in snapshot.lists if one.closed is None]
    except IssueError as error:
        return GrownDrafts(broken=(error,), snapshot=snapshot)
    for issue in filter(None, found):
        try:
            draft = refresh(workspace, issue, rules=rules_of(workspace), after=min(added) - 1, snapshot=snapshot)
        except IssueError as error:
            broken.append(error)
            snapshot = snapshot.with_file(Path(issue.path))
            continue
        grown += [draft] if draft.added else []
        snapshot = snapshot.with_text(Path(issue.path), draft.text)
    return GrownDrafts(tuple(grown), tuple(broken), snapshot)


def waiting(issue: Issue, *, snapshot: Snapshot | None = None) -> int:
    """How many candidates of a draft nobody has chosen.

    Args:
        issue: A draft.
        snapshot: Of the workspace; None reads the draft's file now.

    Raises:
        IssueError: The file cannot be read or understood.
    """
    manuscript = snapshot.manuscript(issue) if snapshot is not None else Manuscript.read(Path(issue.path))
    there = candidates.candidates(manuscript)
    return len(there.stories) if there is not None else 0


def take(workspace: Workspace, issue: Issue, *, rules: ComposeRules, snapshot: Snapshot | None = None) -> Draft:
    """Make the candidates of a draft its stories, section by section, as many as the rules allow.

    The subject becomes that of the first story, unless the editor has written one.

    Args:
        workspace: The workspace.
        issue: A draft.
        rules: How many of all, and of each section.
        snapshot: Of the workspace; None reads the draft's file now.

    Raises:
        IssueError: It has no candidates, or somebody else changed its file meanwhile.
    """
    manuscript = snapshot.manuscript(issue) if snapshot is not None else Manuscript.read(Path(issue.path))
    there = candidates.candidates(manuscript)
    if there is None or not there.stories:
        raise IssueError("has no candidates", where=issue.path, mend="run: newsletter compose --refresh")
    chosen, left = _divided(candidates.merged(there.sections), rules)
    changed = candidates.taken(manuscript, chosen)
    changed = candidates.with_candidates(changed, left, there.newest)
    about = workspace.settings.publication_of(issue.list)
    made = compose.draft([], number=issue.number, newsletter=about.name, list_name=issue.list)
    if issue.subject == made.subject:
        subject, preheader = compose.inbox_lines(about.name, [one for section in chosen for one in section.stories])
        changed = changed.with_value("subject", subject)
        if not issue.preheader:
            changed = changed.with_value("preheader", preheader)
    changed.save()
    count = sum(len(section.stories) for section in left)
    return Draft(changed.issue, waiting=count, text=changed.text)


def _divided(sections: Sequence[Section], rules: ComposeRules) -> tuple[list[Section], list[Section]]:
    """Sections of what the rules let in, and of what stays behind."""
    chosen, left, count = [], [], 0
    for section in sections:
        room = len(section.blocks)
        if rules.per_section:
            room = min(room, rules.per_section)
        if rules.most:
            room = min(room, max(rules.most - count, 0))
        count += room
        chosen.append(replace(section, blocks=section.blocks[:room]))
        left.append(replace(section, blocks=section.blocks[room:]))
    return [one for one in chosen if one.blocks], [one for one in left if one.blocks]


def _allowed(workspace: Workspace, pool: Sequence[Holding], rules: ComposeRules) -> list[Holding]:
    """What the rules keep out altogether is gone; how much an issue takes does not matter here."""
    return compose.choose(pool, replace(rules, most=0, per_section=0), now=workspace.now())


def _as_sections(holdings: Sequence[Holding], *, first: int) -> tuple[tuple[Section, ...], Mapping[str, str]]:
    """Articles as sections of stories, and the local pictures to be copied for them; a lost picture is left out."""
    made = compose.draft(holdings, number=1, newsletter="", list_name="")
    moved, copies = compose.with_local_pictures(made, first=first)
    lost = {name for name, source in copies.items() if not Path(source).is_file()}
    sections = tuple(
        replace(section, blocks=tuple(replace(one, image="") if one.image in lost else one for one in section.stories))
        for section in moved.sections
    )
    return sections, {name: source for name, source in copies.items() if name not in lost}


def _look_for(copies: Mapping[str, str]) -> None:
    for source in copies.values():
        if not Path(source).is_file():
            raise SourceError(
                "the picture of an article is gone", where=source, mend="put it back, or collect the article again"
            )


def _last_picture(folder: Path) -> int:
    """The highest number that a picture of the issue has: a name that is there is not given again."""
    pictures = folder / compose.PICTURES
    names = [path.name for path in pictures.iterdir()] if pictures.is_dir() else []
    numbers = [int(number) for name in names if (number := name.partition("-")[0]).isdecimal()]
    return max(len(names), *numbers, 0)


def _offered(connection: Connection, there: candidates.Candidates | None) -> set[int]:
    """Ids of the articles that stand among the candidates of a draft."""
    stories = there.stories if there is not None else ()
    return {one.id for one in library.of_stories(connection, stories).values()}
