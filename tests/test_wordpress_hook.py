"""The plugin's hook and box inside a real WordPress: what it tells, to whom, when, and what stays hidden."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from command import here
from newsroom import SITE, make, received, subscribe
from reader_pages import free_port, served
from real_wordpress import NEWSROOM, Site, running
from settings_text import with_settings
from wordpress_hands import Looked, sign_in, tab

from newsletter.letters.templates import environment
from newsletter.models import Publication
from newsletter.plugin.filling import PluginValues, plugin_files
from newsletter.site_hook.signing import HEADER, SignedBy, body_signed, sign_request
from newsletter.wiring import open_workspace
from newsletter.workspace.plugin_secret import path_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [*NEWSROOM, pytest.mark.xdist_group("wordpress-hook")]
KEY = bytes(range(32))
HEADLINE = "عنوان النشرة & ما بعده"


@dataclass
class Pages:
    """Reader pages that write down what they are told, and answer as they are told to."""

    told: list[dict[str, Any]] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    status: int = 200
    refused: set[int] = field(default_factory=set)
    """Posts that a firewall before the pages refuses."""
    ahead: float = 0.0
    """Seconds by which the clock of the pages runs ahead."""
    slow: float = 0.0
    address: str = ""
    real: str = ""
    """Address of real reader pages, which hear it too and answer."""

    def of(self, number: int) -> list[dict[str, Any]]:
        return [one for one in self.told if one["post"] == number]


def asked_there(url: str, signature: str, body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, {HEADER: signature})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b""


@contextmanager
def pages_served() -> Iterator[Pages]:
    pages = Pages()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            genuine = body_signed(self.headers[HEADER] or "", body, [KEY], now=datetime.now(UTC)) is SignedBy.GENUINE
            if pages.slow:
                time.sleep(pages.slow)
                return  # whoever asked has gone long since
            status, answer = pages.status, b""
            if not genuine or self.path != "/hooks/wordpress":
                pages.forged.append(self.path)
            elif json.loads(body)["post"] in pages.refused:
                status = 403
            elif pages.status == 200:
                pages.told.append(json.loads(body))
            if pages.real:
                status, answer = asked_there(f"{pages.real}{self.path}", self.headers[HEADER] or "", body)
            self.answer(status, answer)

        def do_GET(self) -> None:
            there = f"{pages.real}{self.path}"
            self.answer(*(asked_there(there, self.headers[HEADER] or "") if pages.real else (503, b"")))

        def answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate((timestamp or time.time()) + pages.ahead, usegmt=True)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pages.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield pages
    server.shutdown()
    server.server_close()


@dataclass
class Hands:
    """An editor's hands over the REST interface."""

    site: Site
    password: str
    user: str = "editor"

    def ask(self, method: str, route: str, values: Any = None, *, anonymous: bool = False, **headers: str) -> Any:
        url = f"{self.site.url}index.php?rest_route={route.replace('?', '&')}"
        body = None if values is None else json.dumps(values).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers}, method=method)
        if not anonymous:
            secret = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {secret}")
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    def refused(self, method: str, route: str, values: Any = None, **more: Any) -> int:
        with pytest.raises(urllib.error.HTTPError) as error:
            self.ask(method, route, values, **more)
        error.value.close()
        return error.value.code

    def publish(self, title: str = "خبر من الواحة", **more: Any) -> int:
        made = self.ask("POST", "/wp/v2/posts", {"title": title, "content": "<p>نص</p>", "status": "publish", **more})
        return int(made["id"])

    def change(self, number: int, **values: Any) -> dict[str, Any]:
        changed: dict[str, Any] = self.ask("POST", f"/wp/v2/posts/{number}", values)
        return changed


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    with pages_served() as pages:
        yield pages


@pytest.fixture(scope="module")
def site(pages: Pages) -> Iterator[Site]:
    with running(kind="newsroom") as site:
        put_up(site, pages.address)
        yield site
        assert [line for line in site.complaints() if "nashra" in line] == []


def put_up(site: Site, pages: str) -> None:
    """The plugin, filled and switched on."""
    about = Publication(name="صحيفة الواحة", url=site.url, language="ar")
    values = PluginValues(about, pages, KEY, "1.0", lists={"readers": "النشرة"}, sections=["رأي", "أخبار"])
    folder = site.folder / "www/wp-content/plugins/nashra"
    for name, content in plugin_files(environment(Path("/nowhere")), values).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert (
        site.ask("require_once ABSPATH . 'wp-admin/includes/plugin.php'; return activate_plugin('nashra/nashra.php');")
        is None
    )


