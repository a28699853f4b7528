"""What a send would do before it does anything: which issue, to whom, which letter; or what it would go on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import (
    clicks,
    delivery,
    issues,
    ledger,
    library,
)
from newsletter.check import has_errors
from newsletter.delivery.counting import LEAST
from newsletter.errors import HeldSendError, IssueError, SendError
from newsletter.ledger import activity, trials
from newsletter.ledger.trying import TrialTerms
from newsletter.models import Issue, Letter, Problem
from newsletter.rhythms import topics
from newsletter.rhythms.schedule import week_of
from newsletter.workflows import approving, recheck, renewing, variants
from newsletter.workflows import letter as letters
from newsletter.workflows.check import inspect
from newsletter.workflows.snapshot import Snapshot
from newsletter.workflows.source import source_of
from newsletter.workflows.variants import Variant
from newsletter.workspace.values import seconds
from subscribers import store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger import Send, SendCounts
    from newsletter.ledger.activity import Act
    from newsletter.wiring import Workspace
    from newsletter.workflows.recheck import Recheck
    from subscribers.models import List


@dataclass(frozen=True, slots=True)
class Plan:
    """A send as it would be. ``earlier`` is set when there is one already; then nothing is rendered again."""

    issue: Issue
    target: List
    rhythm: str
    earlier: Send | None = None
    account: SendCounts | None = None
    """Of the earlier send."""
    letter: Letter | None = None
    problems: Sequence[Problem] = ()
    audience: int = 0
    """Who would get a letter of it."""
    skipped: int = 0
    """Who would get none, since they chose none of its sections."""
    variants: Sequence[Variant] = ()
    """Every letter that somebody gets: those of who begins late, then the whole one, then what is cut."""
    rest: bool = False
    """Whether it is for those who have had none of a send that was cancelled."""
    source: str = ""
    """Digest of what the letter was made of."""
    by_rhythm: Mapping[str, int] = field(default_factory=dict)
    """How many subscribers of each rhythm it reaches."""
    trial: TrialTerms | None = None
    """How its subjects are tried; None when it has one."""
    fingerprint: str = ""
    """Of its letter, where the settings ask for an approval."""

    @property
    def tried(self) -> int:
        """Readers who get each of the subjects first; 0 when none is tried, or too few readers are there."""
        return self.trial.readers(self.audience) if self.trial is not None else 0

    @property
    def ready(self) -> bool:
        """Whether there is a letter and nothing keeps it from going."""
        return self.letter is not None and not has_errors(self.problems)


class AudienceGrownError(SendError):
    """More readers would get a letter than somebody agreed to."""


_TRIES = 5
"""Times the letters are made anew when readers change their topics meanwhile."""


def fingerprint(workspace: Workspace, plan: Plan) -> str:
    """The fingerprint of a plan's letter, also where no approval is asked for; empty when there is no letter.

    Args:
        workspace: The workspace.
        plan: Of a send that is not there yet.
    """
    if plan.letter is None or plan.fingerprint:
        return plan.fingerprint
    return approving.fingerprint(workspace, plan.issue, rhythm=plan.rhythm)


def choose(workspace: Workspace, name: str, *, list_name: str, rhythm: str, snapshot: Snapshot | None = None) -> Issue:
    """The issue an editor names, or the newest one that has not gone to its list yet, or else the newest.

    Args:
        workspace: The workspace.
        name: Its number, the name of its folder or a path; or empty.
        list_name: Only issues that are for this list, when none is named; or empty.
        rhythm: ``weekly``, or ``all`` for everybody.
        snapshot: Of the workspace; None takes one now.

    Raises:
        IssueError: There is none, or one cannot be understood.
        UnknownList: No such list.
        HeldSendError: The only ones that have not gone are older than the last one that went.
    """
    if name:
        return issues.find(workspace.root, name)
    snapshot = snapshot or Snapshot.take(workspace)
    # Nobody's issue goes to another list unless it is named.
    found = [issue for issue in snapshot.issues if not list_name or issue.list == list_name]
    if not found and list_name and snapshot.issues:
        snapshot.list_named(list_name)
        raise IssueError(
            f"there is no issue for '{list_name}' yet",
            where=str(workspace.root),
            mend=f"make one with: newsletter compose --list {list_name}; or name the issue to send",
        )
    if not found:
        raise IssueError("there is no issue yet", where=str(workspace.root), mend="make one with: newsletter compose")
    waiting, passed = _waiting(snapshot, found, list_name=list_name, rhythm=rhythm)
    if waiting:
        return waiting[-1]
    if passed:
        last = passed[-1].number
        raise HeldSendError(
            f"issue {last} has not gone, but is older than the last one that went to its list: it is not taken unasked",
            mend=f"name it to send it: newsletter send {last}; or make a new one with: newsletter compose",
        )
    return found[-1]


def _waiting(
    snapshot: Snapshot, found: Sequence[Issue], *, list_name: str, rhythm: str
) -> tuple[list[Issue], list[Issue]]:
    """The issues that have not gone to their list in this rhythm: those to take, and those a later one overtook."""
    lists = {one.id: one.name for one in snapshot.lists}
    gone = {
        (send.issue, lists.get(send.list_id))
        for send in snapshot.sends
        if send.rhythm == rhythm and send.state in {"finished", "cancelled"}
    }
    last: dict[str | None, int] = {}
    for send in snapshot.sends:
        if send.issue.isdecimal():
            to = lists.get(send.list_id)
            last[to] = max(last.get(to, 0), int(send.issue))
    waiting = [issue for issue in found if (str(issue.number), list_name or issue.list) not in gone]
    newer = [issue for issue in waiting if issue.number >= last.get(list_name or issue.list, 0)]
    return newer, [issue for issue in waiting if issue not in newer]


def make(
    workspace: Workspace,
    issue: Issue,
    *,
    list_name: str,
    rhythm: str,
    rest: bool = False,
    snapshot: Snapshot | None = None,
) -> Plan:
    """Look at everything a send of this issue needs, without writing anything.

    Args:
        workspace: The workspace.
        issue: The issue.
        list_name: Another list than the one the issue names, or empty.
        rhythm: ``weekly``, or ``all`` for everybody.
        rest: Plan it for those who have had none of a send that was cancelled.
        snapshot: Of the workspace; None takes one now.

    Raises:
        SendError: There is no rest, since no send of it was cancelled.
        UnknownList: No such list.
        ClosedList: Nothing goes out to it, and this issue did not go before.
        IssueError, RenderError: The issue gives no letter.
    """
    snapshot = snapshot or Snapshot.take(workspace)
    target = snapshot.list_named(list_name or issue.list)
    here = (str(issue.number), target.id, rhythm)
    sends = [send for send in snapshot.sends if (send.issue, send.list_id, send.rhythm) == here]
    if rest and not sends:
        raise SendError(
            f"no send of issue {issue.number} to '{target.name}' was cancelled, so there is no rest of it",
            mend=f"send it with: newsletter send {issue.number}",
        )
    earlier = max(sends, key=lambda send: (send.state != "cancelled", send.id), default=None)
    if earlier is not None and not (rest and earlier.state == "cancelled"):
        with workspace.database.read() as connection:
            return Plan(issue, target, rhythm, earlier, ledger.account(connection, earlier.id))
    source = source_of(Path(issue.path), snapshot.raw(Path(issue.path))) if issue.path else ""
    store.open_or_refuse(target)
    # What a letter says of its list, and where its own page stands, are those of the list it goes to.
    issue = replace(issue, list=target.name)
    inspected = inspect(workspace, issue, list_name=list_name, before_send=True, snapshot=snapshot)
    if inspected.failure is not None:
        raise inspected.failure
    issue = replace(issue, list=target.name)  # its letters for other topics are those of this list too
    letter, trial = inspected.letter, _terms(workspace, issue, inspected.letter)
    if rest and issue.subjects and letter is not None and (chosen := _chosen(workspace, sends)) is not None:
        # Once is enough: what the others have would be counted along.
        # Where the file has it no more, an editor has written others since.
        words = chosen if chosen in issue.subjects else issue.subjects[0]
        issue, trial = replace(issue, subject=words, subjects=()), None
        letter = letters.of_issue(workspace, issue)
    plan = Plan(
        issue, target, rhythm, letter=letter, problems=inspected.problems, rest=rest, source=source, trial=trial
    )
    if workspace.settings.desk.approval and letter is not None:
        # Of the same moment as the letter: what stands on the disk may be another one when it is frozen.
        plan = replace(plan, fingerprint=approving.fingerprint(workspace, issue, rhythm=rhythm))
    return _with_variants(workspace, plan, went=any(send.issue == str(issue.number) for send in snapshot.sends))


def _terms(workspace: Workspace, issue: Issue, letter: Letter | None) -> TrialTerms | None:
    """How the subjects of an issue are tried, as the settings say; None when it has one.

    Clicks are compared only where the letter has links that are counted.
    """
    if not issue.subjects:
        return None
    how = workspace.settings.ab_test
    wait = timedelta(seconds=seconds(how.wait))
    counts = clicks.counting(workspace.settings) and (letter is None or bool(letter.rendered.links))
    # Each subject has links of its own: fewer readers of one would be known by what is clicked.
    least = max(how.least, LEAST) if counts else how.least
    return TrialTerms(issue.subjects, how.share, least, wait, how.decide == "ask", "clicks" if counts else "losses")


def _chosen(workspace: Workspace, sends: Sequence[Send]) -> str | None:
    """The subject that a trial of these sends chose, or its first; None when none of them had a trial."""
    with workspace.database.read() as connection:
        found = [trials.of_send(connection, one.id) for one in sends]
    known = [one for one in found if one is not None]
    decided = [one for one in known if one.chosen] or known
    return decided[-1].words_of(decided[-1].chosen or 1) if decided else None


def look_again(
    workspace: Workspace, plan: Plan, *, drop_withdrawn: bool = False
) -> tuple[Plan, Recheck, tuple[str, ...]]:
    """Ask the sites of a plan's stories once more before it is frozen: what they took back must not go.

    Args:
        workspace: The workspace.
        plan: Of a send that is not there yet.
        drop_withdrawn: Take the stories out of the draft that their sites took back.

    Returns:
        The plan, made anew when the look changed its draft; what the look brought; and the headlines of stories that
        were taken out.

    Raises:
        IssueError, RenderError: The issue gives no letter any more.
    """
    looked = recheck.of_issue(workspace, plan.issue)
    if not (looked.withdrawn or looked.returned or looked.drafts):
        return plan, looked, ()
    issue = issues.read(Path(plan.issue.path))
    issue, dropped = renewing.without_withdrawn(workspace, issue) if drop_withdrawn else (issue, ())
    again = make(workspace, issue, list_name=plan.target.name, rhythm=plan.rhythm, rest=plan.rest)
    return again, looked, dropped


def freeze_plan(
    workspace: Workspace,
    plan: Plan,
    *,
    periods: Sequence[str] | None = None,
    send_at: datetime | None = None,
    replaces: Send | None = None,
    by: str = "program",
    most: int | None = None,
) -> Send:
    """Write down what goes to whom: every letter of the plan with those who get it, in one transaction.

    Args:
        workspace: The workspace.
        plan: Of a send that is not there yet.
        periods: Names of what it takes, and refuses when another issue has one of them; None takes the week, if that is
            free.
        send_at: When it starts; None at once.
        replaces: A send that nothing has gone of: it is cancelled in the same transaction, and the new one waits as it
            did.
        by: Who lets it go, for the log of acts.
        most: As many readers as somebody agreed to; None whoever is there by now.

    Raises:
        NotApprovedError: The settings ask for an approval, and nobody has approved the letter as it is.
        AudienceGrownError: More readers would get it than somebody agreed to.
        SendError: As ``delivery.freeze``.
    """
    act: Act = "send" if send_at is None else "schedule"
    for tries in range(_TRIES):
        # An editor may have thought it over for long: readers come, go and choose meanwhile.
        with workspace.database.read() as connection:
            sends = ledger.sends_of(connection, str(plan.issue.number))
            went = any(replaces is None or send.id != replaces.id for send in sends)
        plan = _with_variants(workspace, plan, went=went)
        if not plan.ready:
            raise SendError(f"issue {plan.issue.number} cannot go like this", mend="see: newsletter check")
        if most is not None and plan.audience > most:
            raise AudienceGrownError(
                f"issue {plan.issue.number} would go to {plan.audience:,} subscribers by now, not to {most:,}",
                mend="look at the number again, and send it then",
            )
        now = workspace.now()

        def guard(connection: Connection, plan: Plan = plan, now: datetime = now) -> None:
            approving.refuse(workspace, connection, str(plan.issue.number), plan.fingerprint)
            if most is not None:
                there = variants.by_rhythm(connection, plan.target.id, plan.rhythm, now)
                if sum(there.values()) > sum(plan.by_rhythm.values()):
                    raise delivery.AudienceChangedError("readers came meanwhile", mend="look at the number again")
            activity.note(connection, act, by=by, about=str(plan.issue.number), now=now)

        week = week_of(now, workspace.zone, workspace.settings.schedule.week_starts)
        bits = topics.present(plan.issue, variants.topics_of(workspace, plan.target.name))
        try:
            return delivery.freeze(
                workspace.delivery_setup,
                variants.mailings(plan.variants, plan.target.id, plan.rhythm, now, bits=bits),
                key=str(plan.issue.number),
                subject=plan.issue.subject,
                list_id=plan.target.id,
                rhythm=plan.rhythm,
                articles=lambda connection: library.of_issue(connection, plan.issue),  # noqa: B023  called at once
                now=now,
                periods=[week] if periods is None else periods,
                once=periods is not None,
                verify=bool(bits),
                guard=guard,
                send_at=send_at,
                source=plan.source,
                replaces=replaces,
                folder=Path(plan.issue.path).parent if plan.issue.path else None,
                trial=plan.trial,
            )
        except delivery.AudienceChangedError:
            if tries == _TRIES - 1:
                raise
    raise AssertionError  # pragma: no cover  the last try returns or raises


def _with_variants(workspace: Workspace, plan: Plan, *, went: bool) -> Plan:
    """The plan with its letters for everybody, as they choose now.

    Args:
        workspace: The workspace.
        plan: Without an earlier send.
        went: Whether this issue went to anybody, in another rhythm or to another list.
    """
    if plan.letter is None:
        return plan
    now, target = workspace.now(), plan.target
    made, problems = variants.make(
        workspace, plan.issue, plan.letter, target, rhythm=plan.rhythm, now=now, ready=plan.variants
    )
    key = str(plan.issue.number)
    bits = topics.present(plan.issue, variants.topics_of(workspace, target.name))
    with workspace.database.read() as connection:
        if went:
            # Who has it already is not counted; asked one by one only then, since it costs a look at every delivery.
            made = tuple(
                replace(
                    one,
                    audience=sum(
                        ledger.count_without_delivery(connection, query, key)
                        for _, query in variants.audiences(one, target.id, plan.rhythm, now, bits=bits)
                    ),
                )
                for one in made
            )
        by_rhythm = variants.by_rhythm(connection, target.id, plan.rhythm, now)
    ready = plan.variants
    plan = replace(
        plan,
        problems=tuple(dict.fromkeys((*plan.problems, *problems))),
        variants=made,
        audience=sum(one.audience for one in made if one.letter is not None),
        skipped=sum(one.audience for one in made if one.letter is None),
        by_rhythm=by_rhythm,
    )
    if plan.trial is None or not plan.tried:
        return plan
    return replace(plan, variants=variants.with_subjects(workspace, made, plan.trial.subjects, now=now, ready=ready))
