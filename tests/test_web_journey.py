"""What a reader does, in a real browser against a real server: in with two clicks, out with one, and back."""

from __future__ import annotations

import email
import email.policy
import http.server
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from command import here
from desk_served import patient
from reader_pages import CHROMIUM, FLAGS, free_port, served, workspace
from settings_text import with_settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

if not Path(CHROMIUM).exists() and os.environ.get("CI") != "true":
    pytest.skip("needs Chromium", allow_module_level=True)

ADDRESS = "salma@example.net"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    port = free_port()
    with workspace(tmp_path / "w", url=f"http://127.0.0.1:{port}") as root, served(root, port) as base:
        yield root, base


def visitor(browser: Browser, base: str, *, script: bool, **more: Any) -> tuple[BrowserContext, Page, list[str]]:
    """A page whose requests to elsewhere and errors are written down."""
    context = browser.new_context(java_script_enabled=script, viewport={"width": 375, "height": 760}, **more)
    page = patient(context).new_page()
    troubles: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(base) else troubles.append(request.url))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    return context, page, troubles


def letters(root: Path, number: int) -> list[EmailMessage]:
    """The letters in the outbox, oldest first, once there are so many."""
    folder = root / "outbox" / "new"
    until = time.monotonic() + 120
    while time.monotonic() < until:
        paths = sorted(folder.glob("*.eml"), key=lambda path: int(path.name.split(".")[1])) if folder.is_dir() else []
        if len(paths) >= number:
            return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
        time.sleep(0.05)
    raise AssertionError((root / "serve.log").read_text("utf-8"))


def link(letter: EmailMessage, page: str, base: str) -> str:
    html = letter.get_body(("html",))
    assert html is not None
    found = re.search(rf'href="({re.escape(base)}/{page}/[\w-]+)"', html.get_content())
    assert found is not None, html.get_content()
    text = letter.get_body(("plain",))
    assert text is not None
    assert found[1] in text.get_content()
    return found[1]


