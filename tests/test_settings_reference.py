"""docs/en/settings.md is what the schema of the settings says, and every setting says what it means."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import settings_in_arabic
import settings_reference

from newsletter.workspace import folder


def test_every_setting_says_what_it_means() -> None:
    assert settings_reference.missing() == [], "give them a description, Field(description=…), in their schema"


def test_the_page_is_what_the_schema_says() -> None:
    assert settings_reference.PATH.read_text("utf-8") == settings_reference.text(), "run: make docs"


def test_limits_defaults_and_choices_are_told() -> None:
    told = {(one.section, one.key): one for one in settings_reference.settings()}
    assert told["sender", "lease"].kind == "number, 1 to 3,600"
    assert told["sender", "lease"].default == "`30`"
    assert told["letter", "digits"].kind == "`latin` or `arabic-indic`"
    assert told["rhythms", "offered"].kind == "list of `instant`, `daily`, `weekly`, at least 1"
    assert told["newsletter", "name"].default == "(required)"
    assert told["web", "trusted_proxies"].default == "`127.0.0.1`, `::1`"
    assert told["topics.LIST", "NUMBER.title"].kind == "text"


def test_every_key_of_the_file_to_copy_from_is_there() -> None:
    """What the page shows to copy, commented or not, has its line in the tables."""
    told = {(one.section, one.key.partition(".")[0]) for one in settings_reference.settings()}
    section, found = "", 0
    for line in settings_reference.sample().splitlines():
        if header := re.match(r"\[([\w.]+)\]$", line):
            section = "topics.LIST" if header[1].startswith("topics.") else header[1]
        elif (key := re.match(r"(?:# )?([a-z_]+|\d) = ", line)) and section:
            name = "NUMBER" if key[1].isdigit() else key[1]
            assert (section, name) in told, line
            found += 1
    assert found > 100


def test_a_new_file_is_short(tmp_path: Path) -> None:
    """What was said is written, one line names where the rest is, and nothing else is there."""
    arguments = {"name": "الموجة", "url": "https://example.org", "sender": "الموجة <news@example.org>"}
    look = folder.FirstLook("https://example.org/logo.png", "#0f766e", "#b4531f")
    folder.make(
        tmp_path / "all",
        **arguments,
        web="https://news.example.org",
        language="ar",
        timezone="UTC",
        look=look,
        sources=["https://example.org/feed/"],
    )
    lines = (tmp_path / "all" / "newsletter.toml").read_text("utf-8").splitlines()
    assert len(lines) <= 25, lines
    assert "docs/en/settings.md" in lines[0]
    assert "newsletter desk" in lines[0]
    assert [line for line in lines[1:] if line.startswith("#")] == []
    folder.make(tmp_path / "least", **arguments, web="", language="ar", timezone="UTC")
    assert (tmp_path / "least" / "newsletter.toml").read_text("utf-8").splitlines()[1:] == [
        "",
        "[newsletter]",
        'name = "الموجة"',
        'url = "https://example.org"',
        'language = "ar"',
        'timezone = "UTC"',
        "",
        "[theme]",
        'style = "signature"',
        "",
        "[sender]",
        'kind = "outbox"',
        'from = "الموجة <news@example.org>"',
    ]


def test_a_setting_without_words_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    first = next(settings_reference.settings())
    monkeypatch.setattr(settings_reference, "settings", lambda: iter([replace(first, meaning="")]))
    assert settings_reference.missing() == ["[newsletter] name"]


def test_every_setting_says_what_it_means_in_arabic() -> None:
    assert settings_reference.untold() == [], "put them into templates/locale/ar/settings.po, by their English"


def test_the_arabic_page_is_what_the_schema_says() -> None:
    told = settings_reference.ARABIC_PATH.read_text("utf-8")
    assert told == settings_reference.arabic_text(), "run: make docs"


def test_the_arabic_catalogue_keeps_no_meaning_that_no_setting_has() -> None:
    """Of a description that was written anew the old Arabic would stay, and nobody would see it."""
    told = {one.meaning for one in settings_reference.settings()}
    sections = {about["description"] for _, about in settings_reference._sections()}
    names = re.compile(r"= .+|[A-Za-z_.-]+(?: help)?")
    said = [one for one in settings_in_arabic.catalogue() if not names.fullmatch(one)]
    assert [one for one in said if one not in told | sections] == []


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        ("وبدونه `newsletter.db`", "وبدونه `newsletter.db`"),
        ("خطوط `[letter]`؛ ثم", "خطوط &lrm;`[letter]`&lrm;؛ ثم"),
        ("في `newsletter` (هنا)", "في `newsletter`&rlm; (هنا)"),
    ],
)
def test_code_keeps_its_signs_on_their_side(words: str, marked: str) -> None:
    assert settings_in_arabic.isolated(words) == marked


@pytest.mark.parametrize(
    ("label", "words", "told"),
    [
        ("اللغة", "تحدّد اتجاه الرسالة", "**اللغة**: تحدّد اتجاه الرسالة"),
        ("اسم النشرة", "اسم النشرة كما يعرفها القراء", "**اسم النشرة** كما يعرفها القراء"),
        ("", "كما في النمط", "كما في النمط"),
    ],
)
def test_a_setting_is_named_as_at_the_desk(label: str, words: str, told: str) -> None:
    assert settings_in_arabic.meaning("letter", "x", words, {"letter.x": label}) == told
