"""An SMTP server that takes our letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from newsletter.errors import SendError, SettingsError
from newsletter.letters.mime import cut
from newsletter.models import Letter
from newsletter.senders.provider import LOOK_SECONDS, LOOPBACK
from newsletter.senders.reports import AccountState
from newsletter.text.mailbox import split_mailbox
from newsletter.text.sentences import said

if TYPE_CHECKING:
    import ssl

    from newsletter.senders.smtp.carrier import SmtpCarrier
    from newsletter.senders.smtp.options import SmtpOptions


class Smtp:
    """An SMTP server that takes our letters.

    Args:
        options: Where and how.
        widths: Bytes of each slot's value.

    Raises:
        SettingsError: There is no host; or a password would go in the clear.
    """

    name = "smtp"
    connections = 1
    """To ``deliver``: the carrier spreads each batch over its own connections, so that their commits are shared."""

    def __init__(self, options: SmtpOptions, widths: Mapping[str, int]) -> None:
        if not options.host:
            raise SettingsError(
                "the SMTP server is missing", where="[smtp] host", mend='write it as host = "smtp.example.org"'
            )
        if options.user and not options.password:
            raise SettingsError(
                "the password for the SMTP server is missing",
                where="[smtp] user",
                mend="write it into the file secrets/smtp.password",
            )
        if options.user and options.security == "none" and options.host not in LOOPBACK:
            raise SettingsError(
                "the password would go to the SMTP server in the clear",
                where="[smtp] security",
                mend='write security = "starttls" (or "tls")',
            )
        self._options = options
        self._widths = widths
        self._tls: ssl.SSLContext | None = None
        self.batch_size = options.batch
        self.sockets = options.connections

    def load(self, letter: Letter) -> SmtpCarrier:
        """Cut the letter; nothing is connected yet."""
        from newsletter.senders.smtp.carrier import SmtpCarrier

        return_path = self._options.return_path or split_mailbox(letter.sender)[1]
        return SmtpCarrier(self._options, cut(letter, self._widths), return_path, self._context())

    def look(self) -> AccountState:
        """Connect, log in where the settings say so, and say goodbye; no letter is begun.

        Raises:
            SendError: It cannot be reached, is not who it should be, or refuses the log-in.
        """
        import asyncio

        from newsletter.senders.smtp.opening import open_session
        from newsletter.senders.smtp.session import HaltError, PipeliningState
        from newsletter.senders.smtp.wire import ConnectionBrokenError

        options = self._options.model_copy(update={"timeout": min(self._options.timeout, LOOK_SECONDS)})

        async def greet() -> None:
            session = await open_session(options, self._context(), PipeliningState())
            await session.quit()

        try:
            asyncio.run(greet())
        except (HaltError, ConnectionBrokenError) as error:
            raise SendError(
                said("the SMTP server does not take us: {fault}", fault=error), where=options.where
            ) from None
        entered = "and takes our log-in" if options.user else "and asks for no log-in"
        hidden = "in the clear" if options.security == "none" else "over TLS"
        return AccountState(
            said("{where} answers {hidden} {entered}", where=options.where, hidden=hidden, entered=entered)
        )

    def _context(self) -> ssl.SSLContext | None:
        if self._options.security == "none" or self._tls is not None:
            return self._tls
        import ssl

        try:
            self._tls = ssl.create_default_context(cafile=self._options.ca or None)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                said("the certificates to trust cannot be read ({fault})", fault=error.strerror or error),
                where=f"[smtp] ca = {self._options.ca}",
                mend="name a PEM file",
            ) from None
        return self._tls
