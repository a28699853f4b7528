"""Who did what: kept without any reader's address, told by a command, forgotten after two years."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import complains, here, make_workspace

from newsletter.ledger import activity, approvals
from newsletter.storage.database import Database
from newsletter.wiring import open_workspace

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


def lines(database: Database, **chosen: object) -> list[tuple[str, str, str]]:
    with database.read() as connection:
        return [(one.by, one.act, one.about) for one in activity.read(connection, **chosen)]  # type: ignore[arg-type]


def test_acts_are_told_newest_first_and_chosen_by_kind_subject_and_time(database: Database) -> None:
    with database.write() as connection:
        activity.note(connection, "approve", by="سلمى", about="14", now=NOW)
        activity.note(connection, "send", by="ليلى", about="14", now=NOW + timedelta(minutes=1))
        activity.note(connection, "send", by="terminal:leila", about="15", now=NOW + timedelta(minutes=1))
        activity.note(connection, "sign-in", by=" ليلى ", now=NOW + timedelta(minutes=2))
    approved, first, second, came = (
        ("سلمى", "approve", "14"),
        ("ليلى", "send", "14"),
        ("terminal:leila", "send", "15"),
        ("ليلى", "sign-in", ""),
    )
    assert lines(database) == [came, second, first, approved]
    assert lines(database, acts=["send"]) == [second, first]
    assert lines(database, acts=["send", "approve"], about="14") == [first, approved]
    assert lines(database, since=NOW + timedelta(minutes=2)) == [came]
    assert lines(database, limit=2) == [came, second]
    with database.read() as connection:
        assert activity.read(connection)[-1].at == NOW


@pytest.mark.parametrize(
    ("act", "by", "about", "words"),
    [
        ("fly", "ليلى", "", "no act"),
        ("erase", "", "7", "somebody"),
        ("erase", "ليلى", "reader@example.net", "no address"),
        ("erase", "reader@example.net", "", "no address"),
    ],
)
def test_no_strange_act_and_no_address_is_written(
    database: Database, act: activity.Act, by: str, about: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words), database.write() as connection:
        activity.note(connection, act, by=by, about=about, now=NOW)
    assert lines(database) == []


def test_a_line_is_forgotten_after_two_years_and_not_before(database: Database) -> None:
    with database.write() as connection:
        activity.note(connection, "import", by="ليلى", about="1200", now=NOW)
        activity.note(connection, "send", by="ليلى", about="1", now=NOW + timedelta(days=1))
    for later, gone, left in ((timedelta(days=730), 0, 2), (timedelta(days=730, seconds=1), 1, 1)):
        with database.write() as connection:
            assert activity.forget(connection, now=NOW + later) == gone
        assert len(lines(database)) == left


def test_the_hourly_upkeep_forgets_them(tmp_path: Path) -> None:
    from newsletter.workflows import small_letters

    root = make_workspace(tmp_path / "w")
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            old = workspace.now() - timedelta(days=activity.KEPT_DAYS, hours=1)
            activity.note(connection, "send", by="ليلى", about="1", now=old)
            activity.note(connection, "send", by="ليلى", about="2", now=old + timedelta(hours=2))
        small_letters.of_workspace(workspace).drain()
        assert [one for one in lines(workspace.database) if one[0] == "ليلى"] == [("ليلى", "send", "2")]


def test_an_approval_is_of_one_fingerprint_and_keeps_its_first_moment(database: Database) -> None:
    with database.write() as connection:
        approvals.approve(connection, "14", "a" * 64, by="سلمى", now=NOW)
        approvals.approve(connection, "14", "a" * 64, by="سلمى", now=NOW + timedelta(hours=1))
        approvals.approve(connection, "14", "b" * 64, by="ليلى", now=NOW + timedelta(hours=2))
        approvals.approve(connection, "15", "a" * 64, by="ليلى", now=NOW)
    with database.read() as connection:
        assert [(one.by, one.at) for one in approvals.approvals(connection, "14", "a" * 64)] == [("سلمى", NOW)]
        assert [one.by for one in approvals.approvals(connection, "14")] == ["ليلى", "سلمى"]
        assert approvals.approvals(connection, "14", "c" * 64) == []


def test_the_last_editor_is_the_last(database: Database) -> None:
    with database.write() as connection:
        approvals.note_editor(connection, "14", by="ليلى", now=NOW)
        approvals.note_editor(connection, "14", by="سلمى", now=NOW)
    with database.read() as connection:
        assert (approvals.editor_of(connection, "14"), approvals.editor_of(connection, "15")) == ("سلمى", "")


def test_the_command_tells_them_in_three_forms(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    with open_workspace(root, {}) as workspace:
        now = workspace.now()
        with workspace.database.write() as connection:
            activity.note(connection, "backup", by="terminal:cron", now=now - timedelta(days=40))
            activity.note(connection, "send", by="ليلى", about="1", now=now - timedelta(days=2))
    told = [json.loads(line) for line in here("-C", root, "log", "--jsonl", "--act", "send").out.splitlines()]
    assert [(one["by"], one["act"], one["about"]) for one in told] == [("ليلى", "send", "1")]
    found = json.loads(here("-C", root, "log", "--json", "--days", "60", "--act", "backup").out)
    assert [one["by"] for one in found["acts"]] == ["terminal:cron"]
    shown = here("-C", root, "log", "--act", "send")
    assert "ليلى" in shown.out
    assert "backup" not in shown.out
    complains(here("-C", root, "log", "--act", "fly"), "no act is called 'fly'", code=2, lines=4)
    assert here("-C", root, "log", "--json", "--jsonl").code == 2


def test_commands_are_written_with_the_account_and_without_any_address(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=2)
    people = tmp_path / "people.csv"
    people.write_text("email\nnew@example.net\nother@example.net\n", "utf-8")
    for words in (
        ("subscribers", "import", people, "--consent", "the form"),
        ("subscribers", "leave", "new@example.net"),
        ("subscribers", "suppress", "strange@example.net"),
        ("subscribers", "unsuppress", "strange@example.net"),
        ("subscribers", "export", tmp_path / "out.csv"),
        ("subscribers", "erase", "other@example.net", "--yes"),
        ("send", "1", "--test", "leila@example.org"),
        ("send", "1", "--yes", "--at", "2999-01-01 00:00"),
        ("sends", "pause", "1"),
        ("sends", "resume", "1"),
        ("sends", "cancel", "1", "--yes"),
        ("database", "backup"),
        ("weekly", "--yes"),
    ):
        assert here("-C", root, *words).code == 0, words
    told = json.loads(here("-C", root, "log", "--json").out)["acts"]
    assert [(one["act"], one["about"]) for one in reversed(told)] == [
        ("add", "2"),
        ("import", "2"),
        ("leave", "1"),
        ("suppress", "1"),
        ("unsuppress", "1"),
        ("export", "4"),
        ("erase", ""),
        ("test", "1"),
        ("schedule", "1"),
        ("pause", "1"),
        ("resume", "1"),
        ("cancel", "1"),
        ("backup", ""),
        ("send", "1"),
    ]
    assert {one["by"].partition(":")[0] for one in told} == {"terminal"}
    assert "@" not in json.dumps(told)
