"""The week in one go: collect, compose or open the draft, check, tell; and once somebody agrees: send.

Every step leaves something behind that the next run finds: articles in the library, the draft's file, the frozen send.
So the same command goes on from wherever the last one ended, and a week whose issue went out stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import delivery, issues, ledger
from newsletter.ledger import ALL
from newsletter.letters.render import sizes
from newsletter.rhythms.schedule import week_of
from newsletter.workflows import cancelling, deciding, draft, renewing
from newsletter.workflows import plan as plans
from newsletter.workflows import preview as previews
from newsletter.workflows.collect import CollectOutcome, gather
from newsletter.workflows.plan import Plan
from newsletter.workflows.snapshot import Snapshot
from newsletter.workspace.folder import FIRST_LIST
from subscribers import store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger import Send, SendCounts
    from newsletter.models import Issue
    from newsletter.wiring import Workspace
    from newsletter.workflows.recheck import Recheck


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """What a run finds before it: at most one of a plan and an issue that went out already."""

    period: str
    """First day of the week."""
    list: str
    gathered: CollectOutcome = field(default_factory=CollectOutcome)
    plan: Plan | None = None
    """None when there is nothing new, or the week's issue went out."""
    went: str = ""
    """Key of the issue that has this week; how it stands says ``send``."""
    went_issue: Issue | None = None
    """That issue as its file stands; of one whose file is gone only number and subject are known."""
    send: Send | None = None
    """Its send, which may be paused, cancelled or refused as well."""
    account: SendCounts | None = None
    """Of that send."""
    special: bool = False
    """Whether it was sent by itself and not as the week's own: then the week's own may still go."""
    again: bool = False
    """Whether the plan is the week's own beside an issue that was sent by itself."""
    overdue: bool = False
    """Whether the plan only goes on with the issue of an earlier week: then this week's comes next."""
    composed: bool = False
    """Whether this run wrote the draft."""
    candidates: int = 0
    """Articles that wait in the draft and do not go."""
    unshown: int = 0
    """Articles that could wait in it too, and are not shown."""
    repeats: str = ""
    """Articles that are left out, each with what it repeats: ``58 = 57, 61 = issue 3``."""
    preview: tuple[Path, ...] = ()
    size: int = 0
    """Bytes of HTML."""
    dropped: tuple[str, ...] = ()
    """Headlines of stories that were taken out because their site took them back."""


@dataclass(frozen=True, slots=True)
class WeekOutcome:
    """What came of a run."""

    week: WeekPlan
    send: Send | None = None
    account: SendCounts | None = None
    sent_now: int = 0
    """Letters that this run submitted."""
    settled: dict[str, int] = field(default_factory=dict)
    """State to the number of deliveries that reached it in this run."""


def prepare(
    workspace: Workspace,
    targets: Sequence[str] = (),
    *,
    list_name: str = FIRST_LIST,
    rhythm: str = "weekly",
    drop_withdrawn: bool = False,
    again: bool = False,
) -> WeekPlan:
    """Everything up to the question: nothing is sent, and nothing that is on its way is touched.

    A send that stopped in the middle comes first; then this week's issue, if it went; then the current draft; then a
    new one of what no issue has carried.

    Args:
        workspace: The workspace.
        targets: As for ``gather``.
        list_name: The list.
        rhythm: ``weekly``, or ``all`` for everybody.
        drop_withdrawn: Take the stories out of the draft that their sites took back.
        again: Go on also when an issue that was sent by itself has this week.

    Raises:
        NashraError: A draft that cannot be understood, an article whose picture is gone …
        UnknownList: No such list.
        ClosedList: Nothing goes out to it.
    """
    period = week_of(workspace.now(), workspace.zone, workspace.settings.schedule.week_starts)
    cancelling.free_undone(workspace)
    deciding.decide_due(workspace)
    with workspace.database.read() as connection:
        target = store.open_list_named(connection, list_name)
        # Asked before the sites are, since what stopped in the middle goes first.
        running = ledger.running(connection, target.id, ("weekly", ALL), stopped=True)
        unfinished = next((one for one in running if one.issue.isdecimal()), None)
        account = ledger.account(connection, unfinished.id) if unfinished is not None else None
        own = ledger.holder(connection, target.id, "weekly", own_period(period))
        went = own or ledger.holder(connection, target.id, "weekly", period)
        standing = _standing(connection, went, target.id) if went is not None else None
        counts = ledger.account(connection, standing.id) if standing is not None else None
    if unfinished is not None:
        plan = Plan(_issue_of(workspace, unfinished), target, unfinished.rhythm, unfinished, account)
        return WeekPlan(period, list_name, plan=plan, overdue=unfinished.issue != own)
    if went is not None and not (again and own is None):
        issue = _issue_of(workspace, standing) if standing is not None else None
        special = own is None
        return WeekPlan(period, list_name, went=went, went_issue=issue, send=standing, account=counts, special=special)
    gathered = gather(workspace, targets)
    # Taken when the sites have answered, which can take minutes.
    snapshot = gathered.snapshot or Snapshot.take(workspace)
    issue, composed, snapshot = _draft(workspace, list_name, snapshot)
    dropped: tuple[str, ...] = ()
    if issue is not None and drop_withdrawn:
        issue, dropped = renewing.without_withdrawn(workspace, issue)
        snapshot = snapshot.with_file(Path(issue.path))
    if issue is None:
        return WeekPlan(period, list_name, gathered)
    plan = plans.make(workspace, issue, list_name=list_name, rhythm=rhythm, snapshot=snapshot)
    preview: tuple[Path, ...] = ()
    if plan.letter is not None:
        preview = previews.write(issue, plan.letter)
    size = sizes(plan.letter.rendered.html)[0] if plan.letter is not None else 0
    left = draft.waiting(issue, snapshot=snapshot)
    return WeekPlan(
        period,
        list_name,
        gathered,
        plan,
        composed=composed,
        candidates=left.waiting,
        unshown=left.unshown,
        repeats=left.repeats,
        preview=preview,
        size=size,
        dropped=dropped,
        again=went is not None,
    )


