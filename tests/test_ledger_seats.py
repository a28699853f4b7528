"""No more connections are open than may be, over every process, and none is lost with the dead."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update
from test_deliver import ISSUE, LETTER, make, run

from newsletter import delivery, ledger
from newsletter.ledger import hold, let_go
from newsletter.models import Letter
from newsletter.senders import Answer, Carrier, Parcel
from newsletter.storage.tables import provider_connection
from newsletter.wiring import open_workspace


def take(connection: Connection, token: str, want: int, *, connections: int = 5, provider: str = "smtp") -> int:
    return hold(connection, provider, connections=connections, want=want, token=token, lease=30)


def holders(connection: Connection) -> list[str | None]:
    return list(
        connection.execute(
            select(provider_connection.c.token).order_by(provider_connection.c.provider, provider_connection.c.number)
        ).scalars()
    )


def test_there_are_so_many_and_no_more(connection: Connection) -> None:
    assert take(connection, "one", 3) == 3
    assert take(connection, "two", 3) == 2
    assert take(connection, "three", 3) == 0
    assert holders(connection) == ["one"] * 3 + ["two"] * 2
    assert take(connection, "three", 3, provider="sendgrid") == 3


def test_they_are_kept_and_given_back(connection: Connection) -> None:
    take(connection, "one", 3)
    take(connection, "two", 3)
    assert take(connection, "one", 3) == 3
    assert take(connection, "two", 2) == 2
    let_go(connection, "one")
    assert holders(connection) == [None] * 3 + ["two"] * 2
    assert take(connection, "two", 4) == 4


def test_those_of_the_dead_are_free_when_their_lease_ran_out(connection: Connection) -> None:
    take(connection, "dead", 5)
    assert take(connection, "one", 1) == 0
    connection.execute(update(provider_connection).values(lease_until=1.0))
    # Late but first: they are still its own.
    assert take(connection, "dead", 5) == 5
    connection.execute(update(provider_connection).values(lease_until=1.0))
    assert take(connection, "one", 4) == 4
    assert take(connection, "dead", 5) == 1


def test_fewer_connections_than_before_are_felt_at_once(connection: Connection) -> None:
    take(connection, "one", 3)
    take(connection, "two", 2)
    assert take(connection, "two", 2, connections=3) == 0
    assert take(connection, "one", 3, connections=2) == 2


class Counting:
    """A provider that counts the connections open to it at once, in all that use it."""

    name = "counting"
    batch_size = 2
    connections = 4
    sockets = 1

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.open = self.most = 0
        self.taken: Counter[int] = Counter()

    def load(self, _letter: Letter) -> Counting._Carrier:
        return self._Carrier(self)

    class _Carrier(Carrier):
        def __init__(self, provider: Counting) -> None:
            self.provider = provider
            self.connected = False
            self.waiting: list[int] = []

        def begin(self, parcels: Sequence[Parcel], _request_id: str) -> Counting._Carrier:
            with self.provider.lock:
                self.provider.open += not self.connected
                self.provider.most = max(self.provider.most, self.provider.open)
            self.connected = True
            self.waiting = [parcel.delivery for parcel in parcels]
            return self

        def finish(self) -> Answer:
            time.sleep(0.01)
            with self.provider.lock:
                self.provider.taken.update(self.waiting)
            return Answer()

        def abandon(self) -> None:
            self.close()

        def settle(self, _names: Collection[str]) -> set[str] | None:
            return None

        def close(self) -> None:
            with self.provider.lock:
                self.provider.open -= self.connected
            self.connected = False


@pytest.mark.slow
@pytest.mark.parametrize(("connections", "most"), [(3, 3), (1, 1), (0, 8)])
def test_two_that_share_a_send_stay_within_them(tmp_path: Path, connections: int, most: int) -> None:
    make(tmp_path / "w", 60, batch=2)
    provider = Counting()
    with open_workspace(tmp_path / "w", {}) as workspace:
        setup = replace(
            workspace.delivery_setup,
            sender=provider,
            connections=connections,
            sleep=lambda seconds: time.sleep(min(seconds, 0.02)),
        )
        second = threading.Thread(target=run, args=(setup,))
        send = delivery.freeze_letter(setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
        second.start()
        account = delivery.run(setup, send, lambda _state, _count: None)
        second.join()
        with workspace.database.read() as connection:
            assert set(holders(connection)) <= {None}
    assert account.submitted == 60
    assert set(provider.taken.values()) == {1}
    assert provider.open == 0
    assert provider.most <= most
    assert connections == 0 or provider.most == most


def test_who_has_long_nothing_to_send_keeps_no_connection(tmp_path: Path) -> None:
    make(tmp_path / "w", 4, batch=2)
    provider = Counting()
    with open_workspace(tmp_path / "w", {}) as workspace:
        seen: list[tuple[int, list[str | None]]] = []

        def sleep(_seconds: float) -> None:
            with workspace.database.read() as connection:
                seen.append((provider.open, holders(connection)))
            if len(seen) == 3:
                with workspace.database.write() as connection:
                    ledger.release(connection, other)

        setup = replace(workspace.delivery_setup, sender=provider, connections=1, sleep=sleep)
        send = delivery.freeze_letter(setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
        with workspace.database.write() as connection:
            other = ledger.claim(connection, send.id, lease=30)
        assert other is not None
        provider.connections = 1
        assert delivery.run(setup, send, lambda _state, _count: None).submitted == 4
    assert seen == [(0, [None])] * 3
    assert provider.taken == Counter({1: 1, 2: 1, 3: 1, 4: 1})
