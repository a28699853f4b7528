"""A site that lives: addresses change, stories are corrected and taken back, and no reader gets one twice or in vain.

The site is a function, its clock an argument, the letters are read in the outbox as a reader gets them.
"""

from __future__ import annotations

import html
import json
import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from command import here
from newsroom import START, Clock, make, open_newsroom, subscribe

from newsletter import issues, library
from newsletter.errors import IssueError, SendError
from newsletter.issues import Manuscript
from newsletter.sources.http import Fetched, FetchError, Kind
from newsletter.workflows import draft, latest, plan, renewing, weekly
from newsletter.workflows.collect import gather, move

HOME = "https://almawja.example.org"
WORDS = "قال أهل الحي إن العمل في المشروع رقم {number} بدأ صباح اليوم، وإن الطريق تُفتح قبل الشتاء بمشيئة الجميع."


@dataclass(frozen=True)
class Post:
    """A post as its editor has it at this moment."""

    number: int
    day: float
    slug: str
    title: str
    state: str = "publish"
    password: bool = False

    @property
    def words(self) -> str:
        return WORDS.format(number=self.number)


def post(number: int, day: float = 0.0) -> Post:
    return Post(number, day, f"khabar-{number}", f"خبر رقم {number} من مرسى الريحان")


@dataclass
class LivingSite:
    """WordPress as it answers: pages, the interface with its codes, and the feed with its guids."""

    clock: Clock
    posts: dict[int, Post] = field(default_factory=dict)
    home: str = HOME
    guid_home: str = HOME
    structure: str = "/{slug}/"
    closed: bool = False
    down: bool = False
    leads: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, *some: Post) -> None:
        self.posts |= {one.number: one for one in some}

    def edit(self, number: int, **values: Any) -> None:
        self.posts[number] = replace(self.posts[number], **values)

    def url(self, one: Post) -> str:
        return self.home + self.structure.format(slug=one.slug, number=one.number)

    def published(self) -> list[Post]:
        """What visitors see, newest first."""
        there = [
            one
            for one in self.posts.values()
            if one.state == "publish" and self._moment(one) <= self.clock().isoformat()
        ]
        return sorted(there, key=self._moment, reverse=True)

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        self.asked.append(url)
        if self.down:
            raise FetchError("the site answered 503", where=url, mend="try again later", status=503)
        for old, new in self.leads.items():
            if url.startswith(old):
                url = new + url.removeprefix(old)
        parts = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path.startswith("/wp-json"):
            return self._interface(url, parts.path.removeprefix("/wp-json").strip("/"), asked, statuses)
        if parts.path.startswith("/feed"):
            return self._feed(url, asked, headers or {})
        if parts.path in ("", "/"):
            return Fetched(url, b"<html><body>..</body></html>", "text/html", "utf-8", 200, {"link": self._link()})
        for one in self.published():
            if self.url(one).rstrip("/") == f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/"):
                return self._page(url, one)
        return self._status(404, url, b"<h1>404</h1>", statuses)

    ask = get

    def close(self) -> None:
        pass

    def _link(self) -> str:
        return f'<{self.home}/wp-json/>; rel="https://api.w.org/"'

    def _moment(self, one: Post) -> str:
        return (START + timedelta(days=one.day)).isoformat()

    def _page(self, url: str, one: Post) -> Fetched:
        if one.password:
            body = b'<form action="/wp-login.php?action=postpass" method="post"></form>'
        else:
            body = f"<article><h1>{one.title}</h1><p>{one.words}</p><p>{one.words}</p></article>".encode()
        head = f'<link rel="shortlink" href="{self.home}/?p={one.number}"><title>{one.title}</title>'.encode()
        page = b"<!doctype html><html><head>" + head + b"</head><body>" + body + b"</body></html>"
        return Fetched(url, page, "text/html", "utf-8", 200, {"link": self._link()})

    def _interface(self, url: str, route: str, asked: Mapping[str, str], statuses: Collection[int]) -> Fetched:
        if self.closed:
            return self._status(401, url, b'{"code":"rest_not_logged_in"}', statuses)
        if not route:
            return self._json(url, {"name": "الموجة", "url": self.home, "timezone_string": "UTC", "gmt_offset": 0})
        number = route.removeprefix("wp/v2/posts").strip("/")
        if number:
            one = self.posts.get(int(number))
            if one is None or one.state == "trash":
                return self._status(404, url, b'{"code":"rest_post_invalid_id"}', statuses)
            if one.state != "publish":
                return self._status(401, url, b'{"code":"rest_forbidden"}', statuses)
            return self._json(url, self._post(one))
        there = self.published()
        if "include" in asked:
            wanted = {int(one) for one in asked["include"].split(",")}
            there = [one for one in there if one.number in wanted]
        per_page = int(asked.get("per_page", 10))
        return self._json(url, [self._post(one) for one in there[:per_page]], {"x-wp-totalpages": "1"})

    def _post(self, one: Post) -> dict[str, Any]:
        words = "" if one.password else f"<p>{one.words}</p>"
        return {
            "id": one.number,
            "guid": {"rendered": f"{self.guid_home}/?p={one.number}"},
            "date_gmt": self._moment(one)[:19],
            "link": self.url(one),
            "title": {"rendered": one.title},
            "excerpt": {"rendered": words, "protected": one.password},
            "content": {"rendered": words, "protected": one.password},
            "sticky": False,
        }

    def _feed(self, url: str, asked: Mapping[str, str], headers: Mapping[str, str]) -> Fetched:
        if int(asked.get("paged", 1)) > 1:
            raise FetchError("there is nothing at this address (404)", where=url, status=404)
        items = "".join(
            f"<item><title>{html.escape(one.title)}</title><link>{self.url(one)}</link>"
            f'<guid isPermaLink="false">{self.guid_home}/?p={one.number}</guid>'
            f"<pubDate>{(START + timedelta(days=one.day)).strftime('%a, %d %b %Y %H:%M:%S +0000')}</pubDate>"
            f"<description>{one.words}</description></item>"
            for one in self.published()
            if not one.password
        )
        feed = f'<rss version="2.0"><channel><title>م</title><link>{self.home}/</link>{items}</channel></rss>'
        mark = f'"{hash(items)}"'
        if headers.get("If-None-Match") == mark:
            return Fetched(url, b"", "", "", 304, {})
        return Fetched(url, feed.encode(), "application/rss+xml", "utf-8", 200, {"etag": mark})

    @staticmethod
    def _status(status: int, url: str, data: bytes, statuses: Collection[int]) -> Fetched:
        if status not in statuses:
            raise FetchError(f"the site answered {status}", where=url, mend="check the address", status=status)
        return Fetched(url, data, "application/json" if data.startswith(b"{") else "text/html", "utf-8", status, {})

    @staticmethod
    def _json(url: str, value: object, headers: Mapping[str, str] | None = None) -> Fetched:
        return Fetched(url, json.dumps(value).encode(), "application/json", "utf-8", 200, dict(headers or {}))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(clock: Clock) -> LivingSite:
    made = LivingSite(clock)
    made.put(*(post(number) for number in range(1, 6)))
    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "w")


