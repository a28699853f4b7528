"""What a WordPress site says of itself and what it lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo

from newsletter.errors import SourceError
from newsletter.models import Article

ARCHIVES = {"categories": "categories", "tags": "tags", "users": "author"}
"""Routes of what is not an article but chooses some, with the parameter that does it."""


@dataclass(frozen=True, slots=True)
class RestLink:
    """What a page of a WordPress site says about its REST interface."""

    root: str
    """Address of the interface, for example ``https://example.org/wp-json/``."""
    route: str = ""
    """What the page itself shows: ``posts``, ``pages``, ``categories`` …, or empty when it does not say."""
    id: int = 0

    @property
    def is_archive(self) -> bool:
        """Whether the page lists the posts of a category, tag or author."""
        return self.route in ARCHIVES


@dataclass(frozen=True, slots=True)
class WordPressSite:
    """A site whose interface answered."""

    root: str
    name: str = ""
    url: str = ""
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class ListedPost:
    """One post as the short listing gives it: enough to choose, a tenth of the bytes."""

    id: int
    article: Article
    is_sticky: bool = False


@dataclass(frozen=True, slots=True)
class PostListing:
    """What a site lists."""

    posts: tuple[ListedPost, ...]
    """Sticky ones first, then by date, newest first."""
    locked: int = 0
    """Posts left out because they want a password."""
    trouble: SourceError | None = None
    """Why the listing breaks off, if it does."""
