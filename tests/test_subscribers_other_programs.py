"""Exports of other programs, through the command and a real send: who is in the outbox is exactly who agreed."""

from __future__ import annotations

import email
import json
import re
from pathlib import Path

import pytest
from command import TEXT, complains, here, make_workspace
from hypothesis import given
from hypothesis import strategies as st

from subscribers.csvfile import ColumnChoices, CsvRow, look, rows
from subscribers.csvfile.columns import concern_of, understood
from subscribers.csvfile.moments import moment_of
from subscribers.csvfile.programs import PROGRAMS
from subscribers.errors import CsvError
from subscribers.folding import fold

DATA = Path(__file__).parent / "data" / "programs"
FILES = sorted(path.name for path in DATA.iterdir())
REFUSED = {"nonsubscribed_email_audience_export_1.csv"}


def addresses(path: Path) -> set[str]:
    return set(re.findall(r"[\w.-]+@example\.org", path.read_text("utf-8")))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("programs"))
    (root / "article.txt").write_text(TEXT, "utf-8")
    assert here("collect", "article.txt", cwd=root).code == 0
    return root


@pytest.fixture
def sent(workspace: Path, request: pytest.FixtureRequest) -> tuple[str, set[str]]:
    """The name of a file, and whom a real send after its import went to."""
    from newsletter.wiring import open_workspace
    from subscribers import store

    name = request.param
    slug = f"list-{FILES.index(name)}"
    with open_workspace(workspace, {}) as opened, opened.database.write() as connection:
        store.add_list(connection, slug, "قائمة", now=opened.now())
    done = here("subscribers", "import", DATA / name, "--list", slug, "--consent", "said so at the fair", cwd=workspace)
    assert done.code in (0, 1), done
    # Nobody gets one issue twice, so each file has an issue of its own.
    composed = here("compose", "1", "--list", slug, "--slug", slug, cwd=workspace)
    assert composed.code == 0, composed
    before = set((workspace / "outbox" / "new").glob("*.eml"))
    told = here("send", composed.out.strip(), "--yes", cwd=workspace)
    assert "Traceback" not in told.err
    new = set((workspace / "outbox" / "new").glob("*.eml")) - before
    return name, {str(email.message_from_bytes(path.read_bytes())["To"]) for path in new}


@pytest.mark.parametrize("sent", FILES, indirect=True)
def test_a_real_send_goes_to_exactly_those_who_agreed(sent: tuple[str, set[str]]) -> None:
    name, to = sent
    assert to == {one for one in addresses(DATA / name) if one.startswith("ok")}


def test_every_program_is_sourced_and_has_a_file() -> None:
    known = {look(DATA / name, ColumnChoices()).tool.name for name in FILES if name not in REFUSED}
    assert known - {""} == {program.name for program in PROGRAMS} - {"Nashra"}
    assert all(program.source for program in PROGRAMS)


def test_people_who_never_were_readers_are_told_and_can_be_kept_out(workspace: Path) -> None:
    [name] = REFUSED
    done = here("subscribers", "import", DATA / name, "--consent", "x", cwd=workspace)
    complains(done, "non-subscribed contacts never agreed", "--as left")
    assert look(DATA / name, ColumnChoices(everybody="left")).everybody == "left"


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def standings(path: Path, choices: ColumnChoices | None = None) -> list[str | None]:
    layout = look(path, choices or ColumnChoices())
    return [row.standing if isinstance(row, CsvRow) else row.reason for row in rows(path, layout)]


@pytest.mark.parametrize(
    ("header", "cells", "told"),
    [
        ("Unsubscribe note", "asked me at the fair", "'Unsubscribe note'"),
        ("Bounce count", "3", "'Bounce count'"),
        ("Consent", "see paper", "'Consent'"),
        ("شكاوى", "واحدة في مايو", "'شكاوى'"),
        ("Payment status", "paid", "'Payment status'"),
        ("Opt-out page", "https://example.org/x", "'Opt-out page'"),
    ],
)
def test_a_column_that_may_speak_of_leaving_stops_the_import(
    tmp_path: Path, header: str, cells: str, told: str
) -> None:
    path = write(tmp_path / "list.csv", f"email,{header}\na@example.org,{cells}\nb@example.org,\n")
    with pytest.raises(CsvError) as caught:
        look(path)
    assert told in caught.value.what
    assert "--ignore-column" in (caught.value.mend or "")
    assert "--status-column" in (caught.value.mend or "")
    assert cells[:10] in caught.value.what

    assert standings(path, ColumnChoices(ignore=(header,))) == [None, None]
    assert look(path, ColumnChoices(ignore=(header,))).unused == (f"{header} (ignored)",)
    first, second = standings(path, ColumnChoices(status=(header,)))
    assert "is none we know" in str(first)
    assert "silence is no consent" in str(second)


