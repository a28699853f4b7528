"""What the section [smtp] of the settings says."""

from __future__ import annotations

from dataclasses import dataclass

PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""Ports for letters that are handed in (RFC 6409, RFC 8314), and the one between servers (RFC 5321)."""


@dataclass(frozen=True, slots=True)
class SmtpOptions:
    """What the section [smtp] of the settings says."""

    host: str
    port: int = 0
    """0 takes the usual one of ``security``."""
    security: str = "starttls"
    """``starttls``, ``tls`` from the first byte, or ``none``."""
    user: str = ""
    password: str = ""
    ca: str = ""
    """File of certificates to trust instead of the system's."""
    return_path: str = ""
    """Bare address that bounces go to; empty takes the one in From."""
    verp: bool = False
    """Add the name of the delivery to the return path, as ``local+name@domain``, so that every bounce names it."""
    connections: int = 4
    letters: int = 100
    """Letters over one connection before a new one is opened."""
    pipelining: bool = True
    """Several commands in one write where the server offers it (RFC 2920)."""
    batch: int = 200
    timeout: float = 60.0
    """Seconds for one step; the answer to a whole letter may take ten times as long, as RFC 5321 4.5.3.2.6 asks."""

    @property
    def usual_port(self) -> int:
        """The port to connect to."""
        return self.port or PORTS[self.security]

    @property
    def where(self) -> str:
        """The server, for messages."""
        return f"{self.host}:{self.usual_port}"
