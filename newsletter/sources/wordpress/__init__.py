"""WordPress sites through their REST interface: better than any reading of their pages, where it is open.

Facts are WordPress' own: developer.wordpress.org/rest-api (discovery, pagination, embedding), and what 6.1 and 6.6
answer.
"""

from __future__ import annotations

from newsletter.sources.wordpress.models import ListedPost, ListRequest, PostListing, RestLink, WordPressSite
from newsletter.sources.wordpress.posts import details, held, listing, open_site, twin
from newsletter.sources.wordpress.signs import feed_of, interface_of, locked, page_of_feed, signpost, wants_password

__all__ = [
    "ListRequest",
    "ListedPost",
    "PostListing",
    "RestLink",
    "WordPressSite",
    "details",
    "feed_of",
    "held",
    "interface_of",
    "listing",
    "locked",
    "open_site",
    "page_of_feed",
    "signpost",
    "twin",
    "wants_password",
]
