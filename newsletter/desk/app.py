"""The application of the desk: the one table of its addresses, and what stands around every handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, Router

from newsletter.desk.complaints import as_data, as_html
from newsletter.desk.guard import ADMISSION, Admission, DeskGuard, same
from newsletter.desk.models import DeskRoute
from newsletter.desk.refusals import refusal
from newsletter.desk.request import DeskRequest, UploadedFile
from newsletter.desk.routes import ROUTES
from subscribers.errors import Complaint

if TYPE_CHECKING:
    from newsletter.desk.desk import Desk

MOST_FILES, MOST_FIELDS = 50, 2000
"""Files and fields of one form."""


def create_app(desk: Desk) -> DeskGuard:
    """The ASGI application of the desk.

    Args:
        desk: What its handlers share.
    """
    routes = [(_route(desk, one), one) for one in ROUTES]
    return DeskGuard(Router([ours for ours, _ in routes], redirect_slashes=False), desk, routes)


def _route(desk: Desk, route: DeskRoute) -> Route:
    async def answer(request: Request) -> Response:
        # Without an admission nobody is let in: this is a KeyError, and the answer a fault.
        admission: Admission = request.scope[ADMISSION]
        if admission.route is not route:
            raise LookupError("a request was admitted to another route")
        read = await _read(desk, request, admission)
        if request.method == "POST" and route.role != "anyone" and not _carries_csrf(read, admission):
            return refusal(
                desk, 403, page=not read.wants_json, editor=admission.editor, sign_in=admission.sign_in, why="old"
            )
        return await run_in_threadpool(_handled, route, read)

    return Route(route.path, answer, methods=[route.method])


def _carries_csrf(request: DeskRequest, admission: Admission) -> bool:
    """Whether a form, or the header of our JavaScript, has what this browser's pages carry."""
    told = request.headers.get("x-csrf") or request.form.get("csrf", "")
    return admission.sign_in is not None and same(told, admission.sign_in.csrf)


async def _read(desk: Desk, request: Request, admission: Admission) -> DeskRequest:
    """The request with its body read."""
    many: dict[str, tuple[str, ...]] = {}
    files: dict[str, UploadedFile] = {}
    body = b""
    if request.method == "POST":
        kind = request.headers.get("content-type", "").strip().lower()
        if not kind.startswith("multipart/"):
            body = await request.body()  # a file is read once only
        if not kind.startswith("application/json"):
            most = admission.route.most
            async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=most) as form:
                for name, value in form.multi_items():
                    if isinstance(value, UploadFile):
                        files[name] = UploadedFile(value.filename or "", await value.read())
                    else:
                        many[name] = (*many.get(name, ()), value)
    sign_in = admission.sign_in
    return DeskRequest(
        desk=desk,
        workspace=desk.workspace,
        editor=admission.editor,
        csrf=sign_in.csrf if sign_in is not None else "",
        method=request.method,
        path=dict(request.path_params),
        query=dict(request.query_params),
        headers=request.headers,
        form={name: values[-1] for name, values in many.items()},
        many=many,
        files=files,
        body=body,
        sign_in=sign_in,
        cookie=admission.cookie,
        network=admission.network,
    )


def _handled(route: DeskRoute, request: DeskRequest) -> Response:
    from newsletter.storage.database import DatabaseAwayError

    try:
        return route.handler(request)
    except DatabaseAwayError as error:
        return complained(request, error, status=503)  # the page tries again by itself
    except Complaint as error:
        return complained(request, error)


def complained(request: DeskRequest, error: Complaint, *, status: int = 422) -> Response:
    """The sentence of an error a person can mend, as JSON or as a page.

    Args:
        request: What was asked.
        error: What is wrong, where, and how to mend it.
        status: HTTP status.
    """
    words = request.desk.pages.words
    if request.wants_json:
        return JSONResponse({"error": as_data(words, error)}, status)
    what, mend = as_html(words, error)
    told = {"what": what, "where": error.where, "mend": mend}
    return HTMLResponse(request.fill("desk/trouble.html.j2", {"place": "", "trouble": told}), status)
