"""What the site itself has told of its posts."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add a row for each post, and what was let in lately."""
    op.create_table(
        "site_post",
        sa.Column("id", BIG, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), server_default="", nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("moment", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("letter", sa.Text(), server_default="", nullable=False),
        sa.Column("headline", sa.Text(), server_default="", nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("section", sa.Text(), server_default="", nullable=False),
        sa.Column("at_once", sa.Integer(), server_default="0", nullable=False),
        sa.Column("correction", sa.Text(), server_default="", nullable=False),
        sa.Column("noted", sa.Text(), server_default="", nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("wrong", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_post")),
        sa.UniqueConstraint("name", name=op.f("uq_site_post_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_site_post_due"), "site_post", ["due"])
    op.create_table(
        "site_knock",
        sa.Column("knock", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("knock", name=op.f("pk_site_knock")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_site_knock_at"), "site_knock", ["at"])
