"""The way back from our pages to the page of the newsroom's site that a form stood on; to no other site."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

MOST = 2000
"""Signs of an address; browsers and servers agree on no longer one."""
_STRANGE = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"'`\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_PORTS = {"http": 80, "https": 443}


def way_back(address: str, home: str) -> str:
    """The address, if it is one of the newsroom's own site; else nothing.

    It comes from a form, so anybody can write anything there: another host, another port, a name before ``@`` and
    whatever browsers read otherwise than we do (backslashes, line ends) lead nowhere. Nobody is ever led there without
    pressing the link.

    Args:
        address: As the form says it.
        home: Address of the newsroom's site.
    """
    if not address or len(address) > MOST or _STRANGE.search(address):
        return ""
    try:
        there, own = urlsplit(address), urlsplit(home)
        same = _place(there) == _place(own)
    except ValueError:
        return ""
    if not same or "@" in there.netloc or there.scheme not in {own.scheme, "https"} or there.scheme not in _PORTS:
        return ""
    return address


def _place(parts: SplitResult) -> tuple[str, int | None]:
    """Host and port of an address; ``www.`` before the host makes no other site."""
    host = (parts.hostname or "").removesuffix(".").removeprefix("www.")
    if not host:
        raise ValueError("no host")
    port = parts.port if parts.port is not None else _PORTS.get(parts.scheme)
    # http://example.org and https://example.org are one site.
    return host if host.isascii() else host.encode("idna").decode("ascii"), None if port in (80, 443) else port
