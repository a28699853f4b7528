"""The pictures and calendar files of letters as the reader pages answer with them: names that never change, no list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter import media

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from newsletter.storage.database import Database
    from subscribers.web import Request, Site

_FOR_GOOD = "public, max-age=31536000, immutable"
"""A name never means another picture (RFC 9111 section 5.2.2.1, RFC 8246)."""


def media_routes(site: Site, database: Database) -> list[BaseRoute]:
    """The route of hosted pictures: ``/media/<name>``.

    Whoever asks is nobody: no cookie is set, nothing of the request is kept, and the same address stands in the letter
    of every reader.

    Args:
        site: The reader pages that it is added to.
        database: Of the workspace.
    """
    from subscribers.web import answer, file_answer, route

    def picture(site: Site, request: Request) -> Response:
        name = request.parts["name"]
        with database.read() as connection:
            found = media.get(connection, name)
        if found is None:
            return answer(site, "web/trouble.html.j2", {"status": 404}, status=404)
        tag = f'"{name}"'
        # A browser or a proxy that has it asks whether it is still the same: it always is (RFC 9110 section 13.1.2).
        there = _names(request.headers.get("if-none-match", ""), tag)
        response = file_answer(b"" if there else found.data, found.content_type, status=304 if there else 200)
        # Mail programs in a browser show it on their own page; search engines need not know it.
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        response.headers["cache-control"] = _FOR_GOOD
        response.headers["etag"] = tag
        if found.content_type == "text/calendar":
            response.headers["content-type"] = "text/calendar; charset=utf-8"
            response.headers["content-disposition"] = 'attachment; filename="event.ics"'
        if there:
            del response.headers["content-length"]
        return response

    return [route(site, f"/{media.FOLDER}/{{name}}", picture)]


def _names(wanted: str, tag: str) -> bool:
    """Whether an If-None-Match names a tag; weak ones compare like strong ones here (RFC 9110 section 8.8.3.2)."""
    return wanted.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in wanted.split(","))
