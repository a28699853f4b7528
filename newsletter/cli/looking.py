"""Commands that hand an issue to another program: open, edit."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.accounts import problem_lines
from newsletter.cli.app import FOUND_ERRORS, workspace_of
from newsletter.cli.options import IssueName
from newsletter.cli.output import data, plural, say, shown_path
from newsletter.errors import IssueError, NashraError
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

_EDITORS = ("VISUAL", "EDITOR")


def open_(
    context: typer.Context,
    name: IssueName = "",
    web: Annotated[
        bool, typer.Option("--web", help="Open its page on the web instead: where everybody reads what has gone out.")
    ] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the path or address, and open no browser.")] = False,
) -> None:
    """Make the preview of an issue and open it in the browser; prints its path.

    Where there is no screen the path alone is printed. Exit code 3: the letter could not go like this; what is wrong
    stands in a box above it, and on this screen.

    \b
    Examples:
      newsletter open
      newsletter open 12 --no-open
      newsletter open 12 --web
    """
    from newsletter.workflows import preview as previews
    from newsletter.workflows.browsing import show_in_browser

    with workspace_of(context) as workspace:
        if web:
            address = _page(workspace, name)
            data(address)
            if not no_open and not show_in_browser(address):
                say(said("No browser opens here: open the address yourself."))
            return
        made = previews.of_name(workspace, name)
    page = made.paths[0].absolute()
    data(shown_path(page))
    if not no_open and not show_in_browser(page.as_uri()):
        say(said("No browser opens here: open the file yourself."))
    for line in problem_lines(made.problems):
        say(line)
    if made.problems:
        errors = plural(len(made.problems), "error")
        say(said("{errors}: mend them with newsletter edit, then: newsletter open", errors=errors))
        raise typer.Exit(FOUND_ERRORS)
    say(said("Next: newsletter edit changes it; newsletter send --test ADDRESS shows it as a letter."))


def _page(workspace: Workspace, name: str) -> str:
    """The address of an issue's page on the web.

    Raises:
        NashraError: There are no pages, or the issue has not gone out, or not everybody may read it.
    """
    from newsletter import issues, ledger

    issue = issues.newest(workspace.root, name)
    where = said("issue {number}", number=issue.number)
    pages = workspace.settings.web
    if not pages.url:
        raise NashraError(
            said("there are no reader pages"),
            where="newsletter.toml: [web] url",
            mend=said("set it to where they are reached, or look at it here: newsletter open"),
        )
    with workspace.database.read() as connection:
        gone = [one for one in ledger.sends_of(connection, str(issue.number)) if not one.undone]
    if not gone:
        raise NashraError(
            said("it has not gone out, so it has no page yet"),
            where=where,
            mend=said("look at it here: newsletter open {number}", number=issue.number),
        )
    if issue.list not in pages.lists:
        raise NashraError(
            said("the letters of '{name}' are not for everybody to read", name=issue.list),
            where=where,
            mend=said("[web] lists names the lists that are"),
        )
    return f"{pages.url}/letters/{issue.number}"


def edit(context: typer.Context, name: IssueName = "") -> None:
    """Open an issue in your editor, and say afterwards what the check finds.

    The editor is what VISUAL or EDITOR names, with its arguments if it has any. The exit code is that of the editor.

    \b
    Examples:
      newsletter edit
      newsletter edit 12
      EDITOR="code --wait" newsletter edit
    """
    from newsletter.workflows.preview import file_of

    with workspace_of(context) as workspace:
        path = file_of(workspace, name).absolute()
        _tell_gone(workspace, path)
        code = _edited(path)
        _tell_checked(workspace, path)
    if code:
        say(said("The editor ended with code {code}.", code=code))
        raise typer.Exit(code)


def _edited(path: Path) -> int:
    """Wait for the editor; its exit code."""
    variable = next((one for one in _EDITORS if os.environ.get(one, "").strip()), "")
    if not variable:
        data(shown_path(path))
        say(said("No editor is named. Name yours once, then run it again:"))
        say('  export EDITOR="nano"         # or "vim", "code --wait", "gedit"')
        raise typer.Exit(1)
    try:
        words = shlex.split(os.environ[variable])
    except ValueError:
        raise NashraError(
            said("its quotes do not end"), where=variable, mend=said('write it as a command: "code --wait"')
        ) from None
    try:
        code = subprocess.run([*words, str(path)], check=False).returncode
    except OSError as error:
        raise NashraError(
            said("{program} cannot be started ({why})", program=words[0], why=error.strerror or ""),
            where=variable,
            mend=said("name an editor that is installed"),
        ) from None
    return code if code >= 0 else 128 - code


def _tell_gone(workspace: Workspace, path: Path) -> None:
    """Say that an issue has gone out, before somebody writes into what nobody gets any more."""
    from newsletter import issues, ledger

    try:
        number = issues.read(path).number
    except IssueError:
        return
    with workspace.database.read() as connection:
        gone = [one for one in ledger.sends_of(connection, str(number)) if not one.undone]
    if gone:
        say(
            said(
                "note: issue {number} is frozen already; what you change now does not reach those who got it",
                number=number,
            )
        )


def _tell_checked(workspace: Workspace, path: Path) -> None:
    """One line of what the check finds now."""
    from newsletter import issues
    from newsletter.workflows.check import inspect

    try:
        issue = issues.read(path)
        problems = inspect(workspace, issue).problems
    except NashraError as error:
        say(said("It cannot be read as it stands: {why}", why=str(error)))
        return
    errors = sum(one.level == "error" for one in problems)
    if problems:
        say(
            said(
                "Issue {number}: {errors}, {warnings}. What they are: newsletter check {number}",
                number=issue.number,
                errors=plural(errors, "error"),
                warnings=plural(len(problems) - errors, "warning"),
            )
        )
    else:
        say(said("Issue {number} is ready. See it: newsletter open {number}", number=issue.number))
