"""Every screen of the desk at three widths, light and dark: axe, room, hit areas, and nothing said on the console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import desk_newsroom
import pytest
from desk_judges import across, axe, targets
from desk_served import HEIGHTS, WIDTHS, ServedDesk, served, visitor
from desk_states import SCREENS, State

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LOOKS: list[tuple[Literal["light", "dark"], int]] = [(mode, width) for mode in ("light", "dark") for width in WIDTHS]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDesk]:
    with served(desk_newsroom.make(tmp_path_factory.mktemp("look") / "w")) as desk:
        yield desk


@pytest.mark.parametrize("screen", SCREENS, ids=[screen.name for screen in SCREENS])
def test_axe_room_and_targets(screen: State, desk: ServedDesk, playwright_chromium: Browser) -> None:
    """One page, which the system makes dark and light: what has no colour is asked of it once at each width."""
    found: dict[tuple[str, int], dict[str, list[Any]]] = {}
    with visitor(playwright_chromium, desk) as seen:
        page = seen.page
        assert page.goto(f"{desk.base}{screen.path}").status == 200
        screen.act(page, desk)
        for mode, width in LOOKS:
            page.emulate_media(color_scheme=mode, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            page.wait_for_timeout(100)
            assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == (mode == "dark")
            last = (mode, width) == LOOKS[-1]
            found[mode, width] = {
                "across": across(page),
                "targets": targets(page) if mode == "light" else [],
                "axe": axe(page, colours=mode == "dark", latin=last),
            }
        # It is in Latin letters now.
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.wait_for_timeout(100)
        found[LOOKS[-1]]["axe"] += axe(page, colours=True)
        assert found == {look: {"across": [], "targets": [], "axe": []} for look in LOOKS}
        assert seen.troubles == []
