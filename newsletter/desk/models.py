"""What the rooms of the desk hand each other: who asks, and which addresses there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest

Role = Literal["anyone", "look", "edit", "send"]
"""What somebody may do: look at everything, change issues and readers, let letters go. ``anyone`` is for the few
addresses that are there before somebody has signed in."""
MOST = 1_000_000
"""Bytes of a body at most, where a route says nothing else."""
UPLOAD = 8_000_000
"""The same where pictures are sent."""
Place = Literal["week", "send", "readers", "report", "doctor", ""]
"""Which of the five places of the frame a page belongs to."""


@dataclass(frozen=True, slots=True)
class Editor:
    """Somebody who works at the desk."""

    name: str
    """As it stands in the log and at the end of the frame."""
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """Whether a role is theirs; everybody may look, and who may send may edit."""
        return role in {"anyone", "look"} or role in self.roles or (role == "edit" and "send" in self.roles)


@dataclass(frozen=True, slots=True)
class DeskRoute:
    """One address of the desk: the only place where it is said who may call it."""

    method: Literal["GET", "POST"]
    path: str
    """As Starlette writes it: ``/issue/{slug}``."""
    handler: Callable[[DeskRequest], Response]
    role: Role
    most: int = MOST
    """Bytes of a body at most."""
