"""One conversation with a WordPress as its author: requests of the REST interface, and what its answers mean.

Facts: REST API Handbook, "Application Passwords"; the codes as WordPress 6.1, 6.8 and 7.1 gave them. A refused password
is never tried again: plugins against break-ins count.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import quote, urlencode, urlsplit

from newsletter.publish.models import PublishError, PublishInterruptedError
from newsletter.publish.wordpress import refusals
from newsletter.sources.http import FetchError

if TYPE_CHECKING:
    from newsletter.sources.http import Fetched

UPLOAD_SECONDS = 120.0
"""For a picture, of which WordPress makes six others."""


@dataclass(frozen=True, slots=True)
class SiteAccess:
    """How to come in at the newsroom's WordPress."""

    site: str
    """Its front page, without a slash at the end."""
    rest: str
    """Root of its REST interface: it ends with a slash, or with ``rest_route=/``."""
    user: str
    password: str
    """An application password: never shown, and sent to nobody else."""

    def __repr__(self) -> str:
        return f"SiteAccess({self.site!r}, {self.user!r})"


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """What the site answered to a request that it took."""

    content: Any
    """Its JSON."""
    headers: Mapping[str, str]


class SiteExchange(Protocol):
    """Makes one request and gives its answer, whatever status it has, as `Fetcher.exchange` does."""

    def __call__(
        self,
        method: Literal["GET", "POST", "OPTIONS"],
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes = b"",
        seconds: float = 30.0,
    ) -> Fetched:
        """Make one request."""
        ...


class SiteSession:
    """Requests to one WordPress.

    Args:
        access: Whose site, and as whom.
        exchange: Makes one request.
    """

    def __init__(self, access: SiteAccess, exchange: SiteExchange) -> None:
        self.access = access
        self._exchange = exchange
        name = f"{access.user}:{access.password}".encode()
        self._authorization = f"Basic {base64.b64encode(name).decode('ascii')}"

    def get(self, route: str, **query: str | int) -> SiteAnswer:
        """Ask for something.

        Args:
            route: Below ``wp/v2/``, or from the root where it begins with a slash.
            query: Its parameters.

        Raises:
            PublishError: The site refuses it.
            PublishInterruptedError: The site cannot be reached.
        """
        return self._judged(route, self._sent("GET", self._url(route, query)))

    def find(self, route: str, **query: str | int) -> SiteAnswer | None:
        """The same; None where the site has no such thing.

        Args:
            route: As for get.
            query: As for get.
        """
        found = self._sent("GET", self._url(route, query))
        return (
            None
            if found.status in (404, 410) and refusals.code(found) != "rest_no_route"
            else self._judged(route, found)
        )

    def options(self, route: str) -> Any:
        """What the site says of a route, its schema among it; None where it says nothing.

        Args:
            route: As for get.
        """
        found = self._sent("OPTIONS", self._url(route, {}))
        return refusals.content(found) if found.status == 200 else None

    def post(self, route: str, values: Mapping[str, Any]) -> SiteAnswer:
        """Write something.

        Args:
            route: As for get.
            values: Sent as JSON.
        """
        body = json.dumps(values, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return self._judged(route, self._sent("POST", self._url(route, {}), headers, body))

    def upload(self, name: str, content_type: str, data: bytes) -> SiteAnswer:
        """Put up a picture.

        Args:
            name: Of the file, in ASCII: WordPress takes no ``filename*``.
            content_type: Its media type.
            data: Its bytes.
        """
        headers = {"Content-Type": content_type, "Content-Disposition": f'attachment; filename="{name}"'}
        found = self._sent("POST", self._url("media", {}), headers, data, seconds=UPLOAD_SECONDS)
        return self._judged("media", found)

    def _url(self, route: str, query: Mapping[str, str | int]) -> str:
        root = self.access.rest
        path = route[1:] if route.startswith("/") else f"wp/v2/{quote(route)}"
        words = urlencode(query)
        return f"{root}{path}{('&' if '?' in root else '?') + words if words else ''}"

    def _sent(
        self,
        method: Literal["GET", "POST", "OPTIONS"],
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        *,
        seconds: float = 30.0,
        anonymous: bool = False,
    ) -> Fetched:
        own = {} if anonymous else {"Authorization": self._authorization}
        try:
            return self._exchange(method, url, headers={**own, **(headers or {})}, content=content, seconds=seconds)
        except FetchError as error:
            if error.status or not _may_pass(error):
                raise PublishError(error.what, where=self.access.site, mend=error.mend) from None
            mend = "the same command completes it when the site is back"
            raise PublishInterruptedError(error.what, where=self.access.site, mend=mend) from None

    def _judged(self, route: str, found: Fetched) -> SiteAnswer:
        if 200 <= found.status < 300:
            content = refusals.content(found)
            if content is None:
                raise PublishError(
                    "what answers at its REST interface is no WordPress",
                    where=self.access.rest,
                    mend=f"connect again: newsletter wordpress connect {self.access.site}",
                )
            return SiteAnswer(content, found.headers)
        if refusals.meaning(found)[1] == 401:
            raise refusals.not_let_in(found, self.access.site, self._index())
        raise refusals.refusal(found, route, self.access.site)

    def _index(self) -> Fetched | None:
        """What the interface says of itself to anybody; None when it says nothing."""
        try:
            return self._sent("GET", self._url("/", {}), anonymous=True)
        except PublishError:
            return None


def _may_pass(error: FetchError) -> bool:
    """Whether asking again later may help: all but an address that must not be asked."""
    return "no public address" not in error.what and "is not one that web sites use" not in error.what


def is_safe(site: str) -> bool:
    """Whether a password may travel to a site: over TLS, or within this machine.

    Args:
        site: Its address.
    """
    try:
        parts = urlsplit(site)
    except ValueError:
        return False
    return parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}
