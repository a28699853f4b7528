"""The application of the desk: the one table of its addresses, and what stands around every handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from newsletter.desk import assets, sending
from newsletter.desk.models import DeskRoute, Editor
from newsletter.desk.request import DeskRequest, UploadedFile
from subscribers.errors import Complaint

if TYPE_CHECKING:
    from newsletter.desk.desk import Desk

ROUTES: tuple[DeskRoute, ...] = (*assets.ROUTES, *sending.ROUTES)
"""Every address of the desk."""


def create_app(desk: Desk) -> Starlette:
    """The ASGI application of the desk.

    Args:
        desk: What its handlers share.
    """
    return Starlette(routes=[_route(desk, one) for one in ROUTES])


def _route(desk: Desk, route: DeskRoute) -> Route:
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(_handled, route, await _read(desk, request))

    return Route(route.path, answer, methods=[route.method])


async def _read(desk: Desk, request: Request) -> DeskRequest:
    """The request with its body read."""
    many: dict[str, tuple[str, ...]] = {}
    files: dict[str, UploadedFile] = {}
    body = b""
    if request.method == "POST":
        body = await request.body()
        if not request.headers.get("content-type", "").startswith("application/json"):
            async with request.form() as form:
                for name, value in form.multi_items():
                    if isinstance(value, UploadFile):
                        files[name] = UploadedFile(value.filename or "", await value.read())
                    else:
                        many[name] = (*many.get(name, ()), value)
    return DeskRequest(
        desk=desk,
        workspace=desk.workspace,
        editor=Editor("editor", frozenset({"look", "edit", "send"})),
        csrf="",
        method=request.method,
        path=dict(request.path_params),
        query=dict(request.query_params),
        headers=request.headers,
        form={name: values[-1] for name, values in many.items()},
        many=many,
        files=files,
        body=body,
    )


def _handled(route: DeskRoute, request: DeskRequest) -> Response:
    try:
        return route.handler(request)
    except Complaint as error:
        return complained(request, error)


def complained(request: DeskRequest, error: Complaint, *, status: int = 422) -> Response:
    """The sentence of an error a person can mend, as JSON or as a page.

    Args:
        request: What was asked.
        error: What is wrong, where, and how to mend it.
        status: HTTP status.
    """
    told = {"what": error.what, "where": error.where, "mend": error.mend}
    if request.wants_json:
        return JSONResponse({"error": told}, status)
    return HTMLResponse(request.fill("desk/trouble.html.j2", {"place": "", "trouble": told}), status)
