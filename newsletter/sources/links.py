"""Web addresses in what we read: made absolute and percent-encoded, or refused."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from newsletter.sources.wrappers import target_of

_LONGEST = 2048
_MOST_LAYERS = 5
"""Redirects within one another: an alert of a link shared on a network, opened through a mail guard, has three."""
# Characters that turn the reading order around: an address with one shows something else than it opens.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|%E2%80%A[A-E]|%E2%81%A[6-9]", re.IGNORECASE)
_CONTROLS = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\ufeff]+")
_SAFE = "/:?#[]@!$&'()*+,;=%-._~"
_FRONT = re.compile(r"/?(?:index\.(?:php|html?)|(?:ar|en|fr|fa|he|ur)/?)?")
_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


def absolute(base: str, reference: str) -> str:
    """Make a reference of a document an absolute http(s) address with only ASCII in it.

    Args:
        base: Address of the document, or empty.
        reference: What stands in its href or src; relative, ``//host`` and raw Arabic forms are welcome.

    Returns:
        The address, with the redirects of alerts, networks and mail guards taken off that name their target; empty
        for anything else than a web address, and for one with reading-order controls.
    """
    return unwrapped(_absolute(base, reference))


def unwrapped(url: str) -> str:
    """Take off the redirects of alerts, networks and mail guards that name their target.

    Args:
        url: Any text.

    Returns:
        The innermost target; the text unchanged when it wraps nothing, or something that is no address.
    """
    for _ in range(_MOST_LAYERS):
        target = _absolute("", target_of(url))
        if not target:
            break
        url = target
    return url


def _absolute(base: str, reference: str) -> str:
    """The address as it is written, redirecting or not."""
    reference = reference.strip("\x00\t\n\x0b\x0c\r \u2028\u2029\ufeff\xa0")
    reference = reference.replace("\n", "").replace("\r", "").replace("\t", "")
    if not reference or _BIDI.search(reference) or _CONTROLS.search(reference.replace(" ", "")):
        return ""
    try:
        parts = urlsplit(urljoin(base, reference) if base else reference)
        host = _host(parts.hostname or "")
        port = parts.port
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    netloc = f"{host}:{port}" if port and port != {"http": 80, "https": 443}[parts.scheme] else host
    encoded = (_encoded(part) for part in (parts.path or "/", parts.query, parts.fragment))
    url = urlunsplit((parts.scheme, netloc, *encoded))
    return url if len(url) <= _LONGEST else ""


def is_web(url: str) -> bool:
    """Say whether a text is meant as a web address.

    Args:
        url: Any text.
    """
    return url.strip().lower().startswith(("http://", "https://"))


def host(url: str) -> str:
    """The host of an address, in lower case and without ``www.``; empty when it has none.

    Args:
        url: Any text.
    """
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return name.removeprefix("www.")


def is_front(url: str) -> bool:
    """Whether an address is that of a site's front page, in whatever language; ``/?p=5`` is a post.

    Args:
        url: Absolute address.
    """
    parts = urlsplit(url)
    return not parts.query and _FRONT.fullmatch(parts.path) is not None


def _host(name: str) -> str:
    name = name.rstrip(".")
    if name.isascii():
        if not name or re.search(r"[^\w.:\[\]-]", name):
            return ""
        return f"[{name}]" if ":" in name else name
    import idna

    return idna.encode(name, uts46=True).decode("ascii")


def _encoded(part: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", part), safe=_SAFE, errors="replace")


def link_to(base: str, href: str) -> str:
    """The address that a link leads to; empty for a place of its own page and for what is none.

    Args:
        base: Address that links are relative to; may be empty.
        href: As it stands in the attribute.
    """
    href = href.strip()
    if href.startswith("#"):
        return ""
    if href[:7].lower() == "mailto:":
        address = href[7:].partition("?")[0]
        return f"mailto:{address}" if re.fullmatch(r"[\w.+-]+@[\w.-]+", address, re.ASCII) else ""
    return absolute(base, href)
