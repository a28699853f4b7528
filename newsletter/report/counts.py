"""What became of an issue in a few sentences, as they follow a send and stand above a report. Pure."""

from __future__ import annotations

from newsletter.report.models import BOUNCES, EVENTS, Report

_TOLD = ("delivered", "bounced", "complained", "left", "deferred")


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
