"""Every letter leads its reader to their choices, to the way out and to its own page, whoever carries it.

What is read here is what arrives: files of the outbox, letters that an SMTP server took, and requests to the
providers with their substitutions made as the providers make them.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from newsroom import SITE, Clock, make, open_newsroom, subscribe
from sqlalchemy import text
from starlette.testclient import TestClient
from test_events import PUBLIC

from newsletter import delivery, library
from newsletter.api import Newsroom
from newsletter.delivery import counting
from newsletter.letters.mime import LEAVE, PREFERENCES, slot
from newsletter.letters.ways import STARTS
from newsletter.models import Article, Issue, Section, Story
from newsletter.web.letter_page import web_view
from newsletter.wiring import Workspace
from newsletter.workflows import latest, small_letters
from newsletter.workflows import letter as letters
from newsletter.workflows import plan as plans
from newsletter.workflows.serve import app_of
from newsletter.workspace.folder import Keys
from subscribers import actions, store, tokens
from subscribers.addresses import normalise
from subscribers.errors import LinkError

PAGES = "https://news.almawja.example.org"
IMPORTED, ADDED = "salma@example.net", "hiba@example.net"
THEMES = ("weekly", "digest", "bulletin")
KINDS = (*THEMES, "instant", "daily")
PROVIDERS = ("outbox", "smtp", "sendgrid", "postmark")


@dataclass
class Arrived:
    """What a provider was handed, letter by letter, as each reader gets it."""

    letters: list[tuple[str, str, str]] = field(default_factory=list)
    """Address, HTML and plain text."""
    requests: list[Any] = field(default_factory=list)
    """What came as JSON."""

    def take(self, raw: bytes, address: str = "") -> None:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        html, plain = (str(message.get_body((kind,)).get_content()) for kind in ("html", "plain"))  # type: ignore[union-attr]
        self.letters.append((address or str(message["To"]), html, plain))

    def collect(self, root: Path) -> None:
        """Take what lies in the outbox."""
        for path in sorted((root / "outbox" / "new").glob("*.eml")):
            self.take(path.read_bytes())

    def take_json(self, made: Any) -> None:
        self.requests.append(made)
        if isinstance(made, list):
            self.letters += [(one["To"], one["HtmlBody"], one["TextBody"]) for one in made]
            return
        plain, html = (one["value"] for one in made["content"])
        for person in made["personalizations"]:
            mine = html, plain
            for tag, value in person["substitutions"].items():
                mine = mine[0].replace(tag, value), mine[1].replace(tag, value)
            self.letters.append((person["to"][0]["email"], *mine))


@contextlib.contextmanager
def http(arrived: Arrived) -> Iterator[int]:
    """A server that takes every request, as a provider would."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            made = json.loads(self.rfile.read(int(self.headers["content-length"])))
            arrived.take_json(made)
            told = [{"ErrorCode": 0, "MessageID": str(n)} for n in range(len(made))] if isinstance(made, list) else {}
            content = json.dumps(told).encode()
            self.send_response(200 if isinstance(made, list) else 202)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def smtp(arrived: Arrived) -> Iterator[int]:
    """A server that takes every letter (RFC 5321), without extensions."""
    listener = socket.create_server(("127.0.0.1", 0))

    def converse(connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:

            def say(words: str) -> None:
                stream.write(f"{words}\r\n".encode())
                stream.flush()

            say("220 here")
            address = ""
            while line := stream.readline():
                command = line.decode().strip()
                if command.upper().startswith("RCPT TO:"):
                    address = command.partition("<")[2].partition(">")[0]
                if command.upper() == "DATA":
                    say("354 go on")
                    raw = b"".join(iter(stream.readline, b".\r\n"))
                    arrived.take(raw, address)
                say("221 bye" if command.upper() == "QUIT" else "250 good")

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=converse, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


SETTINGS = {
    "outbox": "",
    "smtp": '[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nconnections = 1\n',
    "sendgrid": '[sendgrid]\nkey = "SG.test"\nhost = "http://127.0.0.1:{port}"\n',
    "postmark": '[postmark]\ntoken = "t"\nhost = "http://127.0.0.1:{port}"\n',
}
COUNTED = {
    "sendgrid": {"NASHRA_SENDGRID__WEBHOOK_KEY": PUBLIC, "NASHRA_TRACKING__CLICKS": "provider"},
    "postmark": {"NASHRA_POSTMARK__WEBHOOK_TOKEN": "w", "NASHRA_TRACKING__CLICKS": "provider"},
}
"""What lets the provider report clicks."""


@contextlib.contextmanager
def newsroom(
    folder: Path, provider: str = "outbox", settings: str = "", **environment: str
) -> Iterator[tuple[Workspace, Arrived]]:
    """A workspace with two readers, one of them imported, and what arrives of its letters."""
    arrived = Arrived()
    server = {"smtp": smtp, "sendgrid": http, "postmark": http}.get(provider)
    with server(arrived) if server else contextlib.nullcontext(0) as port:
        root = make(folder / "w", readers=0, settings=settings + SETTINGS[provider].format(port=port))
        path = root / "newsletter.toml"
        path.write_text(path.read_text("utf-8").replace('kind = "outbox"', f'kind = "{provider}"'), "utf-8")
        with open_newsroom(root, Clock(), **environment) as workspace:
            with workspace.database.write() as connection:
                subscribe(connection, workspace, ADDED, workspace.now())
            (folder / "readers.csv").write_text(f"email\n{IMPORTED}\n", "utf-8")
            Newsroom(workspace).subscribers.import_file(folder / "readers.csv", consent="استمارة ورقية في المعرض")
            yield workspace, arrived


def send(workspace: Workspace, kind: str) -> str:
    """Send a letter of this kind to both; gives its key."""
    if kind in THEMES:
        story = Story("المدينة تستعيد أسوارها", f"{SITE}/1/", "انتهت أشغال الترميم هذا الأسبوع.")
        issue = Issue(1, "أسبوع المدينة", template=kind, sections=(Section("أخبار", (story,)),))
        made = letters.of_issue(workspace, issue)
        frozen = delivery.freeze_letter(workspace.delivery_setup, issue, made, list_id=1, rhythm="weekly")
        assert delivery.run(workspace.delivery_setup, frozen, lambda _state, _count: None).submitted == 2
        return "1"
    now = workspace.now()
    with workspace.database.write() as connection:
        for number in (1, 2):
            actions.prefer(connection, number, 1, now=now, rhythm=kind)  # type: ignore[arg-type]
        article = Article("المدينة تستعيد أسوارها", f"{SITE}/1/", "انتهت الأشغال.", section="أخبار", published=now)
        library.shelve(connection, [article], now=now)
    outcome = latest.run(workspace, kind)  # type: ignore[arg-type]
    assert outcome.sent_now == 2
    return outcome.latest.key


def tree(html: str) -> Any:
    return lxml.html.document_fromstring(html)


def tokens_in(content: str, page: str) -> set[str]:
    return set(re.findall(rf"{PAGES}/{page}/([A-Za-z0-9_-]{{52}})(?![\w-])", content))


def views_in(content: str) -> set[str]:
    return set(re.findall(rf"{PAGES}(/(?:letters|view)/[\w/-]+)", content))


def rows(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with workspace.database.read() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        return {one: [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{one}"'))] for one in names}


def pages_of(workspace: Workspace) -> TestClient:
    return TestClient(app_of(workspace, hooks={}, postman=False), base_url=PAGES, follow_redirects=False)


@pytest.mark.parametrize(
    ("provider", "kind"), [*(("outbox", kind) for kind in KINDS), *((one, "weekly") for one in PROVIDERS[1:])]
)
def test_each_reader_gets_links_of_their_own_and_opening_them_changes_nothing(
    tmp_path: Path, provider: str, kind: str
) -> None:
    with newsroom(tmp_path, provider) as (workspace, arrived):
        key = send(workspace, kind)
        arrived.collect(workspace.root)
        got = {address: (html, plain) for address, html, plain in arrived.letters}
        assert (set(got), len(arrived.letters)) == ({IMPORTED, ADDED}, 2)
        pages, seen = pages_of(workspace), set()
        for address, forms in got.items():
            with workspace.database.read() as connection:
                who = store.find(connection, normalise(address))
            assert who is not None
            for content in forms:
                assert "-leave-" not in content
                assert "-preferences-" not in content
                assert "-view-" not in content
                purposes: tuple[tokens.Purpose, ...] = ("leave", "preferences")
                for purpose, other in zip(purposes, reversed(purposes), strict=True):
                    (token,) = tokens_in(content, purpose)
                    claim = tokens.read(token, purpose)
                    assert claim.public_id == who.public_id
                    assert tokens.verify(claim, workspace.keys.tokens, who.epoch)
                    assert not tokens.verify(claim, workspace.keys.tokens, who.epoch + 1)
                    with pytest.raises(LinkError):
                        tokens.read(token, other)
                    seen.add(token)
                assert tokens.read(tokens_in(content, "leave").pop(), "leave").list_id == 1
                assert views_in(content) == {f"/letters/{key}"}
            links = [f"/{page}/{token}" for page in ("leave", "preferences") for token in tokens_in(forms[0], page)]
            before = rows(workspace)
            for link in (*links, f"/letters/{key}"):
                for answer in (pages.get(link), pages.head(link), pages.options(link)):
                    assert answer.status_code in {200, 204, 405}, link
                    assert "set-cookie" not in answer.headers
                assert pages.get(link).status_code == 200
            assert rows(workspace) == before
        assert len(seen) == 4


def test_the_provider_that_substitutes_is_handed_both_tokens(tmp_path: Path) -> None:
    with newsroom(tmp_path, "sendgrid") as (workspace, arrived):
        send(workspace, "weekly")
    (request,) = arrived.requests
    for person in request["personalizations"]:
        kinds = sorted(tokens_kind(value) for value in person["substitutions"].values())
        assert kinds == ["leave", "preferences"]
        for tag in person["substitutions"]:
            assert all(tag in one["value"] for one in request["content"])


def tokens_kind(value: str) -> str:
    purposes: tuple[tokens.Purpose, ...] = ("leave", "preferences")
    for purpose in purposes:
        with contextlib.suppress(LinkError):
            return tokens.read(value, purpose).purpose
    raise AssertionError(value)


@pytest.mark.parametrize(("provider", "mark"), [("sendgrid", "clicktracking"), ("postmark", "data-pm-no-track")])
@pytest.mark.parametrize("kind", THEMES)
def test_no_provider_leads_the_readers_own_links_over_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, mark: str, kind: str
) -> None:
    monkeypatch.setattr(counting, "LEAST", 1)  # two readers are too few
    with newsroom(tmp_path, provider, **COUNTED[provider]) as (workspace, arrived):
        send(workspace, kind)
    for _, html, _ in arrived.letters:
        marked = {link.get("href") or "": link.get(mark) for link in tree(html).iter("a")}
        own = {href for href in marked if href.startswith(f"{PAGES}/")}
        assert {href.removeprefix(PAGES).split("/")[1] for href in own} == {
            "leave",
            "preferences",
            "letters",
            "archive",
            "",
        }
        assert {marked[href] for href in own} == {"off" if provider == "sendgrid" else ""}
        # The newsroom still sees which of its articles are read.
        assert {marked[href] for href in marked if href.startswith(SITE)} == {None}


def offer_another(workspace: Workspace) -> None:
    """The pages offer another list from now on; the letters of the readers' own are not for everybody."""
    with workspace.database.write() as connection:
        store.add_list(connection, "others", "الآخرون", now=workspace.now())
    object.__setattr__(workspace.settings.web, "lists", ["others"])


def test_a_letter_to_a_private_list_has_a_page_that_only_its_readers_find(tmp_path: Path) -> None:
    with newsroom(tmp_path) as (workspace, arrived):
        offer_another(workspace)
        key = send(workspace, "weekly")
        arrived.collect(workspace.root)
        paths = {path for _, html, plain in arrived.letters for path in (*views_in(html), *views_in(plain))}
        (path,) = paths
        assert path.startswith("/view/")
        pages = pages_of(workspace)
        assert pages.get(f"/letters/{key}").status_code == 404
        before = rows(workspace)
        answer = pages.get(path)
        assert answer.status_code == 200
        assert "المدينة تستعيد أسوارها" in answer.text
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "public" not in answer.headers.get("cache-control", "")
        assert (
            "script-src" in answer.headers["content-security-policy"]
            or "default-src" in answer.headers["content-security-policy"]
        )
        assert "set-cookie" not in answer.headers
        assert pages.get(f"{path}/letter.css").status_code == 200
        assert rows(workspace) == before
        for one in ("leave", "preferences"):
            assert f"/{one}/" not in answer.text
        # A changed sign anywhere, another list or another issue: no page, and the same answer.
        _, _, signature, *rest = path.split("/")
        other = "A" if signature[3] != "A" else "B"
        for wrong in (
            f"/view/{signature[:3]}{other}{signature[4:]}/{'/'.join(rest)}",
            f"/view/{signature}/{'/'.join(rest[:-1])}/2",
            f"/view/{signature}/readers2/{'/'.join(rest[1:])}",
            f"/view/{signature[:-1]}/{'/'.join(rest)}",
            f"/view/{signature}%00/{'/'.join(rest)}",
        ):
            assert pages.get(wrong).status_code == 404, wrong


def test_the_page_of_a_private_list_opens_while_its_key_is_kept(tmp_path: Path) -> None:
    with newsroom(tmp_path) as (workspace, arrived):
        offer_another(workspace)
        send(workspace, "weekly")
        arrived.collect(workspace.root)
        (link,) = views_in(arrived.letters[0][1])
        old = dict(workspace.keys.tokens)
        new = max(old) + 1
        workspace.__dict__["keys"] = Keys(tokens={**old, new: b"n" * 32}, suppression=workspace.keys.suppression)
        assert pages_of(workspace).get(link).status_code == 200
        workspace.__dict__["keys"] = Keys(tokens={new: b"n" * 32}, suppression=workspace.keys.suppression)
        assert pages_of(workspace).get(link).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_holds_nobodys_links_and_does_not_lead_to_itself(tmp_path: Path, kind: str) -> None:
    with newsroom(tmp_path) as (workspace, _):
        key = send(workspace, kind)
        page = pages_of(workspace).get(f"/letters/{key}")
        assert page.status_code == 200
        document = tree(page.text)
        hrefs = [link.get("href") or "" for link in document.body.iter("a")]
        hrefs = [href for href in hrefs if not href.startswith((*STARTS, "mailto:?"))]  # those share the page
        assert not [
            href for href in hrefs if re.search(rf"/(leave|preferences|view)/|/letters/{re.escape(key)}$", href)
        ]
        words = " ".join(document.body.text_content().split())
        assert "اختيار ما يصلكم" not in words
        assert "· ·" not in words
        assert "المتصفح" not in words


def test_a_letter_that_has_not_gone_out_has_no_page_and_says_so(tmp_path: Path) -> None:
    with newsroom(tmp_path) as (workspace, _):
        for path in ("/letters/1", "/letters/readers/daily/2026-11-02"):
            answer = pages_of(workspace).get(path)
            assert answer.status_code == 404
            assert "<h1>" in answer.text
            assert "noindex" in answer.headers["x-robots-tag"]


@pytest.mark.parametrize("kind", KINDS)
def test_without_pages_no_letter_leads_to_one(tmp_path: Path, kind: str) -> None:
    with newsroom(tmp_path) as (workspace, arrived):
        object.__setattr__(workspace.settings.web, "url", "")
        send(workspace, kind)
        arrived.collect(workspace.root)
        assert len(arrived.letters) == 2
        for _, html, plain in arrived.letters:
            for content in (html, plain):
                assert PAGES not in content
                assert "اختيار ما يصلكم" not in content
                assert "المتصفح" not in content
                assert "mailto:" in content


SMALL = (
    *("confirmation", "welcome", "goodbye", "preferences"),
    *("new-address", "address-changed", "erasure", "still-wanted"),
)


@pytest.mark.parametrize(("provider", "mark"), [("sendgrid", "clicktracking"), ("postmark", "data-pm-no-track")])
def test_no_provider_counts_the_clicks_of_small_letters(tmp_path: Path, provider: str, mark: str) -> None:
    with newsroom(tmp_path, provider, **COUNTED[provider]) as (workspace, arrived):
        with workspace.database.write() as connection:
            for kind in SMALL:
                address = "hiba.new@example.net" if kind == "new-address" else ""
                store.queue_letter(connection, kind, 1, 1, now=workspace.now(), address=address)  # type: ignore[arg-type]
        assert small_letters.of_workspace(workspace).drain().states == {"submitted": len(SMALL)}
    pages: set[str] = set()
    for _, html, _ in arrived.letters:
        for link in tree(html).iter("a"):
            href = link.get("href") or ""
            if href.startswith(f"{PAGES}/"):
                pages.add(href.removeprefix(PAGES).split("/")[1])
                assert link.get(mark) is None, href
    for made in arrived.requests:
        for one in made if isinstance(made, list) else [made]:
            settings = one.get("tracking_settings", {"click_tracking": {"enable": one.get("TrackLinks") != "None"}})
            assert settings["click_tracking"]["enable"] is False
    assert pages >= {"confirm", "preferences", "leave", "address", "erase", "stay", "archive"}


def test_an_article_that_stands_at_a_like_address_keeps_its_links(tmp_path: Path) -> None:
    with newsroom(tmp_path) as (workspace, _):
        like = (f"{SITE}/letters/1", f"{SITE}/view/abc/1", "https://other.example.org/letters/1")
        stories = tuple(Story(f"خبر {number}", url, "ملخص.") for number, url in enumerate(like))
        issue = Issue(1, "أسبوع", sections=(Section("أخبار", stories),))
        frozen = delivery.freeze_letter(
            workspace.delivery_setup, issue, letters.of_issue(workspace, issue), list_id=1, rhythm="weekly"
        )
        delivery.run(workspace.delivery_setup, frozen, lambda _state, _count: None)
        page = pages_of(workspace).get("/letters/1").text
        for url in like:
            assert f'href="{url}"' in page
        *_, footer = tree(page).find_class("foot")  # the line above the letter looks the same
        lines = [line.text_content().strip() for line in footer.iter("p")]
        assert lines[-3:] == ["الموجة", "اشترك", "almawja.example.org"]


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("{choose} · {leave} · {view} · {site}", "اشترك · الموقع"),
        ("{view} · {leave} · {choose}", "اشترك"),
        ("{site} · {view} · {choose} · {leave}", "الموقع · اشترك"),
        ("{site}، {view}", "الموقع، "),
        ("{choose}{dot}{leave}{dot}{view}", "اشترك"),
        ("{view}{dot}{site}{dot}{leave}", "الموقع\xa0\xa0·\xa0\xa0 اشترك"),
    ],
)
def test_what_is_left_of_a_line_has_its_dots(tmp_path: Path, line: str, left: str) -> None:
    with newsroom(tmp_path) as (workspace, _):
        issue = Issue(1, "أسبوع", sections=(Section("أخبار", (Story("خبر", f"{SITE}/1/", "ملخص."),)),))
        made = letters.of_issue(workspace, issue)
        links = {
            "choose": (f"{PAGES}/preferences/{slot(made.marker, PREFERENCES)}", "اختيار"),
            "leave": (f"{PAGES}/leave/{slot(made.marker, LEAVE)}", "خروج"),
            "view": (f"{PAGES}/letters/1", "المتصفح"),
            "site": (SITE, "الموقع"),
        }
        dot = '<span class="dot">&#160;&#160;·</span>&#160;&#160; '
        whole = line.format(dot=dot, **{name: f'<a href="{href}">{words}</a>' for name, (href, words) in links.items()})
        html = f"<html><head></head><body><div><p>{whole}</p></div></body></html>"
        one = replace(made, rendered=replace(made.rendered, html=html))
        page = web_view(one, folder="/letters/1", subscribe=("/", "اشترك"), because="لأنك اشتركت", key="1")
        assert "".join(tree(page.html).xpath("//p")[0].itertext()) == left


@pytest.mark.parametrize(("named", "target"), [("readers", "staff"), ("staff", "readers")])
def test_an_issue_sent_to_another_list_than_it_names_leads_to_the_page_of_that_list(
    tmp_path: Path, named: str, target: str
) -> None:
    with newsroom(tmp_path) as (workspace, arrived):
        with workspace.database.write() as connection:
            store.add_list(connection, "staff", "الفريق", now=workspace.now())
            actions.add_subscriber(connection, ADDED, "staff", now=workspace.now(), keys=workspace.keys.suppression)
        story = Story("المدينة تستعيد أسوارها", f"{SITE}/1/", "انتهت أشغال الترميم هذا الأسبوع.")
        issue = Issue(1, "أسبوع المدينة", list=named, sections=(Section("أخبار", (story,)),))
        plan = plans.make(workspace, issue, list_name=target, rhythm="weekly")
        frozen = plans.freeze_plan(workspace, plan)
        delivery.run(workspace.delivery_setup, frozen, lambda _state, _count: None)
        arrived.collect(workspace.root)
        (path,) = views_in(arrived.letters[0][1])
        # The list of the readers is open to everybody, that of the staff is not.
        assert path.startswith("/letters/" if target == "readers" else "/view/")
        assert pages_of(workspace).get(path).status_code == 200
