"""The routes of past letters: the archive, its feeds and site map, each letter with its card and share picture."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from newsletter.letters import own_links
from newsletter.web import described
from newsletter.web.archive import Archive, ArchiveEntry, PastLetter
from newsletter.web.feed_body import feed_body
from newsletter.web.letter_card import card_values, letter_page
from newsletter.web.pages import Pages
from newsletter.web.share import NAME
from newsletter.workflows.share_pictures import LetterPictures
from subscribers import test_link

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from newsletter.web.letter_page import LetterPage
    from subscribers.web import Request, Site

MINUTES = 300
"""Seconds that the archive may be kept by whoever carries it."""
MOMENTS = 10
A_DAY = 86_400
A_YEAR = 31_536_000
_DIGITS = 16
_MOST_MAPPED = 50_000
"""Addresses in one site map (sitemaps.org, protocol)."""


def archive_routes(site: Site, archive: Archive, pages: Pages, pictures: LetterPictures) -> list[BaseRoute]:
    """The routes of past letters.

    Args:
        site: The reader pages that they are added to.
        archive: The letters.
        pages: For what stands around a letter.
        pictures: The share pictures.
    """
    from subscribers.web import answer, file_answer, route

    places, about = pages.places, pages.publication

    def facts(entry: ArchiveEntry, html: str = "") -> described.LetterFacts:
        address = places.letter_address(entry.key)
        share = (f"{address}/{NAME}",) if pictures.has(entry.letter, entry.number) else ()
        return described.LetterFacts(entry.subject, entry.summary, address, address, entry.sent, share, html)

    def listed(site: Site, request: Request) -> Response:
        asked = request.parts.get("before", "0")
        # Whoever types a hundred digits finds no page, and no database is asked for such a number.
        if not (asked.isascii() and asked.isdecimal() and len(asked) < _DIGITS):
            return missing(site)
        before = int(asked)
        entries, older = archive.entries(before=before)
        told = [facts(entry) for entry in entries]
        title = f"{pages.text('Past letters')} – {about.name}"
        address = places.archive_address if not before else f"{places.address}/archive/{before}"
        values = {
            "entries": entries,
            "older": older,
            "newer": bool(before),
            "share": next((one.pictures[0] for one in told if one.pictures), ""),
            "data": described.in_script(described.collection(told, about, address, title)) if told else "",
        }
        return answer(site, "web/archive.html.j2", values, public=MINUTES)

    def feed(site: Site, _request: Request) -> Response:
        entries, _ = archive.entries()
        newest = entries[0].sent if entries else site.now()
        values = {"entries": entries, "updated": newest.isoformat()}
        return answer(site, "web/archive.xml.j2", values, public=MINUTES, kind="application/atom+xml; charset=utf-8")

    @lru_cache(maxsize=1)
    def json_of(letters: tuple[ArchiveEntry, ...]) -> bytes:
        # Twenty letters are read for it, each of which may be large, and none of them ever changes.
        told = []
        for entry in letters:
            found = archive.view(entry.key)
            body = feed_body(found[1], places.letter_address(entry.key)) if found is not None else ""
            told.append(facts(entry, body))
        return described.json_feed(told, about, home=places.archive_address, own=f"{places.address}/archive.json")

    def json_feed(_site: Site, _request: Request) -> Response:
        entries, _ = archive.entries()
        return file_answer(json_of(tuple(entries)), "application/feed+json; charset=utf-8", public=MINUTES)

    def site_map(site: Site, _request: Request) -> Response:
        letters, posts = archive.every(_MOST_MAPPED - 1), archive.posts()
        newest = letters[0].sent.isoformat() if letters else ""
        mapped = [(places.archive_address, newest)]
        mapped += [(places.letter_address(one.key), one.sent.isoformat()) for one in letters if one.key not in posts]
        kind = "application/xml; charset=utf-8"
        return answer(site, "web/sitemap.xml.j2", {"pages": mapped}, public=MINUTES, kind=kind)

    def key_of(request: Request) -> str:
        """``12``, or ``readers/daily/2026-11-24`` for a letter of the latest posts."""
        return "/".join(request.parts[name] for name in ("list", "rhythm", "key") if name in request.parts)

    def found_by(request: Request) -> tuple[str, tuple[PastLetter, LetterPage] | None]:
        """Where the page of a letter stands, and the letter: of the archive, or of a signed address."""
        key = key_of(request)
        if "signature" not in request.parts:
            return f"letters/{key}", archive.view(key)
        path = f"view/{request.parts['signature']}/{key}"
        opened = own_links.letter_of_path(request.parts["signature"], key, keys=site.link_keys)
        return path, None if opened is None else archive.view(opened[1], path=path, list_name=opened[0])

    def letter(site: Site, request: Request) -> Response:
        _, found = found_by(request)
        private = "signature" in request.parts
        if found is None:
            return missing(site, private=private)
        one, view = found
        html = letter_page(pages, archive, one, view, {"private": True} if private else card(one, view))
        kind = "text/html; charset=utf-8"
        # What only some may read is kept by nobody on the way, and no search engine is told of it.
        return file_answer(html.encode("utf-8"), kind, public=0 if private else MINUTES, pictures=view.hosts)

    def card(one: PastLetter, view: LetterPage) -> dict[str, Any]:
        address = places.letter_address(one.key)
        drawn = pictures.has(one, archive.number(one))
        return card_values(
            pages, one, view, share=f"{address}/{NAME}" if drawn else "", canonical=archive.post(one.key) or address
        )

    def part(site: Site, request: Request) -> Response:
        name = request.parts["name"]
        if name == NAME:
            return share(site, request)
        _, found = found_by(request)
        public = 0 if "signature" in request.parts else A_YEAR
        if found is not None and name == "letter.css":
            css = found[1].css + pages("web/letter_bar.css.j2", {})
            return file_answer(css.encode("utf-8"), "text/css; charset=utf-8", public=public)
        if found is not None and name in found[1].pictures:
            picture = found[1].pictures[name]
            return file_answer(picture.data, picture.content_type, public=public, anywhere=True)
        return missing(site, private="signature" in request.parts)

    def share(site: Site, request: Request) -> Response:
        """The share picture of a letter that everybody may read."""
        one = archive.past(key_of(request)) if "signature" not in request.parts else None
        made = pictures.picture(one, archive.number(one)) if one is not None else None
        if made is None:
            return missing(site, private="signature" in request.parts)
        tag = f'"{made.tag}"'
        there = tag in (one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(","))
        status = 304 if there else 200
        response = file_answer(b"" if there else made.data, "image/png", status=status, public=A_DAY, anywhere=True)
        response.headers["etag"] = tag
        if there:
            del response.headers["content-length"]
        return response

    def of_a_test(site: Site, _request: Request) -> Response:
        return answer(site, "web/test_letter.html.j2", {"kind": "letter"})

    def missing(site: Site, *, private: bool = False) -> Response:
        response = answer(site, "web/trouble.html.j2", {"status": 404, "no_letter": True}, status=404)
        if not private:
            # So it takes the place of a letter that was taken back, with whoever keeps that, and shows it while we are
            # away (nginx leaves the old one where the new one is no-store).
            response.headers["cache-control"] = f"public, max-age={MOMENTS}"
        return response

    return [
        route(site, "/archive", listed),
        route(site, "/archive/{before}", listed),
        route(site, "/archive.xml", feed),
        route(site, "/archive.json", json_feed),
        route(site, "/sitemap.xml", site_map),
        route(site, f"/{test_link.LETTER}", of_a_test),
        route(site, "/letters/{key}", letter),
        route(site, "/letters/{key}/{name}", part),
        route(site, "/letters/{list}/{rhythm}/{key}", letter),
        route(site, "/letters/{list}/{rhythm}/{key}/{name}", part),
        route(site, "/view/{signature}/{list}/{rhythm}/{key}", letter),
        route(site, "/view/{signature}/{list}/{rhythm}/{key}/{name}", part),
    ]
