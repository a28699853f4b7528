"""The bytes of a web address, or the word that they have not changed."""

from __future__ import annotations

from newsletter.errors import SourceError
from newsletter.sources.documents import Document
from newsletter.sources.http.models import FetcherProtocol, Validator


def document(url: str, door: FetcherProtocol, validator: Validator | None = None) -> Document | Validator:
    """Fetch an address.

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
    got = door.get(url, headers=validator.headers() if validator else None, statuses={304} if validator else ())
    if validator is not None and got.status == 304:
        headers = got.headers
        return Validator(headers.get("etag", validator.etag), headers.get("last-modified", validator.modified))
    if not got.data.strip():
        raise SourceError("the page is empty", where=got.url, mend="check the address")
    return Document(got.data, got.url, got=got, door=door)
