"""The links of a letter whose clicks are counted: which they are, and the addresses of ours that lead there (pure).

``<[web] url>/go/<signed>`` stands in the letter of everybody, and nothing of a reader in it. It names a link and no
address: where it leads is looked up among the links of letters that went out, so that nobody can make it lead anywhere
else. Only the HTML leads there. The plain text keeps its addresses as they are, since there they are what one reads.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from html import escape, unescape
from urllib.parse import quote, urlsplit

from newsletter.letters import own_links
from newsletter.letters.ways import STARTS
from newsletter.models import CountedLink, Letter
from newsletter.text.mailbox import ascii_host

FOLDER = "go"
"""Where the reader pages lead on: ``<[web] url>/go/<signed>``."""
NOTE = 'class="mute counted"'
"""What the paragraph at the foot has that says that clicks are counted: a letter without counting lacks it."""

_HREF = re.compile(r"""(<(?:a|v:[a-z]+)\s(?:[^>]*?\s)?href=)("[^"]*"|'[^']*')""")
"""Of a link, and of a button as Outlook for Windows draws it."""
_NOTE = re.compile(rf"<p {NOTE}[^>]*>.*?</p>", re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{36}")
_NAME = re.compile(r"[0-9a-f]{20}")
_HEAD, _SIGNATURE = 11, 16
"""Bytes of key id and name, and those kept of the HMAC-SHA-256: 27 are 36 characters of base64url. RFC 2104 section 5
asks for at least half of the hash, 16 bytes."""
_SIGNED_FOR = b"nashra link 1\0"  # the same keys also sign other links; this keeps their signatures apart
_LONGEST = 2000
"""Characters of an address; longer ones stay as they are. Browsers and proxies take 8,000 octets (RFC 9110 section
4.1), and what is not ASCII becomes up to nine characters long."""


def path(name: str, *, keys: Mapping[int, bytes]) -> str:
    """The path that leads to a link, below the address of the reader pages.

    Args:
        name: As `newsletter.clicks.name_of` gives it.
        keys: Keys of signed links by id; the highest signs.

    Raises:
        ValueError: That is no name of a link.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a link")
    key_id = max(keys)
    head = bytes((key_id,)) + bytes.fromhex(name)
    return f"{FOLDER}/{base64.urlsafe_b64encode(head + _signature(keys[key_id], head)).decode('ascii')}"


def read(signed: str, *, keys: Mapping[int, bytes]) -> str | None:
    """The name of the link; None for what we did not sign.

    Args:
        signed: What stood behind ``go/``.
        keys: As for `path`; links of an older key lead on as long as it is kept.
    """
    if _TOKEN.fullmatch(signed) is None:
        return None
    raw = base64.urlsafe_b64decode(signed)
    head, signature = raw[:_HEAD], raw[_HEAD:]
    # An unknown key id costs the same HMAC as a known one, so that time tells nothing.
    good = hmac.compare_digest(_signature(keys.get(head[0], bytes(32)), head), signature)
    return head[1:].hex() if good and head[0] in keys else None


def _signature(key: bytes, head: bytes) -> bytes:
    return hmac.digest(key, _SIGNED_FOR + head, "sha256")[:_SIGNATURE]


def location(url: str) -> str:
    """An address as the header ``Location`` can hold it: ASCII (RFC 3986), and no sign that would end the line.

    Args:
        url: Absolute http(s) address, of any script.

    Raises:
        ValueError: It is no such address, or has a part that nobody should be led to: a name and password.
    """
    if not url.isprintable() or "\\" in url or len(url) > _LONGEST:
        raise ValueError("an address with signs that belong in none")
    parts = urlsplit(url)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("no address of the web")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else ascii_host(parts.hostname)
    if not re.fullmatch(r"[a-z0-9._\-]+|\[[0-9a-f:.]+\]", host):
        raise ValueError("no host of the web")
    port = f":{parts.port}" if parts.port is not None else ""
    rest = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = f"?{quote(parts.query, safe=_IN_QUERY)}" if parts.query else ""
    fragment = f"#{quote(parts.fragment, safe=_IN_QUERY)}" if parts.fragment else ""
    return f"{parts.scheme.lower()}://{host}{port}{rest}{query}{fragment}"


_IN_QUERY = "/?%:@!$&'()*+,;=~-._[]"


def found(
    html: str,
    *,
    pages: str,
    marker: str,
    fixed: Collection[str] = (),
    stories: Mapping[str, str] = {},
    sponsors: Mapping[str, str] = {},
) -> tuple[CountedLink, ...]:
    """The links of a finished letter that are counted, each address once, in their order.

    Args:
        html: Of the letter.
        pages: Address of the reader pages, without a slash at its end: what leads there is never counted.
        marker: Of the letter: nor is an address in which something of one reader will stand.
        fixed: Further addresses that are not, since every letter has them: the site, its pages elsewhere.
        stories: Address to headline.
        sponsors: Address to the name of the sponsor who pays for it.
    """
    places: dict[str, int] = {}
    for _, value in _HREF.findall(html):
        url = unescape(value[1:-1])
        if url not in places and url not in fixed and marker not in url and _leads_out(url, pages):
            places[url] = len(places) + 1
    return tuple(CountedLink("", url, stories.get(url, ""), at, sponsors.get(url, "")) for url, at in places.items())


def _leads_out(url: str, pages: str) -> bool:
    if url.startswith(STARTS) or (pages and own_links.is_own(url, pages)):
        return False
    try:
        location(url)
    except ValueError:
        return False
    return True


def counted(letter: Letter, links: Sequence[CountedLink], *, keys: Mapping[int, bytes]) -> Letter:
    """The letter with its links leading over the reader pages.

    Args:
        letter: As it was rendered.
        links: With their names.
        keys: Keys of signed links by id; the highest signs.
    """
    pages = own_links.base(letter)
    ways = {one.url: f"{pages}/{path(one.name, keys=keys)}" for one in links}
    return _with_html(letter, _led(letter.rendered.html, ways.get))


def direct(letter: Letter) -> Letter:
    """The letter for a reader whose clicks are not counted: it does not say that they are.

    Args:
        letter: As it was rendered.
    """
    return _with_html(letter, _NOTE.sub("", letter.rendered.html))


def names_in(letter: Letter) -> set[str]:
    """Names of the links that a frozen letter has over the reader pages.

    Args:
        letter: As it was frozen.
    """
    pages = own_links.base(letter)
    hrefs = (unescape(value[1:-1]) for _, value in _HREF.findall(letter.rendered.html))
    return {name for href in hrefs if (name := _name_in(href, pages))}


def restored(letter: Letter, urls: Mapping[str, str]) -> Letter:
    """A frozen letter with its links as they were before they led over the reader pages, for its page in the archive.

    Args:
        letter: As it was frozen.
        urls: Name of a link to its address.
    """
    pages = own_links.base(letter)
    return direct(_with_html(letter, _led(letter.rendered.html, lambda href: urls.get(_name_in(href, pages)))))


def _name_in(href: str, pages: str) -> str:
    token = href.removeprefix(f"{pages}/{FOLDER}/")
    if not pages or token == href or _TOKEN.fullmatch(token) is None:
        return ""
    return base64.urlsafe_b64decode(token)[1:_HEAD].hex()


def _led(html: str, lead: Callable[[str], str | None]) -> str:
    def other(match: re.Match[str]) -> str:
        to = lead(unescape(match[2][1:-1]))
        return match[0] if to is None else f'{match[1]}"{escape(to)}"'

    return _HREF.sub(other, html)


def _with_html(letter: Letter, html: str) -> Letter:
    return replace(letter, rendered=replace(letter.rendered, html=html))
