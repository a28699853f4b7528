"""Posts of a site: listed in short, then fetched whole, or one by the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from urllib.parse import unquote, urlsplit

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources.clean import plain
from newsletter.sources.documents import Refusal
from newsletter.sources.http.models import Fetched, FetcherProtocol, FetchError
from newsletter.sources.identity import normal_url
from newsletter.sources.links import absolute
from newsletter.sources.wordpress.asking import ApiAnswer, ask
from newsletter.sources.wordpress.models import ARCHIVES, ListedPost, ListRequest, PostListing, RestLink, WordPressSite
from newsletter.sources.wordpress.reading import article_of, is_locked, listed
from newsletter.sources.wordpress.signs import locked
from newsletter.sources.wordpress.values import as_moment, as_text, zone_of

_SHORT = "id,guid,date,date_gmt,link,title,excerpt,categories,featured_media,jetpack_featured_media_url,sticky"
WHOLE = f"{_SHORT},content,author,_links,_embedded"
EMBED = "author,wp:featuredmedia,wp:term"
_PER_PAGE = 100
AT_ONCE = 25
"""Posts whose content and embeds are asked for at once: about 17 KB each."""
_MOST_PAGES = 50


def open_site(door: FetcherProtocol, root: str) -> WordPressSite:
    """Ask a site for its name and zone.

    Args:
        door: Fetches an address, as a Fetcher does.
        root: Address of the interface.

    Raises:
        SourceError: The interface is closed or answers with something else than JSON.
    """
    values = ask(door, root, "", {"_fields": "name,url,gmt_offset,timezone_string"}).values
    index = values[0] if values else {}
    return WordPressSite(
        root, plain(as_text(index.get("name"))), absolute("", as_text(index.get("url"))), zone_of(index)
    )


def listing(
    door: FetcherProtocol,
    site: WordPressSite,
    *,
    now: datetime,
    most: int,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    archive: RestLink | None = None,
    own: ListRequest | None = None,
) -> PostListing:
    """List posts in the short form, page by page, to the end or to the number wanted.

    Args:
        door: Fetches an address, as a Fetcher does.
        site: As open_site gave it.
        now: The present moment, aware.
        most: Most posts wanted.
        since: Not before; a date means its first moment in the site's own zone, a datetime is aware.
        until: Not after; a date means its last moment.
        archive: A page of a category, tag or author, to list only its posts.
        own: A list's own route and query, to list just what it lists.

    Raises:
        SourceError: The first page cannot be had; of a later one the listing tells instead.
    """
    own = own or ListRequest()
    asked = {"per_page": str(min(most, own.per_page or _PER_PAGE)), "_fields": f"{_SHORT},content.protected"}
    if since is not None and not own.has("after"):
        asked["after"] = as_moment(since, time.min, -1)
    if until is not None and not own.has("before"):
        asked["before"] = as_moment(until, time.max, 1)
    chosen = _chosen(archive)
    posts: list[ListedPost] = []
    refused: list[Refusal] = []
    locked = 0
    trouble = None
    for number in range(1, _MOST_PAGES + 1):
        page = {} if own.is_one_page else {"page": str(number)}
        try:
            answer = _one_page(door, site, own, asked | page, chosen, past_the_end=number > 1)
        except SourceError as error:
            if number == 1:
                raise
            trouble = error
            break
        there = held(answer.values, site, now=now)
        posts += there.posts
        refused += there.refused
        locked += there.locked
        pages = answer.headers.get("x-wp-totalpages", "")
        is_last = number >= int(pages) if pages.isdecimal() else len(answer.values) < int(asked["per_page"])
        if own.is_one_page or is_last or len(posts) >= most:
            break
    if not own.query:
        posts.sort(key=lambda each: not each.is_sticky)
    beyond = [Refusal(each.article.title, f"beyond the {most} asked for") for each in posts[most:]]
    return PostListing(tuple(posts[:most]), (*refused, *beyond), locked, trouble)


def _refusal(value: Mapping[str, Any]) -> Refusal:
    """What is told of a post that gives no article."""
    rendered = value.get("title")
    title = plain(as_text(rendered.get("rendered"))) if isinstance(rendered, Mapping) else ""
    reason = "it wants a password" if is_locked(value) else "it has neither a headline nor words"
    return Refusal(title or as_text(value.get("link")) or f"post {value.get('id')}"[:60], reason)


def held(values: Sequence[Mapping[str, Any]], site: WordPressSite, *, now: datetime) -> PostListing:
    """Read the posts of one answer, in its order.

    Args:
        values: Posts of the interface.
        site: As open_site gave it.
        now: The present moment, aware.
    """
    posts: list[ListedPost] = []
    refused: list[Refusal] = []
    for value in values:
        post = None if is_locked(value) else listed(value, site, now)
        if post is None:
            refused.append(_refusal(value))
        else:
            posts.append(post)
    return PostListing(tuple(posts), tuple(refused), sum(map(is_locked, values)))


def _chosen(archive: RestLink | None) -> list[dict[str, str]]:
    """Parameters that list only the posts of an archive page, and those for a WordPress that knows them not.

    The page of a category shows the posts of those below it too; the interface does when it is told to, since 5.7.
    """
    if archive is None or not archive.is_archive:
        return [{}]
    name, number = ARCHIVES[archive.route], str(archive.id)
    if name != "categories":
        return [{name: number}]
    return [{"categories[terms]": number, "categories[include_children]": "true"}, {name: number}]


def _one_page(
    door: FetcherProtocol,
    site: WordPressSite,
    own: ListRequest,
    asked: Mapping[str, str],
    chosen: list[dict[str, str]],
    *,
    past_the_end: bool,
) -> ApiAnswer:
    """One page of a list; what the site did not understand is taken out of ``chosen``, so it is asked once only."""
    while True:
        try:
            whole = {**asked, **chosen[0]}
            return ask(door, site.root, f"wp/v2/{own.route}", whole, query=own.query, past_the_end=past_the_end)
        except FetchError as error:
            if error.status != 400 or len(chosen) == 1:
                raise
            del chosen[0]


def details(
    door: FetcherProtocol, site: WordPressSite, posts: Sequence[ListedPost], *, now: datetime, route: str = "posts"
) -> list[Article]:
    """Fetch content, picture, author and section names of chosen posts.

    Args:
        door: Fetches an address, as a Fetcher does.
        site: As open_site gave it.
        posts: The chosen ones.
        now: The present moment, aware.
        route: Of the list they stand in.

    Returns:
        Their articles, in the same order; the short form stays where the site gives nothing more.

    Raises:
        SourceError: An answer cannot be had.
    """
    whole: dict[int, Article] = {}
    for at in range(0, len(posts), AT_ONCE):
        numbers = ",".join(str(each.id) for each in posts[at : at + AT_ONCE])
        asked = {"include": numbers, "per_page": str(AT_ONCE), "_embed": EMBED, "_fields": WHOLE}
        for value in ask(door, site.root, f"wp/v2/{route}", asked).values:
            article = article_of(value, site, now)
            if article and isinstance(value.get("id"), int):
                whole[value["id"]] = article
    return [whole.get(each.id, each.article) for each in posts]


def twin(door: FetcherProtocol, site: WordPressSite, sign: RestLink, got: Fetched, *, now: datetime) -> Article | None:
    """Fetch the REST twin of a page that shows one post or page.

    Args:
        door: Fetches an address, as a Fetcher does.
        site: As open_site gave it.
        sign: What the page says of itself; where it does not name its post, the last part of its address is tried
            as the post's slug.
        got: The page.
        now: The present moment, aware.

    Returns:
        The article, or None when the page shows none.

    Raises:
        SourceError: The interface does not answer, or the post wants a password.
    """
    whole = {"_embed": EMBED, "_fields": WHOLE}
    if sign.route and not sign.is_archive:
        values = ask(door, site.root, f"wp/v2/{sign.route}/{sign.id}", whole).values
    else:
        slug = urlsplit(got.url).path.rstrip("/").rpartition("/")[2]
        if sign.is_archive or not slug:
            return None
        values = ask(door, site.root, "wp/v2/posts", whole | {"slug": unquote(slug)}).values
        values = [each for each in values if normal_url(as_text(each.get("link"))) == normal_url(got.url)]
    if values and is_locked(values[0]):
        raise locked(got.url)
    return article_of(values[0], site, now) if values else None