def password_of(site: Site, user: str) -> str:
    who = f"get_user_by('login', '{user}')->ID"
    made = f"WP_Application_Passwords::create_new_application_password({who}, ['name' => uniqid()])"
    return str(site.ask(f"return {made}[0];"))


@pytest.fixture(scope="module")
def editor(site: Site) -> Hands:
    return Hands(site, password_of(site, "editor"))


@pytest.fixture(autouse=True)
def fresh(pages: Pages) -> None:
    pages.told.clear()
    pages.forged.clear()
    pages.status, pages.slow, pages.real, pages.ahead = 200, 0.0, "", 0.0
    pages.refused.clear()


@contextmanager
def writing(playwright_chromium: Browser, site: Site, number: int, name: str = "editor") -> Iterator[Looked]:
    """The block editor of a post, with the panel open."""
    with tab(playwright_chromium) as looked:
        sign_in(looked.page, site, name)
        opened(looked.page, site, number)
        yield looked


def opened(page: Page, site: Site, number: int) -> None:
    page.goto(f"{site.url}wp-admin/post.php?post={number}&action=edit")
    page.wait_for_function("window.wp && wp.data && wp.data.select('core/editor').getCurrentPostId()")
    page.evaluate("""() => {
        wp.data.dispatch('core/preferences').set('core/edit-post', 'welcomeGuide', false);
        wp.data.dispatch('core/edit-post').openGeneralSidebar('edit-post/document');
        const panel = 'nashra-box/nashra-box', edit = wp.data.select('core/edit-post');
        if (!edit.isEditorPanelOpened(panel)) wp.data.dispatch('core/edit-post').toggleEditorPanelOpened(panel);
    }""")
    page.wait_for_selector(".nashra-box select")


def saved(page: Page) -> None:
    page.evaluate("() => wp.data.dispatch('core/editor').savePost()")
    page.wait_for_function("!wp.data.select('core/editor').isSavingPost()")


def values_of(site: Site, number: int) -> dict[str, str]:
    found = site.ask(f"return nashra_values({number});")
    return {name: value for name, value in found.items() if value}


def queue(site: Site) -> list[str]:
    return list(site.ask("return array_keys(nashra_rows());"))


def run_cron(site: Site) -> None:
    """WordPress' clock, as a visit would start it, with what waits due now."""
    site.ask("wp_schedule_single_event(time() - 1, 'nashra_send', array('now' => microtime(true))); return 1;")
    urllib.request.urlopen(f"{site.url}wp-cron.php", timeout=60).close()


def test_each_event_arrives_once_with_its_values_and_both_addresses(site: Site, pages: Pages, editor: Hands) -> None:
    values = {"nashra_letter": "lead", "nashra_headline": HEADLINE, "nashra_at_once": "yes"}
    number = editor.publish(meta=values, slug="souq")
    (told,) = pages.of(number)
    address = editor.ask("GET", f"/wp/v2/posts/{number}")["link"]
    assert (told["status"], told["address"], told["site"]) == ("publish", address, site.url)
    assert told["values"]["letter"] == "lead"
    assert told["values"]["headline"] == HEADLINE
    assert told["values"]["at_once"] == "yes"
    assert abs(told["modified"] - time.time()) < 60
    assert abs(told["moment"] / 1000 - time.time()) < 60

    moved = editor.change(number, slug="souq-jadida")["link"]
    assert moved != address
    assert [(one["before"], one["address"]) for one in pages.of(number)[1:]] == [(address, moved)]
    done = [
        ("private", lambda: editor.change(number, status="private")),
        ("publish", lambda: editor.change(number, status="publish")),
        ("publish", lambda: editor.change(number, password="سر")),
        ("publish", lambda: editor.change(number, password="")),
        ("draft", lambda: editor.change(number, status="draft")),
        ("publish", lambda: editor.change(number, status="publish")),
        ("trash", lambda: editor.ask("DELETE", f"/wp/v2/posts/{number}")),
    ]
    for at, (state, do) in enumerate(done):
        do()
        assert len(pages.of(number)) == at + 3, state
        assert pages.of(number)[-1]["status"] == state
    assert [one["password"] for one in pages.of(number)[4:6]] == [True, False]
    trashed = pages.of(number)[-1]
    assert trashed["before"] == moved
    site.ask(f"return wp_untrash_post({number}) instanceof WP_Post;")
    assert len(pages.of(number)) == 9  # a draft again: nobody could read it before, nor can now
    editor.change(number, status="publish")
    assert pages.of(number)[-1]["status"] == "publish"
    assert pages.of(number)[-1]["values"]["letter"] == "lead"
    editor.ask("DELETE", f"/wp/v2/posts/{number}?force=true")
    gone = pages.of(number)[-1]
    assert (gone["status"], gone["before"], gone["values"]["headline"]) == ("deleted", moved, HEADLINE)
    assert len(pages.of(number)) == 11
    assert len({one["id"] for one in pages.told}) == len(pages.told)
    moments = [one["moment"] for one in pages.told]
    assert moments == sorted(moments)
    assert pages.forged == []
    assert queue(site) == []


