"""Pictures that the reader pages serve: kept once, found by their name, removed only when nothing went."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from newsletter import media
from newsletter.models import Picture
from newsletter.storage import tables
from newsletter.storage.database import Database

NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def picture(data: bytes, content_type: str = "image/jpeg") -> Picture:
    return Picture("1@example.org", content_type, data, "port.jpg", 640, 360)


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(tables.media)).scalar_one()


def put(database: Database, *pictures: Picture, now: datetime = NOW, frozen: bool = False) -> None:
    with database.write() as connection:
        media.put(connection, pictures, now=now, frozen=frozen)


def get(database: Database, name: str) -> media.HostedPicture | None:
    with database.read() as connection:
        return media.get(connection, name)


def test_a_picture_is_kept_once_and_found_by_its_name(database: Database) -> None:
    one, other = picture(b"\xff\xd8\0one"), picture(b"\x89PNG\0other", "image/png")
    put(database, one, other, one)
    put(database, one)
    assert count(database) == 2
    name = one.stored_name
    assert re.fullmatch(r"[0-9a-f]{32}\.jpg", name)
    assert get(database, name) == media.HostedPicture("image/jpeg", one.data, 640, 360)
    assert other.stored_name.endswith(".png")


@pytest.mark.parametrize(
    "change",
    [
        lambda name: name.replace(".jpg", ".png"),
        lambda name: name.partition(".")[0],
        lambda name: name.upper(),
        lambda name: f"../{name}",
        lambda name: f"{name}\n",
        lambda name: f"{name}%00",
        lambda _: "0" * 32 + ".jpg",
        lambda _: "",
    ],
)
def test_no_other_name_finds_it(database: Database, change: object) -> None:
    one = picture(b"\xff\xd8one")
    put(database, one)
    assert get(database, change(one.stored_name)) is None  # type: ignore[operator]


def test_what_no_send_froze_goes_after_its_days_and_nothing_else(database: Database) -> None:
    test, sent, again = (picture(data) for data in (b"test", b"sent", b"again"))
    put(database, test, again)
    put(database, sent, frozen=True)
    put(database, sent, now=NOW + DAY)  # a test letter of it afterwards changes nothing
    put(database, again, now=NOW + 20 * DAY)

    def removed(now: datetime) -> int:
        with database.write() as connection:
            return media.remove_unused(connection, now=now)

    assert removed(NOW + media.KEPT_FOR) == 0
    assert removed(NOW + media.KEPT_FOR + DAY) == 1
    assert get(database, test.stored_name) is None
    assert get(database, again.stored_name) is not None
    put(database, again, now=NOW + 40 * DAY, frozen=True)  # it goes out after all
    assert removed(NOW + 4000 * DAY) == 0
    assert get(database, sent.stored_name) is not None
    with database.read() as connection:
        stayed = connection.execute(select(tables.media.c.frozen_at).order_by(tables.media.c.frozen_at)).scalars().all()
    assert stayed == [int(NOW.timestamp()), int((NOW + 40 * DAY).timestamp())]
