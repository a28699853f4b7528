"""A report in sections of labelled numbers, as a terminal draws them and a pipe lists them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from newsletter.report.models import BOUNCES, DeliveryCounts, ListGrowth, NewsroomReport, Report
from newsletter.text.dates import clock
from newsletter.text.sentences import counted, joined, said

if TYPE_CHECKING:
    from newsletter.report.models import StoryCounts

HOURS_SHOWN = 24
"""Hours told one by one; what came later is told in one line."""
NO_CLICKS = (
    'Clicks are not counted. Opened letters never are. ([tracking] clicks = "stories" counts links: docs/en/clicks.md)'
)
LEAVING = {
    "too many": "too many letters",
    "not interesting": "not interesting to them",
    "never subscribed": "say that they never subscribed",
    "other": "something else",
    "own words": "in words of their own",
    "none": "told no reason",
}


class ReportRow(NamedTuple):
    """A labelled number."""

    label: str
    number: int
    whole: int = 0
    """What it is a share of; 0 where a share says nothing."""
    more: str = ""
    """Behind the number, in words."""


class ReportSection(NamedTuple):
    """Labelled numbers under a heading."""

    about: str
    """``issue 12`` or ``list readers``."""
    title: str
    rows: Sequence[ReportRow]
    note: str = ""
    """A sentence below it; alone where there are no rows."""

    @property
    def most(self) -> int:
        """The number that a bar of full length stands for."""
        return max((row.whole or row.number for row in self.rows), default=0)


def sections(report: NewsroomReport) -> Iterator[ReportSection]:
    """All that a terminal is shown, in its order; what has nothing to tell is left out."""
    for one in report.reports:
        yield from _issue(one)
    if report.best_stories:
        yield ReportSection("all issues", "best stories of 30 days", _stories(report.best_stories))
    if report.growth is not None:
        for grown in report.growth.lists:
            yield from _list(grown)
        if report.growth.erased:
            rows = [ReportRow(said("week of {day}", day=day), number) for day, number in report.growth.erased.items()]
            yield ReportSection("all lists", "erased", rows)


def _issue(report: Report) -> Iterator[ReportSection]:
    about, total = said("issue {issue}", issue=report.issue), report.total
    yield ReportSection(about, "audience", _audience(total))
    if total.submitted:
        yield ReportSection(about, "of those submitted", _told(total))
    kinds = [
        ReportRow(said("{kind}: {words}", kind=said(kind), words=said(words)), number, total.bounced)
        for kind, words in BOUNCES.items()
        if (number := total.bounces.get(kind, 0))
    ]
    if kinds:
        look = "Look at the sender's DNS, blocklists and pace: newsletter check --online"
        yield ReportSection(about, "bounced", kinds, look if total.bounces.get("policy") else "")
    if total.leaving:
        rows = [ReportRow(LEAVING.get(one, one), number, total.left) for one, number in _most_first(total.leaving)]
        yield ReportSection(about, "why readers left", rows)
    if report.hours:
        yield ReportSection(about, "delivered by hour", list(_hours(report, "delivered")))
    if report.clicks_counted:
        yield ReportSection(about, "clicks by hour", list(_hours(report, "clicked")))
        yield ReportSection(about, "clicks by story", _stories(report.stories))
    else:
        yield ReportSection(about, "clicks", (), NO_CLICKS)
    domains = [
        ReportRow(
            one.domain,
            one.bounced,
            one.submitted,
            said(
                "{delivered} delivered, {deferred} deferred",
                delivered=f"{one.delivered:,}",
                deferred=f"{one.deferred:,}",
            ),
        )
        for one in report.domains
        if one.submitted
    ]
    if domains:
        yield ReportSection(about, "bounced by domain", domains)
    for what in ("list", "rhythm", "variant", "subject"):
        groups = report.by(what)
        if len(groups) > 1:
            rows = [ReportRow(name or _WHOLE[what], one.submitted, 0, _in_short(one)) for name, one in groups.items()]
            yield ReportSection(about, said(f"by {_BY[what]}"), rows)
    yield from _compared(report)
    for poll in report.polls:
        rows = [ReportRow(words, number, poll.total) for words, number in poll.answers]
        away = report.turned_away.get(poll.id, 0)
        note = (
            said("{away} answers were not counted: too many came from one network within an hour.", away=f"{away:,}")
            if away
            else ""
        )
        yield ReportSection(
            about, said("asked on {list}: {question}", list=poll.list, question=poll.question), rows, note
        )


_WHOLE = {"variant": "whole letter", "subject": "the subject of the issue", "list": "?", "rhythm": "?"}
_BY = {"list": "list", "rhythm": "rhythm", "variant": "letter", "subject": "subject"}


def _audience(total: DeliveryCounts) -> list[ReportRow]:
    rows = [ReportRow("audience", total.audience)]
    names = {"submitted": "submitted", "open": "still to go", "refused": "refused", "unknown": "unknown"}
    names |= {"skipped": "skipped", "cancelled": "cancelled"}
    rows += [
        ReportRow(words, number, total.audience)
        for name, words in names.items()
        if (number := getattr(total, name)) or name == "submitted"
    ]
    return rows + [
        ReportRow(said("because: {why}", why=why), number, total.audience) for why, number in _most_first(total.reasons)
    ]


def _told(total: DeliveryCounts) -> list[ReportRow]:
    names = {"delivered": "delivered", "bounced": "bounced", "bounced_later": "bounced after they were delivered"}
    names |= {"deferred": "deferred at least once", "still_deferred": "still deferred", "complained": "complained"}
    names |= {"left": "left", "silent": "nothing told so far"}
    always = ("delivered", "bounced", "complained", "left")
    return [
        ReportRow(words, number, total.submitted)
        for name, words in names.items()
        if (number := getattr(total, name)) or name in always
    ]


def _hours(report: Report, what: str) -> Iterator[ReportRow]:
    later = 0
    for one in report.hours:
        number = getattr(one, what)
        if one.hour >= HOURS_SHOWN:
            later += number
        elif number:
            yield ReportRow(f"{one.start:%Y-%m-%d} {clock(one.start)}", number)
    if later:
        yield ReportRow("later", later)


def _stories(stories: Sequence[StoryCounts]) -> list[ReportRow]:
    return [
        ReportRow(
            one.story or "links that stand in no story",
            one.people,
            0,
            said("issue {issue}", issue=one.issue)
            + (said(", {machines} more by programs", machines=f"{one.machines:,}") if one.machines else ""),
        )
        for one in stories
    ]


def _compared(report: Report) -> Iterator[ReportSection]:
    compared, about = report.comparison, said("issue {issue}", issue=report.issue)
    if compared is None or not compared.past:
        return
    number = len(compared.past)
    title = counted("beside the median of {n} issue before it", "beside the median of {n} issues before it", number)
    if compared.shares:
        told = [
            said(
                "{what} {here} (median {median})",
                what=said(one.what),
                here=f"{one.here:.2%}",
                median=f"{one.median:.2%}",
            )
            for one in compared.shares
        ]
        yield ReportSection(about, title, (), joined(told, ", "))
    else:
        yield ReportSection(about, title, (), "Nothing is compared with fewer than three issues of which it is known.")


def _list(grown: ListGrowth) -> Iterator[ReportSection]:
    about = said("list {list}", list=grown.list)
    note = said(
        "{readers} confirmed, {reached} of them can be mailed, {pending} pending.",
        readers=f"{grown.readers:,}",
        reached=f"{grown.reached:,}",
        pending=f"{grown.pending:,}",
    )
    rows = [
        ReportRow(
            said("week of {start}", start=week.start),
            week.confirmed,
            0,
            said(
                "{asked} asked, {left} left, {bounced} bounced, {complained} complained",
                asked=f"{week.asked:,}",
                left=f"{week.left:,}",
                bounced=f"{week.bounced:,}",
                complained=f"{week.complained:,}",
            )
            + (said(", {let_go} let go", let_go=f"{week.let_go:,}") if week.let_go else ""),
        )
        for week in grown.weeks
    ]
    yield ReportSection(about, "confirmed by week", rows, note)
    if grown.roads:
        came = [
            ReportRow(_road(road.how, road.page), road.confirmed, 0, said("{asked} asked", asked=f"{road.asked:,}"))
            for road in grown.roads
        ]
        yield ReportSection(about, "where they came from", came)


def _in_short(counts: DeliveryCounts) -> str:
    names = ("delivered", "bounced", "complained", "left")
    return joined([said(f"{{count}} {name}", count=f"{getattr(counts, name):,}") for name in names], ", ")


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: -pair[1])


def _road(how: str, page: str) -> str:
    """How a reader came, with the page or file."""
    kind, _, file = how.partition(" ")
    if kind == "file" and file:
        return said("file {name}", name=file) + (f" {page}" if page else "")
    return said("{how} {page}", how=said(how), page=page) if how and page else said(how) if how else page
