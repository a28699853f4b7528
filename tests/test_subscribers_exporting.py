from __future__ import annotations

import csv
import json
import stat
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from newsletter.storage.database import open_database
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.consent import ACTS
from subscribers.csvfile import BadCsvRow, csv_writer, look, rows
from subscribers.csvfile.formulas import neutral, restored
from subscribers.csvfile.own_export import MOST_CHARACTERS, ConsentLine, consent_cells
from subscribers.errors import CsvError, UnknownList
from subscribers.models import RHYTHMS, STATUSES
from subscribers.moments import to_moment
from subscribers.store import tables
from subscribers.store.tables import metadata

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32))}
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x", "'=1", "''=1", "'"]


@given(st.text() | st.sampled_from(FORMULAS) | st.builds("{}{}".format, st.sampled_from(FORMULAS), st.text()))
def test_no_cell_begins_like_a_formula_and_none_is_changed_for_good(cell: str) -> None:
    written = neutral(cell)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert restored(written) == cell


@given(st.text())
def test_ordinary_text_is_written_as_it_is(cell: str) -> None:
    if cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'"):
        assert neutral(cell) == cell == restored(cell)


def people(connection: Connection) -> int:
    list_id = store.add_list(connection, "readers", "نشرة القراء", now=NOW).id
    store.add_list(connection, "donors", "الداعمون", now=NOW)
    add = actions.add_subscriber
    add(
        connection,
        "Salma@example.org",
        "readers",
        now=NOW,
        keys=KEYS,
        rhythm="daily",
        words='=HYPERLINK("x")',
        name="=سلمى حدّاد",
    )
    left = add(connection, "nader@example.org", "readers", now=NOW, keys=KEYS, words='سطر\nوسطر، "بعلامة"').subscriber
    actions.leave(connection, left.id, list_id, now=NOW + timedelta(days=1), how="page")
    add(connection, "=1+1|cmd@example.org", "readers", now=NOW, keys=KEYS)
    add(connection, "ليلى@example.org", "readers", now=NOW, keys=KEYS)
    add(connection, "other@example.org", "donors", now=NOW, keys=KEYS)
    actions.subscribe(connection, "hadi@example.org", "readers", now=NOW, keys=KEYS, how="form", words="")
    gone = add(connection, "bounced@example.org", "readers", now=NOW, keys=KEYS).subscriber
    actions.suppress(connection, gone.address, now=NOW, keys=KEYS, reason="hard")
    paused = store.find(connection, normalise("salma@example.org"))
    assert paused is not None
    actions.prefer(
        connection, paused.id, list_id, now=NOW, rhythm="daily", declined_topics=3, paused_until=NOW + timedelta(days=7)
    )
    return list_id


def test_a_list_is_written_whole_with_its_latest_consent(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.store.exports._PAGE", 2)
    people(connection)
    path = tmp_path / "out.csv"

    assert actions.export_file(connection, path, "readers") == 6

    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("*.part"))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["address"], row["status"], row["rhythm"], row["suppressed"]) for row in rows] == [
        ("Salma@example.org", "confirmed", "daily", ""),
        ("nader@example.org", "left", "weekly", ""),
        ("'=1+1|cmd@example.org", "confirmed", "weekly", ""),
        ("ليلى@example.org", "confirmed", "weekly", ""),
        ("hadi@example.org", "pending", "weekly", ""),
        ("bounced@example.org", "confirmed", "weekly", "hard"),
    ]
    assert rows[0]["consent_words"] == '\'=HYPERLINK("x")'
    assert (rows[0]["declined_topics"], rows[0]["paused_until"]) == ("3", "2026-12-01T08:00:00+00:00")
    assert (rows[1]["consent_act"], rows[1]["consent_at"]) == ("leave", "2026-11-25T08:00:00+00:00")
    assert rows[2]["since"] == "2026-11-24T08:00:00+00:00"


def test_an_export_read_into_an_empty_house_keeps_everybody_where_they_were(
    connection: Connection, database_urls: object, tmp_path: Path
) -> None:
    assert callable(database_urls)
    people(connection)
    path = tmp_path / "out.csv"
    actions.export_file(connection, path, "readers")
    database = open_database(database_urls(connection.dialect.name))
    with database.write() as other:
        metadata.create_all(other)
        list_id = store.add_list(other, "readers", "نشرة القراء", now=NOW).id

        report = actions.import_file(other, path, "readers", now=NOW, keys=KEYS)

        assert (report.rows, report.added, report.pending, report.left, report.suppressed) == (6, 3, 1, 1, 1)
        assert (report.rejected_count, report.layout) == (0, "Nashra")
        assert [(one.address, theirs.status, theirs.rhythm) for one, theirs in store.subscribers(other, list_id)] == [
            ("=1+1|cmd@example.org", "confirmed", "weekly"),
            ("bounced@example.org", "confirmed", "weekly"),
            ("hadi@example.org", "pending", "weekly"),
            ("nader@example.org", "left", "weekly"),
            ("Salma@example.org", "confirmed", "daily"),
            ("ليلى@example.org", "confirmed", "weekly"),
        ]
        called = dict(other.execute(select(tables.subscriber.c.address, tables.subscriber.c.name)).all())
        assert (called["Salma@example.org"], called["hadi@example.org"]) == ("=سلمى حدّاد", "")
        stopped = store.suppression_of(other, "bounced@example.org", KEYS)
        assert stopped is not None
        assert (stopped.reason, stopped.at) == ("hard", NOW)
        mailed = other.execute(store.audience(list_id, rhythms=RHYTHMS, now=NOW)).scalars().all()
        assert stopped.subscriber_id is not None
        assert stopped.subscriber_id not in mailed
        assert len(mailed) == 2  # Salma has paused
        chosen = {one.address: theirs for one, theirs in store.subscribers(other, list_id)}["Salma@example.org"]
        assert (chosen.declined_topics, chosen.paused_until) == (3, NOW + timedelta(days=7))
    database.close()


