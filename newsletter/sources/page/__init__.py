"""One web page to one Article: what the page says of itself, and the body without what stands around it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources.charset import decode
from newsletter.sources.clean import first_image, paragraphs
from newsletter.sources.clean.markup import tree
from newsletter.sources.documents import NoArticleError
from newsletter.sources.http.models import LIMITS
from newsletter.sources.identity import of_guid
from newsletter.sources.links import absolute
from newsletter.sources.page import body as bodies
from newsletter.sources.page import metadata
from newsletter.sources.page.leading import leading
from newsletter.sources.page.outline import outside_parts
from newsletter.sources.page.shape import is_wall, no_article
from newsletter.text.tidy import summary

if TYPE_CHECKING:
    from lxml.html import HtmlElement

SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
_BEFORE = re.compile(r"(?:\s+|<\?xml[^>]*>|<!--.*?-->)*", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HEAD = 4096
_SUMMARY_LENGTH = 320
_LEAST_DESCRIPTION = 40
_LEAST_BODY = 120
"""Letters without which a page that neither shows nor states a headline is no article."""
_MOST_ELEMENTS = 20_000
"""Long articles with hundreds of comments have about 10,000; beyond this, extraction takes seconds."""


def looks_like(data: bytes) -> bool:
    """Say whether bytes begin as a page of HTML does; white space, comments and an XML prolog may stand before.

    Args:
        data: The document.
    """
    return bool(_PAGE.match(_BEFORE.sub("", decode(data[:_HEAD]).lstrip("\ufeff"), count=1)))


def parse(data: bytes, where: str, *, charset: str = "", now: datetime, zone: tzinfo = UTC) -> Article:
    """Read the article of a page.

    Args:
        data: The page; its code page is found as decode says.
        where: URL or path it came from, for messages and relative links.
        charset: Code page it was sent with; may be empty.
        now: The present moment, aware; later dates are not believed.
        zone: Zone of dates that name none.

    Raises:
        SourceError: It is too large, or no article can be found in it.
    """
    if len(data) > LIMITS["page"]:
        size = LIMITS["page"] // 1_000_000
        raise SourceError(f"the page is larger than {size} MB", where=where, mend="give the address of one article")
    text = decode(data, charset)
    root = tree(text)
    if root is None:
        raise SourceError("the page is empty", where=where, mend="check the address")
    if _is_too_large(root):
        raise SourceError(
            f"the page has more than {_MOST_ELEMENTS} elements", where=where, mend="give the address of one article"
        )
    stated = metadata.claims(root, where)
    other = no_article(root, stated, where)
    if other is not None:
        raise other
    identities = _identities(root, stated.url)
    _prune(root)
    found = metadata.read(root, stated, where, now=now, zone=zone)
    body = bodies.extract(root, found, now)
    length = sum(map(len, paragraphs(body)))
    enough = _LEAST_BODY if found.headline is None and not found.is_stated else _LEAST_DESCRIPTION
    if not found.title or (length < enough and len(found.description) < _LEAST_DESCRIPTION):
        raise SourceError(
            "no article can be found in this page", where=where, mend="save its text in a file, headline first"
        )
    if is_wall(paragraphs(body), found.description):
        raise NoArticleError(
            "only a wall is shown in place of the article",
            where=where,
            mend="save its text in a file, headline first",
        )
    image, alt = (found.image, found.image_alt) if found.image else first_image(body)
    return Article(
        title=found.title,
        url=found.url,
        summary=_summary(found.description, body, found.title),
        body=body,
        image=image,
        image_alt=alt,
        author=found.author,
        section=found.section,
        published=found.published,
        source=where,
        identities=identities,
        reading="page",
    )


def picture(data: bytes, where: str, charset: str = "") -> tuple[str, str]:
    """The picture that a page names for sharing, else the one it shows over its article, and its alternative text.

    Args:
        data: The page.
        where: Its address.
        charset: Code page it was sent with; may be empty.

    Returns:
        Both empty when there is none.
    """
    root = tree(decode(data[: LIMITS["page"]], charset))
    if root is None:
        return "", ""
    stated = metadata.claims(root, where)
    named = metadata.picture(stated)
    if named[0] or _is_too_large(root):
        return named
    _prune(root)
    return leading(root, stated.url, stated.base)


def _is_too_large(root: HtmlElement) -> bool:
    return sum(1 for _ in zip(root.iter(), range(_MOST_ELEMENTS + 1), strict=False)) > _MOST_ELEMENTS


def _prune(root: HtmlElement) -> None:
    """Take out what is not the article's."""
    for element in outside_parts(root):
        element.drop_tree()


def _identities(root: HtmlElement, url: str) -> tuple[str, ...]:
    """What WordPress says of a post on its own page: its short address holds the number."""
    for element in root.iter("link"):
        if (element.get("rel") or "").lower() == "shortlink":
            return of_guid(absolute(url, element.get("href") or ""), url, url)
    return ()


def _summary(description: str, body: str, title: str) -> str:
    """The page's own description if it is one, else the opening of the body."""
    if (
        _LEAST_DESCRIPTION <= len(description) <= _SUMMARY_LENGTH
        and not description.endswith("…")
        and description != title
    ):
        return description
    return summary("\n".join(paragraphs(body, headings=False))) or summary(description)
