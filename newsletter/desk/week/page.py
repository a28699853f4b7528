"""The page of the issue, the list of issues, and what their pictures and letters are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import Response

from newsletter import delivery, issues, media
from newsletter.desk.articles.column import column_of
from newsletter.desk.frame import either
from newsletter.desk.models import DeskRoute
from newsletter.desk.request import json_object
from newsletter.desk.week import letter as living
from newsletter.desk.week import texts
from newsletter.desk.week.view import fragments_of, marks_of, remote_of, values_of
from newsletter.errors import IssueError
from newsletter.letters.mime import LEAVE, PREFERENCES, slot
from newsletter.models import SUFFIXES
from newsletter.rhythms import schedule, topics
from newsletter.text import dates
from newsletter.workflows import variants
from newsletter.workflows.snapshot import Snapshot
from newsletter.workspace.folder import FIRST_LIST
from subscribers import store, test_link

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.desk.request import DeskRequest
    from newsletter.models import Issue, Letter
    from newsletter.report.page.wording import PageWords
    from newsletter.workflows.editing import EditedIssue

_COLUMNS = ("articles", "issue", "letter")
_KINDS = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp"}


def _opened(request: DeskRequest) -> EditedIssue:
    from newsletter.workflows.editing import open_issue

    return open_issue(request.workspace, request.path["slug"])


def home(request: DeskRequest) -> Response:
    """On to the draft that is being made, or to the first steps."""
    snapshot = Snapshot.take(request.workspace)
    names = [file.path.parent.name for file in snapshot.files]
    if not names:
        return request.to("/first")
    return request.to(f"/issue/{quote(_likeliest(snapshot)[1])}")


def begin(request: DeskRequest) -> Response:
    """The next issue, made of what was collected since the last one; on to the draft where there is one already."""
    from newsletter.workflows import first

    snapshot = Snapshot.take(request.workspace)
    is_draft, slug = _likeliest(snapshot)
    if is_draft:
        return request.to(f"/issue/{quote(slug)}")
    last = max((file.issue for file in snapshot.files), key=lambda one: one.number, default=None)
    list_name = last.list if last is not None else FIRST_LIST
    made = first.write(request.workspace, lambda _step: None, list_name=list_name, old=False)
    return request.to(f"/issue/{quote(made.slug)}")


def page(request: DeskRequest) -> Response:
    """One issue: library, issue and letter; as data the parts that change."""
    edited = _opened(request)
    if request.wants_json:
        return request.data({"etag": edited.etag, "fragments": fragments_of(request, edited)})
    if edited.issue is not None:
        request.desk.letters.checked(edited.issue, edited.etag, fresh=True)
    snapshot = Snapshot.take(request.workspace)
    articles = column_of(request, edited.issue)
    values = {**values_of(request, edited), **_frame(request, edited, snapshot), "articles": articles}
    return request.page("desk/week/page.html.j2", values, place="week")


def _frame(request: DeskRequest, edited: EditedIssue, snapshot: Snapshot) -> dict[str, Any]:
    """What stands around the three columns."""
    words, workspace = request.desk.pages.words, request.workspace
    now = workspace.now()
    wanted = request.query.get("show", "")
    show = (
        [name for name in ("articles", "issue") if name != wanted] + [wanted]
        if wanted in _COLUMNS
        else ["articles", "issue"]
    )
    coming = [one for one in schedule.upcoming(now, workspace.zone, workspace.settings.schedule) if one.job == "weekly"]
    due = ""
    if coming:
        due = words.say(
            "Due {day}, {hour}", day=words.day(coming[0].moment, weekday=True), hour=words.clock(coming[0].moment)
        )
    values: dict[str, Any] = {
        "show": show[-2:],
        "several": len(snapshot.files) > 1,
        "today": _today(words, now),
        "due": due,
        "state": words.say("Draft"),
        "gone": False,
        "next": False,
        "cuts": [],
        "texts": texts.of_page(words),
        "keys": texts.keys(words),
        "skeletons": texts.skeletons(words, now),
    }
    if edited.issue is not None:
        sends = [send for send in snapshot.sends if send.issue == str(edited.issue.number)]
        values["state"] = texts.state(words, sends)
        values["gone"] = bool(sends) and sends[-1].state == "finished"
        if values["gone"]:
            values |= {"due": "", "next": not _likeliest(snapshot)[0]}
        values["cuts"] = _cuts(request, edited.issue)
    return values


def _today(words: PageWords, now: datetime) -> str:
    about = words.publication
    day = words.day(now, weekday=True)
    if not about.hijri:
        return day
    return f"{day} · {dates.hijri_date(now, about.language, about.timezone, digits=about.digits)}"


def _cuts(request: DeskRequest, issue: Issue) -> list[tuple[int, object]]:
    """The letters of an issue as the select shows them: bits of what is left out, and who gets it."""
    workspace, words = request.workspace, request.desk.pages.words
    known = variants.topics_of(workspace, issue.list)
    bits = topics.present(issue, known)
    counts: dict[int, int] = {}
    with workspace.database.read() as connection:
        target = next((one for one in store.all_lists(connection) if one.name == issue.list), None)
        if target is not None and bits:
            counts = store.declination_counts(
                connection, target.id, rhythms=delivery.rhythms_of("weekly"), now=workspace.now(), topics=bits
            )
    found: list[tuple[int, object]] = []
    for cut in living.cuts(workspace, issue, tuple(counts)):
        if not cut.declined:
            found.append((0, words.say("Readers of all sections")))
        else:
            without = words.say("without {topics}", topics=either(words, cut.without))
            found.append(
                (cut.declined, words.say("{who} ({n})", who=without, n=words.amount(counts.get(cut.declined, 0))))
            )
    return found


def letter(request: DeskRequest) -> Response:
    """The letter for its frame, as somebody gets it who declines some topics."""
    edited = _opened(request)
    declined = request.query.get("variant", "")
    bits = int(declined) if declined.isdecimal() and len(declined) < 4 else 0
    dark = request.query.get("dark") == "1"
    issue = edited.issue
    made = request.desk.letters.cut(issue, edited.etag, bits) if issue is not None else None
    if issue is None or made is None or request.query.get("text") == "1":
        html = _plain(request, made, dark=dark, nobody=bool(bits))
    else:
        known = remote_of(list(request.desk.letters.checked(issue, edited.etag).held.values()))
        html = living.framed(made, marks_of(issue), dark=dark, remote=lambda address: known.get(address, ""))
        html = _anonymous(html, made.marker)
    return Response(
        html,
        media_type="text/html; charset=utf-8",
        headers={
            "content-security-policy": living.POLICY,
            "x-frame-options": "SAMEORIGIN",
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        },
    )


def _plain(request: DeskRequest, made: Letter | None, *, dark: bool, nobody: bool) -> str:
    words = request.desk.pages.words
    if made is not None:
        text = _anonymous(made.rendered.text, made.marker)
        if made.rendered.flowed:
            text = text.replace(" \n", " ")
    elif nobody:
        text = str(words.say("Who chose this gets no letter: nothing in it is theirs.").unescape())
    else:
        text = str(words.say("There is no letter until what is told beside it is mended.").unescape())
    about = words.publication
    title = str(words.say("Letter").unescape())
    return living.sheet(text, title=title, language=about.language, direction=about.direction, dark=dark)


def _anonymous(text: str, marker: str) -> str:
    for name in (LEAVE, PREFERENCES):
        text = text.replace(slot(marker, name), test_link.NOBODY)
    return text


def file(request: DeskRequest) -> Response:
    """A picture of the issue's own folder."""
    folder = issues.folder_of(request.workspace.root, request.path["slug"]).resolve()
    try:
        path = (folder / request.path["path"]).resolve()
        kind = _KINDS.get(path.suffix.lower())
        if kind is None or not path.is_relative_to(folder) or not path.is_file():
            return request.text("", status=404)
        data = path.read_bytes()
    except (OSError, RuntimeError):  # a name too long for a file; a link that leads to itself
        return request.text("", status=404)
    return _picture(data, kind, kept=False)


