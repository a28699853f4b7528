"""The reader pages: what they write and what they never write, the same answer for everybody, and what they refuse."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_pages import ADDRESS, ADDRESS_KEYS, BASE, LINK_KEYS, START, Workspace, stamp_of
from starlette.routing import Route
from starlette.testclient import TestClient

from newsletter.storage.database import Database
from subscribers import actions, store
from subscribers.store.limits import Caps
from subscribers.web import create_app
from subscribers.web.forms import MOST_FIELDS

FUZZ = int(os.environ.get("WEB_FUZZ", "150"))
"""Requests of the generator below; ``WEB_FUZZ=20000`` for a long run."""


@pytest.fixture
def workspace(database: Database) -> Workspace:
    return Workspace(database)


@pytest.fixture
def client(workspace: Workspace) -> TestClient:
    return workspace.client()


# ---- in with two clicks


def test_subscribing_and_confirming(workspace: Workspace, client: TestClient) -> None:
    answer = workspace.subscribe(client, rhythm="daily")
    assert answer.status_code == 200
    assert "تفقّد بريدك" in answer.text
    assert ADDRESS not in answer.text
    assert (workspace.status(), workspace.letters()) == ("pending", ["confirmation"])

    link = workspace.confirm_link()
    before = workspace.rows()
    page = client.get(link)
    assert "نعم، أؤكد اشتراكي" in page.text
    assert workspace.rows() == before

    done = client.post(link)
    assert done.status_code == 200
    assert "أهلًا بك" in done.text
    assert (workspace.status(), workspace.letters()) == ("confirmed", ["confirmation", "welcome"])
    assert workspace.acts() == [("subscribe", "form"), ("confirm", "confirmation page")]
    words = [row.words for row in workspace.rows()["consent"]]
    assert words == ["اكتب بريدك الإلكتروني وتصلك أحدث مقالاتنا أينما كنت.", "نعم، أؤكد اشتراكي"]

    preferences = re.search(r'href="(/preferences/[\w-]{52})"', done.text)
    assert preferences is not None
    assert "مرة في اليوم" in client.get(preferences[1]).text


def test_a_confirmation_is_good_once_but_forgives_a_second_press(workspace: Workspace, client: TestClient) -> None:
    workspace.subscribe(client)
    link = workspace.confirm_link()
    client.post(link)
    again = client.post(link)
    assert "سبق أن أكّدت اشتراكك" in again.text
    assert "سبق أن أكّدت اشتراكك" in client.get(link).text
    assert workspace.letters() == ["confirmation", "welcome"]
    client.post(workspace.link("leave"), data={"act": "leave"})
    late = client.post(link)
    assert late.status_code == 404
    assert client.get(link).status_code == 404
    assert workspace.status() == "left"


def test_a_confirmation_link_gets_old(workspace: Workspace, client: TestClient) -> None:
    workspace.subscribe(client)
    link = workspace.confirm_link()
    workspace.clock.later(hours=47, minutes=59)
    assert "نعم، أؤكد اشتراكي" in client.get(link).text
    workspace.clock.later(minutes=2)
    for answer in (client.get(link), client.post(link)):
        assert answer.status_code == 404
        assert "هذا الرابط لم يعد يعمل" in answer.text
    assert workspace.status() == "pending"


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("", "اكتب بريدك الإلكتروني أولًا"),
        ("salma", "راجع العنوان"),
        ('"><script>alert(1)</script>@x', "راجع العنوان"),
        ("salma@example.net\nbcc: all@example.org", "راجع العنوان"),
        ("a" * 300 + "@example.net", "راجع العنوان"),
        ("salma@example.net\0", "راجع العنوان"),
    ],
)
def test_what_is_no_address_is_told(workspace: Workspace, client: TestClient, email: str, words: str) -> None:
    before = workspace.rows()
    answer = workspace.subscribe(client, email)
    assert answer.status_code == 400
    assert words in answer.text
    assert "<script" not in answer.text
    assert workspace.rows() == before


def test_an_international_address(workspace: Workspace, client: TestClient) -> None:
    workspace.subscribe(client, "سلمى@نشرة.example.net")
    assert workspace.person("سلمى@نشرة.example.net").needs_smtputf8


# ---- no person at the form


@pytest.mark.parametrize("seconds", [-60, 0, 1, 24 * 3600 + 1])
def test_a_form_sent_too_soon_or_too_late_must_be_sent_again(
    workspace: Workspace, client: TestClient, seconds: int
) -> None:
    stamp = stamp_of(client.get("/").text)
    before = workspace.rows()
    workspace.clock.later(seconds=seconds)
    answer = client.post("/subscribe", data={"email": ADDRESS, "at": stamp})
    assert "اضغط الزر مرة أخرى" in answer.text
    assert f'value="{ADDRESS}"' in answer.text
    assert workspace.rows() == before
    # The page it came back with can be sent.
    workspace.clock.later(seconds=3)
    assert "تفقّد بريدك" in client.post("/subscribe", data={"email": ADDRESS, "at": stamp_of(answer.text)}).text
    assert workspace.status() == "pending"


@pytest.mark.parametrize("stamp", ["", "x", "6924122c.AAAAAAAAAAAAAAAAAAAAAA", "0" * 31])
def test_a_form_whose_time_we_did_not_sign_must_be_sent_again(
    workspace: Workspace, client: TestClient, stamp: str
) -> None:
    before = workspace.rows()
    answer = client.post("/subscribe", data={"email": ADDRESS, "at": stamp})
    assert "اضغط الزر مرة أخرى" in answer.text
    assert workspace.rows() == before


def test_what_fills_in_the_trap_gets_nothing_and_is_not_told(workspace: Workspace, client: TestClient) -> None:
    before = workspace.rows()
    caught = workspace.subscribe(client, website="https://example.com")
    assert workspace.rows() == before
    assert caught.text == workspace.subscribe(client).text


# ---- the same answer for everybody

STATES = ("unknown", "pending", "confirmed", "left", "suppressed", "erased")


def brought_into(workspace: Workspace, client: TestClient, state: str) -> str:
    """An address in that state, asked about for the first time in a long while."""
    address = f"{state}@example.net"
    if state != "unknown":
        workspace.subscribe(client, address)
    if state in ("confirmed", "left", "suppressed", "erased"):
        client.post(workspace.confirm_link(address))
    if state == "left":
        client.post(workspace.link("leave", address), data={"act": "leave"})
    with workspace.database.write() as connection:
        if state == "suppressed":
            actions.suppress(connection, address, now=workspace.clock(), keys=ADDRESS_KEYS)
        if state == "erased":
            actions.erase(connection, address, now=workspace.clock(), keys=ADDRESS_KEYS)
    return address


def test_six_states_of_an_address_get_the_same_answer(workspace: Workspace, client: TestClient) -> None:
    addresses = [brought_into(workspace, client, state) for state in STATES]
    workspace.clock.later(days=2)
    answers = []
    for address in addresses:
        answer = workspace.subscribe(client, address)
        answers.append((answer.status_code, dict(answer.headers), answer.content))
    assert answers == [answers[0]] * len(STATES)
    assert [workspace.status(address) for address in addresses[:4]] == ["pending", "pending", "confirmed", "pending"]
    # Letters: unknown, pending again, left again; the way to their choices for the confirmed; nothing for the others.
    assert workspace.letters()[-4:] == ["confirmation", "confirmation", "preferences", "confirmation"]


def test_beyond_the_caps_the_answer_is_the_same_too(workspace: Workspace, client: TestClient) -> None:
    first = workspace.subscribe(client)
    second = workspace.subscribe(client)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert workspace.letters() == ["confirmation"]


# ---- out with one click


@pytest.mark.parametrize(
    "request_",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b"List-Unsubscribe=One-Click"},
    ],
    ids=["urlencoded", "multipart", "no type"],
)
def test_one_click_leaves_at_once_however_often(
    workspace: Workspace, client: TestClient, request_: dict[str, Any]
) -> None:
    workspace.confirmed(client)
    link = workspace.link("leave")
    for _ in range(10):
        answer = client.post(link, **request_)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert workspace.status() == "left"
    assert workspace.acts()[-1] == ("leave", "one click")
    assert workspace.letters() == ["confirmation", "welcome", "goodbye"]


def test_a_post_without_a_word_shows_the_button(workspace: Workspace, client: TestClient) -> None:
    workspace.confirmed(client)
    link = workspace.link("leave")
    before = workspace.rows()
    for fields in ({}, {"act": ""}, {"List-Unsubscribe": "No"}, {"confirm": "true"}):
        answer = client.post(link, data=fields)
        assert "نعم، ألغِ اشتراكي" in answer.text
    assert "نعم، ألغِ اشتراكي" in client.get(f"{link}?List-Unsubscribe=One-Click&act=leave").text
    assert workspace.rows() == before


def test_leaving_with_the_button_and_taking_it_back(workspace: Workspace, client: TestClient) -> None:
    workspace.confirmed(client)
    link = workspace.link("leave")
    bye = client.post(link, data={"act": "leave"})
    assert "تراجع عن الإلغاء" in bye.text
    assert workspace.status() == "left"
    workspace.clock.later(hours=23)
    assert "تراجع عن الإلغاء" in client.get(link).text
    back = client.post(link, data={"act": "undo"})
    assert "سعداء بعودتك" in back.text
    assert workspace.status() == "confirmed"
    assert workspace.acts()[-1] == ("restore", "page")
    assert workspace.letters() == ["confirmation", "welcome", "goodbye"]


def test_a_goodbye_of_yesterday_cannot_be_taken_back(workspace: Workspace, client: TestClient) -> None:
    workspace.confirmed(client)
    link = workspace.link("leave")
    client.post(link, data={"act": "leave"})
    workspace.clock.later(hours=24, seconds=1)
    assert "اشترك من جديد" in client.get(link).text
    assert "سعداء بعودتك" not in client.post(link, data={"act": "undo"}).text
    assert workspace.status() == "left"


def test_who_never_confirmed_cannot_come_back(workspace: Workspace, client: TestClient) -> None:
    workspace.subscribe(client)
    link = workspace.link("leave")
    client.post(link, data={"act": "leave"})
    assert workspace.status() == "left"
    client.post(link, data={"act": "undo"})
    assert workspace.status() == "left"


# ---- preferences


def test_preferences_are_kept(workspace: Workspace) -> None:
    client = workspace.client(topics={"readers": ("سياسة", "ثقافة", "رياضة")})
    workspace.confirmed(client)
    link = workspace.link("preferences", list_id=0)
    page = client.get(link)
    assert all(title in page.text for title in ("سياسة", "ثقافة", "رياضة"))
    fields = {
        "act": "save",
        "shown": "readers",
        "list": "readers",
        "rhythm-readers": "instant",
        "topic-readers": ["0", "2"],
        "pause-readers": "7",
    }
    saved = client.post(link, data=fields)
    assert "حُفظت تفضيلاتك" in saved.text
    with workspace.database.read() as connection:
        theirs = store.subscription_of(connection, workspace.person().id, 1)
    assert theirs is not None
    assert (theirs.rhythm, theirs.declined_topics) == ("instant", 0b010)
    assert theirs.paused_until == workspace.clock() + timedelta(days=7)
    client.post(link, data={**fields, "pause-readers": "keep"})
    with workspace.database.read() as connection:
        again = store.subscription_of(connection, workspace.person().id, 1)
    assert again is not None
    assert again.paused_until == theirs.paused_until


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"act": "save"},
        {"act": "save", "list": "press"},
        {"act": "save", "shown": "press", "list": "press"},
        {"shown": "readers"},
        {"act": "drop"},
    ],
)
def test_half_a_form_changes_nothing(workspace: Workspace, client: TestClient, fields: dict[str, str]) -> None:
    with workspace.database.write() as connection:
        store.add_list(connection, "press", "للصحفيين", now=START)
    workspace.confirmed(client)
    before = workspace.rows()
    answer = client.post(workspace.link("preferences", list_id=0), data=fields)
    assert answer.status_code == 200
    assert "للصحفيين" not in answer.text
    assert workspace.rows() == before


def test_a_list_that_is_not_offered_cannot_be_had_through_the_form(workspace: Workspace, client: TestClient) -> None:
    with workspace.database.write() as connection:
        store.add_list(connection, "press", "للصحفيين", now=START)
    workspace.subscribe(client, list="press")
    assert workspace.status(list_name="readers") == "pending"
    assert workspace.status(list_name="press") is None


def test_another_list_is_joined_and_left_on_the_page(workspace: Workspace) -> None:
    with workspace.database.write() as connection:
        store.add_list(connection, "sports", "الرياضة", now=START)
    client = workspace.client(lists=("readers", "sports"))
    workspace.confirmed(client)
    link = workspace.link("preferences", list_id=0)
    both = {"act": "save", "shown": ["readers", "sports"], "list": ["readers", "sports"]}
    client.post(link, data=both)
    assert [workspace.status(list_name=name) for name in ("readers", "sports")] == ["confirmed", "confirmed"]
    assert workspace.acts()[-2:] == [("subscribe", "preferences"), ("confirm", "preferences")]
    client.post(link, data={**both, "list": "sports"})
    assert [workspace.status(list_name=name) for name in ("readers", "sports")] == ["left", "confirmed"]
    client.post(link, data={"act": "leave"})
    assert [workspace.status(list_name=name) for name in ("readers", "sports")] == ["left", "left"]


# ---- links


NEW = "salma.new@example.org"


def links(workspace: Workspace) -> list[str]:
    """One link for each page that a letter can lead to."""
    with workspace.database.write() as connection:
        who, now = workspace.person().id, workspace.clock()
        change = actions.make_request(connection, who, "address", now=now, address=NEW)
        erasure = actions.make_request(connection, who, "erase", now=now)
    signed = [workspace.confirm_link(), workspace.link("leave"), workspace.link("preferences", list_id=0)]
    return [*signed, f"/address/{change}", f"/erase/{erasure}"]


OWN = ("address", "data", "data.json", "erase")
"""Pages below the preferences that can be looked at."""


def below(link: str) -> list[str]:
    """A link, and what stands below it when it is one to somebody's own page."""
    return [link, *(f"{link}/{one}" for one in OWN)] if link.startswith("/preferences/") else [link]


