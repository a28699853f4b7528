"""Two wordings of one thing, as the desk shows them to whoever decides."""

from __future__ import annotations

import pytest
import report_pages

from newsletter.desk.frame import DeskPages, either
from newsletter.desk.week.differing import readable, shown
from newsletter.issues.operations import FieldWordings, changes, joined
from newsletter.letters.templates import environment
from newsletter.workflows.editing import Conflict


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("مكتبة لا تنام", "مكتبة لا تنام", "مكتبة لا تنام"),
        ("مكتبة لا تنام", "مكتبة لا تنام، وكلمة", "مكتبة لا تنام+، وكلمة+"),
        ("وزيت أرخص، ومكتبة", "وزيت وافر، ومكتبة", "وزيت -أرخص-+وافر+، ومكتبة"),
        ("رصيف يُفتح غدًا", "يُفتح غدًا", "-رصيف -يُفتح غدًا"),
        ("", "كلمة", "+كلمة+"),
        ("كلمة", "", "-كلمة-"),
    ],
)
def test_what_became_of_a_text_is_told_word_by_word(old: str, new: str, told: str) -> None:
    signs = {"same": "", "out": "-", "in": "+"}
    assert "".join(f"{signs[kind]}{words}{signs[kind]}" for kind, words in changes(old, new)) == told


def test_long_texts_are_not_compared_word_by_word() -> None:
    long = "كلمة " * 50_000
    assert changes(long, long + "أخرى") == [("out", long), ("in", long + "أخرى")]
    assert joined(long, long + "أ", long + "ب", one_line=False) == f"{long}ب\n\n{long}أ"


@pytest.mark.parametrize(
    ("language", "names", "told"),
    [
        ("ar", ["رياضة"], "رياضة"),
        ("ar", ["رياضة", "اقتصاد", "ثقافة"], "رياضة ولا اقتصاد ولا ثقافة"),
        ("en", ["sport", "economy"], "sport or economy"),
    ],
)
def test_what_is_left_out_is_joined_as_the_language_joins_it(language: str, names: list[str], told: str) -> None:
    """After *without*, a comma reads as if only the first of them were left out."""
    words = DeskPages(environment(), report_pages.publication(language), language).words
    assert either(words, names).striptags() == told


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "both"),
    [
        ("أ ب ج", "أول ب ج", "أ ب أخير", "أول ب أخير"),
        ("أ ب ج", "أ ب ج د", "أ ب ج هـ", "أ ب ج هـ / أ ب ج د"),
        ("أ ب ج", "أ ب ج", "أ ب", "أ ب"),
    ],
)
def test_both_changes_stand_together_or_one_behind_the_other(base: str, mine: str, theirs: str, both: str) -> None:
    assert joined(base, mine, theirs, one_line=True) == both


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("### [رصيف](https://a.example.org/1)\n\n**بعد** ثلاث", "رصيف\n\nبعد ثلاث"),
        ('![قارب](pictures/1.jpg "شرح")', "قارب"),
        ("> قول\n- أول\n- ثانٍ", "قول\n• أول\n• ثانٍ"),
        ("1\\. ليس رقمًا \\*", "1. ليس رقمًا *"),
        ("[" * 30_000, "[" * 30_000),
    ],
)
def test_nobody_has_to_read_markdown_to_decide(markdown: str, words: str) -> None:
    assert readable(markdown) == words


def test_where_only_a_link_leads_elsewhere_it_is_shown_as_it_stands() -> None:
    field = FieldWordings("summary", "[أ](https://a.example)", "[أ](https://b.example)", "[أ](https://c.example)")
    (one,) = shown(Conflict("same", "", fields=(field,)))
    assert "https://b.example" in "".join(words for _, words in one.mine)
