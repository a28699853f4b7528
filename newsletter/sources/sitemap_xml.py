"""The XML of a sitemap as its entries, whatever is wrong with it (sitemaps.org/protocol.html, and Google's of news)."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from newsletter.errors import SourceError
from newsletter.sources import when
from newsletter.sources.charset import decode
from newsletter.sources.http.unpack import UnpackedTooLargeError, inflate, unpacked
from newsletter.sources.links import absolute, is_web
from newsletter.text.tidy import tidy

if TYPE_CHECKING:
    from lxml.etree import _Element

_LARGEST = 52_428_800
"""Bytes unpacked, as the protocol allows."""
_MOST_ENTRIES = 50_000
"""As the protocol allows."""
_HEAD = 4096
_ROOT = re.compile(r"<(?:\w{1,20}:)?(urlset|sitemapindex)\b", re.IGNORECASE)
_BEFORE = re.compile(r"(?:\s+|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\])?\s*>)*", re.DOTALL | re.IGNORECASE)
_PROLOG = re.compile(r"^\s*<\?xml[^>]*\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,1000}(?:\[.*?\]\s*)?>", re.IGNORECASE | re.DOTALL)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BARE = re.compile(r"&(?!(?:#\d{1,7}|#x[\da-fA-F]{1,6}|amp|lt|gt|quot|apos);)")
_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """One address that a sitemap names."""

    url: str
    changed: datetime | None = None
    """When it was changed last, as the sitemap says; aware."""
    published: datetime | None = None
    """Of a sitemap of news."""
    title: str = ""
    """Of a sitemap of news."""
    image: str = ""

    @property
    def moment(self) -> datetime | None:
        """What it is ordered by: when it was published if that is known, else when it was changed."""
        return self.published or self.changed


@dataclass(frozen=True, slots=True)
class ParsedSitemap:
    """What a sitemap names."""

    entries: tuple[SitemapEntry, ...]
    is_index: bool
    """Whether they are sitemaps themselves."""
    bad: int = 0
    """Entries that name no web address."""
    is_cut: bool = False
    """Whether it goes on behind what the protocol allows."""


def looks_like(data: bytes) -> bool:
    """Say whether bytes begin as a sitemap does, packed or not.

    Args:
        data: The document.
    """
    if data.startswith(b"\x1f\x8b"):
        try:
            data = next(iter(inflate([data[:_HEAD]])), b"")
        except zlib.error:
            return False
    head = decode(data[:_HEAD]).lstrip("\ufeff")
    return bool(_ROOT.match(head, _end_of(_BEFORE, head)))


def parse(data: bytes, where: str, *, now: datetime, zone: tzinfo = UTC) -> ParsedSitemap:
    """Read every entry of a sitemap, in its order.

    Args:
        data: The sitemap; gzip is unpacked.
        where: Its address or path, for messages.
        now: The present moment, aware; later dates are not believed.
        zone: Zone of moments that name none.

    Raises:
        SourceError: It is no sitemap, or too large.
    """
    from lxml import etree

    text = decode(_unpacked(data, where)).lstrip("\ufeff")
    root = _ROOT.match(text, _end_of(_BEFORE, text[:_HEAD]))
    if root is None:
        raise SourceError("this is no sitemap", where=where, mend="check the address")
    base = where if is_web(where) else ""
    entries: list[SitemapEntry] = []
    bad = 0
    is_cut = False
    try:
        for element in _elements(text):
            if len(entries) >= _MOST_ENTRIES:
                is_cut = True
                break
            entry = _entry(element, base, now, zone)
            bad += entry is None
            entries += [entry] if entry else []
    except etree.XMLSyntaxError:
        if not entries:
            raise SourceError("the sitemap cannot be read", where=where, mend="tell the site's operator") from None
    return ParsedSitemap(tuple(entries), root[1].lower() == "sitemapindex", bad, is_cut)


def _end_of(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0


def _unpacked(data: bytes, where: str) -> bytes:
    try:
        return unpacked(data, _LARGEST)
    except zlib.error:
        raise SourceError("its gzip packing is broken", where=where, mend="fetch it again") from None
    except UnpackedTooLargeError:
        size = _LARGEST // 1_000_000
        raise SourceError(f"the sitemap is larger than {size} MB", where=where, mend="give one of its parts") from None


def _elements(text: str) -> Iterator[_Element]:
    """Its ``url`` and ``sitemap`` elements one after the other, each forgotten when the next one is asked for.

    The document type goes before a parser sees it: it declares entities or names files, and a sitemap needs neither.
    """
    from lxml import etree

    text = _NOT_XML.sub("", _PROLOG.sub("", text))
    text = _BARE.sub("&amp;", _DOCTYPE.sub("", text, count=1))
    stream = io.BytesIO(text.encode("utf-8", errors="replace"))
    options: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    for _, element in etree.iterparse(stream, events=("end",), recover=True, encoding="utf-8", **options):
        if _name(element) in ("url", "sitemap"):
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def _entry(element: _Element, base: str, now: datetime, zone: tzinfo) -> SitemapEntry | None:
    texts: dict[str, str] = {}
    for inner in element.iterdescendants():
        name, around = _name(inner), _name(inner.getparent())
        if around == "image":
            name = f"image {name}"
        if len(inner) or (around not in ("url", "sitemap", "news") and not name.startswith("image ")):
            continue
        if name not in texts and (value := "".join(map(str, inner.itertext()))[:_LONGEST_TEXT].strip()):
            texts[name] = value
    url = absolute(base, texts.get("loc", ""))
    if not url:
        return None
    return SitemapEntry(
        url,
        changed=_moment(texts.get("lastmod", ""), now, zone),
        published=_moment(texts.get("publication_date", ""), now, zone),
        title=tidy(texts.get("title", "")),
        image=absolute(url, texts.get("image loc", "")),
    )


def _name(element: _Element | None) -> str:
    """Name of an element without its namespace, in lower case; empty for a comment and the like."""
    tag = element.tag if element is not None else ""
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def _moment(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """A moment; most are ISO, and of fifty thousand the quick way counts."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return when.parse(text[:60], now=now, zone=zone)
    found = found if found.tzinfo else found.replace(tzinfo=zone)
    return found if found <= now + timedelta(days=2) else None
