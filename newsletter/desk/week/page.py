"""The page of the issue, the list of issues, and what their pictures and letters are read from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import Response

from newsletter import issues, library, media
from newsletter.desk.models import DeskRoute
from newsletter.desk.week import letter as living
from newsletter.desk.week import texts
from newsletter.desk.week.view import fragments_of, marks_of, remote_of, values_of
from newsletter.errors import IssueError
from newsletter.letters.mime import LEAVE, PREFERENCES, slot
from newsletter.models import SUFFIXES
from newsletter.rhythms import schedule, topics
from newsletter.workflows import variants
from newsletter.workflows.editing import open_issue
from newsletter.workflows.snapshot import Snapshot
from subscribers import store, test_link

if TYPE_CHECKING:
    from newsletter.desk.request import DeskRequest
    from newsletter.models import Issue, Letter
    from newsletter.workflows.editing import EditedIssue

_COLUMNS = ("articles", "issue", "letter")
_KINDS = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp"}


def home(visit: DeskRequest) -> Response:
    """On to the draft that is being made, or to the first steps."""
    snapshot = Snapshot.take(visit.workspace)
    names = [file.path.parent.name for file in snapshot.files]
    if not names:
        return visit.to("/first")
    return visit.to(f"/issue/{quote(_current(snapshot))}")


def page(visit: DeskRequest) -> Response:
    """One issue: library, issue and letter; as data the parts that change."""
    edited = open_issue(visit.workspace, visit.path["slug"])
    if visit.wants_json:
        return visit.data({"etag": edited.etag, "fragments": fragments_of(visit, edited)})
    if edited.broken is None:
        visit.desk.letters.checked(edited.issue, edited.etag, fresh=True)
    snapshot = Snapshot.take(visit.workspace)
    values = {**values_of(visit, edited), **_frame(visit, edited, snapshot)}
    return visit.page("desk/week/page.html.j2", values, place="week")


def _frame(visit: DeskRequest, edited: EditedIssue, snapshot: Snapshot) -> dict[str, Any]:
    """What stands around the three columns."""
    words, workspace = visit.desk.pages.words, visit.workspace
    now = workspace.now()
    wanted = visit.query.get("show", "")
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
        "today": words.day(now, weekday=True),
        "due": due,
        "state": words.say("Draft"),
        "cuts": [],
        "texts": texts.of_page(words),
        "keys": texts.keys(words),
        "skeletons": texts.skeletons(words, now),
    }
    if edited.broken is None:
        sends = [send for send in snapshot.sends if send.issue == str(edited.issue.number)]
        values["state"] = texts.state(words, sends)
        values["cuts"] = _cuts(visit, edited.issue)
    return values


def _cuts(visit: DeskRequest, issue: Issue) -> list[tuple[int, object]]:
    """The letters of an issue as the select shows them: bits of what is left out, and who gets it."""
    workspace, words = visit.workspace, visit.desk.pages.words
    known = variants.topics_of(workspace, issue.list)
    bits = topics.present(issue, known)
    counts: dict[int, int] = {}
    with workspace.database.read() as connection:
        target = next((one for one in store.all_lists(connection) if one.name == issue.list), None)
        if target is not None and bits:
            counts = store.declination_counts(
                connection, target.id, rhythms=("weekly",), now=workspace.now(), topics=bits
            )
    found: list[tuple[int, object]] = []
    for cut in living.cuts(workspace, issue, tuple(counts)):
        if not cut.declined:
            found.append((0, words.say("All sections")))
        else:
            without = words.say("without {topics}", topics="، ".join(cut.without))
            found.append(
                (cut.declined, words.say("{who} ({n})", who=without, n=words.amount(counts.get(cut.declined, 0))))
            )
    return found


def letter(visit: DeskRequest) -> Response:
    """The letter for its frame, as somebody gets it who declines some topics."""
    edited = open_issue(visit.workspace, visit.path["slug"])
    declined = visit.query.get("variant", "")
    bits = int(declined) if declined.isdecimal() and len(declined) < 4 else 0
    dark = visit.query.get("dark") == "1"
    made = None
    if edited.broken is None:
        made = visit.desk.letters.cut(edited.issue, edited.etag, bits)
    if made is None or visit.query.get("text") == "1":
        html = _plain(visit, made, dark=dark, nobody=bool(bits))
    else:
        with visit.workspace.database.read() as connection:
            known = remote_of(list(library.of_stories(connection, edited.issue.stories).values()))
        html = living.framed(made, marks_of(edited.issue), dark=dark, remote=lambda address: known.get(address, ""))
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


def _plain(visit: DeskRequest, made: Letter | None, *, dark: bool, nobody: bool) -> str:
    words = visit.desk.pages.words
    if made is not None:
        text = _anonymous(made.rendered.text, made.marker)
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


def file(visit: DeskRequest) -> Response:
    """A picture of the issue's own folder."""
    folder = issues.folder_of(visit.workspace.root, visit.path["slug"]).resolve()
    path = (folder / visit.path["path"]).resolve()
    kind = _KINDS.get(path.suffix.lower())
    if kind is None or not path.is_relative_to(folder) or not path.is_file():
        return visit.text("", status=404)
    return _picture(path.read_bytes(), kind, kept=False)