def own_period(week: str) -> str:
    """The name under which the week's own issue is sent once, whatever else is sent in that week.

    Args:
        week: Its first day.
    """
    return f"weekly {week}"


def _standing(connection: Connection, key: str, list_id: int) -> Send | None:
    """The send by which an issue goes, or went, to the weekly readers of a list: one that was not cancelled, if any."""
    here = [one for one in ledger.sends_of(connection, key) if one.list_id == list_id and one.rhythm in {"weekly", ALL}]
    return max(here, key=lambda one: (one.state != "cancelled", one.id), default=None)


def look_again(workspace: Workspace, week: WeekPlan, *, drop_withdrawn: bool = False) -> tuple[WeekPlan, Recheck]:
    """Ask the sites of the week's stories once more before the letter is frozen.

    Args:
        workspace: The workspace.
        week: With a plan that nothing has gone of.
        drop_withdrawn: Take the stories out of the draft that their sites took back.

    Returns:
        The week, with its plan made anew when the look changed its draft; and what the look brought.

    Raises:
        NashraError: The draft gives no letter any more.
    """
    assert week.plan is not None
    plan, looked, dropped = plans.look_again(workspace, week.plan, drop_withdrawn=drop_withdrawn)
    week = replace(week, plan=plan, dropped=(*week.dropped, *dropped))
    if plan.letter is None:
        return week, looked
    size = sizes(plan.letter.rendered.html)[0]
    return replace(week, preview=previews.write(plan.issue, plan.letter), size=size), looked


def freeze_week(workspace: Workspace, week: WeekPlan, *, by: str = "program") -> Send | None:
    """Write down what goes to whom, once for this week; None when another run was quicker.

    Args:
        workspace: The workspace.
        week: With a plan that may go.
        by: Who lets it go, for the log of acts.

    Raises:
        NotApprovedError: The settings ask for an approval, and nobody has approved the letter as it is.
        SendError: Nobody is waiting for it, or it is on its way.
    """
    assert week.plan is not None
    try:
        own = own_period(week.period)
        return plans.freeze_plan(workspace, week.plan, periods=[own] if week.again else [week.period, own], by=by)
    except delivery.PeriodTakenError:
        return None


def run(
    workspace: Workspace,
    targets: Sequence[str] = (),
    *,
    list_name: str = FIRST_LIST,
    rhythm: str = "weekly",
    agree: Callable[[WeekPlan], bool] = lambda _: True,
    again: bool = False,
) -> WeekOutcome:
    """The whole week without a person: nothing goes that the check finds errors in.

    Args:
        workspace: The workspace.
        targets: As for ``gather``.
        list_name: The list.
        rhythm: ``weekly``, or ``all`` for everybody.
        agree: Asked before a letter is frozen.
        again: As for ``prepare``.

    Raises:
        SendError: It stopped in the middle; the same call goes on.
    """
    week = prepare(workspace, targets, list_name=list_name, rhythm=rhythm, again=again)
    if week.plan is None:
        return WeekOutcome(week)
    send = week.plan.earlier
    if send is None:
        week, _ = look_again(workspace, week)
        assert week.plan is not None
        if not week.plan.ready or not agree(week):
            return WeekOutcome(week)
        send = freeze_week(workspace, week)
        if send is None:
            return WeekOutcome(prepare(workspace, list_name=list_name, rhythm=rhythm, again=again))
    counts = delivery.StateCounts()
    account = delivery.run(workspace.setup_of(send), send, counts, at_once=False)
    if week.overdue:
        return run(workspace, targets, list_name=list_name, rhythm=rhythm, agree=agree, again=again)
    return WeekOutcome(week, send, account, counts.submitted, counts.states)


def _issue_of(workspace: Workspace, send: Send) -> Issue:
    """The issue of a send; its file may be gone by now, and nothing of it is needed any more but its name."""
    from newsletter.errors import IssueError
    from newsletter.models import Issue

    try:
        return issues.find(workspace.root, send.issue)
    except IssueError:
        return Issue(int(send.issue), send.subject)


def _draft(workspace: Workspace, list_name: str, snapshot: Snapshot) -> tuple[Issue | None, bool, Snapshot]:
    """The issue that is to go, whether it was written just now, and the workspace as it stands then.

    There is no issue when there is nothing to say.
    """
    rules = draft.rules_of(workspace)
    issue = draft.current(workspace, list_name, snapshot=snapshot)
    if issue is None:
        if not draft.choosable(workspace, list_name, rules, snapshot=snapshot):
            return None, False, snapshot
        issue = draft.write(workspace, list_name=list_name, rules=rules, snapshot=snapshot)
        return issue, True, snapshot.with_file(Path(issue.path))
    if issue.stories:
        return issue, False, snapshot
    if draft.waiting(issue, snapshot=snapshot).waiting:
        # Nobody has chosen anything: the draft that grew during the week goes as it grew.
        taken = draft.take(workspace, issue, rules=rules, snapshot=snapshot)
        return taken.issue, False, snapshot.with_text(Path(issue.path), taken.text)
    has_words = issue.opening or any(section.blocks for section in issue.sections)
    return (issue if has_words else None), False, snapshot
