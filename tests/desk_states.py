"""What the desk is shown as: every screen, in every state that an editor can meet."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desk_hands import until

from newsletter import delivery, ledger
from newsletter.workflows import plan

if TYPE_CHECKING:
    from desk_served import ServedDesk
    from playwright.sync_api import Page

ROOMS: dict[str, dict[str, Any]] = {
    "full": {"before": 7},
    "fresh": {"readers": 0, "articles": False, "issue": False, "sent": False},
    "nobody": {"readers": 0, "sent": False},
    "between": {"issue": False},
    "careful": {"readers": 40, "sent": False, "settings": "\n[desk]\napproval = true\n"},
}
"""Newsrooms by name: how `desk_newsroom.make` makes each."""


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True)
class State:
    """A screen in one state."""

    name: str
    path: str
    words: str
    act: Callable[[Page, ServedDesk], None] = _nothing
    before: Callable[[ServedDesk], None] = _nothing
    room: str = "full"
    whole: bool = True
    """Whether the picture is of the whole page, or of what the window shows."""


# ---- what is done before a picture is taken


def _story(page: Page, _desk: ServedDesk) -> None:
    page.locator("#issue .story .opens").nth(1).click()
    page.wait_for_timeout(300)


def _press(selector: str) -> Callable[[Page, ServedDesk], None]:
    def act(page: Page, _desk: ServedDesk) -> None:
        page.locator(selector).first.click()
        page.wait_for_timeout(300)

    return act


def _show(name: str, then: Callable[[Page, ServedDesk], None] = _nothing) -> Callable[[Page, ServedDesk], None]:
    """One of the three columns, where not all are shown."""

    def act(page: Page, desk: ServedDesk) -> None:
        button = page.locator(f".shows [value={name}]")
        if button.is_visible():
            button.click()
        then(page, desk)
        page.wait_for_timeout(400)

    return act


def _lift(page: Page, _desk: ServedDesk) -> None:
    page.locator("#issue .story .grip").nth(1).focus()
    for key in (" ", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)


def _type(page: Page) -> None:
    field = page.locator("#subject")
    field.focus()
    page.keyboard.press("End")
    page.keyboard.insert_text("، وكلمة")


def _conflict(page: Page, desk: ServedDesk) -> None:
    page.route("**/op", lambda route: None)
    _type(page)
    page.wait_for_timeout(300)
    text = desk.issue_file.read_text("utf-8")
    desk.issue_file.write_text(text.replace("وزيت أرخص", "وزيت وافر"), "utf-8")
    page.unroute("**/op")
    page.reload()
    page.wait_for_selector("#conflict:not([hidden])", timeout=60_000)


def _unsaved(page: Page, _desk: ServedDesk) -> None:
    said = '{"error": {"what": "القرص ممتلئ", "where": "", "mend": ""}}'
    page.route("**/op", lambda route: route.fulfill(status=507, body=said, content_type="application/json"))
    _type(page)
    page.wait_for_timeout(600)


def _away(page: Page, _desk: ServedDesk) -> None:
    page.route("**/op", lambda route: route.abort())
    _type(page)
    page.wait_for_timeout(600)


def _find(words: str) -> Callable[[Page, ServedDesk], None]:
    def act(page: Page, desk: ServedDesk) -> None:
        _show("articles")(page, desk)
        page.locator("#seek").fill(words)
        page.wait_for_timeout(700)

    return act


def _confirm(page: Page, _desk: ServedDesk) -> None:
    page.locator("button[form=going]").click()
    page.wait_for_selector("dialog[open]")


def _later(page: Page, desk: ServedDesk) -> None:
    page.locator("#later").check()
    page.locator("#day").select_option("2026-12-03")
    page.locator("#hour").select_option("10:00")
    _confirm(page, desk)


def _sure(choose: Callable[[Page, ServedDesk], None]) -> Callable[[Page, ServedDesk], None]:
    """Confirm what was chosen."""

    def act(page: Page, desk: ServedDesk) -> None:
        choose(page, desk)
        page.locator("dialog[open] button.main").click()
        page.wait_for_selector("[data-state]")
        page.wait_for_timeout(300)

    return act


def _half(desk: ServedDesk) -> None:
    """The letters are on their way, and the process that sent them has gone."""
    workspace, over = desk.workspace, threading.Event()
    issue = plan.choose(workspace, "13", list_name="", rhythm="weekly")
    send = plan.freeze_plan(workspace, plan.make(workspace, issue, list_name="", rhythm="weekly"))
    delivery.run(workspace.delivery_setup, send, lambda _state, _count: over.set(), over)


def _stopped(desk: ServedDesk) -> None:
    _half(desk)
    with desk.workspace.database.write() as connection:
        ledger.move(connection, ledger.named(connection, "13"), "paused", reason="by an editor")


def _without_subject(desk: ServedDesk) -> None:
    text = desk.issue_file.read_text("utf-8")
    desk.issue_file.write_text(re.sub("(?m)^subject = .*$", 'subject = ""', text), "utf-8")


FILE = """\
البريد,الاسم,مصدر,Opted out
salma@example.net,سلمى,معرض الكتاب,no
idris@example.net,إدريس,معرض الكتاب,no
widad@example,وداد,النموذج,no
hamid@example.org,حميد,النموذج,yes
salma@example.net,سلمى,النموذج,no
nada@example.com,ندى,معرض الكتاب,no
"""
"""Readers as a spreadsheet has them: one address that cannot be, one twice, and one who has left."""


def _file(page: Page, _desk: ServedDesk) -> None:
    content = FILE.encode("utf-8")
    page.locator("input[type=file]").set_input_files({"name": "قراء.csv", "mimeType": "text/csv", "buffer": content})
    page.wait_for_timeout(200)
    if page.url.endswith("/readers/import"):
        page.locator("form[enctype] button.main").click()
    page.wait_for_url("**/readers/import/*")


def _imported(page: Page, desk: ServedDesk) -> None:
    _file(page, desk)
    page.locator("input[name=words]").fill("سجّلوا أنفسهم في معرض الكتاب، نوفمبر 2026")
    page.locator("form button.main").last.click()
    page.wait_for_timeout(600)


def _examined(page: Page, _desk: ServedDesk) -> None:
    page.locator("form[action='/doctor/run'] button").click()
    until(page, "!document.querySelector('meta[http-equiv=refresh]')", seconds=60)
    page.wait_for_timeout(300)


def _break(desk: ServedDesk) -> None:
    text = desk.issue_file.read_text("utf-8")
    desk.issue_file.write_text(text.replace('subject = "', "subject = ", 1), "utf-8")


STATES: tuple[State, ...] = (
    State("week", "/issue/13", "The issue in the making", whole=False),
    State("week-articles", "/issue/13", "The articles, on a phone", _show("articles"), whole=False),
    State("week-letter", "/issue/13", "The letter, on a phone", _show("letter"), whole=False),
    State("week-story", "/issue/13", "A story, open", _story, whole=False),
    State("week-problems", "/issue/13", "What the check found", _press("#problems .pill"), whole=False),
    State("week-moving", "/issue/13", "A story, lifted with keys", _lift, whole=False),
    State("week-search", "/issue/13", "Search", _find("البحر"), whole=False),
    State("week-nothing-found", "/issue/13", "Search that finds nothing", _find("زرافة"), whole=False),
    State(
        "week-letter-dark", "/issue/13", "The letter's dark side", _show("letter", _press("[data-dark]")), whole=False
    ),
    State(
        "week-desktop",
        "/issue/13",
        "The letter on a desktop",
        _show("letter", _press("[data-look=desktop]")),
        whole=False,
    ),
    State("week-text", "/issue/13", "The letter as text", _show("letter", _press("[data-look=text]")), whole=False),
    State("week-elements", "/issue/13", "What can be added", _press("#issue .adds"), whole=False),
    State("week-keys", "/issue/13", "The keys", lambda page, _: page.keyboard.press("?"), whole=False),
    State("week-conflict", "/issue/13", "The file changed meanwhile", _conflict, whole=False),
    State("week-unsaved", "/issue/13", "The disk is full", _unsaved, whole=False),
    State("week-away", "/issue/13", "The desk is gone", _away, whole=False),
    State("week-broken", "/issue/13", "issue.md cannot be understood", before=_break, whole=False),
    State("week-none", "/", "No draft", room="between", whole=False),
    State("first", "/", "The first time", room="fresh"),
    State("first-asked", "/first", "A site's address asked for"),
    State("send", "/send/13", "What is asked before an issue goes"),
    State("send-now", "/send/13", "The last question, now", _confirm, whole=False),
    State("send-later", "/send/13", "The last question, for a moment", _later, whole=False),
    State("send-planned", "/send/13", "Planned", _sure(_later)),
    State("send-leaving", "/send/13", "Ten seconds to take it back", _sure(_confirm)),
    State("send-running", "/send/13", "On its way", before=_half),
    State("send-stopped", "/send/13", "Stopped", before=_stopped),
    State("send-cancel", "/send/13/sure/cancel", "The rest cancelled?", before=_half),
    State("send-gone", "/send/12", "It has gone"),
    State("send-errors", "/send/13", "The check found an error", before=_without_subject),
    State("send-nobody", "/send/13", "Nobody would get it", room="nobody"),
    State("send-none", "/send", "Nothing to send", room="between"),
    State("send-approval", "/send/13", "Approval is asked for", room="careful"),
    State("readers", "/readers", "Readers"),
    State("readers-found", "/readers?q=reader0001", "Readers, searched"),
    State("readers-card", "/readers", "A reader's card", _press("[data-card]"), whole=False),
    State(
        "readers-page",
        "/readers",
        "A reader's own page",
        lambda page, desk: page.goto(desk.base + (page.locator("[data-card]").first.get_attribute("href") or "")),
    ),
    State("readers-add", "/readers/add", "A reader added by hand"),
    State("import", "/readers/import", "A file to import"),
    State("import-look", "/readers/import", "What a file holds", _file),
    State("import-done", "/readers/import", "What came of an import", _imported),
    State("readers-none", "/readers", "Nobody yet", room="nobody"),
    State("report", "/report/12", "Report of the last issue"),
    State("report-none", "/report", "Nothing went yet", room="nobody"),
    State("doctor", "/doctor", "Doctor, before it looked"),
    State("doctor-looked", "/doctor", "Doctor, after it looked", _examined),
    State("settings", "/settings", "Settings"),
)

_JUDGED = (
    "week",
    "week-story",
    "first-asked",
    "send",
    "send-later",
    "readers",
    "import",
    "report",
    "doctor",
    "settings",
)
SCREENS = tuple(state for state in STATES if state.name in _JUDGED)
"""Those that are judged at every width, light and dark."""
