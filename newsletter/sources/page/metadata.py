"""What a page says of itself: JSON-LD, OpenGraph, its headline, times and bylines.

General extractors take a site's logo for the author and a menu for the section of Arabic pages, and glue the site's
name to the headline; so each of these is looked for by its own rule, the most explicit statement first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from newsletter.sources import when
from newsletter.sources.boilerplate import author_name, excerpt, section_name
from newsletter.sources.clean import plain
from newsletter.sources.links import absolute, host
from newsletter.sources.markup import classes
from newsletter.sources.page.linked import LinkedData
from newsletter.text.tidy import arabic_fold, tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LEAST_HEADLINE = 13
_SEPARATORS = re.compile(r"\s+[|\-–—:·•»«/]+\s+|\s*[|»«]\s*")
_HEADLINE_CLASSES = re.compile(
    r"^(?:entry|post|article|single|story|news|page|content|detail|details)[-_]?(?:title|headline|heading|header)$"
    r"|^(?:headline|article__title|story__title|post__title|entry__title|title-news|newstitle)$"
)
_DATE_METAS = (
    *("article:published_time", "og:published_time", "datepublished", "pubdate", "publishdate", "publish_date"),
    *("publish-date", "date.published", "dc.date.issued", "dcterms.created", "dc.date", "dcterms.date", "datecreated"),
    *("parsely-pub-date", "sailthru.date", "article.published", "date"),
)
_AUTHOR_METAS = ("author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author")
_SECTION_METAS = ("article:section", "parsely-section", "section")
_DATE_CLASSES = re.compile(
    r"(?:^|[-_])(?:date|time|published|pubdate|posted|timestamp|datetime)(?:$|[-_])|^(?:entry|post)date$|publish"
)
_AUTHOR_CLASSES = re.compile(
    r"^(?:(?:entry|post|article|single|story|news)[-_]{1,2})?(?:author|byline|writer|authors)(?:[-_]{1,2}(?:name|link|title))?$"
    r"|^(?:author|writer|byline)(?:name|link)$|^by-author$|^vcard$|^fn$"
)
_BYLINE = re.compile(r"^\s*(?:كتبت?|بقلم|بواسطة|حاورها|حاوره)\s*[:：/]?\s*(?P<name>\S.{2,60})$")
_OUTSIDE = re.compile(
    r"(?:^|[-_])(?:related|recommended|comments?|comment-list|sidebar|widgets?|footer|popular|trending|most-read|latest"
    r"|more-news|readmore|respond|menu|breaking|ticker|author-box|newsletter)(?:$|[-_])|^jp-relatedposts$"
)
_URL_DATE = re.compile(
    r"/((?:19|20)\d\d)/(?:[^/]+/)??(\d{1,2})/(\d{1,2})(?:/|$)|[/_-]((?:19|20)\d\d)[-_](\d\d)[-_](\d\d)(?:\D|$)"
)
_MOST_LOOKED_AT = 5000


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of the article of a page; any part may be empty."""

    title: str = ""
    url: str = ""
    description: str = ""
    image: str = ""
    image_alt: str = ""
    author: str = ""
    section: str = ""
    published: datetime | None = None
    article_body: str = ""
    """Plain text of the body as the page's JSON-LD gives it."""


def read(root: HtmlElement, where: str, *, now: datetime, zone: tzinfo) -> Metadata:
    """Read what a page says of its article.

    Args:
        root: The page.
        where: Its address, or a path.
        now: The present moment, aware.
        zone: Zone of moments that name none.
    """
    metas = _metas(root)
    linked = LinkedData.of(root)
    site = _site_names(metas, linked, where)
    base = where if where.startswith(("http://", "https://")) else ""
    page_title = tidy(next((each.text_content() for each in root.iter("title")), ""))
    description = plain(
        _first(metas, "og:description", "twitter:description", "description") or linked.text("description")
    )
    described, was_cut = excerpt(description)
    url = _address(root, metas, base)
    return Metadata(
        title=_title(root, metas, linked, page_title, site),
        url=url,
        description=f"{described}…" if was_cut and described else described,
        image=_image(metas, linked, url or base),
        image_alt=plain(_first(metas, "og:image:alt", "twitter:image:alt")),
        author=_author(root, metas, linked, site),
        section=_section(root, metas, linked),
        published=_published(root, metas, linked, where, now, zone),
        article_body=linked.text("articleBody"),
    )


def _metas(root: HtmlElement) -> Mapping[str, Sequence[str]]:
    """Contents of every meta element by its name, property or itemprop in lower case."""
    found: dict[str, list[str]] = {}
    for meta in root.iter("meta"):
        content = (meta.get("content") or "").strip()
        for name in {meta.get("property"), meta.get("name"), meta.get("itemprop")}:
            if name and content:
                found.setdefault(name.strip().lower(), []).append(content)
    return found


