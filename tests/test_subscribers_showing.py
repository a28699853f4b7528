from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from subscribers import actions, store
from subscribers.errors import UnknownSubscriber
from subscribers.models import ListStats

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32))}


def test_a_person_is_shown_with_everything_that_is_known(connection: Connection) -> None:
    store.add_list(connection, "readers", "نشرة القراء", now=NOW)
    store.add_list(connection, "donors", "الداعمون", now=NOW)
    for name in ("readers", "donors"):
        actions.add_subscriber(connection, "salma@example.org", name, now=NOW, keys=KEYS, words="في المعرض")
    actions.suppress(connection, "salma@example.org", now=NOW, keys=KEYS)

    person = actions.show(connection, "SALMA@example.org", keys=KEYS)

    assert person.subscriber.address == "salma@example.org"
    assert [(one.name, theirs.status) for one, theirs in person.subscriptions] == [
        ("readers", "confirmed"),
        ("donors", "confirmed"),
    ]
    assert [line.words for line in person.consents] == ["في المعرض", "في المعرض"]
    assert person.suppression is not None
    assert person.suppression.reason == "editor"
    copy = json.loads(json.dumps(person.rows, ensure_ascii=False))
    assert copy["subscriber"][0]["address"] == "salma@example.org"
    assert copy["subscriber"][0]["public_id"] == person.subscriber.public_id.hex()
    assert len(copy["consent"]) == len(copy["subscription"]) == 2
    assert len(copy["suppression"]) == 1


def test_an_unknown_address_is_told_and_whether_it_is_suppressed(connection: Connection) -> None:
    with pytest.raises(UnknownSubscriber, match=r"nobody has the address salma@example\.org; check its spelling"):
        actions.show(connection, "salma@example.org", keys=KEYS)
    actions.suppress(connection, "salma@example.org", now=NOW, keys=KEYS)
    with pytest.raises(UnknownSubscriber, match=r"it must not be mailed \(editor, 2026-11-24\)"):
        actions.show(connection, "salma@example.org", keys=KEYS)


def test_lists_are_counted_as_they_stand_and_moved(connection: Connection) -> None:
    readers = store.add_list(connection, "readers", "نشرة القراء", now=NOW)
    donors = store.add_list(connection, "donors", "الداعمون", now=NOW)
    long_ago = NOW - timedelta(days=60)

    def add(name: str, at: datetime, **chosen: str) -> int:
        address = f"{name}@example.org"
        return actions.add_subscriber(connection, address, "readers", now=at, keys=KEYS, **chosen).subscriber.id  # type: ignore[arg-type]

    add("old", long_ago)
    add("daily", NOW, rhythm="daily")
    left = add("left", long_ago)
    paused = add("paused", NOW)
    add("bounced", NOW)
    actions.suppress(connection, "bounced@example.org", now=NOW, keys=KEYS, reason="hard")
    actions.leave(connection, left, readers.id, now=NOW, how="page")
    actions.prefer(connection, paused, readers.id, now=NOW, rhythm="weekly", paused_until=NOW + timedelta(days=1))
    actions.subscribe(connection, "hadi@example.org", "readers", now=NOW, keys=KEYS, how="form", words="")

    assert actions.stats(connection, now=NOW) == [
        ListStats(
            list=readers,
            pending=1,
            confirmed=4,
            left=1,
            rhythms=(("instant", 0), ("daily", 1), ("weekly", 3)),
            paused=1,
            suppressed=1,
            joined=3,
            parted=1,
        ),
        ListStats(donors, 0, 0, 0, (("instant", 0), ("daily", 0), ("weekly", 0)), 0, 0, 0, 0),
    ]
    assert actions.stats(connection, now=NOW, days=90)[0].joined == 5
