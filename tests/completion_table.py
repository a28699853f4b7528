"""newsletter/completing/commands.json, made from the commands themselves; ``make docs`` writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import typer

from newsletter.cli import completing
from newsletter.cli.tree import app
from newsletter.completing import TABLE as PATH
from newsletter.completing.values import READ


def text() -> str:
    """The whole file: a line for each option, so that two changes of different commands stand apart."""
    program = typer.main.get_command(app)
    context = program.make_context("newsletter", [], resilient_parsing=True)
    return "{\n" + ",\n".join(_commands(program, context, "")) + "\n}\n"


def _commands(command: Any, context: Any, name: str) -> Iterator[str]:
    below = list(getattr(command, "commands", ()))
    lines = [f' "told": {_said(command.get_short_help_str())}']
    lines += [f' "commands": {_said(below)}'] if below else []
    taken = [_said(_taken(one)) for one in command.get_params(context)]
    lines += [' "takes": [\n  ' + ",\n  ".join(taken) + "\n ]"]
    yield f"{_said(name)}: {{\n" + ",\n".join(lines) + "\n}"
    for one in below:
        under = command.commands[one]
        assert not under.hidden, one
        inner = under.make_context(one, [], parent=context, resilient_parsing=True)
        yield from _commands(under, inner, f"{name} {one}".lstrip())


def _taken(parameter: Any) -> dict[str, Any]:
    """An option or argument, as much of it as a command line needs that is being written."""
    kind = parameter.type_descriptor
    assert not any((parameter.envvar, kind.is_file)), parameter.name
    taken: dict[str, Any] = {"name": parameter.name}
    if parameter.param_type_name == "option":
        assert not any((parameter.hidden, parameter.count)), parameter.name
        names = [*parameter.opts, *parameter.secondary_opts]
        if parameter.name == "help":
            names = sorted(names)  # Typer has them in a set
        taken |= {"options": names, "told": parameter.help or ""}
        taken |= ({"flag": True} if parameter.is_flag else {}) | ({"several": True} if parameter.multiple else {})
        taken |= {"words": parameter.nargs} if parameter.nargs != 1 else {}
    else:
        assert parameter.nargs in (1, -1), parameter.name
        taken |= {"several": True} if parameter.nargs == -1 else {}
    values = _values(parameter, kind)
    return taken | ({"values": values} if values else {})


def _values(parameter: Any, kind: Any) -> str | list[str]:
    """Those that it can have; the name of what reads them when the workspace knows."""
    if kind.is_choice and kind.choices is not None:
        assert kind.case_sensitive, parameter.name
        return [str(getattr(one, "value", one)) for one in kind.choices]
    own = parameter._custom_shell_complete
    if own is None:
        return []
    names = [name for name in READ if _calls(own, getattr(completing, name))]
    assert len(names) == 1, parameter.name
    return names[0]


def _calls(function: Any, wanted: Any) -> bool:
    """Whether Typer's function calls ours, however deep it is wrapped."""
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    return any(one is wanted or (callable(one) and hasattr(one, "__closure__") and _calls(one, wanted)) for one in held)


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