@pytest.fixture
def newsroom(root: Path, clock: Clock, site: LivingSite) -> Iterator[Any]:
    with open_newsroom(root, clock, site) as workspace:  # type: ignore[arg-type]
        yield workspace


def given(root: Path) -> dict[str, Counter[int]]:
    """How often each reader got each post, told by its headline or its words in the letters of the outbox."""
    import email
    import email.policy
    import re

    counts: dict[str, Counter[int]] = {}
    for path in sorted((root / "outbox" / "new").glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        text = re.sub("[\u2066-\u2069\u200e\u200f]", "", body.get_content())
        numbers = {int(one) for one in re.findall(r"المشروع رقم\s+(\d+)", text)}
        counts.setdefault(str(message["To"]), Counter()).update(numbers)
    return counts


def everybody(numbers: Sequence[int], readers: int = 3) -> dict[str, Counter[int]]:
    return {f"reader{one}@example.net": Counter(numbers) for one in range(readers)}


CHANGES: dict[str, Any] = {
    "a slug": lambda site: site.edit(1, slug="unwan-jadid"),
    "all slugs": lambda site: [site.edit(number, slug=f"jadid-{number}") for number in range(1, 6)],
    "the structure": lambda site: setattr(site, "structure", "/2026/11/{slug}/"),
    "numbers": lambda site: setattr(site, "structure", "/archives/{number}/"),
    "https to http": lambda site: setattr(site, "home", HOME.replace("https", "http")),
    "title and slug": lambda site: site.edit(2, slug="x", title="خبر رقم 2 من مرسى الريحان، مصحَّحًا"),
    "closed afterwards": lambda site: (site.edit(1, slug="jadid"), setattr(site, "closed", True)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_of_addresses_sends_a_story_twice(
    root: Path, newsroom: Any, clock: Clock, site: LivingSite, change: str
) -> None:
    with newsroom.database.write() as connection:
        subscribe(connection, newsroom, "instant@example.net", clock(), "instant")
    gather(newsroom)
    latest.run(newsroom, "instant")
    outcome = weekly.run(newsroom)
    assert outcome.sent_now == 3
    CHANGES[change](site)
    clock.forward(days=7)
    site.put(post(6, 7.0))
    again = gather(newsroom)
    assert len(again.added) == 1
    latest.run(newsroom, "instant")
    weekly.run(newsroom)
    numbers = [1, 2, 3, 4, 5, 6]
    assert given(root) == everybody(numbers) | {"instant@example.net": Counter(numbers)}
    with newsroom.database.read() as connection:
        assert len(library.holdings(connection)) == 6


@pytest.mark.parametrize("road", ["rest", "feed"])
def test_a_site_that_moved_is_the_same_site(newsroom: Any, clock: Clock, site: LivingSite, road: str) -> None:
    target = f"{HOME}/" if road == "rest" else f"{HOME}/feed/"
    site.closed = road == "feed"
    assert len(gather(newsroom, [target]).added) == 5
    site.home = site.guid_home = "https://almawja.example.net"
    site.leads = {HOME: site.home}  # as a site that has moved leads its visitors
    by_redirect = gather(newsroom, [target])
    assert (by_redirect.added, len(by_redirect.updated)) == ((), 5)
    site.leads, site.home = {}, "https://mawja.example.com"
    site.guid_home = site.home
    told = move(newsroom, "almawja.example.net", "https://mawja.example.com/")
    assert (told.old, told.new, len(told.articles)) == ("almawja.example.net", "mawja.example.com", 5)
    assert gather(newsroom, [target.replace(HOME, site.home)]).added == ()
    with newsroom.database.read() as connection:
        assert all(one.article.url.startswith(site.home) for one in library.holdings(connection))


def written(newsroom: Any, numbers: Sequence[int]) -> Any:
    """A draft of these posts, and its path."""
    gather(newsroom)
    with newsroom.database.read() as connection:
        by_title = {one.article.title: one.id for one in library.holdings(connection)}
    return draft.write(newsroom, [by_title[post(number).title] for number in numbers], list_name="readers")


GONE: dict[str, Any] = {
    "trashed": (lambda site: site.edit(2, state="trash"), "404"),
    "private": (lambda site: site.edit(2, state="private"), "private or a draft again"),
    "a draft again": (lambda site: site.edit(2, state="draft"), "private or a draft again"),
    "a password": (lambda site: site.edit(2, password=True), "password"),
    "trashed, closed": (lambda site: (site.edit(2, state="trash"), setattr(site, "closed", True)), "404"),
}


@pytest.mark.parametrize("how", GONE)
@pytest.mark.parametrize("when", ["before collecting", "right before the freeze"])
def test_what_a_site_took_back_is_marked_and_not_sent(
    root: Path, newsroom: Any, site: LivingSite, how: str, when: str
) -> None:
    issue = written(newsroom, [1, 2, 3])
    take_back, reason = GONE[how]
    if when == "before collecting":
        take_back(site)
        week = weekly.prepare(newsroom)
        assert week.gathered.withdrawn
    else:
        week = weekly.prepare(newsroom)
        assert week.plan is not None
        assert week.plan.ready
        take_back(site)
        week, looked = weekly.look_again(newsroom, week)
        assert any(reason in line for line in looked.notes)
    assert week.plan is not None
    assert not week.plan.ready
    (problem,) = [one for one in week.plan.problems if one.level == "error"]
    assert problem.code == "story-withdrawn"
    assert reason in problem.words
    place, _, line = problem.place.rpartition(":")
    assert post(2).title in Path(place).read_text("utf-8").splitlines()[int(line) - 1]
    assert "<!-- withdrawn: " in Path(issue.path).read_text("utf-8")
    assert weekly.run(newsroom).sent_now == 0
    assert given(root) == {}
    # It goes without the story when somebody says so.
    week = weekly.prepare(newsroom, drop_withdrawn=True)
    assert week.dropped == (post(2).title,)
    assert "withdrawn" not in Path(issue.path).read_text("utf-8")
    assert weekly.run(newsroom).sent_now == 3
    assert given(root) == everybody([1, 3])


def test_what_comes_back_may_go(root: Path, newsroom: Any, site: LivingSite) -> None:
    issue = written(newsroom, [1, 2])
    site.edit(2, state="draft")
    assert gather(newsroom).withdrawn
    site.edit(2, state="publish")
    notes = gather(newsroom).notes
    assert any("again" in note for note in notes)
    assert "withdrawn" not in Path(issue.path).read_text("utf-8")
    assert weekly.run(newsroom).sent_now == 3
    assert given(root) == everybody([1, 2])


def test_a_site_that_is_down_or_forgets_everything_holds_nothing_back(
    root: Path, newsroom: Any, site: LivingSite
) -> None:
    written(newsroom, [1, 2, 3])
    week = weekly.prepare(newsroom)
    site.down = True
    week, looked = weekly.look_again(newsroom, week)
    assert week.plan is not None
    assert week.plan.ready
    assert looked.troubles
    site.down, site.closed = False, True
    for number in range(1, 6):
        site.edit(number, state="trash")  # a server in trouble answers 404 to everything
    week, looked = weekly.look_again(newsroom, week)
    assert week.plan is not None
    assert week.plan.ready
    assert any("not believed" in line for line in looked.notes)


def test_a_correction_renews_what_no_editor_touched_and_tells_the_rest(newsroom: Any, site: LivingSite) -> None:
    issue = written(newsroom, [1, 2, 3])
    path = Path(issue.path)
    mine = "عنوان اختاره المحرّر"
    path.write_text(path.read_text("utf-8").replace(post(2).title, mine), "utf-8")
    site.edit(1, title="خبر رقم 1 بعد التصحيح")
    site.edit(2, title="خبر رقم 2 بعد التصحيح")
    notes = gather(newsroom).notes
    assert [one for one in notes if "corrected" in one] == [
        f"issue 1: the site has corrected «{post(1).title}»; the draft has it now"
    ]
    now = issues.read(path)
    assert [story.headline for story in now.stories] == ["خبر رقم 1 بعد التصحيح", mine, post(3).title]
    assert "خبر رقم 1 بعد التصحيح" in now.subject
    week = weekly.prepare(newsroom)
    assert week.plan is not None
    (told,) = [one for one in week.plan.problems if one.code == "story-changed"]
    assert "خبر رقم 2 بعد التصحيح" in told.words
    assert mine in told.words
    assert week.plan.ready
    assert gather(newsroom).notes == ()


def test_a_draft_that_is_saved_meanwhile_is_renewed_the_next_time(
    newsroom: Any, site: LivingSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = written(newsroom, [1, 2])
    site.edit(1, title="خبر رقم 1 بعد التصحيح")
    save = Manuscript.save

    def taken(_: Manuscript) -> None:
        raise IssueError("was changed by somebody else meanwhile")

    monkeypatch.setattr(Manuscript, "save", taken)
    gather(newsroom)
    monkeypatch.setattr(Manuscript, "save", save)
    assert issues.read(Path(issue.path)).stories[0].headline == post(1).title
    site.edit(2, title="خبر رقم 2 بعد التصحيح")
    gather(newsroom)
    assert [story.headline for story in issues.read(Path(issue.path)).stories] == [
        "خبر رقم 1 بعد التصحيح",
        "خبر رقم 2 بعد التصحيح",
    ]


def test_what_an_editor_saved_meanwhile_stays_when_a_story_is_taken_out(newsroom: Any, site: LivingSite) -> None:
    issue = written(newsroom, [1, 2, 3])
    site.edit(2, state="private")
    gather(newsroom)
    path = Path(issue.path)
    read = issues.read(path)
    path.write_text(path.read_text("utf-8").replace("### ", "كلمة المحرّر في سطر جديد.\n\n### ", 1), "utf-8")
    now, dropped = renewing.without_withdrawn(newsroom, read)
    assert dropped == (post(2).title,)
    assert [story.headline for story in now.stories] == [post(1).title, post(3).title]
    assert "كلمة المحرّر في سطر جديد." in path.read_text("utf-8")
    assert WORDS.format(number=1) in path.read_text("utf-8")
    assert "2" not in "".join(story.summary for story in now.stories)


def test_a_mark_that_an_editor_parted_from_its_story_is_the_same_mark(newsroom: Any, site: LivingSite) -> None:
    path = Path(written(newsroom, [1, 2]).path)
    site.edit(2, state="draft")
    gather(newsroom)
    text = path.read_text("utf-8")
    path.write_text(text.replace("-->\n### ", "-->\n\n\n### "), "utf-8")
    gather(newsroom)
    assert path.read_text("utf-8").count("<!-- withdrawn") == 1
    site.edit(2, state="publish")
    gather(newsroom)
    assert "withdrawn" not in path.read_text("utf-8")


def test_an_instant_letter_leaves_out_what_was_taken_back_a_moment_ago(
    root: Path, newsroom: Any, clock: Clock, site: LivingSite
) -> None:
    with newsroom.database.write() as connection:
        subscribe(connection, newsroom, "instant@example.net", clock(), "instant")
    gather(newsroom)
    latest.run(newsroom, "instant")
    clock.forward(hours=1)
    site.put(post(6, 0.01), post(7, 0.02))
    gather(newsroom)
    site.edit(6, state="trash")
    outcome = latest.run(newsroom, "instant")
    assert list(outcome.looked.withdrawn.values()) == ["its address answers 404"]
    assert given(root) == {"instant@example.net": Counter([1, 2, 3, 4, 5, 7])}
    site.edit(6, state="publish")
    gather(newsroom)
    latest.run(newsroom, "instant")
    assert given(root) == {"instant@example.net": Counter([1, 2, 3, 4, 5, 6, 7])}


def test_a_frozen_plan_follows_the_look(root: Path, newsroom: Any, site: LivingSite) -> None:
    issue = written(newsroom, [1, 2])
    made = plan.make(newsroom, issue, list_name="", rhythm="weekly")
    site.edit(1, title="خبر رقم 1 بعد التصحيح")
    made, looked, dropped = plan.look_again(newsroom, made)
    assert (len(looked.corrected), dropped) == (1, ())
    assert "خبر رقم 1 بعد التصحيح" in made.issue.subject


# Weeks of editing by chance


def _edit_by_chance(chance: random.Random, site: LivingSite) -> None:
    """What editors do in a day, one to four times."""
    structures = ["/{slug}/", "/2026/{slug}/", "/archives/{number}/", "/{number}/{slug}/"]
    for _ in range(chance.randint(1, 4)):
        one = site.posts[chance.choice(sorted(site.posts))]
        match chance.randrange(8):
            case 0:
                site.edit(one.number, slug=f"{chance.randrange(1000)}-{one.number}")
            case 1:
                site.edit(one.number, slug=f"x{one.number}", title=f"{one.title} {chance.choice(['تصحيح', 'جديد'])}")
            case 2:
                site.structure = chance.choice(structures)
            case 3:
                site.closed = chance.random() < 0.3
            case 4:
                site.edit(one.number, state=chance.choice(["trash", "private", "draft"]))
            case 5:
                site.edit(one.number, password=True)
            case 6:
                site.edit(one.number, state="publish", password=False)
            case _:
                site.home = chance.choice([HOME, HOME.replace("https", "http")])


def _visible(site: LivingSite) -> set[int]:
    return {one.number for one in site.posts.values() if one.state == "publish" and not one.password}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 7, 11])
def test_whatever_editors_do_nobody_gets_a_post_twice_or_one_that_is_not_there(
    root: Path, newsroom: Any, clock: Clock, site: LivingSite, seed: int
) -> None:
    chance = random.Random(seed)
    with newsroom.database.write() as connection:
        subscribe(connection, newsroom, "instant@example.net", clock(), "instant")
    got: dict[str, Counter[int]] = {}

    def look() -> None:
        nonlocal got
        now = given(root)
        fresh = {number for reader in now for number in now[reader] - got.get(reader, Counter())}
        assert fresh <= _visible(site)
        got = now

    for day in range(1, 22):
        clock.forward(days=1)
        first = max(site.posts) + 1
        site.put(*(post(first + number, day - number / 100) for number in range(chance.randrange(3))))
        _edit_by_chance(chance, site)
        gather(newsroom)
        _edit_by_chance(chance, site)
        latest.run(newsroom, "instant")
        look()
        if day % 7 == 0:
            weekly.prepare(newsroom, drop_withdrawn=True)
            weekly.run(newsroom)
            look()
    assert {count for reader in got.values() for count in reader.values()} == {1}


# As an editor runs it


@pytest.fixture
def terminal(root: Path, clock: Clock, site: LivingSite, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command, with that site for the world and that clock for the time."""
    from newsletter.wiring import Workspace

    monkeypatch.setattr(Workspace, "fetcher", site)
    monkeypatch.setattr(Workspace, "now", lambda _: clock())
    return lambda *arguments, code=0: _run(root, arguments, code)


def _run(root: Path, arguments: Sequence[str], code: int) -> Any:
    done = here("-C", root, *arguments)
    assert done.code == code, done
    assert "Traceback" not in done.err
    return done


def test_an_editor_is_told_what_was_taken_back_and_how_to_go_on(root: Path, site: LivingSite, terminal: Any) -> None:
    terminal("collect")
    terminal("compose", "1", "2", "3")
    site.edit(2, state="private")
    told = terminal("weekly", "--yes", code=3)
    assert f"the site has taken back «{post(2).title}»: it is private or a draft again" in told.err
    assert "error story-withdrawn" in told.err
    assert "--without-withdrawn" in told.err
    assert json.loads(terminal("check", "--json", code=3).out)["problems"][0]["code"] == "story-withdrawn"
    assert "it is private or a draft again" in terminal("articles").out
    terminal("send", "--yes", code=3)
    assert given(root) == {}
    done = json.loads(terminal("weekly", "--yes", "--without-withdrawn", "--json").out)
    assert done["sent_now"] == 3
    assert done["taken_out"] == [post(2).title]
    assert given(root) == everybody([1, 3])


def test_collect_says_what_became_of_every_entry(site: LivingSite, terminal: Any) -> None:
    feed = f"{HOME}/feed/"
    site.closed = True
    first = terminal("collect", feed, "--most", "2")
    assert f"{feed}: 5 seen: 2 new, 3 not taken (beyond the 2 asked for)." in first.err
    site.edit(1, title="خبر رقم 1 بعد التصحيح")
    (source,) = json.loads(terminal("collect", feed, "--json").out)["sources"]
    counts = {name: len(source[name]) for name in ("new", "updated", "known", "merged", "refused")}
    assert counts == {"new": 3, "updated": 1, "known": 1, "merged": 0, "refused": 0}
    assert source["updated"][0]["reason"] == "title"
    assert (source["seen"], source["unchanged"], source["trouble"]) == (5, False, None)
    assert "nothing has changed since it was read last" in terminal("collect", feed).err


def test_moving_a_site_is_told_and_refuses_what_is_no_host(site: LivingSite, terminal: Any) -> None:
    terminal("collect")
    told = terminal("collect", "--moved", "almawja.example.org", "mawja.example.net").err
    assert "5 articles of almawja.example.org known at mawja.example.net too." in told
    assert f"[collect] sources in newsletter.toml still names {HOME}/" in told
    for pair in (("x", "y"), ("example.org", "example.org"), ("nothing.example", "else.example")):
        assert terminal("collect", "--moved", *pair, code=1).err.startswith("error: ")


def test_a_program_that_sends_is_refused_what_was_taken_back(root: Path, newsroom: Any, site: LivingSite) -> None:
    from newsletter.api import sending

    issue = written(newsroom, [1, 2])
    site.edit(2, state="private")
    options = {"list_name": "", "rhythm": "weekly", "dry_run": False, "at": None, "progress": None}
    with pytest.raises(SendError, match="story-withdrawn"):
        sending.send(newsroom, issue.path, **options)
    assert given(root) == {}
    site.edit(2, state="publish")
    gather(newsroom)
    assert sending.send(newsroom, issue.path, **options).sent_now == 3


def test_the_schedule_tells_what_it_left_out(root: Path, clock: Clock, site: LivingSite) -> None:
    from newsletter.rhythms.schedule import Due
    from newsletter.workflows import scheduled

    with open_newsroom(root, clock, site) as workspace:  # type: ignore[arg-type]
        with workspace.database.write() as connection:
            subscribe(connection, workspace, "instant@example.net", clock(), "instant")
        gather(workspace)
        site.edit(2, state="trash")
        words = scheduled._do(workspace, Due("instant", clock(), ""), "readers").words
    assert words.startswith("1 letters: ")
    assert "left out, since their site took them back: articles " in words
