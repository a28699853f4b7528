"""A send of an account that is warmed up: what may go today goes, and the rest waits for the next day of the site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from functools import partial
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.ledger import Batch, Send
from newsletter.ledger.brakes import WARM_UP
from newsletter.senders import Parcel

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.delivery.setup import DeliverySetup
    from newsletter.storage.retry import Retrying


def allow(setup: DeliverySetup, retrying: Retrying, batch: Batch, parcels: list[Parcel]) -> list[Parcel]:
    """Those of a batch that may go today; with none left to go, the send is paused until the next day.

    Args:
        setup: What every delivery needs.
        retrying: How to write.
        batch: As it was claimed, queued.
        parcels: Of the batch.
    """
    # A trial letter is not counted.
    if not setup.warm_up or not parcels or batch.probing:
        return parcels
    late = retrying.write(partial(_count, setup, batch, parcels))
    return [parcel for parcel in parcels if parcel.delivery not in late]


def give_back(setup: DeliverySetup, retrying: Retrying, send: Send, number: int) -> None:
    """Take letters out of the count that were not taken; the send goes on if they were what it was paused for.

    Args:
        setup: What every delivery needs.
        retrying: How to write.
        send: The send.
        number: How many.
    """

    def write(connection: Connection) -> None:
        ledger.give_back_warm_up(connection, setup.account, number)
        ledger.end_warm_up_pause(connection, send.id)

    retrying.write(write)


def resume(setup: DeliverySetup, connection: Connection, send_id: int) -> None:
    """Let a send go on that waited for a new day, if letters may go now.

    Args:
        setup: What every delivery needs.
        connection: A writing transaction.
        send_id: Id of the send.
    """
    if not setup.warm_up or _today(setup, connection).left:
        ledger.end_warm_up_pause(connection, send_id)


def days_for(letters: int, first: int, step: int = 0, used: int = 0) -> int:
    """Days that so many letters take, the present one included.

    Args:
        letters: To go.
        first: Letters of the first day.
        step: Days before this one on which letters went.
        used: Letters that went today.
    """
    days, left = 1, letters - max(0, (first << step) - used)
    while left > 0:
        step += 1
        days += 1
        left -= first << step
    return days


def _count(setup: DeliverySetup, batch: Batch, parcels: Sequence[Parcel], connection: Connection) -> set[int]:
    """Count those that may go, put the others into a batch of their own, and give these."""
    # The answer to an earlier commit of this may have been lost: what that has moved is in another batch by now.
    here = {one.id for one in ledger.deliveries(connection, batch.id)}
    mine = [parcel.delivery for parcel in parcels if parcel.delivery in here]
    day = _day(setup.now(), setup.zone)
    may = ledger.take_warm_up(connection, setup.account, day=day, first=setup.warm_up, wanted=len(mine))
    if may < len(mine):
        ledger.put_off(connection, batch, mine[may:], 0.0, attempt=batch.attempt - 1)
    if mine and not may:
        today = _today(setup, connection)
        reason = (
            f"warm-up: {today.used:,} letters went today through this account, and {today.limit * 2:,} may go on the "
            "next day"
        )
        seconds = (_next_day(setup.now(), setup.zone) - setup.now()).total_seconds()
        ledger.brake(connection, batch.send_id, by=WARM_UP, reason=reason, probe_in=seconds)
    return {parcel.delivery for parcel in parcels}.difference(mine[:may])


def _today(setup: DeliverySetup, connection: Connection) -> ledger.WarmUpDay:
    day = _day(setup.now(), setup.zone)
    return ledger.warm_up_day(connection, setup.account, day=day, first=setup.warm_up)


def _day(now: datetime, zone: tzinfo) -> int:
    return now.astimezone(zone).toordinal()


def _next_day(now: datetime, zone: tzinfo) -> datetime:
    """When the next day of the site begins."""
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
