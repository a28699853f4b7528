"""A request to Mail Send: what is in it, and what its answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.senders import SUBMITTED, Answer, Parcel
from newsletter.senders.https import Api, HttpsCarrier, PreparedRequest
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
    """

    def __init__(self, api: Api, body: MailSendBody, *, accepts: int) -> None:
        super().__init__(api, PATH)
        self._body = body
        self._accepts = accepts

    def build(self, parcels: Sequence[Parcel], request_id: str) -> PreparedRequest:
        """Make the request for these parcels."""
        good, refused = sort_out(parcels)
        if not good:
            return PreparedRequest(good, refused, b"", Answer(SUBMITTED, refused))
        body = self._body.encode(good, request_id)
        if len(body) > MOST_BYTES:
            return PreparedRequest(good, refused, b"", too_large(good, refused))
        return PreparedRequest(good, refused, body)

    def understand(
        self, status: int, headers: Mapping[str, str] | Any, content: bytes, request: PreparedRequest
    ) -> Answer:
        """What an answer means for the parcels of its request."""
        if status == self._accepts:
            return Answer(SUBMITTED, request.refused)
        return understand(status, headers, content, request.parcels, request.refused)
