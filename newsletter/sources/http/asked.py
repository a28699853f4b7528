"""Addresses as they are asked, and the words of an error on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from newsletter.sources.http.models import FetchError

if TYPE_CHECKING:
    import httpx2


def joined(base: str, reference: str) -> str:
    """Address that a redirect leads to.

    Args:
        base: Address that was asked.
        reference: What its Location header says.
    """
    try:
        return urljoin(base, reference)
    except ValueError:  # an address that opens a bracket and never closes it
        return reference


def request_url(url: str, asked: str = "") -> httpx2.URL:
    """Read an address, without the credentials and fragment it may carry.

    Args:
        url: Of the editor's or of a Location header.
        asked: The address the editor knows, when this one came from a redirect.

    Raises:
        FetchError: It is no http or https address.
    """
    import httpx2

    where = asked or url
    try:
        target = httpx2.URL(url.strip())
        scheme, host = target.scheme, target.host
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise FetchError(f"this is no address: {brief(error)}", where=where, mend="check the address") from None
    if scheme not in ("http", "https") or not host:
        words = "it redirects to something that is no web address" if asked else "this is no web address"
        raise FetchError(words, where=where, mend="give an address that begins with http:// or https://")
    return target.copy_with(username="", password="", fragment=None)


def brief(error: Exception) -> str:
    """The first line of an error's own words, without its errno.

    Args:
        error: Any exception.
    """
    words = str(error).splitlines()[0] if str(error).strip() else type(error).__name__
    return words.partition("] ")[2] or words
