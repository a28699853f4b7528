"""Links between the documents lead to files that are there, and to headings that are in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from command import ROOT
from quick_start_pictures import COLUMNS, in_cells, on_screen
from site_pages import anchor, parsed, targets

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests" / "README.md"])


@cache
def anchors(path: Path) -> set[str]:
    """What a link to a part of a document may say. Of headings that read alike, GitHub counts the later ones."""
    tokens = parsed(path.read_text("utf-8"))
    found: set[str] = set()
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            parts = tokens[place + 1].children or []
            found.add(anchor("".join(part.content for part in parts if part.type in ("text", "code_inline"))))
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    for target in targets(path):
        if ":" in target:
            continue
        name, _, part = target.partition("#")
        led = (path.parent / name).resolve() if name else path
        assert led.exists(), f"{path.name} leads to {target}, where nothing is"
        assert not part or part in anchors(led), f"{path.name} leads to {target}, and there is no such heading"


def test_every_picture_is_small_and_shown() -> None:
    """Scripts make pictures for both halves, and a page may be in one alone so far."""
    shown = {Path(target).name for path in DOCUMENTS for target in targets(path)}
    for picture in (ROOT / "docs").glob("*/pictures/*"):
        assert picture.name in shown, f"no document shows {picture.name}"
        assert picture.stat().st_size < 120_000, picture.name


def test_what_stands_on_a_terminal_in_the_end() -> None:
    """The pictures of the quick start are made of it: bars that moved are gone, and long lines are broken in cells."""
    bar = "\x1b[?25l\x1b[2Kasking \x1b[32m0/1\x1b[0m\r\x1b[2Kasking 1/1\r\n\x1b[?25h\x1b[1A\x1b[2K"
    assert on_screen(f"one\r\n{bar}40 added.\r\nType 1: 1\r\n\r\n") == ["one", "40 added.", "Type 1: 1"]
    assert in_cells("\u2067" + "بَ" * COLUMNS + "\u2069") == ["\u2067" + "بَ" * COLUMNS + "\u2069"]
    assert in_cells("a" * (COLUMNS + 2)) == ["a" * COLUMNS, "aa"]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Leaving Jetpack", "leaving-jetpack"),
        ("1. ثبّت البرنامج", "1-ثبّت-البرنامج"),
        ("`[web]`: pages, forms & what else", "web-pages-forms--what-else"),
        ("newsletter sends_list --json", "newsletter-sends_list---json"),
    ],
)
def test_a_heading_is_reached_as_on_github(heading: str, expected: str) -> None:
    assert anchor(heading) == expected
