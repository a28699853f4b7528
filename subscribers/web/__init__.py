"""The pages that readers see: subscribe, confirm, choose, leave; and whatever routes it is handed beside them.

GET, HEAD and OPTIONS never write. No page sets a cookie, and there is no redirect. Import it late: it brings
Starlette and SQLAlchemy.

``site`` holds what the pages are handed, ``requests`` turns what arrives into a ``Request`` and a handler into a route,
``forms`` reads bodies, ``client_address`` finds out who asks, ``middleware`` stands around everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette  # noqa: TID253  this room is nothing but pages, and is imported late itself
from starlette.routing import BaseRoute, Mount, Router  # noqa: TID253  the same

from subscribers.web import account, assets, errors, hooks, leave, preferences, stay, subscribe
from subscribers.web.middleware import Middleware
from subscribers.web.requests import (
    Request,
    answer,
    file_answer,
    route,
)
from subscribers.web.site import Page, Site

__all__ = ["Page", "Request", "Site", "answer", "create_app", "file_answer", "route"]

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


def create_app(site: Site, *, routes: Sequence[BaseRoute] = (), lifespan: Lifespan | None = None) -> Middleware:
    """The ASGI application of the reader pages.

    Args:
        site: Everything the pages need and must not import.
        routes: More routes, for example those of the archive; made with `route`.
        lifespan: What runs beside the pages, as Starlette wants it.
    """
    parts = (subscribe, preferences, account, leave, stay, assets, hooks)
    own = [*(one for part in parts for one in part.routes(site)), *routes]
    pages = Starlette(
        routes=[Mount(site.path, app=Router(own, redirect_slashes=False))] if site.path else own,
        exception_handlers=errors.handlers(site),
        lifespan=lifespan,
    )
    # The redirect would be built from the Host header of a stranger.
    pages.router.redirect_slashes = False
    return Middleware(pages, site)
