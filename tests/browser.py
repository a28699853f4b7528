"""One Chromium for many pages, over the pipe of its DevTools protocol: no driver, no port, no network."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ^NOTFOUND",
    "--remote-debugging-pipe",
)

# The protocol wants descriptor 3 to read from and 4 to write to.
LAUNCH = """
import os, sys
reading, writing = (os.dup(int(number)) for number in sys.argv[1:3])
if reading == 4:
    reading = os.dup(reading)
os.dup2(writing, 4)
os.dup2(reading, 3)
os.set_inheritable(3, True)
os.set_inheritable(4, True)
os.execv(sys.argv[3], sys.argv[3:])
"""

Mode = Literal["light", "dark", "forced"]
"""``dark`` is what ``prefers-color-scheme`` says; ``forced`` is a program that inverts letters by itself."""


def chromium() -> str:
    """The program; in CI it must be there."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed, and in CI the letters must be looked at")
        pytest.skip("chromium is not installed")
    return path


class Page:
    """A tab."""

    def __init__(self, browser: Browser, target: str) -> None:
        self._browser = browser
        self._target = target
        self._session = browser.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self.send("Page.enable")
        self._frame = self.send("Page.getFrameTree")["frameTree"]["frame"]["id"]

    def send(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask something of the protocol."""
        return self._browser.send(method, parameters or {}, self._session)

    def show(self, html: str, *, width: int, mode: Mode = "light", height: int = 800) -> None:
        """Show a page at so many pixels across, and wait until its pictures are decoded.

        Args:
            html: The whole document; whatever it wants from the network it does not get.
            width: CSS pixels.
            mode: Light, dark or forced dark.
            height: CSS pixels.
        """
        self.size(width, height)
        scheme = "dark" if mode == "dark" else "light"
        self.send("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.send("Emulation.setAutoDarkModeOverride", {"enabled": mode == "forced"})
        self.send("Page.setDocumentContent", {"frameId": self._frame, "html": html})
        self.run("Promise.all([...document.images].map(image => image.decode().catch(() => null)))")

    def size(self, width: int, height: int) -> None:
        """Give the page a size in CSS pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )

    def run(self, script: str) -> Any:
        """The value of an expression, awaited."""
        answer = self.send(
            "Runtime.evaluate",
            {"expression": script, "awaitPromise": True, "returnByValue": True, "userGesture": False},
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"].get("exception", {}).get("description", answer))
        return answer["result"].get("value")

    def picture(self, path: Path | None = None, *, width: int) -> bytes:
        """The whole page as a PNG."""
        height = min(int(self.run("document.documentElement.scrollHeight")), 12_000)
        # A viewport as high as the page: a picture beyond it shifts right-to-left pages sideways.
        self.size(width, height)
        data = base64.b64decode(self.send("Page.captureScreenshot", {"format": "png"})["data"])
        if path is not None:
            path.write_bytes(data)
        return data

    def close(self) -> None:
        """Close the tab."""
        self._browser.send("Target.closeTarget", {"targetId": self._target})


class Browser:
    """A running Chromium."""

    def __init__(self, profile: Path) -> None:
        ours, theirs = os.pipe(), os.pipe()

        launch = [sys.executable, "-c", LAUNCH, str(ours[0]), str(theirs[1]), chromium()]
        self._process = subprocess.Popen(
            [*launch, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(ours[0], theirs[1]),
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._out, self._in = ours[1], theirs[0]
        self._number = 0
        self._rest = b""

    def send(self, method: str, parameters: dict[str, Any], session: str = "") -> dict[str, Any]:
        """Ask, and wait for the answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        data = json.dumps({**message, "sessionId": session} if session else message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        deadline = time.monotonic() + 60
        while True:
            while b"\0" in self._rest:
                one, _, self._rest = self._rest.partition(b"\0")
                answer = json.loads(one)
                if answer.get("id") == self._number:
                    if "error" in answer:
                        raise AssertionError(f"{method}: {answer['error']}")
                    result: dict[str, Any] = answer["result"]
                    return result
            if not select.select([self._in], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise AssertionError(f"{method}: no answer in a minute")
            read = os.read(self._in, 1 << 20)
            if not read:
                raise AssertionError(f"{method}: the browser is gone")
            self._rest += read

    def page(self) -> Page:
        """A new tab."""
        return Page(self, self.send("Target.createTarget", {"url": "about:blank"})["targetId"])

    def close(self) -> None:
        """End the process."""
        try:
            self.send("Browser.close", {})
        except (AssertionError, OSError):
            self._process.kill()
        self._process.wait(timeout=30)
        os.close(self._out)
        os.close(self._in)


@contextmanager
def opened(profile: Path) -> Iterator[Browser]:
    """A Chromium with a fresh profile, closed at the end of the block."""
    browser = Browser(profile)
    try:
        yield browser
    finally:
        browser.close()
