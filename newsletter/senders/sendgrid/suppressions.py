"""SendGrid's own lists of addresses it does not mail: bounces, blocks, spam reports, invalid, unsubscribes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode, urlsplit

from newsletter.errors import SendError
from newsletter.senders.sendgrid.request import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["bounces", "blocks", "spam_reports", "invalid_emails", "unsubscribes"]
KINDS: tuple[Kind, ...] = ("bounces", "blocks", "spam_reports", "invalid_emails", "unsubscribes")
PAGE = 500
"""Entries in one answer; the vendor's limit (API description, Suppressions)."""


@dataclass(frozen=True, slots=True)
class SuppressionEntry:
    """One address on one of the lists."""

    kind: Kind
    address: str
    at: int
    """Unix seconds."""


def entries(
    endpoint: str, headers: Mapping[str, str], kind: Kind, *, since: int, timeout: float
) -> Iterator[SuppressionEntry]:
    """Everything on one list from a moment on, page by page.

    Args:
        endpoint: Scheme and host.
        headers: With the key.
        kind: Which list.
        since: Unix seconds.
        timeout: Seconds for each step.

    Raises:
        SendError: SendGrid cannot be reached, refuses the key, or answers something else than a list.
    """
    offset = 0
    while True:
        query = urlencode({"start_time": since, "limit": PAGE, "offset": offset})
        page = _get(endpoint, headers, f"/v3/suppression/{kind}?{query}", timeout)
        for item in page:
            address, created = item.get("email"), item.get("created")
            if isinstance(address, str) and isinstance(created, int):
                yield SuppressionEntry(kind, address, created)
        if len(page) < PAGE:
            return
        offset += PAGE


def _get(endpoint: str, headers: Mapping[str, str], path: str, timeout: float) -> list[dict[str, Any]]:
    import http.client

    where = urlsplit(endpoint).netloc
    connection = connect(endpoint, timeout)
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        content = response.read(20_000_000)
    except (OSError, http.client.HTTPException) as error:
        raise SendError(f"SendGrid gave no answer ({error})", where=where, mend="run it again") from None
    finally:
        connection.close()
    if response.status != 200:
        raise SendError(
            f"SendGrid refuses to show {path.partition('?')[0]} ({response.status})",
            where=where,
            mend="give the key the right to read suppressions",
        )
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise SendError("SendGrid's answer is not a list", where=where)
    return found
