"""What a command writes under a name that a person gave never takes the place of something else."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command import TEXT, command, complains, environment, here

from newsletter.issues.compose import PICTURES
from subscribers.newfile import NameTakenError, new_file


def write(path: Path, text: str = "new", meanwhile: Callable[[], object] = lambda: None) -> None:
    with new_file(path) as unfinished:
        unfinished.write_text(text, "utf-8")
        meanwhile()


def no_links(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.fixture(params=["links", "no links"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has hard links, and one that has none."""
    if request.param == "no links":
        monkeypatch.setattr(Path, "hardlink_to", no_links)


@pytest.mark.usefixtures("file_system")
def test_a_new_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "قائمة.csv"
    write(path, meanwhile=lambda: pytest.fail("too early") if path.exists() else None)
    assert [(one.name, one.read_text("utf-8")) for one in tmp_path.iterdir()] == [(path.name, "new")]
    assert path.stat().st_nlink == 1


@pytest.mark.usefixtures("file_system")
@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling link"])
def test_what_has_the_name_keeps_it(tmp_path: Path, kind: str, early: bool) -> None:
    path, other = tmp_path / "out", tmp_path / "other"

    def take() -> None:
        if kind == "file":
            path.write_text("old")
        elif kind == "folder":
            path.mkdir()
        else:
            path.symlink_to(other)
            if kind == "link":
                other.write_text("old")

    if early:
        take()
    with pytest.raises(NameTakenError):
        write(path, meanwhile=(lambda: pytest.fail("it began")) if early else take)
    texts = {one.name: one.read_text() for one in tmp_path.iterdir() if one.is_file()}
    wanted = {"file": {"out": "old"}, "folder": {}, "link": {"out": "old", "other": "old"}, "dangling link": {}}
    assert texts == wanted[kind]
    assert (path.is_dir(), path.is_symlink()) == (kind == "folder", "link" in kind)
    assert len(list(tmp_path.glob("out*"))) == 1


@pytest.mark.usefixtures("file_system")
@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, SystemExit, OSError])
def test_nothing_stays_of_what_was_broken_off(tmp_path: Path, kind: type[BaseException]) -> None:
    def stop() -> None:
        raise kind

    with pytest.raises(kind):
        write(tmp_path / "out", meanwhile=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("w")
    assert here("init", root, "--name", "الموجة", "--url", "https://almawja.example.org").code == 0
    assert here("-C", root, "subscribers", "add", "amal@example.net").code == 0
    return root


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_export_never_overwrites(root: Path, tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "readers.csv", tmp_path / "mine.csv"
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
    else:
        other.write_text("mine")
        path.symlink_to(other)
    before = sorted(one.name for one in tmp_path.iterdir())
    done = here("-C", root, "subscribers", "export", path)
    complains(done, str(path), "exists already", "not written over", "choose another name")
    assert done.out == ""
    assert sorted(one.name for one in tmp_path.iterdir()) == before
    assert kind == "folder" or path.read_text() == "mine"


def test_an_export_broken_off_with_ctrl_c_leaves_nothing(root: Path, tmp_path: Path) -> None:
    # The first row takes a minute, as a huge list would.
    slow = (
        # A shell that runs the tests in the background lets its children ignore Ctrl-C.
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from subscribers.store import exports\n"
        "def wait(*_):\n    print('writing', flush=True)\n    time.sleep(60)\n"
        "exports._records = wait\n"
        "from newsletter.cli import main\n"
        "main()\n"
    )
    words = [sys.executable, "-c", slow, *command("-C", root, "subscribers", "export", tmp_path / "out.csv")[3:]]
    process = subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    told = ""
    for _ in range(20):
        # Once more where nothing came of it: Python drops a KeyboardInterrupt that falls into a destructor.
        process.send_signal(signal.SIGINT)
        try:
            _, told = process.communicate(timeout=6)
            break
        except subprocess.TimeoutExpired:
            continue
    else:
        process.kill()
    assert process.returncode not in (0, None)
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_of_two_exports_to_one_name_one_is_refused(root: Path, tmp_path: Path) -> None:
    words = command("-C", root, "subscribers", "export", tmp_path / "out.csv")
    both = [subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=60)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    assert sum("exists already" in words for words in told) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_picture_that_is_there_keeps_its_name(root: Path, tmp_path: Path) -> None:
    picture = Path(__file__).parents[1] / "newsletter" / "sample" / "06-old-city.jpg"
    (tmp_path / "story.md").write_text(f"# المدينة القديمة\n\n![صورة]({picture})\n\n{TEXT}", "utf-8")
    assert here("-C", root, "collect", tmp_path / "story.md").code == 0
    folder = root / "issues" / "mine"
    kept = folder / PICTURES / f"1-{picture.name}"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    assert here("-C", root, "compose", "--slug", "mine").code == 0
    assert kept.read_text() == "mine"
    copied = kept.with_name(f"2-{picture.name}")
    assert copied.read_bytes() == picture.read_bytes()
    assert f"({PICTURES}/{copied.name})" in (folder / "issue.md").read_text("utf-8")

    (tmp_path / "more.txt").write_text(f"خبر آخر\n{TEXT}", "utf-8")
    assert here("-C", root, "collect", tmp_path / "more.txt").code == 0
    complains(here("-C", root, "compose"), "repeats a story that there is already (2 = issue 1)", "compose ID")
    (tmp_path / "more.txt").write_text("خبر آخر\nفاز فريق النوارس بكأس المدينة بعد مباراة طويلة تحت المطر.\n", "utf-8")
    assert here("-C", root, "collect", tmp_path / "more.txt").code == 0
    text = (folder / "issue.md").read_bytes()
    complains(here("-C", root, "compose", "--slug", "mine"), "an issue here already", "--slug")
    assert (folder / "issue.md").read_bytes() == text


def test_init_keeps_the_lines_that_git_ignores_already(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.swp\n/secrets/", "utf-8")
    assert here("init", tmp_path, "--name", "الموجة", "--url", "https://almawja.example.org").code == 0
    lines = (tmp_path / ".gitignore").read_text("utf-8").splitlines()
    assert lines[:2] == ["*.swp", "/secrets/"]
    assert {"/newsletter.db*", "/.env", "/outbox/"} <= set(lines)
    assert lines.count("/secrets/") == 1


def test_two_backups_of_one_second_are_two_files(root: Path) -> None:
    from datetime import UTC, datetime

    from newsletter.storage.database import backup
    from newsletter.wiring import open_workspace

    now = datetime(2026, 11, 24, 8, tzinfo=UTC)
    with open_workspace(root, {}) as workspace:
        names = [backup(workspace.database, now=now).name for _ in range(3)]
    assert names == [f"newsletter-20261124-080000Z{more}.db" for more in ("", "-2", "-3")]
    assert sorted(path.name for path in (root / "backups").iterdir()) == sorted(names)
    assert {(root / "backups" / name).stat().st_mode & 0o777 for name in names} == {0o600}
