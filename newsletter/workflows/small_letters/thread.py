"""A thread that sends small letters while the pages are served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.errors import NashraError
from newsletter.senders import QUEUED
from newsletter.workflows.background import BackgroundThread
from newsletter.workflows.small_letters import LOG

if TYPE_CHECKING:
    from newsletter.workflows.small_letters import SmallLetters


LONGEST_REST = 0.1
"""Seconds between two letters at most: a slow provider needs no rest from us."""


class SmallLetterThread(BackgroundThread):
    """Sends small letters in a thread of its own while the pages are served.

    Args:
        letters: What to send.
        pause: Seconds between two looks.
    """

    def __init__(self, letters: SmallLetters, pause: float = 1.0) -> None:
        super().__init__("small letters", pause)
        self._letters = letters

    def _work(self) -> None:
        pause = self._pause
        while not self._over.wait(pause):
            try:
                # Readers whose page is being made come first: of the time of a processor, letters have half at most.
                tally = self._letters.drain(lambda spent: self._over.wait(min(spent, LONGEST_REST)))
                pause = self._pause if QUEUED not in tally.states else min(pause * 2, 60.0)
                if tally.done:
                    LOG.info("small letters: %s", ", ".join(f"{n} {state}" for state, n in tally.states.items()))
            except Exception as error:
                # Whatever it is, the pages go on, and so does this at the next look. The words can hold an address.
                where = error.where if isinstance(error, NashraError) else ""
                LOG.error("small letters: %s %s", type(error).__name__, where)
                pause = min(max(pause, 1.0) * 2, 60.0)