def carried(visit: DeskRequest) -> Response:
    """A picture as a letter shows it, by the name of its bytes."""
    name = visit.path["name"]
    found = visit.desk.letters.picture(name)
    if found is not None:
        return (
            _picture(found.data, found.content_type)
            if found.content_type.startswith("image/")
            else visit.text("", status=404)
        )
    with visit.workspace.database.read() as connection:
        hosted = media.get(connection, name)
    kind = next((kind for kind, ending in SUFFIXES.items() if name.endswith(ending)), "")
    if hosted is None or not kind.startswith("image/"):
        return visit.text("", status=404)
    return _picture(hosted.data, kind)


def _picture(data: bytes, kind: str, *, kept: bool = True) -> Response:
    keep = "private, max-age=31536000, immutable" if kept else "private, no-cache"
    headers = {
        "cache-control": keep,
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'",
    }
    return Response(data, media_type=kind, headers=headers)


def every(visit: DeskRequest) -> Response:
    """Every issue of the workspace, the newest first."""
    snapshot, words = Snapshot.take(visit.workspace), visit.desk.pages.words
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
    return visit.page("desk/week/every.html.j2", {"rows": rows, "current": _current(snapshot)}, place="week")


def _current(snapshot: Snapshot) -> str:
    """The folder of the issue that somebody most likely wants: the draft of the highest number, else the newest."""
    sent = {send.issue for send in snapshot.sends if not send.undone}
    best: tuple[bool, int, str] = (False, -1, "")
    for file in snapshot.files:
        slug = file.path.parent.name
        try:
            number = file.issue.number
        except IssueError:
            number = max((_number(name) for name in (slug,)), default=0)
        best = max(best, (str(number) not in sent, number, slug))
    return best[2]


def _number(slug: str) -> int:
    head = slug.partition("-")[0]
    return int(head) if head.isdecimal() and head.isascii() else 0


def act(visit: DeskRequest) -> Response:
    """One operation from a button without JavaScript; the page comes again behind it."""
    from newsletter.desk.week.operations import run

    asked = json.loads(visit.form.get("act") or "{}")
    run(visit, visit.path["slug"], {"etag": visit.form.get("etag", ""), **asked})
    return visit.to(f"/issue/{quote(visit.path['slug'])}")


ROUTES = (
    DeskRoute("GET", "/", home, "look"),
    DeskRoute("GET", "/issues", every, "look"),
    DeskRoute("GET", "/issue/{slug}", page, "look"),
    DeskRoute("GET", "/issue/{slug}/letter", letter, "look"),
    DeskRoute("GET", "/issue/{slug}/file/{path:path}", file, "look"),
    DeskRoute("GET", "/media/{name}", carried, "look"),
    DeskRoute("POST", "/issue/{slug}/act", act, "edit"),
)
