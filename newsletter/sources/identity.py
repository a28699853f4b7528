"""When two articles are one: the same address however it is spelt, or the same words."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from newsletter.models import Article
from newsletter.sources.links import absolute
from newsletter.text.tidy import arabic_fold
from newsletter.text.tracking import is_tracking

_TAGS = re.compile(r"<[^>]*>")


def normal_url(url: str) -> str:
    """Spell an address the one way that all its spellings share; for comparing, not for opening.

    Case of the host and of escapes, raw Arabic letters, default ports, tracking parameters, the fragment, a
    closing slash, ``/amp`` and the difference of http and https go. ``?p=12`` and other parameters stay.

    Args:
        url: Absolute http(s) address.

    Returns:
        The address, or an empty text when it is none.
    """
    import url_normalize

    clean = absolute("", url)
    if not clean:
        return ""
    parts = urlsplit(url_normalize.url_normalize(clean) or clean)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not is_tracking(name)]
    path = parts.path.rstrip("/").removesuffix("/amp")
    return urlunsplit(("https", parts.netloc, path, urlencode(query), ""))


def article_key(article: Article) -> str:
    """Name an article so that collecting it again, by any road, gives the same name.

    Args:
        article: Any article.

    Returns:
        ``url:`` and the normal address; without one ``id:`` and what its source calls it for good; without that
        ``text:`` and a hash of the folded headline and body.
    """
    normal = normal_url(article.url)
    if normal:
        return f"url:{normal}"
    if article.identity:
        return f"id:{article.identity}"
    words = arabic_fold(article.title) + "\n" + arabic_fold(_TAGS.sub(" ", article.body) or article.summary)
    return "text:" + hashlib.sha256(words.encode()).hexdigest()[:32]
