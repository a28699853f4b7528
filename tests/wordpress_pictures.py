"""The pictures of the pages on WordPress, of a real one in Arabic: ``PYTHONPATH=. python tests/wordpress_pictures.py``.

Both languages show the same ones: a site that writes from right to left is what both speak of.
"""

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

from newsletter.publish.wordpress.session import SiteAccess
from newsletter.workspace import site_access

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDERS = [ROOT / "docs" / language / "pictures" for language in ("en", "ar")]
MOST = 60_000
"""Bytes of a picture."""
SETTINGS = '[schedule]\nweekly = "thursday 10:00"\n[collect]\nallow_private_hosts = ["127.0.0.1"]'
MADE = (
    "return WP_Application_Passwords::create_new_application_password(get_user_by('login', 'author')->ID, "
    "['name' => 'Nashra'])[0];"
)
OPENED = """() => {
    const panel = 'nashra-box/nashra-box', edit = wp.data.select('core/edit-post');
    wp.data.dispatch('core/edit-post').openGeneralSidebar('edit-post/document');
    if (!edit.isEditorPanelOpened(panel)) wp.data.dispatch('core/edit-post').toggleEditorPanelOpened(panel);
}"""
"""The box beside a post, opened."""


def keep(name: str, png: bytes) -> None:
    """Write a picture in as few colours as it needs to be small."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(48, dither=Image.Dither.NONE)
    made = io.BytesIO()
    picture.save(made, "PNG", optimize=True)
    assert len(made.getvalue()) <= MOST, (name, len(made.getvalue()))
    for folder in FOLDERS:
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.png").write_bytes(made.getvalue())
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
    settings.write_text(with_settings(text, SETTINGS), "utf-8")
    does("-C", root, "wordpress", "plugin", root.parent / "nashra.zip")


def does(*command: str | Path) -> None:
    """Run a command that goes well."""
    done = here(*command)
    assert done.code == 0, done


def take(browser: Browser, site: Site, file: Path) -> None:
    """All but the one of the issue."""
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
    with tab(browser, width=1100, height=900) as looked:
        page = looked.page
        sign_in(page, site, "editor")
        # Another post: the administrator has the first one open still, and WordPress says so over it.
        page.goto(f"{site.url}wp-admin/post.php?post={site.articles[2]['id']}&action=edit")
        ready(page)
        page.evaluate(OPENED)
        page.wait_for_selector(".nashra-box select")
        page.wait_for_timeout(500)
        keep("wordpress-box", page.locator(".nashra-box").screenshot())
    with tab(browser, width=390, height=760) as looked:
        looked.page.goto(site.articles[1]["url"])
        keep("wordpress-form", looked.page.screenshot(clip={"x": 0, "y": 100, "width": 390, "height": 640}))


def take_issue(browser: Browser, site: Site, root: Path) -> None:
    """An issue of the site's posts, published on it by the command."""
    access = SiteAccess(site.url.rstrip("/"), f"{site.url}wp-json/", "author", str(site.ask(MADE)))
    site_access.write(root, access)
    does("-C", root, "collect", site.url)
    does("-C", root, "compose", "2", "3", "4")
    does("-C", root, "publish", "2", "--to", "wordpress", "--status", "publish", "--yes")
    with tab(browser, width=900, height=900) as looked:
        looked.page.goto(f"{site.url}?name=nashra-issue-2")
        keep("wordpress-issue", looked.page.screenshot())


def main() -> None:
    """Take them, and write them into the documents' folders."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, running(kind="newsroom") as site:
        root, port = Path(name) / "w", free_port()
        newsroom(root, site, f"http://127.0.0.1:{port}")
        with served(root, port), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            take(browser, site, Path(name) / "nashra.zip")
            take_issue(browser, site, root)
            browser.close()


if __name__ == "__main__":
    main()
