"""A reader's whole way through the pages, gone once before anybody asks, and taken back.

What a process does for the first time takes long: modules are imported, templates read, statements put together. With
200 requests a second in its first moment, the first readers waited up to 1.5 s for that; nobody shall.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from newsletter.storage.rehearsal import taken_back
from subscribers import actions, store, tokens
from subscribers.addresses import normalise

if TYPE_CHECKING:
    from newsletter.storage.database import Database
    from newsletter.workflows.small_letters import SmallLetters
    from subscribers.web import Site

LOG = logging.getLogger("nashra.web")
NOBODY = "first-of-all@example.com"
"""An address that is never written to: whatever is done for it is taken back."""


def walk(site: Site, database: Database, letters: SmallLetters) -> None:
    """Let somebody who does not exist subscribe, confirm, choose and leave; nothing of it stays.

    Whatever fails is told to the log and holds up nobody: the pages are served in any case.

    Args:
        site: The reader pages.
        database: Their database.
        letters: The letters that readers wait for.
    """
    try:
        with database.read() as connection:
            lists = [store.list_or_none(connection, name) for name in site.lists]
        letters.prepare(one for one in lists if one is not None)
        with taken_back(database) as rehearsed:
            # In a thread of its own, since a server that starts has a loop in this one.
            way = _Way(replace(site, database=rehearsed, pace=0.0))
            thread = threading.Thread(target=lambda: asyncio.run(way.go()), name="first of all")
            thread.start()
            thread.join()
    except Exception as error:
        _tell(error)


def _tell(error: Exception) -> None:
    # Its words could hold an address.
    LOG.warning("the pages could not be tried before they are served: %s", type(error).__name__)


class _Way:
    def __init__(self, site: Site) -> None:
        from subscribers.web import create_app

        self._site = site
        # Without what logs each request.
        self._app = create_app(site).app
        self.statuses: list[int] = []

    async def go(self) -> None:
        try:
            await self._go()
        except Exception as error:
            _tell(error)

    async def _go(self) -> None:
        from subscribers.web import forms

        site, now = self._site, self._site.now()
        stamp = forms.stamp(site.link_keys, now - timedelta(seconds=5))
        await self._ask("/")
        await self._ask("/subscribe", {"email": NOBODY, "at": stamp})
        with site.database.write() as connection:
            who = store.find(connection, normalise(NOBODY))
            listed = store.list_named(connection, site.lists[0])
            if who is None:
                return  # the caps are full, or the list is closed
            asked = actions.make_confirmation(connection, who.id, listed.id, now=now)
        await self._ask(f"/confirm/{asked}")
        await self._ask(f"/confirm/{asked}", {})
        mine = tokens.make("preferences", site.link_keys, public_id=who.public_id, list_id=0, epoch=who.epoch)
        await self._ask(f"/preferences/{mine}")
        await self._ask(f"/preferences/{mine}", {"act": "save", "shown": listed.name, "list": listed.name})
        leave = tokens.make("leave", site.link_keys, public_id=who.public_id, list_id=listed.id, epoch=who.epoch)
        await self._ask(f"/leave/{leave}")
        await self._ask(f"/leave/{leave}", {"List-Unsubscribe": "One-Click"})

    async def _ask(self, path: str, form: dict[str, str] | None = None) -> None:
        path = self._site.path + path
        body = b"" if form is None else urlencode(form).encode("ascii")
        headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"%d" % len(body))]
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET" if form is None else "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("ascii"),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": None,
            "server": None,
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.statuses.append(message["status"])

        await self._app(scope, receive, send)
