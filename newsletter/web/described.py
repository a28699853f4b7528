"""The archive told to programs: data of schema.org in a page, a JSON feed, a site map."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from newsletter.text import bidi

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.models import Publication

_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""What could end the element the data stands in, or a line of it (HTML, section 4.12.1.3; RFC 8259 takes both)."""


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """What is said of one letter."""

    subject: str
    summary: str
    address: str
    """Of its page, absolute."""
    canonical: str
    """Of the page that search engines are to know: its own, or that of the post it was published as."""
    sent: datetime
    pictures: tuple[str, ...] = ()
    """Absolute addresses, the share picture first."""
    html: str = ""
    """The letter itself, for feeds."""


def in_script(data: Any) -> Markup:
    """Data as it may stand in an element ``script``: nothing in it ends the element.

    Args:
        data: Whatever JSON can hold.
    """
    from markupsafe import Markup

    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE)
    return Markup(text)  # noqa: S704 - no sign of it can end the element


def article(one: LetterFacts, about: Publication, archive: str) -> dict[str, Any]:
    """A letter as a NewsArticle (schema.org).

    Args:
        one: The letter.
        about: Who publishes.
        archive: Address of the archive.
    """
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": bidi.strip(one.subject),
        **({"description": bidi.strip(one.summary)} if one.summary else {}),
        "inLanguage": about.language.replace("_", "-"),
        "datePublished": one.sent.isoformat(),
        "dateModified": one.sent.isoformat(),
        "url": one.address,
        "mainEntityOfPage": one.canonical,
        **({"image": list(one.pictures)} if one.pictures else {}),
        "author": _publisher(about),
        "publisher": _publisher(about),
        "isAccessibleForFree": True,
        "isPartOf": {"@type": "CollectionPage", "@id": archive, "url": archive, "name": about.name},
    }


def collection(letters: Sequence[LetterFacts], about: Publication, address: str, title: str) -> dict[str, Any]:
    """A page of the archive as a CollectionPage (schema.org).

    Args:
        letters: On the page, in their order.
        about: Who publishes.
        address: Of the page.
        title: Of the page.
    """
    return {
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "name": title,
        "url": address,
        "inLanguage": about.language.replace("_", "-"),
        "publisher": _publisher(about),
        "mainEntity": {
            "@type": "ItemList",
            "itemListElement": [
                {"@type": "ListItem", "position": number, "url": one.address, "name": bidi.strip(one.subject)}
                for number, one in enumerate(letters, 1)
            ],
        },
    }


def json_feed(letters: Iterable[LetterFacts], about: Publication, *, home: str, own: str) -> bytes:
    """The newest letters as a JSON Feed (jsonfeed.org/version/1.1).

    Args:
        letters: Newest first.
        about: Who publishes.
        home: Address of the archive.
        own: Address of the feed.
    """
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": about.name,
        "home_page_url": home,
        "feed_url": own,
        **({"description": about.tagline} if about.tagline else {}),
        "language": about.language.replace("_", "-"),
        "authors": [{"name": about.name, "url": about.url}],
        "items": [_item(one) for one in letters],
    }
    return (json.dumps(feed, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _item(one: LetterFacts) -> dict[str, Any]:
    return {
        "id": one.address,
        "url": one.address,
        "title": bidi.strip(one.subject),
        # An item has its text in one of two ways, and must have one (section "Items").
        **({"content_html": one.html} if one.html else {"content_text": bidi.strip(one.summary or one.subject)}),
        **({"summary": bidi.strip(one.summary)} if one.summary else {}),
        **({"image": one.pictures[0]} if one.pictures else {}),
        "date_published": one.sent.isoformat(),
    }


def _publisher(about: Publication) -> dict[str, Any]:
    logo = {"logo": {"@type": "ImageObject", "url": about.logo}} if about.logo.startswith("https://") else {}
    return {"@type": "NewsMediaOrganization", "name": about.name, "url": about.url, **logo}
