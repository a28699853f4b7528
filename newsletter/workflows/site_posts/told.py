"""What the site itself says of its posts, asked for where it was not heard, and believed where it takes one back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter import ledger, library
from newsletter.site_hook import knocks, rows
from newsletter.site_hook.rows import ToldPost
from newsletter.site_hook.signing import HEADER, sign_request
from newsletter.sources.http.models import FetchError
from newsletter.sources.identity import of_wordpress
from newsletter.workflows import draft, recheck, renewing
from newsletter.workflows.snapshot import Snapshot
from subscribers.errors import Complaint

if TYPE_CHECKING:
    from newsletter.models import Issue
    from newsletter.wiring import Workspace
    from newsletter.workflows.renewing import RenewedDraft

ROUTE = "/nashra/v1/posts"
"""Of the plugin, below the REST interface of its site."""
OVERLAP = timedelta(minutes=5)
"""How far before the last look a new one begins: clocks differ, and a post is saved before it can be asked for."""
FIRST = timedelta(days=7)
"""How far the first look goes back."""
HEARD = timedelta(days=90)
"""How long a site is asked that told of nothing new: one that was moved or was only tried would be for ever."""
_MOST_PAGES = 20
_CAUGHT = "site caught "
"""Begins the name of the cursor that says how far the words of a site are known."""
_AWAY = frozenset({401, 403, 404})


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What a look at the words of the sites brought."""

    told: int = 0
    """Posts that they told of."""
    troubles: tuple[str, ...] = ()
    """Why a site told nothing, one line each."""


def hear(workspace: Workspace) -> tuple[str, ...]:
    """Ask the sites for their words, and take back what they took back, before their posts are collected.

    Args:
        workspace: The workspace.

    Returns:
        What an editor should know of it, one line each.
    """
    caught = catch_up(workspace)
    try:
        return (*caught.troubles, *_followed(workspace))
    except Exception as error:
        # It stays due and is tried again by whoever looks at posts; all the others are collected.
        return (*caught.troubles, f"what the site took back or corrected could not be followed: {why(error)}")


def _followed(workspace: Workspace) -> Iterator[str]:
    """Take back what is waited for, and bring drafts what they owe; one line each."""
    with workspace.database.read() as connection:
        gone = rows.waiting(connection, now=workspace.now(), states=knocks.GONE)
    drafts = take_back(workspace, gone)
    corrected = draft.correct(workspace)
    if gone:
        with workspace.database.write() as connection:
            rows.settle(connection, gone)
    yield from (line for one in drafts for line in recheck.told(one))
    yield from map(corrected_in, corrected)


def corrected_in(issue: Issue) -> str:
    """One line on a draft that brings a correction.

    Args:
        issue: The draft.
    """
    return f"issue {issue.number}: a correction from the site stands at its end"


def catch_up(workspace: Workspace) -> TakenUp:
    """Ask the plugin of each site for what changed since it was asked last, and write it down as if it had knocked.

    So the words that stand in the boxes of posts are known before the posts are collected, whatever became of knocks.

    Args:
        workspace: The workspace.
    """
    from newsletter.workspace.plugin_secret import plugin_secrets

    now = workspace.now()
    secrets = plugin_secrets(workspace.root, now)
    if not secrets:
        return TakenUp()
    with workspace.database.read() as connection:
        known = rows.sites(connection, since=now - HEARD)
        sites = known or [_front(workspace.publication.url)]
        since = {one: ledger.cursor(connection, _CAUGHT + one) for one in sites}
    told, troubles = 0, []
    for site in filter(None, sites):
        begin = datetime.fromtimestamp(since[site], UTC) - OVERLAP if since[site] else now - FIRST
        try:
            found, whole = _asked(workspace, site, secrets, begin)
        except FetchError as error:
            # A site that did not knock for so long may have no plugin.
            if known or error.status not in _AWAY:
                troubles.append(f"the plugin of {site} does not answer: {error.what}")
            continue
        except (ValueError, RecursionError):
            troubles.append(f"the plugin of {site} gives no list of posts")
            continue
        with workspace.database.write() as connection:
            rows.note(connection, _news(rows.posts(connection), found), now=now)
            # What did not fit is asked for next time, from where this time ended, if that is any further.
            ended = now if whole else min(now, max(one.modified for one in found))
            until = ended if ended > begin + OVERLAP else now
            ledger.set_cursor(connection, _CAUGHT + site, int(until.timestamp()))
        told += len(found)
    return TakenUp(told, tuple(troubles))


