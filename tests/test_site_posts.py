"""What follows a knock: the post fetched as ever, what is taken back marked, letters at once, each once."""

from __future__ import annotations

import json
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
import weekly_kills
from newsroom import SECTIONS, SITE, START, Clock, Post, WordPress, given, make, open_newsroom, received, subscribe

from newsletter import ledger, library
from newsletter.publish import rows as published
from newsletter.site_hook import knocks, rows
from newsletter.site_hook.hook import knock_hook
from newsletter.site_hook.signing import HEADER, SignedBy, request_signed, sign_body
from newsletter.sources.http import Fetched, FetchError, Kind
from newsletter.storage.site_tables import site_post
from newsletter.wiring import Workspace
from newsletter.workflows import collect, draft, latest, status, weekly
from newsletter.workflows.site_posts import fates, told
from newsletter.workflows.site_posts.looking import NOT_THERE, look
from newsletter.workspace.plugin_secret import new_plugin_secret, plugin_secrets
from subscribers import store

FRONT = f"{SITE}/"
AT = START + timedelta(hours=1)


@dataclass
class PluggedSite(WordPress):
    """A site with our plugin, whose editors can take posts away and whose plugin may be away."""

    told: list[dict[str, Any]] = field(default_factory=list)
    plugin: int = 404
    """Status of its route; 200 answers."""
    keys: tuple[bytes, ...] = ()
    raw: bytes = b""
    """What the plugin answers instead of its list."""
    by_number: bool = False
    """Whether it is a plugin of before, whose pages are only counted."""
    between: Callable[[], None] | None = None
    """What happens at the site after the first page."""

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        if asked.get("rest_route") != "/nashra/v1/posts":
            return super().get(url, kind, headers=headers, statuses=statuses)
        self.asked.append(url)
        target = f"/nashra/v1/posts?since={asked['since']}&page={asked['page']}"
        target += f"&after={asked['after']}" if "after" in asked else ""
        signed = request_signed((headers or {}).get(HEADER, ""), "GET", target, self.keys, now=self.clock())
        status = 403 if signed is not SignedBy.GENUINE else self.plugin
        if self.down or status != 200:
            raise FetchError(f"the site answered {status}", where=url, status=status)
        if self.raw:
            return Fetched(url, self.raw, "application/json", "utf-8", 200, {})
        page, start = int(asked["page"]), (int(asked["since"]), int(asked.get("after", -1)))
        places = {(one["modified"], one["post"]): one for one in self.told}
        some = [places[place] for place in sorted(places) if place > start][(page - 1) * 2 :]
        answer: dict[str, Any] = {"posts": some[:2], "more": len(some) > 2}
        if not self.by_number and some:
            last = answer["posts"][-1]
            answer["next"] = {"since": last["modified"], "after": last["post"]}
        if self.between is not None:
            self.between, between = None, self.between
            between()
        return self._json(url, answer)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make(tmp_path_factory.mktemp("made") / "w", readers=1, settings="[schedule]\ninstant = 10\n")
    new_plugin_secret(root, START)
    clock = Clock()
    with open_newsroom(root, clock) as workspace, workspace.database.write() as connection:
        subscribe(connection, workspace, "instant@example.net", START, "instant")
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "w"))


@pytest.fixture
def clock() -> Clock:
    return Clock(AT)


@pytest.fixture
def site(clock: Clock, root: Path) -> PluggedSite:
    first = Post(1, START + timedelta(minutes=30))
    return PluggedSite([first], clock, keys=plugin_secrets(root, START))


@pytest.fixture
def workspace(root: Path, clock: Clock, site: PluggedSite) -> Iterator[Workspace]:
    with open_newsroom(root, clock, site) as workspace:
        yield workspace


def body(workspace: Workspace, number: int, status: str = "publish", **values: str) -> dict[str, Any]:
    """What the plugin says of a post now."""
    workspace.now.forward(milliseconds=1)  # type: ignore[attr-defined]
    moment = int(workspace.now().timestamp() * 1000)
    return {
        "id": secrets.token_hex(16),
        "site": FRONT,
        "post": number,
        "status": status,
        "password": False,
        "address": f"{SITE}/{number}/",
        "before": "",
        "modified": int(workspace.now().timestamp()),
        "moment": moment,
        "values": values,
    }


