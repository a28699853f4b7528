"""The archive as static pages: the pages of ``newsletter serve``, with links that hold on any host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from newsletter import clicks, issues, media
from newsletter.errors import IssueError
from newsletter.publish import PublishError, PublishOutcome, PublishTalk, PublishWish
from newsletter.publish.files.folder import ArchiveFolder, opened
from newsletter.sharing import NoFontError
from newsletter.text import bidi
from newsletter.text.sentences import counted, said
from newsletter.web import described
from newsletter.web.archive import PAGE, Archive, ArchiveEntry, PastLetter
from newsletter.web.feed_body import feed_body
from newsletter.web.letter_card import card_values, letter_page
from newsletter.web.pages import Pages
from newsletter.web.places import ArchivePlaces
from newsletter.web.share import NAME
from newsletter.workflows.share_pictures import LetterPictures

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

_MOST = 49_999
"""Letters, as many as one site map takes."""


def publish(workspace: Workspace, name: str, wish: PublishWish, talk: PublishTalk) -> PublishOutcome:
    """Write the archive as static pages, or bring them up to date.

    Args:
        workspace: The workspace.
        name: An issue that must be among them, as an editor names it; empty asks for none. All are written anyhow.
        wish: What is asked.
        talk: How to speak with whoever asked.

    Raises:
        PublishError: It cannot be done.
    """
    if wish.folder is None:
        raise PublishError("no folder is named", mend="say where the files go: --out public")
    with opened(wish.folder, force=wish.force, dry_run=wish.dry_run) as folder:
        address = _address(wish.url or folder.url)
        made = _FileArchive(workspace, folder, address, talk)
        if name:
            made.demand(name)
        folder.begin(address)
        made.write()
        folder.finish(address)
        lines = list(made.notes)
        done = "would be" if wish.dry_run else "were"
        lines.append(
            said(
                f"{{letters}}: {{written}} files {done} written, {{unchanged}} are as they were, "
                f"{{removed}} {done} removed",
                letters=_letters(len(made.letters)),
                written=len(folder.written),
                unchanged=folder.unchanged,
                removed=len(folder.removed),
            )
        )
        changed = bool(folder.written or folder.removed)
        return PublishOutcome(
            "files",
            "created" if folder.is_new else "updated" if changed else "unchanged",
            address=f"{address}/" if address else str(folder.root / "index.html"),
            lines=tuple(lines),
            values={
                "folder": str(folder.root),
                "url": address or None,
                "letters": len(made.letters),
                "written": folder.written,
                "unchanged": folder.unchanged,
                "removed": folder.removed,
                "share_pictures": made.has_pictures,
                "dry_run": wish.dry_run,
            },
        )


def _letters(count: int) -> str:
    return counted("{n} letter", "{n} letters", count)


def _address(url: str) -> str:
    """The address of the archive without a slash at its end."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    plain = url.isascii() and url.isprintable() and not re.search(r"[\s<>\"'\\^`{|}]", url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or not plain:
        raise PublishError(
            f"{url!r} is no address of a site", where="--url", mend="such as https://letters.example.org/archive"
        )
    return url.removesuffix("index.html").rstrip("/")


class _FileArchive:
    """The files of an archive, made one letter after another."""

    def __init__(self, workspace: Workspace, folder: ArchiveFolder, address: str, talk: PublishTalk) -> None:
        self._workspace = workspace
        self._folder = folder
        self._talk = talk
        web = workspace.settings.web
        self._served = web.url.rstrip("/")
        form = f"{self._served}/" if self._served else ""
        self._places = ArchivePlaces(".", address, form, files=True)
        self._pages = Pages(
            workspace.templates,
            workspace.publication,
            address,
            counts_clicks=clicks.counting(workspace.settings),
            places=self._places,
        )
        self._archive = Archive(workspace.database, self._pages, web.lists)
        self._pictures = LetterPictures(workspace, self._pages)
        self.letters = self._archive.every(_MOST)
        self._posts = self._archive.posts()
        self.notes: dict[str, None] = {}
        """What a person is told, each once."""
        self.has_pictures = bool(self.letters)
        self._keys = {quote(one.key): one.key for one in self.letters}
        self._named: dict[str, None] = {}

    def demand(self, name: str) -> None:
        """Refuse when an issue is not among the letters."""
        key = name.rstrip("/").rpartition("/issues/")[2].removeprefix("issues/").removesuffix("/issue.md")
        if key not in self._keys.values():
            with suppress(IssueError):
                key = str(issues.find(self._workspace.root, name).number)  # its folder may be called otherwise
        if key not in self._keys.values():
            raise PublishError(
                f"no letter of issue {name} has gone out to a list whose letters everybody may read",
                mend="send it first; the lists are those of [web] lists",
            )

    def write(self) -> None:
        """Write everything, what pages need before them, so that a reader never meets half of it."""
        pages = self._pages
        self._put("style.css", pages("web/style.css.j2", {}))
        self._put("icon.svg", pages("web/icon.svg.j2", {}))
        entries: list[ArchiveEntry] = []
        told: list[described.LetterFacts] = []
        for number, one in enumerate(self.letters, 1):
            entry, facts = self._letter(one, with_body=number <= PAGE)
            entries.append(entry)
            told.append(facts)
            self._talk.tell(said("{number} of {total} letters", number=number, total=len(self.letters)))
        self._media()
        for number, start in enumerate(range(0, max(len(entries), 1), PAGE), 1):
            self._index(number, entries[start : start + PAGE], told[start : start + PAGE], more=start + PAGE)
        if self._places.address:
            self._feeds(told)
        else:
            self.notes["without --url there are no feeds, site map and cards: those need whole addresses"] = None

    def _put(self, name: str, content: str | bytes) -> None:
        self._folder.put(name, content.encode("utf-8") if isinstance(content, str) else content)

    def _letter(self, one: PastLetter, *, with_body: bool) -> tuple[ArchiveEntry, described.LetterFacts]:
        """Write the page of a letter and what belongs to it."""
        key, pages = one.key, self._pages
        depth = key.count("/") + 1
        root = "/".join([".."] * depth)
        last = key.rpartition("/")[2]
        view = self._archive.page(one.letter_id, key, folder=quote(last), media=f"{root}/{media.FOLDER}")
        number = self._archive.number(one)
        places = self._places.at(root)
        self._put(f"letters/{key}/letter.css", view.css + pages("web/letter_bar.css.j2", {}))
        for name, picture in view.pictures.items():
            self._put(f"letters/{key}/{name}", picture.data)
        share = self._share(one, number)
        address = self._places.letter_address(key) if self._places.address else ""
        picture_address = f"{address.removesuffix('.html')}/{NAME}" if share and address else ""
        canonical = self._posts.get(key, address)
        card = card_values(pages, one, view, share=picture_address, canonical=canonical)
        html = letter_page(pages, self._archive, one, view, {**card, "base": root, "places": places})
        self._put(f"letters/{key}.html", self._linked(html, places))
        entry = ArchiveEntry(key, number, one.subject, view.summary, one.sent, one)
        body = feed_body(view, address) if with_body and address else ""
        facts = described.LetterFacts(
            one.subject, view.summary, address, canonical, one.sent, (picture_address,) if picture_address else (), body
        )
        return entry, facts

    def _share(self, one: PastLetter, number: str) -> bool:
        try:
            self._put(f"letters/{one.key}/{NAME}", self._pictures.drawn(one, number).data)
        except NoFontError as error:
            self.notes[f"no share picture: {error}"] = None
            self.has_pictures = False
            return False
        return True

    def _linked(self, html: str, places: ArchivePlaces) -> str:
        """A letter whose links to the archive at the reader pages lead to these files, and its pictures noted."""
        for name in re.findall(rf'"{re.escape(places.root)}/{media.FOLDER}/([0-9a-f]{{32}}\.[a-z]{{3,4}})"', html):
            self._named[name] = None
        if not self._served:
            return html
        html = html.replace(f'href="{self._served}/archive"', f'href="{places.archive}"')
        return re.sub(
            rf'href="{re.escape(self._served)}/letters/([^"?#]+)"',
            lambda found: f'href="{places.letter(self._keys[found[1]])}"' if found[1] in self._keys else found[0],
            html,
        )

    def _media(self) -> None:
        """Write the pictures and calendar files that the letters name."""
        for name in self._named:
            with self._workspace.database.read() as connection:
                found = media.get(connection, name)
            if found is not None:
                self._put(f"{media.FOLDER}/{name}", found.data)

    def _index(
        self, number: int, entries: Sequence[ArchiveEntry], told: Sequence[described.LetterFacts], *, more: int
    ) -> None:
        pages, places = self._pages, self._places
        title = f"{pages.text('Past letters')} – {pages.publication.name}"
        address = places.archive_address if number == 1 else f"{places.address}/page-{number}.html"
        data = described.collection(told, pages.publication, address, title) if told and places.address else None
        values: dict[str, Any] = {
            "base": places.root,
            "entries": entries,
            "older": number + 1 if more < len(self.letters) else 0,
            "newer": number > 1,
            "share": next((one.pictures[0] for one in told if one.pictures), ""),
            "data": described.in_script(data) if data else "",
        }
        self._put("index.html" if number == 1 else f"page-{number}.html", pages("web/archive.html.j2", values))

    def _feeds(self, told: Sequence[described.LetterFacts]) -> None:
        pages, places = self._pages, self._places
        newest = told[:PAGE]
        own = f"{places.address}/feed.json"
        self._put("feed.json", described.json_feed(newest, pages.publication, home=places.archive_address, own=own))
        letters = [
            {
                "subject": bidi.clean(one.subject),
                "summary": one.summary,
                "address": one.address,
                "sent": format_datetime(one.sent),
                "html": one.html,
            }
            for one in newest
        ]
        updated = format_datetime(newest[0].sent) if newest else ""
        self._put("feed.xml", pages("web/feed.xml.j2", {"letters": letters, "updated": updated}))
        self._put("sitemap.xml", pages("web/sitemap.xml.j2", {"pages": list(self._mapped(told))}))

    def _mapped(self, told: Sequence[described.LetterFacts]) -> Iterator[tuple[str, str]]:
        yield self._places.archive_address, told[0].sent.isoformat() if told else ""
        for one in told:
            if one.canonical == one.address:
                yield one.address, one.sent.isoformat()
