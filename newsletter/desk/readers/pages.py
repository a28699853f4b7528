"""The page of readers: growth, rhythms, and the list with its search. Nothing here writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from newsletter.desk.readers.view import line, rhythm
from newsletter.report.page import PageWords
from newsletter.report.page.charts import Bar, bars
from newsletter.report.page.lists import growth
from newsletter.workflows import people
from subscribers.models import READER_STATES

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.desk import Desk
    from newsletter.desk.request import DeskRequest
    from newsletter.rhythms.topics import Topic
    from newsletter.workflows.people import ReadersFound
    from subscribers.models import List

LONGEST = 100
"""Characters of a search that are looked for."""
FRESH = 300
"""Seconds for which the line of three months is good; to count it reads the whole record of consent."""
_LAST: WeakKeyDictionary[Desk, tuple[tuple[Any, ...], dict[str, Any]]] = WeakKeyDictionary()
"""The last line of each desk, with what it was counted of."""
_CURSOR = re.compile(r"(\d{1,12})-(\d{1,18})")


def page(request: DeskRequest) -> Response:
    """All of it."""
    found, asked = _found(request)
    words = request.desk.pages.words
    total = sum(found.counts.rhythms.values())
    drawn = (Bar(rhythm(one, words), number) for one, number in found.counts.rhythms.items())
    values = {
        **_rows(request, found, asked),
        **_grown(request, found),
        "total": total,
        "rhythms": bars(reversed(list(drawn)), words, whole=total),
        "lists": found.lists,
        "erased": request.query.get("told") == "erased",
    }
    return request.page("desk/readers/page.html.j2", values, place="readers")


def rows(request: DeskRequest) -> Response:
    """The list alone, as the search changes or more of it is wanted."""
    found, asked = _found(request)
    return request.fragment("desk/readers/rows.html.j2", _rows(request, found, asked))


def list_of(request: DeskRequest) -> List:
    """The list that a page is about, as its address or form names it.

    Args:
        request: With ``list`` in its query or form; without it the first open list.

    Raises:
        UnknownList: No such list.
    """
    name = request.form.get("list") or request.query.get("list", "")
    return people.list_called(request.workspace, name)


def topics_of(request: DeskRequest, name: str) -> tuple[Topic, ...]:
    """The topics of a list."""
    return tuple(request.workspace.settings.topics.get(name, ()))


def _found(request: DeskRequest) -> tuple[ReadersFound, dict[str, str]]:
    query = request.query
    state, words = query.get("state", ""), query.get("q", "").strip()[:LONGEST]
    after = _CURSOR.fullmatch(query.get("after", ""))
    found = people.find_readers(
        request.workspace,
        query.get("list", ""),
        state=next((one for one in READER_STATES if one == state), None),
        words=words,
        domains=request.editor.may("send"),
        after=(int(after[1]), int(after[2])) if after else None,
    )
    asked = {"list": query.get("list", ""), "q": words, "state": state if state in READER_STATES else ""}
    return found, {name: value for name, value in asked.items() if value}


def _rows(request: DeskRequest, found: ReadersFound, asked: dict[str, str]) -> dict[str, Any]:
    words, topics = request.desk.pages.words, topics_of(request, found.list.name)
    counts = found.counts.states

    def address(**more: str) -> str:
        parts = urlencode({name: value for name, value in {**asked, **more}.items() if value})
        return f"/readers?{parts}" if parts else "/readers"

    names = (
        ("", words.say("All states"), sum(counts.values())),
        ("pending", words.say("Waiting for confirmation"), counts["pending"]),
        ("paused", words.say("Paused now"), counts["paused"]),
        ("left", words.say("Have left"), counts["left"]),
        ("stopped", words.say("Get no mail"), counts["stopped"]),
    )
    return {
        "list": found.list,
        "list_name": asked.get("list", ""),
        "topics": bool(topics),
        "counts": counts,
        "rows": [line(one, topics, words) for one in found.rows],
        "named": any(one.name for one in found.rows),
        "search": asked.get("q", ""),
        "state": asked.get("state", ""),
        "chips": [(state, name, number, address(state=state)) for state, name, number in names],
        "more": address(after="{}-{}".format(*found.after)) if found.after else "",
        "is_first": not request.query.get("after"),
    }


def _grown(request: DeskRequest, found: ReadersFound) -> dict[str, Any]:
    """The line of three months, counted anew when a number of the list is another, and every few minutes."""
    counts = (*found.counts.states.values(), *found.counts.rhythms.values())
    key = (found.list.id, counts, int(request.workspace.now().timestamp()) // FRESH)
    last = _LAST.get(request.desk)
    if last is None or last[0] != key:
        _LAST[request.desk] = last = (key, _counted(request, found.list.name))
    return last[1]


def _counted(request: DeskRequest, name: str) -> dict[str, Any]:
    """The line of three months, with its table; of the report, in the report's own words."""
    pages = request.desk.pages
    told = PageWords(pages.environment, pages.publication)
    found = people.growth_of(request.workspace, name)
    if not found.lists:
        return {"grown": None}
    [one] = found.lists
    joined, left = (sum(getattr(week, kind) for week in one.weeks) for kind in ("confirmed", "left"))
    lost = sum(week.let_go for week in one.weeks)
    return {
        "grown": next(iter(growth(found, told))),
        "joined": joined,
        "parted": left + lost,
        "risen": joined - left - lost,
        "tell": told.say,
    }
