"""Whatever colours a newsroom chooses, every word of its letters can be read and every line and button be seen."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.letters.render.palette import ENOUGH, ENOUGH_FOR_SHAPES, Palette, contrast, mixed, palette, palette_of
from newsletter.models import Publication, Theme

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
MAYBE = st.one_of(st.just(""), COLOURS)

TEXTS = {
    "card": ("ink", "soft", "muted", "accent_text", "second_text"),
    "tint": ("ink", "soft", "muted", "accent_text", "second_text"),
    "paper": ("paper_ink", "paper_muted"),
    "band": ("on_band", "band_soft"),
    "button": ("on_button",),
    "on_band": ("band",),
}
"""What is written on which ground; the last is the button on a band."""
SHAPES = {"card": ("rule", "second", "button"), "tint": ("rule", "second", "button")}


def told(made: Palette, name: str, *, dark: bool) -> str:
    """The colour of one name in light or in dark."""
    if not dark:
        return str(getattr(made, name))
    return str(getattr(made, "dark_accent" if name == "accent_text" else f"dark_{name}"))


@given(accent=COLOURS, second=MAYBE, paper=MAYBE, card=MAYBE)
@example("#0f766e", "", "", "")
@example("#ffffff", "#ffffff", "#ffffff", "#ffffff")
@example("#000000", "#000000", "#000000", "#000000")
@example("#0f3460", "", "", "")  # 1.23:1 on the dark card, as it is
@example("#777777", "#767676", "#757575", "#747474")
@example("#ff0000", "#00ff00", "#0000ff", "#777700")
def test_whatever_is_chosen_can_be_read_and_seen(accent: str, second: str, paper: str, card: str) -> None:
    made = palette(accent, second, paper, card)
    for dark in (False, True):
        for enough, pairs in ((ENOUGH, TEXTS), (ENOUGH_FOR_SHAPES, SHAPES)):
            for ground, names in pairs.items():
                for name in names:
                    ratio = contrast(told(made, name, dark=dark), told(made, ground, dark=dark))
                    assert ratio >= enough, (name, ground, dark, ratio)
    assert contrast(made.on_accent, made.accent) >= ENOUGH
    assert contrast(made.on_sign, made.sign) >= ENOUGH


@given(accent=COLOURS)
def test_where_a_program_darkens_by_itself_band_and_words_turn_together(accent: str) -> None:
    made = palette(accent)
    red, green, blue = (int(made.band[at : at + 2], 16) for at in (1, 3, 5))
    assert made.on_band == "#ffffff" or 0.299 * red + 0.587 * green + 0.114 * blue > 205
    assert made.on_button == "#ffffff"


def test_colours_that_need_no_change_stay_as_they_were_chosen() -> None:
    made = palette("#0B4F4A", "#a8481a", "#e8eef5", "#fffdf8")
    assert (made.accent, made.band, made.button, made.rule, made.accent_text) == ("#0b4f4a",) * 5
    assert (made.second, made.second_text) == ("#a8481a", "#a8481a")
    assert (made.paper, made.card) == ("#e8eef5", "#fffdf8")
    assert made.dark_band == "#0b4f4a"
    assert made.dark_rule != made.rule


def test_a_ground_that_is_dark_already_stays_in_the_dark() -> None:
    made = palette("#0f766e", card="#101010", paper="#000000")
    assert (made.dark_card, made.dark_paper) == ("#101010", "#000000")


def test_an_issue_may_say_its_colours_otherwise() -> None:
    about = Publication("n", "https://example.org", accent="#0f766e", theme=Theme(card="#fffdf8"))
    assert palette_of(about).card == "#fffdf8"
    assert palette_of(about, Theme(card="#eeeeee")).card == "#eeeeee"


@pytest.mark.parametrize("colour", ["", "red", "#12", "#12345", "#1234567", "#ggg", " #fff", "#fff\n"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(ValueError, match="is not a colour such as #0f766e"):
        palette(colour)


def test_mixing_and_contrast_are_those_of_the_standard() -> None:
    assert mixed("#ffffff", "#000000", 0.5) == "#808080"
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(
        4.54, abs=0.01
    )  # WCAG's own example of a grey that is enough
