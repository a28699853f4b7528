"""The plugin put up in a real WordPress by Chromium: its form, the editor, the dashboard, the end."""

from __future__ import annotations

import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from command import here
from desk_judges import across, axe
from reader_pages import CHROMIUM, FLAGS, free_port, served
from real_wordpress import FOLDER, NEWSROOM, Site, running
from settings_text import with_settings
from test_web_journey import letters, link
from wordpress_hands import canvas, put_up, ready, save_settings, sign_in, tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [*NEWSROOM, pytest.mark.browser]
HOSTILE = "\"'></p><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
SHORTCODE = "[nashra_subscribe]"
FORM = 'class="nashra-form '


@dataclass(frozen=True)
class House:
    """A newsroom's WordPress with the plugin put up, its reader pages, and a browser."""

    site: Site
    root: Path
    pages: str
    browser: Browser
    known: set[str]
    """What WordPress complained of before the plugin was there."""

    def html(self, address: str) -> str:
        """A page as a stranger gets it; of a refusal too."""
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                assert answer.headers.get("set-cookie") is None, address
                return str(answer.read().decode("utf-8"))
        except urllib.error.HTTPError as error:
            return error.read().decode("utf-8")

    def post(self, name: str, content: str, **more: str) -> str:
        """Publish a post, or renew it; its address."""
        fields = {"post_title": name, "post_name": name, "post_content": content, "post_status": "publish", **more}
        told = "".join(f"'{key}' => base64_decode('{_coded(value)}')," for key, value in fields.items())
        found = self.site.ask(f"return get_permalink(wp_insert_post(wp_slash([{told}])));")
        return str(found)

    def option(self, name: str, value: str) -> None:
        self.site.ask(f"update_option('{name}', '{value}'); return 1;")

    def forget(self) -> int:
        """Let WordPress forget how users stand; how much it had kept."""
        kept = "FROM {$wpdb->options} WHERE option_name LIKE '%_transient_nashra_users%'"
        return int(self.site.ask(f'return $wpdb->query("DELETE {kept}");'))

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Reader pages that take what they are sent and never answer."""
        file = self.site.folder / "www/wp-content/mu-plugins/silent.php"
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            file.write_text(f"<?php define('NASHRA_PAGES', 'http://127.0.0.1:{deaf.getsockname()[1]}');", "utf-8")
            try:
                yield
            finally:
                file.unlink()


def opened(page: Page, address: str) -> float:
    """Seconds until WordPress has answered."""
    started = time.monotonic()
    assert page.request.get(address).status == 200
    return time.monotonic() - started


def _coded(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode("ascii")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    from playwright.sync_api import sync_playwright

    folder = tmp_path_factory.mktemp("plugin")
    port = free_port()
    with running(kind="newsroom") as site:
        root, pages = folder / "w", f"http://127.0.0.1:{port}"
        words = ("--name", "صحيفة الواحة", "--url", site.url, "--from", "الواحة <news@example.org>", "--web", pages)
        assert here("init", root, *words).code == 0
        settings = root / "newsletter.toml"
        topics = '[topics.readers]\n1 = "اقتصاد"\n2 = "رياضة"\n'
        settings.write_text(with_settings(settings.read_text("utf-8"), topics), "utf-8")
        assert here("-C", root, "wordpress", "plugin", folder / "nashra.zip").code == 0
        with served(root, port), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            with tab(browser) as looked:
                sign_in(looked.page, site)
                for path in ("", "post.php?post=4&action=edit"):
                    looked.page.goto(f"{site.url}wp-admin/{path}")
                known = site.complaints()
                put_up(looked.page, site, folder / "nashra.zip")
                assert looked.ours() == []
            yield House(site, root, pages, browser, known)
            assert site.complaints() - known == set()
            browser.close()


def test_each_kind_of_page_has_as_many_forms_as_it_should(house: House) -> None:
    site = house.site
    paragraph = "<!-- wp:paragraph -->\n<p>نص المقال في سطر.</p>\n<!-- /wp:paragraph -->"
    block = '<!-- wp:nashra/subscribe {"look":"band","topics":true} /-->'
    pattern = site.ask(
        "return wp_insert_post(['post_type' => 'wp_block', 'post_status' => 'publish', 'post_title' => 'p',"
        f" 'post_content' => '{block}']);"
    )
    found = {
        "neither": house.post("neither", paragraph),
        "block": house.post("block", paragraph + block + paragraph),
        "shortcode": house.post("shortcode", f"{paragraph}<!-- wp:shortcode -->{SHORTCODE}<!-- /wp:shortcode -->"),
        "classic": house.post("classic", 'سطر\n\n[nashra_subscribe topics="yes" look="plain"]\n\nسطر'),
        "pattern": house.post("pattern", f'{paragraph}<!-- wp:block {{"ref":{pattern}}} /-->'),
        "password": house.post("password", paragraph, post_password="x"),
        "page": house.post("page", paragraph, post_type="page"),
    }
    counts = {name: house.html(address).count(FORM) for name, address in found.items()}
    assert counts == {**dict.fromkeys(found, 1), "password": 0, "page": 0}
    for name in ("neither", "block", "classic"):
        form = re.search(r'<div class="nashra-form.*?</form></div>', house.html(found[name]), re.DOTALL)
        assert form is not None
        # WordPress makes paragraphs and line breaks of what it finds; of a form on one line it finds none.
        assert not re.search(r"\n|<br|<p>|</p></p>", form[0]), name
        assert "alignfull" not in form[0]
        assert unescape(str(re.search(r'name="back" value="([^"]+)"', form[0])[1])) == found[name]  # type: ignore[index]
    assert house.html(found["block"]).count('name="topic-readers"') == 2
    dead = [site.url, f"{site.url}feed/", f"{site.url}wp-json/wp/v2/posts?per_page=20", f"{found['block']}embed/"]
    dead += [f"{site.url}category/uncategorized/", f"{site.url}?s=سطر".replace("سطر", "%D8%B3%D8%B7%D8%B1")]
    assert {address: house.html(address).count("nashra-look") for address in dead[:4]} == dict.fromkeys(dead[:4], 0)
    assert [house.html(address).count(FORM) for address in dead[4:]] == [0, 0]
    # A list of whole posts, as some themes have it: none brings its own form.
    told = house.site.ask(
        "query_posts(['posts_per_page' => 20]); ob_start(); while (have_posts()) { the_post(); the_content(); }"
        "$text = ob_get_clean(); return [strlen($text) > 1000, substr_count($text, 'nashra-form')];"
    )
    assert told == [True, 0]
    # No kind of post at all is not every kind, as it is to WordPress.
    none = house.site.folder / "www/wp-content/mu-plugins/none.php"
    none.write_text("<?php add_filter('nashra_post_types', '__return_empty_array');", "utf-8")
    try:
        assert [house.html(found[name]).count(FORM) for name in ("neither", "page", "block")] == [0, 0, 1]
    finally:
        none.unlink()
    # The editor's preview is for who signed in.
    assert "nashra-form" not in house.html(f"{site.url}wp-json/wp/v2/block-renderer/nashra/subscribe?context=edit")
    # Asked for by its address, no file shows anything.
    for path in ("settings.php", "parts/forms.php", "uninstall.php", "nashra.php"):
        assert house.html(f"{site.url}wp-content/plugins/nashra/{path}") == ""


def test_a_post_is_the_same_for_everybody_and_asks_nobody_else(house: House) -> None:
    address = house.site.articles[0]["url"]
    assert house.html(address) == house.html(address)
    with tab(house.browser, width=390) as looked:
        looked.page.goto(address)
        assert looked.page.evaluate("document.cookie") == ""
        assert looked.page.context.cookies() == []
        own = (house.site.url, f"blob:{house.site.url}")
        assert [one for one in looked.requests if not one.startswith(own)] == []
        assert looked.console == []


def test_a_reader_subscribes_under_a_post_without_javascript_and_comes_back(house: House) -> None:
    address = house.site.articles[2]["url"]
    with tab(house.browser, width=375, java_script_enabled=False) as looked:
        page = looked.page
        page.goto(address)
        page.fill(".nashra-form input[type=email]", "salma@example.net")
        page.click(".nashra-form button")
        # A page that a cache keeps cannot say when it was made: one press more, on the reader pages.
        assert page.url == f"{house.pages}/subscribe"
        page.wait_for_timeout(2100)
        page.click("main form button")
        assert "تفقّد بريدك" in page.inner_text("h1")
        letter = letters(house.root, 1)[-1]
        assert letter["to"] == "salma@example.net"
        page.click(f"a.button[href='{address}']")
        assert page.url == address
        page.goto(link(letter, "confirm", house.pages))
        page.click("main form button")
    told = here("-C", house.root, "subscribers", "show", "salma@example.net", "--json")
    assert '"confirmed"' in told.out


ROOM = """
(() => {
  const form = document.querySelector('.nashra-form'), box = form.getBoundingClientRect();
  const before = [...document.querySelectorAll('.entry-content > p, .wp-block-post-content > p')].pop();
  const input = form.querySelector('input[type=email]'), button = form.querySelector('button');
  const style = one => ({high: one.getBoundingClientRect().height, font: parseFloat(getComputedStyle(one).fontSize)});
  return {edge: Math.abs(before.getBoundingClientRect().right - box.right), dir: getComputedStyle(form).direction,
    input: style(input), button: style(button), trap: form.querySelector('.nashra-trap').getBoundingClientRect().width};
})()
"""


LOOK = "look => { document.querySelector('.nashra-form').className = `nashra-form nashra-look-${look}` }"
# The theme's own faults are not the form's.
ALONE = """
document.querySelectorAll('body *').forEach(
  one => one.closest('.nashra-form') || one.querySelector('.nashra-form') || one.remove())
