"""What the shell offers behind Tab, answered before Typer and the commands are loaded.

Typer's scripts for bash, zsh and fish ask the program itself, and say how by variables of the environment. Its answer
takes a third of a second, nearly all of it to load what no line needs; here the commands are read from commands.json,
which ``make docs`` writes and a test holds equal to the real ones. What is not known here is left to Typer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from newsletter.completing import line, values

ASKED = "_NEWSLETTER_COMPLETE"
"""The variable that says which shell asks."""
TABLE = Path(__file__).with_name("commands.json")
_LINE = "_TYPER_COMPLETE_ARGS"
_FISH = "_TYPER_COMPLETE_FISH_ACTION"
_SPACE = re.compile(r"\s")
_ZSH_SIGNS = (('"', '""'), ("'", "''"), ("$", "\\$"), ("`", "\\`"), (":", r"\\:"))
"""What stands for signs that mean something to zsh, in this order (``typer._completion_classes``)."""


def answer(variables: Mapping[str, str]) -> tuple[str, int] | None:
    """What is written for a shell, and the exit code; nothing when Typer has to answer.

    Args:
        variables: Of the environment.
    """
    shell = variables.get(ASKED, "")
    try:
        if shell not in _SAID:
            return None
        words, started = _line(shell, variables)
        table = json.loads(TABLE.read_bytes())
    except (OSError, ValueError, KeyError):
        return None
    found = line.offered(table, words, started, values.READ)
    if shell == "complete_fish" and variables.get(_FISH) == "is-args":
        return "", int(not found)
    return f"{_SAID[shell](found)}\n", 0


def _bash(found: values.Offered) -> str:
    return "\n".join(value for value, _ in found)


def _zsh(found: values.Offered) -> str:
    told = "\n".join(f'"{_escaped(value)}"' + (f':"{_escaped(told)}"' if told else "") for value, told in found)
    return f"_arguments '*: :(({told}))'" if found else "_files"


def _fish(found: values.Offered) -> str:
    return "\n".join(f"{value}\t{_SPACE.sub(' ', told)}" if told else value for value, told in found)


_SAID = {"complete_bash": _bash, "complete_zsh": _zsh, "complete_fish": _fish}


def _line(shell: str, variables: Mapping[str, str]) -> tuple[Sequence[str], str]:
    """The words before the one that is being written, without the program's name; and that one."""
    if shell == "complete_bash":
        words, at = _words(variables["COMP_WORDS"]), int(variables["COMP_CWORD"])
        return words[1:at], words[at] if at < len(words) else ""
    text = variables.get(_LINE, "")
    words = _words(text)[1:]
    if words and not text.endswith(" "):
        return words[:-1], words[-1]
    return words, ""


def _words(text: str) -> list[str]:
    """The words of a line as a shell reads them; a quote that is still open ends with the line."""
    import shlex

    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = []
    try:
        for word in lexer:
            words.append(word)  # one after the other: those before an error stay
    except ValueError:
        words.append(lexer.token)
    return words


def _escaped(text: str) -> str:
    for sign, instead in _ZSH_SIGNS:
        text = text.replace(sign, instead)
    return text
