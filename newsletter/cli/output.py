"""What commands print, and what they ask: data on stdout, words on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from newsletter.cli.speaking import POP_ISOLATE, RIGHT_TO_LEFT_ISOLATE, from_right, marked, told
from newsletter.errors import NashraError
from newsletter.text.sentences import Sentence, counted, said

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn


def say(text: str = "") -> None:
    """Words for the person at the terminal, in the language of the command."""
    print(shown(text, sys.stderr), file=sys.stderr)


def data(text: str) -> None:
    """Data for whoever reads stdout."""
    with _stdout_words():
        print(text)


def words(text: str) -> None:
    """Words for a person on stdout, in the language of the command, where they are what was asked for."""
    data(shown(text, sys.stdout))


def shown(text: str, stream: TextIO) -> str:
    """A text in the language of the command, as it is printed: at a terminal each line whole in itself.

    Args:
        text: A sentence, or plain words.
        stream: Where it is printed.
    """
    text = near(told(text))
    if not from_right() or text.isascii() or not stream.isatty():
        return text
    from newsletter.cli.cells import wrapped

    # A sign at the very beginning of a line is lost in terminals of the VTE family: it belongs to the cell before it.
    lines = (line if line.isascii() else f"{RIGHT_TO_LEFT_ISOLATE}{line}{POP_ISOLATE}" for line in text.split("\n"))
    return "\n".join(
        part if part.isascii() else f" {part}"
        for line in lines
        for part in begun_together(wrapped(line, screen_width() - 2))
    )


def begun_together(lines: Sequence[str]) -> list[str]:
    """The lines of a paragraph from the right, which begin below each other."""
    from newsletter.cli.cells import width

    widest = max(map(width, lines), default=0)
    return [" " * (widest - width(line)) + line for line in lines]


def json_data(value: Mapping[str, Any]) -> None:
    """The one JSON document of a command: an object, lists in it under a name, moments in ISO 8601 with their zone.

    Letters stand as they are where stdout can hold them.

    Args:
        value: Of lists, mappings, numbers and texts; paths and other values as ``str`` writes them.
    """
    data(_json(value, 2))


class JsonDocument:
    """A JSON document with one long list, written while it is read.

    Args:
        head: What stands before the list.
        name: Of the list.
    """

    def __init__(self, head: Mapping[str, Any], name: str) -> None:
        self._begin, _, self._end = _json({**head, name: []}, 2).rpartition("[]")
        self._number = 0

    def add(self, value: Mapping[str, Any]) -> None:
        """Write one more object of the list, on a line of its own."""
        before = ",\n    " if self._number else f"{self._begin}[\n    "
        self._number += 1
        with _stdout_words():
            print(before + _json(value, None), end="")

    def end(self) -> None:
        """Write what stands behind the list."""
        data(f"\n  ]{self._end}" if self._number else f"{self._begin}[]{self._end}")


def json_line(value: Mapping[str, Any]) -> None:
    """One object on one line, of many (``--jsonl``).

    Args:
        value: As for ``json_data``.
    """
    data(_json(value, None))


def _json(value: Mapping[str, Any], indent: int | None) -> str:
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(value, ensure_ascii=plain, indent=indent, default=_json_value)


def _json_value(value: object) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)


def csv_data(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table as CSV (RFC 4180) in UTF-8, without cells that a spreadsheet would calculate.

    A file begins with the mark by which spreadsheets know UTF-8: without it Excel shows no Arabic. A pipe has none.

    Args:
        columns: Their names, the first line.
        rows: One value for each column.
    """
    import codecs
    import csv
    import io

    from subscribers.csvfile.formulas import neutral

    with _stdout_words():
        sys.stdout.flush()
        if _in_new_file():
            sys.stdout.buffer.write(codecs.BOM_UTF8)
    for row in (columns, *rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow([neutral(str(value)) for value in row])
        with _stdout_words():
            sys.stdout.flush()
            sys.stdout.buffer.write(f"{line.getvalue()}\r\n".encode())


def _in_new_file() -> bool:
    """Whether stdout is a file, with nothing in it yet."""
    import stat

    try:
        found = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == 0


def shown_path(path: str | Path) -> str:
    """A path as somebody can type it: relative to where they stand when it is below that, else absolute.

    Args:
        path: Of a file or a folder.
    """
    try:
        return near(os.path.normpath(Path.cwd() / path))
    except OSError:  # the folder where they stand is gone
        return str(path)


def near(text: str) -> str:
    """Words in which every path below the folder where somebody stands is relative to it; others stay absolute.

    What a program runs from elsewhere (``newsletter -C …`` in a line for cron) stays absolute, too.

    Args:
        text: Words, or one path.
    """
    try:
        folder = Path.cwd()
    except OSError:
        return text
    here = f"{folder}{os.sep}"
    # Where a service or cron stands, in the topmost folder, no path gets shorter; and `//` is in every address.
    if folder == Path(folder.anchor) or here not in text:
        return text
    return re.sub(rf"(?<![\w/.~-])(?<!-C )(?<!-C ['\"]){re.escape(here)}(?=[^\s{os.sep}])", "", text)


def screen_width() -> int:
    """Columns of the terminal; 80 where there is none."""
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def paint(text: str, style: str, bar: str = "", after: str = "") -> None:
    """A line for a terminal: a text in a style, then a bar in a colour, then more; without colours under ``NO_COLOR``.

    Args:
        text: As it is shown.
        style: ``bold`` or empty.
        bar: In the colour of bars.
        after: As it is shown.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        data(f"{text}{bar}{after}")
        return
    begun = "\033[1m" if style == "bold" else ""
    data(f"{begun}{text}{_PLAIN if begun else ''}{f'{_BARS}{bar}{_PLAIN}' if bar else ''}{after}")


_BARS, _PLAIN = "\033[36m", "\033[0m"


def flush() -> None:
    """Hand over what was printed, while an error can still be told.

    Raises:
        NashraError: It cannot be written.
    """
    with _stdout_words():
        sys.stdout.flush()


def discard_stdout() -> None:
    """Let nothing more be written, not even by the interpreter's own end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _stdout_words() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_stdout()
        raise NashraError(
            said("cannot be written ({strerror})", strerror=error.strerror),
            where="stdout",
            mend="print somewhere else, or free some space",
        ) from None


def errors() -> Console:
    """The console of stderr."""
    from rich.console import Console

    return Console(stderr=True, no_color=True if os.environ.get("NO_COLOR") else None)


def shows_bars() -> bool:
    """Whether somebody sees a bar on stderr: else Rich need not be loaded, which takes a tenth of a second."""
    return sys.stderr.isatty()


@contextlib.contextmanager
def progress_bar(*columns: ProgressColumn) -> Iterator[Progress]:
    """A bar on stderr that goes away at its end; nothing where stderr is no terminal.

    Args:
        columns: What it shows; none takes those of Rich.
    """
    from rich.progress import Progress

    console = errors()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield bar


def on_terminal() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty()


def ask(question: str, *, nobody: str = "", code: int = 2) -> str:
    """What a person types in answer; exits when there is none to ask.

    Args:
        question: Shown on stderr, before a colon.
        nobody: What to do where nobody can be asked, besides ``--yes``; ends the sentence.
        code: The exit code then.
    """
    import typer

    if not on_terminal():
        say(said("Nobody is here to ask; add --yes{nobody}.", nobody=nobody))
        raise typer.Exit(code)
    # The colon belongs to the question: behind an isolate it would stand on the other side.
    colon = ":" if from_right() else ""
    asked = shown(said("{question}:", question=marked(question)) if colon else question, sys.stderr)
    suffix = " " if colon else ": "
    return str(typer.prompt(asked, default="", show_default=False, prompt_suffix=suffix, err=True)).strip()


_YES, _NO = frozenset({"yes", "y", "نعم", "ن"}), frozenset({"no", "n", "لا", "ل"})


def is_yes(answer: str) -> bool:
    """Whether an answer means yes, in any language that commands speak.

    Args:
        answer: As it was typed.
    """
    return answer.strip().casefold() in _YES


def is_no(answer: str) -> bool:
    """Whether an answer means no, in any language that commands speak.

    Args:
        answer: As it was typed.
    """
    return answer.strip().casefold() in _NO


def plural(count: int, one: str, many: str = "") -> Sentence:
    """``3 stories``: a count with its noun, a part of a sentence; the catalogue knows it as ``{n} story``.

    Args:
        count: How many.
        one: The noun for one.
        many: The noun for any other number; empty adds an s.
    """
    return counted(f"{{n}} {one}", f"{{n}} {many or one + 's'}", count)
