"""Which stories were read, as far as presses of their links tell. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from newsletter.report.page.charts import Bar, bars, table
from newsletter.report.page.parts import ReportBlock, linked, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.report.models import StoryCounts
    from newsletter.report.page.wording import PageWords

STORIES = 10
"""Stories that are drawn; the table has all."""
ADDRESS = 60
"""Letters of an address that are shown."""


def stories(title: Markup, many: Sequence[StoryCounts], say: PageWords, whole: int = 0) -> ReportBlock:
    """The stories, most pressed first.

    Args:
        title: Of the block.
        many: At least one.
        say: The words of the page.
        whole: Presses that they are a share of, where these are not all; 0 takes their sum.
    """
    whole = whole or sum(one.people for one in many)
    machines = sum(one.machines for one in many)
    if not whole:
        return ReportBlock(title, say.say("No link was pressed so far."), note=_machines(machines, say), wide=True)
    # Stories of several issues say which one carried them.
    several = len({one.issue for one in many}) > 1
    drawn = [Bar(_linked(one, say), one.people, note=say.issue(one.issue) if several else "") for one in many[:STORIES]]
    rest = len(many) - len(drawn)
    notes = [
        say.say("{n} more in the table.", n=say.amount(rest)) if rest else Markup(),
        _machines(machines, say),
    ]
    first = many[0]
    finding = say.say(
        "{share} of all clicks went to “{story}”.", share=say.percent(first.people, whole), story=_name(first, say)
    )
    return ReportBlock(
        title,
        finding,
        bars(drawn, say),
        note=sentences(notes),
        table=_tables(title, many, whole, say),
        wide=True,
    )


def unread(counted: bool, say: PageWords) -> ReportBlock:
    """Stands in the place of the stories where there are no clicks to tell of.

    Args:
        counted: Whether clicks are counted.
        say: The words of the page.
    """
    if counted:
        return ReportBlock(say.say("What they read"), say.say("No link was pressed so far."))
    return ReportBlock(
        say.say("What they read"),
        say.say("Clicks are not counted in these letters, so nobody can say which stories were read."),
    )


def _machines(number: int, say: PageWords) -> Markup:
    if not number:
        return Markup()
    return say.say(
        "Presses by programs that look at links, which are in none of these figures: {n}.", n=say.amount(number)
    )


def _tables(title: Markup, many: Sequence[StoryCounts], whole: int, say: PageWords) -> Markup:
    head = [say.say("Story"), say.say("Clicks"), say.say("Share"), say.say("By programs")]
    rows = [
        [_linked(one, say), say.amount(one.people), say.html(say.percent(one.people, whole)), say.amount(one.machines)]
        for one in many
    ]
    made = table(title, head, rows, say)
    links = [link for one in many for link in one.links]
    if len(links) <= len(many):
        return made
    title = say.say("Link by link")
    cells = [
        [_address(link.url), say.amount(link.people), say.amount(link.machines)]
        for link in sorted(links, key=lambda link: -link.people)
    ]
    return made + table(title, [say.say("Link"), say.say("Clicks"), say.say("By programs")], cells, say)


def _name(one: StoryCounts, say: PageWords) -> Markup:
    return say.html(one.story) if one.story else say.say("Links outside the stories")


def _linked(one: StoryCounts, say: PageWords) -> Markup:
    if not one.story or not one.links:
        return _name(one, say)
    return linked(one.story, one.links[0].url, say)


def _address(url: str) -> Markup:
    bare = url.removeprefix("https://").removeprefix("http://").removeprefix("www.")
    shown = bare if len(bare) <= ADDRESS else f"{bare[: ADDRESS - 1]}…"
    if not url.startswith(("https://", "http://")):
        return Markup('<bdi dir="ltr">{}</bdi>').format(shown)
    return Markup('<a href="{}" rel="noreferrer"><bdi dir="ltr">{}</bdi></a>').format(url, shown)
