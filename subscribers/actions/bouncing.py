"""A bounce that would suppress: believed, or held as doubtful while too many of its domain come together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from subscribers import store
from subscribers.addresses import normalise
from subscribers.errors import SubscribersError, SuppressedError
from subscribers.models import HeldDomain, Subscriber, SuppressionCounts, SuppressionReason
from subscribers.suppression import FINAL_REASONS, bounce_domain

if TYPE_CHECKING:
    from sqlalchemy import Connection


def bounced(
    connection: Connection,
    person: Subscriber,
    reason: SuppressionReason,
    *,
    at: datetime,
    now: datetime,
    keys: Mapping[int, bytes],
) -> Literal["suppressed", "held", "nothing"]:
    """Suppress the address of a person by a bounce, unless too many of its domain come together to be believed.

    Args:
        connection: A connection in a writing transaction.
        person: Whose address it is.
        reason: What the bounce says: ``hard``, ``invalid``, or ``soft`` and ``blocked`` for the last one too many.
        at: Aware; when it bounced, as far as that is known.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.

    Raises:
        SecretError: The address should be suppressed and there is no key to do it with.
    """
    store.lock_bounces(connection)
    domain = bounce_domain(person.address)
    too_many = store.come_together(connection, person.id, domain, at=at)
    if too_many is None:
        return "nothing"
    store.note_bounce(connection, person.id, reason=reason, domain=domain, at=at)
    if too_many:
        store.hold(connection, person.id, reason=reason, domain=domain, at=at)
        return "held"
    new = store.suppress(connection, normalise(person.address).key, keys, reason=reason, now=now)
    return "suppressed" if new else "nothing"


def domain_meant(text: str) -> str:
    """The domain that is meant, as bounces are counted by it: A-labels, lower case, one name for Gmail's two.

    Args:
        text: As it was typed, with an at sign before it or without.

    Raises:
        AddressError: No address can have it.
    """
    return bounce_domain(normalise(f"someone@{text.strip().removeprefix('@')}").address)


def held(connection: Connection, domain: str | None = None) -> list[HeldDomain]:
    """What is held as doubtful, most first.

    Args:
        connection: An open connection to the database.
        domain: Only this one, as it was typed.

    Raises:
        AddressError: It is no domain.
        SubscribersError: Nothing of this domain is held.
    """
    found = store.held_domains(connection)
    if domain is None:
        return found
    meant = domain_meant(domain)
    if wanted := [one for one in found if one.domain == meant]:
        return wanted
    raise SubscribersError(
        f"no bounce of {meant} is held",
        mend="see what is: newsletter subscribers bounces" if found else "nothing is held at the moment",
    )


def accept_held(
    connection: Connection, *, now: datetime, keys: Mapping[int, bytes], domain: str | None = None
) -> dict[SuppressionReason, int]:
    """Believe held bounces: suppress these addresses. How many for each reason.

    Args:
        connection: A connection in a writing transaction.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.
        domain: Only of this one, as it was typed; None for all.

    Raises:
        AddressError: It is no domain.
        SecretError: No key.
    """
    return store.accept_held(connection, keys, domain=None if domain is None else domain_meant(domain), now=now)


def dismiss_held(connection: Connection, *, domain: str | None = None) -> int:
    """Forget held bounces: these addresses are as if they had not bounced. How many.

    Args:
        connection: A connection in a writing transaction.
        domain: Only of this one, as it was typed; None for all.

    Raises:
        AddressError: It is no domain.
    """
    return store.dismiss_held(connection, domain=None if domain is None else domain_meant(domain))


def unsuppress_many(
    connection: Connection,
    *,
    domain: str | None = None,
    since: datetime | None = None,
    reasons: Collection[SuppressionReason] = (),
    dry_run: bool = False,
) -> SuppressionCounts:
    """Let all addresses be mailed again for which each of these conditions holds; complaints and erasures stay.

    Args:
        connection: A connection in a writing transaction; for a dry run any.
        domain: Of the address, as it was typed.
        since: Aware; when it was suppressed, at the earliest.
        reasons: Why it was suppressed: one of these.
        dry_run: Count only.

    Raises:
        AddressError: It is no domain.
        SuppressedError: Complaints or erasures were asked for.
        ValueError: There is no condition at all.
    """
    if domain is None and since is None and not reasons:
        raise ValueError("taking back every suppression needs at least one condition")
    if final := sorted(set(reasons) & set(FINAL_REASONS)):
        raise SuppressedError(
            f"who is suppressed as '{final[0]}' is never taken back with others",
            mend="one by one, for those who asked themselves: newsletter subscribers unsuppress ADDRESS --asked",
        )
    meant = None if domain is None else domain_meant(domain)
    return store.lift_many(connection, domain=meant, since=since, reasons=reasons, dry_run=dry_run)
