"""One request to a page of one's own, just as it answers: no redirect followed, the certificate looked at."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    import ssl

Connect = Callable[[str, int, float], socket.socket]
"""Host, port, seconds -> a connected socket, or OSError."""
MOST_BYTES = 65_536
"""Read at most of an answer: a policy file has no more (RFC 8461 section 3.3), a page of ours less."""
SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class PageReply:
    """What became of one request."""

    status: int = 0
    """Of HTTP; 0 when there was no answer."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    trouble: str = ""
    """Why there is no answer, in words."""
    certificate: str = ""
    """Why the certificate is not to be trusted, in words."""
    valid_until: float = 0.0
    """Unix seconds until which the certificate is valid; 0 without one."""
    date: float = 0.0
    """Unix seconds by the server's clock; 0 when it does not say."""
    at: float = 0.0
    """Unix seconds by ours when it answered."""


def connection(host: str, port: int, seconds: float) -> socket.socket:
    """A connection over the network.

    Args:
        host: Name or address.
        port: TCP port.
        seconds: Longest wait.
    """
    return socket.create_connection((host, port), seconds)


def request(
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    connect: Connect = connection,
    context: ssl.SSLContext | None = None,
    agent: str = "Nashra",
    seconds: float = SECONDS,
) -> PageReply:
    """Ask for one address, once.

    Args:
        url: http or https.
        form: Fields to post; None asks by GET.
        connect: Makes the connection.
        context: Which certificates are trusted; None takes the system's.
        agent: Who we say we are.
        seconds: For the whole of it.
    """
    import http.client
    import ssl

    parts = urlsplit(url)
    host, until = parts.hostname or "", time.monotonic() + seconds
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        wire: Any = connect(host, parts.port or (443 if parts.scheme == "https" else 80), seconds)
    except OSError as error:
        return PageReply(trouble=f"no connection ({_reason(error)})")
    valid_until = 0.0
    try:
        if parts.scheme == "https":
            wire = (context or ssl.create_default_context()).wrap_socket(wire, server_hostname=host)
            valid_until = float(ssl.cert_time_to_seconds(str((wire.getpeercert() or {}).get("notAfter"))))
        talk = http.client.HTTPConnection(host, parts.port, timeout=seconds)
        talk.sock = wire
        headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": agent, "Connection": "close"}
        body = None
        if form is not None:
            body, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        talk.request("POST" if body is not None else "GET", path, body, headers)
        answer = talk.getresponse()
        content = b""
        while len(content) < MOST_BYTES and (part := answer.read1(MOST_BYTES)):
            content += part
            if time.monotonic() > until:
                raise TimeoutError("it takes too long")
        found = {name.lower(): value for name, value in answer.getheaders()}
        return PageReply(
            answer.status, found, content[:MOST_BYTES], valid_until=valid_until, date=_date(found), at=time.time()
        )
    except ssl.SSLCertVerificationError as error:
        return PageReply(
            trouble=f"its certificate is not good ({error.verify_message})", certificate=error.verify_message
        )
    except (OSError, http.client.HTTPException, ValueError) as error:
        return PageReply(trouble=f"no complete answer ({_reason(error)})", valid_until=valid_until)
    finally:
        wire.close()


def _date(headers: Mapping[str, str]) -> float:
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0.0


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error) or type(error).__name__
