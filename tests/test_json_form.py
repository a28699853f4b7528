"""Every ``--json`` of every command is one document of one form (docs/en/operating.md, "For programs")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from command import TEXT, Done, here, make_workspace

from newsletter.cli.tree import app

DATA_KEYS = {
    *("reasons", "bounces", "leaving", "by_rhythm", "by_variant", "by_list", "by_provider", "rhythms", "erased"),
    *("sections", "last", "events", "submitted_through", "look", "columns", "counts"),
}
"""Names of objects whose own keys are data: a rhythm, a reason, the title of a section."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*")
WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
ELSEWHERE = {"subscribers sync", "sends decide"}
"""Asks a provider: tests/test_synchronise.py; needs subjects that are tried: tests/test_trial_journey.py."""


def commands(group: Any = None, prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every command that has ``--json``, with all its options."""
    group = group or typer.main.get_command(app)
    for name, one in group.commands.items():
        options = {option for parameter in one.params for option in parameter.opts}
        if "--json" in options:
            yield f"{prefix}{name}", options
        if hasattr(one, "commands"):
            yield from commands(one, f"{prefix}{name} ")


def faults(value: Any, key: str = "") -> Iterator[str]:
    """What is not in the form, at any depth."""
    if isinstance(value, dict):
        for name, one in value.items():
            if key not in DATA_KEYS and not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                yield f"{key}: the key {name!r} is not in snake_case"
            yield from faults(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from faults(one, key)
    elif isinstance(value, str):
        if MOMENT.fullmatch(value) and not WITH_ZONE.fullmatch(value):
            yield f"{key}: the moment {value} is not in ISO 8601 with its zone"
    elif isinstance(value, int) and 1_500_000_000 < value < 2_500_000_000:
        yield f"{key}: {value} looks like a moment in Unix seconds"


def wrong(done: Done) -> list[str]:
    """What keeps the output of a command from being one document of the form."""
    try:
        document = json.loads(done.out)
    except ValueError:
        return [f"no JSON: {done.out[:80]!r}, code {done.code}, {done.err[:300]}"]
    return list(faults(document)) if isinstance(document, dict) else [f"no object: {done.out[:80]}"]


@pytest.mark.slow
def test_every_command_prints_one_document_of_one_form(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=3)
    (tmp_path / "shelf").mkdir()
    for name in ("new", "cur", "tmp"):
        (root / "mailbox" / name).mkdir(parents=True)
    (tmp_path / "second.txt").write_text("ميناء المدينة يفتح رصيفه\n" + TEXT.partition("\n")[2], "utf-8")
    (tmp_path / "people.csv").write_text("email\nnew@example.net\n", "utf-8")
    booking = ["[[booking]]", 'sponsor = "مطاحن السهل"', 'link = "https://example.net/flour"', 'text = "دقيق كامل."']
    (root / "sponsors.toml").write_text("\n".join([*booking, 'place = "top"', "issues = [1]"]), "utf-8")
    steps: list[tuple[str, tuple[str | Path, ...]]] = [
        ("lists", ()),
        ("desk person list", ()),
        ("collect", (tmp_path / "second.txt",)),
        ("articles", ()),
        ("check", ("1",)),
        ("subjects", ()),
        ("sponsors list", ()),
        ("sponsors check", ()),
        ("sponsors place", ("1", "--dry-run")),
        ("sponsors report", ("مطاحن السهل",)),
        ("theme", ("newspaper", "--dry-run")),
        ("schedule", ()),
        ("schedule", ("--run",)),
        ("status", ()),
        ("status", ("--test-alert",)),
        ("doctor", ()),
        ("deliverability", ()),
        ("subscribers hygiene", ()),
        ("subscribers hygiene ask", ("--dry-run",)),
        ("send", ("1", "--dry-run")),
        ("approve", ("1", "--yes")),
        ("send", ("1", "--yes", "--at", "2099-01-01 08:00")),
        ("sends refreeze", ("1", "--yes")),
        ("sends cancel", ("1", "--yes")),
        ("send", ("1", "--yes")),
        ("report", ()),
        ("sends list", ()),
        ("sends show", ("1", "--unknown")),
        ("sends unknown", ()),
        ("sends resume", ("1", "--resend-refused", "--yes")),
        ("publish", ("--to", "files", "--out", tmp_path / "public", "--dry-run")),
        ("weekly", ("--yes",)),
        ("latest", ("--rhythm", "daily")),
        ("subscribers import", (tmp_path / "people.csv", "--consent", "they asked", "--dry-run")),
        ("subscribers list", ()),
        ("subscribers show", ("reader0@example.net",)),
        ("subscribers stats", ()),
        ("subscribers bounces", ()),
        ("subscribers bounces accept", ("--all", "--dry-run")),
        ("subscribers bounces dismiss", ("--all", "--dry-run")),
        ("subscribers unsuppress", ("--reason", "hard", "--dry-run")),
        ("subscribers inbox", (root / "mailbox", "--dry-run")),
        ("subscribers letters", ("--dry-run",)),
        ("wordpress plugin", (tmp_path / "nashra.zip",)),
        ("database backup", ("--to", tmp_path / "shelf", "--keep", "1")),
        ("log", ()),
        ("service install", ("--user", "--to", tmp_path / "units")),
        ("service remove", ("--user", "--to", tmp_path / "units")),
    ]
    found = {}
    for command, arguments in steps:
        if bad := wrong(here("-C", root, *command.split(), *arguments, "--json")):
            found[" ".join(map(str, (command, *arguments)))] = bad
    assert found == {}
    assert {name for name, _ in commands()} == {command for command, _ in steps} | ELSEWHERE


def test_lines_hold_one_object_each(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=3)
    for command, options in commands():
        if "--jsonl" not in options:
            continue
        lines = here("-C", root, *command.split(), "--jsonl").out.splitlines()
        document = json.loads(here("-C", root, *command.split(), "--json").out)
        (listed,) = (value for value in document.values() if isinstance(value, list))
        assert [json.loads(line) for line in lines] == listed, command
        assert listed, command
        both = here("-C", root, *command.split(), "--json", "--jsonl")
        assert (both.code, both.out) == (2, ""), command


def test_a_list_without_anybody_is_a_document_too(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    done = here("-C", root, "subscribers", "list", "--json")
    assert (wrong(done), json.loads(done.out)) == ([], {"list": "readers", "subscribers": []})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Bad": 1}, "snake_case"),
        ({"found": [{"a-b": 1}]}, "snake_case"),
        ({"at": "2026-11-02 08:00:00+00:00"}, "ISO 8601"),
        ({"at": "2026-11-02T08:00:00"}, "ISO 8601"),
        ({"at": 1_790_000_000}, "Unix seconds"),
    ],
)
def test_the_guard_sees_what_is_not_in_the_form(value: Any, words: str) -> None:
    (fault,) = faults(value)
    assert words in fault
