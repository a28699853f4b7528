"""The worker: delivers sends that run, starts those whose moment has come, sends small letters, keeps the schedule.

Any number of workers may share a database. Who delivers what the ledger's leases decide, what goes out by itself its
periods; so a worker that dies, stops or comes back changes nothing but the speed.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from newsletter import delivery, ledger
from newsletter.delivery import jobs
from newsletter.ledger.brakes import FIRST_PAUSE
from newsletter.ledger.cursors import ALIVE, NEXT_SIGN, SIGN_OF_LIFE
from newsletter.storage.database import DatabaseAwayError
from newsletter.storage.retry import Retrying
from newsletter.text.dates import in_zone
from newsletter.text.sentences import counted, joined, said
from newsletter.workflows import alerts, asking, deciding, fallback, scheduled, small_letters
from newsletter.workflows.alerts.thread import AlertThread
from newsletter.workflows.logs import about_send
from newsletter.workflows.site_posts import looking
from newsletter.workflows.site_posts.looking import SitePostThread
from newsletter.workflows.status.judging import hours_and_minutes
from subscribers.errors import Complaint

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger import ClockStep, Send
    from newsletter.wiring import Workspace
    from newsletter.workflows.small_letters import SmallLetters

T = TypeVar("T")

LOG = logging.getLogger("nashra.worker")

LOOK_EVERY = 1.0
"""Seconds between two looks at what there is to do."""
TICK = 60
"""Seconds of the schedule's clock: one worker looks at it in each."""
NEXT_RUN = 900
"""Seconds after which a worker that works once, from cron, is expected again."""
STILL = 120.0
"""Seconds without a whole look after which a worker is not well."""
REST = 60.0
"""Seconds that a send rests here after something else than its provider kept it from going on."""


def _words_of(step: ClockStep) -> str:
    return said(
        "{clock} was set back by {time} (hours:minutes), or had run ahead: nothing waits for where it was, but what is "
        "planned waits for its moment by the new clock",
        clock=said("the clock of the database" if step.of_database else "the clock of this machine"),
        time=hours_and_minutes(step.seconds),
    )


