"""The bytes of a web address, or the word that they have not changed."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from newsletter.errors import SourceError
from newsletter.sources.documents import Document, NoArticleError
from newsletter.sources.http.models import FetcherProtocol, FetchError, Validator
from newsletter.sources.links import host, is_front, unwrapped
from newsletter.sources.wordpress.models import RestLink
from newsletter.sources.wordpress.signs import interface_of

_LONG = 20
"""Characters of a part of an address that is no folder of a site."""
_POST = re.compile(r"(?:^|&)(?:p|page_id|id|article|story)=\d")


def document(url: str, door: FetcherProtocol, validator: Validator | None = None) -> Document | Validator:
    """Fetch an address; of one that only leads on and names its target, the target.

    Args:
        url: http or https address.
        door: Fetches an address, as a Fetcher does.
        validator: The feed's marks of the last time.

    Returns:
        What is there; when that has not changed since the marks were given, the marks it has now (RFC 9110 section
        15.4.5: an answer of 304 may carry new ones).

    Raises:
        SourceError: It cannot be had, or there is nothing in it.
    """
    marks = validator.headers() if validator else None
    try:
        got = door.get(unwrapped(url), headers=marks, statuses={304} if validator else ())
    except FetchError as error:
        raise _closed(url, error) or error from None
    if validator is not None and got.status == 304:
        headers = got.headers
        modified = headers.get("last-modified", validator.modified)
        return replace(validator, etag=headers.get("etag", validator.etag), modified=modified)
    if validator is not None and validator.digest and (now := Validator.of(got)).digest == validator.digest:
        return now
    if _leads_home(unwrapped(url), got.url):
        raise NoArticleError(
            "this address leads to the site's front page: there is nothing at it any more",
            where=url,
            mend=f"check the address, or give {got.url}",
        )
    if not got.data.strip():
        raise SourceError("the page is empty", where=got.url, mend="check the address")
    return Document(got.data, got.url, got=got, door=door)


def _leads_home(asked: str, answered: str) -> bool:
    """Whether a site led from the address of something to its front page, as many do with what they deleted."""
    here = urlsplit(asked)
    if not is_front(answered) or host(asked) != host(answered):
        return False
    parts = [part for part in here.path.split("/") if part]
    return len(parts) > 1 or any(len(part) >= _LONG for part in parts) or bool(_POST.search(here.query))


def _closed(url: str, error: FetchError) -> FetchError | None:
    """The complaint about the list of a REST interface that is closed; None for any other address and error."""
    within = interface_of(url)
    if within is None or error.status not in (401, 403, 404):
        return None
    mend = f"give {RestLink(within[0]).home} or the page of its section, which are read by their feeds then"
    what = f"its REST interface is closed ({error.status})"
    return FetchError(what, where=url, mend=mend, status=error.status)
