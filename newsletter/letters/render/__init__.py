"""Render: an issue becomes a letter (subject, HTML, plain text). Pure but for the template files."""

from __future__ import annotations

import html as escaping
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from newsletter.errors import NashraError, RenderError
from newsletter.issues import theming
from newsletter.letters import click_links
from newsletter.letters.catalogue import words
from newsletter.letters.render import (
    after,
    before,
    palette,
    surroundings,
    twin,
)
from newsletter.letters.render.compiling import compiled
from newsletter.letters.render.fill import fill
from newsletter.letters.render.initials import first_letter
from newsletter.letters.render.look import FONTS, Look, look_of
from newsletter.letters.render.social import NAMES, SIGN, SocialLink
from newsletter.letters.render.views import ViewBuilder, web_address
from newsletter.letters.ways import ShareLinks, Ways, quoted
from newsletter.models import CountedLink, Issue, Picture, Publication, Rendered
from newsletter.text import bidi, dates, numbers
from newsletter.text.theming import overlaid

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["FONTS", "Rendered", "fill", "mjml_of", "render", "sizes"]

sizes = after.sizes

_MARKER = re.compile(r"[a-z0-9]{16,}")
_TEMPLATE = re.compile(r"[A-Za-z0-9_-]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_FONTS = re.compile(r"[\w\s,'-]+")


def render(
    issue: Issue,
    publication: Publication,
    environment: Environment,
    *,
    marker: str,
    leave_url: str,
    preferences_url: str = "",
    view_url: str = "",
    date: datetime,
    pictures: Mapping[str, Picture] | None = None,
    ways: Ways | None = None,
    faults: list[NashraError] | None = None,
) -> Rendered:
    """Make an issue into a letter.

    Args:
        issue: The issue to render.
        publication: Who says it; its language decides direction and words.
        environment: Templates, as ``newsletter.letters.templates.environment`` gives it.
        marker: At least 16 lower-case letters and digits, fresh for this letter; stands before every slot.
        leave_url: https or mailto address of the link to leave, with the slot ``<marker>-leave-`` in it.
        preferences_url: Address of the page where the reader chooses, with the slot ``<marker>-preferences-`` in it;
            empty where there are no pages.
        view_url: Address of the letter's own page, with a slot or without; empty where there are no pages.
        date: Aware moment printed as the letter's date.
        pictures: Local pictures by the path that names them in the issue.
        ways: What the letter offers beyond its stories, and whether it is a test; None offers nothing.
        faults: For a preview: what is wrong with the issue is added here, and something else stands in its place. None
            makes no letter then.

    Raises:
        RenderError: The issue, the template or its MJML gives no letter; tells of everything in the issue at once.
    """
    pictures = pictures or {}
    viewer, values = _values(issue, publication, environment, marker, leave_url, date, pictures, ways)
    if viewer.faults and faults is None:
        raise RenderError.of(viewer.faults)
    if faults is not None:
        faults += viewer.faults
    values |= {"preferences_url": preferences_url, "view_url": view_url}
    template = values["theme"].template
    name = f"email/{template}.mjml.j2"
    html = after.finish(
        compiled(before.prepare(fill(environment, name, values)), name), values["language"], publication.direction
    )
    text = twin.finish(before.printable(fill(environment, f"email/{template}.txt.j2", values)), publication.direction)
    if values["counted"] and click_links.NOTE not in html:
        untold = RenderError(
            "the letter does not say that clicks are counted",
            where=name,
            mend=f"print a paragraph <p {click_links.NOTE}> at its foot (docs/en/clicks.md), or set "
            '[tracking] clicks = "off"',
        )
        if faults is None:
            raise untold
        faults.append(untold)
    for what, piece in after.leaks(html, publication.direction):
        raise RenderError(f"{what}: {piece}" if piece else what, where=name, mend="mend the template there")
    if marker in before.printable("\n".join((values["subject"], values["preheader"]))):
        raise RenderError(
            "the subject or the preheader has this letter's marker in it", where=issue.path, mend="render it again"
        )
    try:
        own_page = view_url or (ways.page if ways is not None else "")
        # Links to share the page have it percent-encoded.
        pages = dict.fromkeys((own_page, quoted(own_page)))
        _slots_whole(html, text, marker, (leave_url, preferences_url, *pages), name)
    except RenderError:
        if any(marker in before.printable(part) for part in _texts((issue, publication))):
            raise RenderError(
                "the issue's text has this letter's marker in it", where=issue.path, mend="render it again"
            ) from None
        raise
    return Rendered(
        values["subject"],
        html,
        text,
        viewer.travelling(html),
        polls=tuple(dict.fromkeys(viewer.polls)),
        links=_counted(html, viewer, values, marker, leave_url) if values["counted"] else (),
        flowed=publication.direction == "ltr",
    )


def mjml_of(
    issue: Issue,
    publication: Publication,
    environment: Environment,
    *,
    marker: str,
    leave_url: str,
    preferences_url: str = "",
    view_url: str = "",
    date: datetime,
    pictures: Mapping[str, Picture] | None = None,
    ways: Ways | None = None,
) -> str:
    """The MJML of a letter just as the compiler gets it, for tests and linters; arguments as for ``render``.

    Raises:
        RenderError: The issue or the template gives no letter.
    """
    viewer, values = _values(issue, publication, environment, marker, leave_url, date, pictures or {}, ways)
    if viewer.faults:
        raise RenderError.of(viewer.faults)
    values |= {"preferences_url": preferences_url, "view_url": view_url}
    return before.prepare(fill(environment, f"email/{values['theme'].template}.mjml.j2", values))


def _values(
    issue: Issue,
    publication: Publication,
    environment: Environment,
    marker: str,
    leave_url: str,
    date: datetime,
    pictures: Mapping[str, Picture],
    ways: Ways | None = None,
) -> tuple[ViewBuilder, dict[str, Any]]:
    """Judge the arguments and make everything a template can use."""
    from markupsafe import Markup

    ways = ways or Ways()

    _judge(issue, publication, marker, leave_url, date)
    look = look_of(issue, publication)
    catalogue = words(environment, publication.language)
    viewer = ViewBuilder(issue, publication, pictures)
    rtl = publication.direction == "rtl"

    def say(text: str, **parts: object) -> str:
        return _said(catalogue.gettext(text), parts)

    def count(one: str, many: str, n: int, **parts: object) -> str:
        return _said(catalogue.ngettext(one, many, n), {"n": amount(n), **parts})

    def amount(value: float, places: int = 2) -> str:
        return numbers.number(value, publication.language, publication.digits, places)

    def percent(share: float, places: int = 1) -> str:
        return numbers.percent(share, publication.language, publication.digits, places)

    viewer.setup = surroundings.setup(issue, publication, say, viewer.line, ways)
    viewer.anchors = surroundings.anchors(issue)
    values: dict[str, Any] = {
        "language": publication.language.replace("_", "-"),
        "direction": publication.direction,
        "start": "right" if rtl else "left",
        "end": "left" if rtl else "right",
        "forward": "←" if rtl else "→",
        # Judged above and in the settings: no sign of markup in them.
        "fonts": Markup(look.text),  # noqa: S704
        "heading_fonts": Markup("" if look.headings == look.text else look.headings),  # noqa: S704
        "theme": look,
        "colours": look.colours,
        "publication": publication,
        "name": viewer.markup(publication.name),
        "site": web_address(viewer.line(publication.url)),
        "site_text": re.sub(r"^https?://(?:www\.)?|/$", "", viewer.line(publication.url)),
        "logo": viewer.setting_picture(publication.logo, publication.name, where="newsletter.toml: [letter] logo"),
        "logo_dark": viewer.setting_picture(look.logo_dark, publication.name, where=theming.place(issue, "logo_dark")),
        "header_picture": viewer.setting_picture(look.picture, publication.name, where=theming.place(issue, "picture"))
        if look.header == "picture"
        else None,
        "editor": viewer.markup(look.editor),
        "role": viewer.markup(look.role),
        "initial": first_letter(look.editor),
        "portrait": viewer.setting_picture(look.portrait, look.editor, where=theming.place(issue, "portrait")),
        "footer_words": viewer.markup(look.footer),
        "social": _social(viewer, look, say),
        "subtitle": viewer.markup(_subtitle(issue, look)),
        "subtitle_text": viewer.line(_subtitle(issue, look)),
        "links": [(viewer.markup(name), viewer.line(name), web_address(url)) for name, url in publication.links],
        "number": dates.in_digits(str(issue.number), publication.language, publication.digits) if issue.number else "",
        "date": viewer.date(date, weekday=True),
        "gregorian": viewer.gregorian(date) if publication.jalali else "",
        "hijri": dates.hijri_date(date, publication.language, publication.timezone, digits=publication.digits)
        if publication.hijri
        else "",
        "leave_url": leave_url,
        "preferences_url": "",
        "view_url": "",
        "plain_subject": viewer.line(issue.subject),
        "say": say,
        "count": count,
        "amount": amount,
        "percent": percent,
        "html": viewer.markup,
        "isolate": viewer.attribute,
        **viewer.values(),
        **_ways_on(ways, viewer, issue),
    }
    values["extra"] = _printable(issue.extra)
    values["elements"] = surroundings.elements(issue)
    values["reading_minutes"] = surroundings.reading_minutes(
        values["opening"], values["sections"], publication.language
    )
    values["reading_time"] = count("{n} minute to read", "{n} minutes to read", values["reading_minutes"])
    if ways.test:
        marked = say("[Test] {subject}", subject=viewer.line(issue.subject))
        values["subject"] = bidi.steered(viewer.attribute(marked), publication.direction)
    return viewer, values


def _counted(
    html: str, viewer: ViewBuilder, values: Mapping[str, Any], marker: str, leave_url: str
) -> tuple[CountedLink, ...]:
    """The links whose clicks are counted: those of this letter alone, and not those that every letter has."""
    fixed = {values["site"], *(url for *_, url in values["links"]), *(one.href for one in values["social"])}
    fixed |= {url for *_, url in values["previous"]}
    stories = {one.href: one.title for section in values["sections"] for one in section.stories if one.href}
    pages = leave_url.rpartition("/leave/")[0]
    sponsors = dict(viewer.sponsored)
    return click_links.found(html, pages=pages, marker=marker, fixed=fixed, stories=stories, sponsors=sponsors)


def _subtitle(issue: Issue, look: Look) -> str:
    """What stands under the head: of a letter of stories alone, and never the words that we take for lack of any."""
    return issue.preheader if look.subtitle == "preheader" and (issue.number or issue.sections) else ""


def _social(viewer: ViewBuilder, look: Look, say: Callable[[str], str]) -> list[SocialLink]:
    """The pages elsewhere, each with its sign where the letter carries one."""
    return [
        SocialLink(kind, say(NAMES[kind]), address, viewer.known_picture(f"{SIGN}{kind}", say(NAMES[kind])))
        for kind, address in look.social
    ]


def _printable(value: Any) -> Any:
    """Own values for templates, without the signs that would break a letter."""
    if isinstance(value, Mapping):
        return {name: _printable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_printable(one) for one in value]
    return before.printable(value) if isinstance(value, str) else value


def _ways_on(ways: Ways, viewer: ViewBuilder, issue: Issue) -> dict[str, Any]:
    """The names by which a template reaches the ways on from the letter."""

    def share_of(href: str, words: str) -> ShareLinks | None:
        return ShareLinks(href, bidi.strip(viewer.line(words)), ways.shares) if href and ways.shares else None

    return {
        "share": share_of(ways.page, issue.subject),
        "share_of": share_of,
        "subscribe_url": ways.subscribe,
        "archive_url": ways.archive,
        "previous": [(viewer.markup(words), viewer.line(words), url) for words, url in ways.previous],
        "reply_url": ways.reply,
        "test": ways.test,
        "counted": ways.counted,
    }


def _said(text: str, parts: Mapping[str, object]) -> str:
    for key, value in parts.items():
        text = text.replace(f"{{{key}}}", str(value))
    return text


def _judge(issue: Issue, publication: Publication, marker: str, leave_url: str, date: datetime) -> None:
    if not _MARKER.fullmatch(marker):
        raise RenderError("the marker is not 16 or more lower-case letters and digits")
    if f"{marker}-leave-" not in leave_url or not leave_url.startswith(("https://", "http://", "mailto:")):
        raise RenderError("the link to leave has no slot, or is neither https nor mailto")
    if date.tzinfo is None:
        raise RenderError("the letter's date has no time zone")
    if issue.template and not _TEMPLATE.fullmatch(issue.template):
        raise RenderError(
            f"{issue.template!r} is no name of a template",
            where=f"{issue.path}:{issue.lines['template']}" if "template" in issue.lines else issue.path,
            mend="write one of letters, digits and hyphens, for example weekly",
        )
    if not _LANGUAGE.fullmatch(publication.language):
        raise RenderError(f"{publication.language!r} is no language tag", mend="write one such as ar or fr")
    theme = overlaid(publication.theme, issue.theme)
    if any(fonts and not _FONTS.fullmatch(fonts) for fonts in (publication.fonts, theme.headings, theme.text)):
        raise RenderError(
            "the fonts have a sign that is none of a font's", mend="write names in single quotes, with commas"
        )
    try:
        palette.palette_of(publication, theme)
    except ValueError as error:
        raise RenderError(str(error), where="letter.accent", mend="write it as #rrggbb") from error


def _texts(value: object) -> Iterator[str]:
    """Every text in a value of our models, however deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, (tuple, list)):
            waiting.extend(one)
        elif isinstance(one, Mapping):
            waiting.extend((*one, *one.values()))
        else:
            waiting.extend(getattr(one, name) for name in getattr(one, "__dataclass_fields__", ()))


def _slots_whole(html: str, text: str, marker: str, urls: tuple[str, ...], name: str) -> None:
    """Every slot is one that an address of the letter brought in, and both letters have the link to leave."""
    leave_url = urls[0]
    # References may stand in an address only where it has a sign that HTML escapes.
    shown = escaping.unescape(html) if re.search(r"[&'\"<>]", "".join(urls)) else html
    for made, kind in ((shown, "mjml"), (text, "txt")):
        there = made.count(leave_url)
        if not there:
            where = name.replace(".mjml.", f".{kind}.")
            raise RenderError("the letter has no link to leave", where=where, mend="put {{ leave_url }} into it")
        if made.count(marker) != sum(made.count(url) * url.count(marker) for url in urls if url):
            raise RenderError(
                "a slot stands where none belongs",
                where=name,
                mend="use {{ leave_url }}, {{ preferences_url }} and {{ view_url }} as they are",
            )
