"""Subscribing and confirming.

Whatever state an address is in, the one who asks sees the same answer, after the same time.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response  # noqa: TID253  this room is nothing but pages
from starlette.routing import BaseRoute  # noqa: TID253  the same

from subscribers import actions, store, tokens
from subscribers.addresses import Address, normalise
from subscribers.consent import PITCH
from subscribers.errors import AddressError, ConsentError, LinkError
from subscribers.models import List, Rhythm
from subscribers.web import forms
from subscribers.web.forms import Form
from subscribers.web.requests import Request, answer, route
from subscribers.web.site import Site

CONFIRM = "Yes, subscribe me"

HONEYPOT = "website"
"""A field that people do not see. What fills it in is no person."""


def routes(site: Site) -> list[BaseRoute]:
    """The routes of this module."""
    return [
        route(site, "/", _form),
        route(site, "/subscribe", _subscribe, ["GET", "POST"], even=True),
        route(site, "/embed", _embedded, ["GET", "POST"], even=True),
        route(site, "/confirm/{token}", _confirm, ["GET", "POST"]),
    ]


def _form(site: Site, _request: Request) -> Response:
    return _show_form(site, {})


def _subscribe(site: Site, request: Request) -> Response:
    return _take(site, request, framed=False) if request.posts else _show_form(site, {})


def _embedded(site: Site, request: Request) -> Response:
    return _take(site, request, framed=True) if request.posts else _show_form(site, {}, framed=True)


def _show_form(site: Site, form: Form, *, problem: str = "", framed: bool = False, status: int = 200) -> Response:
    with site.database.read() as connection:
        lists = _offered(connection, site)
    values = {
        "pitch": site.say(PITCH),
        "honeypot": HONEYPOT,
        "stamp": forms.stamp(site.link_keys, site.now()),
        "lists": lists,
        "chosen": _chosen(site, form),
        "rhythms": site.rhythms,
        "rhythm": _rhythm(site, form),
        "email": forms.first(form, "email")[:254],
        "problem": problem,
        "action": "/embed" if framed else "/subscribe",
        "framed": framed,
    }
    return _framed(site, "web/subscribe.html.j2", values, framed=framed, status=status, listed=not framed)


def _take(site: Site, request: Request, *, framed: bool) -> Response:
    """Judge what a form sent; nothing of the judgement depends on who is subscribed."""
    form = request.form
    try:
        wanted = normalise(forms.first(form, "email"))
    except AddressError:
        problem = "address" if forms.first(form, "email").strip() else "empty"
        return _show_form(site, form, problem=problem, framed=framed, status=400)
    age = forms.age(forms.first(form, "at"), site.link_keys, site.now())
    if age is None or not forms.SOONEST <= age <= forms.LATEST:
        # A form on another site cannot say when its page was made: its reader presses once more, on ours.
        return _show_form(site, form, problem="again", framed=framed)
    if not forms.first(form, HONEYPOT):
        _wish(site, request, wanted, "embedded form" if framed else "form")
    return _framed(site, "web/inbox.html.j2", {"framed": framed}, framed=framed)


def _wish(site: Site, request: Request, wanted: Address, road: str) -> None:
    """Write the wish down, within the caps; nearly the same statements whatever state the address is in."""
    with site.database.write() as connection:
        actions.wish(
            connection,
            wanted,
            _chosen(site, request.form),
            now=site.now(),
            keys=site.address_keys,
            caps=site.caps,
            network=request.network,
            how=request.how(road),
            words=site.say(PITCH),
            rhythm=_rhythm(site, request.form),
        )


def _confirm(site: Site, request: Request) -> Response:
    token, now = request.parts["token"], site.now()
    if not request.posts:
        with site.database.read() as connection:
            asked = actions.read_confirmation(connection, token, now=now)
        if asked is None or asked.status == "left":
            return _dead(site)
        return answer(site, "web/confirm.html.j2", {"list": asked.list, "already": asked.status == "confirmed"})
    try:
        with site.database.write() as connection:
            done = actions.confirm(
                connection, token, now=now, how=request.how("confirmation page"), words=site.say(CONFIRM)
            )
    except (LinkError, ConsentError):
        return _dead(site)
    who = done.subscriber
    link = tokens.make("preferences", site.link_keys, public_id=who.public_id, list_id=0, epoch=who.epoch)
    return answer(site, "web/confirmed.html.j2", {"list": done.list, "already": done.already, "preferences": link})


def _dead(site: Site) -> Response:
    return answer(site, "web/dead.html.j2", {"kind": "confirm"}, status=404)


def _framed(
    site: Site, template: str, values: dict[str, Any], *, framed: bool, status: int = 200, listed: bool = False
) -> Response:
    frames = ("'self'", *site.frame_ancestors) if framed else ()
    return answer(site, template, values, status=status, frames=frames, listed=listed)


def _offered(connection: Any, site: Site) -> list[List]:
    found = [store.list_or_none(connection, name) for name in site.lists]
    return [one for one in found if one is not None and one.closed is None]


def _chosen(site: Site, form: Form) -> str:
    name = forms.first(form, "list")
    return name if name in site.lists else site.lists[0]


def _rhythm(site: Site, form: Form) -> Rhythm:
    wanted = forms.first(form, "rhythm")
    return next((rhythm for rhythm in site.rhythms if rhythm == wanted), site.rhythm)
