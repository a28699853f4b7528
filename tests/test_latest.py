"""Instant, daily and weekly readers get each article once, by their rhythm, whatever they change and the clock does."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import weekly_kills
from command import complains, here
from hypothesis import given
from hypothesis import strategies as st
from newsroom import SECTIONS, SITE, START, Clock, Received, make, open_newsroom, read_letter, received, subscribe
from newsroom import given as given_to

from newsletter import ledger, library
from newsletter.delivery import AudienceChangedError, PeriodTakenError
from newsletter.issues.compose import ComposeRules
from newsletter.models import Article, Holding
from newsletter.report import read
from newsletter.rhythms import streams
from newsletter.rhythms.streams import FIRST, MOST, Stream
from newsletter.web.archive import PAGE
from newsletter.wiring import Workspace
from newsletter.workflows import draft, latest, weekly
from subscribers import actions, store
from subscribers.models import Rhythm

RULES = ComposeRules(days=14)


def holding(number: int, published: datetime, *, collected: datetime | None = None) -> Holding:
    return Holding(number, Article(f"خبر {number}", f"{SITE}/{number}/", published=published), collected or published)


def shelve(workspace: Workspace, *numbers: int, section: str = SECTIONS[0], **more: str) -> None:
    now = workspace.now()
    made = [
        Article(f"خبر {number}", f"{SITE}/{number}/", f"ملخص {number}.", section=section, published=now, **more)  # type: ignore[arg-type]
        for number in numbers
    ]
    with workspace.database.write() as connection:
        library.shelve(connection, made, now=now)


def prefer(workspace: Workspace, who: int, rhythm: Rhythm, **more: object) -> None:
    with workspace.database.write() as connection:
        actions.prefer(connection, who, 1, now=workspace.now(), rhythm=rhythm, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made") / "w", readers=0)


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "w"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(root: Path, clock: Clock) -> Iterator[Workspace]:
    with open_newsroom(root, clock) as workspace:
        yield workspace


def join(workspace: Workspace, name: str, rhythm: Rhythm) -> int:
    with workspace.database.write() as connection:
        return subscribe(connection, workspace, f"{name}@example.net", workspace.now(), rhythm)


def mine(root: Path, name: str) -> list[tuple[int, ...]]:
    return sorted(letter.numbers for letter in received(root) if letter.to == f"{name}@example.net")


# The rule, pure


def test_the_first_letter_of_a_stream_does_not_bring_the_archive() -> None:
    now = START
    news = [holding(number, now - timedelta(hours=number * 5)) for number in range(1, 20)]
    for rhythm in ("instant", "daily"):
        flows = streams.stream(news, rhythm, carried=(), floor=None, now=now)
        assert [one.id for one in flows.flowing] == [
            one.id
            for one in news
            if (now - one.article.published) <= FIRST[rhythm]  # type: ignore[operator]
        ]
    # What was there before the first letter never flows.
    assert streams.stream(news, "daily", carried=(), floor=19, now=now) == Stream()


def test_what_is_too_much_comes_with_the_next_letter() -> None:
    news = [holding(number, START - timedelta(minutes=number)) for number in range(1, 50)]
    flows = streams.stream(news, "daily", carried={2}, floor=0, now=START)
    assert [one.id for one in flows.flowing] == [1, *range(3, MOST + 2)]
    assert [one.id for one in flows.later] == list(range(MOST + 2, 50))
    # Who begins late is not given now what comes to everybody tomorrow.
    assert set(streams.due(flows, news, 0, ())) == {2, *(one.id for one in flows.flowing)}


def test_where_somebody_begins() -> None:
    news = [holding(number, START + timedelta(hours=number)) for number in range(10, 0, -1)]
    at = START + timedelta(hours=5, minutes=30)
    assert streams.start((4, at), None, news) == 4
    assert streams.start((4, at), at - timedelta(days=9), news) == 4  # joined long before their last letter
    assert streams.start((2, START), at, news) == 5  # came back, or their pause ended, after it
    assert streams.start(None, at, news) == 5
    assert streams.start(None, None, news) == 10
    # A stream's first letter brings the archive to nobody, but to a reader of another rhythm what they would miss.
    assert streams.start(None, at, news, first=True) == 10
    assert streams.start((4, at), None, news, first=True) == 4


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)), st.integers(0, 30), st.sets(st.integers(1, 30)))
def test_nobody_gets_what_they_have_and_everybody_what_flows(
    there: set[int], carried: set[int], begins: int, got: set[int]
) -> None:
    news = [holding(number, START) for number in sorted(there, reverse=True)]
    flows = streams.stream(news, "daily", carried=carried, floor=0, now=START)
    due = set(streams.due(flows, news, begins, got))
    assert not due & got
    assert due | got >= {one.id for one in flows.flowing}
    assert due | got >= {number for number in there if number > begins}
    assert due <= there


# Who changes


@pytest.mark.slow
def test_from_weekly_to_daily_nothing_is_missed(workspace: Workspace, root: Path, clock: Clock) -> None:
    join(workspace, "daily", "daily")
    reader = join(workspace, "reader", "weekly")
    shelve(workspace, 1)
    latest.run(workspace, "daily")
    clock.forward(days=1)
    shelve(workspace, 2, 3)
    weekly.run(workspace)  # issue 1 carries 1, 2 and 3
    latest.run(workspace, "daily")
    clock.forward(days=1)
    shelve(workspace, 4)
    latest.run(workspace, "daily")
    clock.forward(hours=3)
    prefer(workspace, reader, "daily")
    clock.forward(hours=21)
    shelve(workspace, 5)
    outcome = latest.run(workspace, "daily")
    assert outcome.latest.by_variant == {"": 1, "late-1": 1}
    assert mine(root, "daily") == [(1,), (2, 3), (4,), (5,)]
    assert mine(root, "reader") == [(1, 2, 3), (4, 5)]
    clock.forward(days=1)
    shelve(workspace, 6)
    assert latest.run(workspace, "daily").latest.by_variant == {"": 2}
    assert mine(root, "reader") == [(1, 2, 3), (4, 5), (6,)]


@pytest.mark.slow
def test_from_instant_to_daily_and_back_nothing_comes_twice(workspace: Workspace, root: Path, clock: Clock) -> None:
    join(workspace, "daily", "daily")
    join(workspace, "instant", "instant")
    reader = join(workspace, "reader", "instant")
    for number in (1, 2, 3):
        shelve(workspace, number)
        latest.run(workspace, "instant")
        clock.forward(hours=1)
    prefer(workspace, reader, "daily")
    shelve(workspace, 4)
    latest.run(workspace, "instant")
    latest.run(workspace, "daily")
    assert mine(root, "reader") == [(1,), (2,), (3,), (4,)]
    assert mine(root, "daily") == [(1, 2, 3, 4)]
    clock.forward(hours=1)
    shelve(workspace, 5)
    latest.run(workspace, "instant")
    prefer(workspace, reader, "instant")
    clock.forward(hours=1)
    shelve(workspace, 6)
    latest.run(workspace, "instant")
    # 5 went to instant readers while this one waited for the daily letter.
    assert mine(root, "reader") == [(1,), (2,), (3,), (4,), (5, 6)]
    clock.forward(hours=20)
    latest.run(workspace, "daily")
    assert mine(root, "daily") == [(1, 2, 3, 4), (5, 6)]
    assert mine(root, "instant") == [(number,) for number in range(1, 7)]


def test_who_has_had_it_all_gets_no_letter(workspace: Workspace, root: Path, clock: Clock) -> None:
    join(workspace, "daily", "daily")
    reader = join(workspace, "reader", "instant")
    shelve(workspace, 1)
    latest.run(workspace, "instant")
    prefer(workspace, reader, "daily")
    outcome = latest.run(workspace, "daily")
    assert (outcome.latest.audience, outcome.latest.skipped) == (1, 1)
    assert mine(root, "reader") == [(1,)]
    with workspace.database.read() as connection:
        (part, nobody) = read.of_issue(connection, outcome.latest.key).parts
    assert (part.counts.submitted, nobody.counts.reasons) == (1, {latest.NOTHING_NEW: 1})


@pytest.mark.slow
def test_from_daily_to_weekly_what_the_last_issue_had_comes_with_the_next(
    workspace: Workspace, root: Path, clock: Clock
) -> None:
    join(workspace, "weekly", "weekly")
    reader = join(workspace, "reader", "daily")
    shelve(workspace, 1)
    latest.run(workspace, "daily")
    clock.forward(hours=16)
    shelve(workspace, 2, 3)
    weekly.run(workspace)
    clock.forward(hours=2)
    # The daily letter with 2 and 3 would have come this evening.
    prefer(workspace, reader, "weekly")
    clock.forward(days=7)
    shelve(workspace, 4)
    outcome = weekly.run(workspace)
    assert outcome.week.plan is not None
    assert {one.name: one.audience for one in outcome.week.plan.variants} == {"late-1": 1, "": 1}
    assert mine(root, "weekly") == [(1, 2, 3), (4,)]
    assert mine(root, "reader") == [(1,), (2, 3, 4)]
    clock.forward(days=7)
    shelve(workspace, 5)
    weekly.run(workspace)
    assert mine(root, "reader") == [(1,), (2, 3, 4), (5,)]


@pytest.mark.slow
def test_a_stream_that_begins_brings_the_archive_to_nobody(workspace: Workspace, root: Path, clock: Clock) -> None:
    join(workspace, "daily", "daily")
    reader = join(workspace, "reader", "weekly")
    shelve(workspace, 1)
    weekly.run(workspace)
    for number in (2, 3, 4):
        clock.forward(days=1)
        shelve(workspace, number)
    clock.forward(hours=1)
    prefer(workspace, reader, "daily")
    latest.run(workspace, "daily")
    assert mine(root, "daily") == [(4,)]
    assert mine(root, "reader") == [(1,), (2, 3, 4)]


@pytest.mark.slow
def test_who_joins_or_comes_back_gets_what_flows_from_then_on(workspace: Workspace, root: Path, clock: Clock) -> None:
    join(workspace, "daily", "daily")
    leaver = join(workspace, "leaver", "daily")
    pauser = join(workspace, "pauser", "daily")
    shelve(workspace, 1)
    latest.run(workspace, "daily")
    with workspace.database.write() as connection:
        actions.leave(connection, leaver, 1, now=clock.now, how="page")
    prefer(workspace, pauser, "daily", paused_until=clock.now + timedelta(days=3, hours=1))
    for number in (2, 3, 4):
        clock.forward(days=1)
        shelve(workspace, number)
        latest.run(workspace, "daily")
    clock.forward(hours=5)
    join(workspace, "new", "daily")
    with workspace.database.write() as connection:
        actions.add_subscriber(
            connection, "leaver@example.net", "readers", now=clock.now, keys=workspace.keys.suppression, restore=True
        )
    clock.forward(hours=19)
    shelve(workspace, 5)
    outcome = latest.run(workspace, "daily")
    assert outcome.latest.by_variant == {"": 4}
    assert mine(root, "daily") == [(1,), (2,), (3,), (4,), (5,)]
    assert mine(root, "leaver") == mine(root, "pauser") == [(1,), (5,)]
    assert mine(root, "new") == [(5,)]


# Periods


def test_a_day_has_one_letter(workspace: Workspace, root: Path, clock: Clock) -> None:
    join(workspace, "daily", "daily")
    shelve(workspace, 1)
    assert latest.run(workspace, "daily").sent_now == 1
    shelve(workspace, 2)
    again = latest.run(workspace, "daily")
    assert (again.latest.went, again.sent_now) == ("readers/daily/2026-11-02", 0)
    clock.forward(days=-1)  # a day that had no letter: what is new comes once
    assert latest.run(workspace, "daily").sent_now == 1
    clock.forward(days=2)
    shelve(workspace, 3)
    assert latest.run(workspace, "daily").latest.key == "readers/daily/2026-11-03"
    assert mine(root, "daily") == [(1,), (2,), (3,)]


def test_the_next_run_goes_on_with_what_a_warm_up_left(root: Path, clock: Clock) -> None:
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("[sender]\n", "[sender]\nwarm_up = 2\n", 1), "utf-8")
    with open_newsroom(root, clock) as workspace:
        for number in range(5):
            join(workspace, f"reader{number}", "daily")
        shelve(workspace, 1)
        latest.run(workspace, "daily")
        assert len(received(root)) == 2
        for letters in (5, 5):
            clock.forward(days=1)
            latest.run(workspace, "daily")
            assert len(received(root)) == letters


def test_two_runs_at_once_send_one_letter(root: Path, clock: Clock) -> None:
    with open_newsroom(root, clock) as first, open_newsroom(root, clock) as second:
        join(first, "instant", "instant")
        shelve(first, 1)
        theirs = latest.prepare(first, "instant")
        shelve(second, 2)
        ours = latest.prepare(second, "instant")
        assert (theirs.key, ours.key) == ("readers/instant/1", "readers/instant/1+2")
        assert latest.freeze_latest(first, theirs) is not None
        # The other has article 1 too: it must make its letter once more, without it.
        with pytest.raises((PeriodTakenError, AudienceChangedError)):
            latest.freeze_latest(second, ours)
        assert latest.run(second, "instant").latest.key == "readers/instant/2"
        assert mine(root, "instant") == [(1,), (2,)]


def test_days_without_readers_pass(workspace: Workspace, root: Path, clock: Clock) -> None:
    for number in (1, 2, 3):
        shelve(workspace, number)
        outcome = latest.run(workspace, "daily")
        assert (outcome.send, outcome.latest.audience) == (None, 0)
        clock.forward(days=1)
    join(workspace, "daily", "daily")
    shelve(workspace, 4)
    assert latest.run(workspace, "daily").sent_now == 1
    assert mine(root, "daily") == [(4,)]


@pytest.mark.slow
@pytest.mark.parametrize("kill_at", [1, 2, 5, 8])
def test_wherever_it_dies_the_next_run_completes_it(root: Path, clock: Clock, kill_at: int) -> None:
    with open_newsroom(root, clock) as workspace:
        for number in range(3):
            join(workspace, f"reader{number}", "daily")
    code, steps = weekly_kills.steps(root, START + timedelta(hours=1), kill_at=kill_at, what="daily")
    assert (code, len(steps)) == (-9, kill_at)
    assert weekly_kills.steps(root, START + timedelta(hours=2), what="daily")[0] == 0
    assert given_to(root) == {f"reader{number}@example.net": Counter([1]) for number in range(3)}


@pytest.mark.postgresql
def test_the_same_on_postgresql(tmp_path: Path, ready_urls: Callable[[str], str], clock: Clock) -> None:
    from newsletter.storage.database import upgrade

    settings = f'[topics.readers]\n1 = "{SECTIONS[0]}"\n2 = "{SECTIONS[1]}"\n'
    root = make(tmp_path / "w", readers=0, settings=settings)
    with open_newsroom(root, clock, NASHRA_DATABASE__URL=ready_urls("postgresql")) as workspace:
        upgrade(workspace.any_database)
        with workspace.database.write() as connection:
            store.add_list(connection, "readers", "الموجة", now=START)
        daily, reader = join(workspace, "daily", "daily"), join(workspace, "reader", "weekly")
        join(workspace, "weekly", "weekly")
        prefer(workspace, daily, "daily", declined_topics=0b10)
        for number, section in ((1, SECTIONS[0]), (2, SECTIONS[1])):
            shelve(workspace, number, section=section)
            assert latest.run(workspace, "daily").latest.issue is not None
            clock.forward(days=1)
        assert weekly.run(workspace).sent_now == 2
        shelve(workspace, 3, 4)
        latest.run(workspace, "daily")
        clock.forward(days=1)
        prefer(workspace, reader, "daily")
        shelve(workspace, 5)
        assert latest.run(workspace, "daily").latest.by_variant == {"late-1": 1, "": 1}
        prefer(workspace, reader, "weekly")
        clock.forward(days=7)
        assert weekly.run(workspace).sent_now == 2
        with workspace.database.write() as connection:
            actions.leave(connection, reader, 1, now=clock.now, how="page")
        with workspace.database.read() as connection:
            assert read.of_issue(connection, "2").total.left == 1
            skipped = read.of_issue(connection, "readers/daily/2026-11-03").total
    assert (skipped.skipped, skipped.reasons) == (1, {"none of their topics is in this issue": 1})
    assert mine(root, "daily") == [(1,), (3, 4), (5,)]
    assert mine(root, "reader") == [(1, 2), (3, 4, 5), (3, 4, 5)]


# Letters


def test_instant_letters_are_called_as_their_article(workspace: Workspace, root: Path) -> None:
    join(workspace, "instant", "instant")
    shelve(workspace, 1)
    latest.run(workspace, "instant")
    shelve(workspace, 2, 3)
    outcome = latest.run(workspace, "instant")
    assert outcome.latest.key == "readers/instant/2+3"
    assert sorted(letter.subject for letter in received(root)) == ["الموجة: خبر 2", "خبر 1"]


def test_topics_of_the_latest(tmp_path: Path, clock: Clock) -> None:
    root = make(tmp_path / "w", readers=0, settings=f'[topics.readers]\n1 = "{SECTIONS[0]}"\n2 = "{SECTIONS[1]}"\n')
    with open_newsroom(root, clock) as workspace:
        readers = [join(workspace, f"reader{number}", "daily") for number in range(3)]
        for who, mask in zip(readers, (0, 1, 3), strict=True):
            prefer(workspace, who, "daily", declined_topics=mask)
        shelve(workspace, 1, 2)
        shelve(workspace, 3, section=SECTIONS[1])
        outcome = latest.run(workspace, "daily")
        assert outcome.latest.by_variant == {"": 1, "-1": 1, "none of their topics is in this issue": 1}
    assert mine(root, "reader0") == [(1, 2, 3)]
    assert mine(root, "reader1") == [(3,)]  # no lead from a section they do not want
    assert mine(root, "reader2") == []
    assert {letter.subject for letter in received(root)} == {"الموجة: خبر 3", "الموجة: خبر 1"}


@pytest.mark.slow
def test_many_articles_are_told_shortly_and_the_rest_tomorrow(workspace: Workspace, root: Path, clock: Clock) -> None:
    join(workspace, "daily", "daily")
    shelve(workspace, 1)
    latest.run(workspace, "daily")
    clock.forward(days=1)
    shelve(workspace, *range(2, 82))
    first = latest.run(workspace, "daily").latest
    assert len(first.articles) == MOST
    clock.forward(days=1)
    shelve(workspace, 100)
    assert len(latest.run(workspace, "daily").latest.articles) == MOST
    clock.forward(days=1)
    latest.run(workspace, "daily")
    counts = given_to(root)["daily@example.net"]
    assert counts == Counter([1, *range(2, 82), 100])
    letters = [letter for letter in received(root) if len(letter.numbers) == MOST]
    assert len(letters) == 2
    assert all(letter.html.count("ملخص") == 15 for letter in letters)


def test_an_article_that_gives_no_letter_is_named_and_left_out(workspace: Workspace, root: Path, clock: Clock) -> None:
    join(workspace, "daily", "daily")
    shelve(workspace, 1)
    with workspace.database.write() as connection:
        library.shelve(
            connection, [Article("اكتب العنوان هنا", f"{SITE}/2/", "ملخص.", published=clock.now)], now=clock.now
        )
    shelve(workspace, 3, image="http://images.example.org/3.jpg", image_alt="صورة")
    outcome = latest.run(workspace, "daily")
    told = {(problem.code, problem.place) for problem in outcome.latest.problems}
    assert told == {("placeholder-text", "article 2 «اكتب العنوان هنا»")}
    assert mine(root, "daily") == [(1, 3)]
    assert "images.example.org" not in received(root)[0].html  # no mail program loads a picture over http


def test_what_the_settings_keep_out_does_not_flow(tmp_path: Path, clock: Clock) -> None:
    root = make(tmp_path / "w", readers=0, settings='[compose]\nexclude = ["إعلان"]\ndays = 3\n')
    with open_newsroom(root, clock) as workspace:
        join(workspace, "daily", "daily")
        shelve(workspace, 1)
        shelve(workspace, 2, section="إعلان")
        latest.run(workspace, "daily")
        clock.forward(days=1)
        old = Article("قديم", f"{SITE}/3/", published=clock.now - timedelta(days=4))
        with workspace.database.write() as connection:
            library.shelve(connection, [old], now=clock.now)
        assert latest.run(workspace, "daily").latest.issue is None
    assert mine(root, "daily") == [(1,)]


def test_the_latest_letters_stand_in_the_ledger_and_not_among_unused_issues(workspace: Workspace, clock: Clock) -> None:
    join(workspace, "daily", "daily")
    join(workspace, "weekly", "weekly")
    shelve(workspace, 1, 2)
    latest.run(workspace, "daily")
    with workspace.database.read() as connection:
        (send,) = ledger.sends(connection)
        assert (send.issue, send.rhythm, send.state) == ("readers/daily/2026-11-02", "daily", "finished")
        assert [one.carried_in for one in library.holdings(connection)] == [(send.issue,), (send.issue,)]
    # A daily letter is no issue: the week still has both.
    assert len(draft.choosable(workspace, "readers", RULES)) == 2
    assert weekly.run(workspace).sent_now == 1


@pytest.mark.slow
def test_every_letter_has_a_page_in_the_archive(workspace: Workspace, clock: Clock) -> None:
    from starlette.testclient import TestClient

    from newsletter.workflows.serve import app_of

    for name in ("daily", "instant"):
        join(workspace, name, name)  # type: ignore[arg-type]
    shelve(workspace, 1)
    latest.run(workspace, "instant")
    latest.run(workspace, "daily")
    for _ in range(PAGE):
        clock.forward(days=1)
        shelve(workspace, int(clock.now.timestamp()))
        latest.run(workspace, "daily")
    pages = TestClient(app_of(workspace, hooks={}, postman=False), base_url="https://news.almawja.example.org")
    listed = pages.get("/archive").text
    assert 'href="/letters/readers/daily/2026-11-22"' in listed
    assert "العدد" not in listed.partition("<ol")[2]  # a daily letter has no number
    older = re.search(r'href="(/archive/\d+)"', listed)
    assert older is not None
    assert 'href="/letters/readers/daily/2026-11-02"' in pages.get(older[1]).text
    for key in ("readers/daily/2026-11-02", "readers/instant/1"):
        letter = pages.get(f"/letters/{key}")
        assert (letter.status_code, f"{SITE}/1/" in letter.text) == (200, True), key
        assert pages.get(f"/letters/{key}/letter.css").headers["content-type"].startswith("text/css")
    assert "readers/instant" not in listed
    assert pages.get("/letters/readers/daily/2026-01-01").status_code == 404


@pytest.mark.slow
def test_the_command(root: Path) -> None:
    done = here("-C", root, "latest", "--rhythm", "daily", "--json")
    assert (done.code, '"state": "nothing"' in done.out) == (0, True), done
    here("-C", root, "subscribers", "add", "a@example.net")
    with open_newsroom(root, lambda: datetime.now(UTC)) as workspace:
        prefer(workspace, 1, "daily")
        shelve(workspace, 1)
    would = here("-C", root, "latest", "--rhythm", "daily", "--dry-run", "--json")
    assert '"state": "would"' in would.out, would
    assert not (root / "outbox").exists()
    done = here("-C", root, "latest", "--rhythm", "daily", "--json")
    assert ('"state": "sent"' in done.out, '"sent_now": 1' in done.out) == (True, True), done
    assert "went out already" in here("-C", root, "latest", "--rhythm", "daily").err
    told, again = json.loads(done.out), json.loads(here("-C", root, "latest", "--rhythm", "daily", "--json").out)
    assert (again["state"], again["sent_now"]) == ("already", 0)
    for key in ("key", "send", "subject", "audience"):
        assert again[key] == told[key], key
    complains(here("-C", root, "latest", "--rhythm", "daily", "--day", "soon"), "a day such as", code=2, lines=4)
    complains(here("-C", root, "latest", "--rhythm", "weekly"), "'weekly' is not one of", code=2, lines=4)


# 21 days in five zones


ZONES = {
    "Africa/Cairo": (date(2025, 4, 14), 21),
    "Asia/Beirut": (date(2025, 10, 20), 12),
    "Asia/Gaza": (date(2025, 4, 6), 12),
    "Africa/Casablanca": (date(2025, 2, 17), 12),
    "Africa/Algiers": (date(2025, 3, 20), 12),
}
"""The first of so many days around a change of the clock (Algiers has none)."""


@dataclass
class Life:
    """One simulated reader."""

    id: int
    rhythm: Rhythm
    changes: dict[int, Rhythm] = field(default_factory=dict)
    """Day to the rhythm they choose on it."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ZONES)
