"""Everything of the readers' side that is kept in the database.

Every function is handed an open SQLAlchemy connection and leaves commit and rollback to its caller. The same SQL
runs on SQLite and PostgreSQL. Import it late: it is all SQLAlchemy.
"""

from subscribers.store.lists import add_list, list_named, list_or_none, lists
from subscribers.store.people import (
    add,
    consents_of,
    find,
    find_id,
    find_public,
    record,
    set_status,
    subscribers,
    subscription_of,
    subscriptions_of,
)
from subscribers.store.recipients import audience, eligible

__all__ = [
    "add",
    "add_list",
    "audience",
    "consents_of",
    "eligible",
    "find",
    "find_id",
    "find_public",
    "list_named",
    "list_or_none",
    "lists",
    "record",
    "set_status",
    "subscribers",
    "subscription_of",
    "subscriptions_of",
]
