"""Pictures in foreign HTML: which address a lazily loaded one has, and which are no pictures but trackers."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from newsletter.sources.links import absolute, host
from newsletter.text.tidy import tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TRACKERS = re.compile(
    r"^(?:pixel\.wp\.com|stats\.wp\.com|b\.scorecardresearch\.com|sb\.scorecardresearch\.com|pixel\.quantserve\.com"
    r"|(?:[\w-]+\.)*(?:google-analytics\.com|doubleclick\.net|googletagmanager\.com|feedsportal\.com)"
    r"|feedads\.g\.doubleclick\.net|pi\.feedsportal\.com|counter\.yadro\.ru)$"
)
_TRACKING_PATHS = re.compile(r"^(?:feeds\.feedburner\.com/~[rf]/|(?:\w+\.)?facebook\.com/tr\b)")
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-orig-file", "data-large-file", "data-full-url")
_PLACEHOLDER = re.compile(
    r"^data:|blank\.gif|placeholder|/1x1\.|spacer\.gif|lazy[-_]?load|transparent\.png", re.IGNORECASE
)
_SIZE = re.compile(r"^\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$")
_STYLE_SIZE = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*(\d{1,5})(?:\.\d+)?px", re.IGNORECASE)
_TINY = 3


def picture(node: HtmlElement, base: str) -> str:
    """The element of a picture worth showing.

    Args:
        node: An ``img`` element.
        base: Address that its source is relative to; may be empty.

    Returns:
        An ``img`` element with absolute address, alternative text and known sizes; empty for a tracker, a
        placeholder and a broken one.
    """
    width, height = _size(node, "width"), _size(node, "height")
    if (width is not None and width <= _TINY) or (height is not None and height <= _TINY):
        return ""
    address = absolute(base, _source(node))
    if not address or _is_tracker(address):
        return ""
    alt = html.escape(tidy(node.get("alt") or ""))
    sizes = "".join(f' {name}="{size}"' for name, size in (("width", width), ("height", height)) if size)
    return f'<img src="{html.escape(address)}" alt="{alt}"{sizes}>'


def _source(node: HtmlElement) -> str:
    """Address of a picture; a lazily loaded one keeps it in an attribute of its script."""
    source = (node.get("src") or "").strip()
    if source and not _PLACEHOLDER.search(source):
        return source
    for name in _LAZY:
        value = (node.get(name) or "").strip()
        if value and not value.startswith("data:"):
            return value
    parent = node.getparent()
    around = parent if parent is not None and parent.tag == "picture" else None
    offers = [node, *(around.iter("source") if around is not None else ())]
    # Outlook on Windows shows neither WebP nor AVIF (caniemail.com).
    offers.sort(key=lambda each: (each.get("type") or "") in ("image/webp", "image/avif"))
    for each in offers:
        if widest := _widest(each.get("srcset") or "") or _widest(
            each.get("data-srcset") or each.get("data-lazy-srcset") or ""
        ):
            return widest
    return source


def _widest(candidates: str) -> str:
    """The last address of a srcset, which by custom is the widest; a comma may stand within an address."""
    found = [each.split() for each in re.split(r",\s+|(?<=[0-9][wx]),", candidates) if each.strip()]
    address = found[-1][0] if found else ""
    return "" if _PLACEHOLDER.search(address) else address


def _size(node: HtmlElement, name: str) -> int | None:
    match = _SIZE.match(node.get(name) or "")
    if match:
        return int(match[1])
    for style in _STYLE_SIZE.finditer(node.get("style") or ""):
        if style[1].lower() == name:
            return int(style[2])
    return None


def _is_tracker(address: str) -> bool:
    name = host(address)
    path = address.partition("://")[2].removeprefix("www.")
    return bool(_TRACKERS.match(name) or _TRACKING_PATHS.match(path))
