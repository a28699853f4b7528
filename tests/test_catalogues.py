"""The catalogues of pages and letters: every language says everything, once, in its own letters."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

LOCALES = Path(__file__).resolve().parents[1] / "templates" / "locale"
LANGUAGES = sorted(path.name for path in LOCALES.iterdir())
CATALOGUES = [
    (language, name) for language in LANGUAGES for name in ("pages", "letter", "alerts", "report", "wordpress")
]
CATALOGUES += [("ar", "desk"), ("en", "desk")]
RIGHT_TO_LEFT = {"ar", "fa", "he"}
NAMES = re.compile(
    r"\{\w+\}|`[^`]+`|\b(?:JSON|RSS|Atom|DMARC|DKIM|SPF|DNS|CSV|HTML|Markdown|WordPress|SendGrid|Postmark|SMTP|TLS|TOTP"
    r"|PostgreSQL|SQLite|Enter|Esc|Ctrl|Alt|Shift|Space|A/B|newsletter(?: desk| serve| worker)?|issue\.md|https?)\b"
)


def texts(language: str, name: str) -> dict[str, str]:
    with (LOCALES / language / f"{name}.po").open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if one.id and isinstance(one.id, str)}


@pytest.mark.parametrize(("language", "name"), CATALOGUES)
def test_every_language_has_every_text_once(language: str, name: str) -> None:
    found = texts(language, name)
    assert found.keys() == texts("ar", name).keys()
    assert [text for text, said in found.items() if not said.strip()] == []
    written = re.findall(r'^msgid "(.+)"$', (LOCALES / language / f"{name}.po").read_text("utf-8"), re.MULTILINE)
    assert [text for text, number in Counter(written).items() if number > 1] == []


@pytest.mark.parametrize(("language", "name"), CATALOGUES)
def test_no_text_has_two_translations(language: str, name: str) -> None:
    """A merge that takes the lines of both sides leaves two, and the reader of catalogues takes one in silence."""
    lines = (LOCALES / language / f"{name}.po").read_text("utf-8").splitlines()
    assert [
        line for before, line in pairwise(lines) if before.startswith('msgstr "') and line.startswith("msgstr ")
    ] == []


@pytest.mark.parametrize(("language", "name"), CATALOGUES)
def test_what_is_put_into_a_text_is_the_same_in_each(language: str, name: str) -> None:
    for text, said in texts(language, name).items():
        assert sorted(re.findall(r"\{\w+\}", said)) == sorted(re.findall(r"\{\w+\}", text)), said


@pytest.mark.parametrize(("language", "name"), [one for one in CATALOGUES if one[0] in RIGHT_TO_LEFT])
def test_no_english_is_left_and_letters_are_those_of_the_language(language: str, name: str) -> None:
    for said in texts(language, name).values():
        assert not re.search(r"[A-Za-z]{3,}", NAMES.sub("", said)), said
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", said), said
        if language == "fa":
            assert not re.search("[\u064a\u0643]", said), said


@pytest.mark.parametrize(("language", "name"), CATALOGUES)
def test_catalogues_are_written_with_latin_digits(language: str, name: str) -> None:
    """The digits of the publication are put in when a text is said."""
    assert [said for said in texts(language, name).values() if re.search("[\u0660-\u0669\u06f0-\u06f9]", said)] == []


def test_the_templates_ask_for_nothing_that_is_missing() -> None:
    """Plain calls in templates; texts that are put together in code are held by the tests of the pages."""
    asked = set()
    for path in (LOCALES.parent / "web").glob("*.j2"):
        asked |= set(re.findall(r'\bsay\("([^"{}]+(?:\{\w+\}[^"{}]*)*)"', path.read_text("utf-8")))
    missing = asked - texts("ar", "pages").keys()
    assert len(asked) > 80
    assert missing == set()


def test_the_plugin_asks_for_nothing_that_is_missing() -> None:
    """In PHP, in its scripts, and in the templates that are filled when it is made."""
    asked = set()
    for path in (LOCALES.parent / "wordpress").rglob("*.*"):
        text = path.read_text("utf-8")
        asked |= {one.replace("\\'", "'") for one in re.findall(r"\b(?:nashra_)?say\(\s*'((?:[^'\\]|\\.)+)'", text)}
        asked |= set(re.findall(r'\bwords\["([^"]+)"\]', text))
    assert len(asked) > 20
    assert asked - texts("ar", "wordpress").keys() == set()


def test_the_desk_asks_for_nothing_that_is_missing_in_its_catalogue() -> None:
    asked = set()
    for path in [*(LOCALES.parent / "desk").rglob("*.j2"), *(LOCALES.parents[1] / "newsletter" / "desk").rglob("*.py")]:
        text = path.read_text("utf-8")
        asked |= set(re.findall(r'\bsay\(\s*"((?:[^"\\]|\\.)+)"', text))
        asked |= {one for pair in re.findall(r'\bcount\(\s*"([^"]+)",\s*"([^"]+)"', text) for one in pair[:1]}
    with (LOCALES / "ar" / "desk.po").open("rb") as file:
        there = {one.id if isinstance(one.id, str) else one.id[0] for one in read_po(file) if one.id}
    assert len(asked) > 10
    assert asked - there == set()


@pytest.mark.parametrize(("language", "forms"), [("ar", 6), ("en", 2)])
def test_every_number_of_the_desk_has_all_its_forms(language: str, forms: int) -> None:
    with (LOCALES / language / "desk.po").open("rb") as file:
        for one in read_po(file):
            if isinstance(one.id, tuple):
                assert isinstance(one.string, tuple)
                assert [bool(said) for said in one.string] == [True] * forms, one.id
                assert "{n}" in one.string[-1], one.id
