"""What an editor does on the page of the issue: words typed, stories opened and moved, and what must hold after."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_WRITE = """
([story, name, words]) => {
  const card = document.querySelectorAll('#issue .story')[story];
  if (!card.classList.contains('open')) card.querySelector('.opens').click();
  const field = card.querySelector(`[data-edit=${name}]`);
  field.focus();
  field.setRangeText(words, field.value.length, field.value.length, 'end');
  field.dispatchEvent(new InputEvent('input', {bubbles: true, data: words, inputType: 'insertText'}));
}
"""
SAVED = "document.querySelector('#saved').dataset.state === 'saved'"


def until(page: Page, script: str, arg: object = None, *, seconds: float = 120) -> None:
    """Wait until something holds; the page's own policy forbids Playwright's way of waiting.

    Args:
        page: The page.
        script: An expression, or a function of ``arg``.
        arg: For the function.
        seconds: How long at most.
    """
    from playwright.sync_api import Error

    deadline, held = time.monotonic() + seconds, False
    while not held:
        assert time.monotonic() < deadline, f"this does not come true: {script}"
        # A page on its way to another one answers nothing.
        with suppress(Error):
            held = page.evaluate(script, arg)
        page.wait_for_timeout(20)


class Hands:
    """Hands on a page of the issue.

    Args:
        page: The page, open.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    # ---- with keys

    def press(self, *keys: str) -> None:
        """Press keys, one after another; the focus is somewhere after each."""
        for key in keys:
            self.page.keyboard.press(key)
            until(self.page, "document.activeElement !== document.body", seconds=5)

    def at(self) -> str:
        """What the focus is on: its name for people."""
        found: str = self.page.evaluate(
            "(at => at.getAttribute('aria-label') || at.labels?.[0]?.textContent"
            " || (at.getAttribute('aria-labelledby') || '').split(' ')"
            ".map(id => document.getElementById(id)?.textContent).join(' ') || at.textContent || at.id)"
            "(document.activeElement).trim()"
        )
        return found

    def tab_to(self, selector: str, *, back: bool = False, most: int = 60) -> None:
        """Go on with Tab until the focus is on something that matches."""
        for _ in range(most):
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            self.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"Tab never comes to {selector}")

    # ---- what is there

    def live(self) -> str:
        """What was said last to who does not see."""
        return (self.page.text_content("#live") or "").strip()

    def told(self, before: str = "") -> str:
        """What is said next to who does not see."""
        until(self.page, "old => !['', old].includes(document.querySelector('#live').textContent.trim())", before)
        return self.live()

    def saved(self) -> None:
        """Wait until everything is saved."""
        self.page.wait_for_timeout(50)
        until(self.page, SAVED, seconds=60)

    def headlines(self) -> list[str]:
        """Of the stories, in order."""
        return [one.strip() for one in self.page.locator("#issue .story .opens").all_text_contents()]

    def sections(self) -> dict[str, list[str]]:
        """Headlines by the title of their section, in order."""
        found: dict[str, list[str]] = self.page.evaluate(
            "Object.fromEntries([...document.querySelectorAll('#issue [data-card=section]')].map(one => "
            "[one.querySelector('[data-edit=title]').value, "
            "[...one.querySelectorAll('.story .opens')].map(story => story.textContent.trim())]))"
        )
        return found

    # ---- with words

    def field(self, story: int, name: str) -> Locator:
        """A field of a story, which is opened for it.

        Args:
            story: From 0.
            name: ``title`` or ``summary``.
        """
        card = self.page.locator("#issue .story").nth(story)
        if card.locator(".opens").is_visible():
            card.locator(".opens").click()
        return card.locator(f"[data-edit={name}]").first

    def write(self, story: int, name: str, words: str) -> None:
        """Open a story and write at the end of one of its fields, as fast as a page can take it.

        Args:
            story: From 0.
            name: ``title`` or ``summary``.
            words: What is added.
        """
        self.page.evaluate(_WRITE, [story, name, words])

    def add_words(self, field: Locator, words: str) -> None:
        """Type words at the end of a field, all at once as a paste does."""
        field.evaluate("one => { one.focus(); one.setSelectionRange(one.value.length, one.value.length); }")
        self.page.keyboard.insert_text(words)


def problems(page: Page) -> list[Any]:
    """Codes of the problems that stand at their places."""
    found: list[Any] = page.evaluate(
        "[...document.querySelectorAll('#issue [data-problem]')].map(one => one.dataset.problem)"
    )
    return found