class Worker:
    """One worker process.

    Args:
        workspace: The workspace, open as long as it works.
        concurrency: Sends at once; each with as many connections as its sender has.
        tell: Told one line of everything that happens.
        look_every: Seconds between two looks.
        probe_pause: Seconds before a send that its provider has stopped is tried again, doubled for each further trial.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        concurrency: int = 1,
        tell: Callable[[str], None] = LOG.info,
        look_every: float = LOOK_EVERY,
        probe_pause: float = FIRST_PAUSE,
    ) -> None:
        self._workspace = workspace
        self._concurrency = concurrency
        self._tell = tell
        self._look_every = look_every
        self._probe_pause = probe_pause
        self._resting: dict[int, float] = {}
        self._lock = threading.Lock()
        self._at: set[int] = set()
        self._signed = float("-inf")
        self._next_sign = 6 * int(SIGN_OF_LIFE)
        self._looked = time.monotonic()
        self.over = threading.Event()
        """Set from anywhere, also a signal handler, to let it come to its end: what is under way goes first."""

    def once(self) -> None:
        """Do everything there is to do now, and return."""
        self._next_sign = NEXT_RUN
        self._open()
        letters = small_letters.of_workspace(self._workspace)
        self._look(letters)
        self._quietly(lambda: looking.look(self._workspace, self._tell))
        self._keep_schedule()
        self._quietly(lambda: asking.ask_due(self._workspace, self._tell))
        while not self.over.is_set() and (send_id := self._next()) is not None:
            self._deliver(send_id)
        letters.drain()
        alerts.tell(self._workspace, ended=True)

    def prepare(self) -> None:
        """Make what its threads share, before there are any; what cannot be made yet is told, and tried again later."""
        self._quietly(self._open)

    def deliver_open(self, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Start what is due and deliver what runs, as far as it goes, and nothing else of a worker's duties.

        Args:
            unless: Asked first: whether somebody else does it.
        """

        def look() -> int | None:
            if unless():
                return None
            deciding.decide_due(self._workspace, self._tell)
            with self._workspace.database.write() as connection:
                ledger.end_warm_up_pause(connection)
                for started in ledger.start_due(connection, self._workspace.now()):
                    self._tell(said("issue {issue} starts, as planned", issue=started.issue))
            return self._next()

        while not self.over.is_set() and (send_id := self._quietly(look)) is not None:
            self._deliver(send_id)

    def ill(self) -> str:
        """What is wrong with this worker; empty while its looks come to their end."""
        still = time.monotonic() - self._looked
        return f"no look came to its end for {still:.0f} s" if still > STILL + self._look_every else ""

    def run(self) -> None:
        """Work until ``over`` is set; a database that is away is waited for."""
        teller, posts = AlertThread(self._workspace), SitePostThread(self._workspace, self._tell)
        teller.start()
        try:
            self._patiently(self._open)
            posts.start()
            self._work()
        finally:
            posts.stop()
            teller.stop()

    def _work(self) -> None:
        self._patiently(self._open)
        if self.over.is_set():
            return
        letters = small_letters.of_workspace(self._workspace)
        threads = [threading.Thread(target=self._keep, name="schedule", daemon=True)]
        if self._patiently(self._has_jobs):
            name = f"{socket.gethostname()} {os.getpid()}"
            work = partial(
                jobs.work, self._workspace.database, self._deliver, self.over, concurrency=self._concurrency, name=name
            )
            threads.append(threading.Thread(target=work, name="jobs", daemon=True))
        else:
            for number in range(self._concurrency):
                threads.append(threading.Thread(target=self._serve, name=f"delivery {number}", daemon=True))
        for thread in threads:
            thread.start()
        while not self.over.is_set():
            self._quietly(lambda: self._look(letters))
            self.over.wait(self._look_every)
        for thread in threads:
            thread.join()

    def _open(self) -> None:
        """Make what the threads share, before there are any."""
        _ = self._workspace.database, self._workspace.sender, self._workspace.keys, self._workspace.templates

    def _has_jobs(self) -> bool:
        with self._workspace.database.read() as connection:
            return jobs.installed() and jobs.there(connection)

    def _look(self, letters: SmallLetters) -> None:
        """What every look does: start what is due, give a sign of life, see that jobs are there, send small letters."""
        now = self._workspace.now()
        fallback.take_over_due(self._workspace, self._tell)
        deciding.decide_due(self._workspace, self._tell)
        with self._workspace.database.write() as connection:
            ledger.end_warm_up_pause(connection)
            for started in ledger.start_due(connection, now):
                self._tell(said("issue {issue} starts, as planned", issue=started.issue))
            if time.monotonic() - self._signed > SIGN_OF_LIFE:
                self._signed = time.monotonic()
                ledger.set_cursor(connection, ALIVE, int(now.timestamp()))
                ledger.set_cursor(connection, NEXT_SIGN, int(now.timestamp()) + self._next_sign)
                if (step := ledger.note_clock(connection, now)) is not None:
                    self._tell(_words_of(step))
            # A job that got lost, or a send that was frozen before there were jobs.
            for one in self._open_sends(connection):
                jobs.enqueue(connection, one)
        if (tally := letters.drain()).done:
            counts = [counted(f"{{n}} {state}", f"{{n}} {state}", n) for state, n in tally.states.items()]
            self._tell(said("small letters: {counts}", counts=joined(counts, ", ")))
        self._looked = time.monotonic()

    def _open_sends(self, connection: Connection) -> list[int]:
        """Sends to go on with, those first that run: with a batch that nobody holds; and those that are to be tried."""
        running = [send.id for send in ledger.running(connection)]
        tried = ledger.due_probes(connection)
        with self._lock:
            awake = [one for one in running if one not in self._at and not self._rests(one)]
            due = [one for one in tried if one not in self._at and not self._rests(one)]
        free = [one for one in awake if ledger.free(connection, one) or ledger.waiting(connection, one) is None]
        return free + due

    def _rests(self, send_id: int) -> bool:
        return time.monotonic() < self._resting.get(send_id, 0.0)

    def _next(self) -> int | None:
        with self._workspace.database.read() as connection:
            found = self._open_sends(connection)
        return found[0] if found else None

    def _serve(self) -> None:
        """Look for sends in the ledger and deliver them, one after the other."""
        while not self.over.is_set():
            send_id = self._quietly(self._next)
            if send_id is None:
                self.over.wait(self._look_every)
            else:
                self._deliver(send_id)

    def _deliver(self, send_id: int) -> None:
        """Deliver a send as far as it goes; trouble is told. What is not its provider's fault lets it rest here."""
        with self._lock:
            if self.over.is_set() or send_id in self._at or self._rests(send_id):
                return
            self._at.add(send_id)
        try:
            send = Retrying(self._workspace.database, patience=REST, sleep=self._wait).write(
                partial(self._take_up, send_id)
            )
            if send is not None:
                with about_send(send.public_id):
                    self._run(send)
        except delivery.SendPausedError as paused:
            if not paused.tried:
                return
            again = said("is not tried again until an editor says how it goes on")
            if paused.probe_at is not None:
                moment = in_zone(paused.probe_at, self._workspace.zone)
                again = said("is tried again with one letter at {moment}", moment=moment)
            self._tell(said("error: {what}; the send is paused, and {again}", what=paused.what, again=again))
        except Complaint as complaint:
            self._tell(said("error: {line}", line=str(complaint)))
            self._resting[send_id] = time.monotonic() + REST
        finally:
            with self._lock:
                self._at.discard(send_id)

    def _take_up(self, send_id: int, connection: Connection) -> Send | None:
        send = ledger.send(connection, send_id)
        if send is None or not (send.state == "running" or delivery.is_braked(send)):
            return None
        # The next idle worker joins, and asks for another one in its turn.
        jobs.enqueue(connection, send_id)
        return send

    def _run(self, send: Send) -> None:
        counts = delivery.StateCounts()
        setup = replace(self._workspace.setup_of(send), probe_pause=self._probe_pause)
        account = delivery.run(setup, send, counts, over=self.over, at_once=False)
        if counts.states:
            states = sorted(counts.states.items())
            here = joined([counted(f"{{n}} {state}", f"{{n}} {state}", count) for state, count in states], ", ")
            self._tell(
                said(
                    "issue {issue}: {here} here; {open} of {total} still open",
                    issue=send.issue,
                    here=here,
                    open=f"{account.open:,}",
                    total=f"{account.total:,}",
                )
            )

    def _keep(self) -> None:
        while not self.over.is_set():
            self._quietly(self._keep_schedule)
            self._quietly(lambda: asking.ask_due(self._workspace, self._tell))
            self.over.wait(min(TICK / 4, max(self._look_every, 1.0)))

    def _keep_schedule(self) -> None:
        """Do what the schedule asks for, if no other worker looks at it in this minute."""
        workspace = self._workspace
        if scheduled.waiting(workspace) and self._my_minute():
            scheduled.run(workspace, self._tell)

    def _my_minute(self) -> bool:
        with self._workspace.database.write() as connection:
            return ledger.take_minute(connection, "worker minute", int(self._workspace.now().timestamp()))

    def _quietly(self, act: Callable[[], T]) -> T | None:
        """Do something that is done again soon; trouble is told."""
        try:
            return act()
        except DatabaseAwayError as error:
            LOG.warning("%s", error)
        except Complaint as complaint:
            self._tell(said("error: {line}", line=str(complaint)))
        except Exception as error:
            # Whatever it is, the rest goes on. The words can hold an address.
            LOG.error("a fault in the program: %s", type(error).__name__)
        self.over.wait(1.0)
        return None

    def _patiently(self, act: Callable[[], T]) -> T | None:
        """Do something as soon as the database is there."""
        pause = 0.5
        while not self.over.is_set():
            try:
                return act()
            except DatabaseAwayError as error:
                LOG.warning("%s", error)
            self.over.wait(pause)
            pause = min(pause * 2, 10.0)
        return None

    def _wait(self, seconds: float) -> None:
        self.over.wait(seconds)
