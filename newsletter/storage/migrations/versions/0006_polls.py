"""Questions that letters ask, and how many gave each answer: numbers, and nobody who gave one."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add three tables; letters that were frozen before ask nothing."""
    op.create_table(
        "poll",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("shows_results", sa.Integer(), nullable=False),
        sa.Column("frozen_at", sa.BigInteger(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_poll")),
    )
    op.create_index(op.f("ix_poll_issue"), "poll", ["issue"])
    op.create_table(
        "poll_answer",
        sa.Column("poll", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("poll", "place", name=op.f("pk_poll_answer")),
    )
    op.create_table(
        "poll_form",
        sa.Column("form", sa.LargeBinary(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("form", name=op.f("pk_poll_form")),
    )
    op.create_index(op.f("ix_poll_form_hour"), "poll_form", ["hour"])
