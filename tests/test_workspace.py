"""A workspace is made whole or not at all; its keys are its owner's, and two of them may live at once."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import settings_reference
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.errors import SettingsError, WorkspaceError
from newsletter.workspace import folder
from newsletter.workspace.config import load
from newsletter.workspace.folder import make, read_keys
from subscribers import tokens

ARGUMENTS: dict[str, Any] = {
    "name": 'جريدة "الموجة" \\ الأسبوع',
    "url": "https://almawja.example.org",
    "sender": "نشرة الموجة <news@almawja.example.org>",
    "web": "",
    "language": "ar",
    "timezone": "Africa/Algiers",
}
OLD, NEW = "11" * 32, "22" * 32


def keys(root: Path, text: str) -> Path:
    path = root / "secrets" / "keys.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")
    return path


def test_what_is_made_can_be_loaded(tmp_path: Path) -> None:
    make(tmp_path / "a" / "b", **ARGUMENTS)
    settings = load(tmp_path / "a" / "b", {})
    assert settings.publication.name == ARGUMENTS["name"]
    assert settings.publication.timezone == "Africa/Algiers"
    assert settings.web.url == ""
    make(tmp_path / "c", **{**ARGUMENTS, "web": "https://news.example.org/"})
    assert load(tmp_path / "c", {}).web.url == "https://news.example.org"
    assert read_keys(tmp_path / "c").tokens != read_keys(tmp_path / "a" / "b").tokens


# A public key on P-256, made for this test.
WEBHOOK_KEY = base64.b64encode(
    ec.derive_private_key(7, ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


def test_every_commented_setting_of_the_file_to_copy_from_is_one(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.toml"
    path.write_text(settings_reference.sample(), "utf-8")
    assert load(tmp_path, {}).publication.timezone == "Africa/Algiers"
    lines = [
        line.removeprefix("# ") if line.startswith("# ") and " = " in line.split("#")[1] else line
        for line in path.read_text("utf-8").splitlines()
    ]
    text = "\n".join(lines).replace("https://…", "https://example.org").replace("MFkw…", WEBHOOK_KEY)
    text = text.replace('metrics = "…"', 'metrics = "a-token-of-this-test"')
    assert text.count("\n# ") < 6
    path.write_text(text, "utf-8")
    settings = load(tmp_path, {})
    assert settings.sender.reply_to == "editor@example.org"
    assert settings.web.url == "https://news.example.org"
    assert settings.database_url.startswith("postgresql+psycopg://")


def test_a_wrong_argument_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"newsletter\.toml:5: url: found 'example\.org'") as told:
        make(tmp_path / "w", **{**ARGUMENTS, "url": "example.org"})
    assert str(told.value).startswith(str(tmp_path / "w" / "newsletter.toml"))
    assert not (tmp_path / "w").exists()


def test_a_workspace_is_made_once(tmp_path: Path) -> None:
    make(tmp_path, **ARGUMENTS)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(WorkspaceError, match="a workspace already"):
        make(tmp_path, **ARGUMENTS)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_keys_of_an_earlier_workspace_stay(tmp_path: Path) -> None:
    text = keys(tmp_path, f'[tokens]\n1 = "{OLD}"\n[suppression]\n1 = "{NEW}"\n').read_text("utf-8")
    make(tmp_path, **ARGUMENTS)
    assert (tmp_path / "secrets" / "keys.toml").read_text("utf-8") == text


def test_an_interrupted_making_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where the disk ends: after each number of files.
    written = []

    def disk(path: Path, text: str, *, mode: int = 0o644) -> None:
        if len(written) == room:
            raise OSError(28, "No space left on device", str(path))
        written.append(path)
        real(path, text, mode=mode)

    real = folder._write
    monkeypatch.setattr(folder, "_write", disk)
    for room in range(3):
        written.clear()
        with pytest.raises(WorkspaceError, match="No space left on device"):
            make(tmp_path / str(room), **ARGUMENTS)
        assert not (tmp_path / str(room) / "newsletter.toml").exists()
    monkeypatch.setattr(folder, "_write", real)
    for room in range(3):
        make(tmp_path / str(room), **ARGUMENTS)
        assert len(read_keys(tmp_path / str(room)).tokens[1]) == 32


def test_git_keeps_no_secret_and_no_address(tmp_path: Path) -> None:
    make(tmp_path, **ARGUMENTS)
    private = ["secrets/keys.toml", ".env", "newsletter.db", "newsletter.db-wal", "backups/x.db", "outbox/new/1.eml"]
    public = ["newsletter.toml", ".gitignore", "issues/first/issue.md", "templates/email/weekly.mjml.j2"]
    for name in (*private, *public):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert sorted(done.stdout.split()) == sorted(public)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_only_the_owner_reads_the_keys(tmp_path: Path) -> None:
    make(tmp_path, **ARGUMENTS)
    path = tmp_path / "secrets" / "keys.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    for mode in (0o640, 0o604, 0o660, 0o644):
        path.chmod(mode)
        with pytest.raises(WorkspaceError, match="others can read the secret keys") as told:
            read_keys(tmp_path)
        assert told.value.mend == f"chmod 600 {path}"
    path.chmod(0o400)
    read_keys(tmp_path)


def test_a_new_key_signs_and_the_one_before_still_opens(tmp_path: Path) -> None:
    keys(tmp_path, f'[tokens]\n1 = "{OLD}"\n[suppression]\n1 = "{OLD}"\n')
    subscriber: dict[str, Any] = {"public_id": b"p" * 16, "list_id": 1, "epoch": 0}
    old_link = tokens.make("leave", read_keys(tmp_path).tokens, **subscriber)
    keys(tmp_path, f'[tokens]\n1 = "{OLD}"\n2 = "{NEW}"\n[suppression]\n1 = "{OLD}"\n')
    both = read_keys(tmp_path).tokens
    assert both == {1: bytes.fromhex(OLD), 2: bytes.fromhex(NEW)}
    new_link = tokens.make("leave", both, **subscriber)
    assert tokens.read(new_link, "leave").key_id == 2
    for link in (old_link, new_link):
        assert tokens.verify(tokens.read(link, "leave"), both, 0)
    keys(tmp_path, f'[tokens]\n2 = "{NEW}"\n[suppression]\n1 = "{OLD}"\n')
    assert not tokens.verify(tokens.read(old_link, "leave"), read_keys(tmp_path).tokens, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tokens = 3",
        f'[tokens]\n[suppression]\n1 = "{OLD}"',
        f'[tokens]\n1 = "{OLD}"\n[suppression]\n',
        f'[tokens]\n0 = "{OLD}"\n1 = "{OLD}"\n2 = "{OLD}"\n[suppression]\n1 = "{OLD}"',
        f'[tokens]\n256 = "{OLD}"\n[suppression]\n1 = "{OLD}"',
        f'[tokens]\n-1 = "{OLD}"\n[suppression]\n1 = "{OLD}"',
        f'[tokens]\none = "{OLD}"\n[suppression]\n1 = "{OLD}"',
        f'[tokens]\n1 = 5\n[suppression]\n1 = "{OLD}"',
        f'[tokens]\n1 = ["{OLD}"]\n[suppression]\n1 = "{OLD}"',
        f'[tokens]\n1 = "{OLD}00"\n[suppression]\n1 = "{OLD}"',
        f'[tokens]\n1 = "{OLD[:-1]}٣"\n[suppression]\n1 = "{OLD}"',
        "\x00",
    ],
)
def test_damaged_keys_are_told_without_showing_them(tmp_path: Path, text: str) -> None:
    path = keys(tmp_path, text)
    with pytest.raises(WorkspaceError, match="the secret keys cannot be read") as told:
        read_keys(tmp_path)
    assert told.value.where == str(path)
    assert told.value.mend == "restore the file from a backup"
    assert OLD[:8] not in str(told.value)


def test_keys_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="the secret keys are missing"):
        read_keys(tmp_path)
    (tmp_path / "secrets" / "keys.toml").mkdir(parents=True, mode=0o700)
    with pytest.raises(WorkspaceError, match="cannot be read"):
        read_keys(tmp_path)
