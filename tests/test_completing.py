"""What the shell offers behind Tab, by the protocol that Typer's own scripts for bash, zsh and fish speak."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import Done, environment, here, make_workspace
from settings_text import add_settings

TOPICS = '[topics.readers]\n1 = "رياضة"\n2 = { title = "ثقافة", sections = ["كتب", "مسرح"] }'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("completing") / "w")
    assert here("-C", root, "lists", "add", "sport", "--title", "الملاعب").code == 0
    assert here("-C", root, "send", "1", "--yes").code == 0
    for number in (2, 10):
        folder = root / "issues" / f"issue-{number}"
        folder.mkdir()
        (folder / "issue.md").write_text(f'+++\nnumber = {number}\nsubject = "x"\n+++\n', "utf-8")
    add_settings(root, TOPICS)
    return root


def tab(line: str, cwd: Path, shell: str = "bash", **more: str) -> list[str]:
    """The lines that a shell gets when Tab is pressed at the end of this one."""
    words = line.split(" ")
    asked = {
        "_NEWSLETTER_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        **more,
    }
    done: Done = here(cwd=cwd, more=asked)
    assert done.err == "", done
    return [line for line in done.out.splitlines() if line]  # nothing to offer is an empty line


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("newsletter send --list ", ["readers", "sport"]),
        ("newsletter send --list s", ["sport"]),
        ("newsletter weekly --list r", ["readers"]),
        ("newsletter lists close ", ["readers", "sport"]),
        ("newsletter subscribers list --list sp", ["sport"]),
        ("newsletter open ", ["10", "2", "1"]),
        ("newsletter edit 1", ["10", "1"]),
        ("newsletter report ", ["10", "2", "1"]),
        ("newsletter articles --section ", ["رياضة", "كتب", "مسرح"]),
        ("newsletter articles --section ك", ["كتب"]),
        ("newsletter wee", ["weekly"]),
    ],
)
def test_bash(root: Path, line: str, offered: list[str]) -> None:
    assert tab(line, root / "issues") == offered


def test_sends_say_their_issue_and_state(root: Path) -> None:
    (send,) = tab("newsletter sends show ", root)
    assert tab(f"newsletter sends pause {send[:3]}", root) == [send]
    assert tab("newsletter sends show ", root, "fish") == [f"{send}\t1, finished"]
    assert f'"{send}":"1, finished"' in "\n".join(tab("newsletter sends show ", root, "zsh"))


def test_the_folder_of_the_command_counts(root: Path, tmp_path: Path) -> None:
    assert tab(f"newsletter -C {root} send --list ", tmp_path) == ["readers", "sport"]
    assert tab("newsletter send --list ", tmp_path) == []


def damage(root: Path, what: str) -> dict[str, str]:
    if what == "settings":
        (root / "newsletter.toml").write_text("[[[", "utf-8")
    if what == "database":
        (root / "newsletter.db").write_bytes(b"no database" * 100)
    if what == "issue":
        (root / "issues" / "x" / "issue.md").mkdir(parents=True)
    return {"NASHRA_DATABASE__URL": "postgresql://nobody@192.0.2.1/x"} if what == "postgresql" else {}


@pytest.mark.parametrize("what", ["settings", "database", "issue", "postgresql", "nothing"])
def test_whatever_is_wrong_nothing_is_said_and_nothing_is_made(tmp_path: Path, what: str) -> None:
    (tmp_path / "newsletter.toml").write_text("[newsletter]\n", "utf-8")
    more = damage(tmp_path, what)
    before = sorted(tmp_path.rglob("*"))
    for line in (
        "newsletter send --list ",
        "newsletter open ",
        "newsletter sends show ",
        "newsletter articles --section ",
    ):
        assert tab(line, tmp_path, **more) == []
    assert sorted(tmp_path.rglob("*")) == before


def test_the_database_is_only_looked_at(root: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in root.glob("newsletter.db*")}
    tab("newsletter send --list ", root)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in root.glob("newsletter.db*")} == before


def test_it_takes_no_time_and_loads_nothing_dear(root: Path) -> None:
    """What is ours of it: reading the lists takes milliseconds; SQLAlchemy, lxml and the rest are never loaded."""
    code = (
        "import sys, types; from pathlib import Path; from newsletter.cli import completing\n"
        "ctx = types.SimpleNamespace(find_root=lambda: types.SimpleNamespace(params={'directory': sys.argv[1]}))\n"
        "assert len(completing.lists(ctx)) == 2 and completing.sends(ctx) and completing.issues(ctx)\n"
        "dear = {'sqlalchemy', 'pydantic', 'lxml', 'jinja2', 'newsletter.workspace.config', 'newsletter.wiring'}\n"
        "print(*sorted(dear & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=False, env=environment()
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done

    from types import SimpleNamespace

    from newsletter.cli import completing

    asked = SimpleNamespace(find_root=lambda: SimpleNamespace(params={"directory": root}))
    began = time.process_time()
    for read in (completing.lists, completing.issues, completing.sends, completing.sections):
        assert read(asked)  # type: ignore[arg-type]
    assert time.process_time() - began < 0.15
