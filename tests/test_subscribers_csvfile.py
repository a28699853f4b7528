from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.csvfile import BadCsvRow, CsvRow, look, rows
from subscribers.errors import CsvError

DATA = Path(__file__).parent / "data" / "csv"


def taken(path: Path) -> list[tuple[object, ...]]:
    """What a file gives: (line, address, standing, rhythm) or (line, value, reason)."""
    return [
        (row.line, row.value, row.reason)
        if isinstance(row, BadCsvRow)
        else (row.line, row.address.address, row.standing, row.rhythm)
        for row in rows(path, look(path))
    ]


def file(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def test_a_small_file_gives_its_rows_and_names_the_bad_one() -> None:
    assert taken(DATA / "small.csv") == [
        (2, "salma@example.org", None, "weekly"),
        (3, "nader@example.org", None, "daily"),
        (4, "not-an-address", "it has no @"),
        (5, "SALMA@example.org", None, "daily"),
        (6, "layla@example.com", None, None),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1256"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_encoding_delimiter_and_line_end_is_understood(
    tmp_path: Path, encoding: str, delimiter: str, newline: str
) -> None:
    lines = [
        ["الاسم", "البريد الإلكتروني", "الوتيرة", "الحالة"],
        ["سلمى", "salma@example.org", "أسبوعية", "مؤكدة"],
        ["نادر", "nader@example.org", "يومي", "قيد الانتظار"],
    ]
    path = file(tmp_path, newline.join(delimiter.join(line) for line in lines) + newline, encoding)
    layout = look(path)

    assert layout.delimiter == delimiter
    assert layout.encoding_name == {"cp1256": "windows-1256"}.get(encoding, encoding[:6].rstrip("-s"))
    assert layout.columns == (("البريد الإلكتروني", "address"), ("الوتيرة", "rhythm"), ("الحالة", "status"))
    assert taken(path) == [
        (2, "salma@example.org", "confirmed", "weekly"),
        (3, "nader@example.org", "pending", "daily"),
    ]


@pytest.mark.parametrize(
    ("header", "meanings"),
    [
        ("Email Address,First Name,Status", {"address": 0, "status": 2}),
        ("name;E-mail;frequency", {"address": 1, "rhythm": 2}),
        ("Adresse e-mail;Fréquence;Statut", {"address": 0, "rhythm": 1, "status": 2}),
        ("Courriel,Prénom", {"address": 0}),
        ("الإيميل,الحاله", {"address": 0, "status": 1}),
        ("ايميل\tالإيقاع", {"address": 0, "rhythm": 1}),
        ("العنوان,البريد الالكتروني", {"address": 1}),
        ("Address,E-mail", {"address": 1}),
        ("العنوان,الاسم", {"address": 0}),
        ("EMAIL", {"address": 0}),
        ('"e_mail"', {"address": 0}),
        ("email,email", {"address": 0}),
        ("البَريد", {"address": 0}),
    ],
)
def test_columns_are_known_by_name_in_three_languages(tmp_path: Path, header: str, meanings: dict[str, int]) -> None:
    layout = look(file(tmp_path, f"{header}\n"))
    found = {"address": layout.address, **dict(zip(["status"], (at for at, _ in layout.says), strict=False))}
    if layout.rhythm is not None:
        found["rhythm"] = layout.rhythm
    assert found == meanings
    assert layout.header


def test_one_column_needs_no_name(tmp_path: Path) -> None:
    assert taken(file(tmp_path, "salma@example.org\n\nnader@example.org")) == [
        (1, "salma@example.org", None, None),
        (3, "nader@example.org", None, None),
    ]
    assert taken(file(tmp_path, "not-an-address\nsalma@example.org\n"))[0] == (
        1,
        "not-an-address",
        "it has no @",
    )
    assert taken(file(tmp_path, "salma@example.org;\nnader@example.org;\n"))[1][1] == "nader@example.org"


def test_two_addresses_on_a_line_without_columns_are_not_lost(tmp_path: Path) -> None:
    path = file(tmp_path, "salma@example.org\nnader@example.org, layla@example.org\n")
    assert taken(path)[1] == (
        2,
        "nader@example.org, layla@example.org",
        "there is more than one thing on this line",
    )


def test_the_hint_of_spreadsheets_is_obeyed(tmp_path: Path) -> None:
    path = file(tmp_path, "sep=;\r\nemail;rhythm\r\na@example.org;daily\r\nb@example.org;hourly\r\n")
    assert taken(path) == [
        (3, "a@example.org", None, "daily"),
        (4, "b@example.org", "its rhythm 'hourly' is none we know"),
    ]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        'email,note\na@example.org,"two\nlines, ""quoted"""\n\nbad,\n"b@example.org\n",x\n,nobody\n , \nc@example.org',
    )
    assert taken(path) == [
        (2, "a@example.org", None, None),
        (5, "bad", "it has no @"),
        (6, "b@example.org", None, None),
        (8, "", "there is nothing here"),
        (10, "c@example.org", None, None),
    ]


def test_a_status_nobody_knows_is_named_and_not_guessed(tmp_path: Path) -> None:
    path = file(tmp_path, "email,status\na@example.org,maybe\nb@example.org,désabonné\nc@example.org,bounced\n")
    assert taken(path) == [
        (2, "a@example.org", "its status 'maybe' is none we know"),
        (3, "b@example.org", "left", None),
        (4, "c@example.org", "suppressed", None),
    ]


