"""The stylesheet and the modules of JavaScript, which a browser may keep: their addresses have a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.desk.models import DeskRoute

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest

KEPT = {"cache-control": "public, max-age=31536000, immutable"}


def _asset(request: DeskRequest) -> Response:
    found = request.desk.pages.asset(request.path["name"])
    if found is None:
        return request.text("", status=404)
    kind = "css" if request.path["name"].endswith(".css") else "javascript"
    answer = request.text(found, f"text/{kind}; charset=utf-8")
    answer.headers.update(KEPT)
    return answer


ROUTES = (DeskRoute("GET", "/assets/{version}/{name}", _asset, "anyone"),)
