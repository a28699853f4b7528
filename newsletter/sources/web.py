"""The bytes of a web address, or the word that they have not changed."""

from __future__ import annotations

from newsletter.errors import SourceError
from newsletter.sources.documents import Document
from newsletter.sources.http.models import FetcherProtocol, Validator
from newsletter.sources.links import unwrapped


def document(url: str, door: FetcherProtocol, validator: Validator | None = None) -> Document | None:
    """Fetch an address; of one that only leads on and names its target, the target.

    Args:
        url: http or https address.
        door: Fetches an address, as a Fetcher does.
        validator: The feed's marks of the last time.

    Returns:
        What is there; None when it has not changed since the marks were given.

    Raises:
        SourceError: It cannot be had, or there is nothing in it.
    """
    marks = validator.headers() if validator else None
    got = door.get(unwrapped(url), headers=marks, statuses={304} if validator else ())
    if got.status == 304:
        return None
    if not got.data.strip():
        raise SourceError("the page is empty", where=got.url, mend="check the address")
    return Document(got.data, got.url, got=got, door=door)
