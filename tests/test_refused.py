"""Refused readers are brought back by an editor's word: the ledger's side on both databases, and the command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import smtp_standin
from command import here
from sqlalchemy import Connection, select, update
from test_deliver import make, write_issue
from test_ledger import claim, freeze
from test_senders_smtp import configure

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.ledger import Send
from newsletter.storage.tables import batch as batches
from newsletter.storage.tables import delivery as rows
from newsletter.storage.tables import send as sends
from newsletter.wiring import open_workspace

BAD, GONE = "SendGrid says: Bad Request (400)", "the mail server refuses it: 550 5.1.1 no such user"


def finished(connection: Connection) -> tuple[Send, dict[str, list[int]]]:
    """A send of seven in which one was submitted, five refused for two reasons, one skipped."""
    send = freeze(connection, size=7)
    batch = claim(connection, send)
    ids = [delivery.id for delivery in ledger.deliveries(connection, batch.id)]
    told = {BAD: ids[1:4], GONE: ids[4:6]}
    apart: Mapping[int, tuple[str, str]] = {one: ("refused", reason) for reason, found in told.items() for one in found}
    assert ledger.mark_submitting(connection, batch, skipped={ids[6]: "left"}, lease=30)
    ledger.record(connection, batch, "submitted", apart)
    from test_ledger import NOW

    assert ledger.finish(connection, send.id, now=NOW)
    return send, told


def test_refused_deliveries_are_queued_once_more_and_nothing_else_is(connection: Connection) -> None:
    send, told = finished(connection)
    assert ledger.refused_reasons(connection, send.id) == {BAD: 3, GONE: 2}
    assert ledger.resend_refused(connection, send) == 5
    again = ledger.send(connection, send.id)
    assert again is not None
    assert (again.state, again.finished) == ("running", None)
    account = ledger.account(connection, send.id)
    assert (account.queued, account.submitted, account.refused, account.skipped) == (5, 1, 0, 1)
    batch = claim(connection, send)
    assert sorted(one.id for one in ledger.deliveries(connection, batch.id)) == sorted(told[BAD] + told[GONE])
    # What is no longer refused cannot be queued twice.
    assert ledger.resend_refused(connection, send) == 0
    assert ledger.refused_reasons(connection, send.id) == {}


@pytest.mark.parametrize(("words", "reason"), [("bad request", BAD), ("5.1.1", GONE), ("NO SUCH USER", GONE)])
def test_only_those_with_the_words_in_their_reason(connection: Connection, words: str, reason: str) -> None:
    send, told = finished(connection)
    assert ledger.refused_reasons(connection, send.id, words) == {reason: len(told[reason])}
    assert ledger.resend_refused(connection, send, words) == len(told[reason])
    assert ledger.account(connection, send.id).refused == 5 - len(told[reason])
    # Signs that a database would take for something are letters.
    assert ledger.resend_refused(connection, send, "%") == 0


def test_a_batch_that_was_refused_as_a_whole_comes_again(connection: Connection) -> None:
    send = freeze(connection, size=7)
    batch = claim(connection, send)
    ledger.record(connection, batch, "refused", {})
    assert ledger.refused_reasons(connection, send.id) == {"": 7}
    assert ledger.resend_refused(connection, send) == 7
    assert ledger.account(connection, send.id).queued == 7


def test_a_send_that_rests_goes_on_resting_and_one_that_was_cancelled_stays_so(connection: Connection) -> None:
    send, _ = finished(connection)
    connection.execute(update(sends).where(sends.c.id == send.id).values(state="paused", paused_by="provider"))
    assert ledger.resend_refused(connection, send, BAD) == 3
    assert ledger.state_of(connection, send.id) == "paused"
    connection.execute(update(sends).where(sends.c.id == send.id).values(state="cancelled"))
    with pytest.raises(SendError, match="is cancelled, and nothing more of it goes"):
        ledger.resend_refused(connection, send)
    assert ledger.account(connection, send.id).refused == 2


def test_each_letter_keeps_its_own_readers(connection: Connection) -> None:
    send, told = finished(connection)
    ledger.resend_refused(connection, send)
    pairs = connection.execute(
        select(batches.c.letter_id, rows.c.state)
        .join(batches, batches.c.id == rows.c.batch_id)
        .where(rows.c.id.in_(told[BAD]))
    ).all()
    assert pairs == [(pairs[0][0], None)] * 3


# ---- the command


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace of eight readers and an issue, whose mail server refuses two of them."""
    root = tmp_path / "w"
    make(root, 8, batch=20)
    write_issue(root)
    return root


