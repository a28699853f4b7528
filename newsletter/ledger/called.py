"""The sends that somebody names: by their own id, or by their issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.errors import SendError
from newsletter.ledger.models import UNDONE, Send
from newsletter.ledger.sends import found_sends, send_query, sends_of, storable

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LEAST_OF_AN_ID = 4
"""Signs of a public id that name it."""


def sends_called(connection: Connection, name: str) -> list[Send]:
    """The sends whose public id, or whose issue's key, is exactly this, oldest first; an undone one by its id alone.

    Args:
        connection: An open connection to the database.
        name: As somebody typed it; digits of any script are those of a number.
    """
    from newsletter.storage.tables import issue
    from newsletter.storage.tables import send as table

    name = storable("".join(str(int(sign)) for sign in name) if name.isdecimal() else name)
    return found_sends(connection, send_query().where((issue.c.key == name) | (table.c.public_id == name)))


def named(connection: Connection, name: str) -> Send:
    """The send an editor means: by its id, or by the number of its issue when all of its others were cancelled.

    Args:
        connection: An open connection to the database.
        name: The public id or its first four signs or more; or the key of an issue.

    Raises:
        SendError: None, or more than one.
    """
    from sqlalchemy import func

    from newsletter.storage.tables import send as table

    found: list[Send] = []
    if len(name) >= _LEAST_OF_AN_ID:
        # Not LIKE: on SQLite that takes large and small letters for the same.
        found = found_sends(
            connection, send_query().where(func.substr(table.c.public_id, 1, len(name)) == storable(name))
        )
    found = found or sends_of(connection, name) or _undone(connection, name)[-1:]
    if len(found) == 1:
        return found[0]
    standing = [one for one in found if one.state != "cancelled"]
    if len(standing) == 1:
        return standing[0]
    if not found:
        raise SendError(f"no send is called {name!r}", mend="see: newsletter sends list")
    ids = ", ".join(send.public_id for send in found)
    raise SendError(f"issue {name} has {len(found)} sends", mend=f"name one of them: {ids}")


def _undone(connection: Connection, key: str) -> list[Send]:
    """The undone sends of the issue with this key, oldest first."""
    from newsletter.storage.tables import issue

    return found_sends(connection, send_query().where(issue.c.key.startswith(storable(key) + UNDONE, autoescape=True)))
