"""التقرير: what became of an issue, on a page, as a table and as data. Nothing here writes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from newsletter.desk.models import DeskRoute
from newsletter.desk.reporting.view import page_values
from newsletter.errors import SendError

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from newsletter.report.models import NewsroomReport

_BOM = "\ufeff"
"""The mark by which spreadsheets know UTF-8: without it Excel shows no Arabic."""


def _latest(request: DeskRequest) -> Response:
    return _page(request, ())


def _one(request: DeskRequest) -> Response:
    return _page(request, (request.path["n"],))


def _page(request: DeskRequest, names: tuple[str, ...]) -> Response:
    from newsletter.workflows import reports

    issues = reports.reported(request.workspace)
    try:
        found = reports.counted(request.workspace, names)
    except SendError:
        if names:
            raise
        return request.page("desk/reporting/none.html.j2", {}, place="report")
    values = page_values(found, request.desk.pages, issues, reports.troubles(request.workspace))
    clicks = request.workspace.settings.tracking.clicks
    return request.page("desk/reporting/page.html.j2", {**values, "clicks_are_on": clicks != "off"}, place="report")


def _table(request: DeskRequest) -> Response:
    from newsletter.report import plain
    from subscribers.csvfile.formulas import neutral

    found = _counted(request)
    lines = io.StringIO()
    lines.write(_BOM)
    writer = csv.writer(lines)
    writer.writerow((*plain.COLUMNS, *plain.NUMBERS))
    for row in plain.table_rows(found):
        writer.writerow([neutral(str(value)) for value in row.values()])
    answer = request.text(lines.getvalue(), "text/csv; charset=utf-8")
    answer.headers.update(_as_file(found, "csv"))
    return answer


def _data(request: DeskRequest) -> Response:
    from newsletter.report import plain

    found = _counted(request)
    answer = request.data(plain.plain(found))
    answer.headers.update(_as_file(found, "json"))
    return answer


def _counted(request: DeskRequest) -> NewsroomReport:
    from newsletter.workflows import reports

    return reports.counted(request.workspace, (request.path["n"],))


def _as_file(found: NewsroomReport, ending: str) -> Mapping[str, Any]:
    name = re.sub(r"[^A-Za-z0-9-]+", "-", found.reports[0].issue)
    return {"content-disposition": f'attachment; filename="report-{name}.{ending}"'}


ROUTES = (
    DeskRoute("GET", "/report", _latest, "look"),
    DeskRoute("GET", "/report/{n}.csv", _table, "look"),
    DeskRoute("GET", "/report/{n}.json", _data, "look"),
    DeskRoute("GET", "/report/{n}", _one, "look"),
)
