"""What was sent, remembered outside the database: the files, and what they keep from happening."""

from __future__ import annotations

import os
import threading
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import issues
from newsletter.errors import WorkspaceError
from newsletter.workspace import stamps as room
from newsletter.workspace.stamps import FREEZING, FROZEN, SETTLED, STATES, UNDONE, Stamp, Stamps, parse, read, to_text

NOW = datetime(2026, 11, 26, 17, 0, tzinfo=UTC)


def stamp(public_id: str = "ab" * 8, **changes: object) -> Stamp:
    values = {
        "id": public_id,
        "issue": "12",
        "state": FROZEN,
        "frozen": NOW,
        "list": "readers",
        "rhythm": "weekly",
        "audience": 2000,
        "sender": "sendgrid eu 4f1c",
        "database": "0" * 16,
    }
    return Stamp(**{**values, **changes})  # type: ignore[arg-type]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
moments = st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
aware = st.builds(lambda moment, zone: moment.astimezone(zone), moments, zones)
stamps = st.builds(
    Stamp,
    id=texts,
    issue=texts,
    state=st.sampled_from(STATES),
    frozen=aware,
    list=texts,
    rhythm=texts,
    audience=st.integers(0, 10**9),
    sender=texts,
    database=texts,
    began=st.none() | aware,
    articles=st.lists(texts, max_size=3).map(tuple),
)


@given(st.lists(stamps, max_size=5, unique_by=lambda one: one.id))
def test_what_is_written_is_read_back(written: list[Stamp]) -> None:
    assert parse(to_text(written)) == written


@given(st.lists(st.sampled_from(STATES), min_size=1, max_size=4))
def test_a_send_that_is_there_twice_counts_as_what_keeps_letters_from_going(states: list[str]) -> None:
    """Two branches of git were merged: nobody may take the wrong one for the truth."""
    (found,) = parse(to_text([stamp(state=state) for state in states]))
    assert found.state == max(states, key=STATES.index)
    assert STATES[-1] == FROZEN


def test_the_folder_of_issues_is_the_one_of_the_issues() -> None:
    assert room.FOLDER == issues.FOLDER


GOOD = to_text([stamp()])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("[[send]]", "[[send"), "is not valid TOML"),
        (f"<<<<<<< HEAD\n{GOOD}", "is not valid TOML"),
        (GOOD.replace('id = "abababababababab"\n', ""), "send 1 has no id"),
        (GOOD.replace("audience = 2000", 'audience = "many"'), "send 1: audience is 'many'"),
        (GOOD.replace("audience = 2000", "audience = true"), "send 1: audience is True"),
        (GOOD.replace('state = "frozen"', 'state = "gone"'), "send 1: state is 'gone'"),
        (GOOD.replace("+00:00", ""), "send 1: frozen has no zone"),
        (GOOD + "more = 3\n", "send 1: more is no part of it"),
        ("[send]\n", "in two pairs of brackets"),
        ("other = 1\n", "other is no part of it"),
        ("send = [1]\n", "send 1 is no table"),
        (GOOD + 'articles = ["a", 3]\n', "articles holds something that is no text"),
    ],
)
def test_a_broken_file_is_one_clear_line_and_never_passed_over(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "issues" / "001" / "sent.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    for act in (lambda: read(path), lambda: Stamps(tmp_path).every(), lambda: Stamps(tmp_path).change(path, list)):
        with pytest.raises(WorkspaceError) as told:
            act()
        assert words in str(told.value)
        assert str(path) in str(told.value)
        assert "\n" not in str(told.value)
        assert "nothing is sent until then" in str(told.value)
    assert path.read_text("utf-8") == text


def test_no_utf_8_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "sent.toml"
    assert read(path) == []
    path.write_bytes(b"\xff\xfe[\0[\0")
    with pytest.raises(WorkspaceError, match="not UTF-8"):
        read(path)
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())  # saved by an editor on Windows
    assert [one.id for one in read(path)] == ["ab" * 8]


def test_changes_of_many_at_once_are_all_there(tmp_path: Path) -> None:
    path = tmp_path / "issues" / "sent.toml"

    def add(number: int) -> None:
        for part in range(5):
            new = stamp(f"{number}-{part}")
            Stamps(tmp_path).change(path, lambda there, new=new: [*there, new])  # type: ignore[misc]

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read(path)) == 30
    assert [one.name for one in path.parent.iterdir()] == ["sent.toml"]


def test_the_file_of_automatic_letters_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "issues" / "sent.toml"
    many = [stamp(f"{number:04}", issue=f"readers/instant/{number}") for number in range(room.MOST_AUTOMATIC + 50)]
    Stamps(tmp_path).change(path, lambda _: many)
    assert [one.id for one in read(path)] == [one.id for one in many[50:]]


def test_a_stamp_is_marked_where_it_lies(tmp_path: Path) -> None:
    kept = Stamps(tmp_path)
    kept.change(tmp_path / "issues" / "a" / "sent.toml", lambda _: [stamp("one"), stamp("two", state=FREEZING)])
    assert kept.mark("two", state=UNDONE)
    assert kept.mark("two", state=UNDONE)
    assert not kept.mark("three", state=SETTLED)
    assert [(one.id, one.state) for one in kept.of_issue("12")] == [("one", FROZEN), ("two", UNDONE)]
    assert kept.of_issue("13") == []
    values = tomllib.loads((tmp_path / "issues" / "a" / "sent.toml").read_text("utf-8"))
    assert values["send"][0]["frozen"] == NOW


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "issues" / "a"
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    with pytest.raises(WorkspaceError, match="cannot be written"):
        Stamps(tmp_path).change(folder / "sent.toml", lambda _: [stamp()])


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "issues" / "a" / "sent.toml"
    Stamps(tmp_path).change(path, lambda _: [stamp("one")])

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        Stamps(tmp_path).change(path, lambda there: [*there, stamp("two")])
    assert [one.id for one in read(path)] == ["one"]
    assert [one.name for one in path.parent.iterdir()] == ["sent.toml"]
