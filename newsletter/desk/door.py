"""Coming in and going out: a token traded for a cookie, sign-in by name, the password once more, signing out."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.desk.desk import ENTRY
from newsletter.desk.models import DeskRoute
from newsletter.desk.refusals import NOBODY
from newsletter.workspace.editors import folded
from subscribers.errors import Complaint

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest

SMALL = 8_000
"""Bytes of a form of somebody whom nobody knows yet."""
_AT_ONCE = 2
"""Passwords that are compared at once: each takes 64 MiB."""
_PATIENCE = 10.0
"""Seconds that somebody waits for one of them."""
_IN_LINE = 8
"""Who is compared or waits for it; more are sent away at once, for each that waits holds a thread of the desk."""
_TOLD = (3, 10, 30, 100, 300)
"""Failures of one name from one network after which the log of acts tells how many there were."""
_COMPARING = threading.BoundedSemaphore(_AT_ONCE)
_LINE = threading.BoundedSemaphore(_IN_LINE)


@contextlib.contextmanager
def _turn() -> Iterator[bool]:
    """Wait for the turn to compare a password; gives whether it came."""
    if not _LINE.acquire(blocking=False):
        yield False
        return
    try:
        came = _COMPARING.acquire(timeout=_PATIENCE)
        try:
            yield came
        finally:
            if came:
                _COMPARING.release()
    finally:
        _LINE.release()


def _entry(request: DeskRequest) -> Response:
    if request.desk.named:
        return request.to("/sign-in")
    return request.page("desk/door/enter.html.j2", {"wrong": ""})


def _trade(request: DeskRequest) -> Response:
    desk = request.desk
    if desk.named:
        return request.to("/sign-in")
    # Whoever types it may paste the whole address.
    if not desk.sign_ins.take(request.form.get("token", "").strip().rpartition("#")[2]):
        return request.page("desk/door/enter.html.j2", {"wrong": "token"}, status=403)
    with contextlib.suppress(Complaint):
        # Whoever is alone here may look also where the database cannot be written.
        desk.noted("sign-in", by=desk.account)
    return _let_in(request, desk.account, "", "/")


def _sign_in(request: DeskRequest) -> Response:
    if not request.desk.named:
        return request.to(ENTRY)
    if request.editor.name:
        return request.to(onward(request.query.get("next", "")))
    return _form(request, onward(request.query.get("next", "")))


def _signing_in(request: DeskRequest) -> Response:
    from newsletter.workflows import editors

    desk, workspace = request.desk, request.workspace
    if not desk.named:
        return request.to(ENTRY)
    name, after = request.form.get("name", ""), onward(request.form.get("next", ""))
    typed = folded(name)
    if seconds := desk.delays.wait(typed, request.network):
        return _form(request, after, status=429, wrong="delay", seconds=seconds, name=name)
    with _turn() as came:
        if not came:
            return _form(request, after, status=503, wrong="busy", name=name)
        # Whoever sent many at once waited here while the first ones failed.
        if seconds := desk.delays.wait(typed, request.network):
            return _form(request, after, status=429, wrong="delay", seconds=seconds, name=name)
        password, code = request.form.get("password", ""), request.form.get("code", "")
        found = editors.known(workspace.root, name, password, code, now=workspace.now())
        number = 0 if found is not None else desk.delays.failed(typed, request.network)
    if found is None:
        if number in _TOLD:
            # Not for whom: the name may be none, or a password that went into the wrong field.
            desk.noted("sign-in-refused", by="nobody", about=str(number))
        return _form(request, after, status=403, wrong="wrong", name=name)
    desk.delays.passed(typed, request.network)
    desk.noted("sign-in", by=found.name)
    return _let_in(request, found.name, found.stamp, after)


def _form(request: DeskRequest, after: str, *, status: int = 200, **more: object) -> Response:
    values = {"next": after, "name": "", "wrong": "", "seconds": 0, **more}
    answer = request.page("desk/door/sign_in.html.j2", values, status=status)
    if values["seconds"]:
        answer.headers["retry-after"] = str(values["seconds"])
    return answer


def _again(request: DeskRequest) -> Response:
    after = onward(request.query.get("next", ""))
    return _password_form(request, after) if request.desk.named else request.to(after)


def _proving(request: DeskRequest) -> Response:
    from newsletter.workflows import editors

    desk, after = request.desk, onward(request.form.get("next", ""))
    if not desk.named or request.sign_in is None:
        return request.to(after)
    typed = folded(request.editor.name)
    if seconds := desk.delays.wait(typed, request.network):
        return _password_form(request, after, status=429, wrong="delay", seconds=seconds)
    with _turn() as came:
        if not came:
            return _password_form(request, after, status=503, wrong="busy")
        if seconds := desk.delays.wait(typed, request.network):
            return _password_form(request, after, status=429, wrong="delay", seconds=seconds)
        right = editors.proved(request.workspace.root, request.editor.name, request.form.get("password", ""))
        if not right:
            desk.delays.failed(typed, request.network)
    if not right:
        return _password_form(request, after, status=403, wrong="password")
    desk.delays.passed(typed, request.network)
    request.sign_in.proved = request.workspace.now()
    return request.to(after)


def _password_form(request: DeskRequest, after: str, *, status: int = 200, **more: object) -> Response:
    values = {"next": after, "wrong": "", "seconds": 0, **more}
    return request.page("desk/door/again.html.j2", values, status=status)


def _sign_out(request: DeskRequest) -> Response:
    desk = request.desk
    desk.sign_ins.end(request.cookie)
    desk.noted("sign-out", by=request.editor.name)
    answer = request.to("/sign-in") if desk.named else request.page("desk/door/out.html.j2", {"editor": NOBODY})
    answer.delete_cookie(desk.address.cookie, path="/", secure=desk.address.secure, httponly=True, samesite="strict")
    return answer


def _let_in(request: DeskRequest, name: str, stamp: str, after: str) -> Response:
    desk = request.desk
    # Whatever this browser had before is over: nobody can have put a cookie there that now is somebody's.
    desk.sign_ins.end(request.cookie)
    answer = request.to(after)
    answer.set_cookie(
        desk.address.cookie,
        desk.sign_ins.begin(name, stamp=stamp),
        path="/",
        secure=desk.address.secure,
        httponly=True,
        samesite="strict",
    )
    return answer


def onward(path: str) -> str:
    """A path of the desk that somebody wanted; the first page for whatever might be another address.

    Args:
        path: From the query, or a field of a form.
    """
    if not (path.isascii() and path.isprintable() and len(path) < 500) or "\\" in path:
        return "/"
    parts = urlsplit(path)
    ours = path.startswith("/") and not path.startswith("//") and not parts.scheme and not parts.netloc
    return path if ours and parts.path not in {ENTRY, "/sign-in", "/sign-out"} else "/"


ROUTES = (
    DeskRoute("GET", ENTRY, _entry, "anyone"),
    DeskRoute("POST", ENTRY, _trade, "anyone", SMALL),
    DeskRoute("GET", "/sign-in", _sign_in, "anyone"),
    DeskRoute("POST", "/sign-in", _signing_in, "anyone", SMALL),
    DeskRoute("GET", "/again", _again, "look"),
    DeskRoute("POST", "/again", _proving, "look", SMALL),
    DeskRoute("POST", "/sign-out", _sign_out, "look", SMALL),
)
