"""Asking somebody by a confirmation letter, within the caps that protect strangers from such letters.

Whoever asks, the person at a form, a message with any sender in it, or an editor: only the answer to the letter
subscribes anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from subscribers import store
from subscribers.actions.adding import LEFT_MEND, who_and_where
from subscribers.actions.subscribing import subscribe
from subscribers.addresses import Address
from subscribers.consent import Act, decide
from subscribers.errors import ConsentError
from subscribers.models import KeptWish, Rhythm, Status
from subscribers.store import limits
from subscribers.store.limits import Caps, Road, Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection

Asked = Literal["asked", "confirmed", "lately"]
"""``asked``: a letter is on its way; ``confirmed``: the person is subscribed; ``lately``: they got one lately."""

Wished = Literal["asked", "reminded", "lately", "domain", "full", "kept", "nothing"]
"""``asked``: a letter is on its way; ``reminded``: one with the link to their preferences is, since they are
subscribed; ``lately``: this mailbox got one lately; ``domain``: too many letters to its
domain within an hour; ``full``: too many altogether, by mail, or from this network; ``kept``: as
``domain`` and ``full``, and it waits to be asked about; ``nothing``: nothing to ask."""


def wish(
    connection: Connection,
    wanted: Address,
    list_name: str,
    *,
    now: datetime,
    keys: Mapping[int, bytes],
    caps: Caps,
    how: str,
    words: str,
    road: Road = "form",
    network: str = "",
    rhythm: Rhythm = "weekly",
    act: Act = "subscribe",
    also: Sequence[str] = (),
    declined: Mapping[str, int] | None = None,
    keep_for: timedelta | None = None,
    page: str = "",
    keep_network: bool = False,
) -> Wished:
    """Subscribe somebody who asked for it, as ``subscribe`` does, if the caps allow one more letter.

    Nearly the same statements are run whatever state the address is in, so that time tells nothing.

    Args:
        connection: In a writing transaction.
        wanted: The address, as `subscribers.addresses.normalise` gives it.
        list_name: Short name of the list, for example ``readers``.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.
        caps: How many confirmation letters may be asked for.
        how: The road it came by, for the record of consent.
        words: What the person was shown or wrote, for the record of consent.
        road: Whose caps it is counted under, see ``limits.counter_keys``.
        network: Where it came from, see there.
        rhythm: What the person chose, if the subscription is new.
        act: ``subscribe``, or ``ask`` when an editor asks the person.
        also: More lists that are asked for in the same act; one letter asks about all of them.
        declined: By name of a list, the bits of the topics that are not wanted.
        keep_for: How long the wish may wait when the caps do not allow it now; None lets it go at once.
        page: Address of the form, for the record of consent.
        keep_network: Write the network into the record of consent; it is counted in any case.

    Returns:
        What came of it; for whoever counts, not for the answer to a stranger.

    Raises:
        UnknownList: No such list.
        SecretError: Nobody can tell whether the address may be mailed.
    """
    # Before the lock, for which others wait: an answer that comes in between only lets less be asked for.
    answered = _answered(connection, wanted, now)
    counted = limits.counter_keys(wanted.key, keys, road=road, network=network)
    limits.lock(connection)
    room = caps.behind_waiting() if road == "form" and store.form_wishes_wait(connection) else caps
    beyond = limits.exceeded(connection, counted, room, now=now, answered=answered)
    came: Wished = "full"
    if "mailbox" in beyond:
        came = "lately"
    elif beyond:
        came = "domain" if beyond == {"domain"} else "full"
    else:
        came = subscribe(
            connection,
            wanted.address,
            list_name,
            now=now,
            keys=keys,
            how=how,
            words=words,
            rhythm=rhythm,
            act=act,
            also=also,
            declined=declined,
            remind=road == "form",
            page=page,
            network=network if keep_network else "",
        )
    count_letter(connection, counted, came, now=now)
    if came not in ("domain", "full") or keep_for is None:
        return came
    wishes = [
        KeptWish(
            list_id=store.list_named(connection, name).id,
            address=wanted.address,
            address_key=wanted.key,
            road=road,
            rhythm=rhythm,
            how=how,
            words=words,
            created=now,
            expires=now + keep_for,
            declined_topics=(declined or {}).get(name, 0),
            network=network,
            page=page,
        )
        for name in dict.fromkeys((list_name, *also))
    ]
    store.make_room(connection, network, len(wishes), most=caps.kept, most_of_block=caps.kept_of_block)
    store.keep_wishes(connection, wishes)
    return "kept"


def count_letter(connection: Connection, counted: Mapping[Scope, bytes], came: str, *, now: datetime) -> None:
    """Count what was written down, with the same statements whatever that was.

    The letter with the link to one's preferences has a cap of its own for each person, so that who gets one, leaves
    and regrets it can be asked again on the same day.

    Args:
        connection: In a writing transaction.
        counted: What ``limits.counter_keys`` gave.
        came: What ``subscribe`` gave.
        now: The present moment, timezone-aware.
    """
    asked = int(came == "asked")
    limits.add(connection, counted, int(came in ("asked", "reminded")), now=now, but={"mailbox": asked})


def _answered(connection: Connection, wanted: Address, now: datetime) -> dict[int, int]:
    """How many confirmation letters a person has answered within each window; the same statements for everybody."""
    person = store.find(connection, wanted)
    windows = (limits.DAY, limits.MONTH)
    since = [now - timedelta(seconds=seconds) for seconds in windows]
    numbers = store.confirmed_since(connection, 0 if person is None else person.id, since=since)
    return dict(zip(windows, numbers, strict=True))


def ask(
    connection: Connection,
    address: str,
    list_name: str,
    *,
    now: datetime,
    keys: Mapping[int, bytes],
    caps: Caps,
    rhythm: Rhythm = "weekly",
    words: str = "",
    restore: bool = False,
) -> Asked:
    """Ask a person on an editor's behalf: the subscription waits until they confirm.

    Args:
        connection: In a writing transaction.
        address: As it was typed.
        list_name: Short name of the list, for example ``readers``.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.
        caps: The limits of confirmation letters.
        rhythm: For a new subscription.
        words: Why the editor asks, for the record of consent.
        restore: The person had left and asked to come back.

    Raises:
        AddressError: Not an address one can write to.
        UnknownList: No such list.
        SuppressedError: The address must not be mailed.
        ConsentError: The person left this list, and `restore` is not set.
        SecretError: Nobody can tell whether the address may be mailed.
    """
    wanted, target = who_and_where(connection, address, list_name, keys=keys)
    status = status_of(connection, wanted, target.id)
    # Who asked to come back asks for it themselves, as if at the form.
    act: Act = "subscribe" if restore else "ask"
    decision = decide(status, act)
    if decision.refusal:
        raise ConsentError(f"{wanted.address} cannot be asked for '{target.name}': {decision.refusal}", mend=LEFT_MEND)
    if decision.letter is None:
        return "confirmed"
    came = wish(
        connection,
        wanted,
        list_name,
        now=now,
        keys=keys,
        caps=caps,
        how="editor",
        words=words,
        road="editor",
        rhythm=rhythm,
        act=act,
    )
    return "asked" if came == "asked" else "lately"


def status_of(connection: Connection, wanted: Address, list_id: int) -> Status | None:
    """The status of an address on a list; None when there is no subscription."""
    person = store.find(connection, wanted)
    found = None if person is None else store.subscription_of(connection, person.id, list_id)
    return None if found is None else found.status
