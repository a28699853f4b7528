"""docs/en/commands.md, made from what the commands say of themselves; ``make docs`` writes it."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from newsletter.cli.app import usage_name
from newsletter.cli.tree import app

PATH = Path(__file__).resolve().parents[1] / "docs" / "en" / "commands.md"
BAR = "\\|"
"""A bar in a table, in code as well."""

HEAD = """\
# Commands

Made from the commands' own help by `make docs`; a test holds them equal.

Every command works in the workspace of the folder it is called in, or of a folder above it, or in the one that
`-C DIR` names: `newsletter -C DIR COMMAND`. Data goes to stdout, words to stderr; `--json` prints one JSON object
(its form: [operating.md](operating.md)), `--jsonl` one a line.

Words are English, or Arabic with `--lang ar` before the command, or where the environment says so as gettext reads it
(`LANGUAGE`, `LC_ALL`, `LC_MESSAGES`, `LANG`). The help is English, and data is never translated.

| exit code | meaning |
|---|---|
| 0 | done; also when there was nothing to do |
| 1 | failed: one line on stderr says what, where, and how to mend it |
| 2 | wrong usage |
| 3 | the check found errors, and nothing was sent |
| 75 | a send stopped in the middle; nothing is lost, run the same command again |
"""


def text() -> str:
    """The whole file."""
    return HEAD + "".join(_commands(typer.main.get_command(app), ""))


def _commands(group: Any, prefix: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield _command(f"{prefix}{name}", command)
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield _command(f"{prefix}{name}", command)


def _command(name: str, command: Any) -> str:
    lines = [f"\n### newsletter {name}\n"]
    words, _, example = inspect.cleandoc(command.help).replace("\b\n", "").partition("\nExample")
    lines.append(words.strip() + "\n")
    rows = [row for parameter in command.params if (row := _row(parameter))]
    if rows:
        lines += ["| | |", "|---|---|", *rows, ""]
    example = inspect.cleandoc(example.partition(":\n")[2])
    for kind, found in itertools.groupby(inspect.cleandoc(example).splitlines(), _kind):
        lines.append(f"```{kind}\n" + "\n".join(found) + "\n```\n")
    return "\n".join(lines)


def _kind(line: str) -> str:
    """What a line of an example is for: the shell, or the table of cron."""
    return "cron" if line.startswith("*") else "sh"


def _row(parameter: Any) -> str:
    if parameter.name == "help":
        return ""
    name = (
        usage_name(parameter)
        if parameter.param_type_name == "argument"
        else ", ".join((*parameter.opts, *parameter.secondary_opts))
    )
    words = parameter.help.replace("|", BAR)
    return f"| `{name.replace('|', BAR)}` | {words} |"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
