"""The golden issues: each folder of tests/data/letters holds an issue.md and its settings.json, and what they become.

``settings.json`` says what is not in the issue: who publishes, what the library knows of each story, and the size of
each local picture.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter import issues
from newsletter.issues import compose
from newsletter.letters.catalogue import words
from newsletter.letters.mime import LEAVE, PREFERENCES, cut, slot
from newsletter.letters.render import mjml_of, render
from newsletter.letters.render.look import look_of
from newsletter.letters.render.small import render_small
from newsletter.letters.ways import Ways
from newsletter.models import (
    Article,
    CalendarEvent,
    Holding,
    Issue,
    Letter,
    Picture,
    Poll,
    Publication,
    Rendered,
    Theme,
)
from newsletter.text import theming
from newsletter.text.bidi import isolate
from newsletter.web.pages import DOMAIN

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent / "data" / "letters"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/issue.md"))
THEMES = ("signature", "weekly", "digest", "bulletin")

MARKER = "n0123456789abcdef"
TOKEN = b"LEAVE" + b"A" * 47
CHOOSE_TOKEN = b"CHOOSE" + b"A" * 46
WIDTHS = {LEAVE: len(TOKEN), PREFERENCES: len(CHOOSE_TOKEN)}
LEAVE_URL = f"https://news.example.org/leave/{slot(MARKER, LEAVE)}"
PREFERENCES_URL = f"https://news.example.org/preferences/{slot(MARKER, PREFERENCES)}"
VIEW_URL = "https://news.example.org/letters/12"
DATE = datetime(2025, 11, 14, 9, tzinfo=UTC)
PREVIOUS = {
    "ar": ("أسبوع الماء: ماذا قال الفلاحون؟", "مدينة الواحة تزرع 1,000 نخلة في يوم واحد"),
    "en": ("A week of water: what the farmers said", "The oasis plants 1,000 palms in one day"),
    "fr": ("Une semaine d’eau : la parole aux fermiers", "L’oasis plante 1 000 palmiers en un jour"),
    "fa": ("هفتهٔ آب: کشاورزان چه گفتند؟", "شهر واحه در یک روز 1,000 نخل کاشت"),
    "he": ("שבוע המים: מה אמרו החקלאים?", "העיר שתלה 1,000 דקלים ביום אחד"),
}


def answer_address(poll: Poll, at: int) -> str:
    """Where an answer of a golden letter leads to; not signed, since a key is made for each workspace."""
    return f"https://news.example.org/polls/{at}{'Q' * 35}"


def calendar_address(event: CalendarEvent) -> str:
    """Where the calendar file of a golden letter's event is."""
    return f"https://news.example.org/media/{event.starts:%Y%m%d}{'0' * 24}.ics"


WAYS = {
    language: Ways(
        page=VIEW_URL,
        subscribe="https://news.example.org/",
        archive="https://news.example.org/archive",
        previous=tuple((words, f"https://news.example.org/letters/{11 - at}") for at, words in enumerate(previous)),
        reply="mailto:desk@example.org?subject=Re%3A%20Sail",
        answer=answer_address,
        calendar=calendar_address,
    )
    for language, previous in PREVIOUS.items()
}
"""What a letter of the golden newsroom offers beyond its stories, by language."""


@dataclass(frozen=True)
class Golden:
    """One golden issue, read."""

    name: str
    issue: Issue
    publication: Publication
    pictures: dict[str, Picture]


def golden(name: str) -> Golden:
    """Read the issue and settings of a folder."""
    stored: dict[str, Any] = json.loads((FOLDER / name / "settings.json").read_text("utf-8"))
    about = stored["publication"]
    about["links"] = tuple((label, url) for label, url in about.get("links", ()))
    theme = about.pop("theme", {})
    about["theme"] = Theme(**{key: theming.judged(key, value) for key, value in theme.items()})
    known = {
        url: Holding(
            at,
            Article(
                "",
                author=told["author"],
                section=told["section"],
                published=datetime.fromisoformat(told["published"]),
            ),
            DATE,
        )
        for at, (url, told) in enumerate(stored.get("library", {}).items(), 1)
    }
    issue = compose.enriched(issues.read(FOLDER / name / "issue.md"), known)
    pictures = {
        path: Picture(
            f"picture-{at}@example.org",
            "image/png" if path.endswith("png") else "image/jpeg",
            f"picture {path}".encode(),
            path,
            *size,
        )
        for at, (path, size) in enumerate(stored.get("pictures", {}).items(), 1)
    }
    return Golden(name, issue, Publication(**about), pictures)


