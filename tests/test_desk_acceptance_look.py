"""Every screen of the desk at three widths, light and dark: axe, room, hit areas, and nothing said on the console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import desk_newsroom
import pytest
from desk_judges import across, axe, targets
from desk_served import HEIGHTS, WIDTHS, ServedDesk, served, visitor
from desk_states import SCREENS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDesk]:
    with served(desk_newsroom.make(tmp_path_factory.mktemp("look") / "w")) as desk:
        yield desk


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS, ids=[screen.name for screen in SCREENS])
def test_axe_room_and_targets(screen: object, mode: str, desk: ServedDesk, playwright_chromium: Browser) -> None:
    with visitor(playwright_chromium, desk, mode=mode) as seen:
        page = seen.page
        assert page.goto(f"{desk.base}{screen.path}").status == 200
        screen.act(page, desk)
        found = {}
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            page.wait_for_timeout(100)
            found[width] = {
                "across": across(page),
                "targets": targets(page) if mode == "light" else [],
                "axe": axe(page, latin=width == WIDTHS[-1]),
            }
        assert found == {width: {"across": [], "targets": [], "axe": []} for width in WIDTHS}
        assert seen.troubles == []
