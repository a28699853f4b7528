"""Whole sends by the real command in which a provider refuses addresses while nobody, or nobody else, is taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import smtp_standin
import standin
from command import here
from test_answers_journey import outcome, sent, through_sendgrid, workspace_of
from test_senders_smtp import configure

from newsletter.delivery import DeliverySetup
from newsletter.wiring import Workspace

GONE = "550 5.1.1 no such user"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter that was put off comes again after a moment, not after ten seconds."""
    setup = Workspace._setup

    def impatient(*given: Any) -> DeliverySetup:
        return replace(setup(*given), put_off=0.05)

    monkeypatch.setattr(Workspace, "_setup", impatient)


@contextmanager
def through(kind: str, root: Path, batch: int, *, lost: bool = False) -> Iterator[Any]:
    """A provider that refuses readers whose address begins with poison, or everybody."""
    before = (root / "newsletter.toml").read_text("utf-8")
    if kind == "smtp":
        with smtp_standin.running(root.parent, answers={"RCPT": GONE} if lost else {}) as server:
            configure(root, server, f"batch = {batch}")
            yield server
    else:
        with standin.running(root.parent, faults={"400_first": 1.0} if lost else {}) as other:
            through_sendgrid(root, other.host, f"batch = {batch}")
            yield other
    (root / "newsletter.toml").write_text(before, "utf-8")


@pytest.mark.parametrize("batch", [1, 3, 5, 50])
@pytest.mark.parametrize("kind", ["smtp", "sendgrid"])
def test_a_provider_that_knows_nobody_refuses_nobody_however_small_its_batches(
    tmp_path: Path, kind: str, batch: int
) -> None:
    root = workspace_of(tmp_path / "w", 60, batch=batch)
    with through(kind, root, batch, lost=True):
        for _ in range(3):
            done = sent(root)
            send, account = outcome(root)
            assert (account.queued, account.refused, account.unknown) == (60, 0, 0)
            assert (send.state, send.paused_by, done.code) == ("paused", "provider", 5)
            assert done.err.count("nobody was taken") or "no such user" in done.err or "Bad Request" in done.err


@pytest.mark.parametrize("bad", [1, 4, 10])
@pytest.mark.parametrize("kind", ["smtp", "sendgrid"])
def test_bad_addresses_that_are_tried_once_more_by_themselves_are_refused_once_more(
    tmp_path: Path, kind: str, bad: int
) -> None:
    root = workspace_of(tmp_path / "w", 30, batch=50, bad=dict.fromkeys(range(1, 2 * bad, 2), "poison-"))
    with through(kind, root, 50):
        assert sent(root).code == 4
        for _ in range(2):
            send, account = outcome(root)
            assert (send.state, account.submitted, account.refused) == ("finished", 30 - bad, bad)
            assert here("-C", root, "sends", "resume", "1", "--resend-refused", "--yes").code == 0
            assert outcome(root)[1].queued == bad
            done = sent(root)
            assert done.code == 4, done.err
    send, account = outcome(root)
    assert (send.state, account.submitted, account.refused, account.queued) == ("finished", 30 - bad, bad, 0)


@pytest.mark.parametrize("readers", [1, 3, 4])
@pytest.mark.parametrize("kind", ["smtp", "sendgrid"])
def test_a_send_of_which_nothing_ever_went_rests_with_the_reason(tmp_path: Path, kind: str, readers: int) -> None:
    root = workspace_of(tmp_path / "w", readers, batch=50, bad=dict.fromkeys(range(readers), "poison-"))
    with through(kind, root, 50):
        done = sent(root)
    send, account = outcome(root)
    assert (send.state, send.paused_by, account.queued, account.refused) == ("paused", "provider", readers, 0)
    assert done.code == 5, done.err
    assert "nobody was taken" in send.reason
    assert send.reason in done.err


def test_a_mail_server_that_forgets_its_readers_in_mid_send_refuses_nobody_by_small_batches(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", 90, batch=3, bad=dict.fromkeys(range(20, 90), "poison-"))
    with through("smtp", root, 3):
        sent(root)
    send, account = outcome(root)
    # The batch in which it forgot them had taken somebody: what it refuses beside that is believed.
    assert (send.state, account.submitted, account.refused <= 2) == ("paused", 20, True), account
