"""The Typer application: help in plain text with our own panels, since Rich's help costs twice the time."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from newsletter.cli.speaking import from_right

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

STOPPED = 75
"""Exit code of a send that stopped in the middle (EX_TEMPFAIL of sysexits.h)."""
FOUND_ERRORS = 3
"""Exit code when the check found errors."""
SOME_NOT_TAKEN = 4
"""Exit code of a send of whose letters some were refused, or are unknown."""
NOTHING_SENT = 5
"""Exit code when something was due and nothing of it went, or does not go on by itself."""
_SHORT_HELP = 200
"""Characters of a command's line in the list of commands: its first sentence, whole."""

_TYPE = re.compile(r"<(str|path|int|int range|float|float range)>")
_TYPES = {"path": "PATH", "int": "N", "int range": "N", "float": "N", "float range": "N"}
"""Typer's names for the types of options, and what an editor reads instead."""


def usage_name(parameter: Any) -> str:
    """An argument as the usage line shows it: ``FILE``, ``[ISSUE]`` or ``[ID…]``.

    Args:
        parameter: Of a command.
    """
    name = (parameter.metavar or parameter.name.upper()).strip("[…]") + ("" if parameter.nargs == 1 else "…")
    return name if parameter.required else f"[{name}]"


def _type_name(match: re.Match[str]) -> str:
    return _TYPES.get(match[1], "TEXT")


def _parameter_rows(command: Any, ctx: Any) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Arguments and options: their names, their words with what Typer adds, and their words alone."""
    rows: dict[str, list[tuple[str, str, str]]] = {"argument": [], "option": []}
    for parameter in command.get_params(ctx):
        kind, record = parameter.param_type_name, parameter.get_help_record(ctx)
        if record is not None:
            name = usage_name(parameter) if kind == "argument" else _TYPE.sub(_type_name, record[0])
            rows[kind].append((name, record[1], parameter.help or ""))
    return [("Arguments", rows["argument"]), ("Options", rows["option"])]


def _told_rows(found: list[tuple[str, list[tuple[str, str, str]]]]) -> list[tuple[str, list[tuple[str, str]]]]:
    from newsletter.cli.helping import option_words

    return [(title, [(name, option_words(alone, words)) for name, words, alone in rows]) for title, rows in found]


def _page(command: Any, ctx: Any) -> str:
    """The help of a command where it is not written in English; else empty."""
    if not from_right():
        return ""
    import shutil

    from newsletter.cli.helping import page_of

    return page_of(command, ctx, shutil.get_terminal_size().columns)


class Command(TyperCommand):
    """A command whose help names its arguments as an editor would, without Typer's braces and types."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The parts of the usage line behind the command's name."""
        arguments = [one for one in self.get_params(ctx) if one.param_type_name == "argument"]
        return ["[OPTIONS]", *map(usage_name, arguments)]

    def get_help(self, ctx: Any) -> str:
        """Its page, in the language of the command."""
        return _page(self, ctx) or super().get_help(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options."""
        for title, rows in _parameter_rows(self, ctx):
            if rows:
                with formatter.section(title):
                    formatter.write_dl([(name, words) for name, words, _ in rows])

    def help_rows(self, ctx: Any) -> list[tuple[str, list[tuple[str, str]]]]:
        """The lists of its page in the language of the command, each under its heading."""
        return _told_rows(_parameter_rows(self, ctx))


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A command of which nobody has asked more than its line in the help: Typer takes half a millisecond for each."""

    name: str
    function: Callable[..., None]
    rich_help_panel: str | None

    hidden = False

    def build(self) -> Any:
        """The command with its arguments and options, as Typer reads them from the function."""
        alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        alone.command(self.name, cls=Command, rich_help_panel=self.rich_help_panel)(self.function)
        return typer.main.get_command(alone)

    def get_short_help_str(self, limit: int) -> str:
        """Its line in the list of commands."""
        return TyperCommand(self.name, help=self.words).get_short_help_str(limit=limit)

    @property
    def words(self) -> str:
        """What it says of itself."""
        return inspect.getdoc(self.function) or ""


class Commands(dict[str, Any]):
    """Commands by name, each built when it is first looked up."""

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        if isinstance(found, LazyCommand):
            found = self[name] = found.build()
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """The command, or the default when there is none."""
        return self[name] if name in self else default  # noqa: SIM401  this is what get means here

    def items(self) -> Any:
        """Every name with its command."""
        return [(name, self[name]) for name in self]

    def values(self) -> Any:
        """Every command."""
        return [self[name] for name in self]

    def listed(self) -> list[tuple[str, Any]]:
        """Every name with what knows the command's line in the help, without building any."""
        return [(name, dict.__getitem__(self, name)) for name in self]


