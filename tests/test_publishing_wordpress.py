"""Issues published on a WordPress in memory: one post whatever happens, and each refusal told apart."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from command import Done, here, make_workspace
from fake_wordpress import SITE, FakeWordPress
from PIL import Image
from settings_text import with_settings
from sqlalchemy import delete

from newsletter import wiring
from newsletter.ledger import activity
from newsletter.models import Article
from newsletter.publish import PublishError, PublishInterruptedError, PublishOutcome, PublishTalk, PublishWish, rows
from newsletter.publish.own import own_posts
from newsletter.publish.wordpress import pictures, posts, refusals
from newsletter.publish.wordpress.session import SiteAccess
from newsletter.sources.http import Fetched, FetchError
from newsletter.storage.publish_tables import published
from newsletter.workflows.publishing import alone, connecting, wordpress
from newsletter.workspace import site_access

SUBJECT = "أسوار المدينة <b>تعود</b> & الأسواق 3-1"
ISSUE = f"""+++
number = 1
subject = "{SUBJECT}"
preheader = "انتهت أشغال الترميم"
list = "readers"
template = "weekly"
+++

صباح الخير من المدينة القديمة.

## المدينة

### [الأسوار ترمَّم](https://almawja.example.org/walls)
![السور الشرقي](wall.jpg)
عاد الحجر إلى مكانه.

### [السوق تفتح](https://almawja.example.org/market)
![باب السوق](gate.jpg)
فتح التجار دكاكينهم.
"""


class KilledError(BaseException):
    """Stands for a signal that nobody can catch."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("publish") / "w", readers=0)
    (root / "issues" / "first" / "issue.md").write_text(ISSUE, "utf-8")
    for at, name in enumerate(("wall.jpg", "gate.jpg")):
        picture = io.BytesIO()
        Image.new("RGB", (80, 60), (200, 90 * at, 20)).save(picture, "JPEG")
        (root / "issues" / "first" / name).write_bytes(picture.getvalue())
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    import shutil

    copied = tmp_path / "w"
    shutil.copytree(made, copied)
    connected(copied)
    return copied


def connected(root: Path, password: str = "abcdefghijklmnopqrstuvwx") -> None:
    site_access.write(root, SiteAccess(SITE, f"{SITE}/wp-json/", "salma", password))


@contextmanager
def opened(root: Path, site: FakeWordPress) -> Iterator[wiring.Workspace]:
    with wiring.open_workspace(root, {}) as workspace:
        workspace.__dict__["fetcher"] = site
        yield workspace


def publish(root: Path, site: FakeWordPress, *, sure: bool = True, **wish: Any) -> PublishOutcome:
    with opened(root, site) as workspace:
        return publish_in(workspace, sure=sure, **wish)


def publish_in(workspace: wiring.Workspace, *, sure: bool = True, **wish: Any) -> PublishOutcome:
    return wordpress.publish(workspace, "1", PublishWish(**wish), PublishTalk(sure=lambda _question: sure))


def edit(root: Path, before: str, after: str) -> None:
    path = root / "issues" / "first" / "issue.md"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def forget(root: Path, site: FakeWordPress) -> None:
    """What a database knows that was restored from an older copy: nothing of the post."""
    with opened(root, site) as workspace, workspace.database.write() as connection:
        connection.execute(delete(published))


def only_post(site: FakeWordPress) -> dict[str, Any]:
    (post,) = site.posts.values()
    return post