def test_looking_changes_nothing(workspace: Workspace, client: TestClient) -> None:
    workspace.confirmed(client)
    workspace.subscribe(client, "waiting@example.net")
    mailed = [
        *links(workspace),
        workspace.confirm_link("waiting@example.net"),
        workspace.link("leave", "waiting@example.net"),
        workspace.link("preferences", "waiting@example.net", list_id=0),
    ]
    mailed = [page for link in mailed for page in below(link)]
    before = workspace.rows()
    for link in (*mailed, "/", "/subscribe", "/embed", "/health", "/style.css", "/robots.txt"):
        for _ in range(3):
            for method in ("GET", "HEAD", "OPTIONS"):
                query = f"act=leave&act=erase&confirm=true&email={NEW}&List-Unsubscribe=One-Click"
                answer = client.request(method, f"{link}?{query}")
                assert answer.status_code in ((405,) if method == "OPTIONS" else (200,)), (method, link)
    for link in mailed:
        if link.startswith("/preferences/") and link.count("/") == 2:
            for method in ("GET", "HEAD", "OPTIONS"):
                assert client.request(method, f"{link}/again?act=again").status_code == 405
    assert workspace.rows() == before


def test_a_link_opens_nothing_but_its_own_page(workspace: Workspace, client: TestClient) -> None:
    workspace.confirmed(client)
    tokens = {link.split("/")[1]: link.split("/")[2] for link in links(workspace)}
    before = workspace.rows()
    for page in tokens:
        for purpose, token in tokens.items():
            expected = 200 if page == purpose else 404
            assert client.get(f"/{page}/{token}").status_code == expected
            if page != purpose:
                for act in ("leave", "save", "undo", "weekly", "pause", "all", "reason", "erase", "again"):
                    answer = client.post(f"/{page}/{token}", data={"act": act, "List-Unsubscribe": "One-Click"})
                    assert answer.status_code == 404
    assert workspace.rows() == before


