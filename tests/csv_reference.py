"""The tables of docs/en/csv.md and docs/ar/csv.md, made from the code that reads and writes files, by ``make docs``.

The code keeps words folded, as it compares them; a page shows them as they are written, so they are read from its
source. A test holds both to be the same words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import csv_meanings

from newsletter.report import plain
from newsletter.sources import listing
from subscribers.csvfile import columns, naming, own_export, vocabulary

DOCS = Path(__file__).resolve().parents[1] / "docs"
PATHS: Mapping[str, Path] = {language: DOCS / language / "csv.md" for language in ("en", "ar")}
_TABLE = re.compile(r"(<!-- table: (?P<name>[a-z]+) -->\n\n)(?:\|.*\n)*\n?<!-- end -->")
_ARABIC = re.compile("[\u0600-\u06ff]")


def written(module: object, name: str) -> dict[str, list[str]]:
    """The words of a constant as its source writes them, by their key; under "" where it has none.

    Args:
        module: That holds the constant.
        name: Of the constant.
    """
    tree = ast.parse(Path(str(getattr(module, "__file__", ""))).read_text("utf-8"))
    value = next(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and node.value is not None
        and any(isinstance(to, ast.Name) and to.id == name for to in _targets(node))
    )
    table = next((node for node in ast.walk(value) if isinstance(node, ast.Dict)), None)
    if table is None:
        return {"": list(dict.fromkeys(_words(value, module)))}
    pairs = zip(table.keys, table.values, strict=True)
    return {
        str(key.value): list(dict.fromkeys(_words(one, module))) for key, one in pairs if isinstance(key, ast.Constant)
    }


def _targets(node: ast.Assign | ast.AnnAssign) -> Sequence[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _words(node: ast.expr, module: object) -> Iterator[str]:
    """Texts below a node, in their order; what stands between commas of one text are several."""
    for one in sorted(ast.walk(node), key=lambda each: (getattr(each, "lineno", 0), getattr(each, "col_offset", 0))):
        if isinstance(one, ast.Name) and isinstance(text := getattr(module, one.id, None), str):
            yield from filter(None, text.split(","))
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield from filter(None, one.value.split(","))


def tables(language: str) -> dict[str, str]:
    """Every table of a page, by its name.

    Args:
        language: ``en`` or ``ar``.
    """
    said = csv_meanings.WORDS[language]
    roles, evidence = written(vocabulary, "COLUMNS"), written(naming, "COLUMNS_OF")
    headings = {
        "address": roles["address"],
        "vague": written(vocabulary, "VAGUE_ADDRESS")[""],
        "rhythm": roles["rhythm"],
        **evidence,
        "name": written(naming, "PEOPLE")[""],
        "topics": written(naming, "TAGS")[""],
    }
    speaking = {
        "state": [*_open("_STATE_PARTS"), *written(columns, "_STATE_NAMES")[""]],
        "leaving": [*_open("_LEAVING_PARTS"), *written(columns, "_LEAVING_NAMES")[""]],
        "trouble": _open("_TROUBLE_PARTS"),
        "consent": _open("_CONSENT_PARTS"),
        "agreement": written(columns, "_AGREEMENT_NAMES")[""],
    }
    answers = {"yes": written(vocabulary, "YES")[""], "no": written(vocabulary, "NO")[""]}
    return {
        "columns": _by_language(headings, said, "columns"),
        "standings": _by_language(written(vocabulary, "STANDINGS"), said, "standings"),
        "answers": _by_language(answers, said, "answers"),
        "rhythms": _by_language(written(vocabulary, "RHYTHM_WORDS"), said, "rhythms"),
        "speaking": _by_language(speaking, said, "speaking"),
        "export": _told(own_export.COLUMNS, said, "export"),
        "report": _told((*plain.COLUMNS, *plain.NUMBERS), said, "report"),
        "articles": _by_language(written(listing, "_COLUMNS"), said, "articles"),
    }


def text(language: str, page: str) -> str:
    """A page with its tables made anew.

    Args:
        language: ``en`` or ``ar``.
        page: As it stands.
    """
    made = tables(language)
    return _TABLE.sub(lambda found: f"{found[1]}{made[found['name']]}\n<!-- end -->", page)


def _open(name: str) -> list[str]:
    """Words that count wherever they stand in a heading."""
    return [f"…{one}…" for one in written(columns, name)[""]]


def _by_language(groups: Mapping[str, Sequence[str]], said: csv_meanings.PageTexts, table: str) -> str:
    """A line for each group: what it is, its words in Arabic, its other words, and what comes of it."""
    name, meaning = said.first[table], said.meanings[table]
    lines = [_line((name, *said.languages, said.last[table])), _line(["---"] * 4)]
    for key, found in groups.items():
        arabic = [one for one in found if _ARABIC.search(one)]
        others = [f"`{one}`" for one in found if one not in arabic]
        title, told = meaning[key]
        lines.append(_line((title, "، ".join(arabic), ", ".join(others), told)))
    return "".join(lines)


def _told(names: Iterable[str], said: csv_meanings.PageTexts, table: str) -> str:
    """A line for each column of a file that we write."""
    lines = [_line((said.first[table], said.last[table])), _line(["---"] * 2)]
    lines += [_line((f"`{name}`", said.meanings[table][name][1])) for name in names]
    return "".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n".replace("| --- ", "|---").replace("|--- |", "|---|")


if __name__ == "__main__":
    for spoken, path in PATHS.items():
        path.write_text(text(spoken, path.read_text("utf-8")), "utf-8")
