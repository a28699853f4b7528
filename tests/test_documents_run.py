"""Documents do what they say: commands run in bash, in order, as they stand; settings are read, programs compile.

What to do with a new block:

- ``sh``: commands, one after the other. ``console``: commands behind ``$``, whose answers are not compared.
  They run in the newsroom that ``documented_newsroom.py`` makes; what a document takes for granted besides stands in
  GIVEN, and an exit code other than 0 in CODES, each with the reason.
- ``toml``: settings, an issue's head (``+++``) or bookings (``[[booking]]``).
- ``python``: the program compiles; docs/en/python.md is run by tests/test_api.py.
- ``cron``, ``ini``: their commands of ours have options that there are.
- Something else, or nothing, behind the fence: for people. No line of it may begin with a command.
- A block that cannot run says why in the line before it, ``<!-- not run: reason -->``, and LEFT_OUT counts one more.
"""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from command import ROOT
from command_reference import PATHS
from document_shell import Block, Ran, Shell, blocks, commands_in, labelled
from documented_newsroom import (
    DocumentedSite,
    Prepare,
    booked,
    bounced,
    copied,
    files,
    given,
    go_on,
    imported,
    mail,
    make,
    newsletter,
    old_address,
    without_database,
    world,
)
from settings_text import add_settings

pytestmark = pytest.mark.slow

DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    if path.name != "CHANGELOG.md" and path != PATHS["ar"]
}
"""All but the commands in Arabic, whose examples are those of the English page (tests/test_arabic_help.py)."""
REFERENCE = "docs/en/commands.md"
LEFT_OUT = 7
"""Blocks of all documents that say that they are not run."""
SPOKEN = ("", "text", "yaml", "nginx", "jinja", "css", "html", "php", "markdown", "dns")
"""Blocks for people, or for programs that are not ours."""
KINDS = {"sh", "console", "toml", "python", "cron", "ini", *SPOKEN}

EMPTY_FOLDER = {
    "README.md",
    "CONTRIBUTING.md",
    "docs/ar/quick-start.md",
    "docs/en/quick-start.md",
    "docs/ar/wordpress-in-ten-minutes.md",
    "docs/en/wordpress-in-ten-minutes.md",
}
"""Documents that begin without a newsroom."""

SPORT = given('lists add sport --title "نشرة الرياضة"')
CONNECTED = given("wordpress connect https://example.org --user salma")
PEOPLE = given('desk person add "سلمى" --role edit --role send', 'desk person add "ياسين" --role edit --role send')
PLANNED = given('send 12 --at "2026-11-26 18:00"')


def _with_alerts(root: Path) -> None:
    add_settings(root, '[alerts]\ncommand = "/bin/true"\n')


GIVEN: Mapping[str, Prepare] = {
    "docs/ar/what-if.md": given('send 13 --at "2026-11-26 18:00"'),
    "docs/en/what-if.md": given('send 13 --at "2026-11-26 18:00"'),
    "docs/en/wordpress.md": old_address,
    "newsletter articles": SPORT,
    "newsletter collect": old_address,
    "newsletter database adopt --new": without_database,
    "newsletter desk person password": PEOPLE,
    "newsletter desk person remove": PEOPLE,
    "newsletter desk person roles": PEOPLE,
    "newsletter lists close": SPORT,
    "newsletter lists open": given('lists add sport --title "نشرة الرياضة"', "lists close sport"),
    "newsletter lists rename": SPORT,
    "newsletter publish": CONNECTED,
    "newsletter sends cancel": PLANNED,
    "newsletter sends pause": PLANNED,
    "newsletter sends refreeze": PLANNED,
    "newsletter sends resume": given('send 12 --at "2026-11-26 18:00"', "sends pause 12"),
    "newsletter sponsors report": booked,
    "newsletter status": _with_alerts,
    "newsletter subscribers bounces accept": bounced,
    "newsletter subscribers bounces dismiss": bounced,
    "newsletter subscribers export": lambda root: (root / "readers.csv").unlink(),
    "newsletter subscribers import": imported,
}
"""What a document takes for granted besides the newsroom; of the reference, what each command of a section does, or
one command alone."""

