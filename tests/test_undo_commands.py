"""What an editor undoes, refreezes or sends beside the week, by the command as it is typed, and its exit codes."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections import Counter
from pathlib import Path

import pytest
from command import Done, here, make_workspace
from newsroom import received
from settings_text import with_settings

from newsletter import ledger
from newsletter.wiring import open_workspace

EVERYBODY = Counter(f"reader{number}@example.net" for number in range(6))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("made") / "w", readers=6, settings="batch = 2\nlease = 1")


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A workspace with article 1, the draft of issue 1 and six subscribers."""
    return Path(shutil.copytree(made, tmp_path / "w"))


def got(root: Path) -> Counter[str]:
    return Counter(letter.to for letter in received(root))


def draft(root: Path) -> Path:
    (path,) = root.glob("issues/*/issue.md")
    return path


def edit(root: Path, old: str, new: str) -> None:
    path = draft(root)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def planned(root: Path) -> None:
    assert here("-C", root, "send", "1", "--yes", "--at", "2999-01-01 00:00").code == 0


def partly(root: Path, *states: str) -> None:
    """A running send of which the first batches are in these states."""
    planned(root)
    with open_workspace(root) as workspace, workspace.database.write() as connection:
        (send,) = ledger.sends(connection)
        ledger.move(connection, send, "paused")
        ledger.move(connection, send, "running")
        for state in states:
            batch = ledger.claim(connection, send.id, lease=30)
            assert batch is not None
            assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
            if state != "submitting":
                ledger.record(connection, batch, state, {})


def told(done: Done, *words: str, code: int) -> None:
    assert done.code == code, done
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err, done.err


# Cancelled


def test_a_send_that_went_to_nobody_is_edited_and_sent_to_everybody_once(root: Path) -> None:
    planned(root)
    told(here("-C", root, "sends", "cancel", "1"), "has gone to nobody: 6 letters", "add --yes", code=2)
    done = here("-C", root, "sends", "cancel", "1", "--yes", "--json")
    told(done, "cancelled and undone", "newsletter send 1", code=0)
    data = json.loads(done.out)
    assert (data["undone"], data["doubted"], data["queued"], data["issue"]) == (True, 0, 6, "1")
    edit(root, "+++\n\n", "+++\n\nكلمة جديدة من المحرر.\n\n")
    assert "story-sent-before" not in here("-C", root, "check").err
    assert here("-C", root, "articles", "--unused").code == 0
    sent = here("-C", root, "send", "--yes", "--json")
    told(sent, code=0)
    assert json.loads(sent.out)["exit"] == 0
    assert got(root) == EVERYBODY
    assert all("كلمة جديدة" in letter.text for letter in received(root))
    rows = here("-C", root, "sends", "list").out.splitlines()
    assert [row.split("\t")[3] for row in rows] == ["cancelled", "finished"]
    assert here("-C", root, "report").code == 0
    # It is over now.
    told(here("-C", root, "sends", "cancel", data["send"], "--yes"), "is cancelled already", code=1)


def test_a_cancelled_week_is_free_for_weekly(root: Path) -> None:
    told(here("-C", root, "weekly", "--yes", "--draft"), code=0)
    planned(root)
    told(here("-C", root, "weekly", "--yes"), "is frozen and starts", "--again", code=5)
    assert here("-C", root, "sends", "cancel", "1", "--yes").code == 0
    told(here("-C", root, "weekly", "--yes"), "6 letters now", code=0)
    assert got(root) == EVERYBODY
    told(here("-C", root, "weekly", "--yes"), "went out this week already", code=0)


