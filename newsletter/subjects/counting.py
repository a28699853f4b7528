"""Stories counted in words, as the grammar of a language wants it."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.subjects.languages import LanguageRules
from newsletter.text.dates import Digits, in_digits


def others(count: int, rules: LanguageRules, digits: Digits = "latin", language: str = "ar") -> str:
    """So many more stories, in words: ``قصتان أخريان``, ``أربع قصص أخرى``, ``12 قصة أخرى``.

    Args:
        count: From 1.
        rules: Those of the language.
        digits: ``latin`` or ``arabic-indic``, for numbers that are not written out.
        language: Of the letter, for those digits.
    """
    if count == 1:
        return rules.one
    return rules.two if count == 2 else _counted(count, rules.few, rules.many, rules, digits, language)


def all_of(count: int, rules: LanguageRules) -> str:
    """So many stories and no more, from three to ten: ``خمس قصص``; empty for other numbers.

    Args:
        count: How many.
        rules: Those of the language.
    """
    return _counted(count, rules.all_few, "", rules, "latin", "ar") if 3 <= count <= 10 else ""


def listed(topics: Sequence[str], rules: LanguageRules) -> str:
    """Topics as a list: ``سياسة واقتصاد ورياضة``.

    Args:
        topics: Two or more.
        rules: Those of the language.
    """
    *first, last = topics
    return f"{rules.between.join(first)}{rules.last}{last}" if first else last


def _counted(count: int, few: str, many: str, rules: LanguageRules, digits: Digits, language: str) -> str:
    if 3 <= count < 3 + len(rules.numbers):
        return few.replace("{n}", rules.numbers[count - 3])
    # Arabic counts 103 as it counts 3, and 111 as it counts 11.
    form = few if 3 <= count % 100 <= 10 else many
    return form.replace("{n}", in_digits(str(count), language, digits))
