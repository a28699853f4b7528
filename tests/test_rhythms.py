"""When what is due, which articles flow with which letter, and who gets which sections: the edges of each rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.dialects import sqlite

from newsletter.issues.compose import ComposeRules
from newsletter.models import Article, Holding, Issue, Prose, Section, Story
from newsletter.rhythms import streams, topics
from newsletter.rhythms.audience import audience, rhythms_of
from newsletter.rhythms.schedule import Due, Schedule, day_of, due, upcoming, week_of
from newsletter.rhythms.streams import MOST, MOST_OWED, Stream
from newsletter.rhythms.topics import Topic

ALGIERS, CAIRO = ZoneInfo("Africa/Algiers"), ZoneInfo("Africa/Cairo")
# A Tuesday.
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


# Schedule


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(), []),
        (Schedule(daily=time(13)), [Due("daily", at(24, 12), "2026-11-24")]),
        # A second later it is not yet time: yesterday's is the last one.
        (Schedule(daily=time(13, 0, 1)), [Due("daily", datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC), "2026-11-23")]),
        (Schedule(weekly=(1, time(13))), [Due("weekly", at(24, 12), "2026-11-23")]),
        (Schedule(weekly=(1, time(13, 1))), [Due("weekly", at(17, 12, 1), "2026-11-16")]),
        (Schedule(weekly=(2, time(9))), [Due("weekly", at(18, 8), "2026-11-16")]),
        (Schedule(weekly=(0, time(9)), week_starts=5), [Due("weekly", at(23, 8), "2026-11-21")]),
        (Schedule(instant=10), [Due("instant", at(24, 12), "")]),
        (Schedule(instant=7), [Due("instant", at(24, 11, 57), "")]),
    ],
)
def test_the_latest_moment_of_each_duty(schedule: Schedule, expected: list[Due]) -> None:
    assert due(NOW, ALGIERS, schedule, {}) == expected


def test_duties_come_in_their_order() -> None:
    schedule = Schedule(weekly=(0, time(9)), daily=time(8), instant=30)
    assert [one.job for one in due(NOW, ALGIERS, schedule, {})] == ["weekly", "daily", "instant"]


@pytest.mark.parametrize("offset", [-86_400, -1, 1, 86_400])
def test_a_moment_is_handled_when_it_was_that_very_one(offset: int) -> None:
    """A clock that was set back, or a schedule that was moved to an earlier hour, brings no moment to naught."""
    schedule = Schedule(daily=time(13))
    moment = seconds(at(24, 12))
    assert due(NOW, ALGIERS, schedule, {"daily": moment}) == []
    assert [one.job for one in due(NOW, ALGIERS, schedule, {"daily": moment + offset})] == ["daily"]
    assert [one.job for one in due(NOW, ALGIERS, schedule, {"weekly": moment})] == ["daily"]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(), []),
        # What is appointed for this very second has come; the next one is tomorrow's, or next week's.
        (Schedule(daily=time(13)), [Due("daily", at(25, 12), "2026-11-25")]),
        (Schedule(daily=time(13, 1)), [Due("daily", at(24, 12, 1), "2026-11-24")]),
        (Schedule(weekly=(1, time(13))), [Due("weekly", datetime(2026, 12, 1, 12, tzinfo=UTC), "2026-11-30")]),
        (Schedule(weekly=(1, time(13, 1))), [Due("weekly", at(24, 12, 1), "2026-11-23")]),
        (Schedule(weekly=(0, time(9))), [Due("weekly", at(30, 8), "2026-11-30")]),
        (Schedule(weekly=(6, time(9)), week_starts=6), [Due("weekly", at(29, 8), "2026-11-29")]),
        (Schedule(instant=10), [Due("instant", at(24, 12, 10), "")]),
        (Schedule(instant=7), [Due("instant", at(24, 12, 4), "")]),
        (
            Schedule(weekly=(1, time(13, 30)), daily=time(13, 20), instant=60),
            [
                Due("daily", at(24, 12, 20), "2026-11-24"),
                Due("weekly", at(24, 12, 30), "2026-11-23"),
                Due("instant", at(24, 13), ""),
            ],
        ),
    ],
)
def test_what_comes_next_and_soonest_first(schedule: Schedule, expected: list[Due]) -> None:
    assert upcoming(NOW, ALGIERS, schedule) == expected


def test_an_hour_that_comes_twice_counts_once_and_one_that_is_left_out_counts_too() -> None:
    schedule = Schedule(daily=time(23, 30))
    # In Cairo's autumn night the clocks go back from midnight to eleven: the first half past eleven counts.
    first = datetime(2026, 10, 29, 20, 30, tzinfo=UTC)
    assert due(first, CAIRO, schedule, {}) == [Due("daily", first, "2026-10-29")]
    assert due(first + timedelta(hours=1), CAIRO, schedule, {"daily": seconds(first)}) == []
    # In spring they jump from midnight to one: half past twelve is half an hour after midnight all the same.
    jumped = datetime(2026, 4, 23, 22, 30, tzinfo=UTC)
    assert due(jumped, CAIRO, Schedule(daily=time(0, 30)), {}) == [Due("daily", jumped, "2026-04-24")]


def test_days_and_weeks_are_those_of_the_place() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert (day_of(late, ALGIERS), day_of(late, ZoneInfo("UTC"))) == ("2026-11-23", "2026-11-22")
    assert (week_of(late, ALGIERS), week_of(late, ZoneInfo("UTC"))) == ("2026-11-23", "2026-11-16")
    assert [week_of(NOW, ALGIERS, starts) for starts in range(7)] == [
        *("2026-11-23", "2026-11-24", "2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"),
    ]


# Streams


def holding(number: int, ago: timedelta = timedelta(), *, section: str = "", **more: object) -> Holding:
    article = Article(f"خبر {number}", f"https://example.org/{number}/", section=section, published=NOW - ago, **more)  # type: ignore[arg-type]
    return Holding(number, article, NOW - ago)


def holdings(*numbers: int) -> list[Holding]:
    """Newest first, a minute apart."""
    return [holding(number, timedelta(minutes=1000 - number)) for number in sorted(numbers, reverse=True)]


def ids(some: Sequence[Holding]) -> list[int]:
    return [one.id for one in some]


@pytest.mark.parametrize(("rhythm", "back"), [("instant", timedelta(hours=1)), ("daily", timedelta(days=1))])
def test_the_first_letter_looks_back_to_the_very_second(rhythm: str, back: timedelta) -> None:
    news = [holding(4), holding(3, back), holding(2, back + timedelta(seconds=1)), holding(1, timedelta(days=9))]
    flows = streams.stream(news, rhythm, carried={4}, floor=None, now=NOW)
    assert (ids(flows.flowing), flows.later, flows.first) == ([3], (), True)


def test_thirty_flow_with_the_first_letter_and_the_rest_never() -> None:
    news = [holding(number) for number in range(50, 0, -1)]
    flows = streams.stream(news, "daily", carried=(), floor=None, now=NOW)
    assert MOST == 30
    assert (ids(flows.flowing), flows.later) == (list(range(50, 20, -1)), ())


def test_what_came_since_the_first_letter_flows_once_and_the_overflow_with_the_next() -> None:
    news = holdings(*range(1, 46))
    flows = streams.stream(news, "daily", carried={45, 12}, floor=10, now=NOW)
    wanted = [number for number in range(44, 10, -1) if number != 12]
    assert (ids(flows.flowing), ids(flows.later), flows.first) == (wanted[:30], wanted[30:], False)
    assert ids(flows.later) == [14, 13, 11]


@pytest.mark.parametrize(
    ("last", "beginning", "first", "expected"),
    [
        # Nothing is known of them: nothing from before is owed.
        (None, None, False, 9),
        # Their last letter tells, unless they joined again since.
        ((4, NOW - timedelta(hours=5)), None, False, 4),
        ((4, NOW - timedelta(hours=5)), NOW - timedelta(hours=6), False, 4),
        ((4, NOW - timedelta(hours=5)), NOW - timedelta(hours=5), False, 4),
        ((4, NOW - timedelta(hours=5)), NOW - timedelta(hours=4), False, 5),
        ((7, NOW - timedelta(hours=5)), NOW - timedelta(hours=4, minutes=59), False, 7),
        ((0, NOW - timedelta(hours=99)), NOW - timedelta(hours=1), True, 9),
        ((4, NOW - timedelta(hours=5)), None, True, 4),
        # Who joined in the second in which an article was collected has seen it.
        (None, NOW - timedelta(hours=3), False, 6),
        (None, NOW - timedelta(hours=3, seconds=1), False, 5),
        (None, NOW - timedelta(days=9), False, 0),
        (None, NOW - timedelta(days=9), True, 9),
    ],
)
def test_where_somebody_begins(
    last: tuple[int, datetime] | None, beginning: datetime | None, first: bool, expected: int
) -> None:
    news = [holding(number, timedelta(hours=9 - number)) for number in range(9, 2, -1)]
    assert streams.start(last, beginning, news, first=first) == expected


def test_where_there_is_no_news_everybody_begins_at_nothing() -> None:
    assert streams.start(None, None, []) == streams.start(None, NOW, []) == 0
    assert streams.start((3, NOW), NOW + timedelta(1), []) == 3


def test_somebody_gets_what_flows_and_what_they_would_miss() -> None:
    news = holdings(*range(1, 11))
    flows = Stream(flowing=tuple(holdings(9, 8)), later=tuple(holdings(7)))
    assert streams.due(flows, news, 4, ()) == (10, 9, 8, 6, 5)
    assert streams.due(flows, news, 10, ()) == (9, 8)
    assert streams.due(flows, news, 9, {8}) == (10, 9)
    assert streams.due(flows, news, 4, {9, 8, 10, 6, 5}) == ()


def test_nobody_gets_more_than_eighty_headlines() -> None:
    news = holdings(*range(1, 101))
    assert MOST_OWED == 80
    assert streams.due(Stream(), news, 0, ()) == tuple(range(100, 20, -1))
    # What they had already takes nobody's place.
    assert streams.due(Stream(), news, 0, {100, 99}) == tuple(range(98, 18, -1))
    assert len(streams.due(Stream(), holdings(*range(1, 81)), 0, ())) == 80


def test_what_earlier_issues_carried_is_owed_up_to_thirty() -> None:
    carried = holdings(*range(1, 41))
    assert streams.owed(carried, 5, {39}) == (40, *range(38, 9, -1))
    assert streams.owed(carried, 38, ()) == (40, 39)
    assert len(streams.owed(carried, 0, ())) == 30
    assert streams.owed(carried, 40, ()) == ()


def test_candidates_are_all_that_the_rules_let_in_without_those_held_above() -> None:
    news = [
        holding(5, section="رياضة"),
        holding(4, timedelta(days=1), sticky=True),
        holding(3, timedelta(days=3)),
        holding(2, timedelta(days=8)),
    ]
    rules = ComposeRules(most=1, per_section=1, days=7, exclude=["رياضة"], pin_sticky=True)
    assert ids(streams.candidates(news, rules, now=NOW)) == [4, 3]
    assert ids(streams.candidates(holdings(1, 2, 3), ComposeRules(), now=NOW)) == [3, 2, 1]
    assert ids(streams.candidates([holding(2), holding(1, sticky=True)], ComposeRules(), now=NOW)) == [2, 1]


# Topics

NEWS, SPORT, BOOKS = Topic(1, "أخبار", ("أخبار",)), Topic(3, "رياضة", ("رياضة", "كرة")), Topic(8, "كتب", ("كتب",))
TOPICS = (NEWS, SPORT, BOOKS)


def story(number: int) -> Story:
    return Story(f"خبر {number}", url=f"https://example.org/{number}/")


def issue(*layout: tuple[str, tuple[int, ...]]) -> Issue:
    sections = tuple(Section(title, tuple(story(number) for number in numbers)) for title, numbers in layout)
    return Issue(1, "عدد", opening=(Prose("كلمة المحرر"),), sections=sections)


def shape(cut: topics.IssueCut) -> list[tuple[str, list[str]]] | None:
    if cut.issue is None:
        return None
    return [
        (section.title, [one.headline for one in section.blocks if isinstance(one, Story)])
        for section in cut.issue.sections
    ]


def test_bits_and_numbers() -> None:
    assert [topic.bit for topic in TOPICS] == [1, 4, 128]
    assert topics.numbers(0) == ()
    assert topics.numbers(0b1000_0101) == (1, 3, 8)
    assert topics.numbers(0b1_0000_0010) == (2,)
    assert topics.titles(TOPICS) == ("أخبار", "", "رياضة", "", "", "", "", "كتب")
    assert topics.titles([NEWS]) == ("أخبار",)
    assert topics.titles([]) == ()
    assert topics.IssueCut(0b101, None).variant == "-1-3"
    assert topics.IssueCut(0, None).variant == ""


def test_a_topic_is_there_when_one_of_its_sections_has_something() -> None:
    assert topics.present(issue(("أخبار", (1,)), ("كرة", (2,)), ("رياضة", (3,))), TOPICS) == 0b101
    assert topics.present(issue(("أخبار", ()), ("كُرَة", (1,)), ("رأي", (2,))), TOPICS) == 0b100
    assert topics.present(issue(("كتب", ())), TOPICS) == 0
    assert topics.present(issue(("كتب", ()), ("كتب", (1,))), TOPICS) == 0b1000_0000


def test_declined_sections_are_left_out_and_named() -> None:
    whole = issue(("رأي", (1,)), ("أخبار", (2, 3)), ("رياضة", (4,)), ("كرة", (5,)))
    cut = topics.cut(whole, TOPICS, 0b100)
    assert (cut.declined, cut.without, cut.variant) == (0b100, ("رياضة",), "-3")
    assert shape(cut) == [("رأي", ["خبر 1"]), ("أخبار", ["خبر 2", "خبر 3"])]
    assert cut.issue is not None
    assert cut.issue.opening == whole.opening
    # Books are declined, but not in this issue: they are no reason for another letter.
    assert topics.cut(whole, TOPICS, 0b1000_0100) == cut
    assert topics.cut(whole, TOPICS, 0b1000_0010) == topics.IssueCut(0, whole)
    assert topics.cut(whole, TOPICS, 0).issue is whole


def test_an_empty_section_of_a_topic_declines_nothing_and_chooses_nothing() -> None:
    with_empty = issue(("أخبار", ()), ("رياضة", (1, 2)))
    # Its topic has nothing in this issue: to decline it changes nothing.
    assert topics.cut(with_empty, TOPICS, 0b001) == topics.IssueCut(0, with_empty)
    # And who keeps nothing but an empty section gets no letter.
    cut = topics.cut(with_empty, TOPICS, 0b100)
    assert (cut.issue, cut.declined, cut.without) == (None, 0b100, ("رياضة",))
    # An empty section stays where something else was chosen.
    more = issue(("رأي", (3,)), ("أخبار", ()), ("رياضة", (1,)))
    assert shape(topics.cut(more, TOPICS, 0b100)) == [("رأي", ["خبر 3"]), ("أخبار", [])]


def test_the_lead_stays_alone_of_its_section_unless_told_otherwise() -> None:
    whole = issue(("أخبار", (1, 2)), ("رياضة", (3,)), ("كتب", (4,)))
    assert shape(topics.cut(whole, TOPICS, 0b001)) == [("أخبار", ["خبر 1"]), ("رياضة", ["خبر 3"]), ("كتب", ["خبر 4"])]
    assert shape(topics.cut(whole, TOPICS, 0b001, lead=False)) == [("رياضة", ["خبر 3"]), ("كتب", ["خبر 4"])]
    assert shape(topics.cut(whole, TOPICS, 0b100)) == [("أخبار", ["خبر 1", "خبر 2"]), ("كتب", ["خبر 4"])]
    # The lead alone, which nobody chose, is no letter.
    assert topics.cut(whole, TOPICS, 0b1000_0101).issue is None
    # An issue of prose has no lead.
    prose = Issue(1, "عدد", sections=(Section("أخبار", (Prose("كلام"),)), Section("رأي", (Prose("رأي"),))))
    assert shape(topics.cut(prose, TOPICS, 0b001)) == [("رأي", [])]


def test_every_way_it_is_cut_comes_once_and_the_whole_first() -> None:
    whole = issue(("أخبار", (1,)), ("رياضة", (2,)), ("رأي", (3,)))
    made = topics.cuts(whole, TOPICS, [0b101, 0b1000_0001, 0b001, 0b1000_0000, 0b100])
    assert [cut.declined for cut in made] == [0, 0b001, 0b100, 0b101]
    assert made[0].issue is whole
    assert shape(made[1]) == [("أخبار", ["خبر 1"]), ("رياضة", ["خبر 2"]), ("رأي", ["خبر 3"])]
    kept = topics.cuts(whole, TOPICS, [0b001], lead=False)[1]
    assert shape(kept) == [("رياضة", ["خبر 2"]), ("رأي", ["خبر 3"])]
    assert [cut.declined for cut in topics.cuts(whole, TOPICS, [])] == [0]


# Audience


@pytest.mark.parametrize(
    ("rhythm", "reached"),
    [("all", {"instant", "daily", "weekly"}), ("weekly", {"weekly"}), ("daily", {"daily"}), ("hourly", set())],
)
def test_whom_a_rhythm_reaches(rhythm: str, reached: set[str]) -> None:
    assert set(rhythms_of(rhythm)) == reached


def test_the_query_for_an_audience_asks_for_its_rhythms_alone() -> None:
    def asked(rhythm: str) -> str:
        query = audience(5, rhythm, NOW)
        return str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))

    assert "'weekly'" in asked("weekly")
    assert "'daily'" not in asked("weekly")
    assert all(f"'{one}'" in asked("all") for one in ("weekly", "daily", "instant"))