def test_drafts_that_nobody_could_read_and_pages_are_not_told(site: Site, pages: Pages, editor: Hands) -> None:
    draft = editor.publish(status="draft")
    editor.change(draft, title="آخر")
    editor.ask("DELETE", f"/wp/v2/posts/{draft}?force=true")
    editor.ask("POST", "/wp/v2/pages", {"title": "صفحة", "status": "publish"})
    assert pages.told == []


def test_what_was_made_a_page_is_gone_and_a_value_alone_is_told(site: Site, pages: Pages, editor: Hands) -> None:
    number = editor.publish(meta={"nashra_headline": HEADLINE})
    address = pages.of(number)[0]["address"]
    site.ask(f"return update_post_meta({number}, 'nashra_letter', 'no');")  # as custom fields and programs do
    assert pages.of(number)[1]["values"]["letter"] == "no"
    site.ask(f"return delete_post_meta({number}, 'nashra_letter') && update_post_meta({number}, 'other', '1');")
    assert [one["values"]["letter"] for one in pages.of(number)] == ["", "no", ""]
    site.ask(f"return wp_update_post(array('ID' => {number}, 'post_type' => 'page'));")
    gone = pages.of(number)[-1]
    assert (gone["status"], gone["before"], gone["values"]["headline"]) == ("deleted", address, HEADLINE)
    site.ask(
        f"return wp_update_post(array('ID' => {number}, 'post_title' => 'صفحة')) && set_post_type({number}, 'post');"
    )
    assert len(pages.of(number)) == 4
    editor.change(number, title="خبر من جديد")
    assert pages.of(number)[-1]["status"] == "publish"
    # A draft's values are nobody's business so far.
    draft = editor.publish(status="draft")
    site.ask(f"return update_post_meta({draft}, 'nashra_letter', 'no');")
    assert pages.of(draft) == []
    assert queue(site) == []


def test_one_that_is_refused_holds_no_other_back(site: Site, pages: Pages, editor: Hands) -> None:
    numbers = [editor.publish(status="draft") for _ in range(4)]
    pages.refused.update(numbers[:2])
    for number in numbers:
        editor.change(number, status="publish")
    assert [one["post"] for one in pages.told] == numbers[2:]
    assert sorted(queue(site)) == [f"nashra_ping_{number}" for number in numbers[:2]]
    assert "مفتاح" in site.ask("return nashra_trouble();")
    # Where the clocks differ it says so: another key would not help.
    pages.status, pages.ahead = 403, 400
    run_cron(site)
    assert "ساعة" in site.ask("return nashra_trouble();")
    pages.status, pages.ahead = 200, 0
    pages.refused.clear()
    run_cron(site)
    assert queue(site) == []
    assert site.ask("return nashra_trouble();") == ""


def test_a_site_has_one_name_whatever_it_is_asked_by(site: Site) -> None:
    names = site.ask(
        "$_SERVER['HTTPS'] = 'on'; return array(home_url('/'), nashra_site(), nashra_told(4, array())['site']);"
    )
    assert names == [site.url.replace("http:", "https:"), site.url, site.url]


def test_a_planned_post_is_told_when_it_comes(site: Site, pages: Pages, editor: Hands) -> None:
    later = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S")
    number = editor.publish(date_gmt=later, status="future", meta={"nashra_headline": HEADLINE})
    assert pages.told == []
    site.ask(f"wp_publish_post({number}); return 1;")
    (told,) = pages.of(number)
    assert (told["status"], told["values"]["headline"]) == ("publish", HEADLINE)


