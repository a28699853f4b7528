"""How lists grew, what an issue compares with, and clicks: numbers of the record, counted anew in plain Python."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from newsletter import clicks, ledger
from newsletter.ledger import Mailing, counts
from newsletter.models import CountedLink
from newsletter.report import history, read
from newsletter.report.figures import comparison, hours_of
from newsletter.report.growth import growth, week_days
from newsletter.report.models import OTHERS, NewsroomReport, PastIssue, Report
from newsletter.report.page.lists import readers
from newsletter.report.sections import sections
from newsletter.storage.tables import delivery
from subscribers import actions, consent, store
from subscribers.addresses import normalise
from subscribers.models import Event, Status
from subscribers.store.tables import consent as lines
from subscribers.store.tables import subscriber, subscription

NOW = datetime(2026, 11, 4, 22, 30, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Beirut")  # two hours from UTC then, three in summer: the clocks went back on 25 October
KEYS = {1: b"k" * 32}


def a_list(connection: Connection, name: str = "readers") -> int:
    return store.add_list(connection, name, f"نشرة {name}", now=NOW - timedelta(days=900)).id


def people(connection: Connection, number: int) -> None:
    rows = [
        {
            "address": f"r{one}@example.net",
            "address_key": f"r{one}@example.net",
            "public_id": one.to_bytes(16, "big"),
            "needs_smtputf8": False,
            "created": 1,
        }
        for one in range(1, number + 1)
    ]
    connection.execute(insert(subscriber), rows)


def test_every_week_equals_a_count_of_the_record(connection: Connection) -> None:
    chance, first, second = random.Random(7), a_list(connection), a_list(connection, "sport")
    people(connection, 400)
    rows: list[dict[str, Any]] = []
    standing: list[dict[str, Any]] = []
    story: list[tuple[int, str, Status | None, datetime]] = []
    for who in range(1, 401):
        for list_id in (first, second):
            status: Status | None = None
            at = NOW - timedelta(days=chance.randrange(1, 130), minutes=chance.randrange(1440))
            for _ in range(chance.randrange(6)):
                act = chance.choice(consent.ACTS)
                decision = consent.decide(status, act)
                if decision.refusal or not decision.changes:
                    continue
                story.append((list_id, act, status, at))
                status, at = decision.status, at + timedelta(minutes=chance.randrange(20_000))
                how = chance.choice(("page; 203.0.113.0/24 Browser 9", "editor", "file a.csv", "form", consent.LET_GO))
                line = {"subscriber_id": who, "list_id": list_id, "act": act, "at": int(story[-1][3].timestamp())}
                rows.append({**line, "how": how, "words": "", "page": chance.choice(("", "https://x.example/embed"))})
            if status is not None:
                standing.append({"list_id": list_id, "subscriber_id": who, "status": status})
    connection.execute(insert(lines), rows)
    rest = {"rhythm": "weekly", "created": 1, "changed": 1}
    connection.execute(insert(subscription), [{**one, **rest} for one in standing])
    for who in range(1, 60):
        reason = chance.choice(("hard", "soft", "complained", "editor"))
        key = normalise(f"r{who}@example.net").key
        store.suppress(connection, key, KEYS, reason=reason, now=NOW - timedelta(days=who))  # type: ignore[arg-type]
    erased = [actions.erase(connection, "r400@example.net", now=NOW - timedelta(days=9), keys=KEYS)]
    assert erased == [400]
    mine = [row for row in rows if row["subscriber_id"] != 400]
    told = [(*one, row["how"]) for row, one in zip(rows, story, strict=True) if row["subscriber_id"] != 400]

    found = growth(connection, now=NOW, zone=ZONE, week_starts=5)
    days = week_days(NOW, ZONE, 5, 12)
    assert [day.weekday() for day in days] == [5] * 12
    assert (days[-1], days[-1] + timedelta(days=7) > NOW.astimezone(ZONE).date()) == (date(2026, 10, 31), True)

    def week(at: datetime) -> date | None:
        return next((day for day in reversed(days) if at.astimezone(ZONE).date() >= day), None)

    for grown, list_id in zip(found.lists, (first, second), strict=True):
        wanted: Counter[tuple[str, date]] = Counter()
        for of, acted, before, at, how in told:
            ended = "let_go" if how == consent.LET_GO else "left"
            kind = "asked" if acted in consent.ASKING else "confirmed" if acted in consent.GIVING else ended
            # Who was never subscribed has not left.
            if of == list_id and (day := week(at)) and (kind != ended or before == "confirmed"):
                wanted[kind, day] += 1
        own = [one for one in standing if one["list_id"] == list_id]
        confirmed = {one["subscriber_id"] for one in own if one["status"] == "confirmed"}
        for who in sorted(confirmed & set(range(1, 60))):
            stopped = store.suppression_of(connection, normalise(f"r{who}@example.net").key, KEYS)
            assert stopped is not None
            if stopped.reason != "editor" and (day := week(stopped.at)):
                wanted["complained" if stopped.reason == "complained" else "bounced", day] += 1
        kinds = ("asked", "confirmed", "left", "let_go", "bounced", "complained")
        assert Counter({(kind, one.start): getattr(one, kind) for one in grown.weeks for kind in kinds}) == wanted
        assert [one.start for one in grown.weeks] == days
        assert grown.readers == len(confirmed - {400})
        assert grown.reached == len(confirmed - {400} - set(range(1, 60)))
        assert sum(road.confirmed for road in grown.roads) == sum(one.confirmed for one in grown.weeks)
        assert {road.how for road in grown.roads} <= {"page", "editor", "file a.csv", "form", consent.LET_GO, OTHERS}
    assert found.erased == {date(2026, 10, 24): 1}
    assert mine


def test_a_road_is_the_one_on_which_a_reader_asked(connection: Connection) -> None:
    here = a_list(connection)
    people(connection, 3)
    line = {"list_id": here, "words": "", "at": int(NOW.timestamp()) - 60}
    form = {**line, "act": "subscribe", "how": "embedded form; 203.0.113.0/24 B", "page": "https://x.example/embed"}
    confirm = {**line, "act": "confirm", "how": "confirmation page; 203.0.113.0/24 B", "page": ""}
    both = [{**one, "subscriber_id": who} for who in (1, 2) for one in (form, confirm)]
    connection.execute(insert(lines), [*both, {**form, "subscriber_id": 3}])
    (grown,) = growth(connection, now=NOW, zone=ZONE).lists
    assert [tuple(getattr(road, name) for name in ("how", "page", "asked", "confirmed")) for road in grown.roads] == [
        ("embedded form", "https://x.example/embed", 3, 2)
    ]


def test_a_closed_list_is_left_out(connection: Connection) -> None:
    a_list(connection)
    store.set_closed(connection, store.list_named(connection, "readers").id, NOW)
    assert growth(connection, now=NOW, zone=ZONE).lists == ()


@given(st.integers(1_500_000_000, 2_100_000_000), st.integers(0, 6), st.integers(1, 60))
def test_weeks_lie_side_by_side_and_hold_the_present(at: int, starts: int, weeks: int) -> None:
    now = datetime.fromtimestamp(at, UTC)
    days = week_days(now, ZONE, starts, weeks)
    assert (len(days), {day.weekday() for day in days}) == (weeks, {starts})
    assert all(later - day == timedelta(days=7) for day, later in pairwise(days))
    assert timedelta() <= now.astimezone(ZONE).date() - days[-1] < timedelta(days=7)


def test_an_hour_that_comes_twice_has_two_names() -> None:
    """The clocks of Beirut went back from midnight to eleven: each hour keeps its number and has a name of its own."""
    begun = datetime(2026, 10, 24, 19, 10, tzinfo=UTC)
    first = int(begun.timestamp()) // 3600
    hours = hours_of({(first + at, "delivered"): at + 1 for at in range(4)}, (), begun=begun, zone=ZONE)
    report = Report("7", "عدد", ("finished",), (), hours=hours)
    drawn = next(one for one in sections(NewsroomReport("", begun, "", (report,))) if one.title == "delivered by hour")
    assert [(row.label, row.number) for row in drawn.rows] == [
        ("2026-10-24 22:00", 1),
        ("2026-10-24 23:00 (+03:00)", 2),
        ("2026-10-24 23:00 (+02:00)", 3),
        ("2026-10-25 00:00", 4),
    ]


def past(key: str, submitted: int, delivered: int, **more: Any) -> PastIssue:
    numbers = {"bounced": 0, "complained": 0, "left": 0, **more}
    return PastIssue(key, "عدد", NOW, submitted, delivered, **numbers)


def test_an_issue_stands_beside_the_median() -> None:
    before = [past(str(number), 100, 90 + number, left=number) for number in range(5)]
    found = {one.what: (one.here, one.median) for one in comparison(past("9", 200, 190, left=1), before).shares}
    assert found == {
        "delivered": (0.95, 0.92),
        "bounced": (0.0, 0.0),
        "complained": (0.0, 0.0),
        "left": (0.005, 0.02),
    }


def test_fewer_than_three_issues_compare_with_nothing() -> None:
    assert comparison(past("3", 100, 90), [past("1", 100, 90), past("2", 100, 90)]).shares == ()


def test_what_nobody_told_of_is_no_zero() -> None:
    """An outbox tells nothing: its issues say nothing of what is delivered, and clicks begin when they are counted."""
    silent = [past(str(number), 100, 0) for number in range(4)]
    told = [past(str(number), 100, 90) for number in range(2)]
    counted = [past(str(number), 100, 90, clicked=number, clicks_counted=True) for number in range(3)]
    assert [one.what for one in comparison(past("9", 100, 90), [*silent, *told]).shares] == ["left"]
    assert [one.what for one in comparison(past("9", 100, 0), counted).shares] == ["left"]
    both = comparison(past("9", 100, 90, clicked=50, clicks_counted=True), [*silent, *counted]).shares
    assert {one.what: (one.here, one.median) for one in both}["clicked"] == (0.5, 0.01)
    assert comparison(past("9", 0, 0), counted).shares == ()


def frozen(connection: Connection, list_id: int, key: str, at: datetime) -> None:
    from sqlalchemy import select

    who = select(subscription.c.subscriber_id).where(subscription.c.list_id == list_id)
    mailing = Mailing("{}", who.order_by(subscription.c.subscriber_id))
    ledger.write_send(
        connection, [mailing], key=key, list_id=list_id, rhythm="weekly", subject=f"عدد {key}", batch_size=50, now=at
    )


@pytest.fixture
def issues(connection: Connection) -> Connection:
    here = a_list(connection)
    people(connection, 10)
    rows = [{"list_id": here, "subscriber_id": who, "status": "confirmed"} for who in range(1, 11)]
    connection.execute(insert(subscription), [{**one, "rhythm": "weekly", "created": 1, "changed": 1} for one in rows])
    for number in range(1, 14):
        frozen(connection, here, str(number), NOW - timedelta(days=7 * (14 - number)))
        frozen(connection, here, f"readers/weekly/{number}", NOW - timedelta(days=7 * (14 - number) - 1))
    connection.exec_driver_sql("UPDATE batch SET state = 'submitted'")
    return connection


def test_ten_issues_before_this_one_are_compared_each_with_its_kind(issues: Connection) -> None:
    def beside(name: str) -> list[str]:
        compared = read.of_issue(issues, name, compare=True).comparison
        assert compared is not None
        return [one.issue for one in compared.past]

    assert beside("13") == [str(number) for number in range(3, 13)]
    assert beside("2") == ["1"]
    assert beside("readers/weekly/4") == [f"readers/weekly/{number}" for number in range(1, 4)]


def test_several_issues_count_each_of_those_before_them_once(
    issues: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def told_of(connection: Connection, sends: list[ledger.Send]) -> dict[str, int]:
        asked.append(sends[0].issue)
        return counts.told_of(connection, sends)

    monkeypatch.setattr(history, "told_of", told_of)
    keys = [str(number) for number in range(1, 14)]
    whole = read.newsroom_report(issues, keys, newsroom="", now=NOW, zone=ZONE)
    assert sorted(asked, key=int) == keys[:-1]
    assert [one.comparison for one in whole.reports] == [
        read.of_issue(issues, key, zone=ZONE, compare=True).comparison for key in keys
    ]


def test_a_reader_leaves_one_letter_and_who_was_let_go_or_came_back_has_left_none(issues: Connection) -> None:
    """By a provider's word for the last letter or an old one, on our page, by not answering; one comes back."""
    day = timedelta(days=1)
    line = {"list_id": 1, "act": "import", "at": int((NOW - 100 * day).timestamp()), "how": "file a.csv", "words": ""}
    issues.execute(insert(lines), [{**line, "subscriber_id": who} for who in range(1, 11)])

    def provider_says(who: int, key: str, at: datetime, told: datetime | None = None) -> None:
        send = ledger.sends_of(issues, key)[0]
        of = select(delivery.c.id).where(delivery.c.issue_id == send.issue_id, delivery.c.subscriber_id == who)
        event = Event("left", at, f"{send.public_id}.{issues.execute(of).scalar_one()}")
        ledger.note(issues, [(event, "")])
        actions.receive(issues, event, subscriber_id=who, list_id=1, now=told or at, keys=KEYS)

    # Told when the next letters had gone already.
    provider_says(1, "12", NOW - 14 * day + timedelta(hours=1), told=NOW - 6 * day)
    provider_says(2, "1", NOW - day)  # twelve weeks late: it is the letter of now that goes to one reader less
    provider_says(3, "13", NOW - 7 * day + timedelta(hours=1))
    actions.add_subscriber(issues, "r3@example.net", "readers", now=NOW - 5 * day, keys=KEYS, restore=True)
    actions.leave(issues, 4, 1, now=NOW - day, how=consent.LET_GO, letters=False)
    actions.leave(issues, 5, 1, now=NOW - day, how="page", letters=False)

    def left() -> dict[str, int]:
        keys = [key for number in range(1, 14) for key in (str(number), f"readers/weekly/{number}")]
        found = {key: read.of_issue(issues, key).total.left for key in keys}
        compared = read.of_issue(issues, "readers/weekly/13", compare=True).comparison
        assert compared is not None
        assert all(found[one.issue] == one.left for one in compared.past)
        return {key: number for key, number in found.items() if number}

    assert left() == {"12": 1, "readers/weekly/13": 2}
    (grown,) = growth(issues, now=NOW, zone=ZONE).lists
    sums = {name: sum(getattr(week, name) for week in grown.weeks) for name in ("confirmed", "left", "let_go")}
    assert sums == {"confirmed": 1, "left": 4, "let_go": 1}
    # So many there were, came, left and are: nobody is counted twice or forgotten.
    assert readers(grown)[0] + sums["confirmed"] - sums["left"] - sums["let_go"] == grown.readers == 6
    assert readers(grown)[0] == 10
    actions.erase(issues, "r1@example.net", now=NOW, keys=KEYS)
    assert left() == {"12": 1, "readers/weekly/13": 2}


