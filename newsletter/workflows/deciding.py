"""Subject trials whose hour has come, decided by whatever looks first, and what editors are told of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter import delivery, ledger
from newsletter.delivery import counting, deciding
from newsletter.ledger import restored, trials, trying
from newsletter.workspace.remembered import DatabaseRestoredError
from subscribers.errors import Complaint

if TYPE_CHECKING:
    from newsletter.ledger import Send, SendCounts
    from newsletter.ledger.trials import TrialResult
    from newsletter.wiring import Workspace


def decide_due(workspace: Workspace, tell: Callable[[str], None] = lambda _: None) -> list[TrialResult]:
    """Decide every trial whose hour has come; those that an editor decides begin to wait for that.

    A database that is behind decides nothing: it does not know what has gone.

    Args:
        workspace: An open workspace.
        tell: Told one line for each that is decided.

    Returns:
        What was decided by this call; the sends run.
    """
    now = workspace.now()
    with workspace.database.read() as connection:
        if not trying.due(connection, now) or workspace.memory.behind(connection) is not None:
            return []
    with workspace.database.write() as connection:
        decided = deciding.decide_due(connection, now)
    for one in decided:
        tell(f"issue {one.issue}: {words_of(one, one.proposed)}")
    return decided


@dataclass(frozen=True, slots=True)
class RestOutcome:
    """What came of a send whose trial is decided."""

    send: Send
    account: SendCounts
    sent_now: int
    """Letters that went now."""
    trouble: Complaint | None = None
    """Why it stopped in the middle; it is tried again with the next call."""


def deliver_decided(workspace: Workspace, tell: Callable[[str], None]) -> list[RestOutcome]:
    """Go on with sends whose trial is decided: where cron keeps the schedule, nobody else goes on with them.

    Those too that a warm-up or their provider has paused: a run of them looks whether they can go on.

    Trouble with one keeps no other from going.

    Args:
        workspace: An open workspace.
        tell: Told one line for each.
    """
    decide_due(workspace, tell)
    done = _kept_back(workspace, tell)
    with workspace.database.read() as connection:
        unfinished = restored.unfinished(connection)
        goes_on = [one for one in unfinished if one.state == "running" or delivery.is_braked(one)]
        found = [one for one in goes_on if trials.was_decided(connection, one.id)]
    for one in found:
        counts, trouble = delivery.StateCounts(), None
        try:
            delivery.run(workspace.setup_of(one), one, counts, at_once=False)
        except Complaint as complaint:
            trouble = complaint
        with workspace.database.read() as connection:
            account = ledger.account(connection, one.id)
            send = ledger.send(connection, one.id) or one
        rests = f"; {send.reason}" if send.state == "paused" and account.open else ""
        why = f"; error: {trouble}" if trouble is not None else rests
        tell(f"issue {one.issue}: {counts.submitted:,} letters now, {account.open:,} still open{why}")
        done.append(RestOutcome(send, account, counts.submitted, trouble))
    return done


def _kept_back(workspace: Workspace, tell: Callable[[str], None]) -> list[RestOutcome]:
    """Sends whose trial is not decided though its hour has come, since the database is behind."""
    with workspace.database.read() as connection:
        due = trying.due(connection, workspace.now())
        if not due:
            return []
        try:
            workspace.memory.refuse_behind(connection)
        except DatabaseRestoredError as error:
            found = [one for send_id in due if (one := ledger.send(connection, send_id)) is not None]
            tell(f"error: {error}")
            return [RestOutcome(one, ledger.account(connection, one.id), 0, error) for one in found]
    return []


def decide(workspace: Workspace, send: Send, chosen: int) -> TrialResult | None:
    """Decide a trial by an editor's word, also before its hour.

    Args:
        workspace: An open workspace.
        send: Of which it is.
        chosen: Number of the subject.

    Returns:
        The trial as it was counted then; None when somebody was quicker, or the send has come to its end.
    """
    with workspace.database.write() as connection:
        result = trials.of_send(connection, send.id)
        if result is None or not trials.decide(connection, result, chosen, by="editor", now=workspace.now()):
            return None
        counting.let_out(connection, send.id)
    return result


def words_of(result: TrialResult, chosen: int) -> str:
    """What was decided, in English.

    Args:
        result: As it was counted at the decision.
        chosen: Number of the subject.
    """
    why = "no difference can be told, and it is the first" if result.verdict == "no difference" else "it is better"
    if chosen != result.proposed:
        why = "an editor chose it"
    return f"«{result.words_of(chosen)}» goes to the other {result.rest:,} readers: {why}"
