"""Clicks that a provider reports, what was kept of them before, and a reader's own no: nobody is known by a click."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from command import complains, here, make_workspace
from conftest import MakeDatabase
from reader_pages import Workspace
from sqlalchemy import text
from test_events import PUBLIC, item
from test_ledger import freeze

from newsletter import clicks
from newsletter.events import apply
from newsletter.ledger import Send
from newsletter.models import CountedLink
from newsletter.senders.postmark.events import GuardedReports
from newsletter.senders.postmark.options import PostmarkOptions
from newsletter.senders.sendgrid.events import reports
from newsletter.storage import database as room
from newsletter.storage import tables
from newsletter.storage.database import Database, open_database, upgrade
from subscribers import actions, store
from subscribers.csvfile import CsvRow, look, rows

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = int(NOW.timestamp()) // 3600
KEYS, LINKS = {1: b"k" * 32}, {1: b"l" * 32}
SITE = "https://example.org"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def send(database: Database) -> Send:
    """A send of issue 12 to seven subscribers, with three links that are counted."""
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        for number in range(1, 8):
            actions.add_subscriber(connection, f"reader{number}@example.net", "readers", now=NOW)
        links = [CountedLink("", f"{SITE}/{name}", f"خبر {name}", at) for at, name in enumerate("abc", 1)]
        clicks.freeze(connection, links, issue="12", list_name="readers", now=NOW)
        return freeze(connection, size=10)


def click(send: Send, reader: int, url: str, **more: Any) -> dict[str, Any]:
    return item(send, reader, "click", url=url, **{"useragent": BROWSER, **more})


def receive(
    database: Database, *items: dict[str, Any], counted: bool = True, keys: Any = LINKS, now: datetime = NOW
) -> apply.ReportOutcome:
    told = reports(json.dumps(items).encode())
    return apply.receive(database, told, now=now, link_keys=keys, suppression_keys=KEYS, count_clicks=counted)


def numbers(database: Database) -> dict[str, tuple[int, int]]:
    with database.read() as connection:
        return {
            one.url: (one.people, one.machines)
            for one in clicks.of_issue(connection, "12")
            if one.people or one.machines
        }


def kept(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(tables.event)).scalar_one()


def test_clicks_become_numbers_and_of_the_reader_nothing_is_kept(database: Database, send: Send) -> None:
    told = [click(send, 1, f"{SITE}/a"), click(send, 2, f"{SITE}/a", minute=3), click(send, 3, f"{SITE}/b", minute=70)]
    assert receive(database, *told, item(send, 1, "open")).new == 3
    assert numbers(database) == {f"{SITE}/a": (2, 0), f"{SITE}/b": (1, 0)}
    with database.read() as connection:
        hours = {one.url: one.hours for one in clicks.of_issue(connection, "12")}
    assert hours[f"{SITE}/b"] == {HOUR + 1: 1}
    assert kept(database) == 0


def test_a_click_that_is_told_again_counts_once_also_after_days_and_under_a_new_key(
    database: Database, send: Send
) -> None:
    one = click(send, 1, f"{SITE}/a")
    assert receive(database, one, one) == apply.ReportOutcome(new=1, known=1)
    later = NOW + timedelta(days=7)
    assert receive(database, {**one, "sg_event_id": "another"}, now=later) == apply.ReportOutcome(known=1)
    newer = {**LINKS, 2: b"n" * 32}
    assert receive(database, one, now=later, keys=newer) == apply.ReportOutcome(known=1)
    assert receive(database, click(send, 1, f"{SITE}/a", minute=5), now=later, keys=newer).new == 1
    assert numbers(database) == {f"{SITE}/a": (2, 0)}
    # The hashes go; what they were for is over by then.
    receive(database, click(send, 2, f"{SITE}/c"), now=NOW + timedelta(days=30))
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.click_report)).scalar_one() == 1


def test_an_address_that_the_letter_does_not_have_is_not_kept(database: Database, send: Send) -> None:
    strange = (f"https://news.example.org/leave/{'A' * 52}", "https://evil.example/?reader=7", "", f"{SITE}/a?me=1")
    receive(database, *(click(send, 1, url, minute=at) for at, url in enumerate(strange)))
    assert numbers(database) == {"": (4, 0)}
    with database.read() as connection:
        urls = set(connection.execute(sa.select(tables.link.c.url)).scalars())
    assert urls == {"", *(f"{SITE}/{name}" for name in "abc")}


def test_programs_and_bursts_are_counted_apart(database: Database, send: Send) -> None:
    receive(database, click(send, 1, f"{SITE}/a", useragent="Mozilla/5.0 (compatible; Googlebot/2.1)"))
    receive(database, *(click(send, 2, f"{SITE}/{name}") for name in "abc"))
    assert numbers(database) == {f"{SITE}/a": (0, 2), f"{SITE}/b": (0, 1), f"{SITE}/c": (0, 1)}


def test_where_clicks_are_not_counted_they_are_dropped_and_prove_that_the_letter_was_taken(
    database: Database, send: Send
) -> None:
    assert receive(database, click(send, 1, f"{SITE}/a"), counted=False) == apply.ReportOutcome(known=1)
    assert numbers(database) == {}
    assert kept(database) == 0
    with database.read() as connection:
        states = connection.execute(sa.select(tables.delivery.c.state)).scalars().all()
    assert "submitted" in states


def test_an_entity_of_html_in_a_reported_address_is_understood(database: Database, send: Send) -> None:
    with database.write() as connection:
        links = [CountedLink("", f"{SITE}/?a=1&b=2", "خبر", 9)]
        clicks.freeze(connection, links, issue="12", list_name="readers", now=NOW)
    receive(database, click(send, 1, f"{SITE}/?a=1&amp;b=2"))
    assert numbers(database) == {f"{SITE}/?a=1&b=2": (1, 0)}


def test_the_other_provider_tells_of_clicks_in_its_own_words(database: Database, send: Send) -> None:
    body = {
        "RecordType": "Click", "ReceivedAt": NOW.isoformat(), "OriginalLink": f"{SITE}/a", "UserAgent": BROWSER,
        "Metadata": {"nashra_delivery": f"{send.public_id}.1"}, "Recipient": "reader1@example.net",
    }  # fmt: skip
    told = GuardedReports(PostmarkOptions(token="t", webhook_token="w")).read(json.dumps(body).encode())
    for _ in range(2):
        apply.receive(database, told, now=NOW, link_keys=LINKS, suppression_keys=KEYS, count_clicks=True)
    assert numbers(database) == {f"{SITE}/a": (1, 0)}


# ---- what was kept before


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, database_urls: MakeDatabase) -> Iterator[Database]:
    """A database of the version before, with events of readers who opened and clicked."""
    from alembic import command
    from alembic.config import Config

    database = open_database(database_urls(request.param))
    config = Config()
    config.set_main_option("script_location", str(Path(room.__file__).parent / "migrations"))
    at = int(NOW.timestamp())
    token = "A" * 52
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for statement in (
            "INSERT INTO list (name, title, created) VALUES ('readers', 'الموجة', 5)",
            "INSERT INTO issue (key) VALUES ('12'), ('readers/daily/2026-11-24')",
            "INSERT INTO send (public_id, issue_id, list_id, rhythm, state, subject, audience, created)"
            " VALUES ('a', 1, 1, 'weekly', 'finished', 'أسبوع', 2, 5), ('b', 2, 1, 'daily', 'finished', 'يوم', 1, 6)",
            "INSERT INTO letter (send_id, variant, frozen) VALUES (1, '', '1'), (2, '', '2')",
            "INSERT INTO batch (send_id, letter_id, state) VALUES (1, 1, 'submitted'), (2, 2, 'submitted')",
            "INSERT INTO delivery (issue_id, subscriber_id, batch_id) VALUES (1, 7, 1), (1, 8, 1), (2, 7, 2)",
        ):
            connection.execute(text(statement))
        add = text("INSERT INTO event (delivery_id, kind, at, url, bounce) VALUES (:d, :k, :a, :u, :b)")
        for row in (
            (1, "delivered", at, "", None), (1, "opened", at + 1, "", None), (1, "clicked", at + 2, f"{SITE}/a", None),
            (1, "clicked", at + 2, f"{SITE}/b", None), (1, "clicked", at + 4000, f"{SITE}/a", None),
            (2, "bounced", at, "", "hard"), (2, "bounced", at + 9, "", "soft"), (2, "clicked", at, f"{SITE}/a", None),
            (3, "clicked", at, f"{SITE}/a", None), (3, "complained", at, "", None),
            (3, "clicked", at, f"https://news.example.org/leave/{token}", None),
            (3, "clicked", at, f"{SITE}/?mail=hiba@example.net", None),
        ):  # fmt: skip
            connection.execute(add, dict(zip("dkaub", row, strict=True)))
    yield database
    database.close()


def test_an_upgrade_makes_numbers_of_clicks_and_forgets_whose_they_were(old: Database) -> None:
    upgrade(old)
    with old.write() as connection:
        found = {(one.url, one.story): one for one in clicks.of_issue(connection, "12")}
        assert {key: (one.people, dict(one.hours)) for key, one in found.items()} == {
            (f"{SITE}/a", ""): (3, {HOUR: 2, HOUR + 1: 1}),
            (f"{SITE}/b", ""): (1, {HOUR: 1}),
        }
        daily = {one.url: one.people for one in clicks.of_issue(connection, "readers/daily/2026-11-24")}
        assert daily == {f"{SITE}/a": 1, "": 2}
        query = sa.select(tables.event.c.delivery_id, tables.event.c.kind, tables.event.c.at, tables.event.c.bounce)
        at = int(NOW.timestamp())
        assert sorted(map(tuple, connection.execute(query)), key=str) == [
            (1, "delivered", at, None), (2, "bounced", at, "hard"), (2, "bounced", at + 9, "soft"),
            (3, "complained", at, None),
        ]  # fmt: skip
        # What was there goes on under the same name: a link that is frozen again keeps its numbers.
        clicks.freeze(connection, [CountedLink("", f"{SITE}/a", "خبر", 1)], issue="12", list_name="readers", now=NOW)
        (again,) = [one for one in clicks.of_issue(connection, "12") if one.url == f"{SITE}/a"]
        assert (again.story, again.people) == ("خبر", 3)
        everything = " ".join(
            str(row) for table in (tables.link, tables.click) for row in connection.execute(sa.select(table))
        )
    assert "A" * 20 not in everything
    assert "hiba" not in everything


def test_an_event_still_belongs_to_a_delivery_and_stands_there_once(old: Database) -> None:
    upgrade(old)
    add = "INSERT INTO event (delivery_id, kind, at) VALUES ({}, 'delivered', {})"
    for values in ((1, int(NOW.timestamp())), (99, 5)):
        with pytest.raises(sa.exc.IntegrityError), old.write() as connection:
            connection.execute(text(add.format(*values)))


# ---- a reader's own no


@pytest.mark.parametrize("shown", [True, False])
def test_the_page_of_preferences_has_the_switch_where_clicks_are_counted(database: Database, shown: bool) -> None:
    pages = Workspace(database)
    client = pages.client(counts_clicks=shown)
    person = pages.confirmed(client)
    path = pages.link("preferences")
    page = client.get(path).text
    assert ('name="count"' in page) == shown
    if not shown:
        return
    form = {"act": "save", "shown": "readers", "list": "readers", "rhythm-readers": "weekly", "counting": "shown"}
    page = client.post(path, data=form).text
    assert 'name="count" value="yes">' in page
    with database.read() as connection:
        assert store.find_id(connection, person.id).count_clicks is False  # type: ignore[union-attr]
    assert "لا تُحصى" in client.get(f"{path}/data").text
    assert '"count_clicks": false' in client.get(f"{path}/data.json").text
    # A page that was opened before there was a switch changes nothing of it.
    client.post(path, data={name: value for name, value in form.items() if name != "counting"})
    assert 'name="count" value="yes">' in client.get(path).text
    page = client.post(path, data={**form, "count": "yes"}).text
    assert 'name="count" value="yes" checked>' in page


def test_who_said_no_sees_it_although_nothing_is_counted_now(database: Database) -> None:
    pages = Workspace(database)
    client = pages.client()
    person = pages.confirmed(client)
    with database.write() as connection:
        store.set_counting(connection, person.id, counted=False)
    assert 'name="count" value="yes">' in client.get(pages.link("preferences")).text


def test_a_no_travels_with_the_file_of_a_list(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        for name in ("hiba", "salma"):
            actions.add_subscriber(connection, f"{name}@example.net", "readers", now=NOW)
        store.set_counting(connection, 1, counted=False)
        actions.export_file(connection, path, "readers")
        told = {row.address.address: row.record for row in rows(path, look(path)) if isinstance(row, CsvRow)}
        assert {address: one.uncounted for address, one in told.items() if one} == {
            "hiba@example.net": True,
            "salma@example.net": False,
        }
        # Elsewhere the file makes the same people of nobody, of somebody who said nothing, and of somebody known here.
        store.set_counting(connection, 1, counted=True)
        actions.import_file(connection, path, "readers", now=NOW, keys=KEYS)
        assert store.find_id(connection, 1).count_clicks is False  # type: ignore[union-attr]
    with closing(open_database(f"sqlite:///{tmp_path / 'elsewhere.db'}")) as elsewhere:
        upgrade(elsewhere)
        with elsewhere.write() as connection:
            if store.list_or_none(connection, "readers") is None:
                store.add_list(connection, "readers", "الموجة", now=NOW)
            actions.import_file(connection, path, "readers", now=NOW, keys=KEYS)
            people = [person for person, _ in store.subscribers(connection, 1)]
    assert {one.address: one.count_clicks for one in people} == {"hiba@example.net": False, "salma@example.net": True}


# ---- settings


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("settings") / "w", readers=0)


@pytest.mark.parametrize(("environment", "parts"), [
    ({"TRACKING__CLICKS": "everybody"}, ("clicks", "everybody")),
    ({"TRACKING__CLICKS": "provider"}, ("clicks", "reports clicks", "outbox")),
    ({"TRACKING__CLICKS": "stories", "WEB__URL": ""}, ("clicks", "[web] has no url")),
    ({"TRACKING__CLICKS": "stories", "WAYS__PREFERENCES": "false"}, ("clicks", "[ways] preferences")),
    ({"TRACKING__CLICKS": "provider", "SENDER__KIND": "sendgrid", "SENDGRID__KEY": "SG.x"}, ("clicks", "verified")),
    ({"SENDGRID__CLICK_TRACKING": "true"}, ("click_tracking", "[tracking] clicks")),
    ({"SENDGRID__OPEN_TRACKING": "true"}, ("open_tracking", "not counted any more")),
    ({"POSTMARK__OPEN_TRACKING": "yes"}, ("open_tracking", "not counted any more")),
])  # fmt: skip
def test_what_would_count_nothing_or_too_much_is_refused_in_one_line(
    root: Path, environment: dict[str, str], parts: tuple[str, ...]
) -> None:
    done = here("-C", root, "lists", more={f"NASHRA_{name}": value for name, value in environment.items()})
    complains(replace(done, err=done.err.lower()), *map(str.lower, parts))


def test_a_provider_that_is_set_up_may_count(root: Path) -> None:
    more = {"TRACKING__CLICKS": "provider", "SENDER__KIND": "sendgrid", "SENDGRID__KEY": "SG.x"}
    more |= {"SENDGRID__WEBHOOK_KEY": PUBLIC}
    done = here("-C", root, "lists", more={f"NASHRA_{name}": value for name, value in more.items()})
    assert done.code == 0, done
    # What older settings say of it as false means nothing, and harms nothing.
    assert here("-C", root, "lists", more={"NASHRA_SENDGRID__CLICK_TRACKING": "false"}).code == 0
