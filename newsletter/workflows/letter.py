"""An issue of the workspace made into its letter: what the library knows of its stories, its pictures, its links."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from newsletter import clicks, library
from newsletter.delivery import SLOT_WIDTHS
from newsletter.errors import IssueError, NashraError, RenderError
from newsletter.issues import compose
from newsletter.issues.pictures import addresses
from newsletter.letters import answer_links, calendars, hosting, own_links, pictures, signs
from newsletter.letters.mime import LEAVE, PREFERENCES, VIEW, cut, slot
from newsletter.letters.render import render
from newsletter.letters.render.look import look_of
from newsletter.letters.render.views import NO_PICTURE
from newsletter.letters.ways import Ways
from newsletter.models import CalendarEvent, Holding, Issue, Letter, Picture, Poll, Rendered
from newsletter.text import bidi
from newsletter.text.mailbox import ascii_host, split_mailbox
from newsletter.web import archive
from subscribers import test_link

if TYPE_CHECKING:
    from datetime import datetime

    from jinja2 import Environment
    from sqlalchemy import Connection

    from newsletter.wiring import Workspace


def of_issue(
    workspace: Workspace,
    issue: Issue,
    *,
    test: bool = False,
    faults: list[NashraError] | None = None,
    templates: Environment | None = None,
    at: datetime | None = None,
    holdings: Mapping[str, Holding] | None = None,
) -> Letter:
    """Render an issue as it stands now.

    Args:
        workspace: The workspace.
        issue: Whole, or cut. One without a number gives a letter whose own page has no address before `addressed`.
        test: It goes to an editor alone: it says so, and its links open a page that says so and changes nothing.
        faults: For a check or a preview: what is wrong with the issue is added here, and something else stands in its
            place. None makes no letter then.
        templates: Where templates come from; None takes those of the workspace.
        at: The moment whose date it bears, timezone-aware; None takes the present one.
        holdings: What the library holds of its stories, by their addresses; None asks it.

    Raises:
        IssueError: A picture or template it names is not there.
        RenderError: A template that gives no letter, or an issue; it tells of everything at once.
    """
    with workspace.database.read() as connection:
        known = holdings
        if known is None:
            known = {story.url: one for story, one in library.of_stories(connection, issue.stories).items()}
        previous = _previous(workspace, connection, issue)
    settings, marker = workspace.settings, workspace.marker()
    token = slot(marker, LEAVE)
    web = settings.web.url
    page = f"{web}/leave/{token}" if web else ""
    path = _page_path(workspace, issue.list, str(issue.number)) if issue.number else slot(marker, VIEW)
    path = test_link.LETTER if test else path
    mail = f"mailto:{quote(settings.address, safe='@')}?subject=unsubscribe%20{token}"
    now = at or workspace.now()
    publication = settings.publication_of(issue.list)
    found = pictures_of(workspace, issue)
    if faults is None:
        found.checked()
    ways = _ways(workspace, issue, f"{web}/{path}" if web else "", previous, now=now, test=test)
    files: dict[str, Picture] = {}
    if web:
        ways = replace(ways, calendar=partial(_calendar, workspace, issue, files))
    own = signs.signs_of(look_of(issue, publication), settings.address.rpartition("@")[2])
    with _where(issue):
        rendered = render(
            compose.enriched(issue, known),
            publication,
            templates or workspace.templates,
            marker=marker,
            leave_url=page or mail,
            preferences_url=f"{web}/preferences/{slot(marker, PREFERENCES)}"
            if web and settings.ways.preferences
            else "",
            view_url=f"{web}/{path}" if web and settings.ways.view else "",
            date=now,
            pictures={**found.sizes, **own},
            ways=ways,
            faults=faults,
        )
    # Only the finished letter says how wide it shows each of them.
    rendered = pictures.made(rendered, found) if faults is None else _drafted(rendered, found, faults)
    if settings.hosts_pictures:
        rendered = hosting.host(rendered, web)
    asked = tuple(_known(issue, poll, now) for poll in rendered.polls) if web and not test else ()
    rendered = replace(rendered, hosted=(*rendered.hosted, *files.values()), polls=asked)
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


def _drafted(rendered: Rendered, found: pictures.LocalPictures, faults: list[NashraError]) -> Rendered:
    """A letter with the bytes of those local pictures that are whole; what is wrong with the others is added."""
    broken: list[NashraError] = list(found.faults)
    whole: list[Picture] = []
    html = rendered.html
    try:
        # All at once where all are whole: they share what they may weigh.
        whole += pictures.made(rendered, found).pictures
    except IssueError:
        for picture in rendered.pictures:
            try:
                whole += pictures.made(replace(rendered, pictures=(picture,)), found).pictures
            except IssueError as error:
                broken.append(error)
                html = html.replace(f"cid:{picture.cid}", NO_PICTURE)
    # The letter that lacks a picture says less of it than its file.
    told = {one.where for one in broken}
    faults[:] = [*broken, *(one for one in faults if one.where not in told or "picture" not in one.what)]
    return replace(rendered, html=html, pictures=tuple(whole))


def _ways(
    workspace: Workspace, issue: Issue, page: str, previous: tuple[tuple[str, str], ...], *, now: datetime, test: bool
) -> Ways:
    """What the letter of an issue offers beyond its stories, as the settings want it and where it leads somewhere."""
    settings = workspace.settings
    wanted, web = settings.ways, settings.web.url
    # A signed page opens the letter for whoever has the address: it is for who got the letter, not for sharing.
    opened = issue.list in settings.web.lists
    by_mail = f"mailto:{quote(settings.address, safe='@')}?subject={quote(f'subscribe {issue.list}')}" if opened else ""
    reply_to = split_mailbox(settings.reply_to_of(issue.list))[1]
    about = quote(f"Re: {bidi.strip(issue.subject)}")
    return Ways(
        page=page if opened else "",
        shares=tuple(wanted.share),
        subscribe=(f"{web}/" if web else by_mail) if wanted.subscribe else "",
        archive=f"{web}/archive" if web and opened and wanted.archive else "",
        previous=previous,
        reply=f"mailto:{quote(reply_to, safe='@')}?subject={about}" if reply_to and wanted.reply else "",
        test=test,
        counted=clicks.counting(settings),
        answer=_answering(workspace, issue, now=now, test=test),
    )


def _answering(workspace: Workspace, issue: Issue, *, now: datetime, test: bool) -> Callable[[Poll, int], str] | None:
    """Where pressing an answer leads to: a page of ours, or else a message to the newsroom with the answer in it."""
    web = workspace.settings.web.url
    reply_to = split_mailbox(workspace.settings.reply_to_of(issue.list))[1]

    def page(poll: Poll, at: int) -> str:
        return f"{web}/{answer_links.path(_known(issue, poll, now).id, at, keys=workspace.keys.tokens)}"

    def message(poll: Poll, at: int) -> str:
        subject, body = quote(bidi.strip(poll.question)), quote(bidi.strip(poll.answers[at]))
        return f"mailto:{quote(reply_to, safe='@')}?subject={subject}&body={body}"

    if web:
        return (lambda _poll, _at: f"{web}/{test_link.POLL}") if test else page
    return message if reply_to else None


def _known(issue: Issue, poll: Poll, now: datetime) -> Poll:
    """A question with the id by which the pages know it: one for each letter, whichever readers it goes to."""
    letter = str(issue.number) if issue.number else f"{issue.template} {now.date().isoformat()}"
    return replace(poll, id=answer_links.id_of(issue.list, letter, poll))


def _calendar(workspace: Workspace, issue: Issue, files: dict[str, Picture], event: CalendarEvent) -> str:
    """The address of an event's calendar file, which is put among those that the pages serve."""
    about = workspace.settings.publication_of(issue.list)
    host = ascii_host(urlsplit(workspace.publication.url).hostname or "localhost")
    day = workspace.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    data = calendars.calendar_file(event, timezone=about.timezone, language=about.language, host=host, stamp=day)
    file = Picture("", "text/calendar", data, "event.ics")
    files[file.stored_name] = file
    return hosting.address(workspace.settings.web.url, file)


def _previous(workspace: Workspace, connection: Connection, issue: Issue) -> tuple[tuple[str, str], ...]:
    """Subject and address of the letters that went to the list before, where everybody may read them; newest first."""
    settings = workspace.settings
    most, web = settings.ways.previous, settings.web.url
    if not (most and web and issue.list in settings.web.lists):
        return ()
    found = archive.sent(connection, [issue.list], limit=most + 1)
    before = [one for one in found if one.key != str(issue.number)][:most]
    return tuple((bidi.strip(one.subject), f"{web}/{_page_path(workspace, issue.list, one.key)}") for one in before)


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
