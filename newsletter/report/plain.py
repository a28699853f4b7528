"""A report as data for programs, and as rows of a table for spreadsheets. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from newsletter.report.models import SUMS, TABLES, DeliveryCounts, NewsroomReport, Report

if TYPE_CHECKING:
    from newsletter.ledger.trials import TrialResult
    from newsletter.polls import PollResults

COLUMNS = ("issue", "subject", "begun", "part", "list", "rhythm", "letter", "tried_subject")
"""Of the table for spreadsheets, before its numbers."""
NUMBERS = ("audience", *SUMS, "clicked")
WHOLE, PART = "whole issue", "part"


def plain(report: NewsroomReport) -> dict[str, Any]:
    """All of it, in texts, numbers, lists and objects; moments in ISO 8601 with their zone."""
    return {
        "newsroom": report.newsroom,
        "made": report.made.isoformat(),
        "zone": report.zone,
        "reports": [plain_issue(one) for one in report.reports],
        "growth": _written(asdict(report.growth)) if report.growth is not None else None,
        "clicked_in_30_days": report.clicked_in_30_days,
        "best_stories": [_written(asdict(one)) for one in report.best_stories],
    }


def plain_issue(report: Report) -> dict[str, Any]:
    """What became of one issue, in the same way."""
    compared = report.comparison
    return {
        "issue": report.issue,
        "subject": report.subject,
        "begun": report.begun.isoformat() if report.begun is not None else None,
        "sends": list(report.sends),
        "states": list(report.states),
        "total": _counts(report.total),
        "by_rhythm": {name: _counts(counts) for name, counts in report.by("rhythm").items()},
        "by_variant": {name: _counts(counts) for name, counts in report.by("variant").items()},
        "by_list": {name: _counts(counts) for name, counts in report.by("list").items()},
        "parts": [{**asdict(part), "counts": _counts(part.counts)} for part in report.parts],
        "hours": [_written(asdict(one)) for one in report.hours],
        "domains": [_written(asdict(one)) for one in report.domains],
        "clicks_counted": report.clicks_counted,
        "clicked": report.clicked if report.clicks_counted else None,
        "stories": [_written(asdict(one)) for one in report.stories],
        "trials": [_trial(one) for one in report.trials],
        "polls": [_poll(one, report.turned_away.get(one.id, 0)) for one in report.polls],
        "comparison": _written(asdict(compared)) if compared is not None else None,
    }


def table_rows(report: NewsroomReport) -> Iterator[dict[str, Any]]:
    """One row for each issue, and one for each of its parts; the keys are those of ``COLUMNS`` and ``NUMBERS``.

    Clicks are known of the whole issue alone, and empty where they are not counted.
    """
    for one in report.reports:
        begun = one.begun.isoformat() if one.begun is not None else ""
        issue = {"issue": one.issue, "subject": one.subject, "begun": begun}
        clicked = one.clicked if one.clicks_counted else ""
        whole = dict.fromkeys(("list", "rhythm", "letter", "tried_subject"), "")
        yield {**issue, "part": WHOLE, **whole, **_sums(one.total), "clicked": clicked}
        for part in one.parts:
            letter = part.variant or "whole"
            where = {"list": part.list, "rhythm": part.rhythm, "letter": letter, "tried_subject": part.subject}
            yield {**issue, "part": PART, **where, **_sums(part.counts), "clicked": ""}


def _sums(counts: DeliveryCounts) -> dict[str, int]:
    return {"audience": counts.audience, **{name: getattr(counts, name) for name in SUMS}}


def _counts(counts: DeliveryCounts) -> dict[str, Any]:
    numbers = {one.name: getattr(counts, one.name) for one in fields(counts)}
    return {"audience": counts.audience, **numbers, **{name: dict(getattr(counts, name)) for name in TABLES}}


def _poll(poll: PollResults, turned_away: int) -> dict[str, Any]:
    return {
        "list": poll.list,
        "question": poll.question,
        "total": poll.total,
        "answers": [{"answer": words, "number": number} for words, number in poll.answers],
        "closes": poll.closes.isoformat() if poll.closes is not None else None,
        "turned_away": turned_away,
    }


def _trial(trial: TrialResult) -> dict[str, Any]:
    told: dict[str, Any] = _written(asdict(trial))
    subjects = zip(told["subjects"], trial.subjects, strict=True)
    for name in ("send_id", "list_id"):
        del told[name]
    told["wait"] = trial.wait.total_seconds()
    return {**told, "subjects": [{**one, "rate": of.rate, "interval": list(of.interval)} for one, of in subjects]}


def _written(value: Any) -> Any:
    """A value with its moments and days as texts, also those that are keys."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_written(key): _written(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_written(one) for one in value]
    return value
