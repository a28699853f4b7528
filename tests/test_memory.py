"""Databases that are restored, replaced or gone: nobody gets a letter twice, and every way out is one line."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from unittest import mock

import pytest
from command import Done, complains, here, make_workspace
from newsroom import Clock, open_newsroom, subscribe
from newsroom import make as make_newsroom
from sqlalchemy import Connection

from newsletter import delivery, library
from newsletter.api import sending
from newsletter.events import apply
from newsletter.models import Article
from newsletter.senders.reports import EventReport
from newsletter.storage.database import Database
from newsletter.storage.identity import identity, make_identity, next_generation, reach_generation
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import cancelling, latest, plan, restored, status, weekly
from newsletter.workspace import memory as memory_room
from newsletter.workspace import stamps as stamps_room
from newsletter.workspace.remembered import DatabaseRestoredError
from newsletter.workspace.stamps import FREEZING, FROZEN, SETTLED, UNDONE, Stamp
from subscribers.models import Event, EventKind

EVERYBODY = Counter({f"reader{number}@example.net": 1 for number in range(3)})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w")


def put(source: Path, target: Path) -> None:
    """A whole copy of a database in the place of another one."""
    for path in target.parent.glob(f"{target.name}*"):
        path.unlink()
    with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(target)) as goal:
        origin.backup(goal)


def taken(root: Path) -> Counter[str]:
    return Counter(str(message_from_bytes(path.read_bytes())["To"]) for path in (root / "outbox" / "new").glob("*.eml"))


def lost(root: Path, *addresses: str) -> None:
    """As if the send had stopped before these letters."""
    for path in (root / "outbox" / "new").glob("*.eml"):
        if str(message_from_bytes(path.read_bytes())["To"]) in addresses:
            path.unlink()


def stamps(root: Path) -> list[Stamp]:
    return stamps_room.read(root / "issues" / "first" / "sent.toml")


def refused(done: Done, *parts: str, code: int = 5) -> None:
    """A command that sent nothing though something was due, and said why and how to go on."""
    assert done.code == code, done
    assert "Traceback" not in done.err
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.err
    for part in parts:
        assert part in errors[0], errors


@contextmanager
def at_terminal(*answers: str) -> Iterator[mock.Mock]:
    """Somebody at a terminal who types these."""
    said = mock.Mock(side_effect=list(answers))
    with (
        mock.patch("newsletter.cli.restoring.ask", said),
        mock.patch("newsletter.cli.restoring.on_terminal", return_value=True),
    ):
        yield said


def test_a_send_leaves_a_stamp_beside_its_issue(root: Path) -> None:
    assert here("-C", root, "send", "--yes").code == 0
    (stamp,) = stamps(root)
    assert (stamp.issue, stamp.state, stamp.list, stamp.rhythm, stamp.audience) == (
        "1",
        FROZEN,
        "readers",
        "weekly",
        3,
    )
    assert stamp.sender.startswith("outbox")
    assert stamp.began is not None
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        found = identity(connection)
        assert found is not None
        assert stamp.database == found.id
        known = workspace.memory.remembered()
        assert known is not None
        assert (known.id, known.generation) == (found.id, found.generation)
        assert found.generation == 2  # before the first letter, and after the last


def test_a_database_from_before_the_send_sends_to_those_who_have_had_none(root: Path) -> None:
    put(root / "newsletter.db", root.parent / "before.db")
    assert here("-C", root, "send", "--yes").code == 0
    put(root.parent / "before.db", root / "newsletter.db")
    lost(root, "reader2@example.net")
    before = taken(root)
    for command in ("weekly --yes", "send --yes", "send --dry-run", "send 1 --yes --at 2999-01-01T09:00"):
        refused(here("-C", root, *command.split()), "older than what was sent from here", "--after-restore")
        assert taken(root) == before
    done = here("-C", root, "weekly", "--yes", "--after-restore")
    assert done.code in {0, 4}, done
    (old, new) = stamps(root)
    assert (old.state, new.state) == (SETTLED, FROZEN)
    assert old.id in done.err
    assert "2 readers had it" in done.err
    assert taken(root) == EVERYBODY
    again = here("-C", root, "send", "--yes")
    assert "already" in again.err
    assert taken(root) == EVERYBODY


def test_a_database_that_only_lost_the_send_names_its_stamp(root: Path) -> None:
    """Taken for good by ``database adopt``, it still does not send what it does not know."""
    put(root / "newsletter.db", root.parent / "before.db")
    assert here("-C", root, "send", "--yes").code == 0
    put(root.parent / "before.db", root / "newsletter.db")
    assert here("-C", root, "database", "adopt", "--yes").code == 0
    assert "Nothing to do" in here("-C", root, "database", "adopt").err
    (stamp,) = stamps(root)
    for command in (("weekly", "--yes"), ("send", "--yes"), ("send", "-n")):
        refused(
            here("-C", root, *command), stamp.id, "3 of 'readers'", stamp.database, "newsletter send 1 --after-restore"
        )
    with open_workspace(root, {}) as workspace, pytest.raises(DatabaseRestoredError, match=stamp.id):
        weekly.run(workspace)
    assert taken(root) == EVERYBODY


def test_reports_of_what_the_database_lost_are_told(root: Path) -> None:
    """Nobody can apply them, so somebody is told, by the issue that the stamp names, and can take over who is lost."""
    put(root / "newsletter.db", root.parent / "before.db")
    assert here("-C", root, "send", "--yes").code == 0
    put(root.parent / "before.db", root / "newsletter.db")
    assert here("-C", root, "database", "adopt", "--yes").code == 0
    (stamp,) = stamps(root)
    with open_workspace(root, {}) as workspace:
        keys, now = workspace.keys, workspace.now()

        def report(*kinds: EventKind) -> None:
            told = [EventReport(Event(one, now, f"{stamp.id}.2"), request_id="") for one in kinds]
            apply.receive(workspace.database, told, now=now, link_keys=keys.tokens, suppression_keys=keys.suppression)

        report("delivered", "opened")
        (one,) = [each for each in status.findings(workspace) if each.kind == "unknown-sends"]
        assert (one.needs_person, one.alert) == (False, False)
        report("complained")
        state = status.workspace_state(workspace)
    later = replace(state, now=state.now + timedelta(days=8))
    assert "unknown-sends" not in {each.kind for each in status.findings_of(later)}
    done = here("-C", root, "status")
    assert done.code == 1
    assert "3 reports came of letters that the database does not know (issue or send: 1); 1 of them say" in done.out
    assert "newsletter subscribers sync" not in done.out  # an outbox keeps no lists
    more = {"NASHRA_SENDER__KIND": "sendgrid", "NASHRA_SENDGRID__KEY": "SG.none"}
    done = here("-C", root, "status", "--json", more=more)
    (found,) = [one for one in json.loads(done.out)["findings"] if one["kind"] == "unknown-sends"]
    assert found["next"] == "take over whom the provider sends to no more: newsletter subscribers sync"
    (told,) = json.loads(done.out)["unknown_sends"]
    assert (told["send"], told["issue"]) == (stamp.id, "1")
    assert told["events"] == {"delivered": 1, "opened": 1, "complained": 1}


def test_where_nothing_can_tell_the_number_is_asked(root: Path) -> None:
    put(root / "newsletter.db", root.parent / "before.db")
    assert here("-C", root, "send", "--yes").code == 0
    put(root.parent / "before.db", root / "newsletter.db")
    path = root / "issues" / "first" / "sent.toml"
    text = path.read_text("utf-8")
    (stamp,) = stamps(root)
    path.write_text(text.replace(f'sender = "{stamp.sender}"', 'sender = "smtp mail.example.org"'), "utf-8")
    lost(root, "reader1@example.net", "reader2@example.net")
    refused(here("-C", root, "send", "--yes", "--after-restore"), "2 readers may get issue 1 twice", "terminal")
    with at_terminal("3"):
        done = here("-C", root, "send", "--yes", "--after-restore")
    assert done.code == 1
    assert "2 readers may get it twice" in done.err
    assert taken(root).total() == 1
    with at_terminal("٢"):
        assert here("-C", root, "send", "--yes", "--after-restore").code in {0, 4}
    assert taken(root) == EVERYBODY


def frozen(root: Path) -> None:
    """A send that was frozen and has not begun, in the database aside."""
    assert here("-C", root, "send", "--yes", "--at", "2999-01-01 09:00").code == 0
    with closing(sqlite3.connect(root / "newsletter.db")) as database, database:
        database.execute("UPDATE send SET send_at = 1")
    put(root / "newsletter.db", root.parent / "before.db")


def test_a_send_that_the_database_takes_for_not_begun_goes_on_after_what_is_here(root: Path) -> None:
    frozen(root)
    assert here("-C", root, "send", "--yes").code == 0
    put(root.parent / "before.db", root / "newsletter.db")
    lost(root, "reader0@example.net")
    refused(here("-C", root, "send", "--yes"), "older than what was sent from here")
    done = here("-C", root, "send", "--yes", "--after-restore")
    assert done.code == 0, done
    assert "2 letters found here" in done.err
    assert taken(root) == EVERYBODY


def test_what_an_older_database_takes_for_not_begun_is_not_undone(root: Path) -> None:
    """It went to everybody; a cancel would free the issue, to go to everybody again."""
    frozen(root)
    assert here("-C", root, "send", "--yes").code == 0
    put(root.parent / "before.db", root / "newsletter.db")
    refused(here("-C", root, "sends", "cancel", "1", "--yes"), "older than what was sent from here")
    with open_workspace(root) as workspace, pytest.raises(DatabaseRestoredError):
        sending.cancel(workspace, "1")
    with open_workspace(root) as workspace, mock.patch("newsletter.ledger.may_undo", return_value=True):
        assert cancelling.free_undone(workspace) == []
    assert here("-C", root, "database", "adopt", "--yes").code == 0
    done = here("-C", root, "sends", "cancel", "1", "--yes")
    assert "3 subscribers have it" in done.err, done
    assert [one.state for one in stamps(root)] == [FROZEN]


def test_letters_that_nobody_can_tell_of_become_unknown(root: Path) -> None:
    frozen(root)
    assert here("-C", root, "send", "--yes").code == 0
    put(root.parent / "before.db", root / "newsletter.db")
    with closing(sqlite3.connect(root / "newsletter.db")) as database, database:
        database.execute("UPDATE send SET sender = 'smtp mail.example.org'")
    lost(root, "reader1@example.net")
    done = here("-C", root, "database", "adopt", "--yes")
    assert done.code == 0, done
    assert "1 letter may have gone since" in done.err
    with closing(sqlite3.connect(root / "newsletter.db")) as database:
        states = Counter(database.execute("SELECT state FROM delivery").fetchall())
    assert states == {("submitted",): 2, ("unknown",): 1}
    assert taken(root).total() == 2


def test_a_planned_send_whose_hour_has_not_come_stays_planned(root: Path) -> None:
    assert here("-C", root, "send", "--yes", "--at", "2999-01-01 09:00").code == 0
    done = here("-C", root, "database", "adopt", "--restored", "--yes")
    assert done.code == 0, done
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        from newsletter import ledger

        (send,) = ledger.sends(connection)
        assert ledger.account(connection, send.id).queued == 3


@pytest.mark.parametrize("how", ["gone", "empty", "another"])
def test_a_database_that_is_not_the_one_of_the_workspace(root: Path, how: str) -> None:
    assert here("-C", root, "database", "backup").code == 0
    other = make_workspace(root.parent / "other")
    for path in root.glob("newsletter.db*"):
        path.unlink()
    if how == "empty":
        (root / "newsletter.db").touch()
    if how == "another":
        put(other / "newsletter.db", root / "newsletter.db")
    words = {"gone": "is not there", "empty": "is empty", "another": "not the database of this workspace"}[how]
    for command in ("sends list", "weekly --yes", "subscribers stats", "database backup", "check"):
        complains(here("-C", root, *command.split()), words, "backups", "newsletter database adopt")
    assert (root / "newsletter.db").exists() is (how != "gone"), "a new one was made in silence"
    way = ("--new", "--yes") if how != "another" else ("--yes",)
    assert here("-C", root, "database", "adopt", *way).code == 0
    assert here("-C", root, "sends", "list").code == 0


def test_a_backup_put_back_before_anything_went_is_the_same_database(root: Path) -> None:
    backup = here("-C", root, "database", "backup").out.strip()
    assert backup.endswith("Z.db")
    put(Path(backup), root / "newsletter.db")
    assert here("-C", root, "send", "--yes").code == 0
    assert taken(root) == EVERYBODY


def test_a_new_database_takes_no_other_s_place(root: Path) -> None:
    complains(here("-C", root, "database", "adopt", "--new", "--yes"), "there is a database", "move it away")


def test_somebody_is_asked_before_a_database_is_taken(root: Path) -> None:
    (root / "newsletter.db").unlink()
    assert here("-C", root, "database", "adopt", "--new").code == 2
    with at_terminal("yes"):
        assert here("-C", root, "database", "adopt", "--new").code == 1
    assert not (root / "newsletter.db").exists()
    with at_terminal("new"):
        assert here("-C", root, "database", "adopt", "--new").code == 0


def test_a_clone_of_the_workspace_s_git_has_stamps_and_no_database(root: Path) -> None:
    assert here("-C", root, "send", "--yes").code == 0
    clone = root.parent / "clone"
    shutil.copytree(root, clone, ignore=shutil.ignore_patterns("newsletter.db*", "database.toml", "outbox"))
    assert here("-C", clone, "subscribers", "add", "reader0@example.net").code == 1  # no list yet
    assert here("-C", clone, "lists", "add", "readers", "--title", "الموجة").code == 0
    assert here("-C", clone, "subscribers", "add", "reader0@example.net").code == 0
    refused(here("-C", clone, "send", "--yes"), stamps(root)[0].id, "--after-restore")


def test_what_was_remembered_is_damaged(root: Path) -> None:
    for text in ("id = ", 'id = "x"\nwhere = ""\ngeneration = 0\n', 'where = "a"\n', "\0"):
        (root / "database.toml").write_text(text, "utf-8")
        complains(here("-C", root, "sends", "list"), "database.toml", "newsletter database adopt")
    assert here("-C", root, "database", "adopt", "--yes").code == 0
    assert here("-C", root, "send", "--yes").code == 0


def test_a_broken_file_of_stamps_keeps_everything_from_going(root: Path) -> None:
    path = root / "issues" / "first" / "sent.toml"
    path.write_text("<<<<<<< HEAD\n", "utf-8")
    refused(here("-C", root, "send", "--yes"), f"{path}:1", "TOML", code=1)
    path.unlink()
    assert here("-C", root, "send", "--yes").code == 0


def test_an_issue_copied_from_one_that_went_is_another_issue(root: Path) -> None:
    assert here("-C", root, "send", "--yes").code == 0
    shutil.copytree(root / "issues" / "first", root / "issues" / "second")
    text = (root / "issues" / "second" / "issue.md").read_text("utf-8")
    (root / "issues" / "second" / "issue.md").write_text(text.replace("number = 1", "number = 2"), "utf-8")
    done = here("-C", root, "send", "2", "--yes")
    assert done.code == 0, done
    assert taken(root).total() == 6
    assert [one.issue for one in stamps_room.read(root / "issues" / "second" / "sent.toml")] == ["1", "2"]


class PowerCut(BaseException):
    """The machine dies here."""


def test_a_crash_before_the_commit_keeps_nobody_from_sending(root: Path) -> None:
    with open_workspace(root, {}) as workspace:
        real = workspace.memory.stamp

        def dies(*arguments: object, **more: object) -> None:
            real(*arguments, **more)  # type: ignore[arg-type]
            raise PowerCut

        with (
            mock.patch("newsletter.workspace.memory.Memory.stamp", lambda _self, *a, **b: dies(*a, **b)),
            pytest.raises(PowerCut),
        ):
            _freeze(workspace)
    (left,) = stamps(root)
    assert left.state == FREEZING
    assert here("-C", root, "send", "--yes").code == 0
    assert taken(root) == EVERYBODY
    assert [one.state for one in stamps(root)] == [FROZEN]
    assert stamps(root)[0].id != left.id


def test_a_crash_after_the_commit_is_made_good_before_the_first_letter(root: Path) -> None:
    with (
        open_workspace(root, {}) as workspace,
        mock.patch("newsletter.workspace.memory.Memory.frozen", side_effect=PowerCut),
        pytest.raises(PowerCut),
    ):
        _freeze(workspace)
    assert [one.state for one in stamps(root)] == [FREEZING]
    assert here("-C", root, "send", "--yes").code == 0
    assert [one.state for one in stamps(root)] == [FROZEN]


def test_a_stamp_that_was_being_written_counts_once_the_database_is_behind(root: Path) -> None:
    """Elsewhere a worker may have been quicker than the second write."""
    put(root / "newsletter.db", root.parent / "before.db")
    assert here("-C", root, "send", "--yes").code == 0
    put(root.parent / "before.db", root / "newsletter.db")
    path = root / "issues" / "first" / "sent.toml"
    path.write_text("\n".join(line for line in path.read_text("utf-8").splitlines() if "began" not in line), "utf-8")
    path.write_text(path.read_text("utf-8").replace('"frozen"\nfrozen', '"freezing"\nfrozen'), "utf-8")
    assert stamps(root)[0].state == FREEZING
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        assert [one.id for one in workspace.memory.unknown(connection, "1", "readers", "weekly")]


def test_a_stamp_that_cannot_be_written_freezes_nothing(root: Path) -> None:
    (root / "issues" / "first" / "sent.toml").mkdir()
    refused(here("-C", root, "send", "--yes"), "sent.toml", code=1)
    with closing(sqlite3.connect(root / "newsletter.db")) as database:
        assert database.execute("SELECT count(*) FROM send").fetchone() == (0,)


def _freeze(workspace: Workspace) -> None:
    issue = plan.choose(workspace, "1", list_name="", rhythm="weekly")
    plan.freeze_plan(workspace, plan.make(workspace, issue, list_name="", rhythm="weekly"))


def test_an_undone_send_keeps_nobody_from_sending(root: Path) -> None:
    put(root / "newsletter.db", root.parent / "before.db")
    with open_workspace(root, {}) as workspace:
        from newsletter import ledger

        _freeze(workspace)
        with workspace.database.read() as connection:
            (send,) = ledger.sends(connection)
        workspace.memory.undone(send)
    assert [one.state for one in stamps(root)] == [UNDONE]
    put(root.parent / "before.db", root / "newsletter.db")
    assert here("-C", root, "send", "--yes").code == 0
    assert taken(root) == EVERYBODY


def test_letters_that_go_for_long_are_counted_while_they_go(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that was made in the middle of a send that never came to its end is behind, too."""
    monkeypatch.setattr(memory_room, "BEAT", 0.02)
    with open_workspace(root, {}) as workspace:
        _freeze(workspace)
        from newsletter import ledger

        with workspace.database.read() as connection:
            (send,) = ledger.sends(connection)
        seen: list[int] = []

        def slow(_state: str, _count: int) -> None:
            import time

            time.sleep(0.3)
            known = workspace.memory.remembered()
            assert known is not None
            seen.append(known.generation)

        delivery.run(workspace.delivery_setup, send, slow)
    assert seen[0] >= 3


