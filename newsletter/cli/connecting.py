"""The command that connects the newsroom's own WordPress: wordpress connect."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.acting import note_act
from newsletter.cli.app import workspace_of
from newsletter.cli.output import on_terminal, say, shown
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.wiring import Workspace
    from newsletter.workflows.publishing.connecting import SiteFound

_PATIENCE = 600.0
"""Seconds for somebody to sign in and press a button."""
_STEP = 0.2


def connect(
    context: typer.Context,
    site: Annotated[
        str, typer.Argument(metavar="SITE", help="Front page of the site. [default: that of the newsletter]")
    ] = "",
    user: Annotated[str, typer.Option("--user", help="Who has the password that is typed or read.")] = "",
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the password from the first line of stdin instead of asking for it.")
    ] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address, and open no browser.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Take the password out again.")] = False,
) -> None:
    """Connect your own WordPress, so that issues can be published there.

    WordPress' own page asks whoever is signed in there whether Nashra may have an application password, and hands it
    over; or shows it, to be typed here. It is tried once, and kept in secrets/wordpress.password. A user with the role
    author is enough; an administrator's is refused. With --forget it is taken out; take it back in WordPress, too.

    \b
    Examples:
      newsletter wordpress connect https://example.org
      newsletter wordpress connect https://example.org --user salma --stdin < password.txt
      newsletter wordpress connect --forget
    """
    from newsletter.workflows.publishing import connecting

    with workspace_of(context) as workspace:
        if forget:
            _forget(workspace.root)
            return
        if stdin and not user:
            raise typer.BadParameter("--stdin wants --user, too")
        if not stdin and not on_terminal():
            say("Nobody is here to ask; give --user and --stdin.")
            raise typer.Exit(2)
        found = connecting.look_for(workspace, site or workspace.publication.url)
        if stdin:
            name, password = user, sys.stdin.readline().rstrip("\r\n")
        else:
            name, password = (user, _typed()) if user else _asked(workspace, found, opens=not no_open)
        one = connecting.connect(workspace, found, name, password)
        note_act(workspace, "settings", "wordpress")
    roles = f" ({', '.join(one.roles)})" if one.roles else ""
    say(
        said(
            "Connected to {site} as {name}{roles}. Next: newsletter publish --to wordpress",
            site=found.site,
            name=one.name,
            roles=roles,
        )
    )


def _forget(root: Path) -> None:
    from newsletter.errors import WorkspaceError
    from newsletter.workspace import site_access

    with contextlib.suppress(WorkspaceError):
        access = site_access.read(root)
        if access is not None:
            say(
                said(
                    "In WordPress it is taken back at {site}/wp-admin/profile.php, under Application Passwords.",
                    site=access.site,
                )
            )
    say("Taken out." if site_access.forget(root) else "There was none.")


def _asked(workspace: Workspace, found: SiteFound, *, opens: bool) -> tuple[str, str]:
    """User and password, from WordPress' own page or as they are typed."""
    from newsletter.workflows.browsing import show_in_browser
    from newsletter.workflows.publishing import connecting
    from newsletter.workflows.publishing.catching import listening

    with listening() as caught:
        address = found.question(workspace.now().astimezone(workspace.zone), caught.address)
        say("Sign in there as the author whose name the posts shall bear, and press yes:")
        say(said("  {address}", address=address))
        if opens:
            show_in_browser(address)
        say(
            "It waits here for ten minutes. If the page refuses (as older versions do), or the browser is on another "
            "machine, press Enter to type it instead."
        )
        until = time.monotonic() + _PATIENCE
        while not caught.over.is_set() and time.monotonic() < until and not _pressed():
            pass
        if caught.over.is_set() and not caught.refused:
            connecting.same_site(found, caught.site)
            return caught.user, caught.password
        if caught.refused:
            say("WordPress says no.")
            raise typer.Exit(1)
    say("Press yes at this address; WordPress then shows the password:")
    say(said("  {question}", question=found.question(workspace.now().astimezone(workspace.zone))))
    return str(typer.prompt(_question("User"), err=True)).strip(), _typed()


def _pressed() -> bool:
    """Whether Enter was pressed within a moment."""
    import select

    try:
        ready = bool(select.select([sys.stdin], [], [], _STEP)[0])
    except (OSError, ValueError):
        time.sleep(_STEP)
        return False
    if ready:
        sys.stdin.readline()
    return ready


def _question(words: str) -> str:
    """What is asked for, in the language of the command."""
    return shown(said(words), sys.stderr)


def _typed() -> str:
    """A password that is typed unseen."""
    import getpass

    return getpass.getpass(f"{_question('Application password')}: ", stream=sys.stderr)