def test_nothing_is_lost_while_the_pages_are_away_and_a_save_waits_for_nobody(
    site: Site, pages: Pages, editor: Hands
) -> None:
    def timed(title: str) -> tuple[int, float]:
        started = time.monotonic()
        number = editor.publish(title)
        return number, time.monotonic() - started

    usual = min(timed(f"قبل {at}")[1] for at in range(3))
    pages.told.clear()
    pages.status = 503
    with ThreadPoolExecutor(3) as some:
        numbers = [number for number, _ in some.map(timed, [f"خبر {at}" for at in range(24)])]
    assert sorted(queue(site)) == sorted(f"nashra_ping_{number}" for number in numbers)
    # A server that says nothing at all keeps an editor no longer than the plugin lets it.
    pages.slow = 20.0
    number, took = timed("والخادم صامت")
    assert took < 2 * usual + 0.5 + 5
    pages.status, pages.slow = 200, 0.0
    run_cron(site)
    assert sorted(one["post"] for one in pages.told) == sorted([*numbers, number])
    assert queue(site) == []


def test_what_another_process_sends_between_two_changes_of_one_save_is_queued_again(site: Site) -> None:
    left = site.ask(
        "nashra_queue(8, array()); $sent = nashra_rows();"  # the value of a box, then the save that it belongs to
        "$wpdb->query(\"DELETE FROM {$wpdb->options} WHERE option_name = 'nashra_ping_8'\");"
        "nashra_queue(8, array('before' => 'x')); $rows = nashra_rows(); nashra_queue(8, array('before' => 'y'));"
        "$found = [count($sent), maybe_unserialize($rows['nashra_ping_8'])['before'],"
        "maybe_unserialize(nashra_rows()['nashra_ping_8'])['before']];"
        "remove_action('shutdown', 'nashra_send_after'); delete_option('nashra_ping_8');"
        "return [$found, nashra_rows(), isset(wp_load_alloptions()['nashra_ping_8'])];"
    )
    assert left == [[1, "x", "y"], [], False]


def test_a_later_save_sends_what_waits(site: Site, pages: Pages, editor: Hands) -> None:
    pages.status = 403
    first = editor.publish()
    assert site.ask("return nashra_trouble();") != ""
    assert site.ask("return wp_next_scheduled('nashra_send') > time();")
    pages.status = 200
    second = editor.publish()
    assert [one["post"] for one in pages.told] == [first, second]
    assert site.ask("return nashra_trouble();") == ""


def asked(editor: Hands, since: int, page: int = 1, *, key: bytes = KEY, late: int = 0, more: str = "") -> Any:
    now = datetime.now(UTC) + timedelta(seconds=late)
    target = f"/nashra/v1/posts?since={since}&page={page}{more}"
    return editor.ask("GET", target, anonymous=True, **{HEADER: sign_request(key, "GET", target, now=now)})


def test_the_signed_list_gives_what_was_not_heard(site: Site, pages: Pages, editor: Hands) -> None:
    since = int(time.time()) - 1
    pages.status = 503
    shown = editor.publish(meta={"nashra_summary": "ملخص"})
    trashed, deleted = editor.publish(), editor.publish()
    draft = editor.publish(status="draft")
    editor.ask("DELETE", f"/wp/v2/posts/{trashed}")
    editor.ask("DELETE", f"/wp/v2/posts/{deleted}?force=true")
    found = asked(editor, since)
    states = {one["post"]: one["status"] for one in found["posts"]}
    assert [states[number] for number in (shown, trashed, deleted)] == ["publish", "trash", "deleted"]
    assert draft not in states
    assert next(one for one in found["posts"] if one["post"] == shown)["values"]["summary"] == "ملخص"
    assert found["more"] is False
    # The next page begins after the last post of this one, whatever was saved meanwhile.
    modified = next(one for one in found["posts"] if one["post"] == shown)["modified"]
    behind = {one["post"] for one in asked(editor, modified, more=f"&after={shown}")["posts"]}
    assert behind & {shown, trashed, deleted} == {trashed}
    ended = asked(editor, found["next"]["since"], more=f"&after={found['next']['after']}")
    assert ended == {"posts": [], "more": False}
    for wrong in ({"key": bytes(32)}, {"late": 400}, {"late": -400}):
        with pytest.raises(urllib.error.HTTPError) as error:
            asked(editor, since, **wrong)
        error.value.close()
        assert error.value.code in (401, 403)
    assert editor.refused("GET", f"/nashra/v1/posts?since={since}&page=1") == 403
    pages.status = 200
    run_cron(site)


