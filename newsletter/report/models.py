"""What a report shows, as values: of each letter what became of it, how lists grew, and what issues compare with. Pure.

Everything is a number of readers, of letters or of presses; nothing here names a reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from subscribers.models import BounceKind

if TYPE_CHECKING:
    from newsletter.ledger.trials import TrialResult
    from newsletter.polls import PollResults

STATES = ("queued", "submitting", "submitted", "refused", "unknown", "skipped")
EVENTS = ("delivered", "deferred", "bounced", "complained", "left")
BOUNCES: Mapping[BounceKind, str] = {
    "hard": "to mailboxes that do not exist",
    "invalid": "to what is no address",
    "soft": "to mailboxes that are full, or for the moment",
    "blocked": "without saying whose fault it is",
    "policy": "for what we are or send, which says nothing of the readers",
}
"""What each kind of bounce says, in words for a person."""

OWN_WORDS = "own words"
NO_REASON = "none"
"""Besides the reasons that the page offers (``subscribers.web.site.REASONS``): who wrote something else, and who told
none. What people wrote is shown nowhere in a report: it can hold a name or an address."""

ERASED, OTHERS = "(erased)", "(others)"
"""Stand in the place of a domain: of readers who were erased since, and of all domains with less to tell."""


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """How many deliveries came to what. Each counts once in each number, however often an event was told."""

    queued: int = 0
    submitting: int = 0
    submitted: int = 0
    """Taken by the provider; what follows is what became of these."""
    refused: int = 0
    unknown: int = 0
    """Nobody knows whether the provider took them."""
    skipped: int = 0
    cancelled: int = 0
    """Never went, since their send was cancelled, and no other send of the issue has taken them up."""
    delivered: int = 0
    """Taken by the reader's mail server, as the provider says."""
    deferred: int = 0
    """Put off by the reader's mail server at least once, whatever became of them later."""
    still_deferred: int = 0
    """Of the deferred, those that were neither delivered nor bounced so far."""
    bounced: int = 0
    bounced_later: int = 0
    """Of the bounced, those that were delivered first, or told so; they count in both."""
    complained: int = 0
    left: int = 0
    """Readers who ended their subscription after they got it."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why deliveries were skipped or refused."""
    bounces: Mapping[str, int] = field(default_factory=dict)
    """How many bounced in which way (``BounceKind``); a letter that bounced in two ways counts in both."""
    leaving: Mapping[str, int] = field(default_factory=dict)
    """Why readers left: a reason that the page offers, ``own words``, or ``none``. The sum is ``left``."""

    @property
    def audience(self) -> int:
        """Everybody it was frozen for."""
        return sum(int(getattr(self, state)) for state in (*STATES, "cancelled"))

    @property
    def open(self) -> int:
        """Deliveries that still have to go."""
        return self.queued + self.submitting

    @property
    def silent(self) -> int:
        """Submitted, and neither delivered nor bounced so far: still on the way, or nobody tells."""
        return max(self.submitted - self.delivered - self.bounced + self.bounced_later, 0)


SUMS = (
    *STATES,
    "cancelled",
    "delivered",
    "deferred",
    "still_deferred",
    "bounced",
    "bounced_later",
    "complained",
    "left",
)
"""The numbers of ``DeliveryCounts``."""
TABLES = ("reasons", "bounces", "leaving")
"""Its tables."""


@dataclass(frozen=True, slots=True)
class ReportPart:
    """What became of one letter of an issue: those of one send who got the same variant with the same subject."""

    send: str
    """Public id."""
    list: str
    """Name of the list."""
    rhythm: str
    variant: str
    """What the letter leaves out; empty for the whole one."""
    counts: DeliveryCounts
    subject: str = ""
    """The subject that this letter has; empty for that of its send."""
    trial: int = 0
    """Which of the subjects tried it has, from 1; 0 when the letter has one subject."""


