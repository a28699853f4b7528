"""What the desk's pages may weigh, and that nothing in them calls another host or runs where the policy forbids it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from newsletter.desk.frame import SHEETS, DeskPages
from newsletter.letters.templates import environment
from newsletter.models import Publication

TEMPLATES = Path(__file__).resolve().parents[1] / "templates" / "desk"
WORDS = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file())
HOSTS = re.compile(r"""(?:https?:)?//[\w.-]+\.\w+|@import|url\((?!["']?data:)""")


@pytest.fixture(scope="module")
def pages() -> DeskPages:
    return DeskPages(environment(), Publication("الموجة", "https://almawja.example.org"))


def loaded(name: str) -> set[str]:
    """The modules that a page loads, with those that they import."""
    asked = re.findall(r"/assets/{{ version }}/([\w.]+\.js)", (TEMPLATES / name).read_text("utf-8"))
    found: set[str] = set()
    while asked:
        module = asked.pop()
        if module not in found:
            found.add(module)
            asked += re.findall(r"""["']\./([\w.]+\.js)["']""", (TEMPLATES / "js" / module).read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", [name for name in WORDS if name.endswith(".html.j2")])
def test_no_page_loads_more_than_20_kib_of_javascript(pages: DeskPages, name: str) -> None:
    assert sum(len((pages.asset(module) or "").encode("utf-8")) for module in loaded(name)) <= 20 * 1024


def test_every_module_is_loaded_by_a_page(pages: DeskPages) -> None:
    modules = {path.name for path in (TEMPLATES / "js").glob("*.js")}
    assert len(modules) >= 5
    assert set().union(*(loaded(name) for name in WORDS if name.endswith(".html.j2"))) == modules
    assert len(loaded("week/page.html.j2")) >= 5
    assert [name for name in modules if not pages.asset(name)] == []
    assert pages.asset("../desk.css.j2") is None


@pytest.mark.parametrize("place", SHEETS)
def test_no_page_has_a_stylesheet_of_more_than_24_kib(pages: DeskPages, place: str) -> None:
    assert 4000 < len(pages.styles[place].encode("utf-8")) <= 24 * 1024


def test_every_part_of_the_stylesheet_belongs_to_a_place() -> None:
    assert {path.stem for path in (TEMPLATES / "css").glob("*.css")} == {
        name for names in SHEETS.values() for name in names
    }


def test_the_stylesheet_knows_starts_and_ends_and_no_left_or_right(pages: DeskPages) -> None:
    physical = (
        r"(?<![\w-])(?:left|right|(?:margin|padding|border)-(?:left|right)[\w-]*)\s*:|text-align:\s*(?:left|right)"
    )
    every = "".join(pages.styles.values())
    assert re.findall(physical, every) == []
    assert "letter-spacing" not in every
    assert "italic" not in every


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
