"""What pages are told while they are open: that a file changed, who else is there, how far something is.

Server-sent events (WHATWG HTML, section 9.2). Each open page has a short queue of its own: one that does not read loses
the oldest, and is told that it has missed something. Nothing is written down; a page that comes back asks anew.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

from newsletter.desk.models import DeskRoute
from newsletter.errors import NashraError
from newsletter.issues import FILE, folder_of
from newsletter.workflows.editing.history import etag_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest

LOOK = 1.0
"""Seconds between two looks at the file of an issue whose page is open."""
ALIVE = 15.0
"""Seconds after which a quiet page hears that the desk is there."""
MOST_WAITING = 64
"""Events that wait for a page which does not read."""
MOST_PAGES = 500
_KEY = 200
"""Characters that name the story somebody has open."""


@dataclass(eq=False)
class _OpenPage:
    """One page that listens."""

    name: str
    slug: str
    loop: asyncio.AbstractEventLoop
    path: Path | None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    key: str = ""
    waiting: deque[tuple[str, Mapping[str, Any]]] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    missed: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    seen: tuple[int, int, int] | None = None
    etag: str = ""
    """Of the file as the page was told of it last."""


class DeskEvents:
    """The hub between what happens at a desk and the pages that are open.

    Args:
        root: Of the workspace.
        look: Seconds between two looks at a file.
    """

    def __init__(self, root: Path, look: float = LOOK) -> None:
        self._root = root
        self._look = look
        self._pages: dict[str, _OpenPage] = {}
        self._lock = threading.Lock()
        self._over = False

    def publish(self, kind: str, data: Mapping[str, Any]) -> None:
        """Tell every open page, from any thread; one of an issue goes to the pages of that issue.

        Args:
            kind: Name of the event, for example ``progress``.
            data: What JSON can hold; with ``slug``, it is about that issue.
        """
        slug = data.get("slug")
        with self._lock:
            pages = [one for one in self._pages.values() if slug is None or not one.slug or one.slug == slug]
        for page in pages:
            self._offer(page, kind, data)

    def stream(self, request: DeskRequest) -> Response:
        """The answer that goes on while the page is open.

        Args:
            request: Of a page; ``slug`` in its address names the issue whose file is looked at.

        Raises:
            NashraError: Too many pages are open, or there is no such issue.
        """
        if len(self._pages) >= MOST_PAGES:
            raise NashraError(f"{MOST_PAGES} pages of the desk are open", mend="close some of them")
        slug = request.query.get("slug", "")
        path = folder_of(self._root, slug) / FILE if slug else None
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        told = self._told(request.editor.name, slug, path)
        return StreamingResponse(told, media_type="text/event-stream; charset=utf-8", headers=headers)

    def present(self, page: str, key: str) -> None:
        """Remember which story a page has open, and tell the others.

        Args:
            page: Id of the page, as it was told with its first event.
            key: The page's own name of the story; empty when it has none open.
        """
        with self._lock:
            there = self._pages.get(page)
            if there is None or there.key == key[:_KEY]:
                return
            there.key = key[:_KEY]
        self._tell_presence(there.slug)

    def end(self) -> None:
        """End all streams, when the desk ends."""
        self._over = True
        with self._lock:
            pages = list(self._pages.values())
        for page in pages:
            _call(page, page.wake.set)

    @property
    def open(self) -> int:
        """How many pages listen."""
        return len(self._pages)

    async def _told(self, name: str, slug: str, path: Path | None) -> AsyncIterator[str]:
        page = _OpenPage(name, slug, asyncio.get_running_loop(), path)
        if path is not None:
            page.seen, page.etag = await asyncio.to_thread(_looked_at, path, None, "")
        with self._lock:
            self._pages[page.id] = page
        try:
            yield f"retry: 2000\n\n{_event('hello', {'page': page.id, 'slug': slug, 'etag': page.etag})}"
            self._tell_presence(slug)
            quiet = 0.0
            while not self._over:
                said = self._next(page)
                if said:
                    quiet = 0.0
                    yield said
                    continue
                page.wake.clear()
                try:
                    async with asyncio.timeout(self._look):
                        await page.wake.wait()
                except TimeoutError:
                    quiet += self._look
                    await self._watch(page)
                    if quiet >= ALIVE:
                        quiet = 0.0
                        yield ": here\n\n"
        finally:
            with self._lock:
                self._pages.pop(page.id, None)
            self._tell_presence(slug)

    def _next(self, page: _OpenPage) -> str:
        """What waits for a page, as it is sent."""
        said = []
        with self._lock:
            if page.missed:
                said.append(_event("missed", {}))
                page.missed = False
            while page.waiting:
                said.append(_event(*page.waiting.popleft()))
        return "".join(said)

    async def _watch(self, page: _OpenPage) -> None:
        """Tell a page that the file of its issue is another one, or gone."""
        if page.path is None:
            return
        before = page.etag
        page.seen, page.etag = await asyncio.to_thread(_looked_at, page.path, page.seen, page.etag)
        if page.etag != before:
            self._offer(page, "file", {"slug": page.slug, "etag": page.etag, "gone": not page.etag})

    def _offer(self, page: _OpenPage, kind: str, data: Mapping[str, Any]) -> None:
        with self._lock:
            if kind == "file" and data.get("slug") == page.slug:
                page.etag = str(data.get("etag", ""))
            elif kind == "presence":
                # Only how it is now matters.
                kept = [one for one in page.waiting if one[0] != kind]
                page.waiting.clear()
                page.waiting.extend(kept)
            page.missed = page.missed or len(page.waiting) == MOST_WAITING
            page.waiting.append((kind, data))
        _call(page, page.wake.set)

    def _tell_presence(self, slug: str) -> None:
        if not slug:
            return
        with self._lock:
            there = [one for one in self._pages.values() if one.slug == slug]
        people = [{"name": one.name, "page": one.id, "key": one.key} for one in there]
        for page in there:
            self._offer(page, "presence", {"slug": slug, "people": people})


def _call(page: _OpenPage, does: Any) -> None:
    try:
        page.loop.call_soon_threadsafe(does)
    except RuntimeError:
        return  # its loop is closed: nobody listens there any more


def _looked_at(path: Path, seen: tuple[int, int, int] | None, etag: str) -> tuple[tuple[int, int, int] | None, str]:
    """How a file is, and its fingerprint, which is only made anew when it looks changed; empty when it is gone."""
    try:
        found = path.stat()
        now = (found.st_mtime_ns, found.st_size, found.st_ino)
        return (seen, etag) if now == seen else (now, etag_of(path.read_bytes()))
    except OSError:
        return None, ""


def _event(kind: str, data: Mapping[str, Any]) -> str:
    """One event as it is sent; JSON has no line end, so that it is one line of data."""
    return f"event: {kind}\ndata: {json.dumps(dict(data), ensure_ascii=False, default=str)}\n\n"


def _events(request: DeskRequest) -> Response:
    return request.desk.events.stream(request)


ROUTES = (DeskRoute("GET", "/events", _events, "look"),)