def test_values_are_for_those_who_may_edit(site: Site, pages: Pages, editor: Hands) -> None:
    values = {"nashra_headline": "سر العنوان", "nashra_letter": "no", "nashra_correction": "سر التصحيح"}
    number = editor.publish(meta=values)
    for route in (f"/wp/v2/posts/{number}", "/wp/v2/posts"):
        shown = json.dumps(editor.ask("GET", route, anonymous=True), ensure_ascii=False)
        assert "سر العنوان" not in shown
        assert "سر التصحيح" not in shown
        assert "nashra_" not in shown
    assert editor.refused("GET", f"/wp/v2/posts/{number}?context=edit", anonymous=True) == 401
    meta = editor.ask("GET", f"/wp/v2/posts/{number}?context=edit")["meta"]
    assert {name: meta[name] for name in values} == values
    assert editor.refused("POST", f"/wp/v2/posts/{number}", {"meta": {"nashra_letter": "always"}}) == 400
    assert editor.refused("GET", f"/nashra/v1/fate/{number}", anonymous=True) == 401
    with urllib.request.urlopen(f"{site.url}?p={number}", timeout=120) as answer:
        assert "سر" not in answer.read().decode()


def test_a_contributor_sets_fields_and_not_at_once(site: Site, editor: Hands) -> None:
    other = Hands(site, password_of(site, "contributor"), "contributor")
    mine = other.publish(status="draft", meta={"nashra_letter": "yes", "nashra_at_once": ""})
    assert other.ask("GET", f"/wp/v2/posts/{mine}?context=edit")["meta"]["nashra_letter"] == "yes"
    assert other.refused("POST", f"/wp/v2/posts/{mine}", {"meta": {"nashra_at_once": "yes"}}) == 403
    # What an editor has set stays, and may be sent again with the rest.
    editor.change(mine, meta={"nashra_at_once": "yes"})
    other.change(mine, meta={"nashra_headline": "آخر", "nashra_at_once": "yes"})
    assert other.refused("POST", f"/wp/v2/posts/{mine}", {"meta": {"nashra_at_once": ""}}) == 403


def test_what_goes_to_all_readers_is_set_by_who_may_publish(site: Site, editor: Hands) -> None:
    other = Hands(site, password_of(site, "contributor"), "contributor")
    assert other.refused("POST", "/wp/v2/posts", {"title": "خبر", "meta": {"nashra_letter": "lead"}}) == 403
    mine = other.publish(status="pending", meta={"nashra_letter": "yes", "nashra_correction": ""})
    for values in ({"nashra_letter": "lead"}, {"nashra_correction": "صوابه كذا"}):
        assert other.refused("POST", f"/wp/v2/posts/{mine}", {"meta": values}) == 403
    classic = "$_POST = array('nashra_box' => wp_create_nonce('nashra_box_ID'), 'nashra_letter' => 'lead', "
    classic += "'nashra_headline' => 'آخر', 'nashra_correction' => 'صوابه'); nashra_save_box(ID, get_post(ID));"
    fields = "update_post_meta(ID, 'nashra_letter', 'lead');"  # as custom fields and XML-RPC do
    box = "ob_start(); nashra_box(get_post(ID)); return ob_get_clean();"

    def as_contributor(code: str) -> Any:
        who = "wp_set_current_user(get_user_by('login', 'contributor')->ID); "
        return site.ask(who + code.replace("ID", str(mine)))

    as_contributor(f"{classic} return 1;")
    assert values_of(site, mine) == {"letter": "yes", "headline": "آخر"}
    shown = as_contributor(box)
    assert 'value="lead"' not in shown
    assert "nashra_correction" not in shown
    as_contributor(f"{fields} return 1;")
    assert values_of(site, mine) == {"headline": "آخر"}
    # What an editor has set stays, and may be sent again with the rest.
    editor.change(mine, meta={"nashra_letter": "lead", "nashra_correction": "صوابه"})
    other.change(mine, meta={"nashra_headline": "غيره", "nashra_letter": "lead", "nashra_correction": "صوابه"})
    assert other.refused("POST", f"/wp/v2/posts/{mine}", {"meta": {"nashra_letter": "no"}}) == 403
    assert values_of(site, mine) == {"letter": "lead", "headline": "غيره", "correction": "صوابه"}


