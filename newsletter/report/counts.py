"""What became of an issue: counts made into a report. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from subscribers.models import BounceKind

if TYPE_CHECKING:
    from newsletter.polls import PollResults

STATES = ("queued", "submitting", "submitted", "refused", "unknown", "skipped")
EVENTS = ("delivered", "bounced", "complained", "left")
BOUNCES: Mapping[BounceKind, str] = {
    "hard": "to mailboxes that do not exist",
    "invalid": "to what is no address",
    "soft": "to mailboxes that are full, or for the moment",
    "blocked": "without saying whose fault it is",
    "policy": "for what we are or send, which says nothing of the readers",
}
"""What each kind of bounce says, in words for a person."""


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """How many deliveries came to what."""

    queued: int = 0
    submitting: int = 0
    submitted: int = 0
    """Taken by the provider; what follows is what became of these."""
    refused: int = 0
    unknown: int = 0
    skipped: int = 0
    cancelled: int = 0
    """Never went, since their send was cancelled, and no other send of the issue has taken them up."""
    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    left: int = 0
    """Readers who ended their subscription after they got it."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why deliveries were skipped or refused."""
    bounces: Mapping[str, int] = field(default_factory=dict)
    """How many bounced in which way (``BounceKind``); a letter that bounced in two ways counts in both."""

    @property
    def audience(self) -> int:
        """Everybody it was frozen for."""
        return sum(int(getattr(self, state)) for state in (*STATES, "cancelled"))

    @property
    def open(self) -> int:
        """Deliveries that still have to go."""
        return self.queued + self.submitting


@dataclass(frozen=True, slots=True)
class ReportPart:
    """What became of one letter of an issue: those of one send who got the same variant."""

    send: str
    """Public id."""
    list: str
    rhythm: str
    variant: str
    """What the letter leaves out; empty for the whole one."""
    counts: DeliveryCounts


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one issue."""

    issue: str
    """Its key: the number, or what stands for it of the latest posts."""
    subject: str
    states: tuple[str, ...]
    """State of each of its sends."""
    parts: tuple[ReportPart, ...]
    polls: tuple[PollResults, ...] = ()
    """What its letters asked, and how many gave each answer."""

    @property
    def total(self) -> DeliveryCounts:
        """All of it."""
        return added(part.counts for part in self.parts)

    def by(self, what: str) -> dict[str, DeliveryCounts]:
        """Counts by ``rhythm``, ``variant``, ``list`` or ``send``, in the order they come."""
        names = dict.fromkeys(getattr(part, what) for part in self.parts)
        return {name: added(part.counts for part in self.parts if getattr(part, what) == name) for name in names}

    def plain(self) -> dict[str, Any]:
        """As data for programs."""
        return {
            "issue": self.issue,
            "subject": self.subject,
            "states": list(self.states),
            "total": _plain(self.total),
            "by_rhythm": {name: _plain(counts) for name, counts in self.by("rhythm").items()},
            "by_variant": {name: _plain(counts) for name, counts in self.by("variant").items()},
            "polls": [_poll(one) for one in self.polls],
            "parts": [{**asdict(part), "counts": _plain(part.counts)} for part in self.parts],
        }


def _poll(poll: PollResults) -> dict[str, Any]:
    return {
        "list": poll.list,
        "question": poll.question,
        "total": poll.total,
        "answers": [{"answer": words, "number": number} for words, number in poll.answers],
        "closes": poll.closes.isoformat() if poll.closes is not None else None,
    }


def added(many: Iterable[DeliveryCounts]) -> DeliveryCounts:
    """The sum of counts."""
    sums: dict[str, int] = {}
    reasons: dict[str, int] = {}
    bounces: dict[str, int] = {}
    for counts in many:
        for name in (*STATES, "cancelled", *EVENTS):
            sums[name] = sums.get(name, 0) + getattr(counts, name)
        for reason, count in counts.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
        for bounce, count in counts.bounces.items():
            bounces[bounce] = bounces.get(bounce, 0) + count
    return DeliveryCounts(**sums, reasons=reasons, bounces=bounces)


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
                f"{getattr(total, name):,} {name} ({share(getattr(total, name), total.submitted)})" for name in EVENTS
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
