"""Digits of the text: two kinds in one number, two in one issue, and those that the letter does not write."""

from __future__ import annotations

import pytest

from newsletter.check import CheckContext, CheckInput
from newsletter.check.digits import RULES
from newsletter.models import Issue, Prose, Publication, Section, Story
from newsletter.text.dates import Digits


def told(*texts: str, language: str = "ar", digits: Digits = "latin") -> list[tuple[str, int]]:
    """Code and line of every problem; each text is a passage of its own, in lines 10, 20, 30 …"""
    opening = tuple(Prose(text, at * 10) for at, text in enumerate(texts, 1))
    return judged(Issue(1, "موضوع", opening=opening, path="i.md"), language, digits)


def judged(issue: Issue, language: str, digits: Digits) -> list[tuple[str, int]]:
    about = Publication("الموجة", "https://example.org", language=language, digits=digits)
    case = CheckInput(issue, None, CheckContext(publication=about))
    return [(problem.code, int(problem.place.rpartition(":")[2])) for rule in RULES for problem in rule(case)]


@pytest.mark.parametrize(
    "text", ["في ١2 يومًا", "فاز ٣-1 أمس", "عند 21:٣٠ مساءً", "بلغ ١٬000 دينار", "نحو ١٢.5 كلم", "عام 2٠26", "٤۵ كتابًا"]
)
def test_two_kinds_of_digits_in_one_number(text: str) -> None:
    codes = [code for code, _ in told(text)]
    assert codes == ["digits-in-one-number"]


@pytest.mark.parametrize(
    "text",
    [
        "في 12 و٣٤",
        "وصل 5 (٦) ثم",
        "على https://example.org/١2 ثم",
        "وسم #يوم_١2 ثم",
        "`١2` كود",
        "12، ٣",
    ],
)
def test_two_numbers_are_not_one(text: str) -> None:
    assert "digits-in-one-number" not in [code for code, _ in told(text)]


def test_the_setting_decides_and_not_the_number_of_lines() -> None:
    texts = ("١٢ كتابًا", "١٣ قاربًا", "14 بيتًا")
    assert told(*texts) == [("digits-mixed", 10), ("digits-mixed", 20)]
    assert told(*texts, digits="arabic-indic") == [("digits-mixed", 30)]


def test_a_text_without_any_digits_of_the_setting() -> None:
    assert told("١٢ كتابًا", "بلا عدد", "١٣ قاربًا") == [("digits-setting", 10), ("digits-setting", 30)]
    assert told("12 كتابًا", digits="arabic-indic") == [("digits-setting", 10)]
    assert told("12 کتاب", language="fa", digits="arabic-indic") == [("digits-setting", 10)]
    assert told("۱۲ کتاب", language="fa", digits="arabic-indic") == []
    assert told("۱۲ کتاب", language="fa") == [("digits-setting", 10)]
    assert told("12 كتابًا") == told("١٢ كتابًا", digits="arabic-indic") == []


def test_a_story_is_told_once_with_its_first_line() -> None:
    story = Story("عنوان ١", summary="سطر ٢\nسطر ٣\n\nسطر ٤", line=10, summary_line=11)
    other = Story("عنوان آخر", summary="بلا عدد\nسطر ٥", line=20, summary_line=21)
    issue = Issue(1, "في ٦ أيام", sections=(Section("قسم", (story, other), 9),), path="i.md", lines={"subject": 3})
    assert judged(issue, "ar", "latin") == [("digits-setting", 3), ("digits-setting", 10), ("digits-setting", 22)]


@pytest.mark.parametrize(
    "text",
    [
        "هاتف iPhone 15 وCOVID-19 و5G، ثم 30 km",
        "على +213 21 55 66 77 أو 021 55 66 77",
        "راسلوا news2026@example.org أو @user2026، #يوم_2026",
        "على https://example.org/2026/11 و`v 2 3`",
        "قال: “In 2026, 12 of us”، ثم مضى",
        "Released on 28 11 in 12 towns",
        "[هنا](https://example.org/2026)",
    ],
)
def test_digits_that_are_latin_in_every_text(text: str) -> None:
    assert told(text, digits="arabic-indic") == []


def test_languages_of_other_scripts_have_no_other_digits() -> None:
    assert told("Two (12) (13)", "«عام ٢٠٢٦»", language="en") == [("digits-mixed", 20)]
    assert told("«عام ٢٠٢٦»", language="en") == []
    assert told("בשנת 2026", language="he", digits="arabic-indic") == []


def test_digits_of_the_other_keyboard_are_told_as_such() -> None:
    assert told("٤٥ کتاب", "۱۲ کتاب", language="fa", digits="arabic-indic") == []
