"""A Postmark server (so its documentation calls an account's compartment), ready to be loaded with letters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.errors import SendError
from newsletter.models import Letter
from newsletter.senders.https import Api
from newsletter.senders.postmark import streams
from newsletter.senders.postmark.body import MOST_MESSAGES, Messages
from newsletter.senders.postmark.request import BatchSend
from newsletter.senders.postmark.search import MessageSearch
from newsletter.senders.postmark.suppressions import StreamLists
from newsletter.senders.provider import LOOK_SECONDS
from newsletter.senders.refusals import FEW_ALONE, RefusalRecord
from newsletter.senders.reports import AccountState

if TYPE_CHECKING:
    from newsletter.senders.postmark.options import PostmarkOptions

HOST = "https://api.postmarkapp.com"


class Postmark:
    """A Postmark server.

    Args:
        options: As the settings say.

    Raises:
        SendError: There is no token.
    """

    name = "postmark"
    sockets = 1

    def __init__(self, options: PostmarkOptions) -> None:
        if not options.token:
            raise SendError(
                "the token of the Postmark server is missing",
                where="[postmark] token",
                mend="write it into the file secrets/postmark.token",
            )
        self._options = options
        self.batch_size = min(options.batch, MOST_MESSAGES)
        self.connections = options.connections
        headers = {"Accept": "application/json", "X-Postmark-Server-Token": options.token}
        self._watch = RefusalRecord(few_alone=FEW_ALONE)
        self._api = Api("Postmark", options.host or HOST, headers, options.timeout)

    def load(self, letter: Letter) -> BatchSend:
        """Build what is the same in every message of this letter.

        Raises:
            SendError: The letter is larger than Postmark takes.
        """
        return BatchSend(self._api, Messages(letter, self._options), self._watch)

    def suppressions(self) -> StreamLists:
        """The lists of addresses that its streams do not mail."""
        return StreamLists(self._api, (self._options.message_stream, self._options.transactional_stream))

    def sent_messages(self) -> MessageSearch:
        """What the server shows of the messages it took."""
        return MessageSearch(self._api)

    def look(self) -> AccountState:
        """How the server and its message streams are set up.

        Raises:
            SendError: Postmark cannot be reached, or refuses the token.
        """
        api = replace(self._api, timeout=min(self._api.timeout, LOOK_SECONDS))
        return streams.look(api, self._options.message_stream, self._options.transactional_stream)
