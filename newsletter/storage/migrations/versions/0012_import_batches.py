"""Which import brought a subscription, so that it can be taken back; and names, for those who look for readers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the marks; earlier imports cannot be taken back, and nobody has a name so far."""
    op.create_table(
        "import_batch",
        sa.Column("id", BIG, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_consent", BIG, server_default="0", nullable=False),
        sa.Column("undone", BIG, nullable=True),
        sa.Column("undone_by", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_back", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_import_batch_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
        sa.UniqueConstraint("name", name=op.f("uq_import_batch_name")),
        sqlite_autoincrement=True,
    )
    for table in ("subscription", "kept_wish"):
        # In one statement, which SQLite takes; its tables need no copy for a column that may be empty.
        named = f"fk_{table}_batch_id"
        reference = f"batch_id BIGINT CONSTRAINT {named} REFERENCES import_batch (id)"
        if op.get_bind().dialect.name == "sqlite":
            reference = reference.replace("BIGINT", "INTEGER")
        op.execute(f"ALTER TABLE {table} ADD COLUMN {reference}")
    columns = ["list_id", "created", "subscriber_id"]
    op.create_index(op.f("ix_subscription_list_id_created_subscriber_id"), "subscription", columns)
    for name in ("name", "name_key"):
        op.add_column("subscriber", sa.Column(name, sa.Text(), server_default="", nullable=False))
