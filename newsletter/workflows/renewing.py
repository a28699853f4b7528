"""Drafts that follow their site: corrections taken over where no editor wrote otherwise, what was taken back marked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import library
from newsletter.errors import IssueError
from newsletter.issues import Manuscript, candidates, compose, renewal
from newsletter.models import Holding, Issue, Story, StoryChange
from newsletter.workflows.snapshot import Snapshot
from subscribers.store.dialect import insert as insert_or_update

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.wiring import Workspace


@dataclass(frozen=True, slots=True)
class RenewedDraft:
    """What following its site changed in a draft."""

    issue: Issue
    """As it is now."""
    renewed: tuple[str, ...] = ()
    """Headlines of stories that were renewed, as the draft had them."""
    marked: tuple[str, ...] = ()
    """Headlines of stories that their site took back, each with the reason."""
    returned: tuple[str, ...] = ()
    """Headlines of stories that their site shows again."""
    dropped: int = 0
    """Candidates that went because their site took them back."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """A story of a draft, where it stands, and what the library has of it."""

    story: Story
    holding: Holding
    is_candidate: bool


def offer(connection: Connection, issue: Issue, offered: Iterable[Holding]) -> None:
    """Write down what stories of a draft are written from, to tell the site's corrections from the editor's words.

    Args:
        connection: A connection in a writing transaction.
        issue: The draft.
        offered: What its stories and candidates are made of.
    """
    for one in offered:
        _keep(connection, issue, one.id, renewal.written(one.article))


def renew(workspace: Workspace, snapshot: Snapshot) -> tuple[list[RenewedDraft], Snapshot]:
    """Bring all drafts to what their sites show now; a draft that cannot be read or written stays as it is.

    Args:
        workspace: The workspace.
        snapshot: Of it.

    Returns:
        The drafts that were changed, and the snapshot as it stands then.
    """
    changed: list[RenewedDraft] = []
    for manuscript, issue in _drafts(snapshot):
        try:
            # Around the transaction: what a draft is written from must not be noted when the draft was not written.
            with workspace.database.write() as connection:
                found = _renewed(workspace, connection, manuscript, issue)
        except IssueError:
            continue  # it is told by whatever reads or writes the draft next, and is renewed the next time
        if found is not None:
            changed.append(found)
            snapshot = snapshot.with_file(manuscript.path)
    return changed, snapshot


def held(connection: Connection, snapshot: Snapshot) -> list[int]:
    """Ids of the articles that the stories of all drafts are.

    Args:
        connection: An open connection to the database.
        snapshot: Of the workspace.
    """
    stories = [story for _, issue in _drafts(snapshot) for story in issue.stories]
    return [one.id for one in library.of_stories(connection, stories).values()]


def changes(connection: Connection, issue: Issue, held: Mapping[Story, Holding] | None = None) -> list[StoryChange]:
    """What the site has changed in stories whose editor has written otherwise.

    Args:
        connection: An open connection to the database.
        issue: A draft.
        held: What the library holds of its stories; None asks it.
    """
    known = _written(connection, issue)
    found: list[StoryChange] = []
    held = library.of_stories(connection, issue.stories) if held is None else held
    for story, holding in held.items():
        if holding.id in known and not holding.withdrawn:
            found += renewal.compared(story, known[holding.id], renewal.written(holding.article))[1]
    return found


def without_withdrawn(workspace: Workspace, issue: Issue) -> tuple[Issue, tuple[str, ...]]:
    """Take the stories out of a draft that their site took back.

    Args:
        workspace: The workspace.
        issue: A draft.

    Returns:
        The draft, and the headlines of what went.

    Raises:
        IssueError: Somebody else changed the file meanwhile.
    """
    # As the file stands now: its editor may have saved it since, and lines have moved.
    manuscript = Manuscript.read(Path(issue.path))
    issue = manuscript.issue
    with workspace.database.read() as connection:
        known = library.of_stories(connection, issue.stories)
    gone = [story for story in issue.stories if story in known and known[story].withdrawn]
    if not gone:
        return issue, ()
    for story in renewal.from_below(gone):
        manuscript = renewal.without(manuscript, story)
    manuscript = _with_default_lines(workspace, manuscript, issue)
    manuscript.save()
    return manuscript.issue, tuple(story.headline for story in gone)


def _drafts(snapshot: Snapshot) -> Iterator[tuple[Manuscript, Issue]]:
    """Every issue that has not gone out nor begun to, as far as it can be understood."""
    gone = {send.issue for send in snapshot.sends}
    for file in snapshot.files:
        try:
            manuscript, issue = file.manuscript, file.issue
        except IssueError:
            continue
        if str(issue.number) not in gone:
            yield manuscript, issue


def _standings(connection: Connection, manuscript: Manuscript, issue: Issue) -> list[_Standing]:
    try:
        there = candidates.candidates(manuscript)
    except IssueError:
        there = None
    waiting = there.stories if there is not None else ()
    known = library.of_stories(connection, (*issue.stories, *waiting))
    own = set(issue.stories)
    return [_Standing(story, holding, story not in own) for story, holding in known.items()]


def _renewed(workspace: Workspace, connection: Connection, manuscript: Manuscript, issue: Issue) -> RenewedDraft | None:
    known = _written(connection, issue)
    standings = {one.story: one for one in _standings(connection, manuscript, issue)}
    changed = manuscript
    titles: list[str] = []
    marked: list[str] = []
    returned: list[str] = []
    dropped = 0
    for story in renewal.from_below(list(standings)):
        holding, is_candidate = standings[story].holding, standings[story].is_candidate
        if (holding.withdrawn or holding.box.letter == "no") and is_candidate:
            changed, dropped = renewal.without(changed, story), dropped + 1
            continue
        now = renewal.written(holding.article)
        fresh, _, after = renewal.compared(story, known.get(holding.id, now), now)
        if after != known.get(holding.id):
            _keep(connection, issue, holding.id, after)
        if fresh:
            changed = renewal.renewed(changed, story, fresh, candidate=is_candidate)
            titles += [] if is_candidate else [story.headline]
        before = changed
        if not is_candidate:
            changed = renewal.marked(changed, story, holding.withdrawn)
        if changed is not before and holding.withdrawn:
            marked.append(f"«{story.headline}»: {holding.withdrawn}")
        elif changed is not before:
            returned.append(story.headline)
    if changed.text == manuscript.text:
        return None
    changed = _with_default_lines(workspace, changed, issue)
    changed.save()
    return RenewedDraft(
        changed.issue, tuple(reversed(titles)), tuple(reversed(marked)), tuple(reversed(returned)), dropped
    )


def _with_default_lines(workspace: Workspace, manuscript: Manuscript, before: Issue) -> Manuscript:
    """The file with the subject and preheader that its stories give, where they are what they gave before."""
    name = workspace.settings.publication_of(before.list).name
    old, new = (compose.inbox_lines(name, issue.stories) for issue in (before, manuscript.issue))
    for key, was, now in zip(("subject", "preheader"), old, new, strict=True):
        if was != now and getattr(before, key) == was:
            manuscript = manuscript.with_value(key, now)
    return manuscript


def _written(connection: Connection, issue: Issue) -> Mapping[int, dict[str, str]]:
    from sqlalchemy import select

    from newsletter.storage.tables import draft_story as table

    rows = connection.execute(select(table).where(table.c.issue == str(issue.number)))
    return {row.article_id: json.loads(row.written) for row in rows}


def _keep(connection: Connection, issue: Issue, article_id: int, values: Mapping[str, str]) -> None:
    from newsletter.storage.tables import draft_story as table

    row = {"issue": str(issue.number), "article_id": article_id, "written": json.dumps(values, ensure_ascii=False)}
    statement = insert_or_update(connection, table).values(row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["issue", "article_id"], set_={"written": row["written"]})
    )
