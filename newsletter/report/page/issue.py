"""What a report says of one issue: the figures at its head, and a block for each question. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from newsletter.report.deliverability import NEVER, WANTED
from newsletter.report.page.causes import bounces, leaving, not_gone
from newsletter.report.page.charts import Bar, bars, table
from newsletter.report.page.parts import Figure, ReportBlock, from_left, legend
from newsletter.report.page.readings import stories, unread
from newsletter.report.page.sorts import letters
from newsletter.report.page.times import earlier, hours
from newsletter.report.page.tried import subjects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from newsletter.polls import PollResults
    from newsletter.report.models import ComparedShare, DomainCounts, Report
    from newsletter.report.page.wording import PageWords

DOMAINS = 6
"""Domains that are drawn; the table has all."""


def told(report: Report) -> bool:
    """Whether anybody has told what became of the letters after they were handed over."""
    total = report.total
    return any((total.delivered, total.deferred, total.bounced, total.complained))


def lead(report: Report, say: PageWords) -> tuple[Markup, ...]:
    """What is to be known first, sentence by sentence."""
    total, said = report.total, []
    if not total.audience:
        return (say.say("This issue went to nobody."),)
    if told(report):
        said.append(
            say.count(
                "{n} letter arrived, of {all} that were handed over ({share}).",
                "{n} letters arrived, of {all} that were handed over ({share}).",
                total.delivered,
                all=say.amount(total.submitted),
                share=say.percent(total.delivered, total.submitted),
            )
        )
    elif total.submitted:
        said.append(
            say.count(
                "{n} letter was handed over, and nobody has told yet what became of it: news comes from the provider, "
                "and the outbox never tells.",
                "{n} letters were handed over, and nobody has told yet what became of them: news comes from the "
                "provider, and the outbox never tells.",
                total.submitted,
            )
        )
    if report.clicks_counted:
        said.append(
            say.count("Their links were pressed {n} time.", "Their links were pressed {n} times.", report.clicked)
        )
    if total.open:
        said.append(say.count("{n} letter still has to go.", "{n} letters still have to go.", total.open))
    if total.unknown:
        said.append(
            say.count(
                "Of {n} letter nobody knows whether it went.",
                "Of {n} letters nobody knows whether they went.",
                total.unknown,
            )
        )
    return tuple(said)


def figures(report: Report, say: PageWords) -> tuple[Figure, ...]:
    """The large figures at the head."""
    total = report.total
    if not total.audience:
        return ()
    beside = {one.what: one for one in report.comparison.shares} if report.comparison else {}
    whole = total.submitted
    parts = []
    if told(report):
        parts.append(_figure("delivered", say.say("Delivered"), total.delivered, whole, beside, say))
    else:
        detail = say.say("of {all} readers", all=say.amount(total.audience))
        parts.append(Figure(say.amount(whole), say.say("Handed over"), detail))
    if report.clicks_counted:
        each = say.say("{n} for every 100 letters", n=say.hundred(report.clicked, whole))
        parts.append(_compared(Figure(say.amount(report.clicked), say.say("Clicks"), each), beside.get("clicked"), say))
    if told(report):
        parts.append(_figure("bounced", say.say("Bounced"), total.bounced, whole, beside, say))
    parts.append(_figure("left", say.say("Left afterwards"), total.left, whole, beside, say))
    if told(report):
        parts.append(_figure("complained", say.say("Called it spam"), total.complained, whole, beside, say))
    return tuple(parts)


def _figure(
    what: str, label: Markup, number: int, whole: int, beside: Mapping[str, ComparedShare], say: PageWords
) -> Figure:
    detail = say.say("{share} of {all}", all=say.amount(whole), share=say.percent(number, whole)) if whole else Markup()
    return _compared(Figure(say.amount(number), label, detail), beside.get(what), say)


def _compared(figure: Figure, share: ComparedShare | None, say: PageWords) -> Figure:
    """The figure with what is usual beside it."""
    if share is None:
        return figure
    if share.what == "clicked":
        here, usual = say.hundred(share.here, 1), say.hundred(share.median, 1)
    else:
        here, usual = say.percent(share.here), say.percent(share.median)
    if share.what == "complained" and share.here >= WANTED:
        # What is less than usual for us may still be too much for those who judge.
        limit = NEVER if share.here >= NEVER else WANTED
        words, towards = say.say("above the limit ({share})", share=say.percent(limit)), "up"
    elif here == usual:
        words, towards = say.say("as usual"), ""
    elif share.here > share.median:
        words, towards = say.say("more than usual ({share})", share=usual), "up"
    else:
        words, towards = say.say("less than usual ({share})", share=usual), "down"
    return Figure(figure.number, figure.label, figure.detail, words, towards)


def blocks(report: Report, say: PageWords) -> Iterator[ReportBlock]:
    """One block for each question, without those that have no answer."""
    if not report.total.audience:
        return
    times = (earlier(report, say), hours(report, say))
    first: tuple[ReportBlock | None, ...]
    if report.clicks_counted and report.stories:
        # What is tall stands beside what is tall.
        first = (stories(say.say("What they read"), report.stories, say), domains(report, say), *times)
    else:
        first = (*times, domains(report, say), unread(report.clicks_counted, say))
    for block in (
        *first,
        bounces(report.total, say),
        leaving(report.total, say),
        not_gone(report.total, say),
    ):
        if block is not None:
            yield block
    for trial in report.trials:
        yield subjects(trial, say)
    for poll in report.polls:
        yield _poll(poll, report.turned_away.get(poll.id, 0), say)
    if (block := letters(report, say)) is not None:
        yield block


def domains(report: Report, say: PageWords) -> ReportBlock | None:
    """What became of the letters by the domain of the mailbox; None when that is not known.

    Args:
        report: Of an issue.
        say: The words of the page.
    """
    if not report.domains:
        return None
    arrives = any(one.delivered for one in report.domains)
    whole = sum(one.submitted for one in report.domains)
    first = report.domains[0]
    drawn = [
        Bar(
            _domain(one, say),
            one.delivered if arrives else one.submitted,
            note=_trouble(one, say),
            behind=one.submitted if arrives else 0,
        )
        for one in report.domains[:DOMAINS]
    ]
    rest = len(report.domains) - len(drawn)
    head = [
        say.say("Mailboxes at"),
        say.say("Handed over"),
        say.say("Delivered"),
        say.say("Put off"),
        say.say("Bounced"),
        say.say("Called it spam"),
    ]
    rows = [
        [
            _domain(one, say),
            *(say.amount(n) for n in (one.submitted, one.delivered, one.deferred, one.bounced, one.complained)),
        ]
        for one in report.domains
    ]
    title = say.say("Where the mailboxes are")
    return ReportBlock(
        title,
        say.say(
            "{share} of the letters went to {domain}.",
            share=say.percent(first.submitted, whole),
            domain=_domain(first, say),
        ),
        bars(drawn, say),
        legend(say.say("Handed over"), say.say("Delivered")) if arrives else Markup(),
        say.say("{n} more in the table.", n=say.amount(rest)) if rest else Markup(),
        table(title, head, rows, say),
    )


def _trouble(one: DomainCounts, say: PageWords) -> Markup:
    said = []
    if one.bounced:
        said.append(say.say("bounced: {n}", n=say.amount(one.bounced)))
    if one.still_deferred:
        said.append(say.say("still put off: {n}", n=say.amount(one.still_deferred)))
    if one.complained:
        said.append(say.say("called spam: {n}", n=say.amount(one.complained)))
    return Markup(" · ").join(said)


def _domain(one: DomainCounts, say: PageWords) -> Markup:
    from newsletter.report.models import ERASED, OTHERS

    if one.domain == OTHERS:
        return say.say("All others")
    return say.say("Readers erased since") if one.domain == ERASED else from_left(one.domain)


def _poll(poll: PollResults, turned_away: int, say: PageWords) -> ReportBlock:
    """A question and what was answered."""
    title = say.html(poll.question)
    if not poll.total:
        return ReportBlock(title, say.say("Nobody has answered so far."))
    note = (
        say.say(
            "Answers not taken, since too many came from one network within an hour: {n}.", n=say.amount(turned_away)
        )
        if turned_away
        else Markup()
    )
    drawn = [
        Bar(
            words,
            number,
            Markup('{} <span class="share">{}</span>').format(
                say.amount(number), say.html(say.percent(number, poll.total))
            ),
        )
        for words, number in poll.answers
    ]
    rows = [[words, say.amount(number), say.html(say.percent(number, poll.total))] for words, number in poll.answers]
    return ReportBlock(
        title,
        say.count("A question to the readers: {n} answer.", "A question to the readers: {n} answers.", poll.total),
        bars(drawn, say, whole=poll.total),
        note=note,
        table=table(title, [say.say("Answer"), say.say("Answers"), say.say("Share")], rows, say),
    )
