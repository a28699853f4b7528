"""Pages for what has no page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException  # noqa: TID253  this room is nothing but pages
from starlette.requests import Request  # noqa: TID253  the same
from starlette.responses import Response  # noqa: TID253  the same

from subscribers.web.requests import trouble
from subscribers.web.site import Site


def handlers(site: Site) -> dict[Any, Callable[[Request, Any], Awaitable[Response]]]:
    """What Starlette calls for a path that nobody knows, a method that a path does not take, and a fault."""

    async def told(_request: Request, error: Any) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        response = trouble(site, status)
        for name, value in (getattr(error, "headers", None) or {}).items():
            response.headers[name] = value
        return response

    return {HTTPException: told, Exception: told}
