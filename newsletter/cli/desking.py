"""The desk: opened, and the people who sign in at it behind a proxy."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.acting import note_act
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, LogAs, LogForm, Yes
from newsletter.cli.output import ask, data, flush, json_data, on_terminal, say, shown
from newsletter.cli.tables import table
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.workflows.editors import SecondFactor

PersonName = Annotated[str, typer.Argument(metavar="NAME", help="As they sign in.")]
_LOOKS = "looks only"
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", metavar="ROLE", help="edit or send; give it again for both. Without it they only look."),
]
FromStdin = Annotated[
    bool, typer.Option("--stdin", help="Read the password from the first line of stdin instead of asking for it.")
]


def desk(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port to listen at; 0 takes a free one. [default: 0, behind a proxy 8100]"),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at; only with [desk] url. [default: this machine alone]")
    ] = "",
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address, and open no browser.")] = False,
    log: LogAs = LogForm.TEXT,
) -> None:
    """Open the desk: make, test and send the issue, see readers and reports, in the browser.

    It is for whoever starts it, on this machine alone. The address that it prints works once, for five minutes. With
    [desk] url it stands behind a proxy, and people sign in by name. Ctrl-C or a TERM signal ends it. In an empty folder
    it makes a workspace, and begins with the address of your site.

    \b
    Examples:
      newsletter desk
      newsletter desk --port 8080 --no-open
      newsletter desk person add "سلمى" --role edit --role send
    """
    if context.invoked_subcommand is not None:
        return
    from newsletter.desk.serving import serve_desk

    serve_desk(
        _root(context),
        dict(os.environ),
        host=host,
        port=port,
        opens=not no_open,
        log_json=log is LogForm.JSON,
        tell=say,
        show=_show_address,
    )


def _root(context: typer.Context) -> Path:
    """The workspace; an empty folder becomes one, whose first page asks for the site."""
    from newsletter.errors import WorkspaceError

    try:
        with workspace_of(context) as workspace:
            return workspace.root
    except WorkspaceError:
        here = Path(context.obj)
        if not here.is_dir() or any(here.iterdir()):
            raise
    from newsletter.workflows import first
    from newsletter.workspace import zones

    first.begin(here, timezone=zones.of_machine()[0] or "UTC")
    say(
        said(
            "Made a workspace in {here}, which was empty. The first page asks for the address of your site.", here=here
        )
    )
    return here


def _show_address(address: str) -> None:
    data(address)
    flush()  # also where stdout is a file, or a program that waits for it


def add(
    context: typer.Context,
    name: PersonName,
    role: Roles = None,
    stdin: FromStdin = False,
) -> None:
    """Add somebody who signs in at the desk. Shows once what their telephone makes one-time codes of.

    Who has `send` may edit, too. The password is typed twice, never given as an argument: other accounts of the machine
    could see that.

    \b
    Examples:
      newsletter desk person add "سلمى" --role edit --role send
      newsletter desk person add "ياسين" --role edit
    """
    from newsletter.workflows import editors

    with workspace_of(context) as workspace:
        made = editors.add(workspace, name, role or [], _password(stdin))
        note_act(workspace, "people", f"added {made.editor.name}")
    say(said("{name} can sign in at the desk.", name=made.editor.name))
    _show(made)


def password(
    context: typer.Context,
    name: PersonName,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Make one-time codes and recovery codes anew, too.")
    ] = False,
    stdin: FromStdin = False,
) -> None:
    """Give somebody a new password. Whoever is signed in under that name is out at once.

    \b
    Examples:
      newsletter desk person password "سلمى"
      newsletter desk person password "سلمى" --second-factor
    """
    from newsletter.workflows import editors

    with workspace_of(context) as workspace:
        made = editors.renew(workspace, name, _password(stdin), second_factor=second_factor)
        renewed = made.editor if isinstance(made, editors.SecondFactor) else made
        note_act(workspace, "people", f"password {renewed.name}")
    say("The new password counts from now on.")
    if isinstance(made, editors.SecondFactor):
        _show(made)


def roles(context: typer.Context, name: PersonName, role: Roles = None) -> None:
    """Give somebody these roles instead of those they had. It counts at once, also where they are signed in.

    \b
    Examples:
      newsletter desk person roles "ياسين" --role edit --role send
      newsletter desk person roles "ياسين"
    """
    from newsletter.workflows import editors

    with workspace_of(context) as workspace:
        found = editors.give(workspace, name, role or [])
        told = ", ".join(found.roles) or _LOOKS
        note_act(workspace, "people", f"{found.name}: {told}")
    say(said("{name}: {told}", name=found.name, told=told if found.roles else said(_LOOKS)))


def remove(context: typer.Context, name: PersonName, yes: Yes = False) -> None:
    """Take somebody from the desk; they are out at once.

    \b
    Example:
      newsletter desk person remove "ياسين"
    """
    from newsletter.workflows import editors

    with workspace_of(context) as workspace:
        if not yes and ask(said("Type {name} to take that person from the desk", name=name)) != name:
            raise typer.Exit(1)
        gone = editors.remove(workspace, name)
        note_act(workspace, "people", f"removed {gone.name}")
    say(said("{name} cannot sign in any more.", name=gone.name))


def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List who signs in at the desk: names, roles, and how many recovery codes are left.

    \b
    Example:
      newsletter desk person list
    """
    from newsletter.workspace import editors

    with workspace_of(context) as workspace:
        people = list(editors.read(workspace.root).values())
    if as_json:
        told = [{"name": one.name, "roles": list(one.roles), "recovery_codes": len(one.recovery)} for one in people]
        json_data({"people": told})
        return
    table(
        ("Name", "Roles", "Recovery codes"),
        [(one.name, ", ".join(one.roles) or said(_LOOKS), len(one.recovery)) for one in people],
    )
    if not people:
        say('Nobody. Add somebody with: newsletter desk person add "NAME" --role edit --role send')


def _password(stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not on_terminal():
        say("Nobody is here to type a password; add --stdin to read it from stdin.")
        raise typer.Exit(2)
    words, again = (shown(said(one), sys.stderr) for one in ("Password", "The same again"))
    return str(typer.prompt(words, hide_input=True, confirmation_prompt=again, err=True))


def _show(made: SecondFactor) -> None:
    """Show a second factor, this once."""
    say("Let their telephone scan this, in a program for one-time codes; it is shown this once:\n")
    if sys.stderr.isatty():
        import segno

        segno.make(made.address, error="l", micro=False).terminal(sys.stderr, compact=True)
    data(made.address)
    say(said("\nWithout a camera, type this key: {secret}", secret=made.editor.secret))
    say("Recovery codes for a lost telephone, each good once; keep them on paper:\n")
    for code in made.recovery:
        data(code)
