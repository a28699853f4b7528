"""How long somebody whose sign-in failed must wait: longer each time, by name and by network; in memory, bounded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST = 10_000
"""Names and networks that are remembered; who was seen longest ago is forgotten."""
FORGOTTEN = timedelta(hours=24)
"""After so long without another failure it begins anew."""


@dataclass(frozen=True, slots=True)
class DelayRule:
    """How delays grow."""

    free: int
    """Failures that cost nothing."""
    longest: int
    """Seconds at most."""


PAIR = DelayRule(3, 900)
"""Of one name from one network."""
NETWORK = DelayRule(10, 900)
"""Of one network, whatever the name."""
NAME = DelayRule(20, 60)
"""Of one name, whatever the network: short, so that a stranger cannot keep the editor out."""


_Key = tuple[str, str, str]


def _keys(name: str, network: str) -> tuple[_Key, _Key, _Key]:
    """What failures are counted by: the pair, the network, the name. A network may be unknown, and a name empty."""
    return ("pair", name, network), ("network", "", network), ("name", name, "")


@dataclass(slots=True)
class _Failures:
    number: int
    last: datetime


class SignInDelays:
    """The failures of a desk.

    Args:
        now: The clock.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._failures: OrderedDict[_Key, _Failures] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, name: str, network: str) -> int:
        """Seconds until somebody may try again; 0 when now.

        Args:
            name: As it was typed, folded.
            network: Where the request comes from.
        """
        with self._lock:
            pair, whole, called = _keys(name, network)
            left = [self._left(pair, PAIR), self._left(whole, NETWORK)]
            if (name, network) not in self._known:
                left.append(self._left(called, NAME))
            return max(left)

    def failed(self, name: str, network: str) -> int:
        """Count one failure, and give how many there were of this name from this network."""
        now = self._now()
        with self._lock:
            for key in _keys(name, network):
                found = self._failures.pop(key, None)
                number = found.number + 1 if found is not None and now - found.last < FORGOTTEN else 1
                self._failures[key] = _Failures(number, now)
            found = self._failures[_keys(name, network)[0]]
            while len(self._failures) > MOST:
                self._failures.popitem(last=False)
        return found.number

    def passed(self, name: str, network: str) -> None:
        """Forget the failures of a name from a network, which is known as this person's from now on."""
        with self._lock:
            self._failures.pop(_keys(name, network)[0], None)
            self._known[name, network] = None
            while len(self._known) > MOST:
                self._known.popitem(last=False)

    def _left(self, key: _Key, rule: DelayRule) -> int:
        found = self._failures.get(key)
        if found is None or found.number < rule.free:
            return 0
        seconds = min(2 ** min(found.number - rule.free, 20), rule.longest)
        left = found.last + timedelta(seconds=seconds) - self._now()
        return max(0, -(-left // timedelta(seconds=1)))
