"""What became of issues, counted for whoever shows it: a command, a page, a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.report.models import NewsroomReport
    from newsletter.wiring import Workspace
    from newsletter.workflows.status import Finding


def counted(workspace: Workspace, names: Sequence[str] = ()) -> NewsroomReport:
    """The report of issues, how lists grew, and the best stories of a month.

    Args:
        workspace: An open workspace.
        names: Numbers of issues, keys of letters of the latest posts, ids of sends; none takes the last that went.

    Raises:
        SendError: Nothing was sent, or nothing by one of these names.
    """
    from newsletter.report import read

    with workspace.database.read() as connection:
        return read.newsroom_report(
            connection,
            names,
            newsroom=workspace.publication.name,
            now=workspace.now(),
            zone=workspace.zone,
            week_starts=workspace.settings.schedule.week_starts,
        )


@dataclass(frozen=True, slots=True)
class ReportedIssue:
    """An issue that there is a report of."""

    issue: str
    """Its number."""
    subject: str
    begun: datetime
    """When its first send began, timezone-aware."""


def reported(workspace: Workspace) -> list[ReportedIssue]:
    """The numbered issues of which something went out or is planned, newest first.

    Args:
        workspace: An open workspace.
    """
    from newsletter import ledger

    with workspace.database.read() as connection:
        sends = [one for one in ledger.sends_of_issues(connection) if not one.undone]
    found: dict[str, ReportedIssue] = {}
    for one in sends:
        found.setdefault(one.issue, ReportedIssue(one.issue, one.subject, one.send_at or one.created))
    return sorted(found.values(), key=lambda one: one.begun, reverse=True)


def troubles(workspace: Workspace) -> list[Finding]:
    """What receivers hold against our letters of the last days, as ``newsletter status`` judges it.

    Args:
        workspace: An open workspace.
    """
    from newsletter.workflows import status
    from newsletter.workflows.status.texts import RECEIVERS_SAY

    return [one for one in status.findings(workspace) if one.kind in RECEIVERS_SAY]


def page_of(workspace: Workspace, report: NewsroomReport) -> str:
    """A report as one HTML file that needs no other, in the newsroom's language.

    Args:
        workspace: An open workspace.
        report: As ``counted`` gives it.
    """
    from newsletter.report.page import page

    return page(report, workspace.publication, workspace.templates)
