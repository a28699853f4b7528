"""What the desk remembers of sends while it runs: confirmations that were used, test letters, how fast letters go."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newsletter.models import Problem

_MOST = 500
"""Of each thing that is remembered."""
_LOOKS_BACK = 20.0
"""Seconds over which the pace is measured."""


@dataclass(frozen=True, slots=True)
class SentTest:
    """A test letter that somebody sent from this browser."""

    to: str
    at: datetime
    fingerprint: str


class SendMemory:
    """Memory of one desk; it ends with the process.

    Args:
        wake: Called when there is something to deliver.
    """

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self.wake = wake
        self._lock = threading.RLock()
        self._starting = threading.Lock()
        self._used: OrderedDict[str, None] = OrderedDict()
        self._tests: OrderedDict[tuple[str, str], tuple[SentTest, ...]] = OrderedDict()
        self._seen: OrderedDict[int, deque[tuple[float, int]]] = OrderedDict()
        self._online: OrderedDict[str, tuple[datetime, tuple[Problem, ...]]] = OrderedDict()

    @contextmanager
    def once(self, nonce: str) -> Iterator[bool]:
        """Whether a confirmation is used for the first time; one at a time, and free again when it failed.

        Args:
            nonce: That the page of the confirmation carried.
        """
        with self._starting:
            if nonce in self._used:
                yield False
                return
            yield True
            self._used[nonce] = None
            _shorten(self._used)

    def tested(self, browser: str, slug: str, note: SentTest) -> None:
        """Remember a test letter.

        Args:
            browser: What tells the signed-in browser from others.
            slug: Of the issue.
            note: What went.
        """
        with self._lock:
            before = self._tests.pop((browser, slug), ())
            self._tests[browser, slug] = (note, *(one for one in before if one.to != note.to))[:5]
            _shorten(self._tests)

    def tests(self, browser: str, slug: str) -> tuple[SentTest, ...]:
        """The test letters of an issue that were sent from a browser, the newest first."""
        with self._lock:
            return self._tests.get((browser, slug), ())

    def addresses(self, browser: str) -> str:
        """Where test letters went lately from this browser."""
        with self._lock:
            found = [notes for (whose, _), notes in self._tests.items() if whose == browser]
        return found[-1][0].to if found else ""

    def asked_online(self, slug: str, at: datetime, problems: Sequence[Problem]) -> None:
        """Remember what a check found that asked the network.

        Args:
            slug: Of the issue.
            at: When it was asked.
            problems: What it found.
        """
        with self._lock:
            self._online[slug] = (at, tuple(problems))
            self._online.move_to_end(slug)
            _shorten(self._online)

    def online(self, slug: str) -> tuple[datetime, tuple[Problem, ...]] | None:
        """When the network was asked for an issue last, and what was found; None when it was not."""
        with self._lock:
            return self._online.get(slug)

    def pace(self, send_id: int, out: int) -> float:
        """Letters a second of a send, from what was seen of it lately; 0 before two looks.

        Args:
            send_id: Id of the send.
            out: Letters that have gone by now.
        """
        now = time.monotonic()
        with self._lock:
            seen = self._seen.setdefault(send_id, deque(maxlen=100))
            self._seen.move_to_end(send_id)
            _shorten(self._seen)
            while len(seen) > 1 and now - seen[0][0] > _LOOKS_BACK:
                seen.popleft()
            if not seen or now - seen[-1][0] > 0.2:
                seen.append((now, out))
            (first, before), (last, after) = seen[0], seen[-1]
        return (after - before) / (last - first) if last > first else 0.0


def _shorten(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > _MOST:
        kept.popitem(last=False)
