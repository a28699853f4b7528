"""Posts of a site looked at again by their numbers: what they are now, and which of them it shows no more.

What WordPress answers (6.1 to 7.1): a list asked with ``include=`` leaves out whatever is trashed, private or a draft
again; asked for alone, a private post or a draft gives 401 ``rest_forbidden``, and one that is deleted or in the trash
404 ``rest_post_invalid_id``; one behind a password comes with ``protected``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.models import Article
from newsletter.sources.http.models import FetcherProtocol, FetchError
from newsletter.sources.wordpress.asking import ask
from newsletter.sources.wordpress.models import WordPressSite
from newsletter.sources.wordpress.posts import AT_ONCE, EMBED, WHOLE
from newsletter.sources.wordpress.reading import article_of, is_locked

PASSWORD = "it wants a password now"  # noqa: S105  words for an editor
_PRIVATE = "it is private or a draft again"
_MOST_ALONE = 10
"""Posts asked for one by one; a site that misses more at once is rather a site in trouble."""


@dataclass(slots=True)
class PostsAgain:
    """What a site says of posts that it was asked for by number."""

    there: dict[int, Article] = field(default_factory=dict)
    withdrawn: dict[int, str] = field(default_factory=dict)
    """Number to the reason, in plain words."""
    missing: list[int] = field(default_factory=list)
    """Those that the interface does not know as posts: deleted, or of another kind, such as pages."""


def again(door: FetcherProtocol, site: WordPressSite, numbers: Sequence[int], *, now: datetime) -> PostsAgain:
    """Ask for posts by their numbers.

    Args:
        door: Fetches an address, as a Fetcher does.
        site: As open_site gave it.
        numbers: Of the posts.
        now: The present moment, aware.

    Raises:
        SourceError: The interface is closed, cannot be reached, or answers with something else than JSON.
    """
    found = PostsAgain()
    shown: set[int] = set()
    for at in range(0, len(numbers), AT_ONCE):
        asked = {"include": ",".join(map(str, numbers[at : at + AT_ONCE])), "per_page": str(AT_ONCE)}
        for value in ask(door, site.root, "wp/v2/posts", asked | {"_embed": EMBED, "_fields": WHOLE}).values:
            number = value.get("id")
            if not isinstance(number, int):
                continue
            shown.add(number)
            if is_locked(value):
                found.withdrawn[number] = PASSWORD
            elif article := article_of(value, site, now):
                found.there[number] = article
    left_out = [number for number in numbers if number not in shown]
    for number in left_out[:_MOST_ALONE]:
        try:
            ask(door, site.root, f"wp/v2/posts/{number}", {"_fields": "id"})
        except FetchError as error:
            if error.status in (401, 403):
                found.withdrawn[number] = _PRIVATE
            elif error.status == 404:
                found.missing.append(number)
            else:
                raise
    return found
