"""Asking for links and pictures, several at once, each once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Literal, Protocol, TypeVar
from urllib.parse import urlsplit

from newsletter.check.addresses import parts_of, private
from newsletter.check.found import LinkResult, PictureResult
from newsletter.check.probe.dns import Resolver
from newsletter.letters.pictures.kinds import kind_of, other_kind
from newsletter.sources.http import Fetched, FetchError, Kind

_AT_ONCE = 8
_GONE = frozenset({404, 410})
PATIENCE = 90.0
"""Seconds for all links or all pictures together."""

T = TypeVar("T")


class LinkFetcher(Protocol):
    """Whatever asks for an address: a Fetcher, or a function in its place."""

    def ask(
        self,
        method: Literal["GET", "HEAD"],
        url: str,
        kind: Kind = "any",
        *,
        headers: Mapping[str, str] | None = None,
        statuses: Collection[int] = (),
    ) -> Fetched:
        """Ask; see ``newsletter.sources.http.Fetcher.ask``."""
        ...


def links(
    addresses: Iterable[str], asker: LinkFetcher, resolver: Resolver | None = None, *, patience: float = PATIENCE
) -> dict[str, LinkResult]:
    """Ask for every address that can be asked for from outside.

    Args:
        addresses: Web addresses; others, and those of private hosts, are passed over.
        asker: Brings the answers.
        resolver: Tells whether a host that cannot be reached exists at all.
        patience: Seconds for all of them.
    """
    late = LinkResult(trouble=f"no answer within {patience:.0f} seconds")
    return _each(_askable(addresses), lambda url: _reached(url, asker, resolver), patience, late)


def pictures(
    addresses: Iterable[str], asker: LinkFetcher, resolver: Resolver | None = None, *, patience: float = PATIENCE
) -> dict[str, PictureResult]:
    """Bring every picture, and measure it.

    Args:
        addresses: Web addresses; others, and those of private hosts, are passed over.
        asker: Brings the answers.
        resolver: Tells whether a host that cannot be reached exists at all.
        patience: Seconds for all of them.
    """
    late = PictureResult(trouble=f"no answer within {patience:.0f} seconds")
    return _each(_askable(addresses), lambda url: _pictured(url, asker, resolver), patience, late)


def pages(url: str, asker: LinkFetcher, resolver: Resolver | None = None) -> LinkResult:
    """Ask whether anything answers at the address of the reader pages; its root need not hold a page.

    Args:
        url: Their base.
        asker: Brings the answer.
        resolver: Tells whether the host exists at all.
    """
    try:
        return LinkResult(asker.ask("GET", url, "any", statuses=range(300, 500)).url)
    except FetchError as error:
        if 0 < error.status < 500:
            return LinkResult(url)
        return LinkResult(trouble=error.what, gone=_gone(url, error, resolver))


def hosted(url: str, data: bytes, asker: LinkFetcher) -> PictureResult:
    """Ask the reader pages for a picture of which it is known that they have it.

    Args:
        url: Its address there.
        data: Its bytes.
        asker: Brings the answer.
    """
    try:
        answer = asker.ask("GET", url, "image")
    except FetchError as error:
        # Who is kept out (403, 429) may be this program alone, and what is broken (5xx) may be mended by now.
        return PictureResult(trouble=error.what, gone=error.status in _GONE or 200 <= error.status < 400)
    if answer.data != data:
        return PictureResult(trouble="something else comes from there", gone=True)
    return PictureResult(answer.content_type, weight=len(data))


def _askable(addresses: Iterable[str]) -> list[str]:
    found = dict.fromkeys(addresses)
    return [url for url in found if (parts := parts_of(url)) is not None and not private(parts.hostname or "")]


def _each(urls: list[str], one: Callable[[str], T], patience: float, late: T) -> dict[str, T]:
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="probe")
    try:
        asked = {url: pool.submit(one, url) for url in urls}
        done, _ = wait(asked.values(), patience)
        return {url: answer.result() if answer in done else late for url, answer in asked.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _reached(url: str, asker: LinkFetcher, resolver: Resolver | None) -> LinkResult:
    try:
        answer = _asked(url, asker)
    except FetchError as error:
        return LinkResult(trouble=error.what, gone=_gone(url, error, resolver))
    secure = url.lower().startswith("http://") and _answers(f"https://{url[7:]}", asker)
    return LinkResult(answer, secure=secure)


def _asked(url: str, asker: LinkFetcher) -> str:
    """Where an address leads in the end: by HEAD, and by GET where a site has no answer to HEAD."""
    try:
        return asker.ask("HEAD", url).url
    except FetchError as error:
        if error.status == 0 and error.passing:
            raise
    try:
        return asker.ask("GET", url).url
    except FetchError as error:
        if 200 <= error.status < 300:
            return url  # a file of another kind, or too large to be read here: it is there
        raise


def _answers(url: str, asker: LinkFetcher, kind: Kind = "any") -> bool:
    try:
        if kind == "image":
            asker.ask("GET", url, kind)
        else:
            _asked(url, asker)
    except FetchError:
        return False
    return True


def _pictured(url: str, asker: LinkFetcher, resolver: Resolver | None) -> PictureResult:
    try:
        answer = asker.ask("GET", url, "image")
    except FetchError as error:
        return PictureResult(trouble=error.what, gone=_gone(url, error, resolver) or 200 <= error.status < 300)
    kind = kind_of(answer.data) or (other_kind(answer.data), 0, 0)
    if not kind[0]:
        return PictureResult(trouble="what comes is no picture that mail programs know", gone=True)
    plain = url.lower().startswith("http://")
    return PictureResult(
        *kind,
        weight=len(answer.data),
        secure=plain and _answers(f"https://{url[7:]}", asker, "image"),
        unencrypted=answer.url if not plain and answer.url.lower().startswith("http://") else "",
    )


def _gone(url: str, error: FetchError, resolver: Resolver | None) -> bool:
    """Whether the address itself is wrong: nothing is there, or nobody has its host's name."""
    if error.status in _GONE:
        return True
    host = urlsplit(url).hostname or ""
    if error.status or resolver is None or not host.isascii():
        return False
    return resolver.ask(host, "A") == () and resolver.ask(host, "AAAA") == ()