def test_the_rest_of_a_cancelled_issue_goes_to_those_who_have_had_none(root: Path) -> None:
    partly(root, "submitted", "submitting")
    done = here("-C", root, "sends", "cancel", "1", "--yes", "--json")
    told(done, "2 subscribers have it, of 2 nobody knows, 2 do not get it", "--unknown", "send 1 --rest", code=0)
    assert json.loads(done.out)["doubted"] == 2
    refused = here("-C", root, "send", "1", "--yes")
    told(refused, "Nothing sent now. Issue 1 was cancelled after it went to 2 subscribers", code=5)
    assert refused.err.rstrip().endswith("newsletter send 1 --rest")
    account = here("-C", root, "report", "1")
    assert "2 unknown, 0 skipped, 0 still to go, 2 cancelled." in account.out + account.err
    for verb in ("resume", "pause"):
        told(here("-C", root, "sends", verb, "1"), "is cancelled", "newsletter send 1", code=1)
    again = here("-C", root, "sends", "refreeze", "1", "--yes")
    told(again, "is cancelled", code=1)
    assert "sends pause" not in again.err  # which would be refused too
    told(here("-C", root, "weekly", "--yes"), "cancelled after it went to 2 subscribers", "--rest", code=5)
    assert not got(root)
    edit(root, "+++\n\n", "+++\n\nتصحيح.\n\n")
    would = here("-C", root, "send", "1", "--rest", "--dry-run")
    told(would, "would go to 2 subscribers", code=0)
    told(here("-C", root, "send", "1", "--rest", "--yes"), code=0)
    assert got(root) == Counter(["reader4@example.net", "reader5@example.net"])
    account = here("-C", root, "report", "1")
    told(account, code=0)
    assert "Audience 6: 4 submitted, 0 refused, 2 unknown, 0 skipped, 0 still to go." in account.out + account.err
    # Once: the second time there is nothing left of it.
    told(here("-C", root, "send", "1", "--rest", "--yes"), "already", code=0)
    assert sum(got(root).values()) == 2


def test_whoever_was_refused_before_the_cancel_counts_once_in_the_report_of_the_rest(root: Path) -> None:
    partly(root, "submitted", "refused")

    def reported() -> dict[str, int]:
        total = json.loads(here("-C", root, "report", "1", "--json").out)["reports"][0]["total"]
        names = ("audience", "submitted", "refused", "unknown", "skipped", "queued", "cancelled", "left")
        return {name: total[name] for name in names if total[name]}

    told(here("-C", root, "sends", "cancel", "1", "--yes"), code=0)
    assert reported() == {"audience": 6, "submitted": 2, "refused": 2, "cancelled": 2}
    # One of those refused and one of those who still waited leave: the rest does not reach them.
    for address in ("reader2@example.net", "reader4@example.net"):
        told(here("-C", root, "subscribers", "leave", address), code=0)
    assert reported() == {"audience": 6, "submitted": 2, "refused": 2, "cancelled": 2}, "who has no letter leaves none"
    told(here("-C", root, "send", "1", "--rest", "--yes"), "2 letters now", code=0)
    assert got(root) == Counter(["reader3@example.net", "reader5@example.net"])
    assert reported() == {"audience": 6, "submitted": 4, "refused": 1, "cancelled": 1}


def test_there_is_no_rest_of_what_was_not_cancelled(root: Path) -> None:
    told(here("-C", root, "send", "1", "--rest", "--yes"), "no send of issue 1", "newsletter send 1", code=1)


def test_unknown_letters_of_a_cancelled_send_are_the_editors_to_settle(root: Path) -> None:
    partly(root, "unknown")
    told(here("-C", root, "sends", "cancel", "1", "--yes"), "of 2 nobody knows", code=0)
    done = here("-C", root, "sends", "resume", "1", "--resend-unknown", "--yes")
    told(done, "count as having got nothing", "newsletter send 1", code=0)
    told(here("-C", root, "send", "1", "--yes"), code=0)
    assert got(root) == EVERYBODY


# The week and special editions


def test_a_special_edition_does_not_swallow_the_week(root: Path) -> None:
    told(here("-C", root, "send", "1", "--yes"), code=0)
    assert here("-C", root, "compose", "--ids", "1").code == 0
    done = here("-C", root, "weekly", "--yes", "--json")
    told(done, "sent by itself", "newsletter weekly --again", code=5)
    assert json.loads(done.out)["exit"] == 5
    assert got(root) == EVERYBODY
    told(here("-C", root, "weekly"), "newsletter weekly --again", code=5)
    told(here("-C", root, "weekly", "--again", "--yes"), "6 letters now", code=0)
    assert got(root) == EVERYBODY + EVERYBODY
    for again in ((), ("--again",)):
        told(here("-C", root, "weekly", "--yes", *again), "Issue 2 went out this week already", code=0)
    assert got(root) == EVERYBODY + EVERYBODY