def knock(workspace: Workspace, number: int, status: str = "publish", **values: str) -> None:
    """The plugin tells of a post, signed."""
    raw = json.dumps(body(workspace, number, status, **values)).encode()
    keys = plugin_secrets(workspace.root, workspace.now())
    hook = knock_hook(workspace.database, lambda _: keys, now=workspace.now)
    assert hook({HEADER: sign_body(keys[0], raw, now=workspace.now())}, raw) == 200


def publish(site: PluggedSite, clock: Clock, *numbers: int, **more: Any) -> None:
    site.posts = [*site.posts, *(Post(number, clock.now, **more) for number in numbers)]


def took_away(site: PluggedSite, *numbers: int) -> None:
    site.posts = [one for one in site.posts if one.number not in numbers]


def subjects(root: Path) -> list[str]:
    return [one.subject for one in received(root)]


def articles(workspace: Workspace) -> dict[str, str]:
    """Address of each article of the library, with why it is withdrawn."""
    with workspace.database.read() as connection:
        return {one.article.url: one.withdrawn for one in library.holdings(connection)}


def ids(workspace: Workspace, *numbers: int) -> list[int]:
    """Ids of the articles of these posts."""
    with workspace.database.read() as connection:
        found = {one.article.url: one.id for one in library.holdings(connection)}
    return [found[f"{SITE}/{number}/"] for number in numbers]


def post_of(workspace: Workspace, number: int) -> rows.ToldPost:
    with workspace.database.read() as connection:
        return rows.posts(connection, number=number)[0]


# At once


def test_a_knock_brings_the_letter_with_the_words_of_the_box_once(
    workspace: Workspace, root: Path, clock: Clock, site: PluggedSite
) -> None:
    knock(workspace, 1, headline="عنوان للنشرة", summary="ملخص كتبه المحرر.", section="رأي")
    done: list[str] = []
    assert look(workspace, done.append).letters == 1
    (letter,) = received(root)
    assert (letter.to, letter.subject) == ("instant@example.net", "عنوان للنشرة")
    assert "ملخص كتبه المحرر." in letter.text
    assert done == ["instant 'readers': 1 letters: عنوان للنشرة"]
    # Saved again, saved otherwise, and polled: nothing more goes.
    for number in range(3):
        clock.forward(minutes=5)
        knock(workspace, 1, headline=f"عنوان {number}")
        assert look(workspace).posts == 1
        collect.gather(workspace)
        latest.run(workspace, "instant")
    assert look(workspace).posts == 0
    assert subjects(root) == ["عنوان للنشرة"]


def test_nobody_waits_for_the_schedule_and_the_schedule_sends_nothing_twice(
    workspace: Workspace, root: Path, clock: Clock, site: PluggedSite
) -> None:
    publish(site, clock, 2, 3)
    for number in (1, 2, 3):
        knock(workspace, number)
    assert look(workspace).posts == 3
    latest.run(workspace, "instant")
    assert given(root) == {"instant@example.net": Counter({1: 1, 2: 1, 3: 1})}
    assert len(received(root)) == 1


def test_at_once_goes_alone_where_the_schedule_has_no_instant_letters(
    root: Path, clock: Clock, site: PluggedSite
) -> None:
    with open_newsroom(root, clock, site, NASHRA_SCHEDULE__INSTANT="0") as workspace:
        publish(site, clock, 2, 3)
        knock(workspace, 1)
        knock(workspace, 2, at_once="yes")
        assert look(workspace).letters == 1
        assert given(root)["instant@example.net"] == Counter({2: 1})
        knock(workspace, 2, at_once="yes", headline="آخر")
        assert look(workspace).letters == 0
        # The others come when somebody says so, and this one not again.
        clock.forward(minutes=5)
        publish(site, clock, 4)
        collect.gather(workspace)
        latest.run(workspace, "instant")
    assert given(root)["instant@example.net"] == Counter({1: 1, 2: 1, 3: 1, 4: 1})


def test_where_nobody_may_read_at_once_nothing_goes_at_once(root: Path, clock: Clock, site: PluggedSite) -> None:
    with open_newsroom(root, clock, site, NASHRA_RHYTHMS__OFFERED="weekly,daily") as workspace:
        knock(workspace, 1, at_once="yes")
        assert look(workspace).posts == 1
    assert received(root) == []


