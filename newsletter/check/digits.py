"""Digits: one kind in one number, one kind in one issue, and the kind that the letter itself writes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping

from newsletter.check.arabic_script import has_arabic, without_latin_quotations, writes_arabic
from newsletter.check.context import CheckInput, Rule, teller
from newsletter.check.reading import TextRun
from newsletter.check.typing_habits import without_addresses
from newsletter.models import Level, Problem, Publication
from newsletter.text.dates import has_eastern_digits

CODES: Mapping[str, Level] = {
    "digits-in-one-number": "warning",
    "digits-mixed": "warning",
    "digits-setting": "warning",
}
_tell = teller(CODES)

_LATIN, _ARABIC_INDIC, _PERSIAN = "Latin digits", "Arabic-Indic digits", "Persian digits"
_KINDS: Mapping[str, re.Pattern[str]] = {
    _LATIN: re.compile("[0-9]+"),
    _ARABIC_INDIC: re.compile("[\u0660-\u0669]+"),
    _PERSIAN: re.compile("[\u06f0-\u06f9]+"),
}
_DIGIT = "[0-9\u0660-\u0669\u06f0-\u06f9]"
_NUMBER = re.compile(f"{_DIGIT}+(?:[.,:/\u066b\u066c\u2212\u2013-]{_DIGIT}+)*")
# Digits that belong to a Latin name, a code, an address or a phone number are Latin in every text.
_LATIN_BY_NATURE = re.compile(
    r"[A-Za-z][A-Za-z0-9.'’&/-]*(?:[ \u00a0-][0-9][0-9.,:]*)*|[0-9][0-9.,:]{0,30}[ \u00a0-]?[A-Za-z]+"
    r"|\+[0-9][0-9 ()\u00a0-]+|(?<![0-9])0[0-9]{1,4}(?:[ \u00a0-][0-9]{2,4}){2,}|[@#]\S+"
)


def _kinds_of(number: str) -> list[str]:
    return [name for name, pattern in _KINDS.items() if pattern.search(number)]


def digits_in_one_number(case: CheckInput) -> Iterator[Problem]:
    """A number of two kinds of digits, such as ١2: one of them is a slip, and each reads in its own direction."""
    for run in case.reading.runs:
        for match in _NUMBER.finditer(without_addresses(run.text)):
            kinds = _kinds_of(match[0])
            if len(kinds) > 1:
                yield _tell(
                    "digits-in-one-number",
                    f"{match[0]} is written in {' and '.join(kinds)}",
                    case.at(run.line),
                    "write the number in one of them",
                )
                break


def digits_of_the_text(case: CheckInput) -> Iterator[Problem]:
    """Digits unlike those of the setting, or, where there is none for the language, of the rest of the issue.

    Told once for each story or passage, in its first line. An issue that has both kinds has them by accident; one
    that has none of the setting's is written as its newsroom writes, and the setting may be what is wrong.
    """
    runs: dict[str, list[tuple[TextRun, str]]] = {name: [] for name in _KINDS}
    about = case.known.publication
    arabic = about is None or writes_arabic(about.language)
    for run in case.reading.runs:
        for name, digits in _found(run.text, arabic=arabic):
            runs[name].append((run, digits))
    used = sorted((name for name in runs if runs[name]), key=lambda name: len(runs[name]), reverse=True)
    wanted = _wanted(about)
    others = [name for name in used if name != (wanted or used[0])]
    if wanted in (_ARABIC_INDIC, _PERSIAN):
        others = [name for name in others if name == _LATIN]  # the other one is told as a letter of another keyboard
    both = wanted is None or wanted in used
    block = _blocks(case)
    for name in others:
        first: dict[int | TextRun, tuple[TextRun, str]] = {}
        for run, digits in runs[name]:
            first.setdefault(block(run), (run, digits))
        for run, digits in first.values():
            yield _against(case, run, f"{name} here ({digits})", wanted or used[0], both=both)


def _against(case: CheckInput, run: TextRun, here: str, wanted: str, *, both: bool) -> Problem:
    if both:
        mend = f"write all numbers in {wanted}"
        return _tell("digits-mixed", f"{here}, {wanted} in the rest of the issue", case.at(run.line), mend)
    other = "arabic-indic" if wanted == _LATIN else "latin"
    return _tell(
        "digits-setting",
        f"{here}, but the letter writes its dates and numbers in {wanted}",
        case.at(run.line),
        f'write them in {wanted}, or set digits = "{other}" in [letter] of newsletter.toml',
    )


def _found(text: str, *, arabic: bool) -> Iterator[tuple[str, str]]:
    """Each kind of digits in a line, with the first number of it; what is Latin by nature or mixed is passed over.

    In a publication in Arabic letters a Latin line, and a Latin quotation, are in another language.
    """
    if not _NUMBER.search(text):
        return
    text = without_addresses(text)
    text = without_latin_quotations(text) if arabic else text
    text = _NUMBER.sub(lambda match: match[0] if len(_kinds_of(match[0])) == 1 else " ", text)
    foreign = arabic and not has_arabic(text) and re.search("[A-Za-z]", text) is not None
    text = _LATIN_BY_NATURE.sub(" ", text)
    for name, pattern in _KINDS.items():
        match = pattern.search(text)
        if match is not None and not (foreign and name == _LATIN):
            yield name, match[0]


def _wanted(about: Publication | None) -> str | None:
    """The kind that the setting asks for; None where the language has no other than Latin ones."""
    if about is None or not writes_arabic(about.language):
        return None
    if about.digits == "latin":
        return _LATIN
    return _PERSIAN if has_eastern_digits(about.language) else _ARABIC_INDIC


def _blocks(case: CheckInput) -> Callable[[TextRun], int | TextRun]:
    """Which story or passage a text stands in: the line it begins in, or the text itself when lines are not known."""
    issue = case.issue
    starts = [prose.line for prose in issue.opening]
    starts += [line for section in issue.sections for line in (section.line, *(block.line for block in section.blocks))]
    starts = sorted(starts)

    def block(run: TextRun) -> int | TextRun:
        if not run.line:
            return run
        at = bisect_right(starts, run.line)
        return starts[at - 1] if at else run.line

    return block


RULES: tuple[Rule, ...] = (
    digits_in_one_number,
    digits_of_the_text,
)
