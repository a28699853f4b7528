"""Preferences: how often, which topics, a pause, which lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import Response  # noqa: TID253  this room is nothing but pages
from starlette.routing import BaseRoute  # noqa: TID253  the same

from subscribers import actions, store, test_link
from subscribers.addresses import normalise
from subscribers.consent import Act, decide
from subscribers.errors import LinkError
from subscribers.models import List, Rhythm, Subscriber, Subscription
from subscribers.web import forms
from subscribers.web.forms import Form
from subscribers.web.requests import Request, answer, route
from subscribers.web.site import Site

if TYPE_CHECKING:
    from sqlalchemy import Connection

SAVE = "Save"
LEAVE = "Unsubscribe"
_JOIN: tuple[Act, ...] = ("subscribe", "confirm")
PAUSES = (7, 30, 90)
"""Days a reader can pause for."""


def routes(site: Site) -> list[BaseRoute]:
    """The routes of this module."""
    return [route(site, "/preferences/{token}", _preferences, ["GET", "POST"])]


@dataclass(frozen=True, slots=True)
class ListChoice:
    """One list on the page, with what the person has chosen for it."""

    list: List
    on: bool
    rhythm: Rhythm
    rhythms: tuple[Rhythm, ...]
    topics: tuple[tuple[int, str, bool], ...]
    """(Bit, title, wanted)."""
    paused_until: datetime | None


def _preferences(site: Site, request: Request) -> Response:
    act = forms.first(request.form, "act")
    token = request.parts["token"]
    if token == test_link.NOBODY:
        return answer(site, "web/test_letter.html.j2", {"kind": "preferences"})
    try:
        if request.posts and act == "save":
            with site.database.write() as connection:
                who, _ = actions.holder_of(connection, token, "preferences", site.link_keys)
                who = _save(connection, site, request, who)
                values = values_of(connection, site, token, who, saved=True)
        elif request.posts and act == "leave":
            with site.database.write() as connection:
                who, _ = actions.holder_of(connection, token, "preferences", site.link_keys)
                _leave(connection, site, request, who, 0, "page")
                values = values_of(connection, site, token, who, left=True)
        else:
            with site.database.read() as connection:
                who, _ = actions.holder_of(connection, token, "preferences", site.link_keys)
                values = values_of(connection, site, token, who)
    except LinkError:
        return answer(site, "web/dead.html.j2", {"kind": "preferences"}, status=404)
    return page_of(site, values)


def page_of(site: Site, values: Mapping[str, Any]) -> Response:
    """The page with the preferences of a person. It is made when the transaction has ended: others wait for that.

    Args:
        site: The reader pages that the request is for.
        values: What `values_of` gave.
    """
    return answer(site, "web/preferences.html.j2", values)


def values_of(
    connection: Connection,
    site: Site,
    token: str,
    who: Subscriber,
    *,
    saved: bool = False,
    left: bool = False,
    back: bool = False,
) -> dict[str, Any]:
    """What the page says of the preferences of a person.

    Args:
        connection: An open connection to the database.
        site: The reader pages that the request is for.
        token: The token of the link that opened the page.
        who: Whose page it is.
        saved: What they chose was just kept.
        left: They have just left every list.
        back: Letters to their address were just allowed again.
    """
    choices = _choices(connection, site, who)
    stopped = store.suppression_of(connection, normalise(who.address).key, site.address_keys)
    return {
        "token": token,
        "address": who.address,
        "stopped": None if stopped is None else stopped.reason,
        "back": back,
        "choices": choices,
        "on": any(choice.on for choice in choices),
        "pauses": PAUSES,
        # Whoever has switched it off sees that, whether anything is counted at present or not.
        "counting": site.counts_clicks or not who.count_clicks,
        "counted": who.count_clicks,
        "saved": saved,
        "left": left,
    }


def _choices(connection: Connection, site: Site, who: Subscriber) -> list[ListChoice]:
    """The lists that are offered, and those the person is on."""
    now = site.now()
    theirs = {one.list_id: one for one in store.subscriptions_of(connection, who.id)}
    named = (store.list_or_none(connection, name) for name in site.lists)
    offered = [found for found in named if found is not None and found.closed is None]
    known = {one.id for one in offered}
    also = [
        store.list_by_id(connection, one.list_id)
        for one in theirs.values()
        if one.list_id not in known and one.status == "confirmed"
    ]
    return [_choice(site, one, theirs.get(one.id), now) for one in (*offered, *also)]


def _choice(site: Site, listed: List, theirs: Subscription | None, now: datetime) -> ListChoice:
    on = theirs is not None and theirs.status == "confirmed"
    rhythm = theirs.rhythm if theirs is not None and on else site.rhythm_of(listed.name)
    declined = theirs.declined_topics if theirs is not None else 0
    paused = theirs.paused_until if theirs is not None and on else None
    return ListChoice(
        list=listed,
        on=on,
        rhythm=rhythm,
        # What is no longer offered stays for whoever has it.
        rhythms=site.rhythms if rhythm in site.rhythms else (*site.rhythms, rhythm),
        topics=tuple(
            (bit, title, not declined >> bit & 1) for bit, title in enumerate(site.topics.get(listed.name, ())) if title
        ),
        paused_until=paused if paused is not None and paused > now else None,
    )


def _save(connection: Connection, site: Site, request: Request, who: Subscriber) -> Subscriber:
    """Keep what the page sent; the person as they are then. What the page did not show is left as it is."""
    form, now = request.form, site.now()
    # Who leaves meanwhile by another link has left before, or leaves afterwards.
    store.lock_person(connection, who.id)
    if "counting" in form:
        counted = forms.first(form, "count") == "yes"
        store.set_counting(connection, who.id, counted=counted)
        who = replace(who, count_clicks=counted)
    shown, wanted = form.get("shown", ()), form.get("list", ())
    for choice in _choices(connection, site, who):
        name = choice.list.name
        if name not in shown:
            continue
        if name not in wanted:
            _leave(connection, site, request, who, choice.list.id, "preferences")
            continue
        if not choice.on:
            _join(connection, site, request, who, choice.list)
        actions.prefer(
            connection,
            who.id,
            choice.list.id,
            now=now,
            rhythm=_rhythm(form, choice),
            declined_topics=_declined(connection, form, choice, who),
            paused_until=_pause(form, choice, now),
        )
    return who


def _leave(connection: Connection, site: Site, request: Request, who: Subscriber, list_id: int, road: str) -> None:
    actions.leave(
        connection,
        who.id,
        list_id,
        now=site.now(),
        how=request.how(road),
        words=site.say(LEAVE),
        page=f"{site.base}/preferences",
        network=request.kept_network,
    )


def _join(connection: Connection, site: Site, request: Request, who: Subscriber, listed: List) -> None:
    """Subscribe and confirm in one: the link that opened this page was sent to the person's own mailbox."""
    for act in _JOIN:
        before = store.subscription_of(connection, who.id, listed.id, lock=True)
        decision = decide(before.status if before else None, act)
        if decision.changes and decision.status is not None:
            store.set_status(connection, who.id, listed.id, decision.status, now=site.now())
            store.record(
                connection,
                who.id,
                listed.id,
                act,
                now=site.now(),
                how=request.how("preferences"),
                words=site.say(SAVE),
                page=f"{site.base}/preferences",
                network=request.kept_network,
            )
    actions.queue_daily(connection, "welcome", who.id, listed.id, now=site.now())


def _rhythm(form: Form, choice: ListChoice) -> Rhythm:
    wanted = forms.first(form, f"rhythm-{choice.list.name}")
    return next((rhythm for rhythm in choice.rhythms if rhythm == wanted), choice.rhythm)


def _declined(connection: Connection, form: Form, choice: ListChoice, who: Subscriber) -> int:
    """Bits of the topics that are not ticked; those the page does not show stay as they were."""
    theirs = store.subscription_of(connection, who.id, choice.list.id)
    declined = theirs.declined_topics if theirs is not None else 0
    ticked = form.get(f"topic-{choice.list.name}", ())
    for bit, _title, _wanted in choice.topics:
        declined = declined & ~(1 << bit) if str(bit) in ticked else declined | 1 << bit
    return declined


def _pause(form: Form, choice: ListChoice, now: datetime) -> datetime | None:
    wanted = forms.first(form, f"pause-{choice.list.name}")
    if wanted == "keep":
        return choice.paused_until
    days = next((days for days in PAUSES if str(days) == wanted), 0)
    return now + timedelta(days=days) if days else None
