"""How many confirmation letters a form may cause: counters in the database, one truth for all web workers.

A form that sends mail to whatever address is typed into it is a weapon: Ghost counted 2,500 false subscribers within
minutes before it had a limit (its issue 10076), and one Mailman site 73,000 requests in three weeks. So letters are
counted for the mailbox, for the network that asks and the larger blocks it lies in, for the domain of the address, and
in total. What goes beyond is answered like everything else, since an answer that differs would tell who is subscribed.
Those asked for by mail are counted apart too, well under the total: whoever writes a thousand messages with forged
senders shall not close the form.

Time is cut into buckets of ten minutes; a window holds one bucket more than it needs, so a cap is never exceeded.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_network
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.moments import to_seconds
from subscribers.store.dialect import insert
from subscribers.store.tables import letter_count
from subscribers.suppression import newest

if TYPE_CHECKING:
    from sqlalchemy import Connection

Scope = Literal["mailbox", "network", "block", "allocation", "domain", "mail", "file", "total", "poll", "poll block"]
Road = Literal["form", "mail", "editor", "file"]
"""How a wish came: by a form of the pages, in a message, from an editor who asks somebody, or in an editor's file."""

BUCKET = 600
"""Seconds of one bucket."""
HOUR, DAY, MONTH = 3600, 86_400, 30 * 86_400

# Gmail delivers name+anything@ and n.a.m.e@ into one mailbox (support.google.com/mail/answer/7436150).
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_SIGNED_FOR = b"nashra limit 1\0"  # the same secret serves other things; this keeps them apart