@pytest.mark.parametrize("purpose", ["leave", "confirm", "address", "erase"])
def test_no_other_link_opens_what_stands_below_the_preferences(
    workspace: Workspace, client: TestClient, purpose: str
) -> None:
    workspace.confirmed(client)
    (token,) = (link.split("/")[2] for link in links(workspace) if link.startswith(f"/{purpose}/"))
    before = workspace.rows()
    for one in OWN:
        assert client.get(f"/preferences/{token}/{one}").status_code == 404
    for one, fields in (("address", {"email": NEW}), ("erase", {"act": "erase"}), ("again", {"act": "again"})):
        assert client.post(f"/preferences/{token}/{one}", data=fields).status_code == 404
    assert workspace.rows() == before


@pytest.mark.slow
@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_link_opens_nothing(sqlite_house: Workspace, data: st.DataObject) -> None:
    client = sqlite_house.client()
    link = data.draw(st.sampled_from(sqlite_house.changes["links"]))
    head, token = link.rsplit("/", 1)
    at = data.draw(st.integers(0, len(token) - 1))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sign = data.draw(st.sampled_from(alphabet.replace(token[at], "")))
    changed = data.draw(st.sampled_from([token[:at] + sign + token[at + 1 :], token[:at] + token[at + 1 :], token * 2]))
    assert client.post(f"{head}/{changed}", data={"act": "leave", "List-Unsubscribe": "One-Click"}).status_code == 404
    assert sqlite_house.status() == "confirmed"


