"""What became of an issue: counts made into a report. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from newsletter.report.models import BOUNCES, EVENTS, DeliveryCounts, Report

if TYPE_CHECKING:
    from newsletter.polls import PollResults


_TOLD = ("delivered", "bounced", "complained", "left", "deferred")


def plain(report: Report) -> dict[str, Any]:
    """A report as data for programs."""
    return {
        "issue": report.issue,
        "subject": report.subject,
        "states": list(report.states),
        "total": _plain(report.total),
        "by_rhythm": {name: _plain(counts) for name, counts in report.by("rhythm").items()},
        "by_variant": {name: _plain(counts) for name, counts in report.by("variant").items()},
        "polls": [_poll(one) for one in report.polls],
        "parts": [{**asdict(part), "counts": _plain(part.counts)} for part in report.parts],
    }


def _poll(poll: PollResults) -> dict[str, Any]:
    return {
        "list": poll.list,
        "question": poll.question,
        "total": poll.total,
        "answers": [{"answer": words, "number": number} for words, number in poll.answers],
        "closes": poll.closes.isoformat() if poll.closes is not None else None,
    }


def share(part: int, whole: int) -> str:
    """``12.5 %``, or a dash when there is nothing to have a share of."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def lines(report: Report) -> list[str]:
    """The report in words for a person, one fact a line."""
    total = report.total
    told = [
        f"Issue {report.issue} «{report.subject}»: {', '.join(report.states) or 'not sent'}.",
        f"Audience {total.audience:,}: {total.submitted:,} submitted, {total.refused:,} refused, "
        f"{total.unknown:,} unknown, {total.skipped:,} skipped, {total.open:,} still to go"
        f"{f', {total.cancelled:,} cancelled' if total.cancelled else ''}.",
    ]
    told += [f"  {count:,} {reason}" for reason, count in sorted(total.reasons.items(), key=lambda pair: -pair[1])]
    if any(getattr(total, name) for name in EVENTS):
        told.append(
            "Of those submitted: "
            + ", ".join(
                f"{getattr(total, name):,} {name} ({share(getattr(total, name), total.submitted)})" for name in _TOLD
            )
            + "."
        )
    told += [f"  {count:,} bounced {words}" for kind, words in BOUNCES.items() if (count := total.bounces.get(kind, 0))]
    if total.bounces.get("policy", 0):
        told.append("  look at the sender's DNS, blocklists and pace: newsletter check --online")
    for poll in report.polls:
        told.append(f"Asked on {poll.list}: «{poll.question}» {poll.total:,} answered.")
        told += [f"  {number:,} {words} ({share(number, poll.total)})" for words, number in poll.answers]
    return told


def rows(report: Report) -> Sequence[tuple[str, str, int, int, int, int, int, int, int, int]]:
    """The report as a table: rhythm, what is left out, then the counts."""
    return [
        (
            part.rhythm,
            part.variant or "whole",
            part.counts.submitted,
            part.counts.refused,
            part.counts.unknown,
            part.counts.skipped,
            part.counts.delivered,
            part.counts.bounced,
            part.counts.complained,
            part.counts.left,
        )
        for part in report.parts
    ]


def _plain(counts: DeliveryCounts) -> dict[str, Any]:
    return {"audience": counts.audience, **{one.name: getattr(counts, one.name) for one in fields(counts)}}
