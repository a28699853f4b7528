"""The one table of what articles are collected from: how each kind is recognised, and what reads it.

A file and the same bytes at an address are recognised by the same table and read by the same reader, so they give the
same articles. What differs is what only an address has: it is the address of an article that names none itself, links
and pictures may be relative to it, a feed goes on behind its first page, a WordPress site and the feed that a page
names can be asked, and a limit is set on how many articles one address gives.

A further kind is one file with its reader and one line here; docs/adding-a-source.md goes through it step by step.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from newsletter.errors import SourceError
from newsletter.sources import (
    feed_pages,
    listing,
    markdown,
    page,
    plain_text,
    rest,
    site,
    sitemap,
    telegram,
    wordpress_feed,
)
from newsletter.sources.charset import decode
from newsletter.sources.documents import ArticleFilter, Document, NoArticleError, SourceResult


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of document that articles are collected from."""

    name: str
    """As editors call it."""
    holds: Callable[[Document], bool]
    """Whether a document is of this kind beyond doubt; the first that says so reads it."""
    read: Callable[[Document, ArticleFilter], SourceResult]
    """Makes articles of it, or raises SourceError."""
    suffixes: frozenset[str] = frozenset()
    """Names of files, and what media types stand for, that decide where no kind is beyond doubt."""


def _by_name(_: Document) -> bool:
    """Nothing in its bytes tells this kind from others; its name does."""
    return False


KINDS = (
    SourceKind("Telegram channel", telegram.holds, telegram.read),
    SourceKind("sitemap", sitemap.holds, sitemap.read),
    SourceKind("WordPress list", rest.holds, rest.read),
    SourceKind("feed", feed_pages.holds, wordpress_feed.read, feed_pages.SUFFIXES),
    SourceKind("WordPress site", site.is_wordpress, site.read_wordpress),
    SourceKind("list of links", listing.holds, listing.read),
    SourceKind("web page", lambda document: page.looks_like(document.data), site.read_page, page.SUFFIXES),
    SourceKind("Markdown", _by_name, markdown.read, markdown.SUFFIXES),
    SourceKind("plain text", _by_name, plain_text.read, plain_text.SUFFIXES),
)
"""In the order they are asked. What WordPress' interface answers is JSON, as feeds and lists of links are, so it stands
before them; and a feed of WordPress names the site's interface too, so feeds stand before the site."""

# Beginnings of files that are no text, with the name a person knows them by.
_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a Word file or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Word file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "an RTF file"),
)
_OF_ONE = frozenset({"WordPress site", "web page", "Markdown", "plain text"})
"""Kinds that may be one article."""
_UNSAID = frozenset({"", "text/plain", "application/octet-stream", "binary/octet-stream"})
"""Media types that servers give to what they do not know."""
_MARKUP = re.compile(r"\s*<[a-z!?]", re.IGNORECASE)


def read(document: Document, wanted: ArticleFilter) -> SourceResult:
    """Read a document as what it turns out to be.

    Args:
        document: Of a file or an address.
        wanted: Which articles, if it has many.

    Raises:
        SourceError: There is no article to be had.
    """
    kind = recognised(document)
    if wanted.is_single and kind.name not in _OF_ONE:
        what = f"this is a {kind.name}, not an article"
        raise NoArticleError(what, where=document.where, mend="collect from it by itself")
    return kind.read(document, wanted)


def recognised(document: Document) -> SourceKind:
    """Say what a document is: its bytes decide before its name does.

    Args:
        document: Of a file or an address.

    Raises:
        SourceError: It is no text at all.
    """
    certain = next((kind for kind in KINDS if kind.holds(document)), None)
    if certain is not None:
        return certain
    _refuse_binary(document)
    named = next((kind for kind in KINDS if document.suffix in kind.suffixes), None)
    if named is not None:
        return named
    # Nothing says what it is: with a tag at its beginning it is part of a page; and what a server calls something else
    # than text (a script, a style sheet) is searched for an article as a page is, and holds none.
    is_page = _MARKUP.match(decode(document.data[:200]).lstrip("\ufeff")) or document.content_type not in _UNSAID
    return next(kind for kind in KINDS if kind.name == ("web page" if is_page else "plain text"))


def _refuse_binary(document: Document) -> None:
    data = document.data
    kind = next((name for magic, name in _MAGIC if data.startswith(magic)), "")
    if not kind:
        head = decode(data[:4096])
        controls = sum(1 for char in head if char < " " and char not in "\t\n\r\x0b\x0c\x1b")
        kind = "no text" if controls * 50 > len(head) or "\x00" in head else ""
    if kind:
        raise SourceError(f"this is {kind}", where=document.where, mend="save the article as plain text")