@pytest.fixture
def sqlite_house(database_urls: Callable[[str], str]) -> Iterator[Workspace]:
    """A house with one confirmed subscriber and their links, for many requests."""
    from newsletter.storage.database import open_database
    from subscribers.store.tables import metadata

    database = open_database(database_urls("sqlite"))
    with database.write() as connection:
        metadata.create_all(connection)
    workspace = Workspace(database)
    workspace.confirmed(workspace.client())
    made = links(workspace)
    client = workspace.client
    workspace.changes["links"] = made

    def without_links(**changes: Any) -> TestClient:
        kept = workspace.changes.pop("links")
        try:
            return client(**changes)
        finally:
            workspace.changes["links"] = kept

    workspace.client = without_links  # type: ignore[method-assign]
    yield workspace
    database.close()


def test_a_link_outlives_its_key_while_two_are_kept(workspace: Workspace) -> None:
    workspace.confirmed(workspace.client())
    old = workspace.link("leave")
    workspace.clock.later(days=365)
    second = {2: bytes(range(64, 96))}
    rotated = workspace.client(link_keys={**LINK_KEYS, **second})
    assert "نعم، ألغِ اشتراكي" in rotated.get(old).text
    assert rotated.get(workspace.link("leave", keys=second)).status_code == 200
    forgotten = workspace.client(link_keys=second)
    assert forgotten.get(old).status_code == 404
    rotated.post(old, data={"List-Unsubscribe": "One-Click"})
    assert workspace.status() == "left"


