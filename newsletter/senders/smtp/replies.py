"""What an SMTP server says (pure): replies cut out of the bytes, their words made fit for the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from newsletter.text.mailbox import without_addresses
from subscribers.display import shown

LONGEST_LINE = 4096
"""Octets; RFC 5321 section 4.5.3.1.5 allows 512, some servers write more."""
MOST_LINES = 200
LONGEST_WORDS = 300

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, of one line or several."""

    code: int
    lines: tuple[str, ...]

    @property
    def good(self) -> bool:
        """The server did what was asked."""
        return 200 <= self.code < 300

    @property
    def for_good(self) -> bool:
        """The server will never do what was asked."""
        return self.code >= 500

    @property
    def closing(self) -> bool:
        """The server closes the connection (RFC 5321 section 3.8)."""
        return self.code == 421

    @property
    def words(self) -> str:
        """Code and text on one line, shortened, without any address: the ledger holds none."""
        text = without_addresses(" ".join(line for line in self.lines if line))
        return shown(f"{self.code} {text}".strip(), LONGEST_WORDS)


class Replies:
    """Cuts the bytes of a server into replies, however they arrive."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._lines: list[str] = []

    @property
    def pending(self) -> bool:
        """Whether bytes are there that make no whole reply yet."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> Iterator[Reply]:
        """The replies that these bytes complete.

        Raises:
            ValueError: What was said is no SMTP.
        """
        self._rest += data
        while (end := self._rest.find(b"\n")) >= 0:
            line = bytes(self._rest[:end]).rstrip(b"\r")
            del self._rest[: end + 1]
            found = _LINE.fullmatch(line)
            if found is None or end > LONGEST_LINE:
                raise ValueError(f"what it says is not SMTP ({shown(line.decode('utf-8', 'replace'), 60)!r})")
            self._lines.append((found[3] or b"").decode("utf-8", "replace"))
            if found[2] != b"-":
                lines, self._lines = tuple(self._lines), []
                yield Reply(int(found[1]), lines)
            elif len(self._lines) > MOST_LINES:
                raise ValueError("its answer has no end")
        if len(self._rest) > LONGEST_LINE:
            raise ValueError("what it says is not SMTP (a line without end)")


def extensions(reply: Reply) -> Mapping[str, str]:
    """Keywords of an answer to EHLO in capitals, with their parameters (RFC 5321 section 4.1.1.1)."""
    found: dict[str, str] = {}
    for line in reply.lines[1:]:
        # Some old servers write AUTH=LOGIN beside AUTH LOGIN.
        keyword, _, parameters = line.strip().replace("=", " ", 1).partition(" ")
        name = keyword.upper()
        found[name] = f"{found[name]} {parameters}".strip() if name in found else parameters.strip()
    return found
