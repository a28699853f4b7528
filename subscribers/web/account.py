"""One's own matters behind the preferences: another address, what is kept, being erased, letters that were stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response  # noqa: TID253  this room is nothing but pages
from starlette.routing import BaseRoute  # noqa: TID253  the same

from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.errors import AddressError, LinkError
from subscribers.models import Subscriber
from subscribers.moments import to_moment
from subscribers.web import forms
from subscribers.web.requests import Request, answer, file_answer, route
from subscribers.web.site import Site

if TYPE_CHECKING:
    from sqlalchemy import Connection

CHANGE = "Yes, use this address"
ERASE = "Yes, erase everything"
AGAIN = "Send me letters again"


def routes(site: Site) -> list[BaseRoute]:
    """The routes of this module."""
    return [
        route(site, "/preferences/{token}/address", _address, ["GET", "POST"], even=True, counted=True),
        route(site, "/preferences/{token}/data", _data),
        route(site, "/preferences/{token}/data.json", _download),
        route(site, "/preferences/{token}/erase", _erasure, ["GET", "POST"]),
        route(site, "/preferences/{token}/again", _again, ["POST"]),
        route(site, "/address/{token}", _confirm_address, ["GET", "POST"]),
        route(site, "/erase/{token}", _confirm_erasure, ["GET", "POST"]),
    ]


def _holder(connection: Connection, site: Site, request: Request) -> Subscriber:
    return actions.holder_of(connection, request.parts["token"], "preferences", site.link_keys)[0]


def _dead(site: Site, kind: str = "preferences") -> Response:
    return answer(site, "web/dead.html.j2", {"kind": kind}, status=404)


def _page(site: Site, request: Request, template: str, values: Mapping[str, Any], *, status: int = 200) -> Response:
    return answer(site, template, {"token": request.parts["token"], **values}, status=status)


def _about(connection: Connection, who: Subscriber) -> int:
    """A list of theirs that a letter can name: one they are on, if there is one; 0 when there is none at all."""
    theirs = sorted(store.subscriptions_of(connection, who.id), key=lambda one: one.status != "confirmed")
    return theirs[0].list_id if theirs else 0


# ---- another address


def _address(site: Site, request: Request) -> Response:
    template = "web/change_address.html.j2"
    typed = forms.first(request.form, "email")
    try:
        if not request.posts:
            with site.database.read() as connection:
                who = _holder(connection, site, request)
            return _page(site, request, template, {"address": who.address, "email": "", "came": ""})
        with site.database.write() as connection:
            who = _holder(connection, site, request)
            try:
                wanted = normalise(typed)
            except AddressError:
                came = "address" if typed.strip() else "empty"
            else:
                about = _about(connection, who)
                came = (
                    actions.ask_address(
                        connection, who, wanted, about, now=site.now(), keys=site.address_keys, caps=site.caps
                    )
                    if about
                    else "lately"
                )
    except LinkError:
        return _dead(site)
    bad = came in ("address", "empty")
    values = {"address": who.address, "email": typed[:254] if bad else "", "came": came}
    return _page(site, request, template, values, status=400 if bad else 200)


def _confirm_address(site: Site, request: Request) -> Response:
    token, now = request.parts["token"], site.now()
    try:
        if not request.posts:
            with site.database.read() as connection:
                who, wanted = actions.request_behind(connection, token, "address", now=now)
            came = "same" if who.address == wanted else "ask"
        else:
            with site.database.write() as connection:
                came, who = actions.change_address(
                    connection,
                    token,
                    now=now,
                    keys=site.address_keys,
                    how=request.how("address page"),
                    words=site.say(CHANGE),
                    page=f"{site.base}/address",
                    network=request.kept_network,
                )
    except LinkError:
        return _dead(site, "request")
    return answer(site, "web/address.html.j2", {"came": came})


# ---- what is kept


def _data(site: Site, request: Request) -> Response:
    try:
        with site.database.read() as connection:
            who = _holder(connection, site, request)
            kept = _kept(connection, site, who)
    except LinkError:
        return _dead(site)
    return _page(site, request, "web/data.html.j2", _told(site, who, kept))


def _told(site: Site, who: Subscriber, kept: Mapping[str, Any]) -> dict[str, Any]:
    counting = site.counts_clicks or not who.count_clicks
    return {
        "kept": kept,
        "address": who.address,
        "created": who.created,
        "counting": counting,
        "counted": who.count_clicks,
    }


def _download(site: Site, request: Request) -> Response:
    try:
        with site.database.read() as connection:
            who = _holder(connection, site, request)
            kept = store.everything_about(connection, who.id)
    except LinkError:
        return _dead(site)
    # What signs or confirms a link is no data about a person, and must not lie in a file of downloads.
    for rows in kept.values():
        for row in rows:
            for name in ("token", "token_hash", "fingerprint", "public_id"):
                row.pop(name, None)
    content = json.dumps(kept, ensure_ascii=False, indent=2).encode("utf-8")
    response = file_answer(content, "application/json; charset=utf-8")
    response.headers["content-disposition"] = 'attachment; filename="my-data.json"'
    return response


def _kept(connection: Connection, site: Site, who: Subscriber) -> dict[str, Any]:
    """Everything that is kept about a person, as the page tells it."""
    titles: dict[int, str] = {}
    for one in store.subscriptions_of(connection, who.id):
        titles[one.list_id] = store.list_by_id(connection, one.list_id).title
    stopped = store.suppression_of(connection, normalise(who.address).key, site.address_keys)
    lines = store.consents_of(connection, who.id)
    small = store.everything_about(connection, who.id)["small_letter"]
    went = [letter["created"] for letter in small if letter["state"] == "submitted"]
    return {
        "lists": [{"title": titles[one.list_id], "theirs": one} for one in store.subscriptions_of(connection, who.id)],
        "lines": [
            {
                "title": titles.get(line.list_id) or store.list_by_id(connection, line.list_id).title,
                "line": line,
            }
            for line in lines
        ],
        "letters": {"number": len(went), "last": to_moment(max(went))} if went else None,
        "stopped": stopped,
    }


# ---- letters that were stopped


def _again(site: Site, request: Request) -> Response:
    """Let letters go to this address again: whoever holds this link asks for it themselves, from their own mailbox."""
    from subscribers.web.preferences import page_of, values_of

    try:
        with site.database.write() as connection:
            who = _holder(connection, site, request)
            if forms.first(request.form, "act") == "again":
                actions.unsuppress(connection, who.address, keys=site.address_keys, asked=True)
                for one in store.subscriptions_of(connection, who.id):
                    store.record(
                        connection,
                        who.id,
                        one.list_id,
                        "unsuppress",
                        now=site.now(),
                        how=request.how("preferences"),
                        words=site.say(AGAIN),
                        page=f"{site.base}/preferences",
                        network=request.kept_network,
                    )
            values = values_of(connection, site, request.parts["token"], who, back=True)
    except LinkError:
        return _dead(site)
    return page_of(site, values)


# ---- being erased


def _erasure(site: Site, request: Request) -> Response:
    came = ""
    try:
        if request.posts and forms.first(request.form, "act") == "erase":
            with site.database.write() as connection:
                who = _holder(connection, site, request)
                about = _about(connection, who)
                stopped = store.suppression_of(connection, normalise(who.address).key, site.address_keys)
                if stopped is not None or not about:
                    came = "write"
                else:
                    asked = actions.ask_erasure(connection, who, about, now=site.now())
                    came = "asked" if asked else "lately"
        else:
            with site.database.read() as connection:
                _holder(connection, site, request)
    except LinkError:
        return _dead(site)
    return _page(site, request, "web/ask_erasure.html.j2", {"came": came})


def _confirm_erasure(site: Site, request: Request) -> Response:
    token, now = request.parts["token"], site.now()
    try:
        with site.database.read() as connection:
            who, _ = actions.request_behind(connection, token, "erase", now=now)
        if not request.posts:
            return answer(site, "web/erase.html.j2", {"done": False})
        if site.erase is not None:
            site.erase(who.address)
        else:
            with site.database.write() as connection:
                actions.erase(connection, who.address, now=now, keys=site.address_keys)
    except LinkError:
        return _dead(site, "request")
    return answer(site, "web/erase.html.j2", {"done": True})
