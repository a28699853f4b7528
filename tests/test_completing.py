"""What the shell offers behind Tab, by the protocol that Typer's own scripts for bash, zsh and fish speak."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import completion_table
import pytest
import typer
from command import Done, environment, here, make_workspace
from settings_text import add_settings
from typer import _completion_classes
from typer._click import shell_completion

from newsletter import completing
from newsletter.cli.tree import app
from newsletter.completing import TABLE, line, values

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


def asked(written: str, cwd: Path, shell: str, action: str = "get-args", **more: str) -> Done:
    """What the program says when Tab is pressed at the end of this line."""
    told = {
        "_NEWSLETTER_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": written,
        "COMP_CWORD": str(len(written.split(" ")) - 1),
        "_TYPER_COMPLETE_ARGS": written,
        "_TYPER_COMPLETE_FISH_ACTION": action,
        **more,
    }
    return here(cwd=cwd, more=told)


def tab(written: str, cwd: Path, shell: str = "bash", **more: str) -> list[str]:
    """The lines that a shell gets."""
    done = asked(written, cwd, shell, **more)
    assert (done.code, done.err) == (0, ""), done
    return [line for line in done.out.splitlines() if line]  # nothing to offer is an empty line


@pytest.mark.parametrize(
    ("written", "offered"),
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
def test_bash(root: Path, written: str, offered: list[str]) -> None:
    assert tab(written, root / "issues") == offered


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
    for written in (
        "newsletter send --list ",
        "newsletter open ",
        "newsletter sends show ",
        "newsletter articles --section ",
    ):
        assert tab(written, tmp_path, **more) == []
    assert sorted(tmp_path.rglob("*")) == before


def test_the_database_is_only_looked_at(root: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in root.glob("newsletter.db*")}
    tab("newsletter send --list ", root)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in root.glob("newsletter.db*")} == before


def test_it_takes_no_time_and_loads_nothing_dear(root: Path) -> None:
    """A whole process, from its first line to its answer; a third of a second of it would be Typer and the commands."""
    code = (
        "import sys, time\nfrom newsletter.cli import main\nsys.argv = ['newsletter']\n"
        "try: main()\nexcept SystemExit as leave: assert leave.code == 0\n"
        "dear = {'typer', 'rich', 'sqlalchemy', 'pydantic', 'newsletter.cli.tree', 'newsletter.wiring'}\n"
        "print(*sorted(dear & set(sys.modules)), time.process_time() < 0.15)"
    )
    asked = {"_NEWSLETTER_COMPLETE": "complete_bash", "COMP_WORDS": "newsletter send --list ", "COMP_CWORD": "3"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment(asked), cwd=root
    )
    assert (done.returncode, done.stdout.split()) == (0, ["readers", "sport", "True"]), done


def test_the_table_is_what_the_commands_say() -> None:
    assert TABLE.read_text("utf-8") == completion_table.text(), "`make docs` writes it"


def lines_of(seed: int, number: int) -> Iterator[tuple[list[str], str]]:
    """Lines as nobody writes them: commands with options and words of theirs and of others, whole and broken off."""
    chance = random.Random(seed)
    commands = json.loads(TABLE.read_bytes())
    odd = ["x", "12", "-z", "-yy", "-", "--", "", "-Cx", "-C", "-C=z", "--directory=q", "=", "-yC", "a b", "--yes=1"]
    begun = ["", "", "-", "--", "=", "a", "s", "r", "-C", "--l", "--list", "--list=", "--list=r", "--rhythm=w"]

    def some(name: str, most: int) -> list[str]:
        own = [option for one in commands[name]["takes"] for option in one.get("options", ())]
        return [chance.choice([*own, *odd]) for _ in range(chance.randrange(most))]

    for _ in range(number):
        name = chance.choice(list(commands))
        words = some("", 3) if chance.random() < 0.4 else []
        for word in name.split():
            words += [word, *(some(name, 2) if chance.random() < 0.2 else ())]
        yield words + some(name, 4), chance.choice(begun + some(name, 2))


def test_many_lines_are_answered_as_typer_answers_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own functions resolve each line, in one process; the values of the workspace are the same for both."""
    places: list[str] = []

    def known(directory: str | Path) -> values.Offered:
        places.append(str(directory) and str(Path(directory)))
        return [("readers", "القراء"), ("sport", "[x] y"), ("12", ""), ("-x", "z")]

    for name in values.READ:
        monkeypatch.setattr(values, name, known)
    program, commands = typer.main.get_command(app), json.loads(TABLE.read_bytes())
    for words, started in lines_of(1, 800):
        places.clear()
        now = shell_completion._resolve_context(program, {}, "newsletter", list(words))
        asked, rest = shell_completion._resolve_incomplete(now, list(words), started)
        theirs = [(one.value, one.help or "") for one in asked.shell_complete(now, rest)]
        ours = line.offered(commands, words, started, dict.fromkeys(values.READ, known))
        assert sorted(ours) == sorted(theirs), (words, started)  # -h and --help are a set at Typer's
        assert [Path(one) for one in places[::2]] == [Path(one) for one in places[1::2]], (words, started)


WRITTEN = (
    "newsletter ",
    "newsletter se",
    "newsletter --",
    "newsletter sends",
    "newsletter sends ",
    "newsletter send --list ",
    "newsletter send --list=s",
    "newsletter subscribers import --",
    "newsletter service proxy ",
    "newsletter weekly --rhythm ",
    "newsletter articles --section ك",
    "newsletter schedule --l",
    "newsletter sends show ",
    'newsletter -C "a b',
    "newsletter -C 'a b' send --l",
    "newsletter a\\",
    "newsletter nothing --such ",
    "newsletter --version ",
)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_told_what_typer_tells_it(root: Path, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for what Rich would do to the words beside a value: eat what is in brackets, and break them in two."""
    actions = ("get-args", "is-args") if shell == "fish" else ("",)
    ours = [asked(written, root, shell, action) for written in WRITTEN for action in actions]
    monkeypatch.setattr(completing, "answer", lambda variables: None)
    monkeypatch.setattr(_completion_classes, "_sanitize_help_text", str)
    theirs = [asked(written, root, shell, action) for written in WRITTEN for action in actions]
    assert ours == theirs
    assert len({done.out for done in ours}) > 10


@pytest.mark.parametrize(
    "asked_for", [{"_NEWSLETTER_COMPLETE": "source_bash"}, {"_NEWSLETTER_COMPLETE": "complete_bash", "COMP_CWORD": "x"}]
)
def test_what_is_not_known_here_is_left_to_typer(asked_for: dict[str, str]) -> None:
    assert completing.answer({"COMP_WORDS": "newsletter ", **asked_for}) is None
