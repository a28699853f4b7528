"""الفحص: the last examination of the doctor, a new one, and a copy of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.desk.examining.run import run_of
from newsletter.desk.examining.view import page_values
from newsletter.desk.models import DeskRoute

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest


def _page(request: DeskRequest) -> Response:
    workspace = request.workspace
    stays = workspace.settings.sender.kind == "outbox"
    view = run_of(request.desk).view
    here = workspace.any_database.is_sqlite
    values = page_values(view, request.desk.pages, workspace.now(), stays=stays, copied_here=here)
    return request.page("desk/examining/page.html.j2", {**values, "tab": "doctor"}, place="doctor")


def _run(request: DeskRequest) -> Response:
    run_of(request.desk).start()
    return request.to("/doctor")


def _backup(request: DeskRequest) -> Response:
    from newsletter.storage.database import backup

    backup(request.workspace.database, now=request.workspace.now())
    request.desk.noted("backup", by=request.editor.name)
    run_of(request.desk).look_again("backup")
    return request.to("/doctor#backup")


ROUTES = (
    DeskRoute("GET", "/doctor", _page, "look"),
    DeskRoute("POST", "/doctor/run", _run, "edit"),
    DeskRoute("POST", "/backup", _backup, "edit"),
)
