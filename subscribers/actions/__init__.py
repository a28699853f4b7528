"""What can be done with subscribers: decide, then store, all inside the transaction one is handed.

Nothing here commits. Whoever opened the transaction commits it, so that an action and what belongs to it (a line in
another table, a letter to be sent) happen together or not at all. Import it late: it brings SQLAlchemy.

``keys`` is everywhere the secret that suppressed addresses are kept under: key id to 32 bytes, the highest id is the
newest. Without it, whatever would have to know whether an address may be mailed refuses to go on.
"""

from subscribers.actions.account import (
    AddressAsked,
    AddressChanged,
    ask_address,
    ask_erasure,
    change_address,
    make_request,
    request_behind,
)
from subscribers.actions.adding import AddedSubscriber, add_subscriber
from subscribers.actions.asking import Asked, Wished, ask, status_of, wish
from subscribers.actions.bouncing import accept_held, bounced, dismiss_held, domain_meant, held, unsuppress_many
from subscribers.actions.erasing import erase, scrub
from subscribers.actions.exporting import export_file
from subscribers.actions.hygiene import Stayed, stay
from subscribers.actions.importing import import_file
from subscribers.actions.leaving import leave, leave_address
from subscribers.actions.letters import queue_daily
from subscribers.actions.pages import UNDO_LASTS, left_lately, read_confirmation, undo_leave
from subscribers.actions.preferring import holder_of, prefer
from subscribers.actions.showing import Person, person_behind, show, stats, wishes_waiting
from subscribers.actions.subscribing import (
    CONFIRMATION_BY_MAIL_LASTS,
    CONFIRMATION_LASTS,
    ConfirmationOutcome,
    confirm,
    confirm_letter,
    confirmation_behind,
    letter_open,
    make_confirmation,
    subscribe,
)
from subscribers.actions.suppressing import Outcome, receive, suppress, unsuppress
from subscribers.actions.timeline import timeline
from subscribers.actions.undoing import undo_import
from subscribers.actions.waiting import PENDING_LASTS, Upkeep, ask_kept

__all__ = [
    "CONFIRMATION_BY_MAIL_LASTS",
    "CONFIRMATION_LASTS",
    "PENDING_LASTS",
    "UNDO_LASTS",
    "AddedSubscriber",
    "AddressAsked",
    "AddressChanged",
    "Asked",
    "ConfirmationOutcome",
    "Outcome",
    "Person",
    "Stayed",
    "Upkeep",
    "Wished",
    "accept_held",
    "add_subscriber",
    "ask",
    "ask_address",
    "ask_erasure",
    "ask_kept",
    "bounced",
    "change_address",
    "confirm",
    "confirm_letter",
    "confirmation_behind",
    "dismiss_held",
    "domain_meant",
    "erase",
    "export_file",
    "held",
    "holder_of",
    "import_file",
    "leave",
    "leave_address",
    "left_lately",
    "letter_open",
    "make_confirmation",
    "make_request",
    "person_behind",
    "prefer",
    "queue_daily",
    "read_confirmation",
    "receive",
    "request_behind",
    "scrub",
    "show",
    "stats",
    "status_of",
    "stay",
    "subscribe",
    "suppress",
    "timeline",
    "undo_import",
    "undo_leave",
    "unsuppress",
    "unsuppress_many",
    "wish",
    "wishes_waiting",
]
