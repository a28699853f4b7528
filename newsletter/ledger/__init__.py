"""The truth about every delivery: sends, their frozen letters, batches under leases, one row per subscriber.

A batch goes ``queued`` → ``submitting`` → ``submitted``, ``refused`` or ``unknown``. Its deliveries follow it, but
for those whose own row says otherwise (``skipped``, or settled one by one). Only ids of subscribers are kept here,
never an address.
"""

from newsletter.ledger.connections import hold, let_go
from newsletter.ledger.cursors import (
    advance_cursor,
    cursor,
    known_cursors,
    set_cursor,
)
from newsletter.ledger.events import (
    Noted,
    ill,
    note,
    subscriber_of,
)
from newsletter.ledger.freezing import Mailing, count_without_delivery, freeze, issue_id, letter_of, without_delivery
from newsletter.ledger.leases import (
    claim,
    deliveries,
    drop,
    finish,
    free,
    mark_submitting,
    members,
    put_back,
    record,
    release,
    settle,
    split,
    waiting,
)
from newsletter.ledger.models import ALL, Account, Batch, Delivery, Send
from newsletter.ledger.one_by_one import advance, close, doubt
from newsletter.ledger.periods import article_period, first_reach, holder, last_of, reached, received, take
from newsletter.ledger.rate_limit import RateLimit, charge
from newsletter.ledger.rate_limit import take as take_rate
from newsletter.ledger.sends import (
    accept_unknown,
    account,
    move,
    named,
    resend_unknown,
    sends,
    sends_of,
    start_due,
    state_of,
    unknown_deliveries,
)

__all__ = [
    "ALL",
    "Account",
    "Batch",
    "Delivery",
    "Mailing",
    "Noted",
    "RateLimit",
    "Send",
    "accept_unknown",
    "account",
    "advance",
    "advance_cursor",
    "article_period",
    "charge",
    "claim",
    "close",
    "count_without_delivery",
    "cursor",
    "deliveries",
    "doubt",
    "drop",
    "finish",
    "first_reach",
    "free",
    "freeze",
    "hold",
    "holder",
    "ill",
    "issue_id",
    "known_cursors",
    "last_of",
    "let_go",
    "letter_of",
    "mark_submitting",
    "members",
    "move",
    "named",
    "note",
    "put_back",
    "reached",
    "received",
    "record",
    "release",
    "resend_unknown",
    "sends",
    "sends_of",
    "set_cursor",
    "settle",
    "split",
    "start_due",
    "state_of",
    "subscriber_of",
    "take",
    "take_rate",
    "unknown_deliveries",
    "waiting",
    "without_delivery",
]
