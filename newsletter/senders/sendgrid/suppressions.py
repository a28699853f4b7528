"""SendGrid's own lists of addresses it does not mail: bounces, blocks, spam reports, invalid, unsubscribes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlencode

from newsletter.errors import SendError
from newsletter.senders.https import Api, get_json
from newsletter.senders.reports import LEFT, SuppressionEntry
from newsletter.senders.sendgrid.events import why_bounced
from subscribers.models import SuppressionReason

PAGE = 500
"""Entries in one answer; the vendor's limit (API description, Suppressions)."""
EFFECTS: Mapping[str, SuppressionReason | Literal["left"] | None] = {
    "bounces": "hard",
    # A block says that a mail server refused one letter, not that the address is bad: events count those.
    "blocks": None,
    "spam_reports": "complained",
    "invalid_emails": "invalid",
    "unsubscribes": LEFT,
}


class AccountLists:
    """The lists of one account."""

    names = tuple(EFFECTS)

    def __init__(self, api: Api) -> None:
        self._api = api

    def entries(self, name: str, *, since: int) -> Iterator[SuppressionEntry]:
        """Everything on one list from a moment on, page by page.

        Args:
            name: Of the list.
            since: Unix seconds.

        Raises:
            SendError: SendGrid cannot be reached, refuses the key, or answers something else than a list.
        """
        offset = 0
        while True:
            query = urlencode({"start_time": since, "limit": PAGE, "offset": offset})
            page = get_json(
                self._api, f"/v3/suppression/{name}?{query}", mend="give the key the right to read suppressions"
            )
            if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
                raise SendError("SendGrid's answer is not a list", where=self._api.where)
            for item in page:
                address, created = item.get("email"), item.get("created")
                if isinstance(address, str) and isinstance(created, int):
                    yield SuppressionEntry(address, created, _effect(name, item))
            if len(page) < PAGE:
                return
            offset += PAGE


def _effect(name: str, item: Mapping[str, Any]) -> SuppressionReason | Literal["left"] | None:
    """What an entry means; a bounce whose words blame us, a full mailbox or the moment changes nothing here."""
    if name == "bounces" and why_bounced(item) not in {"hard", "invalid"}:
        return None
    return EFFECTS[name]
