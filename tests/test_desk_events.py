"""What open pages are told: files that changed, who is there, how far something is; and how little that holds."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from newsletter.desk import events
from newsletter.desk.events import DeskEvents
from newsletter.desk.models import Editor
from newsletter.desk.request import DeskRequest
from newsletter.errors import NashraError
from newsletter.workflows.editing.history import etag_of


@dataclass
class Page:
    """One open page, as far as it reads."""

    stream: AsyncIterator[str]
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def read(self, until: str, within: float = 5) -> dict[str, Any]:
        """The next event of a kind."""
        async with asyncio.timeout(within):
            while True:
                async for part in self.stream:
                    for block in str(part).split("\n\n"):
                        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
                        if "event" in lines:
                            self.told.append((lines["event"], json.loads(lines["data"])))
                    found = next((one for one in self.told if one[0] == until), None)
                    if found is not None:
                        self.told.remove(found)
                        return found[1]
                    continue
                raise AssertionError(f"the stream ended before {until}: {self.told}")

    async def close(self) -> None:
        await self.stream.aclose()  # type: ignore[attr-defined]


def opened(hub: DeskEvents, name: str = "سلمى", slug: str = "013") -> Page:
    """A page; only what the hub asks of a request."""
    request = DeskRequest(
        desk=None,  # type: ignore[arg-type]
        workspace=None,  # type: ignore[arg-type]
        editor=Editor(name, frozenset({"edit"})),
        csrf="",
        method="GET",
        path={},
        query={"slug": slug} if slug else {},
        headers={},
    )
    answer = hub.stream(request)
    assert answer.media_type == "text/event-stream; charset=utf-8"
    return Page(answer.body_iterator)  # type: ignore[attr-defined]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "issues" / "013" / "issue.md"
    made.parent.mkdir(parents=True)
    made.write_text("one", "utf-8")
    return made


@pytest.fixture
def hub(tmp_path: Path) -> DeskEvents:
    return DeskEvents(tmp_path, look=0.05)


def runs(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def test_a_file_that_changes_and_goes_is_told_once(hub: DeskEvents, path: Path) -> None:
    async def test() -> None:
        page = opened(hub)
        assert (await page.read("hello"))["etag"] == etag_of(b"one")
        path.write_text("two!", "utf-8")
        assert await page.read("file") == {"slug": "013", "etag": etag_of(b"two!"), "gone": False}
        path.touch()
        path.unlink()
        assert await page.read("file") == {"slug": "013", "etag": "", "gone": True}
        path.write_text("back", "utf-8")
        assert (await page.read("file"))["etag"] == etag_of(b"back")
        assert not [one for one in page.told if one[0] == "file"]
        await page.close()

    runs(test)


def test_what_the_desk_itself_told_is_not_told_again(hub: DeskEvents, path: Path) -> None:
    async def test() -> None:
        page = opened(hub)
        await page.read("hello")
        path.write_text("two!", "utf-8")
        hub.publish("file", {"slug": "013", "etag": etag_of(b"two!"), "gone": False, "by": "ليلى"})
        assert (await page.read("file"))["by"] == "ليلى"
        await asyncio.sleep(0.2)
        hub.publish("progress", {"done": 3})
        assert await page.read("progress") == {"done": 3}
        assert not [one for one in page.told if one[0] == "file"]
        await page.close()

    runs(test)


def test_who_is_there_and_what_they_have_open(hub: DeskEvents, path: Path) -> None:
    async def test() -> None:
        one, other = opened(hub, "سلمى"), opened(hub, "ليلى")
        first = await one.read("hello")
        await other.read("hello")
        there = await other.read("presence")
        while len(there["people"]) < 2:
            there = await other.read("presence")
        hub.present(first["page"], "s-quay")
        while not any(who["key"] for who in there["people"]):
            there = await other.read("presence")
        assert {(who["name"], who["key"]) for who in there["people"]} == {("سلمى", "s-quay"), ("ليلى", "")}
        hub.present("nobody", "x")
        await one.close()
        while len(there["people"]) > 1:
            there = await other.read("presence")
        assert [who["name"] for who in there["people"]] == ["ليلى"]
        await other.close()
        assert hub.open == 0

    runs(test)


def test_another_issue_is_nobodys_business(hub: DeskEvents, path: Path) -> None:
    async def test() -> None:
        page = opened(hub)
        await page.read("hello")
        hub.publish("file", {"slug": "012", "etag": "x", "gone": False})
        hub.publish("collect", {"step": "done"})
        assert await page.read("collect") == {"step": "done"}
        assert not [one for one in page.told if one[0] == "file"]
        await page.close()

    runs(test)


def test_a_page_that_does_not_read_holds_no_more_than_its_queue(hub: DeskEvents, path: Path) -> None:
    async def test() -> None:
        page = opened(hub)
        await page.read("hello")
        for number in range(1000):
            hub.publish("progress", {"done": number})
        await page.read("missed")
        done = [said["done"] for kind, said in page.told if kind == "progress"]
        assert done[-1] == 999
        assert len(done) <= events.MOST_WAITING
        await page.close()

    runs(test)


def test_many_pages_hear_what_a_thread_tells_and_all_end_with_the_desk(hub: DeskEvents, path: Path) -> None:
    async def test() -> None:
        pages = [opened(hub, f"محرّر {n}") for n in range(80)]
        for page in pages:
            await page.read("hello")
        thread = threading.Thread(target=lambda: hub.publish("progress", {"done": 1}))
        thread.start()
        assert [await page.read("progress") for page in pages] == [{"done": 1}] * 80
        thread.join()
        hub.end()
        for page in pages:
            async with asyncio.timeout(5):
                async for _ in page.stream:
                    pass
        assert hub.open == 0

    runs(test)


def test_there_is_an_end_to_pages(hub: DeskEvents, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_PAGES", 1)

    async def test() -> None:
        page = opened(hub)
        await page.read("hello")
        with pytest.raises(NashraError, match="1 pages of the desk are open"):
            opened(hub)
        await page.close()
        again = opened(hub)
        await again.read("hello")
        await again.close()

    runs(test)


def test_no_line_end_of_a_name_begins_another_event(hub: DeskEvents, path: Path) -> None:
    async def test() -> None:
        page = opened(hub)
        await page.read("hello")
        hub.publish("progress", {"name": "a\n\nevent: hello\ndata: {}"})
        assert await page.read("progress") == {"name": "a\n\nevent: hello\ndata: {}"}
        await page.close()

    runs(test)
