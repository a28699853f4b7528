"""Clicks counted without spying: which links, where they lead, what is counted, and that nobody is known by it."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import newsroom
import pytest
import sqlalchemy as sa
from command import ROOT, make_workspace
from hypothesis import example, given
from hypothesis import strategies as st
from settings_text import with_settings
from starlette.testclient import TestClient

from newsletter import clicks, delivery, library
from newsletter.delivery.counting import Counting, counted
from newsletter.errors import RenderError
from newsletter.ledger import Mailing
from newsletter.ledger.trying import TrialTerms
from newsletter.letters import answer_links, click_links, own_links
from newsletter.letters.mime import from_json, to_json
from newsletter.models import Article, CountedLink, Issue, Letter, Prose, Section, Story
from newsletter.storage import tables
from newsletter.storage.database import Database
from newsletter.text import machines
from newsletter.web.archive import Archive
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import latest
from newsletter.workflows import letter as letters
from newsletter.workflows.clicks import asks_for_the_page, click_routes
from newsletter.workflows.clicks.visits import LONGEST, MOST_AN_HOUR, MOST_OF_A_NETWORK, QUIET, VisitCounter
from newsletter.workflows.serve import app_of, pages_of, site_of
from subscribers import actions, store, tokens
from subscribers.store import tables as readers
from subscribers.web import create_app

DATA = Path(__file__).parent / "data" / "clicks"
BASE = "https://news.example.org"
SITE = "https://almawja.example.org"
NEWS = "https://news.almawja.example.org"
NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
HOUR = int(NOW.timestamp()) // 3600
KEYS = {1: bytes(range(32)), 3: bytes(range(32, 64))}
GO = re.compile(rf"{BASE}/go/[\w-]{{36}}")
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
STORIES = tuple(
    Story(f"خبر المدينة {number}", f"{SITE}/{number}/?a=1&b=2", "ملخص قصير للخبر.") for number in range(1, 6)
)
SPONSOR = "https://sponsor.example.net/books"
WORDS = f"""\
كلمة المحرر، وفيها [رابط إلى حديث]({SITE}/about) و[بريد](mailto:news@example.org) و[الموقع]({SITE}).

::: إعلان مكتبة الميناء
كتب جديدة هذا الأسبوع.

[زوروا المكتبة]({SPONSOR})
:::
"""
ISSUE = Issue(7, "أسبوع المدينة", opening=(Prose(WORDS, 1),), sections=(Section("أخبار", STORIES),))
WANTED = {f"{SITE}/about", SPONSOR, *(story.url for story in STORIES)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose stories are counted, with seven readers; to be copied, never changed."""
    root = make_workspace(tmp_path_factory.mktemp("clicks") / "w", readers=7)
    path = root / "newsletter.toml"
    text = with_settings(path.read_text("utf-8"), '[tracking]\nclicks = "stories"\n')
    path.write_text(text.replace('language = "en"', 'language = "ar"'), "utf-8")
    return root


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(shutil.copytree(made, tmp_path / "w"), {}) as found:
        found.now = lambda: NOW  # type: ignore[method-assign]
        yield found


def sent(workspace: Workspace, issue: Issue = ISSUE) -> dict[int, Letter]:
    """Freeze an issue for everybody; the letter of each reader."""
    letter = letters.of_issue(workspace, issue)
    send = delivery.freeze_letter(workspace.delivery_setup, issue, letter, list_id=1, rhythm="weekly")
    query = (
        sa.select(tables.delivery.c.subscriber_id, tables.batch.c.letter_id)
        .join(tables.batch, tables.batch.c.id == tables.delivery.c.batch_id)
        .where(tables.batch.c.send_id == send.id)
    )
    from newsletter import ledger

    with workspace.database.read() as connection:
        who = dict(connection.execute(query).all())
        frozen = {one: from_json(ledger.letter_of(connection, one)) for one in set(who.values())}
    return {reader: frozen[letter_id] for reader, letter_id in who.items()}


def hrefs(html: str) -> set[str]:
    return {unescape(one) for one in re.findall(r'href="([^"]*)"', html)}


class Pages:
    """The reader pages with a counter that does nothing by itself, and a clock of seconds that stands."""

    def __init__(self, workspace: Workspace, *, counts: bool = True) -> None:
        self.workspace, self.seconds = workspace, 100.0
        self.counter = VisitCounter(workspace.database, now=workspace.now, counts=counts, seconds=lambda: self.seconds)
        site = site_of(workspace, pages_of(workspace), {})
        self.client = TestClient(
            create_app(site, routes=click_routes(site, self.counter)),
            base_url=BASE,
            follow_redirects=False,
            client=("127.0.0.1", 50_000),
        )

    def ask(self, url: str, network: str = "192.0.2.7", **headers: str) -> Any:
        return self.client.get(
            url, headers={**BROWSER, "x-forwarded-for": network, **{k.replace("_", "-"): v for k, v in headers.items()}}
        )

    def settle(self) -> dict[str, tuple[int, int]]:
        """Wait until everything is judged; what each address was clicked, by people and programs."""
        self.seconds += LONGEST + 1
        self.counter.settle()
        with self.workspace.database.read() as connection:
            found = clicks.of_issue(connection, "7")
        return {one.url: (one.people, one.machines) for one in found if one.people or one.machines}


