"""The command that shows how letters reach readers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson
from newsletter.cli.output import json_data, plural, progress_bar, say, shows_bars
from newsletter.cli.speaking import marked
from newsletter.cli.tables import cell, table
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.report.deliverability import ComplaintRate, DeliverabilityReport, DmarcCounts
    from newsletter.wiring import Workspace
    from newsletter.workflows.deliverability import DmarcOutcome

_WEEKS = 7
"""Weeks that are shown one by one: the six that are usually looked back on touch seven."""
_MOST = 12
"""Domains, reasons and servers that are shown; all of them are in ``--json``."""
SOME_REFUSED = 4
_RECEIVERS = {
    "all": said("all letters"),
    "gmail": "Gmail",
    "yahoo": said("Yahoo and AOL"),
    "microsoft": "Outlook, Hotmail",
    "others": said("others"),
}
_VERDICTS = {
    "good": said("good"),
    "high": said(
        "above the 0.1 % that Gmail and Yahoo want: send less to those who joined long ago; make leaving easier"
    ),
    "above": said("above the 0.3 % that must never be reached: pause, and send to those who joined lately first"),
    "unsure": said("too few letters to tell"),
    "untold": said("Gmail tells it in Postmaster Tools alone: postmaster.google.com"),
}
_SOURCES = {
    "ours": said("ours"),
    "mixed": said("ours, some do not pass"),
    "broken": said("signs as us, does not pass"),
    "other": said("a stranger, or a program that nobody thought of"),
}


def deliverability(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=400, help="How far to look back.")] = 42,
    dmarc: Annotated[
        list[Path] | None,
        typer.Option("--dmarc", metavar="PATH", help="Take in DMARC reports first: a file or a folder; repeatable."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Take in nothing of --dmarc, only tell.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how letters reach readers: what comes back and why, complaints, DMARC, and what to do.

    Bounces and deferrals by reason and domain, week by week; complaints against the limits of Gmail and Yahoo, with the
    range in which the true rate lies; blocklists that servers named; and what receivers reported of letters in our name
    (DMARC aggregate reports, zip, gzip or XML, also read by newsletter subscribers inbox).

    \b
    Examples:
      newsletter deliverability
      newsletter deliverability --days 90 --dmarc ~/dmarc-reports
    """
    from newsletter.workflows import deliverability as workflow

    with workspace_of(context) as workspace:
        taken = _take_in(workspace, dmarc or (), dry_run=dry_run)
        found = workflow.read(workspace, days=days)
        zone = workspace.zone
    if as_json:
        json_data(plain(found, taken))
    else:
        say(
            said(
                "{since} to {until}",
                since=f"{found.since.astimezone(zone):%Y-%m-%d}",
                until=f"{found.until.astimezone(zone):%Y-%m-%d}",
            )
        )
        _tell(found)
    if taken is not None and taken.refused:
        raise typer.Exit(SOME_REFUSED)


def _take_in(workspace: Workspace, paths: Sequence[Path], *, dry_run: bool) -> DmarcOutcome | None:
    from newsletter.workflows.deliverability import take_in

    if not paths:
        return None
    if shows_bars():
        with progress_bar() as bar:
            task = bar.add_task(cell(said("DMARC reports")), total=None)
            taken = take_in(
                workspace, paths, dry_run=dry_run, tell=lambda done, all_: bar.update(task, completed=done, total=all_)
            )
    else:
        taken = take_in(workspace, paths, dry_run=dry_run)
    counts = said(
        "{reports} of {letters} letters, {known} known, {refused} refused",
        reports=plural(taken.new, "new DMARC report"),
        letters=f"{taken.letters:,}",
        known=f"{taken.known:,}",
        refused=f"{taken.refused:,}",
    )
    say(said("{messages} (nothing was written).", messages=counts) if dry_run else said("{messages}.", messages=counts))
    if not taken.new + taken.known + taken.refused:
        say("  Reports are files that end in .xml, .gz or .zip, and there is none; is it the right folder?")
    for line in taken.complaints:
        say(said("  {line}", line=line))
    if taken.refused > len(taken.complaints):
        say(said("  … and {count} more", count=f"{taken.refused - len(taken.complaints):,}"))
    return taken


def plain(found: DeliverabilityReport, taken: DmarcOutcome | None = None) -> dict[str, Any]:
    """A report as one document of plain values, with the meaning and the mend of each reason.

    Args:
        found: Of the workspace.
        taken: What came of files taken in before; None when there were none.
    """
    from dataclasses import asdict

    from newsletter.text.reasons import meaning_of, mend_of

    reasons = {one.reason for one in found.troubles}
    document = asdict(found)
    document["complaints"] = [
        {**asdict(one), "rate": one.rate, "interval": list(one.interval), "verdict": one.verdict}
        for one in found.complaints
    ]
    document["reasons"] = {one: {"meaning": meaning_of(one), "mend": mend_of(one)} for one in sorted(reasons)}
    document["dmarc"] |= {"failing": found.dmarc.failing, "advice": found.dmarc.advice}
    if taken is not None:
        document["taken"] = asdict(taken)
    for name in ("since", "until"):
        document[name] = document[name].isoformat()
    return document