@pytest.mark.parametrize("command", ["send", "weekly"])
def test_what_is_paused_is_not_said_to_have_gone(root: Path, command: str) -> None:
    partly(root, "submitted")
    assert here("-C", root, "sends", "pause", "1").code == 0
    done = here("-C", root, command, "--yes", "--json")
    told(done, "Issue 1 is paused: by an editor", "4 of 6 are still to go", "newsletter sends resume", code=5)
    assert "went out" not in done.err
    assert json.loads(done.out)["exit"] == 5


@pytest.mark.parametrize("state", ["refused", "unknown"])
@pytest.mark.parametrize("command", ["send", "weekly"])
def test_what_nobody_took_is_not_said_to_have_gone(root: Path, command: str, state: str) -> None:
    partly(root, state, state, state)
    with open_workspace(root) as workspace, workspace.database.write() as connection:
        (send,) = ledger.sends(connection)
        assert ledger.finish(connection, send.id, now=workspace.now())
    done = here("-C", root, command, "--yes", "--json")
    assert "went out" not in done.err
    told(done, "no letter was taken", f"6 {state}", code=5 if command == "weekly" else 4)


def test_some_refused_end_with_4(root: Path) -> None:
    partly(root, "refused")
    done = here("-C", root, "send", "--yes", "--json")
    told(done, "4 submitted, 2 refused", code=4)
    assert json.loads(done.out)["exit"] == 4


def test_an_older_draft_is_not_taken_unasked(root: Path) -> None:
    assert here("-C", root, "compose", "--ids", "1").code == 0
    told(here("-C", root, "send", "2", "--yes"), code=0)
    told(here("-C", root, "send", "--yes"), "issue 1 has not gone", "newsletter send 1", code=5)
    assert got(root) == EVERYBODY
    told(here("-C", root, "send", "1", "--yes"), code=0)
    assert got(root) == EVERYBODY + EVERYBODY


# Frozen, and edited since


def test_an_edited_file_is_told_and_taken_in_by_refreeze(root: Path) -> None:
    planned(root)
    assert "differs" not in here("-C", root, "check").out
    edit(root, "+++\n\n", "+++\n\nكلمة أحدث.\n\n")
    for command in (("check",), ("send", "1", "--yes"), ("weekly", "--yes"), ("sends", "show", "1")):
        done = here("-C", root, *command)
        assert "frozen letter differs" in done.err + done.out, command
    # A file that nobody can read any more is no longer what was frozen.
    (root / "issues/first").rename(root / "issues/001-first")
    file = root / "issues/001-first/issue.md"
    whole = file.read_bytes()
    file.write_text("+++\nbroken = [\n+++\n", "utf-8")
    done = here("-C", root, "sends", "show", "1")
    assert "frozen letter differs" in done.err + done.out
    file.write_bytes(whole)
    (root / "issues/001-first").rename(root / "issues/first")
    before = here("-C", root, "sends", "show", "1", "--json")
    assert (json.loads(before.out)["edited"], json.loads(before.out)["file_gone"]) == (True, False)
    would = here("-C", root, "sends", "refreeze", "1", "--dry-run", "--json")
    told(would, "edited since it was frozen; 6 subscribers then, 6 now", code=0)
    assert json.loads(would.out)["send"] is None
    done = here("-C", root, "sends", "refreeze", "1", "--yes", "--json")
    told(done, "Frozen anew: issue 1, 6 subscribers, scheduled, starts 2999-01-01", code=0)
    assert json.loads(done.out)["replaces"] == json.loads(before.out)["send"]
    assert "differs" not in here("-C", root, "check").out
    told(here("-C", root, "sends", "resume", json.loads(done.out)["send"]), code=0)
    assert here("-C", root, "sends", "pause", "1").code == 0
    # Paused, it stays so.
    done = here("-C", root, "sends", "refreeze", "1", "--yes", "--json")
    told(done, "6 subscribers, paused", code=0)
    # A database that is put back is told by this send's stamp as by any other's.
    assert json.loads(done.out)["send"] in (root / "issues/first/sent.toml").read_text("utf-8")
    told(here("-C", root, "sends", "resume", "1"), code=0)


