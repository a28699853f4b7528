"""Drafts: the issues of a workspace that have not gone out, made of what the library has, and growing during the week.

A draft is its issue.md. What nobody has chosen yet stands at its end as candidates, in a comment, and goes nowhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import issues, library
from newsletter.errors import IssueError, SourceError
from newsletter.issues import Manuscript, candidates, compose, repeats
from newsletter.issues.compose import ComposeRules
from newsletter.issues.lines import REPEATS, UNSHOWN
from newsletter.models import Holding, Issue, Section
from newsletter.workflows import renewing
from newsletter.workflows.snapshot import Snapshot

if TYPE_CHECKING:
    from newsletter.models import Story
    from newsletter.wiring import Workspace


_LOOK_BACK = timedelta(days=30)
"""How long before the oldest free article an issue may have told its story."""


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
    """What a new issue of this list would take by itself, each story once.

    Args:
        workspace: The workspace.
        list_name: The list.
        rules: What an issue takes.
        snapshot: Of the workspace; None takes one now.

    Raises:
        UnknownList: No such list.
    """
    offer = _offer(workspace, list_name, rules, snapshot or Snapshot.take(workspace))
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
        raise _switched_off()
    rules = rules or ComposeRules()
    snapshot = snapshot or Snapshot.take(workspace)
    snapshot.open_list_named(list_name)
    offer = _offer(workspace, list_name, rules, snapshot)
    with workspace.database.read() as connection:
        given = library.holdings(connection, ids=list(dict.fromkeys(ids))) if ids is not None else None
        newest = library.newest(connection)
    chosen = given if given is not None else [] if empty else compose.choose(offer.holdings, rules, now=workspace.now())
    if not chosen and not empty:
        raise _nothing_new(offer)
    taken = {one.id for one in chosen}
    left = [one for one in offer.holdings if one.id not in taken]
    shown = _shown(workspace, left, rules, has_stories=bool(chosen))
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
    waiting, more = _as_sections(shown, first=first + len(copies))
    pictures = {name: Path(source) for name, source in {**copies, **more}.items()}
    manuscript = Manuscript(issues.to_text(issue), folder / issues.FILE)
    notes = _notes(len(left) - len(shown), offer)
    if waiting or empty or notes:
        manuscript = candidates.with_notes(candidates.with_candidates(manuscript, waiting, newest), notes)
    # As it will stand in its file: with the line of everything, which a problem is told with.
    written = manuscript.issue
    issues.write(issue, folder, pictures=pictures, text=manuscript.text)
    with workspace.database.write() as connection:
        renewing.offer(connection, issue, [*chosen, *shown])
    return written


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
        raise _switched_off()
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
    offer = _offer(workspace, issue.list, rules, snapshot, waiting=waiting)
    fresh = [one for one in offer.holdings if one.id > offered and one.id not in waiting]
    movable = _untouched(manuscript, there, known)
    fixed = len(there.stories) - len(movable) if there is not None else 0
    shown = _shown(
        workspace, [*fresh, *movable.values()], rules, fixed=fixed, has_stories=bool(manuscript.issue.stories)
    )
    staying = {one.id for one in shown}
    fresh = [one for one in fresh if one.id in staying]
    changed = manuscript
    if there is not None:
        changed = candidates.without_stories(changed, [at for at, one in movable.items() if one.id not in staying])
    folder = Path(issue.path).parent
    sections, copies = _as_sections(fresh, first=_last_picture(folder) + 1)
    if there is not None or sections:
        changed = candidates.with_candidates(changed, sections, newest)
    there_now = staying | (waiting - {one.id for one in movable.values()})
    unshown = sum(one.id not in there_now for one in offer.holdings)
    changed = candidates.with_notes(changed, _notes(unshown, offer))
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
    again = _told_again(workspace, (*manuscript.issue.stories, *there.stories))
    chosen, left = _divided(candidates.merged(there.sections), rules, again)
    changed = candidates.taken(manuscript, chosen)
    changed = candidates.with_candidates(changed, left, there.newest)
    changed = candidates.with_notes(changed, there.notes)
    about = workspace.settings.publication_of(issue.list)
    made = compose.draft([], number=issue.number, newsletter=about.name, list_name=issue.list)
    if issue.subject == made.subject:
        subject, preheader = compose.inbox_lines(about.name, [one for section in chosen for one in section.stories])
        changed = changed.with_value("subject", subject)
        if not issue.preheader:
            changed = changed.with_value("preheader", preheader)
    changed.save()
    count = sum(len(section.stories) for section in left)
    return Draft(changed.issue, waiting=count, unshown=there.unshown, repeats=there.repeats, text=changed.text)


def _divided(
    sections: Sequence[Section], rules: ComposeRules, again: Collection[Story]
) -> tuple[list[Section], list[Section]]:
    """Sections of what the rules let in, and of what stays behind; ``again`` stays behind."""
    chosen, left, count = [], [], 0
    for section in sections:
        fitting = [one for one in section.blocks if one not in again]
        room = len(fitting)
        if rules.per_section:
            room = min(room, rules.per_section)
        if rules.most:
            room = min(room, max(rules.most - count, 0))
        count += room
        chosen.append(replace(section, blocks=tuple(fitting[:room])))
        left.append(replace(section, blocks=tuple(one for one in section.blocks if one not in fitting[:room])))
    return [one for one in chosen if one.blocks], [one for one in left if one.blocks]


def _told_again(workspace: Workspace, stories: Sequence[Story]) -> list[Story]:
    """Those of the stories that tell what one before them tells."""
    with workspace.database.read() as connection:
        known = library.of_stories(connection, stories)
    places = {one.id: at for at, one in enumerate(known.values())}
    again = repeats.of(list(known.values()))
    groups: dict[int, int] = {}
    found = []
    for story in sorted(known, key=lambda one: places[known[one].id]):
        number = known[story].id
        if groups.setdefault(again.get(number, number), number) != number:
            found.append(story)
    return found


def _offer(
    workspace: Workspace, list_name: str, rules: ComposeRules, snapshot: Snapshot, *, waiting: Collection[int] = ()
) -> repeats.Offer:
    """What a draft of a list may be offered, newest first, each story once: none that an issue of the list has.

    How much an issue takes does not matter here.
    """
    now = workspace.now()
    target = snapshot.list_named(list_name)
    free = compose.choose(
        unused(workspace, list_name, snapshot=snapshot), replace(rules, most=0, per_section=0), now=now
    )
    earliest = min(map(compose.when, free), default=now) - _LOOK_BACK
    with workspace.database.read() as connection:
        since = library.holdings(connection, since=earliest)
        stories = {one: issue.number for issue in snapshot.issues if issue.list == list_name for one in issue.stories}
        held = {one.id: f"issue {stories[story]}" for story, one in library.of_stories(connection, stories).items()}
        carried = library.carried_to(connection, target.id, "weekly")
    numbers = {one.id: next((key for key in one.carried_in if key.isdecimal()), "") for one in since}
    taken = {number: f"issue {numbers[number]}" if numbers.get(number) else "what went out" for number in carried}
    return repeats.each_story_once(free, since, taken=taken | held, waiting=waiting)


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


def _shown(
    workspace: Workspace, holdings: Sequence[Holding], rules: ComposeRules, *, fixed: int = 0, has_stories: bool
) -> list[Holding]:
    """Those that a draft may show of what could wait in it, the newest; sticky ones first.

    Args:
        workspace: The workspace.
        holdings: All of them.
        rules: What an issue takes by itself.
        fixed: Candidates that stay whatever comes.
        has_stories: Whether the draft has stories. One without goes as it grew: it shows what would be taken.
    """
    most = workspace.settings.compose.candidates
    ordered = sorted(holdings, key=compose.when, reverse=True)
    if rules.pin_sticky:
        ordered.sort(key=lambda one: not one.article.sticky)
    if most and not has_stories:
        most = max(most, rules.most)
        first = [one.id for one in compose.choose(ordered, rules, now=workspace.now())]
        ordered.sort(key=lambda one: one.id not in first)
    kept = {one.id for one in ordered[: max(most - fixed, 0)]}
    return [one for one in holdings if one.id in kept]


def _untouched(
    manuscript: Manuscript, there: candidates.Candidates | None, known: Mapping[Story, Holding]
) -> dict[int, Holding]:
    """The articles of the candidates that stand as they were written, by the line on which each begins."""
    if there is None:
        return {}
    lines, found = manuscript.lines, dict[int, Holding]()
    last = {span.first: span.last for span in there.spans}
    for story, holding in known.items():
        text = "".join(lines[story.line - 1 : last[story.line]]).replace("\r\n", "\n").replace("\r", "\n")
        if text.strip("\n") == candidates.text_of(compose.story_of(holding.article, image=story.image)):
            found[story.line] = holding
    return found


def _nothing_new(offer: repeats.Offer) -> SourceError:
    if not offer.repeats:
        return SourceError("the library holds nothing new", mend="collect first: newsletter collect PATH_OR_URL")
    what = f"what is new repeats a story that there is already ({offer.told})"
    return SourceError(what, mend="name it if it shall be told again: newsletter compose ID")


def _notes(unshown: int, offer: repeats.Offer) -> list[str]:
    """What a draft says of articles that are not among its candidates."""
    notes = [UNSHOWN.format(count=f"{unshown:,}")] if unshown else []
    return [*notes, REPEATS.format(pairs=offer.told)] if offer.repeats else notes


def _switched_off() -> IssueError:
    return IssueError(
        "no candidates are wanted", where="newsletter.toml: [compose] candidates", mend="set it to true, or to a number"
    )
