"""Where each page of the archive stands: at the reader pages, or as files on any host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class ArchivePlaces:
    """The addresses of the archive, as its pages name them."""

    root: str
    """What stands before every link: a path, or for files the way up (``.``, ``..``)."""
    address: str
    """The same as an absolute address, without a slash at its end; empty when nobody has said where files will be."""
    form: str = ""
    """Where readers subscribe; empty when there is no page for it."""
    files: bool = False
    """Whether the archive is files: pages with an ending, and the front page is the archive."""

    def at(self, root: str) -> ArchivePlaces:
        """The same places, seen from a page that stands elsewhere.

        Args:
            root: What stands before every link there.
        """
        return replace(self, root=root)

    @property
    def archive(self) -> str:
        """The archive's first page."""
        return f"{self.root}/index.html" if self.files else f"{self.root}/archive"

    @property
    def archive_address(self) -> str:
        """The archive's first page, absolute."""
        return f"{self.address}/" if self.files else f"{self.address}/archive"

    def older(self, page: int) -> str:
        """A later page of the archive.

        Args:
            page: Its number, of files; else the id that `Archive.entries` goes on with.
        """
        return f"{self.root}/page-{page}.html" if self.files else f"{self.root}/archive/{page}"

    def letter(self, key: str) -> str:
        """The page of a letter."""
        return f"{self.root}/{self.letter_path(key)}"

    def letter_address(self, key: str) -> str:
        """The page of a letter, absolute."""
        return f"{self.address}/{self.letter_path(key)}"

    def letter_path(self, key: str) -> str:
        """The page of a letter, below the root."""
        # The key of an issue may be a word in any script, which an address spells in percent signs (RFC 3986).
        return f"letters/{quote(key)}.html" if self.files else f"letters/{quote(key)}"

    @property
    def feeds(self) -> tuple[tuple[str, str], ...]:
        """Media type and place of each feed; none where nobody knows the address that a feed must name."""
        if not self.address:
            return ()
        if self.files:
            return (
                ("application/rss+xml", f"{self.root}/feed.xml"),
                ("application/feed+json", f"{self.root}/feed.json"),
            )
        return (
            ("application/atom+xml", f"{self.root}/archive.xml"),
            ("application/feed+json", f"{self.root}/archive.json"),
        )
