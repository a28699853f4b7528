"""Workspaces of older versions, killed in the middle of a send, go on with that of today (tests/data/upgrade)."""

from __future__ import annotations

import email
import email.policy
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest
from command import complains, here, unpacked
from desk_visits import at_desk
from starlette.testclient import TestClient

from newsletter.storage.database import HEAD
from newsletter.wiring import open_workspace
from newsletter.workflows.serve import app_of

DATA = Path(__file__).parent / "data" / "upgrade"
ARCHIVES = sorted(DATA.glob("schema-*.tar.xz"))
EVERYBODY = {f"reader{number}@example.net": 1 for number in range(12)}
BASE = "https://news.almawja.example.org"


def old(archive: Path, folder: Path, url: str = "") -> Path:
    """A workspace as the older version left it; with a URL its rows are put there, and it has no SQLite file."""
    unpacked(archive, folder)
    root = folder / "nashra"
    if url:
        plain = url.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute((folder / "nashra.sql").read_bytes())
        (root / "secrets" / "database.url").write_text(plain, "utf-8")
        (root / "newsletter.db").unlink()
    return root


def letters(root: Path) -> list[EmailMessage]:
    """What lies in the outbox."""
    paths = sorted((root / "outbox" / "new").iterdir())
    return [email.message_from_bytes(one.read_bytes(), policy=email.policy.default) for one in paths]  # type: ignore[misc]


def of_second(root: Path) -> dict[str, int]:
    """Letters of the second issue for each reader."""
    stamp = re.search(r'id = "(\w+)"', (root / "issues" / "second" / "sent.toml").read_text("utf-8"))
    assert stamp is not None
    found = (root / "outbox" / "new").glob(f"{stamp[1]}.*.eml")
    return Counter(str(email.message_from_bytes(one.read_bytes())["To"]) for one in found)


def goes_on(root: Path) -> None:
    """Hold the workspace to all that an editor expects of it after an upgrade."""
    state = json.loads(here("-C", root, "status", "--json").out)
    (send,) = state["sends"]
    assert (send["issue"], send["audience"], send["submitted"] + send["open"]) == ("2", 12, 12)
    assert 0 < send["open"] < 12
    assert "stopped" in [one["kind"] for one in state["findings"]]
    assert sum(of_second(root).values()) == 5

    done = here("-C", root, "send", "2", "--yes", "--here")
    assert done.code == 0, done
    assert of_second(root) == EVERYBODY
    assert "already" in here("-C", root, "send", "2", "--yes", "--here").err
    assert of_second(root) == EVERYBODY
    assert here("-C", root, "check", "3").code == 0

    with open_workspace(root, {}) as workspace:
        page = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE, follow_redirects=False)
        desk = at_desk(workspace)
        assert 'class="story' in desk.get("/issue/third").text
        for letter in letters(root):
            link = str(letter["List-Unsubscribe"]).partition(f"<{BASE}")[2].partition(">")[0]
            assert link.startswith("/leave/")
            opened = page.get(link)
            assert opened.status_code == 200, link
            assert "ألغِ اشتراكي" in opened.text
        # The last one is pressed: a link of the old version ends the subscription of today.
        assert page.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    told = json.loads(here("-C", root, "subscribers", "show", str(letter["To"]), "--json").out)
    assert "left" in json.dumps(told)


def test_the_archives_are_small_and_name_no_machine(tmp_path: Path) -> None:
    assert sum(one.stat().st_size for one in DATA.iterdir()) < 150_000
    for archive in ARCHIVES:
        unpacked(archive, tmp_path)
        for one in tmp_path.rglob("*"):
            if one.is_file():
                assert not re.search(rb"/(home|root|work|tmp|Users)/", one.read_bytes()), one


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda one: one.name.partition(".")[0])
def test_a_file_of_sqlite_goes_on(archive: Path, tmp_path: Path) -> None:
    root = old(archive, tmp_path)
    with closing(sqlite3.connect(root / "newsletter.db")) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert archive.name.startswith(f"schema-{revision}")
    assert here("-C", root, "database", "upgrade").code == 0
    with closing(sqlite3.connect(root / "newsletter.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
    # What it was before is kept beside it.
    assert len(list((root / "backups").glob("*.db"))) == (revision != HEAD)
    goes_on(root)


@pytest.mark.postgresql
@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda one: one.name.partition(".")[0])
def test_a_database_of_postgresql_goes_on(archive: Path, tmp_path: Path, database_urls: Callable[[str], str]) -> None:
    root = old(archive, tmp_path, database_urls("postgresql"))
    if not archive.name.startswith(f"schema-{HEAD}"):
        complains(here("-C", root, "sends", "list"), "this version needs", "newsletter database upgrade")
        told = here("-C", root, "status")
        assert (told.code, "reached" in told.out) == (1, False)
        assert "The database is older than this program: its schema is " in told.out, told
        assert "newsletter database upgrade" in told.out
    assert here("-C", root, "database", "upgrade").code == 0
    goes_on(root)
