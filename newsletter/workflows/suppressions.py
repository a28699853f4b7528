"""A provider's own lists of addresses taken over into ours, each time only what is new since the last one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.senders import registry
from newsletter.senders.reports import LEFT, SuppressionEntry
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.errors import AddressError, UnknownSubscriber
from subscribers.models import SuppressionReason
from subscribers.suppression import BOUNCE_REASONS, fingerprint, newest

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.wiring import Workspace

OVERLAP = 3600
"""Seconds read again each time, since an entry may appear later than the moment it bears."""


@dataclass(frozen=True, slots=True)
class SuppressionsOutcome:
    """What was taken over."""

    read: int = 0
    suppressed: int = 0
    held: int = 0
    """Bounces of one domain that came too many at once to be believed."""
    left: int = 0
    known: int = 0
    """Entries that changed nothing: known before, blocked only for now, or about nobody here."""


def run(workspace: Workspace) -> SuppressionsOutcome:
    """Read every list of the provider from where the last run ended, each in one transaction with its cursor.

    Raises:
        SendError: The provider keeps no lists, or does not answer.
    """
    provider = workspace.provider
    if provider.suppressions is None:
        keeping = [one for one in registry.providers() if one.suppressions is not None]
        raise SendError(
            f"this workspace does not send through {registry.listed((one.title for one in keeping), 'or')}, "
            "and no other provider keeps lists of addresses",
            mend="set [sender] kind = " + registry.listed((f'"{one.name}"' for one in keeping), "or"),
        )
    lists = provider.suppressions(workspace.settings.provider_options)
    total = SuppressionsOutcome()
    for name in lists.names:
        cursor = f"{provider.name} {name}"
        with workspace.database.read() as connection:
            since = ledger.cursor(connection, cursor)
        # In the order in which they bounced, so that what came together is seen to have.
        found = sorted(lists.entries(name, since=max(since - OVERLAP, 0)), key=lambda entry: entry.at)
        with workspace.database.write() as connection:
            store.lock_bounces(connection)
            store.forget_old_bounces(connection, now=workspace.now())
            before = _held(connection)
            outcomes = [_apply(workspace, connection, entry, f"{provider.title}'s list of {name}") for entry in found]
            held = max(_held(connection) - before, 0)
            ledger.set_cursor(connection, cursor, max([since, *(entry.at for entry in found)]))
        total = SuppressionsOutcome(
            total.read + len(found),
            # Those that were held with the last of their domain had been suppressed before it.
            total.suppressed + max(outcomes.count("suppressed") + outcomes.count("held") - held, 0),
            total.held + held,
            total.left + outcomes.count("left"),
            total.known + outcomes.count("known"),
        )
    with workspace.database.write() as connection:
        # Whoever they were about stands in these lists by address.
        ledger.forget_unknown_sends(connection)
    return total


def _apply(workspace: Workspace, connection: Connection, entry: SuppressionEntry, source: str) -> str:
    now = workspace.now()
    try:
        if entry.effect == LEFT:
            words = f"{source}, {datetime.fromtimestamp(entry.at, UTC):%Y-%m-%d}"
            left = actions.leave_address(connection, entry.address, now=now, how="provider", words=words)
            return "left" if left else "known"
        if entry.effect is not None:
            return _stop(workspace, connection, entry, entry.effect)
    except (AddressError, UnknownSubscriber):
        pass
    return "known"


def _stop(workspace: Workspace, connection: Connection, entry: SuppressionEntry, reason: SuppressionReason) -> str:
    now, keys = workspace.now(), workspace.keys.suppression
    address = normalise(entry.address)
    person = store.find(connection, address) if reason in BOUNCE_REASONS else None
    if person is None:
        new = actions.suppress(connection, entry.address, now=now, keys=keys, reason=reason)
        return "suppressed" if new else "known"
    # What is read again each time must not do again what an editor undid. An HMAC, no address.
    name = f"{workspace.provider.name} bounce {fingerprint(address.key, keys[newest(keys)]).hex()}"
    if not ledger.advance_cursor(connection, name, max(entry.at, 1)):
        return "known"
    at = datetime.fromtimestamp(entry.at, UTC)
    outcome = actions.bounced(connection, person, reason, at=at, now=now, keys=keys)
    return "known" if outcome == "nothing" else outcome


def _held(connection: Connection) -> int:
    return sum(one.number for one in store.held_domains(connection))
