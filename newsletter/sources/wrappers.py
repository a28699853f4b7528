"""Addresses that lead to another one and name it themselves: what alerts, networks and mail guards make of a link.

Only addresses whose target stands in them as text are here; a short address (``bit.ly``) tells nothing of its target.
Each row names where its shape is described, or that it was seen in what the service sends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class LinkWrapper:
    """The redirecting addresses of one service."""

    host: str
    """Pattern of the whole host, in lower case."""
    path: str
    """Pattern of the beginning of the path."""
    names: tuple[str, ...]
    """Parameters that may hold the target, the most trusted first."""
    source: str


WRAPPERS = (
    LinkWrapper(r"(?:www|news|scholar|alerts)\.google\.[a-z.]{2,7}", r"/(?:news/)?url$", ("url", "q"), "Google Alerts"),
    LinkWrapper(
        r"(?:(?:www|m|l|lm)\.)?(?:facebook|instagram)\.com",
        r"/(?:l\.php|flx/warn/?)?$",
        ("u",),
        "posts of Facebook and Instagram",
    ),
    LinkWrapper(r"l\.(?:messenger|threads)\.(?:com|net)", r"/(?:l\.php)?$", ("u",), "Messenger, Threads"),
    LinkWrapper(r"t\.umblr\.com", r"/redirect$", ("z",), "Tumblr"),
    LinkWrapper(
        r"[a-z0-9]+\.safelinks\.protection\.outlook\.com",
        r"/",
        ("url",),
        "learn.microsoft.com/defender-office-365/safe-links-about",
    ),
    LinkWrapper(r"(?:www\.)?youtube\.com", r"/redirect$", ("q",), "descriptions of videos"),
    LinkWrapper(r"(?:www\.)?linkedin\.com", r"/(?:redir/redirect|safety/go)/?$", ("url",), "posts of LinkedIn"),
    LinkWrapper(r"(?:m\.)?vk\.com", r"/away(?:\.php)?$", ("to",), "posts of VK"),
    LinkWrapper(r"out\.reddit\.com", r"/", ("url",), "posts of Reddit"),
    LinkWrapper(r"(?:www\.)?bing\.com", r"/news/apiclick\.aspx$", ("url",), "feeds of Bing News"),
    LinkWrapper(r"(?:www\.)?duckduckgo\.com", r"/l/?$", ("uddg",), "results without scripts"),
    LinkWrapper(r"exit\.sc", r"/$", ("url",), "descriptions of SoundCloud"),
    LinkWrapper(r"slack-redir\.net", r"/link$", ("url",), "messages of Slack"),
)
_PATTERNS = tuple((re.compile(each.host), re.compile(each.path), each.names) for each in WRAPPERS)
# What is worth a look at the patterns: nearly no address of an article is.
_SUSPECTS = re.compile(
    r"google\.|facebook\.|instagram\.|messenger\.|threads\.|umblr|safelinks|youtube\.|linkedin\.|vk\.com|reddit\.|bing\."
    r"|duckduckgo|exit\.sc|slack-redir|ampproject",
    re.IGNORECASE,
)
_AMP = re.compile(r"^/(?:amp|[cv])/(s/)?([a-z0-9.-]+\.[a-z]{2,}(?:[:/].*)?)$", re.IGNORECASE)
"""Pages kept by Google: ``/amp/s/HOST/PATH``, and ``/c/s/HOST/PATH`` of cdn.ampproject.org (``s`` means https)."""


def target_of(url: str) -> str:
    """Find the address that a redirecting one names as its target.

    Args:
        url: Any text.

    Returns:
        The target as it stands there, or an empty text when the address wraps none.
    """
    if not _SUSPECTS.search(url):
        return ""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    if host == "www.google.com" or host.endswith("cdn.ampproject.org"):
        kept = _AMP.match(parts.path)
        if kept:
            return f"http{'s' if kept[1] else ''}://{kept[2]}{f'?{parts.query}' if parts.query else ''}"
    for host_pattern, path_pattern, names in _PATTERNS:
        if host_pattern.fullmatch(host) and path_pattern.match(parts.path):
            values = dict(reversed(parse_qsl(parts.query)))
            found = (values.get(name, "") for name in names)
            return next((each for each in map(_written_out, found) if each), "")
    return ""


def _written_out(value: str) -> str:
    """A target that is a web address; some services encode theirs twice."""
    for each in (value.strip(), unquote(value.strip())):
        if each.lower().startswith(("http://", "https://")):
            return each
    return ""