def _first(metas: Mapping[str, Sequence[str]], *names: str) -> str:
    return next((value for name in names for value in metas.get(name, ())), "")


def _site_names(metas: Mapping[str, Sequence[str]], linked: LinkedData, where: str) -> frozenset[str]:
    """Folded names of the site and its publisher."""
    names = (
        *metas.get("og:site_name", ()),
        *metas.get("application-name", ()),
        *metas.get("twitter:site", ()),
        *linked.publishers,
        host(where).partition(".")[0],
        host(where),
    )
    return frozenset(filter(None, map(arabic_fold, map(plain, names))))


# Headline


def _title(
    root: HtmlElement, metas: Mapping[str, Sequence[str]], linked: LinkedData, page_title: str, site: frozenset[str]
) -> str:
    stated = [plain(text) for text in (*metas.get("og:title", ()), *metas.get("twitter:title", ()))][:4]
    headline = plain(linked.text("headline"))
    claims = [text for text in (*stated, page_title, headline) if text]
    folded = [f" {arabic_fold(text)} " for text in claims]
    shown = [text for text in _shown_headlines(root) if arabic_fold(text) not in site]
    for text in shown:
        if len(text) >= _LEAST_HEADLINE and any(f" {arabic_fold(text)} " in claim for claim in folded):
            return text
    for text in shown:
        if any(_resembles(text, claim) for claim in claims):
            return text
    for text in (*stated, headline, page_title):
        bare = _without_site(text, site)
        if bare and arabic_fold(bare) not in site:
            return bare
    return shown[0] if shown else ""


def _shown_headlines(root: HtmlElement) -> list[str]:
    """Headlines that a reader sees: h1, and what is marked as the headline; the marked ones first."""
    marked: list[str] = []
    plain_ones: list[str] = []
    for element in root.iter("h1", "h2", "h3", "div", "p", "span"):
        is_marked = element.get("itemprop") == "headline" or any(map(_HEADLINE_CLASSES.match, classes(element)))
        if not is_marked and element.tag != "h1":
            continue
        if element.tag in ("div", "p", "span") and (not is_marked or len(element) > 3):
            continue
        if _is_outside(element):
            continue
        text = plain_text(element)
        if text and len(text) < 400:
            (marked if is_marked and element.tag == "h1" else plain_ones).append(text)
        if len(marked) + len(plain_ones) > 50:
            break
    return list(dict.fromkeys(marked + plain_ones))


def plain_text(element: HtmlElement) -> str:
    """Tidy text of an element, without scripts and without what is meant for screen readers only.

    Args:
        element: Any element.
    """
    pieces: list[str] = [element.text or ""]
    for child in element.iterdescendants():
        skip = (
            not isinstance(child.tag, str)
            or child.tag in ("script", "style", "svg")
            or "screen-reader-text" in classes(child)
        )
        pieces += ["" if skip else " " if child.tag == "br" else child.text or "", child.tail or ""]
    return tidy("".join(pieces))


def _resembles(text: str, claim: str) -> bool:
    """Whether a headline shown and one stated are two wordings of one: most words of each in the other."""
    one, other = set(arabic_fold(text).split()), set(arabic_fold(claim).split())
    common = len(one & other)
    return len(one) >= 3 and common >= 0.6 * len(one) and common >= 0.5 * len(other)


def _without_site(text: str, site: frozenset[str]) -> str:
    """Take the site's name off either end of a headline."""
    parts = [part for part in _SEPARATORS.split(text) if part.strip()]
    if len(parts) < 2:
        return text.strip()
    ends = {0: arabic_fold(parts[0]), -1: arabic_fold(parts[-1])}
    for end, folded in ends.items():
        if folded in site:
            kept = text[len(parts[0]) :] if end == 0 else text[: text.rindex(parts[-1])]
            return _without_site(kept.strip(" |-–—:·•»«/\t"), site)
    return text.strip()


# Author


def _author(root: HtmlElement, metas: Mapping[str, Sequence[str]], linked: LinkedData, site: frozenset[str]) -> str:
    def real(text: str) -> str:
        return author_name(plain(text), site)

    people = [name for name in map(real, linked.authors) if name]
    if people:
        return "، ".join(dict.fromkeys(people))
    for name in _AUTHOR_METAS:
        for text in metas.get(name, ()):
            if real(text):
                return real(text)
    for element in _looked_at(root):
        relation = (element.get("rel") or "").lower().split()
        marked = element.get("itemprop") == "author" or "author" in relation
        if (marked or any(map(_AUTHOR_CLASSES.match, classes(element)))) and not _is_outside(element):
            text = _byline(plain_text(element))
            if real(text):
                return real(text)
    for element in root.iter("p", "span", "div", "h4", "h5", "strong"):
        if len(element) <= 2 and (match := _BYLINE.match(plain_text(element)[:80])) and not _is_outside(element):
            name = real(match["name"])
            if name and len(name.split()) <= 5:
                return name
    return ""


