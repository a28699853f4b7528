"""The house stays as it is drawn: imports go down, the wall holds, nothing heavy at the door, every command told."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import command_reference
import pytest
import read_only
from command import environment

from newsletter.cli.app import FOUND_ERRORS, NOTHING_SENT, SOME_NOT_TAKEN, STOPPED

ROOT = Path(__file__).resolve().parents[1]

# Lowest floor first. A module belongs to the longest name here that it is, or stands in.
FLOORS: tuple[tuple[str, ...], ...] = (
    # ---- the readers' side
    (
        "subscribers",
        "subscribers.display",
        "subscribers.errors",
        "subscribers.folding",
        "subscribers.models",
        "subscribers.moments",
        "subscribers.newfile",
        "subscribers.wholefile",
    ),
    (
        "subscribers.addresses",
        "subscribers.consent",
        "subscribers.suppression",
        "subscribers.test_link",
        "subscribers.tokens",
    ),
    ("subscribers.csvfile",),
    ("subscribers.store",),
    ("subscribers.actions",),
    ("subscribers.web",),
    # ---- the wall; above it the editors' side
    ("newsletter.completing.values", "newsletter.errors", "newsletter.installing"),
    ("newsletter.completing.line",),
    ("newsletter.completing",),
    ("newsletter.models", "newsletter.sample"),
    ("newsletter.text", "newsletter.fields"),
    ("newsletter.issues", "newsletter.sources", "newsletter.storage"),
    (
        "newsletter.clicks",
        "newsletter.rhythms",
        "newsletter.letters",
        "newsletter.library",
        "newsletter.ledger",
        "newsletter.media",
        "newsletter.polls",
        "newsletter.site_hook",
        "newsletter.sponsors",
    ),
    (
        "newsletter.senders",
        "newsletter.check",
        "newsletter.plugin",
        "newsletter.publish",
        "newsletter.report",
        "newsletter.sharing",
        "newsletter.subjects",
        "newsletter.web",
    ),
    ("newsletter.delivery", "newsletter.events", "newsletter.workspace"),
    ("newsletter.service",),
    ("newsletter.wiring",),
    # ---- workflows: what one needs of another
    ("newsletter.workflows.background",),
    (
        "newsletter.workflows",
        "newsletter.workflows.alerts",
        "newsletter.workflows.asking",
        "newsletter.workflows.browsing",
        "newsletter.workflows.cancelling",
        "newsletter.workflows.clicks",
        "newsletter.workflows.copying",
        "newsletter.workflows.correcting",
        "newsletter.workflows.create",
        "newsletter.workflows.deciding",
        "newsletter.workflows.deliverability",
        "newsletter.workflows.deliverers",
        "newsletter.workflows.draft",
        "newsletter.workflows.editing",
        "newsletter.workflows.erase",
        "newsletter.workflows.front_page",
        "newsletter.workflows.editors",
        "newsletter.workflows.fallback",
        "newsletter.workflows.latecomers",
        "newsletter.workflows.health",
        "newsletter.workflows.helping",
        "newsletter.workflows.hosted",
        "newsletter.workflows.hygiene",
        "newsletter.workflows.kept_backups",
        "newsletter.workflows.letter",
        "newsletter.workflows.logs",
        "newsletter.workflows.metrics",
        "newsletter.workflows.people",
        "newsletter.workflows.polls",
        "newsletter.workflows.recheck",
        "newsletter.workflows.renewing",
        "newsletter.workflows.reports",
        "newsletter.workflows.restored",
        "newsletter.workflows.searching",
        "newsletter.workflows.share_pictures",
        "newsletter.workflows.site_plugin",
        "newsletter.workflows.site_posts",
        "newsletter.workflows.small_letters",
        "newsletter.workflows.snapshot",
        "newsletter.workflows.source",
        "newsletter.workflows.sponsor_reports",
        "newsletter.workflows.sponsors",
        "newsletter.workflows.status",
        "newsletter.workflows.suppressions",
        "newsletter.workflows.subjects",
        "newsletter.workflows.test_letter",
        "newsletter.workflows.watch",
    ),
    (
        "newsletter.workflows.approving",
        "newsletter.workflows.warming",
        "newsletter.workflows.check",
        "newsletter.workflows.collect",
        "newsletter.workflows.doctor",
        "newsletter.workflows.letter_cache",
        "newsletter.workflows.lists",
        "newsletter.workflows.past_letters",
    ),
    (
        "newsletter.workflows.backing_up",
        "newsletter.workflows.first",
        "newsletter.workflows.preview",
        "newsletter.workflows.variants",
    ),
    ("newsletter.workflows.latest_letters", "newsletter.workflows.plan", "newsletter.workflows.publishing"),
    ("newsletter.workflows.first", "newsletter.workflows.preview", "newsletter.workflows.variants"),
    (
        "newsletter.workflows.beginning",
        "newsletter.workflows.latest_letters",
        "newsletter.workflows.next_step",
        "newsletter.workflows.plan",
        "newsletter.workflows.publishing",
    ),
    ("newsletter.publish.targets",),
    (
        "newsletter.workflows.demo",
        "newsletter.workflows.latest",
        "newsletter.workflows.refreeze",
        "newsletter.workflows.themes",
        "newsletter.workflows.weekly",
    ),
    ("newsletter.workflows.site_posts.looking",),
    ("newsletter.workflows.scheduled", "newsletter.workflows.serve"),
    ("newsletter.workflows.worker",),
    ("newsletter.workflows.outgoing",),
    # ---- the editors' pages
    ("newsletter.desk",),
    # ---- the library as other programs call it; the package itself only names what is there
    ("newsletter.api",),
    ("newsletter",),
    # ---- cli: what commands share, then the commands, then the application
    ("newsletter.cli.cells", "newsletter.cli.completing", "newsletter.cli.helping", "newsletter.cli.speaking"),
    (
        "newsletter.cli.app",
        "newsletter.cli.moment",
        "newsletter.cli.options",
        "newsletter.cli.output",
        "newsletter.cli.tables",
        "newsletter.cli.wrong_usage",
    ),
    (
        "newsletter.cli.accounts",
        "newsletter.cli.acting",
        "newsletter.cli.beginning",
        "newsletter.cli.diverting",
        "newsletter.cli.holding",
        "newsletter.cli.letters_bar",
        "newsletter.cli.living",
        "newsletter.cli.posting",
        "newsletter.cli.refusing",
        "newsletter.cli.trying",
    ),
    ("newsletter.cli.restoring", "newsletter.cli.undoing"),
    ("newsletter.cli.outcome",),
    ("newsletter.cli.delivering",),
    (
        "newsletter.cli.activity",
        "newsletter.cli.answering",
        "newsletter.cli.approving",
        "newsletter.cli.backing_up",
        "newsletter.cli.composing",
        "newsletter.cli.connecting",
        "newsletter.cli.deciding",
        "newsletter.cli.deliverability",
        "newsletter.cli.desking",
        "newsletter.cli.editing",
        "newsletter.cli.examining",
        "newsletter.cli.hygiene",
        "newsletter.cli.importing",
        "newsletter.cli.latest",
        "newsletter.cli.lists",
        "newsletter.cli.looking",
        "newsletter.cli.people",
        "newsletter.cli.publishing",
        "newsletter.cli.reporting",
        "newsletter.cli.scheduling",
        "newsletter.cli.sending",
        "newsletter.cli.sends",
        "newsletter.cli.service",
        "newsletter.cli.serving",
        "newsletter.cli.setting_up",
        "newsletter.cli.sponsors",
        "newsletter.cli.status",
        "newsletter.cli.subjects",
        "newsletter.cli.subscribing",
        "newsletter.cli.suppressing",
        "newsletter.cli.theming",
        "newsletter.cli.unknown",
        "newsletter.cli.weekly",
        "newsletter.cli.wordpress",
        "newsletter.cli.working",
    ),
    ("newsletter.cli.tree",),
    ("newsletter.cli",),
    ("newsletter.__main__",),
)
LISTED = {"newsletter", "subscribers", "newsletter.workflows", "newsletter.cli"}
"""Rooms whose modules each need a floor of their own."""
LONGEST_CHAIN = 24
"""Modules on the longest way down by imports; each is a file that a reader of the topmost one may have to open.
Twenty of them from any other command; the desk is a house of its own between its command and the workflows."""
PURE = (
    "newsletter.models",
    "newsletter.fields",
    "newsletter.text",
    "newsletter.issues",
    "newsletter.rhythms.schedule",
    "newsletter.rhythms.streams",
    "newsletter.rhythms.topics",
    "newsletter.letters.mime",
    "newsletter.letters.headers",
    "newsletter.letters.catalogue",
    "newsletter.letters.render",
    "newsletter.check",
    "newsletter.ledger.comparing",
    "newsletter.plugin",
    "newsletter.report.counts",
    "newsletter.site_hook.knocks",
    "newsletter.site_hook.signing",
    "newsletter.sponsors",
    "newsletter.report.page",
    "newsletter.report.figures",
    "newsletter.report.models",
    "newsletter.report.plain",
    "newsletter.report.sections",
    "newsletter.subjects",
    "subscribers.models",
    "subscribers.moments",
    "subscribers.addresses",
    "subscribers.consent",
    "subscribers.suppression",
    "subscribers.tokens",
)
IMPURE = ("newsletter.check.probe", "newsletter.check.fix", "newsletter.issues.saving")
"""Within a pure room, what touches the outside."""
OUTSIDE = frozenset(
    [
        "sqlalchemy",
        "alembic",
        "sqlite3",
        "psycopg",
        "httpx",
        "httpx2",
        "urllib.request",
        "http.client",
        "socket",
        "ssl",
        "smtplib",
        "subprocess",
        "os",
        "time",
        "random",
        "secrets",
        "logging",
        "typer",
        "starlette",
        "uvicorn",
        "threading",
        "asyncio",
        "sendgrid",
    ]
)
HEAVY = [
    "sqlalchemy",
    "alembic",
    "jinja2",
    "mjml",
    "sendgrid",
    "starlette",
    "uvicorn",
    "httpx2",
    "lxml",
    "nh3",
    "feedparser",
    "babel",
    "regex",
    "markdown_it",
    "email_validator",
    "pydantic",
    "rich",
    "yaml",
    "url_normalize",
    "dotenv",
    "psycopg",
    "dns",
]


def modules() -> Iterator[tuple[str, Path]]:
    for package in ("newsletter", "subscribers"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(part for part in parts if part != "__init__"), path


MODULES = dict(modules())


def floor(module: str) -> int:
    places = [
        (len(name), index)
        for index, names in enumerate(FLOORS)
        for name in names
        if module == name or (module.startswith(f"{name}.") and name not in LISTED)
    ]
    assert places, f"{module} has no floor: give it one in FLOORS"
    return max(places)[1]


def imports(module: str, *, typing_too: bool = True) -> set[str]:
    """What a module imports anywhere in it, in all three spellings."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return set(imports_of(package, path.read_text("utf-8"), typing_too))


