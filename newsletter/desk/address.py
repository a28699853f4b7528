"""Where the desk answers: the hosts a request may name, the origins it may come from, and the name of the cookie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "[::1]", "localhost")


@dataclass(frozen=True, slots=True)
class DeskAddress:
    """The addresses of one desk."""

    origins: Mapping[str, str]
    """What the header Host may say, with the origin that goes with it."""
    cookie: str
    """Name of the cookie. Cookies know no ports, so it has the port in it."""
    secure: bool
    """Whether browsers come over TLS."""

    @property
    def base(self) -> str:
        """The address to open, without a slash at its end."""
        return next(iter(self.origins.values()))


def alone(port: int) -> DeskAddress:
    """The addresses of a desk on this machine alone.

    Args:
        port: That it listens at.
    """
    end = "" if port == 80 else f":{port}"
    origins = {f"{host}{end}": f"http://{host}{end}" for host in LOOPBACK}
    return DeskAddress(origins, f"nashra-desk-{port}", secure=False)


def behind_proxy(url: str) -> DeskAddress:
    """The addresses of a desk behind a proxy.

    Args:
        url: Of ``[desk]``, an https origin.
    """
    # The prefix lets no other host of the domain set or read it (RFC 6265bis section 4.1.3.2).
    return DeskAddress({urlsplit(url).netloc: url}, "__Host-nashra-desk", secure=True)
