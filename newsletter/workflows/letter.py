"""An issue of the workspace made into its letter: what the library knows of its stories, its pictures, its links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from newsletter import library
from newsletter.delivery import SLOT_WIDTHS
from newsletter.errors import RenderError
from newsletter.issues import compose
from newsletter.issues.pictures import addresses
from newsletter.letters import hosting, own_links, pictures, signs
from newsletter.letters.mime import LEAVE, PREFERENCES, VIEW, cut, slot
from newsletter.letters.render import render
from newsletter.letters.render.look import look_of
from newsletter.models import Issue, Letter
from newsletter.text.mailbox import ascii_host

if TYPE_CHECKING:
    from newsletter.wiring import Workspace


def of_issue(workspace: Workspace, issue: Issue) -> Letter:
    """Render an issue as it stands now.

    Args:
        workspace: The workspace.
        issue: Whole, or cut. One without a number gives a letter whose own page has no address before `addressed`.

    Raises:
        IssueError: A picture or template it names is not there.
        RenderError: A template that gives no letter.
    """
    with workspace.database.read() as connection:
        known = {story.url: one for story, one in library.of_stories(connection, issue.stories).items()}
    settings, marker = workspace.settings, workspace.marker()
    token = slot(marker, LEAVE)
    web = settings.web.url
    page = f"{web}/leave/{token}" if web else ""
    path = _page_path(workspace, issue.list, str(issue.number)) if issue.number else slot(marker, VIEW)
    mail = f"mailto:{quote(settings.address, safe='@')}?subject=unsubscribe%20{token}"
    now = workspace.now()
    publication = settings.publication_of(issue.list)
    found = pictures_of(workspace, issue).checked()
    own = signs.signs_of(look_of(issue, publication), settings.address.rpartition("@")[2])
    with _where(issue):
        rendered = render(
            compose.enriched(issue, known),
            publication,
            workspace.templates,
            marker=marker,
            leave_url=page or mail,
            preferences_url=f"{web}/preferences/{slot(marker, PREFERENCES)}" if web else "",
            view_url=f"{web}/{path}" if web else "",
            date=now,
            pictures={**found.sizes, **own},
        )
    # Only the finished letter says how wide it shows each of them.
    rendered = pictures.made(rendered, found)
    if settings.hosts_pictures:
        rendered = hosting.host(rendered, web)
    letter = Letter(
        sender=settings.sender_of(issue.list),
        reply_to=settings.reply_to_of(issue.list),
        # Constant for a list over the years (RFC 2919 section 3): the site's host, not that of a provider.
        list_id=f"{issue.list}.{ascii_host(urlsplit(workspace.publication.url).hostname or '')}",
        rendered=rendered,
        marker=marker,
        unsubscribe_url=page,
        unsubscribe_mail=mail,
        date=now,
        language=workspace.publication.language,
        issue=str(issue.number),
        own_sender=settings.has_own_sender(issue.list),
    )
    with _where(issue):
        # A letter that cannot be written must not be frozen.
        cut(letter, SLOT_WIDTHS if issue.number else {**SLOT_WIDTHS, VIEW: 1})
    return letter


def pictures_of(workspace: Workspace, issue: Issue) -> pictures.LocalPictures:
    """The local pictures of an issue and of the settings, looked at, with what is wrong with them."""
    return pictures.of_issue(
        issue,
        addresses(issue),
        domain=workspace.settings.address.rpartition("@")[2],
        publication=workspace.settings.publication_of(issue.list),
        root=workspace.root,
    )


def addressed(workspace: Workspace, letter: Letter, list_name: str, key: str) -> Letter:
    """A letter of an issue without a number, now that its key is known: what a report and its own page go by.

    Args:
        workspace: The workspace.
        letter: As `of_issue` made it.
        list_name: The list it goes to.
        key: Its key, for example ``readers/daily/2026-11-24``.
    """
    mark, path = slot(letter.marker, VIEW), _page_path(workspace, list_name, key)
    made = letter.rendered
    rendered = replace(made, html=made.html.replace(mark, path), text=made.text.replace(mark, path))
    return replace(letter, rendered=rendered, issue=key)


def _page_path(workspace: Workspace, list_name: str, key: str) -> str:
    opened = workspace.settings.web.lists
    return own_links.page_path(list_name, key, opened=opened, keys=workspace.keys.tokens)


@contextmanager
def _where(issue: Issue) -> Iterator[None]:
    """Give an error that names no file that of the issue."""
    try:
        yield
    except RenderError as error:
        raise RenderError(error.what, where=error.where or issue.path, mend=error.mend) from error


def preview(issue: Issue, letter: Letter) -> tuple[Path, Path]:
    """Write issue.html and issue.txt beside the issue, as a subscriber would see them, pictures from their files.

    Args:
        issue: With the path of its file.
        letter: As it was rendered.

    Returns:
        The paths of the two files.

    Raises:
        IssueError: The folder cannot be written.
    """
    from newsletter.errors import IssueError

    html, text = hosting.shown_alone(letter.rendered, own_links.base(letter)), letter.rendered.text
    sample = "A" * 52
    folder = Path(issue.path).parent
    paths = folder / "issue.html", folder / "issue.txt"
    try:
        for path, content in zip(paths, (html, text), strict=True):
            for_one = content.replace(slot(letter.marker, LEAVE), sample)
            path.write_text(for_one.replace(slot(letter.marker, PREFERENCES), sample), "utf-8")
    except OSError as error:
        where = str(error.filename or folder)
        raise IssueError(f"cannot be written ({error.strerror})", where=where, mend="make it writable") from None
    return paths
