"""The page where somebody says that they still want their letters: one button; opening it changes nothing."""

from __future__ import annotations

from starlette.responses import Response  # noqa: TID253  this room is nothing but pages
from starlette.routing import BaseRoute  # noqa: TID253  the same

from subscribers import actions, store, test_link
from subscribers.errors import LinkError
from subscribers.web import forms
from subscribers.web.requests import Request, answer, route
from subscribers.web.site import Site

STAY = "Yes, I still want it"


def routes(site: Site) -> list[BaseRoute]:
    """The routes of this module."""
    return [route(site, "/stay/{token}", _stay, ["GET", "POST"])]


def _stay(site: Site, request: Request) -> Response:
    if request.parts["token"] == test_link.NOBODY:
        return answer(site, "web/test_letter.html.j2", {"kind": "leave"})
    try:
        if request.posts and forms.first(request.form, "act") == "stay":
            return _stayed(site, request)
        return _asked(site, request)
    except LinkError:
        return answer(site, "web/dead.html.j2", {"kind": "leave"}, status=404)


def _asked(site: Site, request: Request) -> Response:
    with site.database.read() as connection:
        who, list_id = actions.holder_of(connection, request.parts["token"], "stay", site.link_keys)
        asked = store.still_wanted_of(connection, who.id, list_id)
        values = {
            "list": store.list_by_id(connection, list_id),
            "answered": asked is not None and asked.answered is not None,
        }
    return answer(site, "web/stay.html.j2", values)


def _stayed(site: Site, request: Request) -> Response:
    with site.database.write() as connection:
        who, list_id = actions.holder_of(connection, request.parts["token"], "stay", site.link_keys)
        came = actions.stay(
            connection,
            who.id,
            list_id,
            now=site.now(),
            how=request.how("page"),
            words=site.say(STAY),
            page=f"{site.base}/stay",
            network=request.kept_network,
        )
        listed = store.list_by_id(connection, list_id)
    if came == "nothing":
        return answer(site, "web/dead.html.j2", {"kind": "leave"}, status=404)
    return answer(site, "web/stay.html.j2", {"list": listed, "answered": True})
