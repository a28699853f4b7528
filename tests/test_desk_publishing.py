"""An issue put on the site from the desk: what will happen is said first, and it stays a draft there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from desk_visits import DeskVisitor, at_desk
from fake_wordpress import SITE, FakeWordPress
from newsroom import Clock, make, open_newsroom
from settings_text import with_settings

from newsletter.desk import complaints
from newsletter.desk.publishing import difference
from newsletter.ledger import activity
from newsletter.publish import PublishError
from newsletter.publish.wordpress import pictures, posts, refusals
from newsletter.publish.wordpress.session import SiteAccess, SiteSession
from newsletter.sources.http import Fetched, FetchError
from newsletter.wiring import Workspace
from newsletter.workspace import site_access

ISSUE = """+++
number = 1
subject = "رصيف جديد"
list = "readers"
+++

## أخبار

### [الصيادون يعودون إلى الرصيف](https://almawja.example.org/1/)
عادت القوارب قبل الفجر.
"""


@pytest.fixture
def site() -> FakeWordPress:
    return FakeWordPress()


@pytest.fixture
def workspace(tmp_path: Path, site: FakeWordPress) -> Iterator[Workspace]:
    root = make(tmp_path / "w", readers=1)
    folder = root / "issues" / "first"
    folder.mkdir(parents=True)
    (folder / "issue.md").write_text(ISSUE, "utf-8")
    site_access.write(root, SiteAccess(SITE, f"{SITE}/wp-json/", site.user, site.password))
    with open_newsroom(root, Clock(datetime(2026, 11, 27, 8, tzinfo=UTC))) as opened:
        opened.__dict__["fetcher"] = site
        yield opened


@pytest.fixture
def desk(workspace: Workspace) -> DeskVisitor:
    return at_desk(workspace)


def test_it_says_first_what_it_will_do_and_then_makes_a_draft_with_a_link_to_it(
    desk: DeskVisitor, site: FakeWordPress, workspace: Workspace
) -> None:
    asked = desk.get("/publish/first")
    assert asked.status_code == 200
    assert "تُنشأ مسودة على" in asked.text
    assert "almawja.example.org" in asked.text
    assert "لا يراها القراء حتى ينشرها أحدكم هناك" in asked.text
    assert (site.posts, site.asked) == ({}, [])
    done = desk.post("/publish/first")
    (post,) = site.posts.values()
    assert (done.status_code, post["status"]) == (200, "draft")
    assert f"{SITE}/wp-admin/post.php?post={post['id']}&amp;action=edit" in done.text
    with workspace.database.read() as connection:
        (line,) = activity.read(connection, acts=("publish",))
    assert (line.by, line.about) == ("سلمى", "1")
    assert "تُنقل تعديلاته إلى المقالة نفسها" in desk.get("/publish/1").text
    assert "فلم يُكتب شيء" in desk.post("/publish/first").text
    with workspace.database.read() as connection:
        assert len(activity.read(connection, acts=("publish",))) == 1


def test_the_settings_make_nothing_public_from_the_desk(workspace: Workspace, site: FakeWordPress) -> None:
    path = workspace.root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), '[publish]\nstatus = "publish"\n'), "utf-8")
    workspace.renew()
    at_desk(workspace).post("/publish/first")
    (post,) = site.posts.values()
    assert post["status"] == "draft"


def test_what_somebody_changed_there_is_shown_and_kept(desk: DeskVisitor, site: FakeWordPress) -> None:
    desk.post("/publish/first")
    (post,) = site.posts.values()
    post["content"] += "\n<!-- wp:paragraph -->\n<p>كلمة <b>المحرر</b></p>\n<!-- /wp:paragraph -->"
    answer = desk.post("/publish/first")
    assert answer.status_code == 409
    assert "فلم نكتب فوق تعديله" in answer.text
    assert "<ins>كلمة المحرر</ins>" in answer.text
    assert "as Nashra wrote it" not in answer.text
    assert "&lt;p&gt;" not in answer.text
    assert "المحرر" in post["content"]
    site.trash(post["id"])
    answer = desk.post("/publish/first")
    assert (answer.status_code, "سلة المهملات" in answer.text) == (409, True)
    assert len(site.posts) == 1


def test_a_difference_is_told_as_words_and_as_code_only_where_words_are_the_same() -> None:
    def said(title: str, content: str, picture: int = 0) -> dict[str, object]:
        return {"title": title, "content": content, "excerpt": "ملخص", "picture": picture}

    ours = said("أ &amp; ب", '<p>صباح الخير</p>\n<p>نص <a href="https://a.example.org">رابط</a></p>', 5)
    theirs = said(
        "أ &amp; ج",
        '<p>مساء الخير</p>\n<p>نص <a href="https://b.example.org">رابط</a></p>\n<img src="x" alt="باب &lt;السوق"/>',
    )
    rows = difference.rows(posts.difference(ours, theirs, before="x", after="y"), 10_000)
    assert [(row.kind, row.field, row.text) for row in rows if not row.is_code and row.kind != "same"] == [
        ("gone", "Title", "أ & ب"),
        ("new", "Title", "أ & ج"),
        ("gone", "Picture", "5"),
        ("gone", "", "صباح الخير نص رابط"),
        ("new", "Picture", "none"),
        ("new", "", "مساء الخير نص رابط باب <السوق"),
    ]
    assert difference.rows("", 100) == []
    link = '<p>نص <a href="https://{}.example.org">رابط</a></p>'
    changed = posts.difference(said("أ", link.format("a")), said("أ", link.format("b")), before="x", after="y")
    assert [(row.kind, row.text) for row in difference.rows(changed, 1000) if row.is_code] == [
        ("gone", link.format("a")),
        ("new", link.format("b")),
    ]


def test_a_site_that_is_away_or_refuses_is_told_in_arabic(desk: DeskVisitor, site: FakeWordPress) -> None:
    def away(_asked: str) -> None:
        raise FetchError("no connection: Connection refused", where=SITE, passing=True)

    site.before = away
    answer = desk.post("/publish/first")
    assert (answer.status_code, "تعذّر الوصول" in answer.text, "لن يتكرر شيء" in answer.text) == (503, True, True)
    site.before = lambda _asked: None
    site.role = "administrator"
    answer = desk.post("/publish/first")
    assert (answer.status_code, "هذا المستخدم مدير هناك" in answer.text, SITE in answer.text) == (422, True, True)
    assert "administrator there" not in answer.text
    assert site.password not in answer.text


def test_whatever_a_site_refuses_is_told_in_arabic_with_what_to_do(desk: DeskVisitor) -> None:
    words = desk.desk.pages.words
    site = SiteAccess(SITE, f"{SITE}/wp-json/", "salma", "x")
    told = [refusals.refusal(_answer(code, status), route, SITE) for code, status, route in _refused()]
    told += [refusals.not_let_in(_answer(code, 401), SITE, index) for code, index in _shut()]
    for role in ("administrator", "contributor"):
        with pytest.raises(PublishError) as caught:
            posts.user(SiteSession(site, FakeWordPress(role=role, password="x").exchange))
        told.append(caught.value)
    for act in (
        lambda session: posts.categories(session, ["nowhere"]),
        lambda _: posts.of_answer({}, SITE),
        lambda _: pictures.of_answer({}, SITE),
    ):
        with pytest.raises(PublishError) as caught:
            act(SiteSession(site, FakeWordPress(password="x").exchange))
        told.append(caught.value)
    for error in told:
        said = complaints.spoken(words, error)
        assert said is not None, error.what
        text = " ".join(map(words.plain, said))
        assert all(map(words.plain, said)), error.what
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+|[{}]", text), text


def _answer(code: str, status: int) -> Fetched:
    return Fetched(SITE, json.dumps({"code": code}).encode(), "application/json", "utf-8", status, {"location": SITE})


def _refused() -> list[tuple[str, int, str]]:
    known = [(code, 403, "posts") for code in refusals._FORBIDDEN]
    return [
        *known,
        ("rest_cannot_edit", 403, "posts/7"),
        ("", 301, "users/me"),
        ("rest_no_route", 404, "users/me"),
        ("rest_no_route", 404, "letters"),
        ("rest_upload_sideload_error", 500, "media"),
        ("", 413, "posts"),
        ("", 403, "posts"),
        ("x", 400, "posts"),
        ("", 503, "posts"),
    ]


def _shut() -> list[tuple[str, Fetched | None]]:
    without_tls = Fetched(SITE, b'{"authentication": []}', "application/json", "utf-8", 200, {})
    return [
        ("incorrect_password", None),
        ("application_passwords_disabled", None),
        ("rest_not_logged_in", _answer("", 401)),
        ("rest_not_logged_in", without_tls),
        ("rest_not_logged_in", None),
    ]


def test_without_a_site_it_says_how_to_connect_one(desk: DeskVisitor, workspace: Workspace) -> None:
    site_access.forget(workspace.root)
    page = desk.get("/publish/first")
    assert "newsletter wordpress connect" in page.text
    assert '<form method="post" action="/publish' not in page.text


def test_who_may_not_send_publishes_nothing(workspace: Workspace, site: FakeWordPress) -> None:
    desk = at_desk(workspace, "edit")
    assert desk.get("/publish/first").status_code == 403
    assert desk.post("/publish/first").status_code == 403
    assert site.asked == []
