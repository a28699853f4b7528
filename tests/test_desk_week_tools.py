"""The tools of a story and of a section in Chromium, and what is left of them where JavaScript is off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from desk_hands import Hands, until
from desk_newsroom import make
from desk_served import Seen, ServedDesk, patient, served, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

INTO = (
    "[...document.querySelectorAll('#into [data-into]')].filter(one => one.checkVisibility()).map(one => one.innerText)"
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDesk]:
    with served(make(tmp_path_factory.mktemp("tools") / "room", readers=20)) as found:
        yield found


@pytest.fixture
def seen(playwright_chromium: Browser, desk: ServedDesk) -> Iterator[Seen]:
    before = desk.issue_file.read_bytes()
    with visitor(playwright_chromium, desk) as found:
        found.page.goto(f"{desk.base}/issue/13")
        found.page.wait_for_selector("#issue .story")
        yield found
        assert found.troubles == []
    desk.issue_file.write_bytes(before)


def test_a_story_goes_into_another_section_by_the_one_list_that_all_share(seen: Seen) -> None:
    page, hands = seen.page, Hands(seen.page)
    before = hands.sections()
    first, second, *others = before
    hands.field(0, "title")
    page.click(".story.open [popovertarget=into]")
    assert page.evaluate(INTO) == [second, *others]
    page.locator("#into [data-into]:visible").first.click()
    hands.saved()
    assert hands.sections()[second] == [*before[second], before[first][0]]
    assert page.evaluate("document.querySelector('#into').matches(':popover-open')") is False


def test_a_section_is_joined_with_another_by_the_same_list(seen: Seen) -> None:
    page, hands = seen.page, Hands(seen.page)
    before = hands.sections()
    first, second, *_ = before
    page.click("#c1 .menu.end summary")
    page.click("#c1 [popovertarget=into]")
    assert first not in page.evaluate(INTO)
    # Esc goes back to the menu, and the focus with it.
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('#c1 [popovertarget=into]')")
    page.keyboard.press("Enter")
    page.locator("#into [data-into]:visible").first.click()
    hands.saved()
    after = hands.sections()
    assert first not in after
    assert sorted(after[second]) == sorted([*before[first], *before[second]])


def test_what_is_chosen_among_the_elements_stands_in_the_section_it_was_asked_from(
    seen: Seen, desk: ServedDesk
) -> None:
    page, hands = seen.page, Hands(seen.page)
    page.locator("#c2 .adds").click()
    page.locator("#elements [data-insert*='\"words\"']").click()
    hands.saved()
    title = list(hands.sections())[1]
    behind = desk.issue_file.read_text("utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    assert "كلماتك" in behind
    page.locator("#c2 .adds").click()
    page.locator("#elements [data-op*='\"section\"']").click()
    hands.saved()
    assert len(hands.sections()) == page.locator("#issue .section").count()
    assert "## " in desk.issue_file.read_text("utf-8")


def test_bold_and_links_are_written_by_keys_in_fields_of_several_lines(seen: Seen) -> None:
    page = seen.page
    field = Hands(page).field(0, "summary")
    field.fill("خبز")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+b")
    assert field.input_value() == "**خبز**"
    field = Hands(page).field(0, "title")
    before = field.input_value()
    field.focus()
    page.keyboard.press("Control+b")
    assert field.input_value() == before
    Hands(page).saved()


def test_what_is_typed_while_a_letter_is_on_its_way_is_saved_behind_it(seen: Seen, desk: ServedDesk) -> None:
    page, hands, words = seen.page, Hands(seen.page), " كلمة بعد كلمة"
    waits: list[int] = []

    def slow(route: object) -> None:
        waits.append(1)
        page.wait_for_timeout(30)
        route.continue_()  # type: ignore[attr-defined]

    page.route("**/letter?*", slow)
    hands.add_words(hands.field(0, "title"), "")
    page.keyboard.type(words)
    until(page, "document.querySelector('#saved').dataset.state !== 'saved'")
    hands.saved()
    assert words in desk.issue_file.read_text("utf-8")
    until(page, f"document.querySelector('#frame').contentDocument.body.textContent.includes({words!r})")
    assert len(waits) <= len(words)


def test_without_javascript_a_story_has_its_tools(playwright_chromium: Browser, desk: ServedDesk, seen: Seen) -> None:
    context = playwright_chromium.new_context(
        java_script_enabled=False, storage_state=seen.page.context.storage_state()
    )
    try:
        page = patient(context).new_page()
        page.goto(f"{desk.base}/issue/13")
        story = page.locator("#issue .story").first
        first = story.locator(".opens").inner_text()
        assert story.locator(".tools button:visible").count() == 2  # down and out: it is the first, and opens nothing
        assert not story.locator("textarea").first.is_visible()
        story.locator("[data-down]").click()
        page.wait_for_load_state()
        assert page.locator("#issue .story .opens").nth(1).inner_text() == first
    finally:
        context.close()
