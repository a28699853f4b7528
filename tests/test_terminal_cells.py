"""What fits a terminal: cut and wrapped by cells, with every isolate closed on the line it was opened on."""

from __future__ import annotations

import io
import re
import sys
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from rich.cells import cell_len

from newsletter.cli import cells, output, speaking, tables
from newsletter.text.sentences import counted, said

SIGNS = "\u2066\u2067\u2068\u2069"
TEXTS = some.text(alphabet=some.sampled_from("ابتثجحخدذرزسش ةأ،؛؟.:-–/aZ 09٣٥ًّ👩\u200d💻é漢" + SIGNS), max_size=60)
HEADLINES = [
    "المدينة القديمة تستعيد أسوارها بعد أشغال الترميم التي دامت ثلاث سنوات كاملة",
    "Air Algérie تعلن خطًا جديدًا إلى تونس و\u2067مدن أخرى في الجنوب\u2069",
    "ميناء وهران يفتح رصيفًا جديدًا لسفن الحاويات في 2026 - 2027",
    "A\u0301 short one",
    "\u2067لم يُغلق",
]


def taken(line: str) -> int:
    return cell_len("".join(sign for sign in line if sign not in SIGNS))


@given(TEXTS, some.integers(0, 40))
def test_what_is_cut_fits_and_is_closed(text: str, room: int) -> None:
    found = cells.cut(text, room)
    assert cells.balanced(found)
    assert cells.width(found) <= max(room, 0)


@given(TEXTS, some.integers(2, 40))
def test_every_line_of_what_is_wrapped_fits_and_is_closed(text: str, room: int) -> None:
    lines = cells.wrapped(text, room)
    for line in lines:
        assert cells.balanced(line)
        assert cells.width(line) <= room
    bare = str.maketrans("", "", SIGNS + " ")
    assert "".join(lines).translate(bare) == text.translate(bare)


@given(TEXTS)
def test_what_is_closed_stays_so(text: str) -> None:
    found = cells.closed(text)
    assert cells.closed(found) == found
    assert found.translate(str.maketrans("", "", SIGNS)) == text.translate(str.maketrans("", "", SIGNS))


def printed(columns: list[str], rows: list[tuple[object, ...]], room: int, language: str) -> list[str]:
    """The lines of a table at a terminal of so many columns."""
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    with (
        mock.patch.object(sys, "stdout", stream),
        mock.patch.dict("os.environ", {"COLUMNS": str(room), "NO_COLOR": "1", "TERM": "xterm"}),
    ):
        speaking.choose(["--lang", language], {})
        try:
            tables.table(columns, rows)
        finally:
            speaking.choose([], {})
    return re.sub("\x1b\\[[0-9;]*m", "", stream.getvalue()).splitlines()


@pytest.mark.parametrize("language", ["en", "ar"])
@settings(max_examples=40, deadline=None)
@given(some.integers(24, 140), some.lists(some.sampled_from(HEADLINES), min_size=1, max_size=4), some.integers(0, 30))
def test_a_table_keeps_its_columns_at_any_width(language: str, room: int, headlines: list[str], days: int) -> None:
    rows: list[tuple[object, ...]] = [
        (1000 + at, counted("{n} d", "{n} d", days), headline, "readers/daily/2026-11-30")
        for at, headline in enumerate(headlines)
    ]
    lines = printed(["ID", "Age", "Headline", "Sent in"], rows, room, language)
    assert len(lines) == 1 + len(rows) or room < 60
    for line in lines:
        assert cells.balanced(line)
        assert taken(line) <= room
        assert line[:1] not in ("\u2066", "\u2067", "\u2068")  # lost there in VTE and tmux
    assert room < 60 or [line.strip()[:4] for line in lines[1:]] == [str(row[0]) for row in rows]


@pytest.mark.parametrize("room", [20, 40, 80, 120])
def test_lines_for_a_person_are_whole_in_themselves(room: int, capsys: pytest.CaptureFixture[str]) -> None:
    speaking.choose(["--lang", "ar"], {})
    try:
        with (
            mock.patch.object(sys.stderr, "isatty", return_value=True),
            mock.patch.object(output, "screen_width", return_value=room),
        ):
            for headline in HEADLINES:
                output.say(said("note: «{headline}» was taken out of the draft", headline=headline))
    finally:
        speaking.choose([], {})
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= len(HEADLINES)
    for line in lines:
        assert cells.balanced(line)
        assert taken(line) <= room
        assert line.startswith(" ")  # a sign at the very beginning is lost in VTE
