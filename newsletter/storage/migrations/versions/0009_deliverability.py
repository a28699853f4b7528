"""What providers and receivers say of our letters as a whole."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Events get a reason, empty for those that are there; and three tables of reports."""
    op.add_column("event", sa.Column("reason", sa.Text(), nullable=False, server_default=""))
    op.execute("CREATE INDEX ix_event_reason_at ON event (at) WHERE reason <> ''")
    op.create_table(
        "dmarc_report",
        sa.Column("id", _ID, sa.Identity(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dmarc_report")),
        sa.UniqueConstraint("org", "report_id", name=op.f("uq_dmarc_report_org_report_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dmarc_report_ends"), "dmarc_report", ["ends"])
    texts = (
        *("disposition", "dkim", "spf", "header_from"),
        *("dkim_domain", "dkim_result", "spf_domain", "spf_result"),
    )
    op.create_table(
        "dmarc_row",
        sa.Column("report_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("letters", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.ForeignKeyConstraint(["report_id"], ["dmarc_report.id"], name=op.f("fk_dmarc_row_report_id")),
        sa.PrimaryKeyConstraint("report_id", "number", name=op.f("pk_dmarc_row")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "letter_authentication",
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "server", "method", "result", name=op.f("pk_letter_authentication")),
        sqlite_with_rowid=False,
    )
