"""A machine is lost in the middle of a send, and its workspace restored from a backup, as docs/en/operating.md says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from command import Done, here
from starlette.testclient import TestClient
from test_backups import programs
from test_upgrade import ARCHIVES, BASE, EVERYBODY, letters, of_second, old

from newsletter.wiring import open_workspace
from newsletter.workflows.serve import app_of

__all__ = ["programs"]
BEFORE = 5
"""Letters of issue 2 that had gone when the backup was made."""


def backed_up(root: Path, folder: Path) -> tuple[Path, Path]:
    """A backup of a workspace in the middle of a send, and its secrets apart."""
    for name in ("shelf", "keys"):
        (folder / name).mkdir()
    assert here("-C", root, "database", "upgrade").code == 0
    assert sum(of_second(root).values()) == BEFORE
    done = here("-C", root, "database", "backup", "--to", folder / "shelf", "--with-secrets", folder / "keys")
    assert done.code == 0, done
    (secrets,) = (folder / "keys").iterdir()
    return Path(done.out.strip()), secrets


def put_back(backup: Path, secrets: Path, root: Path) -> None:
    """The files, by the commands of docs/en/operating.md."""
    root.mkdir()
    for archive in (backup / "workspace.tar", secrets):
        subprocess.run(["tar", "--no-same-owner", "-C", root, "-xf", archive], check=True, timeout=60)
    (root / "secrets").chmod(0o700)
    if (backup / "newsletter.db").exists():
        shutil.copyfile(backup / "newsletter.db", root / "newsletter.db")


def refused(done: Done) -> None:
    assert done.code == 5, done
    assert "the database came from the backup of" in done.err
    assert "newsletter database adopt" in done.err


def goes_on_without_a_doubled_letter(root: Path, gone: Counter[str]) -> None:
    """Nothing is left of the machine but the backup; the readers have all letters that had gone from there."""
    found = json.loads(here("-C", root, "status", "--json").out)["findings"]
    assert "restored" in [one["kind"] for one in found]
    for words in (("send", "2", "--yes", "--here"), ("send", "3", "--yes", "--here"), ("weekly", "--yes")):
        refused(here("-C", root, *words))
    done = here("-C", root, "database", "adopt", "--yes")
    assert done.code == 0, done
    assert "8 letters may have gone since; nothing here can tell" in done.err
    assert "look at your provider's own log" in done.err
    assert "Nothing to do" in here("-C", root, "database", "adopt").err

    done = here("-C", root, "send", "2", "--yes", "--here")
    assert done.code == 4, done
    assert "unknown" in done.err
    assert not (root / "outbox" / "new").exists() or of_second(root) == {}
    assert gone == EVERYBODY
    assert here("-C", root, "sends", "resume", "2", "--accept-unknown", "--yes").code == 0
    (send,) = [
        one for one in json.loads(here("-C", root, "sends", "list", "--json").out)["sends"] if one["issue"] == "2"
    ]
    assert (send["state"], send["submitted"], send["unknown"]) == ("finished", 12, 0)
    # The next issue goes as ever.
    assert here("-C", root, "send", "3", "--yes", "--here").code == 0
    assert Counter(str(one["To"]) for one in letters(root)) == EVERYBODY


def opens(root: Path, link: str) -> None:
    """A link of a letter that went from the lost machine works."""
    with open_workspace(root, {}) as workspace:
        page = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE, follow_redirects=False)
        assert "ألغِ اشتراكي" in page.get(link).text


def leave_link(root: Path) -> str:
    return str(letters(root)[-1]["List-Unsubscribe"]).partition(f"<{BASE}")[2].partition(">")[0]


def test_sqlite_put_back_on_another_machine(tmp_path: Path) -> None:
    root = old(ARCHIVES[-1], tmp_path)
    backup, secrets = backed_up(root, tmp_path)
    assert here("-C", root, "send", "2", "--yes", "--here").code == 0
    gone, link = Counter(of_second(root)), leave_link(root)
    shutil.rmtree(root)

    put_back(backup, secrets, tmp_path / "again")
    goes_on_without_a_doubled_letter(tmp_path / "again", gone)
    opens(tmp_path / "again", link)


@pytest.mark.postgresql
def test_postgresql_put_back_on_another_machine(
    tmp_path: Path, database_urls: Callable[[str], str], programs: Path
) -> None:
    root = old(ARCHIVES[-1], tmp_path, database_urls("postgresql"))
    backup, secrets = backed_up(root, tmp_path)
    assert here("-C", root, "send", "2", "--yes", "--here").code == 0
    gone, link = Counter(of_second(root)), leave_link(root)
    shutil.rmtree(root)

    again, url = tmp_path / "again", database_urls("postgresql").replace("+psycopg", "")
    put_back(backup, secrets, again)
    words = [programs / "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={url}", backup / "newsletter.dump"]
    subprocess.run(words, check=True, timeout=60)
    (again / "secrets" / "database.url").write_text(url, "utf-8")
    goes_on_without_a_doubled_letter(again, gone)
    opens(again, link)


def test_an_outbox_that_was_saved_tells_who_has_had_it(tmp_path: Path) -> None:
    """Where the letters themselves are still there, nothing is in doubt: the send goes on with the others."""
    root = old(ARCHIVES[-1], tmp_path)
    backup, secrets = backed_up(root, tmp_path)
    assert here("-C", root, "send", "2", "--yes", "--here").code == 0
    for address in ("reader9@example.net", "reader11@example.net"):  # as if it had died before these
        for path in (root / "outbox" / "new").iterdir():
            if f"To: {address}".encode() in path.read_bytes():
                path.unlink()
    again = tmp_path / "again"
    put_back(backup, secrets, again)
    shutil.copytree(root / "outbox", again / "outbox")
    shutil.rmtree(root)

    done = here("-C", again, "database", "adopt", "--yes")
    assert done.code == 0, done
    assert "2 letters found here" in done.err
    assert "0 letters in doubt" in done.err or "in doubt" not in done.err
    assert here("-C", again, "send", "2", "--yes", "--here").code == 0
    assert of_second(again) == EVERYBODY
