"""The pictures of a post: each at the site once, found there by its name, and put up when it is not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from newsletter.errors import IssueError
from newsletter.letters.pictures.converting import PictureFault
from newsletter.publish import PublishTalk
from newsletter.publish.wordpress import pictures as site_pictures
from newsletter.publish.wordpress.blocks import PostText, SitePicture
from newsletter.sources.http import FetchError
from newsletter.workflows.letter import pictures_of

if TYPE_CHECKING:
    from newsletter.letters.pictures import LocalPicture
    from newsletter.models import Issue
    from newsletter.publish.rows import PublishedIssue
    from newsletter.publish.wordpress.session import SiteSession
    from newsletter.wiring import Workspace

_SHOWN = re.compile(r'<img src="(cid:[^"]+)" alt="([^"]*)"')
_SIZE = re.compile(r"-(?:\d+x\d+|scaled|\d)$")
UNMADE = SitePicture(0, "")
"""Stands in a dry run for a picture that would be put up."""


class PostPictures:
    """The pictures of one issue.

    Args:
        workspace: The workspace.
        issue: Whose pictures.
        session: With the site.
        keep: Writes down what is known of the issue there.
        talk: How to speak with whoever asked.
        dry_run: Whether nothing is put up.
    """

    def __init__(
        self,
        workspace: Workspace,
        issue: Issue,
        session: SiteSession,
        keep: Callable[..., PublishedIssue],
        talk: PublishTalk,
        dry_run: bool,
    ) -> None:
        self._workspace = workspace
        self._issue = issue
        self._session = session
        self._keep = keep
        self._talk = talk
        self._dry_run = dry_run
        self.local = pictures_of(workspace, issue).checked()
        self.on_site: dict[str, SitePicture] = {}
        """What the site has, by ``cid:…`` of a local picture."""
        self._known: dict[str, tuple[int, str]] = {}

    def placed(self, text: PostText, known: Mapping[str, tuple[int, str]]) -> int:
        """Have every picture of a post at the site; the number of the one that leads, 0 without any.

        Args:
            text: The post, with its local pictures as ``cid:…``.
            known: Number and address of those that were there before, by digest.

        Raises:
            IssueError: A local picture is broken.
            PublishError: The site does not take one.
        """
        self._known = self._still_there(known)
        files = {f"cid:{one.picture.cid}": one for one in self.local.found.values()}
        words = {src: unescape(alt) for src, alt in _SHOWN.findall(text.content)}
        if text.lead.startswith("cid:"):
            words[text.lead] = text.lead_alt
        for src, alt in words.items():
            self.on_site[src] = self._of_file(files[src], alt)
        if text.lead.startswith("cid:"):
            return self.on_site[text.lead].number
        return self._of_address(text.lead, text.lead_alt).number if text.lead else 0

    def _still_there(self, known: Mapping[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
        """Those that nobody has deleted from the site's media since."""
        if not known:
            return {}
        numbers = ",".join(str(number) for number, _ in known.values())
        found = self._session.get("media", include=numbers, per_page=100).content
        there = {one.get("id") for one in found if isinstance(one, dict)} if isinstance(found, list) else set()
        return {digest: one for digest, one in known.items() if one[0] in there}

    def _of_file(self, original: LocalPicture, alt: str) -> SitePicture:
        data = original.data()
        return self._at_site(site_pictures.digest_of(data), lambda: self._made(data, original), alt)

    def _made(self, data: bytes, original: LocalPicture) -> site_pictures.PictureForSite:
        try:
            return site_pictures.made(data)
        except PictureFault as fault:
            raise fault.told(original.called, original.where) from None

    def _at_site(
        self, digest: str, make: Callable[[], site_pictures.PictureForSite], alt: str, also: str = ""
    ) -> SitePicture:
        if digest in self._known:
            return SitePicture(*self._known[digest])
        slug = f"nashra-{self._issue.number}-{digest}"
        found = site_pictures.there(self._session, slug)
        if found is None:
            if self._dry_run:
                self._talk.tell(f"Would put up the picture {slug}.")
                return UNMADE
            made = make()
            self._talk.tell(f"Puts up the picture {slug} ({len(made.data) // 1000 or 1} kB).")
            found = site_pictures.put_up(self._session, made, slug)
        picture, before = found
        if not self._dry_run:
            site_pictures.described(self._session, picture, before, alt)
        for name in filter(None, (digest, also)):
            self._known[name] = (picture.number, picture.address)
        self._keep(pictures=dict(self._known))
        return picture

    def _of_address(self, address: str, alt: str) -> SitePicture:
        """A picture of the web that leads: the site's own where it is there, else put up once."""
        name = f"url {hashlib.sha256(address.encode()).hexdigest()[:16]}"
        if name in self._known:
            return SitePicture(*self._known[name])
        own = self._own(address)
        if own is not None:
            self._known[name] = (own.number, own.address)
            self._keep(pictures=dict(self._known))
            return own
        try:
            data = self._workspace.fetcher.get(address, "image").data
            made = site_pictures.made(data)
        except (FetchError, PictureFault, IssueError) as error:
            self._talk.tell(f"The picture that leads stays out: {error}")
            return UNMADE
        return self._at_site(made.digest, lambda: made, alt, also=name)

    def _own(self, address: str) -> SitePicture | None:
        """The site's own picture at an address of its uploads."""
        try:
            parts, home = urlsplit(address), urlsplit(self._session.access.site)
        except ValueError:
            return None
        if parts.hostname != home.hostname or "/uploads/" not in parts.path:
            return None
        stem = unquote(parts.path).rpartition("/")[2].rpartition(".")[0]
        found = self._session.get("media", search=_SIZE.sub("", stem), per_page=20).content
        for one in found if isinstance(found, list) else []:
            if parts.path.rpartition("/")[2] in {_file_name(url) for url in _addresses(one)}:
                return site_pictures.of_answer(one, self._session.access.site)[0]
        return None


def _file_name(url: str) -> str:
    """Name of the file at an address, as it stands there."""
    return url.partition("?")[0].rpartition("/")[2]


def _addresses(media: Any) -> list[str]:
    """Where a picture and its smaller ones are."""
    details = media.get("media_details") if isinstance(media, dict) else None
    sizes = details.get("sizes") if isinstance(details, dict) else None
    smaller = [str(one.get("source_url") or "") for one in sizes.values()] if isinstance(sizes, dict) else []
    return [str(media.get("source_url") or ""), *smaller] if isinstance(media, dict) else []
