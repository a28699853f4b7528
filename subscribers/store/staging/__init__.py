"""The rows of a file on their way in: one temporary table, then a few statements that see all rows at once.

A million rows go through the driver's own executemany on SQLite and through COPY on PostgreSQL (measured: two and
three times as fast as SQLAlchemy's inserts). What may happen to a subscription is not decided here: the statements
follow the table of `subscribers.consent`.
"""

from subscribers.store.staging.asking import StagedWish, count_to_ask, to_ask
from subscribers.store.staging.rows import STANDINGS, StagedGroup, StagedRow, groups, stage
from subscribers.store.staging.stopping import mark_suppressed, suppress
from subscribers.store.staging.writing import write

__all__ = [
    "STANDINGS",
    "StagedGroup",
    "StagedRow",
    "StagedWish",
    "count_to_ask",
    "groups",
    "mark_suppressed",
    "stage",
    "suppress",
    "to_ask",
    "write",
]
