"""newsletter.toml edited in place: the value is another, every other line is the same, byte for byte."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import newsroom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import SettingsError
from newsletter.text.toml_editing import SettingsTextError, edited, value_at
from newsletter.workspace.settings_file import SettingsFile

FILE = """\
# what is above

[newsletter]
name = "الموجة"   # as readers know it
# url = "https://…"   # of the site
language   =   'ar'

[letter]
# accent = "#0f766e"
digits = "latin"
links = { "فيسبوك" = "https://fb.example" }   # at the foot

# about the pages
[web]
lists = [
  "readers",  # the first
  "other",
]
letters_an_hour = 1_000

[topics.readers]
1 = "رياضة"
2 = { title = "ثقافة", sections = ["كتب"] }

[sender.pace]
"gmail.com" = 20

[lists.readers]
name = "آخر سطر بلا نهاية\""""


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def alike(one: list[str], other: list[str]) -> int:
    """How many lines are the same at the beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


NAMED = 'name = "الموجة"   # as readers know it\n'
LAST = 'name = "آخر سطر بلا نهاية"'


@pytest.mark.parametrize(
    ("path", "value", "gone", "new"),
    [
        (("newsletter", "name"), "أخرى", NAMED, 'name = "أخرى"   # as readers know it\n'),
        (("newsletter", "url"), "https://x.example", "", 'url = "https://x.example"\n'),
        (("letter", "accent"), "#123456", "", 'accent = "#123456"\n'),
        (("letter", "hijri"), True, "", "hijri = true\n"),
        (("letter", "digits"), None, 'digits = "latin"\n', ""),
        (("web", "letters_an_hour"), 30, "letters_an_hour = 1_000\n", "letters_an_hour = 30\n"),
        (("web", "lists"), ["readers", "third"], '  "other",\n', '  "third",\n'),
        (("topics", "readers", "2"), "فنون", '2 = { title = "ثقافة", sections = ["كتب"] }\n', '2 = "فنون"\n'),
        (("topics", "readers", "3"), {"title": "بحر"}, "", '3 = {title = "بحر"}\n'),
        (("sender", "pace", "gmail.com"), 5.5, '"gmail.com" = 20\n', '"gmail.com" = 5.5\n'),
        (("lists", "readers", "from"), "a <b@c.example>", LAST, f'{LAST}\nfrom = "a <b@c.example>"\n'),
        (("collect", "sources"), ["x"], LAST, f'{LAST}\n\n[collect]\nsources = ["x"]\n'),
    ],
)
def test_only_its_own_line_is_another(path: tuple[str, ...], value: Any, gone: str, new: str) -> None:
    made = edited(FILE, {path: value})
    head = alike(lines(FILE), lines(made))
    tail = alike(lines(FILE)[head:][::-1], lines(made)[head:][::-1])
    changed = [one[head : len(one) - tail] for one in (lines(FILE), lines(made))]
    assert ["".join(one) for one in changed] == [gone, new]
    assert value_at(tomllib.loads(made), path) == value


def test_a_new_key_stands_below_the_comment_that_shows_it() -> None:
    after = lines(edited(FILE, {("letter", "accent"): "#123456"}))
    assert after[after.index('accent = "#123456"\n') - 1] == '# accent = "#0f766e"\n'


def test_nothing_changes_when_the_value_is_there_already() -> None:
    assert edited(FILE, {("web", "letters_an_hour"): 1000, ("letter", "accent"): None}) == FILE


@pytest.mark.parametrize("text", ["[letter\n", 'a = "x"\na = 1\n', "[" * 3000])
def test_what_is_no_toml_is_refused(text: str) -> None:
    with pytest.raises(SettingsTextError):
        edited(text, {("letter", "accent"): "#123456"})


def test_a_key_that_is_no_table_is_not_overwritten() -> None:
    with pytest.raises(SettingsTextError, match=r"name\.inner"):
        edited('name = "x"\n', {("name", "inner"): "y"})


KEYS = st.sampled_from(["name", "url", "accent", "digits", "كلمة", "with space"])
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.lists(st.text("abc ،\"'\\#[]", max_size=5), max_size=4),
)
TABLES = st.sampled_from(["newsletter", "letter", "web", "collect"])


@given(
    table=TABLES,
    key=KEYS,
    value=VALUES,
    end=st.sampled_from(["\n", "\r\n"]),
    others=st.dictionaries(KEYS, VALUES, max_size=4),
)
def test_any_edit_of_one_value_leaves_all_other_lines(
    table: str, key: str, value: Any, end: str, others: dict[str, Any]
) -> None:
    text = edited(FILE, {("letter", name): one for name, one in others.items()}).replace("\r", "").replace("\n", end)
    made = edited(text, {(table, key): value})
    was, now = tomllib.loads(text), tomllib.loads(made)
    assert value_at(now, (table, key)) == value
    for path in [(one, name) for one, rest in was.items() for name in rest if (one, name) != (table, key)]:
        assert value_at(now, path) == value_at(was, path)
    before, after = lines(text), lines(made)
    head = alike(before, after)
    tail = alike(before[head:][::-1], after[head:][::-1])
    assert len(before) - head - tail <= 1 or (table, key) == ("web", "lists")
    # And back again: the file is as it was, but for the form in which a value was written.
    back = edited(made, {(table, key): value_at(was, (table, key))})
    assert tomllib.loads(back) == was or (table == "collect" and tomllib.loads(back) == {**was, "collect": {}})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return newsroom.make(tmp_path / "w")


def test_the_file_keeps_its_mode_and_its_mark(root: Path) -> None:
    path = root / "newsletter.toml"
    path.write_bytes("\ufeff".encode() + path.read_bytes())
    path.chmod(0o600)
    saved = SettingsFile.read(root).changed({("letter", "accent"): "#123456"}).save({})
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().startswith("\ufeff# Every".encode())
    assert saved.mark == SettingsFile.read(root).mark
    assert sorted(one.name for one in root.iterdir() if ".part" in one.name) == []


def test_what_is_wrong_is_not_written(root: Path) -> None:
    before = (root / "newsletter.toml").read_bytes()
    with pytest.raises(SettingsError, match="accent: found 'red', but a colour"):
        SettingsFile.read(root).changed({("letter", "accent"): "red"}).save({})
    assert (root / "newsletter.toml").read_bytes() == before


def test_nobody_is_written_over(root: Path) -> None:
    file = SettingsFile.read(root).changed({("letter", "accent"): "#123456"})
    other = (root / "newsletter.toml").read_text("utf-8") + "# a word of somebody else\n"
    (root / "newsletter.toml").write_text(other, "utf-8")
    with pytest.raises(SettingsError, match="changed by somebody else"):
        file.save({})
    assert (root / "newsletter.toml").read_text("utf-8") == other


def test_secrets_count_when_it_is_checked(root: Path) -> None:
    """A provider in need is set up by its secret alone: the text is judged with what stands beside it."""
    (root / "secrets" / "smtp.password").write_text("geheim", "utf-8")
    file = SettingsFile.read(root).changed(
        {("smtp", "host"): "smtp.example.org", ("smtp", "user"): "news", ("sender", "fallback"): "smtp"}
    )
    assert file.checked({}).options["smtp"].password == "geheim"
