"""Who asks: the address behind trusted proxies, and the network it belongs to (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

MOST_HOPS = 20


def address(
    peer: str, forwarded: Sequence[str], proxies: Sequence[IPv4Network | IPv6Network]
) -> IPv4Address | IPv6Address | None:
    """The address of whoever asks.

    X-Forwarded-For is believed only as far as those who wrote it are trusted: from its end, hop by hop. What stands
    before the first stranger was written by a stranger.

    Args:
        peer: Address of the other end of the connection.
        forwarded: Every X-Forwarded-For header, in order.
        proxies: Networks whose machines may say for whom they speak.

    Returns:
        None when there is no address, as on a Unix socket.
    """
    current = _parsed(peer)
    hops = ",".join(forwarded).split(",")[-MOST_HOPS:]
    while current is not None and hops and any(current in network for network in proxies):
        before = _parsed(hops.pop())
        if before is None:
            break
        current = before
    return current


def network(client: IPv4Address | IPv6Address | None) -> str:
    """The network that one household or company has to itself: a /24, or a /64 of IPv6; empty when not known."""
    if client is None:
        return ""
    return str(ip_network(f"{client}/{24 if client.version == 4 else 64}", strict=False))


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        return IPv6Address(int(found))  # without the zone that a link-local address can carry
    return found
