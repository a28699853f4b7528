"""The tables of the readers' side. Import it late: it is all SQLAlchemy.

Ids of subscribers are never given twice, also after an erasure (AUTOINCREMENT, identity), because other tables of
both sides keep them for years. Moments are whole Unix seconds in UTC. No foreign key crosses into other tables.
"""

from __future__ import annotations

from sqlalchemy import (  # noqa: TID253  this module is nothing but SQL, and is imported late itself
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    true,
)

from subscribers.models import ACCOUNT_REQUESTS, LETTER_KINDS, LETTER_STATES, RHYTHMS, STATUSES

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes ids by itself only for a column that is called exactly INTEGER; it holds 64 bits there too.
_BIG = BigInteger().with_variant(Integer(), "sqlite")

# Compared byte by byte everywhere: a locale's order would change under the index when the system is upgraded.
_KEY = Text().with_variant(Text(collation="C"), "postgresql")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


subscriber = Table(
    "subscriber",
    metadata,
    Column("id", _BIG, Identity(), primary_key=True),
    Column("address", Text, nullable=False),
    Column("address_key", _KEY, nullable=False, unique=True),
    Column("public_id", LargeBinary, nullable=False, unique=True),
    Column("epoch", _BIG, nullable=False, server_default="0"),
    Column("needs_smtputf8", Boolean(create_constraint=False), nullable=False),
    Column("created", _BIG, nullable=False),
    # False: their letters have the links as they are, where those of others are counted.
    Column("count_clicks", Boolean(create_constraint=False), nullable=False, server_default=true()),
    # As an editor or a file wrote it, only so that editors find the person: letters carry none. Beside it the same
    # folded for searching (``subscribers.folding``).
    Column("name", Text, nullable=False, server_default=""),
    Column("name_key", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

list_ = Table(
    "list",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("created", _BIG, nullable=False),
    Column("closed", _BIG),  # since when nobody can join it and nothing goes out to it
    sqlite_autoincrement=True,
)

# What came in by one file, so that it can be taken back. Numbers and an editor's name, nothing of any reader: who came
# by it is known by ``batch_id`` of their subscription, and no longer when they are erased.
import_batch = Table(
    "import_batch",
    metadata,
    Column("id", _BIG, Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("list_id", Integer, ForeignKey(list_.c.id), nullable=False),
    Column("by", Text, nullable=False, server_default=""),
    Column("at", _BIG, nullable=False),
    Column("number", Integer, nullable=False, server_default="0"),  # that it subscribed or keeps to be asked
    # Id of the last line of consent that it wrote: who has a later one has acted since.
    Column("last_consent", _BIG, nullable=False, server_default="0"),
    Column("undone", _BIG),
    Column("undone_by", Text, nullable=False, server_default=""),
    Column("taken_back", Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

# The list stands first in the key: an audience is then one walk along it, in order of subscriber id.
subscription = Table(
    "subscription",
    metadata,
    Column("list_id", Integer, ForeignKey(list_.c.id), primary_key=True, autoincrement=False),
    Column("subscriber_id", _BIG, ForeignKey(subscriber.c.id), primary_key=True, autoincrement=False),
    Column("status", Text, nullable=False),
    Column("rhythm", Text, nullable=False),
    # Bit n: the person does not want topic n. So 0 wants all, also a topic that the list gets later.
    Column("declined_topics", SmallInteger, nullable=False, server_default="0"),
    Column("paused_until", _BIG),
    Column("created", _BIG, nullable=False),
    Column("changed", _BIG, nullable=False),
    Column("batch_id", _BIG, ForeignKey(import_batch.c.id)),  # the import that made it; null for any other road
    CheckConstraint(_one_of("status", STATUSES), name="status"),
    CheckConstraint(_one_of("rhythm", RHYTHMS), name="rhythm"),
    CheckConstraint("declined_topics BETWEEN 0 AND 255", name="declined_topics"),
    Index(None, "subscriber_id"),
    Index(None, "list_id", "created", "subscriber_id"),  # who came last, page by page
    sqlite_with_rowid=False,
)

# Rows are only ever added here; erasing the person is the one thing that takes them away.
consent = Table(
    "consent",
    metadata,
    Column("id", _BIG, Identity(), primary_key=True),
    Column("subscriber_id", _BIG, ForeignKey(subscriber.c.id), nullable=False),
    Column("list_id", Integer, ForeignKey(list_.c.id), nullable=False),
    Column("act", Text, nullable=False),
    Column("at", _BIG, nullable=False),
    Column("how", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("network", Text, nullable=False, server_default=""),
    Column("page", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    # Where a line was brought from, and when it was written here: ``at`` is when the person said it.
    Column("source", Text, nullable=False, server_default=""),
    Column("recorded", _BIG),
    Index(None, "subscriber_id"),
    sqlite_autoincrement=True,
)

# A fact about an address, kept without the address: it outlives the subscriber. The fingerprint is an HMAC under a
# secret that is not in the database. subscriber_id is set while a subscriber has that address.
suppression = Table(
    "suppression",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("key_id", SmallInteger, nullable=False),
    Column("subscriber_id", _BIG, ForeignKey(subscriber.c.id), unique=True),
    Column("reason", Text, nullable=False),
    Column("at", _BIG, nullable=False),
    sqlite_with_rowid=False,
)

# What speaks against an address without being enough alone: one row for each letter that bounced softly or was
# blocked. Rows older than the rule looks back are of no use and are deleted.
trouble = Table(
    "trouble",
    metadata,
    Column("subscriber_id", _BIG, ForeignKey(subscriber.c.id), primary_key=True, autoincrement=False),
    Column("delivery", Text, primary_key=True),
    Column("at", _BIG, nullable=False),
    sqlite_with_rowid=False,
)

# Hard bounces that came too many at once to be believed: the address is mailed until an editor accepts them.
held_bounce = Table(
    "held_bounce",
    metadata,
    Column("subscriber_id", _BIG, ForeignKey(subscriber.c.id), primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("domain", _KEY, nullable=False),
    Column("at", _BIG, nullable=False),
    Index(None, "domain"),
    sqlite_with_rowid=False,
)

# Readers whose address bounced for good within the last hour or so, suppressed for it or held: what tells that bounces
# of one domain come together. Older rows are of no use and are deleted.
recent_bounce = Table(
    "recent_bounce",
    metadata,
    Column("subscriber_id", _BIG, ForeignKey(subscriber.c.id), primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("domain", _KEY, nullable=False),
    Column("at", _BIG, nullable=False),
    Index(None, "domain", "at"),
    Index(None, "at"),
    sqlite_with_rowid=False,
)

# How many readers of a domain could be mailed when its bounces last came together: counting walks along all readers.
domain_readers = Table(
    "domain_readers",
    metadata,
    Column("domain", _KEY, primary_key=True),
    Column("readers", Integer, nullable=False),
    Column("at", _BIG, nullable=False),
    sqlite_with_rowid=False,
)

# Small letters: written together with what caused them, sent afterwards by whoever serves.
small_letter = Table(
    "small_letter",
    metadata,
    Column("id", _BIG, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subscriber_id", _BIG, ForeignKey(subscriber.c.id), nullable=False),
    Column("list_id", Integer, ForeignKey(list_.c.id), nullable=False),
    Column("created", _BIG, nullable=False),
    # Where it goes when that is not the address the subscriber has; emptied when the letter needs nothing more.
    Column("address", Text),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("token", Text),  # whoever holds it at the moment; random for each claim
    Column("lease_until", _BIG),
    CheckConstraint(_one_of("kind", LETTER_KINDS), name="kind"),
    CheckConstraint(_one_of("state", LETTER_STATES), name="state"),
    Index(None, "subscriber_id"),
    Index(None, "state", "id"),
    sqlite_autoincrement=True,
)

# Confirmation letters asked for lately, in buckets of time, counted for all web workers together. The key is an HMAC of
# an address, network or domain: nobody can be found by it.
letter_count = Table(
    "letter_count",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("bucket", _BIG, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Index(None, "bucket"),
    sqlite_with_rowid=False,
)

# The links of confirmation letters. The link itself stands only in the letter; here is its SHA-256.
confirmation = Table(
    "confirmation",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("subscriber_id", _BIG, ForeignKey(subscriber.c.id), nullable=False),
    Column("list_id", Integer, ForeignKey(list_.c.id), nullable=False),
    Column("created", _BIG, nullable=False),
    Column("expires", _BIG, nullable=False),
    Index(None, "subscriber_id"),
    sqlite_with_rowid=False,
)

# What a person asked for on their own page and has to confirm by a letter: another address, or to be erased.
account_request = Table(
    "account_request",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("subscriber_id", _BIG, ForeignKey(subscriber.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", Text),
    Column("created", _BIG, nullable=False),
    Column("expires", _BIG, nullable=False),
    CheckConstraint(_one_of("kind", ACCOUNT_REQUESTS), name="kind"),
    Index(None, "subscriber_id"),
    sqlite_with_rowid=False,
)

# Wishes to subscribe that could not be asked about at once, because too many came or a whole file is to be asked: the
# confirmation letter follows when the caps allow it. Nobody is a subscriber by standing here.
kept_wish = Table(
    "kept_wish",
    metadata,
    Column("list_id", Integer, ForeignKey(list_.c.id), primary_key=True, autoincrement=False),
    Column("address_key", _KEY, primary_key=True),
    Column("address", Text, nullable=False),
    Column("road", Text, nullable=False),
    Column("rhythm", Text, nullable=False),
    Column("declined_topics", SmallInteger, nullable=False, server_default="0"),
    Column("how", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("network", Text, nullable=False, server_default=""),
    Column("block", _KEY, nullable=False, server_default=""),  # the widest that the network lies in; they take turns
    Column("page", Text, nullable=False, server_default=""),
    Column("created", _BIG, nullable=False),
    Column("expires", _BIG, nullable=False),
    Column("batch_id", _BIG, ForeignKey(import_batch.c.id)),  # as of a subscription
    CheckConstraint(_one_of("rhythm", RHYTHMS), name="rhythm"),
    CheckConstraint("declined_topics BETWEEN 0 AND 255", name="declined_topics"),
    Index(None, "created"),
    Index(None, "block", "created"),
    sqlite_with_rowid=False,
)

# Readers whose letters have not arrived for months, each asked once whether they still want them. A row stays, so that
# nobody is asked again; it goes with the person, or when a letter reaches them.
still_wanted = Table(
    "still_wanted",
    metadata,
    Column("subscriber_id", _BIG, ForeignKey(subscriber.c.id), primary_key=True, autoincrement=False),
    Column("list_id", Integer, ForeignKey(list_.c.id), primary_key=True, autoincrement=False),
    Column("created", _BIG, nullable=False),  # when an editor said yes to asking
    Column("days", Integer, nullable=False),  # to answer
    Column("asked", _BIG),  # null while it waits for the caps
    Column("until", _BIG),  # the day that the letter names
    Column("letter_id", _BIG),  # of the small letter, which is forgotten before
    Column("answered", _BIG),
    Column("let_go", _BIG),
    Index(None, "asked", "created"),
    Index(None, "until"),
    sqlite_with_rowid=False,
)
