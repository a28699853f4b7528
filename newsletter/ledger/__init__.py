"""The truth about every delivery: sends, their frozen letters, batches under leases, one row per subscriber.

A batch goes ``queued`` → ``submitting`` → ``submitted``, ``refused`` or ``unknown``. Its deliveries follow it, but
for those whose own row says otherwise (``skipped``, or settled one by one). Only ids of subscribers are kept here,
never an address.
"""

from newsletter.ledger.brakes import brake
from newsletter.ledger.connections import hold, let_go
from newsletter.ledger.cursors import (
    advance_cursor,
    cursor,
    known_cursors,
    set_cursor,
)
from newsletter.ledger.cutting import cut, put_off, split
from newsletter.ledger.events import (
    ReportedDelivery,
    ill,
    note,
    subscriber_of,
)
from newsletter.ledger.history import letters_to, reports_of
from newsletter.ledger.keys import issue_id
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
    waiting,
)
from newsletter.ledger.models import ALL, Batch, Delivery, Send, SendCounts
from newsletter.ledger.one_by_one import advance, close, doubt
from newsletter.ledger.periods import article_period, first_reach, holder, last_of, reached, received, take
from newsletter.ledger.rate_limit import RateLimit, charge
from newsletter.ledger.rate_limit import take as take_rate
from newsletter.ledger.refused import refused_reasons, resend_refused
from newsletter.ledger.sends import (
    UNFINISHED,
    accept_unknown,
    account,
    change_sender,
    last_send,
    move,
    named,
    next_letter_at,
    resend_unknown,
    running,
    send,
    sends,
    sends_called,
    sends_of,
    sends_of_issues,
    start_due,
    state_of,
    unfinished_to,
    unknown_deliveries,
)
from newsletter.ledger.undo import UndoOutcome, cancel, may_undo, undo_cancelled
from newsletter.ledger.writing import (
    FrozenError,
    Mailing,
    count_without_delivery,
    letter_of,
    without_delivery,
    write_send,
)

__all__ = [
    "ALL",
    "UNFINISHED",
    "Batch",
    "Delivery",
    "FrozenError",
    "Mailing",
    "RateLimit",
    "ReportedDelivery",
    "Send",
    "SendCounts",
    "UndoOutcome",
    "accept_unknown",
    "account",
    "advance",
    "advance_cursor",
    "article_period",
    "brake",
    "cancel",
    "change_sender",
    "charge",
    "claim",
    "close",
    "count_without_delivery",
    "cursor",
    "cut",
    "deliveries",
    "doubt",
    "drop",
    "finish",
    "first_reach",
    "free",
    "hold",
    "holder",
    "ill",
    "issue_id",
    "known_cursors",
    "last_of",
    "last_send",
    "let_go",
    "letter_of",
    "letters_to",
    "mark_submitting",
    "may_undo",
    "members",
    "move",
    "named",
    "next_letter_at",
    "note",
    "put_back",
    "put_off",
    "reached",
    "received",
    "record",
    "refused_reasons",
    "release",
    "reports_of",
    "resend_refused",
    "resend_unknown",
    "running",
    "send",
    "sends",
    "sends_called",
    "sends_of",
    "sends_of_issues",
    "set_cursor",
    "settle",
    "split",
    "start_due",
    "state_of",
    "subscriber_of",
    "take",
    "take_rate",
    "undo_cancelled",
    "unfinished_to",
    "unknown_deliveries",
    "waiting",
    "without_delivery",
    "write_send",
]
