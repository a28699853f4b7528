"""The table of what was published: which issue, where, and as it stood there after it was written last.

It belongs to the same schema as those in `tables`. No reader stands here, by address or by id.
"""

from sqlalchemy import BigInteger, Column, Identity, Integer, Table, Text, UniqueConstraint

from newsletter.storage.tables import metadata

__all__ = ["metadata", "published"]

_Id = BigInteger().with_variant(Integer, "sqlite")

published = Table(
    "published",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("target", Text, nullable=False),
    Column("site", Text, nullable=False),  # address of the site it is on
    Column("issue", Text, nullable=False),  # key of the issue
    Column("post", BigInteger, nullable=False, server_default="0"),  # its number there; 0 before it is known
    Column("kind", Text, nullable=False, server_default="post"),  # type of the post
    Column("link", Text, nullable=False, server_default=""),  # its address
    Column("public", Integer, nullable=False, server_default="0"),  # whether everybody may see it
    Column("written", Text, nullable=False, server_default=""),  # JSON: what it said after we wrote last
    Column("writing", Text, nullable=False, server_default=""),  # JSON: what is being written; else empty
    Column("pictures", Text, nullable=False, server_default=""),  # JSON: digest of a picture to number and address
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("target", "site", "issue"),
    sqlite_autoincrement=True,
)
