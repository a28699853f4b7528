"""Arguments and options that several commands take."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from datetime import date
from typing import Annotated

import typer

from newsletter.cli import completing
from newsletter.text.sentences import said

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout.")]

AsJsonLines = Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line on stdout.")]


def one_form(*chosen: bool) -> None:
    """Refuse two forms of what is printed at once.

    Args:
        chosen: Whether each of ``--json`` and ``--jsonl`` was given.

    Raises:
        BadParameter: More than one was.
    """
    if sum(chosen) > 1:
        raise typer.BadParameter("--json and --jsonl each fill stdout: take one of them")


IssueName = Annotated[
    str,
    typer.Argument(
        metavar="ISSUE",
        help="Its number, the name of its folder, or a path. [default: the newest]",
        autocompletion=completing.issues,
    ),
]

SendName = Annotated[
    str,
    typer.Argument(metavar="SEND", help="Its id, or the number of its issue.", autocompletion=completing.sends),
]


def day_of(option: str, words: str) -> date | None:
    """The day that an option names, or None when it names none.

    Args:
        option: For the message, ``--since``.
        words: As it was written, in the digits of any script.

    Raises:
        BadParameter: It is no day.
    """
    try:
        return date(*(int(part) for part in words.split("-", 2))) if words else None
    except (ValueError, TypeError):
        raise typer.BadParameter(
            said("{option} takes a day such as 2026-11-20, not {words}", option=option, words=repr(words))
        ) from None


class LogForm(enum.StrEnum):
    """How a process that runs on writes its log."""

    TEXT = "text"
    JSON = "json"


LogAs = Annotated[
    LogForm, typer.Option("--log", help="How the log on stderr is written: for people, or one JSON object a line.")
]


def json_log(part: str) -> Callable[[str], None]:
    """What writes lines as JSON objects on stderr, and lets every logger of ours do the same.

    Args:
        part: Of the program, which says them; ``event`` of each.
    """
    from newsletter.workflows.logs import log_to_stderr

    log_to_stderr(as_json=True)
    logger = logging.getLogger(f"nashra.{part}")

    def tell(line: str) -> None:
        level = next((one for begin, one in _LEVELS.items() if line.startswith(begin)), logging.INFO)
        logger.log(level, "%s", line)

    return tell


_LEVELS = {"error: ": logging.ERROR, "trouble: ": logging.WARNING}


class SendRhythm(enum.StrEnum):
    """Whom an issue goes to."""

    WEEKLY = "weekly"
    ALL = "all"


ToRhythm = Annotated[
    SendRhythm, typer.Option("--rhythm", help="all: also to those who asked for daily or instant letters.")
]


ToList = Annotated[str, typer.Option("--list", help="The list.", autocompletion=completing.lists)]
ToOtherList = Annotated[
    str, typer.Option("--list", help="Another list than the one the issue names.", autocompletion=completing.lists)
]


def with_list(command: str, list_name: str) -> str:
    """A command to run next, with the list that this one was for.

    Args:
        command: As it is typed, without ``--list``.
        list_name: The list; the usual one is left out.
    """
    from newsletter.workspace.folder import FIRST_LIST

    return command if list_name == FIRST_LIST else f"{command} --list {list_name}"


WithoutWithdrawn = Annotated[
    bool, typer.Option("--without-withdrawn", help="Take out the stories that their site took back, and go on.")
]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask (for cron).")]

WithThisSender = Annotated[
    bool,
    typer.Option("--with-this-sender", help="Go on through the sender of the settings, though it was begun otherwise."),
]