@cache
def imports_of(package: str, text: str, typing_too: bool) -> frozenset[str]:
    tree = ast.parse(text)
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not typing_too:
            skipped.update(inner for child in node.body for inner in ast.walk(child))
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            # ``from room import module`` needs that module, and its room only for what has no file of its own.
            for alias in node.names:
                found.add(f"{base}.{alias.name}")
                if f"{base}.{alias.name}" not in MODULES:
                    found.add(base)
    return frozenset(found)


def arrows() -> dict[str, set[str]]:
    """Each module with those it imports when it runs, early or late; the table of providers imports them by name."""
    from newsletter.senders import registry

    graph = {
        module: {
            name
            for name in imports(module, typing_too=False)
            if name in MODULES and name not in {module, "newsletter", "subscribers"}
        }
        for module in MODULES
    }
    graph["newsletter.senders.registry"] |= {f"newsletter.senders.{name}" for name in registry.FOLDERS}
    return graph


def longest_chain(graph: Mapping[str, set[str]]) -> list[str]:
    """The longest way down; raises AssertionError for a circle."""
    below: dict[str, list[str]] = {}
    way: list[str] = []

    def go(module: str) -> list[str]:
        assert module not in way, f"a circle: {' > '.join([*way[way.index(module) :], module])}"
        if module not in below:
            way.append(module)
            below[module] = [module, *max((go(name) for name in sorted(graph[module])), key=len, default=[])]
            way.pop()
        return below[module]

    return max((go(module) for module in sorted(graph)), key=len)