def _byline(text: str) -> str:
    """The name in a byline block, without the date and the place that stand beside it."""
    return re.split(r"\s[|•·–—-]\s|\d", text)[0]


# Date


def _published(
    root: HtmlElement,
    metas: Mapping[str, Sequence[str]],
    linked: LinkedData,
    where: str,
    now: datetime,
    zone: tzinfo,
) -> datetime | None:
    stated = [linked.text("datePublished"), *(text for name in _DATE_METAS for text in metas.get(name, ()))]
    stated.append(linked.text("dateCreated"))
    for text in stated:
        found = when.parse(text, now=now, zone=zone)
        if found:
            return found
    for text in _shown_dates(root):
        found = when.parse(text, now=now, zone=zone)
        if found:
            return found
    match = _URL_DATE.search(where)
    if match:
        year, month, day = (match[n] or match[n + 3] for n in (1, 2, 3))
        return when.parse(f"{year}-{month}-{day}", now=now, zone=zone)
    return None


def _shown_dates(root: HtmlElement) -> Iterator[str]:
    """Times and dates that a reader sees, the ones marked as published first, the modified ones never."""
    times = [each for each in root.iter("time") if not _is_outside(each)]
    marked = [
        each
        for each in times
        if (each.get("itemprop") or "").lower() == "datepublished" or "published" in classes(each)
    ]
    updated = [
        each for each in times if (each.get("itemprop") or "").lower() == "datemodified" or "updated" in classes(each)
    ]
    for each in [*marked, *(each for each in times if each not in marked and each not in updated), *marked]:
        yield each.get("datetime") or ""
        yield plain_text(each)
    for element in _looked_at(root):
        if (element.get("itemprop") or "").lower() == "datepublished":
            yield element.get("content") or element.get("datetime") or plain_text(element)
    for element in _looked_at(root):
        names = classes(element) | {(element.get("id") or "").lower()}
        if len(element) <= 6 and any(map(_DATE_CLASSES.search, names)) and not _is_outside(element):
            text = plain_text(element)
            if len(text) <= 120:
                yield text


# The rest


def _address(root: HtmlElement, metas: Mapping[str, Sequence[str]], base: str) -> str:
    """The canonical address, if it is of the same site and not merely its front page."""
    canonical = next(
        (
            each.get("href") or ""
            for each in root.iter("link")
            if "canonical" in (each.get("rel") or "").lower().split()
        ),
        "",
    )
    for claim in (canonical, _first(metas, "og:url")):
        address = absolute(base, claim)
        if address and (not base or host(address) == host(base)) and _path(address) not in ("", "/"):
            return address
    return absolute("", base)


def _path(address: str) -> str:
    return "/" + address.partition("://")[2].partition("/")[2]


def _image(metas: Mapping[str, Sequence[str]], linked: LinkedData, base: str) -> str:
    claims = [
        text
        for name in ("og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src")
        for text in metas.get(name, ())
    ]
    return next(filter(None, (absolute(base, claim) for claim in (*claims, *linked.images))), "")


def _section(root: HtmlElement, metas: Mapping[str, Sequence[str]], linked: LinkedData) -> str:
    stated = [plain(text) for name in _SECTION_METAS for text in metas.get(name, ())]
    tagged = (
        plain_text(each)
        for each in root.iter("a")
        if {"category", "tag"} <= set((each.get("rel") or "").lower().split()) and not _is_outside(each)
    )
    return section_name([*stated, *map(plain, linked.sections), *tagged, *linked.breadcrumbs[-1:]])


def _looked_at(root: HtmlElement) -> Iterator[HtmlElement]:
    """The elements that may carry a byline or a date: those with a class or itemprop, up to a limit."""
    seen = 0
    for element in root.iter(
        "a", "span", "div", "p", "li", "address", "small", "strong", "b", "em", "i", "h4", "h5", "h6", "td"
    ):
        if element.get("class") or element.get("itemprop") or element.get("rel") or element.get("id"):
            seen += 1
            if seen > _MOST_LOOKED_AT:
                return
            yield element


def _is_outside(element: HtmlElement) -> bool:
    """Whether an element stands in a part of the page that is about other articles, or none."""
    for each in (element, *element.iterancestors()):
        if each.tag in ("aside", "footer", "nav", "form"):
            return True
        if each.tag not in ("body", "html", "article", "main") and any(
            map(_OUTSIDE.search, classes(each) | {(each.get("id") or "").lower()})
        ):
            return True
    return False