def take_back(workspace: Workspace, posts: Sequence[ToldPost], snapshot: Snapshot | None = None) -> list[RenewedDraft]:
    """Withdraw the articles of posts that their site says nobody can read, and let the drafts follow what it says.

    Args:
        workspace: The workspace.
        posts: As their site told them.
        snapshot: Of the workspace; None takes one.
    """
    gone = {one.article: knocks.GONE[one.state] for one in posts if one.article and one.state in knocks.GONE}
    if not any(one.article for one in posts):
        return []
    if gone:
        with workspace.database.write() as connection:
            library.withdraw(connection, gone, now=workspace.now())
    # What the box says of a headline is followed as a correction of the site is.
    return renewing.renew(workspace, snapshot or Snapshot.take(workspace))[0]


def _front(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"


def _asked(
    workspace: Workspace, site: str, secrets: Sequence[bytes], since: datetime
) -> tuple[list[knocks.Knock], bool]:
    """What a site tells since a moment, and whether that is all of it.

    A site that still has the plugin before the newest knows the secret before only.
    """
    for secret in secrets[:-1]:
        try:
            return _pages(workspace, site, secret, since)
        except FetchError as error:
            if error.status not in (401, 403):
                raise
    return _pages(workspace, site, secrets[-1], since)


def _pages(workspace: Workspace, site: str, secret: bytes, since: datetime) -> tuple[list[knocks.Knock], bool]:
    found: list[knocks.Knock] = []
    query = f"since={int(since.timestamp())}&page=1"
    for page in range(1, _MOST_PAGES + 1):
        # This spelling of a route works with and without pretty addresses; what is signed is the route itself.
        url = f"{site}?rest_route={ROUTE}&{query}"
        header = sign_request(secret, "GET", f"{ROUTE}?{query}", now=workspace.now())
        got = workspace.fetcher.get(url, "json", headers={HEADER: header})
        if urlsplit(got.url).hostname != urlsplit(site).hostname:
            raise ValueError("another site answers")
        answer = json.loads(got.data)
        if not isinstance(answer, dict) or not isinstance(answer.get("posts"), list):
            raise ValueError("no list")
        # A site speaks for itself alone: the answer of one that has changed hands takes back nothing of another, nor
        # one of a network that of its neighbour in another folder.
        itself = of_wordpress(site, 0)
        found += [one for one in map(knocks.read, answer["posts"]) if of_wordpress(one.site, 0) == itself]
        if not answer.get("more"):
            return found, True
        query = _next_page(answer.get("next"), since, page + 1)
    return found, not found


def _next_page(place: object, since: datetime, page: int) -> str:
    """The question for the next page: after the last post of the one before, or by its number from an older plugin.

    By its number a save in between moves all posts that follow, and one of them is on no page.
    """
    if place is None:
        return f"since={int(since.timestamp())}&page={page}"
    match place:
        case {"since": int(moment), "after": int(number)} if moment >= 0 and number >= 0:
            return f"since={moment}&page=1&after={number}"
    raise ValueError("no place where the list goes on")


def _news(known: Sequence[ToldPost], found: Sequence[knocks.Knock]) -> list[knocks.Knock]:
    """Those that say something else than what is known: nobody looks twice at what stands as it stood."""
    had = {one.name: (one.state, one.url, one.box, one.correction) for one in known}
    return [one for one in found if had.get(one.name) != (one.state, one.url, one.box, one.correction)]


def trouble_of(error: Complaint) -> str:
    """One line for an editor.

    Args:
        error: What kept a post from being looked at.
    """
    return f"{error.what} ({error.where})" if error.where else error.what


def why(error: Exception) -> str:
    """Why posts could not be looked at, for status; the words of what nobody foresaw can hold an address.

    Args:
        error: What came out of the look.
    """
    return trouble_of(error) if isinstance(error, Complaint) else type(error).__name__