def test_a_file_that_was_deleted_after_the_freeze_is_told(root: Path) -> None:
    planned(root)
    shutil.rmtree(draft(root).parent)
    shown = here("-C", root, "sends", "show", "1")
    told(
        shown, "issue.md of issue 1 is gone, and the frozen letter goes all the same", "newsletter sends cancel", code=0
    )
    assert "differs" not in shown.err
    data = json.loads(here("-C", root, "sends", "show", "1", "--json").out)
    assert (data["edited"], data["file_gone"]) == (False, True)
    told(here("-C", root, "sends", "cancel", "1", "--yes"), code=0)
    assert "gone" not in here("-C", root, "sends", "show", "1").err


def test_what_has_begun_is_not_frozen_anew(root: Path) -> None:
    partly(root, "submitted")
    told(here("-C", root, "sends", "refreeze", "1", "--yes"), "is running", code=1)
    assert here("-C", root, "sends", "pause", "1").code == 0
    told(here("-C", root, "sends", "refreeze", "1", "--yes"), "has begun to go", "--rest", code=1)
    with open_workspace(root) as workspace, workspace.database.read() as connection:
        assert [(one.state, one.undone) for one in ledger.sends(connection)] == [("paused", False)]


# The sender


def by_smtp(root: Path) -> None:
    path = root / "newsletter.toml"
    text = path.read_text("utf-8").replace('kind = "outbox"', 'kind = "smtp"')
    smtp = '[smtp]\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\nbatch = 2'
    path.write_text(with_settings(text, smtp), "utf-8")


def test_another_sender_goes_on_only_by_word(root: Path) -> None:
    toml = (root / "newsletter.toml").read_text("utf-8")
    by_smtp(root)
    partly(root, "submitted")
    (root / "newsletter.toml").write_text(toml, "utf-8")
    for command in (("send", "1", "--yes"), ("weekly", "--yes"), ("send", "1")):
        done = here("-C", root, *command)
        told(done, "«smtp 127.0.0.1:1»", "«outbox»", "--with-this-sender", code=5)
        assert "is tried" not in done.err
    assert not got(root)
    with open_workspace(root) as workspace, workspace.database.read() as connection:
        (send,) = ledger.sends(connection)
        assert (send.state, send.paused_by) == ("paused", "provider")
    told(here("-C", root, "worker", "--once"), code=0)
    assert not got(root)
    # To resume it would only let it rest again: what is said is what works.
    state = here("-C", root, "status")
    told(state, code=1)
    assert "the settings name another sender" in state.out
    assert "newsletter send 1 --with-this-sender" in state.out
    assert "takes nothing" not in state.out
    told(here("-C", root, "send", "1", "--yes", "--with-this-sender"), "4 letters now", code=0)
    assert got(root) == Counter(f"reader{number}@example.net" for number in range(2, 6))
    with open_workspace(root) as workspace, workspace.database.read() as connection:
        assert ledger.sends(connection)[0].sender == "outbox"


def test_a_worker_leaves_what_another_sender_began(root: Path) -> None:
    toml = (root / "newsletter.toml").read_text("utf-8")
    by_smtp(root)
    partly(root, "submitted")
    (root / "newsletter.toml").write_text(toml, "utf-8")
    done = here("-C", root, "worker", "--once")
    told(done, "begun through «smtp 127.0.0.1:1»", code=0)
    assert not got(root)
    told(here("-C", root, "sends", "list"), "begun through", code=0)


# Two at once


def test_the_second_says_who_was_quicker(root: Path) -> None:
    partly(root)
    machine = socket.gethostname()
    with open_workspace(root) as workspace, workspace.database.write() as connection:
        (send,) = ledger.sends(connection)
        at = int(workspace.now().timestamp())
        ledger.set_cursor(connection, f"delivering {send.public_id} {os.getppid()} {machine}", at)
        ledger.set_cursor(connection, f"delivering {send.public_id} 99999999 {machine}", at - 100)
    done = here("-C", root, "send", "--yes")
    told(done, f"process {os.getppid()} on this machine", "this one helps it", code=0)
    assert "error" not in done.err
    assert "99999999" not in done.err  # it is no more
    assert got(root) == EVERYBODY
    with open_workspace(root) as workspace, workspace.database.read() as connection:
        query = "SELECT name FROM mark WHERE name LIKE 'delivering %'"
        assert [row[0].split()[2] for row in connection.exec_driver_sql(query)] == [str(os.getppid())]
