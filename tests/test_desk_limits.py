"""What the desk's pages may weigh, and that nothing in them calls another host or runs where the policy forbids it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from newsletter.desk.frame import DeskPages
from newsletter.letters.templates import environment
from newsletter.models import Publication

TEMPLATES = Path(__file__).resolve().parents[1] / "templates" / "desk"
WORDS = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file())
HOSTS = re.compile(r"""(?:https?:)?//[\w.-]+\.\w+|@import|url\((?!["']?data:)""")


@pytest.fixture(scope="module")
def pages() -> DeskPages:
    return DeskPages(environment(), Publication("الموجة", "https://almawja.example.org"))


def test_javascript_is_at_most_20_kb(pages: DeskPages) -> None:
    modules = {path.name: pages.module(path.name) or "" for path in (TEMPLATES / "js").glob("*.js")}
    assert len(modules) >= 5
    assert [name for name, text in modules.items() if "import" not in text and "document" not in text] == []
    assert sum(len(text.encode("utf-8")) for text in modules.values()) <= 20_000
    assert pages.module("../desk.css.j2") is None


def test_the_stylesheet_is_at_most_24_kb(pages: DeskPages) -> None:
    assert 4000 < len(pages.styles.encode("utf-8")) <= 24_000


def test_the_stylesheet_knows_starts_and_ends_and_no_left_or_right(pages: DeskPages) -> None:
    physical = (
        r"(?<![\w-])(?:left|right|(?:margin|padding|border)-(?:left|right)[\w-]*)\s*:|text-align:\s*(?:left|right)"
    )
    assert re.findall(physical, pages.styles) == []
    assert "letter-spacing" not in pages.styles
    assert "italic" not in pages.styles


@pytest.mark.parametrize("name", WORDS)
def test_no_template_calls_another_host_or_runs_what_the_policy_forbids(name: str) -> None:
    text = (TEMPLATES / name).read_text("utf-8")
    text = re.sub(r"(?s)\{#.*?#\}", "", text)
    named = [found for found in HOSTS.findall(text) if "www.w3.org" not in found]
    assert named == []
    assert re.findall(r"""<style|\sstyle=|\son\w+=["']|javascript:|\beval\(|new Function|insertAdjacent""", text) == []
    scripts = re.findall(r"<script[^>]*>", text)
    assert [tag for tag in scripts if 'src="' not in tag] == []


def test_the_measure_sees_what_is_seeded() -> None:
    assert HOSTS.findall('<img src="https://cdn.example.com/a.js">') == ["https://cdn.example.com"]
    assert HOSTS.findall("background: url(//cdn.example.com/a)") != []
    assert HOSTS.findall("background: url(data:image/png)") == []
