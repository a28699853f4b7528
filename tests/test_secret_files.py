"""Secrets come from ``secrets/``, and behind it from what systemd hands a service (``LoadCredential=``)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command import complains, here

from newsletter.errors import SettingsError, WorkspaceError
from newsletter.publish.wordpress.session import SiteAccess
from newsletter.workflows.doctor.hiding import SecretHider, secrets_of
from newsletter.workspace import editors, plugin_secret, site_access
from newsletter.workspace.config import load
from newsletter.workspace.folder import make, read_keys
from newsletter.workspace.secret_files import others_can_read, secret_files

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PERSON = '[[person]]\nname = "سلمى"\nroles = ["send"]\npassword = "x"\nsecret = "JBSWY3DPEHPK3PXP"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    make(
        folder,
        name="الموجة",
        url="https://almawja.example.org",
        sender="نشرة الموجة <news@almawja.example.org>",
        web="",
        language="ar",
        timezone="Africa/Algiers",
    )
    return folder


@pytest.fixture
def handed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of credentials of a service, as systemd makes it: read by one user, and by the mask of a list."""
    folder = tmp_path / "credentials"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def hand(folder: Path, name: str, text: str, mode: int = 0o440) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_a_secret_that_stands_in_no_file_is_read_from_what_was_handed_over(root: Path, handed: Path) -> None:
    hand(handed, "nashra_sendgrid.key", "SG.from-systemd\n")
    hand(handed, "other.password", "of somebody else")
    assert load(root, {}).options["sendgrid"].key == "SG.from-systemd"


def test_without_that_folder_there_is_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("", "/nowhere/at/all"):
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", folder)
        assert load(root, {}).options["sendgrid"].key == ""


def test_the_newer_one_in_the_workspace_wins(root: Path, handed: Path) -> None:
    hand(handed, "nashra_sendgrid.key", "SG.of-the-start")
    (root / "secrets" / "sendgrid.key").write_text("SG.of-today\n", "utf-8")
    assert load(root, {}).options["sendgrid"].key == "SG.of-today"


def test_keys_may_be_handed_over(root: Path, handed: Path) -> None:
    own = root / "secrets" / "keys.toml"
    kept = read_keys(root)
    hand(handed, "nashra_keys.toml", own.read_text("utf-8"))
    own.unlink()
    assert read_keys(root) == kept


def test_the_plugin_the_site_and_the_people_too(root: Path, handed: Path) -> None:
    plugin_secret.new_plugin_secret(root, NOW)
    site_access.write(root, SiteAccess("https://example.org/", "https://example.org/wp-json/", "news", "x y z"))
    (root / "secrets" / "desk.toml").write_text(PERSON, "utf-8")
    (root / "secrets" / "desk.toml").chmod(0o600)
    before = plugin_secret.read_plugin_secret(root, NOW), site_access.read(root), editors.read(root)
    assert all(before)
    for name in ("wordpress.toml", "wordpress.password", "desk.toml"):
        hand(handed, f"nashra_{name}", (root / "secrets" / name).read_text("utf-8"))
        (root / "secrets" / name).unlink()
    assert (plugin_secret.read_plugin_secret(root, NOW), site_access.read(root), editors.read(root)) == before


def test_what_everybody_may_read_is_refused(root: Path, handed: Path) -> None:
    own = root / "secrets" / "keys.toml"
    hand(handed, "nashra_keys.toml", own.read_text("utf-8"), mode=0o444)
    own.unlink()
    with pytest.raises(WorkspaceError, match="others can read"):
        read_keys(root)


def test_the_group_counts_for_files_of_the_workspace(root: Path) -> None:
    path = hand(root / "secrets", "keys.toml.copy", "x")
    assert others_can_read(path)
    path.chmod(0o400)
    assert not others_can_read(path)


def test_a_misnamed_one_is_told_as_in_the_folder(root: Path, handed: Path) -> None:
    hand(handed, "nashra_sendgird.key", "x")
    with pytest.raises(SettingsError, match="is not the name of a setting"):
        load(root, {})


def test_the_doctor_keeps_them_out_of_its_words(root: Path, handed: Path) -> None:
    hand(handed, "nashra_sendgrid.key", "SG.canary-of-systemd")
    hide = SecretHider(secrets_of(root, {}, None))
    assert hide("the key SG.canary-of-systemd is wrong") == "the key … is wrong"


def as_somebody_else(look: Callable[[], str]) -> str:
    """What a look gives to a user who owns nothing here; whatever is imported for it is there already."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover  the other process
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(writing, look().encode())
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        text = told.read().decode("utf-8")
    os.waitpid(child, 0)
    return text


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that everybody may enter: below pytest's own nobody else may, and each run of pytest sees to that."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can run something as somebody else")
def test_a_folder_of_secrets_that_only_root_may_enter(
    root: Path, open_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with ``LoadCredential=nashra:…/secrets``, when root owns that folder and the service is somebody else."""
    root, handed = Path(shutil.copytree(root, open_place / "w")), open_place / "credentials"
    handed.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    hand(handed, "nashra_keys.toml", (root / "secrets" / "keys.toml").read_text("utf-8"))
    hand(handed, "nashra_sendgrid.key", "SG.from-systemd")
    (root / "secrets").chmod(0o700)
    for folder in (handed, root):
        folder.chmod(0o755)
    for path in handed.iterdir():
        os.chown(path, 65534, 65534)

    def look() -> str:
        key = load(root, {}).options["sendgrid"].key
        return f"{key} {len(read_keys(root).tokens)} {plugin_secret.read_plugin_secret(root, NOW)}"

    assert look() == "SG.from-systemd 1 None"
    assert as_somebody_else(look) == "SG.from-systemd 1 None"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert "secrets: cannot be read (Permission denied)" in as_somebody_else(look)
    assert secret_files(root / "secrets")["keys.toml"].parent == root / "secrets"


def test_the_command_says_it_in_a_line(root: Path, handed: Path) -> None:
    hand(handed, "nashra_sendgird.key", "x")
    complains(here("-C", root, "lists"), "nashra_sendgird.key", "is not the name of a setting")
