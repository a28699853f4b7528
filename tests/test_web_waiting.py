"""Readers who wait for one another: for a place before a thread, for a transaction and nothing else, and for nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from command import make_workspace
from reader_pages import ADDRESS_KEYS, LINK_KEYS, Workspace, stamp_of
from starlette.responses import PlainTextResponse, Response
from test_turns import begun, until

from newsletter.storage.database import Database
from newsletter.wiring import open_workspace
from newsletter.workflows import serve, small_letters, warming
from subscribers import actions, store, tokens
from subscribers.store.tables import metadata
from subscribers.web import Request, Site, create_app, preferences, route
from subscribers.web.places import Places


@pytest.fixture
def pages(database: Database) -> Workspace:
    return Workspace(database)


def reader(pages: Workspace) -> str:
    """Somebody who gets letters; the path of their preferences."""
    with pages.database.write() as connection:
        actions.add_subscriber(connection, "salma@example.net", "readers", now=pages.clock(), keys=ADDRESS_KEYS)
    who = pages.person()
    return "/preferences/" + tokens.make("preferences", LINK_KEYS, public_id=who.public_id, list_id=0, epoch=who.epoch)


SAVE = {"act": "save", "shown": "readers", "list": "readers", "rhythm-readers": "daily"}


def status_of(app: Any, method: str, path: str) -> Any:
    """The status of one request, as a coroutine."""

    async def ask() -> int:
        found = []
        headers = [(b"content-length", b"0")]
        scope = {
            **{"type": "http", "method": method, "path": path, "raw_path": path.encode(), "headers": headers},
            **{"query_string": b"", "client": ("192.0.2.7", 5000), "http_version": "1.1", "scheme": "http"},
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                found.append(message["status"])

        await app(scope, receive, send)
        return found[0]

    return ask()


@pytest.mark.parametrize("counted", [False, True])
def test_who_only_reads_waits_for_nobody_who_writes(pages: Workspace, counted: bool) -> None:
    """There are 40 threads. 60 who press a button take four of them, or one where a letter may go because of it."""
    go, now, most, places = threading.Event(), list[int](), list[int](), 1 if counted else 4

    def handler(_site: Site, request: Request) -> Response:
        if request.posts:
            now.append(1)
            most.append(len(now))
            go.wait(30)
            now.pop()
        return PlainTextResponse("")

    site = pages.site
    app = create_app(site, routes=[route(site, "/here", handler, ["GET", "POST"], counted=counted)])

    async def all_of_them() -> list[int]:
        posts = [asyncio.create_task(status_of(app, "POST", "/here")) for _ in range(60)]
        await asyncio.sleep(0)
        got = await asyncio.wait_for(status_of(app, "GET", "/here"), 10)
        await asyncio.to_thread(until, lambda: len(now) == places)
        go.set()
        return [got, *await asyncio.gather(*posts)]

    assert asyncio.run(all_of_them()) == [200] * 61
    assert max(most) == places


def test_who_stands_in_line_too_long_is_told_so(pages: Workspace) -> None:
    """The database is held: those in line would wait for one another's 30 s, and the proxy would answer for us."""
    go, now = threading.Event(), list[int]()

    def handler(_site: Site, _request: Request) -> Response:
        now.append(1)
        go.wait(30)
        return PlainTextResponse("")

    site = replace(pages.site, counting=Places(1, 0.05))
    app = create_app(site, routes=[route(site, "/here", handler, ["POST"], counted=True)])

    async def all_of_them() -> list[int]:
        first = asyncio.create_task(status_of(app, "POST", "/here"))
        await asyncio.to_thread(until, lambda: bool(now))
        late = await asyncio.wait_for(asyncio.gather(*(status_of(app, "POST", "/here") for _ in range(3))), 20)
        go.set()
        return [await first, *late, await status_of(app, "POST", "/here")]

    assert asyncio.run(all_of_them()) == [200, 503, 503, 503, 200]


def test_a_sign_up_and_a_change_of_address_are_counted_one_by_one(pages: Workspace) -> None:
    taken: list[str] = []

    class Watched:
        def one(self) -> Any:
            taken.append("")
            return asyncio.Semaphore(1)

    client = pages.client(counting=Watched())
    token = reader(pages)
    for path in ("/subscribe", "/embed", f"{token}/address"):
        client.post(path, data={"email": "new@example.net"})
    assert len(taken) == 3
    client.post(token, data=SAVE)
    client.get("/")
    assert len(taken) == 3