@pytest.mark.parametrize(
    ("header", "cells", "standing"),
    [
        ("email,Email subscription status", "unsubscribed", "left"),
        ("email,Unsubscribed", "no", "confirmed"),
        ("email,Unsubscribed", "", None),
        ("email,Unsubscribed at", "2024-05-01", "left"),
        ("email,Désabonné", "oui", "left"),
        ("email,حالة القائمة", "مشترك", "confirmed"),
        ("email,status,unsubscribed", "confirmed,yes", "left"),
        ("email,subscription_status,bounce status", "pending,confirmed", "pending"),
    ],
)
def test_any_column_that_says_how_people_stand_is_heard_and_the_cautious_word_counts(
    tmp_path: Path, header: str, cells: str, standing: str | None
) -> None:
    assert taken(file(tmp_path, f"{header}\na@example.org,{cells}\n")) == [(2, "a@example.org", standing, None)]


def test_a_row_too_short_for_its_status_says_nothing(tmp_path: Path) -> None:
    assert taken(file(tmp_path, "email,status\na@example.org\n")) == [(2, "a@example.org", None, None)]


def test_an_apostrophe_is_part_of_an_address_unless_a_program_is_known_to_add_it(tmp_path: Path) -> None:
    assert taken(file(tmp_path, "email\n'+a@example.org\n"))[0][1] == "'+a@example.org"


def test_rows_may_be_shorter_or_longer_than_the_header(tmp_path: Path) -> None:
    path = file(tmp_path, "name,email,rhythm\nx\nx,a@example.org\nx,b@example.org,daily,more\n")
    assert taken(path) == [
        (2, "", "there is nothing here"),
        (3, "a@example.org", None, None),
        (4, "b@example.org", None, "daily"),
    ]


def test_an_arabic_address_in_a_legacy_file_is_not_guessed(tmp_path: Path) -> None:
    path = file(tmp_path, "email\nسلمى@example.org\nnader@example.org\n", "cp1256")
    assert taken(path) == [
        (2, "سلمى@example.org", "it is not ASCII and the file is not UTF-8; save the file as UTF-8"),
        (3, "nader@example.org", None, None),
    ]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ('email\na@example.org\n"b@example.org\nc@example.org\n', 3, "not closed before line 4"),
        ('email,name\na@example.org,"b\nc@example.org,d\n', 2, "never closed"),
        ('email\n"a@example.org\nb@example.org\nc"@example.org\nd@example.org\n', 2, "not closed before line 4"),
        ('email\na@example.org\n"' + "b@example.org\n" * 20_000, 3, "not closed"),
        ('"' + "b@example.org\n" * 20_000, 1, "not closed"),
    ],
)
def test_a_quotation_mark_may_not_swallow_rows(tmp_path: Path, content: str, line: int, words: str) -> None:
    path = file(tmp_path, content)
    with pytest.raises(CsvError, match=words) as told:
        taken(path)
    assert told.value.where == f"{path}:{line}"
    assert "nothing was imported" in told.value.mend


def test_a_quoted_cell_at_the_end_may_span_lines(tmp_path: Path) -> None:
    path = file(tmp_path, 'email,note\na@example.org,"one\ntwo"')
    assert taken(path) == [(2, "a@example.org", None, None)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\n \n,,\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"PK\x03\x04rest", "a spreadsheet or a zip archive"),
        (b"\xd0\xcf\x11\xe0rest", "an old spreadsheet"),
        (b"%PDF-1.7", "a PDF"),
        (b"name,city\nx,y\n", "no column is called address; the first row has 'name', 'city'"),
        (b"a@example.org,Salma\n", "no column is called address"),
        (b"\xff\xfea\x00@\x00b", "no @|not text in utf-16"),
        (b"\xff\xfea", "this is not text in utf-16"),
        (b"a" * 1_000_001, "longer than 1,000,000 characters"),
    ],
)
def test_what_is_no_list_of_addresses_is_told_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = file(tmp_path, content)
    with pytest.raises(CsvError, match=words) as told:
        [row for row in rows(path, look(path)) if isinstance(row, BadCsvRow) and _complain(row)]
    assert str(told.value).startswith(str(path))
    assert told.value.mend
    assert "\n" not in str(told.value)


def _complain(row: BadCsvRow) -> bool:
    raise CsvError(row.reason, where="x", mend="x")


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(CsvError, match="there is no such file"):
        look(tmp_path / "gone.csv")
    with pytest.raises(CsvError, match="this is a folder"):
        look(tmp_path)


def test_a_long_line_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = file(tmp_path, "email\na@example.org\n" + "b" * 1_000_001)
    with pytest.raises(CsvError, match="longer than") as told:
        taken(path)
    assert told.value.where == f"{path}:3"


@pytest.mark.slow
@settings(max_examples=300)
@given(
    st.binary(max_size=300)
    | st.text(alphabet='a@.,;\t\r\n"\0 bemail\u200fس', max_size=80).map(lambda text: text.encode("utf-8"))
    | st.text(alphabet='a@.,;\t\r\n"', max_size=80).map(lambda text: b"email\n" + text.encode("utf-16"))
)
def test_any_bytes_are_rows_or_one_complaint(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = file(tmp_path_factory.getbasetemp(), content)
    complaint = ""
    try:
        given_rows = list(rows(path, look(path)))
    except CsvError as error:
        given_rows, complaint = [], str(error)

    assert all(isinstance(row, CsvRow | BadCsvRow) and row.line >= 1 for row in given_rows)
    assert complaint == "" or complaint.startswith(str(path))
