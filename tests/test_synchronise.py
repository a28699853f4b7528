"""SendGrid's lists of addresses are taken over once, page by page, from where the last run ended."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from test_deliver import make
from who_may import eligible as eligible_of

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import suppressions
from newsletter.workflows.suppressions import SuppressionsOutcome
from subscribers.models import Event


@contextmanager
def account(lists: dict[str, Any], asked: list[str]) -> Iterator[str]:
    """An account whose lists are these; what is asked for is written down."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked.append(self.path)
            kind = parts.path.rpartition("/")[2]
            query = {name: int(value[0]) for name, value in parse_qs(parts.query).items()}
            found = lists.get(kind, [])
            if isinstance(found, list):
                found = [item for item in found if item["created"] >= query["start_time"]]
                found = found[query["offset"] : query["offset"] + query["limit"]]
            status = 200 if self.headers["Authorization"] == "Bearer SG.test" else 403
            content = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def environment(host: str, key: str = "SG.test") -> dict[str, str]:
    return {"NASHRA_SENDER__KIND": "sendgrid", "NASHRA_SENDGRID__KEY": key, "NASHRA_SENDGRID__HOST": host}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make(tmp_path / "w", 5, batch=2)
    return tmp_path / "w"


def eligible(workspace: Workspace) -> set[int]:
    with workspace.database.read() as connection:
        return set(eligible_of(connection, 1, range(1, 6), workspace.now()))


def test_each_list_has_its_effect_and_is_read_on_from_its_end(root: Path) -> None:
    asked: list[str] = []
    lists = {
        "bounces": [{"email": "reader0@example.net", "created": 1795000000, "reason": "550", "status": "5.1.1"}],
        "blocks": [{"email": "reader1@example.net", "created": 1795000000}],
        "spam_reports": [{"email": "reader2@example.net", "created": 1795000100}],
        "invalid_emails": [{"email": "not an address", "created": 1795000100}],
        "unsubscribes": [
            {"email": "reader3@example.net", "created": 1795000200},
            {"email": "stranger@example.org", "created": 1795000200},
        ],
    }
    with account(lists, asked) as host, open_workspace(root, environment(host)) as workspace:
        with workspace.database.write() as connection:
            event = Event("complained", workspace.now(), "0123456789abcdef.7")
            assert ledger.note_unknown_sends(connection, [event], workspace.now())
        assert suppressions.run(workspace) == SuppressionsOutcome(read=6, suppressed=2, left=1, known=3)
        assert eligible(workspace) == {2, 5}
        # What was reported of sends that the database does not know was about people of these lists.
        with workspace.database.read() as connection:
            assert ledger.unknown_sends(connection) == []
        asked.clear()
        assert suppressions.run(workspace) == SuppressionsOutcome(read=6, known=6)
        assert "/v3/suppression/bounces?start_time=1794996400&limit=500&offset=0" in asked


@pytest.mark.slow
def test_a_bounce_on_the_list_that_blames_us_or_a_full_mailbox_changes_nothing(root: Path) -> None:
    reasons = [
        ("5.1.1", "550 5.7.1 IP address blacklisted"),
        ("5.1.0", "550 5.1.0 192.0.2.1 is not allowed to send mail for example.org. Please see SPF"),
        ("5.1.1", "552 5.2.2 Over quota"),
        ("5.2.1", "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more"),
        ("5.1.1", "550 5.1.1 user unknown"),
    ]
    found = [
        {"email": f"reader{number}@example.net", "created": 1795000000 + number, "status": status, "reason": reason}
        for number, (status, reason) in enumerate(reasons)
    ]
    with account({"bounces": found}, []) as host, open_workspace(root, environment(host)) as workspace:
        assert suppressions.run(workspace) == SuppressionsOutcome(read=5, suppressed=1, known=4)
        assert eligible(workspace) == {1, 2, 3, 4}


@pytest.mark.slow
def test_long_lists_are_read_page_by_page(root: Path) -> None:
    asked: list[str] = []
    many = [{"email": f"someone{number}@example.org", "created": 1795000000} for number in range(1201)]
    with account({"bounces": many}, asked) as host, open_workspace(root, environment(host)) as workspace:
        assert suppressions.run(workspace) == SuppressionsOutcome(read=1201, suppressed=1201)
    assert sum("bounces" in path for path in asked) == 3


@pytest.mark.parametrize("found", [{"errors": []}, "text", None])
def test_an_answer_that_is_no_list_is_said_and_changes_nothing(root: Path, found: Any) -> None:
    with account({"bounces": found}, []) as host, open_workspace(root, environment(host)) as workspace:
        with pytest.raises(SendError, match="not a list"):
            suppressions.run(workspace)
        assert len(eligible(workspace)) == 5


def test_a_key_without_the_right_is_said(root: Path) -> None:
    with (
        account({}, []) as host,
        open_workspace(root, environment(host, "SG.other")) as workspace,
        pytest.raises(SendError, match=r"refuses to show /v3/suppression/bounces .403."),
    ):
        suppressions.run(workspace)


def test_a_workspace_with_another_sender_is_told(root: Path) -> None:
    with open_workspace(root, {}) as workspace, pytest.raises(SendError, match="does not send through SendGrid"):
        suppressions.run(workspace)
