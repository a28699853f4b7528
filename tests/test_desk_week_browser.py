"""The page of the issue in Chromium: words typed, stories moved by mouse, finger and keys, nothing lost."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from desk_hands import Hands
from desk_judges import across, axe, targets
from desk_newsroom import make
from desk_served import Seen, ServedDesk, chromium, served, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HARBOUR, TIDE = "مرسى الريحان يفتح رصيفه الجديد قبل موسم السردين", "Blue Harbor Lab يطلق OpenTide 2.1"
HOSTILE = "</textarea><script>top.hurt=1</script><img src=https://evil.example/x onerror=top.hurt=1>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("week") / "room", readers=60)


@pytest.fixture
def desk(newsroom: Path, tmp_path: Path) -> Iterator[ServedDesk]:
    root = tmp_path / "room"
    shutil.copytree(newsroom, root)
    with served(root) as found:
        yield found


@pytest.fixture
def page(browser: Browser, desk: ServedDesk) -> Iterator[Page]:
    with visitor(browser, desk) as seen:
        opened(seen, desk)
        yield seen.page
        assert [one for one in seen.troubles if "asked for" in one] == []


def opened(seen: Seen, desk: ServedDesk) -> None:
    seen.page.goto(f"{desk.base}/issue/13")
    until(seen.page, "document.getElementById('frame').contentDocument?.readyState === 'complete'")


def until(page: Page, script: str, *, seconds: float = 120) -> Any:
    """Ask again and again until it is true; the page's own policy forbids Playwright's way of waiting."""
    end = time.monotonic() + seconds
    while not (found := page.evaluate(script)):
        assert time.monotonic() < end, f"never true: {script}"
        page.wait_for_timeout(15)
    return found


def file_says(desk: ServedDesk, words: str, page: Page) -> None:
    end = time.monotonic() + 60
    while words not in desk.issue_file.read_text("utf-8"):
        assert time.monotonic() < end, f"never in the file: {words}"
        page.wait_for_timeout(15)


def letter_says(page: Page, words: str) -> None:
    until(page, f"document.getElementById('frame').contentDocument.body.textContent.includes({words!r})")


def order(desk: ServedDesk) -> list[str]:
    """Headings of the file before its candidates: sections, and the first words of each story."""
    body = desk.issue_file.read_text("utf-8").partition("<!-- candidates")[0]
    return [line[:14] for line in re.findall(r"(?m)^#{2,3} \[?(.*)$", body)]


def saved(page: Page) -> None:
    page.wait_for_timeout(40)
    until(page, "document.getElementById('saved').dataset.state === 'saved'")


def test_typing_in_a_headline_changes_the_file_and_the_letter_and_keeps_the_caret(page: Page, desk: ServedDesk) -> None:
    page.click(".story .opens >> nth=1")
    page.keyboard.press("Control+End")
    page.keyboard.type(" اليوم")
    letter_says(page, "الصغيرة اليوم")
    file_says(desk, "الصغيرة اليوم", page)
    at = page.evaluate("[document.activeElement.id.endsWith('-title'), document.activeElement.selectionStart]")
    assert at == [True, page.evaluate("document.activeElement.value.length")]


def test_typing_a_subject_moves_its_meter_and_the_inbox_line_at_once(page: Page, desk: ServedDesk) -> None:
    page.fill("#subject", "كَلِمَةٌ")
    assert page.inner_text("#subject-told [data-told]") == "4 من 75 حرفًا"
    assert page.inner_text("#inbox [data-live=subject]") == "كَلِمَةٌ"
    page.fill("#subject", "ك" * 81)
    assert page.inner_text("#subject-told [data-fits]") == "طويل"
    file_says(desk, "ك" * 81, page)
    until(page, "document.querySelector('#field-subject [data-problem=subject-long]')")


def test_each_line_of_a_pasted_subject_becomes_one(page: Page, desk: ServedDesk) -> None:
    page.focus("#subject")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("سطر أول\nسطر ثان")
    file_says(desk, 'subject = "سطر أول سطر ثان"', page)


def test_a_story_is_moved_with_keys_alone_and_each_step_is_said(page: Page, desk: ServedDesk) -> None:
    before = order(desk)
    page.focus(".story .grip >> nth=0")
    page.keyboard.press("Space")
    assert HARBOUR in page.text_content("#live")
    for place in ("الثانية من اثنتين في «أخبار»", "الأولى من ثلاث في «اقتصاد»", "الثانية من ثلاث في «اقتصاد»"):
        page.keyboard.press("ArrowDown")
        assert place in page.text_content("#live")
        assert page.evaluate("document.activeElement.className.includes('grip')")
    page.keyboard.press("Enter")
    saved(page)
    assert order(desk) != before
    assert order(desk)[:5] == ["أخبار", TIDE[:14], "اقتصاد", before[4], HARBOUR[:14]]
    assert Hands(page).at().startswith(f"انقل: {HARBOUR}")


def test_escape_puts_a_lifted_story_back(page: Page, desk: ServedDesk) -> None:
    before = desk.issue_file.read_bytes()
    page.focus(".story .grip >> nth=1")
    for key in ("Space", "ArrowDown", "ArrowDown", "ArrowDown", "Escape"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert desk.issue_file.read_bytes() == before
    assert page.locator("#issue .story").nth(1).inner_text().startswith("Blue Harbor")
    assert "أُعيدت" in page.text_content("#live")


def middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("ends", ["drop", "escape"])
def test_a_story_is_dragged_by_mouse(page: Page, desk: ServedDesk, ends: str) -> None:
    before, first = desk.issue_file.read_bytes(), order(desk)
    page.evaluate("document.getElementById('middle').scrollTop = 260")
    x, y = middle(page, ".story .grip >> nth=1")
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(x - step, y + 8 * step)
        page.wait_for_timeout(20)
        if page.locator(".place").count() and page.inner_text(".place") == "هنا: الثانية من ثلاث في «اقتصاد»":
            break
    assert page.inner_text(".place") == "هنا: الثانية من ثلاث في «اقتصاد»"
    if ends == "escape":
        page.keyboard.press("Escape")
    page.mouse.up()
    page.wait_for_timeout(300)
    if ends == "escape":
        assert desk.issue_file.read_bytes() == before
    else:
        saved(page)
        assert order(desk)[:6] == [first[0], first[1], first[3], first[4], TIDE[:14], first[5]]


@pytest.mark.parametrize("ends", ["drop", "escape", "short"])
def test_a_story_is_dragged_by_finger(browser: Browser, desk: ServedDesk, ends: str) -> None:
    before, first = desk.issue_file.read_bytes(), order(desk)
    with visitor(browser, desk, width=390, has_touch=True) as seen:
        opened(seen, desk)
        page = seen.page
        page.evaluate("document.querySelectorAll('.story')[1].scrollIntoView({block: 'start'})")
        x, y = middle(page, ".story .grip >> nth=1")
        touch = page.context.new_cdp_session(page)

        def finger(kind: str, *points: dict[str, float]) -> None:
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

        finger("touchStart", {"x": x, "y": y})
        page.wait_for_timeout(60 if ends == "short" else 330)
        for step in range(1, 13):
            finger("touchMove", {"x": x, "y": y + 500 * step / 12})
            page.wait_for_timeout(25)
        if ends == "escape":
            page.keyboard.press("Escape")
        finger("touchEnd")
        page.wait_for_timeout(400)
        if ends == "drop":
            saved(page)
            assert order(desk) != first
            assert sorted(order(desk)) == sorted(first)
        else:
            assert desk.issue_file.read_bytes() == before


def test_dragging_to_the_edge_scrolls_on(page: Page, desk: ServedDesk) -> None:
    x, y = middle(page, ".story .grip >> nth=0")
    _, bottom = middle(page, "footer.bar")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 40)
    page.mouse.move(x, bottom - 40)
    until(page, "document.getElementById('middle').scrollTop > 500")
    page.mouse.up()
    saved(page)
    assert order(desk)[1] == TIDE[:14]


def test_what_was_done_is_taken_back_and_done_again(page: Page, desk: ServedDesk) -> None:
    before = desk.issue_file.read_bytes()
    page.click(".story .opens >> nth=0")
    page.click(".story.open [data-drop]")
    saved(page)
    assert HARBOUR not in desk.issue_file.read_text("utf-8").partition("<!-- candidates")[0]
    after = desk.issue_file.read_bytes()
    page.focus("#middle")
    page.keyboard.press("Control+z")
    until(page, "document.querySelectorAll('#issue .story').length === 7")
    assert desk.issue_file.read_bytes() == before
    page.keyboard.press("Control+Shift+z")
    until(page, "document.querySelectorAll('#issue .story').length === 6")
    assert desk.issue_file.read_bytes() == after


def test_a_problem_is_mended_by_one_press(page: Page, desk: ServedDesk) -> None:
    assert "المصدر," in desk.issue_file.read_text("utf-8")
    page.click("#issue [data-problem=punctuation-latin] [data-mend]")
    until(page, "!document.querySelector('#issue [data-problem=punctuation-latin]')")
    assert "المصدر،" in desk.issue_file.read_text("utf-8")
    assert page.evaluate("document.activeElement !== document.body")


def test_every_problem_is_listed_and_leads_to_its_place(page: Page) -> None:
    page.click(".pill")
    page.click("#problem-list [data-go^=s-]")
    assert page.evaluate("document.activeElement.closest('.story.open') !== null")


def test_an_element_is_added_from_the_menu_and_edited_in_place(page: Page, desk: ServedDesk) -> None:
    page.click(".adds >> nth=0")
    page.click("#elements [data-insert*='\"callout\"']")
    until(page, "document.querySelector('.element')")
    assert "::: callout" in desk.issue_file.read_text("utf-8")
    page.fill(".element textarea", "غدًا عطلة رسمية في المدينة كلها.")
    file_says(desk, "غدًا عطلة رسمية", page)
    letter_says(page, "غدًا عطلة رسمية")


def test_a_candidate_is_taken_up(page: Page, desk: ServedDesk) -> None:
    count = page.locator("#issue .story").count()
    page.click("#waiting summary")
    page.click("#waiting .round >> nth=0")
    until(page, f"document.querySelectorAll('#issue .story').length === {count + 1}")


def test_a_section_is_renamed_and_moved(page: Page, desk: ServedDesk) -> None:
    page.fill("#c2-title", "أسواق")
    file_says(desk, "## أسواق", page)
    page.click("#c2 .menu.end summary")
    page.click("#c2 .menu.end button >> nth=0")
    saved(page)
    assert order(desk)[0] == "أسواق"


def test_a_press_in_the_letter_opens_its_story(page: Page) -> None:
    letter = page.frame_locator("#frame")
    letter.locator("h3, h2").filter(has_text="زيت الزيتون").first.click()
    until(page, "document.querySelector('.story.open .headline')?.value.includes('زيت الزيتون')")
    assert page.url.endswith("/issue/13")


@pytest.mark.parametrize(
    ("look", "script"),
    [
        ("desktop", "document.getElementById('frame').offsetWidth >= 640"),
        ("text", "document.getElementById('frame').contentDocument.querySelector('pre') !== null"),
    ],
)
def test_the_letter_is_shown_in_other_ways(page: Page, look: str, script: str) -> None:
    page.click(f"button[data-look={look}]")
    until(page, script)
    assert page.get_attribute(f"button[data-look={look}]", "aria-pressed") == "true"


def test_the_letter_turns_dark_by_itself(page: Page) -> None:
    ground = "getComputedStyle(document.getElementById('frame').contentDocument.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("[data-dark]")
    until(page, f"{ground} !== {light!r}")


def test_single_keys_act_outside_of_fields_and_can_be_switched_off(page: Page) -> None:
    page.focus("#middle")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") == "opens"
    page.keyboard.press("?")
    assert page.evaluate("document.getElementById('keys').open")
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.focus("#middle")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.id") == "middle"
    page.focus("#subject")
    page.keyboard.type("j")
    assert "j" in page.input_value("#subject")


def test_words_survive_a_server_that_dies_while_they_are_typed(
    browser: Browser, newsroom: Path, tmp_path: Path
) -> None:
    root = tmp_path / "room"
    shutil.copytree(newsroom, root)
    with served(root) as desk, visitor(browser, desk) as seen:
        opened(seen, desk)
        page, gone = seen.page, "**/issue/13/op"
        page.context.route(gone, lambda route: route.abort())
        page.click(".story .opens >> nth=1")
        page.keyboard.press("Control+End")
        page.keyboard.type(" وأكثر")
        until(page, "document.getElementById('saved').dataset.state === 'bad'")
        assert "الصغيرة وأكثر" not in desk.issue_file.read_text("utf-8")
        page.reload()
        assert page.input_value(".story:nth-of-type(2) .headline").endswith("وأكثر")
        page.context.unroute(gone)
        file_says(desk, "الصغيرة وأكثر", page)
        saved(page)


@pytest.mark.parametrize(("choice", "wins"), [("mine", "الصغيرة وأكثر"), ("theirs", "الصغيرة قبل الفجر")])
def test_words_kept_over_a_reload_ask_before_they_go_over_what_changed_meanwhile(
    browser: Browser, desk: ServedDesk, choice: str, wins: str
) -> None:
    """The page that finds the words has the other text already, and nothing that it shows says that there was one."""
    with visitor(browser, desk) as seen:
        opened(seen, desk)
        page, gone = seen.page, "**/issue/13/op"
        page.context.route(gone, lambda route: route.abort())
        page.click(".story .opens >> nth=1")
        page.keyboard.press("Control+End")
        page.keyboard.type(" وأكثر")
        until(page, "document.getElementById('saved').dataset.state === 'bad'")
        text = desk.issue_file.read_text("utf-8")
        # A line before it too: the words belong to a line that has moved.
        changed = text.replace("الصغيرة", "الصغيرة قبل الفجر", 1).replace("## أخبار", "\n\n## أخبار", 1)
        desk.issue_file.write_text(changed, "utf-8")
        page.reload()
        page.context.unroute(gone)
        until(page, "!document.getElementById('conflict').hidden", seconds=12)
        assert desk.issue_file.read_text("utf-8") == changed
        page.click(f"#conflict [data-choice={choice}]")
        saved(page)
        after = desk.issue_file.read_text("utf-8")
        assert (wins in after, after.count("الصغيرة وأكثر") + after.count("الصغيرة قبل الفجر")) == (True, 1)


def test_a_change_on_the_disk_is_taken_by_a_page_that_rests(page: Page, desk: ServedDesk) -> None:
    text = desk.issue_file.read_text("utf-8")
    desk.issue_file.write_text(text.replace(HARBOUR, "رصيف المرسى يُفتح"), "utf-8")
    until(page, "document.querySelector('.story .opens').textContent.includes('رصيف المرسى يُفتح')")
    letter_says(page, "رصيف المرسى يُفتح")


@pytest.mark.parametrize(
    ("choice", "mine", "theirs"), [("mine", True, False), ("theirs", False, True)], ids=["mine", "theirs"]
)
def test_two_changes_of_one_place_are_shown_and_one_is_chosen(
    page: Page, desk: ServedDesk, choice: str, mine: bool, theirs: bool
) -> None:
    page.route("**/now?*", lambda route: route.abort())
    text = desk.issue_file.read_text("utf-8")
    desk.issue_file.write_text(text.replace(HARBOUR, "رصيف المرسى يُفتح"), "utf-8")
    page.click(".story .opens >> nth=0")
    page.keyboard.press("Control+End")
    page.keyboard.type(" غدًا")
    until(page, "!document.getElementById('conflict').hidden")
    assert "رصيف المرسى يُفتح" in page.text_content("#conflict")
    page.click(f"#conflict [data-choice={choice}]")
    until(page, "document.getElementById('conflict').hidden")
    saved(page)
    said = desk.issue_file.read_text("utf-8")
    assert ("السردين غدًا" in said) is mine
    assert ("رصيف المرسى يُفتح" in said) is theirs


def test_two_pages_at_once_lose_no_word(browser: Browser, desk: ServedDesk) -> None:
    with visitor(browser, desk) as first, visitor(browser, desk) as second:
        opened(first, desk)
        opened(second, desk)
        for seen, place, words in ((first, 0, " أولًا"), (second, 1, " ثانيًا")):
            seen.page.click(f".story .opens >> nth={place}")
            seen.page.keyboard.press("Control+End")
            seen.page.keyboard.type(words)
        for words in ("السردين أولًا", "الصغيرة ثانيًا"):
            file_says(desk, words, first.page)
        letter_says(first.page, "الصغيرة ثانيًا")


def test_hostile_words_run_nothing_and_call_nobody(browser: Browser, desk: ServedDesk) -> None:
    path = desk.issue_file
    text = path.read_text("utf-8").replace("بعد ثلاث سنوات", HOSTILE).replace("رصيف جديد، وزيت أرخص", HOSTILE)
    path.write_text(text, "utf-8")
    with visitor(browser, desk) as seen:
        opened(seen, desk)
        seen.page.click(".story .opens >> nth=0")
        seen.page.keyboard.press("Control+End")
        seen.page.keyboard.insert_text(HOSTILE)
        letter_says(seen.page, "السردين</textarea>")
        assert seen.page.evaluate("window.hurt") is None
        assert [one for one in seen.troubles if "asked for" in one] == []


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 768, 390])
def test_everybody_can_use_the_page(
    browser: Browser, desk: ServedDesk, width: int, mode: Literal["light", "dark"]
) -> None:
    with visitor(browser, desk, width=width, mode=mode) as seen:
        opened(seen, desk)
        assert across(seen.page) == []
        assert axe(seen.page) == []
        seen.page.click(".story .opens >> nth=1")
        assert across(seen.page) == []
        if mode == "light":
            assert targets(seen.page) == []
        assert axe(seen.page, latin=True) == []


def test_words_of_another_page_are_not_written_over_while_one_types_on(browser: Browser, desk: ServedDesk) -> None:
    with visitor(browser, desk) as mine, visitor(browser, desk) as theirs:
        for seen in (mine, theirs):
            opened(seen, desk)
            seen.page.click(".story .opens >> nth=0")
            seen.page.keyboard.press("Control+End")
        theirs.page.keyboard.insert_text(" قبل الفجر")
        # Never so long between two letters that what is typed here would be written first.
        mine.page.keyboard.type("اليوم وغدا وبعد غد وكل يوم", delay=40)
        file_says(desk, "قبل الفجر", mine.page)
        until(mine.page, "!document.getElementById('conflict').hidden")
        assert "قبل الفجر" in mine.page.inner_text("#conflict")
        assert "قبل الفجر" in desk.issue_file.read_text("utf-8")


def test_what_another_page_wrote_while_an_operation_was_under_way_is_shown_after_it(
    browser: Browser, desk: ServedDesk
) -> None:
    with visitor(browser, desk) as seen:
        opened(seen, desk)
        page, slow = seen.page, []

        def answer_late(route: Any) -> None:
            answer = route.fetch()
            text = desk.issue_file.read_text("utf-8")
            desk.issue_file.write_text(text.replace("الصغيرة](", "الصغيرة كلها](", 1), "utf-8")
            page.wait_for_timeout(1500)
            slow.append(answer.status)
            route.fulfill(response=answer)

        page.route("**/op", answer_late, times=1)
        page.fill("#subject", "موضوع آخر")
        until(page, "document.querySelectorAll('.story .opens')[1].textContent.includes('الصغيرة كلها')")
        assert slow == [200]
