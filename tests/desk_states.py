"""What the desk is shown as: every screen, in every state that an editor can meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk_served import ServedDesk
    from playwright.sync_api import Page

ROOMS: dict[str, dict[str, Any]] = {
    "full": {"before": 7},
    "fresh": {"readers": 0, "issue": False, "sent": False},
    "nobody": {"readers": 0, "sent": False},
    "between": {"issue": False},
}
"""Newsrooms by name: how `desk_newsroom.make` makes each."""


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True)
class State:
    """A screen in one state."""

    name: str
    path: str
    words: str
    act: Callable[[Page, ServedDesk], None] = _nothing
    before: Callable[[ServedDesk], None] = _nothing
    room: str = "full"
    whole: bool = True
    """Whether the picture is of the whole page, or of what the window shows."""


STATES: tuple[State, ...] = (
    State("week", "/issue/13", "The issue in the making", whole=False),
    State("send", "/send/13", "What is asked before an issue goes"),
    State("readers", "/readers", "Readers"),
    State("report", "/report/12", "Report of the last issue"),
    State("doctor", "/doctor", "Doctor"),
)

SCREENS = STATES
"""Those that are judged at every width, light and dark."""