def refused(root: Path, folder: Path) -> None:
    """Send the issue; the server says that it does not know two readers."""
    with smtp_standin.running(
        folder, refuses={"reader3@": "550 5.1.1 no such user", "reader5@": "550 5.1.1 who?"}
    ) as server:
        shutil.copy(root / "newsletter.toml", folder / "plain.toml")
        configure(root, server)
        here("-C", root, "send", "1", "--yes", "--json")
        shutil.copy(folder / "plain.toml", root / "newsletter.toml")
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        (send,) = ledger.sends(connection)
        account = ledger.account(connection, send.id)
        assert (send.state, account.submitted, account.refused) == ("finished", 6, 2)


def test_an_editor_sees_the_reasons_and_brings_them_back(root: Path, tmp_path: Path) -> None:
    refused(root, tmp_path)
    assert "--resend-refused --dry-run" in here("-C", root, "sends", "show", "1").err
    dry = here("-C", root, "sends", "resume", "1", "--resend-refused", "--dry-run")
    assert dry.code == 0, dry
    assert "2 subscribers of issue 1 were refused:" in dry.err
    assert "  1: the mail server refuses it: 550 5.1.1 no such user" in dry.err
    assert "Nothing changed: this was a dry run." in dry.err
    some = here("-C", root, "sends", "resume", "1", "--resend-refused", "--reason", "who?", "--yes", "--json")
    assert some.code == 0, some
    told = json.loads(some.out)
    assert (told["refused"], told["queued"], told["state"]) == (1, 1, "running")
    rest = here("-C", root, "sends", "resume", "1", "--resend-refused", "--yes")
    assert rest.code == 0, rest
    assert "Queued once more: 1 delivery of issue 1." in rest.err
    assert "newsletter send 1" in rest.err
    with smtp_standin.running(tmp_path) as server:
        server.log.write_text("")
        configure(root, server)
        # The stand-in is another one, on another port.
        done = here("-C", root, "send", "1", "--yes", "--with-this-sender")
        assert done.code == 0, done
        assert server.addresses() == {"reader3@example.net": 1, "reader5@example.net": 1}
    none = here("-C", root, "sends", "resume", "1", "--resend-refused", "--yes")
    assert (none.code, "Nobody of issue 1 was refused." in none.err) == (0, True)


def test_nothing_happens_without_a_yes_and_options_that_do_not_fit_are_said(root: Path, tmp_path: Path) -> None:
    refused(root, tmp_path)
    done = here("-C", root, "sends", "resume", "1", "--resend-refused")
    assert done.code != 0
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        (send,) = ledger.sends(connection)
        assert ledger.account(connection, send.id).refused == 2
    for words in (["--reason", "x"], ["--dry-run"], ["--json"], ["--resend-refused", "--resend-unknown"]):
        wrong = here("-C", root, "sends", "resume", "1", *words)
        assert wrong.code == 2, wrong
        assert "--resend-refused" in wrong.err


def test_what_only_this_provider_cannot_take_is_said(root: Path, tmp_path: Path) -> None:
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        connection.exec_driver_sql("UPDATE subscriber SET address = 'أمل@example.net' WHERE address LIKE 'reader3%'")
    with smtp_standin.running(tmp_path, offers=["PIPELINING", "8BITMIME"]) as server:
        configure(root, server)
        here("-C", root, "send", "1", "--yes")
    done = here("-C", root, "sends", "resume", "1", "--resend-refused", "--dry-run")
    assert done.code == 0, done
    assert "1 of them for what this provider cannot take: they come again too" in done.err
