"""A 400 that names nothing is halved only while halves are taken, and is no word about readers; the real command."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import standin
from test_answers_journey import outcome, sent, through_sendgrid, workspace_of


@pytest.mark.parametrize("fault", ["400_no_field", "400_html", "400_empty"])
def test_a_400_that_names_nothing_refuses_nobody_and_stops_the_send(tmp_path: Path, fault: str) -> None:
    root = workspace_of(tmp_path / "w", 200, batch=100)
    with standin.running(tmp_path, faults={fault: 1.0}) as server:
        through_sendgrid(root, server.host)
        done = sent(root)
        assert server.taken() == []
    send, account = outcome(root)
    assert (account.queued, account.refused, account.unknown) == (200, 0, 0)
    assert send.state != "finished"
    assert done.code != 0
    assert "(400)" in done.err
    assert ("SendGrid says" in done.err) == (fault == "400_no_field")


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["400_no_field", "400_html"])
def test_a_glitch_of_some_seconds_refuses_nobody(tmp_path: Path, fault: str) -> None:
    root = workspace_of(tmp_path / "w", 2000, batch=500)
    with standin.running(tmp_path, faults={fault: 1.0}, seconds=3) as server:
        through_sendgrid(root, server.host)
        for _ in range(30):
            done = sent(root)
            _, account = outcome(root)
            assert (account.refused, account.unknown) == (0, 0), done.err
            if account.submitted == 2000:
                break
            time.sleep(0.2)
        assert done.code == 0, done.err
        assert len(server.addresses()) == 2000
        assert set(server.addresses().values()) == {1}


@pytest.mark.slow
def test_poison_that_is_not_named_is_refused_alone(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", 2000, batch=500, bad={700: "poison-", 1500: "poison-"})
    with standin.running(tmp_path, mute_poison=True) as server:
        through_sendgrid(root, server.host)
        for _ in range(5):
            done = sent(root)
            if outcome(root)[0].state == "finished":
                break
        assert len(server.addresses()) == 1998
    _, account = outcome(root)
    assert (account.submitted, account.refused, account.unknown) == (1998, 2, 0), done.err
