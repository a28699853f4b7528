"""An issue put on the site from the desk: what will happen is said first, and it stays a draft there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from desk_visits import DeskVisitor, at_desk
from fake_wordpress import SITE, FakeWordPress
from newsroom import Clock, make, open_newsroom
from settings_text import with_settings

from newsletter.ledger import activity
from newsletter.publish.wordpress.session import SiteAccess
from newsletter.sources.http import FetchError
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
    assert "+&lt;p&gt;كلمة &lt;b&gt;المحرر&lt;/b&gt;&lt;/p&gt;" in answer.text
    assert "المحرر" in post["content"]
    site.trash(post["id"])
    answer = desk.post("/publish/first")
    assert (answer.status_code, "سلة المهملات" in answer.text) == (409, True)
    assert len(site.posts) == 1


def test_a_site_that_is_away_or_refuses_is_told(desk: DeskVisitor, site: FakeWordPress) -> None:
    def away(_asked: str) -> None:
        raise FetchError("no connection: Connection refused", where=SITE, passing=True)

    site.before = away
    answer = desk.post("/publish/first")
    assert (answer.status_code, "لن يتكرر شيء" in answer.text) == (503, True)
    site.before = lambda _asked: None
    site.role = "administrator"
    answer = desk.post("/publish/first")
    assert (answer.status_code, "لم يقبله الموقع" in answer.text) == (422, True)
    assert "is an administrator there" in answer.text
    assert site.password not in answer.text


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
