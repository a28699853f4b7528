"""Requests for counted links, held in memory for some seconds, until it can be told whether people made them.

What is held is of this process, is gone when it ends, and is written nowhere: a hash of network and browser under a key
that this process made up when it started. So a process that is killed loses the clicks of the last seconds. How often
such a hash asked for a link is known until the hour is over, for the caps.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter import clicks
from newsletter.errors import NashraError
from newsletter.text import machines
from newsletter.workflows.background import BackgroundThread

if TYPE_CHECKING:
    from newsletter.storage.database import Database

LOG = logging.getLogger("nashra.web")

QUIET = 10.0
"""Seconds without another request from the same browser and network for the same letter, and then they are judged."""
LONGEST = 60.0
"""Seconds after the first of them when they are judged at the latest."""
REPEAT = 2.0
"""Seconds within which the same browser's second request for the same link is the same click once more."""
MOST_AN_HOUR = 100
"""Requests for one link from one network, with one kind of browser, that count as those of people within an hour; who
asks oftener is a program, or has hundreds of readers behind one address, and is counted too low."""
MOST_OF_A_NETWORK = 1000
"""The same, whatever browsers say that they are: what they say can be made up anew for each request."""
MOST_HELD = 50_000
"""Requests in memory, about 30 MB (measured); when there are more, the oldest are judged at once."""
MOST_LETTERS = 500
"""Letters whose links are kept in memory."""


@dataclass(slots=True)
class _Group:
    """What one browser of one network asked for of one letter lately."""

    letter: tuple[str, ...]
    first: float
    last: float
    visits: list[tuple[float, str, int]] = field(default_factory=list)
    """Seconds of this process's clock, name of the link, and hour."""


