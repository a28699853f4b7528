"""What feeds were marked with when they were read last, so that they are read again only when changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from subscribers.store.dialect import insert as insert_or_update

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.sources.http.models import Validator


def validators(connection: Connection, targets: Sequence[str]) -> dict[str, Validator]:
    """The validators that the feeds among these targets were answered with when they were read last."""
    from sqlalchemy import select

    from newsletter.sources.http.models import Validator
    from newsletter.storage.tables import validator as table

    rows = connection.execute(select(table).where(table.c.target.in_(targets))).all()
    return {row.target: Validator(row.etag, row.modified, row.digest) for row in rows}


def keep_validators(connection: Connection, marks: Mapping[str, Validator]) -> None:
    """Keep the validators of feeds for the next collecting."""
    from newsletter.storage.tables import validator as table

    for target, mark in marks.items():
        values = {"etag": mark.etag, "modified": mark.modified, "digest": mark.digest}
        statement = insert_or_update(connection, table).values(target=target, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["target"], set_=values))
