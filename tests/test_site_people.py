"""Which users of the site read the letter: told to who signs, once, a word for each address, with nothing written."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from command import make_workspace
from starlette.testclient import TestClient

from newsletter.site_hook.signing import HEADER, sign_body
from newsletter.storage.database import Database, open_database
from newsletter.storage.site_tables import metadata
from newsletter.wiring import open_workspace
from newsletter.workflows.serve import app_of
from newsletter.workflows.site_posts.people import MOST, people_hook, read_question
from newsletter.workspace.plugin_secret import new_plugin_secret
from subscribers import store
from subscribers.addresses import normalise
from subscribers.models import Status

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
KEY, OLD, OTHER = bytes(range(32)), bytes(range(32, 64)), bytes(32)
PATH = "/hooks/wordpress/people"
Ask = Callable[..., tuple[int, bytes]]


def question(*addresses: str, **more: Any) -> dict[str, Any]:
    """What the plugin asks."""
    return {"id": secrets.token_hex(16), "list": "readers", "addresses": list(addresses), **more}


@pytest.fixture
def readers(database: Database) -> Database:
    """A list with somebody in each state, and another list."""
    with database.write() as connection:
        lists = [store.add_list(connection, name, name, now=NOW).id for name in ("readers", "sport")]

        def add(address: str, status: Status, place: int = 0, until: datetime | None = None) -> int:
            one = store.add(connection, normalise(address), public_id=secrets.token_bytes(16), now=NOW)
            store.set_status(connection, one.id, lists[place], status, now=NOW)
            store.set_preferences(
                connection, one.id, lists[place], rhythm="weekly", declined_topics=0, paused_until=until, now=NOW
            )
            return one.id

        add("salma@example.net", "confirmed")
        add("omar@example.net", "pending")
        add("huda@example.net", "confirmed", until=NOW + timedelta(days=1))
        add("zayd@example.net", "confirmed", until=NOW - timedelta(days=1))
        add("nour@example.net", "left")
        add("badr@example.net", "confirmed")
        add("rami@example.net", "confirmed", 1)
        store.suppress(connection, "badr@example.net", {1: KEY}, reason="hard", now=NOW)
    return database


@pytest.fixture
def ask(readers: Database) -> Ask:
    """The hook by a clock: what it answers to a body that was signed with a key at a moment."""

    def answer(
        body: dict[str, Any] | bytes, *, key: bytes = KEY, at: datetime = NOW, now: datetime = NOW, known: int = 1
    ) -> tuple[int, bytes]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        keys = (KEY, OLD)[:known]
        hook = people_hook(readers, lambda _: keys, lists=("readers",), now=lambda: now)
        return hook({HEADER: sign_body(key, raw, now=at)} if key else {}, raw)

    return answer


def test_a_state_for_each_address_in_their_order(ask: Ask) -> None:
    asked = {
        "nour@example.net": "left",
        " SALMA@Example.NET\u200f": "subscribed",
        "omar@example.net": "pending",
        "nobody@example.net": "",
        "rami@example.net": "",  # of another list
        "huda@example.net": "paused",
        "zayd@example.net": "subscribed",
        "badr@example.net": "stopped",
        "no address": "",
        "": "",
        "\ud800@example.net": "",
        "\0": "",
        "salma@example.net": "subscribed",
    }
    status, body = ask(question(*asked))
    assert (status, json.loads(body)) == (200, {"states": list(asked.values())})
    assert b"@" not in body
    assert ask(question())[1] == b'{"states": []}'


def test_who_is_let_in(ask: Ask) -> None:
    late = timedelta(seconds=301)
    body = question("salma@example.net")
    for more in ({"key": OTHER}, {"key": b""}, {"key": OLD}, {"at": NOW - late}, {"at": NOW + late}):
        assert ask(body, **more) == (403, b""), more
    assert ask(body, known=0) == (404, b"")
    assert ask(body)[0] == 200
    assert ask(body) == (403, b"")  # asked before
    assert ask(body, at=NOW + timedelta(seconds=1)) == (403, b"")  # signed anew, with the same words
    assert ask(question("salma@example.net"), key=OLD, known=2)[0] == 200


@pytest.mark.parametrize(
    "more",
    [
        {"id": "x"},
        {"id": 7},
        {"list": None},
        {"list": "sport"},  # the pages do not offer it
        {"list": "gone"},
        {"addresses": None},
        {"addresses": {"0": "salma@example.net"}},
        {"addresses": ["salma@example.net", None]},
        {"addresses": ["salma@example.net"] * (MOST + 1)},
    ],
)
def test_what_is_no_question(ask: Ask, more: dict[str, Any]) -> None:
    body = question("salma@example.net")
    assert ask({**body, **more}) == (400, b"")
    assert ask(body)[0] == 200  # nothing was remembered of what was refused


def test_no_body_does_harm() -> None:
    for body in (b"", b"[]", b"\xff", b"null", b"[" * 9000, b'{"id":' + b"9" * 5000 + b"}"):
        with pytest.raises((ValueError, RecursionError)):
            read_question(body)
    assert len(read_question(json.dumps(question(*["a@b.example"] * MOST)).encode()).addresses) == MOST


def test_nothing_is_written_but_that_it_was_asked(ask: Ask, readers: Database) -> None:
    def everything() -> dict[str, list[Any]]:
        with readers.read() as connection:
            return {
                name: list(connection.execute(sa.select(table)))
                for name, table in metadata.tables.items()
                if name != "site_knock"
            }

    before = everything()
    assert ask(question("salma@example.net", "new@example.net"))[0] == 200
    assert ask(question("salma@example.net"), key=OTHER)[0] == 403
    assert everything() == before
    with readers.read() as connection:
        (kept,) = connection.execute(sa.select(metadata.tables["site_knock"])).all()
    assert "@" not in str(kept)


def test_the_pages_have_its_address(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    root = make_workspace(tmp_path / "w", readers=1)
    with open_workspace(root, {"NASHRA_WEB__URL": "https://news.example.org"}) as workspace:
        client = TestClient(app_of(workspace, postman=False), base_url="https://news.example.org")

        def post(body: bytes, key: bytes) -> tuple[int, str]:
            answer = client.post(PATH, content=body, headers={HEADER: sign_body(key, body, now=workspace.now())})
            assert "set-cookie" not in answer.headers
            return answer.status_code, answer.text

        with workspace.database.read() as connection:
            (reader, _), *_ = store.subscribers(connection, store.list_named(connection, "readers").id)
        body = json.dumps(question(reader.address, "nobody@example.net")).encode()
        assert post(body, KEY) == (404, "")
        secret = new_plugin_secret(root, workspace.now()).secret
        assert post(body, KEY) == (403, "")
        assert client.post(PATH, content=body).status_code == 403
        assert client.get(PATH).status_code == 405
        assert post(b"{}", secret) == (400, "")
        assert post(b" " * (64 * 1024 + 1), secret)[0] == 413
        assert post(body, secret) == (200, '{"states": ["subscribed", ""]}')
        assert post(body, secret) == (403, "")
    assert reader.address not in caplog.text
    assert "nobody@" not in caplog.text


def test_a_database_that_does_not_answer_is_tried_again_later(tmp_path: Path) -> None:
    raw = json.dumps(question("salma@example.net")).encode()
    database = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    hook = people_hook(database, lambda _: (KEY,), lists=("readers",), now=lambda: NOW)
    assert hook({HEADER: sign_body(KEY, raw, now=NOW)}, raw) == (503, b"")
    database.close()
