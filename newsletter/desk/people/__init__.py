"""The people of the desk: who signs in, added, given other roles or another password, and taken away, in the browser.

The rules of `newsletter desk person` hold. Who may send does it; the guard asks for their password again when it was
given long ago, as before letters go.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from newsletter.desk.complaints import as_html
from newsletter.desk.models import DeskRoute
from newsletter.errors import NashraError
from newsletter.workspace import editors as kept

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from newsletter.workflows.editors import SecondFactor

_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Signs that nobody takes for one another."""


def _page(
    request: DeskRequest,
    *,
    made: SecondFactor | None = None,
    password: str = "",
    error: NashraError | None = None,
    name: str = "",
) -> Response:
    desk = request.desk
    picture = ""
    if made is not None:
        import segno

        picture = segno.make(made.address, error="l", micro=False).svg_data_uri(scale=4, border=3, light="#fff")
    values = {
        "tab": "people",
        "named": desk.named,
        "people": list(kept.read(request.workspace.root).values()) if desk.named else [],
        "made": made,
        "picture": picture,
        "password": password,
        "fault": as_html(desk.pages.words, error) if error is not None else (),
        "name": name,
        "at": desk.address.base,
        "done": request.query.get("done", ""),
    }
    return request.page("desk/people/page.html.j2", values, place="doctor", status=422 if error is not None else 200)


def _show(request: DeskRequest) -> Response:
    return _page(request)


def _add(request: DeskRequest) -> Response:
    from newsletter.workflows import editors

    name, password = request.form.get("name", ""), _password()
    try:
        _signing_in(request)
        made = editors.add(request.workspace, name, request.many.get("role", ()), password)
    except NashraError as error:
        return _page(request, error=error, name=name[:200])
    request.desk.noted("people", by=request.editor.name, about=f"added {made.editor.name}")
    return _page(request, made=made, password=password)


def _renew(request: DeskRequest) -> Response:
    from newsletter.workflows import editors

    password = _password()
    try:
        _signing_in(request)
        made = editors.renew(request.workspace, request.form.get("name", ""), password, second_factor=True)
    except NashraError as error:
        return _page(request, error=error)
    assert isinstance(made, editors.SecondFactor), "it was asked for"
    request.desk.noted("people", by=request.editor.name, about=f"password {made.editor.name}")
    return _page(request, made=made, password=password)


def _give(request: DeskRequest) -> Response:
    from newsletter.workflows import editors

    roles = request.many.get("role", ())
    try:
        _signing_in(request)
        found = editors.give(request.workspace, request.form.get("name", ""), roles, keeps_sender=True)
    except NashraError as error:
        return _page(request, error=error)
    told = ", ".join(found.roles) or "looks only"
    request.desk.noted("people", by=request.editor.name, about=f"{found.name}: {told}")
    return request.to("/people?done=roles")


def _remove(request: DeskRequest) -> Response:
    from newsletter.workflows import editors

    try:
        _signing_in(request)
        gone = editors.remove(request.workspace, request.form.get("name", ""), keeps_sender=True)
    except NashraError as error:
        return _page(request, error=error)
    request.desk.noted("people", by=request.editor.name, about=f"removed {gone.name}")
    return request.to("/people?done=removed")


def _signing_in(request: DeskRequest) -> None:
    if not request.desk.named:
        raise NashraError("nobody signs in at this desk", mend="set [desk] url in newsletter.toml first")


def _password() -> str:
    """A first password, to be typed from a piece of paper; 79 bits."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(4))


ROUTES = (
    DeskRoute("GET", "/people", _show, "send"),
    DeskRoute("POST", "/people/add", _add, "send"),
    DeskRoute("POST", "/people/renew", _renew, "send"),
    DeskRoute("POST", "/people/roles", _give, "send"),
    DeskRoute("POST", "/people/remove", _remove, "send"),
)
