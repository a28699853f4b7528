"""What ``newsletter preview --serve`` does: the letter in the browser, for as long as somebody writes on its file."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.cli.output import data, flush, say
from newsletter.errors import NashraError
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.wiring import Workspace


def living(workspace: Workspace, path: Path, port: int) -> None:
    """Show the letter of an issue until Ctrl-C; prints its address, which only this machine reaches.

    Args:
        workspace: An open workspace.
        path: Of the issue.md.
        port: 0 takes a free one.

    Raises:
        NashraError: The port cannot be had.
    """
    from newsletter.desk.showing import serve_preview

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise NashraError(
            said("cannot listen there ({strerror})", strerror=error.strerror),
            where=f"127.0.0.1:{port}",
            mend="choose another with --port",
        ) from None
    data(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    flush()  # also where stdout is a file, or a program that waits for it
    say(said("The letter of {name} changes with its file. Ctrl-C ends this.", name=path.parent.name))
    serve_preview(workspace, path, listener)
