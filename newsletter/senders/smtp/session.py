"""Letter after letter over one connection to an SMTP server that is open (RFC 5321).

The envelope of a letter (MAIL, RCPT, DATA) goes in one write where the server offers PIPELINING (RFC 2920), together
with the final dot of the letter before it; its own final dot is held back until ``Session.last_byte``.
"""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.senders.smtp.replies import Reply
from newsletter.senders.smtp.wire import ConnectionBrokenError, PipeliningError, SmtpConnection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.senders import About, Parcel
    from newsletter.senders.smtp.options import SmtpOptions

FINAL_DOT = b".\r\n"
DOT_PATIENCE = 10
"""How many times longer the answer to a whole letter may take than that to a command (RFC 5321 section 4.5.3.2)."""
AHEAD_PATIENCE = 5.0
"""Seconds for the answer to a command written ahead, until a server has shown that it answers such commands. A slow
one is taken for one that does not, which costs round trips and no letter; waiting out the time-out costs minutes."""
_UNWRITABLE = re.compile(r"[\x00-\x20\x7f<>]")


class HaltError(Exception):
    """No letter can go this way until somebody has mended it.

    Args:
        what: In the server's words where it has any.
        mend: What has to be done before letters can go, as an order.
        about: Whom it is about.
    """

    def __init__(self, what: str, mend: str, about: About = "server") -> None:
        super().__init__(f"{what}; {mend}")
        self.about: About = about


@dataclass(slots=True)
class PipeliningState:
    """What a run knows of its server: whether it answers commands that were written ahead, and carries our letters."""

    proved: bool = False
    """It has answered a final dot and all commands written with it."""
    broken_off: int = 0
    """How often it closed the connection instead of answering the second one, before that was proved."""
    suspected: bool = False
    """It does not seem to, and nothing more is written ahead."""
    told: bool = False
    """Without that it answers, and the editor was told."""
    carries: bool = False
    """It has let a letter come as far as its content."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A letter in hand: its envelope and its bytes."""

    parcel: Parcel
    segments: Sequence[bytes]
    return_path: str

    @property
    def size(self) -> int:
        """Octets, the final dot not counted (RFC 1870)."""
        return sum(map(len, self.segments))

    @property
    def utf8(self) -> bool:
        """Whether the envelope needs SMTPUTF8."""
        return self.parcel.needs_smtputf8 or not self.parcel.address.isascii()