def signed_of(workspace: Workspace, url: str) -> str:
    name = clicks.name_of("7", "readers", 0, url)
    return f"{BASE}/{click_links.path(name, keys=workspace.keys.tokens)}"


# ---- the letter


def test_links_of_stories_sponsors_and_words_lead_over_the_pages_and_all_others_are_direct(
    workspace: Workspace,
) -> None:
    plain = letters.of_issue(workspace, ISSUE)
    letter = sent(workspace)[1]
    before = {one.replace(plain.marker, letter.marker) for one in hrefs(plain.rendered.html)}
    after = hrefs(letter.rendered.html)
    assert {one.url for one in plain.rendered.links} == WANTED
    assert before - after == WANTED
    assert after - before == {signed_of(workspace, url) for url in WANTED}
    assert len([one for one in after if "/leave/" in one or "/preferences/" in one]) == 2
    # What somebody reads in plain text is an address to be read.
    assert letter.rendered.text == plain.rendered.text.replace(plain.marker, letter.marker)
    assert letter.unsubscribe_url == plain.unsubscribe_url.replace(plain.marker, letter.marker)
    with workspace.database.read() as connection:
        found = {one.url: (one.story, one.sponsor, one.list, one.people) for one in clicks.of_issue(connection, "7")}
    assert found[STORIES[0].url] == (STORIES[0].headline, "", "readers", 0)
    assert found[SPONSOR] == ("", "مكتبة الميناء", "readers", 0)
    assert found[f"{SITE}/about"] == ("", "", "readers", 0)


def test_the_same_address_stands_in_every_readers_letter(workspace: Workspace) -> None:
    found = sent(workspace)
    assert len(found) == 7
    assert len({frozenset(GO.findall(one.rendered.html)) for one in found.values()}) == 1


def test_the_foot_says_that_clicks_are_counted_and_where_to_switch_it_off(workspace: Workspace) -> None:
    html = sent(workspace)[1].rendered.html
    note = re.search(rf"<p {click_links.NOTE}.*?</p>", html)
    assert note is not None
    assert "نحصي" in note[0]
    assert f"{BASE}/preferences/" in note[0]


def test_a_template_that_does_not_say_it_makes_no_letter(workspace: Workspace) -> None:
    folder = workspace.root / "templates" / "email"
    folder.mkdir(parents=True)
    (folder / "ways.mjml.j2").write_text(
        (ROOT / "templates" / "email" / "ways.mjml.j2")
        .read_text("utf-8")
        .replace("{% if counted %}", "{% if false %}"),
        "utf-8",
    )
    with pytest.raises(RenderError, match="does not say that clicks are counted"):
        letters.of_issue(workspace, ISSUE)
    faults: list[Any] = []
    assert letters.of_issue(workspace, ISSUE, faults=faults).rendered.html
    assert [one.what for one in faults] == ["the letter does not say that clicks are counted"]
    workspace.settings.tracking.__dict__["clicks"] = "off"
    letters.of_issue(workspace, ISSUE)


def test_who_wants_no_counting_gets_the_links_as_they_are(workspace: Workspace) -> None:
    with workspace.database.write() as connection:
        store.set_counting(connection, 2, counted=False)
    found = sent(workspace)
    assert set(found) == set(range(1, 8))
    assert hrefs(found[2].rendered.html) >= WANTED
    for one in ("/go/", "نحصي", click_links.NOTE):
        assert one not in found[2].rendered.html
        assert one in found[1].rendered.html
        assert found[1] == found[3]


@pytest.mark.parametrize("way", ["stories", "provider"])
def test_who_says_no_before_a_letter_is_handed_over_is_not_counted_by_it(workspace: Workspace, way: str) -> None:
    from newsletter import ledger
    from newsletter.delivery.counting import let_out

    workspace.settings.tracking.__dict__["clicks"] = way
    before = sent(workspace)[2]
    assert before.tracked == (way == "provider")
    assert click_links.NOTE in before.rendered.html
    with workspace.database.write() as connection:
        (send,) = ledger.sends(connection)
        assert let_out(connection, send.id) == 0
        store.set_counting(connection, 2, counted=False)
        assert let_out(connection, send.id) == 1
        assert let_out(connection, send.id) == 0
        query = (
            sa.select(tables.batch.c.letter_id)
            .join(tables.delivery, tables.delivery.c.batch_id == tables.batch.c.id)
            .where(tables.delivery.c.subscriber_id == 2)
        )
        after = from_json(ledger.letter_of(connection, connection.execute(query).scalar_one()))
    assert not after.tracked
    assert hrefs(after.rendered.html) >= WANTED
    assert click_links.NOTE not in after.rendered.html


