"""A provider that follows the protocol of senders, answers as it is told and writes down what it was handed.

And a workspace's database as far as a send needs it: a list, its readers, and a clock that moves when somebody sleeps.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from newsletter import delivery, ledger
from newsletter.delivery import DeliverySetup
from newsletter.ledger import Mailing, Send, SendCounts
from newsletter.letters.mime import LEAVE, slot, to_json
from newsletter.models import Issue, Letter, Rendered
from newsletter.senders import Answer, Parcel
from newsletter.senders.refusals import AddressRefusals
from newsletter.storage.database import Database, DatabaseAwayError
from subscribers import actions, store

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MARKER = "n0123456789abcdef"
LINK = f"https://news.example.org/leave/{slot(MARKER, LEAVE)}"
LETTER = Letter(
    sender="نشرة الموجة <news@example.org>",
    reply_to="",
    list_id="readers.example.org",
    rendered=Rendered("أسبوع على الساحل", f"<p>كلمة {LINK}</p>", f"كلمة\n{LINK}\n"),
    marker=MARKER,
    unsubscribe_url=LINK,
    unsubscribe_mail="mailto:news@example.org",
    date=NOW,
)
ISSUE = Issue(7, "أسبوع على الساحل")
KEYS: Mapping[int, bytes] = {3: b"k" * 32}

Step = Answer | Exception | Callable[[], Answer]
"""What becomes of a submission: an answer, an error, or what is done before the answer."""


@dataclass
class Provider:
    """Answers one submission after the other as planned, then takes everything."""

    finishing: list[Step] = field(default_factory=list)
    """What each last byte brings, in turn."""
    beginning: list[Exception | Callable[[], object] | None] = field(default_factory=list)
    """What happens to each submission while it is handed over, in turn."""
    known: set[str] | None = None
    """Names it says it has taken when it is asked; None when it cannot tell."""
    name: str = "scripted"
    batch_size: int = 2
    connections: int = 1
    sockets: int = 1
    handed: list[list[Parcel]] = field(default_factory=list)
    """The parcels of every submission."""
    requests: list[str] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    """Deliveries whose last byte came."""
    abandoned: int = 0
    loaded: list[Letter] = field(default_factory=list)
    asked: list[set[str]] = field(default_factory=list)
    open: int = 0
    """Carriers that are not closed."""
    inherited: int = 0

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    def load(self, letter: Letter) -> Carrier:
        with self.lock:
            self.loaded.append(letter)
            self.open += 1
        return Carrier(self)

    @property
    def sizes(self) -> list[int]:
        """How many parcels each submission had."""
        return [len(parcels) for parcels in self.handed]


class Carrier:
    """The provider, loaded with a letter."""

    one_by_one = False

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def pack(self, parcels: Sequence[Parcel], request_id: str) -> Callable[[], Submission]:
        return partial(self.begin, parcels, request_id)

    def begin(self, parcels: Sequence[Parcel], request_id: str) -> Submission:
        provider = self.provider
        with provider.lock:
            provider.handed.append(list(parcels))
            provider.requests.append(request_id)
            step = provider.beginning.pop(0) if provider.beginning else None
        if isinstance(step, Exception):
            raise step
        if step is not None:
            step()
        return Submission(provider, [parcel.delivery for parcel in parcels])

    def settle(self, names: Collection[str]) -> set[str] | None:
        self.provider.asked.append(set(names))
        return None if self.provider.known is None else self.provider.known & set(names)

    def inherit(self, other: Carrier) -> None:
        assert other.provider is self.provider
        self.provider.inherited += 1

    def remember(self, refusals: AddressRefusals) -> None:
        """It answers as it is told, whatever was refused before."""

    def close(self) -> None:
        with self.provider.lock:
            self.provider.open -= 1


class OneByOne(Provider):
    """A provider whose letters go one by one, each with a last byte of its own.

    Each is handed over when it may go, and answered with the next ``finishing``; ``queued`` puts it back.
    """

    last: Answer | None = None
    """What is said of the whole batch, if not what follows from its letters."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.renew: list[float] = []
        self.most: list[int] = []

    def load(self, letter: Letter) -> Carrier:
        super().load(letter)
        return _CarrierOneByOne(self)


class _CarrierOneByOne(Carrier):
    provider: OneByOne
    one_by_one = True

    def carry(self, parcels: Sequence[Parcel], commit: Any, *, renew: float, most: int = 0, sync: Any = None) -> Answer:
        provider = self.provider
        provider.handed.append(list(parcels))
        provider.renew.append(renew)
        provider.most.append(most)
        answers: dict[int, tuple[str, str]] = {}
        put_back = False
        for parcel in parcels:
            may = commit(answers, [parcel.delivery])
            answers = {}
            if may is None:
                return Answer("queued")
            if parcel.delivery not in may:
                continue
            provider.taken.append(parcel.delivery)
            step = provider.finishing.pop(0) if provider.finishing else Answer()
            if isinstance(step, Exception):
                raise step
            answer = step() if callable(step) else step
            answers = {parcel.delivery: (answer.state, answer.reason)}
            put_back = put_back or answer.state == "queued"
        commit(answers, [])
        return provider.last or Answer("queued" if put_back else "submitted", reason="try again" if put_back else "")