# No, yes, lead


def test_no_stays_out_of_letters_and_drafts(workspace: Workspace, root: Path, clock: Clock, site: PluggedSite) -> None:
    publish(site, clock, 2)
    knock(workspace, 1, letter="no")
    knock(workspace, 2)
    look(workspace)
    assert given(root)["instant@example.net"] == Counter({2: 1})
    latest.run(workspace, "daily")
    issue = draft.write(workspace, list_name="readers", rules=draft.rules_of(workspace))
    assert [story.url for story in issue.stories] == [f"{SITE}/2/"]
    # An editor who names it means it.
    issue = draft.write(workspace, ids(workspace, 1, 2), list_name="readers", slug="named")
    assert len(issue.stories) == 2


def test_a_candidate_leaves_when_the_box_says_no(workspace: Workspace, clock: Clock, site: PluggedSite) -> None:
    publish(site, clock, 2)
    collect.gather(workspace)
    issue = draft.write(workspace, ids(workspace, 1), list_name="readers", rules=draft.rules_of(workspace))
    assert draft.waiting(issue).waiting == 1
    knock(workspace, 2, letter="no")
    look(workspace)
    assert draft.waiting(issue).waiting == 0


def test_what_leads_comes_first_and_yes_comes_whatever_the_rules_say(
    root: Path, clock: Clock, site: PluggedSite
) -> None:
    with open_newsroom(root, clock, site, NASHRA_COMPOSE__MOST="2", NASHRA_COMPOSE__EXCLUDE=SECTIONS[1]) as workspace:
        publish(site, clock, 2, 3, 4)
        publish(site, clock, 5, section=SECTIONS[1])
        knock(workspace, 5, letter="yes")
        knock(workspace, 2, letter="lead")
        look(workspace)
        issue = draft.write(workspace, list_name="readers", rules=draft.rules_of(workspace))
        urls = [story.url.removeprefix(FRONT) for story in issue.stories]
        assert urls == ["2/", "5/"]
        assert "خبر المدينة رقم 2" in issue.subject
    # The letter to those who read at once begins with it too.
    assert received(root)[0].subject.endswith("خبر المدينة رقم 2")


def test_a_draft_that_grew_begins_with_what_leads(workspace: Workspace, clock: Clock, site: PluggedSite) -> None:
    issue = draft.write(workspace, list_name="readers", rules=draft.rules_of(workspace), empty=True)
    publish(site, clock, 2, 3)
    publish(site, clock, 4, section=SECTIONS[2])
    knock(workspace, 4, letter="lead")
    look(workspace)
    collect.gather(workspace)
    taken = draft.take(workspace, issue, rules=draft.rules_of(workspace))
    assert taken.issue.stories[0].url == f"{SITE}/4/"


# Corrected and taken back


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("trash", "its site has put it into the trash"),
        ("private", "its site has made it private"),
        ("draft", "its site has made it a draft again"),
        ("deleted", "its site has deleted it"),
    ],
)
def test_what_is_taken_back_marks_the_open_draft_at_once(
    workspace: Workspace, root: Path, clock: Clock, site: PluggedSite, status: str, why: str
) -> None:
    publish(site, clock, 2)
    collect.gather(workspace)
    issue = draft.write(workspace, ids(workspace, 1), list_name="readers", rules=draft.rules_of(workspace))
    took_away(site, 1, 2)
    site.down = True  # nothing needs to be asked
    knock(workspace, 1, status)
    knock(workspace, 2, status)
    done: list[str] = []
    look(workspace, done.append)
    assert articles(workspace) == {f"{SITE}/1/": why, f"{SITE}/2/": why}
    text = Path(issue.path).read_text("utf-8")
    assert why in text
    assert f"{SITE}/2/" not in text  # the candidate left by itself
    assert f"note: issue 1: the site has taken back «خبر المدينة رقم 1»: {why}" in done


