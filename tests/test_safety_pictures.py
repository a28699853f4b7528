"""The drawings of nothing-is-lost.md are those that their script makes, and each page shows its own."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import safety_pictures
import safety_words


def test_the_drawings_are_what_the_script_makes() -> None:
    for path, text in safety_pictures.drawn().items():
        assert path.read_text("utf-8") == text, f"{path.name}: run tests/safety_pictures.py"
        assert len(text.encode()) < 30_000
        ElementTree.fromstring(text)


def test_both_languages_have_the_same_boxes() -> None:
    english, arabic = ({name: set(boxes) for name, boxes in said.items()} for said in safety_words.WORDS.values())
    assert english == arabic


@pytest.mark.parametrize("language", ["en", "ar"])
def test_each_drawing_is_shown_once_and_says_in_words_what_it_shows(language: str) -> None:
    page = (safety_pictures.DOCS / language / "nothing-is-lost.md").read_text("utf-8")
    shown = re.findall(r"!\[([^\]]{40,})\]\(pictures/nothing-lost-([a-z]+)\.svg\)", page)
    assert sorted(name for _, name in shown) == sorted(safety_pictures.DRAWINGS)
