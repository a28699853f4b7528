"""The people of a desk managed in the browser: added, given roles, renewed, taken away; who may, and what is kept."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from command import make_workspace
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from newsroom import Clock
from settings_text import with_settings
from starlette.testclient import TestClient

from newsletter.desk.app import create_app
from newsletter.desk.desk import Desk
from newsletter.ledger import activity
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import editors as work
from newsletter.workspace import editors

BASE = "https://desk.example.org"
OURS = {"origin": BASE, "sec-fetch-site": "same-origin"}
PASSWORD = "أربع كلمات سهلة هنا"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("people") / "w")
    path = root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), f'[desk]\nurl = "{BASE}"\n'), "utf-8")
    return root


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(made: Path, clock: Clock) -> Iterator[Workspace]:
    with open_workspace(made, {}) as workspace:
        workspace.now = clock  # type: ignore[method-assign]
        yield workspace
    editors.path_of(made).unlink(missing_ok=True)


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace, 8100)


class Person(TestClient):
    """A browser of somebody who is signed in by name."""

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__(create_app(desk), base_url=BASE, follow_redirects=False)
        found = editors.read(desk.workspace.root)[editors.folded(name)]
        cookie = desk.sign_ins.begin(found.name, stamp=found.stamp)
        self.cookies.set(desk.address.cookie, cookie, domain="desk.example.org")

    def say(self, path: str, *, csrf: bool = True, **fields: object) -> tuple[int, str]:
        """Send a form of the page; its status, and what it shows."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/people").text) if csrf else None
        told = {"csrf": unescape(found[1])} if found is not None else {}
        answer = self.post(f"/people/{path}", data={**told, **fields}, headers=OURS)
        return answer.status_code, answer.text


@pytest.fixture
def salma(desk: Desk) -> Person:
    work.add(desk.workspace, "سلمى", ["edit", "send"], PASSWORD)
    return Person(desk, "سلمى")


def code_of(secret: str, clock: Clock) -> str:
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(clock.now.timestamp())).decode()


def test_somebody_is_added_and_signs_in_with_what_was_shown_once(desk: Desk, salma: Person, clock: Clock) -> None:
    status, page = salma.say("add", name="ياسين", role=["edit"])
    assert status == 200
    shown = re.findall(r'<code dir="ltr">([^<]+)</code>', page)
    address, password, secret, *recovery = shown
    assert (address, len(recovery)) == (BASE, 8)
    assert "data:image/svg+xml" in page
    stranger = TestClient(create_app(desk), base_url=BASE, follow_redirects=False)
    fields = {"name": "ياسين", "password": password, "code": code_of(secret, clock), "next": "/readers"}
    assert stranger.post("/sign-in", data=fields, headers=OURS).status_code == 303
    # Nothing of it is shown again, and nothing of it is kept as it was typed.
    again = salma.get("/people").text
    file = editors.path_of(desk.workspace.root).read_text("utf-8")
    assert "ياسين" in again
    assert [one for one in (password, secret, *recovery) if one in again] == []
    assert password not in file
    # Who edits only has no such page.
    assert stranger.get("/people").status_code == 403


def test_roles_and_a_new_password_hold_at_once_and_who_is_removed_is_out(desk: Desk, salma: Person) -> None:
    salma.say("add", name="ياسين", role=["edit"])
    yasin = Person(desk, "ياسين")
    assert yasin.get("/people").status_code == 403
    assert salma.say("roles", name="ياسين", role=["edit", "send"])[0] == 303
    assert yasin.get("/people").status_code == 200
    status, page = salma.say("renew", name="ياسين")
    assert (status, page.count('<code dir="ltr">')) == (200, 11)
    assert yasin.get("/people").status_code == 303, "signed out by the new password"
    yasin = Person(desk, "ياسين")
    assert salma.say("remove", name="ياسين")[0] == 303
    assert yasin.get("/people").status_code == 303
    with desk.workspace.database.read() as connection:
        told = [(one.by, one.about) for one in activity.read(connection, acts=["people"], limit=4)]
    assert sorted(told) == sorted(
        [("سلمى", "added ياسين"), ("سلمى", "ياسين: edit, send"), ("سلمى", "password ياسين"), ("سلمى", "removed ياسين")]
    )


def test_the_last_one_who_may_send_stays(desk: Desk, salma: Person) -> None:
    salma.say("add", name="ياسين", role=["edit"])
    for path, fields in (("remove", {}), ("roles", {"role": ["edit"]})):
        status, page = salma.say(path, name="سلمى", **fields)
        assert (status, "لن يبقى أحد يجوز له الإرسال" in page) == (422, True)
    assert editors.read(desk.workspace.root)[editors.folded("سلمى")].roles == ("edit", "send")
    # With another one who may, it is as with anybody.
    salma.say("roles", name="ياسين", role=["send"])
    assert salma.say("remove", name="سلمى")[0] == 303
    assert salma.get("/people").status_code == 303


@pytest.mark.parametrize("path", ["add", "renew", "roles", "remove"])
def test_no_form_is_taken_without_its_token_or_after_twelve_hours(
    desk: Desk, salma: Person, clock: Clock, path: str
) -> None:
    before = editors.path_of(desk.workspace.root).read_bytes()
    assert salma.say(path, csrf=False, name="ياسين")[0] == 403
    clock.forward(hours=13)
    assert salma.say(path, name="ياسين")[0] == 403
    assert editors.path_of(desk.workspace.root).read_bytes() == before


@pytest.mark.parametrize("name", ["سَلمى", "", "a@b.example", "ا" * 70])
def test_a_name_that_is_taken_or_none_is_refused_in_arabic(salma: Person, name: str) -> None:
    status, page = salma.say("add", name=name, role=["edit"])
    assert status == 422, page
    assert re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", re.sub(r"<[^>]*>", " ", page.partition("<main")[2])) is None


def test_a_desk_for_one_says_that_nobody_signs_in(tmp_path: Path) -> None:
    from desk_visits import at_desk

    with open_workspace(make_workspace(tmp_path / "w"), {}) as workspace:
        visitor = at_desk(workspace)
        assert "لا يدخله أحد باسمه" in visitor.get("/people").text
        assert visitor.post("/people/add", data={"name": "ياسين", "csrf": visitor.csrf}).status_code == 422
        assert not editors.path_of(workspace.root).exists()
