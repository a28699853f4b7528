"""Drafts: the issues of a workspace that have not gone out, made of what the library has, and growing during the week.

A draft is its issue.md. What nobody has chosen yet stands at its end as candidates, in a comment, and goes nowhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import issues, library
from newsletter.errors import IssueError
from newsletter.issues import Manuscript, candidates, compose
from newsletter.issues.compose import ComposeRules
from newsletter.models import Holding, Issue
from newsletter.site_hook import rows
from newsletter.workflows import correcting, renewing, sponsors
from newsletter.workflows.draft.offering import (
    as_sections,
    divided,
    last_picture,
    leading,
    look_for_pictures,
    notes_of,
    nothing_new,
    offer_for,
    shown_of,
    switched_off,
    told_again,
    untouched,
    unused,
)
from newsletter.workflows.snapshot import Snapshot

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

__all__ = [
    "Draft",
    "GrownDrafts",
    "choosable",
    "correct",
    "current",
    "grow",
    "refresh",
    "rules_of",
    "take",
    "unused",
    "waiting",
    "write",
]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft and what waits in it."""

    issue: Issue
    added: int = 0
    """Candidates that are new in it."""
    waiting: int = 0
    """Candidates that nobody has chosen."""
    unshown: int = 0
    """Articles that could wait in it and do not, since it shows so many at most."""
    repeats: str = ""
    """Articles that are left out, each with what it repeats: ``58 = 57, 61 = issue 3``."""
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

    One that a later issue overtook is nobody's current draft: whoever wants it sent names it.

    Args:
        workspace: The workspace.
        list_name: The list.
        snapshot: Of the workspace; None takes one now.

    Raises:
        IssueError: One of the workspace's issues cannot be understood.
    """
    snapshot = snapshot or Snapshot.take(workspace)
    gone = {send.issue for send in snapshot.sends}
    target = next((one.id for one in snapshot.lists if one.name == list_name), None)
    here = (int(send.issue) for send in snapshot.sends if send.list_id == target and send.issue.isdecimal())
    last = max(here, default=0)
    waiting = [one for one in snapshot.issues if one.list == list_name and str(one.number) not in gone]
    newer = [one for one in waiting if one.number > last]
    return newer[-1] if newer else None


def choosable(
    workspace: Workspace, list_name: str, rules: ComposeRules, *, snapshot: Snapshot | None = None
) -> list[Holding]:
    """What a new issue of this list would take by itself, each story once.

    Args:
        workspace: The workspace.
        list_name: The list.
        rules: What an issue takes.
        snapshot: Of the workspace; None takes one now.

    Raises:
        UnknownList: No such list.
    """
    offer = offer_for(workspace, list_name, rules, snapshot or Snapshot.take(workspace))
    return compose.choose(offer.holdings, rules, now=workspace.now())


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
        IssueError: The folder holds an issue already; or it is to be empty, and the settings want no candidates.
        UnknownList: No such list.
        ClosedList: Nothing goes out to it.
    """
    if empty and not workspace.settings.compose.candidates:
        raise switched_off()
    rules = rules or ComposeRules()
    snapshot = snapshot or Snapshot.take(workspace)
    snapshot.open_list_named(list_name)
    offer = offer_for(workspace, list_name, rules, snapshot)
    with workspace.database.read() as connection:
        given = library.holdings(connection, ids=list(dict.fromkeys(ids))) if ids is not None else None
        newest = library.newest(connection)
    chosen = given if given is not None else [] if empty else compose.choose(offer.holdings, rules, now=workspace.now())
    if not chosen and not empty:
        raise nothing_new(offer)
    taken = {one.id for one in chosen}
    left = [one for one in offer.holdings if one.id not in taken]
    shown = shown_of(workspace, left, rules, has_stories=bool(chosen))
    sent = (int(send.issue) for send in snapshot.sends if send.issue.isdecimal())
    number = compose.next_number([*(issue.number for issue in snapshot.issues), *sent])
    slug = slug or f"{number:03d}-{workspace.now().astimezone(workspace.zone):%Y-%m-%d}"
    about = workspace.settings.publication_of(list_name)
    issue = compose.draft(chosen, number=number, newsletter=about.name, list_name=list_name)
    # Where the newsroom has chosen a style, the issue leaves it to that.
    usual = "" if about.theme.style else issue.template
    issue = replace(issue, template=workspace.settings.template_of(list_name) or usual)
    folder = issues.folder_of(workspace.root, slug)
    first = last_picture(folder) + 1
    issue, copies = compose.with_local_pictures(issue, first=first)
    look_for_pictures(copies)
    waiting, more = as_sections(shown, first=first + len(copies))
    pictures = {name: Path(source) for name, source in {**copies, **more}.items()}
    manuscript = Manuscript(issues.to_text(issue), folder / issues.FILE)
    notes = notes_of(len(left) - len(shown), offer)
    if waiting or empty or notes:
        manuscript = candidates.with_notes(candidates.with_candidates(manuscript, waiting, newest), notes)
    if chosen:
        manuscript, of_sponsors, _ = _with_sponsors(workspace, manuscript, snapshot)
        pictures |= of_sponsors
    with workspace.database.read() as connection:
        target = snapshot.list_named(list_name)
        owed = correcting.owed(connection, target, snapshot)
    manuscript, corrected = correcting.with_corrections(workspace, manuscript, owed)
    # As it will stand in its file: with the line of everything, which a problem is told with.
    written = manuscript.issue
    issues.write(issue, folder, pictures=pictures, text=manuscript.text)
    with workspace.database.write() as connection:
        renewing.offer(connection, issue, [*chosen, *shown])
        rows.mark_noted(connection, corrected, list_id=target.id, issue=str(number))
    return written


