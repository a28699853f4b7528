"""What people do in WordPress with a browser: sign in, put up a plugin, write; and what its pages ask for and say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from real_wordpress import PASSWORD, Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page


@dataclass
class Looked:
    """A tab, with what it asked for and what its console said."""

    page: Page
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def ours(self) -> list[str]:
        """Lines of the console that name the plugin."""
        return [line for line in self.console if "nashra" in line.lower()]


@contextmanager
def tab(
    browser: Browser,
    *,
    width: int = 1280,
    height: int = 900,
    mode: Literal["light", "dark"] = "light",
    **more: Any,
) -> Iterator[Looked]:
    """A tab of a browser of its own.

    Args:
        browser: Chromium.
        width: CSS pixels.
        height: CSS pixels.
        mode: What the system prefers.
        more: For the context of Playwright, for example ``java_script_enabled=False``.
    """
    size: Any = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme=mode, locale="ar", reduced_motion="reduce", **more)
    page = context.new_page()
    page.set_default_timeout(120_000)
    looked = Looked(page)
    context.on("request", lambda request: looked.requests.append(request.url))
    page.on("console", lambda message: looked.console.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: looked.console.append(f"error: {error}"))
    try:
        yield looked
    finally:
        context.close()


def sign_in(page: Page, site: Site, name: str = "admin") -> None:
    """Come in through wp-login.php, as everybody does."""
    # Led on to a file: the dashboard takes seconds, and not everybody who signs in wants it.
    led = re.compile(r"/wp-includes/css/buttons\.min\.css$")

    def press() -> None:
        page.goto(f"{site.url}wp-login.php?redirect_to={site.url}wp-includes/css/buttons.min.css")
        page.fill("#user_login", name)
        page.fill("#user_pass", PASSWORD)
        page.click("#wp-submit")

    _until_it_leads(page, press, led)


def save_settings(page: Page) -> None:
    """Press the button of a page of settings, and wait until WordPress has them."""
    _until_it_leads(page, lambda: page.click("#submit"), re.compile("settings-updated=true"))
    page.wait_for_load_state()


def _until_it_leads(page: Page, press: Callable[[], None], led: re.Pattern[str]) -> None:
    """Press; and again, where the page is still there: on a busy machine a press was lost now and then."""
    from playwright.sync_api import Error as PageError

    for left in (2, 1, 0):
        press()
        try:
            page.wait_for_url(led, timeout=40_000 if left else 120_000, wait_until="commit")
            return
        except PageError:
            if not left:
                raise


def put_up(page: Page, site: Site, file: Path) -> None:
    """Plugins, Add New, Upload, Install, Activate."""
    page.goto(f"{site.url}wp-admin/plugin-install.php?tab=upload")
    page.set_input_files("#pluginzip", file)
    page.click("#install-plugin-submit")
    page.click("a[href*='action=activate'], a[href*='overwrite=update-plugin']")
    page.wait_for_selector("tr[data-slug=nashra]")


def ready(page: Page) -> None:
    """Wait until the editor has the post and knows our block, and shut its welcome.

    Args:
        page: With post.php.
    """
    page.wait_for_function(
        "window.wp && wp.data && wp.data.select('core/block-editor')?.getBlocks().length > 0"
        " && wp.blocks.getBlockType('nashra/subscribe')"
    )
    page.evaluate(
        "wp.data.select('core/edit-post').isFeatureActive('welcomeGuide')"
        " && wp.data.dispatch('core/edit-post').toggleFeature('welcomeGuide')"
    )


def canvas(page: Page) -> Frame:
    """Where the editor shows the post: a frame of its own, or in older WordPress the page itself.

    Args:
        page: With post.php, ready.
    """
    page.wait_for_selector("iframe[name=editor-canvas], .editor-styles-wrapper", state="attached")
    return page.frame(name="editor-canvas") or page.main_frame