def test_a_copy_on_another_server_is_the_same_database(
    root: Path, tmp_path: Path, database_urls: Callable[[str], str]
) -> None:
    url = database_urls("sqlite")
    assert here("-C", root, "database", "copy", "--to", url).code == 0
    (root / "secrets" / "database.url").write_text(url)
    assert here("-C", root, "send", "--yes").code == 0
    (root / "secrets" / "database.url").unlink()
    # The old one does not know what went from the new one.
    refused(here("-C", root, "send", "--yes"), "older than what was sent from here")
    assert taken(root) == EVERYBODY


@pytest.mark.postgresql
def test_postgresql_that_was_put_back_is_noticed(root: Path, database_urls: Callable[[str], str]) -> None:
    url = database_urls("postgresql")
    assert here("-C", root, "database", "copy", "--to", url).code == 0
    (root / "secrets" / "database.url").write_text(url)
    assert here("-C", root, "send", "--yes").code == 0
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        from sqlalchemy import text

        for table in ("delivery", "batch", "letter", "period", "carried", "send", "issue"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("UPDATE mark SET at = 0 WHERE name = 'database generation'"))
    refused(here("-C", root, "weekly", "--yes"), "older than what was sent from here")
    assert here("-C", root, "weekly", "--yes", "--after-restore").code in {0, 4}
    assert taken(root) == EVERYBODY


