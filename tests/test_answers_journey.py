"""Whole sends by the real command, through providers whose answers are about something other than their readers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import smtp_standin
import standin
from command import Done, here
from settings_text import with_settings
from test_deliver import make, write_issue
from test_senders_smtp import configure

from newsletter import ledger
from newsletter.ledger import Send, SendCounts
from newsletter.wiring import open_workspace

BLOCKED = "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example"


def workspace_of(root: Path, readers: int, *, batch: int, bad: Mapping[int, str] | None = None) -> Path:
    """A workspace with an issue; readers by number whose address begins with something else."""
    make(root, 0, batch=batch)
    names = bad or {}
    addresses = [f"{names.get(number, '')}reader{number}@example.net" for number in range(readers)]
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        for address in addresses:
            connection.exec_driver_sql(
                "INSERT INTO subscriber (address, address_key, public_id, needs_smtputf8, created) "
                "VALUES (?, ?, randomblob(16), 0, 0)",
                (address, address),
            )
        connection.exec_driver_sql(
            "INSERT INTO subscription (list_id, subscriber_id, status, rhythm, created, changed) "
            "SELECT 1, id, 'confirmed', 'weekly', 0, 0 FROM subscriber"
        )
    write_issue(root)
    return root


def through_sendgrid(root: Path, host: str, *lines: str) -> None:
    path = root / "newsletter.toml"
    text = path.read_text("utf-8").replace('kind = "outbox"', 'kind = "sendgrid"')
    section = "\n".join((f'host = "{host}"', *lines))
    path.write_text(with_settings(text, f"[sendgrid]\n{section}\n"), "utf-8")
    (root / "secrets" / "sendgrid.key").write_text("SG.test\n", "utf-8")


def sent(root: Path) -> Done:
    return here("-C", root, "send", "1", "--yes")


def outcome(root: Path) -> tuple[Send, SendCounts]:
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        (send,) = ledger.sends(connection)
        return send, ledger.account(connection, send.id)


# ---- SendGrid


@pytest.mark.parametrize(
    ("fault", "words"),
    [("400_first", "Bad Request"), ("401", "as planned (401)"), ("404", "(404)")],
)
def test_an_answer_that_is_not_about_readers_refuses_none_and_the_send_stops(
    tmp_path: Path, fault: str, words: str
) -> None:
    root, trouble = workspace_of(tmp_path / "w", 200, batch=100), tmp_path / "trouble"
    trouble.touch()
    with standin.running(tmp_path, faults={fault: 1.0}, **{"while": str(trouble)}) as server:
        through_sendgrid(root, server.host)
        done = sent(root)
        assert server.taken() == []
        send, account = outcome(root)
        assert (account.queued, account.refused, account.unknown) == (200, 0, 0)
        assert send.state != "finished"
        assert done.code != 0
        assert words in done.err
        # And when the trouble is over, everybody gets it once.
        trouble.unlink()
        if send.state == "paused":
            here("-C", root, "sends", "resume", "1")
        done = sent(root)
        assert done.code == 0, done
        assert set(server.addresses().values()) == {1}
        assert len(server.addresses()) == 200


def test_poison_that_is_named_is_refused_alone(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", 2000, batch=500, bad={700: "poison-", 1500: "poison-"})
    with standin.running(tmp_path) as server:
        through_sendgrid(root, server.host)
        done = sent(root)
        assert len(server.addresses()) == 1998
    _, account = outcome(root)
    assert (account.submitted, account.refused, account.unknown) == (1998, 2, 0), done.err


# ---- SMTP


@pytest.mark.parametrize("command", ["RCPT", "."])
def test_a_mail_server_that_blocks_us_refuses_nobody(tmp_path: Path, command: str) -> None:
    root = workspace_of(tmp_path / "w", 60, batch=50)
    with smtp_standin.running(tmp_path, answers={command: BLOCKED}) as server:
        configure(root, server)
        done = sent(root)
    send, account = outcome(root)
    assert (account.queued, account.refused, account.unknown) == (60, 0, 0)
    assert send.state != "finished"
    assert done.code != 0
    assert BLOCKED in done.err


def test_a_bad_mailbox_among_good_ones_is_refused_alone(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", 60, batch=25, bad={30: "poison-"})
    with smtp_standin.running(tmp_path) as server:
        configure(root, server)
        done = sent(root)
        assert len(server.addresses()) == 59
    send, account = outcome(root)
    assert (account.submitted, account.refused, send.state) == (59, 1, "finished"), done.err


def test_a_mail_server_that_relays_to_all_but_one_gets_the_letters_of_the_others(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", 12, batch=50, bad={4: "full"})
    settings = root / "newsletter.toml"
    text = settings.read_text("utf-8")
    assert "[sender]\n" in text
    settings.write_text(text.replace("[sender]\n", "[sender]\npatience = 3\n"), "utf-8")
    with smtp_standin.running(tmp_path, refuses={"full": "550 5.7.1 relaying denied"}) as server:
        configure(root, server)
        done = sent(root)
        assert len(server.addresses()) == 11, done.err
    _, account = outcome(root)
    assert (account.submitted, account.queued, account.refused) == (11, 1, 0)
    assert done.code == 75


def test_a_trial_that_fails_for_its_reader_alone_makes_room_for_another_one(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", 12, batch=50, bad={0: "full"})
    settings = root / "newsletter.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("[sender]\n", "[sender]\npatience = 3\n"), "utf-8")
    with smtp_standin.running(tmp_path, refuses={"full": "550 5.7.1 relaying denied"}) as server:
        configure(root, server)
        for _ in range(3):
            done = sent(root)
        assert len(server.addresses()) == 11, done.err
    _, account = outcome(root)
    assert (account.submitted, account.queued, account.refused) == (11, 1, 0)


def test_a_mail_server_that_knows_nobody_any_more_refuses_nobody(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", 60, batch=50)
    with smtp_standin.running(tmp_path, answers={"RCPT": "550 5.1.1 no such user"}) as server:
        configure(root, server)
        done = sent(root)
    _, account = outcome(root)
    assert (account.queued, account.refused) == (60, 0)
    assert done.code != 0
    assert "refused one after the other and nobody was taken" in done.err