@dataclass(frozen=True, slots=True)
class HourCounts:
    """What was told within one hour, counted from the hour in which the first letter of the issue went.

    A delivery counts in the hour in which a thing was told of it first, so the sum over all hours is the whole.
    """

    hour: int
    """0 is the hour in which the first send began."""
    start: datetime
    """When the hour began, in the site's time zone."""
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    complained: int = 0
    left: int = 0
    clicked: int = 0
    """Presses of links by people; 0 where clicks are not counted."""


@dataclass(frozen=True, slots=True)
class DomainCounts:
    """What became of the letters to one domain, such as ``gmail.com``; the domain is that of the address now."""

    domain: str
    """A-labels; ``(erased)`` for readers who were erased since, ``(others)`` for all domains with less to tell."""
    submitted: int = 0
    delivered: int = 0
    deferred: int = 0
    still_deferred: int = 0
    bounced: int = 0
    complained: int = 0
    bounces: Mapping[str, int] = field(default_factory=dict)
    """As in ``DeliveryCounts``."""


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """How often a link of a letter was pressed."""

    url: str
    people: int
    """Presses, as far as it can be told by people; not different people: nobody knows who pressed."""
    machines: int = 0
    """Presses by scanners and previews, as far as they can be told."""
    sponsor: str = ""
    """Who paid for the place it stands in; empty for the newsroom's own links."""


@dataclass(frozen=True, slots=True)
class StoryCounts:
    """How often the links of one story were pressed, most pressed link first."""

    story: str
    """Its headline; empty for links that stand in no story."""
    people: int
    machines: int
    links: tuple[LinkCounts, ...]
    issue: str = ""
    """Key of the issue that carried it."""


@dataclass(frozen=True, slots=True)
class ComparedShare:
    """A share of this issue beside those of the ones before it."""

    what: str
    """``delivered``, ``bounced``, ``complained``, ``left`` or ``clicked``: of the letters submitted."""
    here: float
    """From 0 to 1; presses of links can be more than the letters."""
    median: float
    """Of the earlier issues."""


@dataclass(frozen=True, slots=True)
class PastIssue:
    """One of the issues that this one is compared with, as far as it is told of."""

    issue: str
    """Its key."""
    subject: str
    begun: datetime
    """When its first send began, in the site's time zone."""
    submitted: int
    delivered: int
    bounced: int
    complained: int
    left: int
    clicked: int = 0
    """Presses of its links by people."""
    clicks_counted: bool = False


@dataclass(frozen=True, slots=True)
class IssueComparison:
    """This issue beside the last ones before it that went out."""

    past: tuple[PastIssue, ...]
    """Those it is compared with, oldest first; ten at most."""
    shares: tuple[ComparedShare, ...]
    """Nothing when there are fewer than three issues to compare with; what nobody told of is left out."""


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
    sends: tuple[str, ...] = ()
    """Public id of each of its sends, as ``states``."""
    begun: datetime | None = None
    """When its first send began, in the site's time zone."""
    hours: tuple[HourCounts, ...] = ()
    """Hours in which something was told, oldest first; those without anything are left out."""
    domains: tuple[DomainCounts, ...] = ()
    """Most letters first; at the end the others and the erased, when there are any."""
    stories: tuple[StoryCounts, ...] = ()
    """Most pressed first; nothing where clicks are not counted."""
    clicks_counted: bool = False
    """Whether presses of its links were counted; when not, nothing says anything of clicks."""
    comparison: IssueComparison | None = None
    """Beside the issues before it; None where nothing was compared."""
    trials: tuple[TrialResult, ...] = ()
    """The subjects that were tried, one result for each send that tried some."""
    turned_away: Mapping[str, int] = field(default_factory=dict)
    """Id of each question to answers that were not taken since too many came from one network within an hour."""

    @property
    def total(self) -> DeliveryCounts:
        """All of it."""
        return added(part.counts for part in self.parts)

    @property
    def clicked(self) -> int:
        """Presses of its links by people."""
        return sum(one.people for one in self.stories)

    def as_past(self, begun: datetime) -> PastIssue:
        """This issue as if it were one of those that issues are compared with.

        Args:
            begun: When its first send began, in the site's time zone.
        """
        total = self.total
        return PastIssue(
            self.issue,
            self.subject,
            begun,
            total.submitted,
            total.delivered,
            total.bounced,
            total.complained,
            total.left,
            self.clicked,
            self.clicks_counted,
        )

    def by(self, what: str) -> dict[str, DeliveryCounts]:
        """Counts by ``rhythm``, ``variant``, ``list``, ``send`` or ``subject``, in the order they come."""
        names = dict.fromkeys(getattr(part, what) for part in self.parts)
        return {name: added(part.counts for part in self.parts if getattr(part, what) == name) for name in names}