"""


@pytest.mark.parametrize("theme", ["its own", "plain"])
def test_the_form_has_room_and_contrast_in_each_look(house: House, theme: str) -> None:
    address = house.post("looks", "<!-- wp:paragraph -->\n<p>سطر</p>\n<!-- /wp:paragraph -->")
    own = house.site.ask("return get_stylesheet();")
    house.site.ask(f"switch_theme('{own if theme == 'its own' else theme}'); return 1;")
    try:
        for ground in ("/* light */", "body { background: #14181f !important; color: #e8e8e8 !important }"):
            with tab(house.browser, mode="dark" if "body" in ground else "light") as looked:
                page = looked.page
                page.goto(address)
                page.add_style_tag(content=ground)
                for width in (1280, 390, 320):
                    page.set_viewport_size({"width": width, "height": 900})
                    for look in ("card", "band", "plain"):
                        page.evaluate(
                            f"document.querySelector('.nashra-form').className = 'nashra-form nashra-look-{look}'"
                        )
                        room = page.evaluate(ROOM)
                        assert (room["dir"], room["edge"] < 1.5, room["trap"] <= 1) == ("rtl", True, True), (
                            width,
                            look,
                            room,
                        )
                        for part in ("input", "button"):
                            assert room[part]["high"] >= 44, (width, look, room)
                            assert room[part]["font"] >= 16, (width, look, room)
                        assert across(page) == [], (width, look)
                page.evaluate(ALONE)
                for look in ("card", "band", "plain"):
                    page.evaluate(
                        f"document.querySelector('.nashra-form').className = 'nashra-form nashra-look-{look}'"
                    )
                    assert axe(page, latin=True) == [], (theme, look, ground)
    finally:
        house.site.ask(f"switch_theme('{own}'); return 1;")


def test_an_editor_sets_the_form_with_words_of_their_own_and_sees_it(house: House) -> None:
    post = house.site.articles[3]
    with tab(house.browser) as looked:
        page = looked.page
        sign_in(page, house.site, "editor")
        page.goto(f"{house.site.url}wp-admin/post.php?post={post['id']}&action=edit")
        ready(page)
        page.evaluate(
            "words => wp.data.dispatch('core/block-editor').insertBlock(wp.blocks.createBlock('nashra/subscribe', "
            "{title: words, button: 'أرسلوها إليّ', look: 'plain', topics: true}))",
            f"نشرة الخميس {HOSTILE}",
        )
        shown = canvas(page)
        shown.wait_for_selector(".wp-block-nashra-subscribe .nashra-form")
        assert "نشرة الخميس" in shown.inner_text(".wp-block-nashra-subscribe .nashra-title")
        assert shown.locator(".wp-block-nashra-subscribe .nashra-topic").count() == 2
        page.evaluate("wp.data.dispatch('core/editor').savePost()")
        page.wait_for_function("wp.data.select('core/editor').didPostSaveRequestSucceed()")
        page.reload()
        ready(page)
        blocks = page.evaluate("wp.data.select('core/block-editor').getBlocks().map(one => [one.name, one.isValid])")
        assert ["nashra/subscribe", True] in blocks
        assert looked.ours() == []
        page.goto(post["url"])
        assert page.locator(".nashra-form").count() == 1
        assert page.inner_text(".nashra-button") == "أرسلوها إليّ"
        assert page.title() != "taken"
        page.goto(
            house.post("evil", f"[nashra_subscribe title='{HOSTILE.replace(chr(39), '')}' look='\"><script>' list='x']")
        )
        assert page.title() != "taken"
        assert page.locator(".nashra-look-card input[name=list]").get_attribute("value") == "readers"


def test_one_setting_says_where_the_form_stands_by_itself(house: House) -> None:
    post, front = house.site.articles[4]["url"], house.site.url
    try:
        with tab(house.browser) as looked:
            page = looked.page
            sign_in(page, house.site)
            page.goto(f"{front}wp-admin/plugins.php")
            page.click("tr[data-slug=nashra] a[href*='page=nashra']")
            page.check("input[name=nashra_place][value=footer]")
            save_settings(page)
            assert page.is_checked("input[name=nashra_place][value=footer]")
        assert [house.html(one).count(FORM) for one in (post, front)] == [1, 1]
        house.option("nashra_place", "none")
        assert [house.html(one).count(FORM) for one in (post, front)] == [0, 0]
        house.option("nashra_place", "<script>")
        assert house.html(post).count(FORM) == 1
        with tab(house.browser) as looked:
            sign_in(looked.page, house.site, "editor")
            for path in (
                "options-general.php?page=nashra",
                "tools.php?page=nashra-readers",
                "admin-post.php?action=nashra_readers",
            ):
                answer = looked.page.goto(f"{front}wp-admin/{path}")
                assert answer is not None
                assert answer.status == 403, path
    finally:
        house.site.ask("delete_option('nashra_place'); return 1;")
    # In a sidebar, and cleaned when it is saved.
    told: Any = house.site.ask(
        "$w = new Nashra_Widget();"
        "$kept = $w->update(['title' => '<b>عنوان</b>', 'look' => 'band', 'topics' => '1', 'x' => 1], []);"
        "ob_start(); $w->widget(['before_widget' => '<aside>', 'after_widget' => '</aside>'], $kept);"
        "$w->form($kept); return [$kept, ob_get_clean()];"
    )
    assert told[0] == {"list": "", "title": "عنوان", "text": "", "button": "", "topics": True, "look": "band"}
    assert told[1].startswith("<aside><div")
    assert 'name="website"' in told[1]


def test_the_dashboard_shows_sentences_to_editors_alone(house: House) -> None:
    with tab(house.browser) as looked:
        page = looked.page
        sign_in(page, house.site, "editor")
        page.goto(f"{house.site.url}wp-admin/")
        shown = page.inner_text("#nashra_figures")
        assert "نشرة صحيفة الواحة" in shown
        assert re.search(r"المشتركون: \d", shown), shown
        assert "لم يصدر أي عدد بعد." in shown
        assert looked.ours() == []
        house.site.ask(
            f"set_transient('nashra_figures', [[base64_decode('{_coded(HOSTILE)}'), ['x']]], 600); return 1;"
        )
        page.reload()
        assert HOSTILE.split("<", maxsplit=1)[0] in page.inner_text("#nashra_figures")
        assert page.title() != "taken"
    with tab(house.browser) as looked:
        sign_in(looked.page, house.site, "author")
        looked.page.goto(f"{house.site.url}wp-admin/index.php")
        assert looked.page.locator("#nashra_figures").count() == 0
    # Pages that do not answer cost two seconds once a minute, and no fault is seen.
    house.site.ask("delete_transient('nashra_figures'); return 1;")
    told = house.site.ask(
        "add_filter('pre_http_request', fn() => new WP_Error('http_request_failed', 'no answer'));"
        "ob_start(); nashra_dashboard_box(); return [ob_get_clean(), get_transient('nashra_figures')];"
    )
    assert "لا يمكن قراءة الأرقام الآن." in told[0]
    assert told[1] == []


def test_subscribers_of_mailpoet_come_along_as_they_stand_there(house: House, tmp_path: Path) -> None:
    assert house.site.ask(f"return require '{FOLDER / 'mailpoet.php'}';") == ""
    with tab(house.browser, accept_downloads=True) as looked:
        page = looked.page
        sign_in(page, house.site)
        page.goto(f"{house.site.url}wp-admin/tools.php?page=nashra-readers")
        assert "MailPoet: 8" in page.inner_text(".wrap")
        refused = page.request.post(f"{house.site.url}wp-admin/admin-post.php", form={"action": "nashra_readers"})
        assert refused.status == 403
        with page.expect_download() as download:
            page.click("#nashra_download")
        download.value.save_as(tmp_path / "mailpoet-readers.csv")
    text = (tmp_path / "mailpoet-readers.csv").read_text("utf-8-sig")
    assert len(text.splitlines()) == 7
    assert '"\'+plus@example.net"' in text
    assert not re.search("user@|trash@|old@|س", text)
    sent = len(letters(house.root, 0))
    told = here("-C", house.root, "subscribers", "import", tmp_path / "mailpoet-readers.csv", "--consent", "form, 2022")
    assert told.code == 0, told
    states = {}
    for name in ("ok", "left", "gone", "back", "+plus", "wait"):
        shown = here("-C", house.root, "subscribers", "show", f"{name}@example.net", "--json").out
        states[name] = re.findall(r'"status": "(\w+)"', shown)[:1]
    assert states["ok"] == states["+plus"] == ["confirmed"]
    assert ["confirmed"] not in [states[name] for name in ("left", "gone", "back", "wait")]
    assert len(letters(house.root, 0)) == sent, "nobody is mailed by an import"
    # Cells that a spreadsheet would calculate, and signs that programs write in two ways.
    line = house.site.ask("return nashra_csv_line(['=1+1', '-a', '@x', \"\\t=1\", 'a\"b\\\\c', \"＝1\", 'سلمى']);")
    assert line == '"\'=1+1","\'-a","\'@x"," =1","a b c","\'＝1","سلمى"\r\n'


ROWS = """
() => Object.fromEntries([...document.querySelectorAll('#the-list tr')].map(
  row => [row.querySelector('.username strong').innerText, row.querySelector('td.column-nashra')?.textContent]))
