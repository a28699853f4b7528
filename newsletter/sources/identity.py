"""When two articles are one: what their source calls them for good, their address however it is spelt, their words.

The names that a source gives for good come first: the number of a WordPress post, a feed's guid or Atom id. Editors
change addresses (a slug, the structure of all addresses, https, the domain), and each of those changes every ``link``
of WordPress but neither ``id`` nor ``guid``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from newsletter.models import Article
from newsletter.sources.links import absolute, host, is_web
from newsletter.text.tidy import arabic_fold
from newsletter.text.tracking import is_tracking

GIVEN = "id:"
"""What the key of a name begins with that a source gives for good."""
_TAGS = re.compile(r"<[^>]*>")
_WORDPRESS_GUID = re.compile(
    r"https?://(?:www\.)?([^?#]{1,300}?)/?(?:index\.php)?\?(?:[^#]{0,300}&)?(?:p|page_id)=(\d{1,18})$"
)
_GLOBAL = re.compile(r"(?:urn:|tag:|[a-z][a-z0-9+.-]{1,20}://)", re.IGNORECASE)
_KIND = re.compile(r"id:(?:wordpress:[^#]*|telegram:[^/]*|guid:(?:tag:[^:]*|[^/?#|:]*)|[^:]*)")
_NOWHERE = re.compile(
    r"(?:localhost|127\.|10\.|192\.168\.|[^/:]*\.(?:local|test|localhost|invalid)(?=[:/?#]|$))", re.IGNORECASE
)
"""Hosts of a desk: sites that were built on one keep its name in their guids, and so do many others."""
_LONGEST = 500


@lru_cache(maxsize=8192)
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


def of_wordpress(site: str, number: int) -> str:
    """The name of a post for good: its site and its number.

    Args:
        site: Address of the site's front page.
        number: WordPress' id of the post.

    Returns:
        ``wordpress:example.org#5``; the same for http and https, with and without ``www.``.
    """
    parts = urlsplit(normal_url(site))
    return f"wordpress:{parts.netloc.removeprefix('www.')}{parts.path}#{number}"


def of_guid(guid: str, feed: str, link: str) -> tuple[str, ...]:
    """The names that a feed's guid or Atom id gives an entry for good (RSS 2.0, RFC 4287 section 4.2.6).

    Args:
        guid: As the feed has it.
        feed: Address of the feed: a guid that is no URI says something only within one host.
        link: Address of the entry: a guid that only repeats it says nothing further.

    Returns:
        Strongest first; none when it says nothing.
    """
    guid = "".join(guid.split())[:_LONGEST]
    if not guid:
        return ()
    place = _without_scheme(guid)
    if _NOWHERE.match(place) and not place.startswith(host(feed)):
        return ()
    post = _WORDPRESS_GUID.fullmatch(guid)
    if post is not None:
        return of_wordpress(f"https://{post[1]}", int(post[2])), f"guid:{_without_scheme(guid)}"
    if re.match(r"https?://", guid, re.IGNORECASE):
        repeats = "#" not in guid and normal_url(guid) == normal_url(link)
        is_site = urlsplit(guid).path in ("", "/") and not urlsplit(guid).query
        return () if repeats or is_site else (f"guid:{_without_scheme(guid)}",)
    return (f"guid:{guid}" if _GLOBAL.match(guid) else f"guid:{host(feed)}|{guid}",)


def article_keys(article: Article, *, moved: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Every key that an article is known by, strongest first.

    Args:
        article: Any article.
        moved: Host it has now to the host it had, so that its keys of before are tried too.

    Returns:
        ``id:`` and what its source calls it for good; ``url:`` and its normal addresses; and only without both,
        ``text:`` and a hash of the folded headline and body.
    """
    keys = [GIVEN + name for name in article.identities if not is_web(name)]
    addresses = [article.url, *filter(is_web, article.identities)]
    keys += [f"url:{normal}" for address in addresses if (normal := normal_url(address))]
    if not keys:
        words = arabic_fold(article.title) + "\n" + arabic_fold(_TAGS.sub(" ", article.body) or article.summary)
        keys.append("text:" + hashlib.sha256(words.encode()).hexdigest()[:32])
    for new, old in (moved or {}).items():
        keys += [former for key in keys if (former := with_host(key, new, old)) != key]
    return tuple(dict.fromkeys(keys))


def article_key(article: Article) -> str:
    """The strongest of the keys of an article.

    Args:
        article: Any article.
    """
    return article_keys(article)[0]


def with_host(key: str, host: str, other: str) -> str:
    """The key that an article has at another host; the same key when it names none, or a different one.

    Args:
        key: As ``article_keys`` gives it.
        host: The host it names, without ``www.``.
        other: The host to stand there instead.
    """
    return re.sub(
        rf"^(url:https://|id:wordpress:|id:guid:)(?:www\.)?{re.escape(host)}(?=[/?#|:]|$)",
        lambda match: match[1] + other,
        key,
    )


def contradict(these: Iterable[str], those: Iterable[str]) -> bool:
    """Whether two articles at one address have different names of the same kind, and so may be two.

    Args:
        these: Keys of one.
        those: Keys of the other.
    """
    one, other = _by_kind(these), _by_kind(those)
    shared = one.keys() & other.keys()
    return bool(shared) and not any(one[kind] & other[kind] for kind in shared)


def _by_kind(keys: Iterable[str]) -> dict[str, set[str]]:
    """The names given for good, by who gives them: only those of one site or feed can contradict each other."""
    found: dict[str, set[str]] = {}
    for key in keys:
        if key.startswith(GIVEN) and (kind := _KIND.match(key)):
            found.setdefault(kind[0], set()).add(key)
    return found


def _without_scheme(url: str) -> str:
    """A URI without ``https://``, its host in lower case: a site that changes to https often changes its guids too."""
    rest = re.sub(r"^https?://(?:www\.)?", "", url, flags=re.IGNORECASE)
    name, slash, path = rest.partition("/")
    return name.lower() + slash + path
