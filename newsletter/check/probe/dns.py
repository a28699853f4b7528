"""Asking name servers: the answers as texts, and a clear word for "nobody answered"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from dns.resolver import Resolver as _Resolver

Kind = Literal["TXT", "MX", "A", "AAAA"]
Records = tuple[str, ...]

_SILENT_ENOUGH = 2
"""Questions in a row without any answer after which no more are asked: the machine is off the net."""


class Resolver(Protocol):
    """Whatever knows the records of names: name servers, or a table in their place."""

    def ask(self, name: str, kind: Kind) -> Records | None:
        """The records of a name.

        Args:
            name: In ASCII, without a dot at its end.
            kind: Type of the records.

        Returns:
            A TXT record as one text, an MX as ``10 mail.example.org.``, an address as it is written; nothing when
            the name or the type does not exist; None when no server answered.
        """
        ...


class DnsResolver:
    """Asks the name servers of this machine; each question once.

    Args:
        seconds: Longest wait for one question, all servers and repeats included.
        servers: Addresses of other name servers (tests).
        port: Their port.
    """

    def __init__(self, *, seconds: float = 4.0, servers: Sequence[str] = (), port: int = 53) -> None:
        self._seconds = seconds
        self._servers = servers
        self._port = port
        self._known: dict[tuple[str, Kind], Records | None] = {}
        self._silent = 0
        self._made: _Resolver | None = None

    def ask(self, name: str, kind: Kind) -> Records | None:
        """See Resolver.ask."""
        key = (name.lower(), kind)
        if key not in self._known:
            self._known[key] = self._asked(name, kind) if self._silent < _SILENT_ENOUGH else None
            self._silent = self._silent + 1 if self._known[key] is None else 0
        return self._known[key]

    def _asked(self, name: str, kind: Kind) -> Records | None:
        import dns.exception
        import dns.resolver

        try:
            answer = self._resolver().resolve(
                f"{name}.", kind, raise_on_no_answer=False, search=False, lifetime=self._seconds
            )
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError):
            # No server, no answer in time, a refusal, or a name that cannot be asked for.
            return None
        if answer.rrset is None:
            return ()
        return tuple(sorted(_text(record, kind) for record in answer.rrset))

    def _resolver(self) -> _Resolver:
        import dns.resolver

        if self._made is None:
            self._made = dns.resolver.Resolver(configure=not self._servers)
            if self._servers:
                self._made.nameservers, self._made.port = list(self._servers), self._port
        return self._made


def _text(record: object, kind: Kind) -> str:
    if kind == "TXT":
        # The strings of one record are joined as they are (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2).
        return b"".join(getattr(record, "strings", ())).decode("utf-8", "replace")
    return str(record)
