"""Corrections that editors of the site write for those who had an article before: a note in the next issue."""

from __future__ import annotations

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


def owed(connection: Connection, list_id: int) -> list[ToldPost]:
    """The posts whose correction readers of a list are owed: letters of it carried them, and none of its issues has it.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
    """
    waiting = [one for one in rows.corrections(connection) if not one.is_noted_for(list_id)]
    if not waiting:
        return []
    had = set().union(*(library.carried_to(connection, list_id, rhythm) for rhythm in RHYTHMS))
    return [one for one in waiting if one.article in had]


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
        # Who died before this was noted finds it there.
        if one.article is None or f"\n{words}\n\n[" in manuscript.text:
            continue
        article = known[one.article]
        link = article.url.replace("(", "%28").replace(")", "%29")
        element = f"::: callout {title}\n{words}\n\n[{escape(article.title, 'link')}]({link})\n:::"
        last = manuscript.spans[-1]
        rule = "---\n\n" if last.kind == "story" else ""
        manuscript = manuscript.with_lines(last.last + 1, last.last, f"\n{rule}{element}")
    return manuscript, list(posts)
