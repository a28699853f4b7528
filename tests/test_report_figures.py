"""Every figure of a report equals a count of the raw events, made here in plain Python over what was told.

Ten thousand readers, sixty thousand events: late, doubled, out of order, of other sends and of nobody; two lists of one
issue, a send that was cancelled and its rest, one that was undone, readers who were erased since.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy import event as engine_event

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.ledger import Mailing, Send
from newsletter.report import read
from newsletter.report.models import ERASED, OTHERS, SUMS, Report
from newsletter.storage.database import Database
from newsletter.storage.tables import batch, delivery
from newsletter.storage.tables import letter as letters
from subscribers import store
from subscribers.models import Event
from subscribers.store.tables import consent, subscriber, subscription

START = datetime(2026, 11, 2, 8, 20, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Kathmandu")  # 5:45 from UTC
READERS = 10_000
EVENTS = 60_000
DOMAINS: tuple[str, ...] = (
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "yahoo.com",
    "example.org",
    "xn--mgbh0fb.example",
)
DOMAINS += tuple(f"d{number}.example" for number in range(30))
REASONS = ("", "", "too many", "too many: أكثر من رسالة كل يوم", "other: x", "بريد: someone@example.org", "other")
GONE = {"submitted", "unknown", "submitting"}
KINDS = {"delivered": 50, "deferred": 12, "bounced": 8, "complained": 3, "left": 2, "unknown": 1}
BOUNCES = ("hard", "invalid", "soft", "blocked", "policy", None)


@dataclass
class Sent:
    """A delivery as this test knows it."""

    name: str
    send: Send
    variant: str
    reader: int
    state: str
    reason: str = ""


@dataclass
class World:
    """What was written, told and done."""

    addresses: dict[int, str] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)
    leaves: list[tuple[int, int, datetime, str]] = field(default_factory=list)
    """Reader, list, moment, reason."""
    by_reader: dict[int, list[tuple[int, int, datetime, str]]] = field(default_factory=lambda: defaultdict(list))
    back: set[tuple[int, int]] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)


def people(connection: Any, world: World, chance: random.Random) -> None:
    rows = []
    for number in range(1, READERS + 1):
        world.addresses[number] = f"reader{number}@{chance.choice(DOMAINS[:6] if chance.random() < 0.8 else DOMAINS)}"
        rows.append(
            {
                "address": world.addresses[number],
                "address_key": world.addresses[number],
                "public_id": number.to_bytes(16, "big"),
                "needs_smtputf8": False,
                "created": 1,
            }
        )
    connection.execute(insert(subscriber), rows)
    for name in ("readers", "sport"):
        store.add_list(connection, name, name, now=START - timedelta(days=99))
    first, second = (one.id for one in store.all_lists(connection))
    both = [(first, one) for one in range(1, 8001)] + [(second, one) for one in range(7001, READERS + 1)]
    old = {"status": "confirmed", "rhythm": "weekly", "created": 1, "changed": 1}
    connection.execute(insert(subscription), [{"list_id": of, "subscriber_id": who, **old} for of, who in both])


def freeze(connection: Any, key: str, list_id: int, *, now: datetime, rhythm: str = "weekly", after: int = 0) -> Send:
    """A send in two variants, by the road that every send takes."""
    whole = select(subscription.c.subscriber_id).where(
        subscription.c.list_id == list_id, subscription.c.subscriber_id > after
    )
    who = whole.order_by(subscription.c.subscriber_id)
    mailings = [
        Mailing("{}", who.where(subscription.c.subscriber_id % 3 == 0), "-sport"),
        Mailing("", who.where(subscription.c.subscriber_id % 50 == 1), skipped="no topic of theirs"),
        Mailing("{}", who),
    ]
    return ledger.write_send(
        connection, mailings, key=key, list_id=list_id, rhythm=rhythm, subject=f"عدد {key}", batch_size=500, now=now
    )


def deliver(connection: Any, world: World, send: Send, chance: random.Random, *, queued: float = 0.0) -> None:
    """What became of the deliveries of a send before anything was told; a part of the batches may never have gone."""
    query = (
        select(
            delivery.c.id, delivery.c.subscriber_id, delivery.c.state, delivery.c.reason, batch.c.id, letters.c.variant
        )
        .join(batch, batch.c.id == delivery.c.batch_id)
        .outerjoin(letters, letters.c.id == batch.c.letter_id)
        .where(batch.c.send_id == send.id)
    )
    rows = connection.execute(query).all()
    waiting = {one for one in sorted({row[4] for row in rows}) if chance.random() < queued}
    own = []
    for number, reader, state, reason, of_batch, variant in rows:
        name = f"{send.public_id}.{number}"
        one = Sent(
            name, send, variant if variant is not None else "no letter", reader, state or "submitted", reason or ""
        )
        if state is None and of_batch in waiting:
            one.state = "queued"
        elif state is None and chance.random() < 0.04:
            one.state, one.reason = chance.choice(
                [("refused", "no such address"), ("unknown", ""), ("skipped", "paused"), ("skipped", "suppressed")]
            )
            own.append({"one": number, "now": one.state, "why": one.reason or None})
        world.sent[name] = one
    gone = update(batch).where(batch.c.send_id == send.id, batch.c.id.not_in(waiting), batch.c.letter_id.is_not(None))
    connection.execute(gone.values(state="submitted", sender="sendgrid", attempt=1))
    each = update(delivery).where(delivery.c.id == bindparam("one"))
    connection.execute(each.values(state=bindparam("now"), reason=bindparam("why")), own)


def make_events(world: World, sends: Iterable[Send], chance: random.Random) -> list[Event]:
    """What a provider tells: many things of some letters, nothing of others, and much that is none of our business."""
    of = {send.id: [one.name for one in world.sent.values() if one.send.id == send.id] for send in sends}
    names = [name for known in of.values() for name in known if world.sent[name].variant != "no letter"]
    names = chance.sample(names, len(names) * 9 // 10)
    kinds = chance.choices(list(KINDS), list(KINDS.values()), k=EVENTS * 7 // 10)
    made = []
    for kind in kinds:
        name = chance.choice(names)
        late = chance.choice((60, 3600, 86400, 6 * 86400)) * chance.random()
        at = START + timedelta(seconds=int(late) - chance.choice((0, 0, 0, 9000)))
        bounce = chance.choice(BOUNCES) if kind == "bounced" else None
        made.append(Event(kind, at, name, bounce))  # type: ignore[arg-type]
    for _ in range(EVENTS // 20):
        number = chance.randrange(1, 40_000)
        stranger = chance.choice(
            (f"{'f' * 16}.{number}", f"{chance.choice(list(of))}.1", "", "x", f"{names[0].partition('.')[0]}.999999")
        )
        made.append(Event("delivered", START, stranger))
    made += chance.choices(made, k=EVENTS - len(made))  # told again
    chance.shuffle(made)
    return made


def leave(connection: Any, world: World, chance: random.Random) -> None:
    """Readers leave one list or another before, between and after the letters; some come back."""
    on: dict[int, set[int]] = {one: set() for one in world.addresses}
    for list_id, who in connection.execute(select(subscription.c.list_id, subscription.c.subscriber_id)):
        on[who].add(list_id)
    lines, changed = [], []
    for who in chance.sample(sorted(on), 900):
        for list_id in on[who]:
            for _ in range(chance.choice((1, 1, 1, 2))):
                at = START + timedelta(hours=chance.randrange(-48, 24 * 9))
                world.leaves.append((who, list_id, at, chance.choice(REASONS)))
            if chance.random() < 0.1:
                world.back.add((who, list_id))
            else:
                changed.append({"of": list_id, "who": who})
    world.leaves.sort(key=lambda one: one[2])
    for who, list_id, at, reason in world.leaves:
        world.by_reader[who].append((who, list_id, at, reason))
        line = {"subscriber_id": who, "list_id": list_id, "act": "leave", "at": int(at.timestamp())}
        lines.append({**line, "how": "page; 203.0.113.0/24 Browser", "words": "", "reason": reason})
    connection.execute(insert(consent), lines)
    mine = (subscription.c.list_id == bindparam("of"), subscription.c.subscriber_id == bindparam("who"))
    connection.execute(update(subscription).where(*mine).values(status="left"), changed)


# ---- the same figures, counted anew


def told_once(world: World) -> dict[str, dict[str, list[Event]]]:
    """By delivery and kind what was told of letters of ours."""
    found: dict[str, dict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in world.told:
        if event.delivery in world.sent:
            found[event.delivery][event.kind].append(event)
    return found


def left_at(world: World, one: Sent, until: datetime | None, told: Mapping[str, list[Event]]) -> tuple[int, str] | None:
    """When the reader of a delivery left after it and before the next, and why; None when they did not or came back."""
    gone = one.reader in world.erased or (
        (one.reader, one.send.list_id) not in world.back
        and any(list_id == one.send.list_id for _, list_id, *_ in world.by_reader.get(one.reader, ()))
    )
    first = min((event.at for event in told.get("left", ())), default=None)
    moments = [(int(first.timestamp()), "none")] if first and gone and (not until or first < until) else []
    lines = [
        (at, reason)
        for who, list_id, at, reason in world.by_reader.get(one.reader, ())
        if list_id == one.send.list_id and at >= one.send.created and (not until or at < until)
    ]
    here = (one.reader, one.send.list_id)
    if lines and one.state in GONE and here not in world.back and one.reader not in world.erased:
        at, reason = lines[-1]
        known = [code for code in ("too many", "other") if reason == code or reason.startswith(f"{code}: ")]
        moments.append((int(at.timestamp()), known[0] if known else "own words" if reason else "none"))
    return (min(moments)[0], moments[-1][1]) if moments else None


def expected(world: World, sends: list[Send], until: Mapping[int, datetime | None]) -> dict[str, Any]:
    """Counts by part, by hour and by domain."""
    told = told_once(world)
    parts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    hours: Counter[tuple[int, str]] = Counter()
    domains: dict[str, Counter[str]] = defaultdict(Counter)
    begun = int(START.timestamp()) // 3600
    ours = {send.id: send for send in sends}
    mine = [one for one in world.sent.values() if one.send.id in ours]
    of_reader: dict[int, list[int]] = defaultdict(list)
    for one in mine:
        of_reader[one.reader].append(one.send.id)
        here = told.get(one.name, {})
        if here:
            one.state, one.reason = "submitted", ""
    for one in mine:
        again = [other for other in of_reader[one.reader] if other > one.send.id]
        if ours[one.send.id].state == "cancelled" and again and one.state not in GONE:
            continue
        here = told.get(one.name, {})
        part = parts[one.send.public_id, one.variant]
        state = "cancelled" if one.state == "queued" and ours[one.send.id].state == "cancelled" else one.state
        part[state] += 1
        if one.reason:
            part[f"reasons {one.reason}"] += 1
        address = world.addresses[one.reader]
        domain = ERASED if one.reader in world.erased else address.rpartition("@")[2].replace("googlemail", "gmail")
        domains[domain]["submitted"] += one.state == "submitted"
        for kind in ("delivered", "deferred", "bounced", "complained"):
            if here.get(kind):
                part[kind] += 1
                domains[domain][kind] += 1
                hour = min(int(event.at.timestamp()) for event in here[kind]) // 3600
                hours[max(hour - begun, 0), kind] += 1
        waits = bool(here.get("deferred") and not here.get("delivered") and not here.get("bounced"))
        part["still_deferred"] += waits
        domains[domain]["still_deferred"] += waits
        part["bounced_later"] += bool(here.get("delivered") and here.get("bounced"))
        for way in {event.bounce or "soft" for event in here.get("bounced", ())}:
            part[f"bounces {way}"] += 1
            domains[domain][f"bounces {way}"] += 1
        if left := left_at(world, one, until[one.send.id], here):
            part["left"] += 1
            part[f"leaving {left[1]}"] += 1
            hours[max(left[0] // 3600 - begun, 0), "left"] += 1
    return {"parts": parts, "hours": hours, "domains": domains}


def reported(report: Report) -> dict[str, Any]:
    """The same of a report."""

    def flat(counts: Any, names: Iterable[str], tables: Iterable[str]) -> Counter[str]:
        found = Counter({name: getattr(counts, name) for name in names})
        for table in tables:
            found.update({f"{table} {key}": number for key, number in getattr(counts, table).items()})
        return found

    kinds = ("delivered", "deferred", "bounced", "complained", "left")
    by_domain = ("submitted", "delivered", "deferred", "still_deferred", "bounced", "complained")
    return {
        "parts": {
            (part.send, part.variant): flat(part.counts, SUMS, ("reasons", "bounces", "leaving"))
            for part in report.parts
        },
        "hours": Counter({(one.hour, kind): getattr(one, kind) for one in report.hours for kind in kinds}),
        "domains": {one.domain: flat(one, by_domain, ("bounces",)) for one in report.domains},
    }


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Counters are equal but for zeros; domains behind the first twenty stand together."""
    named = {name for name in found["domains"] if name != OTHERS}
    together: dict[str, Counter[str]] = defaultdict(Counter)
    for name, counts in wanted["domains"].items():
        together[name if name in named else OTHERS] += counts
    for part in set(found["parts"]) | set(wanted["parts"]):
        assert +found["parts"].get(part, Counter()) == +wanted["parts"].get(part, Counter()), part
    assert +found["hours"] == +wanted["hours"]
    for domain in set(found["domains"]) | set(together):
        assert +found["domains"].get(domain, Counter()) == +together[domain], domain
    most = sorted((-counts["submitted"] for name, counts in wanted["domains"].items() if name != ERASED))
    assert [-one["submitted"] for name, one in found["domains"].items() if name in named - {ERASED}] == most[:20]


