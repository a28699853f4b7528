"""The report as a page: one HTML file that asks nobody for anything. Pure but for the template files.

Its parts draw other pages too: ``charts`` has bars, columns, lines and tables, ``wording`` the words of a newsroom, and
``report/base.html.j2`` the frame with the one stylesheet.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from newsletter.report.page import issue, lists, readings
from newsletter.report.page.parts import ReportGroup
from newsletter.report.page.wording import PageWords

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

    from newsletter.models import Publication
    from newsletter.report.models import NewsroomReport, Report

__all__ = ["PageWords", "filled", "groups", "page"]


def page(shown: NewsroomReport, publication: Publication, environment: Environment) -> str:
    """The report as one HTML file, in the language, direction, calendar and colour of the newsroom.

    Args:
        shown: What is reported.
        publication: Who publishes.
        environment: Where templates and catalogues come from, as ``newsletter.letters.templates.environment`` gives it.

    Raises:
        RenderError: A template or a catalogue of the workspace's own is broken.
    """
    say = PageWords(environment, publication)
    one = shown.reports[0] if len(shown.reports) == 1 else None
    title = say.html(one.subject) if one is not None else say.say("Report")
    values = {
        "title": title,
        "plain_title": say.plain(title),
        "kicker": say.say("Report"),
        "groups": groups(shown, say),
        "made": say.say("{day}, {hour}", day=say.day(shown.made), hour=say.clock(shown.made)),
        "zone": shown.zone,
    }
    return filled("report/page.html.j2", values, say)


def groups(shown: NewsroomReport, say: PageWords) -> list[ReportGroup]:
    """What the page says: of each issue in its turn, then of readers and stories as a whole.

    Args:
        shown: What is reported.
        say: The words of the page.
    """
    titles = {one.list: one.title or one.list for one in shown.growth.lists} if shown.growth is not None else {}
    reports = [_titled(report, titles) for report in shown.reports]
    made = [_group(report, say, alone=len(reports) == 1) for report in reports]
    rest = []
    if shown.best_stories:
        title, whole = say.say("Best of the last 30 days"), shown.clicked_in_30_days
        rest.append(readings.stories(title, shown.best_stories, say, whole))
    if shown.growth is not None:
        rest += lists.growth(shown.growth, say)
    if rest:
        made.append(ReportGroup(say.say("Readers and stories"), blocks=tuple(rest)))
    return made


def filled(template: str, values: Mapping[str, Any], say: PageWords) -> str:
    """A page on the frame of the report, its stylesheet in it and everything else from elsewhere forbidden.

    Args:
        template: Name of a template that extends ``report/base.html.j2``.
        values: What it uses: ``title`` (markup), ``plain_title``, and its own.
        say: The words of the page.

    Raises:
        RenderError: The template is missing or broken.
    """
    from markupsafe import Markup

    from newsletter.letters.render import FONTS, palette
    from newsletter.letters.render.fill import fill
    from newsletter.text.dates import has_eastern_digits

    about = say.publication
    eastern = "persian" if has_eastern_digits(about.language) else "arabic-indic"
    usual = {
        "colours": palette.palette_of(about),
        "fonts": Markup(about.fonts or FONTS),  # noqa: S704 - the settings and `render` judge it
        "counter": "decimal" if about.digits == "latin" else eastern,
    }
    style = fill(say.environment, "report/style.css.j2", usual)
    return fill(
        say.environment,
        template,
        {
            **usual,
            "language": about.language.replace("_", "-"),
            "direction": about.direction,
            "newsroom": say.html(about.name),
            "say": say.say,
            "style": Markup(style),  # noqa: S704 - of our own template and checked colours
            "style_hash": base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii"),
            **values,
        },
    )


def _titled(report: Report, titles: Mapping[str, str]) -> Report:
    """The report with the lists as readers know them."""
    return replace(report, parts=tuple(replace(part, list=titles.get(part.list, part.list)) for part in report.parts))


def _group(report: Report, say: PageWords, *, alone: bool) -> ReportGroup:
    from markupsafe import Markup

    parts = [one for one in (say.issue(report.issue),) if one]
    if report.begun is not None:
        parts.append(say.say("{day}, {hour}", day=say.day(report.begun, weekday=True), hour=say.clock(report.begun)))
    parts += [say.html(name) for name in dict.fromkeys(part.list for part in report.parts)]
    return ReportGroup(
        Markup() if alone else say.html(report.subject),
        Markup(' <span class="sep" aria-hidden="true">·</span> ').join(parts),
        (*issue.lead(report, say), *_states(report, say)),
        issue.figures(report, say),
        # What has nothing to show stands last.
        tuple(sorted(issue.blocks(report, say), key=lambda block: block.quiet)),
    )


def _states(report: Report, say: PageWords) -> list[Any]:
    """That the figures are not the last ones."""
    words = {
        "scheduled": say.say("A send of it is scheduled: these figures will change."),
        "running": say.say("It is being sent: these figures will change."),
        "paused": say.say("Its send is paused: these figures will change."),
        "cancelled": say.say("A send of it was cancelled."),
    }
    return [words[state] for state in words if state in report.states]
