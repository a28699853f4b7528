"""Leaving: at once for a mail program that asks as RFC 8058 says, with one button for a person; and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import Response  # noqa: TID253  this room is nothing but pages
from starlette.routing import BaseRoute  # noqa: TID253  the same

from subscribers import actions, store, test_link
from subscribers.display import shown
from subscribers.errors import LinkError
from subscribers.models import List
from subscribers.web import forms
from subscribers.web.requests import Request, answer, route
from subscribers.web.site import Site

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEAVE = "Unsubscribe"
UNDO = "Undo"
PAUSE = timedelta(days=30)
REASONS = {
    "too many": "Too many letters",
    "not interesting": "Not interesting to me",
    "never subscribed": "I never subscribed",
    "other": "Something else",
}
"""What is kept in the record of consent, and how the page words it."""


def routes(site: Site) -> list[BaseRoute]:
    """The routes of this module."""
    return [route(site, "/leave/{token}", _leave, ["GET", "POST"])]


def _leave(site: Site, request: Request) -> Response:
    act = forms.first(request.form, "act")
    if request.parts["token"] == test_link.NOBODY:
        return answer(site, "web/test_letter.html.j2", {"kind": "leave"})
    try:
        if request.posts and (forms.one_click(request.form) or act == "leave"):
            return _left(site, request, one_click=forms.one_click(request.form))
        if request.posts and act == "all":
            return _left(site, request, everything=True)
        if request.posts and act in ("weekly", "pause"):
            return _lighter(site, request, act)
        if request.posts and act == "reason":
            return _reason(site, request)
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
        values: dict[str, Any] = {"list": _list(connection, list_id), "undo": back, "already": True}
        values |= _less(connection, site, who.id, list_id) if on else {}
    return answer(site, "web/leave.html.j2", values) if on else _goodbye(site, values)


def _goodbye(site: Site, values: Mapping[str, Any]) -> Response:
    usual = {"ask_reason": False, "reasons": tuple(REASONS.items()), "thanked": False}
    return answer(site, "web/goodbye.html.j2", {**usual, **values})


def _left(site: Site, request: Request, *, one_click: bool = False, everything: bool = False) -> Response:
    now = site.now()
    how = "one click" if one_click else "page"
    with site.database.write() as connection:
        who, list_id = actions.holder_of(connection, request.parts["token"], "leave", site.link_keys)
        list_id = 0 if everything else list_id
        ended = actions.leave(
            connection,
            who.id,
            list_id,
            now=now,
            how=request.how(how),
            words=site.say(LEAVE),
            page=f"{site.base}/leave",
            network=request.kept_network,
        )
        back = bool(actions.left_lately(connection, who.id, list_id, now=now))
        values: dict[str, Any] = {"list": _list(connection, list_id), "undo": back, "already": False}
        values["ask_reason"] = bool(ended)
    return _goodbye(site, values)


def _less(connection: Connection, site: Site, subscriber_id: int, list_id: int) -> dict[str, bool]:
    """What stands between all letters and none, for who is about to leave."""
    on = [one for one in store.subscriptions_of(connection, subscriber_id) if one.status == "confirmed"]
    meant = [one for one in on if list_id in (0, one.list_id)]
    return {
        "weekly": "weekly" in site.rhythms and any(one.rhythm != "weekly" for one in meant),
        "pause": any(one.paused_until is None or one.paused_until < site.now() for one in meant),
        "several": len(on) > len(meant) > 0,
    }


def _lighter(site: Site, request: Request, act: str) -> Response:
    """Fewer letters instead of none. The link to leave may do this much, and nothing else."""
    now = site.now()
    until = now + PAUSE
    with site.database.write() as connection:
        who, list_id = actions.holder_of(connection, request.parts["token"], "leave", site.link_keys)
        less = _less(connection, site, who.id, list_id)
        for one in store.subscriptions_of(connection, who.id):
            if not less[act] or one.status != "confirmed" or list_id not in (0, one.list_id):
                continue
            actions.prefer(
                connection,
                who.id,
                one.list_id,
                now=now,
                rhythm="weekly" if act == "weekly" else one.rhythm,
                declined_topics=one.declined_topics,
                paused_until=until if act == "pause" else one.paused_until,
            )
        values = {"list": _list(connection, list_id), "act": act, "until": until}
    return answer(site, "web/lighter.html.j2", values) if less[act] else _asked(site, request)


def _reason(site: Site, request: Request) -> Response:
    """Keep why somebody has just left; it changes nothing else."""
    more = shown(forms.first(request.form, "more"), 300).strip()
    chosen = forms.first(request.form, "reason")
    told = ": ".join(part for part in (chosen if chosen in REASONS else "", more) if part)
    with site.database.write() as connection:
        who, list_id = actions.holder_of(connection, request.parts["token"], "leave", site.link_keys)
        since = site.now() - actions.UNDO_LASTS
        kept = bool(told) and store.tell_reason(connection, who.id, list_id, told, since=since)
        back = bool(actions.left_lately(connection, who.id, list_id, now=site.now()))
        values = {"list": _list(connection, list_id), "undo": back, "already": True, "thanked": kept}
    return _goodbye(site, values)


def _undone(site: Site, request: Request) -> Response:
    with site.database.write() as connection:
        who, list_id = actions.holder_of(connection, request.parts["token"], "leave", site.link_keys)
        back = actions.undo_leave(
            connection,
            who.id,
            list_id,
            now=site.now(),
            how=request.how("page"),
            words=site.say(UNDO),
            page=f"{site.base}/leave",
            network=request.kept_network,
        )
        listed = _list(connection, list_id)
    if not back:
        return _asked(site, request)
    return answer(site, "web/returned.html.j2", {"list": listed})


def _list(connection: Connection, list_id: int) -> List | None:
    return store.list_by_id(connection, list_id) if list_id else None