def test_links_of_an_erased_person_are_dead(workspace: Workspace, client: TestClient) -> None:
    workspace.confirmed(client)
    made = links(workspace)
    with workspace.database.write() as connection:
        actions.erase(connection, ADDRESS, now=workspace.clock(), keys=ADDRESS_KEYS)
    for link in made:
        assert client.get(link).status_code == 404
        assert client.post(link, data={"act": "leave"}).status_code == 404


# ---- what every answer carries


def paths(workspace: Workspace) -> list[tuple[str, list[str]]]:
    """Every route there is, with links in place of its names."""
    made = {link.split("/")[1]: link for link in links(workspace)}
    found = []
    for one in create_app(workspace.site).app.routes:  # type: ignore[attr-defined]
        assert isinstance(one, Route)
        head, _, tail = one.path.lstrip("/").partition("/{token}")
        found.append((f"{made[head]}{tail}" if head in made else one.path, sorted(one.methods or ())))
    return found


def test_headers_on_every_route(workspace: Workspace) -> None:
    client = workspace.client(hooks={"sendgrid": lambda _headers, _body: 200}, frame_ancestors=("https://example.org",))
    workspace.confirmed(client)
    every = paths(workspace)
    assert {"/", "/subscribe", "/embed", "/health", "/hooks/sendgrid"} <= {path for path, _ in every}
    assert {*OWN, "again"} <= {path.rpartition("/")[2] for path, _ in every}
    requests = [(path, method) for path, methods in every for method in (*methods, "DELETE", "OPTIONS")]
    for path, method in [*requests, ("/nowhere", "GET"), ("//example.com/", "GET"), ("/leave/", "POST")]:
        answer = client.request(method, f"{BASE}{path}")
        said = answer.headers
        about = (method, path, answer.status_code)
        assert answer.status_code < 500, about
        assert answer.status_code // 100 != 3, about
        policy = said["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'"), about
        assert "unsafe" not in policy
        framed = path == "/embed" and answer.status_code != 405
        frames = "'self' https://example.org" if framed else "'none'"
        assert policy.endswith(f"frame-ancestors {frames}"), about
        assert said.get("x-frame-options") == (None if framed else "DENY"), about
        assert (said["x-content-type-options"], said["referrer-policy"]) == ("nosniff", "no-referrer"), about
        public = path in ("/style.css", "/icon.svg", "/robots.txt") and answer.status_code == 200
        assert ("no-store" in said["cache-control"]) != public, about
        if path.split("/")[1] in ("confirm", "leave", "preferences", "address", "erase"):
            assert said["x-robots-tag"] == "noindex", about
        assert "set-cookie" not in said
        assert "server" not in said
        if answer.headers.get("content-type", "").startswith("text/html") and method != "HEAD":
            assert not re.search(r"<script|\sstyle=|\son\w+=|<style|javascript:", answer.text), about
            assert set(re.findall(r'(?:src|href)="(https?://[^/"]+)', answer.text)) <= {"https://example.org"}, about


