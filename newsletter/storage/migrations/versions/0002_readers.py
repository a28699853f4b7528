"""Evidence of consent, held bounces, kept wishes, requests of readers, closed lists."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite makes ids by itself only for a column that is called exactly INTEGER; it holds 64 bits there too.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add columns and tables; nothing that is there changes its meaning."""
    op.add_column("list", sa.Column("closed", BIG, nullable=True))
    for name in ("network", "page", "reason", "source"):
        op.add_column("consent", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("consent", sa.Column("recorded", BIG, nullable=True))
    last = _last_id("small_letter")
    with op.batch_alter_table("small_letter", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("address", sa.Text(), nullable=True))
        table.drop_constraint(op.f("ck_small_letter_kind"), type_="check")
        table.create_check_constraint(
            op.f("ck_small_letter_kind"),
            "kind IN ('confirmation', 'welcome', 'goodbye', 'preferences', 'new-address', 'address-changed',"
            " 'erasure')",
        )
    if last is not None:
        # SQLite's copy of the table knows only the ids that are still there; none may come back.
        op.execute(sa.text("UPDATE sqlite_sequence SET seq = :last WHERE name = 'small_letter'").bindparams(last=last))
    op.create_table(
        "account_request",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("created", BIG, nullable=False),
        sa.Column("expires", BIG, nullable=False),
        sa.CheckConstraint("kind IN ('address', 'erase')", name=op.f("ck_account_request_kind")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_account_request_subscriber_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_account_request")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_account_request_subscriber_id"), "account_request", ["subscriber_id"], unique=False)
    op.create_table(
        "held_bounce",
        sa.Column("subscriber_id", BIG, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("domain", KEY, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_held_bounce_subscriber_id")),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_held_bounce")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_held_bounce_domain"), "held_bounce", ["domain"], unique=False)
    op.create_table(
        "recent_bounce",
        sa.Column("subscriber_id", BIG, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("domain", KEY, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_recent_bounce_subscriber_id")),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_recent_bounce")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_recent_bounce_domain_at"), "recent_bounce", ["domain", "at"], unique=False)
    op.create_index(op.f("ix_recent_bounce_at"), "recent_bounce", ["at"], unique=False)
    op.create_table(
        "domain_readers",
        sa.Column("domain", KEY, nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_domain_readers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "kept_wish",
        sa.Column("list_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address_key", KEY, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("road", sa.Text(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("declined_topics", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), server_default="", nullable=False),
        sa.Column("block", KEY, server_default="", nullable=False),
        sa.Column("page", sa.Text(), server_default="", nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("expires", BIG, nullable=False),
        sa.CheckConstraint("rhythm IN ('instant', 'daily', 'weekly')", name=op.f("ck_kept_wish_rhythm")),
        sa.CheckConstraint("declined_topics BETWEEN 0 AND 255", name=op.f("ck_kept_wish_declined_topics")),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_kept_wish_list_id")),
        sa.PrimaryKeyConstraint("list_id", "address_key", name=op.f("pk_kept_wish")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_kept_wish_created"), "kept_wish", ["created"], unique=False)
    op.create_index(op.f("ix_kept_wish_block_created"), "kept_wish", ["block", "created"], unique=False)


def _last_id(table: str) -> int | None:
    """The last id that a table gave, where the copy of the table would forget it: on SQLite."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return None
    query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name").bindparams(name=table)
    return connection.execute(query).scalar()