"""


def test_the_list_of_users_tells_who_reads_the_letter_once_it_is_asked_to(house: House) -> None:
    site, users = house.site, f"{house.site.url}wp-admin/users.php"
    nobody = dict.fromkeys(("admin", "editor", "author", "contributor", "subscriber"))
    for command in (
        ("add", "Editor@Example.org", "subscriber@example.org"),
        ("add", "author@example.org", "--ask", "--consent", "card at the fair"),
        ("leave", "subscriber@example.org"),
    ):
        assert here("-C", house.root, "subscribers", *command).code == 0
    with tab(house.browser) as looked:
        page = looked.page
        sign_in(page, site)
        page.goto(users)
        assert page.evaluate(ROWS) == nobody
        assert page.locator(".column-nashra").count() == 0
        page.goto(f"{site.url}wp-admin/options-general.php?page=nashra")
        assert not page.is_checked("input[name=nashra_users]")
        page.check("input[name=nashra_users]")
        save_settings(page)
        assert page.is_checked("input[name=nashra_users]")
        page.goto(users)
        told = {"editor": "مشترك", "author": "طلب ولم يؤكّد", "subscriber": "غادر"}
        told |= dict.fromkeys(("admin", "contributor"), "—غير مشترك")
        assert page.evaluate(ROWS) == told
        assert page.inner_text("thead th.column-nashra") == "النشرة"
        # Kept, and asked anew when it is old.
        assert here("-C", house.root, "subscribers", "leave", "editor@example.org").code == 0
        page.reload()
        assert page.evaluate(ROWS) == told
        kept = "SELECT option_value FROM {$wpdb->options} WHERE option_name LIKE '_transient_nashra_users%'"
        assert "@" not in str(site.ask(f'return $wpdb->get_col("{kept}");'))
        assert house.forget() == 1
        page.reload()
        assert page.evaluate(ROWS) == told | {"editor": "غادر"}
        # Who hides the column sends nothing.
        assert house.forget() == 1
        site.ask("update_user_option(1, 'manageuserscolumnshidden', ['nashra'], true); return 1;")
        page.reload()
        assert page.locator("td.column-nashra:visible").count() == 0
        assert house.forget() == 0
        site.ask("delete_user_option(1, 'manageuserscolumnshidden', true); return 1;")
        assert looked.ours() == []
        usual, *_ = sorted(opened(page, users) for _ in range(2))
        with house.silent():
            # A machine may be busy: what counts is the best of some.
            for _ in range(4):
                house.forget()
                waited = opened(page, users)
                if waited < usual + 2.5:
                    break
            assert 2 <= waited < usual + 2.5
            assert min(opened(page, users) for _ in range(2)) < usual + 1.5
            page.goto(users)
            assert page.evaluate(ROWS) == dict.fromkeys(nobody, "")
        house.forget()
    with tab(house.browser) as looked:
        page = looked.page
        sign_in(page, site, "author")
        answer = page.goto(users)
        assert answer is not None
        assert answer.status == 403
        site.ask("get_user_by('login', 'author')->add_cap('list_users'); return 1;")
        page.goto(users)
        assert page.evaluate(ROWS) == nobody
    assert house.forget() == 0


def test_at_the_end_nothing_of_it_is_left(house: House) -> None:
    """The last one: it takes the plugin out."""
    site = house.site
    site.ask(
        "update_option('nashra_ping_8', 'x', false); update_option('widget_nashra', [2 => []]);"
        "update_option('sidebars_widgets', ['a' => ['nashra-2', 'search-1'], 'array_version' => 3]);"
        "update_post_meta(4, 'nashra_letter', 'lead'); wp_schedule_single_event(time() + 900, 'nashra_send', [8]);"
        "set_transient('nashra_figures', [['x']], 600); update_option('nashra_users', 'yes');"
        "set_transient('nashra_users_8', [1 => 'left'], 600); set_transient('nashra_users_silent', 1, 60); return 1;"
    )
    with tab(house.browser) as looked:
        page = looked.page
        sign_in(page, site)
        page.goto(f"{site.url}wp-admin/plugins.php")
        page.click("tr[data-slug=nashra] a[href*='action=deactivate']")
        page.wait_for_selector("tr[data-slug=nashra].inactive")
        assert "nashra" not in str(site.ask("return array_map('array_keys', _get_cron_array());"))
        page.on("dialog", lambda dialog: dialog.accept())
        page.click("tr[data-slug=nashra] a.delete")
        page.wait_for_selector("tr.plugin-deleted-tr, tr[data-slug=nashra].deleted", state="attached")
    left = site.ask(
        "return [$wpdb->get_col(\"SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE '%nashra%'"
        " AND option_name NOT LIKE '_site_transient%'\"),"
        " $wpdb->get_col(\"SELECT meta_key FROM {$wpdb->postmeta} WHERE meta_key LIKE '%nashra%'\"),"
        " get_option('sidebars_widgets')['a'], is_dir(WP_PLUGIN_DIR . '/nashra')];"
    )
    assert left == [[], [], ["search-1"], False]
    assert site.complaints() - house.known == set()