def test_the_embedded_form_subscribes_inside_its_frame(workspace: Workspace, client: TestClient) -> None:
    answer = workspace.subscribe(client, path="/embed")
    assert "تفقّد بريدك" in answer.text
    assert workspace.acts() == [("subscribe", "embedded form")]
    assert 'action="/embed"' in client.get("/embed").text


def test_pages_under_a_path(workspace: Workspace) -> None:
    client = workspace.client(base=f"{BASE}/nashra")
    assert client.get("/").status_code == 404
    assert client.get("/nashra/health").json() == {"ok": True}
    assert client.get("/nashra/").status_code == 200


# ---- bodies


@pytest.mark.parametrize("extra", [0, 1])
def test_the_body_of_a_form_is_capped(workspace: Workspace, client: TestClient, extra: int) -> None:
    body = b"email=" + b"a" * (64 * 1024 - 6 + extra)
    for content in (body, iter([body[:1000], body[1000:]])):  # with its length, and in chunks
        answer = client.post("/subscribe", content=content)
        assert answer.status_code == (413 if extra else 400)


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 400, "70000"])
def test_a_length_that_is_none_or_too_large(workspace: Workspace, client: TestClient, length: str) -> None:
    answer = client.post("/subscribe", content=b"", headers={"content-length": length.encode("utf-8")})
    assert answer.status_code == 413


def test_too_many_fields_are_no_form(workspace: Workspace, client: TestClient) -> None:
    many = "&".join(f"f{number}=1" for number in range(MOST_FIELDS + 1))
    assert client.post("/subscribe", content=many).status_code == 400
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="f{number}"\r\n\r\n1\r\n' for number in range(MOST_FIELDS + 2)
    )
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post("/subscribe", content=parts, headers=kind).status_code == 400
    assert client.post("/subscribe", content=parts, headers={"content-type": "multipart/form-data"}).status_code == 400


def test_a_providers_report_reaches_its_reader_whole(workspace: Workspace) -> None:
    seen: list[tuple[str, bytes]] = []

    def hook(headers: Any, body: bytes) -> int:
        seen.append((headers["x-twilio-email-event-webhook-timestamp"], body))
        return 403

    client = workspace.client(hooks={"sendgrid": hook})
    body = b"\x00[1]" * 100_000
    stamp = {"X-Twilio-Email-Event-Webhook-Timestamp": "17"}
    assert client.post("/hooks/sendgrid", content=body, headers=stamp).status_code == 403
    assert seen == [("17", body)]
    assert client.post("/hooks/sendgrid", content=b"a" * (4 * 1024 * 1024 + 1), headers=stamp).status_code == 413
    assert client.post("/hooks/mailgun", content=b"").status_code == 404
    assert len(seen) == 1


# ---- faults and logs