def carried(request: DeskRequest) -> Response:
    """A picture as a letter shows it, by the name of its bytes."""
    name = request.path["name"]
    found = request.desk.letters.picture(name)
    if found is not None:
        return (
            _picture(found.data, found.content_type)
            if found.content_type.startswith("image/")
            else request.text("", status=404)
        )
    with request.workspace.database.read() as connection:
        hosted = media.get(connection, name)
    kind = next((kind for kind, ending in SUFFIXES.items() if name.endswith(ending)), "")
    if hosted is None or not kind.startswith("image/"):
        return request.text("", status=404)
    return _picture(hosted.data, kind)


def _picture(data: bytes, kind: str, *, kept: bool = True) -> Response:
    keep = "private, max-age=31536000, immutable" if kept else "private, no-cache"
    headers = {
        "cache-control": keep,
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'",
    }
    return Response(data, media_type=kind, headers=headers)


def every(request: DeskRequest) -> Response:
    """Every issue of the workspace, the newest first."""
    snapshot, words = Snapshot.take(request.workspace), request.desk.pages.words
    rows = []
    for one in snapshot.files:
        slug = one.path.parent.name
        try:
            issue = one.issue
        except IssueError:
            rows.append((0, slug, slug, words.say("This file cannot be understood")))
            continue
        sends = [send for send in snapshot.sends if send.issue == str(issue.number)]
        rows.append((issue.number, slug, issue.subject, texts.state(words, sends)))
    rows.sort(key=lambda row: row[0] or 10**9, reverse=True)
    is_draft, current = _likeliest(snapshot)
    values = {"rows": rows, "current": current, "next": not is_draft}
    return request.page("desk/week/every.html.j2", values, place="week")


def _likeliest(snapshot: Snapshot) -> tuple[bool, str]:
    """The issue that somebody most likely wants, the draft of the highest number or else the newest.

    Returns:
        Whether it is a draft, and its folder.
    """
    sent = {send.issue for send in snapshot.sends if not send.undone}
    best: tuple[bool, int, str] = (False, -1, "")
    for file in snapshot.files:
        slug = file.path.parent.name
        try:
            number = file.issue.number
        except IssueError:
            number = max((_number(name) for name in (slug,)), default=0)
        best = max(best, (str(number) not in sent, number, slug))
    return best[0], best[2]


def _number(slug: str) -> int:
    head = slug.partition("-")[0]
    return int(head) if head.isdecimal() and head.isascii() else 0


def act(request: DeskRequest) -> Response:
    """One operation from a button without JavaScript; the page comes again behind it."""
    from newsletter.desk.week.operations import run

    asked = json_object(request.form.get("act") or "{}")
    run(request, request.path["slug"], {"etag": request.form.get("etag", ""), **asked})
    return request.to(f"/issue/{quote(request.path['slug'])}")


ROUTES = (
    DeskRoute("GET", "/", home, "look"),
    DeskRoute("GET", "/issues", every, "look"),
    DeskRoute("POST", "/issues", begin, "edit"),
    DeskRoute("GET", "/issue/{slug}", page, "look"),
    DeskRoute("GET", "/issue/{slug}/letter", letter, "look"),
    DeskRoute("GET", "/issue/{slug}/file/{path:path}", file, "look"),
    DeskRoute("GET", "/media/{name}", carried, "look"),
    DeskRoute("POST", "/issue/{slug}/act", act, "edit"),
)