def test_every_figure_equals_a_count_of_the_raw_events(database: Database) -> None:
    chance, world = random.Random(1), World()
    day = timedelta(days=1)
    with database.write() as connection:
        people(connection, world, chance)
        first, second = (one.id for one in store.all_lists(connection))
        main = freeze(connection, "7", first, now=START)
        deliver(connection, world, main, chance)
        other = freeze(connection, "7", second, now=START + 2 * day, rhythm="all")
        deliver(connection, world, other, chance, queued=0.2)
        ended = freeze(connection, "8", second, now=START + 3 * day, after=9000)
        deliver(connection, world, ended, chance, queued=0.5)
        latest = freeze(connection, "readers/weekly/2026-11-07", first, now=START + 5 * day, after=7900)
        deliver(connection, world, latest, chance)
        undone = freeze(connection, "9", first, now=START + 8 * day, after=7990)
    with database.write() as connection:
        assert ledger.cancel(connection, undone).undone
    with database.write() as connection:
        assert not ledger.cancel(connection, ended).undone
    with database.write() as connection:
        rest = freeze(connection, "8", second, now=START + 4 * day, after=8900)
        deliver(connection, world, rest, chance)
        world.told = make_events(world, (main, other, ended, rest, latest), chance)
        leave(connection, world, chance)
        for at in range(0, len(world.told), 4000):
            ledger.note(connection, [(event, "") for event in world.told[at : at + 4000]])
        world.erased = set(chance.sample(sorted(world.addresses), 40))
        for one in world.erased:
            store.erase(connection, one)
        world.addresses[5] = "moved@new.example"
        connection.execute(update(subscriber).where(subscriber.c.id == 5).values(address=world.addresses[5]))
    with database.read() as connection:
        now = {send.id: send for send in ledger.sends(connection)}
        of = {key: [now[one.id] for one in sends] for key, sends in (("7", (main, other)), ("8", (ended, rest)))}
        # Who reads weekly gets the letter of the latest posts next; of the second list the next issue.
        until = {main.id: latest.created, other.id: ended.created, ended.id: None, rest.id: None, latest.id: None}
        for key, sends in of.items():
            report = read.of_issue(connection, key, zone=ZONE, compare=True)
            begun = sends[0].created
            found, wanted = reported(report), expected(world, sends, until)
            shift = int(begun.timestamp()) // 3600 - int(START.timestamp()) // 3600
            hours: Counter[tuple[int, str]] = Counter()
            for (hour, kind), number in wanted["hours"].items():
                hours[max(hour - shift, 0), kind] += number
            same(found, {**wanted, "hours": hours})
            assert report.begun == begun
            assert all(one.start.tzinfo is ZONE and one.start.minute == 45 for one in report.hours)
            assert sum(sum(part.values()) for part in wanted["parts"].values()) > 1000
        gone = read.of_issue(connection, undone.public_id).total
        assert (gone.audience, gone.cancelled, gone.left) == (undone.audience, gone.audience - gone.skipped, 0)
        with pytest.raises(SendError, match="nothing was sent that is called '9'"):
            read.of_issue(connection, "9")
        of_latest = read.of_issue(connection, latest.issue, zone=ZONE, compare=True)
        shift = expected(world, [now[latest.id]], until)["parts"]
        assert {part: +counts for part, counts in reported(of_latest)["parts"].items()} == {
            part: +counts for part, counts in shift.items()
        }


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whoever_left_is_looked_up_and_no_delivery_walked_along(database: Database) -> None:
    """With a million deliveries another plan takes minutes; SQLite's is the same for a hundred."""
    chance, world, told = random.Random(2), World(), []
    with database.write() as connection:
        people(connection, world, chance)
        (first, _) = (one.id for one in store.all_lists(connection))
        freeze(connection, "7", first, now=START, after=7900)

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        told.append((statement, parameters))

    engine_event.listen(database.engine, "before_cursor_execute", note)
    with database.read() as connection:
        read.of_issue(connection, "7", compare=True)
        engine_event.remove(database.engine, "before_cursor_execute", note)
        (left,) = ((words, values) for words, values in told if "UNION ALL" in words)
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {left[0]}", left[1])]
        assert any("(issue_id=? AND subscriber_id=?)" in step for step in plan), plan
        # Whatever reads events reads those of this issue alone, by their key.
        for words, values in told:
            steps = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values)]
            assert not [step for step in steps if step.startswith(("SCAN event", "SCAN delivery"))], (words, steps)
