"""What the dashboard of the newsroom's WordPress is told: whole sentences, to who signs, and nobody's address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from command import here, make_workspace
from settings_text import add_settings
from starlette.testclient import TestClient

from newsletter.site_hook.signing import HEADER, sign_request
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows.serve import app_of
from newsletter.workspace.plugin_secret import new_plugin_secret

PATH = "/hooks/wordpress/figures"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_workspace(tmp_path_factory.mktemp("figures") / "w", readers=3)
    add_settings(made, '[letter]\ndigits = "arabic-indic"\n[schedule]\nweekly = "thursday 10:00"')
    return made


@pytest.fixture
def workspace(root: Path) -> Iterator[Workspace]:
    with open_workspace(root, {"NASHRA_WEB__URL": "https://news.example.org"}) as opened:
        yield opened


def asked(workspace: Workspace, header: str) -> tuple[int, object]:
    with TestClient(app_of(workspace, postman=False), base_url="https://news.example.org") as client:
        answer = client.get(PATH, headers={HEADER: header} if header else {})
    return answer.status_code, answer.json() if answer.status_code == 200 else answer.text


def test_only_who_signs_is_told_and_in_the_newsroom_s_own_digits(workspace: Workspace) -> None:
    now = workspace.now()
    assert asked(workspace, sign_request(b"s" * 32, "GET", PATH, now=now)) == (404, "")
    old = new_plugin_secret(workspace.root, now).secret
    secret = new_plugin_secret(workspace.root, now).secret
    for header in (
        "",
        "t=1,v1=00",
        sign_request(b"s" * 32, "GET", PATH, now=now),
        sign_request(secret, "GET", "/hooks/wordpress", now=now),
        sign_request(secret, "POST", PATH, now=now),
        sign_request(secret, "GET", PATH, now=now - timedelta(minutes=6)),
    ):
        assert asked(workspace, header) == (403, ""), header
    for good in (secret, old):
        code, told = asked(workspace, sign_request(good, "GET", PATH, now=now))
        assert code == 200
    assert isinstance(told, dict)
    readers, last, coming = told["groups"]
    assert readers[0] == "المشتركون: ٣"
    assert readers[1].startswith("منذ ")
    assert ": انضم ٣ وغادر ٠" in readers[1]
    assert last == ["لم يصدر أي عدد بعد."]
    assert coming[0].startswith("العدد القادم: ")
    assert told["desk"] == ""


def test_the_last_issue_is_told_with_its_numbers(workspace: Workspace, root: Path) -> None:
    assert here("-C", root, "send", "1", "--yes").code == 0
    secret = new_plugin_secret(root, workspace.now()).secret
    header = sign_request(secret, "GET", PATH, now=workspace.now())
    code, told = asked(workspace, header)
    assert code == 200
    assert isinstance(told, dict)
    last = told["groups"][1]
    assert last[0].startswith("آخر عدد: ")
    assert last[1] == "الرسائل المرسلة: ٣"
    assert "@" not in str(told)
    assert "٠" not in str(last[2:])


def test_no_number_of_a_post_is_too_long_to_be_refused(workspace: Workspace) -> None:
    secret = new_plugin_secret(workspace.root, workspace.now()).secret
    with TestClient(app_of(workspace, postman=False), base_url="https://news.example.org") as client:
        for number in ("1" * 5000, "1" * 16, "x", "٣"):
            path = f"/hooks/wordpress/posts/{'a' * 16}/{number}"
            assert client.get(path).status_code == 403, number
            header = sign_request(secret, "GET", path, now=workspace.now())
            assert client.get(path, headers={HEADER: header}).status_code == 404, number
            assert client.get(f"/archive/{number}").status_code == 404, number
        assert client.get("/archive/7").status_code == 200