def template(name: str) -> str:
    """Which pair of templates draws a golden issue."""
    one = golden(name)
    return look_of(one.issue, one.publication).template


def arguments(one: Golden) -> dict[str, Any]:
    """The keyword arguments of ``render`` and ``mjml_of``: all of them fixed."""
    return {
        "marker": MARKER,
        "leave_url": LEAVE_URL,
        "preferences_url": PREFERENCES_URL,
        "view_url": VIEW_URL,
        "ways": WAYS.get(one.publication.language, WAYS["en"]),
        "date": DATE,
        "pictures": one.pictures,
    }


def rendered(one: Golden, templates: Environment) -> Rendered:
    """The golden issue as its letter."""
    return render(one.issue, one.publication, templates, **arguments(one))


def mjml(one: Golden, templates: Environment) -> str:
    """The golden issue as the compiler gets it."""
    return mjml_of(one.issue, one.publication, templates, **arguments(one))


SMALL = (
    *(f"{kind}{way}" for way in ("", " by mail") for kind in ("confirmation", "welcome", "goodbye", "still-wanted")),
    *("preferences", "new-address", "address-changed", "erasure"),
)


def small(kind: str, language: str, templates: Environment, own: tuple[str, str] = ("", ""), title: str = "") -> Letter:
    """A small letter of the golden newsroom, as it goes to one person; ``by mail`` where there are no pages."""
    kind, _, by_mail = kind.partition(" ")
    base = golden("week" if language in ("ar", "fa", "he") else "english")
    publication = replace(base.publication, language=language)
    page = "https://news.example.org"
    urls = {
        "leave_url": LEAVE_URL,
        "confirm_url": f"{page}/confirm/{'C' * 52}",
        "preferences_url": f"{page}/preferences/{'P' * 52}",
        "address_url": f"{page}/address/{'A' * 43}",
        "erase_url": f"{page}/erase/{'E' * 43}",
        "stay_url": f"{page}/stay/{'S' * 52}",
        "archive_url": f"{page}/archive",
    }
    mail = "mailto:news@example.org?subject="
    if by_mail:
        urls = {
            "leave_url": f"{mail}unsubscribe%20{slot(MARKER, LEAVE)}",
            "confirm_url": f"{mail}confirm%20{'C' * 43}",
            "stay_url": f"{mail}stay%20{'S' * 52}",
            "subscribe_url": f"{mail}subscribe%20readers",
        }
    catalogue = words(templates, language, DOMAIN)
    title = title or ("Readers" if language in ("en", "fr") else "نشرة القراء")
    made = render_small(
        kind,
        publication,
        templates,
        title=title,
        say=catalogue.gettext,
        marker=MARKER,
        urls=urls,
        date=DATE,
        by_mail=bool(by_mail),
        own=own,
    )
    one = replace(letter(base, made), language=language, issue="", automatic=True)
    return replace(one, unsubscribe_url="", reply_to="") if by_mail else one


def letter(one: Golden, made: Rendered) -> Letter:
    """The letter of a golden issue, as a send would freeze it."""
    return Letter(
        sender=f"{isolate(one.publication.name.split('<')[0].strip(), one.publication.direction)} <news@example.org>",
        reply_to="desk@example.org",
        list_id=f"{one.issue.list}.example.org",
        rendered=made,
        marker=MARKER,
        unsubscribe_url=LEAVE_URL,
        unsubscribe_mail=f"mailto:news@example.org?subject=unsubscribe%20{slot(MARKER, LEAVE)}",
        date=DATE,
        language=one.publication.language,
        issue=str(one.issue.number),
    )


def message(one: Letter) -> bytes:
    """The letter of one subscriber as it goes over the wire."""
    values = {"to": b"reader@example.net", "message_id": b"1.7", LEAVE: TOKEN, PREFERENCES: CHOOSE_TOKEN}
    return b"".join(cut(one, WIDTHS).fill(values))
