"""``--help`` in the language of the command: the parts it has in English, from the catalogue ``help``, from the right.

Names of options and commands stand on the right, what they are for to the left of them; examples are lines for a
shell, and stay as they are. English is written by Typer; nothing of this file is loaded for it.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from newsletter.cli import cells
from newsletter.cli.speaking import POP_ISOLATE, RIGHT_TO_LEFT_ISOLATE, filled, language

CATALOGUE = "help"
_ENTRY = re.compile(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n)+)', re.MULTILINE)
_MOST, _LEAST, _EDGE = 80, 50, 2
"""Columns of a page at most and at least, and what is left free of those of a terminal, as in English."""
_NAMES = 26
"""Columns that the names of a list take; a longer one has a line of its own."""
_GAP = 2
_FIRST = re.compile(r".*?[.…](?= |$)")
_BLOCK = "\b"


@cache
def catalogue(tag: str) -> dict[str, str]:
    """What the help says in a language, by its English; nothing where there is no catalogue.

    It is read without gettext, whose tools take longer to load than the whole page takes to be written.

    Args:
        tag: Language tag.
    """
    from newsletter.letters.templates import templates_dir

    try:
        text = (templates_dir() / "locale" / tag / f"{CATALOGUE}.po").read_text("utf-8")
    except OSError:
        return {}
    return {_joined(found[1]): _joined(found[2]) for found in _ENTRY.finditer(text)}


def _joined(lines: str) -> str:
    return "".join(json.loads(line) for line in lines.splitlines())


def told(text: str) -> str:
    """A text of the help in the language of the command, names in backquotes; as it is where none is known.

    Args:
        text: One paragraph in English, in one line.
    """
    return catalogue(language()).get(text, text)


def paragraphs(text: str) -> Iterator[str | list[str]]:
    """The paragraphs of a command's words: a text in one line each, or the lines of an example.

    Args:
        text: As it stands in the code.
    """
    for block in inspect.cleandoc(text).split("\n\n"):
        lines = block.splitlines()
        if lines and lines[0].strip() == _BLOCK:
            yield lines[1:]
        elif lines:
            yield " ".join(line.strip() for line in lines)


def first_sentence(text: str) -> str:
    """The line of a command in a list of commands.

    Args:
        text: Its words, as they stand in the code.
    """
    whole = told(next((one for one in paragraphs(text) if isinstance(one, str)), ""))
    found = _FIRST.match(whole)
    return found[0] if found else whole


def notes(more: str) -> list[str]:
    """What Typer adds to the words of an option, told: its default, its range, that it must be given.

    Args:
        more: ``[default: 50; x>=1]``, or empty.
    """
    found = []
    for one in more.strip(" []").split("; ") if more.strip(" []") else ():
        begun, _, value = one.partition(": ")
        name = told(f"{begun}: {{value}}") if value else told(one)
        found.append(name.replace("{value}", f"`{value}`") if value else name if name != one else f"`{one}`")
    return found


def option_words(text: str, record: str) -> str:
    """What an option or argument is for, with what Typer adds.

    Args:
        text: Its own words.
        record: The same as Typer writes them, with more behind.
    """
    more = notes(record.removeprefix(text)) if record.startswith(text) else []
    return " ".join([told(text), *([f"({'؛ '.join(more)})"] if more else [])])


class Page:
    """A page of help, line by line.

    Args:
        columns: Of the terminal.
    """

    def __init__(self, columns: int) -> None:
        self.room = max(min(columns, _MOST) - _EDGE, _LEAST)
        self.lines: list[str] = []

    def say(self, text: str, indent: int = 0) -> None:
        """Write a paragraph, its lines ending at the right edge.

        Args:
            text: In the language of the page, with backquotes.
            indent: Columns from the right edge.
        """
        room = self.room - indent
        self.lines += [_pushed(line, room) for line in _wrapped(text, room - 1)]

    def example(self, lines: Sequence[str]) -> None:
        """Write the lines of an example, its heading told.

        Args:
            lines: As they stand in the code.
        """
        for line in lines:
            if line.endswith(":") and not line.startswith(" "):
                self.say(told(line), indent=_GAP)
            else:
                self.lines.append(f"    {line.strip()}" if line.strip() else "")

    def gap(self) -> None:
        """Write an empty line."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def section(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Write a heading and a list below it: names on the right, their words to the left of them.

        Args:
            title: In English.
            rows: A name, and its words with backquotes.
        """
        if not rows:
            return
        self.gap()
        self.say(f"{told(title)}:")
        names = min(max(cells.width(name) for name, _ in rows), _NAMES)
        edge = self.room - _GAP
        room = edge - names - _GAP
        for name, words in rows:
            lines = _wrapped(words, room - 1)
            if cells.width(name) > names:
                self.lines.append(_pushed(name, edge))
            else:
                self.lines.append(f"{_pushed(lines.pop(0) if lines else '', room)}{' ' * _GAP}{_pushed(name, names)}")
            self.lines += [_pushed(line, room) for line in lines]

    def text(self) -> str:
        """The whole page."""
        return "\n".join(line.rstrip() for line in self.lines)


def _wrapped(text: str, room: int) -> list[str]:
    """A text from the right on lines of so many columns, each whole in itself."""
    from newsletter.text import bidi

    line = bidi.isolate(filled(text, {}), "rtl") if text else ""
    return cells.wrapped(f"{RIGHT_TO_LEFT_ISOLATE}{line}{POP_ISOLATE}", max(room, 1)) if line else []


def _pushed(line: str, room: int) -> str:
    """A line that ends at this column."""
    return " " * (room - cells.width(line)) + line


def page_of(command: Any, context: Any, columns: int) -> str:
    """The help of a command.

    Args:
        command: With ``usage_rows``, ``help_rows`` and ``list_rows``, as ``newsletter.cli.app`` makes them.
        context: Of this call.
        columns: Of the terminal.
    """
    page = Page(columns)
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    page.say(f"{told('Usage: {command}')}".replace("{command}", f"`{usage}`"))
    for one in paragraphs(command.help or ""):
        page.gap()
        if isinstance(one, str):
            page.say(told(one), indent=_GAP)
        else:
            page.example(one)
    for title, rows in command.help_rows(context):
        page.section(title, rows)
    return page.text()