@pytest.mark.parametrize(
    ("topics", "pause", "reason"),
    [
        ("256", "", "its topics '256' are not between 0 and 255"),
        ("-1", "", "its topics '-1' are not between 0 and 255"),
        ("x", "", "its topics 'x' or pause '' cannot be read"),
        ("1", "tomorrow", "its topics '1' or pause 'tomorrow' cannot be read"),
        ("1", "2026-12-01", "its topics '1' or pause '2026-12-01' cannot be read"),
        ("", "9999-12-31T23:59:59+00:00", None),
    ],
)
def test_choices_that_cannot_be_read_are_named(tmp_path: Path, topics: str, pause: str, reason: str | None) -> None:
    path = tmp_path / "out.csv"
    with csv_writer(path, actions.exporting.COLUMNS) as write:
        write(["a@example.org", "confirmed", "daily", topics, pause, *[""] * 12])
    [row] = rows(path, look(path))
    assert (row.reason if isinstance(row, BadCsvRow) else None) == reason


def test_only_some_statuses_can_be_written(connection: Connection, tmp_path: Path) -> None:
    people(connection)
    assert actions.export_file(connection, tmp_path / "out.csv", "readers", statuses=["left"]) == 1


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(connection: Connection, tmp_path: Path) -> None:
    people(connection)
    with pytest.raises(CsvError, match="cannot be written"):
        actions.export_file(connection, tmp_path / "no" / "out.csv", "readers")
    with pytest.raises(UnknownList):
        actions.export_file(connection, tmp_path / "out.csv", "nobody")
    with pytest.raises(RuntimeError, match="stop"), csv_writer(tmp_path / "out.csv", ["a"]):
        raise RuntimeError("stop")
    assert not list(tmp_path.glob("out*"))


# ---- rejected rows


def test_rejected_rows_can_be_mended_and_imported_again(connection: Connection, tmp_path: Path) -> None:
    store.add_list(connection, "readers", "نشرة القراء", now=NOW)
    path, rejects = tmp_path / "list.csv", tmp_path / "rejects.csv"
    path.write_text(
        "name;email;rhythm\nسلمى;salma@example.org;daily\nنادر;nader@example,org;daily\n=1;x;\nهادي\n", "utf-8"
    )

    report = actions.import_file(connection, path, "readers", now=NOW, keys=KEYS, rejects=rejects)

    assert (report.added, report.rejected_count) == (1, 3)
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["name", "email", "rhythm", "line", "reason"],
        ["نادر", "nader@example,org", "daily", "3", "it has a comma or semicolon in it"],
        ["'=1", "x", "", "4", "it has no @"],
        ["هادي", "", "", "5", "there is nothing here"],
    ]
    mended = rejects.read_text("utf-8-sig").replace("nader@example,org", "nader@example.org").replace('"', "")
    path.write_text(mended, "utf-8")
    assert actions.import_file(connection, path, "readers", now=NOW, keys=KEYS).added == 1


def test_no_file_of_rejected_rows_is_written_when_there_are_none(connection: Connection, tmp_path: Path) -> None:
    store.add_list(connection, "readers", "نشرة القراء", now=NOW)
    path, rejects = tmp_path / "list.csv", tmp_path / "rejects.csv"
    path.write_text("salma@example.org\n", "utf-8")
    actions.import_file(connection, path, "readers", now=NOW, keys=KEYS, rejects=rejects)
    assert not rejects.exists()

    path.write_text("salma@example.org\nbad, worse\n", "utf-8")
    actions.import_file(connection, path, "readers", now=NOW, keys=KEYS, rejects=rejects, dry_run=True)
    assert rejects.read_text("utf-8-sig").splitlines() == [
        "email,line,reason",
        '"bad, worse",2,it has no @',
    ]


# ---- there and back

