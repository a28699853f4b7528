"""One request to the desk as its handlers see it, and the answers that they give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.responses import Response as Answer

from newsletter.desk.models import Editor, Place
from newsletter.errors import NashraError

if TYPE_CHECKING:
    from newsletter.desk.desk import Desk
    from newsletter.desk.sign_ins import SignIn
    from newsletter.wiring import Workspace


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that a form sent."""

    name: str
    """As the browser called it: a stranger's text, never a path."""
    content: bytes


@dataclass(frozen=True)
class DeskRequest:
    """One request."""

    desk: Desk
    workspace: Workspace
    editor: Editor
    csrf: str
    """What every form of this person carries, bound to their session."""
    method: str
    path: Mapping[str, str]
    """What stands in the place of each name in the route's path."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)
    """Fields of a form, the last of each name."""
    many: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """All values of each field."""
    files: Mapping[str, UploadedFile] = field(default_factory=dict)
    body: bytes = b""
    sign_in: SignIn | None = None
    """None where nobody has signed in."""
    cookie: str = ""
    """What the browser says it is signed in by, be it so or not."""
    network: str = ""
    """The network the request came from."""

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            NashraError: It is none.
        """
        return json_object(self.body)

    @property
    def wants_json(self) -> bool:
        """Whether whoever asks is a program, or our own JavaScript."""
        return "application/json" in self.headers.get("accept", "")

    def page(self, template: str, values: Mapping[str, Any], *, place: Place = "", status: int = 200) -> Response:
        """A whole page in the frame.

        Args:
            template: Extends ``desk/base.html.j2``.
            values: What the template uses.
            place: Which of the five places is marked.
            status: HTTP status.
        """
        return HTMLResponse(self.fill(template, {"place": place, **values}), status)

    def fragment(self, template: str, values: Mapping[str, Any], *, status: int = 200) -> Response:
        """A part of a page."""
        return HTMLResponse(self.fill(template, values), status)

    def data(self, values: Mapping[str, Any], *, status: int = 200) -> Response:
        """A JSON object."""
        return JSONResponse(dict(values), status)

    def text(self, words: str, kind: str = "text/plain; charset=utf-8", *, status: int = 200) -> Response:
        """Plain text, or another kind of it."""
        return Answer(words, status, media_type=kind)

    def to(self, path: str) -> Response:
        """On to another page of the desk, by GET.

        Args:
            path: Begins with one slash; ours, never a stranger's.
        """
        return RedirectResponse(path, 303)

    def fill(self, template: str, values: Mapping[str, Any]) -> str:
        """A template filled as text, with what every template may use of this request."""
        common = {"editor": self.editor, "csrf": self.csrf, "warnings": self.desk.warnings}
        return self.desk.pages.fill(template, {**common, **values})


def json_object(text: bytes | str) -> dict[str, Any]:
    """What a page sent as a JSON object.

    Args:
        text: As it came.

    Raises:
        NashraError: It is none, or goes deeper than can be read.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NashraError("the page sent something that is no JSON object", mend="load the page again")
    return found