@dataclass(frozen=True, slots=True)
class WeekCounts:
    """How a list moved within one week, in the site's time zone; it begins with the day that ``[schedule]`` says."""

    start: date
    """Its first day."""
    asked: int = 0
    """Asked for a subscription, or were asked, and had to confirm it."""
    confirmed: int = 0
    """Became subscribed: they confirmed, or an editor or a file says that they agreed."""
    left: int = 0
    """Were subscribed and left."""
    let_go: int = 0
    """Were subscribed, were asked whether they still want the letters, and answered nothing."""
    bounced: int = 0
    """Whose address cannot be mailed any more since letters to it bounced; they are still subscribed."""
    complained: int = 0
    """Whose address must not be mailed any more since they called a letter spam."""


@dataclass(frozen=True, slots=True)
class RoadCounts:
    """How many readers came by one road since the first of the weeks shown."""

    how: str
    """As the record of consent says: ``form``, ``editor``, ``file readers.csv`` …"""
    page: str
    """Address of the page or form; empty when it is not known."""
    asked: int = 0
    confirmed: int = 0
    """Of these became subscribed in this time."""


@dataclass(frozen=True, slots=True)
class ListGrowth:
    """How one list grew."""

    list: str
    """Its name."""
    title: str
    """What readers see."""
    readers: int
    """Confirmed now, also those whose address must not be mailed."""
    reached: int
    """Of those, who can be mailed."""
    pending: int
    """Asked for it and have not confirmed yet."""
    weeks: tuple[WeekCounts, ...]
    """Oldest first, without a gap; the last one is the present week, which is not over."""
    roads: tuple[RoadCounts, ...] = ()
    """Where those came from, most first; at the end ``(others)`` for all roads with fewer."""


@dataclass(frozen=True, slots=True)
class GrowthReport:
    """How the lists grew over some weeks."""

    lists: tuple[ListGrowth, ...]
    erased: Mapping[date, int] = field(default_factory=dict)
    """First day of a week to people who were erased in it; nobody knows any more which lists they read."""


@dataclass(frozen=True, slots=True)
class NewsroomReport:
    """All that one call of ``newsletter report`` shows."""

    newsroom: str
    """Name of the site."""
    made: datetime
    """When it was counted, in the site's time zone."""
    zone: str
    """Name of the time zone of the site: ``Asia/Beirut``."""
    reports: tuple[Report, ...]
    """As they were asked for."""
    growth: GrowthReport | None = None
    best_stories: tuple[StoryCounts, ...] = ()
    """Of the issues of the last 30 days, most pressed first, ten at most; nothing where clicks are not counted."""
    clicked_in_30_days: int = 0
    """Presses by people of all links of these issues: what the best stories are a share of."""


def added(many: Iterable[DeliveryCounts]) -> DeliveryCounts:
    """The sum of counts."""
    sums: dict[str, Any] = dict.fromkeys(SUMS, 0)
    tables: dict[str, Any] = {name: {} for name in TABLES}
    for counts in many:
        for name in SUMS:
            sums[name] += getattr(counts, name)
        for name, table in tables.items():
            for key, number in getattr(counts, name).items():
                table[key] = table.get(key, 0) + number
    return DeliveryCounts(**sums, **tables)
