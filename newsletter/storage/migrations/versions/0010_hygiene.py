"""Readers who were asked whether they still want their letters."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add a table, and a kind of small letter; nobody was asked so far."""
    last = _last_id("small_letter")
    with op.batch_alter_table("small_letter", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint(op.f("ck_small_letter_kind"), type_="check")
        table.create_check_constraint(
            op.f("ck_small_letter_kind"),
            "kind IN ('confirmation', 'welcome', 'goodbye', 'preferences', 'new-address', 'address-changed',"
            " 'erasure', 'still-wanted')",
        )
    if last is not None:
        # SQLite's copy of the table knows only the ids that are still there; none may come back.
        op.execute(sa.text("UPDATE sqlite_sequence SET seq = :last WHERE name = 'small_letter'").bindparams(last=last))
    op.create_table(
        "still_wanted",
        sa.Column("subscriber_id", BIG, autoincrement=False, nullable=False),
        sa.Column("list_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        *(sa.Column(name, BIG, nullable=True) for name in ("asked", "until", "letter_id", "answered", "let_go")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_still_wanted_subscriber_id")),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_still_wanted_list_id")),
        sa.PrimaryKeyConstraint("subscriber_id", "list_id", name=op.f("pk_still_wanted")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_still_wanted_asked_created"), "still_wanted", ["asked", "created"])
    op.create_index(op.f("ix_still_wanted_until"), "still_wanted", ["until"])


def _last_id(table: str) -> int | None:
    """The last id that a table gave, where the copy of the table would forget it: on SQLite."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return None
    query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name").bindparams(name=table)
    return connection.execute(query).scalar()
