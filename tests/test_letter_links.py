"""Every letter leads its reader to their own choices, to its own page, and to the way out; none of them by a GET."""

from __future__ import annotations

import email
import email.policy
import json
import re
import socketserver
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import golden_letters
import pytest
from command import here, make_workspace
from newsroom import Clock, make, open_newsroom
from scripted import LETTER
from settings_text import with_settings
from starlette.testclient import TestClient

from newsletter import library
from newsletter.letters import own_links
from newsletter.letters.mime import LEAVE, PREFERENCES, SLOT_WIDTHS, slot
from newsletter.letters.templates import environment
from newsletter.letters.ways import STARTS
from newsletter.models import Article, Letter
from newsletter.senders import Parcel
from newsletter.senders.postmark.body import Messages
from newsletter.senders.postmark.options import PostmarkOptions
from newsletter.senders.sendgrid.body import MailSendBody, substitution_tag
from newsletter.senders.sendgrid.options import SendGridOptions
from newsletter.senders.smtp.options import SmtpOptions
from newsletter.senders.smtp.sender import Smtp
from newsletter.web.letter_page import web_view
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import latest
from newsletter.workflows.serve import app_of
from subscribers import actions, test_link
from subscribers.errors import LinkError

BASE = "https://news.example.org"
READERS = {"reader0@example.net", "reader1@example.net"}
IMPORTED = "imported@example.net"


def letters(root: Path) -> dict[str, tuple[str, str]]:
    """What lies in the outbox: address to HTML and text."""
    found = {}
    for path in (root / "outbox" / "new").iterdir():
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        parts = [message.get_body((kind,)) for kind in ("html", "plain")]  # type: ignore[attr-defined]
        found[str(message["To"])] = tuple(part.get_content().replace("\r\n", "\n") for part in parts)
    return found


def links(html: str, text: str) -> dict[str, str]:
    """Kind to address of the links to our own pages; both forms of a letter hold the same ones."""
    in_html = [unescape(url) for url in re.findall(r'href="([^"]*)"', html) if url.startswith(f"{BASE}/")]
    in_text = re.findall(rf"^{BASE}/\S*$", text, re.MULTILINE)
    assert {*in_html} == {*in_text}
    return {url.removeprefix(f"{BASE}/").partition("/")[0]: url for url in in_html}


def dump(root: Path) -> list[str]:
    with closing(sqlite3.connect(root / "newsletter.db")) as connection:
        return list(connection.iterdump())


def held(root: Path, workspace: Workspace, who: set[str]) -> dict[str, dict[str, str]]:
    """Hold every letter of the outbox to the promise, and give the links of each reader."""
    found = {address: links(*forms) for address, forms in letters(root).items()}
    assert set(found) == who
    before = dump(root)
    client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE, follow_redirects=False)
    for address, urls in found.items():
        page = {"letters", "view"} & set(urls)
        # Where whoever got it from a friend subscribes; all past letters, where everybody may read them.
        assert {*urls} == {"leave", "preferences", "", *page, *({"archive"} if "letters" in page else ())}
        assert len(page) == 1
        for purpose in ("leave", "preferences"):
            token = urls[purpose].rpartition("/")[2]
            with workspace.database.read() as connection:
                person, _ = actions.holder_of(connection, token, purpose, workspace.keys.tokens)  # type: ignore[arg-type]
                assert person.address == address
                other = "preferences" if purpose == "leave" else "leave"
                with pytest.raises(LinkError):
                    actions.holder_of(connection, token, other, workspace.keys.tokens)  # type: ignore[arg-type]
        for url in urls.values():
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = client.request(method, url)
                assert answer.status_code in ((200,) if method != "OPTIONS" else (200, 204, 405)), (method, url)
                assert "set-cookie" not in answer.headers
    assert dump(root) == before
    assert len({urls["preferences"] for urls in found.values()}) == len(found)
    return found


