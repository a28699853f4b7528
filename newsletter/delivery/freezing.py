"""Freezing: the letters of a send, its audience and what it carried, written down in one transaction.

This is the one thing called freezing; the ledger's part of it is ``ledger.write_send``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import ledger, library, media, polls
from newsletter.delivery import jobs
from newsletter.delivery.counting import counted, remember
from newsletter.delivery.setup import DeliverySetup
from newsletter.errors import SendError
from newsletter.ledger import ALL, Mailing, Send
from newsletter.ledger.trying import TRIAL
from newsletter.letters.mime import to_json
from newsletter.models import Issue, Letter
from newsletter.rhythms.audience import audience, rhythms_of
from subscribers import store

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from newsletter.ledger.trying import TrialTerms
    from newsletter.workspace.memory import Memory


def freeze_letter(setup: DeliverySetup, issue: Issue, letter: Letter, *, list_id: int, rhythm: str) -> Send:
    """Freeze a send of one letter that goes to everybody of the audience.

    Args:
        setup: What every delivery needs.
        issue: The issue; its number is the key that can be sent once.
        letter: As it was rendered and checked.
        list_id: Id of the list it goes to.
        rhythm: ``weekly``, or ``all`` for the readers of every rhythm.

    Returns:
        The send, running.

    Raises:
        SendError: This issue went, or is going, to this list; or the list has nobody it could go to.
    """
    now, made = setup.now(), letter.rendered
    who = audience(list_id, rhythm, now)
    mailing = Mailing(to_json(letter), who, hosted=made.hosted, polls=made.polls, links=made.links)
    return freeze(
        setup,
        [mailing],
        key=str(issue.number),
        subject=issue.subject,
        list_id=list_id,
        rhythm=rhythm,
        articles=lambda connection: library.of_issue(connection, issue),
        now=now,
    )


class PeriodTakenError(SendError):
    """Another letter has gone out for this week, day or article."""


class AudienceChangedError(SendError):
    """Somebody chose other topics while the letters were being made; they must be made once more."""


def freeze(
    setup: DeliverySetup,
    mailings: Sequence[Mailing],
    *,
    key: str,
    subject: str,
    list_id: int,
    rhythm: str,
    articles: Callable[[Connection], Collection[int]],
    now: datetime,
    periods: Collection[str] = (),
    newest: int | None = None,
    once: bool = False,
    verify: bool = False,
    guard: Callable[[Connection], None] = lambda _: None,
    send_at: datetime | None = None,
    source: str = "",
    replaces: Send | None = None,
    folder: Path | None = None,
    trial: TrialTerms | None = None,
) -> Send:
    """Write down, in one transaction, which letter goes to whom: nothing is rendered or counted again after this.

    Args:
        setup: What every delivery needs.
        mailings: Letters and who gets them; together they are the whole audience, and each subscriber gets the first
            one whose audience they are in.
        key: Key of the issue in the ledger, such as ``12`` or ``readers/daily/2026-11-24``.
        subject: For people who read the ledger.
        list_id: Id of the list it goes to.
        rhythm: ``instant``, ``daily``, ``weekly`` or ``all``.
        articles: Gives the ids of the articles it carries; called in the transaction.
        now: The moment for which the mailings' audiences were made, timezone-aware.
        periods: Names of what goes out by it: a week, a day, articles.
        newest: Id of an article, as for ``library.remember``.
        once: Refuse when another issue has one of these periods.
        verify: Make sure that the mailings reach everybody of the audience, as it is by now.
        guard: Called in the transaction before anything is written; raises when what the letters were made of changed.
        send_at: When it starts, timezone-aware; None at once.
        source: Digest of what the letters were made of; empty when that is no file.
        replaces: A send of the same issue that nothing has gone of: it is cancelled in the same transaction, and the
            new one is paused if that one was.
        folder: The issue's, which keeps its stamp; None looks for it, and there is none for an automatic letter.
        trial: How subjects are tried, where the mailings have several.

    Returns:
        The send, running, or scheduled when ``send_at`` is given.

    Raises:
        FrozenError: This issue went, or is going, to this list; somebody may have been quicker.
        SendError: The list has nobody it could go to.
        PeriodTakenError: Another issue has one of the periods.
        AudienceChangedError: Somebody of the audience is in none of the mailings.
        ClosedList: Nothing goes out to this list.
        DatabaseRestoredError: The issue went already, as far as is known outside the database.
        WorkspaceError: What is remembered outside the database cannot be read or written.
    """
    with _alone(), setup.database.write() as connection:
        if replaces is not None:
            replaces = _cancelled(connection, replaces)
        target = store.open_or_refuse(store.list_by_id(connection, list_id))  # it may have been closed meanwhile
        guard(connection)
        if setup.memory is not None:
            setup.memory.refuse(connection, key, target.name, rhythm)
            mailings = [*_had(setup.memory, audience(list_id, rhythm, now)), *mailings]
        if setup.counting is not None:
            mailings = counted(connection, mailings, setup.counting, issue=key, list_name=target.name, trial=trial)
        send = ledger.write_send(
            connection,
            mailings,
            key=key,
            list_id=list_id,
            rhythm=rhythm,
            subject=subject,
            batch_size=setup.batch_size,
            now=now,
            send_at=send_at,
            sender=setup.account,
            source=source,
            trial=trial,
            public_id=setup.new_id(),
        )
        if not send.audience:
            raise SendError(
                f"nobody on the list is waiting for issue {key}: it is empty, or all have had it already",
                mend="add subscribers with: newsletter subscribers import FILE",
            )
        if setup.counting is not None:
            remember(connection, mailings, send, list_name=target.name, now=now)
        # With the letters or not at all: nobody opens one whose pictures are not there.
        media.put(connection, (picture for one in mailings for picture in one.hosted), now=setup.now(), frozen=True)
        asked = (poll for one in mailings for poll in one.polls)
        polls.freeze(connection, asked, issue=key, list_name=target.name, now=send_at or now)
        ledger.note_clock(connection, now)
        own = "weekly" if rhythm == ALL else rhythm
        taken = ledger.take(connection, list_id, own, periods, send.issue_id)
        if once and len(taken) < len(set(periods)):
            raise PeriodTakenError("another letter has gone out for the same period")
        if verify and ledger.count_without_delivery(connection, audience(list_id, rhythm, now), key):
            raise AudienceChangedError("readers changed their topics meanwhile", mend="run the same command again")
        carried = articles(connection)
        library.remember(
            connection,
            carried,
            issue_id=send.issue_id,
            list_id=list_id,
            rhythms=rhythms_of(rhythm),
            newest=newest,
        )
        # A trial of which nobody got a letter is over with the send that it was of.
        if replaces is not None and replaces.state == "paused" and replaces.paused_by != TRIAL:
            ledger.move(connection, send, "paused", reason=replaces.reason, by=replaces.paused_by or "editor")
            send = replace(send, state="paused", reason=replaces.reason)
        elif send_at is None:
            # Together with the send or not at all.
            jobs.enqueue(connection, send.id)
        if setup.memory is not None:
            links = library.links(connection, carried) if "/" in key else ()
            setup.memory.stamp(
                connection, send, list_name=target.name, sender=setup.sender.name, folder=folder, articles=links
            )
    if setup.memory is not None:
        setup.memory.frozen(send)
    return send


def _cancelled(connection: Connection, send: Send) -> Send:
    """End a send that nothing has gone of, in favour of another one; how it stood right before that.

    Raises:
        SendError: It goes by now, or has come to its end.
    """
    ended = ledger.cancel(connection, send, reason="frozen anew")
    if ended.before.state not in {"scheduled", "paused"} or not ended.undone:
        raise SendError(
            f"issue {send.issue} has begun to go, so it stays as it was frozen",
            mend=f"newsletter sends cancel {send.public_id}, then for the others: newsletter send {send.issue} --rest",
        )
    return ended.before


@contextmanager
def _alone() -> Iterator[None]:
    """Turn the database's word that another process froze the same issue at this moment into ours.

    Raises:
        FrozenError: It did.
    """
    from sqlalchemy.exc import IntegrityError

    try:
        yield
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        if constraint not in {"uq_send_live", "uq_issue_key", "uq_delivery_issue_id_subscriber_id"}:
            raise
        raise ledger.FrozenError("another process is freezing the same issue") from error


_HAD = "had it before the database was restored"
_MOST_IDS = 5000
"""In one query."""


def _had(memory: Memory, everybody: Select[tuple[int]]) -> list[Mailing]:
    """Those of an audience who have had the issue by a send that the database does not know, as an editor answered."""
    who = sorted({one for members in memory.had.values() for one in members})
    parts = range(0, len(who), _MOST_IDS)
    return [Mailing("", store.among(who[at : at + _MOST_IDS], everybody), f"had/{at}", _HAD) for at in parts]
