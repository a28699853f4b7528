"""The tables of the editors' wing: the library of articles, the ledger of sends, and pictures that the pages serve.

Moments are Unix seconds, UTC. Subscribers and lists are known here by id only: no address, and no foreign key
across the wall, so erasing a person touches nothing here.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# On SQLite only INTEGER PRIMARY KEY is the row id; AUTOINCREMENT keeps the ids of deleted rows from coming back.
_Id = BigInteger().with_variant(Integer, "sqlite")

article = Table(
    "article",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # the key it was added under; article_key has all of them
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=False),  # '' when the source names none
    Column("summary", Text, nullable=False),
    Column("body", Text, nullable=False),  # sanitised HTML
    Column("image", Text, nullable=False),
    Column("image_alt", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("published", BigInteger),  # null when the source does not say
    Column("zone", Integer, nullable=False),  # the source's offset from UTC in minutes, to show its own date
    Column("source", Text, nullable=False),
    Column("tags", Text, nullable=False, server_default=""),  # one a line
    Column("sticky", Integer),  # null when the source does not say
    Column("collected", BigInteger, nullable=False),
    Column("reading", Text, nullable=False, server_default=""),  # the road its text came by: rest, page or feed
    Column("seen", BigInteger),  # when that road showed it last
    Column("withdrawn", BigInteger),  # when its site was found to show it no more; null while it does
    Column("withdrawn_reason", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
Index(None, article.c.published)

# Every name an article is or was known by: what its source calls it for good, its addresses, a digest of its words.
# Two articles may share an address (a live blog), so a key alone is not unique.
article_key = Table(
    "article_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("article_id", ForeignKey("article.id"), primary_key=True),
    sqlite_with_rowid=False,
)
Index(None, article_key.c.article_id)

issue = Table(
    "issue",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # an issue's number; list, rhythm and date for latest posts
    # Whoever got it begins their next letter behind this article. Ids know no clock.
    Column("newest", BigInteger),
    sqlite_autoincrement=True,
)

# What a story of a draft was written from, to tell what the site has changed since from what the editor has.
draft_story = Table(
    "draft_story",
    metadata,
    Column("issue", Text, primary_key=True),  # its number
    Column("article_id", ForeignKey("article.id"), primary_key=True),
    Column("written", Text, nullable=False),  # JSON: headline, summary, image, image_alt, url, published
    sqlite_with_rowid=False,
)
Index(None, draft_story.c.article_id)

carried = Table(
    "carried",
    metadata,
    Column("article_id", ForeignKey("article.id"), primary_key=True),
    Column("issue_id", ForeignKey("issue.id"), primary_key=True),
    Column("list_id", BigInteger, primary_key=True),
    Column("rhythm", Text, primary_key=True),
)

# What can be sent once for a list and rhythm, whatever the clock does: a week, a day, an article.
period = Table(
    "period",
    metadata,
    Column("list_id", BigInteger, primary_key=True, autoincrement=False),
    Column("rhythm", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("issue_id", ForeignKey("issue.id"), nullable=False),
    sqlite_with_rowid=False,
)

send = Table(
    "send",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),  # random; stands in every Message-ID
    Column("issue_id", ForeignKey("issue.id"), nullable=False),
    Column("list_id", BigInteger, nullable=False),
    Column("rhythm", Text, nullable=False),  # instant, daily, weekly or all
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),  # why it is paused or cancelled
    Column("paused_by", Text, nullable=False, server_default=""),  # as below; '' while it is not
    Column("probe_at", Double),  # by the database's clock: when a paused send is tried again by itself; null: never
    Column("probes", Integer, nullable=False, server_default="0"),  # tried so often since a letter was taken last
    Column("sender", Text, nullable=False, server_default=""),  # which provider and account it was frozen for
    Column("source", Text, nullable=False, server_default=""),  # digest of what its letters were made of
    Column("subject", Text, nullable=False),
    Column("audience", Integer, nullable=False),  # deliveries frozen for it
    Column("created", BigInteger, nullable=False),
    Column("send_at", BigInteger),  # null: at once
    Column("finished", BigInteger),
    # What the provider reported of its deliveries so far: delivered or bounced, hard bounces, complaints.
    Column("answered", Integer, nullable=False, server_default="0"),
    Column("bounced", Integer, nullable=False, server_default="0"),
    Column("complained", Integer, nullable=False, server_default="0"),
    CheckConstraint("state IN ('scheduled', 'running', 'paused', 'finished', 'cancelled')", name="state"),
    CheckConstraint("paused_by IN ('', 'editor', 'provider', 'reports', 'warm-up', 'trial')", name="paused_by"),
    sqlite_autoincrement=True,
)
# Unique on issue, list and rhythm while it is not cancelled (uq_send_live): an issue goes to a list once. The migration
# makes that index; here it would load the words of PostgreSQL into every command.

letter = Table(
    "letter",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("send_id", ForeignKey("send.id"), nullable=False),
    Column("variant", Text, nullable=False),  # '' or the topics it holds
    Column("frozen", LargeBinary, nullable=False),  # letters.mime.to_json, compressed
    Column("subject", Integer, nullable=False, server_default="0"),  # which of those tried, from 1; 0: it has one
    UniqueConstraint("send_id", "variant", "subject"),
    sqlite_autoincrement=True,
)

batch = Table(
    "batch",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("send_id", ForeignKey("send.id"), nullable=False),
    Column("letter_id", ForeignKey("letter.id")),  # null: its subscribers get no letter of this send
    Column("position", Integer),  # its place when the send was frozen; null for one that was made later
    # The state of all its deliveries that have none of their own.
    Column("state", Text, nullable=False),
    Column("token", Text),  # who holds it; random for each claim
    Column("lease_until", Double),  # by the database's clock
    Column("request_id", Text),  # new for each attempt; travels with the letters
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("sender", Text),  # the provider of its last attempt; null before the first
    Column("held", Integer, nullable=False, server_default="0"),  # 1: it waits for the subject that proves best
    CheckConstraint("state IN ('queued', 'submitting', 'submitted', 'refused', 'unknown')", name="state"),
    sqlite_autoincrement=True,
)
Index(None, batch.c.send_id, batch.c.state)
Index(None, batch.c.send_id, batch.c.position)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("issue_id", ForeignKey("issue.id"), nullable=False),
    Column("subscriber_id", BigInteger, nullable=False),
    Column("batch_id", ForeignKey("batch.id"), nullable=False),
    Column("state", Text),  # null: as its batch
    Column("reason", Text),  # why it was skipped or refused
    UniqueConstraint("issue_id", "subscriber_id"),  # nobody gets an issue twice
    CheckConstraint("state IN ('queued', 'submitting', 'submitted', 'refused', 'unknown', 'skipped')", name="state"),
    sqlite_autoincrement=True,
)
Index(None, delivery.c.batch_id)

# What a provider reported, each thing once however often it is told. The provider's own words are not kept: they can
# hold an address. Nor is what somebody opened or clicked: a click is a number of its link (see below).
event = Table(
    "event",
    metadata,
    Column("delivery_id", ForeignKey("delivery.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("bounce", Text),  # hard, invalid, soft, blocked or policy
    # Why it bounced or was deferred: a name of text.reasons; '' for what came before those were kept, and for others.
    Column("reason", Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)
# Events with a reason are few and looked for by their moment (ix_event_reason_at). The migration makes that index, for
# the same reason as the one above.

# The three tables below keep their first names in SQL, since renaming a table is a migration of every workspace for no
# reader's good; Python calls them by the words of the field: ``mark`` is a cursor, ``pace`` a rate limit, ``seat`` a
# connection to a provider.

# How far something outside was read.
cursor = Table(
    "mark",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

# How many letters may go at this moment, for each rate limit; below 0 some are owed.
rate_limit = Table(
    "pace",
    metadata,
    Column("name", Text, primary_key=True),
    Column("tokens", Double, nullable=False),
    Column("at", Double, nullable=False),  # when that was true, by the database's clock
)

# A connection that may be open to a provider; whose lease ran out is free.
provider_connection = Table(
    "seat",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("token", Text),  # who has it
    Column("lease_until", Double),  # by the database's clock
)

# What a feed was marked with when it was read last (RFC 9110 section 8.8), so that it is read again only when changed.
validator = Table(
    "validator",
    metadata,
    Column("target", Text, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("modified", Text, nullable=False),
    Column("digest", Text, nullable=False, server_default=""),  # of its bytes: many servers mark nothing
)

# A picture that stands in letters by its address at the reader pages. Its bytes are here and in no folder, so that
# every machine that serves the pages has them, and every backup.
media = Table(
    "media",
    metadata,
    Column("name", Text, primary_key=True),  # of its bytes: a changed picture is another one
    Column("content_type", Text, nullable=False),
    Column("width", Integer, nullable=False),  # pixels; 0 when unknown
    Column("height", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),  # when a letter named it first
    Column("used_at", BigInteger, nullable=False),  # when one named it last
    Column("frozen_at", BigInteger),  # when a send first froze it, which keeps it for good; null: tests only
    Column("data", LargeBinary, nullable=False),  # the last column: what asks for the others reads past none of it
)

# What letters ask their readers, in the words that were frozen with them: the pages ask without any file at hand.
poll = Table(
    "poll",
    metadata,
    Column("name", Text, primary_key=True),  # of its words and its letter
    Column("issue", Text, nullable=False),  # key
    Column("list", Text, nullable=False),  # name
    Column("question", Text, nullable=False),
    Column("shows_results", Integer, nullable=False),  # 1: to who has answered
    Column("frozen_at", BigInteger, nullable=False),
    Column("closes_at", BigInteger),  # null: never
    Index(None, "issue"),
)

# How many gave each answer. There is no row, and no column, for anybody who did.
poll_answer = Table(
    "poll_answer",
    metadata,
    Column("poll", Text, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),  # from 0
    Column("words", Text, nullable=False),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Forms that were counted, so that a second press of the same button counts nothing; kept for a day. Neither the
# question nor the answer stands here.
poll_form = Table(
    "poll_form",
    metadata,
    Column("form", LargeBinary, primary_key=True),  # the start of a SHA-256 of what the page wrote into the form
    Column("hour", BigInteger, nullable=False),  # of the first press, and no more exact than that
    Index(None, "hour"),
    sqlite_with_rowid=False,
)

# The links of letters whose clicks are counted. They are the same for all readers of a letter, and no column of this
# table or the next two is about a reader or a delivery.
link = Table(
    "link",
    metadata,
    Column("name", Text, primary_key=True),  # of its letter and its address
    Column("issue", Text, nullable=False),  # key
    Column("list", Text, nullable=False),  # name
    Column("subject", Integer, nullable=False),  # which of the subjects tried, from 1; 0: there was one
    Column("url", Text, nullable=False),  # '' of clicks that were reported for an address the letter does not have
    Column("story", Text, nullable=False),  # its headline; '' of what belongs to no story
    Column("sponsor", Text, nullable=False),
    Column("place", Integer, nullable=False),  # in the letter, from 1; 0 when it is not known
    Column("frozen_at", BigInteger, nullable=False),
    Index(None, "issue"),
    Index(None, "frozen_at"),
)

# How often each was asked for in an hour: by people, and by programs as far as they can be told apart.
click = Table(
    "click",
    metadata,
    Column("link", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),  # Unix seconds divided by 3600
    Column("people", Integer, nullable=False),
    Column("machines", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Reports of clicks that were counted, since a provider tells them again; kept for some days. A keyed hash, and neither
# the link nor whose letter it was.
click_report = Table(
    "click_report",
    metadata,
    Column("mark", LargeBinary, primary_key=True),  # the start of an HMAC under a key that is not in the database
    Column("hour", BigInteger, nullable=False),  # when it was counted
    Index(None, "hour"),
    sqlite_with_rowid=False,
)

# A DMARC aggregate report (RFC 9990): what one receiver saw in a day of letters in our name. Known by who wrote it and
# what they call it, so that the same one counts once.
dmarc_report = Table(
    "dmarc_report",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("org", Text, nullable=False),
    Column("report_id", Text, nullable=False),
    Column("domain", Text, nullable=False),  # of whose policy it speaks
    Column("policy", Text, nullable=False),  # none, quarantine or reject, as the receiver read it
    Column("begins", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False),  # when it was read
    UniqueConstraint("org", "report_id"),
    Index(None, "ends"),
    sqlite_autoincrement=True,
)

# Letters of one server in such a report. Servers stand in it, no readers.
dmarc_row = Table(
    "dmarc_row",
    metadata,
    Column("report_id", ForeignKey("dmarc_report.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # its place in the report
    Column("source", Text, nullable=False),  # address of the server
    Column("letters", BigInteger, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("dkim", Text, nullable=False),  # pass: a signature that is aligned with From
    Column("spf", Text, nullable=False),  # pass: a return path that is aligned with From
    Column("header_from", Text, nullable=False),
    Column("dkim_domain", Text, nullable=False),  # of a signature that was there, aligned or not
    Column("dkim_result", Text, nullable=False),
    Column("spf_domain", Text, nullable=False),
    Column("spf_result", Text, nullable=False),
    sqlite_with_rowid=False,
)

# What servers that the settings trust found of our own letters (RFC 8601), in numbers for each day.
letter_authentication = Table(
    "letter_authentication",
    metadata,
    Column("day", BigInteger, primary_key=True, autoincrement=False),  # its first second
    Column("server", Text, primary_key=True),
    Column("method", Text, primary_key=True),  # spf, dkim, dmarc or arc
    Column("result", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Subjects of one send that are tried on a part of its audience, and what was decided (A/B test). No reader stands here.
trial = Table(
    "trial",
    metadata,
    Column("send_id", BigInteger, ForeignKey("send.id"), primary_key=True, autoincrement=False),
    Column("measure", Text, nullable=False),  # what is compared
    Column("asks", Integer, nullable=False),  # 1: an editor decides
    Column("wait", BigInteger, nullable=False),  # seconds between the last letter of the sample and the decision
    Column("rest", Integer, nullable=False),  # readers who wait for it
    Column("decide_at", BigInteger),  # null until the sample has gone
    Column("decided_at", BigInteger),
    Column("decided_by", Text, nullable=False, server_default=""),
    Column("verdict", Text, nullable=False, server_default=""),
    Column("chosen", Integer, nullable=False, server_default="0"),
    CheckConstraint("measure IN ('clicks', 'losses')", name="measure"),
    CheckConstraint("decided_by IN ('', 'itself', 'editor')", name="decided_by"),
    CheckConstraint("verdict IN ('', 'better', 'no difference')", name="verdict"),
)

# The numbers by which it was decided are kept: later the rest has the same letter.
trial_subject = Table(
    "trial_subject",
    metadata,
    Column("send_id", BigInteger, ForeignKey("send.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1, in the editor's order
    Column("words", Text, nullable=False),
    Column("readers", Integer, nullable=False),  # in its part of the sample
    Column("sent", Integer),  # this and the two below: null until it is decided
    Column("counted", Integer),
    Column("chance", Double),  # that it is the best
)