@pytest.fixture(scope="module")
def weekly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an issue to send, two readers who were added and one who was imported."""
    root = make_workspace(tmp_path_factory.mktemp("made") / "w", readers=2)
    table = root.parent / "readers.csv"
    table.write_text(f"email\n{IMPORTED}\n", "utf-8")
    done = here("-C", root, "subscribers", "import", table, "--consent", "بطاقات معرض الكتاب")
    assert done.code == 0, done
    return root


@pytest.fixture
def root(weekly: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(weekly, tmp_path / "w"))


def templated(root: Path, theme: str) -> None:
    path = root / "issues" / "first" / "issue.md"
    path.write_text(re.sub(r'template = ".*"', f'template = "{theme}"', path.read_text("utf-8")), "utf-8")


@pytest.mark.parametrize("theme", golden_letters.THEMES)
def test_a_letter_that_was_really_sent_leads_each_reader_to_their_own_choices(theme: str, root: Path) -> None:
    templated(root, theme)
    assert here("-C", root, "send", "--yes").code == 0
    with open_workspace(root, {}) as workspace:
        found = held(root, workspace, READERS | {IMPORTED})
        assert {urls["letters"] for urls in found.values()} == {f"{BASE}/letters/1"}
        client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
        page = client.get(f"{BASE}/letters/1").text
    # Nothing of one reader on the page, nor a link to itself.
    assert not re.search("/(?:leave|preferences)/", page)
    assert "فتح الرسالة في المتصفح" not in page
    assert "اختيار ما يصلكم" not in page
    assert page.count('href="/"') == 2  # in the bar, and where the way out was


@pytest.mark.parametrize("rhythm", ["instant", "daily"])
def test_letters_of_the_latest_posts_have_the_same_links(rhythm: str, tmp_path: Path) -> None:
    root, clock = make(tmp_path / "w", readers=2), Clock()
    settings = root / "newsletter.toml"
    text = settings.read_text("utf-8")
    if f'url = "{BASE}"' not in text:
        settings.write_text(re.sub(r'(\[web\]\n(?:#.*\n)*)url = ".*"', rf'\1url = "{BASE}"', text, count=1), "utf-8")
    with open_newsroom(root, clock) as workspace:
        with workspace.database.write() as connection:
            for who in (1, 2):
                actions.prefer(connection, who, 1, now=clock(), rhythm=rhythm)  # type: ignore[arg-type]
            story = Article("خبر", "https://almawja.example.org/9/", "ملخص الخبر.", section="أخبار", published=clock())
            library.shelve(connection, [story], now=clock())
        clock.forward(minutes=5)
        outcome = latest.run(workspace, rhythm)  # type: ignore[arg-type]
        found = held(root, workspace, READERS)
    assert {urls["letters"] for urls in found.values()} == {f"{BASE}/letters/{outcome.latest.key}"}
    assert outcome.latest.key.startswith(f"readers/{rhythm}/")


def test_a_letter_of_a_private_list_has_a_page_that_nobody_can_guess(root: Path) -> None:
    path = root / "newsletter.toml"
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        from subscribers import store

        store.add_list(connection, "press", "للصحفيين", now=workspace.now())
    path.write_text(with_settings(path.read_text("utf-8"), '[web]\nlists = ["press"]\n'), "utf-8")
    assert here("-C", root, "send", "--yes").code == 0
    with open_workspace(root, {}) as workspace:
        found = held(root, workspace, READERS | {IMPORTED})
        (url,) = {urls["view"] for urls in found.values()}
        client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
        page = client.get(url)
        assert page.headers["x-robots-tag"] != "all"
        assert "public" not in page.headers["cache-control"]
        assert "canonical" not in page.text  # nobody is told of it, not even under this address
        assert "فتح الرسالة في المتصفح" not in page.text
        assert client.get(f"{url}/letter.css").status_code == 200
        assert client.get(f"{url}/letter.css").headers["content-type"].startswith("text/css")
        signature = url.split("/")[4]
        twisted = signature[:-1] + ("A" if signature[-1] != "A" else "B")
        for other in (
            url.replace(signature, twisted),
            url.replace("/issue/1", "/issue/2"),
            url.replace("/readers/", "/press/"),
            url.replace(signature, "é"),
            f"{BASE}/letters/1",
            # Signed, but no letter went to this list.
            f"{BASE}/{own_links.page_path('nobody', '1', opened=(), keys=workspace.keys.tokens)}",
        ):
            assert client.get(other).status_code == 404, other


def test_a_signed_page_opens_with_every_key_that_is_live_and_no_other() -> None:
    old, new = bytes(32), bytes(range(32))
    path = own_links.page_path("press", "12", opened=(), keys={1: old})
    _, signature, rest = path.split("/", 2)
    assert rest == "press/issue/12"
    assert own_links.letter_of_path(signature, rest, keys={1: old, 2: new}) == ("press", "12")
    assert own_links.letter_of_path(signature, rest, keys={2: new}) is None
    assert own_links.letter_of_path(signature, rest, keys={2: old}) is None
    assert own_links.letter_of_path(signature, "press/issue/13", keys={1: old}) is None
    assert own_links.page_path("press", "12", opened=(), keys={1: old, 2: new}) != path
    daily = own_links.page_path("press", "press/daily/2026-11-24", opened=(), keys={1: old})
    _, signature, rest = daily.split("/", 2)
    assert own_links.letter_of_path(signature, rest, keys={1: old}) == ("press", "press/daily/2026-11-24")
    assert own_links.page_path("press", "12", opened=("press",), keys={1: old}) == "letters/12"


def test_a_newsroom_without_pages_says_nothing_of_them(root: Path) -> None:
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace(f'url = "{BASE}"', ""), "utf-8")
    assert here("-C", root, "send", "--yes").code == 0
    for html, text in letters(root).values():
        for form in (html, text):
            assert BASE not in form
            assert "اختيار ما يصلكم" not in form
            assert "المتصفح" not in form
        assert 'href=""' not in html


def test_a_test_letter_says_that_it_is_one_and_its_links_change_nothing(root: Path) -> None:
    done = here("-C", root, "send", "--test", "desk@example.net")
    assert done.code == 0, done
    (path,) = (root / "outbox" / "new").iterdir()
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert str(message["Subject"]).startswith("[تجربة] ")
    forms = letters(root)["desk@example.net"]
    for form in forms:
        assert "هذه رسالة تجريبية" in form
    assert forms[1].startswith("* * * هذه رسالة تجريبية")
    urls = links(*forms)
    one_click = re.findall(r"<(https://[^>]*)>", str(message["List-Unsubscribe"]))
    before = dump(root)
    with open_workspace(root, {}) as workspace:
        client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
        for kind in ("letters", "preferences", "leave"):
            answer = client.get(urls[kind])
            assert answer.status_code == 200
            assert "<h1>هذه رسالة تجريبية</h1>" in answer.text
            assert "noindex" in answer.headers["x-robots-tag"]
        for url in (urls["leave"], *one_click):
            for form_data in ({"List-Unsubscribe": "One-Click"}, {"act": "leave"}, {"act": "all"}):
                answer = client.post(url, data=form_data)
                assert answer.status_code == 200
                assert "هذه رسالة تجريبية" in answer.text
        assert "هذه رسالة تجريبية" in client.post(urls["preferences"], data={"act": "save"}).text
        assert "هذه رسالة تجريبية" in client.post(urls["preferences"], data={"act": "leave"}).text
    assert one_click == [urls["leave"]]
    assert dump(root) == before


def test_the_preview_shows_whole_links(root: Path) -> None:
    assert here("-C", root, "preview", "first").code == 0
    for name in ("issue.html", "issue.txt"):
        text = (root / "issues" / "first" / name).read_text("utf-8")
        assert f"{BASE}/preferences/{test_link.NOBODY}" in text
        assert f"{BASE}/leave/{test_link.NOBODY}" in text
        assert f"{BASE}/letters/1" in text
        assert "تجريبية" not in text


# What providers are handed


def with_links(**changes: Any) -> Letter:
    one = golden_letters.golden("week")
    made = golden_letters.letter(one, golden_letters.rendered(one, environment()))
    return replace(made, **changes)


def parcel() -> Parcel:
    return Parcel(1, "ab12.1", "salma@example.net", {LEAVE: b"L" * 52, PREFERENCES: b"P" * 52})


def anchors(html: str) -> Iterator[tuple[str, str]]:
    """(Address, whole tag) of each link."""
    for tag in re.findall(r"<a\b[^>]*>", html):
        if match := re.search(r'href="([^"]*)"', tag):
            yield match[1], tag


def test_sendgrid_is_handed_both_tokens_of_each_reader() -> None:
    letter = with_links()
    made = json.loads(MailSendBody(letter, SendGridOptions(key="SG.t")).encode([parcel(), parcel()], "r"))
    for person in made["personalizations"]:
        assert person["substitutions"] == {
            substitution_tag(letter): "L" * 52,
            substitution_tag(letter, PREFERENCES): "P" * 52,
        }
        assert person["custom_args"] == {"nashra_delivery": "ab12.1", "nashra_request": "r"}
        assert f"{BASE}/leave/{'L' * 52}" in person["headers"]["List-Unsubscribe"]
    for part in made["content"]:
        assert f"{BASE}/preferences/{substitution_tag(letter, PREFERENCES)}" in part["value"]
        assert letter.marker + "-" not in part["value"].replace(substitution_tag(letter), "")
    # A letter that was frozen without the link goes on as it was.
    made = json.loads(MailSendBody(LETTER, SendGridOptions(key="SG.t")).encode([parcel()], "r"))
    assert made["personalizations"][0]["substitutions"] == {substitution_tag(LETTER): "L" * 52}


def test_postmark_fills_both_tokens_in() -> None:
    (made,) = json.loads(Messages(with_links(), PostmarkOptions(token="t")).encode([parcel()]))
    for form in (made["HtmlBody"], made["TextBody"]):
        assert f"{BASE}/preferences/{'P' * 52}" in form
        assert f"{BASE}/leave/{'L' * 52}" in form


@pytest.mark.parametrize("kind", ["week", "confirmation", "welcome"])
@pytest.mark.parametrize("on", [True, False])
def test_links_to_our_own_pages_are_never_led_over_a_provider(kind: str, on: bool) -> None:
    letter = with_links() if kind == "week" else golden_letters.small(kind, "ar", environment())
    letter = replace(letter, tracked=on)
    sendgrid = json.loads(MailSendBody(letter, SendGridOptions(key="SG.t")).encode([parcel()], "r"))
    (postmark,) = json.loads(Messages(letter, PostmarkOptions(token="t")).encode([parcel()]))
    assert sendgrid["tracking_settings"]["click_tracking"] == {"enable": on, "enable_text": False}
    assert postmark["TrackLinks"] == ("HtmlOnly" if on else "None")
    for html, attribute in (
        (sendgrid["content"][1]["value"], "clicktracking=off"),
        (postmark["HtmlBody"], "data-pm-no-track"),
    ):
        ours = [tag for url, tag in anchors(html) if url.startswith(f"{BASE}/")]
        shares = [tag for url, tag in anchors(html) if unescape(url).startswith(STARTS)]
        others = [tag for url, tag in anchors(html) if not url.startswith(f"{BASE}/") and tag not in shares]
        assert len(ours) >= (3 if kind == "week" else 1)
        assert len(shares) == (len(STARTS) if kind == "week" else 0)
        assert all((f"<a {attribute} " in tag) == on for tag in (*ours, *shares))
        assert not [tag for tag in others if attribute in tag]


def test_a_site_at_the_address_of_the_pages_keeps_its_own_links_tracked() -> None:
    html = f'<a href="{BASE}/2026/letters-of-a-poet/">خبر</a><a class="x" href="{BASE}/letters/12">صفحة</a>'
    letter = replace(LETTER, rendered=replace(LETTER.rendered, html=html))
    assert own_links.marked(letter, "x-off") == html.replace('<a class="x"', '<a x-off class="x"')


def test_a_letter_to_somebody_who_is_no_reader_yet_has_untracked_links_too() -> None:
    html = f'<a href="https://n.example.org/x/address/{"C" * 43}">نعم</a><a href="https://almawja.example.org/address/">خبر</a>'
    letter = replace(LETTER, rendered=replace(LETTER.rendered, html=html), unsubscribe_url="")
    assert own_links.marked(letter, "x-off") == html.replace("<a ", "<a x-off ", 1)


# The page of the letter


@pytest.mark.parametrize("theme", golden_letters.THEMES)
@pytest.mark.parametrize("url", [golden_letters.VIEW_URL, f"{BASE}/view/abc-_0/readers/issue/12"])
def test_the_page_has_no_trace_of_the_links_of_a_reader(theme: str, url: str) -> None:
    from newsletter.letters.render import render

    one = golden_letters.golden("week")
    issue = replace(one.issue, template=theme)
    made = render(issue, one.publication, environment(), **{**golden_letters.arguments(one), "view_url": url})
    page = web_view(
        golden_letters.letter(one, made), folder="/letters/12", subscribe=(f"{BASE}/", "اشترك"), because="", key="12"
    )
    assert golden_letters.MARKER not in page.html
    assert f'"{url}"' not in page.html
    # "From a friend?" above, "did a friend send you this letter?" below, and where the way out was.
    assert page.html.count(f'href="{BASE}/"') == 3
    foot = re.sub(r"<[^>]*>", "", page.html[page.html.rindex(f'href="{BASE}/"') - 200 :]).replace("\xa0", " ")
    assert "· ·" not in re.sub(r"\s+", " ", foot)
    assert not re.search(r"(?:^|\n)\s*·|·\s*$", foot.strip())


def test_an_article_at_such_an_address_keeps_its_link_on_the_page() -> None:
    html = (
        '<p><a href="https://almawja.example.org/letters/12">رسائل</a> · <a href="' + f'{BASE}/letters/12">هنا</a></p>'
    )
    letter = with_links(rendered=replace(with_links().rendered, html=f"<html><head></head><body>{html}</body></html>"))
    page = web_view(letter, folder="/letters/12", subscribe=("/", "اشترك"), because="", key="12")
    assert '<p><a href="https://almawja.example.org/letters/12">رسائل</a></p>' in page.html


def test_letters_name_every_slot() -> None:
    letter = with_links()
    for form in (letter.rendered.html, letter.rendered.text):
        assert slot(letter.marker, LEAVE) in form
        assert slot(letter.marker, PREFERENCES) in form


@contextmanager
def mailbox() -> Iterator[tuple[int, list[bytes]]]:
    """A mail server that takes what it gets, as far as one connection needs it: its port and the letters."""
    taken: list[bytes] = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                if line.startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    body = b""
                    while (one := self.rfile.readline()) != b".\r\n":
                        body += one
                    taken.append(body)
                self.wfile.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], taken
        server.shutdown()


def test_both_tokens_are_filled_in_over_smtp() -> None:
    readers = [
        Parcel(n, f"ab12.{n}", f"reader{n}@example.net", {LEAVE: b"%d" % n * 52, PREFERENCES: b"%d" % (n + 5) * 52})
        for n in (1, 2)
    ]
    with mailbox() as (port, taken):
        options = SmtpOptions().model_copy(update={"host": "127.0.0.1", "port": port, "security": "none"})
        carrier = Smtp(options, SLOT_WIDTHS).load(with_links())
        try:
            assert [carrier.begin([one], "r").finish().state for one in readers] == ["submitted", "submitted"]
        finally:
            carrier.close()
    assert len(taken) == 2
    for raw in taken:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        number = int(str(message["To"])[6])
        for kind in ("html", "plain"):
            text = message.get_body((kind,)).get_content()  # type: ignore[attr-defined]
            assert f"{BASE}/leave/{str(number) * 52}" in text
            assert f"{BASE}/preferences/{str(number + 5) * 52}" in text
