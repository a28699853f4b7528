"""What is done on the readers' side by itself: who waits is asked, what is over is forgotten.

Wishes that waited take turns by where they came from: the block that fewest letters were asked for from lately is
next, so one honest reader does not stand behind a hundred thousand wishes of one network.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from subscribers import store
from subscribers.actions.asking import count_letter
from subscribers.actions.hygiene import Reached, ask_whether_wanted, let_go, nobody_reached
from subscribers.actions.subscribing import subscribe
from subscribers.addresses import normalise
from subscribers.consent import Act
from subscribers.errors import AddressError
from subscribers.models import KeptWish
from subscribers.store import limits
from subscribers.store.limits import Caps, Road, Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection

PENDING_LASTS = timedelta(days=7)
"""How long a sign-up waits for its answer, unless the settings say otherwise."""

_LOOKS = 5
"""Wishes of one block that are looked at in its turn, when the caps stop the first of them."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What it takes to ask those who wait and to forget what is over."""

    keys: Mapping[int, bytes]
    """Secret keys of suppressed addresses and of the counters."""
    caps: Caps = field(default_factory=Caps)
    pending: timedelta = PENDING_LASTS
    """How long a sign-up waits for its answer."""
    reached: Reached = nobody_reached
    """Whom a letter has reached since they were asked whether they still want any."""

    def ask(self, connection: Connection, *, now: datetime, limit: int = 50) -> int:
        """Ask some of those who wait, see `ask_kept` and `ask_whether_wanted`."""
        asked = ask_kept(connection, now=now, keys=self.keys, caps=self.caps, limit=limit)
        if store.still_wanted_waits(connection):
            asked += ask_whether_wanted(connection, now=now, keys=self.keys, caps=self.caps, limit=limit)
        return asked

    def forget(self, connection: Connection, *, now: datetime) -> int:
        """Delete some of what is over; call it until it gives 0.

        Args:
            connection: In a writing transaction, which stays short.
            now: The present moment, timezone-aware.

        Returns:
            How many rows and subscriptions.
        """
        if gone := let_go(connection, now=now, reached=self.reached):
            return gone  # until nobody is left: the letters that asked the others are among what is deleted below
        pending = store.forget_pending(connection, now=now, lasts=self.pending)
        ended = store.forget_ended(connection, now=now) + store.forget_old_bounces(connection, now=now)
        return pending + ended + limits.forget(connection, now=now)


def ask_kept(connection: Connection, *, now: datetime, keys: Mapping[int, bytes], caps: Caps, limit: int = 50) -> int:
    """Ask those who wait, as far as the caps allow: those of the form in turns of their blocks, then those of files.

    Who has confirmed, left or is suppressed by now is asked nothing; their wish goes.

    Args:
        connection: In a writing transaction.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.
        caps: How many confirmation letters may be asked for.
        limit: How many wishes to look at, at most, so that the transaction is short.

    Returns:
        How many letters were written down.
    """
    limits.lock(connection)
    work = _Round(connection, now, keys, caps, limit)
    work.of_forms()
    work.of_files()
    return work.asked


@dataclass(slots=True)
class _Round:
    """One round of asking."""

    connection: Connection
    now: datetime
    keys: Mapping[int, bytes]
    caps: Caps
    left: int
    """How many wishes may still be looked at."""
    asked: int = 0
    domains: set[str] = field(default_factory=set)
    """Domains that had enough for now."""
    full: bool = False

    def of_forms(self) -> None:
        waiting = store.waiting_blocks(self.connection)
        counted = [limits.widest(block) for block, _, _ in waiting]
        numbers = limits.asked_lately(self.connection, counted, self.keys, now=self.now) if waiting else []
        # Where as many were asked, the block that fewest wait from is next: no flood comes from there.
        turns = [(asked, *each[1:], each[0]) for asked, each in zip(numbers, waiting, strict=True)]
        heapq.heapify(turns)
        while turns and self.left > 0 and not self.full:
            number, rest, _, block = heapq.heappop(turns)
            more, asked = self._of_block(block)
            if more is not None:
                heapq.heappush(turns, (number + asked, rest - 1, more, block))

    def _of_block(self, block: str) -> tuple[datetime | None, int]:
        """Ask one of a block; when its next came, or None when nobody of it can be asked now."""
        closed: set[str] = set()
        for _ in range(_LOOKS):
            wishes = store.next_wish(self.connection, block, domains=self.domains, networks=closed)
            if not wishes or self.left <= 0:
                return None, 0
            beyond, asked = self._ask(wishes)
            if not beyond:
                return wishes[0].created, asked
            if "total" in beyond:
                self.full = True
                return None, 0
            if "domain" in beyond:
                self.domains.add(wishes[0].address_key.rpartition("@")[2])
            elif "network" in beyond:
                closed.add(wishes[0].network)
            else:
                return None, 0
        return None, 0

    def of_files(self) -> None:
        while self.left > 0:
            wishes = store.next_wish(self.connection, None)
            if not wishes or self._ask(wishes)[0]:
                return

    def _ask(self, wishes: tuple[KeptWish, ...]) -> tuple[frozenset[Scope], int]:
        """Ask about what one person wished for in one act: the caps that forbid it, and how many letters it made."""
        self.left -= 1
        first = wishes[0]
        road: Road = "file" if first.road == "file" else "form"
        counted = limits.counter_keys(first.address_key, self.keys, road=road, network=first.network)
        beyond = limits.exceeded(self.connection, counted, self.caps, now=self.now)
        if beyond and "mailbox" not in beyond:
            return beyond, 0
        came = "lately" if beyond else self._subscribe(wishes)
        count_letter(self.connection, counted, came, now=self.now)
        number = int(came in ("asked", "reminded"))
        self.asked += number
        store.drop_wish(self.connection, first.address_key, [one.list_id for one in wishes])
        return frozenset(), number

    def _subscribe(self, wishes: tuple[KeptWish, ...]) -> str:
        first = wishes[0]
        try:
            address = normalise(first.address).address
        except AddressError:  # pragma: no cover  it was one when it was kept
            return "nothing"
        names = [store.list_by_id(self.connection, one.list_id).name for one in wishes]
        act: Act = "ask" if first.road == "file" else "subscribe"
        return subscribe(
            self.connection,
            address,
            names[0],
            now=self.now,
            keys=self.keys,
            how=first.how,
            words=first.words,
            rhythm=first.rhythm,
            act=act,
            also=names[1:],
            declined={name: one.declined_topics for name, one in zip(names, wishes, strict=True)},
            remind=first.road == "form",
            page=first.page,
        )
