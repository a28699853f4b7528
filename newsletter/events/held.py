"""What is held as doubtful, in words for whoever has to decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from subscribers import store
from subscribers.models import HeldDomain

if TYPE_CHECKING:
    from sqlalchemy import Connection

SEE = "newsletter subscribers bounces"
"""The command that shows what is held."""
_NAMED = 3
"""Domains that are named one by one."""


def waiting(connection: Connection) -> tuple[str, ...]:
    """A line for each domain of which most is held, and one for the others; nothing while nothing is held.

    Args:
        connection: An open connection to the database.
    """
    return words(store.held_domains(connection))


def words(found: Sequence[HeldDomain]) -> tuple[str, ...]:
    """The same of what was found already.

    Args:
        found: Most first.
    """
    lines = []
    for one in found[:_NAMED]:
        share = "" if one.share is None else f", {one.share:.0%} of its readers"
        bounces = "1 bounce" if one.number == 1 else f"{one.number:,} bounces"
        lines.append(f"{bounces} of {one.domain} came too many at once to be believed and wait for you{share}")
    if others := found[_NAMED:]:
        lines.append(f"{sum(one.number for one in others):,} bounces of {len(others):,} other domains wait too")
    return tuple(lines)
