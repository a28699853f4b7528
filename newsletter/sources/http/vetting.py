"""Which network addresses may be asked: public ones only, whatever disguise a private one wears."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator

Resolve = Callable[[str, int, float], list[str]]
"""Name, port, seconds -> every address the name has now."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.IPv6Network("::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
# Global for `ipaddress` of Python 3.11, but special in IANA's registries: protocol assignments, the old
# 6to4 relays, ORCHIDv2, the second documentation prefix.
_SPECIAL = tuple(ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20"))


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """Ask the system for every address of a name, but wait only so long.

    Args:
        host: Name or literal address.
        port: Port, for the resolver's hints only.
        seconds: Longest wait; the resolver itself cannot be interrupted, so it is left behind then.

    Raises:
        OSError: The name has no address, or no answer came in time.
    """
    answer: list[str] = []
    failure: list[Exception] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.extend(dict.fromkeys(str(entry[4][0]) for entry in found))
        except (OSError, UnicodeError) as error:
            failure.append(error)

    asking = threading.Thread(target=ask, daemon=True, name="resolve")
    asking.start()
    asking.join(seconds)
    if asking.is_alive():
        raise TimeoutError("no answer about its name in time")
    if failure or not answer:
        raise OSError("its name has no address")
    return answer


def is_public(address: str) -> bool:
    """Say whether an address belongs to the public Internet, with every IPv4 address hidden in it.

    ``ipaddress.is_global`` alone is not enough: it is true for multicast, and for IPv6 forms that lead to an
    IPv4 address of the machine itself (mapped, compatible, NAT64 of RFC 6052, 6to4, ISATAP). Teredo
    (RFC 4380) and the local NAT64 prefix (RFC 8215) are refused whole.

    Args:
        address: Literal address, as a resolver returns it; one with a scope (``%eth0``) is never public.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return all(map(_is_plain_public, _faces(parsed)))


def is_loopback(address: str) -> bool:
    """Say whether an address is this machine itself.

    Args:
        address: Literal address, as a resolver returns it.
    """
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_plain_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address not in _UNICAST or address.scope_id):
        return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _faces(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Every address that a packet to this one could end at."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    number = int(address)
    low = ipaddress.IPv4Address(number & 0xFFFF_FFFF)
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    elif address in _NAT64 or address in _V4_COMPATIBLE:
        yield low
    else:
        yield address
        if address.sixtofour:
            yield address.sixtofour
        if (number >> 32) & 0xFFFF_FFFF in _ISATAP:
            yield low
