"""One post of the REST interface as an article."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from newsletter.models import Article
from newsletter.sources import when
from newsletter.sources.clean import clean, first_image, plain
from newsletter.sources.clean.boilerplate import author_name, section_name
from newsletter.sources.clean.teaser import teaser
from newsletter.sources.identity import of_guid, of_wordpress
from newsletter.sources.links import absolute
from newsletter.sources.wordpress.models import ListedPost, RestLink, WordPressSite
from newsletter.sources.wordpress.signs import interface_of
from newsletter.sources.wordpress.values import as_list, as_text

_WIDEST_LETTER = 600
"""Pixels of a letter's column: the smallest picture at least as wide is the best."""


def is_locked(value: Mapping[str, Any]) -> bool:
    """Whether a post wants a password: its content and excerpt are then empty, and say so.

    Args:
        value: A post of the interface.
    """
    return any(
        isinstance(part := value.get(name), Mapping) and part.get("protected") is True
        for name in ("content", "excerpt")
    )


def listed(value: Mapping[str, Any], site: WordPressSite, now: datetime) -> ListedPost | None:
    """A post of the short listing, or None when it can be neither read nor asked for.

    Args:
        value: A post of the interface.
        site: As open_site gave it.
        now: The present moment, aware.
    """
    article = article_of(value, site, now)
    number = value.get("id")
    return ListedPost(number, article, value.get("sticky") is True) if article and isinstance(number, int) else None


def article_of(value: Mapping[str, Any], site: WordPressSite, now: datetime) -> Article | None:
    """A post as an article, or None when it has neither a title nor words.

    Args:
        value: A post of the interface, in its short or whole form.
        site: As open_site gave it.
        now: The present moment, aware.
    """
    url = absolute(site.url or site.root, as_text(value.get("link")))
    title = plain(_rendered(value, "title"))
    body = clean(_rendered(value, "content"), url)
    short = teaser(_rendered(value, "excerpt"), body, title)
    if not title and not short:
        return None
    embedded = value.get("_embedded")
    parts = embedded if isinstance(embedded, Mapping) else {}
    image, alt = _picture(parts, url) or (absolute(url, as_text(value.get("jetpack_featured_media_url"))), "")
    if not image:
        image, alt = first_image(body)
    categories = [name for name in _terms(parts, "category") if section_name([name])]
    section, sticky = section_name(categories), value.get("sticky")
    return Article(
        title=title or short,
        url=url,
        summary=short,
        body=body,
        image=image,
        image_alt=alt,
        author=_author(parts, site),
        section=section,
        published=_published(value, site, now),
        source=site.root,
        tags=tuple(
            name for name in dict.fromkeys([*categories, *_terms(parts, "post_tag")]) if name and name != section
        ),
        sticky=sticky if isinstance(sticky, bool) else None,
        identities=_identities(value, site, url),
        reading="rest",
    )


def _identities(value: Mapping[str, Any], site: WordPressSite, url: str) -> tuple[str, ...]:
    """Site and number, then the guid: it goes on naming the site by the domain it had when the post was written."""
    number = value.get("id")
    home = site.url or (RestLink(site.root).home if interface_of(site.root) else "")
    own = (of_wordpress(home, number),) if home and isinstance(number, int) and number > 0 else ()
    return tuple(dict.fromkeys([*own, *of_guid(_rendered(value, "guid"), home, url)]))


def _published(value: Mapping[str, Any], site: WordPressSite, now: datetime) -> datetime | None:
    universal = when.parse(as_text(value.get("date_gmt")), now=now)
    local = when.parse(as_text(value.get("date")), now=now, zone=site.zone)
    return universal.astimezone(site.zone) if universal else local


def _author(parts: Mapping[str, Any], site: WordPressSite) -> str:
    """Names of the authors; where the users' route is blocked, an error stands in their place."""
    people = (as_text(each.get("name")) for each in as_list(parts.get("author")) if isinstance(each, Mapping))
    names = (author_name(plain(name), [site.name]) for name in people)
    return "، ".join(dict.fromkeys(name for name in names if name))


def _terms(parts: Mapping[str, Any], taxonomy: str) -> Iterator[str]:
    for terms in as_list(parts.get("wp:term")):
        for term in as_list(terms):
            if isinstance(term, Mapping) and term.get("taxonomy") == taxonomy:
                yield plain(as_text(term.get("name")))


def _picture(parts: Mapping[str, Any], base: str) -> tuple[str, str] | None:
    """The featured picture in the smallest size that fills a letter, else the largest."""
    media = next(iter(as_list(parts.get("wp:featuredmedia"))), None)
    if not isinstance(media, Mapping) or not as_text(media.get("mime_type") or "image/").startswith("image/"):
        return None
    info = media.get("media_details")
    info = info if isinstance(info, Mapping) else {}
    sizes = info.get("sizes")
    named = list(sizes.values()) if isinstance(sizes, Mapping) else []
    offers = [
        each
        for each in (*named, {"source_url": media.get("source_url"), "width": info.get("width")})
        if isinstance(each, Mapping)
    ]
    widths = sorted(
        (width if isinstance(width := each.get("width"), int) else 0, address)
        for each in offers
        if (address := absolute(base, as_text(each.get("source_url"))))
    )
    if not widths:
        return None
    best = next((address for width, address in widths if width >= _WIDEST_LETTER), widths[-1][1])
    return best, plain(as_text(media.get("alt_text")))


def _rendered(value: Mapping[str, Any], name: str) -> str:
    part = value.get(name)
    return as_text(part.get("rendered")) if isinstance(part, Mapping) else as_text(part)
