"""The Typer application: help in plain text with our own panels, since Rich's help costs twice the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from newsletter.wiring import House

STOPPED = 75
"""Exit code of a send that stopped in the middle (EX_TEMPFAIL of sysexits.h)."""
FOUND_ERRORS = 3
"""Exit code when the check found errors."""


class Panels(TyperGroup):
    """A group that lists its commands by audience, in the order they were added."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  Typer's own signature
        """The commands in the order they were added, which is the order they are used in."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section for each panel."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                panel = getattr(command, "rich_help_panel", None)
                key = panel if isinstance(panel, str) else "Commands"
                panels.setdefault(key, []).append((name, command.get_short_help_str(limit=70)))
        for title, rows in panels.items():
            with formatter.section(title):
                formatter.write_dl(rows)


class App(typer.Typer):
    """A Typer application in the manner of this house."""

    def __init__(self, name: str, *, help: str, **options: Any) -> None:  # noqa: A002  Typer's own name for it
        super().__init__(
            name=name,
            help=help,
            cls=Panels,
            no_args_is_help=True,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": ["-h", "--help"]},
            **options,
        )

    def add(self, command: Callable[..., None], panel: str | None = None, name: str | None = None) -> None:
        """Add a function as a command."""
        self.command(name, rich_help_panel=panel)(command)


@contextmanager
def house(context: typer.Context) -> Iterator[House]:
    """The workspace that a command works in, open."""
    from newsletter.wiring import opened

    with opened(Path(context.obj)) as workspace:
        yield workspace
