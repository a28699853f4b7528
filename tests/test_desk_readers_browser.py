"""القراء in Chromium: seen at every width, worked by keys alone, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from desk_judges import across, axe, targets
from desk_newsroom import make
from desk_served import ServedDesk, patient, served, visitor
from playwright.sync_api import expect
from sqlalchemy import select

from newsletter.storage.desk_tables import activity

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FILE = "Email,الاسم,Status\n" + "".join(f"new{at}@example.org,كريمة,subscribed\n" for at in range(20)) + "broken,,\n"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDesk]:
    root = make(tmp_path_factory.mktemp("readers") / "room", readers=120, issue=False, sent=False)
    with served(root) as found:
        yield found


@pytest.fixture
def page(playwright_chromium: Browser, desk: ServedDesk) -> Iterator[Page]:
    with visitor(playwright_chromium, desk) as seen:
        seen.page.goto(f"{desk.base}/readers")
        seen.troubles.clear()
        yield seen.page
        assert seen.troubles == []


def acts(desk: ServedDesk) -> list[str]:
    with desk.workspace.database.read() as connection:
        return list(connection.execute(select(activity.c.act).order_by(activity.c.id)).scalars())


def file(tmp_path: Path) -> Path:
    path = tmp_path / "mailpoet-export.csv"
    path.write_text(FILE, "utf-8")
    return path


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 768, 390])
def test_every_page_of_readers_is_fit_to_be_seen(
    playwright_chromium: Browser, desk: ServedDesk, tmp_path: Path, width: int, mode: Literal["light", "dark"]
) -> None:
    with visitor(playwright_chromium, desk, width=width, mode=mode) as seen:
        page = seen.page
        page.goto(f"{desk.base}/readers")
        seen.troubles.clear()
        card = page.locator("[data-card]").nth(2).get_attribute("href")
        for path in ("/readers", f"{card}", "/readers/add", "/readers/import"):
            page.goto(desk.base + path)
            for closed in page.locator(".acts summary").all():
                closed.click()
            assert (path, across(page), targets(page), axe(page)) == (path, [], [], [])
        page.set_input_files("[type=file]", file(tmp_path))
        page.click("form.box .main")
        page.wait_for_url("**/readers/import/*")
        assert (across(page), targets(page), axe(page)) == ([], [], [])
        page.goto(f"{desk.base}/readers")
        page.locator("[data-card]").nth(2).click()
        page.wait_for_selector("dialog[open]")
        # What lies beneath the dialog cannot be hit at all.
        small = [one for one in targets(page) if one[:2] != [0, 0]]
        assert (across(page), small, axe(page)) == ([], [], [])
        assert seen.troubles == []


def test_search_and_card_need_no_pointer(page: Page, desk: ServedDesk) -> None:
    page.focus("[name=q]")
    page.keyboard.type("reader00042")
    expect(page.locator("#found tbody tr")).to_have_count(1)
    assert "q=reader00042" in page.url
    page.locator("#found [data-card]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    assert "reader00042@…" in page.inner_text("#card")
    before = acts(desk)
    page.locator("#card [data-inside] button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#card")).not_to_contain_text("@…")
    assert "reader00042@" in page.inner_text("#card")
    assert acts(desk) == [*before, "open-card"]
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("document.activeElement.matches('[data-card]')")


def test_the_last_words_typed_win_over_slower_answers(page: Page) -> None:
    page.route("**/readers/rows?q=reader0001", lambda route: (page.wait_for_timeout(400), route.continue_()))
    page.fill("[name=q]", "reader0001")
    page.wait_for_timeout(250)
    page.fill("[name=q]", "reader00077")
    expect(page.locator("#found tbody tr")).to_have_count(1)
    page.wait_for_timeout(600)
    assert page.locator("#found tbody tr").count() == 1


def test_a_file_becomes_readers_and_is_taken_back(page: Page, desk: ServedDesk, tmp_path: Path) -> None:
    page.goto(f"{desk.base}/readers/import")
    page.set_input_files("[type=file]", file(tmp_path))
    page.click("form.box .main")
    page.wait_for_url("**/readers/import/*")
    assert "استورد 20 قارئًا" in page.inner_text("#happens")
    assert page.locator("tr.fault").count() == 2
    page.fill("[name=words]", "استمارة الموقع القديم")
    with page.expect_navigation():
        page.select_option("[name=column-1]", "name")
    assert page.input_value("[name=words]") == "استمارة الموقع القديم"
    with page.expect_navigation():
        page.check("[name=how][value=ask]")
    assert "اسأل 20 قارئًا" in page.inner_text("#happens")
    with page.expect_navigation():
        page.check("[name=how][value=confirmed]")
    with page.expect_navigation():
        page.click("#happens .main")
    assert "أُضيف 20 قارئًا" in page.inner_text("main")
    page.goto(f"{desk.base}/readers?q=كريمه")
    assert page.locator("#found tbody tr").count() == 20
    page.goto(f"{desk.base}/readers/import")
    with page.expect_navigation():
        page.locator("form[action$=undo] button").first.click()
    assert "تراجعنا عن 20 قارئًا" in page.inner_text("main")
    page.goto(f"{desk.base}/readers?q=كريمه")
    assert page.locator("#found tbody tr").count() == 0


def test_all_of_it_works_without_javascript(playwright_chromium: Browser, desk: ServedDesk) -> None:
    with visitor(playwright_chromium, desk) as seen:
        state = seen.page.context.storage_state()
    context = playwright_chromium.new_context(java_script_enabled=False, storage_state=state, locale="ar")
    try:
        page = patient(context).new_page()
        page.goto(f"{desk.base}/readers")
        page.fill("[name=q]", "reader00051")
        page.click(".seek button")
        assert page.locator("#found tbody tr").count() == 1
        page.click("#found [data-card]")
        assert "reader00051@…" in page.inner_text("main")
        page.locator(".acts summary").first.click()
        page.click("form[action$=pause] button")
        assert "متوقف حتى" in page.inner_text("main")
        page.goto(f"{desk.base}/readers?state=paused")
        assert "reader00051@…" in page.inner_text("#found")
    finally:
        context.close()