WITHOUT = {"newsletter demo", "newsletter init"}
"""Sections of the reference whose commands make a newsroom."""

BEFORE_12 = {
    "newsletter approve",
    "newsletter send",
    "newsletter sends cancel",
    "newsletter sends pause",
    "newsletter sends refreeze",
    "newsletter sends resume",
}
"""Sections of the reference in which issue 12 has not gone yet."""

ROOT_OWNS = "where root runs the tests it owns the workspace, which is refused; tests/test_service.py has another user"
CODES: Mapping[str, tuple[tuple[int, ...], str]] = {
    "newsletter database copy --to postgresql://nashra@db.example.org/nashra": ((1,), "no test reaches such a server"),
    "newsletter --lang ar doctor": ((0, 1), "it looks at the machine, too"),
    "newsletter --lang ar send 13 --rest": ((1,), "nobody cancelled issue 13 in the middle"),
    "newsletter --lang ar sends refreeze 13": ((1,), "in what-if.md it was cancelled before"),
    "newsletter send 13 --rest": ((1,), "nobody cancelled issue 13 in the middle"),
    "newsletter sends refreeze 13": ((1,), "in what-if.md it was cancelled before"),
    "newsletter doctor": ((0, 1), "it looks at the machine, too"),
    "newsletter send 12 --rest": ((1,), "nobody cancelled issue 12 in the middle"),
    "newsletter sends decide 12": ((1,), "three readers are too few to try subjects on"),
    "newsletter sends decide 12 --subject 2 --yes": ((1,), "three readers are too few to try subjects on"),
    "newsletter sends divert 12": ((1,), "every letter went, and no second provider is set"),
    "newsletter -C /srv/nashra service install --system": ((0, 1), ROOT_OWNS),
    "newsletter -C /srv/nashra service install --system --port 8001": ((0, 1), ROOT_OWNS),
    "newsletter service install --system --to units --dry-run": ((0, 1), ROOT_OWNS),
    "newsletter status": ((0, 1), "after a restore it needs somebody, as it should"),
    "newsletter --lang ar subscribers sync": ((1,), "an outbox keeps no lists of addresses"),
    "newsletter subscribers sync": ((1,), "an outbox keeps no lists of addresses"),
    "newsletter subscribers bounces dismiss --domain example.net": (
        (1,),
        "in operating.md they were accepted before",
    ),
}
"""Commands that end otherwise than well in a test, each with the reason."""