@pytest.mark.parametrize("kind", ["daily", "instant"])
def test_letters_of_the_latest_posts_are_counted_in_the_same_way(tmp_path: Path, kind: Any) -> None:
    root = newsroom.make(tmp_path / "w", settings='[tracking]\nclicks = "stories"\n', readers=7)
    clock = newsroom.Clock()
    with newsroom.open_newsroom(root, clock) as workspace:
        with workspace.database.write() as connection:
            for reader in range(1, 8):
                actions.prefer(connection, reader, 1, now=clock(), rhythm=kind)
            store.set_counting(connection, 2, counted=False)
            article = Article(
                "المدينة تستعيد أسوارها", f"{SITE}/1/", "انتهت الأشغال.", section="أخبار", published=clock()
            )
            library.shelve(connection, [article], now=clock())
        done = latest.run(workspace, kind)
        assert done.sent_now == 7
        with workspace.database.read() as connection:
            (link,) = clicks.of_issue(connection, done.latest.key)
    assert (link.url, link.story) == (f"{SITE}/1/", "المدينة تستعيد أسوارها")
    found = {one.to: one.html for one in newsroom.received(root)}
    for reader, html in found.items():
        direct = reader == "reader1@example.net"
        assert (f'href="{SITE}/1/"' in html) == direct
        assert (f"{NEWS}/go/" in html) != direct
        assert (click_links.NOTE in html) != direct


def test_a_letter_without_links_does_not_say_that_they_are_counted(workspace: Workspace) -> None:
    issue = replace(ISSUE, opening=(), sections=(Section("أخبار", (replace(STORIES[0], url=""),)),))
    assert click_links.NOTE not in sent(workspace, issue)[1].rendered.html


def test_a_link_that_few_readers_have_is_not_counted(workspace: Workspace) -> None:
    """Its number would be a name: of five readers one may have clicked, of one it is known who did."""
    rare = replace(STORIES[4], url=f"{SITE}/rare/")
    letter = letters.of_issue(workspace, ISSUE)
    other = letters.of_issue(workspace, replace(ISSUE, sections=(Section("أخبار", (*STORIES[:2], rare)),)))
    with workspace.database.write() as connection:
        store.set_counting(connection, 7, counted=False)
        whole = delivery.audience(1, "weekly", NOW)
        mailings = [
            Mailing("", store.among([1], whole), "skipped", "why"),
            Mailing(to_json(other), store.among([2, 3, 4, 5], whole), "late", links=other.rendered.links),
            Mailing(to_json(letter), store.among([6, 7], whole), links=letter.rendered.links),
        ]
        made = counted(connection, mailings, Counting("stories", KEYS), issue="7", list_name="readers")
    told = {one.variant: {link.url for link in one.links} for one in made}
    # Four and one have the first two stories and what stands in both; only four the rare one, only one the others.
    both = {f"{SITE}/about", SPONSOR, STORIES[0].url, STORIES[1].url}
    assert told == {"skipped": set(), "late": both, "": both, "direct": set(), "late direct": set()}
    late = next(one for one in made if one.variant == "late")
    assert rare.url in hrefs(from_json(late.letter).rendered.html)


@pytest.mark.parametrize(("have_it", "is_counted"), [(50, True), (8, False), (60, True)])
def test_of_subjects_tried_a_link_is_counted_that_enough_of_each_sample_have(
    workspace: Workspace, have_it: int, is_counted: bool
) -> None:
    """Eight could be enough, but four of them may be drawn for one subject, or one."""
    rare = replace(STORIES[4], url=f"{SITE}/rare/")
    letter = letters.of_issue(workspace, ISSUE)
    other = letters.of_issue(workspace, replace(ISSUE, sections=(Section("أخبار", (*STORIES[:2], rare)),)))
    terms = TrialTerms(("واحد", "اثنان"), share=0.8, least=5, wait=timedelta(hours=2), measure="clicks")
    with workspace.database.write() as connection:
        whole = delivery.audience(1, "weekly", NOW)
        for number in range(60):
            address, own = f"tried{number}@example.net", workspace.keys.suppression
            actions.add_subscriber(connection, address, "readers", now=NOW, keys=own)
        ids = list(connection.execute(sa.select(readers.subscriber.c.id).order_by("id")).scalars())[-60:]
        mailings = [
            Mailing(
                to_json(one), store.among(some, whole), name, links=one.rendered.links, subject=subject, held=bool(held)
            )
            for name, one, some in (("rare", other, ids[:have_it]), ("", letter, ids[have_it:]))
            for subject, held in ((1, 0), (2, 0), (1, 1))
        ]
        made = counted(connection, mailings, Counting("stories", KEYS), issue="7", list_name="readers", trial=terms)
    for one in made:
        told = {link.url for link in one.links}
        assert STORIES[0].url in told
        assert (rare.url in told) == (is_counted and one.variant == "rare")


def test_letters_that_go_to_nobody_else_have_direct_links(workspace: Workspace) -> None:
    test = letters.of_issue(workspace, ISSUE, test=True)
    assert hrefs(test.rendered.html) >= WANTED
    assert "/go/" not in test.rendered.html