def test_hostile_values_stay_text(site: Site, pages: Pages, editor: Hands) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    number = editor.publish(meta={"nashra_headline": evil, "nashra_summary": evil, "nashra_section": evil})
    for value in pages.of(number)[0]["values"].values():
        assert "<" not in value
    box = site.ask(f"ob_start(); nashra_box(get_post({number})); return ob_get_clean();")
    assert "<img" not in box
    assert "<script" not in box


def test_signs_that_html_knows_are_words_too(site: Site, pages: Pages, editor: Hands) -> None:
    typed = 'الحرارة < 40 و"النسبة" 50%de & <ب x<y'
    number = editor.publish(meta=dict.fromkeys(("nashra_headline", "nashra_summary", "nashra_correction"), typed))
    told = pages.of(number)[0]["values"]
    assert [told[name] for name in ("headline", "summary", "correction")] == [typed] * 3
    # A tag that hides in another one is one.
    editor.change(number, meta={"nashra_headline": "<scr<b>ipt>alert(1)</scr</b>ipt>أ<!-- ب -->"})
    assert pages.of(number)[-1]["values"]["headline"] == "أ"
    took = site.ask(
        "$nested = str_repeat('<a', 20000) . str_repeat('>', 20000); $start = microtime(true);"
        "$clean = nashra_clean_value('headline', $nested); return array(microtime(true) - $start, strpos($clean, '<'));"
    )
    assert took[0] < 5
    assert took[1] is False


# In the editors


@pytest.mark.browser
def test_the_panel_saves_and_shows_again_and_no_second_box_undoes_it(
    site: Site, pages: Pages, editor: Hands, playwright_chromium: Browser
) -> None:
    number = editor.publish()
    with writing(playwright_chromium, site, number) as looked:
        page = looked.page
        page.select_option(".nashra-box select >> nth=0", "lead")
        page.fill(".nashra-box input[type=text] >> nth=0", HEADLINE)
        page.select_option(".nashra-box select >> nth=1", "رأي")
        page.check(".nashra-box input[type=checkbox]")
        saved(page)
        opened(page, site, number)
        assert page.input_value(".nashra-box select >> nth=0") == "lead"
        assert page.input_value(".nashra-box input[type=text] >> nth=0") == HEADLINE
        assert page.locator("#nashra-box").count() == 0
        saved(page)
        expected = {"letter": "lead", "headline": HEADLINE, "section": "رأي", "at_once": "yes"}
        assert values_of(site, number) == expected
        assert pages.of(number)[-1]["values"]["headline"] == HEADLINE
        page.wait_for_selector(".nashra-box .nashra-fate")  # the pages do not answer: it says so
        assert looked.ours() == []

        # Quick edit has no fields of ours, and undoes none of them.
        page.goto(f"{site.url}wp-admin/edit.php")
        page.hover(f"#post-{number}")
        page.click(f"#post-{number} .editinline")
        page.fill(f"#edit-{number} input[name=post_title]", "عنوان سريع")
        page.click(f"#edit-{number} .save")
        page.wait_for_selector(f"#post-{number}:has-text('عنوان سريع')")
        assert values_of(site, number) == expected

        # The classic editor has a box of its own.
        classic = site.folder / "www/wp-content/mu-plugins/classic.php"
        classic.write_text("<?php add_filter('use_block_editor_for_post', '__return_false');", "utf-8")
        try:
            page.goto(f"{site.url}wp-admin/post.php?post={number}&action=edit")
            assert page.input_value("#nashra-letter") == "lead"
            page.select_option("#nashra-letter", "no")
            page.fill("#nashra-headline", "آخر & غيره")
            page.uncheck("input[name=nashra_at_once]")
            page.fill("#nashra-correction", "صوابه كذا")
            page.click("#publish")
            page.wait_for_url("**message=1**")
            told = {"letter": "no", "headline": "آخر & غيره", "section": "رأي", "correction": "صوابه كذا"}
            assert values_of(site, number) == told
            assert pages.of(number)[-1]["values"]["correction"] == "صوابه كذا"
        finally:
            classic.unlink()


