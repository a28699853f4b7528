"""The lists that Postmark keeps of addresses it does not mail, one for each message stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from newsletter.errors import SendError
from newsletter.senders.https import Api, get_json
from newsletter.senders.reports import LEFT, SuppressionEntry
from subscribers.models import SuppressionReason

REASONS: Mapping[str, SuppressionReason] = {"HardBounce": "hard", "SpamComplaint": "complained"}
A_DAY = 86_400


class StreamLists:
    """The lists of the streams we send in.

    Args:
        api: The server.
        streams: Ids of message streams; one named twice is read once.
    """

    def __init__(self, api: Api, streams: tuple[str, ...]) -> None:
        self._api = api
        self.names = tuple(dict.fromkeys(streams))

    def entries(self, name: str, *, since: int) -> Iterator[SuppressionEntry]:
        """Everything on the list of one stream from a moment on.

        Args:
            name: Of the stream.
            since: Unix seconds.

        Raises:
            SendError: Postmark cannot be reached, refuses the token, or answers something else than a list.
        """
        path = f"/message-streams/{quote(name, safe='')}/suppressions/dump"
        if since > A_DAY:
            # Dates, in a zone that the documentation does not name: a day more is asked for.
            path += f"?fromdate={datetime.fromtimestamp(since - A_DAY, UTC):%Y-%m-%d}"
        found = get_json(self._api, path, mend="check the token and the names of the message streams")
        items = found.get("Suppressions") if isinstance(found, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise SendError("Postmark's answer is not a list", where=self._api.where)
        for item in items:
            address, at = item.get("EmailAddress"), _seconds(item.get("CreatedAt"))
            if isinstance(address, str) and at is not None and at >= since:
                yield SuppressionEntry(address, at, _effect(item))


def _effect(item: Mapping[str, Any]) -> SuppressionReason | Literal["left"] | None:
    reason = str(item.get("SuppressionReason"))
    if reason != "ManualSuppression":
        return REASONS.get(reason)
    # By the reader's own click on Postmark's unsubscribe link; else somebody of the newsroom put it there.
    return LEFT if item.get("Origin") == "Recipient" else "editor"


def _seconds(text: object) -> int | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) if moment else None
    except (ValueError, OverflowError):
        return None
