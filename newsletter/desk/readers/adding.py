"""Adding one reader, who is asked to confirm unless the editor knows that they agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.desk.readers.pages import list_of
from newsletter.errors import NashraError
from newsletter.ledger import activity
from newsletter.workflows import people, small_letters
from subscribers.addresses import likely_typo
from subscribers.display import shown
from subscribers.errors import AddressError, ClosedList, ConsentError, SuppressedError

if TYPE_CHECKING:
    from markupsafe import Markup
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from subscribers.models import List

LONGEST = 500
"""Characters of a field."""
_FIELDS = ("address", "name", "words", "how")


def page(request: DeskRequest) -> Response:
    """The form."""
    return _page(request, list_of(request))


def add(request: DeskRequest) -> Response:
    """Add somebody, or ask them."""
    words, listed = request.desk.pages.words, list_of(request)
    said = {name: shown(request.form.get(name, ""), LONGEST) for name in _FIELDS}
    if not said["words"]:
        return _page(request, listed, wrong={"words": words.say("Say how they agreed: it is kept with the reader.")})
    try:
        told, public_id = _added(request, listed, said)
    except AddressError:
        return _page(request, listed, wrong={"address": words.say("This is no address that one can write to.")})
    except (ConsentError, SuppressedError, ClosedList) as error:
        return _page(request, listed, wrong={"address": _refusal(request, error)})
    if told == "asked":
        try:
            small_letters.of_workspace(request.workspace).drain()
        except NashraError:
            told = "waits"  # it goes with the next ones
    meant = likely_typo(said["address"])
    values = {"told": told, "list": listed, "id": public_id, "meant": meant, "address": said["address"]}
    return request.page("desk/readers/added.html.j2", values, place="readers")


def _added(request: DeskRequest, listed: List, said: dict[str, str]) -> tuple[str, str]:
    """What came of it, and the id of the reader."""
    with request.workspace.database.write() as connection:
        told, person = people.add_reader(
            connection,
            request.workspace,
            said["address"],
            listed.name,
            words=said["words"],
            name=said["name"],
            ask=said["how"] != "confirmed",
        )
        public_id = person.public_id.hex() if person is not None else ""
        activity.note(connection, "add", by=request.editor.name, about=public_id or "1", now=request.workspace.now())
    return told, public_id


def _refusal(request: DeskRequest, error: Exception) -> Markup:
    words = request.desk.pages.words
    if isinstance(error, SuppressedError):
        return words.say("This address must not be mailed: its mail came back, or its owner does not want any.")
    if isinstance(error, ClosedList):
        return words.say("This list is closed: nobody can join it.")
    return words.say("This reader has left, and only they themselves can come back, on the page of the newsletter.")


def _page(request: DeskRequest, listed: List, wrong: dict[str, Markup] | None = None) -> Response:
    said = {name: request.form.get(name, "") for name in _FIELDS}
    values = {
        "list": listed,
        "lists": people.lists_of(request.workspace),
        "said": said,
        "wrong": wrong or {},
        "pending_days": request.workspace.settings.web.pending_days,
    }
    return request.page("desk/readers/add.html.j2", values, place="readers", status=422 if wrong else 200)
