"""The report counts every delivery once, and what became of it as far as the provider told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from command import complains, here
from hypothesis import given
from hypothesis import strategies as st
from newsroom import START, Clock, WordPress, make, open_newsroom, posts, subscribe
from test_ledger import freeze

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.events.apply import receive
from newsletter.report import counts as report
from newsletter.report import read
from newsletter.report.models import BOUNCES, EVENTS, STATES, DeliveryCounts, Report, ReportPart
from newsletter.report.plain import plain_issue
from newsletter.senders.reports import EventReport as Told
from newsletter.storage.database import Database
from newsletter.wiring import Workspace
from newsletter.workflows import latest, weekly
from newsletter.workflows.collect import gather
from subscribers import actions, store
from subscribers.models import Event, EventKind

counts = st.builds(
    DeliveryCounts,
    **{name: st.integers(0, 1000) for name in (*STATES, *EVENTS)},
    reasons=st.dictionaries(st.sampled_from(["bounced before", "paused"]), st.integers(1, 9)),
    bounces=st.dictionaries(st.sampled_from(["hard", "policy"]), st.integers(1, 9)),
)


@given(st.lists(st.tuples(st.sampled_from(["weekly", "daily"]), st.sampled_from(["", "-1"]), counts), max_size=6))
def test_parts_add_up(parts: list[tuple[str, str, DeliveryCounts]]) -> None:
    made = Report("1", "عدد", ("finished",), tuple(ReportPart("s", "readers", *one) for one in parts))
    for name in (*STATES, *EVENTS):
        total = sum(getattr(one, name) for *_, one in parts)
        assert getattr(made.total, name) == total
        for what in ("rhythm", "variant", "list", "send"):
            assert sum(getattr(one, name) for one in made.by(what).values()) == total
    told = "\n".join(report.lines(made))
    for kind in ("hard", "policy"):
        count = sum(one.bounces.get(kind, 0) for *_, one in parts)
        assert made.total.bounces.get(kind, 0) == count
        assert (f"{count:,} bounced {BOUNCES[kind]}" in told) == (count > 0)
    assert made.total.audience == sum(one.audience for *_, one in parts)
    assert json.loads(json.dumps(plain_issue(made)))["total"]["audience"] == made.total.audience


def test_an_undone_send_is_told_of_when_there_is_no_other(database: Database) -> None:
    with database.write() as connection:
        with pytest.raises(SendError, match="nothing was sent yet"):
            read.of_issue(connection, "1")
        store.add_list(connection, "readers", "نشرة", now=START)
        send = freeze(connection, audience=range(1, 3))
        assert ledger.cancel(connection, send).undone
    with database.read() as connection:
        gone = read.of_issue(connection, send.public_id)
        assert (gone.total.audience, gone.total.cancelled, gone.clicks_counted) == (2, 2, False)
        with pytest.raises(SendError, match="nothing was sent yet"):
            read.of_issue(connection, "")


@pytest.mark.parametrize(("part", "whole", "words"), [(1, 8, "12.5 %"), (0, 5, "0.0 %"), (0, 0, "–")])
def test_shares(part: int, whole: int, words: str) -> None:
    assert report.share(part, whole) == words


def tell(workspace: Workspace, send_id: int, numbers: list[int], kind: EventKind, **more: object) -> None:
    """What a provider reports of the first, second … delivery of a send."""
    from sqlalchemy import select

    from newsletter.storage.tables import batch, delivery, send

    with workspace.database.read() as connection:
        public_id = connection.execute(select(send.c.public_id).where(send.c.id == send_id)).scalar_one()
        query = select(delivery.c.id).join(batch, batch.c.id == delivery.c.batch_id).where(batch.c.send_id == send_id)
        ids = list(connection.execute(query.order_by(delivery.c.id)).scalars())
    told = [
        Told(Event(kind, workspace.now(), f"{public_id}.{ids[number]}", **more), "")  # type: ignore[arg-type]
        for number in numbers
    ]
    for _ in range(2):  # a provider tells everything twice
        receive(
            workspace.database,
            told,
            now=workspace.now(),
            link_keys=workspace.keys.tokens,
            suppression_keys=workspace.keys.suppression,
        )


@pytest.mark.slow
def test_what_became_of_an_issue(tmp_path: Path) -> None:
    root = make(tmp_path / "w", readers=10)
    clock = Clock(START + timedelta(days=1))
    with open_newsroom(root, clock, WordPress(posts(20, 20), clock)) as workspace:
        with workspace.database.write() as connection:
            for number in range(2):
                subscribe(connection, workspace, f"daily{number}@example.net", START, "daily")
        week = weekly.prepare(workspace)
        send = weekly.freeze_week(workspace, week)
        assert send is not None
        with workspace.database.write() as connection:
            actions.leave(connection, 10, 1, now=clock.now, how="page")  # after the freezing, before the letter
        outcome = weekly.run(workspace)
        assert outcome.sent_now == 9
        clock.forward(hours=1)
        tell(workspace, send.id, [0, 1, 2, 3, 4], "delivered")
        tell(workspace, send.id, [5, 7], "bounced", bounce="hard")
        tell(workspace, send.id, [6], "bounced", bounce="policy")
        tell(workspace, send.id, [1], "complained")
        tell(workspace, send.id, [0, 2], "opened")
        with workspace.database.write() as connection:
            for who in (3, 4):
                actions.leave(connection, who, 1, now=clock.now, how="one click")
        clock.forward(days=1)
        gather(workspace)
        latest.run(workspace, "daily")
        clock.forward(days=6)
        weekly.run(workspace)
        with workspace.database.write() as connection:
            actions.leave(connection, 5, 1, now=clock.now, how="one click")  # after the second issue: that one's
        with workspace.database.read() as connection:
            first, second = read.of_issue(connection, "1"), read.of_issue(connection, "")
            daily = read.of_issue(connection, "readers/daily/2026-11-04")
            by_send = read.of_issue(connection, send.public_id)
    assert first == by_send
    assert first.total == DeliveryCounts(
        submitted=9,
        skipped=1,
        delivered=5,
        bounced=3,
        complained=1,
        left=first.total.left,
        reasons={"no longer subscribed": 1},
        bounces={"hard": 2, "policy": 1},
        leaving={"none": first.total.left},
    )
    # Two left by the page; who complained is taken off the list as well.
    assert first.total.left in {2, 3}
    assert [(part.rhythm, part.variant, part.counts.audience) for part in first.parts] == [("weekly", "", 10)]
    assert (second.issue, second.total.left) == ("2", 1)
    assert (daily.total.submitted, daily.by("rhythm").keys()) == (2, {"daily"})
    lines = report.lines(first)
    assert lines[0].startswith("Issue 1 «الموجة: ")
    assert lines[1] == "Audience 10: 9 submitted, 0 refused, 0 unknown, 1 skipped, 0 still to go."
    assert lines[2] == "  1 no longer subscribed"
    assert lines[3].startswith("Of those submitted: 5 delivered (55.6 %), 3 bounced (33.3 %), 1 complained (11.1 %), ")


def test_an_issue_that_went_twice_is_told_by_rhythm(tmp_path: Path) -> None:
    from newsletter.workflows import plan

    root = make(tmp_path / "w", readers=2)
    clock = Clock(START + timedelta(days=1))
    with open_newsroom(root, clock, WordPress(posts(20, 20), clock)) as workspace:
        with workspace.database.write() as connection:
            subscribe(connection, workspace, "daily@example.net", START, "daily")
        outcome = weekly.run(workspace)
        assert outcome.week.plan is not None
        again = plan.make(workspace, outcome.week.plan.issue, list_name="", rhythm="all")
        assert again.audience == 1
        plan.freeze_plan(workspace, again)
        with workspace.database.read() as connection:
            found = read.of_issue(connection, "1")
            assert [one.state for one in ledger.sends(connection)] == ["finished", "running"]
    assert {name: one.audience for name, one in found.by("rhythm").items()} == {"weekly": 2, "all": 1}
    assert (found.total.open, found.states) == (1, ("finished", "running"))
    assert replace(found.parts[0].counts, submitted=0).audience == 0


def test_the_command(tmp_path: Path) -> None:
    root = make(tmp_path / "w", readers=1)
    complains(here("-C", root, "report"), "nothing was sent yet", "newsletter weekly")
    clock = Clock(START + timedelta(days=1))
    with open_newsroom(root, clock, WordPress(posts(20, 20), clock)) as workspace:
        weekly.run(workspace)
    done = here("-C", root, "report")
    assert done.code == 0, done
    lines = done.out.splitlines()
    assert lines[:3] == [
        "about\theading\tlabel\tnumber\tshare\twords",
        "issue 1\taudience\taudience\t1\t\t",
        "issue 1\taudience\tsubmitted\t1\t1.0000\t",
    ]
    assert {line.count("\t") for line in lines} == {5}, "each number has all of its labels"
    assert "█" not in done.out
    assert "Audience 1: 1 submitted" in done.err
    assert "delivered (" not in done.err  # an outbox tells nothing
    complains(here("-C", root, "report", "9"), "nothing was sent that is called '9'", "newsletter sends list")
