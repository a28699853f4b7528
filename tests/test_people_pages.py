"""Readers of a list by state and by words, on both databases; and imports that are taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import here, make_workspace
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from newsletter import ledger
from newsletter.ledger import Mailing
from newsletter.storage.tables import delivery
from newsletter.workflows.people import letters_gone
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.csvfile import ColumnChoices
from subscribers.errors import BatchError, UnknownSubscriber
from subscribers.folding import fold
from subscribers.models import ImportReport, ReaderRow, ReaderState
from subscribers.store.tables import consent, kept_wish, metadata, subscriber, subscription
from subscribers.tokens import PUBLIC_ID_BYTES

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
KEYS = {1: b"k" * 32}


def add(connection: Connection, address: str, *, days: int = 0, name: str = "") -> int:
    """Somebody who came so many days ago."""
    added = actions.add_subscriber(
        connection, address, "readers", now=NOW - timedelta(days=days), keys=KEYS, words="بطاقة", name=name
    )
    return added.subscriber.id


def a_list(connection: Connection, name: str = "readers") -> int:
    return store.add_list(connection, name, "قراء الموجة", now=NOW - timedelta(days=900)).id


def found(connection: Connection, list_id: int, words: str = "", *, domains: bool = True) -> list[str]:
    page = store.readers_page(connection, list_id, now=NOW, words=words, domains=domains)
    return [one.address for one in page]


def of_every_state(connection: Connection) -> int:
    """A list with one reader in each state."""
    list_id = a_list(connection)
    add(connection, "nour@example.net", days=9)
    actions.subscribe(
        connection, "salma@example.net", "readers", now=NOW - timedelta(days=8), keys=KEYS, how="form", words="نعم"
    )
    paused = add(connection, "y.mansouri@example.org", days=7)
    actions.prefer(connection, paused, list_id, now=NOW, rhythm="daily", paused_until=NOW + timedelta(days=3))
    over = add(connection, "amina@example.org", days=6)
    actions.prefer(connection, over, list_id, now=NOW, rhythm="daily", paused_until=NOW - timedelta(days=3))
    left = add(connection, "salim@example.com", days=5)
    actions.leave(connection, left, list_id, now=NOW, how="editor")
    add(connection, "r.t@example.com", days=4)
    actions.suppress(connection, "r.t@example.com", now=NOW, keys=KEYS)
    return list_id


def test_every_reader_has_one_state_and_who_came_last_stands_first(connection: Connection) -> None:
    list_id = of_every_state(connection)
    page = store.readers_page(connection, list_id, now=NOW)
    assert [(one.address.split("@")[0], one.state) for one in page] == [
        ("r.t", "stopped"),
        ("salim", "left"),
        ("amina", "subscribed"),
        ("y.mansouri", "paused"),
        ("salma", "pending"),
        ("nour", "subscribed"),
    ]
    assert page[0].stopped == "editor"
    assert page[3].paused_until == NOW + timedelta(days=3)
    counts = store.reader_counts(connection, list_id, now=NOW)
    assert counts.states == {"subscribed": 2, "pending": 1, "paused": 1, "left": 1, "stopped": 1}
    assert counts.rhythms == {"instant": 0, "daily": 2, "weekly": 2}


@pytest.mark.parametrize("state", ["subscribed", "pending", "paused", "left", "stopped"])
def test_a_state_gives_those_whom_its_number_counts(connection: Connection, state: ReaderState) -> None:
    list_id = of_every_state(connection)
    page = store.readers_page(connection, list_id, now=NOW, state=state)
    assert {one.state for one in page} == {state}
    assert len(page) == store.reader_counts(connection, list_id, now=NOW).states[state]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["salim", "amina", "nour"]),
        ("  ", ["salim", "amina", "nour"]),
        ("أمينة", ["amina"]),
        ("امينه", ["amina"]),  # hamza and ta marbuta, as everybody types them
        ("أُمِينَة", ["amina"]),
        ("قاسم", ["amina"]),
        ("أمينة القا", ["amina"]),
        ("AMI", ["amina"]),
        ("Nour@Example.NET", ["nour"]),
        ("nour@", ["nour"]),
        ("example.org", ["amina"]),
        ("%", []),
        ("_", []),
        ("لا أحد", []),
    ],
)
def test_words_find_addresses_and_names(connection: Connection, words: str, expected: list[str]) -> None:
    list_id = a_list(connection)
    add(connection, "nour@example.net", days=3)
    add(connection, "amina@example.org", days=2, name="أمينة القاسم")
    add(connection, "salim@example.com", days=1)
    assert [one.split("@")[0] for one in found(connection, list_id, words)] == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("example.org", []),
        ("@example.org", []),
        ("amina@exam", []),
        ("amina@", ["amina@example.org"]),
        ("mina", ["amina@example.org"]),
        ("amina@example.org", ["amina@example.org"]),
    ],
)
def test_who_may_not_see_domains_cannot_try_them_out(connection: Connection, words: str, expected: list[str]) -> None:
    list_id = a_list(connection)
    add(connection, "amina@example.org")
    assert found(connection, list_id, words, domains=False) == expected


NAMES = st.text(alphabet="أإآاىيةهؤوئءسلمن َُّـABab ", max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(NAMES, st.integers(0, 12), st.integers(0, 12))
@example("آمنة", 0, 2)
def test_any_part_of_a_name_finds_it_however_it_is_spelled(
    connection: Connection, name: str, begins: int, ends: int
) -> None:
    listed = store.list_or_none(connection, "readers")
    list_id = listed.id if listed else a_list(connection)
    with connection.begin_nested() as undone:
        add(connection, "amina@example.org", name=name)
        part = name.strip()[begins:ends]
        if fold(part):
            assert found(connection, list_id, part) == ["amina@example.org"]
            assert found(connection, list_id, part.translate({0x0623: "ا", 0x0629: "ه"})) == ["amina@example.org"]
        undone.rollback()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.text(alphabet=st.characters(), max_size=20), st.booleans())
@example("\0", True)
@example("\ud800", False)
@example("%' OR 1=1 --", True)
def test_whatever_is_looked_for_finds_those_who_hold_it_and_breaks_nothing(
    connection: Connection, words: str, domains: bool
) -> None:
    listed = store.list_or_none(connection, "readers")
    list_id = listed.id if listed else a_list(connection)
    with connection.begin_nested() as undone:
        add(connection, "amina@example.org", name="أمينة القاسم")
        hit = bool(found(connection, list_id, words, domains=domains))
        said = words.strip().casefold()
        plain = said in "amina@example.org" if domains else said.removesuffix("@") in "amina"
        assert hit == (not said or plain or bool(fold(said) and fold(said) in fold("أمينة القاسم")))
        undone.rollback()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.integers(0, 3), max_size=25), st.integers(1, 7))
def test_pages_behind_each_other_hold_everybody_once(connection: Connection, days: list[int], limit: int) -> None:
    with connection.begin_nested() as undone:
        list_id = a_list(connection)
        for number, day in enumerate(days):
            add(connection, f"r{number}@example.net", days=day)
        seen: list[ReaderRow] = []
        after = None
        while page := store.readers_page(connection, list_id, now=NOW, after=after, limit=limit):
            seen += page
            after = store.cursor_of(page[-1])
        assert [one.subscriber_id for one in seen] == [
            one.subscriber_id for one in store.readers_page(connection, list_id, now=NOW, limit=100)
        ]
        assert len({one.subscriber_id for one in seen}) == len(days)
        assert [one.since for one in seen] == sorted((one.since for one in seen), reverse=True)
        undone.rollback()


def test_another_list_is_another_matter(connection: Connection) -> None:
    a_list(connection)
    sport = a_list(connection, "sport")
    add(connection, "nour@example.net")
    assert found(connection, sport) == []
    assert sum(store.reader_counts(connection, sport, now=NOW).states.values()) == 0


# ---- the story of one


def test_a_person_is_found_by_what_stands_for_them(connection: Connection) -> None:
    a_list(connection)
    add(connection, "amina@example.org", name="أمينة")
    known = store.find(connection, normalise("amina@example.org"))
    assert known is not None
    person = actions.person_behind(connection, known.public_id, keys=KEYS)
    assert (person.subscriber.address, person.subscriber.name) == ("amina@example.org", "أمينة")
    assert [one.act for one in person.consents] == ["add"]
    actions.erase(connection, "amina@example.org", now=NOW, keys=KEYS)
    with pytest.raises(UnknownSubscriber):
        actions.person_behind(connection, known.public_id, keys=KEYS)


# ---- imports that are taken back


def bring(connection: Connection, folder: Path, text: str, **more: object) -> ImportReport:
    path = folder / "readers.csv"
    path.write_text(text, "utf-8")
    said = {"now": NOW, "keys": KEYS, "words": "استمارة الموقع", "need_consent": True, "by": "ليلى", **more}
    return actions.import_file(connection, path, "readers", **said)  # type: ignore[arg-type]  # each has its type above


def undo(connection: Connection, name: str, *, hours: int = 1) -> tuple[int, int]:
    done = actions.undo_import(connection, name, by="نادر", now=NOW + timedelta(hours=hours), gone=letters_gone)
    return done.taken_back, done.kept


def everything(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    return {
        table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
        for table in metadata.sorted_tables
        if table.name != "import_batch"
    }


def test_an_import_that_is_taken_back_leaves_what_was_there(connection: Connection, tmp_path: Path) -> None:
    a_list(connection)
    add(connection, "nour@example.net", days=3, name="نور")
    left = add(connection, "salim@example.com", days=2)
    actions.leave(connection, left, 0, now=NOW, how="editor")
    before = everything(connection)
    report = bring(
        connection,
        tmp_path,
        "email,status\namina@example.org,\nnour@example.net,\nsalim@example.com,\nb@x.example,pending\n",
    )
    assert (report.added, report.pending, report.already, report.kept_out) == (1, 1, 1, 1)
    assert len(report.batch) == 8
    [batch] = store.batches(connection, 1)
    assert (batch.name, batch.by, batch.number, batch.undone) == (report.batch, "ليلى", 2, None)
    assert undo(connection, report.batch) == (2, 0)
    assert everything(connection) == before
    [batch] = store.batches(connection, 1)
    assert (batch.undone, batch.undone_by, batch.taken_back) == (NOW + timedelta(hours=1), "نادر", 2)


def test_who_has_acted_since_stays_when_an_import_is_taken_back(connection: Connection, tmp_path: Path) -> None:
    list_id = a_list(connection)
    lines = "".join(f"{name}@example.net\n" for name in ("chooses", "leaves", "asks", "again", "other", "idle"))
    report = bring(connection, tmp_path, "email\n" + lines)
    ids = {row.address.split("@")[0]: row.id for row in connection.execute(select(subscriber))}
    later = NOW + timedelta(minutes=5)
    actions.prefer(connection, ids["chooses"], list_id, now=later, rhythm="daily")
    actions.leave(connection, ids["leaves"], list_id, now=later, how="page")
    who = actions.person_behind(
        connection,
        next(bytes(row.public_id) for row in connection.execute(select(subscriber)) if row.id == ids["asks"]),
        keys=KEYS,
    )
    actions.ask_erasure(connection, who.subscriber, list_id, now=later)
    actions.leave(connection, ids["again"], list_id, now=later, how="page")
    actions.add_subscriber(connection, "again@example.net", "readers", now=later, keys=KEYS, restore=True)
    a_list(connection, "sport")
    actions.add_subscriber(connection, "other@example.net", "sport", now=later, keys=KEYS)
    assert undo(connection, report.batch) == (1, 5)
    assert set(connection.execute(select(subscriber.c.address)).scalars()) == {
        f"{name}@example.net" for name in ("chooses", "leaves", "asks", "again", "other")
    }


def test_who_left_by_the_files_word_stays_out(connection: Connection, tmp_path: Path) -> None:
    a_list(connection)
    report = bring(connection, tmp_path, "email,status\na@example.net,unsubscribed\nb@example.net,\n")
    assert undo(connection, report.batch) == (1, 1)
    assert [row.status for row in connection.execute(select(subscription))] == ["left"]


def test_an_import_that_brought_nobody_has_no_name(connection: Connection, tmp_path: Path) -> None:
    a_list(connection)
    add(connection, "nour@example.net")
    assert bring(connection, tmp_path, "email\nnour@example.net\n").batch == ""
    assert bring(connection, tmp_path, "email\namina@example.org\n", dry_run=True).batch == ""
    assert store.batches(connection, 1) == []


def test_people_who_wait_to_be_asked_are_not_asked(connection: Connection, tmp_path: Path) -> None:
    a_list(connection)
    report = bring(connection, tmp_path, "email\na@example.net\nb@example.net\n", ask_an_hour=60)
    assert report.asked == 2
    assert undo(connection, report.batch) == (2, 0)
    assert connection.execute(select(kept_wish)).all() == []


@pytest.mark.parametrize("name", ["", "00000000", "a@example.net"])
def test_an_import_that_nobody_knows_is_not_taken_back(connection: Connection, name: str) -> None:
    with pytest.raises(BatchError, match="no import has this name"):
        undo(connection, name)


@pytest.mark.parametrize(
    ("state", "goes"), [("queued", True), ("skipped", True), ("submitted", False), ("unknown", False)]
)
def test_an_import_stays_once_a_letter_went_to_one_of_its_readers(
    connection: Connection, tmp_path: Path, state: str, goes: bool
) -> None:
    list_id = a_list(connection)
    report = bring(connection, tmp_path, "email\na@example.net\nb@example.net\n")
    everybody = store.audience(list_id, rhythms=["weekly"], now=NOW)
    later = NOW + timedelta(minutes=10)
    ledger.write_send(
        connection,
        [Mailing("نص", everybody)],
        key="12",
        list_id=list_id,
        rhythm="weekly",
        subject="العدد",
        batch_size=10,
        now=later,
    )
    connection.execute(delivery.update().where(delivery.c.subscriber_id == 1).values(state=state))
    if goes:
        assert undo(connection, report.batch) == (2, 0)
    else:
        with pytest.raises(BatchError, match="a letter went to a reader"):
            undo(connection, report.batch)


def test_nothing_is_taken_back_twice(connection: Connection, tmp_path: Path) -> None:
    a_list(connection)
    report = bring(connection, tmp_path, "email\na@example.net\n")
    undo(connection, report.batch)
    with pytest.raises(BatchError, match="taken back on 2026-11-26"):
        undo(connection, report.batch)


def test_an_erased_reader_leaves_the_import_its_number_and_nothing_else(connection: Connection, tmp_path: Path) -> None:
    a_list(connection)
    report = bring(connection, tmp_path, "email\na@example.net\nb@example.net\n")
    actions.erase(connection, "a@example.net", now=NOW, keys=KEYS)
    [batch] = store.batches(connection, 1)
    assert (batch.number, batch.name) == (2, report.batch)
    assert "example.net" not in repr(batch)
    assert undo(connection, report.batch) == (1, 0)
    assert store.suppression_of(connection, "a@example.net", KEYS) is not None


def test_a_suppression_outlives_an_import_that_is_taken_back(connection: Connection, tmp_path: Path) -> None:
    a_list(connection)
    report = bring(connection, tmp_path, "email\na@example.net\n")
    actions.suppress(connection, "a@example.net", now=NOW, keys=KEYS)
    assert undo(connection, report.batch) == (1, 0)
    stopped = store.suppression_of(connection, "a@example.net", KEYS)
    assert stopped is not None
    assert stopped.subscriber_id is None


def test_names_are_kept_where_a_column_is_named(connection: Connection, tmp_path: Path) -> None:
    list_id = a_list(connection)
    text = "email;الاسم\namina@example.org;أمينة\namina@example.org;غيرها\nb@example.net;\n"
    bring(connection, tmp_path, text)
    assert [one.name for one in store.readers_page(connection, list_id, now=NOW)] == ["", ""]
    undo(connection, store.batches(connection, list_id)[0].name)
    bring(connection, tmp_path, text, choices=ColumnChoices(name="الاسم"))
    names = {one.address: one.name for one in store.readers_page(connection, list_id, now=NOW)}
    assert names == {"amina@example.org": "أمينة", "b@example.net": ""}
    assert found(connection, list_id, "امينه") == ["amina@example.org"]


def test_a_column_of_any_name_can_be_that_of_addresses(connection: Connection, tmp_path: Path) -> None:
    list_id = a_list(connection)
    report = bring(connection, tmp_path, "كود;الرابط\n7;amina@example.org\n", choices=ColumnChoices(address="الرابط"))
    assert report.added == 1
    assert found(connection, list_id) == ["amina@example.org"]


def test_no_id_of_a_person_is_guessed(connection: Connection) -> None:
    with pytest.raises(UnknownSubscriber):
        actions.person_behind(connection, bytes(PUBLIC_ID_BYTES), keys=KEYS)


def test_lines_of_consent_go_with_those_who_are_taken_back(connection: Connection, tmp_path: Path) -> None:
    a_list(connection)
    report = bring(connection, tmp_path, "email\na@example.net\n")
    assert len(connection.execute(select(consent)).all()) == 1
    undo(connection, report.batch)
    assert connection.execute(select(consent)).all() == []


# ---- the same from the terminal


def test_the_name_that_an_import_prints_takes_it_back(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=1)
    path = tmp_path / "more.csv"
    path.write_text("email,name\namina@example.org,أمينة\nreader0@example.net,\n", "utf-8")
    done = here("-C", root, "subscribers", "import", path, "--consent", "بطاقة", "--name-column", "name")
    assert done.code == 0
    name = done.err.rpartition("import --undo ")[2].split()[0]
    assert "name\tأمينة" in here("-C", root, "subscribers", "show", "amina@example.org").out
    undone = here("-C", root, "subscribers", "import", "--undo", name)
    assert (undone.code, undone.err) == (0, "1 person of this import taken back.\n")
    assert here("-C", root, "subscribers", "list").out.split("\t")[0] == "reader0@example.net"
    assert "import-undone" in here("-C", root, "log").out
    again = here("-C", root, "subscribers", "import", "--undo", name)
    assert (again.code, "taken back" in again.err) == (1, True)


@pytest.mark.parametrize("arguments", [(), ("--undo", "00000000", "readers.csv")])
def test_an_import_wants_a_file_or_the_name_of_one_that_was(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert here("-C", tmp_path, "subscribers", "import", *arguments).code == 2
