"""A request to the batch endpoint: what is in it, and what its answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.senders import SUBMITTED, Answer, Parcel
from newsletter.senders.https import Api, HttpsCarrier, PreparedRequest
from newsletter.senders.postmark.answers import too_large, understand
from newsletter.senders.postmark.body import MOST_BYTES, Messages, sort_out
from newsletter.senders.refusals import AddressRefusals, RefusalRecord

PATH = "/email/batch"


class BatchSend(HttpsCarrier):
    """One connection to the batch endpoint, loaded with one letter.

    Args:
        api: The server.
        messages: Of this letter.
        watch: What all connections saw taken and refused, unless a run has a record of its own.
    """

    def __init__(self, api: Api, messages: Messages, watch: RefusalRecord) -> None:
        super().__init__(api, PATH)
        self._messages = messages
        self._watch = watch

    def remember(self, refusals: AddressRefusals) -> None:
        """Believe refusals by what the whole run has seen."""
        self._watch = refusals.record

    def build(self, parcels: Sequence[Parcel], request_id: str) -> PreparedRequest:  # noqa: ARG002  proves nothing here
        """Make the request for these parcels."""
        good, refused = sort_out(parcels)
        if not good:
            return PreparedRequest(good, refused, b"", Answer(SUBMITTED, refused))
        if self._messages.size(good) > MOST_BYTES:
            return PreparedRequest(good, refused, b"", too_large(good, refused))
        return PreparedRequest(good, refused, self._messages.encode(good))

    def understand(
        self, status: int, headers: Mapping[str, str] | Any, content: bytes, request: PreparedRequest
    ) -> Answer:
        """What an answer means for the parcels of its request."""
        answer = understand(status, headers, content, request.parcels, request.refused)
        return self._watch.judged(answer, len(request.parcels), request.refused)