def test_restored_or_published_again_is_not_new(
    workspace: Workspace, root: Path, clock: Clock, site: PluggedSite
) -> None:
    knock(workspace, 1)
    look(workspace)
    collect.gather(workspace)
    first = site.posts[0]
    for state in ("trash", "private"):
        clock.forward(minutes=5)
        took_away(site, 1)
        knock(workspace, 1, state)
        look(workspace)
        assert articles(workspace)[f"{SITE}/1/"]
        clock.forward(minutes=5)
        site.posts = [replace(first, published=clock.now)]
        knock(workspace, 1)
        look(workspace)
        assert articles(workspace) == {f"{SITE}/1/": ""}
    assert len(received(root)) == 1


def test_a_post_older_than_what_the_source_lists_is_asked_for_by_its_number(
    workspace: Workspace, clock: Clock, site: PluggedSite
) -> None:
    collect.gather(workspace)
    knock(workspace, 1, "private")
    look(workspace)
    clock.forward(days=1)
    publish(site, clock, *range(100, 160))
    knock(workspace, 1)
    look(workspace)
    assert articles(workspace)[f"{SITE}/1/"] == ""


def test_a_draft_follows_the_headline_of_the_box(workspace: Workspace) -> None:
    collect.gather(workspace)
    issue = draft.write(workspace, ids(workspace, 1), list_name="readers", rules=draft.rules_of(workspace))
    knock(workspace, 1, headline="عنوان من الصندوق")
    look(workspace)
    assert "عنوان من الصندوق" in Path(issue.path).read_text("utf-8")


def test_a_correction_stands_once_in_the_next_issue(
    workspace: Workspace, root: Path, clock: Clock, site: PluggedSite
) -> None:
    publish(site, clock, 2)
    knock(workspace, 1)
    knock(workspace, 2, correction="لم يقرأه أحد بعد.", letter="no")
    look(workspace)
    assert given(root)["instant@example.net"] == Counter({1: 1})
    # Known after it went, and before there is a draft: the next one brings it.
    knock(workspace, 1, correction="الصواب أن السوق تفتح يوم *الخميس*.")
    look(workspace)
    publish(site, clock, 3)
    collect.gather(workspace)
    issue = draft.write(workspace, list_name="readers", rules=draft.rules_of(workspace))
    text = Path(issue.path).read_text("utf-8")
    assert text.count("الصواب أن السوق") == 1
    assert "::: callout تصحيح" in text
    assert "لم يقرأه أحد بعد" not in text
    # Another one comes into the open draft; who died before it was noted writes it once.
    for _ in range(2):
        knock(workspace, 1, correction="والصواب الأخير كذا.")
        with workspace.database.write() as connection:
            connection.execute(sa.update(site_post).values(noted=""))
        look(workspace)
    text = Path(issue.path).read_text("utf-8")
    assert (text.count("والصواب الأخير كذا"), text.count("الصواب أن السوق")) == (1, 1)
    assert post_of(workspace, 1).noted == f" 1:{issue.number}"
    # Words that stand in the issue anyhow are a correction too.
    knock(workspace, 1, correction="خبر المدينة")
    look(workspace)
    assert "::: callout تصحيح\nخبر المدينة\n" in Path(issue.path).read_text("utf-8")
    assert weekly.run(workspace).sent_now == 1
    weekly_letter = next(one for one in received(root) if one.to == "reader0@example.net")
    assert "الصواب أن السوق تفتح يوم *الخميس*." in weekly_letter.text


# What cannot be fetched


def test_readers_of_each_list_get_the_correction_of_what_they_had(
    workspace: Workspace, clock: Clock, site: PluggedSite
) -> None:
    knock(workspace, 1)
    look(workspace)
    with workspace.database.write() as connection:
        other = store.add_list(connection, "more", "المزيد", now=clock.now).id
        there = ledger.issue_id(connection, "900")
        library.remember(connection, ids(workspace, 1), issue_id=there, list_id=other, rhythms=("weekly",))
    publish(site, clock, 3)
    collect.gather(workspace)
    rules = draft.rules_of(workspace)
    drafts = [draft.write(workspace, list_name="readers", rules=rules)]
    for _ in range(2):  # the other list has no draft at first, and what the first one has is not brought it again
        knock(workspace, 1, correction="الصواب كذا وكذا.")
        look(workspace)
        assert [Path(one.path).read_text("utf-8").count("الصواب كذا وكذا") for one in drafts] == [1] * len(drafts)
        if len(drafts) == 1:
            drafts.append(draft.write(workspace, list_name="more", rules=rules))


