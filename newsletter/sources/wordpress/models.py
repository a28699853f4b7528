"""What a WordPress site says of itself and what it lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, tzinfo

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources.documents import Refusal

ARCHIVES = {"categories": "categories", "tags": "tags", "users": "author"}
"""Routes of what is not an article but chooses some, with the parameter that does it."""

_INDEX = re.compile(r"index\.php/?$")
"""Where a server is not set up for addresses of words, the site's stand below ``/index.php/``."""


@dataclass(frozen=True, slots=True)
class RestLink:
    """What a page of a WordPress site says about its REST interface."""

    root: str
    """Address of the interface, for example ``https://example.org/wp-json/``."""
    route: str = ""
    """What the page itself shows: ``posts``, ``pages``, ``categories`` …, or empty when it does not say."""
    id: int = 0

    @property
    def home(self) -> str:
        """Address of the site's front page, as far as that of the interface tells it."""
        return _INDEX.sub("", self.root.partition("wp-json")[0].partition("?")[0])

    @property
    def is_archive(self) -> bool:
        """Whether the page lists the posts of a category, tag or author."""
        return self.route in ARCHIVES


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What the address of one list of the interface asks for: ``…/wp/v2/posts?categories=4&per_page=20``."""

    route: str = "posts"
    """Type of the posts."""
    query: tuple[tuple[str, str], ...] = ()
    """Its parameters, without those that only choose which parts of a post are shown."""

    def has(self, name: str) -> bool:
        """Whether it asks for something by this name.

        Args:
            name: Of a parameter.
        """
        return any(each == name for each, _ in self.query)

    @property
    def per_page(self) -> int:
        """How many posts it wants at once; 0 when it does not say, or says nonsense."""
        value = next((value for name, value in reversed(self.query) if name == "per_page"), "")
        return min(int(value), 100) if value.isascii() and value.isdigit() and len(value) < 5 else 0

    @property
    def is_one_page(self) -> bool:
        """Whether it asks for one page of the list, and not for the whole of it."""
        return any(map(self.has, ("per_page", "page", "offset", "include", "slug")))


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
    refused: tuple[Refusal, ...] = ()
    """Posts that give no article."""
    locked: int = 0
    """How many of them want a password."""
    trouble: SourceError | None = None
    """Why the listing breaks off, if it does."""
