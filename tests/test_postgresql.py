"""The whole command on PostgreSQL; and a send that goes on through restarts of the server."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from command import Done, complains, here, make_workspace
from conftest import MakeDatabase
from servers import Server, own_server
from test_deliver import ISSUE, LETTER, make, received

from newsletter import delivery, ledger
from newsletter.storage.database import DatabaseAwayError, upgrade
from newsletter.storage.retry import Retrying
from newsletter.wiring import Workspace, open_workspace

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

TEXT = "المدينة القديمة تستعيد أسوارها\nانتهت أشغال الترميم هذا الأسبوع.\n"


def ok(done: Done) -> Done:
    assert done.code == 0, done
    return done


def on(root: Path, url: str) -> None:
    """Let a workspace keep everything at this URL."""
    (root / "secrets" / "database.url").write_text(url.replace("postgresql+psycopg", "postgresql"), "utf-8")


def test_from_an_empty_folder_to_letters(tmp_path: Path, database_urls: MakeDatabase) -> None:
    root = tmp_path / "w"
    url = database_urls("postgresql").replace("postgresql+psycopg", "postgresql")
    site = ("--name", "الموجة", "--url", "https://almawja.example.org", "--web", "https://news.example.org")
    ok(here("init", root, *site))
    on(root, url)
    complains(here("-C", root, "lists"), "its schema is empty", "run: newsletter database upgrade")
    ok(here("-C", root, "database", "upgrade"))
    assert "up to date" in ok(here("-C", root, "database", "upgrade")).err
    assert "readers" in ok(here("-C", root, "lists")).out

    (tmp_path / "article.txt").write_text(TEXT, "utf-8")
    ok(here("-C", root, "collect", tmp_path / "article.txt"))
    assert "0 articles added" in ok(here("-C", root, "collect", tmp_path / "article.txt")).err
    ok(here("-C", root, "compose", "--slug", "first"))
    ok(here("-C", root, "check"))
    (tmp_path / "readers.csv").write_text(
        "email\n" + "".join(f"reader{number}@example.net\n" for number in range(250)) + "READER7@example.net\n", "utf-8"
    )
    report = json.loads(
        ok(here("-C", root, "subscribers", "import", tmp_path / "readers.csv", "--consent", "card", "--json")).out
    )
    assert (report["added"], report["merged"]) == (250, 1)
    ok(here("-C", root, "subscribers", "leave", "reader3@example.net"))
    ok(here("-C", root, "subscribers", "suppress", "reader4@example.net"))
    ok(here("-C", root, "subscribers", "erase", "reader5@example.net", "--yes"))
    assert json.loads(ok(here("-C", root, "send", "--dry-run", "--json")).out)["audience"] == 247

    sent = json.loads(ok(here("-C", root, "send", "--yes", "--json")).out)
    assert (sent["state"], sent["submitted"], sent["sent_now"]) == ("finished", 247, 247)
    again = json.loads(ok(here("-C", root, "send", "--yes", "--json")).out)
    assert (again["sent_now"], again["submitted"]) == (0, 247)
    assert set(received(root).values()) == {1}
    (listed,) = json.loads(ok(here("-C", root, "sends", "list", "--json")).out)["sends"]
    assert (listed["state"], listed["submitted"]) == ("finished", 247)
    assert "submitted\t247" in ok(here("-C", root, "sends", "show", "1")).out
    (carried,) = json.loads(ok(here("-C", root, "articles", "--json")).out)["articles"]
    assert carried["carried_in"] == ["1"]
    ok(here("-C", root, "subscribers", "export", tmp_path / "out.csv"))
    assert len((tmp_path / "out.csv").read_text("utf-8").splitlines()) >= 249
    shown = ok(here("-C", root, "subscribers", "show", "reader4@example.net"))
    assert "not to be mailed" in shown.out
    complains(here("-C", root, "database", "backup"), "its own tools", "newsletter database backup --to DIR")


def test_a_new_workspace_may_begin_there(tmp_path: Path, database_urls: MakeDatabase) -> None:
    more = {"NASHRA_DATABASE__URL": database_urls("postgresql").replace("+psycopg", "")}
    ok(here("init", tmp_path / "w", "--name", "الموجة", "--url", "https://almawja.example.org", more=more))
    assert not (tmp_path / "w" / "newsletter.db").exists()
    ok(here("-C", tmp_path / "w", "subscribers", "add", "amal@example.net", more=more))
    assert "readers" in ok(here("-C", tmp_path / "w", "lists", more=more)).out


def test_a_server_that_is_away_is_one_line(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    on(root, "postgresql://nashra:geheim@127.0.0.1:1/nashra")
    for arguments in (("lists",), ("send", "--yes"), ("database", "upgrade"), ("subscribers", "list")):
        done = here("-C", root, *arguments)
        complains(done, "check [database] url and that the server runs")
        assert "geheim" not in done.err


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with own_server() as server:
        yield server


@pytest.fixture
def workspace(tmp_path: Path, server: Server) -> Iterator[Workspace]:
    make(tmp_path / "w", 0, batch=2)
    on(tmp_path / "w", server.database())
    with open_workspace(tmp_path / "w", {}) as workspace:
        upgrade(workspace.any_database)
        yield workspace


MANY = 50


def people(workspace: Workspace, number: int) -> list[str]:
    from newsroom import crowd

    from subscribers import actions, store

    addresses = [f"reader{one}@example.net" for one in range(number)]
    with workspace.database.write() as connection:
        if store.list_or_none(connection, "readers") is None:
            store.add_list(connection, "readers", "الموجة", now=workspace.now())
        if number >= MANY:
            crowd(connection, workspace, addresses)
        else:
            for address in addresses:
                actions.add_subscriber(connection, address, "readers", now=workspace.now())
    return addresses


def populated(root: Path, kind: str, urls: MakeDatabase, *, batch: int, readers: int) -> Path:
    """A workspace with so many readers, on either database.

    Args:
        root: The folder to make.
        kind: ``sqlite``, which keeps everything in the folder, or ``postgresql``.
        urls: Makes a database, as the fixture ``ready_urls`` does.
        batch: Letters in one request.
        readers: As ``people`` makes them.
    """
    make(root, 0, batch=batch)
    if kind == "postgresql":
        on(root, urls("postgresql"))
    with open_workspace(root, {}) as workspace:
        upgrade(workspace.any_database)
        people(workspace, readers)
    return root


def test_what_breaks_off_is_told_apart(workspace: Workspace, server: Server) -> None:
    people(workspace, 1)
    from sqlalchemy import text

    def broken() -> None:
        with workspace.database.write() as connection:
            server.restart()
            connection.execute(text("SELECT 1"))

    with pytest.raises(DatabaseAwayError, match="the database says"):
        broken()
    assert (
        Retrying(workspace.database, patience=5).read(lambda connection: connection.execute(text("SELECT 7")).scalar())
        == 7
    )
    server.stop()
    try:
        pauses: list[float] = []
        with pytest.raises(DatabaseAwayError, match="that the server runs"):
            Retrying(workspace.database, patience=3, sleep=pauses.append).read(lambda _connection: None)
        assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6]
    finally:
        server.start()


def test_a_send_goes_on_through_restarts(workspace: Workspace, server: Server) -> None:
    addresses = people(workspace, 60)
    setup = replace(workspace.delivery_setup, patience=60.0)
    send = delivery.freeze_letter(setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
    submitted, due = 0, [10, 30, 50]
    starters: list[threading.Timer] = []

    def progress(state: str, count: int) -> None:
        nonlocal submitted
        submitted += count if state == "submitted" else 0
        if due and submitted >= due[0]:
            due.pop(0)
            server.stop()
            starters.append(threading.Timer(0.5, server.start))
            starters[-1].start()

    account = delivery.run(setup, send, progress)
    for starter in starters:
        starter.join()
    assert len(starters) == 3
    assert account.submitted == 60
    assert received(workspace.root) == Counter(addresses)
    with workspace.database.read() as connection:
        assert ledger.state_of(connection, send.id) == "finished"