def test_the_page_of_a_letter_has_direct_links(workspace: Workspace) -> None:
    sent(workspace)
    found = Archive(workspace.database, pages_of(workspace), ["readers"]).view("7")
    assert found is not None
    page = found[1].html
    assert hrefs(page) >= WANTED
    assert "/go/" not in page
    assert "نحصي" not in page


def test_without_counting_nothing_is_written_and_nothing_is_said(workspace: Workspace) -> None:
    workspace.settings.tracking.__dict__["clicks"] = "off"
    letter = sent(workspace)[1]
    assert "/go/" not in letter.rendered.html
    assert "نحصي" not in letter.rendered.html
    with workspace.database.read() as connection:
        assert connection.execute(sa.select(tables.link)).all() == []


def test_a_digest_of_fifty_stories_stays_small_enough(workspace: Workspace) -> None:
    stories = tuple(
        replace(STORIES[0], headline=f"خبر المدينة القديمة رقم {number} وما فيه", url=f"{SITE}/{number}/")
        for number in range(50)
    )
    letter = sent(workspace, replace(ISSUE, template="digest", sections=(Section("أخبار", stories),)))[1]
    assert len(GO.findall(letter.rendered.html)) >= 50
    assert len(letter.rendered.html.encode()) <= 95_000


# ---- addresses


@given(name=st.binary(min_size=10, max_size=10).map(bytes.hex), key=st.sampled_from([{1: KEYS[1]}, KEYS]))
def test_what_was_signed_is_read_and_nothing_else(name: str, key: dict[int, bytes]) -> None:
    signed = click_links.path(name, keys=key).removeprefix("go/")
    assert len(signed) == 36
    # A key that is not the newest any more still opens what it signed.
    assert click_links.read(signed, keys=KEYS) == name
    assert click_links.read(signed, keys={1: bytes(32), 3: bytes(32)}) is None
    for at in (0, 5, 20, 35):
        other = "B" if signed[at] == "A" else "A"
        assert click_links.read(signed[:at] + other + signed[at + 1 :], keys=KEYS) is None


def test_signatures_of_other_links_open_nothing_here() -> None:
    poll = answer_links.path("0123456789abcdef", 0, keys=KEYS).removeprefix("polls/")
    assert click_links.read(poll, keys=KEYS) is None
    signed = click_links.path("0123456789abcdef0123", keys=KEYS).removeprefix("go/")
    assert answer_links.read(signed, keys=KEYS) is None


@given(st.text())
@example("https://example.org\r\nSet-Cookie: a=b")
@example("https://example.org/\u2028")
@example("https://مثال.example/مسار?س=ج#م")
@example("https://[::1]:80/")
@example("https://user:word@example.org/")
def test_a_location_is_one_line_of_ascii_or_none(url: str) -> None:
    for one in (url, f"https://example.org/{url}", f"https://{url}/"):
        try:
            found = click_links.location(one)
        except ValueError:
            continue
        assert re.fullmatch(r"https?://[\x21-\x7e]+", found)
        assert click_links.location(found) == found


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://مثال.example/خبر?س=ج&b=2#م",
            "https://xn--mgbh0fb.example/%D8%AE%D8%A8%D8%B1?%D8%B3=%D8%AC&b=2#%D9%85",
        ),
        ("HTTP://Example.org", "http://example.org/"),
        ("https://example.org/a%20b?x=%2F", "https://example.org/a%20b?x=%2F"),
        ("https://example.org:8443/a(b)[c]", "https://example.org:8443/a(b)%5Bc%5D"),
    ],
)
def test_an_address_leads_where_it_says(url: str, expected: str) -> None:
    assert click_links.location(url) == expected


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://", "https:evil", "mailto:a@example.org",
     "https://a@evil.example/", "https://example.org\\@evil.example", "https://exa mple.org/", "https://example.org:x/",
     f"https://example.org/{'a' * 2000}"],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_never_counted(url: str) -> None:
    html = f'<a href="{url}">x</a>'
    assert click_links.found(html, pages=BASE, marker="m" * 16) == ()


def test_links_to_our_own_pages_are_never_counted_where_the_pages_stand_at_the_sites_address() -> None:
    own = ("", "/", "/leave/x", "/preferences/x", "/confirm/x", "/view/s/r/w/1", "/letters/1", "/polls/x", "/archive",
           "/media/a.jpg", "/go/x", "/address/x", "/erase/x", "/LEAVE/x", "?a=b")  # fmt: skip
    html = "".join(f'<a href="{SITE}{path}">x</a>' for path in own)
    html += f'<a href="{SITE}/news/1">x</a><a href="{SITE}x/leave/">x</a><a href="https://wa.me/?text=x">x</a>'
    found = [one.url for one in click_links.found(html, pages=SITE, marker="m" * 16)]
    assert found == [f"{SITE}/news/1", f"{SITE}x/leave/"]
    assert all(own_links.is_own(f"{SITE}{path}", SITE) for path in own)


