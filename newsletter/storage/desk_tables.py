"""Tables of what editors do: who did what, who approved which letter, and who wrote at an issue last.

They belong to the same schema as those in `tables`. No reader stands here, by address or by id.
"""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, Text, UniqueConstraint

from newsletter.storage.tables import metadata

__all__ = ["activity", "approval", "last_editor", "metadata"]

_Id = BigInteger().with_variant(Integer, "sqlite")

activity = Table(
    "activity",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("person", Text, nullable=False),  # a name of the desk, terminal:account, or a process
    Column("act", Text, nullable=False),
    Column("about", Text, nullable=False),  # number of an issue, public id, count; never an address
    Index(None, "at"),
    sqlite_autoincrement=True,
)

# A letter that somebody else than its writer has read and found good. Any change of it gives another fingerprint.
approval = Table(
    "approval",
    metadata,
    Column("id", _Id, Identity(), primary_key=True),
    Column("issue", Text, nullable=False),  # its key
    Column("fingerprint", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("issue", "fingerprint", "person"),
    sqlite_autoincrement=True,
)

last_editor = Table(
    "last_editor",
    metadata,
    Column("issue", Text, primary_key=True),  # its key
    Column("person", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