@pytest.mark.browser
def test_the_panel_offers_a_contributor_nothing_that_goes_to_all_readers(
    site: Site, playwright_chromium: Browser
) -> None:
    other = Hands(site, password_of(site, "contributor"), "contributor")
    mine = other.publish(status="draft")
    with writing(playwright_chromium, site, mine, "contributor") as looked:
        options = looked.page.locator(".nashra-box select >> nth=0").locator("option")
        assert [one.get_attribute("value") for one in options.all()] == ["", "yes", "no"]
        assert looked.page.locator(".nashra-box textarea").count() == 1
        looked.page.fill(".nashra-box input[type=text] >> nth=0", HEADLINE)
        saved(looked.page)
        assert values_of(site, mine) == {"headline": HEADLINE}
        assert looked.ours() == []


# From the editor to the inbox


def newsroom(root: Path, site: Site) -> None:
    """A workspace that reads the site, with a reader at once and the plugin's secret."""
    make(root, readers=0)
    path = root / "newsletter.toml"
    text = path.read_text("utf-8").replace(f'["{SITE}/"]', f'["{site.url}"]')
    text = with_settings(text, '[collect]\nallow_private_hosts = ["127.0.0.1"]\n[schedule]\ninstant = 60\n')
    path.write_text(text, "utf-8")
    secret = path_of(root)
    secret.write_text(f'secret = "{KEY.hex()}"\n', "utf-8")
    secret.chmod(0o600)
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        subscribe(connection, workspace, "instant@example.net", datetime.now(UTC), "instant")


def within(seconds: float, look: Callable[[], Any]) -> Any:
    """What is there at last."""
    until = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


@pytest.mark.browser
def test_a_headline_from_the_box_is_in_the_outbox_within_ten_seconds(
    site: Site, pages: Pages, editor: Hands, playwright_chromium: Browser, tmp_path: Path
) -> None:
    port = free_port()
    newsroom(tmp_path / "w", site)
    # No letter may lead to this machine: its posts are published elsewhere.
    elsewhere = f"str_replace('{site.url}', '{SITE}/', $url)"
    public = site.folder / "www/wp-content/mu-plugins/public.php"
    public.write_text(f"<?php add_filter('post_link', fn($url) => {elsewhere});", "utf-8")
    number = editor.publish("خبر عاجل من الواحة", status="draft")
    with served(tmp_path / "w", port) as real, writing(playwright_chromium, site, number) as looked:
        pages.real = real
        # The first letter of a process that has just begun loads all it needs.
        editor.publish("خبر قبله")
        assert within(60, lambda: received(tmp_path / "w"))
        page = looked.page
        page.fill(".nashra-box input[type=text] >> nth=0", HEADLINE)
        page.evaluate("() => wp.data.dispatch('core/editor').editPost({status: 'publish'})")
        started = time.monotonic()
        saved(page)
        assert within(60, lambda: len(received(tmp_path / "w")) == 2)
        took = [time.monotonic() - started]
        # A machine that is busy with other tests gets two more tries.
        while min(took) > 10 and len(took) < 3:
            started = time.monotonic()
            editor.publish(f"خبر آخر {len(took)}")
            assert within(60, lambda: len(received(tmp_path / "w")) == 2 + len(took))
            took.append(time.monotonic() - started)
        assert min(took) <= 10, took
        # Saved again, taken away and brought back: one letter.
        saved(page)
        editor.ask("DELETE", f"/wp/v2/posts/{number}")

        def article() -> str:
            done = here("-C", tmp_path / "w", "articles", "--json")
            return next(iter(one["withdrawn"] for one in json.loads(done.out)["articles"] if one["withdrawn"]), "")

        assert within(60, article)
        site.ask(f"wp_untrash_post({number}); wp_publish_post({number}); return 1;")
        assert within(60, lambda: not article())
        fate = editor.ask("GET", f"/nashra/v1/fate/{number}")
        assert len(fate["lines"]) == 1
        assert fate["lines"][0].endswith("1")
    (letter,) = [one for one in received(tmp_path / "w") if one.subject == HEADLINE]
    assert letter.to == "instant@example.net"
    assert len(received(tmp_path / "w")) == 1 + len(took)
    assert letter.text.count(HEADLINE) >= 1
