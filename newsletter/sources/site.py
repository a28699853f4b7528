"""A page of the web: the article it shows, the WordPress site behind it, or the feed that it names."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import feed_pages, page, rest, wordpress
from newsletter.sources.charset import decode
from newsletter.sources.clean.markup import tree
from newsletter.sources.documents import ArticleFilter, Document, NoArticleError, SourceResult
from newsletter.sources.http.models import Fetched, FetcherProtocol, FetchError
from newsletter.sources.identity import normal_url
from newsletter.sources.links import absolute, is_front

_COMMENTS = ("التعليقات", "تعليقات", "comments")
_MOST_FEEDS = 3
_HEADING = re.compile(rb"<(?:h1|article)\b", re.IGNORECASE)
_LITTLE = 600
"""Letters of a body, tags included, up to which it may be the words of an error page."""


def is_wordpress(document: Document) -> bool:
    """Say whether an address belongs to a WordPress site that names its REST interface; a saved page asks nobody.

    Args:
        document: Any document.
    """
    return document.got is not None and wordpress.signpost(document.got) is not None


def read_wordpress(document: Document, wanted: ArticleFilter) -> SourceResult:
    """Read a page of WordPress through its REST interface, as a page or by its feed where that is closed.

    Args:
        document: The page, of an address.
        wanted: Which articles, if it lists many.

    Raises:
        SourceError: There is no article to be had.
    """
    got, door = _answer(document)
    sign = wordpress.signpost(got)
    assert sign is not None
    try:
        return _wordpress(document, sign, wanted)
    except FetchError as error:
        other = _page_or_feed(document, wanted, is_list=_is_list(got, sign))
        is_page = any(article.source == got.url for article in other.articles)
        way = "the page itself" if is_page else "its feed"
        if is_page:
            other = replace(other, articles=tuple(_completed(each, door, wanted) for each in other.articles))
        return replace(other, notes=(f"{error.where}: {error.what}; {way} was read instead", *other.notes))


def read_page(document: Document, wanted: ArticleFilter) -> SourceResult:
    """Read a page as an article; at an address, a front page and one without an article through the feed it names.

    Args:
        document: The page.
        wanted: Which articles, if it stands for many.

    Raises:
        SourceError: There is no article to be had.
    """
    if document.got is not None:
        return _page_or_feed(document, wanted)
    if wordpress.wants_password(decode(document.data)):
        raise wordpress.locked(document.where)
    return SourceResult((_article(document, wanted),))


def _article(document: Document, wanted: ArticleFilter) -> Article:
    return page.parse(document.data, document.where, charset=document.charset, now=wanted.now, zone=wanted.zone)


def _answer(document: Document) -> tuple[Fetched, FetcherProtocol]:
    """What only a document of an address has."""
    assert document.got is not None
    assert document.door is not None
    return document.got, document.door


def _completed(article: Article, door: FetcherProtocol, wanted: ArticleFilter) -> Article:
    """Author, section and moment of an article whose page hides them, from the feed that WordPress has of every one."""
    if article.author and article.section and article.published:
        return article
    try:
        got = door.get(wordpress.feed_of(article.url), "feed")
        entries = feed_pages.parsed(Document(got.data, got.url, got=got, door=door), wanted).articles
    except SourceError:
        return article
    own = next((each for each in entries if normal_url(each.url) == normal_url(article.url)), article)
    return replace(
        article,
        author=article.author or own.author,
        section=article.section or own.section,
        published=article.published or (own.published and own.published.astimezone(wanted.zone)),
    )


def _wordpress(document: Document, sign: wordpress.RestLink, wanted: ArticleFilter) -> SourceResult:
    got, door = _answer(document)
    if not _is_list(got, sign):
        site = wordpress.open_site(door, sign.root)
        article = wordpress.twin(door, site, sign, got, now=wanted.now)
        return SourceResult((article,)) if article else _page_or_feed(document, wanted)
    if wanted.is_single:
        raise _no_article(got)
    found, _ = rest.read_list(door, sign, got.url, wanted)
    return found if found.articles or found.refused else _from_feed(document, found, wanted)


def _from_feed(document: Document, found: SourceResult, wanted: ArticleFilter) -> SourceResult:
    """What the feed shows of a site that lists no post at all: it may publish in a type of posts of its own."""
    try:
        other = _page_or_feed(document, wanted, is_list=True)
    except SourceError:
        return found
    note = f"{document.where}: its REST interface lists nothing; its feed was read instead"
    return replace(other, notes=(note, *other.notes)) if other.articles else found


def _no_article(got: Fetched) -> NoArticleError:
    what = "this is the front page of a site" if is_front(got.url) else "this is a page that lists articles"
    return NoArticleError(f"{what}, not an article", where=got.url, mend="collect from it by itself")


def _is_list(got: Fetched, sign: wordpress.RestLink) -> bool:
    """Whether a page of WordPress lists articles: an archive page, or the front page."""
    return sign.is_archive or is_front(got.url) or normal_url(got.url) == normal_url(sign.home)


def _page_or_feed(document: Document, wanted: ArticleFilter, *, is_list: bool = False) -> SourceResult:
    """Read a page as an article; a front page, and one in which no article is, through the feed it names."""
    got, door = _answer(document)
    is_list = is_list or is_front(got.url)
    if is_list and wanted.is_single:
        raise _no_article(got)
    trouble: SourceError | None = None
    if not is_list:
        if wordpress.wants_password(decode(got.data, got.charset)):
            raise wordpress.locked(got.url)
        try:
            article = _article(document, wanted)
            _refuse_what_any_address_shows(article, document, wanted)
            return SourceResult((article,))
        except SourceError as error:
            if wanted.is_single:
                raise
            trouble = error
    feeds = _feeds_of(got, is_list=is_list or isinstance(trouble, NoArticleError))
    if isinstance(trouble, NoArticleError):  # of a part of the site, never the whole: only its own feed stands for it
        feeds = [each for each in feeds if urlsplit(got.url).path.strip("/") and _is_below(each, got.url)]
    for address in feeds:
        try:
            answer = door.get(address, "feed")
            named = Document(answer.data, answer.url, got=answer, door=door)
            # What marks the feed of a site says nothing of the page that names it.
            return replace(feed_pages.read(named, wanted, is_site=True), validator=None)
        except SourceError as error:
            trouble = trouble or error
    if trouble:
        raise trouble
    raise SourceError(
        "this is a front page without a feed", where=got.url, mend="give the addresses of its articles, or its sitemap"
    )


def _refuse_what_any_address_shows(article: Article, document: Document, wanted: ArticleFilter) -> None:
    """Refuse an article that the site shows at an address that nobody ever made: the shell of a program of the browser.

    Only what bears no sign of an article is worth the question: no heading, no moment, no author, and little to say.

    Raises:
        NoArticleError: It is the same.
    """
    got, door = _answer(document)
    is_signed = article.published is not None or article.author or len(article.body) > _LITTLE
    if is_signed or _HEADING.search(got.data) or urlsplit(got.url).query:
        return
    name = hashlib.sha256(got.url.encode()).hexdigest()[:12]
    address = got.url.rstrip("/").rpartition("/")[0] + f"/{name}/"
    try:
        answer = door.get(address, "page")
        other = _article(Document(answer.data, answer.url, got=answer, door=door), wanted)
    except SourceError:
        return
    if replace(other, url=article.url, source=article.source, identities=article.identities) == article:
        what = "the site shows the same at any address that does not exist, so this is no article"
        mend = f"check the address, or give the site's front page {absolute(got.url, '/')}"
        raise NoArticleError(what, where=got.url, mend=mend)


def _feeds_of(got: Fetched, *, is_list: bool) -> list[str]:
    """Addresses of the feeds that a page names, those of comments left out; for WordPress its usual one.

    An archive names the feed of the whole site first: its own is the one below its own address.
    """
    root = tree(decode(got.data, got.charset))
    found: dict[str, None] = {}
    for element in root.iter("link") if root is not None else ():
        kind = (element.get("type") or "").lower().strip()
        is_feed = kind in feed_pages.MEDIA and "alternate" in (element.get("rel") or "").lower().split()
        address = absolute(got.url, element.get("href") or "")
        title = (element.get("title") or "").lower()
        is_comments = any(word in title for word in _COMMENTS) or "/comments/" in address
        if is_feed and address and not is_comments and len(found) < _MOST_FEEDS:
            found[address] = None
    if not found and wordpress.signpost(got):
        found[absolute(got.url, got.url.partition("?")[0].rstrip("/") + "/feed/")] = None
    return sorted(found, key=lambda address: not (is_list and _is_below(address, got.url)))


def _is_below(address: str, page_url: str) -> bool:
    """Whether an address is one in the folder of a page, with its parameters: ``/a/feed/``, ``/?feed=rss2&cat=4``."""
    inner, outer = urlsplit(normal_url(address)), urlsplit(normal_url(page_url))
    return inner.path.startswith(outer.path) and set(parse_qsl(inner.query)) >= set(parse_qsl(outer.query))
