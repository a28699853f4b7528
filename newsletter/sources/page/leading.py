"""The picture over an article that a page shows without stating it anywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.sources.clean import first_image
from newsletter.sources.clean.markup import classes
from newsletter.sources.clean.pictures import picture
from newsletter.sources.identity import normal_url
from newsletter.sources.links import absolute

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_FEATURED = "wp-post-image"
"""WordPress gives this class to the featured picture of every post it shows, in classic and in block themes
(get_the_post_thumbnail)."""
_PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)$", re.IGNORECASE)


def leading(root: HtmlElement, url: str, base: str) -> tuple[str, str]:
    """Address and alternative text of the featured picture of a page's own article; both empty when it shows none.

    Args:
        root: The page without the parts that are not the article's.
        url: Address of the page; may be empty.
        base: Address that relative links are relative to; may be empty.
    """
    for image in root.iter("img"):
        if _FEATURED in classes(image) and not _leads_away(image, url, base):
            found = first_image(picture(image, base))
            if found[0]:
                return found
    return "", ""


def _leads_away(image: HtmlElement, url: str, base: str) -> bool:
    """Whether a picture is that of another article: it links to that."""
    link = next(image.iterancestors("a"), None)
    target = absolute(base, link.get("href") or "").partition("#")[0] if link is not None else ""
    if not target or _PICTURE_FILE.search(target.partition("?")[0]):
        return False
    return not url or normal_url(target) != normal_url(url)
