"""Where providers report what became of letters: one address for each, which verifies what arrives."""

from __future__ import annotations

from starlette.responses import Response  # noqa: TID253  this room is nothing but pages
from starlette.routing import BaseRoute  # noqa: TID253  the same

from subscribers.web.requests import Handler, Request, route
from subscribers.web.site import Hook, Site

REPORT_BYTES = 4 * 1024 * 1024
"""Most bytes of a provider's report."""


def routes(site: Site) -> list[BaseRoute]:
    """The routes of this module, ``POST /hooks/<provider>``."""
    return [
        route(site, f"/hooks/{name}", _reported(hook), ["POST"], most=REPORT_BYTES, raw=True)
        for name, hook in site.hooks.items()
    ]


def _reported(hook: Hook) -> Handler:
    def handler(_site: Site, request: Request) -> Response:
        return Response(status_code=hook(request.headers, request.body))

    return handler
