"""The subjects that were tried, with how sure the difference is. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.report.page.charts import Bar, bars, table
from newsletter.report.page.parts import NOTHING, ReportBlock, sentences

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.ledger.trials import TrialResult
    from newsletter.report.page.wording import PageWords


def subjects(trial: TrialResult, say: PageWords) -> ReportBlock:
    """The subjects of one send, each with its rate and the interval that holds the true one.

    Args:
        trial: As it stands, or as it was decided.
        say: The words of the page.
    """
    title = say.say("Subjects tried")
    highest = max((one.interval[1] for one in trial.subjects if one.sent), default=0)
    drawn = [
        Bar(
            one.words,
            one.rate,
            say.html(say.percent(one.counted, one.sent)),
            say.say("the rest got this one") if one.number == trial.chosen else NOTHING,
            between=one.interval if one.sent else None,
        )
        for one in trial.subjects
    ]
    counted = say.say("Clicks") if trial.measure == "clicks" else say.say("Left or called it spam")
    rows = [
        [
            one.words,
            say.amount(one.sent),
            say.amount(one.counted),
            say.html(say.percent(one.counted, one.sent)),
            say.say("{low} to {high}", low=say.percent(one.interval[0]), high=say.percent(one.interval[1]))
            if one.sent
            else say.html("–"),
        ]
        for one in trial.subjects
    ]
    head = [
        say.say("Subject"),
        say.say("Letters"),
        counted,
        say.say("Share"),
        say.say("The true share, 95 times of 100"),
    ]
    measured = (
        say.say("By clicks: more is better.")
        if trial.measure == "clicks"
        else say.say("By readers who left or called it spam: fewer is better.")
    )
    notes = [
        measured,
        say.say("The thin line shows where the true share lies, 95 times of 100.") if highest else NOTHING,
    ]
    return ReportBlock(
        title,
        _verdict(trial, say),
        bars(drawn, say, whole=highest) if highest else NOTHING,
        note=sentences(notes),
        table=table(title, head, rows, say),
    )


def _verdict(trial: TrialResult, say: PageWords) -> Markup:
    if not trial.chosen:
        return say.say("Not decided yet.")
    words = trial.words_of(trial.chosen)
    if trial.verdict == "better" and trial.best == trial.chosen:
        return say.say("“{subject}” was better, and the rest got it.", subject=words)
    if trial.verdict == "better":
        return say.say(
            "“{better}” was better; an editor gave the rest “{subject}”.",
            better=trial.words_of(trial.best),
            subject=words,
        )
    return say.say("No difference can be told. The rest got “{subject}”.", subject=words)
