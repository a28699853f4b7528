"""What `subscribers show` tells of one person, in the order of time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from command import here
from sqlalchemy import Connection

from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.models import KeptWish

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32))}
DAY = timedelta(days=1)


def test_it_tells_one_person_in_order(connection: Connection) -> None:
    readers = store.add_list(connection, "readers", "نشرة القراء", now=NOW).id
    address = normalise("salma@example.org")
    person = store.add(connection, address, public_id=b"0" * 16, now=NOW)

    def said(act: str, day: int, **more: str) -> None:
        store.record(
            connection, person.id, readers, act=act, now=NOW + day * DAY, **{"how": "form", "words": "", **more}
        )

    said("subscribe", 0, words="اشترك\x1b[31m معنا", network="203.0.113.0/24", page="https://example.org/subscribe")
    store.queue_letter(connection, "confirmation", person.id, readers, now=NOW + timedelta(minutes=1))
    said("confirm", 1, how="page")
    store.set_status(connection, person.id, readers, "confirmed", rhythm="weekly", now=NOW + DAY)
    actions.prefer(
        connection, person.id, readers, now=NOW + 2 * DAY, rhythm="daily", declined_topics=5, paused_until=NOW + 9 * DAY
    )
    actions.suppress(connection, "salma@example.org", now=NOW + 3 * DAY, keys=KEYS, reason="hard")
    said("leave", 4, how="page", reason="رسائل كثيرة")
    waits = {"address": address.address, "address_key": address.key, "road": "file", "rhythm": "weekly"}
    store.keep_wishes(
        connection,
        [KeptWish(list_id=readers, **waits, how="file a.csv", words="", created=NOW + 5 * DAY, expires=NOW + 9 * DAY)],  # type: ignore[arg-type]
    )

    told = actions.timeline(actions.show(connection, "salma@example.org", keys=KEYS))

    assert [(at - NOW) // DAY for at, _ in told] == [0, 0, 1, 2, 3, 4, 5]
    assert [what for _, what in told] == [
        "readers: asked to subscribe (form) from 203.0.113.0/24 on https://example.org/subscribe saying "
        "“اشترك�[31m معنا”",
        "readers: confirmation letter, queued",
        "readers: confirmed (page)",
        "readers: changed preferences to daily, without 2 of the topics, paused until 2026-12-03",
        "not to be mailed any more: hard",
        "readers: left (page) because “رسائل كثيرة”",
        "waits to be asked (file a.csv)",
    ]


def test_what_came_by_a_file_names_it_and_keeps_its_date(connection: Connection, tmp_path: Path) -> None:
    store.add_list(connection, "readers", "نشرة القراء", now=NOW)
    actions.add_subscriber(connection, "salma@example.org", "readers", now=NOW - 900 * DAY, keys=KEYS, words="بطاقة")
    actions.export_file(connection, tmp_path / "out.csv", "readers")
    store.add_list(connection, "sport", "الرياضة", now=NOW)
    actions.import_file(connection, tmp_path / "out.csv", "sport", now=NOW, keys=KEYS)
    told = actions.timeline(actions.show(connection, "salma@example.org", keys=KEYS))
    assert [(at, what) for at, what in told if what.startswith("sport")] == [
        (
            NOW - 900 * DAY,
            "sport: added by an editor (editor) saying “بطاقة” (written here on 2026-11-24 from file out.csv)",
        )
    ]


def test_the_command_tells_issues_too_and_writes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "w"
    assert here("init", root, "--name", "الموجة", "--url", "https://example.org").code == 0
    text = tmp_path / "article.txt"
    text.write_text("المدينة القديمة تستعيد أسوارها\nانتهت أشغال الترميم هذا الأسبوع.\n", "utf-8")
    assert here("-C", root, "subscribers", "add", "salma@example.org", "--consent", "بطاقة").code == 0
    assert here("-C", root, "collect", text).code == 0
    assert here("-C", root, "compose", "--slug", "one").code == 0
    sent = here("-C", root, "send", "--yes")
    assert sent.code == 0, sent.err
    before = (root / "newsletter.db").read_bytes()

    done = here("-C", root, "subscribers", "show", "salma@example.org")

    assert done.code == 0, done.err
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert lines[0] == ["address", "salma@example.org"]
    assert lines[-2][1] == "readers: added by an editor (editor) saying “بطاقة”"
    assert lines[-1][1].startswith("first and only issue, “")
    assert lines[-1][1].endswith("”, submitted")
    assert (root / "newsletter.db").read_bytes() == before
    assert json.loads(here("-C", root, "subscribers", "show", "salma@example.org", "--json").out)["consent"]
