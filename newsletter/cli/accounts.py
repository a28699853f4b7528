"""A week, and a letter of the latest posts, told to a person and as data for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from newsletter.cli.output import near, plural, say
from newsletter.cli.speaking import is_known, language
from newsletter.cli.trying import plan_data, would_try
from newsletter.text.sentences import counted, joined, said

if TYPE_CHECKING:
    from newsletter.ledger import Send, SendCounts
    from newsletter.models import Holding, Problem
    from newsletter.wiring import Workspace
    from newsletter.workflows.latest import LatestOutcome, LatestPlan
    from newsletter.workflows.variants import Variant
    from newsletter.workflows.weekly import WeekPlan

_MOST_VARIANTS = 12
"""Letters that are told one by one; eight topics can give 256."""


def tell_week(week: WeekPlan, sender: str) -> None:
    """What would go to whom, before anybody is asked.

    Args:
        week: With a plan.
        sender: Name of the sender.
    """
    plan = week.plan
    assert plan is not None
    issue = plan.issue
    stories = plural(len(issue.stories), "story", "stories")
    waiting = (
        said(", {candidates} not taken", candidates=plural(week.candidates, "candidate")) if week.candidates else ""
    )
    waiting += (
        said(", {unshown} more in: newsletter articles --unused", unshown=f"{week.unshown:,}") if week.unshown else ""
    )
    say(said("{draft}: {path}", draft=said("New draft" if week.composed else "Draft"), path=issue.path))
    say(
        said(
            "Issue {number} «{subject}»: {stories}{waiting}.",
            number=issue.number,
            subject=issue.subject,
            stories=stories,
            waiting=waiting,
        )
    )
    tell_repeats(week.repeats)
    for section in issue.sections:
        if section.stories:
            title = section.title or said("(no heading)")
            say(said("  {title}: {stories}", title=title, stories=len(section.stories)))
    from newsletter.sponsors.placing import placed

    if sponsors := placed(issue):
        say(said("  with {sponsors}, who paid for a place", sponsors=", ".join(f"«{one.name}»" for one in sponsors)))
    rhythms: str = ""
    if plan.by_rhythm:
        each = plan.by_rhythm.items()
        rhythms = joined([said("{name} {count}", name=said(name), count=f"{count:,}") for name, count in each], ", ")
    say(
        said(
            "To '{name}' through {sender}: {subscribers} ({rhythms}).",
            name=plan.target.name,
            sender=sender,
            subscribers=plural(plan.audience, "subscriber"),
            rhythms=rhythms,
        )
    )
    if len(plan.variants) > 1:
        wanted = sorted((one for one in plan.variants if one.audience), key=lambda one: -one.audience)
        for one in wanted[:_MOST_VARIANTS]:
            say(said("  {audience} {kind}", audience=f"{one.audience:,}", kind=_kind(one)))
        if more := wanted[_MOST_VARIANTS:]:
            say(
                said(
                    "  {sum} in {more} further combinations of topics",
                    sum=f"{sum(one.audience for one in more):,}",
                    more=len(more),
                )
            )
    for line in would_try(plan):
        say(line)
    if week.preview:
        say(said("Letter: {size} bytes of HTML. Look at it: {preview}", size=f"{week.size:,}", preview=week.preview[0]))
    for line in problem_lines(plan.problems):
        say(line)


def tell_repeats(pairs: str) -> None:
    """Say which articles a draft leaves out, since each tells again what another tells.

    Args:
        pairs: As a draft gives them: ``58 = 57, 61 = issue 3``; or empty.
    """
    if pairs:
        say(
            said(
                "Left out, since each repeats another: {pairs}. To take one all the same: newsletter compose --ids "
                "ID,ID",
                pairs=pairs,
            )
        )


def _kind(variant: Variant) -> str:
    if variant.letter is None:
        return said("get none of it: no topic of theirs")
    kind = (
        said("without {topics}", topics="، ".join(variant.cut.without))
        if variant.cut.declined
        else said("the whole letter")
    )
    return said("{kind}, with what they would miss by their new rhythm", kind=kind) if variant.late else kind


def week_data(
    week: WeekPlan, state: str, *, sent: Send | None = None, account: SendCounts | None = None, sent_now: int = 0
) -> dict[str, Any]:
    """A week as data for programs.

    Args:
        week: As it was prepared.
        state: ``draft``, ``errors``, ``nobody``, ``nothing``, ``already``, or the state of its send.
        sent: Its send, if this run went on with one; else it is the one that has the week, if any.
        account: How many deliveries of the send are in each state.
        sent_now: Letters that this run submitted.
    """
    plan, sent = week.plan, sent or week.send
    issue = plan.issue if plan is not None else week.went_issue
    return {
        "week": week.period,
        "list": week.list,
        "state": state,
        "issue": plan.issue.number if plan is not None else int(week.went) if week.went else None,
        "path": (issue.path or None) if issue is not None else None,
        "subject": sent.subject if sent is not None else issue.subject if issue is not None else None,
        "new_articles": len(week.gathered.added),
        "troubles": [str(trouble) for trouble in week.gathered.troubles],
        "withdrawn": [{"id": number, "reason": reason} for number, reason in week.gathered.withdrawn.items()],
        "taken_out": list(week.dropped),
        "stories": len(issue.stories) if issue is not None else 0,
        "sections": {one.title: len(one.stories) for one in issue.sections} if issue is not None else {},
        "candidates": week.candidates,
        "not_shown": week.unshown,
        "repeats": week.repeats.split(", ") if week.repeats else [],
        "audience": _audience(week, sent),
        "by_rhythm": dict(plan.by_rhythm) if plan is not None else {},
        "by_variant": {one.name: one.audience for one in plan.variants} if plan is not None else {},
        "without_topic": plan.skipped if plan is not None else 0,
        "trial": plan_data(plan) if plan is not None else None,
        "bytes": week.size,
        "preview": [str(path) for path in week.preview],
        "problems": [asdict(problem) for problem in plan.problems] if plan is not None else [],
        "send": sent.public_id if sent is not None else None,
        "sent_now": sent_now,
        **account_data(account),
    }


def _audience(week: WeekPlan, sent: Send | None) -> int:
    if week.plan is not None and week.plan.earlier is None:
        return week.plan.audience
    return sent.audience if sent is not None else 0


def account_data(account: SendCounts | None) -> dict[str, Any]:
    """The deliveries of a send as data for programs: how many are in each state, and why some did not go.

    Args:
        account: Of the send; None counts none.
    """
    counts = ("queued", "submitting", "submitted", "refused", "unknown", "skipped")
    return {
        **{name: getattr(account, name) if account is not None else 0 for name in counts},
        "reasons": dict(account.reasons or {}) if account is not None else {},
    }


def tell_report(workspace: Workspace, issue: str) -> None:
    """Say what became of an issue.

    Args:
        workspace: An open workspace.
        issue: Its key in the ledger.
    """
    from newsletter.report import counts as reports
    from newsletter.report import read

    with workspace.database.read() as connection:
        for line in reports.lines(read.of_issue(connection, issue)):
            say(line)


def tell_latest(outcome: LatestOutcome, *, would: bool = False) -> None:
    """Say what came, or would come, of a letter of the latest posts.

    Args:
        outcome: What came of a run.
        would: Nothing was written; say what would happen.
    """
    found = outcome.latest
    for line in problem_lines(found.problems):
        say(said("left out: {line}", line=line))
    for number, reason in outcome.looked.withdrawn.items():
        say(said("left out: article {number}: the site has taken it back: {reason}", number=number, reason=reason))
    for line in outcome.looked.notes:
        say(said("note: {line}", line=line))
    for line in problem_lines(outcome.pages):
        say(line)
    if found.went:
        say(said("{standing} Nothing sent now.", standing=latest_standing(found)))
    elif found.issue is None:
        say(
            said(
                "Nothing new for the {rhythm} readers of '{name}'. Nothing sent.",
                rhythm=said(found.rhythm),
                name=found.target.name,
            )
        )
    else:
        whom = plural(found.audience, "subscriber")
        stories = plural(len(found.articles), "article")
        skipped = (
            said("; {skipped} get none (their topics, or they had it all)", skipped=f"{found.skipped:,}")
            if found.skipped
            else ""
        )
        verb = said("would go" if would else "went" if outcome.send is not None else "had nobody to go")
        say(
            said(
                "{key} «{subject}», {stories}: {verb} to {whom}{skipped}.",
                key=found.key,
                subject=found.issue.subject,
                stories=stories,
                verb=verb,
                whom=whom,
                skipped=skipped,
            )
        )


def latest_standing(found: LatestPlan) -> str:
    """How the letter stands that has the period, in words.

    Args:
        found: With ``went``.
    """
    send, account = found.send, found.account
    if send is None or account is None or (send.state == "finished" and account.submitted):
        return said("{went} went out already.", went=found.went)
    counts = said("{submitted} of {total} were taken", submitted=f"{account.submitted:,}", total=f"{account.total:,}")
    why = said(": {reason}", reason=send.reason) if send.reason else ""
    more = said(" Go on with: newsletter sends resume {send}", send=send.public_id) if send.state == "paused" else ""
    return said(
        "{went} is {state}{why}; {counts}.{more}",
        went=found.went,
        state=said(send.state),
        why=why,
        counts=counts,
        more=more,
    )


def latest_data(outcome: LatestOutcome, *, would: bool) -> dict[str, Any]:
    """A letter of the latest posts as data for programs.

    Args:
        outcome: What came of a run.
        would: Nothing was written; say what would happen.
    """
    found = outcome.latest
    sent = outcome.send or found.send
    if found.went:
        state = "already"
    elif found.issue is None:
        state = "nothing"
    else:
        state = "would" if would else "sent" if outcome.send is not None else "passed"
    return {
        "key": found.went or (found.key if found.issue is not None else None),
        "state": state,
        "rhythm": found.rhythm,
        "list": found.target.name,
        "articles": list(found.articles),
        "subject": sent.subject if sent is not None else found.issue.subject if found.issue is not None else None,
        "audience": sent.audience if found.went and sent is not None else found.audience,
        "without_letter": found.skipped,
        "by_variant": dict(found.by_variant),
        "problems": [asdict(problem) for problem in found.problems],
        "withdrawn": [{"id": number, "reason": reason} for number, reason in outcome.looked.withdrawn.items()],
        "send": sent.public_id if sent is not None else None,
        "sent_now": outcome.sent_now,
    }


MOST_OF_A_CODE = 5


def problem_line(problem: Problem) -> str:
    """A problem as one line: level, code, place, what, mend; in another language the desk's sentence in their place."""
    at = near(problem.place)
    place = f"{at}: " if at else ""
    mend = f"; {problem.mend}" if problem.mend else ""
    if language() == "en":
        return f"{problem.level} {problem.code}: {place}{problem.words}{mend}"
    from newsletter.desk.week.problems import told_of

    parts = {"code": problem.code, "place": at, "words": told_of(problem)}
    line = said(f"{problem.level} {{code}}: {'{place}: ' if place else ''}{{words}}", **parts)
    return said("{what}; {mend}", what=line, mend=problem.mend) if problem.mend and is_known(problem.mend) else line


def problem_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """Problems as lines; of one code the first few, so that a text full of one habit does not hide the rest."""
    told: dict[str, int] = {}
    levels = {problem.code: problem.level for problem in problems}
    for problem in problems:
        told[problem.code] = told.get(problem.code, 0) + 1
        if problem.level == "error" or told[problem.code] <= MOST_OF_A_CODE:
            yield problem_line(problem)
    for code, count in told.items():
        more = count - MOST_OF_A_CODE
        if more > 0 and levels[code] == "warning":
            yield said(
                "warning {code}: and {these}; --json tells them all",
                code=code,
                these=counted("{n} more of these", "{n} more of these", more),
            )


def article_data(holding: Holding) -> dict[str, Any]:
    """An article of the library as data for programs."""
    from newsletter.sources.clean import paragraphs

    article = holding.article
    told = asdict(article)
    del told["identities"]  # the library keeps the id above instead
    return {
        "id": holding.id,
        **told,
        "published": article.published.isoformat() if article.published else None,
        "paragraphs": paragraphs(article.body),
        "collected": holding.collected.isoformat(),
        "carried_in": list(holding.carried_in),
        "withdrawn": holding.withdrawn or None,
    }
