"""A sponsor's own page: which letters carried its element, to how many readers, and clicks when counted. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from newsletter.report.page import filled
from newsletter.report.page.charts import Bar, bars, table
from newsletter.report.page.parts import Figure, ReportBlock, ReportGroup, linked
from newsletter.report.page.wording import PageWords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

    from newsletter.models import Publication
    from newsletter.report.sponsors import SponsorReport, WaitingBooking


def sponsor_page(shown: SponsorReport, publication: Publication, environment: Environment) -> str:
    """A sponsor's report as one HTML file; numbers alone, in the language of the publication that is given.

    Args:
        shown: What the sponsor is told.
        publication: Who publishes, in the sponsor's language.
        environment: Where templates and catalogues come from.

    Raises:
        RenderError: A template or a catalogue of the workspace's own is broken.
    """
    say = PageWords(environment, publication)
    title = say.html(shown.sponsor)
    group = ReportGroup(
        Markup(), lead=_lead(shown, say), figures=_figures(shown, say), blocks=tuple(_blocks(shown, say))
    )
    values = {
        "title": title,
        "plain_title": say.plain(title),
        "kicker": say.say("Sponsor's report"),
        "groups": [group],
        "made": say.say("{day}, {hour}", day=say.day(shown.made), hour=say.clock(shown.made)),
        "zone": shown.zone,
    }
    return filled("report/page.html.j2", values, say)


def _lead(shown: SponsorReport, say: PageWords) -> tuple[Markup, ...]:
    if not shown.letters:
        return (say.say("No letter has carried it yet."),)
    said = [
        say.count(
            "{n} issue carried it, in {letters} letters that were handed over.",
            "{n} issues carried it, in {letters} letters that were handed over.",
            len(shown.letters),
            letters=say.amount(shown.submitted),
        )
    ]
    if shown.clicks is not None:
        said.append(say.count("Its links were pressed {n} time.", "Its links were pressed {n} times.", shown.clicks))
    return tuple(said)


def _figures(shown: SponsorReport, say: PageWords) -> tuple[Figure, ...]:
    if not shown.letters:
        return ()
    parts = [
        Figure(say.amount(len(shown.letters)), say.say("Issues")),
        Figure(say.amount(shown.submitted), say.say("Handed over")),
    ]
    if shown.told:
        share = say.percent(shown.delivered, shown.submitted)
        detail = say.say("{share} of {all}", all=say.amount(shown.submitted), share=share)
        parts.append(Figure(say.amount(shown.delivered), say.say("Delivered"), detail))
    if shown.clicks is not None:
        each = say.say("{n} for every 100 letters", n=say.hundred(shown.clicks, _counted_letters(shown)))
        parts.append(Figure(say.amount(shown.clicks), say.say("Clicks"), each))
    return tuple(parts)


def _counted_letters(shown: SponsorReport) -> int:
    """Letters of the issues whose clicks were counted."""
    return sum(one.submitted for one in shown.letters if one.clicks is not None)


def _blocks(shown: SponsorReport, say: PageWords) -> Iterator[ReportBlock]:
    if shown.letters:
        yield _letters(shown, say)
    if shown.clicks is not None:
        yield _links(shown, say)
    if shown.ahead:
        yield _ahead(shown, say)


def _letters(shown: SponsorReport, say: PageWords) -> ReportBlock:
    counted = shown.clicks is not None
    rows = [
        Bar(
            say.say("Issue {number}", number=say.amount(one.issue)),
            one.delivered if shown.told else one.submitted,
            note=say.say("{day}: {subject}", day=say.day(one.begun), subject=one.subject),
        )
        for one in shown.letters
    ]
    head = [say.say("Issue"), say.say("Day"), say.say("Handed over")]
    head += [say.say("Delivered")] if shown.told else []
    head += [say.say("Clicks")] if counted else []
    cells = []
    for one in shown.letters:
        row = [say.amount(one.issue), say.day(one.begun), say.amount(one.submitted)]
        row += [say.amount(one.delivered) if one.told else "–"] if shown.told else []
        row += [say.amount(one.clicks) if one.clicks is not None else "–"] if counted else []
        cells.append(row)
    caption = say.say("Letters that carried it")
    note = Markup() if shown.told else say.say("Nobody has told yet how many of them arrived.")
    return ReportBlock(caption, chart=bars(rows, say), note=note, table=table(caption, head, cells, say), wide=True)


def _links(shown: SponsorReport, say: PageWords) -> ReportBlock:
    pressed: dict[str, int] = {}
    for letter in shown.letters:
        for link in letter.links:
            pressed[link.url] = pressed.get(link.url, 0) + link.people
    title = say.say("Clicks")
    if not pressed or not any(pressed.values()):
        return ReportBlock(title, say.say("No link was pressed so far."))
    ordered = sorted(pressed.items(), key=lambda one: (-one[1], one[0]))
    rows = [Bar(linked(url, url, say), people) for url, people in ordered]
    cells = [[linked(url, url, say), say.amount(people)] for url, people in ordered]
    note = say.say("Presses, not people: who pressed is not known, and who presses twice counts twice.")
    return ReportBlock(
        title, chart=bars(rows, say), note=note, table=table(title, [say.say("Link"), title], cells, say)
    )


def _ahead(shown: SponsorReport, say: PageWords) -> ReportBlock:
    said = [
        say.say("{letters}, {place}", letters=moment, place=_place(one, say))
        for one in shown.ahead
        for moment in _moments(one, say)
    ]
    return ReportBlock(say.say("Still to come"), Markup(" · ").join(said))


def _moments(one: WaitingBooking, say: PageWords) -> list[Markup]:
    if one.issues:
        return [say.say("Issue {number}", number=say.amount(number)) for number in one.issues]
    assert one.first is not None
    assert one.last is not None
    return [say.say("{first} to {last}", first=say.day_of(one.first), last=say.day_of(one.last))]


def _place(one: WaitingBooking, say: PageWords) -> Markup:
    words = {
        "top": say.say("at the top"),
        "middle": say.say("in the middle"),
        "end": say.say("at the end"),
    }
    return words.get(one.place) or say.say("after “{section}”", section=one.section)
