"""What became of an issue in a few sentences, as they follow a send and stand above a report. Pure."""

from __future__ import annotations

from newsletter.report.models import BOUNCES, EVENTS, Report
from newsletter.text.sentences import joined, said

_TOLD = ("delivered", "bounced", "complained", "left", "deferred")


def share(part: int, whole: int) -> str:
    """``12.5 %``, or a dash when there is nothing to have a share of."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def lines(report: Report) -> list[str]:
    """The report in words for a person, one fact a line."""
    total = report.total
    told: list[str] = [
        said(
            "Issue {issue} «{subject}»: {states}.",
            issue=report.issue,
            subject=report.subject,
            states=joined([said(one) for one in report.states] or [said("not sent")], ", "),
        ),
        said(
            "Audience {audience}: {submitted} submitted, {refused} refused, {unknown} unknown, {skipped} skipped, "
            "{open} still to go{cancelled}.",
            audience=f"{total.audience:,}",
            submitted=f"{total.submitted:,}",
            refused=f"{total.refused:,}",
            unknown=f"{total.unknown:,}",
            skipped=f"{total.skipped:,}",
            open=f"{total.open:,}",
            cancelled=said(", {count} cancelled", count=f"{total.cancelled:,}") if total.cancelled else "",
        ),
    ]
    told += [
        said("  {count} {reason}", count=f"{count:,}", reason=said(reason))
        for reason, count in sorted(total.reasons.items(), key=lambda pair: -pair[1])
    ]
    if any(getattr(total, name) for name in EVENTS):
        names = [
            said(
                f"{{count}} {name} ({{share}})",
                count=f"{getattr(total, name):,}",
                share=share(getattr(total, name), total.submitted),
            )
            for name in _TOLD
        ]
        told.append(said("Of those submitted: {counts}.", counts=joined(names, ", ")))
    told += [
        said("  {count} bounced {words}", count=f"{count:,}", words=said(words))
        for kind, words in BOUNCES.items()
        if (count := total.bounces.get(kind, 0))
    ]
    if total.bounces.get("policy", 0):
        told.append(said("  look at the sender's DNS, blocklists and pace: newsletter check --online"))
    for poll in report.polls:
        told.append(
            said(
                "Asked on {list}: «{question}» {total} answered.",
                list=poll.list,
                question=poll.question,
                total=f"{poll.total:,}",
            )
        )
        told += [f"  {number:,} {words} ({share(number, poll.total)})" for words, number in poll.answers]
    return told
