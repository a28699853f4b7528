"""The address where the site knocks: what it did not sign is refused without a word, the rest is written down.

Import it late: it brings the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.errors import NashraError
from newsletter.site_hook import knocks, rows
from newsletter.site_hook.signing import HEADER, SignedBy, body_signed

if TYPE_CHECKING:
    from newsletter.storage.database import Database

OK, BAD, FORBIDDEN, NOT_FOUND, TRY_AGAIN = 200, 400, 403, 404, 503
Secrets = Callable[[datetime], tuple[bytes, ...]]
"""The secrets that count at a moment, newest first."""


def knock_hook(
    database: Database, secrets: Secrets, *, now: Callable[[], datetime], note: Callable[[bool], None] = lambda _: None
) -> Callable[[Mapping[str, str], bytes], int]:
    """The answer to ``POST /hooks/wordpress``: headers (names in lower case) and raw body in, a status out.

    200 only when it is written down; 404 where no plugin was made, 403 for what it did not sign, what is too old, and
    what was heard before; 400 for what is signed and no knock; 503 when it could not be written down.

    Args:
        database: The workspace's.
        secrets: Of the plugin.
        now: The clock.
        note: Told of each knock whether it verified.
    """

    def hook(headers: Mapping[str, str], body: bytes) -> int:
        moment = now()
        keys = secrets(moment)
        if not keys:
            return NOT_FOUND
        genuine = body_signed(headers.get(HEADER, ""), body, keys, now=moment) is SignedBy.GENUINE
        note(genuine)
        if not genuine:
            return FORBIDDEN
        try:
            knock_id, knock = knocks.read_body(body)
        except (ValueError, RecursionError):
            return BAD
        try:
            # Both in one transaction: who dies in between has heard nothing, and is told again.
            with database.write() as connection:
                if not rows.let_in(connection, knock_id, now=moment):
                    return FORBIDDEN
                rows.note(connection, [knock], now=moment)
        except NashraError:
            return TRY_AGAIN
        return OK

    return hook
