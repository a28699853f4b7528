"""The order of a delivery's states: which word may move which state to which (pure).

    queued → submitting → unknown → refused → submitted

Each word moves forward in this order; only two go back: an answer that nothing was taken, by whoever holds the attempt,
and an editor who has something sent again. What is proved, by an answer or an event, no silence takes back. Every
statement that writes a state takes its conditions from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Word = Literal["skip", "last byte", "taken", "refused", "not taken", "silence", "event", "accept", "resend"]


class Move(NamedTuple):
    """What a word does."""

    of: tuple[str, ...]
    """States that it may move; all others stay as they are."""
    to: str


MOVES: Final[Mapping[Word, Move]] = {
    # The reader may not have it any more.
    "skip": Move(("queued",), "skipped"),
    "last byte": Move(("queued",), "submitting"),
    # Answers, also late ones; a refusal may come before any last byte.
    "taken": Move(("queued", "submitting", "unknown"), "submitted"),
    "refused": Move(("queued", "submitting", "unknown"), "refused"),
    "not taken": Move(("queued", "submitting"), "queued"),
    # A time-out, a lease that ran out, a send that was cancelled in the middle.
    "silence": Move(("submitting",), "unknown"),
    # The provider reports something of this very delivery: so it has had it, whatever it said before.
    "event": Move(("queued", "submitting", "unknown", "refused", "skipped"), "submitted"),
    # An editor's words.
    "accept": Move(("unknown",), "submitted"),
    "resend": Move(("unknown", "refused"), "queued"),
}

_ANSWERS: Final[Mapping[str, Word]] = {
    "submitted": "taken",
    "refused": "refused",
    "unknown": "silence",
    "queued": "not taken",
    "skipped": "skip",
}


def moved(state: str, word: Word) -> str:
    """The state of a delivery after a word.

    Args:
        state: What it was before.
        word: What came of it.
    """
    move = MOVES[word]
    return move.to if state in move.of else state


def may_become(state: str) -> tuple[str, ...]:
    """The states that an answer may turn into this one.

    Args:
        state: As a sender answers it, or ``skipped``.
    """
    return MOVES[_ANSWERS[state]].of
