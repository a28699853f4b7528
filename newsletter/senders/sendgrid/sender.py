"""A SendGrid account, ready to be loaded with letters.

The ``sendgrid`` package knows hosts, keys, headers and the signature of events. Its transport is replaced: it opens
a connection (and builds a TLS context, 32 ms) for every request, has no time-out, follows redirects with the key
attached, and writes the key and the body into the log (read in source at 6.12.5).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.errors import SendError
from newsletter.models import Letter
from newsletter.senders.https import Api
from newsletter.senders.provider import LOOK_SECONDS
from newsletter.senders.refusals import FEW_ALONE, AddressRefusals, RefusalRecord
from newsletter.senders.reports import AccountState
from newsletter.senders.sendgrid import rights
from newsletter.senders.sendgrid.activity import AccountActivity
from newsletter.senders.sendgrid.body import MOST_RECIPIENTS, MailSendBody
from newsletter.senders.sendgrid.request import MailSend
from newsletter.senders.sendgrid.suppressions import AccountLists

if TYPE_CHECKING:
    from newsletter.senders.sendgrid.options import SendGridOptions


class SendGrid:
    """A SendGrid account.

    Args:
        options: As the settings say.

    Raises:
        SendError: There is no key.
    """

    name = "sendgrid"
    sockets = 1

    def __init__(self, options: SendGridOptions) -> None:
        self._options = options
        self.batch_size = min(options.batch, MOST_RECIPIENTS)
        self.connections = options.connections
        self._api = _account(options)
        self._named = AddressRefusals(RefusalRecord(few_alone=FEW_ALONE))

    def load(self, letter: Letter) -> MailSend:
        """Build what is the same in every request of this letter."""
        # In sandbox mode SendGrid answers 200; else a 200 comes from something that is not SendGrid.
        accepts = 200 if self._options.sandbox else 202
        return MailSend(self._api, MailSendBody(letter, self._options), accepts=accepts, named=self._named)

    def suppressions(self) -> AccountLists:
        """The lists of addresses that the account does not mail."""
        return AccountLists(self._api)

    def sent_messages(self) -> AccountActivity:
        """What the account shows of the messages it took."""
        return AccountActivity(self._api)

    def look(self) -> AccountState:
        """What the key may do here.

        Raises:
            SendError: SendGrid cannot be reached, or refuses the key.
        """
        return rights.look(replace(self._api, timeout=min(self._api.timeout, LOOK_SECONDS)), self._options)


def _account(options: SendGridOptions) -> Api:
    """The host and the headers of every request, from the vendor's package."""
    from sendgrid import SendGridAPIClient  # type: ignore[import-untyped]  # ships no types

    if not options.key:
        # The package would say "Bearer None".
        raise SendError(
            "the key of SendGrid is missing", where="[sendgrid] key", mend="write it into the file secrets/sendgrid.key"
        )
    client = SendGridAPIClient(options.key)
    if options.region == "eu" and not options.host:
        client.set_sendgrid_data_residency("eu")
    api = client.client
    return Api("SendGrid", options.host or api.host, dict(api.request_headers), options.timeout)