@pytest.mark.postgresql
def test_another_server_than_the_one_that_was_used(root: Path, ready_urls: Callable[[str], str]) -> None:
    assert here("-C", root, "send", "--yes").code == 0
    (root / "secrets" / "database.url").write_text(ready_urls("postgresql"))
    complains(here("-C", root, "sends", "list"), "not the database of this workspace", "newsletter.db", "adopt")
    fresh = make_workspace(root.parent / "fresh")
    (fresh / "secrets" / "database.url").write_text(ready_urls("postgresql"))
    assert here("-C", fresh, "sends", "list").code == 0  # nothing ever went from there


def test_the_identity_of_a_database(database: Database) -> None:
    with database.write() as connection:
        assert identity(connection) is None
        found = make_identity(connection)
        assert make_identity(connection) == found
        assert [next_generation(connection) for _ in range(3)] == [1, 2, 3]
        reach_generation(connection, 2)
        assert identity(connection) == replace(found, generation=3)
        reach_generation(connection, 9)
        assert next_generation(connection) == 10
    assert len(found.id) == 16


def shelve(workspace: Workspace, connection: Connection, number: int) -> None:
    article = Article(f"خبر {number}", url=f"https://almawja.example.org/{number}/", summary="…")
    library.shelve(connection, [replace(article, published=workspace.now())], now=workspace.now())


