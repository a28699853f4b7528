"""The corpus of mixed directions: tokens of tests/data/bidi in contexts, and sentences marked by hand.

``PYTHONPATH=. python tests/bidi_corpus.py`` counts how many are seen wrong, without any isolation and as this tree
isolates, and names the first of the latter; with the path of another tree, as that one does.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bidi_oracle import marked, unmarked, visual

from newsletter.text.bidi import Direction, isolate

FOLDER = Path(__file__).parent / "data" / "bidi"
LEFT_TO_RIGHT = ("en", "fr")
OR = " ¦ "
# Some tokens are only written in some languages; all others stand in every right-to-left one.
LANGUAGES = {
    "arabic": LEFT_TO_RIGHT,
    "steady": LEFT_TO_RIGHT,
    "indic": ("ar",),
    "plain": ("ar",),
    "persian": ("fa", "ur"),
}
WRITTEN = ("ar", "fa", "he", "ur")
BY_TURNS = ("fa", "he", "ur")
"""Languages in whose contexts every second token stands: they have most of the rule in common with Arabic."""


@dataclass(frozen=True)
class Token:
    """What a newsroom writes, and each way in which a careful editor would mark it."""

    category: str
    text: str
    forms: tuple[str, ...]
    unfit: frozenset[str]
    """Kinds of contexts in which nobody could tell where it ends."""


@dataclass(frozen=True)
class Case:
    """One line of text with its accepted forms."""

    language: str
    category: str
    context: str
    token: str
    """What stands in the context; two tokens with a blank between them in a context of two."""
    text: str
    forms: tuple[str, ...]

    @property
    def base(self) -> Direction:
        return "ltr" if self.language in LEFT_TO_RIGHT else "rtl"


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield {key: value or "" for key, value in row.items()}


@cache
def tokens() -> tuple[Token, ...]:
    """Every token, in the order of the file."""
    return tuple(
        Token(row["category"], row["token"], _forms(row["token"], row["right"]), frozenset(row["not in"].split()))
        for row in _rows("tokens.tsv")
    )


def _forms(token: str, right: str) -> tuple[str, ...]:
    if not right:
        return (f"⟦{token}⟧",)
    return tuple(token if form == "=" else form for form in right.split(OR))


@cache
def cases() -> tuple[Case, ...]:
    """Every token in every context: all of them in Arabic, by turns in the other languages that it is written in.

    In a context for two the second is another token, always the same one.
    """
    found = []
    for turn, context in enumerate(_rows("contexts.tsv")):
        language = context["language"]
        for number, token in enumerate(tokens()):
            if language not in LANGUAGES.get(token.category, WRITTEN) or context["kind"] in token.unfit:
                continue
            if language in BY_TURNS and (turn + number) % 2:
                continue
            second = _second(number, language, context) if "{2}" in context["text"] else token
            if context["kind"] in second.unfit:
                continue
            found.append(
                Case(
                    language,
                    token.category,
                    context["name"],
                    token.text if second is token else f"{token.text} {second.text}",
                    _filled(context["text"], token.text, second.text),
                    tuple(_filled(context["text"], one, two) for one in token.forms for two in second.forms),
                )
            )
    return tuple(found)


def _filled(context: str, one: str, two: str) -> str:
    before, _, behind = context.partition("{1}")
    return before + one + behind.replace("{2}", two)


def _second(number: int, language: str, context: dict[str, str]) -> Token:
    fitting = _written(language)
    return fitting[(number * 37 + len(context["name"])) % len(fitting)]


@cache
def _written(language: str) -> tuple[Token, ...]:
    """The tokens that stand in texts of a language."""
    return tuple(token for token in tokens() if language in LANGUAGES.get(token.category, WRITTEN))


@cache
def sentences() -> tuple[Case, ...]:
    """Whole sentences as an editor marked them."""
    return tuple(
        Case(
            row["language"],
            "sentence",
            row["about"],
            "",
            unmarked(row["right"].split(OR)[0]),
            tuple(row["right"].split(OR)),
        )
        for row in _rows("sentences.tsv")
    )


@cache
def accepted(case: Case) -> frozenset[str]:
    """The pictures that are right."""
    return frozenset(visual(marked(form), case.base) for form in case.forms)


@dataclass
class Score:
    """What came out of a way of isolating, over many cases."""

    total: Counter[str]
    wrong: list[tuple[Case, str]]
    worse: list[tuple[Case, str]]
    """Wrong, though they would have been right without any isolation."""


def score(found: Sequence[Case], way: Callable[[str, Direction], str]) -> Score:
    """Look at every case as this way writes it.

    Args:
        found: The cases.
        way: Makes a text with isolates of a text and the direction of its paragraph.
    """
    made = Score(Counter(), [], [])
    for case in found:
        made.total[case.language] += 1
        text = way(case.text, case.base)
        if visual(text, case.base) not in accepted(case):
            made.wrong.append((case, text))
            if visual(case.text, case.base) in accepted(case):
                made.worse.append((case, text))
    return made


_SIGNS = str.maketrans({"\u2066": "⟦", "\u2067": "⦅", "\u2068": "⦅?", "\u2069": "⟧", "\u200e": "", "\u200f": ""})


def told(wrong: Sequence[tuple[Case, str]], most: int = 40) -> str:
    """What is wrong, a line for each, with the marks made visible."""
    lines = [
        f"{case.language} {case.category} ({case.context}): got {text.translate(_SIGNS)}   right {case.forms[0]}"
        for case, text in wrong[:most]
    ]
    kinds = Counter(f"{case.token or case.text} ({case.category})" for case, _ in wrong).most_common(20)
    return "\n".join([f"{len(wrong)} wrong", *(f"{count} {kind}" for kind, count in kinds), *lines]) if wrong else ""


def every(found: Sequence[Case], step: int) -> tuple[Case, ...]:
    """A sample: each so manyth case."""
    return tuple(found[::step])


def plain(text: str) -> str:
    """A text without signs that nobody sees, its blanks made one."""
    return re.sub(r"\s+", " ", re.sub("[\u00ad\u200b-\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]", "", text)).strip()


def main() -> None:
    """Print the table of docs/en/letters.md."""
    found = (*cases(), *sentences())
    bare, ours = score(found, lambda text, base: text), score(found, isolate)
    print(f"{'':10}{'cases':>8}{'no isolation':>14}{'isolated':>10}{'made wrong':>12}")
    for language in (*ours.total, "all"):
        row = [
            sum(1 for case, _ in wrong if language in (case.language, "all"))
            for wrong in (bare.wrong, ours.wrong, ours.worse)
        ]
        print(f"{language:10}{ours.total[language] or len(found):8}{row[0]:14}{row[1]:10}{row[2]:12}")
    print(told(ours.wrong))


if __name__ == "__main__":
    main()
