"""A small letter (confirmation, welcome, goodbye …) on the frame of the large ones."""

from __future__ import annotations

import html as escaping
from collections.abc import Mapping
from datetime import UTC, datetime
from datetime import date as date_of_day
from typing import TYPE_CHECKING

from newsletter.errors import RenderError
from newsletter.issues import prose
from newsletter.issues.escaping import escape
from newsletter.letters.catalogue import words
from newsletter.letters.render import (
    _said,
    _values,
    after,
    before,
    compiling,
    fill,
    surroundings,
    twin,
)
from newsletter.letters.render.views import PREHEADER
from newsletter.letters.ways import Ways
from newsletter.models import Issue, Picture, Prose, Publication, Rendered
from newsletter.text import bidi, dates, tidy

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Environment

SUBJECTS: Mapping[str, tuple[str, str]] = {
    "confirmation": (
        "Confirm your subscription to {list}",
        "One click is left: press the button, and our letters come to you.",
    ),
    "welcome": ("Welcome to {list}", "Your subscription is confirmed. Here is how to make it fit you."),
    "goodbye": ("You have left {list}", "No further letter comes. By mistake? You can take it back."),
    "preferences": ("The link to your preferences", "How often, which topics, a pause: it is all in your hands."),
    "new-address": (
        "Confirm your new address",
        "One click is left: press the button, and our letters come to this address.",
    ),
    "address-changed": ("Your address was changed", "Our letters go to another address of yours from now on."),
    "erasure": ("Confirm that we erase your data", "One click is left, and nothing of you stays with us."),
    "still-wanted": ("Do you still want {list}?", "Our letters did not reach you lately. One click, and they go on."),
}
"""Subject and preheader of each kind, as the catalogue knows them."""

BY_MAIL: Mapping[str, str] = {
    "confirmation": "One step is left: answer this letter with “{yes}”, and our letters come to you.",
    "welcome": "Your subscription is confirmed, and the next letter comes to you.",
    "goodbye": "No further letter comes. By mistake? You can ask for it again.",
    "still-wanted": "Our letters did not reach you lately. Answer this one, and they go on.",
}
"""The preheader where there are no pages, and an answer by mail does what a button would."""


_NEEDED: Mapping[str, tuple[str, ...]] = {
    "confirmation": ("confirm_url",),
    "welcome": ("leave_url",),
    "goodbye": ("leave_url",),
    "preferences": ("preferences_url",),
    "new-address": ("address_url",),
    "address-changed": ("preferences_url",),
    "erasure": ("erase_url",),
    "still-wanted": ("stay_url",),
}
"""What each letter cannot do without."""
_NEEDED_BY_MAIL: Mapping[str, tuple[str, ...]] = {
    "confirmation": ("confirm_url",),
    "welcome": ("leave_url",),
    "goodbye": ("subscribe_url",),
    "still-wanted": ("stay_url",),
}