@pytest.fixture(scope="module")
def newsrooms(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The newsroom that documents speak of, before and after its issue 12 went; they are copied, never used."""
    folder = tmp_path_factory.mktemp("documented")
    early = make(folder / "early")
    return early, go_on(copied(early, folder / "late"))


def _shell(root: Path) -> Shell:
    site = DocumentedSite()
    shell = Shell(root, world=lambda: world(site))
    mail(shell.home)
    files(shell.home)
    return shell


def _enter(shell: Shell, newsroom: Path, folder: str, prepare: Prepare | None) -> None:
    """Stand in a copy of the newsroom."""
    shell.folder = copied(newsroom, shell.home / folder)
    files(shell.folder)
    shutil.rmtree(shell.home / "units", ignore_errors=True)
    if prepare is not None:
        prepare(shell.folder)
    there = shell.machine / "srv" / "nashra"
    there.unlink(missing_ok=True)
    there.symlink_to(shell.folder)


def _lost(shell: Shell, early: Path) -> None:
    """The machine of the newsroom is gone, with issue 12 still to send; its backup is there."""
    kept, apart = shell.home / "kept", shell.home / "apart"
    kept.mkdir()
    apart.mkdir()
    lost = copied(early, shell.home / "gone")
    bounced(lost)
    newsletter(lost, "database", "backup", "--to", str(kept), "--with-secrets", str(apart))
    (shell.machine / "srv" / "nashra").unlink()
    (backup,) = kept.iterdir()
    (secrets,) = apart.iterdir()
    shell.words = {"BACKUP/": f"{backup}/", "nashra-secrets-20261101-020000Z.tar": str(secrets)}


def _script(block: Block) -> str:
    """The commands of a block."""
    if block.kind == "sh":
        return block.text
    return "\n".join(line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ "))


def _wrong(ran: Ran) -> str:
    """What is wrong with a call of ours, if anything."""
    wanted, _ = CODES.get(str(ran), ((0,), ""))
    if ran.done.code in wanted and "Traceback" not in ran.done.err and "a fault in the program" not in ran.done.err:
        return ""
    codes = " or ".join(map(str, wanted))
    return f"{ran} ended with {ran.done.code}, not {codes}:\n{ran.done.out[-500:]}\n{ran.done.err[-1500:]}"


def _complaints(shell: Shell, block: Block, script: str) -> list[str]:
    ran, trouble = shell.run(script)
    told = [*filter(None, map(_wrong, ran)), *([trouble] if trouble else [])]
    return [f"{block}: {one}" for one in told]


HELP = "\nMend the document, or see the first lines of tests/test_documents_run.py"


WITH_COMMANDS = [
    name for name, path in DOCUMENTS.items() if name != REFERENCE and labelled(blocks(path), "sh", "console")
]


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_the_commands_of_a_document_run_as_they_stand(name: str, newsrooms: tuple[Path, Path], tmp_path: Path) -> None:
    shell = _shell(tmp_path)
    if name not in EMPTY_FOLDER:
        _enter(shell, newsrooms[1], "w", GIVEN.get(name))
    complaints = []
    for block in labelled(blocks(DOCUMENTS[name]), "sh", "console"):
        if block.heading == "Restoring, step by step":
            _lost(shell, newsrooms[0])
        complaints += _complaints(shell, block, _script(block))
    assert complaints == [], "\n".join(complaints) + HELP


def test_the_examples_of_the_reference_run_as_they_stand(newsrooms: tuple[Path, Path], tmp_path: Path) -> None:
    """Each command in a newsroom of its own: they are examples, not one story."""
    shell = _shell(tmp_path)
    complaints = []
    for block in labelled(blocks(DOCUMENTS[REFERENCE]), "sh", "console"):
        for number, line in enumerate(block.text.replace("\\\n", " ").splitlines()):
            newsroom = newsrooms[block.heading not in BEFORE_12]
            prepare = GIVEN.get(line.strip(), GIVEN.get(block.heading))
            _enter(shell, newsroom, f"{block.line}-{number}", prepare)
            if block.heading in WITHOUT:
                shell.folder = tmp_path / f"empty-{block.line}-{number}"
                shell.folder.mkdir()
            complaints += _complaints(shell, block, line)
    assert complaints == [], "\n".join(complaints) + HELP


def test_every_block_says_what_it_is() -> None:
    every = [block for path in DOCUMENTS.values() for block in blocks(path)]
    assert [f"{block}: {block.kind}" for block in every if block.kind not in KINDS] == [], HELP
    # Else nobody would notice that it is not run.
    command = re.compile(r"(?m)^(\$ |newsletter |pip |apt|sudo |make |[*/0-9]+ [*0-9])")
    hidden = [str(one) for one in every if one.kind in SPOKEN and "│" not in one.text and command.search(one.text)]
    assert hidden == [], f"commands without sh or cron behind the fence{HELP}"


def test_few_blocks_are_left_out_and_each_says_why() -> None:
    left = {str(block): block.not_run for path in DOCUMENTS.values() for block in blocks(path) if block.not_run}
    assert len(left) == LEFT_OUT, left
    assert all(len(reason.split()) >= 3 for reason in left.values()), left


def test_commands_of_cron_and_systemd_have_options_that_there_are() -> None:
    import typer

    from newsletter.cli.tree import app

    wrong = []
    for path in DOCUMENTS.values():
        for block in labelled(blocks(path), "cron", "ini"):
            for words in commands_in(block.text):
                try:
                    _parse(typer.main.get_command(app), shlex.split(words))
                except Exception as error:
                    wrong.append(f"{block}: newsletter {words}: {error}")
    assert wrong == [], HELP


def _parse(command: Any, words: list[str]) -> None:
    """Parse a command line as it would be, and do nothing."""
    context = command.make_context("newsletter", words)
    while hasattr(command, "commands"):
        _, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(command.name, words, parent=context)


# ---- settings and issues


def _of_kind(*kinds: str) -> list[Block]:
    return [block for path in DOCUMENTS.values() for block in labelled(blocks(path), *kinds)]


SETTINGS = [block for block in _of_kind("toml") if not block.text.startswith(("+++", "[[booking]]"))]
ISSUES = [block for block in _of_kind("", "markdown", "toml") if block.text.startswith("+++")]
BOOKINGS = [block for block in _of_kind("toml") if block.text.startswith("[[booking]]")]


@pytest.mark.parametrize("block", SETTINGS, ids=str)
def test_settings_of_documents_are_read(block: Block, tmp_path: Path) -> None:
    """Beside the few that every workspace has."""
    import tomlkit

    from newsletter.workspace import config

    said = tomllib.loads(block.text)
    least = {
        "newsletter": {"name": "المؤشر", "url": "https://example.org"},
        "sender": {"from": "المؤشر <news@example.org>"},
        "web": {"url": "https://news.example.org"},
    }
    for section, keys in least.items():
        said[section] = {**keys, **said.get(section, {})}
    config.load(tmp_path, {}, tomlkit.dumps(said))
    with pytest.raises(config.SettingsError):
        config.load(tmp_path, {}, tomlkit.dumps({**said, "nonsense": {"x": 1}}))


@pytest.mark.parametrize("block", ISSUES, ids=str)
def test_issues_of_documents_are_understood(block: Block, tmp_path: Path) -> None:
    from newsletter.issues import reading

    issue = reading.parse(block.text, tmp_path / "012-x" / "issue.md")
    assert issue.number >= 1


@pytest.mark.parametrize("block", BOOKINGS, ids=str)
def test_bookings_of_documents_are_read(block: Block, tmp_path: Path) -> None:
    from newsletter.workspace import sponsors

    (tmp_path / sponsors.FILE).write_text(block.text, "utf-8")
    assert len(sponsors.read(tmp_path)) == block.text.count("[[booking]]")


def test_there_are_such_blocks() -> None:
    """Else a fence that is read otherwise would let all of them through."""
    assert len(SETTINGS) >= 10
    assert len(ISSUES) >= 3
    assert BOOKINGS
    assert len(labelled(blocks(DOCUMENTS[REFERENCE]), "sh")) >= 60


@pytest.mark.parametrize("block", _of_kind("python"), ids=str)
def test_programs_of_documents_compile(block: Block) -> None:
    """docs/en/python.md is run as well, by tests/test_api.py."""
    compile(block.text, str(block), "exec")


# ---- the judge itself


def test_what_goes_wrong_in_a_block_is_told(tmp_path: Path) -> None:
    ran, trouble = _shell(tmp_path).run("newsletter colect\nnobody-knows x\ncat missing\ntrue\n")
    assert [(str(one), one.done.code) for one in ran] == [("newsletter colect", 2)]
    assert "newsletter colect ended with 2, not 0" in _wrong(ran[0])
    assert "nobody-knows: there is no such program here" in trouble
    assert "cat missing: ended with 1" in trouble
    assert "true" not in trouble


def test_no_block_touches_the_machine(tmp_path: Path) -> None:
    shell = _shell(tmp_path)
    ran, trouble = shell.run(
        "mkdir -p /srv/here && cd /srv/here\necho x > /etc/nashra-was-here\nsudo newsletter --version\n"
    )
    assert (trouble, shell.folder) == ("", shell.machine / "srv" / "here")
    assert (shell.machine / "etc" / "nashra-was-here").exists()
    assert not Path("/etc/nashra-was-here").exists()
    assert [one.done.code for one in ran] == [0]


def test_the_reason_of_a_block_that_is_not_run_stands_right_before_it(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    text = "# A\n\n<!-- not run: it installs servers -->\n```sh\napt x\n```\n\n   ```console\n   $ ls\n   a\n   ```\n"
    path.write_text(text, "utf-8")
    first, second = blocks(path)
    assert (first.not_run, first.text, first.line, first.heading) == ("it installs servers", "apt x\n", 5, "A")
    assert (second.not_run, second.kind, _script(second)) == (None, "console", "ls")
