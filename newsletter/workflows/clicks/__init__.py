"""The addresses by which the counted links of letters lead on: a redirect, one number more, and nobody who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.letters import click_links
from newsletter.text import machines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from newsletter.workflows.clicks.visits import VisitCounter
    from subscribers.web import Request, Site


def click_routes(site: Site, counter: VisitCounter) -> list[BaseRoute]:
    """The route of counted links: ``/go/<signed>``.

    It answers 302 (RFC 9110 section 15.4.3): the article is elsewhere this time, and a browser asks again the next
    time. The same address stands in the letter of every reader, and no cookie is set.

    Args:
        site: The reader pages that it is added to.
        counter: What knows where links lead, and counts.
    """
    from starlette.responses import Response

    from subscribers.web import answer, route

    def lead(site: Site, request: Request) -> Response:
        name = click_links.read(request.parts["signed"], keys=site.link_keys)
        url = None if name is None else counter.url(name)
        if name is None or url is None:
            return answer(site, "web/trouble.html.j2", {"status": 404, "no_link": True}, status=404)
        if asks_for_the_page(request.method, request.headers):
            agent, language = (request.headers.get(one, "") for one in ("user-agent", "accept-language"))
            machine = machines.says_so(agent)
            counter.visit(name, network=request.network, agent=f"{agent}\n{language}", machine=machine)
        # Neither where it came from nor the answer itself is kept: SECURITY says "no-referrer" and "no-store".
        return Response(status_code=302, headers={"location": click_links.location(url)})

    return [route(site, f"/{click_links.FOLDER}/{{signed}}", lead)]


def asks_for_the_page(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request is one for the article, and not for what might be wanted of it later.

    Args:
        method: Of the request; a HEAD wants no article.
        headers: Names in lower case. Browsers mark what they fetch ahead (Fetch, "Sec-Purpose"; before it ``Purpose``,
            ``X-Purpose`` and ``X-Moz``), and what is no navigation (Fetch Metadata, section 2.3): a picture of somebody
            else's page is no click.
    """
    purposes = (headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"))
    ahead = any("prefetch" in one.lower() or "preview" in one.lower() for one in purposes)
    return method == "GET" and not ahead and headers.get("sec-fetch-mode", "navigate") == "navigate"
