"""Subscribing and confirming.

Whatever state an address is in, the one who asks sees the same answer, after the same time.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response  # noqa: TID253  this room is nothing but pages
from starlette.routing import BaseRoute  # noqa: TID253  the same

from subscribers import actions, store, tokens
from subscribers.addresses import Address, likely_typo, normalise
from subscribers.consent import PITCH
from subscribers.errors import AddressError, ConsentError, LinkError
from subscribers.models import List, Rhythm
from subscribers.web import forms
from subscribers.web.back import way_back
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
        route(site, "/subscribe", _subscribe, ["GET", "POST"], even=True, counted=True),
        route(site, "/embed", _embedded, ["GET", "POST"], even=True, counted=True),
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
    if not lists:
        # Every list is closed.
        return answer(site, "web/trouble.html.j2", {"status": 404}, status=404)
    values = {
        "pitch": site.say(PITCH),
        "honeypot": HONEYPOT,
        "stamp": forms.stamp(site.link_keys, site.now()),
        "lists": lists,
        "chosen": _chosen(lists, form),
        "topics": () if framed else _topics(site, form, lists),
        "rhythms": site.rhythms,
        "rhythm": _rhythm(site, form, _chosen(lists, form)[0]),
        "email": forms.first(form, "email")[:254],
        "problem": problem,
        "action": "/embed" if framed else "/subscribe",
        "framed": framed,
        "back": way_back(forms.first(form, "back"), site.home),
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
    if "lists" in form and not form.get("list"):
        return _show_form(site, form, problem="list", framed=framed, status=400)
    age = forms.age(forms.first(form, "at"), site.link_keys, site.now())
    if age is None or not forms.SOONEST <= age <= forms.LATEST:
        # A form on another site cannot say when its page was made: its reader presses once more, on ours.
        return _show_form(site, form, problem="again", framed=framed)
    if not forms.first(form, HONEYPOT):
        _wish(site, request, wanted, "embedded form" if framed else "form")
    back = way_back(forms.first(form, "back"), site.home)
    values = {"framed": framed, "action": "/embed" if framed else "/subscribe", "back": back}
    values |= _meant(site, form, wanted)
    return _framed(site, "web/inbox.html.j2", values, framed=framed)


def _meant(site: Site, form: Form, wanted: Address) -> dict[str, Any]:
    """What the page needs to offer another spelling: it hangs on the address that was typed, and on nothing else.

    The wish as it was typed is taken all the same: the domain may be real, and nobody has to press again.
    """
    meant = likely_typo(wanted.address)
    if not meant:
        return {"meant": ""}
    again = [(name, value) for name, values in form.items() if _repeated(name) for value in values]
    return {"meant": meant, "again": again, "stamp": forms.stamp(site.link_keys, site.now())}


def _repeated(name: str) -> bool:
    """Whether a field of the form goes into the one that corrects the address."""
    return name in ("list", "lists", "rhythm", "topics", "back") or name.startswith("topic-")


def _wish(site: Site, request: Request, wanted: Address, road: str) -> None:
    """Write the wish down, within the caps; nearly the same statements whatever state the address is in."""
    with site.database.write() as connection:
        # A form made before a list was closed may still name it.
        chosen = _chosen(_offered(connection, site), request.form)
        if not chosen:
            return
        actions.wish(
            connection,
            wanted,
            chosen[0],
            now=site.now(),
            keys=site.address_keys,
            caps=site.caps,
            network=request.network,
            keep_network=bool(request.kept_network),
            how=request.how(road),
            words=site.say(PITCH),
            page=f"{site.base}/embed" if road == "embedded form" else f"{site.base}/subscribe",
            rhythm=_rhythm(site, request.form, chosen[0]),
            also=chosen[1:],
            declined=_declined(site, request.form),
            keep_for=site.pending,
        )


def _confirm(site: Site, request: Request) -> Response:
    token, now = request.parts["token"], site.now()
    if not request.posts:
        with site.database.read() as connection:
            asked = actions.read_confirmation(connection, token, now=now)
        if asked is None or asked.status == "left":
            return _dead(site)
        return answer(
            site,
            "web/confirm.html.j2",
            {"list": asked.list, "also": asked.also, "already": asked.status == "confirmed"},
        )
    try:
        with site.database.write() as connection:
            done = actions.confirm(
                connection,
                token,
                now=now,
                how=request.how("confirmation page"),
                words=site.say(CONFIRM),
                page=f"{site.base}/confirm",
                network=request.kept_network,
            )
    except (LinkError, ConsentError):
        return _dead(site)
    who = done.subscriber
    link = tokens.make("preferences", site.link_keys, public_id=who.public_id, list_id=0, epoch=who.epoch)
    values = {"list": done.list, "also": done.also, "already": done.already, "preferences": link}
    return answer(site, "web/confirmed.html.j2", values)


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


def _chosen(offered: list[List], form: Form) -> tuple[str, ...]:
    """Names of the lists that are ticked; without any, the first that is offered."""
    wanted = form.get("list", ())
    names = tuple(one.name for one in offered)
    return tuple(name for name in names if name in wanted) or names[:1]


def _topics(site: Site, form: Form, lists: list[List]) -> list[tuple[List, list[tuple[int, str, bool]]]]:
    """Each list that has topics, with (bit, title, ticked) of each."""
    declined = _declined(site, form)
    return [
        (one, [(bit, title, not declined.get(one.name, 0) >> bit & 1) for bit, title in topics])
        for one in lists
        if (topics := _titles(site, one.name))
    ]


def _titles(site: Site, name: str) -> list[tuple[int, str]]:
    return [(bit, title) for bit, title in enumerate(site.topics.get(name, ())) if title]


def _declined(site: Site, form: Form) -> dict[str, int]:
    """By list, the bits of the topics that the form showed and that are not ticked."""
    found = {}
    for name in form.get("topics", ()):
        if name in site.lists:
            ticked = form.get(f"topic-{name}", ())
            found[name] = sum(1 << bit for bit, _ in _titles(site, name) if str(bit) not in ticked)
    return found


def _rhythm(site: Site, form: Form, list_name: str) -> Rhythm:
    wanted = forms.first(form, "rhythm")
    return next((rhythm for rhythm in site.rhythms if rhythm == wanted), site.rhythm_of(list_name))
