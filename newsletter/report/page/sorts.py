"""The letters of an issue side by side: by list, by rhythm, by what they leave out, by subject. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup

from newsletter.report.page.charts import table
from newsletter.report.page.parts import ReportBlock, sentences

if TYPE_CHECKING:
    from newsletter.report.models import Report, ReportPart
    from newsletter.report.page.wording import PageWords

_WITHOUT = re.compile(r"(?:-\d)+")
"""A variant that leaves out topics, by their numbers."""


def letters(report: Report, say: PageWords) -> ReportBlock | None:
    """The letters in one table; None when there is but one."""
    if len(report.parts) < 2:
        return None
    title = say.say("Letter by letter")
    lists = {one.list for one in report.parts}
    tried = any(one.trial for one in report.parts)
    columns = (
        (say.say("Handed over"), "submitted"),
        (say.say("Delivered"), "delivered"),
        (say.say("Bounced"), "bounced"),
        (say.say("Left afterwards"), "left"),
        (say.say("Called it spam"), "complained"),
        (say.say("Left out"), "skipped"),
        (say.say("Refused"), "refused"),
        (say.say("In doubt"), "unknown"),
    )
    shown = [pair for pair in columns if pair[1] in ("submitted", "delivered") or getattr(report.total, pair[1])]
    rows = [
        [
            _name(one, say, listed=len(lists) > 1, tried=tried),
            *(say.amount(getattr(one.counts, name)) for _, name in shown),
        ]
        for one in report.parts
    ]
    made = table(title, [say.say("Letter"), *(name for name, _ in shown)], rows, say)
    finding = say.say("Readers got different letters of this issue, by rhythm, topics and list.")
    return ReportBlock(title, finding, made, wide=True)


def _name(part: ReportPart, say: PageWords, *, listed: bool, tried: bool) -> Markup:
    rhythms = {
        "weekly": say.say("Weekly"),
        "daily": say.say("Daily"),
        "instant": say.say("At once"),
        "all": say.say("In every rhythm"),
    }
    said = [rhythms.get(part.rhythm, say.html(part.rhythm))]
    if not part.variant:
        said.append(say.say("whole letter"))
    elif part.variant == "no letter":
        said.append(say.say("no letter: nothing they chose was in it"))
    elif _WITHOUT.fullmatch(part.variant):
        numbers = ", ".join(say.amount(int(one)) for one in part.variant.split("-") if one)
        said.append(say.say("without topic {numbers}", numbers=numbers))
    else:
        said.append(Markup('<bdi dir="ltr">{}</bdi>').format(part.variant))
    if listed:
        said.append(say.html(part.list))
    if tried and part.trial:
        said.append(say.say("subject “{subject}”", subject=part.subject))
    return sentences([Markup(" · ").join(said)])
