"""Everything of the readers' side that is kept in the database.

Every function is handed an open SQLAlchemy connection and leaves commit and rollback to its caller. The same SQL
runs on SQLite and PostgreSQL. Import it late: it is all SQLAlchemy.
"""

from subscribers.store.exports import exported
from subscribers.store.letters import (
    claim_letters,
    confirmation_of,
    keep_confirmation,
    letters_in_doubt,
    letters_since,
    letters_waiting,
    queue_letter,
    settle_letter,
    submitting_letter,
)
from subscribers.store.lists import add_list, leavers, list_by_id, list_named, list_or_none, list_stats, lists
from subscribers.store.people import (
    add,
    consents_of,
    erase,
    everything_about,
    find,
    find_id,
    find_public,
    record,
    revoke_links,
    set_preferences,
    set_status,
    subscribers,
    subscription_of,
    subscriptions_of,
)
from subscribers.store.recipients import audience, declination_counts, declinations, eligible
from subscribers.store.suppressions import (
    lift,
    remember_trouble,
    suppress,
    suppression_of,
    suppressions,
    troubles_of,
    used_keys,
)

__all__ = [
    "add",
    "add_list",
    "audience",
    "claim_letters",
    "confirmation_of",
    "consents_of",
    "declination_counts",
    "declinations",
    "eligible",
    "erase",
    "everything_about",
    "exported",
    "find",
    "find_id",
    "find_public",
    "keep_confirmation",
    "leavers",
    "letters_in_doubt",
    "letters_since",
    "letters_waiting",
    "lift",
    "list_by_id",
    "list_named",
    "list_or_none",
    "list_stats",
    "lists",
    "queue_letter",
    "record",
    "remember_trouble",
    "revoke_links",
    "set_preferences",
    "set_status",
    "settle_letter",
    "submitting_letter",
    "subscribers",
    "subscription_of",
    "subscriptions_of",
    "suppress",
    "suppression_of",
    "suppressions",
    "troubles_of",
    "used_keys",
]
