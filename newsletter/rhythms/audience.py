"""Who gets a letter: the query for the subscribers of a list and rhythm."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.ledger import ALL
from subscribers import store
from subscribers.models import RHYTHMS, Rhythm

if TYPE_CHECKING:
    from sqlalchemy import Select


def rhythms_of(rhythm: str) -> tuple[Rhythm, ...]:
    """The rhythms of subscriptions that a send in this rhythm reaches."""
    return tuple(known for known in RHYTHMS if rhythm in {ALL, known})


def audience(list_id: int, rhythm: str, now: datetime) -> Select[tuple[int]]:
    """The query for the ids of the subscribers a send would go to now.

    Args:
        list_id: Id of the list.
        rhythm: ``instant``, ``daily``, ``weekly`` or ``all``.
        now: The present moment, timezone-aware; whose pause lasts longer is left out.
    """
    return store.audience(list_id, rhythms=rhythms_of(rhythm), now=now)