def correct(workspace: Workspace, *, snapshot: Snapshot | None = None) -> list[Issue]:
    """Put the corrections that readers are owed into the current draft of their list.

    Args:
        workspace: The workspace.
        snapshot: Of the workspace; None takes one now.

    Returns:
        The drafts that bring one now; one that cannot be read or written waits for the next time.
    """
    with workspace.database.read() as connection:
        if not rows.corrections(connection):
            return []
    snapshot = snapshot or Snapshot.take(workspace)
    changed: list[Issue] = []
    for one in snapshot.lists:
        try:
            issue = current(workspace, one.name, snapshot=snapshot) if one.closed is None else None
            if issue is None:
                continue
            with workspace.database.read() as connection:
                posts = correcting.owed(connection, one, snapshot)
            if not posts:
                continue
            before = Manuscript.read(Path(issue.path))
            manuscript, corrected = correcting.with_corrections(workspace, before, posts)
            if manuscript.text != before.text:
                manuscript.save()
                changed.append(manuscript.issue)
        except IssueError:
            continue
        with workspace.database.write() as connection:
            rows.mark_noted(connection, corrected, list_id=one.id, issue=str(issue.number))
    return changed


def refresh(
    workspace: Workspace,
    issue: Issue,
    *,
    rules: ComposeRules | None = None,
    after: int = 0,
    snapshot: Snapshot | None = None,
) -> Draft:
    """Add to a draft's candidates what has come since, as many as it may have, and change nothing else in its file.

    The newest come in, and the oldest beyond the limit of ``[compose] candidates`` leave, but never one that its
    editor has changed. What was offered before is not offered again: neither what the editor chose, nor what they
    deleted, nor what had to leave.

    Args:
        workspace: The workspace.
        issue: A draft.
        rules: What they keep out is no candidate.
        after: When it has no candidates yet: only articles with a larger id.
        snapshot: Of the workspace; None takes one now.

    Raises:
        IssueError: The file cannot be understood or written, or somebody else changed it meanwhile; or the settings
            want no candidates.
    """
    if not workspace.settings.compose.candidates:
        raise switched_off()
    rules = rules or ComposeRules()
    snapshot = snapshot or Snapshot.take(workspace)
    manuscript = snapshot.manuscript(issue)
    there = candidates.candidates(manuscript)
    offered = there.newest if there is not None else after
    with workspace.database.read() as connection:
        newest = max(library.newest(connection), offered)
        known = library.of_stories(connection, there.stories if there is not None else ())
    waiting = {one.id for one in known.values()}
    if there is not None and newest == offered:
        return Draft(manuscript.issue, 0, len(there.stories), there.unshown, there.repeats, manuscript.text)
    offer = offer_for(workspace, issue.list, rules, snapshot, waiting=waiting)
    fresh = [one for one in offer.holdings if one.id > offered and one.id not in waiting]
    movable = untouched(manuscript, there, known)
    fixed = len(there.stories) - len(movable) if there is not None else 0
    shown = shown_of(
        workspace, [*fresh, *movable.values()], rules, fixed=fixed, has_stories=bool(manuscript.issue.stories)
    )
    staying = {one.id for one in shown}
    fresh = [one for one in fresh if one.id in staying]
    changed = manuscript
    if there is not None:
        changed = candidates.without_stories(changed, [at for at, one in movable.items() if one.id not in staying])
    folder = Path(issue.path).parent
    sections, copies = as_sections(fresh, first=last_picture(folder) + 1)
    if there is not None or sections:
        changed = candidates.with_candidates(changed, sections, newest)
    there_now = staying | (waiting - {one.id for one in movable.values()})
    unshown = sum(one.id not in there_now for one in offer.holdings)
    changed = candidates.with_notes(changed, notes_of(unshown, offer))
    if changed.text != manuscript.text:
        for name, source in copies.items():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, folder / name)
        changed.save()
        with workspace.database.write() as connection:
            renewing.offer(connection, issue, fresh)
    return Draft(changed.issue, len(fresh), fixed + len(shown), unshown, offer.told, changed.text)


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


