"""docs/architecture.md leads to files that are there, and leaves no folder out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
NAMED = sorted(
    set(re.findall(r"`((?:newsletter|subscribers|templates|tests|docs|benchmarks|requirements)/[\w./-]*)`", PAGE))
)
FOLDERS = sorted(
    f"{path.relative_to(ROOT)}/"
    for package in ("newsletter", "subscribers")
    for path in (ROOT / package).rglob("*")
    if path.is_dir() and any(path.glob("*.py"))
)


def test_the_page_names_many_files() -> None:
    assert len(NAMED) > 100


@pytest.mark.parametrize("name", NAMED)
def test_every_file_named_is_there(name: str) -> None:
    path = ROOT / name
    assert path.is_dir() if name.endswith("/") else path.is_file(), f"docs/architecture.md names {name}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_is_named(folder: str) -> None:
    assert f"`{folder}" in PAGE, f"docs/architecture.md leaves {folder} out"


@pytest.mark.parametrize(
    "module", sorted((ROOT / "newsletter").glob("*.py")) + sorted((ROOT / "subscribers").glob("*.py"))
)
def test_every_file_beside_the_folders_is_named(module: Path) -> None:
    assert module.name in PAGE


def test_its_links_lead_to_pages() -> None:
    for target in re.findall(r"\]\(([\w/-]+\.md)\)", PAGE):
        assert (ROOT / "docs" / target).is_file(), target


# Changes that somebody who has only this page must find the place of.
CHANGES = {
    "Mailgun": "newsletter/senders/registry.py",
    "new check code": "newsletter/check/",
    "bounces are classified": "newsletter/senders/sendgrid/events.py",
    "another rhythm": "newsletter/rhythms/schedule.py",
    "words of the confirmation letter": "templates/email/confirmation.mjml.j2",
    "a new setting": "newsletter/workspace/section_schema.py",
    "a column in the import": "subscribers/csvfile/vocabulary.py",
    "header List-Unsubscribe": "newsletter/letters/mime.py",
    "PostgreSQL restarts": "newsletter/storage/retry.py",
    "new option of `compose`": "newsletter/cli/composing.py",
    "bidi isolation": "newsletter/text/bidi/cutting.py",
    "what the archive shows": "newsletter/web/archive.py",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_has_its_place_in_the_table(change: str) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and change in line.split("|")[1]]
    assert len(rows) == 1
    assert f"`{CHANGES[change]}`" in rows[0]


def test_nothing_of_a_merge_is_left() -> None:
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("docs", "newsletter", "subscribers", "templates", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".css", ".j2", ".js", ".md", ".php", ".po", ".py"} and "node_modules" not in path.parts
        for number, line in enumerate(path.read_text("utf-8", "replace").split("\n"), 1)
        if line.startswith(("<" * 7 + " ", ">" * 7 + " "))
    ]
    assert left == []
