"""What commands say of subjects that are tried: before a send is frozen, while it waits, and what came of them."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from newsletter.cli.output import plural, say
from newsletter.text.dates import in_zone
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from datetime import timedelta, tzinfo

    from newsletter.ledger import Send, SendCounts
    from newsletter.ledger.trials import TrialResult
    from newsletter.wiring import Workspace
    from newsletter.workflows.plan import Plan

MEASURES = {
    "clicks": "clicks of people",
    "losses": "readers who left or complained (fewer are better)",
}


def would_try(plan: Plan) -> list[str]:
    """What would become of the subjects of a plan; nothing when it has one.

    Args:
        plan: Of a send that is not frozen yet.
    """
    terms = plan.trial
    if terms is None:
        return []
    if not plan.tried:
        needed = plural(terms.least * len(terms.subjects) + 1, "reader")
        few = plural(plan.audience, "reader")
        first = terms.subjects[0]
        return [
            said(
                "A/B test: none, {few} are too few ({needed} at least): all get the first subject, «{first}».",
                few=few,
                needed=needed,
                first=first,
            )
        ]
    others = plan.audience - plan.tried * len(terms.subjects)
    goes = said("the better one goes to the other {others}, by itself", others=f"{others:,}")
    if terms.asks:
        goes = said(
            "an editor decides which one the other {others} get: newsletter sends decide {number}",
            others=f"{others:,}",
            number=plan.issue.number,
        )
    return [
        "A/B test: these subjects are tried on readers drawn at random:",
        *(said("  {tried} get «{subject}»", tried=f"{plan.tried:,}", subject=subject) for subject in terms.subjects),
        said(
            "  {span} after the last of them {goes}; compared are {measure}.",
            span=span(terms.wait),
            goes=goes,
            measure=said(MEASURES[terms.measure]),
        ),
    ]


def tell_frozen(workspace: Workspace, plan: Plan, sent: Send, when: str = "") -> None:
    """Say that an issue is frozen; also that nothing is tried after all, where readers left before the freeze.

    Args:
        workspace: An open workspace.
        plan: As it was agreed to.
        sent: As it was frozen.
        when: When it starts, in words; empty when that is now.
    """
    from newsletter.ledger import trials

    number, subscribers = plan.issue.number, plural(sent.audience, "subscriber")
    if when:
        say(
            said(
                "Frozen: issue {number}, {subscribers}; it starts {when}.",
                number=number,
                subscribers=subscribers,
                when=when,
            )
        )
    else:
        say(said("Frozen: issue {number}, {subscribers}.", number=number, subscribers=subscribers))
    if plan.trial is None or not plan.tried:
        return
    with workspace.database.read() as connection:
        if trials.of_send(connection, sent.id) is not None:
            return
    words = plan.trial.subjects[0]
    say(
        said(
            "A/B test: none after all, too few readers are left: all get the first subject, «{subject}».", subject=words
        )
    )


def span(time: timedelta) -> str:
    """A span of time for people, such as ``2 h`` or ``90 minutes``.

    Args:
        time: Whole minutes.
    """
    minutes = round(time.total_seconds() / 60)
    return plural(minutes // 60, "h", "h") if minutes % 60 == 0 else plural(minutes, "minute")


def waits_words(sent: Send, account: SendCounts, zone: tzinfo | None = None) -> str:
    """What a send waits for whose subjects are tried, and who goes on with it.

    Args:
        sent: Paused by its trial.
        account: Of the send.
        zone: Of the site; None tells the hour in UTC.
    """
    if sent.probe_at is None:
        return said(
            "Issue {issue} waits for you: its subjects have been tried, and {open} of {total} readers wait for one. "
            "See them and decide: newsletter sends decide {send}",
            issue=sent.issue,
            open=f"{account.open:,}",
            total=f"{account.total:,}",
            send=sent.public_id,
        )
    return said(
        "Issue {issue} tries its subjects: {open} of {total} readers wait for the decision at {moment}. Then a "
        "running worker or newsletter send {issue} goes on, or says that you are to choose. To decide now: newsletter "
        "sends decide {send}",
        issue=sent.issue,
        open=f"{account.open:,}",
        total=f"{account.total:,}",
        moment=in_zone(sent.probe_at, zone or UTC),
        send=sent.public_id,
    )


def result_lines(result: TrialResult, zone: tzinfo) -> list[str]:
    """A trial as it stands, or as it was decided.

    Args:
        result: Of a send.
        zone: Of the site.
    """
    lines: list[str] = [
        said(
            "A/B test of {subjects} subjects, by {measure}:",
            subjects=len(result.subjects),
            measure=said(MEASURES[result.measure]),
        )
    ]
    for one in result.subjects:
        low, high = one.interval
        lines.append(
            said(
                "  {number} «{subject}»: {counted} of {sent} ({percent}, 95 % interval {percent_2} to {percent_3}); "
                "the best with {chance}",
                number=one.number,
                subject=one.words,
                counted=f"{one.counted:,}",
                sent=f"{one.sent:,}",
                percent=_percent(one.rate),
                percent_2=_percent(low),
                percent_3=_percent(high),
                chance=f"{one.chance:.0%}",
            )
        )
    if result.best:
        lines.append(
            said(
                "«{subject}» is better, as far as chance can be ruled out (95 %).",
                subject=result.words_of(result.best),
            )
        )
    else:
        lines.append("No difference can be told (95 %).")
    others = plural(result.rest, "other reader")
    if result.decided_at is not None:
        by = said("an editor" if result.decided_by == "editor" else "itself")
        when = in_zone(result.decided_at, zone)
        lines.append(
            said(
                "«{subject}» was chosen for {others}, {when}, by {by}.",
                subject=result.words_of(result.chosen),
                others=others,
                when=when,
                by=by,
            )
        )
    elif result.state == "finished":
        # Without one its rest ends only as letters of which nobody knows whether they went.
        lines.append(
            said(
                "No decision is known: the database was restored from before it. {others} may have any of them.",
                others=others,
            )
        )
    elif result.state not in {"scheduled", "running", "paused"}:
        lines.append(said("It was not decided: the send is {state}.", state=said(result.state)))
    elif result.asks:
        lines.append(said("Not decided: {others} wait for an editor.", others=others))
    elif result.decide_at is not None:
        lines.append(
            said("Not decided: {others} wait until {moment}.", others=others, moment=in_zone(result.decide_at, zone))
        )
    else:
        lines.append(
            said("Not decided: {others} wait; its hour stands when all of the sample have their letter.", others=others)
        )
    return lines


def result_data(result: TrialResult | None) -> dict[str, Any] | None:
    """A trial as data for programs.

    Args:
        result: Of a send; None for one without.
    """
    if result is None:
        return None
    return {
        "measure": result.measure,
        "subjects": [
            {
                "number": one.number,
                "subject": one.words,
                "readers": one.readers,
                "sent": one.sent,
                "counted": one.counted,
                "rate": one.rate,
                "interval": list(one.interval),
                "chance": one.chance,
            }
            for one in result.subjects
        ],
        "rest": result.rest,
        "decides": "editor" if result.asks else "itself",
        "decide_at": result.decide_at.isoformat() if result.decide_at else None,
        "decided_at": result.decided_at.isoformat() if result.decided_at else None,
        "decided_by": result.decided_by or None,
        "verdict": result.verdict,
        "best": result.best or None,
        "chosen": result.chosen or None,
    }


def plan_data(plan: Plan) -> dict[str, Any] | None:
    """How subjects would be tried, as data for programs; None when there is one.

    Args:
        plan: Of a send that is not frozen yet.
    """
    if plan.trial is None:
        return None
    return {
        "subjects": list(plan.trial.subjects),
        "readers_each": plan.tried,
        "rest": plan.audience - plan.tried * len(plan.trial.subjects) if plan.tried else 0,
        "wait_seconds": int(plan.trial.wait.total_seconds()),
        "decides": "editor" if plan.trial.asks else "itself",
        "measure": plan.trial.measure,
    }


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %" if share < 0.1 else f"{share * 100:.1f} %"
