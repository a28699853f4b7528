"""Telling that bounces are held as doubtful, wherever somebody looks at what came of a send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsletter.cli.output import say
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from sqlalchemy import Connection


def tell_held(lines: Sequence[str], *, would: bool = False) -> None:
    """Say what is held and where it is decided; nothing when nothing is.

    Args:
        lines: As `newsletter.events.held` words them.
        would: It is a dry run, which held nothing.
    """
    from newsletter.events.held import SEE

    for line in lines:
        say(said("{part}: {line}.", part="would be held" if would else "held", line=line))
    if lines and not would:
        say(said("These readers are mailed until you decide: {SEE}", SEE=SEE))


def warn_held(connection: Connection) -> None:
    """Say what waits at the moment.

    Args:
        connection: An open connection to the workspace's database.
    """
    from newsletter.events.held import waiting

    tell_held(waiting(connection))
