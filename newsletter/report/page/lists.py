"""How the lists of readers grew, and where readers came from. Pure."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from markupsafe import Markup

from newsletter.report.page.charts import Bar, Point, around, bars, line, table
from newsletter.report.page.parts import NOTHING, ReportBlock, from_left, legend

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.report.models import GrowthReport, ListGrowth, RoadCounts, WeekCounts
    from newsletter.report.page.wording import PageWords

ROADS = 8
"""Roads that are drawn; the table has all."""


def growth(grown: GrowthReport, say: PageWords) -> Iterator[ReportBlock]:
    """Of each list how it grew, and where its readers came from.

    Args:
        grown: All lists.
        say: The words of the page.
    """
    for one in grown.lists:
        yield _grown(one, sum(grown.erased.values()), say)
        if any(road.asked or road.confirmed for road in one.roads):
            yield _roads(one, say)


def readers(one: ListGrowth) -> list[int]:
    """How many readers a list had at the end of each week: those of now, and back from there week by week.

    Args:
        one: The list; people who were erased since are in none of the numbers.
    """
    moves = [week.confirmed - week.left - week.let_go for week in one.weeks]
    later = list(accumulate(reversed(moves[1:]), initial=0))
    return [max(one.readers - moved, 0) for moved in reversed(later)]


def _grown(one: ListGrowth, erased: int, say: PageWords) -> ReportBlock:
    title = say.say("{list}, week by week", list=one.title or one.list)
    now = say.count("{n} reader now.", "{n} readers now.", one.readers)
    notes = []
    if one.reached != one.readers:
        notes.append(say.say("{n} of them can be mailed.", n=say.amount(one.reached)))
    if one.pending:
        notes.append(say.say("Not confirmed yet: {n}.", n=say.amount(one.pending)))
    if erased:
        notes.append(say.say("Erased in these weeks, and in no number here: {n}.", n=say.amount(erased)))
    weeks, numbers = _known(one)
    joined, left = (sum(getattr(week, name) for week in weeks) for name in ("confirmed", "left"))
    others = sum(week.let_go + week.bounced + week.complained for week in weeks)
    if len(numbers) < 2 or not any((joined, left, others)):
        return ReportBlock(
            title, say.say("{now} Nobody came and nobody left in these weeks.", now=now), note=Markup(" ").join(notes)
        )
    finding = say.say(
        "{now} Since {day}: came {joined}, left {left}.",
        now=now,
        day=say.day_of(weeks[0].start),
        joined=say.amount(joined),
        left=say.amount(left),
    )
    if around(numbers)[0]:
        notes.append(say.say("The scale does not begin at zero."))
    return ReportBlock(
        title,
        finding,
        line(_points(weeks, numbers, say), say, finding),
        note=Markup(" ").join(notes),
        table=_weeks(title, weeks, numbers, say),
        wide=True,
    )


def _known(one: ListGrowth) -> tuple[Sequence[WeekCounts], list[int]]:
    """The weeks and their readers, from the last one on in which the list had nobody yet."""
    numbers = readers(one)
    moved = (
        bool(number or week.asked or week.left or week.let_go) for week, number in zip(one.weeks, numbers, strict=True)
    )
    first = max(next((at for at, known in enumerate(moved) if known), 0) - 1, 0)
    return one.weeks[first:], numbers[first:]


def _points(weeks: Sequence[WeekCounts], numbers: Sequence[int], say: PageWords) -> list[Point]:
    last = len(weeks) - 1
    labelled = {0: False, last: False}
    if last >= 6:
        labelled[last // 2] = True
    made = []
    for at, (week, number) in enumerate(zip(weeks, numbers, strict=True)):
        label = ""
        if at in labelled:
            label = str(say.plain(say.say("this week"))) if at == last else say.day_of(week.start)
        made.append(Point(label, number, spare=labelled.get(at, False)))
    return made


def _weeks(title: Markup, weeks: Sequence[WeekCounts], numbers: Sequence[int], say: PageWords) -> Markup:
    names = {
        "asked": say.say("Asked"),
        "confirmed": say.say("Confirmed"),
        "left": say.say("Left"),
        "let_go": say.say("Let go, no answer"),
        "bounced": say.say("Mailbox lost"),
        "complained": say.say("Called it spam"),
    }
    shown = [name for name in names if name in ("confirmed", "left") or any(getattr(one, name) for one in weeks)]
    rows = [
        [say.day_of(week.start), *(say.amount(getattr(week, name)) for name in shown), say.amount(number)]
        for week, number in zip(weeks, numbers, strict=True)
    ]
    return table(title, [say.say("Week from"), *(names[name] for name in shown), say.say("Readers")], rows, say)


def _roads(one: ListGrowth, say: PageWords) -> ReportBlock:
    title = say.say("{list}: where new readers came from", list=one.title or one.list)
    roads = one.roads
    whole = sum(road.confirmed for road in roads)
    drawn = [
        Bar(_road(road, say), road.confirmed, note=_page(road), behind=road.asked if road.asked > road.confirmed else 0)
        for road in roads[:ROADS]
    ]
    cells = [
        [
            Markup("{} {}").format(_road(road, say), _page(road)),
            say.amount(road.asked),
            say.amount(road.confirmed),
            say.html(say.percent(road.confirmed, whole)),
        ]
        for road in roads
    ]
    head = [say.say("Road"), say.say("Asked"), say.say("Confirmed"), say.say("Share")]
    finding = say.count("{n} new reader.", "{n} new readers.", whole)
    some = any(bar.behind for bar in drawn)
    key = legend(say.say("Asked"), say.say("Confirmed")) if some else NOTHING
    return ReportBlock(title, finding, bars(drawn, say), key, table=table(title, head, cells, say))


def _road(road: RoadCounts, say: PageWords) -> Markup:
    how = road.how.partition(";")[0].strip()
    known = {
        "form": say.say("Subscription form"),
        "page": say.say("Page of the newsletter"),
        "embedded form": say.say("Form on the site"),
        "editor": say.say("Added by an editor"),
        "program": say.say("Added by a program"),
        "mail": say.say("By mail"),
        "(others)": say.say("All others"),
    }
    if how.startswith("file "):
        return say.say("File {name}", name=from_left(how.removeprefix("file ")))
    return known.get(how, say.html(how))


def _page(road: RoadCounts) -> Markup:
    return from_left(road.page.removeprefix("https://").removeprefix("http://")) if road.page else Markup()
