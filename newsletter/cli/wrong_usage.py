"""What is said of a command that was typed wrong, where commands do not speak English; else Typer says it itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from newsletter.cli.output import say
from newsletter.cli.speaking import from_right, marked
from newsletter.text.sentences import Sentence, said

_ALIKE = re.compile(r"(?P<what>.+?)\.? (?:\(Possible options: (?P<options>.+)\)|Did you mean (?P<names>.+)\?)")
_NOT_ONE_OF = re.compile(r"(?:Value error, )?'(?P<value>.*)' is not one of (?P<choices>.+)\.")


@contextmanager
def usage_told() -> Iterator[None]:
    """Say what Typer has to say of wrong usage in the language of the command, and end with its exit code."""
    try:
        yield
    except typer.Abort:
        if not from_right():
            raise
        say()
        say(said("Stopped."))
        raise typer.Exit(1) from None
    except Exception as error:
        context = getattr(error, "ctx", None)
        # A name without a command behind it is answered with its help, which is told already.
        if not from_right() or not hasattr(error, "format_message") or type(error).__name__ == "NoArgsIsHelpError":
            raise
        if context is not None:
            usage = context.get_usage().partition(" ")[2]
            say(said("Usage: {command}", command=" ".join(usage.split())))
            command = f"{context.command_path} {context.help_option_names[-1]}"
            say(said("For help: {command}", command=command))
            say()
        say(said("error: {line}", line=_words(error)))
        raise typer.Exit(getattr(error, "exit_code", 2)) from None


def _words(error: Any) -> Sentence:
    """What is wrong, made of Typer's words."""
    message = error.message
    if isinstance(error, typer.BadParameter) and message:
        named = error.param_hint or (error.param.get_error_hint() if error.param is not None else "")
        if isinstance(named, str):
            named = named.strip("'")
        why = message if isinstance(message, Sentence) else _value(message)
        return said("{name} does not take this: {why}", name=named, why=why) if named else marked(why)
    text = error.format_message()
    found = _ALIKE.fullmatch(text)
    if found is None:
        return marked(text)
    alike = (found["options"] or found["names"]).replace("'", "")
    return said("{what}; alike: {names}", what=marked(found["what"]), names=alike)


def _value(message: str) -> str:
    """Why a value will not do."""
    found = _NOT_ONE_OF.fullmatch(message)
    if found is None:
        return marked(message)
    choices = found["choices"].replace("'", "")
    return said("'{value}' is not one of {choices}", value=found["value"], choices=choices)
