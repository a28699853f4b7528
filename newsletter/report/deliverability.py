"""How letters reach readers, judged: what comes back and why, complaints against the limits, who sends in our name.

Pure: numbers in, numbers and sentences out. Complaint limits: Google, "Email sender guidelines" (keep the spam rate
below 0.1 %, never reach 0.3 %), and Yahoo, "Sender best practices" (below 0.3 %). What is told here is what providers
report of single letters. Gmail reports no single complaint to anybody, so its rate is seen in Postmaster Tools alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from newsletter.ledger import comparing
from newsletter.ledger.dmarc import DmarcReport, DmarcRow

WANTED, NEVER = 0.001, 0.003
"""Complaints of letters: what Gmail and Yahoo want at most, and what must never be reached."""
LEAST_LETTERS = 100
"""Letters that reports must tell of before a stricter policy is advised."""
LEAST_DAYS = 7
"""Days that they must tell of."""

ComplaintVerdict = Literal["good", "high", "above", "unsure", "untold"]
"""``above`` the limit that must never be reached; ``high``: surely above what is wanted; ``unsure``: so few letters
that nobody can tell; ``untold``: the receiver reports none."""

SourceKind = Literal["ours", "mixed", "broken", "other"]
"""A server that sends in our name. ``ours``: all of its letters pass; ``mixed``: some pass, some do not; ``broken``:
none passes, though it signs as us; ``other``: nothing in it is ours: a stranger, or a program that nobody thought of.
"""


def family_of(domain: str) -> str:
    """The receiver that a domain belongs to, as far as its rules are published; else ``others``.

    Args:
        domain: Of an address; A-labels, lower case.
    """
    name = domain.partition(".")[0]
    if domain in {"gmail.com", "googlemail.com"}:
        return "gmail"
    if name in {"yahoo", "ymail", "rocketmail", "aol", "myyahoo"}:
        return "yahoo"
    if name in {"outlook", "hotmail", "live", "msn", "passport"}:
        return "microsoft"
    return "others"


@dataclass(frozen=True, slots=True)
class ComplaintRate:
    """How many of the letters to one receiver were called spam."""

    receiver: str
    """``all``, ``gmail``, ``yahoo``, ``microsoft`` or ``others``."""
    letters: int
    complained: int

    @property
    def rate(self) -> float:
        """Complaints of each letter, 0 to 1."""
        return min(self.complained / self.letters, 1.0) if self.letters else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Between what the true rate lies, 19 times of 20."""
        # Who complains may have had a letter of which nobody told that it came: that counts as all of them.
        return comparing.interval(self.complained, self.letters)

    @property
    def verdict(self) -> ComplaintVerdict:
        """How it stands against the limits."""
        if self.receiver == "gmail" and not self.complained:
            return "untold"
        low, high = self.interval
        if low > WANTED:
            return "above" if self.rate >= NEVER else "high"
        return "good" if high < NEVER else "unsure"


@dataclass(frozen=True, slots=True)
class TroubleCount:
    """Letters that came back, were deferred or refused, in one week, at one domain, for one reason."""

    week: date
    """The Monday it begins with, UTC."""
    domain: str
    kind: str
    """``bounced``, ``deferred`` or ``refused`` (before the provider took it)."""
    reason: str
    """A name of the closed list; empty for what came before reasons were kept."""
    letters: int


@dataclass(frozen=True, slots=True)
class DomainLetters:
    """Letters to one domain, and what became of these; each counts once in each number."""

    domain: str
    """``(erased)`` for readers who were erased since."""
    submitted: int
    delivered: int = 0
    bounced: int = 0
    deferred: int = 0
    refused: int = 0
    complained: int = 0


@dataclass(frozen=True, slots=True)
class DmarcSource:
    """A server that sends in our name."""

    address: str
    kind: SourceKind
    letters: int
    passed: int
    signed_as: tuple[str, ...]
    """Domains of signatures and return paths that its letters had, by which one knows whose it is."""


@dataclass(frozen=True, slots=True)
class DmarcCounts:
    """What receivers saw of letters in our name."""

    reports: int = 0
    receivers: tuple[str, ...] = ()
    """Who wrote them, most letters first."""
    days: int = 0
    """How many days they tell of."""
    policy: str = ""
    """As the newest report read it; empty without any."""
    letters: int = 0
    passed: int = 0
    sources: tuple[DmarcSource, ...] = ()
    """Most letters first."""

    def letters_of(self, *kinds: SourceKind) -> tuple[int, int]:
        """Letters, and those that passed, of some kinds of servers."""
        mine = [one for one in self.sources if one.kind in kinds]
        return sum(one.letters for one in mine), sum(one.passed for one in mine)

    @property
    def failing(self) -> int:
        """Letters of ours that did not pass."""
        number, passed = self.letters_of("ours", "mixed", "broken")
        return number - passed

    @property
    def advice(self) -> str:
        """What comes next, in one sentence; empty without reports."""
        if not self.reports:
            return ""
        ours, passed = self.letters_of("ours", "mixed", "broken")
        if ours > passed:
            return (
                f"{ours - passed:,} letters that look like ours did not pass: mend SPF or DKIM of those servers "
                "(newsletter check --online) before the policy gets stricter"
            )
        if ours < LEAST_LETTERS or self.days < LEAST_DAYS:
            return (
                f"wait: {ours:,} letters of ours in {self.days} days passed; {LEAST_LETTERS} in {LEAST_DAYS} days "
                "should, before the policy gets stricter"
            )
        others, _ = self.letters_of("other")
        look = "; look first whether one of the other servers is a program of yours" if others else ""
        if self.policy == "none":
            return f"all letters of ours pass: p=quarantine would keep others from using your name{look}"
        if self.policy == "quarantine":
            return f"all letters of ours pass: p=reject is the next step{look}"
        return "all letters of ours pass, and others are turned away: nothing to do"


