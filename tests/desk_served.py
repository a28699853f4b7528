"""The desk served on loopback, a browser signed in to it, and what its pages ask for and complain of written down."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from desk_newsroom import Clock
from newsroom import WordPress, open_newsroom
from reader_pages import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from newsletter.desk.desk import Desk
    from newsletter.wiring import Workspace

WIDTHS = (1280, 768, 390)
HEIGHTS = {1280: 1000, 768: 1024, 390: 844}


@dataclass
class ServedDesk:
    """A desk that answers."""

    base: str
    """Its address, without a slash at the end."""
    desk: Desk
    clock: Clock

    @property
    def workspace(self) -> Workspace:
        """What it is the desk of."""
        return self.desk.workspace

    @property
    def issue_file(self) -> Path:
        """The issue in the making."""
        return self.workspace.root / "issues" / "13" / "issue.md"


@dataclass
class Seen:
    """A page of the desk, and what happened on it that must not."""

    page: Page
    troubles: list[str] = field(default_factory=list)
    """Errors on its console, and requests to other hosts."""
    requests: list[str] = field(default_factory=list)


@contextmanager
def served(
    root: Path, clock: Clock | None = None, *, site: WordPress | None = None, delivers: bool = False
) -> Iterator[ServedDesk]:
    """Serve the desk of a workspace in a thread of this process.

    Args:
        root: Folder of the workspace.
        clock: What it takes for the present moment; None stands at the newsroom's.
        site: What the world is for it; without one the world is down.
        delivers: Whether it delivers letters beside its pages, as ``newsletter desk`` does.
    """
    import uvicorn

    from newsletter.desk.app import create_app
    from newsletter.desk.desk import Desk

    clock = clock or Clock()
    with open_newsroom(root, clock, site) as workspace, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        desk = Desk(workspace)
        desk.answers_at(listener.getsockname()[1])
        guard = create_app(desk)
        config = uvicorn.Config(guard, log_level="warning", proxy_headers=False, timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + 120
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started
        if delivers:
            from newsletter.workflows.outgoing import DeliveryThread

            desk.deliveries = DeliveryThread(workspace)
            desk.deliveries.start()
        try:
            yield ServedDesk(base, desk, clock)
        finally:
            if delivers:
                desk.deliveries.stop()
            desk.end()
            server.servers[0].get_loop().call_soon_threadsafe(guard.end_streams)
            server.should_exit = True
            thread.join(120)
            assert not thread.is_alive(), "the desk does not stop"


def patient(context: BrowserContext) -> BrowserContext:
    """Let the pages of a browser have the time that a busy machine takes; what must be quick says so itself."""
    context.set_default_timeout(120_000)
    return context


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium that reaches loopback alone."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def visitor(
    browser: Browser,
    served: ServedDesk,
    *,
    width: int = 1280,
    height: int = 0,
    mode: Literal["light", "dark"] = "light",
    timezone: str = "Africa/Algiers",
    **more: Any,
) -> Iterator[Seen]:
    """A tab of a browser of its own, signed in.

    Args:
        browser: From `chromium`.
        served: Whose desk.
        width: CSS pixels.
        height: CSS pixels; 0 takes what is usual at that width.
        mode: What the system prefers.
        timezone: Of the browser.
        more: For the context of Playwright.
    """
    size = {"width": width, "height": height or HEIGHTS.get(width, 1000)}
    context = browser.new_context(
        viewport=size, color_scheme=mode, timezone_id=timezone, locale="ar", reduced_motion="reduce", **more
    )
    page = patient(context).new_page()
    seen = Seen(page)
    context.on("request", lambda request: _note(seen, served.base, request.url))
    context.on("response", lambda answer: _answered(seen, answer.status, answer.url))
    page.on("console", lambda message: _said(seen, message.type, message.text))
    page.on("pageerror", lambda error: seen.troubles.append(str(error)))
    sign_in(page, served)
    try:
        yield seen
    finally:
        context.close()


def _note(seen: Seen, base: str, url: str) -> None:
    seen.requests.append(url)
    if not url.startswith((f"{base}/", "data:", "blob:", "about:")):
        seen.troubles.append(f"asked for {url}")


def _answered(seen: Seen, status: int, url: str) -> None:
    # A small picture that is not made yet is asked for again.
    if status >= 400 and "/thumb/" not in url:
        seen.troubles.append(f"{status} {url}")


def _said(seen: Seen, kind: str, text: str) -> None:
    # That something could not be loaded is told above, with its address; and a page that no hand has touched, as those
    # that a script writes in, may ask nobody whether to leave.
    if kind == "error" and not text.startswith(("Failed to load resource", "Blocked attempt to show a 'beforeunload'")):
        seen.troubles.append(text)


def sign_in(page: Page, served: ServedDesk) -> None:
    """Come in by the address that ``newsletter desk`` prints."""
    page.goto(served.base + served.desk.invitation())
    page.wait_for_url(lambda url: "/enter" not in url)