def waiting(issue: Issue, *, snapshot: Snapshot | None = None) -> Draft:
    """A draft with how many candidates of it nobody has chosen, and what its notes say of articles it does not show.

    Args:
        issue: A draft.
        snapshot: Of the workspace; None reads the draft's file now.

    Raises:
        IssueError: The file cannot be read or understood.
    """
    manuscript = snapshot.manuscript(issue) if snapshot is not None else Manuscript.read(Path(issue.path))
    there = candidates.candidates(manuscript)
    if there is None:
        return Draft(issue)
    return Draft(issue, waiting=len(there.stories), unshown=there.unshown, repeats=there.repeats)


def take(workspace: Workspace, issue: Issue, *, rules: ComposeRules, snapshot: Snapshot | None = None) -> Draft:
    """Make the candidates of a draft its stories, section by section, as many as the rules allow, no story twice.

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
    again = told_again(workspace, (*manuscript.issue.stories, *there.stories))
    waiting = candidates.merged(there.sections)
    chosen, left = divided(leading(workspace, waiting) if not manuscript.issue.stories else waiting, rules, again)
    changed = candidates.taken(manuscript, chosen)
    changed = candidates.with_candidates(changed, left, there.newest)
    changed = candidates.with_notes(changed, there.notes)
    about = workspace.settings.publication_of(issue.list)
    made = compose.draft([], number=issue.number, newsletter=about.name, list_name=issue.list)
    if issue.subject == made.subject and not issue.subjects:
        subject, preheader = compose.inbox_lines(about.name, [one for section in chosen for one in section.stories])
        changed = changed.with_value("subject", subject)
        if not issue.preheader:
            changed = changed.with_value("preheader", preheader)
    changed, of_sponsors, _ = _with_sponsors(workspace, changed, snapshot or Snapshot.take(workspace))
    sponsors.copy_pictures(of_sponsors, changed.path.parent)
    changed.save()
    count = sum(len(section.stories) for section in left)
    return Draft(changed.issue, waiting=count, unshown=there.unshown, repeats=there.repeats, text=changed.text)


def _with_sponsors(
    workspace: Workspace, manuscript: Manuscript, snapshot: Snapshot
) -> tuple[Manuscript, dict[str, Path], tuple[str, ...]]:
    """A draft with what sponsors have booked in it, so that its editor sees it."""
    bookings = workspace.bookings
    if not bookings:
        return manuscript, {}, ()
    missing = sponsors.booked_in(workspace, manuscript.issue, snapshot, bookings).missing
    return sponsors.with_booked(workspace, manuscript, missing)
