"""What is handed from the bytes of a file or an address to the reader of its kind, and what that gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources.http.models import Fetched, FetcherProtocol, Validator
from newsletter.sources.links import absolute, is_web

_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/feed+json": ".json",
    "application/rss+xml": ".rss",
    "application/atom+xml": ".atom",
    "application/rdf+xml": ".rdf",
    "application/xml": ".xml",
    "text/xml": ".xml",
}
"""What a media type (RFC 6838) says as plainly as the suffix of a file; ``text/plain`` is given to anything."""


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a file or an address, with all that tells what they are; one of ``path`` and ``got`` is set."""

    data: bytes
    """Unpacked."""
    where: str
    """Path or address, for messages and as an article's source."""
    path: Path | None = None
    """The file."""
    got: Fetched | None = None
    """The answer of the address."""
    door: FetcherProtocol | None = None
    """Fetches what the document names; None for a file, which asks for nothing."""

    @property
    def url(self) -> str:
        """Its address; empty for a file."""
        return self.got.url if self.got else ""

    @property
    def content_type(self) -> str:
        """Media type it was sent with, in lower case; empty for a file."""
        return self.got.content_type if self.got else ""

    @property
    def charset(self) -> str:
        """Code page it was sent with; empty for a file."""
        return self.got.charset if self.got else ""

    @property
    def suffix(self) -> str:
        """The suffix that its media type stands for, else that of its name, in lower case with the point.

        ``.gz`` is passed over, for the data are unpacked.
        """
        if self.content_type in _SUFFIXES:
            return _SUFFIXES[self.content_type]
        name = PurePosixPath(self.path.name if self.path else unquote(urlsplit(self.url).path))
        suffix = name.suffix.lower()
        if suffix == ".gz":
            suffix = PurePosixPath(name.stem).suffix.lower()
        return suffix

    @property
    def name(self) -> str:
        """Name of the file, or the last part of the address, without its suffix."""
        return PurePosixPath(self.path.name if self.path else unquote(urlsplit(self.url).path)).stem

    def picture(self, reference: str, base: str = "", *, within: bool = False) -> str:
        """Find a picture that the document names.

        Args:
            reference: As it stands there: an address, or a path relative to the document.
            base: Address that the article of a file has by itself, for what does not lie beside the file.
            within: Only files in the folder of the document, or below, are taken.

        Returns:
            A web address, or the absolute path of a file beside the document; empty when there is neither. A
            document that came from an address reaches no file.
        """
        value = reference.strip()
        if not value or is_web(value) or value.startswith("//"):
            return absolute(self.url or base or "https://", value) if value else ""
        if self.path is None:
            return absolute(self.url, value)
        for name in (value, unquote(value)):
            try:
                folder = self.path.parent.resolve()
                beside = (folder / name).resolve()
                if beside.is_file() and (not within or beside.is_relative_to(folder)):
                    return str(beside)
            except (OSError, ValueError):
                continue
        return absolute(base, value) if base else ""


class NoArticleError(SourceError):
    """A page that can be read and is something else than an article; see Complaint."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry of a source that gave no article."""

    what: str
    """Its headline, else its address, else its place in the source."""
    reason: str
    """Why, in plain words."""


@dataclass(frozen=True, slots=True)
class ArticleFilter:
    """Which articles are wanted of a source that has many."""

    now: datetime
    """The present moment, aware."""
    zone: tzinfo = UTC
    """Zone of moments that name none, and of dates below."""
    most: int = 50
    """Of one address; of a file, all are wanted."""
    since: datetime | date | None = None
    """Not before; a date means its first moment in the site's zone where that is known."""
    until: datetime | date | None = None
    """Not after; a date means its last moment."""
    is_single: bool = False
    """Whether one article is wanted, so that a list of articles is refused."""

    def has(self, article: Article) -> bool:
        """Whether an article falls between since and until; one without a date does.

        Args:
            article: Any article.
        """
        moment = article.published
        if moment is None:
            return True
        since, until = _bound(self.since, time.min, self.zone), _bound(self.until, time.max, self.zone)
        return (since is None or moment >= since) and (until is None or moment <= until)

    def chosen(self, articles: Sequence[Article], limit: int | None) -> tuple[list[Article], list[Refusal]]:
        """Those of a source's articles that are wanted, and the others with the reason.

        Args:
            articles: In order of preference.
            limit: Most of them; None sets no limit.
        """
        kept: list[Article] = []
        left: list[Refusal] = []
        for article in articles:
            if not self.has(article):
                left.append(Refusal(article.title, "published outside the time asked for"))
            elif limit is not None and len(kept) >= limit:
                left.append(Refusal(article.title, f"beyond the {limit} asked for"))
            else:
                kept.append(article)
        return kept, left

    def ends_before(self, article: Article) -> bool:
        """Whether an article, and so all that are older, was published before what is wanted.

        Args:
            article: Any article.
        """
        since = _bound(self.since, time.min, self.zone)
        return since is not None and article.published is not None and article.published < since

    def is_before(self, moment: datetime) -> bool:
        """Whether a moment is before what is wanted.

        Args:
            moment: When something was published or changed, aware.
        """
        since = _bound(self.since, time.min, self.zone)
        return since is not None and moment < since

    def is_after(self, moment: datetime) -> bool:
        """Whether a moment is after what is wanted.

        Args:
            moment: When something was published or changed, aware.
        """
        until = _bound(self.until, time.max, self.zone)
        return until is not None and moment > until

    def limit(self, document: Document) -> int | None:
        """Most articles of a document; None sets no limit.

        Args:
            document: A file or an address.
        """
        return self.most if document.url else None


@dataclass(frozen=True, slots=True)
class ListedLink:
    """One line of a list of links; what the editor wrote there wins over what the page says."""

    url: str
    title: str = ""
    section: str = ""
    summary: str = ""
    author: str = ""
    line: int = 0
    """Where it stands in the list, 1-based."""
    stated: Article | None = None
    """What the list says of the article, taken where its page says nothing."""
    is_single: bool = False
    """Whether it is read only if it is an article: a program wrote the list, not an editor."""


@dataclass(frozen=True, slots=True)
class SourceResult:
    """What one file or address gave."""

    articles: tuple[Article, ...] = ()
    notes: tuple[str, ...] = ()
    """What the editor should know though nothing went wrong, one line each."""
    validator: Validator | None = None
    """To be remembered for the next time, if the address itself is a feed and all of it was taken."""
    links: tuple[ListedLink, ...] = ()
    """What a list of links names; they are still to be read."""
    refused: tuple[Refusal, ...] = ()
    """What it holds besides, and why that was not taken; nothing is passed over in silence."""


def _bound(bound: datetime | date | None, of_day: time, zone: tzinfo) -> datetime | None:
    if bound is None or isinstance(bound, datetime):
        return bound
    return datetime.combine(bound, of_day, tzinfo=zone)
