"""Every look of the letter, with real pictures, judged in every program; ``make letters`` shows them to people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import golden_letters as golden
import looks
import pytest
from browser import Browser, Page
from letter_judges import axe_source, dim, judged, look
from mail_programs import PROGRAMS, word
from test_render_node import judged as judged_by_node

from newsletter.letters.render import sizes
from newsletter.letters.templates import environment
from newsletter.models import Letter
from newsletter.workflows import letter as letters

STORIES = 12


@dataclass(frozen=True)
class Made:
    """A letter of a look."""

    letter: Letter
    html: str
    mjml: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Made]:
    """The letter of each look."""
    root = tmp_path_factory.mktemp("looks") / "newsroom"
    found = {}
    for name, one in looks.LOOKS.items():
        with looks.sources() as compiled, looks.newsroom(root, one) as workspace:
            letter = looks.letter(workspace, one, STORIES)
            html = looks.filled(letter, looks.with_flat_pictures(letter.rendered.html, letter.rendered.pictures))
            found[name] = Made(letter, html, compiled[-1])
    return found


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    tab = chromium.page()
    yield tab
    tab.close()


@pytest.mark.browser
@pytest.mark.parametrize("program", [name for name, one in PROGRAMS.items() if one.dark])
@pytest.mark.parametrize("name", looks.LOOKS)
def test_every_text_can_be_read_in_the_dark(name: str, program: str, made: Mapping[str, Made], page: Page) -> None:
    one = PROGRAMS[program]
    page.show(one.change(made[name].html), width=375, mode=one.mode)
    assert dim(page, dark=True) == []


@pytest.mark.browser
@pytest.mark.parametrize("name", looks.LOOKS)
def test_everything_has_its_side_and_its_room(name: str, made: Mapping[str, Made], page: Page) -> None:
    for width, program in ((320, "light"), (375, "no-style"), (700, "light"), (700, "no-style")):
        page.show(PROGRAMS[program].change(made[name].html), width=width)
        seen = look(page)
        assert seen["bad"] == [], (width, program)
        assert seen["across"] <= width, (width, program)
        for image in seen["images"]:
            assert image["alt"] is not None
            assert image["width"] <= width
            assert image["fit"] == "cover" or abs(image["shape"] / image["drawn"] - 1) < 0.03, (program, image)


@pytest.mark.browser
@pytest.mark.parametrize("name", ["mixed", "whole"])
def test_pictures_that_are_not_loaded_do_not_widen_a_letter(name: str, page: Page) -> None:
    one = golden.golden(name)
    html = looks.with_flat_pictures(golden.rendered(one, environment()).html, one.pictures.values())
    page.show(PROGRAMS["no-pictures"].change(html), width=375)
    assert look(page)["across"] <= 375


@pytest.mark.browser
@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", looks.LOOKS)
def test_axe_finds_nothing_serious(name: str, mode: str, made: Mapping[str, Made], page: Page) -> None:
    page.show(made[name].html, width=375, mode=PROGRAMS[mode].mode)
    assert judged(page, axe_source()) == []


@pytest.mark.slow
def test_the_reference_validators_find_nothing(made: Mapping[str, Made]) -> None:
    found = judged_by_node({name: {"mjml": one.mjml, "html": one.letter.rendered.html} for name, one in made.items()})
    assert {name: faults for name, faults in found.items() if faults["mjml"] or faults["html"]} == {}


def test_fifty_stories_of_the_digest_are_light(tmp_path: Path) -> None:
    with looks.newsroom(tmp_path / "newsroom", looks.LOOKS["digest"]) as workspace:
        letter = letters.of_issue(workspace, replace(golden.golden("fifty").issue, template=""))
    assert sizes(letter.rendered.html)[0] <= 95_000


def test_gmail_drops_no_block_of_rules(made: Mapping[str, Made]) -> None:
    """It takes 8,192 characters of each block at most (caniemail.com, "style element": measured on Gmail)."""
    for name, one in made.items():
        for block in re.findall(r"<style\b[^>]*>(.*?)</style>", one.letter.rendered.html, re.DOTALL):
            assert len(block) < 8192, name


def test_word_gets_no_list_without_its_indent(made: Mapping[str, Made]) -> None:
    for one in made.values():
        for style in re.findall(r'<(?:ul|ol)\b[^>]* style="([^"]*)"', word(one.html)):
            assert "margin" in style


FIRST_HEADLINE = "مرسى الريحان يفتح"
FIRST_SCREEN = 745
"""Pixels of a telephone of 375 within which the first headline ends; with a logo on its plate it may take some more."""
FIRST_SCREEN_WITHOUT_STYLE = 880
"""The same where every style is dropped: the picture has its whole height there."""


@pytest.mark.browser
@pytest.mark.parametrize("name", looks.LOOKS)
def test_the_first_story_stands_on_the_first_screen_of_a_telephone(
    name: str, made: Mapping[str, Made], page: Page
) -> None:
    for program, most in (("light", FIRST_SCREEN), ("no-style", FIRST_SCREEN_WITHOUT_STYLE)):
        page.show(PROGRAMS[program].change(made[name].html), width=375)
        bottom = page.run(
            f"[...document.querySelectorAll('h2, h3')].find(one => one.textContent.includes('{FIRST_HEADLINE}'))"
            ".getBoundingClientRect().bottom"
        )
        assert bottom <= most + (50 if "logo" in looks.LOOKS[name].letter else 0), program


@pytest.mark.browser
@pytest.mark.parametrize("name", [name for name in looks.LOOKS if name in ("signature", "magazine", "newspaper")])
def test_cards_are_rows_on_a_telephone(name: str, made: Mapping[str, Made], page: Page) -> None:
    page.show(made[name].html, width=375)
    small = page.run("[...document.querySelectorAll('img.ci')].map(one => one.getBoundingClientRect().width)")
    assert small
    assert max(small) <= 120
    page.show(made[name].html, width=700)
    large = page.run("[...document.querySelectorAll('img.ci')].map(one => one.getBoundingClientRect().width)")
    assert min(large) > 250
