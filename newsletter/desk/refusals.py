"""What the desk answers where it does not do what was asked: a page in its own look, or a sentence for its JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, JSONResponse, Response

from newsletter.desk.models import Editor

if TYPE_CHECKING:
    from newsletter.desk.desk import Desk
    from newsletter.desk.sign_ins import SignIn

NOBODY = Editor("", frozenset())


def refusal(
    desk: Desk,
    status: int,
    *,
    page: bool = True,
    close: bool = False,
    editor: Editor | None = None,
    sign_in: SignIn | None = None,
    why: str = "",
) -> Response:
    """The answer for a status that is no success. It tells nothing of what went wrong inside.

    Args:
        desk: Whose page it is.
        status: HTTP status.
        page: As a page; else as JSON.
        close: What is still on its way is not read.
        editor: Who asked, if that is known.
        sign_in: Theirs.
        why: Which of several reasons for the status, as the template knows them.
    """
    headers = {"connection": "close"} if close else {}
    if status == 405:
        headers["allow"] = "GET, HEAD, POST"
    values = {"status": status, "why": why, "named": desk.named}
    if page:
        whole = {
            **values,
            "place": "",
            "editor": editor or NOBODY,
            "csrf": sign_in.csrf if sign_in is not None else "",
            "warnings": 0,
        }
        return HTMLResponse(desk.pages.fill("desk/door/refused.html.j2", whole), status, headers)
    what = " ".join(desk.pages.fill("desk/door/refused.txt.j2", values).split())
    told = {"error": {"what": what, "where": "", "mend": ""}, **({"again": "/again"} if why == "again" else {})}
    return JSONResponse(told, status, headers)
