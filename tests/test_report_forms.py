"""Terminal, pipe, JSON, CSV and page say the same, and that is what a count of the raw happenings says.

A small newsroom in the night in which Beirut's clocks go back: two lists, letters by topic, one of the latest posts, an
issue to one reader and one to nobody, a send cancelled in the middle with its rest, one undone. Events come late,
doubled, out of order, of strangers and of the erased; letters bounce before and after "delivered"; readers come back.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
import report_pages
from lxml import html as parser
from sqlalchemy import select

from newsletter import clicks, ledger
from newsletter.events import apply
from newsletter.ledger import Mailing, Send
from newsletter.letters.templates import environment
from newsletter.models import CountedLink
from newsletter.report import counts, plain, read
from newsletter.report.models import NewsroomReport, Report
from newsletter.report.page import page
from newsletter.report.sections import sections
from newsletter.senders.reports import EventReport
from newsletter.storage.database import Database
from newsletter.storage.tables import batch, delivery
from subscribers import actions, store
from subscribers.models import BounceKind, Event
from subscribers.store.tables import subscription

ZONE = ZoneInfo("Asia/Beirut")
START = datetime(2026, 10, 24, 19, 30, tzinfo=UTC)  # 22:30 there; at midnight it is eleven once more
NOW = START + timedelta(days=20)
KEYS = {1: b"k" * 32}
DOMAINS = ("gmail.com", "googlemail.com", "yahoo.com", "example.net")
PRESSED = ("4", "5", "6")
"""Issues whose clicks are counted."""
TOLD = ("delivered", "deferred", "bounced", "complained")


@dataclass
class Happened:
    """What was done and told, as it happened."""

    sends: dict[str, list[Send]] = field(default_factory=lambda: defaultdict(list))
    of: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """Name of a delivery: issue, reader, state once all was told."""
    told: list[Event] = field(default_factory=list)
    left: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    erased: set[int] = field(default_factory=set)
    address: dict[int, str] = field(default_factory=dict)
    pressed: dict[str, Counter[tuple[str, int]]] = field(default_factory=lambda: defaultdict(Counter))
    """Issue: presses by story and hour."""


def write(database: Database, seen: Happened, key: str, on: int, who: list[int], at: datetime, **more: Any) -> Send:
    with database.write() as connection:
        query = select(subscription.c.subscriber_id).where(
            subscription.c.list_id == on, subscription.c.subscriber_id.in_(who)
        )
        query = query.order_by(subscription.c.subscriber_id)
        mailings = [
            Mailing("{}", query.where(subscription.c.subscriber_id % 4 == 1), "-1"),
            Mailing("", query.where(subscription.c.subscriber_id % 10 == 2), skipped="no topic of theirs"),
            Mailing("{}", query),
        ]
        send = ledger.write_send(
            connection,
            mailings,
            key=key,
            list_id=on,
            rhythm=more.get("rhythm", "weekly"),
            subject=f"عدد {key}",
            batch_size=7,
            now=at,
        )
    gone = more.get("gone", 10_000)
    with database.write() as connection:
        while gone > 0 and (mine := ledger.claim(connection, send.id, lease=30)) is not None:
            ledger.mark_submitting(connection, mine, skipped={}, lease=30)
            inside = ledger.deliveries(connection, mine.id)
            apart = {one.id: ("refused", "550 no such user") for one in inside if one.id % 23 == 5}
            ledger.record(connection, mine, "submitted", apart)
            gone -= 1
    seen.sends[key].append(send)
    return send


def simulate(database: Database, seed: int) -> Happened:
    chance, seen, day = random.Random(seed), Happened(), timedelta(days=1)
    with database.write() as connection:
        first = store.add_list(connection, "readers", "قرّاء", now=START - 200 * day).id
        second = store.add_list(connection, "sport", "رياضة", now=START - 200 * day).id
        lists: dict[str, list[int]] = {"readers": [], "sport": []}
        for number in range(1, 121):
            address = f"r{number}@{chance.choice(DOMAINS)}"
            for name in ["readers"] * (number <= 90) + ["sport"] * (number > 80):
                made = actions.add_subscriber(connection, address, name, now=START - 150 * day, keys=KEYS)
                lists[name].append(made.subscriber.id)
                seen.address[made.subscriber.id] = address
    readers, sport = lists.values()
    for number in range(1, 5):
        write(database, seen, str(number), first, readers, START - (50 - 7 * number) * day)
    write(database, seen, "5", first, readers, START)
    write(database, seen, "5", second, sport, START + timedelta(hours=2), rhythm="all")
    write(database, seen, "readers/weekly/2026-10-27", first, readers[:20], START + 3 * day)
    ended = write(database, seen, "6", first, readers, START + 7 * day, gone=5)
    with database.write() as connection:
        assert not ledger.cancel(connection, ended).undone
    write(database, seen, "6", first, readers, START + 7 * day + timedelta(hours=3))
    undone = write(database, seen, "7", first, readers, START + 9 * day, gone=0)
    with database.write() as connection:
        assert ledger.cancel(connection, undone).undone
    del seen.sends["7"]
    write(database, seen, "8", second, sport[-3:-2], START + 14 * day)
    write(database, seen, "9", second, [9999], START + 15 * day)

    names: dict[str, list[str]] = defaultdict(list)
    with database.read() as connection:
        for key, sends in seen.sends.items():
            for send in sends:
                rows = select(delivery.c.id, delivery.c.subscriber_id, delivery.c.state, batch.c.state)
                rows = rows.join(batch, batch.c.id == delivery.c.batch_id).where(batch.c.send_id == send.id)
                for number, reader, own, of_batch in connection.execute(rows):
                    name = f"{send.public_id}.{number}"
                    seen.of[name] = (key, reader, own or of_batch)
                    names[key].append(name)
    for key, mine in names.items():
        went = [name for name in mine if seen.of[name][2] == "submitted"]
        begun = min(send.created for send in seen.sends[key])
        for name in went:
            for kind in chance.choices(TOLD, (12, 3, 2, 1), k=chance.randrange(4)):
                at = begun + timedelta(seconds=chance.randrange(chance.choice((4 * 3600, 5 * 86400))))
                bounce = chance.choice((*get_args(BounceKind), None)) if kind == "bounced" else None
                seen.told.append(Event(kind, at, name, bounce))  # type: ignore[arg-type]
    strangers = [Event("delivered", START, name) for name in (f"{'e' * 16}.1", "x", "", f"{ended.public_id}.99999999")]
    told = [*seen.told, *strangers, *chance.choices(seen.told, k=200)]
    chance.shuffle(told)
    hear(database, told)
    leave(database, seen, chance, names)
    press(database, seen, chance)
    return seen


def hear(database: Database, told: list[Event]) -> None:
    for at in range(0, len(told), 37):
        some = [EventReport(one, "") for one in told[at : at + 37]]
        apply.receive(database, some, now=NOW, link_keys=KEYS, suppression_keys=KEYS)


def leave(database: Database, seen: Happened, chance: random.Random, names: dict[str, list[str]]) -> None:
    """After issue 5 and before the letter that follows: some by the provider, some on the page; some come back."""
    main = seen.sends["5"][0]
    went = [name for name in names["5"] if name.startswith(main.public_id) and seen.of[name][2] == "submitted"]
    for place, name in enumerate(chance.sample(went, 15)):
        reader, at = seen.of[name][1], START + timedelta(hours=1 + 4 * place)
        if place % 3 == 0:
            event = Event("left", at, name)
            some = [EventReport(event, ""), EventReport(event, "")]
            apply.receive(database, some, now=at, link_keys=KEYS, suppression_keys=KEYS)
        with database.write() as connection:
            if place % 3:
                actions.leave(connection, reader, 1, now=at, how="page", letters=False)
            if place % 5 == 0:
                again = {"now": at + timedelta(days=2), "keys": KEYS, "restore": True}
                actions.unsuppress(connection, seen.address[reader], keys=KEYS, asked=True)
                actions.add_subscriber(connection, seen.address[reader], "readers", **again)
            else:
                seen.left["5"].add(reader)
            if place == 3:  # by the provider's word, which is kept
                actions.erase(connection, seen.address[reader], now=NOW, keys=KEYS)
                seen.erased.add(reader)


def press(database: Database, seen: Happened, chance: random.Random) -> None:
    links = [CountedLink("", f"https://x.example/{at}", f"قصة {at}" if at else "", at) for at in range(14)]
    with database.write() as connection:
        for key, on in (("4", "readers"), ("5", "readers"), ("5", "sport"), ("6", "readers")):
            begun = min(send.created for send in seen.sends[key])
            clicks.freeze(connection, links, issue=key, list_name=on, now=begun)
            for link in links:
                for _ in range(chance.randrange(6)):
                    hour = int(begun.timestamp()) // 3600 + chance.randrange(60)
                    people, machines = chance.randrange(9), chance.randrange(3)
                    clicks.add(connection, {(clicks.name_of(key, on, 0, link.url), hour): (people, machines)})
                    seen.pressed[key][link.story, hour] += people


def expected(seen: Happened, key: str) -> dict[str, Any]:
    """Counted anew, of everything that happened."""
    total: Counter[str] = Counter()
    bounces: Counter[str] = Counter()
    hours: Counter[tuple[int, str]] = Counter()
    domains: dict[str, Counter[str]] = defaultdict(Counter)
    told: dict[str, dict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in seen.told:
        told[event.delivery][event.kind].append(event)
    cancelled = {send.public_id for send in seen.sends[key][:1]} if key == "6" else set()
    again = {reader for name, (of, reader, _) in seen.of.items() if of == key and name[:16] not in cancelled}
    for name, (of, reader, state_then) in seen.of.items():
        state = state_then
        if of != key:
            continue
        if name.partition(".")[0] in cancelled and state != "submitted":
            if reader in again:
                continue
            state = "cancelled" if state == "queued" else state
        total["audience"] += 1
        total[state] += 1
        if state != "submitted":
            continue
        domain = seen.address[reader].rpartition("@")[2].replace("googlemail", "gmail")
        domain = "(erased)" if reader in seen.erased else domain
        domains[domain]["submitted"] += 1
        here = told.get(name, {})
        for kind in here:
            total[kind] += 1
            domains[domain][kind] += 1
            hours[min(int(event.at.timestamp()) for event in here[kind]) // 3600, kind] += 1
        total["still_deferred"] += "deferred" in here and not {"delivered", "bounced"} & set(here)
        total["bounced_later"] += {"delivered", "bounced"} <= set(here)
        bounces.update({event.bounce or "soft" for event in here.get("bounced", ())})
        total["left"] += reader in seen.left[key] and name.startswith(seen.sends[key][0].public_id)
    total["clicked"] = sum(seen.pressed[key].values())
    return {"total": +total, "bounces": +bounces, "hours": +hours, "domains": {d: +c for d, c in domains.items()}}


def cells(tree: Any, title: str) -> list[list[str]]:
    """The first table of a block of the page."""
    for block in tree.iter("section", "article", "div"):
        head = block.find("./h3") if block.find("./h3") is not None else block.find("./h2")
        if head is not None and " ".join(head.text_content().split()) == title:
            rows = block.find(".//table").findall("tbody/tr")
            return [[" ".join(cell.text_content().split()) for cell in row] for row in rows]
    return []


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize("seed", [3])
def test_every_form_says_what_happened(database: Database, seed: int) -> None:
    seen = simulate(database, seed)
    with database.read() as connection:
        found = read.newsroom_report(connection, list(seen.sends), newsroom="الموجة", now=NOW, zone=ZONE)
    assert [one.issue for one in found.reports] == list(seen.sends)
    data = json.loads(json.dumps(plain.plain(found)))
    rows = [row for row in plain.table_rows(found) if row["part"] == plain.WHOLE]
    for report, document, row in zip(found.reports, data["reports"], rows, strict=True):
        wanted = expected(seen, report.issue)
        totals = wanted["total"]
        for name in (*plain.NUMBERS[:-1],):
            assert getattr(report.total, name) == totals[name], (report.issue, name)
            assert document["total"][name] == row[name] == totals[name]
        assert report.total.bounces == wanted["bounces"] == document["total"]["bounces"]
        counted = report.issue in PRESSED
        assert (row["clicked"] or 0, document["clicked"] or 0) == (totals["clicked"], totals["clicked"])
        assert (row["clicked"] != "", document["clicked"] is not None) == (counted, counted)
        same_hours(seen, report, document, wanted)
        domains = {one["domain"]: one for one in document["domains"]}
        assert set(domains) == set(wanted["domains"])
        for domain, of in wanted["domains"].items():
            assert {kind: domains[domain][kind] for kind in ("submitted", *TOLD)} == {
                kind: of[kind] for kind in ("submitted", *TOLD)
            }
        in_words(found, report, totals)
        on_the_page(found, report, wanted)
    in_a_month(seen, found)
    # What an issue is compared with is what that issue says of itself.
    own = {one.issue: one for one in found.reports}
    for report in found.reports:
        assert report.comparison is not None
        for past in report.comparison.past:
            total = own[past.issue].total
            assert {name: getattr(past, name) for name in ("submitted", *TOLD[:1], *TOLD[2:], "left")} == {
                name: getattr(total, name) for name in ("submitted", *TOLD[:1], *TOLD[2:], "left")
            }
            assert (past.clicked, past.begun) == (own[past.issue].clicked, own[past.issue].begun)


def same_hours(seen: Happened, report: Report, document: dict[str, Any], wanted: dict[str, Any]) -> None:
    first = min(int(send.created.timestamp()) // 3600 for send in seen.sends[report.issue])
    hours = Counter({(one.hour, kind): getattr(one, kind) for one in report.hours for kind in (*TOLD, "clicked")})
    counted = Counter({(max(hour - first, 0), kind): n for (hour, kind), n in wanted["hours"].items()})
    for (_, hour), people in seen.pressed[report.issue].items():
        counted[hour - first, "clicked"] += people
    assert +hours == +counted
    for one in document["hours"]:
        start = datetime.fromisoformat(one["start"])
        assert int(start.timestamp()) // 3600 == first + one["hour"]
        assert start.utcoffset() == start.astimezone(ZONE).utcoffset()
    assert sum(one["left"] for one in document["hours"]) == wanted["total"]["left"]


def in_words(found: NewsroomReport, report: Report, totals: Counter[str]) -> None:
    """What a terminal draws and a pipe lists, and the sentences above it."""
    drawn = [one for one in sections(found) if one.about == f"issue {report.issue}"]
    labels = [row.label for section in drawn if section.title.endswith("by hour") for row in section.rows]
    for section in drawn:
        assert len({row.label for row in section.rows}) == len(section.rows), section.title
    said = {(one.title, row.label): row for one in drawn for row in one.rows}
    names = {"delivered": "delivered", "bounced": "bounced", "complained": "complained", "left": "left"}
    names |= {"deferred": "deferred at least once", "still_deferred": "still deferred"}
    for name, label in names.items():
        if totals["submitted"] and (row := said.get(("of those submitted", label))):
            assert (row.number, row.whole) == (totals[name], totals["submitted"])
        else:
            assert not totals[name]
    for what in ("delivered", "clicked"):
        title = "delivered by hour" if what == "delivered" else "clicks by hour"
        assert sum(row.number for one in drawn if one.title == title for row in one.rows) == totals[what]
    assert not labels or any("+0" in label for label in labels) or report.issue != "5"
    above = "\n".join(counts.lines(report))
    assert f"Audience {totals['audience']}: {totals['submitted']} submitted, {totals['refused']} refused" in above
    if any(totals[kind] for kind in TOLD):
        assert f" {totals['delivered']} delivered (" in above


def on_the_page(found: NewsroomReport, report: Report, wanted: dict[str, Any]) -> None:
    shown = NewsroomReport(found.newsroom, found.made, found.zone, (report,))
    publication = report_pages.publication("en", timezone="Asia/Beirut")
    tree, totals = parser.document_fromstring(page(shown, publication, environment())), wanted["total"]
    came_back = cells(tree, "What came back")
    assert sorted(number(row[1]) for row in came_back) == sorted(wanted["bounces"].values())
    for row in came_back:
        assert float(row[2].rstrip("%")) == pytest.approx(100 * number(row[1]) / totals["bounced"], abs=0.06)
    mailboxes = cells(tree, "Where the mailboxes are")
    order = ("submitted", "delivered", "deferred", "bounced", "complained")
    assert sorted(tuple(number(one) for one in row[1:]) for row in mailboxes) == sorted(
        tuple(of[kind] for kind in order) for of in wanted["domains"].values()
    )
    title = "When they clicked" if report.clicked else "When it arrived"
    by_hour = cells(tree, title)
    if by_hour or report.issue == "5":
        assert sum(number(row[1]) for row in by_hour) == totals["clicked" if report.clicked else "delivered"]
        assert len({row[0] for row in by_hour}) == len(by_hour)
    if report.clicked:
        assert sum(number(row[1]) for row in cells(tree, "What they read")) == totals["clicked"]
    assert sum(number(row[1]) for row in cells(tree, "Who left, and why")) == totals["left"]
    if parts := cells(tree, "Letter by letter"):
        assert [sum(number(row[at]) for row in parts) for at in (1, 2)] == [totals["submitted"], totals["delivered"]]


def in_a_month(seen: Happened, found: NewsroomReport) -> None:
    """The best stories, and the median, which a person works out with a sorted list."""
    stories: Counter[tuple[str, str]] = Counter()
    since = NOW - timedelta(days=30)
    lately = [key for key, sends in seen.sends.items() if any(send.created >= since for send in sends)]
    for key in lately:
        for (story, _), people in seen.pressed[key].items():
            stories[key, story] += people
    assert found.clicked_in_30_days == sum(stories.values())
    ranked = sorted((number for (_, story), number in stories.items() if story and number), reverse=True)
    assert [one.people for one in found.best_stories] == ranked[:10]
    assert all(stories[one.issue, one.story] == one.people for one in found.best_stories)
    last = next(one for one in found.reports if one.issue == "6")
    assert last.comparison is not None
    assert [one.issue for one in last.comparison.past] == ["1", "2", "3", "4", "5"]
    for share in last.comparison.shares:
        past = [expected(seen, one.issue)["total"] for one in last.comparison.past]
        known = [one for one in past if share.what != "clicked" or one["clicked"]]
        shares = sorted(one[share.what] / one["submitted"] for one in known)
        half = len(shares) // 2
        middle = shares[half] if len(shares) % 2 else (shares[half - 1] + shares[half]) / 2
        assert share.median == pytest.approx(middle)
    assert {one.what for one in last.comparison.shares} == {"delivered", "bounced", "complained", "left"}