def test_a_page_is_made_when_its_transaction_has_ended(pages: Workspace) -> None:
    path, open_now, made = reader(pages), list[int](), list[tuple[str, int]]()
    database = pages.database

    class Watched:
        @contextmanager
        def write(self) -> Iterator[Any]:
            with database.write() as connection:
                open_now.append(1)
                yield connection
            open_now.pop()

        read = database.read

    fill = pages.site.page

    def page(template: str, values: Any) -> str:
        made.append((template, len(open_now)))
        return fill(template, values)

    client = pages.client(database=Watched(), page=page)
    for form in (SAVE, {"act": "leave"}):
        assert client.post(path, data=form).status_code == 200
    assert client.post(f"{path}/again", data={"act": "again"}).status_code == 200
    assert made == [("web/preferences.html.j2", 0)] * 3


def test_who_leaves_while_their_choice_is_kept_has_left(pages: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two links of one reader at the same moment: one after the other, and neither answer is a fault."""
    path, who, real = reader(pages), pages.person(), preferences._choices
    threads: list[threading.Thread] = []

    def leave() -> None:
        with pages.database.write() as connection:
            actions.leave(connection, who.id, 0, now=pages.clock(), how="one click", words="", page="", network="")

    def choices(connection: Any, site: Site, person: Any) -> Any:
        found = real(connection, site, person)
        if not threads:
            threads.append(begun(leave))
            threads[0].join(0.3)
        return found

    monkeypatch.setattr(preferences, "_choices", choices)
    assert pages.client().post(path, data=SAVE).status_code == 200
    threads[0].join(30)
    assert pages.status() == "left"


def test_what_is_counted_takes_three_statements(pages: Workspace) -> None:
    """Others wait from the first of them until the transaction ends; so nothing is asked for that could be before."""
    said: list[str] = []
    client = pages.client()
    form = {"email": "salma@example.net", "at": stamp_of(client.get("/").text)}
    pages.clock.later(seconds=5)

    def seen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "letter_count" in statement:
            said.append(statement.split(maxsplit=1)[0])

    sa.event.listen(pages.database.engine, "before_cursor_execute", seen)
    assert client.post("/subscribe", data=form).status_code == 200
    assert said == ["INSERT", "SELECT", "INSERT"]


def test_the_first_reader_does_not_wait_for_what_is_done_for_the_first_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way has been gone before; nothing of it is there, and no letter has to be made anew."""
    root, ways = make_workspace(tmp_path / "w", readers=1), list[warming._Way]()

    class Way(warming._Way):
        def __init__(self, site: Site) -> None:
            super().__init__(site)
            ways.append(self)

    monkeypatch.setattr(warming, "_Way", Way)
    with open_workspace(root, {}) as workspace:
        with workspace.database.read() as connection:
            before = {name: list(connection.execute(sa.select(table))) for name, table in metadata.tables.items()}
            lists = store.all_lists(connection)
        letters = small_letters.of_workspace(workspace)
        site = serve.site_of(workspace, serve.pages_of(workspace), {})
        warming.walk(site, workspace.database, letters)
        with workspace.database.read() as connection:
            after = {name: list(connection.execute(sa.select(table))) for name, table in metadata.tables.items()}
        assert ways[0].statuses == [200] * 8
        assert after == before
        made: list[Any] = []
        monkeypatch.setattr(small_letters.making, "render_small", lambda *_, **__: made.append(1))
        letters.prepare(lists)
        assert made == []
        # Whatever is wrong, the pages are served.
        monkeypatch.setattr(letters, "prepare", lambda _: 1 / 0)
        warming.walk(site, workspace.database, letters)


def test_the_processes_that_serve_begin_warm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[Site] = []
    monkeypatch.setattr(serve, "walk", lambda site, *_: gone.append(site))
    with open_workspace(make_workspace(tmp_path / "w", readers=1), {}) as workspace:
        app = serve.app_of(workspace, postman=False, warm=True)
        assert gone == [app.site]
