"""pyproject.toml names what is imported, each extra where it is meant, and nothing that nobody imports."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import importlib.util
import re
import shlex
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from command import ROOT

from newsletter.installing import DRIVER, installing

OF_EXTRAS = {
    "newsletter/storage/dumping.py": {"postgres", "workers"},
    "newsletter/storage/faults.py": {"postgres", "workers"},
    "newsletter/delivery/jobs.py": {"workers"},
}
"""Files that may import what only these extras bring; each of them does without where it is missing."""

WITHOUT_IMPORT = {
    "python-multipart": "starlette reads forms and uploaded files with it, and does not ask for it",
    "tzdata": "the zones of machines that have none; zoneinfo finds it",
}
"""Packages that pyproject.toml names though nobody here imports them, each with the reason."""


def _normal(requirement: str) -> str:
    """The name of the distribution in a requirement."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]).lower()


@functools.cache
def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project


def _base() -> set[str]:
    return {_normal(one) for one in _project()["dependencies"]}


def _extras(*names: str) -> set[str]:
    return {_normal(one) for name in names for one in _project()["optional-dependencies"][name]}


@functools.cache
def _imports() -> dict[str, set[str]]:
    """Every file of the two packages, with the top-level modules of somebody else's that it imports anywhere."""
    found: dict[str, set[str]] = {}
    for path in sorted(path for package in ("newsletter", "subscribers") for path in (ROOT / package).rglob("*.py")):
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(str(node.module))
        ours = {*sys.stdlib_module_names, "newsletter", "subscribers"}
        found[path.relative_to(ROOT).as_posix()] = {name.split(".")[0] for name in names} - ours
    return found


@functools.cache
def _owners() -> dict[str, set[str]]:
    return {
        module: {_normal(owner) for owner in owners}
        for module, owners in importlib.metadata.packages_distributions().items()
    }


def test_every_import_is_named_in_pyproject() -> None:
    wrong = [
        f"{path} imports {module} of {sorted(owners) or 'no installed distribution'}: name it in pyproject.toml"
        for path, modules in _imports().items()
        for module in sorted(modules)
        if not (owners := _owners().get(module, set())) & (_base() | _extras(*OF_EXTRAS.get(path, ())))
    ]
    assert wrong == []


def test_nothing_is_named_that_nobody_imports() -> None:
    used = {owner for modules in _imports().values() for module in modules for owner in _owners().get(module, set())}
    idle = (_base() | _extras(*_project()["optional-dependencies"])) - used
    assert idle == set(WITHOUT_IMPORT)
    assert _base() >= set(WITHOUT_IMPORT)


def test_what_files_may_import_of_extras_they_do() -> None:
    for path, extras in OF_EXTRAS.items():
        brought = {owner for module in _imports()[path] for owner in _owners().get(module, set())}
        assert brought & (_extras(*extras) - _base()), f"{path} imports nothing of an extra: take it from OF_EXTRAS"


def test_the_guard_sees_imports() -> None:
    everything = {module for modules in _imports().values() for module in modules}
    assert {"lxml", "markupsafe", "psycopg", "sqlalchemy", "typer"} <= everything
    assert not everything & {"json", "subscribers"}


def test_a_lowest_version_is_named_of_everything() -> None:
    """Else nobody knows what to try; tests/test_wheel.py tries it."""
    named = [
        *_project()["dependencies"],
        *(one for more in _project()["optional-dependencies"].values() for one in more),
    ]
    assert [one for one in named if not re.fullmatch(r"[a-z0-9-]+(\[[a-z]+\])?>=\d[\d.]*", one)] == []


# ---- the command that brings what is missing


@pytest.mark.parametrize("extra", ["postgres", "workers"])
def test_the_driver_that_is_told_is_that_of_the_extras(extra: str) -> None:
    assert DRIVER in _project()["optional-dependencies"][extra]


@pytest.mark.parametrize(
    ("pip", "uv", "command"),
    [
        (True, True, ["/opt/my news/bin/python", "-m", "pip", "install", "psycopg[binary]>=3.2.1"]),
        (True, False, ["/opt/my news/bin/python", "-m", "pip", "install", "psycopg[binary]>=3.2.1"]),
        (False, True, ["uv", "pip", "install", "--python", "/opt/my news/bin/python", "psycopg[binary]>=3.2.1"]),
        (
            False,
            False,
            ["python3", "-m", "pip", "--python", "/opt/my news/bin/python", "install", "psycopg[binary]>=3.2.1"],
        ),
    ],
)
def test_the_command_fits_the_environment(
    monkeypatch: pytest.MonkeyPatch, pip: bool, uv: bool, command: list[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/my news/bin/python")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if pip else None)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/uv" if uv else None)
    assert shlex.split(installing(DRIVER)) == command


SPOKEN = sorted(
    path
    for folder in ("newsletter", "subscribers", "templates")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".po", ".j2", ".js", ".php"}
)


def test_no_message_names_a_package_that_no_index_has() -> None:
    """``pip install nashra`` finds nothing, and Debian's own Python refuses a bare ``pip install``."""
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SPOKEN
        if path != ROOT / "newsletter" / "installing.py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"(?<!/bin/)\b(pip|pipx|uv tool) install\b|nashra\[", line)
    ]
    assert wrong == []


DOCUMENTS = [path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if path.name != "CHANGELOG.md"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_install_from_a_folder_or_a_file(path: Path) -> None:
    """What is installed is a folder or a wheel, since no index has it, into an environment that may be written."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        place = f"{path.name}:{number}: {line.strip()}"
        assert not re.search(r"install\b[^.]*['\" ]nashra(\[\w+\])?['\"` ]", line), f"{place}\nno index has nashra"
        for pip in re.finditer(r"(\S*)\bpip3? install (\S+)", line):
            bare = "/bin/" not in pip[1] and not pip[1].startswith("uv")
            told = "externally-managed" in line
            assert not bare or told, f"{place}\nDebian's own pip refuses: use that of a venv"