def command(root: Path, site: FakeWordPress, *arguments: str) -> Done:
    """The command itself, with this site for the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring.Workspace, "fetcher", site)
        return here("-C", root, *arguments)


def test_a_draft_with_its_words_its_pictures_and_its_address(root: Path) -> None:
    site = FakeWordPress(has_meta=True)
    outcome = publish(root, site, categories=("letters",))
    post = only_post(site)
    assert (outcome.done, post["status"], post["slug"]) == ("created", "draft", "nashra-issue-1")
    assert post["title"] == "أسوار المدينة &lt;b&gt;تعود&lt;/b&gt; &amp; الأسواق 3-1"
    assert (post["excerpt"], post["categories"]) == ("انتهت أشغال الترميم", [7])
    assert post["meta"] == {"nashra_issue": "1"}
    by_words = {one["alt_text"]: one for one in site.media.values()}
    wall, gate = by_words["السور الشرقي"], by_words["باب السوق"]
    assert (post["featured_media"], len(site.media)) == (wall["id"], 2)
    assert gate["source_url"] in post["content"]
    assert wall["source_url"] not in post["content"]
    assert outcome.address == f"{SITE}/wp-admin/post.php?post={post['id']}&action=edit"
    with opened(root, site) as workspace, workspace.database.read() as connection:
        kept = rows.find(connection, "wordpress", SITE, "1")
        assert kept is not None
        assert (kept.post, kept.is_public, kept.writing) == (post["id"], False, {})
        assert rows.link_of(connection, "1") == ""


def test_the_same_again_writes_nothing(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    asked, revisions = len(site.asked), site.revisions
    assert publish(root, site).done == "unchanged"
    assert [one for one in site.asked[asked:] if one.startswith("POST")] == []
    assert (site.revisions, len(site.media), len(site.posts)) == (revisions, 2, 1)


def test_what_has_changed_in_the_issue_is_brought_to_the_same_post_and_nothing_else_is_touched(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site, status="publish")
    post = only_post(site)
    post |= {"categories": [9], "author": 4, "date": "2026-11-01T08:00:00"}
    site.posts[post["id"]] = post
    edit(root, "عاد الحجر إلى مكانه.", "عاد الحجر إلى مكانه أمس.")
    assert publish(root, site).done == "updated"
    now = only_post(site)
    assert "مكانه أمس" in now["content"]
    assert (now["status"], now["categories"], now["author"], now["date"]) == ("publish", [9], 4, "2026-11-01T08:00:00")
    assert len(site.media) == 2


def test_it_becomes_public_only_when_that_is_said_and_confirmed(root: Path) -> None:
    site = FakeWordPress()
    assert publish(root, site, status="publish", sure=False).done == "refused"
    assert site.posts == {}
    publish(root, site)
    assert publish(root, site, status="publish", sure=False).done == "refused"
    assert only_post(site)["status"] == "draft"
    outcome = publish(root, site, status="publish")
    assert (outcome.done, outcome.address) == ("published", f"{SITE}/2026/11/nashra-issue-1/")
    with opened(root, site) as workspace, workspace.database.read() as connection:
        assert rows.link_of(connection, "1") == outcome.address


def test_the_settings_say_what_a_new_post_is_and_never_publish_one_that_is_there(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site, status="draft")
    settings = root / "newsletter.toml"
    settings.write_text(with_settings(settings.read_text("utf-8"), '[publish]\nstatus = "publish"\n'), "utf-8")
    assert publish(root, site).done == "unchanged"
    assert only_post(site)["status"] == "draft"


def test_what_somebody_changed_there_is_never_written_over_unless_told(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    post = only_post(site)
    post["content"] = post["content"].replace("صباح الخير", "مساء الخير")
    edit(root, "فتح التجار", "فتح الباعة")
    outcome = publish(root, site)
    assert outcome.done == "refused"
    assert "-<p>صباح الخير من المدينة القديمة.</p>" in outcome.difference
    assert "+<p>مساء الخير من المدينة القديمة.</p>" in outcome.difference
    assert "الباعة" not in outcome.difference
    assert "مساء" in only_post(site)["content"]
    assert publish(root, site, force=True).done == "updated"
    assert "صباح الخير" in only_post(site)["content"]
    assert "الباعة" in only_post(site)["content"]


def test_the_words_of_a_site_are_no_commands_for_a_terminal(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    only_post(site)["content"] += "\x1b]0;x\x07\x9b2J"
    only_post(site)["title"] = "\x1b[31m"
    done = command(root, site, "publish", "1", "--to", "wordpress")
    assert done.code == 1
    assert "+title:" in done.err
    assert not set("\x1b\x07\x9b") & set(done.err)


def test_the_block_editor_may_save_in_its_own_spelling(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    post = only_post(site)
    post["content"] = (
        post["content"].replace(" />", "/>").replace("<!-- /wp:paragraph -->\n", "<!-- /wp:paragraph -->\n\n")
    )
    assert publish(root, site).done == "unchanged"


def test_blocks_that_the_editor_wrote_anew_say_the_same() -> None:
    def said(content: str) -> dict[str, Any]:
        return {"title": "x", "content": content, "excerpt": "", "picture": 0}

    ours = (
        '<!-- wp:heading {"level":3} -->\n<h3 class="wp-block-heading">أ</h3>\n<!-- /wp:heading -->\n'
        '<!-- wp:group {"className":"nashra-poll","style":{"border":{"width":"1px"}}} -->\n<div></div>\n'
        '<!-- /wp:group -->\n<!-- wp:table {"hasFixedLayout":false} -->\n<table></table>\n<!-- /wp:table -->\n'
        '<!-- wp:image {"id":5} -->\n<img alt="أ &lt;ب&gt; &quot;ج&quot;" src="x"/>\n<!-- /wp:image -->\n'
        "<p>&#038;#39; أ\u00a0ب</p>"
    )
    theirs = (
        '<!-- wp:heading {"level":3,"className":"wp-block-heading"} -->\n<h3 class="wp-block-heading">أ</h3>\n'
        '<!-- /wp:heading -->\n\n<!-- wp:group {"style":{"border":{"width":"1px"}},"className":"nashra-poll"} -->\n'
        "<div></div>\n<!-- /wp:group -->\n\n<!-- wp:table -->\n<table></table>\n<!-- /wp:table -->\n\n"
        '<!-- wp:image {"id":5} -->\n<img alt="أ <ب&gt; &quot;ج&quot;" src="x" />\n<!-- /wp:image -->\n\n'
        "<p>&amp;#39; أ&nbsp;ب</p>"
    )
    assert posts.same(said(ours), said(theirs))
    for before, after in (
        ('"level":3,', '"level":4,'),
        ('className":"wp-block-heading"', 'className":"wp-block-heading big"'),
        ('"1px"', '"2px"'),
        ('"nashra-poll"', '"nashra-poll is-style"'),
        ("<ب&gt;", "<ت&gt;"),
        ("&amp;#39;", "&lt;b&gt;"),
        ("<!-- wp:table -->", '<!-- wp:table {"hasFixedLayout":true} -->'),
    ):
        assert before in theirs
        assert not posts.same(said(ours), said(theirs.replace(before, after))), before
    assert posts.same(said("<p>&lt;b&gt;</p>"), said("<p><b></p>")) is False
    for broken in ('<!-- wp:x {"a":} -->', '<!-- wp:x {"a":' + "[" * 5000 + "} -->"):
        assert posts.same(said(broken), said(broken))


def test_what_was_thrown_away_there_is_told_and_made_anew_only_when_told(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    (number,) = site.posts
    site.trash(number)
    outcome = publish(root, site)
    assert outcome.done == "refused"
    assert "thrown away" in outcome.lines[0]
    assert len(site.posts) == 1
    assert publish(root, site, anew=True).done == "created"
    assert publish(root, site).done == "unchanged"
    assert [one["status"] for one in site.posts.values()] == ["trash", "draft"]
    assert len(site.media) == 2
    del site.posts[max(site.posts)]
    assert "deleted" in publish(root, site).lines[0]


def test_another_database_finds_the_post_by_its_slug(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    forget(root, site)
    assert publish(root, site).done == "unchanged"
    (number,) = site.posts
    site.trash(number)
    forget(root, site)
    assert publish(root, site).done == "refused"


def test_two_drafts_of_one_slug_are_told(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    forget(root, site)
    site.posts[900] = {**only_post(site), "id": 900}
    with pytest.raises(PublishError, match="several posts have the slug nashra-issue-1"):
        publish(root, site)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_request_and_started_again_it_is_one_post_with_its_pictures(root: Path, when: str) -> None:
    whole = FakeWordPress(has_meta=True)
    publish(root, whole, status="publish")
    with opened(root, whole) as workspace:
        for at in range(len(whole.asked)):
            with workspace.database.write() as connection:
                connection.execute(delete(published))
            site = workspace.__dict__["fetcher"] = FakeWordPress(has_meta=True)

            def killed(_asked: str, site: FakeWordPress = site, at: int = at) -> None:
                if len(site.asked) == at + 1:
                    raise KilledError

            setattr(site, when, killed)
            with pytest.raises(KilledError):
                publish_in(workspace, status="publish")
            publish_in(workspace, status="publish")
            post = only_post(site)
            assert (post["status"], post["slug"], len(site.media)) == ("publish", "nashra-issue-1", 2), (at, site.asked)
            assert all(one["alt_text"] for one in site.media.values()), (at, site.asked)
            assert publish_in(workspace).done == "unchanged"


def test_an_issue_that_changes_after_a_lost_answer_is_still_ours(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    edit(root, "صباح الخير", "مساء الخير")

    def killed(asked: str) -> None:
        if asked.startswith("POST posts/"):
            raise KilledError

    site.after = killed
    with pytest.raises(KilledError):
        publish(root, site)
    site.after = lambda _asked: None
    edit(root, "مساء الخير", "أسعد الله أوقاتكم")
    assert publish(root, site).done == "updated"
    assert "أسعد الله" in only_post(site)["content"]


def test_four_at_once_make_one_post(root: Path) -> None:
    site = FakeWordPress()
    gate, found = threading.Barrier(4), []

    def one() -> None:
        gate.wait()
        found.append(publish(root, site).done)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["created", "unchanged", "unchanged", "unchanged"]
    assert (len(site.posts), len(site.media)) == (1, 2)


def test_whoever_waits_too_long_is_told(root: Path) -> None:
    site = FakeWordPress()
    with opened(root, site) as workspace, alone.alone(workspace, "wordpress", "1"):
        with (
            opened(root, site) as other,
            pytest.raises(PublishInterruptedError, match="another process"),
            alone.alone(other, "wordpress", "1", wait=0.0),
        ):
            raise AssertionError
        with opened(root, site) as other, alone.alone(other, "wordpress", "2", wait=0.0):
            pass


def test_a_site_that_goes_down_in_the_middle_is_completed_by_the_same_command(root: Path) -> None:
    site = FakeWordPress()

    def down(asked: str) -> None:
        if asked == "POST posts":
            raise FetchError("no connection: Connection refused", where=SITE, passing=True)

    site.before = down
    done = command(root, site, "publish", "1", "--to", "wordpress")
    assert (done.code, site.posts) == (75, {})
    assert done.err.splitlines() == [
        f"error: {SITE}: no connection: Connection refused; the same command completes it when the site is back"
    ]
    site.before = lambda _asked: None
    assert command(root, site, "publish", "1", "--to", "wordpress").code == 0
    assert (len(site.posts), len(site.media)) == (1, 2)


def test_a_post_that_was_made_to_be_published_is_published_by_the_same_command(root: Path) -> None:
    settings = root / "newsletter.toml"
    settings.write_text(with_settings(settings.read_text("utf-8"), '[publish]\nstatus = "publish"\n'), "utf-8")
    site = FakeWordPress()
    for at in ("POST posts", "POST posts/"):

        def down(asked: str, at: str = at) -> None:
            if asked == at or (at.endswith("/") and asked.startswith(at)):
                raise FetchError("no connection: Connection refused", where=SITE, passing=True)

        # The answer to the making is lost; then the one that would publish it.
        site.after, site.before = (down, lambda _asked: None) if at == "POST posts" else (lambda _asked: None, down)
        with pytest.raises(PublishInterruptedError):
            publish(root, site)
        assert only_post(site)["status"] == "draft"
    site.before = lambda _asked: None
    assert publish(root, site).done == "published"
    only_post(site)["status"] = "draft"
    assert publish(root, site).done == "unchanged"


def test_what_not_everybody_can_see_there_is_not_where_the_archive_leads(root: Path) -> None:
    site = FakeWordPress()

    def link() -> str:
        with opened(root, site) as workspace, workspace.database.read() as connection:
            return rows.link_of(connection, "1")

    publish(root, site, status="publish")
    assert link()
    for status in ("private", "future", "publish"):
        only_post(site)["status"] = status
        assert publish(root, site, status="publish").done == "unchanged"
        assert bool(link()) == (status == "publish")
    site.trash(next(iter(site.posts)))
    assert publish(root, site).done == "refused"
    assert link() == ""


def test_what_somebody_writes_there_while_pictures_are_put_up_is_not_written_over(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    picture = io.BytesIO()
    Image.new("RGB", (80, 60), (1, 2, 3)).save(picture, "JPEG")
    (root / "issues" / "first" / "gate.jpg").write_bytes(picture.getvalue())

    def written(asked: str) -> None:
        if asked == "POST media":
            only_post(site)["content"] += "<!-- wp:paragraph -->\n<p>سطر جديد</p>\n<!-- /wp:paragraph -->"

    site.after = written
    assert publish(root, site).done == "refused"
    assert "سطر جديد" in only_post(site)["content"]


@pytest.mark.parametrize(
    "odd",
    [
        [],
        5,
        {"id": "x"},
        {"id": 10**30, "status": "draft", "slug": "", "link": "", "title": {"raw": ""}, "content": {"raw": ""}},
        {"id": 7, "status": "draft", "slug": "", "link": "", "title": "x", "content": "y"},
        {
            "id": 7,
            "status": "draft",
            "slug": "",
            "link": "",
            "title": {"raw": ""},
            "content": {"raw": ""},
            "excerpt": "z",
        },
        {"id": float("inf"), "status": "draft"},
    ],
)
def test_what_is_no_post_is_told_in_a_line(odd: Any) -> None:
    with pytest.raises(PublishError, match="the post that it shows"):
        posts.of_answer(odd, SITE)
    with pytest.raises(PublishError, match="the picture that it shows"):
        pictures.of_answer(odd, SITE)


def test_an_address_that_a_site_gives_leads_to_a_site(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    shown = {**site._shown(only_post(site)), "link": "javascript:alert(1)"}
    assert posts.of_answer(shown, SITE).link == ""


def test_what_a_filter_took_away_is_told_and_nothing_becomes_public(root: Path) -> None:
    site = FakeWordPress(keeps=lambda content: content.replace("<strong>", "").replace('<span dir="ltr">', ""))
    edit(root, "صباح الخير من", "صباح الخير **من**")
    outcome = publish(root, site, status="publish")
    assert (outcome.done, only_post(site)["status"]) == ("refused", "draft")
    assert "-<p>صباح الخير <strong>من</strong>" in outcome.difference
    revisions = site.revisions
    assert publish(root, site).done == "unchanged"
    assert site.revisions == revisions
    # Saying it twice makes it no better.
    assert publish(root, site, status="publish").done == "refused"
    assert only_post(site)["status"] == "draft"
    assert publish(root, site, status="publish", force=True).done == "published"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"authentication": False}, "it believes to be without TLS"),
        ({"loses_header": True}, "its server loses the header Authorization"),
        ({"password": "another"}, "the password is wrong or taken back"),
        ({"closed": True}, "closed, also to its own users"),
        ({"role": "contributor"}, "salma is contributor there"),
        ({"role": "subscriber"}, "salma is subscriber there"),
        ({"role": "administrator"}, "salma is an administrator there"),
        ({"moved_to": "https://www.example.org/wp-json/"}, "leads to https://www.example.org/wp-json/"),
        ({"status": 403, "code": ""}, "a firewall or plugin may refuse us"),
        ({"status": 403, "code": "rest_cannot_access"}, "closed, also to its own users"),
        ({"status": 400, "code": "rest_invalid_param"}, "closed, also to its own users"),
        ({"status": 500, "code": "rest_closed"}, "closed, also to its own users"),
        ({"forbids_drafts": 401}, "the password is wrong or taken back"),
        ({"forbids_drafts": 403}, "the user may not read drafts there"),
        ({"status": 404}, "its REST interface is closed or moved"),
    ],
)
def test_each_refusal_is_told_apart_with_its_mend(root: Path, wrong: dict[str, Any], words: str) -> None:
    site = FakeWordPress(**wrong)
    with pytest.raises(PublishError) as told:
        publish(root, site)
    assert words in str(told.value)
    assert told.value.mend
    assert not isinstance(told.value, PublishInterruptedError)
    assert site.posts == {}
    # A password that was refused is not tried again: plugins against break-ins count.
    assert site.asked.count("GET users/me") == 1


def test_a_post_that_was_given_to_somebody_else_is_told(root: Path) -> None:
    site = FakeWordPress()
    publish(root, site)
    site.of_others = set(site.posts)
    with pytest.raises(PublishError, match="somebody else's there") as told:
        publish(root, site)
    assert "connect as an editor" in told.value.mend
    # Nor is another one made by a database that knows nothing of it, as far as WordPress shows it.
    only_post(site)["status"] = "publish"
    forget(root, site)
    with pytest.raises(PublishError, match="somebody else's there"):
        publish(root, site)
    assert len(site.posts) == 1


def test_a_warning_of_php_before_an_answer_does_no_harm(root: Path) -> None:
    warning = b"<br />\n<b>Warning</b>: Undefined array key [x] {y} in <b>/a/b.php</b> on line <b>3</b><br />\n"
    site = FakeWordPress(noise=warning)
    with opened(root, site) as workspace:
        assert connecting.look_for(workspace, SITE).rest == f"{SITE}/wp-json/"
    assert publish(root, site).done == "created"
    assert publish(root, site).done == "unchanged"
    heap = Fetched(SITE, b"{\n" * 200_000, "application/json", "utf-8", 200, {})
    assert refusals.content(heap) is None


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_site_in_trouble_is_asked_again_later(root: Path, status: int) -> None:
    with pytest.raises(PublishInterruptedError, match="completes it"):
        publish(root, FakeWordPress(status=status))


def test_a_category_that_is_missing_is_told_and_not_made(root: Path) -> None:
    site = FakeWordPress()
    with pytest.raises(PublishError, match="no category with the slug nowhere"):
        publish(root, site, categories=("letters", "nowhere"))
    assert (site.posts, site.media) == ({}, {})


def test_a_dry_run_asks_and_writes_nothing(root: Path) -> None:
    site = FakeWordPress()
    assert publish(root, site, dry_run=True).done == "created"
    publish(root, site)
    edit(root, "صباح", "مساء")
    asked = len(site.asked)
    outcome = publish(root, site, dry_run=True)
    assert outcome.done == "updated"
    assert "+<p>مساء الخير" in outcome.difference
    assert not any(one.startswith("POST") for one in site.asked[asked:])


def test_the_command_says_it_in_one_document_and_writes_it_into_the_log(root: Path) -> None:
    site = FakeWordPress()
    done = command(root, site, "publish", "1", "--to", "wordpress", "--json")
    assert done.code == 0, done
    told = json.loads(done.out)
    (number,) = site.posts
    assert (told["done"], told["post"], told["status"], told["issue"]) == ("created", number, "draft", 1)
    assert json.loads(command(root, site, "publish", "1", "--to", "wordpress", "--json").out)["done"] == "unchanged"
    with opened(root, site) as workspace, workspace.database.read() as connection:
        (line,) = activity.read(connection, acts=("publish",))
        assert line.about == "1"


def test_nobody_to_ask_is_told(root: Path) -> None:
    site = FakeWordPress()
    done = command(root, site, "publish", "1", "--to", "wordpress", "--status", "publish")
    assert (done.code, site.posts) == (2, {})
    assert "add --yes" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "paper"), "--to takes wordpress or files"),
        (("--to", "wordpress", "--status", "private"), "--status takes draft or publish"),
        (("--to", "files", "--category", "letters"), "--category means nothing with --to files"),
    ],
)
def test_wrong_usage_is_told(root: Path, arguments: tuple[str, ...], words: str) -> None:
    done = here("-C", root, "publish", "1", *arguments)
    assert done.code == 2
    assert words in " ".join(done.err.split())


def test_without_a_site_it_says_how_to_connect_one(root: Path) -> None:
    site_access.forget(root)
    done = here("-C", root, "publish", "1", "--to", "wordpress")
    assert done.code == 1
    assert done.err.strip() == (
        "error: no WordPress is connected; connect yours: newsletter wordpress connect https://…"
    )


def test_a_password_that_others_can_read_or_that_would_travel_openly_is_not_used(root: Path) -> None:
    path = site_access.path_of(root)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    done = here("-C", root, "publish", "1", "--to", "wordpress")
    assert (done.code, "others can read" in done.err) == (1, True)
    path.chmod(0o600)
    path.write_text(path.read_text("utf-8").replace("https://", "http://"), "utf-8")
    done = here("-C", root, "publish", "1", "--to", "wordpress")
    assert (done.code, "without encryption" in done.err) == (1, True)


def test_connecting_tries_a_password_once_and_keeps_a_good_one(root: Path) -> None:
    site_access.forget(root)
    site = FakeWordPress()
    with opened(root, site) as workspace:
        found = connecting.look_for(workspace, SITE)
        moment = datetime(2026, 11, 27, 9, 30, 5, tzinfo=UTC)
        assert found.question(moment, "http://127.0.0.1:9/x").startswith(
            f"{SITE}/wp-admin/authorize-application.php?app_name=Nashra+2026-11-27+09%3A30%3A05"
        )
        for password in ("wrong", ""):
            with pytest.raises(PublishError):
                connecting.connect(workspace, found, "salma", password)
        assert site_access.read(root) is None
        assert site.asked.count("GET users/me") == 1
        connecting.connect(workspace, found, "salma", "abcd efgh ijkl mnop qrst uvwx")
    kept = site_access.read(root)
    assert kept == SiteAccess(SITE, f"{SITE}/wp-json/", "salma", "abcdefghijklmnopqrstuvwx")
    assert "abcd" not in repr(kept)
    assert here("-C", root, "wordpress", "connect", "--forget").code == 0
    assert not site_access.path_of(root).exists()


@pytest.mark.parametrize("page", ["https://elsewhere.example.net/authorize", "https://[", "javascript:alert(1)", "", 5])
def test_the_page_that_gives_a_password_is_the_site_s_own(root: Path, page: Any) -> None:
    site = FakeWordPress()
    site.authorize = page
    with opened(root, site) as workspace:
        assert connecting.look_for(workspace, SITE).authorize == f"{SITE}/wp-admin/authorize-application.php"


def test_a_password_of_another_site_is_not_taken() -> None:
    found = connecting.SiteFound(SITE, f"{SITE}/wp-json/", f"{SITE}/wp-admin/authorize-application.php")
    connecting.same_site(found, f"{SITE}/")
    for other in ("https://elsewhere.example.net", "https://[", ""):
        with pytest.raises(PublishError, match="a password came for"):
            connecting.same_site(found, other)


@pytest.mark.parametrize(
    ("address", "identities", "own"),
    [
        (f"{SITE}/2026/11/nashra-issue-1/", (), True),
        (f"{SITE}/?p=PP", (f"guid:{SITE}/?p=PP",), True),
        (f"{SITE}/renamed/", ("wordpress:almawja.example.org#PP",), True),
        (f"{SITE}/2026/11/nashra-issue-12/", ("wordpress:almawja.example.org#9",), False),
        ("https://other.example.net/nashra-issue-1/", ("wordpress:other.example.net#PP",), False),
    ],
)
def test_an_issue_on_the_site_is_no_article_of_the_next_one(
    root: Path, address: str, identities: tuple[str, ...], own: bool
) -> None:
    """Whatever road brings it: the interface, a feed, its page."""
    site = FakeWordPress()
    publish(root, site, status="publish")
    (number,) = site.posts
    article = Article(
        "أسوار المدينة",
        url=address.replace("PP", str(number)),
        identities=tuple(one.replace("PP", str(number)) for one in identities),
    )
    with opened(root, site) as workspace, workspace.database.read() as connection:
        kept, ours = own_posts([article], rows.every(connection), workspace.settings.publish.slug)
    assert (kept, ours) == (([], [article]) if own else ([article], []))


def test_titles_are_compared_as_they_read() -> None:
    one = {"title": "أ & ب", "content": "x", "excerpt": "", "picture": 0}
    assert posts.same(one, {**one, "title": "أ &amp; ب"})
    assert not posts.same(one, {**one, "title": "أ و ب"})
    assert not posts.same(one, {**one, "picture": 3})
