"""The card of one reader: their story, and what an editor does when they ask for it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from newsletter.desk.readers import view
from newsletter.desk.readers.pages import topics_of
from newsletter.ledger import activity
from newsletter.workflows import people
from newsletter.workflows.erase import erase as erase_person
from subscribers import actions
from subscribers.addresses import normalise
from subscribers.display import shown
from subscribers.errors import AddressError, UnknownSubscriber

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from newsletter.ledger.activity import Act
    from newsletter.workflows.people import ReaderStory

PAUSES = (14, 30, 91, 182)
"""Days that a pause can last."""
_ID = re.compile(r"[0-9a-f]{32}")


def page(request: DeskRequest) -> Response:
    """The card, as a page or as what stands in the dialog."""
    return _card(request, _story(request))


def address(request: DeskRequest) -> Response:
    """The card with the whole address; it is written in the log who looked."""
    story = _story(request)
    _log(request, "open-card", story)
    return _card(request, story, whole=story.person.subscriber.address)


def pause(request: DeskRequest) -> Response:
    """No letters for a while, or letters again."""
    story = _story(request)
    list_id = _list_id(request, story)
    days = request.form.get("days", "")
    until = request.workspace.now() + timedelta(days=int(days)) if days in {str(one) for one in PAUSES} else None
    with request.workspace.database.write() as connection:
        people.pause(connection, request.workspace, story.person, list_id, until)
        _note(request, connection, "pause-reader" if until else "resume-reader", story)
    return request.to(f"/readers/{request.path['id']}")


def leave(request: DeskRequest) -> Response:
    """End the subscription of somebody who asked for it, or by the editors' own decision."""
    story = _story(request)
    words = request.desk.pages.words
    wishes = {
        "mail": words.say("The reader asked by mail"),
        "phone": words.say("The reader asked by phone"),
        "editors": words.say("Decision of the editors"),
    }
    wish = wishes.get(request.form.get("wish", ""))
    if wish is None:
        return _card(request, story, wrong={"leave": words.say("Say whose wish it is.")}, status=422)
    said = ". ".join(part for part in (wish.striptags(), shown(request.form.get("words", ""), 300)) if part)
    list_id = _list_id(request, story) if request.form.get("list") else 0
    with request.workspace.database.write() as connection:
        actions.leave(
            connection, story.person.subscriber.id, list_id, now=request.workspace.now(), how="editor", words=said
        )
        _note(request, connection, "leave", story)
    return request.to(f"/readers/{request.path['id']}")


def erase(request: DeskRequest) -> Response:
    """Erase a person; what stays is said afterwards."""
    story = _story(request)
    known = story.person.subscriber.address
    try:
        same = normalise(request.form.get("address", "")).key == normalise(known).key
    except AddressError:
        same = False
    if not same:
        words = request.desk.pages.words
        wrong = {"erase": words.say("This is not the address of this reader. Nothing was erased.")}
        return _card(request, story, wrong=wrong, status=422)
    now = request.workspace.now()
    outcome = erase_person(
        request.workspace,
        known,
        # Of somebody who is erased not even the id is kept.
        also=lambda connection: activity.note(connection, "erase", by=request.editor.name, about="1", now=now),
    )
    copies = [path.name for path in outcome.left_over]
    values = {"letters": outcome.letters, "scrubbed": outcome.scrubbed, "copies": copies}
    return request.page("desk/readers/erased.html.j2", values, place="readers")


def _story(request: DeskRequest) -> ReaderStory:
    if not _ID.fullmatch(request.path["id"]):
        raise UnknownSubscriber("this reader is not known any more", mend="look for them in the list of readers")
    return people.story(request.workspace, bytes.fromhex(request.path["id"]))


def _list_id(request: DeskRequest, story: ReaderStory) -> int:
    """The list that a form is about, which the reader has a subscription to; the only one needs no name."""
    name = request.form.get("list", "")
    known = {one.name: one.id for one, _ in story.person.subscriptions}
    if name in known:
        return known[name]
    if len(known) == 1 and not name:
        return next(iter(known.values()))
    raise UnknownSubscriber("this reader has no subscription to that list", mend="choose one of their lists")


def _card(
    request: DeskRequest,
    story: ReaderStory,
    *,
    whole: str = "",
    wrong: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    now = request.workspace.now()
    topics = {one.name: topics_of(request, one.name) for one, _ in story.person.subscriptions}
    values = {
        **view.card(story, topics, request.desk.pages.words, now),
        "whole": whole,
        "wrong": wrong or {},
        "pauses": [(days, now + timedelta(days=days)) for days in PAUSES],
        "is_part": bool(request.query.get("part")),
        "may_send": request.editor.may("send"),
        "may_edit": request.editor.may("edit"),
    }
    if request.query.get("part"):
        return request.fragment("desk/readers/card.html.j2", values, status=status)
    return request.page("desk/readers/reader.html.j2", values, place="readers", status=status)


def _log(request: DeskRequest, act: Act, story: ReaderStory) -> None:
    with request.workspace.database.write() as connection:
        _note(request, connection, act, story)


def _note(request: DeskRequest, connection: Any, act: Act, story: ReaderStory) -> None:
    about = story.person.subscriber.public_id.hex()
    activity.note(connection, act, by=request.editor.name, about=about, now=request.workspace.now())
