"""Erasing leaves no byte of the address in the workspace, and nobody brings it back."""

from __future__ import annotations

from pathlib import Path

import pytest
from settings_text import with_settings
from test_deliver import make, run

from newsletter.wiring import open_workspace
from newsletter.workflows import erase
from subscribers import actions
from subscribers.errors import SuppressedError, UnknownSubscriber

VICTIM = b"reader3@example.net"


def holding(root: Path) -> list[str]:
    """The files of a workspace that hold the address, letters included."""
    return [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and VICTIM in path.read_bytes()]


def test_no_byte_of_the_address_stays_and_it_cannot_come_back(tmp_path: Path) -> None:
    root = tmp_path / "w"
    make(root, 5, batch=2)
    with open_workspace(root, {}) as workspace:
        run(workspace.delivery_setup)
        (root / erase.REJECTS).mkdir()
        (root / erase.REJECTS / "import.csv").write_text(f"7,{VICTIM.decode()},twice\n8,x,no @\n", "utf-8")
        assert len(holding(root)) >= 3
        erased = erase.erase(workspace, "Reader3@Example.net".replace("Reader3", "reader3"))
        assert (erased.letters, erased.scrubbed, erased.left_over) == (1, True, ())
    assert holding(root) == []
    assert (root / erase.REJECTS / "import.csv").read_text("utf-8") == "8,x,no @\n"
    assert len(list((root / "outbox" / "new").iterdir())) == 4
    with open_workspace(root, {}) as workspace:
        with pytest.raises(SuppressedError), workspace.database.write() as connection:
            actions.add_subscriber(
                connection, VICTIM.decode(), "readers", now=workspace.now(), keys=workspace.keys.suppression
            )
        with pytest.raises(UnknownSubscriber):
            erase.erase(workspace, VICTIM.decode())
        csv = tmp_path / "again.csv"
        csv.write_text(f"email\n{VICTIM.decode()}\nnew@example.net\n", "utf-8")
        with workspace.database.write() as connection:
            report = actions.import_file(
                connection, csv, "readers", now=workspace.now(), keys=workspace.keys.suppression
            )
        assert (report.added, report.suppressed) == (1, 1)


def test_copies_made_before_are_named(tmp_path: Path) -> None:
    from newsletter.storage.database import backup

    root = tmp_path / "w"
    make(root, 5, batch=2)
    with open_workspace(root, {}) as workspace:
        copy = backup(workspace.database, now=workspace.now())
        assert erase.erase(workspace, VICTIM.decode()).left_over == (copy,)


def test_who_erases_themselves_on_their_page_is_out_of_the_outbox_too(tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    from newsletter.workflows.serve import app_of
    from subscribers import store
    from subscribers.addresses import normalise

    root = tmp_path / "w"
    make(root, 5, batch=2)
    settings = root / "newsletter.toml"
    settings.write_text(with_settings(settings.read_text("utf-8"), '[web]\nurl = "https://news.example.org"\n'))
    with open_workspace(root, {}) as workspace:
        run(workspace.delivery_setup)
        assert len(holding(root / "outbox")) == 1
        with workspace.database.write() as connection:
            person = store.find(connection, normalise(VICTIM.decode()))
            assert person is not None
            token = actions.make_request(connection, person.id, "erase", now=workspace.now())
        client = TestClient(app_of(workspace, postman=False), base_url="https://news.example.org")
        assert client.get(f"/erase/{token}").status_code == 200
        assert len(holding(root / "outbox")) == 1
        assert client.post(f"/erase/{token}").status_code == 200
        assert holding(root / "outbox") == []
        assert len(list((root / "outbox" / "new").iterdir())) == 4
        with pytest.raises(UnknownSubscriber):
            erase.erase(workspace, VICTIM.decode())
        assert client.post(f"/erase/{token}").status_code == 404
