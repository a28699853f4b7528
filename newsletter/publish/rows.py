"""The rows of what was published: one for each issue, target and site."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class PublishedIssue:
    """Where an issue was published, and what it said there when it was written last."""

    target: str
    site: str
    issue: str
    """Key of the issue."""
    post: int = 0
    """Its number there; 0 before it is known."""
    kind: str = "post"
    """Type of the post."""
    link: str = ""
    is_public: bool = False
    """Whether everybody could see it when it was looked at last."""
    written: Mapping[str, Any] = field(default_factory=dict)
    """What it said after it was written last; empty before."""
    writing: Mapping[str, Any] = field(default_factory=dict)
    """What was being written when whoever wrote it was cut off; empty when nobody was."""
    pictures: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Number and address there of each picture, by the digest of its bytes."""


def find(connection: Connection, target: str, site: str, issue: str) -> PublishedIssue | None:
    """What is known of an issue at a site; None when it was never published there.

    Args:
        connection: An open connection to the database.
        target: Name of the target.
        site: Address of the site.
        issue: Key of the issue.
    """
    from sqlalchemy import select

    from newsletter.storage.publish_tables import published

    query = select(published).where(published.c.target == target, published.c.site == site, published.c.issue == issue)
    row = connection.execute(query).first()
    return _of_row(row) if row is not None else None


def link_of(connection: Connection, issue: str, target: str = "wordpress") -> str:
    """Address of the post that an issue is on the site, once everybody may see it; else empty.

    Args:
        connection: An open connection to the database.
        issue: Key of the issue.
        target: Name of the target.
    """
    from sqlalchemy import select

    from newsletter.storage.publish_tables import published

    query = (
        select(published.c.link)
        .where(published.c.target == target, published.c.issue == issue, published.c.public == 1)
        .order_by(published.c.at.desc(), published.c.id.desc())
        .limit(1)
    )
    return str(connection.execute(query).scalar() or "")


def links(connection: Connection, target: str = "wordpress") -> dict[str, str]:
    """Key of each issue that is a post everybody may see, and the address of that post.

    Args:
        connection: An open connection to the database.
        target: Name of the target.
    """
    from sqlalchemy import select

    from newsletter.storage.publish_tables import published

    query = (
        select(published.c.issue, published.c.link)
        .where(published.c.target == target, published.c.public == 1, published.c.link != "")
        .order_by(published.c.at, published.c.id)
    )
    return {row.issue: row.link for row in connection.execute(query)}


def every(connection: Connection, target: str = "wordpress") -> list[PublishedIssue]:
    """Every issue that was published at a target, the first one first.

    Args:
        connection: An open connection to the database.
        target: Name of the target.
    """
    from sqlalchemy import select

    from newsletter.storage.publish_tables import published

    query = select(published).where(published.c.target == target).order_by(published.c.id)
    return [_of_row(row) for row in connection.execute(query)]


def keep(connection: Connection, one: PublishedIssue, *, now: datetime) -> None:
    """Write down what is known of an issue at a site now.

    Args:
        connection: A writing transaction.
        one: All of it.
        now: The present moment, timezone-aware.
    """
    from newsletter.storage.publish_tables import published
    from subscribers.store.dialect import insert

    values = {
        "post": one.post,
        "kind": one.kind,
        "link": one.link,
        "public": int(one.is_public),
        "written": _text(one.written),
        "writing": _text(one.writing),
        "pictures": _text(one.pictures),
        "at": int(now.timestamp()),
    }
    statement = insert(connection, published).values(target=one.target, site=one.site, issue=one.issue, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["target", "site", "issue"], set_=values))


def note_shown(connection: Connection, one: PublishedIssue, *, link: str, is_public: bool) -> None:
    """Note what the site itself says of a post, and nothing else of its row: somebody may be publishing it.

    Args:
        connection: A writing transaction.
        one: The issue there.
        link: Its address; empty leaves the one that is known.
        is_public: Whether everybody can see it.
    """
    from sqlalchemy import update

    from newsletter.storage.publish_tables import published

    mine = (published.c.target == one.target) & (published.c.site == one.site) & (published.c.issue == one.issue)
    values = {"public": int(is_public), **({"link": link} if link else {})}
    connection.execute(update(published).where(mine, published.c.post == one.post).values(**values))


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) if values else ""


def _of_row(row: Any) -> PublishedIssue:
    pictures = json.loads(row.pictures) if row.pictures else {}
    return PublishedIssue(
        row.target,
        row.site,
        row.issue,
        row.post,
        row.kind,
        row.link,
        bool(row.public),
        json.loads(row.written) if row.written else {},
        json.loads(row.writing) if row.writing else {},
        {digest: (int(number), str(address)) for digest, (number, address) in pictures.items()},
    )
