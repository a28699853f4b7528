"""The links of a letter that lead to our own pages: the reader's, and the letter's own page (pure).

A letter's own page stands at ``/letters/<key>`` where everybody may read the letters of its list, and else at an
address that only those know who got the letter: ``/view/<signature>/<list>/<rhythm>/<key>``. The signature is that of
the path, with the newest key of signed links, so it opens this letter and no other.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Collection, Mapping

from newsletter.letters.ways import STARTS
from newsletter.models import Letter

_PAGES = ("leave", "preferences", "confirm", "address", "erase", "letters", "view", "archive", "polls", "media", "go")
_MORE_PAGES = ("subscribe", "embed", "hooks", "health", "style.css", "archive.xml")
_FOR_ONE = r"https?://[^\"'\s>]*/(?:leave|preferences|confirm|address|erase)/(?:[\w-]{43,}|{marker}-)"
"""A link that only one reader has. A letter to somebody who is no reader yet names no address of the pages besides."""
_SIGNED_FOR = b"nashra letter 1\0"  # the same keys also sign readers' links; this keeps their signatures apart
_SIGNATURE = 17
"""Bytes kept of the HMAC-SHA-256: with the key's id 18, which are 24 characters of base64url and no bit left over."""


def base(letter: Letter) -> str:
    """The address of the reader pages that a letter leads to, without a slash at its end; empty without pages."""
    return letter.unsubscribe_url.rpartition("/leave/")[0]


def marked(letter: Letter, attribute: str) -> str:
    """The HTML of a letter with an attribute in every link to the reader pages, and in those that share the letter.

    Args:
        letter: As it was frozen.
        attribute: For example ``data-pm-no-track``.
    """
    pages, one = base(letter), _FOR_ONE.replace("{marker}", re.escape(letter.marker))
    ours = rf"{one}|{re.escape(pages)}/(?:(?:{'|'.join(_PAGES)})[/\"'?#]|[\"'])" if pages else one
    ours = "|".join([ours, *map(re.escape, STARTS)])
    return re.sub(rf"<a(?=\s[^>]*?href=[\"']?(?:{ours}))", f"<a {attribute}", letter.rendered.html)


def is_own(url: str, pages: str) -> bool:
    """Whether an address is one of the reader pages; the site's own may begin like theirs.

    Args:
        url: Absolute address.
        pages: Address of the reader pages, without a slash at its end.
    """
    if not url.lower().startswith(pages.lower()):
        return False
    rest = re.split(r"[?#]", url[len(pages) :], maxsplit=1)[0]
    return rest in ("", "/") or (rest[0] == "/" and rest[1:].split("/")[0].lower() in (*_PAGES, *_MORE_PAGES))


def page_path(list_name: str, key: str, *, opened: Collection[str], keys: Mapping[int, bytes]) -> str:
    """The path of a letter's own page below the address of the reader pages, without a slash before it.

    Args:
        list_name: The list it goes to.
        key: Key of the issue: ``12``, or ``readers/daily/2026-11-24`` for a letter of the latest posts.
        opened: Names of the lists whose letters everybody may read.
        keys: Keys of signed links by id; the highest signs.
    """
    if list_name in opened:
        return f"letters/{key}"
    path = key if "/" in key else f"{list_name}/issue/{key}"
    key_id = max(keys)
    return f"view/{_signature(key_id, keys[key_id], path)}/{path}"


def letter_of_path(signature: str, path: str, *, keys: Mapping[int, bytes]) -> tuple[str, str] | None:
    """The list and the key of the letter that a signed path opens; None for one that we did not sign.

    Args:
        signature: What stands behind ``view/``.
        path: What stands behind the signature.
        keys: As for `page_path`; links of an older key open as long as it is kept.
    """
    good = False
    # Each key is tried, whatever the link says, so that time tells nothing.
    for key_id, key in keys.items():
        good |= hmac.compare_digest(_signature(key_id, key, path).encode(), signature.encode("utf-8", "replace"))
    list_name, _, rest = path.partition("/")
    if not good or not rest:
        return None
    rhythm, _, number = rest.partition("/")
    return list_name, (number if rhythm == "issue" else path)


def _signature(key_id: int, key: bytes, path: str) -> str:
    made = hmac.digest(key, _SIGNED_FOR + path.encode("utf-8"), "sha256")[:_SIGNATURE]
    return base64.urlsafe_b64encode(bytes((key_id,)) + made).decode("ascii")