def test_no_circle_and_no_long_chain_between_files() -> None:
    chain = longest_chain(arrows())
    assert len(chain) <= LONGEST_CHAIN, " > ".join(chain)


def test_the_guard_sees_circles_and_chains() -> None:
    assert longest_chain({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == ["a", "b", "c"]
    with pytest.raises(AssertionError, match="a circle: b > c > b"):
        longest_chain({"a": {"b"}, "b": {"c"}, "c": {"b"}})


def test_commands_do_not_know_each_other() -> None:
    """What two of them share stands below; the application alone knows them all."""
    commands = FLOORS[floor("newsletter.cli.sending")]
    assert {name: arrows()[name] & set(commands) for name in commands} == {name: set() for name in commands}


def test_every_class_name_exists_once() -> None:
    """A name means one thing, wherever a reader meets it."""
    places: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_go_down(module: str) -> None:
    own = {name for name in imports(module) if name in MODULES and name not in {"newsletter", "subscribers"}}
    assert {name for name in own if floor(name) > floor(module)} == set()


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("subscribers")])
def test_the_wall_holds(module: str) -> None:
    assert {name for name in imports(module) if name.split(".")[0] == "newsletter"} == set()


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith(PURE) and not name.startswith(IMPURE)])
def test_pure_rooms_touch_nothing_outside(module: str) -> None:
    used = {name for name in imports(module, typing_too=False) if name in OUTSIDE or name.split(".")[0] in OUTSIDE}
    assert used == set()
    text = MODULES[module].read_text("utf-8")
    assert not re.search(r"datetime\.now|date\.today|\.utcnow\(", text)