async def answered(app: Any, method: str, target: str) -> tuple[int, dict[str, str], bytes]:
    """The answer to a request whose path stands in it as it is, which no client that we have would send."""
    raw, _, query = target.encode("utf-8").partition(b"?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "path": unquote(raw.decode("latin-1")), "raw_path": raw, "query_string": query, "root_path": "",
        "headers": [(b"host", b"news.example.org"), (b"user-agent", BROWSER["user-agent"].encode())],
        "client": ("192.0.2.7", 50_000), "server": ("news.example.org", 443),
    }  # fmt: skip
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)
    # What stands in a header as two lines is two headers for whoever reads it.
    assert not any(sign in value for name, value in told[0]["headers"] for sign in (b"\r", b"\n", b"\0"))
    headers = {name.decode(): value.decode("latin-1") for name, value in told[0]["headers"]}
    return told[0]["status"], headers, b"".join(one.get("body", b"") for one in told[1:])


def test_every_attempt_of_the_corpus_stays_among_the_links_of_the_letter(workspace: Workspace) -> None:
    sent(workspace)
    keys = workspace.keys.tokens
    good, twin = (signed_of(workspace, STORIES[at].url).rpartition("/")[2] for at in (0, 1))
    name = click_links.read(good, keys=keys)
    assert name is not None
    view = own_links.page_path("others", "7", opened=(), keys=keys).split("/")[1]
    values = {
        "{good}": good,
        "{twin}": twin,
        "{foreign}": click_links.path(name, keys={max(keys): bytes(32)}).removeprefix("go/"),
        "{unknown}": click_links.path("0" * 20, keys=keys).removeprefix("go/"),
        "{poll}": answer_links.path("0123456789abcdef", 0, keys=keys).removeprefix("polls/"),
        "{view}": view,
        "{name}": name,
        "{sig}": good[14:],
        "{long}": "a" * 20_000,
    }
    lines = (DATA / "attempts.txt").read_text("utf-8").splitlines()
    attempts = [line for line in lines if not line.startswith("#")]
    assert len(attempts) >= 100
    app = app_of(workspace, hooks={}, postman=False)
    allowed = {click_links.location(url) for url in WANTED}
    led = 0
    for attempt in attempts:
        target = re.sub(r"\{\w+\}", lambda match: values.get(match[0], match[0]), attempt)
        for method in ("GET", "POST"):
            status, headers, body = asyncio.run(answered(app, method, target))
            assert status < 500, attempt
            assert "set-cookie" not in headers, attempt
            if "location" in headers:
                assert (status, headers["location"] in allowed) == (302, True), attempt
                led += 1
            assert "refresh" not in headers, attempt
            assert b"http-equiv" not in body, attempt
    assert led > 3  # those that are the letter's own links, with something behind them that is not looked at


# ---- what is counted


def test_a_click_leads_on_and_is_a_number(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace)
    url = STORIES[0].url
    answer = pages.ask(signed_of(workspace, url))
    assert answer.status_code == 302
    assert answer.headers["location"] == click_links.location(url)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert answer.content == b""
    assert pages.settle() == {url: (1, 0)}
    pages.ask(signed_of(workspace, url), "198.51.100.1")
    pages.ask(signed_of(workspace, STORIES[1].url), "198.51.100.1")
    assert pages.settle() == {url: (2, 0), STORIES[1].url: (1, 0)}
    with workspace.database.read() as connection:
        (one,) = [one for one in clicks.of_issue(connection, "7") if one.url == url]
        assert one.hours == {HOUR: 2}
        assert clicks.by_subject(connection, "7", "readers") == {0: 3}


def test_looking_ahead_counts_nothing_and_leads_on_all_the_same(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace)
    url = signed_of(workspace, STORIES[0].url)
    for headers in ({"sec_purpose": "prefetch;prerender"}, {"purpose": "prefetch"}, {"x_moz": "prefetch"},
                    {"x_purpose": "preview"}, {"sec_fetch_mode": "no-cors"}):  # fmt: skip
        assert pages.ask(url, **headers).status_code == 302
    assert pages.client.head(url, headers=BROWSER).status_code == 302
    assert pages.client.post(url).status_code == 405
    assert pages.settle() == {}
    assert asks_for_the_page("GET", {"sec-fetch-mode": "navigate"})


def agents(name: str) -> list[str]:
    return (DATA / name).read_text("utf-8").splitlines()


@pytest.mark.parametrize("agent", ["", *agents("programs.txt")])
def test_who_says_that_it_is_a_program_is_counted_as_one(agent: str) -> None:
    assert machines.says_so(agent)


@pytest.mark.parametrize("agent", agents("browsers.txt"))
def test_browsers_of_people_are_no_programs(agent: str) -> None:
    assert not machines.says_so(agent)


