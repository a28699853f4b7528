"""A request to Mail Send: what is in it, and what its answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from newsletter.senders import QUEUED, SUBMITTED, Answer, Parcel
from newsletter.senders.https import Api, HttpsCarrier, PreparedRequest
from newsletter.senders.refusals import AddressRefusals
from newsletter.senders.sendgrid.answers import too_large, understand
from newsletter.senders.sendgrid.body import MailSendBody, sort_out

PATH = "/v3/mail/send"
MOST_BYTES = 29_000_000
"""Bytes of one request; the vendor's limit is 30 MB for the whole message."""


class MailSend(HttpsCarrier):
    """One connection to Mail Send, loaded with one letter.

    Args:
        api: The account.
        body: Of this letter.
        accepts: The status that says that a request was taken.
        named: Addresses that it named so far; of all connections, unless a run has a record of its own.
    """

    def __init__(self, api: Api, body: MailSendBody, *, accepts: int, named: AddressRefusals) -> None:
        super().__init__(api, PATH)
        self._body = body
        self._accepts = accepts
        self._named = named

    def remember(self, refusals: AddressRefusals) -> None:
        """Leave out and refuse addresses by what the whole run has seen."""
        self._named = refusals

    def build(self, parcels: Sequence[Parcel], request_id: str) -> PreparedRequest:
        """Make the request for these parcels, without those whose address was named."""
        good, refused = sort_out(parcels)
        named = self._named.among(good)
        if named:
            good = [parcel for parcel in good if parcel.delivery not in named]
        if not good:
            return PreparedRequest(good, refused, b"", self._named.alone(named, refused))
        body = self._body.encode(good, request_id)
        if len(body) > MOST_BYTES:
            return PreparedRequest(good, refused, b"", too_large(good, refused), named)
        return PreparedRequest(good, refused, body, named=named)

    def understand(
        self, status: int, headers: Mapping[str, str] | Any, content: bytes, request: PreparedRequest
    ) -> Answer:
        """What an answer means for the parcels of its request."""
        if status == self._accepts:
            return Answer(SUBMITTED, {**request.refused, **self._named.took(request.named)})
        answer = understand(status, headers, content, request.parcels, request.refused)
        if answer.state != QUEUED:
            return replace(answer, apart=request.settled)
        fresh = {one: outcome for one, outcome in answer.apart.items() if one not in request.refused}
        return self._named.learnt(fresh, answer, request) if fresh else answer