def test_the_guard_sees_every_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.py"
    for line, name in (
        ("import newsletter.cli", "newsletter.cli"),
        ("from newsletter import cli", "newsletter.cli"),
        ("from . import cli", "newsletter.cli"),
        ("from .cli import app", "newsletter.cli.app"),
        ("def f():\n    from time import time", "time.time"),
    ):
        path.write_text(line, "utf-8")
        monkeypatch.setitem(MODULES, "newsletter.x", path)
        assert name in imports("newsletter.x")


def test_help_imports_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "newsletter", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "collect" in done.stdout
    imported = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.MULTILINE))
    assert "typer" in imported
    assert {name for name in HEAVY if name in imported} == set()


def commands() -> Iterator[tuple[str, object]]:
    import typer

    from newsletter.cli.tree import app

    def walk(group: object, prefix: str) -> Iterator[tuple[str, object]]:
        for name, command in group.commands.items():  # type: ignore[attr-defined]
            if hasattr(command, "commands"):
                if command.invoke_without_command:  # a command by itself, too
                    yield f"{prefix}{name}", command
                yield from walk(command, f"{prefix}{name} ")
            else:
                yield f"{prefix}{name}", command

    yield from walk(typer.main.get_command(app), "")


COMMANDS = dict(commands())

DEAR = [
    *HEAVY,
    "sqlalchemy.orm",
    "sqlalchemy.dialects.postgresql",
    "hijridate",
    "persiantools",
    "procrastinate",
    "smtplib",
]
"""What a command that only reads has no business with, unless `read_only.READS` says so."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return read_only.workspace(tmp_path_factory.mktemp("shown"))


@pytest.mark.slow
@pytest.mark.parametrize("name", read_only.READS)
def test_a_command_that_reads_imports_only_what_it_needs(name: str, shown: Path) -> None:
    """Each dear module costs a tenth of what an editor waits for; Alembic is for schemas that are not there yet."""
    words, allowed = read_only.READS[name]
    command = [sys.executable, "-X", "importtime", "-m", "newsletter", *name.split(), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=shown, env=environment())
    assert done.returncode == 0, done.stderr[-2000:]
    imported = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.MULTILINE))
    assert "typer" in imported
    assert {one for one in DEAR if one in imported} - allowed == set()
    assert allowed <= imported, "what it no longer needs goes from its list"


@pytest.mark.slow
def test_a_send_loads_no_bar_that_nobody_sees_and_no_reader_of_pages_that_nobody_asks_for(tmp_path: Path) -> None:
    root, shown = read_only.workspace(tmp_path), ""
    for words in (("compose", "1", "2"), ("send", "2", "--yes")):
        command = [sys.executable, "-X", "importtime", "-m", "newsletter", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, env=environment())
        assert done.returncode == 0, done.stderr[-2000:]
        shown = done.stderr
    imported = set(re.findall(r"\|\s+([\w.]+)$", shown, re.MULTILINE))
    assert "submitted" in shown
    assert {"newsletter.delivery", "sqlalchemy"} <= imported
    assert not {"rich.progress", "newsletter.sources.page", "subscribers.csvfile"} & imported


def test_every_command_reads_or_acts() -> None:
    assert set(COMMANDS) == {*read_only.READS, *read_only.ACTS}
    assert not read_only.ACTS & read_only.READS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_told_with_an_example(name: str) -> None:
    command = COMMANDS[name]
    text = str(command.help)  # type: ignore[attr-defined]
    assert re.search(r"Examples?:\n", text), f"the help of {name} has no example"
    assert f"newsletter {name}" in text
    for parameter in command.params:  # type: ignore[attr-defined]
        assert getattr(parameter, "help", "") or parameter.name == "help", f"{name}: {parameter.name} has no help"


def test_the_command_reference_is_what_the_commands_say() -> None:
    codes = {0, 1, 2, FOUND_ERRORS, SOME_NOT_TAKEN, NOTHING_SENT, STOPPED}
    for language, path in command_reference.PATHS.items():
        assert path.read_text("utf-8") == command_reference.text(language), "run: make docs"
        assert {int(code) for code in re.findall(r"^\| (\d+) \|", path.read_text("utf-8"), re.MULTILINE)} == codes


def test_every_check_is_told() -> None:
    from newsletter.check import CODES

    reference = (ROOT / "docs" / "en" / "checks.md").read_text("utf-8")
    assert set(re.findall(r"^### ([\w-]+)$", reference, re.MULTILINE)) == set(CODES)


def test_no_room_without_a_purpose() -> None:
    names = {path.name for path in MODULES.values()}
    assert names.isdisjoint({"utils.py", "helpers.py", "misc.py", "common.py"})


def providers_folder(name: str) -> Path:
    return ROOT / "newsletter" / "senders" / name


def named_outside(name: str, folder: Path, files: Mapping[str, str], *, everywhere: bool) -> list[str]:
    """The places outside its folder that know a provider: by its name in any text, or only as a value or an import."""
    found = []
    for path, text in files.items():
        if Path(path).is_relative_to(folder):
            continue
        if everywhere:
            found += [f"{path}: {line}" for line in text.splitlines() if name in line.lower()]
            continue
        for node in ast.walk(ast.parse(text)):
            value = node.value if isinstance(node, ast.Constant) else getattr(node, "module", None)
            if value == name or str(value).startswith(f"newsletter.senders.{name}"):
                found.append(f"{path}: {value}")
    return found


SOURCES = {str(path): path.read_text("utf-8") for path in MODULES.values()}


@pytest.mark.parametrize(("name", "everywhere"), [("sendgrid", True), ("postmark", True), ("smtp", False)])
def test_only_its_folder_and_the_table_know_a_provider(name: str, everywhere: bool) -> None:
    """Adding one is a folder and a line. SMTP is a protocol too, which other rooms may speak of."""
    registry = str(ROOT / "newsletter" / "senders" / "registry.py")
    # Whose files of addresses we read is another matter than by whom letters go.
    files = str(ROOT / "subscribers" / "csvfile" / "programs.py")
    others = {path: text for path, text in SOURCES.items() if path != files}
    found = named_outside(name, providers_folder(name), others, everywhere=everywhere)
    assert len(found) == 1, found
    assert found[0].startswith(f"{registry}: ")


def test_the_guard_sees_a_provider_in_code_words_and_imports() -> None:
    folder = providers_folder("smtp")
    for text in ('kind == "smtp"', "from newsletter.senders.smtp.wire import Wire"):
        assert named_outside("smtp", folder, {"x.py": text}, everywhere=False)
        assert not named_outside("smtp", folder, {str(folder / "x.py"): text}, everywhere=False)
    assert not named_outside("smtp", folder, {"x.py": '"""Of SMTP."""'}, everywhere=False)
    assert named_outside("sendgrid", folder, {"x.py": "# As SendGrid does."}, everywhere=True)


def test_every_provider_is_a_folder_with_an_entry_of_its_name() -> None:
    from newsletter.senders import registry

    folders = {path.parent.name for path in (ROOT / "newsletter" / "senders").glob("*/__init__.py")}
    assert folders == set(registry.names())
    for name, provider in zip(registry.names(), registry.providers(), strict=True):
        assert provider.name == name
        options = provider.options() if provider.options is not None else None
        fields = options.model_fields if options is not None else {}
        assert set(provider.secrets) <= set(fields)
        assert {key for key, field in fields.items() if not field.description} == set()
        told = set(re.findall(r"^# (\w+) = ", provider.example, re.MULTILINE))
        assert told <= set(fields)


def test_asking_the_table_imports_no_sender() -> None:
    code = (
        "import sys; from newsletter.senders import registry; list(registry.providers()); "
        "print(*(name for name in sys.modules if name.startswith('newsletter.senders.') and name.count('.') > 2))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


# What other templates build on, and the small letters, which have a room and tests of their own.
SHARED = {
    "base",
    "look",
    "parts",
    "pictures",
    "mastheads",
    "ways",
    "small",
    "confirmation",
    "welcome",
    "goodbye",
    "preferences",
    "new-address",
    "address-changed",
    "erasure",
    "still-wanted",
}
LETTERS = sorted(
    path.name.removesuffix(".mjml.j2")
    for path in (ROOT / "templates" / "email").glob("*.mjml.j2")
    if path.name.removesuffix(".mjml.j2") not in SHARED
)


@pytest.mark.parametrize("language", ["ar", "en", "fr", "fa", "he"])
@pytest.mark.parametrize("template", LETTERS)
def test_every_letter_renders_in_both_forms(template: str, language: str) -> None:
    from newsletter.letters.mime import LEAVE, slot
    from newsletter.letters.render import render
    from newsletter.letters.templates import environment
    from newsletter.models import Issue, Prose, Publication, Section, Story

    marker = "n0123456789abcdef"
    story = Story(
        "عنوان", url="https://example.org/a", summary="ملخص.", image="https://example.org/a.jpg", image_alt="وصف"
    )
    section = Section("قسم", (story, Prose("> قول"), Story("Whole story", summary="Text.")))
    issue = Issue(1, "موضوع", "سطر", template=template, opening=(Prose("كلمة"),), sections=(section,))
    rendered = render(
        issue,
        Publication("الموجة", "https://example.org", language=language),
        environment(),
        marker=marker,
        leave_url=f"https://news.example.org/leave/{slot(marker, LEAVE)}",
        date=datetime(2026, 11, 24, tzinfo=UTC),
    )
    for form in (rendered.html, rendered.text):
        assert "عنوان" in form
        assert "https://example.org/a" in form
        assert slot(marker, LEAVE) in form


def _compiled() -> Iterator[tuple[str, re.Pattern[str]]]:
    import importlib

    for module in MODULES:
        if module.startswith(("newsletter.storage.migrations", "newsletter.__main__")):
            continue
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                yield f"{module}.{name}", value


def test_no_possessive_group() -> None:
    """Python before 3.11.5 matches a possessive group wrongly when something in it can give way."""
    from re import _constants as constants  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]

    one_sign = {constants.IN, constants.LITERAL, constants.NOT_LITERAL, constants.ANY, constants.CATEGORY}

    def groups(tree: object) -> Iterator[object]:
        for operation, arguments in tree:  # type: ignore[attr-defined]
            for part in arguments if isinstance(arguments, tuple | list) else (arguments,):
                for inner in part if isinstance(part, list) else (part,):
                    if isinstance(inner, parser.SubPattern):
                        if operation is constants.POSSESSIVE_REPEAT and not (
                            len(inner) == 1 and inner[0][0] in one_sign
                        ):
                            yield inner
                        yield from groups(inner)

    assert list(groups(parser.parse(r"(?:ab?)*+"))), "the guard sees nothing"
    assert list(groups(parser.parse(r"x|(?=(?:[a]++|b)++)"))), "the guard sees nothing inside"
    assert not list(groups(parser.parse(r"(?:[a-z]++|b*+)*")))
    wrong = [name for name, pattern in _compiled() if list(groups(parser.parse(pattern.pattern, pattern.flags)))]
    assert wrong == []
