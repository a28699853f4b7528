"""What is no page for readers: the stylesheet, the icon, robots.txt, and whether the server is well."""

from __future__ import annotations

from starlette.responses import JSONResponse, PlainTextResponse, Response  # noqa: TID253  this room is nothing but pages
from starlette.routing import BaseRoute  # noqa: TID253  the same

from subscribers.errors import Complaint
from subscribers.web.requests import (
    Request,
    answer,
    route,
)
from subscribers.web.site import Site

A_DAY = 86_400


def routes(site: Site) -> list[BaseRoute]:
    """The routes of this module."""
    return [
        route(site, "/style.css", _style),
        route(site, "/icon.svg", _icon),
        route(site, "/robots.txt", _robots),
        route(site, "/health", _health),
        route(site, "/health/pages", _health_of_pages),
    ]


def _style(site: Site, _request: Request) -> Response:
    return answer(site, "web/style.css.j2", public=A_DAY, kind="text/css; charset=utf-8")


def _icon(site: Site, _request: Request) -> Response:
    return answer(site, "web/icon.svg.j2", public=A_DAY, kind="image/svg+xml")


def _robots(site: Site, _request: Request) -> Response:
    closed = ("confirm", "leave", "preferences", "address", "erase", "view", "hooks")
    text = "User-agent: *\n" + "".join(f"Disallow: /{path}/\n" for path in closed)
    text += f"\nSitemap: {site.site_map}\n" if site.site_map else ""
    return PlainTextResponse(text, headers={"cache-control": f"public, max-age={A_DAY}"})


def _health(site: Site, request: Request) -> Response:
    """Whether the program is well, as far as somebody outside was handed in who knows; else as ``/health/pages``."""
    if site.health is None:
        return _health_of_pages(site, request)
    status, told = site.health(request.headers.get("authorization", ""))
    return JSONResponse(dict(told), status, {"cache-control": "no-store"})


def _health_of_pages(site: Site, _request: Request) -> Response:
    """Whether the pages can be served: 200, or 503 when the database does not answer."""
    from sqlalchemy import text

    try:
        with site.database.read() as connection:
            connection.execute(text("SELECT 1")).one()
    except Complaint:
        return JSONResponse({"ok": False}, 503, {"cache-control": "no-store"})
    return JSONResponse({"ok": True}, headers={"cache-control": "no-store"})
