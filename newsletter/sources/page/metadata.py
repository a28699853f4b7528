"""What a page says of itself: JSON-LD, OpenGraph, its headline, times and bylines.

General extractors take a site's logo for the author and a menu for the section of Arabic pages, and glue the site's
name to the headline; so each of these is looked for by its own rule, the most explicit statement first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from newsletter.sources import when
from newsletter.sources.clean import plain
from newsletter.sources.clean.boilerplate import author_name, excerpt, section_name
from newsletter.sources.clean.markup import classes, text_of
from newsletter.sources.links import absolute, host, is_web
from newsletter.sources.page import headline
from newsletter.sources.page.dates import after_first, named_parts, shown_dates
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
_AUTHOR_METAS = ("author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author")
_SECTION_METAS = ("article:section", "parsely-section", "section")
_AUTHOR_CLASSES = re.compile(
    r"^(?:(?:entry|post|article|single|story|news|meta|td-post)[-_]{1,2})?(?:author|byline|writer|authors)"
    r"(?:[-_]{1,2}(?:name|link|title))?$|^(?:author|writer|byline)(?:name|link)$|^by-author$|^fn$|^posted-by$"
)
_BYLINE = re.compile(r"^\s*(?:كتبت?|بقلم|بواسطة|حاورها|حاوره|حوار|تحرير|إعداد)\s*[:：/]?\s+(?P<name>\S.{2,60})$")
_NO_NAME = re.compile(r"\s[|•·–—-]\s|\s*[|•·]\s*|\d|[؟?!.،]\s|[؟?!.]$")
_URL_DATE = re.compile(
    r"/((?:19|20)\d\d)/(?:[^/]+/)??(\d{1,2})/(\d{1,2})(?:/|$)"
    r"|[/_-]((?:19|20)\d\d)[-_](\d\d)[-_](\d\d)(?:\D|$)"
    r"|/((?:19|20)\d\d)(\d\d)(\d\d)(?:/|$)"
)
_MOBILE = re.compile(r"^(?:m|mobile|amp)\.")
_CLOCK = re.compile(r"\d:\d\d")


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
        site=_site_names(metas, linked, url or asked),
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
        author=_author(root, stated, shown.element),
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


def _site_names(metas: Mapping[str, Sequence[str]], linked: LinkedData, url: str) -> frozenset[str]:
    called = (
        *metas.get("og:site_name", ()),
        *metas.get("application-name", ()),
        *metas.get("twitter:site", ()),
        *linked.publishers,
        host(url).partition(".")[0],
        host(url),
    )
    return frozenset(filter(None, map(arabic_fold, map(plain, called))))


# Author


def _author(root: HtmlElement, stated: PageClaims, shown: HtmlElement | None) -> str:
    def real(text: str) -> str:
        name = author_name(plain(text), stated.site)
        folded = arabic_fold(name)
        return "" if any(len(each) > 6 and each in folded for each in stated.site) else name

    people = [name for name in map(real, stated.linked.authors) if name]
    if people:
        return "، ".join(dict.fromkeys(people))
    for text in (text for name in _AUTHOR_METAS for text in stated.metas.get(name, ())):
        if real(text):
            return real(text)
    for element in after_first(named_parts(root), shown):
        relation = (element.get("rel") or "").lower().split()
        is_marked = "author" in (element.get("itemprop") or "").lower().split() or "author" in relation
        if is_marked or any(map(_AUTHOR_CLASSES.match, names(element))):
            name = real(_NO_NAME.split(text_of(element))[0])
            if name:
                return name
    for element in after_first(root.iter("p", "span", "div", "h4", "h5", "strong", "li", "b"), shown):
        if len(element) <= 2 and (match := _BYLINE.match(text_of(element)[:80])):
            name = real(_NO_NAME.split(match["name"])[0])
            if name and len(name.split()) <= 5 and name == match["name"].strip(" :/"):
                return name
    return ""


# Date


def _published(
    root: HtmlElement, stated: PageClaims, shown: HtmlElement | None, where: str, now: datetime, zone: tzinfo
) -> datetime | None:
    texts = [stated.linked.text("datePublished")]
    texts += [text for name in _DATE_METAS for text in stated.metas.get(name, ())]
    texts += [stated.linked.text("dateCreated"), stated.linked.text("uploadDate")]
    found = [(text, moment) for text in texts if (moment := when.parse(text, now=now, zone=zone))]
    if found:
        text, first = found[0]
        if not _CLOCK.search(text):  # a bare day; another statement may know the hour of it
            return next((each for other, each in found if _CLOCK.search(other) and each.date() == first.date()), first)
        return first
    for text in shown_dates(root, shown):
        moment = when.parse(text, now=now, zone=zone)
        if moment:
            return moment
    for address in (where if is_web(where) else "", stated.url):
        match = _URL_DATE.search(address)
        if match:
            year, month, day = (next(filter(None, (match[n], match[n + 3], match[n + 6]))) for n in (1, 2, 3))
            moment = when.parse(f"{year}-{month}-{day}", now=now, zone=zone)
            if moment:
                return moment
    return None


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