class VisitCounter:
    """Knows where the links of letters lead, and counts how often they are asked for.

    A database that is away keeps nobody from an article whose letter is known already, and no click of it is lost as
    long as this process lives.

    Args:
        database: Of the workspace.
        now: The clock, timezone-aware.
        counts: Whether to count; else it only knows where links lead.
        seconds: A clock that only goes forward.
    """

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        counts: bool = True,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._now, self._counts, self._seconds = database, now, counts, seconds
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._letters: OrderedDict[tuple[str, ...], dict[str, str]] = OrderedDict()
        self._letter_of: dict[str, tuple[str, ...]] = {}
        self._groups: OrderedDict[bytes, _Group] = OrderedDict()
        self._held = 0
        self._asked: Counter[tuple[bytes, str]] = Counter()
        self._networks: Counter[tuple[bytes, str]] = Counter()
        self._asked_hour = 0
        self._counted: Counter[tuple[str, int, bool]] = Counter()
        """Name of a link, hour and whether a program asked, to a number; what is judged and not yet written."""

    def url(self, name: str) -> str | None:
        """Where a link leads; None when no letter has it.

        Args:
            name: As its address says it.

        Raises:
            DatabaseError: Its letter is not known yet, and the database cannot be asked.
        """
        with self._lock:
            letter = self._letter_of.get(name)
            if letter is not None:
                self._letters.move_to_end(letter)
                # A link goes over to another letter of its issue when a trial ends as none.
                if url := self._letters[letter].get(name):
                    return url
        with self._database.read() as connection:
            found = clicks.letter_of_link(connection, name)
        if found is None:
            return None
        self._learn(*found)
        return found[1].get(name)

    def learn(self) -> None:
        """Get to know the links of the newest letters, before anybody asks for them.

        Raises:
            DatabaseError: The database cannot be asked.
        """
        with self._database.read() as connection:
            for letter, urls in clicks.newest_letters(connection, limit=MOST_LETTERS // 5):
                self._learn(letter, urls)

    def _learn(self, letter: tuple[str, ...], urls: dict[str, str]) -> None:
        with self._lock:
            self._letters[letter] = urls
            self._letters.move_to_end(letter)
            self._letter_of.update(dict.fromkeys(urls, letter))
            while len(self._letters) > MOST_LETTERS:
                _, gone = self._letters.popitem(last=False)
                for name in gone:
                    self._letter_of.pop(name, None)

    def visit(self, name: str, *, network: str, agent: str = "", machine: bool) -> None:
        """Take note that a link was asked for; it writes nothing, and fails for nobody.

        Args:
            name: Of a link whose letter is known.
            network: The network the request came from; a hash of it and of what follows is held for some seconds.
            agent: What the browser says of itself: it tells readers apart whose provider gives all of them one address.
            machine: Whether whoever asks says that it is a program.
        """
        at, hour = self._seconds(), int(self._now().timestamp()) // clicks.HOUR
        with self._lock:
            letter = self._letter_of.get(name)
            if not self._counts or letter is None:
                return
            if machine:
                self._counted[name, hour, True] += 1
                return
            mark = self._mark(network, agent, *letter)
            if self._too_often(mark, self._mark(network) if network else b"", name, hour):
                self._counted[name, hour, True] += 1
                return
            group = self._groups.get(mark)
            if group is not None and group.last + QUIET < at:
                self._judge(mark)
                group = None
            if group is None:
                group = self._groups[mark] = _Group(letter, at, at)
            if any(one == name and at - before < REPEAT for before, one, _ in reversed(group.visits)):
                return
            group.last = at
            group.visits.append((at, name, hour))
            self._held += 1
            while self._held > MOST_HELD:
                self._judge(next(iter(self._groups)))

    def settle(self, *, everything: bool = False) -> int:
        """Judge those requests that nothing more is to be waited for, and write the numbers down.

        Args:
            everything: Judge all of them, since this process ends.

        Returns:
            Clicks written, of people and programs.

        Raises:
            DatabaseError: Nothing was written; the numbers are kept for the next time.
        """
        at, hour = self._seconds(), int(self._now().timestamp()) // clicks.HOUR
        with self._lock:
            # Also where nobody asks for anything any more.
            self._forget_before(hour)
            due = [
                mark
                for mark, one in self._groups.items()
                if everything or one.last + QUIET < at or one.first + LONGEST < at
            ]
            for mark in due:
                self._judge(mark)
            counted, self._counted = self._counted, Counter()
        if not counted:
            return 0
        sums: dict[tuple[str, int], tuple[int, int]] = {}
        for (name, hour, machine), number in counted.items():
            people, programs = sums.get((name, hour), (0, 0))
            sums[name, hour] = (people + number * (not machine), programs + number * machine)
        try:
            with self._database.write() as connection:
                clicks.add(connection, sums)
        except BaseException:
            with self._lock:
                self._counted.update(counted)
            raise
        return counted.total()

    def _judge(self, mark: bytes) -> None:
        """Decide about a group, with the lock held."""
        group = self._groups.pop(mark)
        self._held -= len(group.visits)
        links = self._letters.get(group.letter, {})
        burst = machines.is_burst([(at, name) for at, name, _ in group.visits], links)
        for _, name, hour in group.visits:
            self._counted[name, hour, burst] += 1

    def _mark(self, *said: str) -> bytes:
        return hmac.digest(self._key, "\0".join(said).encode("utf-8", "replace"), "sha256")[:16]

    def _forget_before(self, hour: int) -> None:
        """Forget who asked how often in another hour, with the lock held."""
        if hour != self._asked_hour:
            self._asked.clear()
            self._networks.clear()
            self._asked_hour = hour

    def _too_often(self, mark: bytes, network: bytes, name: str, hour: int) -> bool:
        """Whether a browser, or its network (empty when not known), asks for a link more often than people do."""
        self._forget_before(hour)
        # Each has a memory of its own: many browsers of one network let nothing of that be forgotten.
        for counts, one, most in ((self._networks, network, MOST_OF_A_NETWORK), (self._asked, mark, MOST_AN_HOUR)):
            if len(counts) > MOST_HELD:
                counts.clear()
            if one:
                counts[one, name] += 1
                if counts[one, name] > most:
                    return True
        return False


class VisitThread(BackgroundThread):
    """Writes the numbers down in a thread of its own while the pages are served.

    Args:
        counter: Whose numbers.
        pause: Seconds between two looks.
    """

    LEARN_EVERY = 60.0
    """Seconds between two looks for letters that have gone out meanwhile."""

    def __init__(self, counter: VisitCounter, pause: float = 2.0) -> None:
        super().__init__("clicks", pause)
        self._counter = counter

    def stop(self, patience: float = 10.0) -> None:
        """Come to an end, with everything judged and written.

        Args:
            patience: Seconds to wait for what is being written.
        """
        super().stop(patience)
        self._try(lambda: self._counter.settle(everything=True))

    def _work(self) -> None:
        learned = -self.LEARN_EVERY
        while True:
            if time.monotonic() - learned >= self.LEARN_EVERY:
                learned = time.monotonic()
                self._try(self._counter.learn)
            if self._over.wait(self._pause):
                return
            self._try(self._counter.settle)

    @staticmethod
    def _try(act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:
            # Whatever it is, the pages go on, and so does this at the next look.
            where = error.where if isinstance(error, NashraError) else ""
            LOG.error("clicks: %s %s", type(error).__name__, where)
