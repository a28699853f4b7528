"""What the page of a report shows: the blocks of ``newsletter report --html``, set in the frame of the desk. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from newsletter.letters import catalogue
from newsletter.report.page import PageWords, groups
from newsletter.report.page.issue import domains, told
from newsletter.report.page.readings import stories
from newsletter.report.page.times import earlier, hours
from newsletter.report.page.wording import numbered
from newsletter.text import dates
from newsletter.workflows.status.findings import filled

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.desk.frame import DeskPages
    from newsletter.report.models import NewsroomReport
    from newsletter.report.page.parts import ReportBlock
    from newsletter.workflows.reports import ReportedIssue
    from newsletter.workflows.status import Finding

READ = "What they read"
"""Title of the block of stories, as the catalogue of reports knows it."""
MOST_NAMED = 60
"""Issues that one can choose from on the page."""


def page_values(
    found: NewsroomReport, pages: DeskPages, issues: Sequence[ReportedIssue], troubles: Sequence[Finding]
) -> dict[str, Any]:
    """The values of the template.

    Args:
        found: The report of one issue, and of the lists.
        pages: Of the desk: its language, and its words.
        issues: Those that there is a report of, newest first.
        troubles: What receivers hold against our letters.
    """
    words = PageWords(pages.environment, pages.publication)
    one = found.reports[0]
    first, *rest = groups(found, words)
    blocks = [*first.blocks, *(block for group in rest for block in group.blocks)]
    read = stories(words.say(READ), one.stories, words) if one.clicks_counted and one.stories else None
    wide = _loud(read, earlier(one, words))
    narrow = _loud(hours(one, words), domains(one, words))
    return {
        "report": one,
        "name": words.issue(one.issue) if numbered(one.issue) else words.html(one.subject),
        "subject": one.subject if numbered(one.issue) else "",
        "begun": one.begun,
        "is_told": told(one),
        "lead": first.lead,
        "figures": first.figures,
        "wide": wide,
        "narrow": narrow,
        "further": [block for block in blocks if not block.quiet and block not in (*wide, *narrow)],
        "quiet": [block for block in blocks if block.quiet],
        "tell": words.say,
        "key": one.issue if numbered(one.issue) else one.sends[0],
        "issues": issues[:MOST_NAMED],
        "troubles": [_trouble(finding, pages) for finding in troubles],
        "made": found.made,
        "zone": found.zone,
    }


def _loud(*blocks: ReportBlock | None) -> list[ReportBlock]:
    return [block for block in blocks if block is not None and not block.quiet]


def _trouble(finding: Finding, pages: DeskPages) -> Markup:
    """A finding in the language of the desk, by the catalogue that alerts are told with."""
    about = pages.publication
    said = catalogue.words(pages.environment, about.language, "alerts").gettext(finding.text)
    return pages.words.html(filled(dates.in_digits(said, about.language, about.digits), finding.parts))
