"""The domain of each reader's address, as a query: only numbers by domain leave the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.store.tables import subscriber
from subscribers.suppression import bounce_domain

if TYPE_CHECKING:
    from sqlalchemy import Connection


def reader_domains(connection: Connection) -> sa.Select[tuple[int, str]]:
    """The query for the domain of every subscriber's address, one name for Gmail's two: ``subscriber_id``, ``domain``.

    Args:
        connection: Of the database that it is for.
    """
    place = sa.func.strpos if connection.dialect.name == "postgresql" else sa.func.instr
    # The local part of an address that we take has no at sign (subscribers.addresses).
    written = sa.func.substr(subscriber.c.address, place(subscriber.c.address, "@") + 1)
    other = "googlemail.com"
    domain = sa.case((written == other, bounce_domain(f"one@{other}")), else_=written)
    return sa.select(subscriber.c.id.label("subscriber_id"), domain.label("domain"))
