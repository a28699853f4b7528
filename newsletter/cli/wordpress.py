"""Commands for a newsroom's own WordPress: wordpress plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson
from newsletter.cli.output import data, json_data, say, shown_path
from newsletter.text.sentences import said


def plugin(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="The file to make; none is written over.")],
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="With another secret; the one before is good for a week more.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the plugin for your own WordPress: subscribe forms, a box beside each post, numbers in the dashboard.

    Put it up in wp-admin under Plugins, Add New, Upload Plugin. It works at once: the pages' address, lists, language
    and colours are in it. Make it anew after changing those; WordPress then asks whether to replace the one before.
    The file holds a secret: delete it afterwards.

    \b
    Examples:
      newsletter wordpress plugin nashra.zip
      newsletter wordpress plugin nashra-2.zip --new-secret
    """
    from newsletter.workflows.site_plugin import make_plugin, unsafe_pages

    if file.suffix.lower() != ".zip":
        raise typer.BadParameter("WordPress takes a file whose name ends with .zip", param_hint="FILE.zip")
    with workspace_of(context) as workspace:
        made = make_plugin(workspace, file, new_secret=new_secret)
    if unsafe_pages(made.pages):
        say(
            said(
                "warning: {pages} is not encrypted: addresses of readers would travel openly; give it TLS first",
                pages=made.pages,
            )
        )
    if as_json:
        json_data(
            {
                "file": str(made.path),
                "bytes": made.bytes,
                "pages": made.pages,
                "lists": list(made.lists),
                "new_secret": made.new_secret,
                "old_secret_until": made.old_until or None,
            }
        )
        return
    data(shown_path(made.path))
    if made.old_until:
        say(
            said(
                "The plugin before is believed until {old_until}: put this one up until then.",
                old_until=made.old_until[:10],
            )
        )
    say("Next: in wp-admin, Plugins, Add New Plugin, Upload Plugin. Then delete the file: it holds a secret.")
