"""A domain with a pace of its own: as fast as that and no faster, nobody else waits, and few batches are made of it."""

from __future__ import annotations

import contextlib
import heapq
import json
import random
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import smtp_standin
import standin
from command import here
from conftest import MakeDatabase
from hypothesis import given
from hypothesis import strategies as st
from newsroom import crowd
from settings_text import with_settings
from sqlalchemy import Connection, func, select
from test_deliver import make
from test_postgresql import populated
from test_senders_smtp import configure
from test_worker import freeze

from newsletter import delivery, ledger
from newsletter.errors import SettingsError
from newsletter.ledger import cutting, domain_rate, leases
from newsletter.storage.tables import batch
from newsletter.storage.tables import delivery as delivery_table
from newsletter.wiring import Workspace, open_workspace


class Hours:
    """A clock of the database, put where the test wants it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000.0
        monkeypatch.setattr(domain_rate, "clock", lambda _: self.now)


def simulate(
    connection: Connection, hours: Hours, batches: list[int], per_minute: float, sends: int = 1
) -> tuple[list[tuple[float, int]], int]:
    """Hand batches out as a worker does; gives moment and letters of each that went, and how many pieces were made."""
    chance = random.Random(7)
    waiting = [(hours.now, number, number % sends, size) for number, size in enumerate(batches)]
    heapq.heapify(waiting)
    went, pieces, start = [], 0, hours.now
    while waiting:
        due, _, send, size = heapq.heappop(waiting)
        # A worker looks once in a second.
        hours.now = max(hours.now, due) + chance.uniform(0, 0.5)
        share = ledger.take_domains(connection, send, {"gmail.com": size}, {"gmail.com": per_minute})["gmail.com"]
        assert share.now + sum(count for count, _ in share.later) == size
        assert all(0 < seconds <= domain_rate.FARTHEST + 3600 / per_minute for _, seconds in share.later)
        if share.now:
            went.append((hours.now - start, share.now))
        for count, seconds in share.later:
            pieces += 1
            heapq.heappush(waiting, (hours.now + seconds, len(batches) + pieces, send, count))
    return went, pieces


@pytest.mark.parametrize("per_minute", [1, 20, 300, 6000])
def test_it_is_kept_within_a_few_per_cent(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, per_minute: int
) -> None:
    hours = Hours(monkeypatch)
    size = min(1000, per_minute * 25)
    batches = [size] * 6
    went, pieces = simulate(connection, hours, batches, per_minute)
    assert sum(count for _, count in went) == sum(batches)
    took = went[-1][0]
    fair = sum(batches) / per_minute * 60
    assert fair * 0.97 - 35 < took < fair * 1.05 + 5
    bucket = max(per_minute / 2, 1)
    for start, _ in went:
        minute = sum(count for at, count in went if start <= at < start + 60)
        assert minute <= 1.05 * per_minute + bucket * (1 + domain_rate._SLACK) + 1
    # Each slice goes once, but for those that shared a moment with another.
    assert pieces <= 1.6 * sum(batches) / max(int(bucket), 1) + 6 * len(batches)


def test_two_sends_share_it(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    went, _ = simulate(connection, Hours(monkeypatch), [200] * 4, 100, sends=2)
    assert sum(count for _, count in went) == 800
    assert 7.2 * 60 < went[-1][0] < 8.5 * 60


def test_what_was_planned_for_a_time_that_passed_asleep_goes_no_faster(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = Hours(monkeypatch)
    share = ledger.take_domains(connection, 1, {"gmail.com": 500}, {"gmail.com": 60})["gmail.com"]
    assert share.now == 34
    hours.now += 7200
    # All slices are due at once: they stand in line anew.
    went, pieces = simulate(connection, hours, [count for count, _ in share.later], 60)
    assert sum(count for _, count in went) == 500 - 34
    assert went[-1][0] > (500 - 34 - 40) * 0.95
    assert pieces < 4 * len(share.later)


@given(st.integers(1, 3000), st.floats(0.1, 10_000), st.floats(0, 100))
def test_slices_hold_every_letter_in_order(number: int, per_minute: float, start: float) -> None:
    rate = per_minute / 60
    later, planned = domain_rate._slices(number, 1000 + start, 1000, rate, max(int(rate * domain_rate.SLICE), 1))
    assert sum(count for count, _ in later) == number
    assert [seconds for _, seconds in later] == sorted(seconds for _, seconds in later) or later[-1][1] == 5400
    assert planned >= 1000 + start
    assert len(later) <= 1 + max(number, 1)


def test_lines_of_long_ago_are_forgotten(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = Hours(monkeypatch)
    ledger.take_domains(connection, 1, {"gmail.com": 500}, {"gmail.com": 60})
    assert ledger.forget_lines(connection) == 0
    hours.now += 8 * 86400
    assert ledger.forget_lines(connection) == 1


# ---- letters


def readers(workspace: Workspace, gmail: int, others: int) -> None:
    with workspace.database.write() as connection:
        addresses = [f"reader{number}@GMail.com" for number in range(gmail)]
        crowd(connection, workspace, [*addresses, *(f"reader{number}@example.net" for number in range(others))])


def paced(root: Path, lines: str) -> None:
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8") + f"\n[sender.pace]\n{lines}\n", "utf-8")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["sqlite", "postgresql"])
def root(request: pytest.FixtureRequest, tmp_path: Path, ready_urls: MakeDatabase) -> Path:
    root = populated(tmp_path / "w", request.param, ready_urls, batch=20, readers=0)
    with open_workspace(root, {}) as workspace:
        readers(workspace, 40, 30)
    return root


def deliver_with(root: Path, threads: int) -> None:
    """As many processes as that would be, each with a workspace of its own."""
    problems: list[BaseException] = []

    def run() -> None:
        try:
            with open_workspace(root, {}) as workspace:
                with workspace.database.read() as connection:
                    (send,) = ledger.sends(connection)
                delivery.run(workspace.delivery_setup, send, lambda *_: None)
        except BaseException as error:
            problems.append(error)

    every = [threading.Thread(target=run) for _ in range(threads)]
    for one in every:
        one.start()
    for one in every:
        one.join(60)
    assert problems == []


def judge(root: Path, addresses: list[str]) -> None:
    """Everybody once; the slow ones behind the others; few batches."""
    assert Counter(addresses) == Counter(
        [f"reader{n}@gmail.com" for n in range(40)] + [f"reader{n}@example.net" for n in range(30)]
    )
    last_other = max(number for number, one in enumerate(addresses) if one.endswith("example.net"))
    assert sum(one.endswith("gmail.com") for one in addresses[:last_other]) < 20
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        assert [send.state for send in ledger.sends(connection)] == ["finished"]
        assert connection.execute(select(func.count()).select_from(batch)).scalar_one() < 40


@pytest.mark.parametrize("processes", [1, 2])
def test_through_sendgrid(root: Path, tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_rate, "SLICE", 0.5)
    paced(root, '"GMAIL.com." = 600')
    with standin.running(tmp_path) as server:
        path = root / "newsletter.toml"
        text = path.read_text("utf-8").replace('kind = "outbox"', 'kind = "sendgrid"')
        path.write_text(with_settings(text, f'[sendgrid]\nhost = "{server.host}"\nkey = "SG.test"\n'))
        with open_workspace(root, {}) as workspace:
            freeze(workspace)
        deliver_with(root, processes)
        judge(root, [one["address"].lower() for one in server.taken()])
        requests = Counter(one["nashra_request"] for one in server.taken() if "gmail" in one["address"].lower())
        assert max(requests.values()) <= 6


def waiting_batches(workspace: Workspace) -> list[int]:
    """How many deliveries each batch has that is still to go."""
    with workspace.database.read() as connection:
        members = (
            select(func.count(delivery_table.c.id))
            .select_from(batch.outerjoin(delivery_table, delivery_table.c.batch_id == batch.c.id))
            .where(batch.c.state == "queued")
            .group_by(batch.c.id)
        )
        return sorted(connection.execute(members).scalars())


@pytest.mark.parametrize("slow", ["all", "few"])
def test_a_slow_pace_on_a_large_list_makes_no_more_batches_than_it_had(
    tmp_path: Path, ready_urls: MakeDatabase, monkeypatch: pytest.MonkeyPatch, slow: str, database_kind: str
) -> None:
    """Day after day what waits is dealt anew: it is as many batches as before, of the hours that are given at most."""
    letters = 600 if slow == "all" else 1200
    root = populated(tmp_path / "w", database_kind, ready_urls, batch=50, readers=0)
    monkeypatch.setattr(domain_rate, "FARTHEST", 6 * domain_rate.SLICE)
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            gmail = [slow == "all" or number % 10 == 0 for number in range(letters)]
            domains = ["gmail.com" if one else "example.net" for one in gmail]
            crowd(connection, workspace, [f"reader{number}@{domain}" for number, domain in enumerate(domains)])
        paced(root, '"gmail.com" = 4')  # two in each half minute
    hours = Hours(monkeypatch)
    monkeypatch.setattr(leases, "clock", lambda _: hours.now)
    monkeypatch.setattr(cutting, "clock", lambda _: hours.now)
    with open_workspace(root, {}) as workspace:
        send = freeze(workspace)
        setup = workspace.delivery_setup
        frozen = letters // 50
        totals = []
        for _ in range(12):
            # What is due now, as a worker does it: nobody waits for what is due later.
            ended = replace(setup, patience=0.0, sleep=lambda _: None)
            with contextlib.suppress(delivery.LettersWaitingError):
                delivery.run(ended, send, lambda *_: None)
            waiting = waiting_batches(workspace)
            assert 0 not in waiting
            # Those of the hours that are given, and those of the remainder, which hold as many as a batch may.
            assert len(waiting) <= (frozen + 8 if slow == "all" else 10), waiting
            with workspace.database.read() as connection:
                totals.append(connection.execute(select(func.count()).select_from(batch)).scalar_one())
            hours.now += domain_rate.FARTHEST + 1
        with workspace.database.read() as connection:
            taken = ledger.account(connection, send.id).submitted
    went = taken - (0 if slow == "all" else 1080)
    assert 0 < went <= 12 * 16
    # One more for each few letters that went, and none for those that wait.
    assert totals[-1] - totals[0] <= went + 12


def test_over_smtp(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_rate, "SLICE", 0.5)
    paced(root, '"gmail.com" = 600')
    with smtp_standin.running(tmp_path) as server:
        configure(root, server, "connections = 2")
        with open_workspace(root, {}) as workspace:
            freeze(workspace)
        deliver_with(root, 1)
        judge(root, [one["to"].lower() for one in server.taken()])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('"gmail" = 20', "a domain in quotes is wanted"),
        ("gmail.com = 20", "a domain"),
        ('"gmail.com" = 0', "greater than or equal to 0.1"),
        ('"gmail.com" = 20\n"GMAIL.com." = 10', "gmail.com is there twice"),
        ('"مثال.إختبار" = "fast"', "valid number"),
    ],
)
def test_a_wrong_pace_is_told(tmp_path: Path, lines: str, words: str) -> None:
    make(tmp_path / "w", 0, batch=2)
    paced(tmp_path / "w", lines)
    with pytest.raises(SettingsError, match="pace"), open_workspace(tmp_path / "w", {}):
        pass
    assert words in here("-C", tmp_path / "w", "sends", "list").err or words == "a domain"


def test_domains_of_any_script_are_kept_as_addresses_have_them(tmp_path: Path) -> None:
    make(tmp_path / "w", 0, batch=2)
    paced(tmp_path / "w", '"مثال.إختبار" = 5')
    with open_workspace(tmp_path / "w", {}) as workspace:
        assert json.dumps(dict(workspace.settings.sender.pace)) == '{"xn--mgbh0fb.xn--kgbechtv": 5.0}'
