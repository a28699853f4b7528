"""When a send is to start: the zone's own days on which the clocks are changed are asked about, not guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from newsletter.cli.moment import moment
from newsletter.errors import SendError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-11-26 18:00", "Africa/Cairo", "2026-11-26T16:00"),
        ("2026-07-01 18:00", "Africa/Cairo", "2026-07-01T15:00"),
        ("2026-07-01T18:00", "Asia/Beirut", "2026-07-01T15:00"),
        ("2026-12-01 18:00", "Asia/Beirut", "2026-12-01T16:00"),
        ("2026-07-01 18:00", "Asia/Gaza", "2026-07-01T15:00"),
        ("2026-12-01 18:00", "Asia/Gaza", "2026-12-01T16:00"),
        # Casablanca is at +01:00 but in Ramadan (from 18 February to 19 March 2026).
        ("2026-05-01 18:00", "Africa/Casablanca", "2026-05-01T17:00"),
        ("2026-03-01 18:00", "Africa/Casablanca", "2026-03-01T18:00"),
        ("2026-11-26 18:00+03:00", "Africa/Cairo", "2026-11-26T15:00"),
        ("2026-11-26T18:00Z", "Africa/Cairo", "2026-11-26T18:00"),
        ("2026-11-26 18:00:30 -0500", "Africa/Cairo", "2026-11-26T23:00:30"),
        ("٢٠٢٦-١١-٢٦ ١٨:٠٠", "Africa/Cairo", "2026-11-26T16:00"),
    ],
)
def test_a_moment_in_the_zone_of_the_site(text: str, zone: str, expected: str) -> None:
    assert moment(text, ZoneInfo(zone), NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "after"),
    [
        ("2026-04-24 00:30", "Africa/Cairo", "2026-04-24 01:30"),
        ("2026-03-29 00:15", "Asia/Beirut", "2026-03-29 01:15"),
        ("2026-03-28 02:30", "Asia/Gaza", "2026-03-28 03:30"),
        ("2026-03-22 02:10", "Africa/Casablanca", "2026-03-22 03:10"),
    ],
)
def test_a_time_that_the_clocks_jump_over_is_refused(text: str, zone: str, after: str) -> None:
    with pytest.raises(SendError, match="does not exist") as told:
        moment(text, ZoneInfo(zone), NOW)
    assert f'write --at "{after}"' in told.value.mend
    moment(after, ZoneInfo(zone), NOW)


@pytest.mark.parametrize(
    ("text", "zone", "first", "second"),
    [
        ("2026-10-29 23:30", "Africa/Cairo", "2026-10-29 23:30+03:00", "2026-10-29 23:30+02:00"),
        ("2026-10-24 23:30", "Asia/Beirut", "2026-10-24 23:30+03:00", "2026-10-24 23:30+02:00"),
        ("2026-10-24 01:30", "Asia/Gaza", "2026-10-24 01:30+03:00", "2026-10-24 01:30+02:00"),
        ("2026-02-15 02:30", "Africa/Casablanca", "2026-02-15 02:30+01:00", "2026-02-15 02:30+00:00"),
    ],
)
def test_a_time_that_comes_twice_is_asked_about(text: str, zone: str, first: str, second: str) -> None:
    with pytest.raises(SendError, match="comes twice") as told:
        moment(text, ZoneInfo(zone), NOW)
    assert first in told.value.mend
    assert second in told.value.mend
    one, two = (moment(which, ZoneInfo(zone), NOW) for which in (first, second))
    assert (two - one).total_seconds() == 3600


@pytest.mark.parametrize(
    "text", ["tomorrow", "", "26.11.2026 18:00", "2026-11-26", "2026-02-30 10:00", "2026-11-26 24:30"]
)
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(SendError, match="is no moment; write a day and a time"):
        moment(text, ZoneInfo("Africa/Cairo"), NOW)


def test_what_is_over_is_told() -> None:
    with pytest.raises(SendError, match="is over"):
        moment("2025-11-26 18:00", ZoneInfo("Africa/Cairo"), NOW)