def render_small(
    kind: str,
    publication: Publication,
    environment: Environment,
    *,
    title: str,
    say: Callable[[str], str],
    marker: str,
    urls: Mapping[str, str],
    date: datetime,
    by_mail: bool = False,
    pictures: Mapping[str, Picture] | None = None,
    own: tuple[str, str] = ("", ""),
    until: date_of_day | None = None,
) -> Rendered:
    """Make a small letter.

    Args:
        kind: What the letter is for, for example ``confirmation``.
        publication: The newsroom that writes.
        environment: The environment that finds and fills templates.
        title: Title of the list it is about.
        say: A text in the language of the publication.
        marker: What stands before every slot, as for ``render``.
        urls: ``leave_url``, with its slot, and whatever else the template uses.
        date: The date of the letter, an aware datetime.
        by_mail: There are no pages: the addresses begin with ``mailto:`` (RFC 6068), and the letter asks for an answer.
        pictures: Local pictures that the settings name, as for ``render``.
        own: Subject, and words in Markdown, that the newsroom wants instead of ours; each may be empty.
        until: The last day to answer, where the letter asks something; None names none.

    Raises:
        RenderError: The template gives no letter.
    """
    quoted = say("“{title}”").replace("{title}", title)

    def told(text: str, **parts: object) -> str:
        said = say(text)
        for name, value in parts.items():
            said = said.replace(f"{{{name}}}", str(value))
        return said

    subject, preheader = SUBJECTS[kind]
    subject = told(subject, list=quoted)
    preheader = told(BY_MAIL[kind] if by_mail else preheader, yes=told("yes"))
    own_title = _filled(own[0], list=quoted, name=publication.name)
    # Whatever signs a title has, it is no Markdown.
    own_words = _filled(own[1], list=escape(quoted, "part"), name=escape(publication.name, "part"))
    around = Issue(0, "", opening=(Prose(own_words, 1),) if own_words else ())
    # Elements speak with the words of letters, and not with those of the pages.
    catalogue = words(environment, publication.language)
    setup = surroundings.setup(
        around, publication, lambda text, **parts: _said(catalogue.gettext(text), parts), before.printable, Ways()
    )
    own_passage = prose.read(own_words, base=publication.direction, rank=3, setup=setup) if own_words else None
    subject = own_title or subject
    if own_passage is not None:
        preheader = tidy.shorten(own_passage.words(), PREHEADER)
    issue = Issue(0, subject, preheader, template=kind)
    viewer, values = _values(issue, publication, environment, marker, urls["leave_url"], date, pictures or {})
    if viewer.faults:
        raise RenderError.of(viewer.faults)
    values |= {**urls, "say": told, "list": quoted, "by_mail": by_mail}
    values["until"] = "" if until is None else _day(until, publication)
    values |= {"own_title": own_title, "own_words": own_passage, "elements": surroundings.elements(around)}
    name = f"email/{kind}.mjml.j2"
    html = after.finish(
        compiling.compiled(before.prepare(fill(environment, name, values)), name),
        values["language"],
        publication.direction,
    )
    text = twin.finish(before.printable(fill(environment, f"email/{kind}.txt.j2", values)), publication.direction)
    for what, piece in after.leaks(html, publication.direction):
        raise RenderError(f"{what}: {piece}" if piece else what, where=name, mend="mend the template there")
    _addresses_whole(html, text, marker, urls, name)
    _button_there(kind, text, urls, name, by_mail=by_mail)
    direction = publication.direction
    shown = bidi.steered(bidi.isolate(subject, direction), direction)
    return Rendered(shown, html, text, viewer.travelling(html), flowed=direction == "ltr")


def _day(day: date_of_day, publication: Publication) -> str:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return dates.long_date(moment, publication.language, "UTC", digits=publication.digits)


def _filled(text: str, **parts: str) -> str:
    for name, value in parts.items():
        text = text.replace(f"{{{name}}}", value)
    return text.strip()


def _button_there(kind: str, text: str, urls: Mapping[str, str], name: str, *, by_mail: bool) -> None:
    """What the letter is for must be in it: a template of one's own may have forgotten it."""
    for key in (_NEEDED_BY_MAIL if by_mail else _NEEDED).get(kind, ()):
        if urls[key] not in text:
            raise RenderError(
                f"the letter lacks what it is for: {key}", where=name, mend=f"put {{{{ {key} }}}} into the template"
            )


def _addresses_whole(html: str, text: str, marker: str, urls: Mapping[str, str], name: str) -> None:
    """Both forms hold the same addresses, and no slot stands outside one."""
    plain = escaping.unescape(html)
    for url in urls.values():
        if (url in plain) != (url in text):
            raise RenderError("an address stands in one form of the letter only", where=name, mend="write it in both")
    for made in (plain, text):
        if made.count(marker) != sum(made.count(url) * url.count(marker) for url in urls.values()):
            raise RenderError("a slot stands where none belongs", where=name, mend="use the addresses as they are")
