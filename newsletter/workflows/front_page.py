"""What the front page of a site says of it: name and language, logo and colours, and where its articles are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter.sources.charset import decode
from newsletter.sources.clean import plain
from newsletter.sources.clean.markup import tree
from newsletter.sources.links import absolute, host
from newsletter.sources.page import lenient
from newsletter.text.tidy import arabic_fold

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from newsletter.sources.http import Fetched

_LONGEST = 60
"""Characters of a site's name."""
_PARTS = re.compile(r"\s+[|–—·•»«-]\s+|\s*[|»]\s*|\s+::\s+")
_HOME = frozenset(map(arabic_fold, ("الرئيسية", "الصفحة الرئيسية", "الصفحة الأولى", "home", "accueil", "homepage")))
"""Parts of a title that name the page, not its site."""
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_SHOWN = (".png", ".jpg", ".jpeg", ".gif")
"""Endings of pictures that every mail program shows; of SVG and WebP not all do."""
_LOGO = re.compile(r"logo|الشعار", re.IGNORECASE)
_NAMED = {
    "accent": re.compile(r"--[\w-]*(?:primary|accent|brand|main)[\w-]*\s*:\s*(#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3})\b"),
    "second": re.compile(r"--[\w-]*(?:secondary)[\w-]*\s*:\s*(#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3})\b"),
}
"""Colours by the names that style sheets give them: theme.json of WordPress writes ``--wp--preset--color--primary``."""
_COLOURED, _LIGHT = 48, 0.75
"""How far apart the channels of a colour are that is no grey, and how bright what is no ground is."""
_STYLES = 400_000
"""Characters of style sheets within the page that are looked through."""


@dataclass(frozen=True, slots=True)
class FoundSite:
    """What the front page of a site says of it."""

    url: str
    name: str
    language: str = ""
    """Tag of its language without a country; empty when it does not say."""
    is_wordpress: bool = False
    feed: str = ""
    """Address of its feed; empty when it names none."""
    logo: str = ""
    """Https address of a picture that mail programs show; empty when none is found."""
    accent: str = ""
    """Its colour, as ``#rrggbb``; empty when it names none but black, white and grey."""
    second: str = ""
    timezone: str = ""
    """IANA name of its zone; only an interface says it."""


def site_of(got: Fetched) -> FoundSite:
    """What an answer says of its site: by ``og:site_name``, by the first part of its title, or its host.

    Args:
        got: The front page.
    """
    text = decode(got.data, got.charset)
    linked = got.headers.get("link", "")
    root = tree(text) if "<" in text[:2000] else None
    told: dict[str, str] = {}
    title = language = feed = logo = accent = second = ""
    if root is not None:
        for meta in root.iter("meta"):
            key = str(meta.get("property") or meta.get("name") or "").lower()
            told.setdefault(key, plain(str(meta.get("content") or "")))
        title = next((plain(each.text_content()) for each in root.iter("title")), "")
        language = str(next((each.get("lang") or "" for each in root.iter("html")), ""))
        feed = next(_feeds(root, got.url), "")
        logo = next((one for one in _logos(root, got.url) if _is_shown(one)), "")
        styles = "".join(each.text or "" for each in root.iter("style"))[:_STYLES]
        accent = _colour([told.get("theme-color", ""), *_NAMED["accent"].findall(styles)])
        second = _colour([one for one in _NAMED["second"].findall(styles) if _whole(one) != accent])
    parts = [part.strip() for part in _PARTS.split(title) if part.strip() and arabic_fold(part) not in _HOME]
    name = told.get("og:site_name") or told.get("application-name") or next(iter(parts), "") or host(got.url)
    is_wordpress = "api.w.org" in linked or "wordpress" in told.get("generator", "").lower() or "/wp-content/" in text
    tag = re.match(r"[A-Za-z]{2,3}", language)
    return FoundSite(
        got.url,
        name[:_LONGEST].strip(),
        tag[0].lower() if tag else "",
        is_wordpress,
        feed=feed,
        logo=logo,
        accent=accent,
        second=second if accent else "",
    )


def _feeds(root: HtmlElement, url: str) -> Iterator[str]:
    for link in root.iter("link"):
        rel = (link.get("rel") or "").lower().split()
        if "alternate" in rel and (link.get("type") or "").lower() in _FEEDS:
            yield absolute(url, link.get("href") or "")


def _logos(root: HtmlElement, url: str) -> Iterator[str]:
    """Addresses of what may be the logo, the likeliest first: the one that is shown, then the one that is stated."""
    for image in root.iter("img"):
        around = [image, *list(image.iterancestors())[:3]]
        words = " ".join(f"{one.get('class') or ''} {one.get('id') or ''}" for one in around)
        if _LOGO.search(f"{words} {image.get('alt') or ''}"):
            yield absolute(url, image.get("src") or "")
    for script in root.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            yield from (absolute(url, one) for one in _stated(lenient.values(script.text or ""), 6))


def _stated(value: Any, depth: int) -> Iterator[str]:
    """Addresses under the name ``logo`` in linked data (schema.org), however deep."""
    if depth and isinstance(value, list):
        for one in value[:50]:
            yield from _stated(one, depth - 1)
    elif depth and isinstance(value, dict):
        logo = value.get("logo")
        if isinstance(logo, dict):
            logo = logo.get("url") or logo.get("contentUrl")
        if isinstance(logo, str):
            yield logo
        for one in value.values():
            yield from _stated(one, depth - 1)


def _is_shown(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and parts.path.lower().endswith(_SHOWN)


def _colour(named: list[str]) -> str:
    """The first that is a colour and no ground; empty for none."""
    for one in map(_whole, named):
        if one:
            channels = [int(one[at : at + 2], 16) for at in (1, 3, 5)]
            light = (0.299 * channels[0] + 0.587 * channels[1] + 0.114 * channels[2]) / 255
            if max(channels) - min(channels) >= _COLOURED and light <= _LIGHT:
                return one
    return ""


def _whole(colour: str) -> str:
    """A colour with six digits, in small letters; empty for what is none."""
    found = re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", colour.strip().lower())
    if found is None:
        return ""
    return "#" + "".join(2 * digit for digit in found[1]) if len(found[1]) == 3 else f"#{found[1]}"
