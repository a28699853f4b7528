"""Tables of what the newsroom's own site tells of its posts.

They belong to the same schema as those in `tables`. No reader stands here.
"""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, Text

from newsletter.storage.tables import metadata

__all__ = ["metadata", "site_knock", "site_post"]

_Id = BigInteger().with_variant(Integer, "sqlite")

# One row for each post, however often the site tells of it: what counts is how it stands.
site_post = Table(
    "site_post",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),  # as article_key has it: id:wordpress:example.org#8
    Column("site", Text, nullable=False),  # address of its front page
    Column("number", BigInteger, nullable=False),  # WordPress' own
    Column("state", Text, nullable=False),  # publish, password, private, draft, pending, future, trash, deleted
    Column("url", Text, nullable=False),
    Column("before", Text, nullable=False, server_default=""),  # its address before this change
    Column("modified", BigInteger, nullable=False),
    Column("moment", BigInteger, nullable=False),  # milliseconds, when the site told it: later words win
    Column("told", BigInteger, nullable=False),  # when it arrived
    Column("letter", Text, nullable=False, server_default=""),  # '' leaves it to the rules; no, yes, lead
    Column("headline", Text, nullable=False, server_default=""),
    Column("summary", Text, nullable=False, server_default=""),
    Column("section", Text, nullable=False, server_default=""),
    Column("at_once", Integer, nullable=False, server_default="0"),
    Column("correction", Text, nullable=False, server_default=""),
    Column("noted", Text, nullable=False, server_default=""),  # "1:12 2:3": list and issue that bring the correction
    Column("due", BigInteger),  # when it is looked at; null when there is nothing to do
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("wrong", Text, nullable=False, server_default=""),  # why the last try brought nothing
    sqlite_autoincrement=True,
)
Index(None, site_post.c.due)

# What was let in lately, so that nobody lets it in twice.
site_knock = Table(
    "site_knock",
    metadata,
    Column("knock", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index(None, site_knock.c.at)