@dataclass(frozen=True, slots=True)
class Caps:
    """How many confirmation letters may be asked for: by one mailbox, from one network, and in total; and how many
    answers to one question of a letter are counted."""

    mailbox_a_day: int = 1
    mailbox_a_month: int = 3
    """In 30 days; those that were answered with yes do not count, here and above."""
    network_an_hour: int = 30
    """Asked for from one network: a /24, or a /64 of IPv6. Whole towns share an address of a mobile network."""
    total_an_hour: int = 1000
    answers_an_hour: int = 300
    """Counted from one network. No letter goes to anybody because of them, and a whole town may answer at once."""
    answers_of_block_an_hour: int = 5000
    """The same from one /16, or /48 of IPv6."""

    @property
    def block_an_hour(self) -> int:
        """Asked for from one /16, or /48 of IPv6: a fifth of all, so that whoever holds one does not close the form."""
        return max(self.network_an_hour, self.total_an_hour // 5)

    @property
    def allocation_an_hour(self) -> int:
        """Asked for from one /32 of IPv6, what a provider is given (RIPE-738): a quarter of all."""
        return max(self.network_an_hour, self.total_an_hour // 4)

    @property
    def file_an_hour(self) -> int:
        """Asked for because a file names them: as many as half of all, and counted apart from them."""
        return max(1, self.total_an_hour // 2)

    @property
    def kept(self) -> int:
        """Wishes that wait at most: what twenty hours can ask for."""
        return 20 * self.total_an_hour

    @property
    def kept_of_block(self) -> int:
        """Of those, from one block: what one hour can ask for."""
        return self.total_an_hour

    def behind_waiting(self) -> Caps:
        """The caps for who comes while others wait: a quarter of all is left to those."""
        return replace(self, total_an_hour=max(1, self.total_an_hour * 3 // 4))

    @property
    def domain_an_hour(self) -> int:
        """To addresses of one domain: half of all, since half of all readers have theirs at one provider."""
        return max(1, self.total_an_hour // 2)

    @property
    def mail_an_hour(self) -> int:
        """Asked for by mail, where any sender can be written into a message: a fifth of all."""
        return max(1, self.total_an_hour // 5)

    def windows(self) -> tuple[tuple[Scope, int, int], ...]:
        """(Scope, seconds of the window, most letters in it)."""
        return (
            ("mailbox", DAY, self.mailbox_a_day),
            ("mailbox", MONTH, self.mailbox_a_month),
            ("network", HOUR, self.network_an_hour),
            ("block", HOUR, self.block_an_hour),
            ("allocation", HOUR, self.allocation_an_hour),
            ("domain", HOUR, self.domain_an_hour),
            ("mail", HOUR, self.mail_an_hour),
            ("file", HOUR, self.file_an_hour),
            ("total", HOUR, self.total_an_hour),
            ("poll", HOUR, self.answers_an_hour),
            ("poll block", HOUR, self.answers_of_block_an_hour),
        )


def counter_keys(
    address_key: str, keys: Mapping[int, bytes], *, road: Road = "form", network: str = ""
) -> dict[Scope, bytes]:
    """What a request is counted under: HMACs, so that the counters give nobody away.

    Args:
        address_key: The folded address (``Address.key``).
        keys: Secret keys of suppressed addresses; the newest makes the counters' keys.
        road: How it came. What an editor asks counts for the mailbox alone, so that it takes nothing from the form.
        network: Of a form: the network the request came from, as text; empty when it is not known.

    Raises:
        SecretError: There is no key.
    """
    local, _, domain = address_key.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    key = keys[newest(keys)]
    asked: dict[Scope, bytes] = {"mailbox": _mark(key, "mailbox", f"{local}@{domain}")}
    if road == "file":
        return asked | {"file": b""}
    if road != "editor":
        asked |= {"domain": _mark(key, "domain", domain), "total": b""}
        asked |= {"mail": b""} if road == "mail" else {"network": _mark(key, "network", network)}
        if road == "form":
            asked |= {scope: _mark(key, scope, value) for scope, value in blocks(network).items()}
    return asked


def answer_keys(poll_id: str, keys: Mapping[int, bytes], network: str) -> dict[Scope, bytes]:
    """What an answer to a question of a letter is counted under, for this question alone, and not which answer.

    Args:
        poll_id: Id of the question.
        keys: Secret keys of suppressed addresses; the newest makes the counters' keys.
        network: The network the request came from, as text; empty when it is not known.
    """
    key = keys[newest(keys)]
    _, block = widest(network)
    asked: dict[Scope, bytes] = {"poll": _mark(key, "poll", f"{poll_id} {network}")}
    return asked | {"poll block": _mark(key, "poll block", f"{poll_id} {block}")}


def forget_answers(connection: Connection, *, now: datetime) -> None:
    """Delete the counts of answers that no window reaches any more: no network is known longer than that takes.

    Args:
        connection: In a writing transaction.
        now: The present moment, timezone-aware.
    """
    oldest = (to_seconds(now) - HOUR) // BUCKET
    scopes = ("poll", "poll block")
    connection.execute(sa.delete(letter_count).where(letter_count.c.scope.in_(scopes), letter_count.c.bucket < oldest))


def blocks(network: str) -> dict[Scope, str]:
    """The larger blocks that a network lies in: its /16, or its /48 and /32 of IPv6.

    Args:
        network: As text, a /24 or a /64 of IPv6; what is none stands for itself.
    """
    try:
        found = ip_network(network)
    except ValueError:
        return {"block": network}
    sizes: dict[Scope, int] = {"block": 16} if found.version == 4 else {"block": 48, "allocation": 32}
    return {scope: str(found.supernet(new_prefix=min(size, found.prefixlen))) for scope, size in sizes.items()}


def widest(network: str) -> tuple[Scope, str]:
    """The largest block of a network, which whoever holds it can ask from at will, with the name of its counter."""
    return list(blocks(network).items())[-1]


def asked_lately(
    connection: Connection, counted: Iterable[tuple[Scope, str]], keys: Mapping[int, bytes], *, now: datetime
) -> list[int]:
    """How many letters were asked for within a day from each of these blocks.

    Args:
        connection: An open connection to the database.
        counted: What `widest` gave for each.
        keys: Secret keys of suppressed addresses.
        now: The present moment, timezone-aware.
    """
    sums = connection.execute(
        sa.select(letter_count.c.scope, letter_count.c.key, sa.func.sum(letter_count.c.number))
        .where(
            letter_count.c.scope.in_(("block", "allocation")),
            letter_count.c.bucket >= (to_seconds(now) - DAY) // BUCKET,
        )
        .group_by(letter_count.c.scope, letter_count.c.key)
    )
    numbers = {(scope, bytes(key)): int(number) for scope, key, number in sums}
    secret = keys[newest(keys)]
    return [numbers.get((scope, _mark(secret, scope, value)), 0) for scope, value in counted]


def _mark(key: bytes, scope: str, value: str) -> bytes:
    return hmac.digest(key, _SIGNED_FOR + f"{scope}\0{value}".encode("utf-8", "surrogatepass"), "sha256")


def lock(connection: Connection) -> None:
    """Let no other request count before this transaction ends, so that no cap is passed by two at once.

    Args:
        connection: In a writing transaction.
    """
    row = insert(connection, letter_count).values(scope="hold", key=b"", bucket=0, number=0)
    connection.execute(
        row.on_conflict_do_update(index_elements=["scope", "key", "bucket"], set_={"number": letter_count.c.number})
    )


def exceeded(
    connection: Connection,
    asked: Mapping[Scope, bytes],
    caps: Caps,
    *,
    now: datetime,
    answered: Mapping[int, int] | None = None,
) -> frozenset[Scope]:
    """The caps that one more letter would pass; empty when it may go. Call `lock` before.

    Args:
        connection: In a writing transaction.
        asked: What `counter_keys` gave for this request.
        caps: How many confirmation letters may be asked for.
        now: The present moment, timezone-aware.
        answered: How many letters of a window, by its seconds, this mailbox has answered with yes.
    """
    bucket = to_seconds(now) // BUCKET
    windows = [window for window in caps.windows() if window[0] in asked]
    longest = {scope: max(seconds for other, seconds, _ in windows if other == scope) for scope, _, _ in windows}
    # Every window is asked about, also when the first is full: the time it takes tells nothing. In one statement, since
    # others wait until this transaction ends.
    rows = connection.execute(
        sa.select(letter_count.c.scope, letter_count.c.bucket, letter_count.c.number).where(
            sa.or_(
                sa.false(),  # whoever asks of no counter is beyond none, and reads none
                *(
                    (letter_count.c.scope == scope)
                    & (letter_count.c.key == asked[scope])
                    & (letter_count.c.bucket >= bucket - seconds // BUCKET)
                    for scope, seconds in longest.items()
                ),
            )
        )
    ).all()
    beyond: set[Scope] = set()
    for scope, seconds, most in windows:
        since = bucket - seconds // BUCKET
        number = sum(int(row.number) for row in rows if row.scope == scope and row.bucket >= since)
        free = answered.get(seconds, 0) if answered and scope == "mailbox" else 0
        beyond |= {scope} if number - free >= most else set()
    return frozenset(beyond)


def add(
    connection: Connection,
    asked: Mapping[Scope, bytes],
    number: int,
    *,
    now: datetime,
    but: Mapping[Scope, int] | None = None,
) -> None:
    """Add letters to each counter of a request, in one statement.

    Args:
        connection: In a writing transaction.
        asked: What `counter_keys` gave for this request.
        number: How many; 0 costs as much as 1, so that the time it takes tells nothing.
        now: The present moment, timezone-aware.
        but: Other numbers, for some of the counters.
    """
    bucket, numbers = to_seconds(now) // BUCKET, dict.fromkeys(asked, number) | dict(but or {})
    rows = [
        {"scope": scope, "key": key, "bucket": bucket, "number": numbers[scope]} for scope, key in sorted(asked.items())
    ]
    if not rows:
        return
    added = insert(connection, letter_count).values(rows)
    connection.execute(
        added.on_conflict_do_update(
            index_elements=["scope", "key", "bucket"],
            set_={"number": letter_count.c.number + added.excluded.number},
        )
    )


def forget(connection: Connection, *, now: datetime) -> int:
    """Delete the counts that no window reaches any more.

    Args:
        connection: In a writing transaction.
        now: The present moment, timezone-aware.

    Returns:
        How many rows.
    """
    oldest = (to_seconds(now) - MONTH) // BUCKET
    done = connection.execute(
        sa.delete(letter_count).where(letter_count.c.bucket < oldest, letter_count.c.scope != "hold")
    )
    return int(done.rowcount)
