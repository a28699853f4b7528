"""The column of articles: rows that a search found, page after page, as parts of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from newsletter import library
from newsletter.desk.models import DeskRoute
from newsletter.errors import IssueError
from newsletter.issues import FILE, FOLDER
from newsletter.issues import read as read_issue
from newsletter.text.searching import hits, says
from newsletter.text.tidy import arabic_fold
from newsletter.workflows.searching import ROWS, ArticleSearch, FoundArticle, FoundArticles, plain_text

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from newsletter.models import Issue
    from newsletter.report.page.wording import PageWords

DAYS = (1, 3, 7, 14, 31)
"""What the menu of time offers."""
FIRST = 24
"""Rows that come at first, a screen of them and a half: the next sixty are on their way before they are seen."""
_LONGEST = 200
"""Characters of a search that are looked at."""
_PIECE = 40
"""Words of a text that are folded at once."""
_BEFORE, _AFTER = 40, 70
"""Characters around a hit in a text."""


def search_of(query: Mapping[str, str]) -> ArticleSearch:
    """What an address asks for; what nobody offered is taken as not said.

    Args:
        query: Parameters of the address: ``q``, ``section``, ``source``, ``days``, ``sent``, ``after``.
    """
    days = query.get("days", "")
    return ArticleSearch(
        words=query.get("q", "")[:_LONGEST],
        section=query.get("section", "")[:_LONGEST],
        source=query.get("source", "")[:_LONGEST],
        days=int(days) if days.isascii() and days.isdecimal() and len(days) < 5 else 0,
        unsent=query.get("sent", "no") != "all",
        after=query.get("after", "")[:60],
        rows=ROWS if query.get("after") else FIRST,
    )


def column_of(visit: DeskRequest, issue: Issue | None) -> dict[str, Any]:
    """What the template of the column needs.

    Until the library was read for the first time it has no rows: the page asks for them once it is shown.

    Args:
        visit: The request; its address says what is looked for.
        issue: The issue that is being made, or None.
    """
    search = search_of(visit.query)
    index = visit.desk.library.index
    found = index.find(search, issue=issue) if index.is_ready else None
    sections, sources = index.choices()
    words = visit.desk.pages.words
    values = _rows_of(visit, found, search) if found is not None else {}
    return {
        **values,
        "search": search,
        "told": told(words, found, search) if found is not None else "",
        "sections": sections,
        "sources": sources,
        "days": [(one, _within(words, one)) for one in DAYS],
        "span": _within(words, search.days) if search.days else "",
        "slug": issue.slug if issue is not None else "",
        "waiting": found is None,
        "collects": bool(visit.workspace.settings.collect.sources) and visit.editor.may("edit"),
    }


def told(words: PageWords, found: FoundArticles, search: ArticleSearch) -> Markup:
    """How much was found: of a search its stories, else what is new in the library.

    Args:
        words: Of the desk.
        found: The answer.
        search: What was looked for.
    """
    if found.words or search.words.strip() or search.section or search.source or search.days:
        return words.count("{n} found", "{n} found", found.count)
    return words.count("{n} new of {every}", "{n} new of {every}", found.new, every=words.amount(found.every))


def articles(visit: DeskRequest) -> Response:
    """Rows, and where the next ones begin."""
    search = search_of(visit.query)
    found = visit.desk.library.index.find(search, issue=_issue_of(visit))
    values = _rows_of(visit, found, search)
    shown = told(visit.desk.pages.words, found, search) if not search.after else ""
    return visit.fragment("desk/articles/rows.html.j2", {"articles": {**values, "told": shown}})


def _issue_of(visit: DeskRequest) -> Issue | None:
    """The issue that the address names; None when there is no such file, or it cannot be understood."""
    slug = visit.query.get("slug", "")
    folder = visit.workspace.root / FOLDER
    if not slug or (folder / slug).parent != folder:
        return None
    try:
        return read_issue(folder / slug / FILE)
    except IssueError:
        return None


def _rows_of(visit: DeskRequest, found: FoundArticles, search: ArticleSearch) -> dict[str, Any]:
    texts: dict[int, str] = {}
    if found.words and found.rows:
        wanted = [one.id for one in found.rows if not says(arabic_fold(one.outline.title), found.words)]
        with visit.workspace.database.read() as connection:
            texts = library.bodies(connection, wanted)
    return {
        "rows": [_row(visit, one, found.words, texts.get(one.id)) for one in found.rows],
        "after": found.after,
        "first": not search.after,
        "sent": found.sent,
        "every": found.every,
        "asked": bool(search.words.strip() or search.section or search.source or search.days),
    }


def _row(visit: DeskRequest, one: FoundArticle, words: tuple[str, ...], body: str | None) -> dict[str, Any]:
    outline, said = one.outline, visit.desk.pages.words
    facts = [said.html(outline.section), said.html(one.source), age(said, outline.moment, visit.workspace.now())]
    if one.minutes:
        facts.append(said.count("{n} minute", "{n} minutes", one.minutes))
    title = outline.title or outline.url or said.plain(said.say("Without a headline"))
    return {
        "id": one.id,
        "title": marked(said, title, words),
        "url": outline.url,
        "facts": [fact for fact in facts if fact],
        "source": said.html(one.source) if one.source else said.html(visit.workspace.publication.name),
        "picture": visit.desk.library.thumbs.address(one.id, outline.image),
        "sent_in": said.amount(int(one.sent_in)) if one.sent_in else "",
        "line": one.line,
        "passage": _passage(said, f"{outline.summary} {plain_text(body)}", words) if body is not None else "",
        "twins": [_row(visit, replace(twin, twins=()), words, None) for twin in one.twins],
        "withdrawn": bool(outline.withdrawn),
    }


def marked(said: PageWords, text: str, words: tuple[str, ...]) -> Markup:
    """A line of foreign text with what was looked for marked in it.

    Args:
        said: Words of the desk.
        text: The line.
        words: As they were looked for, folded.
    """
    line = " ".join(text.split())
    found = hits(line, words) if words else []
    if not found:
        return said.html(line)
    pieces: list[Markup] = []
    last = 0
    for start, end in found:
        pieces += [Markup.escape(line[last:start]), Markup("<mark>{}</mark>").format(line[start:end])]
        last = end
    pieces.append(Markup.escape(line[last:]))
    return Markup("<bdi>{}</bdi>").format(Markup().join(pieces))


def _passage(said: PageWords, text: str, words: tuple[str, ...]) -> Markup:
    """What stands around the first hit in a text; empty when it says none of the words."""
    each = text.split()
    for at in range(0, len(each), _PIECE):
        # Folding some words at a time, and only up to the hit, takes a third of the time of mapping every letter.
        folded = arabic_fold(" ".join(each[at : at + _PIECE]))
        if not any(word in folded for word in words):
            continue
        begin = max(at - _PIECE // 4, 0)
        piece = " ".join(each[begin : at + 2 * _PIECE])
        found = [one for one in hits(piece, words) if one[1] > len(" ".join(each[begin:at]))]
        if found:
            start, end = found[0]
            first = piece.rfind(" ", 0, max(start - _BEFORE, 0)) + 1
            last = piece.find(" ", end + _AFTER)
            shown = piece[first:] if last < 0 else f"{piece[first:last]}…"
            return marked(said, f"…{shown}" if first or begin else shown, words)
    return Markup()


def age(said: PageWords, moment: datetime, now: datetime) -> Markup:
    """How long ago something was, as people say it; after two weeks its day.

    Args:
        said: Words of the desk.
        moment: When it was.
        now: The present moment, aware.
    """
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(said.publication.timezone)
    there, here = moment.astimezone(zone), now.astimezone(zone)
    days, minutes = (here.date() - there.date()).days, int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return said.say("just now")
    if minutes < 60:
        return said.count("{n} minute ago", "{n} minutes ago", minutes)
    if days < 1:
        return said.count("{n} hour ago", "{n} hours ago", minutes // 60)
    if days == 1:
        return said.say("yesterday")
    if days < 14:
        return said.count("{n} day ago", "{n} days ago", days)
    return Markup.escape(said.day_of(there.date()) if there.year == here.year else said.day(moment))


def _within(said: PageWords, days: int) -> Markup:
    return said.count("The last day", "The last {n} days", days)


ROUTES = (DeskRoute("GET", "/articles", articles, "look"),)