def _tell(found: DeliverabilityReport) -> None:
    _tell_reasons(found)
    _tell_domains(found)
    _tell_complaints(found.complaints)
    _tell_dmarc(found.dmarc)
    if found.authentication:
        say()
        say("Copies of our letters, as the servers found them that [sender] authserv_ids names")
        rows = [(one.server, one.method, one.result, one.letters) for one in found.authentication]
        table(("Server", "Method", "Result", "Letters"), rows)


def _tell_reasons(found: DeliverabilityReport) -> None:
    from newsletter.text.reasons import meaning_of, mend_of

    by_reason = found.by_reason()
    say()
    if not by_reason:
        say("Nothing came back, and nothing was put off.")
        return
    weeks = _weeks(found)
    say("What came back, was put off or refused, by reason (letters; weeks begin on Monday, UTC)")
    rows = []
    for kind, reason, number, by_week in by_reason[:_MOST]:
        told = [by_week.get(week, 0) for week in weeks]
        before = sum(letters for week, letters in by_week.items() if week < weeks[0])
        rows.append((said(kind), marked(meaning_of(reason)), number, *([before] if _has_before(found) else []), *told))
    earlier = ("before",) if _has_before(found) else ()
    table(("What", "Why", "Letters", *earlier, *(f"{week:%m-%d}" for week in weeks)), rows)
    _tell_rest(len(by_reason))
    say()
    say("What to do")
    for reason in dict.fromkeys(reason for _, reason, *_ in by_reason[:_MOST]):
        if mend := mend_of(reason):
            say(said("  {meaning}: {mend}", meaning=marked(meaning_of(reason)), mend=marked(mend)))


def _weeks(found: DeliverabilityReport) -> list[date]:
    """The Mondays of the weeks that are shown one by one, UTC; what lies before them has a column of its own."""
    number = min(_WEEKS, (_monday(found.until) - _monday(found.since)).days // 7 + 1)
    return [_monday(found.until) - timedelta(weeks=back) for back in reversed(range(number))]


def _has_before(found: DeliverabilityReport) -> bool:
    return _monday(found.since) < _weeks(found)[0]


def _monday(moment: datetime) -> date:
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def _tell_domains(found: DeliverabilityReport) -> None:
    if not found.domains:
        return
    troubled = [one for one in found.domains if one.bounced or one.deferred or one.refused or one.complained]
    if not troubled:
        return
    say()
    say("By domain, those with the most trouble first")
    troubled.sort(key=lambda one: -(one.bounced + one.deferred + one.refused + one.complained))
    rows = [
        (one.domain, one.submitted, one.delivered, one.bounced, one.deferred, one.refused, one.complained)
        for one in troubled[:_MOST]
    ]
    table(("Domain", "Submitted", "Delivered", "Bounced", "Put off", "Refused", "Called spam"), rows)
    _tell_rest(len(troubled))


def _tell_complaints(rates: Sequence[ComplaintRate]) -> None:
    if not rates:
        return
    say()
    say("Letters called spam (Gmail and Yahoo want less than 0.1 %, and never 0.3 %)")
    rows = [
        (
            _RECEIVERS[one.receiver],
            one.complained,
            one.letters,
            "" if one.verdict == "untold" else f"{one.rate:.2%}",
            ""
            if one.verdict == "untold"
            else said("{since} to {until}", since=f"{one.interval[0]:.2%}", until=f"{one.interval[1]:.2%}"),
            _VERDICTS[one.verdict],
        )
        for one in rates
    ]
    table(("Receiver", "Called spam", "Of", "Rate", "True rate, 19 times of 20", ""), rows)


def _tell_dmarc(found: DmarcCounts) -> None:
    say()
    if not found.reports:
        say(
            "No DMARC reports; rua= in the DMARC record says where they go. Then: newsletter deliverability --dmarc DIR"
        )
        return
    say(
        said(
            "{reports} of {receivers} about {days}: {passed} of {letters} letters in our name pass (policy: {policy})",
            reports=plural(found.reports, "DMARC report"),
            receivers=plural(len(found.receivers), "receiver"),
            days=plural(found.days, "day"),
            passed=f"{found.passed:,}",
            letters=f"{found.letters:,}",
            policy=found.policy,
        )
    )
    rows = [
        (one.address, _SOURCES[one.kind], one.letters, one.passed, ", ".join(one.signed_as))
        for one in found.sources[:_MOST]
    ]
    table(("Server", "Whose", "Letters", "Pass", "Signs or returns as"), rows)
    _tell_rest(len(found.sources))
    say(said("Next: {advice}", advice=marked(found.advice)))


def _tell_rest(number: int) -> None:
    if number > _MOST:
        say(said("… and {count} more: --json has all of them", count=f"{number - _MOST:,}"))