class Session:
    """One connection that is ready for letters.

    Args:
        wire: That the server has greeted on.
        options: How to use it.
        offered: The server's extensions, with their parameters.
        ahead: What is known of the server, and learnt of it; the same for all connections of a run.
    """

    def __init__(
        self, wire: SmtpConnection, options: SmtpOptions, offered: Mapping[str, str], ahead: PipeliningState
    ) -> None:
        self._wire = wire
        self._ahead = ahead
        # Asked at every letter.
        self._writes_ahead, self._most_letters, self._timeout = options.pipelining, options.letters, options.timeout
        self._extensions = offered
        self._commands: list[bytes] = []
        """The envelope of the letter that is next."""
        self._sent = 0
        """How many commands of it were written at once, before any of them was answered; 0 for none."""
        self._with_dot = False
        """Whether they went with the final dot of the letter before."""
        self._leftover = False
        """A transaction stands open that a RSET must end."""
        self.letters = 0
        """Final dots that went over it."""
        self.answered = 0
        """Letters the server gave a clear answer to."""
        self._rested_since = 0.0

    @property
    def pipelining(self) -> bool:
        """Whether several commands may go in one write."""
        return self._writes_ahead and not self._ahead.suspected and "PIPELINING" in self._extensions

    def found_out(self) -> bool:
        """Whether it is clear now, and for the first time, that the server does not answer what is written ahead."""
        if self._sent or not self._ahead.suspected or self._ahead.told:
            return False
        self._ahead.told = True
        return True

    @property
    def usable(self) -> bool:
        """Whether another letter may go over it."""
        return not self._wire.broken and self.room > 0

    @property
    def room(self) -> int:
        """Letters that may still go over it."""
        return self._most_letters - self.letters

    def impossible(self, hand: Envelope) -> str:
        """Why this server cannot take a letter, whatever it would say; empty when it may.

        Raises:
            HaltError: It cannot take any letter of this send.
        """
        if _UNWRITABLE.search(hand.parcel.address):
            return "an address like this cannot be written into an envelope"
        limit = self._extensions.get("SIZE", "")
        if limit.isdecimal() and 0 < int(limit) < hand.size:
            raise HaltError(
                f"the letter has {hand.size:,} bytes, and the SMTP server takes {int(limit):,}",
                "take out pictures",
                "letter",
            )
        if hand.utf8 and not {"SMTPUTF8", "8BITMIME"} <= self._extensions.keys():
            return "the server takes no address with letters beyond ASCII (it does not offer SMTPUTF8, RFC 6531)"
        return ""

    # ---- one letter: propose, admitted, hand_over, last_byte, answer

    def propose(self, hand: Envelope) -> None:
        """Name sender and recipient, if they can go without waiting for answers."""
        self._commands = self._envelope(hand)
        self._sent, self._with_dot = len(self._commands) if self.pipelining else 0, False
        if self._sent:
            self._wire.write(b"".join(self._commands))

    async def admitted(self, hand: Envelope) -> tuple[Reply, str] | None:
        """Whether the letter itself may follow; else the answer that stands against it, and to which command.

        Raises:
            ConnectionBrokenError: The connection broke off, or the server is closing it.
            HaltError: The server takes nothing from us.
        """
        refusal: tuple[Reply, str] | None = None
        for position, command in enumerate(self._commands):
            name = command[:4].decode()
            if not self._sent:
                if refusal is not None:
                    break
                self._wire.write(command)
            reply = await self._hear(ahead=bool(self._sent) and (self._with_dot or position > 0))
            if name == "RSET":
                self._leftover = False
            elif refusal is None and not (reply.code == 354 if name == "DATA" else reply.good):
                refusal = reply, name
            elif refusal is not None and name == "DATA" and reply.code == 354:
                # All recipients failed and yet it waits for a letter: an empty one ends it (RFC 2920 section 3.1).
                self._wire.write(FINAL_DOT)
                await self._hear()
                self._leftover = False
                return self._no(refusal, hand)
        self._leftover = refusal is not None
        self._ahead.proved = self._ahead.proved or (bool(self._sent) and self._with_dot)
        return self._no(refusal, hand)

    def hand_over(self, hand: Envelope) -> None:
        """Send the letter, all but its final dot."""
        self._wire.writelines(hand.segments)

    async def handed_over(self) -> None:
        """Wait until all that was sent is out of our hands."""
        await self._wire.drained(self._timeout)

    def last_byte(self, following: Envelope | None) -> None:
        """Let the final dot go, and with it the envelope of the letter that follows on this connection."""
        self._commands = self._envelope(following) if following is not None else []
        self.letters += 1
        self._sent, self._with_dot = len(self._commands) if self.pipelining else 0, True
        self._wire.write(b"".join((FINAL_DOT, *self._commands)) if self._sent else FINAL_DOT)

    async def answer(self) -> Reply:
        """What the server says of the letter whose final dot went.

        Raises:
            ConnectionBrokenError: Nothing, so nobody knows whether it took it.
        """
        try:
            reply = await self._wire.reply(self._timeout * DOT_PATIENCE)
        except ConnectionBrokenError:
            # It may have broken off for what was written with the dot: that is not tried with a second letter.
            if self._sent and not self._ahead.proved:
                self._ahead.suspected = self._ahead.told = True
            raise
        self.answered += 1
        return reply

    # ---- between letters

    def rest(self) -> None:
        """Nothing is to be said for a while."""
        self._rested_since = time.monotonic()

    async def wake(self, patience: float) -> bool:
        """Whether the connection is good after a rest: a server may have closed it meanwhile."""
        if not self.usable or not self._wire.quiet:
            return False
        if time.monotonic() - self._rested_since < patience:
            return True
        try:
            self._wire.write(b"NOOP\r\n")
            return (await self._hear()).good
        except ConnectionBrokenError:
            return False

    def abort(self) -> None:
        """Close without the last byte; the server must drop what it has of a letter (RFC 5321 section 4.1.1.4)."""
        self._wire.fail("closed by us")

    async def quit(self) -> None:
        """Say good-bye and close."""
        seconds = min(self._timeout, 2.0)
        if not self._wire.broken:
            self._wire.write(b"QUIT\r\n")
            with contextlib.suppress(ConnectionBrokenError):
                await self._wire.reply(seconds)
        await self._wire.end(seconds)

    # ---- within

    def _envelope(self, hand: Envelope) -> list[bytes]:
        offered, parcel = self._extensions, hand.parcel
        mail, rcpt = f"MAIL FROM:<{hand.return_path}>", f"RCPT TO:<{parcel.address}>"
        if "SIZE" in offered:
            mail += f" SIZE={hand.size}"
        if hand.utf8:
            mail += " BODY=8BITMIME SMTPUTF8"
        if "DSN" in offered:
            # So that a bounce names the delivery and need not carry the whole letter back (RFC 3461).
            mail += f" RET=HDRS ENVID={_xtext(parcel.name)}"
            if not hand.utf8:
                rcpt += f" ORCPT=rfc822;{_xtext(parcel.address)}"
        commands = [f"{mail}\r\n".encode(), f"{rcpt}\r\n".encode(), b"DATA\r\n"]
        return [b"RSET\r\n", *commands] if self._leftover else commands

    async def _hear(self, *, ahead: bool = False) -> Reply:
        doubtful = ahead and not self._ahead.proved
        try:
            reply = await self._wire.reply(min(self._timeout, AHEAD_PATIENCE) if doubtful else self._timeout)
        except ConnectionBrokenError as error:
            if not doubtful or not self._suspicious():
                raise
            self._ahead.suspected = True
            raise PipeliningError(str(error)) from None
        return still_open(self._wire, reply)

    def _suspicious(self) -> bool:
        """Whether the end of a connection in the midst of commands written ahead is about writing ahead."""
        if self._wire.silent:
            return True
        # After a letter some servers close every connection; and one that closes once may have had another reason.
        self._ahead.broken_off += not self._with_dot
        return self._ahead.broken_off > 1

    def _no(self, refusal: tuple[Reply, str] | None, hand: Envelope) -> tuple[Reply, str] | None:
        if refusal is None:
            self._ahead.carries = True
            return None
        self.answered += 1
        reply, command = refusal
        # Said of one reader while it takes others, it is about where that letter goes.
        no_relay = command == "RCPT" and reply.for_good and "relay" in reply.words.lower() and not self._ahead.carries
        if reply.code == 530 or no_relay:
            raise HaltError(f"the SMTP server does not carry our letters: {reply.words}", MEND_LOGIN, "account")
        if command == "MAIL" and reply.for_good and not hand.utf8:
            raise HaltError(f"the SMTP server refuses our sender or our letter: {reply.words}", _MEND_SENDER, "account")
        return refusal


def still_open(wire: SmtpConnection, reply: Reply) -> Reply:
    """A reply as it is, unless it says that the server closes the connection.

    Raises:
        ConnectionBrokenError: It does.
    """
    if reply.closing:
        wire.fail(f"it says: {reply.words}")
        raise ConnectionBrokenError(wire.broken)
    return reply


MEND_LOGIN = "check [smtp] user, security and the file secrets/smtp.password"
_MEND_SENDER = "check [sender] from and [smtp] return_path"


def _xtext(text: str) -> str:
    """Text as a parameter of a command may hold it (RFC 3461 section 4)."""
    return re.sub(r"[^!-*,-<>-~]", lambda found: f"+{ord(found[0]):02X}", text)
