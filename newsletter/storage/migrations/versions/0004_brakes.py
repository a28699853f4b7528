"""Who paused a send and when it is tried again, what it was frozen of and for, which provider had a batch."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATES = "state IN ('scheduled', 'running', 'paused', 'finished', 'cancelled')"
PAUSED_BY = "paused_by IN ('', 'editor', 'provider', 'reports', 'warm-up')"
LIVE = sa.text("state != 'cancelled'")


def upgrade() -> None:
    """Add columns; a send that was undone leaves its issue free. Who paused what is paused now an editor lets go on."""
    last = _last_id("send")
    with op.batch_alter_table("send", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("paused_by", sa.Text(), server_default="", nullable=False))
        table.add_column(sa.Column("probe_at", sa.Double(), nullable=True))
        table.add_column(sa.Column("probes", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("sender", sa.Text(), server_default="", nullable=False))
        table.add_column(sa.Column("source", sa.Text(), server_default="", nullable=False))
        table.drop_constraint(op.f("uq_send_issue_id_list_id_rhythm"), type_="unique")
        table.create_check_constraint(op.f("ck_send_paused_by"), PAUSED_BY)
    _keep_last_id("send", last)
    op.execute("UPDATE send SET paused_by = 'editor' WHERE state = 'paused'")
    op.create_index(
        "uq_send_live", "send", ["issue_id", "list_id", "rhythm"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )
    op.add_column("batch", sa.Column("sender", sa.Text(), nullable=True))


def _last_id(table: str) -> int | None:
    """The last id that a table gave, where the copy of the table would forget it: on SQLite."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return None
    query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name").bindparams(name=table)
    return connection.execute(query).scalar()


def _keep_last_id(table: str, last: int | None) -> None:
    if last is not None:
        statement = sa.text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name")
        op.execute(statement.bindparams(last=last, name=table))