def test_one_word_behind_a_thousand_days_is_seen(tmp_path: Path) -> None:
    days = "".join(f"r{n}@example.org,{2000 + n % 25}-{n % 12 + 1:02}-{n % 28 + 1:02}\n" for n in range(8000))
    path = write(tmp_path / "list.csv", f"email,Consent date\n{days}gone@example.org,withdrew by telephone\n")
    with pytest.raises(CsvError, match="withdrew by telepho"):
        look(path)


def test_a_large_file_is_looked_at_a_row_at_a_time(tmp_path: Path) -> None:
    import tracemalloc

    lines = "".join(f"reader{n}@example.org,{'yes' if n % 9 else 'no'},note {n}\n" for n in range(50_000))
    path = write(tmp_path / "list.csv", f"email,Opted out,Notes\n{lines}")
    tracemalloc.start()
    look(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000


def test_a_status_column_that_an_editor_names_is_read_in_five_languages(tmp_path: Path) -> None:
    words = ["subscribed", "cancelled", "yes", "no", "désabonné", "dado de baja", "abgemeldet", "شكوى", "bestätigt"]
    lines = "".join(f"r{number}@example.org,{word}\n" for number, word in enumerate(words))
    path = write(tmp_path / "list.csv", f"email,Notes\n{lines}")
    assert standings(path) == [None] * len(words)
    assert standings(path, ColumnChoices(status=("notes",))) == [
        *("confirmed", "left", "confirmed", "left", "left", "left", "left", "suppressed", "confirmed")
    ]


@pytest.mark.parametrize("header", ["State", "Active", "Newsletter", "Valid"])
def test_a_name_with_other_meanings_is_left_alone_where_its_cells_say_something_else(
    tmp_path: Path, header: str
) -> None:
    path = write(tmp_path / "list.csv", f"email,{header}\na@example.org,Texas\n")
    assert standings(path) == [None]
    assert look(path).unused == (header,)


def test_a_file_of_leavers_is_brought_in_as_such(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", "email,created\na@example.org,1600000000\n")
    with pytest.raises(CsvError, match="people who left") as caught:
        look(path)
    assert "--as left" in (caught.value.mend or "")
    assert standings(path, ColumnChoices(everybody="left")) == ["left"]
    assert standings(path, ColumnChoices(everybody="suppressed")) == ["suppressed"]
    assert standings(path, ColumnChoices(ignore=("created",))) == [None]


def test_two_columns_of_one_name_are_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", "email,name,email\na@example.org,x,b@example.org\n")
    with pytest.raises(CsvError, match="columns 1 and 3 are both called 'email'"):
        look(path)
    layout = look(path, ColumnChoices(ignore=("email:1",)))
    assert [row.address.address for row in rows(path, layout) if isinstance(row, CsvRow)] == ["b@example.org"]
    same = write(tmp_path / "same.csv", "email,name,email\na@example.org,x,a@example.org\n")
    assert look(same).address == 0


def test_a_long_cell_is_told_as_that_and_an_open_quotation_mark_as_that(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", f"email,note\na@example.org,{'ن' * 200_000}\n")
    with pytest.raises(CsvError, match=r"the cell in column 2 has 200,000 characters") as caught:
        list(rows(path, look(path)))
    assert caught.value.where == f"{path}:2"
    path = write(tmp_path / "list.csv", f'email,note\na@example.org,"{"ن" * 200_000}\n')
    with pytest.raises(CsvError, match="quotation mark"):
        list(rows(path, look(path)))


def test_topics_are_taken_only_from_the_column_that_is_named(tmp_path: Path) -> None:
    text = 'email,tags\na@example.org,"رياضة, vip"\nb@example.org,vip\nc@example.org,"[""ثقافة"", ""رياضة""]"\n'
    path = write(tmp_path / "list.csv", text.replace('""', '""'))
    titles = ("رياضة", "", "ثقافة", "اقتصاد")
    assert all(row.declined_topics == 0 for row in rows(path, look(path, topics=titles)) if isinstance(row, CsvRow))
    layout = look(path, ColumnChoices(topics="tags"), titles)
    assert [row.declined_topics for row in rows(path, layout) if isinstance(row, CsvRow)] == [0b1100, 0, 0b1000]
    with pytest.raises(CsvError, match="has no topics"):
        look(path, ColumnChoices(topics="tags"))


def test_what_a_file_tells_of_the_consent_is_read(tmp_path: Path) -> None:
    path = DATA / "mailchimp-subscribed.csv"
    first, second = (row for row in rows(path, look(path)) if isinstance(row, CsvRow))
    assert first.evidence is not None
    assert second.evidence is not None
    assert first.evidence.at == moment_of("2020-01-02T03:04:05+00:00")
    assert first.evidence.confirmed == moment_of("2020-01-02T03:05:05+00:00")
    assert first.evidence.network == "192.0.2.7"
    assert second.evidence.at == moment_of("2020-02-02 03:05:05")
    path = write(tmp_path / "list.csv", "email,Signup date,Source\na@example.org,03/04/2021,stand\n")
    [row] = (row for row in rows(path, look(path)) if isinstance(row, CsvRow))
    assert row.evidence is not None
    # March or April: kept as it stands.
    assert (row.evidence.at, row.evidence.words, row.evidence.page) == (None, "03/04/2021", "stand")


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("2023-01-02T03:04:05.000Z", 1672628645),
        ("2023-01-02 03:04:05", 1672628645),
        ("1672628645", 1672628645),
        ("1672628645000", 1672628645),
        ("Mon, 02 Jan 2023 03:04:05 +0000", 1672628645),
        ("25/12/2022", 1671926400),
        ("12/25/2022", 1671926400),
        ("01.02.2023", 1675209600),
        ("02/02/2023", 1675296000),
        ("01/02/2023", None),
        ("99.99.2023", None),
        ("soon", None),
        ("", None),
    ],
)
def test_moments_as_programs_write_them(cell: str, seconds: int | None) -> None:
    assert moment_of(cell) == seconds


@given(st.text(max_size=40))
def test_no_cell_is_too_odd_for_a_moment(cell: str) -> None:
    assert moment_of(cell) is None or isinstance(moment_of(cell), int)


LEAVING = ["Opted out", "Unsubscribed", "Désinscrit", "Dado de baja", "Abgemeldet", "ألغى الاشتراك", "Do not contact"]
TROUBLE = ["Bounced", "Complained", "Plainte", "Rebotado", "Gesperrt", "شكوى", "Blacklisted"]
YES = ["yes", "TRUE", "1", "x", "oui", "sí", "ja", "نعم", "2023-01-02", "01.02.2023"]


@given(st.sampled_from(LEAVING + TROUBLE), st.lists(st.sampled_from(YES), min_size=1, max_size=5), st.text(max_size=3))
def test_nobody_is_confirmed_whom_a_column_calls_gone(name: str, cells: list[str], around: str) -> None:
    folded = fold(name + "".join(one for one in around if not one.isalnum()))
    concern = concern_of(folded)
    assert concern in ("leaving", "trouble")
    meaning = understood(folded, concern, cells)
    assert meaning is not None
    assert {meaning.words.get(fold(cell), meaning.otherwise) for cell in cells} <= {"left", "suppressed"}


def test_the_report_names_every_column_that_is_not_used(workspace: Path) -> None:
    done = here(
        *("subscribers", "import", DATA / "mailchimp-subscribed.csv", "--dry-run", "--json", "--consent", "x"),
        cwd=workspace,
    )
    assert json.loads(done.out)["unused"] == [
        "First Name (a name; letters carry none)",
        "MEMBER_RATING",
        "LAST_CHANGED",
        "LEID",
        "EUID",
        "NOTES",
        "TAGS (--topics-column 'TAGS' takes topics from it)",
    ]
