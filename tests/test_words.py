"""The words of the code are those of docs/words.md, and docstrings tell what a thing takes and raises."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "words.md").read_text("utf-8")
GENERAL = "## General words"
"""The section of the page whose words mean what they mean to every programmer."""
PATHS = sorted(path for package in ("newsletter", "subscribers") for path in (ROOT / package).rglob("*.py"))
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*")
PROPER = re.findall(r"`([A-Z][a-z]+[A-Z][A-Za-z]+)`", PAGE.partition(GENERAL)[2])
"""Proper names with a capital letter inside them; each counts as one word."""


@functools.cache
def nodes() -> dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    """Every function and class of each file; read when a test asks, not by each process that collects the tests."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {
        str(path.relative_to(ROOT)): [
            node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, kinds)
        ]
        for path in PATHS
    }


@functools.cache
def words() -> set[str]:
    """Every word of the page: the first cells of its tables, and the general words."""
    cells = re.findall(r"^\| ([^|]+?) \|", PAGE, re.MULTILINE)
    general = PAGE.partition(GENERAL)[2].partition("\n## ")[0]
    found = " ".join([*cells, *re.findall(r"`([^`]+)`", general)])
    return set(re.findall(r"[a-z0-9]+", found.lower()))


def test_the_page_has_the_words() -> None:
    assert {"subscriber", "carrier", "error", "sendgrid"} <= words()
    assert "kitchen" not in words()


def known(word: str, page: set[str]) -> bool:
    """Whether the page has a word, in the singular or plural."""
    forms = {word, f"{word}s", word.removesuffix("s"), word.removesuffix("es")}
    if word.endswith("ies"):
        forms.add(f"{word.removesuffix('ies')}y")
    return bool(forms & page)


def classes() -> Iterator[tuple[str, str]]:
    for path, found in nodes().items():
        for node in found:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield path, node.name


def strange(name: str) -> list[str]:
    """The words of a class's name that the page has not."""
    for proper in PROPER:
        name = name.replace(proper, proper.capitalize())
    return [word for word in WORD.findall(name) if not known(word.lower(), words())]


def test_every_class_is_named_in_the_words_of_the_page() -> None:
    named = sorted(set(classes()))
    assert len(named) > 600
    wrong = [f"{path}: {name}: {', '.join(found)}" for path, name in named if (found := strange(name))]
    assert wrong == [], "docs/words.md has no such word; use one that it has, or add this one there first"


def test_a_word_that_the_page_has_not_is_found() -> None:
    assert strange("SubscriberKitchen") == ["Kitchen"]
    assert strange("SendGridSubscribers") == []


def test_every_word_is_said_once() -> None:
    cells = re.findall(r"^\| ([^|]+?) \|", PAGE.partition("## The states")[0], re.MULTILINE)
    told = [cell for cell in cells if cell != "word"]
    assert len(told) > 60
    assert sorted({cell for cell in told if told.count(cell) > 1}) == []


def described() -> Iterator[tuple[str, str, str]]:
    """Every argument that a docstring describes: where, its name, its description."""
    for path, found in nodes().items():
        for node in found:
            part = re.search(r"^Args:\n((?:    .*\n?|\n)+)", ast.get_docstring(node) or "", re.MULTILINE)
            for name, text in re.findall(r"^    (\w+): (.*(?:\n        .*)*)", part[1] if part else "", re.MULTILINE):
                yield f"{path}:{node.lineno}: {node.name}", name, text


def test_no_argument_is_described_by_a_single_word() -> None:
    found = list(described())
    assert len(found) > 1000
    assert [f"{where}: {name}: {text}" for where, name, text in found if len(text.split()) < 2] == []


def test_an_argument_that_is_described_exists() -> None:
    wrong = []
    for path, found in nodes().items():
        for node in found:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                taken = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
                part = re.search(r"^Args:\n((?:    .*\n?|\n)+)", ast.get_docstring(node) or "", re.MULTILINE)
                told = re.findall(r"^    (\w+): ", part[1] if part else "", re.MULTILINE)
                wrong += [f"{path}: {node.name}: {name}" for name in told if name not in taken]
    assert wrong == []


def test_what_a_docstring_says_is_raised_exists() -> None:
    import builtins

    there = {name for _, name in classes()} | set(dir(builtins)) | {"BadParameter"}  # the last is Typer's
    wrong = []
    for path, found in nodes().items():
        for node in found:
            part = re.search(r"^Raises:\n((?:    .*\n?|\n)+)", ast.get_docstring(node) or "", re.MULTILINE)
            for names in re.findall(r"^    (\w+(?:, \w+)*): ", part[1] if part else "", re.MULTILINE):
                wrong += [f"{path}: {node.name}: {name}" for name in names.split(", ") if name not in there]
    assert wrong == []