def test_no_token_and_no_address_in_the_log(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    client = workspace.client()
    with caplog.at_level(logging.INFO, "nashra.web"):
        workspace.confirmed(client)
        mailed = links(workspace)
        for link in mailed:
            client.get(link)
            client.get(link.upper())
            client.get(f"{link}/x?email={ADDRESS}")
            for page in below(link):
                client.get(f"{page}?email={ADDRESS}")
                client.head(page)
        client.post(f"{mailed[2]}/address", data={"email": NEW})
        client.get(f"/{ADDRESS}")
        client.get("/a%0ab%0d%00c")
    assert "/leave/… 200" in caplog.text
    assert ADDRESS not in caplog.text
    assert NEW not in caplog.text
    for link in mailed:
        for word in (link, link.upper()):
            assert word.rsplit("/", 1)[1] not in caplog.text
    assert all("\n" not in record.getMessage() for record in caplog.records)


def test_a_fault_gets_a_page_and_a_line_without_its_words(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_headers: Any, _body: bytes) -> int:
        raise LookupError(f"nobody is {ADDRESS}")

    client = workspace.client(hooks={"bad": broken})
    with caplog.at_level(logging.INFO, "nashra.web"):
        answer = client.post("/hooks/bad", content=b"")
    assert answer.status_code == 500
    assert "الخلل عندنا" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "LookupError at test_subscribers_web.py:" in caplog.text
    assert ADDRESS not in caplog.text


def test_a_database_that_is_gone(workspace: Workspace, client: TestClient) -> None:
    from contextlib import contextmanager

    from newsletter.errors import DatabaseError

    class Gone:
        @contextmanager
        def read(self) -> Iterator[Any]:
            raise DatabaseError("the disk is full")
            yield

        write = read

    workspace.changes["database"] = Gone()
    client = workspace.client()
    assert client.get("/health").status_code == 503
    answer = client.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "disk" not in answer.text


# ---- who asks


def test_the_client_stands_in_the_record_only_when_it_may(workspace: Workspace) -> None:
    client = workspace.client(keep_client=True)
    client.headers["user-agent"] = "Firefox\t128 " + "x" * 300
    workspace.subscribe(client)
    (row,) = workspace.rows()["consent"]
    assert row.how.startswith("form; 192.0.2.7; Firefox 128 xxx")
    assert len(row.how) < 250
    workspace.clock.later(days=2)
    other = workspace.client(keep_client=False)
    workspace.subscribe(other, "nobody@example.net")
    assert [row.how for row in workspace.rows()["consent"]][-1] == "form"


# ---- anything at all


WORDS = st.sampled_from(
    [
        *("leave", "save", "undo", "weekly", "pause", "all", "reason", "erase", "again", "One-Click", "readers"),
        *("keep", "7", ADDRESS, NEW, "", "\0", "ليبيا"),
    ]
)
FIELDS = st.sampled_from(
    [
        "email",
        "at",
        "act",
        "list",
        "shown",
        "rhythm",
        "website",
        "List-Unsubscribe",
        "rhythm-readers",
        "pause-readers",
        "reason",
        "more",
    ]
)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=FUZZ, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_is_sent_makes_a_fault(sqlite_house: Workspace, data: st.DataObject) -> None:
    client = sqlite_house.client(hooks={"sendgrid": lambda _headers, body: 200 if body else 400})
    mailed = [page for link in sqlite_house.changes["links"] for page in (*below(link), f"{link}/again")]
    known = [*mailed, "/", "/subscribe", "/embed", "/health", "/hooks/sendgrid", "/style.css"]
    path = data.draw(
        st.one_of(
            st.sampled_from(known),
            st.builds(
                lambda head, tail: head.rsplit("/", 1)[0] + "/" + tail, st.sampled_from(known), st.text(max_size=60)
            ),
            st.text(max_size=40).map(lambda text: "/" + text),
        )
    )
    method = data.draw(st.sampled_from(["GET", "HEAD", "POST", "POST", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"]))
    body = data.draw(
        st.one_of(
            st.binary(max_size=300),
            st.lists(st.tuples(FIELDS, st.one_of(WORDS, st.text(max_size=20))), max_size=12).map(_encoded),
        )
    )
    kind = data.draw(
        st.sampled_from(
            [
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "multipart/form-data",
                "text/plain",
                "",
            ]
        )
    )
    from urllib.parse import quote

    sqlite_house.clock.later(seconds=5)
    answer = client.request(
        method,
        BASE + quote(path, safe="/%?=&", errors="replace"),
        content=body,
        headers={"content-type": kind, "x-forwarded-for": data.draw(st.sampled_from(["", "::1, x", "1.2.3.4"]))},
    )
    assert answer.status_code < 500
    assert answer.status_code // 100 != 3
    assert "content-security-policy" in answer.headers


def _encoded(pairs: list[tuple[str, str]]) -> bytes:
    from urllib.parse import urlencode

    return urlencode(pairs, errors="replace").encode()


def test_the_caps_of_a_site_are_those_it_was_given(workspace: Workspace) -> None:
    client = workspace.client(caps=Caps(network_an_hour=2))
    for number in range(4):
        workspace.subscribe(client, f"reader{number}@example.net")
    assert workspace.letters() == ["confirmation"] * 2
