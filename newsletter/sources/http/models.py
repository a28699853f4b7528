"""What is asked for, what comes back, and the complaint when nothing does."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from newsletter.errors import SourceError

Kind = Literal["any", "page", "feed", "json", "image"]

LIMITS: Mapping[Kind, int] = {
    "any": 10_000_000,
    "page": 5_000_000,
    "feed": 10_000_000,
    "json": 10_000_000,
    "image": 15_000_000,
}
"""Most bytes of an answer, unpacked."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back from one request, redirects followed."""

    url: str
    """Address that answered in the end, percent-encoded."""
    data: bytes
    """Body, unpacked."""
    content_type: str = ""
    """Media type in lower case without parameters, for example ``text/html``."""
    charset: str = ""
    """``charset`` of the Content-Type header, or empty."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header names in lower case."""


class FetchError(SourceError):
    """A request that brought no usable answer.

    Args:
        what: See Complaint.
        where: The address asked.
        mend: See Complaint.
        status: HTTP status, or 0 when no answer came at all.
        passing: Whether asking again soon may help.
        pause: Seconds the site asks to wait before that; 0 when it names none.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        mend: str = "",
        status: int = 0,
        passing: bool = False,
        pause: float = 0.0,
    ) -> None:
        super().__init__(what, where=where, mend=mend)
        self.status = status
        self.passing = passing
        self.pause = pause


class FetcherProtocol(Protocol):
    """Whatever brings the bytes of an address: a Fetcher, or a function in its place."""

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        """Bring what is at an address; see Fetcher.get."""
        ...


@dataclass(frozen=True, slots=True)
class Validator:
    """What a feed was marked with when it was read last (RFC 9110, sections 8.8 and 13.1)."""

    etag: str = ""
    modified: str = ""
    """Value of Last-Modified."""
    digest: str = field(default="", compare=False)
    """SHA-256 of its bytes, in hexadecimal: many servers mark nothing and send the same again."""

    @classmethod
    def of(cls, got: Fetched) -> Validator:
        """The marks of an answer.

        Args:
            got: The answer, with its body.
        """
        digest = hashlib.sha256(got.data).hexdigest()
        return cls(got.headers.get("etag", ""), got.headers.get("last-modified", ""), digest)

    def headers(self) -> dict[str, str]:
        """Request headers that ask for the feed only if it has changed.

        A weak mark loses its ``W/``, for WordPress compares letter by letter; and only one of the two is sent, for it
        wants both to match when it gets both.
        """
        if self.etag:
            return {"If-None-Match": self.etag.removeprefix("W/")}
        return {"If-Modified-Since": self.modified} if self.modified else {}
