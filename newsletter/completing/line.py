"""Where a command line stands when Tab is pressed, and what is offered there: Typer's own rules, without Typer.

The rules are those of ``typer._click.parser`` and ``typer._click.shell_completion`` for a line that is still being
written: what is wrong in it is passed over, and words behind it are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from newsletter.completing.values import Offered

Table = Mapping[str, Any]
"""commands.json: a command or group by the words that call it, the program itself by the empty text."""
_PLACE = "directory"
"""The option of the program that names the workspace."""


def offered(
    table: Table, words: Sequence[str], started: str, read: Mapping[str, Callable[[str], Offered]]
) -> list[tuple[str, str]]:
    """Values for the word that is being written, with what is told beside each.

    Args:
        table: Every command with what it takes.
        words: Those before it, without the name of the program.
        started: What there is of it.
        read: By its name in the table, what reads values from the workspace in a folder.
    """
    before = list(words)
    name, given, place = _standing(table, before)
    command = table[name]
    if started == "=":
        started = ""
    elif started.startswith("-") and "=" in started:
        option, _, started = started.partition("=")
        before.append(option)
    if "--" in before or not started.startswith("-"):
        for parameter in sorted(command["takes"], key=_is_argument):
            if _waits(parameter, before, given):
                return _values(parameter, started, place, read)
    below = [(one, table[f"{name} {one}".lstrip()]["told"]) for one in command.get("commands", ())]
    found = [one for one in below if one[0].startswith(started)]
    if started and not started[0].isalnum():
        found += [
            (option, parameter["told"])
            for parameter in command["takes"]
            if not _is_argument(parameter) and (parameter["name"] not in given or parameter.get("several"))
            for option in parameter["options"]
            if option.startswith(started)
        ]
    return found


def _is_argument(parameter: Table) -> bool:
    return "options" not in parameter


def _values(
    parameter: Table, started: str, place: str, read: Mapping[str, Callable[[str], Offered]]
) -> list[tuple[str, str]]:
    values = parameter.get("values", ())
    known = read[values](place) if isinstance(values, str) else [(one, "") for one in values]
    return [one for one in known if one[0].startswith(started)]


def _waits(parameter: Table, before: Sequence[str], given: Mapping[str, str]) -> bool:
    """Whether the next word is a value of this option or argument."""
    if not _is_argument(parameter):
        last = before[-parameter.get("words", 1) :]
        option = next((word for word in reversed(last) if word.startswith("-")), "")
        return option in parameter["options"] and not parameter.get("flag")
    return bool(parameter.get("several")) or parameter["name"] not in given


def _standing(table: Table, words: Sequence[str]) -> tuple[str, Mapping[str, str], str]:
    """The command that words lead to, what was given to it, and the folder that ``-C`` names."""
    name, rest, place = "", list(words), ""
    while True:
        command = table[name]
        given, rest = _parsed(command, rest)
        if not name:
            place = given.get(_PLACE, "")
        if not rest or rest[0] not in command.get("commands", ()):
            return name, given, place
        name, rest = f"{name} {rest[0]}".lstrip(), rest[1:]


def _parsed(command: Table, words: Sequence[str]) -> tuple[Mapping[str, str], list[str]]:
    """What words give to the options and arguments of a command, and the words that it leaves."""
    given: dict[str, str] = {}
    options = {option: one for one in command["takes"] for option in one.get("options", ())}
    rest, left = list(words), []
    while rest:
        word = rest.pop(0)
        if word == "--":
            break
        if not word.startswith("-") or len(word) == 1:
            if "commands" in command:
                rest.insert(0, word)
                break
            left.append(word)
        elif not _option(options, word, rest, given):
            return given, left
    left += rest
    arguments = [one for one in command["takes"] if _is_argument(one)]
    for at, argument in enumerate(arguments):
        behind = len(arguments) - at - 1 if argument.get("several") else len(left) - 1
        taken, left = left[: max(len(left) - behind, 0)], left[max(len(left) - behind, 0) :]
        if taken:
            given[argument["name"]] = taken[-1]
    return given, left


def _option(options: Mapping[str, Table], word: str, rest: list[str], given: dict[str, str]) -> bool:
    """Whether a word is an option with all that it needs; its value is taken from the rest."""
    if word.startswith("--"):
        name, joined, value = word.partition("=")
        return name in options and _given(options[name], value if joined else None, rest, given)
    for at, letter in enumerate(word[1:], 2):
        option = options.get(f"-{letter}")
        if option is None:
            return False
        takes = not option.get("flag")
        if not _given(option, word[at:] if takes and word[at:] else None, rest, given):
            return False
        if takes and word[at:]:
            break
    return True


def _given(option: Table, value: str | None, rest: list[str], given: dict[str, str]) -> bool:
    if option.get("flag"):
        if value is not None:
            return False
        given[option["name"]] = ""
        return True
    if value is not None:
        rest.insert(0, value)
    if len(rest) < (words := option.get("words", 1)):
        return False
    given[option["name"]] = rest[0]
    del rest[:words]
    return True
