"""An issue of the workspace made into its letter: what the library knows of its stories, its pictures, its links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from newsletter import compose, issues, library, pictures
from newsletter.check import check
from newsletter.deliver import SLOT_WIDTHS
from newsletter.errors import RenderError
from newsletter.headers import ascii_host
from newsletter.mail import LEAVE, cut, slot
from newsletter.models import Issue, Letter, Problem
from newsletter.render import render

if TYPE_CHECKING:
    from newsletter.wiring import House


def of_issue(house: House, issue: Issue) -> Letter:
    """Render an issue as it stands now.

    Raises:
        IssueError: A picture or template it names is not there.
        RenderError: A template that gives no letter.
    """
    with house.database.read() as connection:
        known = library.by_address(connection, [story.url for story in issue.stories])
    settings, marker = house.settings, house.marker()
    domain = settings.address.rpartition("@")[2]
    token = slot(marker, LEAVE)
    page = f"{settings.web.url}/leave/{token}" if settings.web.url else ""
    mail = f"mailto:{quote(settings.address, safe='@')}?subject=unsubscribe%20{token}"
    now = house.now()
    with _place(issue):
        rendered = render(
            compose.enriched(issue, known),
            house.publication,
            house.templates,
            marker=marker,
            leave_url=page or mail,
            date=now,
            pictures=pictures.of_issue(issue, domain=domain),
        )
    letter = Letter(
        sender=settings.sender.from_,
        reply_to=settings.sender.reply_to,
        # Constant for a list over the years (RFC 2919 section 3): the site's host, not that of a provider.
        list_id=f"{issue.list}.{ascii_host(urlsplit(house.publication.url).hostname or '')}",
        rendered=rendered,
        marker=marker,
        unsubscribe_url=page,
        unsubscribe_mail=mail,
        date=now,
        language=house.publication.language,
    )
    with _place(issue):
        cut(letter, SLOT_WIDTHS)  # a letter that cannot be written must not be frozen
    return letter


@contextmanager
def _place(issue: Issue) -> Iterator[None]:
    """What has no place of its own is wrong with the issue."""
    try:
        yield
    except RenderError as error:
        raise RenderError(error.what, where=error.where or issue.path, mend=error.mend) from error


def checked(house: House, issue: Issue) -> tuple[Letter, list[Problem]]:
    """The letter of an issue, and what the checks find in both."""
    letter = of_issue(house, issue)
    return letter, check(issue, letter)


def preview(issue: Issue, letter: Letter) -> tuple[Path, Path]:
    """Write issue.html and issue.txt beside the issue, as a subscriber would see them, pictures from their files.

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


def write_draft(house: House, ids: list[int] | None, *, latest: int | None, slug: str, list_name: str) -> Issue:
    """Compose a new issue of articles from the library and write its folder.

    Args:
        house: The workspace.
        ids: The articles, in order; None takes the newest that no issue has carried or holds.
        latest: At most so many of them.
        slug: Name of its folder; empty makes one of number and date.
        list_name: The list it is for.

    Raises:
        SourceError: An id the library does not hold, nothing new, or a picture that is no longer where it was.
        IssueError: The folder holds an issue already.
    """
    from newsletter import ledger
    from newsletter.errors import SourceError

    drafts = issues.every(house.root)
    with house.database.read() as connection:
        holdings = library.holdings(connection, ids=list(dict.fromkeys(ids)) if ids is not None else None)
        sent = [int(send.issue) for send in ledger.sends(connection) if send.issue.isdecimal()]
    if ids is None:
        holdings = library.unused(holdings, drafts)[:latest]
    if not holdings:
        raise SourceError("the library holds nothing new", mend="collect first: newsletter collect PATH_OR_URL")
    number = compose.next_number([*(issue.number for issue in drafts), *sent])
    zone = house.zone
    slug = slug or f"{number:03d}-{house.now().astimezone(zone):%Y-%m-%d}"
    issue = compose.draft(holdings, number=number, newsletter=house.publication.name, list_name=list_name)
    issue, copies = compose.with_local_pictures(issue)
    for source in copies.values():
        if not Path(source).is_file():
            raise SourceError(
                "the picture of an article is gone", where=source, mend="put it back, or collect the article again"
            )
    folder = issues.folder_of(house.root, slug)
    path = issues.write(issue, folder, pictures={name: Path(source) for name, source in copies.items()})
    return replace(issue, slug=slug, path=str(path))
