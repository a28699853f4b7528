"""What editors see in the dashboard of their WordPress: whole sentences with a few numbers, and nobody's address.

The sentences are made here, not there: numbers and dates follow the newsroom's own digits, months and calendar.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from newsletter import ledger
from newsletter.letters import catalogue
from newsletter.plugin.filling import DOMAIN
from newsletter.report.growth import growth
from newsletter.report.read import of_issue
from newsletter.rhythms import schedule
from newsletter.workflows.site_posts.routes import PATH, refusal

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from newsletter.web.pages import Pages
    from newsletter.wiring import Workspace
    from subscribers.web import Request, Site

WEEKS = 5
"""How far back is told how the lists grew."""
Say = Callable[..., str]


def figure_routes(site: Site, workspace: Workspace, pages: Pages) -> list[BaseRoute]:
    """The route of the dashboard's figures, for who signs with the plugin's secret.

    Args:
        site: The reader pages.
        workspace: The workspace.
        pages: For dates and numbers in the newsroom's words.
    """
    from starlette.responses import Response

    from subscribers.web import route

    def told(_site: Site, request: Request) -> Response:
        refused = refusal(workspace, request, f"{PATH}/figures")
        if refused:
            return Response(status_code=refused)
        return Response(json.dumps(figures_of(workspace, pages)), media_type="application/json")

    return [route(site, f"{PATH}/figures", told)]


def figures_of(workspace: Workspace, pages: Pages) -> dict[str, Any]:
    """Sentences in groups, and where the desk is; empty when there is none.

    Args:
        workspace: The workspace.
        pages: For dates and numbers in the newsroom's words.
    """
    words = catalogue.words(workspace.templates, pages.publication.language, DOMAIN)

    def say(text: str, **parts: str) -> str:
        said = words.gettext(text)
        for name, value in parts.items():
            said = said.replace(f"{{{name}}}", value)
        return said

    with workspace.database.read() as connection:
        groups = [
            list(_readers(connection, workspace, pages, say)),
            list(_last(connection, workspace, pages, say)),
            [_next(connection, workspace, pages, say)],
        ]
    return {"groups": groups, "desk": workspace.settings.desk.url}


def _readers(connection: Connection, workspace: Workspace, pages: Pages, say: Say) -> Iterator[str]:
    starts = workspace.settings.schedule.week_starts
    grown = growth(
        connection, now=workspace.now(), zone=workspace.zone, week_starts=starts, weeks=WEEKS, with_roads=False
    )
    if len(grown.lists) == 1:
        yield say("Subscribers: {n}", n=pages.amount(grown.lists[0].readers))
    else:
        yield from (say("{name}: {n}", name=one.title, n=pages.amount(one.readers)) for one in grown.lists)
    weeks = [week for one in grown.lists for week in one.weeks]
    if weeks:
        come = sum(one.confirmed for one in weeks)
        gone = sum(one.left + one.let_go for one in weeks)
        since = _noon(workspace, min(one.start for one in weeks))
        moved = {"come": pages.amount(come), "gone": pages.amount(gone)}
        yield say("Since {day}: {come} came, {gone} left", day=pages.date(since), **moved)


def _last(connection: Connection, workspace: Workspace, pages: Pages, say: Say) -> Iterator[str]:
    went = [one for one in ledger.sends_of_issues(connection) if one.state != "scheduled" and not one.undone]
    if not went:
        yield say("No issue has gone out yet.")
        return
    found = of_issue(connection, max(went, key=lambda one: one.id).issue, zone=workspace.zone)
    day = pages.date(found.begun) if found.begun is not None else ""
    yield say("Last issue: {title}, {day}", title=found.subject, day=day)
    yield say("Letters sent: {n}", n=pages.amount(found.total.submitted))
    if found.total.bounced:
        yield say("Came back: {n}", n=pages.amount(found.total.bounced))
    if found.clicks_counted:
        yield say("Clicks: {n}", n=pages.amount(found.clicked))


def _next(connection: Connection, workspace: Workspace, pages: Pages, say: Say) -> str:
    waiting = [
        one.send_at
        for one in ledger.sends_of_issues(connection)
        if one.state == "scheduled" and one.send_at is not None
    ]
    planned = schedule.upcoming(workspace.now(), workspace.zone, workspace.settings.schedule)
    moments = waiting or [one.moment for one in planned if one.job == "weekly"]
    if not moments:
        return say("No day is set for the next issue.")
    return say("Next issue: {day}", day=pages.date(min(moments)))


def _noon(workspace: Workspace, day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=workspace.zone)