def test_a_correction_in_a_draft_that_was_thrown_away_is_owed_again(
    workspace: Workspace, clock: Clock, site: PluggedSite
) -> None:
    knock(workspace, 1)
    look(workspace)
    publish(site, clock, 3)
    collect.gather(workspace)
    rules = draft.rules_of(workspace)
    issue = draft.write(workspace, list_name="readers", rules=rules)
    knock(workspace, 1, correction="الصواب كذا وكذا.")
    look(workspace)
    path = Path(issue.path)
    assert path.read_text("utf-8").count("الصواب كذا وكذا") == 1
    # An editor who takes it out of the draft has the word.
    path.write_text(path.read_text("utf-8").replace("الصواب كذا وكذا", "نعتذر"), "utf-8")
    collect.gather(workspace)
    assert "الصواب كذا وكذا" not in path.read_text("utf-8")
    shutil.rmtree(path.parent)
    collect.gather(workspace)  # there is no draft
    again = draft.write(workspace, list_name="readers", rules=rules)
    assert again.number == issue.number
    assert Path(again.path).read_text("utf-8").count("الصواب كذا وكذا") == 1
    # One that a later issue overtook brings it to nobody either.
    publish(site, clock, 4)
    collect.gather(workspace)
    later = draft.write(workspace, ids(workspace, 4), list_name="readers", rules=rules)
    assert "الصواب كذا وكذا" not in Path(later.path).read_text("utf-8")
    assert weekly.run(workspace).sent_now == 1
    clock.forward(days=7)
    publish(site, clock, 5)
    collect.gather(workspace)
    last = draft.write(workspace, ids(workspace, 5), list_name="readers", rules=rules)
    assert Path(last.path).read_text("utf-8").count("الصواب كذا وكذا") == 1
    assert weekly.run(workspace).sent_now == 1
    # It went: readers have it, whatever becomes of its folder.
    shutil.rmtree(Path(last.path).parent)
    publish(site, clock, 6)
    collect.gather(workspace)
    end = draft.write(workspace, ids(workspace, 6), list_name="readers", rules=rules)
    assert "الصواب كذا وكذا" not in Path(end.path).read_text("utf-8")


def test_the_same_words_of_two_posts_are_two_corrections(workspace: Workspace, clock: Clock, site: PluggedSite) -> None:
    publish(site, clock, 2)
    knock(workspace, 1)
    knock(workspace, 2)
    look(workspace)
    publish(site, clock, 3)
    collect.gather(workspace)
    issue = draft.write(workspace, list_name="readers", rules=draft.rules_of(workspace))
    for number in (1, 2, 2):
        knock(workspace, number, correction="سقط اسم الكاتبة سهوا.")
        look(workspace)
    text = Path(issue.path).read_text("utf-8")
    assert text.count("سقط اسم الكاتبة سهوا.") == 2
    assert [text.count(f"]({SITE}/{number}/)\n:::") for number in (1, 2)] == [1, 1]


def test_a_site_that_does_not_answer_is_asked_again(
    workspace: Workspace, root: Path, clock: Clock, site: PluggedSite
) -> None:
    site.down = True
    knock(workspace, 1)
    look(workspace)
    clock.forward(seconds=9)
    assert look(workspace).posts == 0
    clock.forward(seconds=1)
    look(workspace)
    one = post_of(workspace, 1)
    assert (one.tries, one.article) == (2, None)
    assert "503" in one.wrong
    with workspace.database.read() as connection:
        assert [(lost.url, lost.again) for lost in rows.lost(connection, knocks.GONE)] == [
            (f"{SITE}/1/", clock.now.replace(microsecond=0) + timedelta(seconds=20))
        ]
    (said,) = [one for one in status.findings(workspace) if one.kind == "site-posts"]
    assert not said.needs_person
    assert "503" in said.words
    assert "told of 1 posts" in said.words
    site.down = False
    clock.forward(seconds=20)
    assert look(workspace).letters == 1
    with workspace.database.read() as connection:
        assert rows.lost(connection, knocks.GONE) == []