def test_a_preview_in_a_chat_is_counted_apart(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace)
    for agent in ("TelegramBot (like TwitterBot)", "WhatsApp/2.24.6.77 A", BROWSER["user-agent"]):
        pages.ask(signed_of(workspace, STORIES[0].url), user_agent=agent)
    assert pages.settle() == {STORIES[0].url: (1, 2)}


def test_a_burst_is_taken_back_and_another_network_keeps_its_clicks(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace)
    for at, story in enumerate(STORIES[:3]):
        pages.ask(signed_of(workspace, story.url))
        pages.seconds += 0.5
        if at == 0:
            pages.ask(signed_of(workspace, story.url), "198.51.100.1")
    assert pages.settle() == {STORIES[0].url: (1, 1), STORIES[1].url: (0, 1), STORIES[2].url: (0, 1)}


def test_readers_with_different_browsers_behind_one_address_are_no_burst(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace)
    for story, agent in zip(STORIES, agents("browsers.txt"), strict=False):
        pages.ask(signed_of(workspace, story.url), user_agent=agent)
    assert pages.settle() == {story.url: (1, 0) for story in STORIES}


def test_a_link_that_went_over_to_another_letter_leads_on(workspace: Workspace) -> None:
    sent(workspace)
    pages, (gone, *_) = Pages(workspace), STORIES
    pages.counter.learn()
    with workspace.database.write() as connection:
        connection.execute(sa.update(tables.link).where(tables.link.c.url == gone.url).values(subject=1))
        new = CountedLink("", "https://example.org/new", "", 99)
        clicks.freeze(connection, [new], issue="7", list_name="readers", now=NOW)
    assert pages.ask(signed_of(workspace, new.url)).status_code == 302  # the letter is looked up once more
    assert pages.ask(signed_of(workspace, gone.url)).headers["location"] == gone.url
    assert pages.settle() == {new.url: (1, 0), gone.url: (1, 0)}


def test_somebody_who_reads_one_article_after_the_other_is_a_person(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace)
    for story in STORIES[:4]:
        pages.ask(signed_of(workspace, story.url))
        pages.seconds += 5
    assert pages.settle() == {story.url: (1, 0) for story in STORIES[:4]}


def test_whoever_asks_for_all_links_of_a_letter_slowly_is_a_program(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace)
    for url in WANTED:
        pages.ask(signed_of(workspace, url))
        pages.seconds += QUIET - 2
    assert pages.settle() == dict.fromkeys(WANTED, (0, 1))


def test_a_double_press_counts_once_and_a_loop_counts_little(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace)
    url = signed_of(workspace, STORIES[0].url)
    pages.ask(url)
    pages.seconds += 0.4
    pages.ask(url)
    assert pages.settle() == {STORIES[0].url: (1, 0)}
    name = clicks.name_of("7", "readers", 0, STORIES[0].url)
    for _ in range(MOST_AN_HOUR + 50):
        pages.seconds += 3
        pages.counter.visit(name, network="198.51.100.9", machine=False)
    assert pages.settle() == {STORIES[0].url: (1 + MOST_AN_HOUR, 50)}


def test_nobody_makes_a_number_as_large_as_they_like_by_a_new_browser_each_time(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace)
    pages.counter.learn()
    names = [clicks.name_of("7", "readers", 0, story.url) for story in STORIES[:2]]
    for number in range(MOST_OF_A_NETWORK + 200):
        pages.seconds += 0.01
        pages.counter.visit(names[0], network="198.51.100.0/24", agent=f"Browser {number}", machine=False)
    pages.counter.visit(names[1], network="198.51.100.0/24", agent="Browser 1", machine=False)
    pages.counter.visit(names[0], network="203.0.113.0/24", agent="Browser 1", machine=False)
    assert pages.settle() == {STORIES[0].url: (MOST_OF_A_NETWORK + 1, 200), STORIES[1].url: (1, 0)}


def test_who_asked_how_often_is_forgotten_when_the_hour_is_over(workspace: Workspace) -> None:
    sent(workspace)
    hour = [workspace.now()]
    counter = VisitCounter(workspace.database, now=lambda: hour[0], seconds=lambda: 100.0)
    counter.learn()
    before = {name: str(held) for name, held in vars(counter).items()}
    name = clicks.name_of("7", "readers", 0, STORIES[0].url)
    counter.visit(name, network="198.51.100.0/24", agent="Browser 1", machine=False)
    counter.settle(everything=True)
    assert {one for one, held in vars(counter).items() if str(held) != before[one]} >= {"_asked", "_networks"}
    hour[0] += timedelta(hours=1)
    counter.settle()
    assert {one for one, held in vars(counter).items() if str(held) != before[one]} == {"_asked_hour"}


@given(st.lists(st.tuples(st.floats(0, 1.9), st.sampled_from("abcdefgh")), max_size=12))
def test_a_burst_is_so_many_different_links_within_so_many_seconds(asked: list[tuple[float, str]]) -> None:
    visits = sorted(asked)
    different = len({name for _, name in visits})
    assert machines.is_burst(visits, "abcdefgh") == (different >= machines.BURST)
    spread = [(at * 1000, name) for at, (_, name) in enumerate(visits)]
    assert machines.is_burst(spread, "abcdefgh") == (different == 8)
    # A letter of three links is read to its end by people.
    assert not machines.is_burst([(at * 1000, name) for at, name in enumerate("abc")], "abc")


