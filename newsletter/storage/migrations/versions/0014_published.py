"""What was published back to the site, and as which post."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table; nothing was published so far."""
    op.create_table(
        "published",
        sa.Column("id", BIG, sa.Identity(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("post", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("kind", sa.Text(), server_default="post", nullable=False),
        sa.Column("link", sa.Text(), server_default="", nullable=False),
        sa.Column("public", sa.Integer(), server_default="0", nullable=False),
        sa.Column("written", sa.Text(), server_default="", nullable=False),
        sa.Column("writing", sa.Text(), server_default="", nullable=False),
        sa.Column("pictures", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published")),
        sa.UniqueConstraint("target", "site", "issue", name=op.f("uq_published_target_site_issue")),
        sqlite_autoincrement=True,
    )
