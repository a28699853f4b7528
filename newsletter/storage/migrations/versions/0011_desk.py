"""What the desk keeps: approvals of letters, who wrote at an issue last, and who did what."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables; nothing was approved so far."""
    op.create_table(
        "activity",
        sa.Column("id", BIG, sa.Identity(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("person", "act", "about")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_activity_at"), "activity", ["at"])
    op.create_table(
        "approval",
        sa.Column("id", BIG, sa.Identity(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("issue", "fingerprint", "person")),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint("issue", "fingerprint", "person", name=op.f("uq_approval_issue_fingerprint_person")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "last_editor",
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issue", name=op.f("pk_last_editor")),
        sqlite_with_rowid=False,
    )
