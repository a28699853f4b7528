"""A send that its provider stops, and letters that it puts off, by the real commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import smtp_standin
import standin
from command import here
from test_answers_journey import outcome, through_sendgrid, workspace_of
from test_senders_smtp import configure

from newsletter.wiring import open_workspace


def test_a_send_that_is_stopped_ends_with_5_and_says_why_when_and_by_whom(tmp_path: Path) -> None:
    root, trouble = workspace_of(tmp_path / "w", 8, batch=4), tmp_path / "trouble"
    trouble.touch()
    with standin.running(tmp_path, faults={"401": 1.0}, **{"while": str(trouble)}) as server:
        through_sendgrid(root, server.host)
        done = here("-C", root, "send", "1", "--yes")
        assert done.code == 5, done.err
        assert "(401)" in done.err
        assert "The send is paused, and may be tried again from " in done.err
        assert "no worker runs" in done.err
        send, account = outcome(root)
        assert (send.state, send.paused_by, account.queued) == ("paused", "provider", 8)
        # A command of cron waits for its time, an editor's does not; and it tells the reason first.
        assert here("-C", root, "weekly", "--yes").code == 5
        assert outcome(root)[0].probes == 1
        again = here("-C", root, "send", "1", "--yes")
        assert again.code == 5
        assert "It was stopped: SendGrid says: as planned (401). One letter is tried first." in again.err
        shown = here("-C", root, "sends", "show", "1").out
        assert "paused_by\tprovider" in shown
        assert re.search(r"^tried_again\t\d{4}-\d\d-\d\d \d\d:\d\d \S+$", shown, re.M)
        assert outcome(root)[0].probes == 2
        trouble.unlink()
        done = here("-C", root, "send", "1", "--yes")
        assert done.code == 0, done.err
        assert set(server.addresses().values()) == {1}
        assert len(server.addresses()) == 8


def test_an_editor_stops_the_trials_of_a_send_that_its_provider_has_stopped(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", 8, batch=4)
    with standin.running(tmp_path, faults={"401": 1.0}) as server:
        through_sendgrid(root, server.host)
        here("-C", root, "send", "1", "--yes")
        assert "or now with: newsletter send 1\t" in here("-C", root, "status").out
        assert here("-C", root, "sends", "pause", "1").code == 0
        send, _ = outcome(root)
        assert (send.state, send.paused_by, send.probe_at) == ("paused", "editor", None)
        done = here("-C", root, "send", "1", "--yes")
        assert done.code == 5
        assert "Nothing sent now. Issue 1 is paused: by an editor." in done.err
        # Once more changes nothing, and is told.
        assert here("-C", root, "sends", "pause", "1").code == 1
        assert here("-C", root, "sends", "resume", "1").code == 0
    assert outcome(root)[0].state == "running"


def test_a_send_that_stops_with_letters_in_doubt_is_not_called_unsent(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", 120, batch=50)
    with standin.running(tmp_path, faults={"500": 1.0}) as server:
        through_sendgrid(root, server.host)
        done = here("-C", root, "send", "1", "--yes")
    send, account = outcome(root)
    assert account.unknown > 0
    assert done.code == 75, done.err
    letters = f"{account.unknown} letter" + ("s" if account.unknown > 1 else "")
    assert f"Nobody knows whether {letters} went; see: newsletter sends unknown {send.public_id}" in done.err


@pytest.mark.slow
def test_60_readers_that_are_greylisted_are_served_within_a_minute(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", 60, batch=20)
    with smtp_standin.running(tmp_path, greylist=10) as server:
        configure(root, server)
        done = here("-C", root, "send", "1", "--yes")
        assert done.code == 0, done.err
        assert server.faults() == []
        assert len(server.addresses()) == 60
        assert set(server.addresses().values()) == {1}
    send, _ = outcome(root)
    assert send.finished is not None
    assert (send.finished - send.created).total_seconds() <= 60
    with open_workspace(root, {}) as workspace:
        assert workspace.settings.sender.first_batch == 50
