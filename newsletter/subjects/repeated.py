"""Words that carry what a line says, in the form in which two spellings of one word are the same."""

from __future__ import annotations

import re

from newsletter.subjects.languages import LanguageRules
from newsletter.text.tidy import arabic_fold

_BEFORE = re.compile(r"^(?:[وفبك]?ال(?=\w{2})|[وف]?لل(?=\w{2})|[وف](?=\w{4})|[בהוכלמש](?=\w{3}))")
_BEHIND = re.compile(r"(?<=\w{3})(?:ات|ون|ين|ها|هم|ه)$|(?<=\w{4})(?:s|'s)$")


def carrying(text: str, rules: LanguageRules) -> list[str]:
    """The words of a line without those that every line has, in order, each without article and ending.

    Args:
        text: Plain text of one line.
        rules: Those of its language, whose common words are left out.
    """
    common = {arabic_fold(word) for word in rules.common}
    words = (word for word in arabic_fold(text).split() if word not in common and len(word) > 1)
    return [stem for word in words if (stem := _BEHIND.sub("", _BEFORE.sub("", word))) not in common]


def twice(text: str, rules: LanguageRules) -> bool:
    """Whether a line says a word two times.

    Args:
        text: Plain text of one line.
        rules: Those of its language.
    """
    words = carrying(text, rules)
    return len(set(words)) < len(words)


def share_words(one: str, other: str, rules: LanguageRules) -> bool:
    """Whether two lines share a word that carries something.

    Args:
        one: A line, for example the subject.
        other: Another one, for example the preheader.
        rules: Those of their language.
    """
    return not set(carrying(one, rules)).isdisjoint(carrying(other, rules))
