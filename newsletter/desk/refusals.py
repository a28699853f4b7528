"""What the desk answers where it does not do what was asked: a page in its own look, or a sentence as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, JSONResponse, Response

from newsletter.desk.models import Editor

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.desk.desk import Desk
    from newsletter.desk.sign_ins import SignIn
    from newsletter.report.page.wording import PageWords

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
        sign_in: The one of whoever asked.
        why: Which of several reasons for the status.
    """
    headers = {"connection": "close"} if close else {}
    if status == 405:
        headers["allow"] = "GET, HEAD, POST"
    what, mend = _sentences(desk.pages.words, why or str(status), named=desk.named)
    if page:
        values = {
            "place": "",
            "editor": editor or NOBODY,
            "csrf": sign_in.csrf if sign_in is not None else "",
            "warnings": 0,
            "named": desk.named,
            "what": what,
            "mend": mend,
            "why": why,
            "status": status,
        }
        return HTMLResponse(desk.pages.fill("desk/door/refused.html.j2", values), status, headers)
    plain = desk.pages.words.plain
    told: dict[str, object] = {"error": {"what": plain(what), "where": "", "mend": plain(mend)}}
    if status == 401:
        told["sign_in"] = "/sign-in" if desk.named else "/enter"
    if why == "again":
        told["again"] = "/again"
    return JSONResponse(told, status, headers)


def _sentences(words: PageWords, why: str, *, named: bool) -> tuple[Markup | str, Markup | str]:
    """What is wrong, and what to do about it."""
    say = words.say
    match why:
        case "401" if named:
            return say("You are not signed in."), say("Sign in, and what you wrote is still in the page you came from.")
        case "401":
            return say("This desk does not know your browser."), say(
                "Press Enter in the terminal where newsletter desk runs, and open the address that it prints."
            )
        case "edit" | "send":
            return say("You may look at this, but not change it."), say(
                "Ask whoever runs the desk for the role that it needs."
            )
        case "again":
            return say("You gave your password more than twelve hours ago."), say(
                "Give it once more before letters go out; nothing was sent."
            )
        case "old":
            return say("This page is of an earlier visit."), say("Go back, load the page again, and repeat it.")
        case "elsewhere":
            return say("Another page asked for this in your name, and the desk did nothing."), say(
                "If it was you, open the desk itself and do it there."
            )
        case "404":
            return say("There is no such page."), ""
        case "405" | "400":
            return say("The desk does not understand what was sent."), say(
                "Go back, load the page again, and repeat it."
            )
        case "408":
            return say("It took too long to arrive."), say("Try again; nothing was changed.")
        case "413":
            return say("That is too large."), say("Send a smaller file; nothing was changed.")
    return say("Something went wrong in the desk itself."), say(
        "Try again. What happened is written in the terminal where newsletter desk runs."
    )
