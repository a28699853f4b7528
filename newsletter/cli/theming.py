"""Command for looks: theme."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson
from newsletter.cli.output import data, json_data, say, shown_path
from newsletter.text.sentences import said


def theme(
    context: typer.Context,
    look: Annotated[
        str, typer.Argument(metavar="LOOK", help="Write this one into newsletter.toml, instead of showing them all.")
    ] = "",
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Where the page goes. [default: theme.html]")
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be written into newsletter.toml, and write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show every look your letters can have, with your own stories, as one page; or choose one.

    The page shows each look in light and dark, on a computer and a phone, with the lines for newsletter.toml. It takes
    the stories of the newest issue, else of the library, else samples.

    \b
    Examples:
      newsletter theme --open
      newsletter theme newspaper --dry-run
      newsletter theme newspaper
    """
    from newsletter.workflows import themes

    with workspace_of(context) as workspace:
        if look:
            chosen = themes.choice(workspace, look)
            changes = chosen.changes
            if not dry_run:
                themes.write(chosen)
            if as_json:
                json_data({"look": look, "file": str(chosen.path), "changes": changes, "written": not dry_run})
            else:
                for line in changes:
                    data(line)
            if not changes:
                say(said("{path} says so already.", path=chosen.path))
            elif dry_run:
                say(said("Nothing was written. To write it: newsletter theme {look}", look=look))
            else:
                say("Next: newsletter preview. An issue with a template of its own keeps that.")
            return
        page = themes.show(workspace, html)
    if as_json:
        json_data(
            {
                "path": str(page.path),
                "stories": page.stories_of,
                "looks": [{"name": one.name, "lines": one.lines, "bytes": one.bytes} for one in page.looks],
            }
        )
    else:
        data(shown_path(page.path))
    if opened:
        from newsletter.workflows.browsing import show_in_browser

        if not show_in_browser(page.path.resolve().as_uri()):
            say("No browser could be opened: open the file yourself.")
    say("Next: newsletter theme LOOK writes one of them into newsletter.toml")