def test_what_cannot_be_taken_back_is_tried_after_growing_pauses_and_told(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    knock(workspace, 1)
    look(workspace)
    knock(workspace, 1, "trash")

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("reader@example.net")

    with monkeypatch.context() as patch:
        patch.setattr(library, "withdraw", broken)
        for tries, pause in enumerate((0, *rows.PAUSES), 1):
            if pause:
                clock.forward(seconds=pause - 1)
                assert look(workspace).posts == 0
                clock.forward(seconds=1)
            with pytest.raises(ZeroDivisionError):
                look(workspace)
            assert post_of(workspace, 1).tries == tries
            with workspace.database.read() as connection:
                assert [one.wrong for one in rows.lost(connection, knocks.GONE)] == ["ZeroDivisionError"][: tries - 1]
        clock.forward(days=1)
        assert look(workspace).posts == 0
    with workspace.database.read() as connection:
        assert [one.again for one in rows.lost(connection, knocks.GONE)] == [None]
    knock(workspace, 1, "trash")
    look(workspace)
    with workspace.database.read() as connection:
        assert rows.lost(connection, knocks.GONE) == []


def test_a_site_of_a_network_that_no_source_reads_is_waited_for_by_nobody(
    workspace: Workspace, clock: Clock, root: Path, site: PluggedSite
) -> None:
    clock.forward(milliseconds=1)
    there = {**body(workspace, 7), "site": f"{FRONT}ahram/", "address": f"{FRONT}ahram/7/"}
    beside = {**body(workspace, 8), "site": "https://second.example.org/", "address": "https://second.example.org/8/"}
    with workspace.database.write() as connection:
        rows.note(connection, [knocks.read(there), knocks.read(beside)], now=workspace.now())
    said: list[str] = []
    assert look(workspace, said.append).posts == 2
    assert [one for one in said if one.startswith("note: no source")] == [
        f"note: no source of [collect] reads {FRONT}ahram/, whose plugin told of {FRONT}ahram/7/",
        "note: no source of [collect] reads https://second.example.org/, whose plugin told of "
        "https://second.example.org/8/",
    ]
    clock.forward(days=1)
    assert look(workspace).posts == 0
    assert [post_of(workspace, number).wrong for number in (7, 8)] == ["", ""]
    assert [one for one in status.findings(workspace) if one.kind == "site-posts"] == []


def test_what_cannot_be_taken_back_keeps_no_collect_from_going_on(
    workspace: Workspace, clock: Clock, site: PluggedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect.gather(workspace)
    knock(workspace, 1, "trash")
    publish(site, clock, 2)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("reader@example.net")

    with monkeypatch.context() as patch:
        patch.setattr(library, "withdraw", broken)
        outcome = collect.gather(workspace)
    said = "what the site took back or corrected could not be followed: ZeroDivisionError"
    assert said in outcome.notes
    assert articles(workspace) == {f"{SITE}/1/": "", f"{SITE}/2/": ""}
    took_away(site, 1)
    collect.gather(workspace)  # it stayed due
    assert articles(workspace)[f"{SITE}/1/"] == "its site has put it into the trash"


def test_a_post_that_its_source_does_not_show_goes_nowhere(workspace: Workspace, root: Path, site: PluggedSite) -> None:
    knock(workspace, 77, at_once="yes")
    look(workspace)
    assert post_of(workspace, 77).wrong == NOT_THERE
    assert given(root) == {}


def test_an_issue_on_the_site_is_waited_for_by_nobody(workspace: Workspace, clock: Clock, site: PluggedSite) -> None:
    issue = published.PublishedIssue("wordpress", SITE, "1", 77, link=f"{SITE}/?p=77", written={"title": "x"})
    with workspace.database.write() as connection:
        published.keep(connection, issue, now=clock.now)
    knock(workspace, 77)
    look(workspace)
    assert post_of(workspace, 77).wrong == ""
    clock.forward(hours=1)
    assert look(workspace).posts == 0
    assert not [url for url in site.asked if "/wp-json" in url]
    # An editor who publishes the draft there, or takes it back, needs no command for the archive to follow.
    for state, link in (("publish", f"{SITE}/77/"), ("private", ""), ("publish", f"{SITE}/77/")):
        knock(workspace, 77, state)
        look(workspace)
        with workspace.database.read() as connection:
            assert published.link_of(connection, "1") == link
            assert published.every(connection)[0].written == {"title": "x"}


# After a gap


def test_collect_hears_what_no_knock_told(workspace: Workspace, root: Path, clock: Clock, site: PluggedSite) -> None:
    publish(site, clock, 2, 3)
    collect.gather(workspace)
    issue = draft.write(workspace, ids(workspace, 3), list_name="readers", rules=draft.rules_of(workspace))
    site.plugin = 200
    took_away(site, 3)
    site.told = [
        body(workspace, 1, letter="no"),
        body(workspace, 2, headline="عنوان الصندوق"),
        body(workspace, 3, "trash"),
    ]
    outcome = collect.gather(workspace)
    assert any("taken back" in note for note in outcome.notes)
    assert "into the trash" in Path(issue.path).read_text("utf-8")
    latest.run(workspace, "instant")
    assert subjects(root) == ["عنوان الصندوق"]
    # Two pages were asked for, signed each; the next time it is asked for what came since.
    pages = [url for url in site.asked if "nashra" in url and "since=" in url][-2:]
    assert [parse_qs(urlsplit(url).query).get("after") for url in pages] == [None, ["2"]]
    since = int(parse_qs(urlsplit(pages[0]).query)["since"][0])
    assert since == int((clock.now - told.FIRST).timestamp())
    clock.forward(hours=3)
    look(workspace)
    assert collect.gather(workspace).notes == ()
    begun = next(url for url in reversed(site.asked) if "nashra" in url and "after=" not in url)
    since = int(parse_qs(urlsplit(begun).query)["since"][0])
    assert since == int((clock.now - timedelta(hours=3) - told.OVERLAP).timestamp())
    assert look(workspace).posts == 0  # what stands as it stood is not looked at again


def test_collect_takes_back_whatever_else_waits(
    workspace: Workspace, site: PluggedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect.gather(workspace)
    took_away(site, 1)
    knock(workspace, 2)
    knock(workspace, 1, "trash")
    monkeypatch.setattr(rows, "_MOST", 1)
    collect.gather(workspace)
    assert articles(workspace) == {f"{SITE}/1/": "its site has put it into the trash"}


def test_a_plugin_that_does_not_answer_is_told_and_keeps_nothing_back(
    workspace: Workspace, clock: Clock, site: PluggedSite
) -> None:
    assert collect.gather(workspace).notes == ()  # the site never knocked: it may have no plugin so far
    knock(workspace, 1)
    look(workspace)
    publish(site, clock, 2)
    site.plugin = 403
    outcome = collect.gather(workspace)
    assert outcome.notes == (f"the plugin of {FRONT} does not answer: the site answered 403",)
    assert len(articles(workspace)) == 2


def test_a_site_that_was_only_tried_is_not_asked_for_ever(
    workspace: Workspace, clock: Clock, site: PluggedSite
) -> None:
    tried = "https://tried.example.org/"
    found = knocks.read({**body(workspace, 1), "site": tried})
    with workspace.database.write() as connection:
        rows.note(connection, [found], now=workspace.now())
    clock.forward(days=90)
    assert told.catch_up(workspace).troubles == (f"the plugin of {tried} does not answer: the site answered 404",)
    clock.forward(seconds=1)
    site.asked.clear()
    assert told.catch_up(workspace).troubles == ()
    assert [one.startswith(f"{FRONT}?rest_route=") for one in site.asked] == [True]


def test_a_site_speaks_for_itself_alone_and_no_answer_breaks_a_collect(
    workspace: Workspace, clock: Clock, site: PluggedSite
) -> None:
    knock(workspace, 1)
    look(workspace)
    site.plugin = 200
    # A site that has changed hands: of another one it says that a post is gone, with the last word for all time.
    site.told = [{**body(workspace, 1, "trash"), "site": "https://other.example.org/", "moment": 2**52}]
    # Nor does one site of a network speak for its neighbour in another folder.
    site.told += [{**body(workspace, 9, "trash"), "site": f"{FRONT}ahram/"}]
    site.told += [{**body(workspace, 1, headline="عنوان"), "moment": 2**52}]
    collect.gather(workspace)
    with workspace.database.read() as connection:
        assert {one.site for one in rows.posts(connection)} == {FRONT}
    assert post_of(workspace, 1).box.headline == "عنوان"
    clock.forward(minutes=6)
    knock(workspace, 1, "trash")
    assert post_of(workspace, 1).state == "trash"
    site.told, site.raw = [], b"[" * 200_000
    assert collect.gather(workspace).notes[0] == f"the plugin of {FRONT} gives no list of posts"


def test_a_site_that_has_the_plugin_before_is_asked_with_its_secret(
    workspace: Workspace, root: Path, site: PluggedSite
) -> None:
    knock(workspace, 1)
    look(workspace)
    new_plugin_secret(root, workspace.now())
    site.plugin = 200
    site.told = [body(workspace, 1, headline="عنوان")]
    assert collect.gather(workspace).notes == ()
    assert post_of(workspace, 1).box.headline == "عنوان"


def test_what_is_too_much_for_one_look_is_asked_for_the_next_time(
    workspace: Workspace, clock: Clock, site: PluggedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "_MOST_PAGES", 1)
    site.plugin = 200
    for number in range(2, 6):
        clock.forward(minutes=10)
        site.told.append(body(workspace, number))
    clock.forward(hours=1)
    heard = []
    for _ in range(4):
        told.catch_up(workspace)
        with workspace.database.read() as connection:
            heard.append([one.number for one in rows.posts(connection)])
    assert heard[-1] == [2, 3, 4, 5]


def test_a_save_between_two_pages_takes_no_post_out(workspace: Workspace, clock: Clock, site: PluggedSite) -> None:
    site.plugin = 200
    site.told = [body(workspace, number) for number in (4, 3, 2, 1)]  # of one second: the numbers decide
    clock.forward(minutes=1)
    site.told[3] |= {"modified": int(clock.now.timestamp())}
    clock.forward(minutes=1)

    def save() -> None:
        site.told[2] |= {"modified": int(clock.now.timestamp())}

    site.between = save
    told.catch_up(workspace)
    with workspace.database.read() as connection:
        assert {one.number for one in rows.posts(connection)} == {1, 2, 3, 4}


@pytest.mark.parametrize("by_number", [True, False])
def test_the_pages_of_plugins_of_before_and_of_now_are_read(
    workspace: Workspace, site: PluggedSite, by_number: bool
) -> None:
    site.plugin, site.by_number = 200, by_number
    site.told = [body(workspace, number) for number in range(1, 6)]
    told.catch_up(workspace)
    with workspace.database.read() as connection:
        assert [one.number for one in rows.posts(connection)] == [1, 2, 3, 4, 5]
    assert ["after=" in url for url in site.asked] == [False, not by_number, not by_number]


# What became of it


def test_the_fate_of_a_post_is_numbers(workspace: Workspace, clock: Clock, site: PluggedSite) -> None:
    publish(site, clock, 2)
    knock(workspace, 1)
    knock(workspace, 2)
    look(workspace)
    weekly.run(workspace)
    place = fates.place_of(FRONT)
    with workspace.database.read() as connection:
        assert fates.fate(connection, place, 1) == {
            "known": True,
            "letters": [
                {"issue": "1", "rhythm": "", "letters": 1},
                {"issue": "", "rhythm": "instant", "letters": 1},
            ],
        }
        # Told by http of WordPress' clock, asked for by an editor who works by https.
        by_http = fates.place_of(FRONT.replace("https:", "http:"))
        assert fates.fate(connection, by_http, 1) == fates.fate(connection, place, 1)
        assert fates.fate(connection, "0" * 16, 1) == {"known": False, "letters": []}
        assert fates.fate(connection, place, 2**70) == {"known": False, "letters": []}


# Killed


@pytest.mark.slow
@pytest.mark.parametrize("kill_at", [1, 3, 5, 7, 9, 11])
def test_killed_at_any_step_nothing_is_lost_or_doubled(root: Path, kill_at: int) -> None:
    first = START + timedelta(minutes=30)
    code, steps = weekly_kills.steps(root, first, kill_at=kill_at, what="knock")
    assert code == -9, f"it has {len(steps)} steps: {steps}"
    # The site had no answer, or has: it tells it once more, as its queue does, and the look is made again.
    for minutes in (3, 6):
        assert weekly_kills.steps(root, first + timedelta(minutes=minutes), what="knock")[0] == 0
    assert given(root) == {"instant@example.net": Counter({1: 1})}
    assert [one.subject for one in received(root)] == ["عنوان الصندوق"]