class PanelGroup(TyperGroup):
    """A group that lists its commands by audience, in the order they were added."""

    own: ClassVar[Mapping[str, LazyCommand]] = {}
    """The commands that were added; those that Typer hands over are groups."""
    panels: ClassVar[Sequence[str]] = ()
    """The headings, in their order."""

    def __init__(self, *, commands: Mapping[str, Any], **options: Any) -> None:
        self.known = Commands({**self.own, **commands})
        super().__init__(commands=self.known, **options)

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """The context of a call, as Typer makes it; wrong usage is told in the language of the command."""
        if not from_right():
            return super().make_context(*arguments, **more)
        from newsletter.cli.wrong_usage import usage_told

        with usage_told():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; wrong usage is told in the language of the command."""
        if not from_right():
            return super().invoke(ctx)
        from newsletter.cli.wrong_usage import usage_told

        with usage_told():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  Typer's own signature
        """The commands in the order they were added, which is the order they are used in."""
        return list(self.commands)

    def get_help(self, ctx: Any) -> str:
        """Its page, in the language of the command."""
        return _page(self, ctx) or super().get_help(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  Typer's own signature
        """Write one section for each panel."""
        for title, commands in self._by_panel().items():
            if not commands:
                continue
            with formatter.section(title):
                formatter.write_dl([(name, one.get_short_help_str(limit=_SHORT_HELP)) for name, one in commands])

    def _by_panel(self) -> dict[str, list[tuple[str, Any]]]:
        panels: dict[str, list[tuple[str, Any]]] = {title: [] for title in self.panels}
        for name, command in self.known.listed():
            if not command.hidden:
                panel = getattr(command, "rich_help_panel", None)
                panels.setdefault(panel if isinstance(panel, str) else "Commands", []).append((name, command))
        return panels

    def help_rows(self, ctx: Any) -> list[tuple[str, list[tuple[str, str]]]]:
        """The lists of its page in the language of the command, each under its heading."""
        from newsletter.cli.helping import first_sentence

        panels = [
            (
                title,
                [(name, first_sentence(one.words if isinstance(one, LazyCommand) else one.help)) for name, one in rows],
            )
            for title, rows in self._by_panel().items()
        ]
        return [*_told_rows(_parameter_rows(self, ctx)), *panels]


class App(typer.Typer):
    """A Typer application whose help and commands are built as this file says."""

    def __init__(
        self,
        name: str,
        *,
        help: str,  # noqa: A002  Typer's own name for it
        no_args_is_help: bool = True,
        **options: Any,
    ) -> None:
        self.own: dict[str, LazyCommand] = {}
        self.panels: list[str] = []
        super().__init__(
            name=name,
            help=help,
            cls=type(f"Panels of {name}", (PanelGroup,), {"own": self.own, "panels": self.panels}),
            no_args_is_help=no_args_is_help,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": ["-h", "--help"]},
            **options,
        )

    def add(self, command: Callable[..., None] | App, panel: str | None = None) -> None:
        """Add a function as a command of its name, or a group of commands.

        Args:
            command: A function whose name may end with ``_``, where Python has the name already; or a group.
            panel: Heading of the help under which it stands.
        """
        if panel is not None and panel not in self.panels:
            self.panels.append(panel)
        if isinstance(command, App):
            self.add_typer(command, rich_help_panel=panel)
        else:
            name = command.__name__.removesuffix("_").replace("_", "-")
            self.own[name] = LazyCommand(name, command, panel)


def group(name: str, words: str, *commands: Callable[..., None] | App, alone: Callable[..., None] | None = None) -> App:
    """A group of commands.

    Args:
        name: As it is typed.
        words: Its line in the help; empty for that of ``alone``.
        commands: In the order of the help.
        alone: What the name does without a command behind it, if it does something.
    """
    if alone is None:
        made = App(name, help=words)
    else:
        made = App(name, help=words or inspect.getdoc(alone) or "", no_args_is_help=False, invoke_without_command=True)
        made.callback()(alone)
    for command in commands:
        made.add(command)
    return made


@contextmanager
def workspace_of(context: typer.Context) -> Iterator[Workspace]:
    """The workspace that a command works in, open."""
    from newsletter.wiring import open_workspace

    with open_workspace(Path(context.obj)) as workspace:
        yield workspace