@pytest.mark.parametrize(("asked", "addresses", "most"), [(1000, 200, 0.001), (5000, 200, 0.002), (20_000, 500, 0.015)])
def test_readers_behind_one_address_are_seldom_taken_for_programs(asked: int, addresses: int, most: float) -> None:
    """Readers of a mobile network share addresses: few of them have most of the readers, and as few browsers too."""
    dice = random.Random(asked)

    def drawn(number: int, k: int = asked) -> list[int]:
        return dice.choices(range(number), [1 / (place + 1) for place in range(number)], k=k)

    readers = zip(drawn(addresses), drawn(40), strict=True)
    links, many = iter(drawn(12, 3 * asked)), iter(dice.choices((1, 2, 3), (75, 18, 7), k=asked))
    visits: dict[tuple[int, int], list[tuple[float, str]]] = {}
    for reader in readers:
        at = dice.expovariate(1 / 3600)  # two in three within the first hour
        for _ in range(next(many)):
            visits.setdefault(reader, []).append((at, str(next(links))))
            at += 15 + dice.expovariate(1 / 60)
    wrong = total = 0
    for asked_for in map(sorted, visits.values()):
        groups = [[asked_for[0]]]
        for one in asked_for[1:]:
            if one[0] - groups[-1][-1][0] > QUIET or one[0] - groups[-1][0][0] > LONGEST:
                groups.append([])
            groups[-1].append(one)
        total += len(asked_for)
        wrong += sum(len(group) for group in groups if machines.is_burst(group, list(map(str, range(12)))))
    assert wrong <= most * total


def test_nothing_of_who_asks_is_written_or_logged(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    sent(workspace)
    pages = Pages(workspace)
    caplog.set_level("INFO")
    url = signed_of(workspace, STORIES[0].url)
    before = set(map(str, contents(workspace.database).items()))
    pages.ask(url, "203.0.113.77", user_agent="Mozilla/5.0 Nobody/1.0", referer="https://mail.example.net/inbox/9")
    pages.settle()
    changed = " ".join(set(map(str, contents(workspace.database).items())) - before)
    for told in ("203.0.113", "Nobody/1.0", "mail.example.net"):
        assert told not in changed
        assert told not in caplog.text
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("nashra")]
    assert any("/go/" in one for one in ours)
    assert not any(url.rpartition("/")[2] in one for one in ours)
    assert re.fullmatch(r"\('click', \[\('[0-9a-f]{20}', \d+, 1, 0\)\]\)", changed)


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with database.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for wing in (tables, readers)
            for table in wing.metadata.sorted_tables
        }


def filled(values: dict[str, str], match: re.Match[str]) -> str:
    return values[match[0].strip("{}").partition(":")[0]]


def test_three_times_everything_changes_nothing_but_the_numbers(workspace: Workspace) -> None:
    sent(workspace)
    app = app_of(workspace, hooks={}, postman=False)
    with workspace.database.read() as connection:
        person = store.find_id(connection, 1)
    assert person is not None
    keys = workspace.keys.tokens
    purposes: tuple[tokens.Purpose, ...] = ("leave", "preferences")
    about: Any = {"public_id": person.public_id, "list_id": 1, "epoch": person.epoch}
    token = {kind: tokens.make(kind, keys, **about) for kind in purposes}
    inner: Any = app.app
    before = contents(workspace.database)
    client = TestClient(app, base_url=BASE, follow_redirects=False)
    values = {
        "signed": signed_of(workspace, STORIES[0].url).rpartition("/")[2],
        "key": "7", "place": "7", "number": "7", "list": "readers", "rhythm": "issue", "name": "letter.css",
        "before": "3", "signature": "x" * 24,
    }  # fmt: skip
    asked = 0
    for one in inner.routes:
        for kind in token.values():
            given_values = {**values, "token": kind}
            path = re.sub(r"\{\w+(?::\w+)?\}", partial(filled, given_values), one.path)
            for _ in range(3):
                client.get(path, headers=BROWSER)
                client.head(path, headers=BROWSER)
                asked += 1
    assert asked > 60
    after = contents(workspace.database)
    assert {name for name in after if after[name] != before[name]} <= {"click"}


# ---- a database that is away


class Away:
    """A database that can be taken away."""

    def __init__(self, database: Database) -> None:
        self._database, self.gone = database, False

    def __getattr__(self, name: str) -> Any:
        if self.gone and name in ("read", "write"):
            from newsletter.errors import DatabaseError

            raise DatabaseError("it is away")
        return getattr(self._database, name)


