"""The pictures of docs/en/wordpress.md, of a real WordPress: ``PYTHONPATH=. python tests/wordpress_pictures.py``."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from command import ROOT, TEXT, here
from reader_pages import CHROMIUM, FLAGS, free_port, served
from real_wordpress import Site, running
from settings_text import with_settings
from wordpress_hands import put_up, ready, sign_in, tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = ROOT / "docs" / "en" / "pictures"
MOST = 60_000
"""Bytes of a picture."""


def keep(name: str, png: bytes) -> None:
    """Write a picture in as few colours as it needs to be small."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(48, dither=Image.Dither.NONE)
    made = io.BytesIO()
    picture.save(made, "PNG", optimize=True)
    assert len(made.getvalue()) <= MOST, (name, len(made.getvalue()))
    (FOLDER / f"{name}.png").write_bytes(made.getvalue())
    print(name, picture.size, len(made.getvalue()))


def newsroom(root: Path, site: Site, pages: str) -> None:
    """A newsroom that has sent an issue to a dozen readers."""
    (root.parent / "article.txt").write_text(TEXT, "utf-8")
    readers = [f"reader{number}@example.net" for number in range(12)]
    # A letter whose links lead into this machine is not sent: the site has its own address afterwards.
    url = "https://waha.example.org"
    does("init", root, "--name", "صحيفة الواحة", "--url", url, "--from", "الواحة <news@example.org>", "--web", pages)
    does("-C", root, "collect", root.parent / "article.txt")
    does("-C", root, "compose")
    does("-C", root, "subscribers", "add", *readers)
    does("-C", root, "send", "1", "--yes")
    settings = root / "newsletter.toml"
    text = settings.read_text("utf-8").replace(f'"{url}"', f'"{site.url}"', 1)
    settings.write_text(with_settings(text, '[schedule]\nweekly = "thursday 10:00"'), "utf-8")
    does("-C", root, "wordpress", "plugin", root.parent / "nashra.zip")


def does(*command: str | Path) -> None:
    """Run a command that goes well."""
    done = here(*command)
    assert done.code == 0, done


def take(browser: Browser, site: Site, file: Path) -> None:
    """All four."""
    with tab(browser, width=1100, height=760) as looked:
        page = looked.page
        sign_in(page, site)
        put_up(page, site, file)
        page.evaluate("document.querySelector('#message')?.remove()")
        keep("wordpress-plugin", page.locator("#the-list tr[data-slug=nashra]").screenshot())
        page.goto(f"{site.url}wp-admin/")
        keep("wordpress-dashboard", page.locator("#nashra_figures").screenshot())
        page.goto(f"{site.url}wp-admin/post.php?post={site.articles[0]['id']}&action=edit")
        ready(page)
        page.evaluate("wp.data.dispatch('core/block-editor').insertBlock(wp.blocks.createBlock('nashra/subscribe'))")
        page.wait_for_selector(".wp-block-nashra-subscribe .nashra-form")
        page.wait_for_timeout(500)
        keep("wordpress-block", page.screenshot())
    with tab(browser, width=390, height=760) as looked:
        looked.page.goto(site.articles[1]["url"])
        keep("wordpress-form", looked.page.screenshot(clip={"x": 0, "y": 100, "width": 390, "height": 640}))


def main() -> None:
    """Take them, and write them into docs/en/pictures."""
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, running(kind="newsroom") as site:
        root, port = Path(name) / "w", free_port()
        newsroom(root, site, f"http://127.0.0.1:{port}")
        with served(root, port), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            take(browser, site, Path(name) / "nashra.zip")
            browser.close()


if __name__ == "__main__":
    main()