def test_clicks_are_told_by_story_link_and_hour(issues: Connection) -> None:
    urls = ("https://x.example/1", "https://x.example/2", "https://x.example/about")
    links = [CountedLink("", url, story, place) for place, (url, story) in enumerate(zip(urls, "أب ", strict=True))]
    links[2] = CountedLink("", urls[2], "", 2)
    begun = NOW - timedelta(days=7)
    for key in ("12", "13"):
        clicks.freeze(issues, links, issue=key, list_name="readers", now=begun)
    names = {url: clicks.name_of("13", "readers", 0, url) for url in urls}
    hour = int(begun.timestamp()) // 3600
    told = {(names[urls[0]], hour): (3, 1), (names[urls[0]], hour + 30): (4, 0), (names[urls[1]], hour + 30): (9, 2)}
    clicks.add(issues, {**told, (names[urls[2]], hour): (1, 0)})
    clicks.add(issues, {(clicks.name_of("12", "readers", 0, urls[0]), hour): (2, 0)})
    report = read.of_issue(issues, "13", zone=ZONE, compare=True)
    assert report.clicks_counted
    assert [(one.story, one.people, one.machines) for one in report.stories] == [("ب", 9, 2), ("أ", 7, 1), ("", 1, 0)]
    assert [(one.hour, one.clicked) for one in report.hours if one.clicked] == [(0, 4), (30, 13)]
    assert report.clicked == sum(people for people, _ in told.values()) + 1 == sum(one.clicked for one in report.hours)
    best = read.best_of(read.stories_since(issues, NOW - timedelta(days=30)))
    assert [(one.story, one.issue, one.people) for one in best] == [("ب", "13", 9), ("أ", "13", 7), ("أ", "12", 2)]
    whole = read.newsroom_report(issues, newsroom="", now=NOW, zone=ZONE)
    assert (whole.best_stories, whole.clicked_in_30_days) == (best, 9 + 7 + 2 + 1)
    silent = read.of_issue(issues, "11")
    assert (silent.clicks_counted, silent.stories, silent.clicked) == (False, (), 0)