MOMENT = st.integers(1_500_000_000, 1_900_000_000)
# No NUL, which PostgreSQL keeps in no text, and no lone surrogates, which are in no file.
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [*FORMULAS, '{"a": "b"}', "[]", 'سطر\r\nوسطر، "بعلامة"', "  "]
)
LINE = st.builds(
    ConsentLine,
    act=st.sampled_from(ACTS),
    at=MOMENT,
    how=WORDS,
    words=WORDS,
    network=st.sampled_from(["", "203.0.113.0/24", "2001:db8::/48"]),
    page=st.sampled_from(["", "https://example.org/اشتراك"]),
    reason=WORDS,
)
ONE = st.fixed_dictionaries(
    {
        "status": st.sampled_from(STATUSES),
        "rhythm": st.sampled_from(RHYTHMS),
        "declined_topics": st.integers(0, 255),
        "paused_until": st.none() | MOMENT,
        "created": MOMENT,
        "changed": MOMENT,
        "reason": st.none() | st.sampled_from(["hard", "complained", "editor", "import"]),
        "record": st.lists(LINE, min_size=1, max_size=4),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(ONE, max_size=5))
def test_what_is_exported_read_in_and_exported_again_is_the_same(
    connection: Connection, tmp_path: Path, people: list[dict[str, Any]]
) -> None:
    files = [tmp_path / f"{uuid.uuid4()}.csv" for _ in range(2)]
    list_id = emptied(connection)
    for number, one in enumerate(people):
        put(connection, list_id, f"reader{number}@example.org", one)
    # Who was erased is in no export.
    gone = actions.add_subscriber(connection, "gone@example.org", "readers", now=NOW, keys=KEYS).subscriber
    actions.erase(connection, gone.address, now=NOW, keys=KEYS)
    assert actions.export_file(connection, files[0], "readers") == len(people)
    list_id = emptied(connection)

    report = actions.import_file(connection, files[0], "readers", now=NOW, keys=KEYS, need_consent=True)

    assert (report.rows, report.rejected) == (len(people), ())
    assert actions.export_file(connection, files[1], "readers") == len(people)
    for one, _ in store.subscribers(connection, list_id):
        for line in store.consents_of(connection, one.id):
            assert (line.source, line.recorded) == (f"file {files[0].name}", NOW)
    before, after = (sorted(cells(path)) for path in files)
    assert after == before


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def emptied(connection: Connection) -> int:
    """Tables with nothing in them but a list."""
    for table in reversed(metadata.sorted_tables):
        connection.execute(table.delete())
    return store.add_list(connection, "readers", "نشرة القراء", now=NOW).id


def put(connection: Connection, list_id: int, address: str, one: dict[str, Any]) -> None:
    person = store.add(connection, normalise(address), public_id=uuid.uuid4().bytes, now=NOW)
    names = ("status", "rhythm", "declined_topics", "paused_until", "created", "changed")
    connection.execute(
        tables.subscription.insert(),
        {"list_id": list_id, "subscriber_id": person.id, **{name: one[name] for name in names}},
    )
    for line in one["record"]:
        connection.execute(tables.consent.insert(), {"list_id": list_id, "subscriber_id": person.id, **line._asdict()})
    if one["reason"]:
        at = to_moment(one["changed"])
        actions.suppress(connection, address, now=at, keys=KEYS, reason=one["reason"])


def test_a_record_too_long_for_a_spreadsheet_keeps_what_gave_consent() -> None:
    chatter = [ConsentLine("leave", 1_700_000_000 + number, words="ل" * 5000) for number in range(20)]
    record = [ConsentLine("confirm", 1_600_000_000, "form"), *chatter]
    *_, told = consent_cells(record)
    assert len(told) < MOST_CHARACTERS + 100
    kept = json.loads(told)
    assert kept[0] == {"act": "confirm", "at": "2020-09-13T12:26:40+00:00", "how": "form"}
    assert 2 < len(kept) < 8
    assert kept[-1]["at"] > kept[-2]["at"]


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("since", "last summer", "its since cannot be read as a moment with a time zone"),
        ("changed", "2026-11-24", "its changed cannot be read as a moment with a time zone"),
        ("suppressed_at", "1066-10-14T09:00:00+00:00", "its suppressed_at is no moment of our time"),
        ("consent_act", "swore", "its consent_act tells of no act and moment that we know"),
        ("consent_record", "{", "its consent_record is not a list in JSON"),
        ("consent_record", "[" * 100_000, "its consent_record is not a list in JSON"),
        ("consent_record", '["confirm"]', "its consent_record is not a list in JSON"),
        ("consent_record", '[{"act": "confirm"}]', "its consent_record tells of no act and moment that we know"),
        *(
            (
                "consent_record",
                f'[{{"act": "confirm", "at": "2026-11-24T08:00:00+00:00", "words": {words}}}]',
                "its consent_record tells of no act and moment that we know",
            )
            for words in ("1", "null", r'"\ud800"', r'"a\u0000b"')
        ),
    ],
)
def test_a_past_that_cannot_be_read_is_named(tmp_path: Path, column: str, cell: str, reason: str) -> None:
    path = tmp_path / "out.csv"
    told = {"address": "a@example.org", "status": "confirmed", column: cell}
    with csv_writer(path, actions.exporting.COLUMNS) as write:
        write([told.get(name, "") for name in actions.exporting.COLUMNS])
    [row] = rows(path, look(path))
    assert isinstance(row, BadCsvRow)
    assert row.reason == reason
