"""The page on which a reader answers what a letter asks: opening it writes nothing, its button counts."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from newsletter import polls
from newsletter.letters import answer_links
from newsletter.text import numbers
from subscribers import test_link

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from newsletter.polls import PollResults
    from newsletter.web.pages import Pages
    from subscribers.web import Request, Site

_FORM = re.compile(r"[A-Za-z0-9_-]{22}")


def poll_routes(site: Site, pages: Pages) -> list[BaseRoute]:
    """The route of the questions of letters: ``/polls/<signed>``.

    The same address stands in the letter of every reader, no cookie is set, and of whoever asks nothing is kept but,
    for an hour, a keyed hash of the network that a vote came from.

    Args:
        site: The reader pages that it is added to.
        pages: Their language and digits.
    """
    from subscribers.web import answer, forms, route

    template = "web/poll.html.j2"

    def poll(site: Site, request: Request) -> Response:
        named = answer_links.read(request.parts["signed"], keys=site.link_keys)
        if named is None:
            return missing(site)
        poll_id, chosen = named
        with site.database.read() as connection:
            found = polls.get(connection, poll_id)
        if found is None or chosen >= len(found.answers):
            return missing(site)
        return taken(site, request, found, chosen) if request.posts else asked(site, found, chosen)

    def asked(site: Site, found: PollResults, chosen: int, *, problem: str = "", status: int = 200) -> Response:
        if found.closed(site.now()):
            return done(site, found, "closed")
        values = {
            "poll": found,
            "chosen": chosen,
            "stamp": forms.stamp(site.link_keys, site.now()),
            "form": secrets.token_urlsafe(16),
            "problem": problem,
        }
        return answer(site, template, {"state": "asked", **values}, status=status)

    def taken(site: Site, request: Request, found: PollResults, chosen: int) -> Response:
        wanted, form = forms.first(request.form, "answer"), forms.first(request.form, "form")
        place = int(wanted) if re.fullmatch(r"[0-9]", wanted) else len(found.answers)
        if place >= len(found.answers):
            return asked(site, found, chosen, problem="none", status=400)
        age = forms.age(forms.first(request.form, "at"), site.link_keys, site.now())
        # A button on somebody else's site presses in the reader's name (Fetch Metadata, section 2.2).
        foreign = request.headers.get("sec-fetch-site", "") == "cross-site"
        if foreign or age is None or age > forms.LATEST or not _FORM.fullmatch(form):
            return asked(site, found, place, problem="again")
        with site.database.write() as connection:
            outcome = polls.count(
                connection,
                found.id,
                place,
                form,
                network=request.network,
                keys=site.address_keys,
                caps=site.caps,
                now=site.now(),
            )
            after = polls.get(connection, found.id)
        if outcome is None or after is None:
            return missing(site)
        if outcome == "full":
            response = asked(site, found, place, problem="full", status=429)
            response.headers["retry-after"] = "3600"
            return response
        return done(site, after, "closed" if outcome == "closed" else "thanked")

    def done(site: Site, found: PollResults, state: str) -> Response:
        about = pages.publication
        bars = []
        for words, number in found.answers if found.shows_results else ():
            share = number / found.total if found.total else 0.0
            said = numbers.percent(share, about.language, about.digits, 0)
            bars.append({"words": words, "percent": said, "width": round(100 * share, 1)})
        return answer(site, template, {"state": state, "poll": found, "bars": bars})

    def of_a_test(site: Site, _request: Request) -> Response:
        return answer(site, "web/test_letter.html.j2", {"kind": "poll"})

    def missing(site: Site) -> Response:
        return answer(site, "web/trouble.html.j2", {"status": 404, "no_poll": True}, status=404)

    return [
        route(site, f"/{test_link.POLL}", of_a_test),
        route(site, f"/{answer_links.FOLDER}/{{signed}}", poll, ["GET", "POST"], counted=True),
    ]