def status(root: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(root / "newsletter.db")
    try:
        return connection.execute("SELECT status, rhythm FROM subscription ORDER BY subscriber_id").fetchall()
    finally:
        connection.close()


def accessible(page: Page) -> None:
    """axe finds nothing serious."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_in_with_two_clicks_out_with_one_and_back(browser: Browser, newsroom: tuple[Path, str], script: bool) -> None:
    from playwright.sync_api import expect

    root, base = newsroom
    context, page, troubles = visitor(browser, base, script=script)

    def look(title: str) -> None:
        expect(page).to_have_title(re.compile(title), timeout=60_000)
        assert page.locator("html").get_attribute("dir") == "rtl"
        assert page.evaluate("document.documentElement.scrollWidth") <= 375 if script else True
        if script:
            accessible(page)

    page.goto(base)
    look("الاشتراك")
    page.get_by_label("بريدك الإلكتروني").fill(ADDRESS)
    page.get_by_label("فور النشر").check()
    page.wait_for_timeout(2100)
    page.get_by_role("button", name="اشترك").click()
    look("تفقّد بريدك")
    assert status(root) == [("pending", "instant")]

    (confirmation,) = letters(root, 1)
    assert confirmation["To"] == ADDRESS
    assert confirmation["Subject"] == "أكّد اشتراكك في «الموجة»"
    assert confirmation["Auto-Submitted"] == "auto-generated"
    page.goto(link(confirmation, "confirm", base))
    look("تأكيد الاشتراك")
    assert status(root) == [("pending", "instant")]
    page.get_by_role("button", name="نعم، أؤكد اشتراكي").click()
    look("أنت مشترك معنا")
    assert status(root) == [("confirmed", "instant")]

    welcome = letters(root, 2)[1]
    assert welcome["Subject"] == "أهلًا بك في «الموجة»"
    page.goto(link(welcome, "preferences", base))
    look("تفضيلاتك")
    page.get_by_label("مرة في اليوم").check()
    page.get_by_label("إيقاف مؤقت").select_option("30")
    page.get_by_role("button", name="حفظ").click()
    look("تفضيلاتك")
    assert page.get_by_role("status").text_content() == "حُفظت تفضيلاتك."
    assert "متوقف حتى" in str(page.get_by_label("إيقاف مؤقت").locator("option:checked").text_content())
    assert status(root) == [("confirmed", "daily")]

    page.goto(link(welcome, "leave", base))
    look("إلغاء الاشتراك")
    assert status(root) == [("confirmed", "daily")]
    page.get_by_role("button", name="نعم، ألغِ اشتراكي").click()
    look("أُلغي اشتراكك")
    assert status(root) == [("left", "daily")]

    goodbye = letters(root, 3)[2]
    assert goodbye["Subject"] == "أُلغي اشتراكك في «الموجة»"
    page.goto(link(goodbye, "leave", base))
    look("أُلغي اشتراكك")
    page.get_by_role("button", name="تراجع عن الإلغاء").click()
    look("سعداء بعودتك")
    assert status(root) == [("confirmed", "daily")]

    page.goto(f"{base}/archive")
    look("الرسائل السابقة")
    assert context.cookies() == []
    assert troubles == []
    context.close()

    log = (root / "serve.log").read_text("utf-8")
    assert ADDRESS not in log
    assert "/confirm/… 200" in log
    for letter in letters(root, 3):
        token = str(letter["List-Unsubscribe"]).partition("/leave/")[2].partition(">")[0]
        assert len(token) == 52
        assert token not in log


def everything(root: Path) -> list[str]:
    """Every row there is."""
    connection = sqlite3.connect(root / "newsletter.db")
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_a_browser_that_opens_every_mailed_address_changes_nothing(
    browser: Browser, newsroom: tuple[Path, str]
) -> None:
    """As mail scanners do, with scripts on and every link followed."""
    root, base = newsroom
    context, page, troubles = visitor(browser, base, script=True)
    page.goto(base)
    page.get_by_label("بريدك الإلكتروني").fill(ADDRESS)
    page.wait_for_timeout(2100)
    page.get_by_role("button", name="اشترك").click()
    (confirmation,) = letters(root, 1)
    waiting = link(confirmation, "confirm", base)
    done = mailed(confirmation, base)
    _settled(root, 1)
    before = everything(root)
    _open(page, done)
    assert everything(root) == before

    page.goto(waiting)
    page.get_by_role("button", name="نعم، أؤكد اشتراكي").click()
    page.get_by_role("heading", name="أنت مشترك معنا").wait_for()
    welcome = letters(root, 2)[1]
    _settled(root, 2)
    before = everything(root)
    _open(page, {*done, *mailed(welcome, base)})
    assert everything(root) == before
    assert troubles == []
    context.close()


def mailed(letter: EmailMessage, base: str) -> set[str]:
    """Every address of our pages in a letter, those of its header too."""
    html = letter.get_body(("html",))
    assert html is not None
    found = re.findall(rf'{re.escape(base)}/[^"<>\s]+', html.get_content() + str(letter["List-Unsubscribe"]))
    assert found
    return set(found)


def _open(page: Page, addresses: set[str]) -> None:
    for address in sorted(addresses):
        for _ in range(3):
            for method in ("HEAD", "OPTIONS"):
                page.request.fetch(address, method=method)
            page.goto(address)
            page.wait_for_load_state("networkidle")


def _settled(root: Path, number: int) -> None:
    """Wait until the answer for so many letters is written down."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        connection = sqlite3.connect(root / "newsletter.db")
        try:
            (done,) = connection.execute("SELECT count(*) FROM small_letter WHERE state = 'submitted'").fetchone()
        finally:
            connection.close()
        if done == number:
            return
        time.sleep(0.05)
    raise AssertionError((root / "serve.log").read_text("utf-8"))


@contextmanager
def another_site(html: str) -> Iterator[str]:
    """A page on a site of its own."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<!doctype html><html lang=ar dir=rtl><title>موقع</title><body>{html}".encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_form_on_the_newsrooms_own_site(browser: Browser, tmp_path: Path) -> None:
    """Both pieces of HTML that ``newsletter embed`` prints: in a frame on the site that may, on no other; and plain."""
    from playwright.sync_api import expect

    port = free_port()
    with workspace(tmp_path / "w", url=f"http://127.0.0.1:{port}") as root:
        printed = here("-C", root, "embed").out
        form, frame = printed[: printed.index("<iframe")], printed[printed.index("<iframe") :]
        with another_site(frame) as ours, another_site(frame) as theirs, another_site(form) as plain:
            settings = root / "newsletter.toml"
            text = settings.read_text("utf-8")
            settings.write_text(with_settings(text, f'[web]\nframe_ancestors = ["{ours}"]\n'), "utf-8")
            with served(root, port) as base:
                context = browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 760})
                page = patient(context).new_page()
                page.goto(ours)
                inside = page.frame_locator("iframe")
                inside.get_by_label("بريدك الإلكتروني").fill("framed@example.net")
                page.wait_for_timeout(2100)
                inside.get_by_role("button", name="اشترك").click()
                expect(inside.get_by_role("heading", name="تفقّد بريدك")).to_be_visible()
                assert page.url.rstrip("/") == ours

                page.goto(theirs)
                expect(page.frame_locator("iframe").get_by_label("بريدك الإلكتروني")).to_have_count(0)

                page.goto(plain)
                page.get_by_label("بريدك الإلكتروني").fill("plain@example.net")
                page.get_by_role("button", name="اشترك").click()
                expect(page.get_by_role("alert")).to_contain_text("اضغط الزر مرة أخرى")
                assert page.url == f"{base}/subscribe"
                page.wait_for_timeout(2100)
                page.get_by_role("button", name="اشترك").click()
                expect(page.get_by_role("heading", name="تفقّد بريدك")).to_be_visible()
                context.close()
                assert {letter["To"] for letter in letters(root, 2)} == {"framed@example.net", "plain@example.net"}
