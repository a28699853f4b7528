"""What an answer of an SMTP server makes of a letter, and whom it is about (pure).

A code alone does not tell: servers say 550 and 554 of readers who are gone, of our address on a list of theirs, and of
what stands in a letter. The words are judged by the table that judges bounces (``newsletter.text.refusals``). Only what
is said of the reader's mailbox refuses a reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from newsletter.senders import QUEUED, REFUSED, SUBMITTED, UNKNOWN, About
from newsletter.text.refusals import refusal

if TYPE_CHECKING:
    from newsletter.senders.smtp.replies import Reply

_OF_THE_PROTOCOL: Final = frozenset({500, 502, 503, 504, 521, 555})
"""Codes that say that the server does not speak so, or takes no mail at all (RFC 5321 section 4.2.3, RFC 7504)."""
_OF_THE_LOGIN: Final = frozenset({530, 534, 535, 538})
"""Codes that ask for a log-in, or another one (RFC 4954 section 6)."""
_CONTENT = re.compile(
    r"\b5\.6\.|\b5\.3\.4\b|\b5\.2\.3\b|spam|content|virus|malware|phish|attachment|\burls?\b|\blinks?\b|header"
    r"|too (?:large|big|long)|\bsize\b"
)
_ACCOUNT = re.compile(
    r"\bsender|mail ?from|from (?:address|header|domain)|return[ -]?path|envelope from|\brelay|log ?in"
    r"|authenticat(?:ion|e) req|credential|account|credits?\b|your (?:plan|quota)|sending (?:quota|limit)"
    r"|(?:daily|hourly) .{0,20}(?:quota|limit)"
)
_NAME = re.compile(r"(?i)mailbox name (?:is )?(?:not allowed|invalid)")
"""What RFC 5321 section 4.2.3 has for 553, in words that are a rule's elsewhere."""
_GREYLIST = re.compile(r"gr[ae]y[ -]?list|postgrey|come back (?:in|later)")
_COME_AGAIN = re.compile(r"try (?:again|later)|retry|please wait|later")
_BUSY = re.compile(r"\brates?\b|limit|too (?:many|fast|much)|busy|load|resource|unavailable|volume|4\.3\.|4\.4\.|space")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer makes of one letter."""

    state: Literal["submitted", "refused", "unknown", "queued"]
    reason: str = ""
    """The server's words, without any address."""
    about: About = "moment"
    """Whom it is about."""
    clear: bool = True
    """With ``refused``: it names the mailbox; else it says no and not why."""
    alone: bool = False
    """With ``queued``: it is told to each reader apart (greylisting), so that it is no sign of a busy server."""


def meaning(reply: Reply, command: str) -> Meaning:
    """What an answer that stands against a letter, or the one to its final dot, makes of it.

    Args:
        reply: To the command.
        command: ``MAIL``, ``RCPT``, ``DATA``, or ``.`` for the final dot.
    """
    if command == "." and reply.good:
        return Meaning(SUBMITTED)
    if reply.for_good:
        return _for_good(reply, command)
    if 400 <= reply.code < 500:
        return Meaning(QUEUED, f"the mail server wants it later: {reply.words}", alone=_greylisted(reply, command))
    # Neither taken nor refused: no server should say this.
    return Meaning(UNKNOWN if command == "." else QUEUED, f"the mail server says: {reply.words}", "server")


def _for_good(reply: Reply, command: str) -> Meaning:
    words, whose = reply.words, _whose(reply, command)
    kind = refusal(words)
    if kind in {"hard", "invalid"} and reply.code not in _OF_THE_LOGIN:
        return Meaning(REFUSED, f"the mail server refuses it: {words}", "address")
    if reply.code not in _OF_THE_PROTOCOL | _OF_THE_LOGIN:
        # RFC 5321 gives 552 one meaning where nothing else is said: no room.
        if kind == "soft" or (reply.code == 552 and kind == "blocked"):
            return Meaning(QUEUED, f"the mail server wants it later: {words}")
        if command != "DATA" and (_says_no_more(words) if kind == "blocked" else _NAME.search(words)):
            return Meaning(REFUSED, f"the mail server refuses it: {words}", "address", clear=False)
    return Meaning(QUEUED, f"the mail server refuses it, and not for its reader: {words}", whose)


def _says_no_more(words: str) -> bool:
    """Whether a refusal in which no code and no word tells why may be about the reader."""
    return not re.search(r"\bblock|\bban", words.lower()) and not _ACCOUNT.search(words.lower())


def _whose(reply: Reply, command: str) -> About:
    """Whom a refusal is about that is not about its reader."""
    words = reply.words.lower()
    if reply.code in _OF_THE_LOGIN:
        return "account"
    if command == "." and _CONTENT.search(words):
        return "letter"
    return "account" if _ACCOUNT.search(words) else "server"


def _greylisted(reply: Reply, command: str) -> bool:
    """Whether each reader's first letter is put off, as greylisting does (RFC 6647); the next may be told the same."""
    words = reply.words.lower()
    if command not in {"RCPT", "."} or reply.code not in {450, 451}:
        return False
    return bool(_GREYLIST.search(words)) or (bool(_COME_AGAIN.search(words)) and not _BUSY.search(words))
