"""One article, whatever its site does to its address; two articles, whatever they share: on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from newsletter import library
from newsletter.library import holdings, move, of_stories, restore, shelve, withdraw
from newsletter.models import Article, Story
from newsletter.sources.identity import article_keys, contradict, of_guid, of_wordpress, with_host

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
DAY = timedelta(days=1)
BODY = (
    "<p>"
    + "افتتح معرض الكتاب أبوابه صباح الجمعة أمام آلاف الزوار الذين جاؤوا من المدن والقرى القريبة منذ الصباح. " * 2
    + "</p>"
)
OTHER = (
    "<p>"
    + "تراجعت أسعار الزيت في أسواق الجملة للأسبوع الثالث، وقال تجار إن الموسم الجديد وفير في كل المناطق الجبلية. " * 2
    + "</p>"
)
POST = Article(
    "افتتاح معرض الكتاب في المدينة",
    "https://example.org/fair/",
    "افتتح معرض الكتاب أبوابه.",
    BODY,
    published=NOW - DAY,
    source="https://example.org/wp-json/",
    identities=("wordpress:example.org#5", "guid:example.org/?p=5"),
    reading="rest",
)
FEED = replace(POST, source="https://example.org/feed/", reading="feed", identities=("guid:example.org/?p=5",))


def states(connection: Connection, *articles: Article, now: datetime = NOW) -> list[str]:
    return [one.state for one in shelve(connection, articles, now=now).outcomes]


def test_a_post_is_known_by_its_number_and_its_guid_wherever_it_moves(connection: Connection) -> None:
    assert states(connection, POST) == ["new"]
    moved = replace(POST, url="https://example.org/2026/11/fair-of-books/")
    assert states(connection, moved) == ["updated"]
    by_feed = replace(FEED, url="http://www.example.org/archives/5")
    assert states(connection, by_feed) == ["known"]  # a feed is poorer than the interface: it corrects nothing
    (one,) = holdings(connection)
    assert one.article.url == moved.url
    stories = [Story("عنوان آخر", url=url) for url in (POST.url, moved.url, "http://www.example.org/archives/5")]
    assert {found.id for found in of_stories(connection, stories).values()} == {one.id}
    assert len(of_stories(connection, stories)) == 3


@pytest.mark.parametrize("identities", [(), ("guid:example.org|new",)])
def test_without_a_name_given_for_good_the_words_tell(connection: Connection, identities: tuple[str, ...]) -> None:
    old = replace(FEED, identities=("guid:example.org|old",) if identities else ())
    states(connection, old)
    edited = replace(old, url="https://example.org/other-slug", identities=identities, title="افتتاح معرض الكتاب")
    found = states(connection, edited)
    # A guid that was changed while the words stay: the address is what it was, or the words alone decide.
    assert found == (["new"] if identities else ["updated"])
    if identities:
        same_address = replace(old, identities=("guid:example.org|newer",), title="افتتاح معرض الكتاب")
        assert states(connection, same_address) == ["updated"]


def test_entries_of_a_live_blog_share_an_address_and_are_two(connection: Connection) -> None:
    first = replace(FEED, title="الدقيقة الأولى", body=BODY, identities=("guid:example.org|1",))
    second = replace(FEED, title="الدقيقة التسعون", body=OTHER, identities=("guid:example.org|2",))
    assert states(connection, first, second) == ["new", "new"]
    assert states(connection, first, second) == ["known", "known"]
    ids = {one.article.title: one.id for one in holdings(connection)}
    stories = [Story(title, url=FEED.url) for title in ids]
    assert {story.headline: one.id for story, one in of_stories(connection, stories).items()} == ids


def test_the_same_name_twice_in_one_reading_is_one_and_told(connection: Connection) -> None:
    change = shelve(connection, [FEED, replace(FEED, url="https://example.org/again/", title="سطر آخر")], now=NOW)
    assert [one.state for one in change.outcomes] == ["new", "merged"]
    assert change.outcomes[1].reason == f"the same article as «{FEED.title}»"
    assert [one.article.title for one in holdings(connection)] == [FEED.title]


def test_columns_of_every_day_are_not_one(connection: Connection) -> None:
    rates = [
        replace(
            FEED,
            title="أسعار الصرف اليوم",
            url=f"https://example.org/rates-{day}/",
            published=NOW - DAY * day,
            identities=(),
        )
        for day in (1, 2, 3)
    ]
    assert states(connection, *rates) == ["new"] * 3


def test_a_number_that_a_new_installation_gives_again_is_another_article(connection: Connection) -> None:
    states(connection, POST)
    again = replace(
        POST, title="تراجع أسعار الزيت", body=OTHER, url="https://example.org/oil/", published=NOW + DAY * 40
    )
    assert states(connection, again, now=NOW + DAY * 41) == ["new"]
    assert states(connection, POST, again, now=NOW + DAY * 42) == ["known", "known"]


def test_an_address_that_is_used_again_or_leads_elsewhere_is_another_article(connection: Connection) -> None:
    page = replace(POST, reading="page", source="https://example.org/fair/", identities=())
    states(connection, page)
    states(connection, replace(page, url="https://example.org/fair-2026/", identities=(page.url,)))
    oil = replace(page, title="تراجع أسعار الزيت", body=OTHER, published=NOW, url="https://example.org/fair/")
    assert states(connection, oil) == ["new"]
    elsewhere = replace(
        oil, title="نتائج المباراة", url="https://example.org/match/", identities=(page.url,), body=BODY
    )
    assert states(connection, replace(elsewhere, body=OTHER.replace("الزيت", "التمر"), published=NOW - DAY * 3)) == [
        "new"
    ]


def test_the_richer_reading_stays_until_it_is_silent_for_a_week(connection: Connection) -> None:
    states(connection, FEED)
    assert states(connection, replace(POST, title="عنوان الواجهة")) == ["updated"]
    corrected = replace(FEED, title="عنوان مصحح", image="https://example.org/a.jpg", image_alt="وصف")
    assert states(connection, corrected) == ["updated"]  # what the interface did not say is taken
    (one,) = holdings(connection)
    assert (one.article.title, one.article.image, one.article.image_alt) == (
        "عنوان الواجهة",
        "https://example.org/a.jpg",
        "وصف",
    )
    assert states(connection, corrected, now=NOW + 7 * DAY) == ["known"]
    assert states(connection, corrected, now=NOW + 9 * DAY) == ["updated"]
    assert holdings(connection)[0].article.title == "عنوان مصحح"


def test_a_site_at_another_host(connection: Connection) -> None:
    states(connection, POST, FEED)
    assert len(move(connection, "example.org", "example.net")) == 1
    assert move(connection, "example.org", "example.net") == move(connection, "example.org", "example.net")
    there = replace(
        POST,
        url="https://example.net/fair/",
        source="https://example.net/wp-json/",
        identities=("wordpress:example.net#5", "guid:example.net/?p=5"),
    )
    assert states(connection, there) == ["known"]
    assert holdings(connection)[0].article.url == "https://example.net/fair/"
    assert move(connection, "example", "x.example") == []
    other = replace(there, url="https://moved.example.com/fair/", identities=())
    assert [
        one.state for one in shelve(connection, [other], now=NOW, moved={"moved.example.com": "example.net"}).outcomes
    ] != ["new"]


def test_what_was_withdrawn_comes_back_when_it_is_shown(connection: Connection) -> None:
    (number,) = shelve(connection, [POST], now=NOW).added
    assert withdraw(connection, {number: "its address answers 404"}, now=NOW) == [number]
    assert withdraw(connection, {number: "again"}, now=NOW) == []
    assert holdings(connection)[0].withdrawn == "its address answers 404"
    assert shelve(connection, [POST], now=NOW).returned == (number,)
    assert holdings(connection)[0].withdrawn == ""
    assert restore(connection, [number]) == []


@pytest.mark.slow
def test_two_thousand_articles_again_are_asked_for_in_a_few_questions(connection: Connection) -> None:
    from sqlalchemy import event

    many = [
        replace(
            POST, url=f"https://example.org/{n}/", identities=(f"wordpress:example.org#{n}",), published=NOW + DAY * n
        )
        for n in range(2000)
    ]
    assert set(states(connection, *many)) == {"new"}
    asked: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert set(states(connection, *many)) == {"known"}
    assert len(asked) < 30


@pytest.mark.parametrize(
    ("guid", "names"),
    [
        ("https://example.org/?p=5", ("wordpress:example.org#5", "guid:example.org/?p=5")),
        (
            "http://www.example.org/blog/?post_type=x&p=7",
            ("wordpress:example.org/blog#7", "guid:example.org/blog/?post_type=x&p=7"),
        ),
        ("12345", ("guid:feeds.example.net|12345",)),
        ("tag:blogger.com,1999:blog-1.post-2", ("guid:tag:blogger.com,1999:blog-1.post-2",)),
        ("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", ("guid:urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a",)),
        ("https://example.org/a?utm_source=rss", ()),  # says no more than the link
        ("https://example.org/live#b", ("guid:example.org/live#b",)),
        ("https://example.org/", ()),  # every entry of a careless feed has it
        ("http://localhost/?p=1", ()),  # built on somebody's desk, as many other sites were
        ("", ()),
    ],
)
def test_what_a_guid_says(guid: str, names: tuple[str, ...]) -> None:
    assert of_guid(guid, "https://feeds.example.net/rss", "https://example.org/a") == names


@given(st.text(max_size=60), st.sampled_from(["https://example.org/feed/", ""]), st.text(max_size=30))
def test_no_guid_is_too_odd(guid: str, feed: str, link: str) -> None:
    for name in of_guid(guid, feed, link):
        assert name.startswith(("guid:", "wordpress:"))
        assert article_keys(Article("x", identities=(name,)))[0] == f"id:{name}"


@given(st.from_regex(r"(?!www\.)[a-z]{1,8}\.example\.(org|net)", fullmatch=True), st.integers(1, 10**9))
def test_a_key_goes_to_another_host_and_back(host: str, number: int) -> None:
    for key in (f"id:{of_wordpress(f'https://{host}/', number)}", f"url:https://{host}/a", f"id:guid:{host}|{number}"):
        there = with_host(key, host, "new.example.com")
        assert there != key
        assert with_host(there, "new.example.com", host) == key
        assert not contradict([key], [key])


def test_the_library_says_which_posts_of_wordpress_it_has(connection: Connection) -> None:
    (number,) = shelve(connection, [POST], now=NOW).added
    assert library.name_of_wordpress(connection, [number]) == {number: [("example.org", 5)]}
