"""Letters through SendGrid, a thousand subscribers in one request, and what SendGrid reports of them.

The ``sendgrid`` package knows hosts, keys, headers and the signature of events. Its transport is replaced: it opens
a connection (and builds a TLS context, 32 ms) for every request, has no time-out, follows redirects with the key
attached, and writes the key and the body into the log (read in source at 6.12.5).

``body`` writes a request, ``request`` carries it, ``answers`` understands what comes back, ``events`` reads reports.
"""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.errors import SendError
from newsletter.models import Letter
from newsletter.senders.sendgrid.body import MOST_RECIPIENTS, Body
from newsletter.senders.sendgrid.options import SendGridOptions
from newsletter.senders.sendgrid.request import MailSend
from newsletter.senders.sendgrid.suppressions import Kind, SuppressionEntry, entries

__all__ = ["SendGrid", "SendGridOptions"]


class SendGrid:
    """A SendGrid account."""

    name = "sendgrid"
    sockets = 1

    def __init__(self, options: SendGridOptions) -> None:
        self._options = options
        self.batch_size = min(options.batch, MOST_RECIPIENTS)
        self.connections = options.connections
        self._endpoint, self._headers = _account(options)

    def load(self, letter: Letter) -> MailSend:
        """Build what is the same in every request of this letter."""
        # In sandbox mode SendGrid answers 200; else a 200 comes from something that is not SendGrid.
        accepts = 200 if self._options.sandbox else 202
        body = Body(letter, self._options)
        return MailSend(self._endpoint, self._headers, body, accepts=accepts, timeout=self._options.timeout)

    def suppressions(self, kind: Kind, *, since: int) -> Iterator[SuppressionEntry]:
        """Everything on one of SendGrid's own lists of addresses, from a moment (Unix seconds) on."""
        return entries(self._endpoint, self._headers, kind, since=since, timeout=self._options.timeout)


def _account(options: SendGridOptions) -> tuple[str, dict[str, str]]:
    """The host and the headers of every request, from the vendor's package."""
    from sendgrid import SendGridAPIClient  # type: ignore[import-untyped]  # ships no types

    if not options.key:
        # The package would say "Bearer None".
        raise SendError(
            "the key of SendGrid is missing", where="[sendgrid] key", mend="write it into the file secrets/sendgrid.key"
        )
    api = SendGridAPIClient(options.key)
    if options.host:
        return options.host, dict(api.client.request_headers)
    if options.region == "eu":
        api.set_sendgrid_data_residency("eu")
    return api.client.host, dict(api.client.request_headers)
