"""Web addresses as the rules see them: whom they reach, what stands in them that does not belong there. Pure text."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from newsletter.text.tracking import is_trace, is_tracking

_PRIVATE_NAMES = (".local", ".localhost", ".internal", ".intranet", ".lan", ".home", ".home.arpa", ".test", ".invalid")
_SOCIAL = (
    "facebook fb twitter x t.co instagram ig telegram whatsapp linkedin tiktok youtube rss feed google chatgpt.com"
)
_SOCIAL_SOURCES = frozenset(_SOCIAL.split())
# Without the joiners, which belong to Persian and Kurdish words and so to the addresses of their pages.
_HIDDEN = re.compile(
    r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
    r"|%E2%80%(?:8[BEF]|A[A-E])|%E2%81%A[0-9]|%EF%BB%BF|%C2%AD|%D8%9C",
    re.IGNORECASE,
)


def parts_of(address: str) -> SplitResult | None:
    """The parts of a web address, or None for anything else."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts if parts.scheme.lower() in {"http", "https"} and host else None


def private(host: str) -> bool:
    """Whether a host can only be reached from inside a house: a name without a dot, a reserved one, a local address.

    Args:
        host: Name or literal address, without brackets.
    """
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith(_PRIVATE_NAMES)


def page(address: str) -> str:
    """An address without what does not change the page: scheme, ``www.``, case of the host, traces, closing slash.

    Args:
        address: A web address; anything else gives an empty text.
    """
    parts = parts_of(address)
    if parts is None:
        return ""
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = [f"{name}={value}" for name, value in pairs if not is_tracking(name)]
    return f"{bare(parts.hostname or '')}{unquote(parts.path).rstrip('/')}?{'&'.join(query)}"


def hidden(address: str) -> bool:
    """Whether characters that nobody sees stand in an address, as themselves or as escapes."""
    return _HIDDEN.search(address) is not None


def without_hidden(address: str) -> str:
    """The address without them."""
    return _HIDDEN.sub("", address)


def tracking(address: str) -> list[str]:
    """The parameters of an address that only say how its copier came there.

    Args:
        address: Any web address. Its ``utm_…`` are meant, unless they name a social network or a feed as the source.
    """
    parts = parts_of(address)
    if parts is None:
        return []
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    found = [name for name, _ in pairs if is_trace(name)]
    source = next((value.lower() for name, value in pairs if name.lower() == "utm_source"), "")
    if source in _SOCIAL_SOURCES:
        found += [name for name, _ in pairs if name.lower().startswith("utm_")]
    return found


def without_parameters(address: str, names: list[str]) -> str:
    """An address without some parameters, every other byte as it was.

    Args:
        address: A web address as text.
        names: Names of the query parameters to take out.
    """
    head, mark, rest = address.partition("?")
    query, hash_mark, fragment = rest.partition("#")
    kept = [pair for pair in re.split("&amp;|&", query) if pair.partition("=")[0] not in names]
    joiner = "&amp;" if "&amp;" in query else "&"
    return head + (mark + joiner.join(kept) if kept else "") + hash_mark + fragment


def bare(host: str) -> str:
    """A host in small letters and without ``www.``."""
    return host.lower().rstrip(".").removeprefix("www.")