class Submission:
    """A submission that waits for its last byte."""

    def __init__(self, provider: Provider, deliveries: list[int]) -> None:
        self.provider, self.deliveries = provider, deliveries

    def finish(self) -> Answer:
        provider = self.provider
        with provider.lock:
            provider.taken += self.deliveries
            step = provider.finishing.pop(0) if provider.finishing else Answer()
        if isinstance(step, Exception):
            raise step
        return step() if callable(step) else step

    def abandon(self) -> None:
        self.provider.abandoned += 1


class Watched(Database):
    """A database that counts its writing transactions, and breaks off when it is told to."""

    def __init__(self, engine: Any) -> None:
        super().__init__(engine)
        self.writes = 0
        self.inside = 0
        self.most_inside = 0
        self.away: Callable[[], bool] = lambda: False
        """Asked before each transaction."""
        self.lost: Callable[[], bool] = lambda: False
        """Asked after each commit: whether its answer is lost."""

    @contextlib.contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        self.writes += 1
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            if self.away():
                raise DatabaseAwayError("the server is away")
            with super().write(durable=durable) as connection:
                yield connection
            if self.lost():
                raise DatabaseAwayError("the server broke off")
        finally:
            self.inside -= 1


@dataclass
class Bench:
    """Everything for a send, and what was told of it."""

    database: Watched
    provider: Provider
    readers: list[int]
    slept: list[float] = field(default_factory=list)
    told: list[tuple[str, int]] = field(default_factory=list)
    on_sleep: Callable[[float], object] = lambda _: None
    on_tell: Callable[[str, int], object] = lambda _state, _count: None
    now: float = 0.0
    """Seconds that were slept."""
    more: dict[str, Any] = field(default_factory=dict)
    """Of the setup."""

    @property
    def setup(self) -> DeliverySetup:
        wanted: dict[str, Any] = {"lease": 30.0, "backoff": 1.0, **self.more}
        return DeliverySetup(self.database, self.provider, KEYS, now=lambda: NOW, sleep=self.sleep, **wanted)

    def sleep(self, seconds: float) -> None:
        """Let time pass for everybody: leases run out and buckets fill, by the database's own clock."""
        self.slept.append(seconds)
        self.now += seconds
        self.on_sleep(seconds)
        self.run("UPDATE batch SET lease_until = lease_until - :one", one=seconds)
        self.run("UPDATE seat SET lease_until = lease_until - :one", one=seconds)
        self.run("UPDATE pace SET at = at - :one", one=seconds)

    def tell(self, state: str, count: int) -> None:
        self.told.append((state, count))
        self.on_tell(state, count)

    def run(self, statement: str, **values: object) -> None:
        """Do something to the database past all that is watched."""
        with Database(self.database.engine).write() as connection:
            connection.execute(text(statement), values)

    def ask(self, statement: str, **values: object) -> list[Any]:
        """Rows of the database."""
        with Database(self.database.engine).read() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def freeze(self, *mailings: tuple[Letter, Sequence[int]], key: str = "7") -> Send:
        """Freeze a send to everybody of the list, or of these letters to these readers."""
        if not mailings:
            return delivery.freeze_letter(self.setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
        from subscribers.store.tables import subscriber

        made = [
            Mailing(to_json(letter), _only(subscriber, readers), f"v{number}")
            for number, (letter, readers) in enumerate(mailings)
        ]
        return delivery.freeze(
            self.setup,
            made,
            key=key,
            subject="أسبوع",
            list_id=1,
            rhythm="weekly",
            articles=lambda _: [],
            now=NOW,
        )

    def deliver(self, send: Send, over: threading.Event | None = None) -> SendCounts:
        return delivery.run(self.setup, send, self.tell, over)

    def account(self, send: Send) -> SendCounts:
        with Database(self.database.engine).read() as connection:
            return ledger.account(connection, send.id)

    def states(self) -> list[tuple[str, str | None, int]]:
        """State, holder and attempt of every batch."""
        return self.ask("SELECT state, token, attempt FROM batch ORDER BY id")

    def total(self, state: str) -> int:
        """How many were told to have reached it."""
        return sum(count for told, count in self.told if told == state)


def _only(table: Any, readers: Sequence[int]) -> Any:
    from sqlalchemy import select

    return select(table.c.id).where(table.c.id.in_(readers))


def bench(database: Database, readers: int, provider: Provider | None = None, **more: Any) -> Bench:
    """A bench with so many weekly readers, ``reader0@example.net`` and so on, of list 1.

    Args:
        database: With tables, and nothing in them.
        readers: How many.
        provider: Takes everything unless told otherwise.
        more: Of the setup.
    """
    ids = []
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        for number in range(readers):
            added = actions.add_subscriber(connection, f"reader{number}@example.net", "readers", now=NOW)
            ids.append(added.subscriber.id)
    return Bench(Watched(database.engine), provider or Provider(), ids, more=more)
