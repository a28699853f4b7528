"""Issues published on the newsroom's own site, told from its articles: none of them is a story of the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from newsletter.models import Article
from newsletter.publish.rows import PublishedIssue
from newsletter.sources.identity import of_wordpress
from newsletter.sources.links import host

REASON = "an issue of this newsletter, published there"
"""Why such a post gives no article."""


def own_posts(
    articles: Iterable[Article], published: Sequence[PublishedIssue], slug: str
) -> tuple[list[Article], list[Article]]:
    """What a source brought, without issues of our own; and those.

    Args:
        articles: As they were read, by whatever road.
        published: What was published where.
        slug: What the address of such a post ends with, before the number of its issue.
    """
    if not published:
        return list(articles), []
    names = set(posts_of(published))
    names |= {f"guid:{one.site}/?p={one.post}" for one in published if one.post}
    links = {_plain(one.link) for one in published if one.link}
    ends = {(host(one.site), f"{slug}-{one.issue}") for one in published}
    kept: list[Article] = []
    own: list[Article] = []
    for one in articles:
        address = _plain(one.url)
        named = bool(names.intersection(one.identities)) or address in links
        (own if named or (host(one.url), address.rpartition("/")[2]) in ends else kept).append(one)
    return kept, own


def posts_of(published: Iterable[PublishedIssue]) -> dict[str, PublishedIssue]:
    """The issues that are posts, each by the name of its post for good, as ``wordpress:example.org#5``.

    Args:
        published: What was published where.
    """
    return {of_wordpress(one.site, one.post): one for one in published if one.post}


def _plain(address: str) -> str:
    """An address as it is compared: an encrypted one is the same, and so is one with a slash at its end."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.netloc.removeprefix('www.')}{parts.path.rstrip('/')}{query}"
