"""Corrections that editors of the site write for those who had an article before: a note in the next issue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsletter import library
from newsletter.issues.escaping import escape
from newsletter.letters import catalogue
from newsletter.site_hook import rows
from newsletter.site_hook.rows import ToldPost
from subscribers.models import RHYTHMS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.issues import Manuscript
    from newsletter.wiring import Workspace
    from newsletter.workflows.snapshot import Snapshot
    from subscribers.models import List


def owed(connection: Connection, target: List, snapshot: Snapshot) -> list[ToldPost]:
    """The posts whose correction readers of a list are owed: letters of it carried them, and none of its issues has it.

    Args:
        connection: An open connection to the database.
        target: The list.
        snapshot: Of the workspace.

    Raises:
        IssueError: An issue cannot be understood, so nobody knows whether it brings one.
    """
    waiting = rows.corrections(connection)
    if any(one.noted_in(target.id) for one in waiting):
        bring = _bring(target, snapshot)
        waiting = [one for one in waiting if not one.noted_in(target.id) & bring]
    if not waiting:
        return []
    had = set().union(*(library.carried_to(connection, target.id, rhythm) for rhythm in RHYTHMS))
    return [one for one in waiting if one.article in had]


def _bring(target: List, snapshot: Snapshot) -> frozenset[str]:
    """Numbers of the issues that brought readers of a list what they hold, or still may.

    A draft that was thrown away, or that a later issue overtook, brings nobody anything.
    """
    sent = [one.issue for one in snapshot.sends if one.list_id == target.id and not one.undone]
    last = max((int(one) for one in sent if one.isdecimal()), default=0)
    drafts = (one for one in snapshot.issues if one.list == target.name and one.number > last)
    return frozenset([*sent, *(str(one.number) for one in drafts)])


def with_corrections(
    workspace: Workspace, manuscript: Manuscript, posts: Sequence[ToldPost]
) -> tuple[Manuscript, list[ToldPost]]:
    """An issue with the corrections at its end; every other line stays as it is.

    Args:
        workspace: The workspace.
        manuscript: As it was read, or is to be written.
        posts: As `owed` gives them.

    Returns:
        The issue, and the posts whose corrections it brings; an issue without anything in it brings none.
    """
    if not posts or not manuscript.spans:
        return manuscript, []
    language = workspace.publication.language
    title = catalogue.words(workspace.templates, language, "wordpress").gettext("Correction")
    with workspace.database.read() as connection:
        ids = [one.article for one in posts if one.article is not None]
        known = {one.id: one.article for one in library.holdings(connection, ids=ids)}
    for one in posts:
        words = escape(one.correction)
        if one.article is None:
            continue
        article = known[one.article]
        link = article.url.replace("(", "%28").replace(")", "%29")
        # Who died before this was noted finds it there; of another article the same words are another correction.
        if re.search(rf"\n{re.escape(words)}\n\n\[[^\n]*\]\({re.escape(link)}\)\n", manuscript.text):
            continue
        element = f"::: callout {title}\n{words}\n\n[{escape(article.title, 'link')}]({link})\n:::"
        last = manuscript.spans[-1]
        rule = "---\n\n" if last.kind == "story" else ""
        manuscript = manuscript.with_lines(last.last + 1, last.last, f"\n{rule}{element}")
    return manuscript, list(posts)
