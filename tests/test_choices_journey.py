"""A reader's choices in a real browser without scripts: from a letter to the page, and the next letter obeys."""

from __future__ import annotations

import sqlite3
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command import there
from reader_pages import free_port, served, workspace
from settings_text import with_settings
from test_web_journey import accessible, browser, letters, link, visitor  # noqa: F401  the fixture is one of them

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OLD, NEW = "salma@example.net", "salma.new@example.org"
TOPICS = '[topics.readers]\n1 = "سياسة"\n2 = "رياضة"\n'


def article(root: Path, number: int, section: str) -> None:
    path = root / f"{number}.md"
    text = f"---\ntitle: خبر رقم {number}\nsection: {section}\n---\n\nهذا نص الخبر رقم {number} في قسم {section}.\n"
    path.write_text(text, "utf-8")
    run(root, "collect", path)


def run(root: Path, *words: str | Path, code: int = 0) -> str:
    done = there("-C", root, *words)
    assert done.code == code, done
    return done.out


def everybody(root: Path) -> list[tuple[str, str, int]]:
    with sqlite3.connect(root / "newsletter.db") as connection:
        query = "SELECT address, rhythm, declined_topics FROM subscription JOIN subscriber ON id = subscriber_id"
        return connection.execute(query).fetchall()


def plain(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    return "" if body is None else str(body.get_content())


def to(letter: EmailMessage) -> str:
    return str(letter["To"])


@pytest.mark.parametrize("road", ["imported", "added"])
def test_from_a_letter_to_ones_choices_and_the_next_letter_obeys(
    browser: Browser,  # noqa: F811  the fixture
    tmp_path: Path,
    road: str,
) -> None:
    port = free_port()
    with workspace(tmp_path / "w", url=f"http://127.0.0.1:{port}") as root:
        settings = root / "newsletter.toml"
        settings.write_text(with_settings(settings.read_text("utf-8"), TOPICS), "utf-8")
        if road == "imported":
            (root / "old.csv").write_text(f"email\n{OLD}\n", "utf-8")
            run(root, "subscribers", "import", root / "old.csv", "--consent", "form on the old site")
        else:
            run(root, "subscribers", "add", OLD, "--consent", "asked at the fair")
        article(root, 1, "سياسة")
        run(root, "compose", "1")
        run(root, "send", "1", "--yes")
        with served(root, port) as base:
            (first,) = letters(root, 1)
            assert to(first) == OLD
            _choose(browser, base, root, link(first, "preferences", base))
            # The weekly letter is not theirs any more; the daily one is, at the new address and without sport.
            article(root, 2, "سياسة")
            article(root, 3, "رياضة")
            run(root, "latest", "--rhythm", "daily")
            [daily] = [letter for letter in letters(root, 4) if "خبر رقم 2" in plain(letter)]
            assert to(daily) == NEW
            assert "خبر رقم 3" not in plain(daily)
            assert link(daily, "preferences", base)


def _choose(browser: Browser, base: str, root: Path, preferences: str) -> None:  # noqa: F811  the fixture's value
    context, page, troubles = visitor(browser, base, script=False)
    before = everybody(root)
    page.goto(preferences)
    assert everybody(root) == before == [(OLD, "weekly", 0)]
    page.get_by_label("مرة في اليوم").check()
    page.get_by_label("رياضة").uncheck()
    page.get_by_role("button", name="حفظ").click()
    assert page.get_by_role("status").text_content() == "حُفظت تفضيلاتك."
    assert everybody(root) == [(OLD, "daily", 0b10)]

    page.get_by_role("link", name="غيّر عنوانك").click()
    page.get_by_label("العنوان الجديد").fill(NEW)
    page.get_by_role("button", name="أرسلوا رسالة إليه").click()
    assert everybody(root) == [(OLD, "daily", 0b10)]
    [asked] = [letter for letter in letters(root, 2) if to(letter) == NEW]
    page.goto(link(asked, "address", base))
    assert everybody(root) == [(OLD, "daily", 0b10)]
    page.get_by_role("button", name="نعم، أرسلوا إلى هذا العنوان").click()
    page.wait_for_load_state()
    assert everybody(root) == [(NEW, "daily", 0b10)]
    told = [letter for letter in letters(root, 3) if to(letter) == OLD]
    assert len(told) == 2  # the issue, and that the address is another one now
    assert troubles == []
    assert context.cookies() == []
    context.close()


def test_every_page_of_ones_own_is_accessible(browser: Browser, tmp_path: Path) -> None:  # noqa: F811  the fixture
    port = free_port()
    with workspace(tmp_path / "w", url=f"http://127.0.0.1:{port}") as root:
        settings = root / "newsletter.toml"
        settings.write_text(with_settings(settings.read_text("utf-8"), TOPICS), "utf-8")
        run(root, "subscribers", "add", OLD, "--consent", "asked at the fair")
        article(root, 1, "سياسة")
        run(root, "compose", "1")
        run(root, "send", "1", "--yes")
        with served(root, port) as base:
            (first,) = letters(root, 1)
            preferences, leave = link(first, "preferences", base), link(first, "leave", base)
            context, page, troubles = visitor(browser, base, script=True)
            own = [preferences, *(f"{preferences}/{one}" for one in ("address", "data", "erase"))]
            for address in (*own, leave, f"{base}/", f"{base}/archive"):
                page.goto(address)
                assert page.evaluate("document.documentElement.scrollWidth") <= 375, address
                accessible(page)
            page.goto(leave)
            page.get_by_role("button", name="نعم، ألغِ اشتراكي").click()
            page.wait_for_load_state()
            accessible(page)
            assert troubles == []
            context.close()