def test_weeks_in_the_zones_of_five_newsrooms(tmp_path: Path, name: str) -> None:
    zone, chance = ZoneInfo(name), random.Random(name)
    root = make(tmp_path / "w", readers=0, timezone=name, settings="[compose]\nmost = 100\ndays = 30\n")
    first, days = ZONES[name]
    start = datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)
    clock = Clock(start)
    by_rhythm: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    with open_newsroom(root, clock) as workspace:
        people: dict[str, Life] = {}
        for keeper in ("instant", "daily", "weekly"):
            people[keeper] = Life(join(workspace, keeper, keeper), keeper)  # type: ignore[arg-type]
        for number in range(5):
            rhythm: Rhythm = chance.choice(("instant", "daily", "weekly"))
            life = Life(join(workspace, f"changer{number}", rhythm), rhythm)
            for day in sorted(chance.sample(range(2, days - 4), 2)):
                life.changes[day] = chance.choice(("instant", "daily", "weekly"))
            people[f"changer{number}"] = life
        # A weekly issue and a daily letter before it all begins: the streams are there.
        article = 0
        seen: set[Path] = set()

        def note(rhythm: str) -> None:
            for letter, path in new_letters(root, seen):
                by_rhythm[letter.to.partition("@")[0], rhythm].update(letter.numbers)
                seen.add(path)

        for day in range(days):
            moments = sorted(chance.uniform(0.2, 23.8) for _ in range(2))
            local = first + timedelta(days=day)
            midnight = datetime(local.year, local.month, local.day, tzinfo=zone).astimezone(UTC)
            evening = datetime(local.year, local.month, local.day, 18, tzinfo=zone).astimezone(UTC)
            events = [(midnight + timedelta(hours=hour), "article") for hour in moments]
            events += [(evening, "daily"), (evening + timedelta(minutes=7), "daily")]
            events += [(midnight + timedelta(hours=chance.uniform(1, 22)), "change")]
            if local.weekday() == 3:
                events.append((midnight + timedelta(hours=10), "weekly"))
            if chance.random() < 0.5:
                events.append((midnight + timedelta(hours=chance.uniform(1, 22)), "back"))
            for moment, what in sorted(events):
                clock.now = moment
                if what == "article":
                    article += 1
                    shelve(workspace, article)
                    latest.run(workspace, "instant")
                    note("instant")
                elif what == "daily":
                    latest.run(workspace, "daily")
                    note("daily")
                elif what == "weekly":
                    weekly.run(workspace)
                    note("weekly")
                elif what == "change":
                    for life in people.values():
                        if day in life.changes:
                            prefer(workspace, life.id, life.changes[day])
                else:
                    # The clock is set back for a while, and everything is asked again.
                    clock.now -= timedelta(hours=chance.choice((1, 3, 26, 50)))
                    for rhythm in ("instant", "daily"):
                        latest.run(workspace, rhythm)  # type: ignore[arg-type]
                        note(rhythm)
        # One more of each, so that whatever is waiting comes.
        clock.now = start + timedelta(days=days + 1, hours=19)
        article += 1
        shelve(workspace, article)
        for rhythm in ("instant", "daily"):
            latest.run(workspace, rhythm)  # type: ignore[arg-type]
            note(rhythm)
        clock.forward(days=7)
        weekly.run(workspace)
        note("weekly")
    every = Counter(range(1, article + 1))
    for keeper in ("instant", "daily", "weekly"):
        assert by_rhythm[keeper, keeper] == every, keeper
        assert sum((by_rhythm[keeper, other] for other in ("instant", "daily", "weekly")), Counter()) == every
    for who, life in people.items():
        got: Counter[int] = Counter()
        for rhythm in ("instant", "daily", "weekly"):
            assert max(by_rhythm[who, rhythm].values(), default=0) <= 1, (who, rhythm)
            got.update(by_rhythm[who, rhythm].keys())
        assert set(got) == set(every), (who, life, sorted(set(every) - set(got)))
        # An issue is made for all its readers and may repeat what a daily letter had; nothing else comes twice.
        automatic = by_rhythm[who, "instant"] + by_rhythm[who, "daily"]
        assert max(automatic.values(), default=0) <= 1, (who, life)


def new_letters(root: Path, seen: set[Path]) -> list[tuple[Received, Path]]:
    """Letters that came since, with their files."""
    folder = root / "outbox" / "new"
    fresh = sorted(path for path in folder.glob("*.eml") if path not in seen) if folder.is_dir() else []
    return [(read_letter(path), path) for path in fresh]
