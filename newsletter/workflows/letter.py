"""An issue of the workspace made into its letter: what the library knows of its stories, its pictures, its links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from newsletter import library
from newsletter.delivery import SLOT_WIDTHS
from newsletter.errors import RenderError
from newsletter.issues import compose
from newsletter.letters import pictures
from newsletter.letters.mime import LEAVE, cut, slot
from newsletter.letters.render import render
from newsletter.models import Issue, Letter
from newsletter.text.mailbox import ascii_host

if TYPE_CHECKING:
    from newsletter.wiring import Workspace


def of_issue(workspace: Workspace, issue: Issue) -> Letter:
    """Render an issue as it stands now.

    Args:
        workspace: The workspace.
        issue: Whole, or cut.

    Raises:
        IssueError: A picture or template it names is not there.
        RenderError: A template that gives no letter.
    """
    with workspace.database.read() as connection:
        known = library.by_address(connection, [story.url for story in issue.stories])
    settings, marker = workspace.settings, workspace.marker()
    domain = settings.address.rpartition("@")[2]
    token = slot(marker, LEAVE)
    page = f"{settings.web.url}/leave/{token}" if settings.web.url else ""
    mail = f"mailto:{quote(settings.address, safe='@')}?subject=unsubscribe%20{token}"
    now = workspace.now()
    with _where(issue):
        rendered = render(
            compose.enriched(issue, known),
            settings.publication_of(issue.list),
            workspace.templates,
            marker=marker,
            leave_url=page or mail,
            date=now,
            pictures=pictures.of_issue(issue, domain=domain),
        )
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
        cut(letter, SLOT_WIDTHS)  # a letter that cannot be written must not be frozen
    return letter


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
    import base64

    from newsletter.errors import IssueError

    html, text = letter.rendered.html, letter.rendered.text
    for picture in letter.rendered.pictures:
        data = f"data:{picture.content_type};base64,{base64.b64encode(picture.data).decode('ascii')}"
        html = html.replace(f"cid:{picture.cid}", data)
    sample = "A" * 52
    folder = Path(issue.path).parent
    paths = folder / "issue.html", folder / "issue.txt"
    try:
        for path, content in zip(paths, (html, text), strict=True):
            path.write_text(content.replace(slot(letter.marker, LEAVE), sample), "utf-8")
    except OSError as error:
        where = str(error.filename or folder)
        raise IssueError(f"cannot be written ({error.strerror})", where=where, mend="make it writable") from None
    return paths
