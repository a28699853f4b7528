"""Clicks counted for each link and hour, and nobody who clicked; what was kept of readers who did is let go."""

from __future__ import annotations

import hashlib
import re
from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_HOUR = 3600
_SLICE = 1000
_OF_ONE_READER = re.compile(r"/(?:leave|preferences|confirm|address|erase)/[^/]|@|%40")
"""A link that may name the reader who has it: it is counted without its address."""


def upgrade() -> None:
    """Add three tables and a reader's choice, count the clicks that are known, and forget whose they were."""
    op.create_table(
        "link",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("sponsor", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("frozen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_link")),
    )
    op.create_index(op.f("ix_link_issue"), "link", ["issue"])
    op.create_index(op.f("ix_link_frozen_at"), "link", ["frozen_at"])
    op.create_table(
        "click",
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("machines", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("link", "hour", name=op.f("pk_click")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "click_report",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_click_report")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_click_report_hour"), "click_report", ["hour"])
    op.add_column(
        "subscriber",
        sa.Column("count_clicks", sa.Boolean(create_constraint=False), server_default=sa.true(), nullable=False),
    )
    _count_known()
    op.execute("DELETE FROM event WHERE kind IN ('clicked', 'opened')")
    _drop_url()


def _count_known() -> None:
    """Make numbers of the clicks that stand in ``event``: of their story nothing is known but the address."""
    connection = op.get_bind()
    query = sa.text(
        "SELECT issue.key AS issue, list.name AS list, event.url AS url, event.at AS at, send.created AS frozen"
        " FROM event JOIN delivery ON delivery.id = event.delivery_id JOIN batch ON batch.id = delivery.batch_id"
        " JOIN send ON send.id = batch.send_id JOIN issue ON issue.id = send.issue_id"
        " JOIN list ON list.id = send.list_id WHERE event.kind = 'clicked'"
    )
    links: dict[str, dict[str, object]] = {}
    counted: Counter[tuple[str, int]] = Counter()
    # All at once on PostgreSQL without a cursor of the server's.
    with connection.execute(query, execution_options={"stream_results": True}) as rows:
        for row in rows:
            url = "" if _OF_ONE_READER.search(row.url) else row.url
            # As newsletter.clicks names links; a migration depends on no code that may change.
            said = "\0".join((row.list, row.issue, "0", url))
            name = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:20]
            links[name] = {
                "name": name,
                "issue": row.issue,
                "list": row.list,
                "subject": 0,
                "url": url,
                "story": "",
                "sponsor": "",
                "place": 0,
                "frozen_at": row.frozen,
            }
            counted[name, row.at // _HOUR] += 1
    clicks = [{"link": name, "hour": hour, "people": number, "machines": 0} for (name, hour), number in counted.items()]
    for table, values in (("link", list(links.values())), ("click", clicks)):
        for at in range(0, len(values), _SLICE):
            part = values[at : at + _SLICE]
            columns: list[sa.ColumnClause[object]] = [sa.column(name) for name in part[0]]
            connection.execute(sa.table(table, *columns).insert(), part)


def _drop_url() -> None:
    """Take the address out of the key of events; only clicks had one."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("pk_event"), "event", type_="primary")
        op.drop_column("event", "url")
        op.create_primary_key(op.f("pk_event"), "event", ["delivery_id", "kind", "at"])
        return
    op.create_table(
        "event_without_url",
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("bounce", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_event_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", "kind", "at", name=op.f("pk_event")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO event_without_url (delivery_id, kind, at, bounce)"
        " SELECT delivery_id, kind, at, MAX(bounce) FROM event GROUP BY delivery_id, kind, at"
    )
    op.drop_table("event")
    op.rename_table("event_without_url", "event")
