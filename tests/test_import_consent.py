"""Nobody is subscribed by a file of whom nothing says how they agreed; a file can be asked instead."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import here
from settings_text import with_settings
from sqlalchemy import Connection

from newsletter.api import open_workspace
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.errors import ConsentError
from subscribers.models import Status

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32))}
MIXED = "email,status\nsalma@example.org,confirmed\nnader@example.org,left\nhadi@example.org,pending\n"


@pytest.fixture
def readers(connection: Connection) -> int:
    return store.add_list(connection, "readers", "نشرة القراء", now=NOW).id


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(MIXED, "utf-8")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    assert here("init", root, "--name", "الموجة", "--url", "https://example.org").code == 0
    return root


def status(connection: Connection, address: str, list_id: int) -> Status | None:
    person = store.find(connection, normalise(address))
    found = None if person is None else store.subscription_of(connection, person.id, list_id)
    return None if found is None else found.status


# ---- stated consent


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize("words", ["", "  \t"])
def test_whom_a_file_would_confirm_needs_a_statement(connection: Connection, file: Path, words: str) -> None:
    seen = actions.import_file(connection, file, "readers", now=NOW, words=words, dry_run=True, need_consent=True)
    assert (seen.unstated, seen.added, seen.left, seen.pending) == (1, 1, 1, 1)
    with pytest.raises(ConsentError, match=r"nothing says how 1 of these people agreed; .*--consent .*--ask"):
        actions.import_file(connection, file, "readers", now=NOW, words=words, need_consent=True)


@pytest.mark.usefixtures("readers")
def test_a_file_that_confirms_nobody_needs_none(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "gone.csv"
    path.write_text("email,status\nnader@example.org,left\nhadi@example.org,pending\n", "utf-8")
    report = actions.import_file(connection, path, "readers", now=NOW, need_consent=True)
    assert (report.left, report.pending, report.unstated) == (1, 1, 0)


def test_who_waits_here_is_not_confirmed_by_a_file_without_a_statement(
    connection: Connection, readers: int, file: Path
) -> None:
    actions.subscribe(connection, "salma@example.org", "readers", now=NOW, keys=KEYS, how="form", words="")
    with pytest.raises(ConsentError), connection.begin_nested():
        actions.import_file(connection, file, "readers", now=NOW, need_consent=True)
    report = actions.import_file(connection, file, "readers", now=NOW, words="card", need_consent=True)
    assert (report.confirmed, status(connection, "salma@example.org", readers)) == (1, "confirmed")


@pytest.mark.usefixtures("readers")
def test_our_own_export_without_a_record_needs_a_statement_too(connection: Connection, tmp_path: Path) -> None:
    actions.add_subscriber(connection, "salma@example.org", "readers", now=NOW, keys=KEYS, words="card")
    path = tmp_path / "out.csv"
    actions.export_file(connection, path, "readers")
    store.add_list(connection, "sport", "الرياضة", now=NOW)
    assert actions.import_file(connection, path, "sport", now=NOW, need_consent=True, dry_run=True).unstated == 0
    header, row = path.read_text("utf-8-sig").splitlines()
    path.write_text(f"{header}\n{row.split(',add,')[0]}\n", "utf-8")
    assert actions.import_file(connection, path, "sport", now=NOW, need_consent=True, dry_run=True).unstated == 1


def test_the_command_refuses_without_a_statement_and_names_both_ways(root: Path, file: Path) -> None:
    done = here("-C", root, "subscribers", "import", file)
    assert done.code == 1
    assert '--consent "' in done.err.splitlines()[-1]
    assert "--ask" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err
    assert here("-C", root, "subscribers", "list").out == ""
    tried = here("-C", root, "subscribers", "import", file, "--dry-run")
    assert tried.code == 0
    assert "Nothing says how 1 of them agreed: the import will ask for it." in tried.err
    assert here("-C", root, "subscribers", "import", file, "--consent", "form").code == 0
    assert "Nothing says" not in here("-C", root, "subscribers", "import", file, "--dry-run").err


@pytest.mark.parametrize(("answer", "code", "people"), [("card at the fair", 0, 3), ("", 1, 0)])
def test_a_person_at_the_terminal_is_asked(
    root: Path, file: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, people: int
) -> None:
    monkeypatch.setattr("newsletter.cli.importing.on_terminal", lambda: True)
    monkeypatch.setattr("newsletter.cli.importing.question", lambda _: answer)
    done = here("-C", root, "subscribers", "import", file)
    assert done.code == code
    assert "1 person will be subscribed to 'readers' and mailed." in done.err
    assert len(here("-C", root, "subscribers", "list").out.splitlines()) == people
    if answer:
        assert answer in here("-C", root, "subscribers", "show", "salma@example.org").out


def test_a_program_is_held_to_it(root: Path, file: Path) -> None:
    with open_workspace(root, environment={}) as newsroom:
        with pytest.raises(ConsentError):
            newsroom.subscribers.import_file(file)
        assert list(newsroom.subscribers.all()) == []
        assert newsroom.subscribers.import_file(file, ask=True, dry_run=True).asked == 2
        assert newsroom.subscribers.import_file(file, consent="form").added == 1


def test_how_the_file_was_read_stands_on_the_terminal(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_text(
        "Email Address;MEMBER_RATING;UNSUB_TIME\nsalma@example.org;2;\nnader@example.org;2;2024-01-01 10:00:00\n",
        "utf-16",
    )
    done = here("-C", root, "subscribers", "import", path, "--dry-run")
    assert "Read as an export of Mailchimp, utf-16, with semicolons between the cells" in done.err
    assert "'Email Address' as address" in done.err
    assert "Note: Mailchimp" in done.err


# ---- asking a whole file


def test_a_file_can_be_asked_and_nobody_is_subscribed(connection: Connection, readers: int, tmp_path: Path) -> None:
    add = actions.add_subscriber
    add(connection, "there@example.org", "readers", now=NOW, keys=KEYS)
    gone = add(connection, "gone@example.org", "readers", now=NOW, keys=KEYS).subscriber
    actions.leave(connection, gone.id, readers, now=NOW, how="page")
    actions.subscribe(connection, "asked@example.org", "readers", now=NOW, keys=KEYS, how="form", words="")
    actions.suppress(connection, "hard@example.org", now=NOW, keys=KEYS)
    names = ["there", "gone", "asked", "hard", "new1", "new2", "NEW2"]
    path = tmp_path / "old.csv"
    path.write_text(
        "email,rhythm,status\n" + "".join(f"{name}@example.org,daily,\n" for name in names) + "x@example.org,,left\n",
        "utf-8",
    )

    def run(*, dry_run: bool = False) -> tuple[int, int, int, int, int, int]:
        done = actions.import_file(
            connection, path, "readers", now=NOW, keys=KEYS, words="fair", ask_an_hour=1, dry_run=dry_run
        )
        assert done.rows == 8 == sum(
            (done.added, done.pending, done.confirmed, done.merged, done.already, done.kept_out, done.left,
             done.suppressed, done.asked, done.rejected_count)
        )  # fmt: skip
        assert done.asked_until == NOW + timedelta(hours=2)
        return done.asked, done.added, done.already, done.kept_out, done.left, done.suppressed

    assert run(dry_run=True) == (2, 0, 2, 1, 1, 1)
    assert store.everything_about(connection, gone.id)["subscription"][0]["status"] == "left"
    assert run() == (2, 0, 2, 1, 1, 1)
    assert [status(connection, f"{name}@example.org", readers) for name in [*names[:-1], "x"]] == [
        "confirmed", "left", "pending", None, None, None, "left"
    ]  # fmt: skip
    assert run() == (0, 0, 4, 1, 1, 1)


def test_the_command_asks_each_by_letter_and_the_answer_subscribes(root: Path, file: Path) -> None:
    refused = here("-C", root, "subscribers", "import", file, "--ask")
    assert (refused.code, here("-C", root, "subscribers", "list").out) == (2, "")
    tried = here("-C", root, "subscribers", "import", file, "--ask", "--dry-run")
    assert "2 people would be asked by a letter, at most 500 an hour, until about" in tried.err
    assert not list((root / "outbox").glob("new/*"))

    done = here("-C", root, "subscribers", "import", file, "--ask", "--yes", "--json")

    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert (report["asked"], report["added"], report["left"]) == (2, 0, 1)
    letters = [path.read_text("utf-8", "replace") for path in (root / "outbox" / "new").iterdir()]
    assert sorted(name for name in ("salma", "nader", "hadi") for one in letters if f"To: {name}@" in one) == [
        "hadi",
        "salma",
    ]
    rows = [line.split("\t")[:2] for line in here("-C", root, "subscribers", "list").out.splitlines()]
    assert sorted(rows) == [
        ["hadi@example.org", "pending"],
        ["nader@example.org", "left"],
        ["salma@example.org", "pending"],
    ]
    again = here("-C", root, "subscribers", "import", file, "--ask", "--yes", "--json")
    assert json.loads(again.out)["asked"] == 0
    assert len(list((root / "outbox" / "new").iterdir())) == len(letters) == 2


# ---- what other programs tell of the consent


def test_dates_and_networks_of_another_program_are_the_evidence(
    connection: Connection, readers: int, tmp_path: Path
) -> None:
    path = tmp_path / "subscribed_members.csv"
    path.write_text(
        "Email Address,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP\n"
        "salma@example.org,2,2020-01-02 03:04:05,192.0.2.7,2020-01-03 03:04:05,192.0.2.7\n",
        "utf-8",
    )
    report = actions.import_file(connection, path, "readers", now=NOW, words="form", need_consent=True)
    assert (report.added, report.unstated) == (1, 0)
    person = store.find(connection, normalise("salma@example.org"))
    assert person is not None
    source = "file subscribed_members.csv"
    lines = store.consents_of(connection, person.id)
    assert [(one.act, one.at, one.how, one.words, one.network) for one in lines] == [
        ("subscribe", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), source, "form", "192.0.2.7"),
        ("import", datetime(2020, 1, 3, 3, 4, 5, tzinfo=UTC), source, "form", "192.0.2.7"),
    ]
    assert {(one.list_id, one.source, one.recorded) for one in lines} == {(readers, source, NOW)}


def test_the_options_for_columns_reach_the_file(root: Path, tmp_path: Path) -> None:
    settings = root / "newsletter.toml"
    told = with_settings(settings.read_text("utf-8"), '[topics.readers]\n1 = "رياضة"\n2 = "ثقافة"\n')
    settings.write_text(told, "utf-8")
    path = tmp_path / "old.csv"
    path.write_text(
        "email,Consent form,Stufe,Gruppe\nsalma@example.org,v2,ja,رياضة\nnader@example.org,v3,nein,\n", "utf-8"
    )
    refused = here("-C", root, "subscribers", "import", path, "--dry-run")
    assert (refused.code, "--ignore-column" in refused.err) == (1, True), refused.err
    options = ("--ignore-column", "Consent form", "--status-column", "Stufe", "--consent", "card")
    done = here("-C", root, "subscribers", "import", path, *options, "--topics-column", "Gruppe", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert (report["added"], report["left"]) == (1, 1)
    assert "Nothing is taken from 1 column: Consent form (ignored)." in done.err
    with open_workspace(root, environment={}) as newsroom:
        declined = {one.address: two.declined_topics for one, two in newsroom.subscribers.all()}
    assert declined == {"salma@example.org": 0b10, "nader@example.org": 0}

    gone = tmp_path / "gone.csv"
    gone.write_text("email\nx@example.org\n", "utf-8")
    left = here("-C", root, "subscribers", "import", gone, "--as", "left", "--json")
    assert (left.code, json.loads(left.out)["left"]) == (0, 1)
    assert here("-C", root, "subscribers", "import", gone, "--as", "confirmed").code == 2


def test_a_send_that_is_paused_says_why_in_the_list(root: Path, tmp_path: Path) -> None:
    text = tmp_path / "article.txt"
    text.write_text("المدينة القديمة تستعيد أسوارها\nانتهت أشغال الترميم هذا الأسبوع.\n", "utf-8")
    for verb in (
        ("subscribers", "add", "salma@example.org", "--consent", "card"),
        ("collect", text),
        ("compose", "--slug", "one"),
        ("send", "--yes"),
    ):
        assert here("-C", root, *verb).code == 0
    assert " is paused: " not in here("-C", root, "sends", "list").err
    with contextlib.closing(sqlite3.connect(root / "newsletter.db")) as database, database:
        database.execute("UPDATE send SET state = 'paused', reason = 'too many bounced'")
    assert here("-C", root, "sends", "list").err.endswith(" is paused: too many bounced\n")
