"""The plugin's hook and box inside a real WordPress: what it tells, to whom, when, and what stays hidden."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from real_wordpress import NEWSROOM, Site, running

from newsletter.letters.templates import environment
from newsletter.models import Publication
from newsletter.plugin.filling import PluginValues, plugin_files
from newsletter.site_hook.signing import HEADER, SignedBy, body_signed, sign_request

pytestmark = [*NEWSROOM, pytest.mark.xdist_group("wordpress-hook")]
KEY = bytes(range(32))
HEADLINE = "عنوان النشرة & ما بعده"


@dataclass
class Pages:
    """Reader pages that write down what they are told, and answer as they are told to."""

    told: list[dict[str, Any]] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    status: int = 200
    slow: float = 0.0
    address: str = ""

    def of(self, number: int) -> list[dict[str, Any]]:
        return [one for one in self.told if one["post"] == number]


@contextmanager
def pages_served() -> Iterator[Pages]:
    pages = Pages()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            genuine = body_signed(self.headers[HEADER] or "", body, [KEY], now=datetime.now(UTC)) is SignedBy.GENUINE
            if pages.slow:
                time.sleep(pages.slow)
            if not genuine or self.path != "/hooks/wordpress":
                pages.forged.append(self.path)
            elif pages.status == 200:
                pages.told.append(json.loads(body))
            self.send_response(pages.status)
            self.end_headers()

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
        with urllib.request.urlopen(request, timeout=30) as answer:
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
    made = f"WP_Application_Passwords::create_new_application_password({who}, ['name' => 't'])"
    return str(site.ask(f"return {made}[0];"))


@pytest.fixture(scope="module")
def editor(site: Site) -> Hands:
    return Hands(site, password_of(site, "editor"))


@pytest.fixture(autouse=True)
def fresh(pages: Pages) -> None:
    pages.told.clear()
    pages.forged.clear()
    pages.status, pages.slow = 200, 0.0


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
    pages.slow = 5.0
    number, took = timed("والخادم صامت")
    assert took < usual + 0.5 + 0.3
    pages.status, pages.slow = 200, 0.0
    run_cron(site)
    assert sorted(one["post"] for one in pages.told) == sorted([*numbers, number])
    assert queue(site) == []


def test_a_later_save_sends_what_waits(site: Site, pages: Pages, editor: Hands) -> None:
    pages.status = 403
    first = editor.publish()
    assert site.ask("return nashra_trouble();") != ""
    assert site.ask("return wp_next_scheduled('nashra_send') > time();")
    pages.status = 200
    second = editor.publish()
    assert [one["post"] for one in pages.told] == [first, second]
    assert site.ask("return nashra_trouble();") == ""


def asked(editor: Hands, since: int, page: int = 1, *, key: bytes = KEY, late: int = 0) -> Any:
    now = datetime.now(UTC) + timedelta(seconds=late)
    target = f"/nashra/v1/posts?since={since}&page={page}"
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
    with urllib.request.urlopen(f"{site.url}?p={number}", timeout=30) as answer:
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


def test_hostile_values_stay_text(site: Site, pages: Pages, editor: Hands) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    number = editor.publish(meta={"nashra_headline": evil, "nashra_summary": evil, "nashra_section": evil})
    for value in pages.of(number)[0]["values"].values():
        assert "<" not in value
    box = site.ask(f"ob_start(); nashra_box(get_post({number})); return ob_get_clean();")
    assert "<img" not in box
    assert "<script" not in box
