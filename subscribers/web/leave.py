"""Leaving: at once for a mail program that asks as RFC 8058 says, with one button for a person; and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response  # noqa: TID253  this room is nothing but pages
from starlette.routing import BaseRoute  # noqa: TID253  the same

from subscribers import actions, store
from subscribers.errors import LinkError
from subscribers.models import List
from subscribers.web import forms
from subscribers.web.requests import Request, answer, route
from subscribers.web.site import Site

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEAVE = "Unsubscribe"
UNDO = "Undo"


def routes(site: Site) -> list[BaseRoute]:
    """The routes of this module."""
    return [route(site, "/leave/{token}", _leave, ["GET", "POST"])]


def _leave(site: Site, request: Request) -> Response:
    act = forms.first(request.form, "act")
    try:
        if request.posts and (forms.one_click(request.form) or act == "leave"):
            return _left(site, request, one_click=forms.one_click(request.form))
        if request.posts and act == "undo":
            return _undone(site, request)
        return _asked(site, request)
    except LinkError:
        return answer(site, "web/dead.html.j2", {"kind": "leave"}, status=404)


def _asked(site: Site, request: Request) -> Response:
    """Show the button, or, when there is nothing to leave any more, that."""
    with site.database.read() as connection:
        who, list_id = actions.holder_of(connection, request.parts["token"], "leave", site.link_keys)
        theirs = [one.status for one in store.subscriptions_of(connection, who.id) if list_id in (0, one.list_id)]
        on = any(status != "left" for status in theirs)
        back = bool(actions.left_lately(connection, who.id, list_id, now=site.now()))
        values = {"list": _list(connection, list_id), "undo": back, "already": True}
    return answer(site, "web/leave.html.j2" if on else "web/goodbye.html.j2", values)


def _left(site: Site, request: Request, *, one_click: bool) -> Response:
    now = site.now()
    how = "one click" if one_click else "page"
    with site.database.write() as connection:
        who, list_id = actions.holder_of(connection, request.parts["token"], "leave", site.link_keys)
        actions.leave(connection, who.id, list_id, now=now, how=request.how(how), words=site.say(LEAVE))
        back = bool(actions.left_lately(connection, who.id, list_id, now=now))
        values = {"list": _list(connection, list_id), "undo": back, "already": False}
    return answer(site, "web/goodbye.html.j2", values)


def _undone(site: Site, request: Request) -> Response:
    with site.database.write() as connection:
        who, list_id = actions.holder_of(connection, request.parts["token"], "leave", site.link_keys)
        back = actions.undo_leave(
            connection, who.id, list_id, now=site.now(), how=request.how("page"), words=site.say(UNDO)
        )
        listed = _list(connection, list_id)
    if not back:
        return _asked(site, request)
    return answer(site, "web/returned.html.j2", {"list": listed})


def _list(connection: Connection, list_id: int) -> List | None:
    return store.list_by_id(connection, list_id) if list_id else None
