"""Nights in which the clocks are changed, by a clock that a test sets: planned sends, pauses, ends and the schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from newsroom import Clock, WordPress, make, open_newsroom, posts, received, subscribe
from test_deliver import LETTER

from newsletter import delivery, ledger
from newsletter.cli.moment import moment
from newsletter.letters.mime import to_json
from newsletter.wiring import Workspace
from newsletter.workflows.worker import Worker

pytestmark = pytest.mark.slow

# The evening before, and by how many hours the night is longer: by the tz database, 2026.
NIGHTS = [
    ("Africa/Cairo", "2026-04-23", -1),
    ("Africa/Cairo", "2026-10-29", 1),
    ("Asia/Beirut", "2026-03-28", -1),
    ("Asia/Beirut", "2026-10-24", 1),
    ("Asia/Gaza", "2026-03-27", -1),
    ("Asia/Gaza", "2026-10-23", 1),
    ("Africa/Casablanca", "2026-02-14", 1),
    ("Africa/Casablanca", "2026-03-21", -1),
]


@dataclass(frozen=True)
class Night:
    """A workspace at nine in the evening."""

    workspace: Workspace
    clock: Clock
    zone: ZoneInfo
    morning: datetime
    """Six o'clock."""
    length: timedelta
    """From now until then; by the clocks on the wall it is nine hours every night."""


@pytest.fixture(params=NIGHTS, ids=lambda night: f"{night[0].partition('/')[2]}{night[2]:+}")
def night(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Night]:
    """Each of these nights, in a workspace of its own."""
    name, day, longer = request.param
    zone = ZoneInfo(name)
    evening = datetime.fromisoformat(f"{day} 21:00").replace(tzinfo=zone)
    clock = Clock(moment(f"{day} 21:00", zone, evening - timedelta(days=1)))
    root = make(tmp_path / "w", readers=2, timezone=name, settings='[schedule]\ndaily = "06:00"\n')
    with open_newsroom(root, clock, WordPress(posts(4, 2, start=clock.now - timedelta(days=1)), clock)) as workspace:
        morning = moment(f"{datetime.fromisoformat(day) + timedelta(days=1):%Y-%m-%d} 06:00", zone, clock.now)
        yield Night(workspace, clock, zone, morning, timedelta(hours=9 + longer))


def planned(workspace: Workspace, key: str, at: datetime) -> ledger.Send:
    """An issue frozen for the weekly readers, to go then."""
    now = workspace.now()
    mailing = ledger.Mailing(to_json(LETTER), delivery.audience(1, "weekly", now))
    return delivery.freeze(
        workspace.delivery_setup,
        [mailing],
        key=key,
        subject="x",
        list_id=1,
        rhythm="weekly",
        articles=lambda _: [],
        now=now,
        send_at=at,
    )


def test_a_night_in_which_the_clocks_are_changed(night: Night) -> None:
    workspace, clock, zone, morning = night.workspace, night.clock, night.zone, night.morning
    evening = clock.now
    assert morning - evening == night.length
    with workspace.database.write() as connection:
        subscribe(connection, workspace, "daily@example.net", evening, "daily")
    planned(workspace, "1", morning)
    paused, resumed, cancelled = (planned(workspace, key, morning) for key in "234")
    with workspace.database.write() as connection:
        ledger.move(connection, paused, "paused")
        ledger.move(connection, resumed, "paused")
    wall = {
        "02:00": lambda connection: ledger.cancel(connection, cancelled),
        "05:00": lambda connection: ledger.move(connection, resumed, "scheduled"),
        "08:00": lambda connection: ledger.move(connection, paused, "running"),
    }
    # Gaza's clocks jump over two o'clock, Casablanca's show it twice.
    wall.setdefault("03:00", wall["02:00"])
    went: dict[str, str] = {}
    acted: set[object] = set()
    daily: list[datetime] = []
    while clock.now <= morning + timedelta(hours=26):
        shown = f"{clock.now.astimezone(zone):%H:%M}"
        act = wall.get(shown)
        if act is not None and act not in acted:
            acted.add(act)
            with workspace.database.write() as connection:
                act(connection)
        Worker(workspace, tell=lambda _: None).once()
        with workspace.database.read() as connection:
            for send in ledger.sends(connection):
                if ledger.account(connection, send.id).submitted:
                    went.setdefault(send.issue, f"{clock.now.astimezone(zone):%d %H:%M}")
        letters = [letter for letter in received(workspace.root) if letter.to == "daily@example.net"]
        daily += [clock.now] * (len(letters) - len(daily))
        clock.forward(hours=1)
    day = f"{morning.astimezone(zone):%d}"
    assert (went.pop("1"), went.pop("3"), went.pop("2")) == (f"{day} 06:00", f"{day} 06:00", f"{day} 08:00")
    assert "4" not in went
    # The schedule keeps the hour of the wall: one letter each local day.
    assert daily == [morning, morning + timedelta(days=1)]
    with workspace.database.read() as connection:
        states = {send.issue: send.state for send in ledger.sends(connection) if send.issue in "1234"}
    assert states == {"1": "finished", "2": "finished", "3": "finished", "4": "cancelled"}
    # Nobody got anything twice: three issues each for the weekly readers.
    assert sorted(letter.to for letter in received(workspace.root) if letter.to != "daily@example.net") == sorted(
        [f"reader{number}@example.net" for number in range(2)] * 3
    )
