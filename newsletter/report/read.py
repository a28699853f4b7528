"""The report of an issue, read from the ledger, from the record of consent and from the numbers of polls and links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from newsletter import clicks, ledger, polls
from newsletter.errors import SendError
from newsletter.ledger import trials
from newsletter.ledger.counts import IssueCounts, VariantCounts, by_domain, counted
from newsletter.report.figures import hours_of, stories_of
from newsletter.report.growth import growth
from newsletter.report.history import compared, leavings_of
from newsletter.report.models import (
    ERASED,
    EVENTS,
    OTHERS,
    STATES,
    DeliveryCounts,
    DomainCounts,
    NewsroomReport,
    Report,
    ReportPart,
    StoryCounts,
)
from subscribers import store
from subscribers.store.growth import domains, subscribed

if TYPE_CHECKING:
    from datetime import tzinfo

    from sqlalchemy import Connection

    from newsletter.ledger import Send
    from newsletter.ledger.trials import TrialResult

_MOST_DOMAINS = 20
"""Named one by one in a report."""
_MOST_STORIES = 10
_BEST_OF = timedelta(days=30)
_FURTHER = ("still_deferred", "bounced_later")


def newsroom_report(
    connection: Connection,
    names: Sequence[str] = (),
    *,
    newsroom: str,
    now: datetime,
    zone: tzinfo,
    week_starts: int = 0,
) -> NewsroomReport:
    """All that one call of ``newsletter report`` shows: issues, how lists grew, the best stories of a month.

    Args:
        connection: An open connection to the database.
        names: As for ``of_issue``; none takes the last issue that went out.
        newsroom: Name of the site.
        now: The present moment, timezone-aware.
        zone: Of the site.
        week_starts: The day a week begins with; Monday is 0.

    Raises:
        SendError: Nothing was sent, or nothing by one of these names.
    """
    lately = stories_since(connection, now - _BEST_OF)
    reports = [of_issue(connection, name, zone=zone, compare=True) for name in names or ("",)]
    return NewsroomReport(
        newsroom=newsroom,
        made=now.astimezone(zone),
        zone=str(zone),
        # The number of an issue and the id of one of its sends may both have been given.
        reports=tuple({(one.issue, one.sends): one for one in reports}.values()),
        growth=growth(connection, now=now, zone=zone, week_starts=week_starts),
        best_stories=best_of(lately),
        clicked_in_30_days=sum(one.people for one in lately),
    )


def of_issue(connection: Connection, name: str, *, zone: tzinfo = UTC, compare: bool = False) -> Report:
    """What became of an issue: the one an editor names, or without a name the last one that went out.

    Args:
        connection: An open connection to the database.
        name: Number of an issue, key of a letter of the latest posts, id of a send; or empty.
        zone: Of the site, for the hours.
        compare: Also by domain and beside the issues before it, which takes longer than all the rest.

    Raises:
        SendError: Nothing was sent, or nothing by that name.
    """
    sends = _sends(connection, name)
    leavings = leavings_of(connection, sends)
    found = counted(connection, sends, leavings, subscribed)
    links = clicks.of_issue(connection, sends[0].issue) if not sends[0].undone else []
    results = [one for one in trials.of_issue(connection, sends[0].issue) if not sends[0].undone]
    begun = min(send.send_at or send.created for send in sends)
    report = Report(
        sends[0].issue,
        sends[0].subject,
        tuple(send.state for send in sends),
        _parts(connection, sends, found, results),
        tuple(polls.of_issue(connection, sends[0].issue)),
        sends=tuple(send.public_id for send in sends),
        begun=begun.astimezone(zone),
        hours=hours_of(found.hours, links, begun=begun, zone=zone),
        domains=_domains(by_domain(connection, sends, domains(connection))) if compare else (),
        stories=stories_of(links, sends[0].issue),
        clicks_counted=bool(links),
        trials=tuple(results),
        turned_away=polls.turned_away(connection, sends[0].issue),
    )
    return replace(report, comparison=compared(connection, report, sends, zone=zone)) if compare else report


def stories_since(connection: Connection, since: datetime) -> list[StoryCounts]:
    """The stories of the issues that went out since a moment, and of each issue what stands in no story.

    Args:
        connection: An open connection to the database.
        since: The moment, timezone-aware.
    """
    issues = dict.fromkeys(send.issue for send in ledger.frozen_since(connection, since) if not send.undone)
    return [story for key in issues for story in stories_of(clicks.of_issue(connection, key), key)]


def best_of(stories: Sequence[StoryCounts]) -> tuple[StoryCounts, ...]:
    """The ten stories that were pressed most.

    Args:
        stories: Of any issues; what is no story is left out.
    """
    found = [one for one in stories if one.story and one.people]
    return tuple(sorted(found, key=lambda one: -one.people)[:_MOST_STORIES])


def _sends(connection: Connection, name: str) -> list[Send]:
    last = ledger.last_send(connection)
    # One that was undone is the last of nothing, and has a name all the same.
    named = ledger.sends_called(connection, name) if name else [last] if last is not None else []
    if not named and last is None:
        raise SendError("nothing was sent yet", mend="send an issue with: newsletter weekly")
    if not named:
        raise SendError(f"nothing was sent that is called {name!r}", mend="see: newsletter sends list")
    return [named[-1]] if named[-1].undone else ledger.sends_of(connection, named[-1].issue)


def _parts(
    connection: Connection, sends: Sequence[Send], found: IssueCounts, results: Sequence[TrialResult]
) -> tuple[ReportPart, ...]:
    tried = {(one.send_id, subject.number): subject.words for one in results for subject in one.subjects}
    lists = {one.id: one.name for one in store.all_lists(connection)}
    by_id = {send.id: send for send in sends}
    return tuple(
        ReportPart(
            by_id[send].public_id,
            lists.get(by_id[send].list_id, "?"),
            by_id[send].rhythm,
            variant,
            _ended(_counts(tally), by_id[send]),
            tried.get((send, number), ""),
            number,
        )
        for (send, variant, number), tally in sorted(found.variants.items())
    )


def _ended(counts: DeliveryCounts, send: Send) -> DeliveryCounts:
    """Nothing of a cancelled send is still to go."""
    return replace(counts, queued=0, cancelled=counts.queued) if send.state == "cancelled" else counts


def _counts(tally: VariantCounts) -> DeliveryCounts:
    numbers: dict[str, Any] = {name: tally.states.get(name, 0) for name in STATES}
    numbers |= {name: tally.events.get(name, 0) for name in (*EVENTS, *_FURTHER)}
    return DeliveryCounts(
        **numbers, reasons=dict(tally.reasons), bounces=dict(tally.bounces), leaving=dict(tally.leaving)
    )


def _domains(found: Mapping[str, Mapping[str, int]]) -> tuple[DomainCounts, ...]:
    """Those with most letters one by one; all others together, and the readers who were erased."""
    ranked = sorted((name for name in found if name), key=lambda name: (-found[name].get("submitted", 0), name))
    told = [_domain(name, [found[name]]) for name in ranked[:_MOST_DOMAINS]]
    if others := ranked[_MOST_DOMAINS:]:
        told.append(_domain(OTHERS, [found[name] for name in others]))
    if "" in found:
        told.append(_domain(ERASED, [found[""]]))
    return tuple(told)


def _domain(name: str, counts: Sequence[Mapping[str, int]]) -> DomainCounts:
    sums: dict[str, int] = {}
    for one in counts:
        for what, number in one.items():
            sums[what] = sums.get(what, 0) + number
    names = ("submitted", "delivered", "deferred", "still_deferred", "bounced", "complained")
    numbers: dict[str, Any] = {one: sums.get(one, 0) for one in names}
    kinds = {what.removeprefix("bounced "): number for what, number in sums.items() if what.startswith("bounced ")}
    return DomainCounts(name, **numbers, bounces=dict(sorted(kinds.items())))