def test_automatic_letters_that_the_database_does_not_know_count_as_gone(tmp_path: Path) -> None:
    root, clock = make_newsroom(tmp_path / "w", readers=0), Clock()
    with open_newsroom(root, clock) as workspace, workspace.database.write() as connection:
        subscribe(connection, workspace, "daily@example.net", clock(), "daily")
        shelve(workspace, connection, 1)
    put(root / "newsletter.db", tmp_path / "before.db")
    with open_newsroom(root, clock) as workspace:
        assert latest.run(workspace, "daily").sent_now == 1
    (stamp,) = stamps_room.read(root / "issues" / "sent.toml")
    assert stamp.issue == "readers/daily/2026-11-02"
    assert stamp.articles == ("https://almawja.example.org/1/",)
    put(tmp_path / "before.db", root / "newsletter.db")
    with open_newsroom(root, clock) as workspace:
        with pytest.raises(DatabaseRestoredError, match="older than what was sent"):
            latest.run(workspace, "daily")
        restored.adopt(workspace, workspace.database, restored.examine(workspace, workspace.database))
        with pytest.raises(DatabaseRestoredError, match=f"{stamp.id}.*--rhythm daily --after-restore"):
            latest.run(workspace, "daily")
        with workspace.database.read() as connection:
            gone = workspace.memory.unknown(connection, "readers/daily/", "readers", "daily")
        assert restored.let_pass(workspace, gone) == 1
        outcome = latest.run(workspace, "daily")
        assert (outcome.sent_now, outcome.latest.went) == (0, "readers/daily/2026-11-02")
        clock.forward(days=1)
        with workspace.database.write() as connection:
            shelve(workspace, connection, 2)
        assert latest.run(workspace, "daily").sent_now == 1
    assert taken(root)["daily@example.net"] == 2
