"""When letters arrived and were read, and an issue beside those before it. Pure."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup

from newsletter.report.page.charts import Column, columns, table
from newsletter.report.page.parts import ReportBlock, legend
from newsletter.report.page.wording import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.report.models import HourCounts, PastIssue, Report
    from newsletter.report.page.wording import PageWords

FIRST_DAY = 24
"""Hours that are drawn."""


def hours(report: Report, say: PageWords) -> ReportBlock | None:
    """When things were told, hour by hour of the first day; None when nothing was.

    Args:
        report: Of an issue.
        say: The words of the page.
    """
    of = "clicked" if report.clicks_counted and report.clicked else "delivered"
    first = {one.hour: one for one in report.hours if one.hour < FIRST_DAY}
    numbers = [getattr(first[at], of) if at in first else 0 for at in range(FIRST_DAY)]
    if not any(numbers):
        return None
    # In UTC: where clocks change, the wall's hours are not in order.
    begun = report.hours[0].start.astimezone(UTC) - timedelta(hours=report.hours[0].hour)
    walls = [say.clock(begun + timedelta(hours=at)) for at in range(FIRST_DAY + 1)]
    peak = numbers.index(max(numbers))
    begins, ends = walls[peak], walls[peak + 1]
    finding = (
        say.say("Most clicks came between {begins} and {ends}.", begins=begins, ends=ends)
        if of == "clicked"
        else say.say("Most letters arrived between {begins} and {ends}.", begins=begins, ends=ends)
    )
    later = sum(getattr(one, of) for one in report.hours if one.hour >= FIRST_DAY)
    note = say.say("After the first day: {n} more.", n=say.amount(later)) if later else Markup()
    drawn = columns(
        [
            Column(
                walls[at] if at % 3 == 0 else "",
                number,
                spare=at % 6 != 0,
                told=at == peak,
            )
            for at, number in enumerate(numbers)
        ],
        say,
        finding,
        narrow=True,
    )
    title = say.say("When they clicked") if of == "clicked" else say.say("When it arrived")
    return ReportBlock(
        title,
        say.say("By hour of the first day.") + " " + finding,
        drawn,
        note=note,
        table=_by_hour(title, report.hours, say),
    )


def _by_hour(title: Markup, many: tuple[HourCounts, ...], say: PageWords) -> Markup:
    names = {
        "clicked": say.say("Clicks"),
        "delivered": say.say("Delivered"),
        "deferred": say.say("Put off"),
        "bounced": say.say("Bounced"),
        "left": say.say("Left afterwards"),
        "complained": say.say("Called it spam"),
    }
    shown = [name for name in names if any(getattr(one, name) for one in many)]
    rows = [
        [label, *(say.amount(sum(getattr(one, name) for one in together)) for name in shown)]
        for label, together in _spans(many, say)
    ]
    return table(title, [say.say("Hour"), *(names[name] for name in shown)], rows, say)


def _spans(many: tuple[HourCounts, ...], say: PageWords) -> list[tuple[Markup, list[HourCounts]]]:
    """Each hour of the first day, then day by day: nobody reads the two hundredth hour."""
    made = [
        (say.say("{day}, {hour}", day=say.day_of(one.start.date()), hour=say.clock(one.start)), [one])
        for one in many
        if one.hour < FIRST_DAY
    ]
    later: dict[date, list[HourCounts]] = {}
    for one in many:
        if one.hour >= FIRST_DAY:
            later.setdefault(one.start.date(), []).append(one)
    return [*made, *((say.say("{day}, later", day=say.day_of(day)), together) for day, together in later.items())]


def earlier(report: Report, say: PageWords) -> ReportBlock | None:
    """An issue beside the ones before it; None when nothing was compared.

    Args:
        report: Of the issue.
        say: The words of the page.
    """
    title = say.say("Beside earlier issues")
    if report.comparison is None:
        return None
    past = report.comparison.past
    if not past:
        return ReportBlock(title, say.say("This is the first issue, so there is none to compare it with."))
    here = report.as_past(report.begun) if report.begun else None
    every = (*past, here) if here is not None else past
    arrives = any(one.delivered for one in every)
    clicks = any(one.clicks_counted for one in every)
    back = say.say("Delivered") if arrives else say.say("Handed over")
    rows = []
    drawn: list[Column] = []
    # Days take more room than numbers.
    each = 2 if all(numbered(one.issue) for one in every) else 4
    for one in every:
        number = one.delivered if arrives else one.submitted
        back_from_last = len(every) - 1 - len(drawn)
        drawn.append(
            Column(
                _called(one, say) if each == 2 or back_from_last % 2 == 0 else "",
                one.clicked if clicks else number,
                number if clicks else 0,
                spare=len(every) > 6 and back_from_last % each != 0,
                here=one is here,
                told=one is here,
            )
        )
        rows.append(
            [
                say.say("{issue}: {subject}", issue=_called(one, say), subject=one.subject),
                say.amount(one.submitted),
                say.amount(one.delivered),
                *([say.amount(one.clicked) if one.clicks_counted else "–"] if clicks else []),
                say.amount(one.bounced),
                say.amount(one.left),
                say.amount(one.complained),
            ]
        )
    head = [
        say.say("Issue"),
        say.say("Handed over"),
        say.say("Delivered"),
        *([say.say("Clicks")] if clicks else []),
        say.say("Bounced"),
        say.say("Left afterwards"),
        say.say("Called it spam"),
    ]
    finding = say.say("This issue, and those before it.")
    few = say.say("What is usual is said from three earlier issues on.") if len(past) < 3 else Markup()
    return ReportBlock(
        title,
        finding,
        columns(drawn, say, _alternative(back, [one.delivered if arrives else one.submitted for one in every], say)),
        legend(back, say.say("Clicks")) if clicks else Markup(),
        few,
        table(title, head, rows, say),
        wide=True,
    )


def _alternative(what: Markup, numbers: Sequence[int], say: PageWords) -> Markup:
    low, high, last = (say.amount(number) for number in (min(numbers), max(numbers), numbers[-1]))
    return say.say("{what}: from {low} to {high}, last {last}.", what=what, low=low, high=high, last=last)


def _called(one: PastIssue, say: PageWords) -> str:
    """The number of an issue, or the day of a letter that has none."""
    return say.amount(int(one.issue)) if numbered(one.issue) else say.day_of(one.begun.date())
