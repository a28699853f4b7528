"""Each appointed moment comes once, whatever the zones of the Arab world and the clock of the machine do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from newsroom import SITE, START, Clock, WordPress, make, open_newsroom, posts, received, subscribe

from newsletter.errors import SettingsError
from newsletter.rhythms.schedule import (
    JOBS,
    Due,
    Schedule,
    day_of,
    due,
    first_missed,
    upcoming,
    week_of,
)
from newsletter.workflows import scheduled
from newsletter.workspace.config import load

CAIRO = ZoneInfo("Africa/Cairo")
# Zones of newsrooms that read from right to left, and a day around which each changed its clock by law in 2024 or 2025:
# Cairo and Beirut at midnight, Gaza at two, Casablanca around Ramadan; Algiers never does.
CHANGES = {
    "Africa/Cairo": (date(2025, 4, 25), date(2025, 10, 31)),
    "Asia/Beirut": (date(2025, 3, 30), date(2025, 10, 26)),
    "Asia/Gaza": (date(2025, 4, 12), date(2025, 10, 25)),
    "Africa/Casablanca": (date(2025, 2, 23), date(2025, 4, 6)),
    "Africa/Algiers": (date(2025, 3, 30), date(2025, 10, 26)),
}
DECADE = datetime(2020, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone


def local(zone: ZoneInfo, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=zone)  # type: ignore[arg-type,misc]


def jobs(found: list[Due]) -> list[str]:
    return [one.job for one in found]


def test_the_changes_are_in_the_zone_data() -> None:
    for name, days in CHANGES.items():
        zone = ZoneInfo(name)
        noons = [datetime(day.year, day.month, day.day, 12, tzinfo=UTC) for day in days]
        offsets = [{(noon + timedelta(days=ahead)).astimezone(zone).utcoffset() for ahead in (-2, 2)} for noon in noons]
        assert [len(both) for both in offsets] == ([1, 1] if name == "Africa/Algiers" else [2, 2]), name


def test_nothing_is_due_before_its_time_and_what_was_missed_is_due_after_it() -> None:
    schedule = Schedule(daily=time(18))
    zone = ZoneInfo("Africa/Algiers")
    handled: dict[str, int] = {}
    (first,) = due(local(zone, 2026, 11, 24, 17, 59), zone, schedule, handled)
    assert first.period == "2026-11-23"  # yesterday's, if nobody has handled it
    handled["daily"] = int(first.moment.timestamp())
    assert due(local(zone, 2026, 11, 24, 17, 59), zone, schedule, handled) == []
    (second,) = due(local(zone, 2026, 11, 24, 18, 0), zone, schedule, handled)
    assert (second.period, second.moment) == ("2026-11-24", local(zone, 2026, 11, 24, 18, 0))
    # The machine was off for days: one letter, of the last day.
    (late,) = due(local(zone, 2026, 11, 28, 9), zone, schedule, {"daily": int(second.moment.timestamp())})
    assert late.period == "2026-11-27"


def test_what_was_missed_stays_missed_when_the_next_moment_comes() -> None:
    zone = ZoneInfo("Africa/Algiers")
    schedule = Schedule(daily=time(18), instant=10)
    kept = {"daily": int(local(zone, 2026, 11, 20, 18).timestamp())}
    # A minute after a later moment, the first of nine is told.
    missed = first_missed(local(zone, 2026, 11, 29, 18, 1), zone, schedule, kept)
    assert missed == {"daily": local(zone, 2026, 11, 21, 18)}
    # Kept until now, or never begun: nothing was missed.
    kept["daily"] = int(local(zone, 2026, 11, 29, 18).timestamp())
    assert first_missed(local(zone, 2026, 11, 29, 18, 1), zone, schedule, kept) == {}
    assert first_missed(local(zone, 2026, 11, 29, 18, 1), zone, schedule, {}) == {}


def test_a_time_that_does_not_exist_and_one_that_comes_twice() -> None:
    # Cairo goes from 00:00 to 01:00 on 25 April 2025, and from 24:00 back to 23:00 on 30 October.
    schedule = Schedule(daily=time(0, 30))
    spring = due(datetime(2025, 4, 24, 22, 45, tzinfo=UTC), CAIRO, schedule, {})
    assert (spring[0].period, spring[0].moment) == ("2025-04-25", datetime(2025, 4, 24, 22, 30, tzinfo=UTC))
    schedule = Schedule(daily=time(23, 30))
    first, second = datetime(2025, 10, 30, 20, 30, tzinfo=UTC), datetime(2025, 10, 30, 21, 30, tzinfo=UTC)
    assert first.astimezone(CAIRO).time() == second.astimezone(CAIRO).time() == time(23, 30)
    (one,) = due(first, CAIRO, schedule, {})
    assert (one.period, one.moment) == ("2025-10-30", first)
    assert due(second, CAIRO, schedule, {"daily": int(first.timestamp())}) == []


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("at", [time(0), time(0, 30), time(1), time(2, 30), time(18), time(23, 59)])
def test_every_local_day_has_one_moment(name: str, at: time) -> None:
    zone = ZoneInfo(name)
    schedule = Schedule(daily=at)
    for change in CHANGES[name]:
        now = datetime(change.year, change.month, change.day, tzinfo=UTC) - timedelta(days=3)
        handled: dict[str, int] = {}
        periods = []
        for _ in range(6 * 24 * 6):
            for one in due(now, zone, schedule, handled):
                periods.append(one.period)
                handled[one.job] = int(one.moment.timestamp())
            now += timedelta(minutes=10)
        first = date.fromisoformat(periods[0])
        assert periods == [(first + timedelta(days=day)).isoformat() for day in range(len(periods))]
        assert 6 <= len(periods) <= 8


@given(
    st.sampled_from(sorted(CHANGES)),
    st.datetimes(*DECADE, timezones=st.just(UTC)),
    st.times(),
    st.integers(0, 6),
    st.integers(1, 1440),
)
def test_the_latest_moment_is_past_and_the_next_to_come(
    name: str, now: datetime, at: time, weekday: int, minutes: int
) -> None:
    zone = ZoneInfo(name)
    at = at.replace(second=0, microsecond=0)
    schedule = Schedule(weekly=(weekday, at), daily=at, instant=minutes)
    past = {one.job: one.moment for one in due(now, zone, schedule, {})}
    coming = {one.job: one.moment for one in upcoming(now, zone, schedule)}
    assert set(past) == set(coming) == set(JOBS)
    most = {"weekly": timedelta(days=7, hours=2), "daily": timedelta(hours=26), "instant": timedelta(minutes=minutes)}
    for job in JOBS:
        assert past[job] <= now < coming[job]
        assert coming[job] - past[job] <= most[job]
    assert due(now, zone, schedule, {job: int(moment.timestamp()) for job, moment in past.items()}) == []


@given(
    st.datetimes(*DECADE, timezones=st.just(UTC)),
    st.sampled_from(sorted(CHANGES)),
    st.integers(0, 6),
)
def test_a_week_is_seven_local_days(now: datetime, name: str, starts: int) -> None:
    zone = ZoneInfo(name)
    week = date.fromisoformat(week_of(now, zone, starts))
    day = date.fromisoformat(day_of(now, zone))
    assert week.weekday() == starts
    assert timedelta() <= day - week < timedelta(days=7)


def test_weeks_begin_where_the_newsroom_says() -> None:
    zone = ZoneInfo("Africa/Algiers")
    friday, saturday = local(zone, 2026, 11, 27, 12), local(zone, 2026, 11, 28, 12)
    assert week_of(friday, zone, 5) == "2026-11-21"
    assert week_of(saturday, zone, 5) == "2026-11-28"
    assert week_of(friday, zone) == week_of(saturday, zone) == "2026-11-23"
    # A leap day, and the turn of a year.
    assert week_of(local(zone, 2028, 2, 29, 23, 59), zone) == "2028-02-28"
    assert week_of(local(zone, 2027, 1, 1, 0, 0), zone) == "2026-12-28"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("weekly", "thursday", "a day and a local time such as thursday 10:00"),
        ("weekly", "الخميس 10:00", "a day and a local time such as thursday 10:00"),
        ("daily", "24:00", "a local time such as 18:00"),
        ("daily", "6pm", "a local time such as 18:00"),
        ("instant", "-1", "greater than or equal to 0"),
        ("week_starts", "someday", "should match pattern"),
    ],
)
def test_schedules_that_cannot_be(tmp_path: Path, key: str, value: str, words: str) -> None:
    make(tmp_path / "w", readers=0)
    with pytest.raises(SettingsError) as told:
        load(tmp_path / "w", {f"NASHRA_SCHEDULE__{key.upper()}": value})
    assert words in str(told.value)


def test_a_schedule_from_the_settings(tmp_path: Path) -> None:
    make(tmp_path / "w", readers=0)
    environment = {
        "NASHRA_SCHEDULE__WEEKLY": "Thursday 10:00",
        "NASHRA_SCHEDULE__DAILY": "18:00",
        "NASHRA_SCHEDULE__INSTANT": "10",
        "NASHRA_SCHEDULE__WEEK_STARTS": "saturday",
    }
    assert load(tmp_path / "w", environment).schedule == Schedule((3, time(10)), time(18), 10, 5)
    assert load(tmp_path / "w", {}).schedule == Schedule()


@pytest.mark.slow
def test_duties_of_four_days(tmp_path: Path) -> None:
    settings = '[schedule]\nweekly = "wednesday 10:00"\ndaily = "18:00"\ninstant = 60\n'
    root = make(tmp_path / "w", readers=1, settings=settings)
    clock = Clock(START)
    site = WordPress(posts(8, 4), clock)
    told: list[str] = []
    with open_newsroom(root, clock, site) as workspace:
        with workspace.database.write() as connection:
            subscribe(connection, workspace, "daily@example.net", START, "daily")
            subscribe(connection, workspace, "instant@example.net", START, "instant")
        for _ in range(4 * 24):
            scheduled.run(workspace, told.append)
            # A second look in the same hour finds nothing to do.
            assert scheduled.run(workspace) == []
            clock.forward(hours=1)
    assert [line for line in told if line.startswith("trouble")] == []
    drafts = [line for line in told if "the draft is" in line]
    assert len(drafts) == 1
    assert f"{root}/issues/001-2026-11-04/issue.md" in drafts[0]
    by_reader: dict[str, list[tuple[int, ...]]] = {}
    for letter in received(root):
        by_reader.setdefault(letter.to, []).append(letter.numbers)
    # Nobody got the draft: it waits for its editor.
    assert sorted(by_reader) == ["daily@example.net", "instant@example.net"]
    assert sorted(by_reader["instant@example.net"]) == [(number,) for number in range(1, 9)]
    assert sorted(by_reader["daily@example.net"]) == [(1,), (2, 3), (4, 5), (6, 7)]
    assert all(SITE in letter.html for letter in received(root))


def test_trouble_with_one_duty_keeps_no_other_and_is_tried_again(tmp_path: Path) -> None:
    root = make(tmp_path / "w", readers=1, settings='[schedule]\nweekly = "monday 08:00"\ndaily = "08:00"\n')
    (root / "issues" / "broken").mkdir(parents=True)
    (root / "issues" / "broken" / "issue.md").write_text("no front matter", "utf-8")
    clock = Clock(START - timedelta(hours=2))
    with open_newsroom(root, clock, WordPress(posts(2, 1), clock)) as workspace:
        with workspace.database.write() as connection:
            subscribe(connection, workspace, "daily@example.net", START, "daily")
        # A schedule begins with its next moment.
        assert scheduled.run(workspace) == []
        clock.now = START + timedelta(hours=1)
        done = {one.due.job: one for one in scheduled.run(workspace)}
        assert "does not begin with +++" in str(done["weekly"].trouble)
        assert done["daily"].words.startswith("1 letters: ")
        assert [one.due.job for one in scheduled.run(workspace)] == ["weekly"]
        (root / "issues" / "broken" / "issue.md").unlink()
        (again,) = scheduled.run(workspace)
        assert again.trouble is None
        assert scheduled.run(workspace) == []
