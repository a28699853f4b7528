"""What became of issues, counted for whoever shows it: a command, a page, a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.report.models import NewsroomReport
    from newsletter.wiring import Workspace


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


def page_of(workspace: Workspace, report: NewsroomReport) -> str:
    """A report as one HTML file that needs no other, in the newsroom's language.

    Args:
        workspace: An open workspace.
        report: As ``counted`` gives it.
    """
    from newsletter.report.page import page

    return page(report, workspace.publication, workspace.templates)
