"""The first schema: articles, issues, sends and deliveries; subscribers, lists, subscriptions and consent."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite makes ids by itself only for a column that is called exactly INTEGER; it holds 64 bits there too.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "article",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("image_alt", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=True),
        sa.Column("zone", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), server_default="", nullable=False),
        sa.Column("sticky", sa.Integer(), nullable=True),
        sa.Column("collected", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_article_published"), "article", ["published"], unique=False)
    op.create_table(
        "issue",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue")),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "letter_count",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("bucket", BIG, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", "bucket", name=op.f("pk_letter_count")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_letter_count_bucket"), "letter_count", ["bucket"], unique=False)
    op.create_table(
        "list",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list")),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "mark",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mark")),
    )
    op.create_table(
        "pace",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pace")),
    )
    op.create_table(
        "seat",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("provider", "number", name=op.f("pk_seat")),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("public_id", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", BIG, server_default="0", nullable=False),
        sa.Column("needs_smtputf8", sa.Boolean(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("address_key"),
        sa.UniqueConstraint("public_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "validator",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("modified", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_validator")),
    )
    op.create_table(
        "carried",
        sa.Column("article_id", BIG, nullable=False),
        sa.Column("issue_id", BIG, nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_carried_article_id")),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_carried_issue_id")),
        sa.PrimaryKeyConstraint("article_id", "issue_id", "list_id", "rhythm", name=op.f("pk_carried")),
    )
    op.create_table(
        "confirmation",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("expires", BIG, nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_confirmation_list_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_confirmation_subscriber_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_confirmation")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_confirmation_subscriber_id"), "confirmation", ["subscriber_id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_consent_list_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_consent_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_consent_subscriber_id"), "consent", ["subscriber_id"], unique=False)
    op.create_table(
        "period",
        sa.Column("list_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issue_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_period_issue_id")),
        sa.PrimaryKeyConstraint("list_id", "rhythm", "name", name=op.f("pk_period")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "send",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("issue_id", BIG, nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("send_at", sa.BigInteger(), nullable=True),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.Column("answered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bounced", sa.Integer(), server_default="0", nullable=False),
        sa.Column("complained", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "state IN ('scheduled', 'running', 'paused', 'finished', 'cancelled')", name=op.f("ck_send_state")
        ),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_send_issue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_send")),
        sa.UniqueConstraint("issue_id", "list_id", "rhythm", name=op.f("uq_send_issue_id_list_id_rhythm")),
        sa.UniqueConstraint("public_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "small_letter",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("lease_until", BIG, nullable=True),
        sa.CheckConstraint("kind IN ('confirmation', 'welcome', 'goodbye')", name=op.f("ck_small_letter_kind")),
        sa.CheckConstraint(
            "state IN ('queued', 'submitting', 'submitted', 'refused', 'unknown')", name=op.f("ck_small_letter_state")
        ),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_small_letter_list_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_small_letter_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_small_letter")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_small_letter_state_id"), "small_letter", ["state", "id"], unique=False)
    op.create_index(op.f("ix_small_letter_subscriber_id"), "small_letter", ["subscriber_id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("list_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subscriber_id", BIG, autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("declined_topics", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("paused_until", BIG, nullable=True),
        sa.Column("created", BIG, nullable=False),
        sa.Column("changed", BIG, nullable=False),
        sa.CheckConstraint("rhythm IN ('instant', 'daily', 'weekly')", name=op.f("ck_subscription_rhythm")),
        sa.CheckConstraint("status IN ('pending', 'confirmed', 'left')", name=op.f("ck_subscription_status")),
        sa.CheckConstraint("declined_topics BETWEEN 0 AND 255", name=op.f("ck_subscription_declined_topics")),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_subscription_list_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscription_subscriber_id")),
        sa.PrimaryKeyConstraint("list_id", "subscriber_id", name=op.f("pk_subscription")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_subscription_subscriber_id"), "subscription", ["subscriber_id"], unique=False)
    op.create_table(
        "suppression",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.SmallInteger(), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_suppression_subscriber_id")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_suppression")),
        sa.UniqueConstraint("subscriber_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trouble",
        sa.Column("subscriber_id", BIG, autoincrement=False, nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_trouble_subscriber_id")),
        sa.PrimaryKeyConstraint("subscriber_id", "delivery", name=op.f("pk_trouble")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "letter",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("send_id", BIG, nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("frozen", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("fk_letter_send_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("send_id", "variant", name=op.f("uq_letter_send_id_variant")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "batch",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("send_id", BIG, nullable=False),
        sa.Column("letter_id", BIG, nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'submitting', 'submitted', 'refused', 'unknown')", name=op.f("ck_batch_state")
        ),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_batch_letter_id")),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("fk_batch_send_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_batch_send_id_position"), "batch", ["send_id", "position"], unique=False)
    op.create_index(op.f("ix_batch_send_id_state"), "batch", ["send_id", "state"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("issue_id", BIG, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'submitting', 'submitted', 'refused', 'unknown', 'skipped')",
            name=op.f("ck_delivery_state"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_delivery_batch_id")),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_delivery_issue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("issue_id", "subscriber_id", name=op.f("uq_delivery_issue_id_subscriber_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_delivery_batch_id"), "delivery", ["batch_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("bounce", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_event_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", "kind", "at", "url", name=op.f("pk_event")),
        sqlite_with_rowid=False,
    )
