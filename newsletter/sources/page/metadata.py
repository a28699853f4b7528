"""What a page says of itself: JSON-LD, OpenGraph, its headline, times and bylines.

General extractors take a site's logo for the author and a menu for the section of Arabic pages, and glue the site's
name to the headline; so each of these is looked for by its own rule, the most explicit statement first.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from newsletter.sources import when
from newsletter.sources.clean import plain
from newsletter.sources.clean.boilerplate import author_name, excerpt, section_name
from newsletter.sources.clean.markup import classes, text_of
from newsletter.sources.links import absolute, host, is_web
from newsletter.sources.page import headline
from newsletter.sources.page.bylines import shown_bylines
from newsletter.sources.page.dates import shown_dates
from newsletter.sources.page.leading import leading
from newsletter.sources.page.linked import LinkedData
from newsletter.sources.page.outline import names
from newsletter.text.tidy import arabic_fold, tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_DATE_METAS = (
    *("article:published_time", "og:published_time", "datepublished", "pubdate", "publishdate", "publish_date"),
    *("publish-date", "date.published", "dc.date.issued", "dcterms.created", "dc.date", "dcterms.date", "datecreated"),
    *("parsely-pub-date", "sailthru.date", "article.published", "article:published", "published_time", "date"),
)
_AUTHOR_METAS = ("author", "article:author", "parsely-author", "sailthru.author")
_THEME_METAS = ("dc.creator", "dcterms.creator")
"""Themes put their own developer there, so it is believed only of somebody whom the article shows."""
_PUBLISHER_METAS = ("dc.publisher", "dcterms.publisher", "publisher", "copyright")
_MOST_LINKS = 3000
_LONGEST_SITE = 80
_SECTION_METAS = ("article:section", "parsely-section", "section")
_URL_DATE = re.compile(
    r"/((?:19|20)\d\d)/(?:[^/]+/)??(\d{1,2})/(\d{1,2})(?:/|$)"
    r"|[/_-]((?:19|20)\d\d)[-_](\d\d)[-_](\d\d)(?:\D|$)"
    r"|/((?:19|20)\d\d)(\d\d)(\d\d)(?:/|$)"
)
_MOBILE = re.compile(r"^(?:m|mobile|amp)\.")
_AROUND = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class PageClaims:
    """What a page states in its head and scripts, and where it says it belongs; read before anything is pruned."""

    metas: Mapping[str, Sequence[str]]
    linked: LinkedData
    page_title: str
    site: frozenset[str]
    """Folded names of the site and its publisher."""
    url: str
    """Canonical address, or the address it was asked at; empty for a file that names none."""
    base: str
    """Address that relative links are relative to; may be empty."""
    section: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of the article of a page; any part may be empty."""

    title: str = ""
    url: str = ""
    base: str = ""
    description: str = ""
    image: str = ""
    image_alt: str = ""
    author: str = ""
    section: str = ""
    published: datetime | None = None
    article_body: str = ""
    """Plain text of the body as the page's JSON-LD gives it."""
    headline: HtmlElement | None = None
    """The element that shows the headline."""
    is_stated: bool = False
    """Whether the page states a headline in OpenGraph or JSON-LD."""


def claims(root: HtmlElement, where: str) -> PageClaims:
    """Read what a page states of itself.

    Args:
        root: The whole page.
        where: Its address, or a path.
    """
    metas = _metas(root)
    linked = LinkedData.of(root)
    asked = absolute("", where) if is_web(where) else ""
    base = absolute(asked, next((each.get("href") or "" for each in root.iter("base")), "")) or asked
    url = _address(root, metas, asked)
    return PageClaims(
        metas=metas,
        linked=linked,
        page_title=tidy(next((each.text_content() for each in root.iter("title")), "")),
        site=_site_names(root, metas, linked, url or asked),
        url=url,
        base=base or url,
        section=_section(root, metas, linked),
    )


