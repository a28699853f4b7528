"""Subjects that are tried on a part of the audience first."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PAUSED_BY = "paused_by IN ('', 'editor', 'provider', 'reports', 'warm-up', 'trial')"
LIVE = sa.text("state != 'cancelled'")


def upgrade() -> None:
    """Add two tables and two columns; sends and letters that were frozen before try nothing."""
    op.create_table(
        "trial",
        sa.Column("send_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("wait", sa.BigInteger(), nullable=False),
        sa.Column("rest", sa.Integer(), nullable=False),
        sa.Column("decide_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.Column("chosen", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("measure IN ('clicks', 'losses')", name=op.f("ck_trial_measure")),
        sa.CheckConstraint("decided_by IN ('', 'itself', 'editor')", name=op.f("ck_trial_decided_by")),
        sa.CheckConstraint("verdict IN ('', 'better', 'no difference')", name=op.f("ck_trial_verdict")),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("fk_trial_send_id")),
        sa.PrimaryKeyConstraint("send_id", name=op.f("pk_trial")),
    )
    op.create_table(
        "trial_subject",
        sa.Column("send_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=True),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("chance", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("fk_trial_subject_send_id")),
        sa.PrimaryKeyConstraint("send_id", "number", name=op.f("pk_trial_subject")),
    )
    op.add_column("batch", sa.Column("held", sa.Integer(), server_default="0", nullable=False))
    last = _last_id("letter")
    with op.batch_alter_table("letter", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("subject", sa.Integer(), server_default="0", nullable=False))
        table.drop_constraint(op.f("uq_letter_send_id_variant"), type_="unique")
        table.create_unique_constraint(op.f("uq_letter_send_id_variant_subject"), ["send_id", "variant", "subject"])
    _keep_last_id("letter", last)
    _pause_by_trial()


def _pause_by_trial() -> None:
    """Let a trial pause a send. On SQLite that copies the table, which would lose what only an index says."""
    op.drop_index("uq_send_live", table_name="send")
    last = _last_id("send")
    with op.batch_alter_table("send", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint(op.f("ck_send_paused_by"), type_="check")
        table.create_check_constraint(op.f("ck_send_paused_by"), PAUSED_BY)
    _keep_last_id("send", last)
    op.create_index(
        "uq_send_live", "send", ["issue_id", "list_id", "rhythm"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )


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
