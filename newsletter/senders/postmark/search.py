"""What Postmark shows of the messages it took: its message search, by the name of a delivery.

Source: the developer documentation, "Messages API", and the support article "Custom metadata FAQ": one metadata field
in a search, ``count`` and ``offset`` wanted, 45 days by default (read in November 2026; no live account was used).
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from newsletter.errors import SendError
from newsletter.senders.https import Api, ask_json
from newsletter.senders.reports import Found, NotShownError, Question

PATH = "/messages/outbound"
NAME = "nashra_delivery"
"""The metadata that name a delivery in its message."""
_MOST_SHOWN = 5


class MessageSearch:
    """The messages of one server.

    Args:
        api: The server.
    """

    a_minute = 3
    """The vendor names no limit; each question is one search for each delivery in it."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def find(self, question: Question) -> Found:
        """Look for the message of each delivery. A request has an answer for each message, so one proves itself alone.

        Raises:
            NotShownError: The token may not see them.
            SendError: No answer, or none that is understood.
        """
        return Found(deliveries=frozenset(name for name, _ in question.deliveries if self._has(name)))

    def _has(self, name: str) -> bool:
        query = urlencode({"count": _MOST_SHOWN, "offset": 0, f"metadata_{NAME}": name}, quote_via=quote)
        answer = ask_json(self._api, f"{PATH}?{query}")
        if answer.status in {401, 403, 404} and isinstance(answer.content, dict):
            raise NotShownError(
                f"Postmark shows nothing at {PATH} ({answer.status})",
                where=self._api.where,
                mend="check the token",
                status=answer.status,
            )
        found = answer.content.get("Messages") if isinstance(answer.content, dict) else None
        if answer.status != 200 or not isinstance(found, list):
            raise SendError(f"Postmark gives no answer at {PATH} ({answer.status})", where=self._api.where)
        # A search that did not know its filter would show any message.
        return any(
            isinstance(one, dict) and isinstance(one.get("Metadata"), dict) and one["Metadata"].get(NAME) == name
            for one in found
        )
