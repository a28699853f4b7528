"""A warm-up: so many letters on the first day and no more, twice as many on the next, and everybody once in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import smtp_standin
import standin
from command import here, make_workspace
from conftest import MakeDatabase
from hypothesis import given
from hypothesis import strategies as st
from newsroom import Clock
from settings_text import with_settings
from sqlalchemy import Connection, update
from test_asking import Newsroom, opened
from test_deliver import LETTER, make
from test_postgresql import populated
from test_senders_smtp import configure
from test_worker import freeze

from newsletter import delivery, ledger
from newsletter.delivery import warming
from newsletter.errors import SettingsError
from newsletter.storage.tables import send as sends
from newsletter.wiring import open_workspace
from newsletter.workflows.worker import Worker

READERS = 23
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_each_day_on_which_some_went_doubles_it(connection: Connection) -> None:
    def take(day: int, wanted: int) -> int:
        return ledger.take_warm_up(connection, "smtp a", day=day, first=10, wanted=wanted)

    assert [take(1, 6), take(1, 6), take(1, 6)] == [6, 4, 0]
    ledger.give_back_warm_up(connection, "smtp a", 3)
    assert take(1, 9) == 3
    assert take(2, 100) == 20
    # Nothing went for a month: that is no step; and a clock that was set back begins no new day.
    assert ledger.warm_up_day(connection, "smtp a", day=33, first=10).limit == 40
    assert take(1, 5) == 0
    assert take(33, 100) == 40
    # Another account begins with its own first day.
    assert ledger.take_warm_up(connection, "smtp b", day=33, first=10, wanted=100) == 10


@given(st.integers(1, 200_000), st.integers(1, 5000))
def test_the_days_of_a_list_are_told(letters: int, first: int) -> None:
    days = warming.days_for(letters, first)
    assert first * (2**days - 1) >= letters > first * (2 ** (days - 1) - 1)


def test_a_day_is_one_of_the_site() -> None:
    zone = ZoneInfo("Africa/Algiers")
    assert warming._next_day(datetime(2026, 11, 24, 22, 30, tzinfo=UTC), zone).astimezone(UTC) == datetime(
        2026, 11, 24, 23, tzinfo=UTC
    )
    assert warming._day(datetime(2026, 11, 24, 23, 30, tzinfo=UTC), zone) == datetime(2026, 11, 25).toordinal()  # noqa: DTZ001


@pytest.fixture(params=["sqlite", "postgresql"])
def root(request: pytest.FixtureRequest, tmp_path: Path, ready_urls: MakeDatabase) -> Path:
    return populated(tmp_path / "w", request.param, ready_urls, batch=4, readers=READERS)


@pytest.fixture(params=["sendgrid", "smtp"])
def newsroom(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Iterator[Newsroom]:
    path = root / "newsletter.toml"
    running = standin.running if request.param == "sendgrid" else smtp_standin.running
    with running(tmp_path) as server:
        if isinstance(server, smtp_standin.StandIn):
            configure(root, server, "connections = 3", "batch = 4")
        else:
            lines = f'[sendgrid]\nhost = "{server.host}"\nkey = "SG.test"\nbatch = 4\n'
            path.write_text(with_settings(path.read_text().replace('kind = "outbox"', 'kind = "sendgrid"'), lines))
        path.write_text(path.read_text("utf-8").replace("[sender]\n", "[sender]\nwarm_up = 5\n", 1), "utf-8")
        workspace = opened(root, Clock(NOON))
        workspace.taken = server.addresses  # type: ignore[attr-defined]
        try:
            yield workspace
        finally:
            workspace.close()


def state(workspace: Newsroom) -> ledger.Send:
    with workspace.database.read() as connection:
        return ledger.sends(connection)[-1]


def taken(workspace: Newsroom) -> Counter[str]:
    counts: Counter[str] = workspace.taken()  # type: ignore[attr-defined]
    return counts


def test_so_many_each_day_and_everybody_once(newsroom: Newsroom) -> None:
    freeze(newsroom)
    for letters in (5, 15):
        send = state(newsroom)
        delivery.run(newsroom.setup_of(send), send, lambda *_: None)
        send = state(newsroom)
        assert taken(newsroom).total() == letters
        assert (send.state, send.paused_by) == ("paused", "warm-up")
        assert "may go on the next day" in send.reason
        assert send.probe_at is not None
        # By an editor's hand on the same day: nothing more.
        delivery.run(newsroom.setup_of(send), send, lambda *_: None)
        assert taken(newsroom).total() == letters
        newsroom.clock.forward(days=1)
    send = state(newsroom)
    delivery.run(newsroom.setup_of(send), send, lambda *_: None)
    assert taken(newsroom) == Counter(f"reader{number}@example.net" for number in range(READERS))
    assert state(newsroom).state == "finished"


def test_a_worker_goes_on_by_itself_and_small_letters_do_not_count(newsroom: Newsroom) -> None:
    freeze(newsroom)
    Worker(newsroom, tell=lambda _: None).once()
    assert taken(newsroom).total() == 5
    delivery.send_test(newsroom.delivery_setup, LETTER, "editor@example.org")
    Worker(newsroom, tell=lambda _: None).once()
    assert taken(newsroom).total() == 6
    newsroom.clock.forward(days=1)
    with newsroom.database.write() as connection:
        connection.execute(update(sends).values(probe_at=1.0))
    Worker(newsroom, tell=lambda _: None).once()
    assert taken(newsroom).total() == 16
    assert state(newsroom).paused_by == "warm-up"


def test_what_the_provider_did_not_take_is_no_letter_of_the_day(root: Path, tmp_path: Path) -> None:
    with standin.running(tmp_path, faults={"429": 1.0}, first=3) as server:
        path = root / "newsletter.toml"
        lines = f'[sendgrid]\nhost = "{server.host}"\nkey = "SG.test"\nbatch = 4\n'
        text = path.read_text("utf-8").replace('kind = "outbox"', 'kind = "sendgrid"\nwarm_up = true')
        path.write_text(with_settings(text, lines), "utf-8")
        with open_workspace(root, {}) as workspace:
            assert workspace.settings.sender.warm_up == 200
            send = freeze(workspace)
            delivery.run(workspace.delivery_setup, send, lambda *_: None)
            with workspace.database.read() as connection:
                day = workspace.now().astimezone(workspace.zone).toordinal()
                today = ledger.warm_up_day(connection, workspace.account, day=day, first=200)
            assert (today.used, server.addresses().total()) == (READERS, READERS)


def test_a_wrong_plan_is_told(tmp_path: Path) -> None:
    make(tmp_path / "w", 0, batch=2)
    path = tmp_path / "w" / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("[sender]\n", "[sender]\nwarm_up = -5\n", 1), "utf-8")
    with pytest.raises(SettingsError, match="warm_up"), open_workspace(tmp_path / "w", {}):
        pass


def test_the_command_says_that_the_rest_waits_and_that_is_no_error(tmp_path: Path) -> None:
    root = tmp_path / "w"
    make_workspace(root, readers=5)
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("[sender]\n", "[sender]\nwarm_up = 2\n", 1), "utf-8")
    for sent_now in (2, 0):
        done = here("-C", root, "send", "--yes")
        assert done.code == 0, done
        assert f"2 submitted. {sent_now} letters now" in done.err
        assert "waits for the next day: warm-up: 2 letters went today" in done.err
        assert "3 of 5 are still to go" in done.err
    assert len(list((root / "outbox" / "new").iterdir())) == 2
