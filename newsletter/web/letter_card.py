"""A past letter as a whole page: with the bar above it, and what makes its card when somebody shares it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from newsletter.text import bidi
from newsletter.web import described

if TYPE_CHECKING:
    from newsletter.web.archive import Archive, PastLetter
    from newsletter.web.letter_page import LetterPage
    from newsletter.web.pages import Pages


def card_values(pages: Pages, one: PastLetter, view: LetterPage, *, share: str, canonical: str) -> dict[str, Any]:
    """What ``web/letter_head.html.j2`` says of a letter that everybody may read.

    Args:
        pages: For who publishes, and where.
        one: The letter.
        view: The letter as a page.
        share: Absolute address of its share picture; empty without one.
        canonical: Of the page that search engines are to know; empty when nobody knows the address.
    """
    places = pages.places
    address = places.letter_address(one.key) if places.address else ""
    image = urljoin(address, view.image) if view.image and address else ""
    told = described.LetterFacts(
        one.subject,
        view.summary,
        address,
        canonical,
        one.sent,
        tuple(picture for picture in (share, image) if picture),
    )
    data = described.article(told, pages.publication, places.archive_address) if address else None
    return {
        "private": False,
        "canonical": canonical,
        "letter_address": address,
        "subject": bidi.clean(one.subject),
        "summary": bidi.strip(view.summary),
        "image": image,
        "share": share,
        "data": described.in_script(data) if data else "",
    }


def letter_page(pages: Pages, archive: Archive, one: PastLetter, view: LetterPage, card: dict[str, Any]) -> str:
    """A past letter with the bar above it and what makes its card when it is shared.

    Args:
        pages: For what stands around it.
        archive: The letters.
        one: The letter.
        view: The letter as a page.
        card: Values of `card_values`, and others that the templates take.
    """
    values: dict[str, Any] = {"letter": one, "number": archive.number(one), **card}
    html = view.html.replace("<!--head-->", pages("web/letter_head.html.j2", values), 1)
    return html.replace("<!--bar-->", pages("web/letter_bar.html.j2", values), 1)