def test_a_database_that_is_away_keeps_nobody_from_an_article_and_loses_no_click(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace)
    away: Any = Away(workspace.database)
    pages.counter._database = away
    away.gone = True
    # Unknown as yet: a page that says so, to be tried again.
    answer = pages.ask(signed_of(workspace, STORIES[0].url))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "location" not in answer.headers
    away.gone = False
    pages.counter.learn()
    away.gone = True
    for story in STORIES[:2]:
        assert pages.ask(signed_of(workspace, story.url)).status_code == 302
    pages.seconds += LONGEST + 1
    with pytest.raises(Exception, match="it is away"):
        pages.counter.settle()
    away.gone = False
    assert pages.settle() == {story.url: (1, 0) for story in STORIES[:2]}


def test_the_pages_write_down_what_is_pending_when_they_end(workspace: Workspace) -> None:
    sent(workspace)
    with TestClient(app_of(workspace, hooks={}), base_url=BASE, follow_redirects=False) as client:
        assert client.get(signed_of(workspace, STORIES[0].url), headers=BROWSER).status_code == 302
    with workspace.database.read() as connection:
        assert clicks.by_subject(connection, "7", "readers") == {0: 1}


def test_letters_that_were_counted_lead_on_when_counting_is_off(workspace: Workspace) -> None:
    sent(workspace)
    pages = Pages(workspace, counts=False)
    assert pages.ask(signed_of(workspace, STORIES[0].url)).status_code == 302
    assert pages.settle() == {}


# ---- nobody is known by it


READER = {"subscriber_id", "delivery_id", "delivery", "subscriber", "address", "address_key"}
LINK = {"url", "link", "click", "clicked", "story", "story_url", "href", "target_url"}
SAFE = {
    # Tables with the word and without the thing.
    "article": "the site's own articles",
    "draft_story": "what an editor's draft was written from",
    "validator": "what a feed was marked with",
}


def joins(table: sa.Table) -> set[str]:
    """Names of the columns of a table, and of those of every table it refers to, however far."""
    names, waiting, seen = set[str](), [table], set[str]()
    while waiting:
        one = waiting.pop()
        if one.name in seen or one.name in SAFE:
            continue
        seen.add(one.name)
        names |= set(one.c.keys())
        if one.name == "subscriber":
            names.add("subscriber_id")
        waiting += [key.column.table for key in one.foreign_keys]
    return names


def spying(*both: sa.MetaData) -> list[str]:
    """Tables that know a reader and a link."""
    every = [table for one in both for table in one.sorted_tables]
    known = {table.name for table in every}
    assert set(SAFE) <= known
    return [
        table.name
        for table in every
        if (found := joins(table)) & READER and (found & LINK or found & {"link", "click", "click_report"})
    ]


def test_no_table_joins_a_person_and_a_link() -> None:
    assert spying(tables.metadata, readers.metadata) == []
    assert set(tables.link.c.keys()) | set(tables.click.c.keys()) | set(tables.click_report.c.keys()) == {
        "name", "issue", "list", "subject", "url", "story", "sponsor", "place", "frozen_at",
        "link", "hour", "people", "machines", "mark",
    }  # fmt: skip


@pytest.mark.parametrize(("table", "column"), [
    ("event", "url"), ("delivery", "clicked"), ("consent", "link"), ("small_letter", "url"), ("click", "subscriber_id"),
    ("click", "delivery_id"), ("subscription", "story"),
])  # fmt: skip
def test_the_rule_notices_a_column_that_would(table: str, column: str) -> None:
    both = []
    for metadata in (tables.metadata, readers.metadata):
        copied = sa.MetaData()
        for one in metadata.sorted_tables:
            one.to_metadata(copied)
        if table in copied.tables:
            copied.tables[table].append_column(sa.Column(column, sa.Text))
        both.append(copied)
    assert table in spying(*both)


def test_a_link_is_kept_once_however_often_it_is_frozen(database: Database) -> None:
    links = [CountedLink("", f"{SITE}/1", "خبر", 1), CountedLink("", f"{SITE}/2", "", 2, "راعٍ")]
    for number in range(3):
        with database.write() as connection:
            clicks.freeze(connection, links, issue="7", list_name="readers", now=NOW + timedelta(days=number))
            name = clicks.name_of("7", "readers", 0, f"{SITE}/1")
            clicks.add(connection, {(name, HOUR): (2, 1), (name, HOUR + 1): (1, 0)})
    with database.write() as connection:
        clicks.freeze(connection, links, issue="7", list_name="readers", subject=2, now=NOW)
        found = clicks.of_issue(connection, "7")
        assert [(one.url, one.subject, one.people, one.machines) for one in found] == [
            (f"{SITE}/1", 0, 9, 3), (f"{SITE}/2", 0, 0, 0), (f"{SITE}/1", 2, 0, 0), (f"{SITE}/2", 2, 0, 0),
        ]  # fmt: skip
        assert found[0].hours == {HOUR: 6, HOUR + 1: 3}
        assert clicks.by_subject(connection, "7", "readers") == {0: 9, 2: 0}
        assert clicks.of_issue(connection, "8") == []
