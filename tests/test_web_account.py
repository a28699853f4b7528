"""One's own matters on the reader pages: another address, what is kept, being erased, fewer letters, and the caps."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import pytest
import sqlalchemy as sa
from reader_pages import ADDRESS, ADDRESS_KEYS, BASE, Workspace
from starlette.testclient import TestClient

from newsletter.storage.database import Database
from subscribers import actions, store
from subscribers.store.tables import small_letter

NEW = "salma.new@example.org"


@pytest.fixture
def workspace(database: Database) -> Workspace:
    return Workspace(database)


@pytest.fixture
def client(workspace: Workspace) -> TestClient:
    client = workspace.client()
    workspace.confirmed(client)
    return client


def ask(workspace: Workspace, client: TestClient, address: str) -> str:
    page = client.post(f"{workspace.link('preferences')}/address", data={"email": address})
    assert page.status_code == 200
    return page.text.replace(workspace.link("preferences"), "")


def token(workspace: Workspace, kind: str, address: str = "") -> str:
    """What the letter carries, made as the sending of it makes it."""
    who = workspace.person()
    with workspace.database.write() as connection:
        return actions.make_request(connection, who.id, kind, now=workspace.clock(), address=address)  # type: ignore[arg-type]


def test_another_address(workspace: Workspace, client: TestClient) -> None:
    before, old_link = workspace.person(), workspace.link("leave")
    ask(workspace, client, NEW)
    letter = workspace.rows()["small_letter"][-1]
    assert (letter.kind, letter.address, letter.state) == ("new-address", NEW, "queued")
    assert workspace.person() == before
    link = f"/address/{token(workspace, 'address', NEW)}"
    rows = workspace.rows()
    assert client.get(link).status_code == client.head(link).status_code == 200
    assert workspace.rows() == rows
    assert client.post(link).status_code == 200
    after = workspace.person(NEW)
    assert (after.id, after.public_id, after.epoch) == (before.id, before.public_id, before.epoch)
    assert workspace.acts(NEW)[-1] == ("address", "address page")
    told = workspace.rows()["small_letter"][-1]
    assert (told.kind, told.address) == ("address-changed", ADDRESS)
    # Old links go on working: with one of them the person leaves.
    client.post(old_link, data={"act": "leave"})
    assert workspace.status(NEW) == "left"


def test_the_page_tells_nothing_of_the_new_address(workspace: Workspace) -> None:
    answers = set()
    for case in ("unknown", "taken", "suppressed"):
        client = workspace.client()
        address = f"{case}@example.com"
        reader = f"reader-{case}@example.net"
        workspace.confirmed(client, reader)
        if case == "taken":
            workspace.confirmed(client, address)
        if case == "suppressed":
            with workspace.database.write() as connection:
                actions.suppress(connection, address, now=workspace.clock(), keys=ADDRESS_KEYS)
        link = workspace.link("preferences", reader)
        page = client.post(f"{link}/address", data={"email": address})
        answers.add(page.text.replace(link, ""))
    assert len(answers) == 1
    states = {row.state for row in workspace.rows()["small_letter"] if row.kind == "new-address"}
    assert states == {"queued", "refused"}


def test_nobody_takes_over_a_subscription(workspace: Workspace, client: TestClient) -> None:
    workspace.confirmed(client, NEW)
    before = workspace.rows()["subscriber"]
    page = client.post(f"/address/{token(workspace, 'address', NEW)}")
    assert "لم يتغير شيء" in page.text
    assert workspace.rows()["subscriber"] == before


def test_the_letter_to_a_new_address_is_counted_for_its_mailbox(workspace: Workspace) -> None:
    client = workspace.client()
    for number in range(4):
        reader = f"reader{number}@example.net"
        workspace.confirmed(client, reader)
        client.post(f"{workspace.link('preferences', reader)}/address", data={"email": "victim@example.com"})
    states = [row.state for row in workspace.rows()["small_letter"] if row.kind == "new-address"]
    assert states == ["queued", "refused", "refused", "refused"]


@pytest.mark.parametrize(("typed", "status"), [("", 400), ("salma", 400), (ADDRESS, 200)])
def test_what_is_no_other_address(workspace: Workspace, client: TestClient, typed: str, status: int) -> None:
    before = workspace.rows()
    assert client.post(f"{workspace.link('preferences')}/address", data={"email": typed}).status_code == status
    assert workspace.rows() == before


def test_what_is_kept_can_be_seen_and_taken_along(workspace: Workspace, client: TestClient) -> None:
    before, link = workspace.rows(), workspace.link("preferences")
    assert ADDRESS in client.get(f"{link}/data").text
    answer = client.get(f"{link}/data.json")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "no-store"
    kept = json.loads(answer.text)
    assert kept["subscriber"][0]["address"] == ADDRESS
    assert [line["act"] for line in kept["consent"]] == ["subscribe", "confirm"]
    assert "token_hash" not in answer.text
    assert workspace.rows() == before


def test_erasing_oneself_takes_a_letter_and_a_button(workspace: Workspace, client: TestClient) -> None:
    client.post(f"{workspace.link('preferences')}/erase", data={"act": "erase"})
    assert workspace.letters()[-1] == "erasure"
    link = f"/erase/{token(workspace, 'erase')}"
    before = workspace.rows()
    assert client.get(link).status_code == 200
    assert client.post(link.replace("erase", "address")).status_code == 404
    assert workspace.rows() == before
    assert client.post(link).status_code == 200
    assert workspace.rows()["subscriber"] == []
    assert client.post(link).status_code == 404


@pytest.mark.parametrize("reason", ["hard", "complained", "editor"])
def test_a_suppressed_reader_finds_the_way_back(workspace: Workspace, client: TestClient, reason: str) -> None:
    with workspace.database.write() as connection:
        actions.suppress(connection, ADDRESS, now=workspace.clock(), keys=ADDRESS_KEYS, reason=reason)  # type: ignore[arg-type]
    link = workspace.link("preferences")
    assert f'action="{link}/again"' in client.get(link).text
    assert len(workspace.rows()["suppression"]) == 1
    client.post(f"{link}/again", data={"act": "again"})
    assert workspace.rows()["suppression"] == []
    assert workspace.acts()[-1] == ("unsuppress", "preferences")


def test_fewer_letters_instead_of_none(workspace: Workspace, client: TestClient) -> None:
    link = workspace.link("leave")
    person = workspace.person()
    with workspace.database.write() as connection:
        actions.prefer(connection, person.id, 1, now=workspace.clock(), rhythm="daily", declined_topics=2)
    assert 'value="weekly"' in client.get(link).text
    client.post(link, data={"act": "weekly"})
    client.post(link, data={"act": "pause"})
    with workspace.database.read() as connection:
        (theirs,) = store.subscriptions_of(connection, person.id)
    assert (theirs.status, theirs.rhythm, theirs.declined_topics) == ("confirmed", "weekly", 2)
    assert theirs.paused_until is not None
    assert (theirs.paused_until - workspace.clock()).days == 30


def test_leaving_tells_why_once(workspace: Workspace, client: TestClient) -> None:
    link = workspace.link("leave")
    client.post(link, data={"act": "reason", "reason": "too many"})
    assert {row.reason for row in workspace.rows()["consent"]} == {""}
    assert 'name="reason"' in client.post(link, data={"act": "leave"}).text
    client.post(link, data={"act": "reason", "reason": "too many", "more": "x" * 900})
    client.post(link, data={"act": "reason", "reason": "other"})
    told = workspace.rows()["consent"][-1].reason
    assert told.startswith("too many: xxx")
    assert len(told) < 320


def test_one_list_or_all(workspace: Workspace, client: TestClient) -> None:
    with workspace.database.write() as connection:
        store.add_list(connection, "evening", "نشرة المساء", now=workspace.clock())
        actions.add_subscriber(
            connection, ADDRESS, "evening", now=workspace.clock(), keys=ADDRESS_KEYS, words="said so"
        )
    link = workspace.link("leave")
    assert 'value="all"' in client.get(link).text
    client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert (workspace.status(), workspace.status(list_name="evening")) == ("left", "confirmed")
    client.post(link, data={"act": "all"})
    assert workspace.status(list_name="evening") == "left"


@pytest.mark.parametrize("seed", range(3))
def test_no_order_of_presses_makes_two_letters_of_a_kind_in_a_day(
    workspace: Workspace, client: TestClient, seed: int
) -> None:
    chance = random.Random(seed)
    leave, own = workspace.link("leave"), workspace.link("preferences")
    posts = [
        (leave, {"act": "leave"}),
        (leave, {"act": "undo"}),
        (leave, {"List-Unsubscribe": "One-Click"}),
        (own, {"act": "leave"}),
        (own, {"act": "save", "shown": "readers", "list": "readers"}),
        (f"{own}/address", {"email": NEW}),
        (f"{own}/erase", {"act": "erase"}),
    ]
    for _ in range(60):
        link, data = chance.choice(posts)
        client.post(link, data=data)
        workspace.clock.later(minutes=chance.choice((0, 5, 90)))
    seen: dict[str, list[int]] = {}
    for row in workspace.rows()["small_letter"]:
        seen.setdefault(row.kind, []).append(row.created)
    assert {"goodbye", "new-address", "erasure"} <= set(seen)
    for times in seen.values():
        assert all(later - earlier > 86_400 for earlier, later in pairwise(times))


def test_what_is_said_on_a_page_is_kept_with_the_page(workspace: Workspace, client: TestClient) -> None:
    leave, own = workspace.link("leave"), workspace.link("preferences")
    change = f"/address/{token(workspace, 'address', NEW)}"
    client.post(leave, data={"act": "leave"})
    client.post(leave, data={"act": "undo"})
    client.post(own, data={"act": "leave"})
    client.post(own, data={"act": "save", "shown": "readers", "list": "readers"})
    client.post(change)
    with workspace.database.write() as connection:
        actions.suppress(connection, NEW, now=workspace.clock(), keys=ADDRESS_KEYS)
    client.post(f"{own}/again", data={"act": "again"})
    lines = [row for row in workspace.rows()["consent"] if row.how != "editor"]
    told = [(row.act, row.page.removeprefix(BASE)) for row in lines]
    assert told == [
        *(("subscribe", "/subscribe"), ("confirm", "/confirm"), ("leave", "/leave"), ("restore", "/leave")),
        *(("leave", "/preferences"), ("subscribe", "/preferences"), ("confirm", "/preferences")),
        *(("address", "/address"), ("unsuppress", "/preferences")),
    ]
    assert {row.network for row in lines} == {""}
    shown = client.get(f"{own}/data").text
    assert f"{BASE}/address" in shown
    # No link of anybody stands in the record.
    assert not any(len(part) > 20 for row in lines for part in row.page.removeprefix(BASE).split("/"))


def test_the_network_is_kept_only_where_the_setting_says_so(workspace: Workspace) -> None:
    client = workspace.client(keep_client=True)
    workspace.confirmed(client)
    client.post(workspace.link("leave"), data={"act": "leave"})
    last = workspace.rows()["consent"][-1]
    assert (last.act, last.network, last.page) == ("leave", "192.0.2.0/24", f"{BASE}/leave")
    assert "192.0.2.0/24" in client.get(f"{workspace.link('preferences')}/data").text


def test_the_page_tells_of_letters_that_went_and_of_those_that_were_stopped(
    workspace: Workspace, client: TestClient
) -> None:
    link = f"{workspace.link('preferences')}/data"
    assert "رسائل تخص اشتراكك" not in client.get(link).text
    with workspace.database.write() as connection:
        connection.execute(sa.update(small_letter).where(small_letter.c.kind == "welcome").values(state="submitted"))
    before = client.get(link).text
    assert "رسائل تخص اشتراكك: 1، آخرها في" in before
    assert "لا نرسل رسائل إلى هذا العنوان" not in before
    with workspace.database.write() as connection:
        actions.suppress(connection, ADDRESS, now=workspace.clock(), keys=ADDRESS_KEYS)
    assert "لا نرسل رسائل إلى هذا العنوان منذ" in client.get(link).text


def test_forty_presses_bring_one_goodbye_and_no_second_welcome(workspace: Workspace, client: TestClient) -> None:
    leave, own = workspace.link("leave"), workspace.link("preferences")
    for number in range(40):
        back = (leave, {"act": "undo"}) if number % 4 < 2 else (own, {"act": "save", "shown": "readers"})
        client.post(leave, data={"List-Unsubscribe": "One-Click"} if number % 2 else {"act": "leave"})
        client.post(back[0], data={**back[1], "list": "readers"})
        workspace.clock.later(minutes=10)
    assert workspace.letters().count("goodbye") == 1
    assert workspace.letters().count("welcome") == 1
