"""From no connection to a session: greeting, TLS and log-in of an SMTP server (RFC 5321, RFC 3207, RFC 4954)."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from typing import TYPE_CHECKING

from newsletter.errors import file_limit_error
from newsletter.senders.smtp.replies import Reply, extensions
from newsletter.senders.smtp.session import MEND_LOGIN, HaltError, PipeliningState, Session, still_open
from newsletter.senders.smtp.wire import ConnectionBrokenError, SmtpConnection

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from newsletter.senders.smtp.options import SmtpOptions

_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


async def open_session(options: SmtpOptions, context: ssl.SSLContext | None, ahead: PipeliningState) -> Session:
    """Connect, make sure that it is the right server, and log in.

    Args:
        options: Where and how.
        context: For TLS; None for none.
        ahead: What is known of the server, and learnt of it; the same for all connections of a run.

    Raises:
        ConnectionBrokenError: It cannot be reached, or wants to be asked later.
        HaltError: It will never work like this.
    """
    loop = asyncio.get_running_loop()
    wire: SmtpConnection | None = None
    try:
        async with asyncio.timeout(options.timeout):
            _, wire = await loop.create_connection(
                SmtpConnection, options.host, options.usual_port, happy_eyeballs_delay=0.25
            )
    except TimeoutError:
        raise ConnectionBrokenError(f"no connection within {options.timeout:g} seconds") from None
    except OSError as error:
        if (full := file_limit_error(error)) is not None:
            raise full from None
        raise ConnectionBrokenError(f"it cannot be reached ({error.strerror or error})") from None
    welcome = _Welcome(wire, options, context)
    try:
        if options.security == "tls":
            await welcome.encrypt()
        await welcome.greet()
    except BaseException:
        wire.fail("closed by us")
        raise
    return Session(wire, options, welcome.extensions, ahead)


class _Welcome:
    """What is said on a connection before the first letter."""

    def __init__(self, wire: SmtpConnection, options: SmtpOptions, context: ssl.SSLContext | None) -> None:
        self._wire = wire
        self._options = options
        self._context = context
        self.extensions: Mapping[str, str] = {}
        """What the server offers, with parameters."""

    async def greet(self) -> None:
        """Hear the greeting, go over to TLS, log in."""
        greeting = await self._hear()
        if not greeting.good:
            if greeting.for_good:
                raise HaltError(f"the SMTP server does not want us: {greeting.words}", "ask whoever runs it")
            raise ConnectionBrokenError(f"it says: {greeting.words}")
        await self._hello()
        if self._options.security == "starttls":
            await self._starttls()
        if self._options.user:
            await self._log_in()

    async def encrypt(self) -> None:
        """Go over to TLS with the server that the settings name, and no other."""
        import ssl

        assert self._context is not None
        try:
            await self._wire.encrypt(self._context, self._options.host, self._options.timeout)
        except ssl.SSLCertVerificationError as error:
            raise HaltError(
                f"the certificate of the SMTP server is not good ({error.verify_message})",
                "check [smtp] host; for a certificate of your own name its file under [smtp] ca",
            ) from None
        except ssl.SSLError as error:
            raise HaltError(
                f"TLS with the SMTP server does not come about ({error.reason or error})",
                "check [smtp] port and security: 587 is starttls, 465 is tls",
            ) from None

    async def _hello(self) -> None:
        name = _own_name(self._wire.own_address)
        reply = await self._ask(f"EHLO {name}")
        if reply.good:
            self.extensions = extensions(reply)
            return
        reply = await self._ask(f"HELO {name}")
        if not reply.good:
            if reply.for_good:
                raise HaltError(f"the SMTP server does not want us: {reply.words}", "ask whoever runs it")
            raise ConnectionBrokenError(f"it says: {reply.words}")

    async def _starttls(self) -> None:
        if "STARTTLS" not in self.extensions:
            raise HaltError(
                "the SMTP server does not offer STARTTLS",
                'write security = "tls" under [smtp] (port 465), or "none" if the way there is safe',
            )
        reply = await self._ask("STARTTLS")
        if not reply.good:
            raise ConnectionBrokenError(f"it says to STARTTLS: {reply.words}")
        if not self._wire.quiet:
            # Somebody between us added commands or answers in the clear (CVE-2011-0411 is of this class).
            raise HaltError("the SMTP server spoke between STARTTLS and TLS", "find out who stands between")
        await self.encrypt()
        # What was said in the clear counts no longer (RFC 3207 section 4.2).
        self.extensions = {}
        await self._hello()

    async def _log_in(self) -> None:
        offered = self.extensions.get("AUTH", "").upper().split()
        user, password = self._options.user, self._options.password
        if "PLAIN" in offered:
            reply = await self._ask("AUTH PLAIN " + _base64(f"\0{user}\0{password}"))
        elif "LOGIN" in offered:
            reply = await self._ask("AUTH LOGIN")
            for secret in (user, password):
                if reply.code != 334:
                    break
                reply = await self._ask(_base64(secret))
        else:
            ways = ", ".join(offered) or "none"
            raise HaltError(f"the SMTP server offers no log-in that we know (it offers: {ways})", MEND_LOGIN, "account")
        if reply.good:
            return
        if 400 <= reply.code < 500:
            raise ConnectionBrokenError(f"it says to our log-in: {reply.words}")
        raise HaltError(f"the SMTP server refuses user and password: {reply.words}", MEND_LOGIN, "account")

    async def _hear(self) -> Reply:
        return still_open(self._wire, await self._wire.reply(self._options.timeout))

    async def _ask(self, command: str) -> Reply:
        self._wire.write(f"{command}\r\n".encode())
        return await self._hear()


def _own_name(address: str) -> str:
    """What we call ourselves: the name of this machine, or its address where it has none (RFC 5321 section 4.1.3)."""
    name = socket.gethostname()
    if _HOST.fullmatch(name):
        return name
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
