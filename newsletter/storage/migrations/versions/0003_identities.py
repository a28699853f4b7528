"""Every name an article is known by, what its site took back, and what a draft was written from."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns and tables; the key that each article had is the first of its keys."""
    op.add_column("article", sa.Column("reading", sa.Text(), server_default="", nullable=False))
    op.add_column("article", sa.Column("seen", sa.BigInteger(), nullable=True))
    op.add_column("article", sa.Column("withdrawn", sa.BigInteger(), nullable=True))
    op.add_column("article", sa.Column("withdrawn_reason", sa.Text(), server_default="", nullable=False))
    op.add_column("validator", sa.Column("digest", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "article_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("article_id", BIG, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_key_article_id")),
        sa.PrimaryKeyConstraint("key", "article_id", name=op.f("pk_article_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_article_key_article_id"), "article_key", ["article_id"], unique=False)
    op.execute("INSERT INTO article_key (key, article_id) SELECT key, id FROM article")
    op.create_table(
        "draft_story",
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("article_id", BIG, autoincrement=False, nullable=False),
        sa.Column("written", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_draft_story_article_id")),
        sa.PrimaryKeyConstraint("issue", "article_id", name=op.f("pk_draft_story")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_draft_story_article_id"), "draft_story", ["article_id"], unique=False)