def read(root: HtmlElement, stated: PageClaims, where: str, *, now: datetime, zone: tzinfo) -> Metadata:
    """Read what a page says of its article.

    Args:
        root: The page without the parts that are not the article's.
        stated: What it states of itself.
        where: Its address, or a path.
        now: The present moment, aware.
        zone: Zone of moments that name none.
    """
    metas, linked = stated.metas, stated.linked
    titles = [*metas.get("og:title", ())[:2], *metas.get("twitter:title", ())[:2], linked.text("headline")]
    home = re.sub(r"(?<=[^/])/(?!/).*", "/", stated.url or stated.base)
    shown = headline.find(root, [text for text in map(plain, titles) if text], stated.page_title, stated.site, home)
    description = _first(metas, "og:description", "twitter:description", "description") or linked.text("description")
    described, was_cut = excerpt(plain(description))
    image, alt = picture(stated)
    if not image:
        image, alt = leading(root, stated.url, stated.base)
    return Metadata(
        title=shown.text,
        url=stated.url,
        base=stated.base,
        description=f"{described}…" if was_cut and described else described,
        image=image,
        image_alt=alt,
        author=_author(root, stated, shown.element, now),
        section=stated.section,
        published=_published(root, stated, shown.element, where, now, zone),
        article_body=linked.text("articleBody"),
        headline=shown.element,
        is_stated=any(titles),
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


def _site_names(root: HtmlElement, metas: Mapping[str, Sequence[str]], linked: LinkedData, url: str) -> frozenset[str]:
    called = (
        *metas.get("og:site_name", ()),
        *metas.get("application-name", ()),
        *metas.get("twitter:site", ()),
        *(text for name in _PUBLISHER_METAS for text in metas.get(name, ())),
        *linked.publishers,
        *_home_links(root, url),
        host(url).partition(".")[0],
        host(url),
    )
    return frozenset(filter(None, map(arabic_fold, map(plain, called))))


def _home_links(root: HtmlElement, url: str) -> Iterator[str]:
    """What the links to the front page say, for example a logo's alternative text."""
    home = re.sub(r"(?<=[^/])/(?!/).*", "", url)
    for link in itertools.islice(root.iter("a"), _MOST_LINKS):
        target = (link.get("href") or "").strip()
        if target in ("/", "./") or (home and target.rstrip("/") == home):
            said = (text_of(link), link.get("title") or "", *(each.get("alt") or "" for each in link.iter("img")))
            yield from (text for text in said if len(text) <= _LONGEST_SITE)


# Author


def _author(root: HtmlElement, stated: PageClaims, shown: HtmlElement | None, now: datetime) -> str:
    def real(text: str) -> str:
        name = author_name(plain(text), stated.site)
        folded = arabic_fold(name)
        return "" if any(len(each) > 6 and each in folded for each in stated.site) else name

    people = [name for name in map(real, stated.linked.authors) if name]
    if people:
        return "، ".join(dict.fromkeys(people))
    whole = arabic_fold(text_of(root)) if any(stated.metas.get(name) for name in _THEME_METAS) else ""
    for name in (*_AUTHOR_METAS, *_THEME_METAS):
        for text in stated.metas.get(name, ()):
            found = real(text)
            if found and (name not in _THEME_METAS or arabic_fold(found) in whole):
                return found
    return next(filter(None, map(real, shown_bylines(root, shown, stated.section, now))), "")


# Date


def _published(
    root: HtmlElement, stated: PageClaims, shown: HtmlElement | None, where: str, now: datetime, zone: tzinfo
) -> datetime | None:
    texts = [stated.linked.text("datePublished")]
    texts += [text for name in _DATE_METAS for text in stated.metas.get(name, ())]
    texts += [stated.linked.text("dateCreated"), stated.linked.text("uploadDate")]
    in_head = [found for text in texts if (found := when.read(text, now=now, zone=zone))]
    addresses = (where if is_web(where) else "", stated.url)
    others = itertools.chain(shown_dates(root, shown), map(_date_of_address, addresses))
    on_page = (found for text in others if (found := when.read(text, now=now, zone=zone)))
    first = in_head[0] if in_head else next(on_page, None)
    if first is None:
        return None
    if first.precision == when.Precision.AROUND_THE_DAY:  # another statement may know the day itself
        better = (each for each in (*in_head, *on_page) if each.precision > first.precision)
        return next((each.moment for each in better if abs(each.moment - first.moment) <= _AROUND), first.moment)
    if first.precision == when.Precision.DAY:  # another statement may know its hour
        exact = (each.moment for each in in_head if each.precision > first.precision)
        return next((each for each in exact if each.date() == first.moment.date()), first.moment)
    return first.moment


def _date_of_address(address: str) -> str:
    """The day that stands in the path of an address, or nothing."""
    match = _URL_DATE.search(address)
    if not match:
        return ""
    return "-".join(next(filter(None, (match[n], match[n + 3], match[n + 6]))) for n in (1, 2, 3))


# The rest


def _address(root: HtmlElement, metas: Mapping[str, Sequence[str]], asked: str) -> str:
    """The canonical address, if it is of the same site and not merely its front page."""
    links = (
        each.get("href") or "" for each in root.iter("link") if "canonical" in (each.get("rel") or "").lower().split()
    )
    for claim in (next(links, ""), _first(metas, "og:url")):
        address = absolute(asked, claim)
        if address and (not asked or _same_site(address, asked)) and _path(address) not in ("", "/"):
            return address
    return asked


def _same_site(one: str, other: str) -> bool:
    """Whether two addresses are of one site, its pages for telephones included."""
    return _MOBILE.sub("", host(one)) == _MOBILE.sub("", host(other))


def _path(address: str) -> str:
    return "/" + address.partition("://")[2].partition("/")[2]


def picture(stated: PageClaims) -> tuple[str, str]:
    """The picture that a page states for its article, and its alternative text.

    Args:
        stated: What it states of itself.
    """
    properties = ("og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src", "image")
    claimed = [text for name in properties for text in stated.metas.get(name, ())]
    addresses = (absolute(stated.base, claim) for claim in (*claimed, *stated.linked.images))
    found = next(filter(None, addresses), "")
    return found, plain(_first(stated.metas, "og:image:alt", "twitter:image:alt")) if found else ""


def _section(root: HtmlElement, metas: Mapping[str, Sequence[str]], linked: LinkedData) -> str:
    stated = [plain(text) for name in _SECTION_METAS for text in metas.get(name, ())]
    tagged = (
        text_of(each)
        for each in root.iter("a")
        if "category" in (each.get("rel") or "").lower().split()
        and not any(
            above.tag in ("aside", "nav") or "related" in " ".join(classes(above)) for above in each.iterancestors()
        )
    )
    crumbs = next((each for each in root.iter("nav", "ul", "ol", "div", "p") if _is_breadcrumb(each)), None)
    steps = [text_of(link) for link in crumbs.iter("a")] if crumbs is not None else []
    return section_name([*stated, *map(plain, linked.sections), *tagged, *linked.breadcrumbs[-1:], *steps[1:][-1:]])


def _is_breadcrumb(element: HtmlElement) -> bool:
    return any("breadcrumb" in name for name in names(element))
