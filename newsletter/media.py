"""Pictures of letters that the reader pages serve: kept once, under a name that their bytes give, and found by it.

A name never means another picture, so whoever holds a copy may keep it for good. What a send froze stays as long as the
database: a letter is opened years later. What only test letters and previews named goes after ``KEPT_FOR``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from newsletter.models import SUFFIXES, Picture
from subscribers.store.dialect import insert as insert_or_update

if TYPE_CHECKING:
    from sqlalchemy import Connection

FOLDER = "media"
"""Where the reader pages have them: ``<[web] url>/media/<stored name>``."""
KEPT_FOR = timedelta(days=30)
"""How long a picture stays that no send froze, from the last letter that named it."""

PROBE = Picture(
    "probe",
    "image/gif",
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
    "probe.gif",
    1,
    1,
)
"""A picture that is always there and stands in no letter: whoever gets it knows that the pages serve pictures."""

_FILE = re.compile(r"([0-9a-f]{32})(\.[a-z]{3,4})")


@dataclass(frozen=True, slots=True)
class HostedPicture:
    """A picture as the reader pages answer with it."""

    content_type: str
    data: bytes
    width: int
    """Pixels; 0 when unknown."""
    height: int


def put(connection: Connection, pictures: Iterable[Picture], *, now: datetime, frozen: bool) -> None:
    """Keep pictures; one that is there already is only noted as named again.

    Args:
        connection: A connection in a writing transaction.
        pictures: Of media types in ``newsletter.models.SUFFIXES``.
        now: The present moment, timezone-aware.
        frozen: Whether a send freezes a letter that names them, in this very transaction: they stay for good.
    """
    from sqlalchemy import func

    from newsletter.storage.tables import media

    at = int(now.timestamp())
    named = {one.stored_name: one for one in pictures}
    for name in sorted(named):  # in one order, so that two at once never wait for each other
        one = named[name]
        values = {"content_type": one.content_type, "width": one.width, "height": one.height, "data": one.data}
        statement = insert_or_update(connection, media).values(
            name=name.partition(".")[0], made_at=at, used_at=at, frozen_at=at if frozen else None, **values
        )
        again: dict[str, Any] = {"used_at": at}
        if frozen:
            again["frozen_at"] = func.coalesce(media.c.frozen_at, at)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=again))


def get(connection: Connection, name: str) -> HostedPicture | None:
    """The picture of a stored name, or None when there is none that is called exactly so.

    Args:
        connection: A connection in a reading transaction.
        name: Anything; a name that a picture could not have given is not looked for.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import media

    found = _FILE.fullmatch(name)
    if found is None:
        return None
    if name == PROBE.stored_name:
        return HostedPicture(PROBE.content_type, PROBE.data, PROBE.width, PROBE.height)
    query = select(media.c.content_type, media.c.data, media.c.width, media.c.height).where(media.c.name == found[1])
    row = connection.execute(query).first()
    if row is None or SUFFIXES.get(row.content_type) != found[2]:
        return None
    return HostedPicture(row.content_type, bytes(row.data), row.width, row.height)


def remove_unused(connection: Connection, *, now: datetime) -> int:
    """Remove the pictures that no send ever froze and no letter has named for ``KEPT_FOR``.

    Args:
        connection: A connection in a writing transaction.
        now: The present moment, timezone-aware.

    Returns:
        How many were removed.
    """
    from sqlalchemy import delete

    from newsletter.storage.tables import media

    last = int((now - KEPT_FOR).timestamp())
    result = connection.execute(delete(media).where(media.c.frozen_at.is_(None), media.c.used_at < last))
    return int(result.rowcount)
