"""Keeping lists clean: whose letters do not come any more, asked once whether they still want them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.ledger.hygiene import DAYS, LETTERS, ReturningReader, returning_readers
from subscribers import store
from subscribers.actions.hygiene import ANSWER_DAYS

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

AT_ONCE = 200
"""Readers in one transaction."""


@dataclass(frozen=True, slots=True)
class ListHygiene:
    """How clean a list is, in numbers."""

    list: str
    returning: int
    """Readers whose letters came back for months, none for good."""
    to_ask: int
    """Of those, who can be asked: subscribed, not paused, and never asked before."""
    pending: int
    """Sign-ups that nobody has confirmed so far."""
    pending_overdue: int
    """Of those, older than ``[web] pending_days``: they go when small letters are next looked after."""
    pending_since: datetime | None
    """When the oldest of them came; None without any."""
    asked: int
    """Readers who were asked so far."""
    kept: int
    let_go: int
    waiting: int
    """Who are to be asked when the caps allow it."""


def look(
    workspace: Workspace, *, list_name: str = "", letters: int = LETTERS, days: int = DAYS
) -> tuple[list[ListHygiene], list[ReturningReader]]:
    """How clean the lists are, and who can be asked.

    Args:
        workspace: An open workspace.
        list_name: Only this list; empty for all.
        letters: That came back, at least.
        days: Between the first of them and the last, at least.

    Raises:
        UnknownList: There is no such list.
        DatabaseError: It cannot be read.
    """
    now = workspace.now()
    overdue = now - timedelta(days=workspace.settings.web.pending_days)
    with workspace.database.read() as connection:
        wanted = store.list_named(connection, list_name).id if list_name else None
        lists = {one.list.id: one.list.name for one in store.lists(connection)}
        lists = {key: name for key, name in lists.items() if wanted in (None, key)}
        found = returning_readers(connection, now=now, letters=letters, days=days)
        found = [one for one in found if one.list_id in lists]
        able = store.can_be_asked(connection, [(one.subscriber_id, one.list_id) for one in found], now=now)
        pending = {one.list: one for one in store.pending_counts(connection)}
        late = {one.list: one.number for one in store.pending_counts(connection, before=overdue)}
        counts = {one.list: one for one in store.hygiene_counts(connection)}
    ask = [one for one in found if (one.subscriber_id, one.list_id) in able]
    returning, to_ask = Counter(one.list_id for one in found), Counter(one.list_id for one in ask)
    shown = []
    for key, name in lists.items():
        waits, asked = pending.get(name), counts.get(name)
        shown.append(
            ListHygiene(
                list=name,
                returning=returning[key],
                to_ask=to_ask[key],
                pending=waits.number if waits else 0,
                pending_overdue=late.get(name, 0),
                pending_since=waits.oldest if waits else None,
                asked=asked.asked if asked else 0,
                kept=asked.kept if asked else 0,
                let_go=asked.let_go if asked else 0,
                waiting=asked.waiting if asked else 0,
            )
        )
    return shown, ask


def ask(
    workspace: Workspace,
    readers: Sequence[ReturningReader],
    *,
    answer_days: int = ANSWER_DAYS,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> int:
    """Write down that readers are to be asked, some in a transaction; whoever is stopped in the middle goes on.

    Args:
        workspace: An open workspace.
        readers: As ``look`` found them.
        answer_days: How long they have to answer.
        tell: How many are done, of how many.

    Returns:
        How many were not written down before.

    Raises:
        DatabaseError: It cannot be written.
    """
    number = 0
    for start in range(0, len(readers), AT_ONCE):
        part = [(one.subscriber_id, one.list_id) for one in readers[start : start + AT_ONCE]]
        now = workspace.now()
        with workspace.database.write() as connection:
            # Somebody may have left, or been asked by another process, since they were found.
            able = store.can_be_asked(connection, part, now=now)
            number += store.plan_to_ask(connection, sorted(able), days=answer_days, now=now)
        tell(min(start + AT_ONCE, len(readers)), len(readers))
    return number
