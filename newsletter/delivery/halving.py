"""When a request that is refused without a word why is halved, and when that refuses a reader.

A provider that refuses a whole request for one address in it is asked with each half of it. But machines in between,
and providers in trouble, refuse everything with the same words for seconds or minutes; halving such a refusal down to
single readers would refuse all of them. So it is halved only while some halves are taken, and a reader is refused only
when others were taken before and after, and the provider refused that one alone again and again, some time apart.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from newsletter.senders import Answer

APART = 10.0
"""Seconds between two tries of a letter that is refused alone."""
ALONE = 3
"""Times that a letter is refused alone before that is believed: a machine that refuses by chance does so twice too."""
SMALL = 16
"""Readers in a request of which it is kept who they were."""
LEAST_IN_A_ROW = 4
"""Requests refused in a row that stop a send, however small they are."""


class Halving:
    """What a run has seen taken and refused, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0
        self._in_a_row = 0
        self._largest = 1
        self._first: dict[int, int] = {}
        """Deliveries that were in a small request that was refused, with how many requests had been taken by then."""
        self._alone = Counter[int]()
        """How often each was refused alone."""

    @property
    def hunts(self) -> bool:
        """Whether the last request was refused: then its other half, if it is taken, tells the most."""
        return self._in_a_row > 0

    def took(self) -> None:
        """A request was taken."""
        with self._lock:
            self._taken += 1
            self._in_a_row, self._largest = 0, 1

    def judged(self, answer: Answer, deliveries: Sequence[int], *, apart: float = APART) -> Answer:
        """What is done about an answer: halve, stop, try again later, or refuse the one reader.

        Args:
            answer: As the sender understood it.
            deliveries: Ids of those in the request.
            apart: Seconds before a letter that is refused alone is tried once more.
        """
        # Alone, what a machine in between says is no word about the reader, but one refusal more.
        alone = len(deliveries) == 1 and answer.about in {"address", "server"}
        if answer.state != "queued" or answer.stop or answer.again or not (answer.split or alone):
            return answer
        with self._lock:
            if alone and answer.about == "address":
                (one,) = deliveries
                self._alone[one] += 1
                if self._taken_between(one):
                    # Known for what it is; it says nothing new of the provider.
                    if self._alone[one] >= ALONE:
                        return Answer("submitted", _with(answer.apart, one, answer.reason))
                    return replace(answer, pause=max(answer.pause, apart))
            self._in_a_row += 1
            self._largest = max(self._largest, len(deliveries))
            if self._in_a_row >= max(math.log2(self._largest) + 2, LEAST_IN_A_ROW):
                words = f"{self._in_a_row} requests were refused one after the other and nothing was taken"
                return replace(answer, split=False, stop=True, about="server", reason=f"{words}; {answer.reason}")
            if len(deliveries) <= SMALL:
                for one in deliveries:
                    self._first.setdefault(one, self._taken)
            return (
                answer if answer.split or answer.about == "server" else replace(answer, pause=max(answer.pause, apart))
            )

    def _taken_between(self, one: int) -> bool:
        """Whether others were taken before this one was refused for the first time, and since."""
        return 0 < self._first.get(one, 0) < self._taken


def _with(apart: Mapping[int, tuple[str, str]], one: int, reason: str) -> dict[int, tuple[str, str]]:
    return {**apart, one: ("refused", reason)}
