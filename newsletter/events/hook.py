"""The address where a provider reports events: what it did not send is refused, the rest is applied."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.errors import NashraError
from newsletter.events.apply import receive
from newsletter.events.held import SEE
from newsletter.senders.reports import ReportReader

if TYPE_CHECKING:
    from newsletter.storage.database import Database

LOG = logging.getLogger("nashra.events")
OK, BAD, FORBIDDEN, TRY_AGAIN = 200, 400, 403, 503


def report_hook(
    reader: ReportReader,
    database: Database,
    *,
    link_keys: Mapping[int, bytes],
    suppression_keys: Mapping[int, bytes],
    now: Callable[[], datetime],
    count_clicks: bool = False,
    note: Callable[[bool], None] = lambda _: None,
) -> Callable[[Mapping[str, str], bytes], int]:
    """The answer to ``POST /hooks/<provider>``: headers (names in lower case) and raw body in, a status out.

    200 only when the events are stored, also when they were before; 403 for what the provider did not send, 400 for
    what is no report, 503 when it could not be stored, so that the provider tells it again.

    Args:
        reader: Of the provider.
        database: The workspace's.
        link_keys: The keys that sign links, and names of small letters.
        suppression_keys: Keys of suppressed addresses.
        now: The clock.
        count_clicks: Whether clicks are added to the numbers of their links.
        note: Told of each report whether it verified.
    """

    def hook(headers: Mapping[str, str], body: bytes) -> int:
        genuine = reader.genuine(headers, body)
        note(genuine)
        if not genuine:
            return FORBIDDEN
        try:
            reports = reader.read(body)
        except (ValueError, RecursionError):
            return BAD
        try:
            came = receive(
                database,
                reports,
                now=now(),
                link_keys=link_keys,
                suppression_keys=suppression_keys,
                count_clicks=count_clicks,
            )
        except NashraError:
            return TRY_AGAIN
        for public_id, number in came.unknown_sends.items():
            LOG.warning(
                "%d events of send %s, which the database does not know; see: newsletter status", number, public_id
            )
        for reason in came.paused:
            LOG.warning("a send was paused: %s", reason)
        for words in came.held:
            LOG.warning("%s; see: %s", words, SEE)
        return OK

    return hook