@dataclass(frozen=True, slots=True)
class AuthenticationCount:
    """How many letters of ours had one result at a server that the settings trust."""

    server: str
    method: str
    result: str
    letters: int


@dataclass(frozen=True, slots=True)
class DeliverabilityReport:
    """How letters reached readers lately."""

    since: datetime
    until: datetime
    troubles: tuple[TroubleCount, ...] = ()
    domains: tuple[DomainLetters, ...] = ()
    """Most letters first."""
    complaints: tuple[ComplaintRate, ...] = ()
    dmarc: DmarcCounts = field(default_factory=DmarcCounts)
    authentication: tuple[AuthenticationCount, ...] = ()
    blocklists: Mapping[str, int] = field(default_factory=dict)
    """Reason that names a blocklist to the letters it was told of; one that waited and came back counts once."""

    def by_reason(self) -> Sequence[tuple[str, str, int, Mapping[date, int]]]:
        """Kind, reason, letters, and letters by week, most first."""
        sums: Counter[tuple[str, str]] = Counter()
        weeks: dict[tuple[str, str], Counter[date]] = {}
        for one in self.troubles:
            sums[one.kind, one.reason] += one.letters
            weeks.setdefault((one.kind, one.reason), Counter())[one.week] += one.letters
        found = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
        return [(kind, reason, number, weeks[kind, reason]) for (kind, reason), number in found]


def complaint_rates(domains: Iterable[DomainLetters]) -> tuple[ComplaintRate, ...]:
    """Complaints by receiver, and of all; of letters that came, or where nobody tells that, of those that went.

    A letter that was called spam has come, also when nobody told so.

    Args:
        domains: Every domain.
    """
    letters: Counter[str] = Counter()
    complained: Counter[str] = Counter()
    for one in domains:
        for name in ("all", family_of(one.domain)):
            letters[name] += max(one.delivered, one.complained) if one.delivered else one.submitted
            complained[name] += one.complained
    names = ("all", "gmail", "yahoo", "microsoft", "others")
    return tuple(ComplaintRate(name, letters[name], complained[name]) for name in names if letters[name])


def dmarc_summary(reports: Sequence[DmarcReport], own: Sequence[str]) -> DmarcCounts:
    """Sum up what receivers reported.

    Args:
        reports: Oldest first.
        own: Domains that our letters come from.
    """
    if not reports:
        return DmarcCounts()
    by_source: dict[str, list[DmarcRow]] = {}
    receivers: Counter[str] = Counter()
    for report in reports:
        receivers[report.org] += report.letters
        for row in report.rows:
            by_source.setdefault(row.source, []).append(row)
    sources = [_source(address, rows, own) for address, rows in by_source.items()]
    days = {report.ends.date() for report in reports}
    return DmarcCounts(
        reports=len(reports),
        receivers=tuple(name for name, _ in sorted(receivers.items(), key=lambda item: (-item[1], item[0]))),
        days=len(days),
        policy=reports[-1].policy,
        letters=sum(one.letters for one in sources),
        passed=sum(one.passed for one in sources),
        sources=tuple(sorted(sources, key=lambda one: (-one.letters, one.address))),
    )


def _source(address: str, rows: Sequence[DmarcRow], own: Sequence[str]) -> DmarcSource:
    letters = sum(row.letters for row in rows)
    passed = sum(row.letters for row in rows if row.passes)
    names = [name for row in rows for name in (row.dkim_domain, row.spf_domain) if name]
    kind: SourceKind
    if passed:
        # Only who has our key, or sends from a server that our SPF names, can pass. One that passes by a signature of
        # ours and not by its return path may have forwarded the letter; those it changed on the way do not pass.
        kind = "ours" if passed == letters else "mixed"
    elif any(_is_ours(row.dkim_domain, own) for row in rows if row.dkim_result != "none"):
        kind = "broken"
    else:
        kind = "other"
    return DmarcSource(address, kind, letters, passed, tuple(dict.fromkeys(names))[:5])


def _is_ours(domain: str, own: Sequence[str]) -> bool:
    return any(domain == one or domain.endswith(f".{one}") or one.endswith(f".{domain}") for one in own if domain)
