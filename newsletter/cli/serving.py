"""Commands for the reader pages: serve, embed."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from newsletter.cli import completing
from newsletter.cli.app import workspace_of
from newsletter.cli.options import LogAs, LogForm
from newsletter.cli.output import data, say


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
    log: LogAs = LogForm.TEXT,
) -> None:
    """Serve the pages that readers see (subscribe, confirm, preferences, leave, past letters); send small letters.

    Put a proxy with TLS before it, and name that one in [web] trusted_proxies. Ctrl-C or a TERM signal ends it.

    \b
    Examples:
      newsletter serve
      newsletter serve --port 8080 --workers 2
      newsletter serve --log json
    """
    from newsletter.workflows.serve import serve as run

    with workspace_of(context) as workspace:
        root = workspace.root
    run(root, dict(os.environ), host=host, port=port, workers=workers, log_json=log is LogForm.JSON)


def embed(
    context: typer.Context,
    list_name: Annotated[
        str,
        typer.Option(
            "--list", help="The list. [default: the first that the pages offer]", autocompletion=completing.lists
        ),
    ] = "",
    height: Annotated[int, typer.Option(min=100, max=2000, help="Height of the frame in pixels.")] = 440,
) -> None:
    """Print the subscribe form for your own site: as plain HTML, and as a frame. In WordPress: block "Custom HTML".

    \b
    Example:
      newsletter embed > form.html
    """
    from newsletter.workflows.serve import embed_of

    with workspace_of(context) as workspace:
        form, frame = embed_of(workspace, list_name=list_name, height=height)
    say("A plain form, in the look of your site; its reader presses once more on our page:")
    data(form.strip() + "\n")
    say("Or a frame, in the look of the letters, without that second click:")
    data(frame.strip())
