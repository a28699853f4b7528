"""Knocks of the site: read strictly, let in once, one row for each post, and what is said of it in letters."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import library
from newsletter.models import Article, PostBox
from newsletter.site_hook import knocks, rows
from newsletter.site_hook.hook import knock_hook
from newsletter.site_hook.knocks import Knock, read_body
from newsletter.site_hook.rows import LEASE, PAUSES
from newsletter.site_hook.signing import HEADER, sign_body
from newsletter.storage.database import Database

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
SITE = "https://almawja.example.org/"
KEY, OLD, OTHER = bytes(range(32)), bytes(range(32, 64)), bytes(32)


def post(number: int = 8, state: str = "publish", moment: int = 1, box: PostBox | None = None, **more: Any) -> Knock:
    url = f"{SITE}{number}/"
    return Knock(SITE, number, state, url, "", NOW, moment, box or PostBox(), **more)


def said(number: int = 8, **more: Any) -> dict[str, Any]:
    """A knock as the plugin writes it."""
    return {
        "id": secrets.token_hex(16),
        "site": SITE,
        "post": number,
        "status": "publish",
        "password": False,
        "address": f"{SITE}{number}/",
        "before": "",
        "modified": 1_762_070_400,
        "moment": 1_762_070_400_123,
        "values": {"letter": "", "headline": "", "summary": "", "section": "", "at_once": ""},
        **more,
    }


def note(database: Database, *posts: Knock, now: datetime = NOW) -> None:
    with database.write() as connection:
        rows.note(connection, posts, now=now)


def all_of(database: Database) -> dict[int, rows.ToldPost]:
    with database.read() as connection:
        return {one.number: one for one in rows.posts(connection)}


def claimed(database: Database, now: datetime) -> list[rows.ToldPost]:
    with database.write() as connection:
        return rows.claim(connection, now=now)


# What a body says


def test_a_knock_as_it_is_written() -> None:
    values = {
        "letter": "lead",
        "headline": " عنوان  <b>آخر</b> ",
        "summary": "ملخص",
        "section": "رأي",
        "at_once": "yes",
        "correction": "سطر\nوآخر",
    }
    body = said(values=values, before=f"{SITE}old/")
    number, knock = read_body(json.dumps(body).encode())
    assert number == body["id"]
    assert knock == Knock(
        SITE,
        8,
        "publish",
        f"{SITE}8/",
        f"{SITE}old/",
        datetime.fromtimestamp(1_762_070_400, UTC),
        1_762_070_400_123,
        PostBox("lead", "عنوان <b>آخر</b>", "ملخص", "رأي", at_once=True),
        "سطر وآخر",
    )
    assert knock.name == "id:wordpress:almawja.example.org#8"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"status": "publish", "password": True}, "password"),
        ({"status": "draft", "password": True}, "draft"),
        ({"status": "wartet"}, "draft"),
        ({"status": "trash"}, "trash"),
        ({"status": "deleted"}, "deleted"),
    ],
)
def test_states(more: dict[str, Any], expected: str) -> None:
    assert knocks.read(said(**more)).state == expected


def test_what_is_no_value_is_none() -> None:
    odd = {"letter": "always", "headline": 7, "summary": "\0", "section": ["x"], "at_once": True}
    assert knocks.read(said(values=odd)).box == PostBox()
    # What an Arabic keyboard types by itself, and nobody sees.
    unseen = dict.fromkeys(("headline", "summary", "section", "correction"), " \u200f\u200e\u061c\u064b")
    assert (knocks.read(said(values=unseen)).box, knocks.read(said(values=unseen)).correction) == (PostBox(), "")
    assert knocks.read(said(values={"headline": "\u200f؟"})).box.headline == "\u200f؟"
    assert knocks.read(said(values=[])).box == PostBox()
    assert knocks.read(said(address="javascript:alert(1)")).url == ""
    assert knocks.read(said(values={"headline": "\ud800س"})).box.headline == "?س"
    assert len(knocks.read(said(values={"headline": "س" * 5000})).box.headline) == 500


@pytest.mark.parametrize(
    "more",
    [
        {"id": "x"},
        {"id": 7},
        {"site": ""},
        {"site": "file:///etc"},
        {"post": 0},
        {"post": -1},
        {"post": True},
        {"post": 2**60},
        {"post": "8"},
        {"modified": None},
        {"moment": 1.5},
    ],
)
def test_what_is_no_knock(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no "):
        read_body(json.dumps(said(**more)).encode())


LEAVES = st.none() | st.text(max_size=5) | st.integers()
NAMES = st.sampled_from(["id", "site", "post", "status", "values"])


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)


@given(st.binary(max_size=200) | st.recursive(LEAVES, nested, max_leaves=8).map(lambda one: json.dumps(one).encode()))
def test_no_body_does_harm(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever it is, and nothing else than this
        read_body(body)


# The address


@pytest.fixture
def knock(database: Database) -> Callable[..., int]:
    """The hook by a clock: what it answers to a body that was signed with a key at a moment."""

    def answer(
        body: dict[str, Any] | bytes, *, key: bytes = KEY, at: datetime = NOW, now: datetime = NOW, until: int = 0
    ) -> int:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        keys = {0: (KEY,), 1: (KEY, OLD), -1: ()}[until]
        hook = knock_hook(database, lambda _: keys, now=lambda: now)
        return hook({HEADER: sign_body(key, raw, now=at)}, raw)

    return answer


def test_who_is_let_in(database: Database, knock: Callable[..., int]) -> None:
    late = timedelta(seconds=301)
    body = said()
    assert knock(body, key=OTHER) == 403
    assert knock(body, at=NOW - late) == 403
    assert knock(body, at=NOW + late) == 403
    assert knock(body, key=OLD) == 403
    assert knock(body, until=-1) == 404
    assert knock(b"{}") == 400
    assert all_of(database) == {}
    assert knock(body) == 200
    assert knock(body) == 403  # heard before
    assert knock(body, at=NOW + timedelta(seconds=1)) == 403  # signed anew, with the same words
    assert knock(said(9), key=OLD, until=1) == 200
    assert sorted(all_of(database)) == [8, 9]


def test_a_replay_is_refused_as_long_as_its_signature_counts(database: Database, knock: Callable[..., int]) -> None:
    body = said()
    ahead = NOW + timedelta(seconds=300)  # the clock of the site
    assert knock(body, at=ahead) == 200
    for seconds in (1, 300, 599, 600):
        now = NOW + timedelta(seconds=seconds)
        assert knock(said(7), at=now, now=now) == 200  # what is old is thrown away meanwhile
        assert knock(body, at=ahead, now=now) == 403, seconds
    assert knock(body, at=ahead, now=NOW + timedelta(seconds=601)) == 403


def test_a_later_word_wins_whatever_comes_first(database: Database, knock: Callable[..., int]) -> None:
    assert knock(said(status="trash", moment=20)) == 200
    assert knock(said(status="publish", moment=10)) == 200
    assert all_of(database)[8].state == "trash"
    assert knock(said(status="publish", moment=20)) == 200
    assert all_of(database)[8].state == "publish"


# The rows


def test_one_row_for_each_post_and_each_looked_at_once(database: Database) -> None:
    note(database, post(8), post(9))
    note(database, post(8, "trash", 2))
    assert [(one.number, one.state, one.tries) for one in claimed(database, NOW)] == [
        (8, "trash", 1),
        (9, "publish", 1),
    ]
    assert claimed(database, NOW) == []
    # Who died with them leaves them to the next one.
    later = NOW + LEASE
    again = claimed(database, later)
    assert [(one.number, one.tries) for one in again] == [(8, 2), (9, 2)]
    # Told anew meanwhile: what was done for the word of before settles nothing.
    note(database, post(9, moment=5), now=later)
    with database.write() as connection:
        rows.settle(connection, again)
    assert [one.number for one in claimed(database, later)] == [9]


def test_pauses_grow_and_end(database: Database) -> None:
    note(database, post())
    now, waited = NOW, []
    for pause in (*PAUSES, None):
        (one,) = claimed(database, now)
        with database.write() as connection:
            rows.fail(connection, {one: "503"}, now=now)
        assert claimed(database, now) == []
        if pause is None:
            break
        assert claimed(database, now + timedelta(seconds=pause - 1)) == []
        now += timedelta(seconds=pause)
        waited.append(pause)
    assert waited == sorted(waited)
    assert claimed(database, now + timedelta(days=9)) == []
    with database.read() as connection:
        assert [(one.wrong, one.again) for one in rows.lost(connection, knocks.GONE)] == [("503", None)]
    note(database, post(moment=2))
    with database.read() as connection:
        assert rows.lost(connection, knocks.GONE) == []


def shelved(database: Database, *numbers: int) -> dict[int, int]:
    """Articles of these posts, with their ids."""
    made = [
        Article(
            f"خبر {number}",
            f"{SITE}{number}/",
            f"ملخص {number}.",
            section="أخبار",
            published=NOW,
            identities=(f"wordpress:almawja.example.org#{number}",),
            reading="rest",
            source=SITE,
        )
        for number in numbers
    ]
    with database.write() as connection:
        return dict(zip(numbers, (one.id for one in library.shelve(connection, made, now=NOW).outcomes), strict=True))


def test_the_library_gives_articles_as_their_editors_want_them(database: Database) -> None:
    ids = shelved(database, 8, 9, 10)
    box = PostBox("lead", headline="عنوان آخر", section="رأي", at_once=True)
    note(database, post(8, box=box), post(9, box=PostBox("no")), post(11, box=box))
    with database.read() as connection:
        found = {one.id: one for one in library.holdings(connection)}
    eight = found[ids[8]]
    assert eight.box == box
    assert (eight.article.title, eight.article.summary, eight.article.section) == ("عنوان آخر", "ملخص 8.", "رأي")
    assert (found[ids[9]].box.letter, found[ids[9]].article.title) == ("no", "خبر 9")
    assert found[ids[10]].box == PostBox()
    # What the box says no more holds no more, and what the site corrects is its own.
    note(database, post(8, moment=2))
    shelved(database, 8)
    with database.read() as connection:
        assert library.holdings(connection, ids=[ids[8]])[0] == replace(
            eight, box=PostBox(), article=replace(eight.article, title="خبر 8", section="أخبار")
        )


def test_a_post_knows_its_article(database: Database) -> None:
    ids = shelved(database, 8)
    note(database, post(8), post(9))
    assert {number: one.article for number, one in all_of(database).items()} == {8: ids[8], 9: None}


def test_another_correction_is_another_note(database: Database) -> None:
    note(database, post(correction="صوابه كذا"))
    with database.write() as connection:
        rows.mark_noted(connection, [all_of(database)[8]], list_id=1, issue="3")
        rows.mark_noted(connection, [all_of(database)[8]], list_id=12, issue="4")
    note(database, post(moment=2, correction="صوابه كذا"))
    assert all_of(database)[8].noted == " 1:3 12:4"
    assert {number: all_of(database)[8].noted_in(number) for number in (1, 2, 12)} == {1: {"3"}, 2: set(), 12: {"4"}}
    with database.write() as connection:  # said once more, it is noted once
        rows.mark_noted(connection, [all_of(database)[8]], list_id=1, issue="3")
    assert all_of(database)[8].noted == " 1:3 12:4"
    note(database, post(moment=3, correction="صوابه غير ذلك"))
    assert all_of(database)[8].noted == ""
