"""An issue opened in the browser, and in the editor of whoever writes it."""

from __future__ import annotations

import shlex
import sys
import webbrowser
from pathlib import Path

import pytest
from command import complains, here, make_workspace

from newsletter.workflows.browsing import has_screen

SCREEN = {"DISPLAY": ":0", "SSH_CONNECTION": ""}
DARK = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "SSH_CONNECTION": ""}
NO_EDITOR = {"VISUAL": "", "EDITOR": ""}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Issue 1 has gone out, issue 2 is a draft."""
    root = make_workspace(tmp_path_factory.mktemp("looking") / "w")
    assert here("-C", root, "send", "1", "--yes").code == 0
    second = root / "issues" / "second"
    second.mkdir()
    text = (root / "issues" / "first" / "issue.md").read_text("utf-8")
    (second / "issue.md").write_text(text.replace("number = 1", "number = 2"), "utf-8")
    return root


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that a browser was asked to open."""
    asked: list[str] = []

    def open_it(address: str) -> bool:
        asked.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", open_it)
    return asked


def editor(code: str) -> dict[str, str]:
    """An editor with arguments, which does this to the file it is given."""
    return {"VISUAL": shlex.join([sys.executable, "-c", f"import sys; path = sys.argv[-1]\n{code}", "--wait"])}


@pytest.mark.parametrize(
    ("environment", "platform", "shown"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "linux", False),
        ({}, "linux", False),
        ({}, "darwin", True),
    ],
)
def test_a_screen_is_one_that_somebody_sees(environment: dict[str, str], platform: str, shown: bool) -> None:
    assert has_screen(environment, platform) is shown


def test_open_makes_the_preview_and_shows_it(root: Path, opened: list[str]) -> None:
    done = here("open", cwd=root / "issues", more=SCREEN)
    assert (done.code, done.out) == (0, "second/issue.html\n")
    page = root / "issues" / "second" / "issue.html"
    assert opened == [page.as_uri()]
    assert "المدينة القديمة" in page.read_text("utf-8")
    assert here("-C", root, "open", "1", "--no-open", more=SCREEN).out == f"{root}/issues/first/issue.html\n"
    assert here("-C", root, "open", "first", more=DARK).err.startswith("No browser opens here: open the file yourself")
    assert len(opened) == 1


def test_open_shows_what_keeps_it_from_going(root: Path, opened: list[str]) -> None:
    path = root / "issues" / "second" / "issue.md"
    text = path.read_text("utf-8")
    path.write_text(text.replace("subject = ", "subject = 3 #"), "utf-8")
    done = here("open", "2", cwd=root, more=SCREEN)
    path.write_text(text, "utf-8")
    assert (done.code, len(opened)) == (3, 1)
    assert "mend them with newsletter edit" in done.err


def test_open_on_the_web(root: Path, opened: list[str]) -> None:
    done = here("-C", root, "open", "1", "--web", more=SCREEN)
    assert (done.code, done.out) == (0, "https://news.example.org/letters/1\n")
    assert opened == ["https://news.example.org/letters/1"]
    complains(here("-C", root, "open", "--web", more=SCREEN), "issue 2: it has not gone out", "newsletter open 2")
    hidden = {**SCREEN, "NASHRA_WEB__LISTS": "others"}
    complains(here("-C", root, "open", "1", "--web", more=hidden), "'readers' are not for everybody")
    without = {**SCREEN, "NASHRA_WEB__URL": ""}
    complains(here("-C", root, "open", "1", "--web", more=without), "no reader pages", "[web] url")
    assert len(opened) == 1


def test_edit_hands_the_draft_to_the_editor_and_tells_the_check(root: Path) -> None:
    path = root / "issues" / "second" / "issue.md"
    before = path.read_text("utf-8")
    more = editor("open(path, 'a').write('\\n## ' + sys.argv[-2] + '\\n')")
    done = here("edit", cwd=root, more=more)
    assert (done.code, done.out) == (0, ""), done
    assert path.read_text("utf-8") == f"{before}\n## --wait\n"
    assert done.err.startswith("Issue 2")
    assert len(done.err.splitlines()) == 1
    path.write_text(before, "utf-8")
    done = here("-C", root, "edit", "second", more=editor("open(path, 'w').write('no issue')"))
    path.write_text(before, "utf-8")
    assert (done.code, "It cannot be read as it stands" in done.err) == (0, True)


def test_edit_says_that_an_issue_has_gone(root: Path) -> None:
    done = here("-C", root, "edit", "1", more=editor(""))
    assert done.err.startswith("note: issue 1 is frozen already")


def test_edit_has_the_exit_code_of_the_editor(root: Path) -> None:
    done = here("-C", root, "edit", more=editor("sys.exit(7)"))
    assert done.code == 7
    assert done.err.endswith("The editor ended with code 7.\n")


def test_edit_without_an_editor_says_how_to_name_one(root: Path) -> None:
    done = here("edit", cwd=root, more=NO_EDITOR)
    assert (done.code, done.out) == (1, "issues/second/issue.md\n")
    assert 'export EDITOR="nano"' in done.err
    wrong = {**NO_EDITOR, "EDITOR": "no-such-editor-here --wait"}
    complains(here("-C", root, "edit", more=wrong), "EDITOR: no-such-editor-here cannot be started")
    complains(here("-C", root, "edit", more={**NO_EDITOR, "VISUAL": 'vim "'}), "VISUAL: its quotes do not end")


def test_without_an_issue_both_say_what_makes_one(tmp_path: Path) -> None:
    assert here("init", tmp_path / "n", "--name", "x", "--url", "https://example.org").code == 0
    complains(here("-C", tmp_path / "n", "edit", more=editor("")), "no issue yet", "newsletter compose")
    complains(here("-C", tmp_path / "n", "open"), "no issue yet", "newsletter compose")
