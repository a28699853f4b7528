"""Names of small letters: the same at every try, known by our keys alone, with one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.names import letter_of, name_of

OLD, NEW, STRANGE = {1: b"a" * 32}, {2: b"b" * 32}, {1: b"x" * 32}


@given(st.integers(1, 10**18 - 1))
def test_a_name_leads_back_to_its_letter_alone(letter_id: int) -> None:
    name = name_of(letter_id, OLD)
    assert letter_of(name, OLD) == letter_id
    assert letter_of(name, STRANGE) is None
    assert name_of(letter_id, {**OLD, **NEW}) == name


def test_a_name_outlives_the_rotation_of_keys() -> None:
    name = name_of(7, OLD)
    assert letter_of(name, {**OLD, **NEW}) == 7
    assert letter_of(name_of(7, NEW), {**OLD, **NEW}) == 7
    assert letter_of(name, NEW) is None


@pytest.mark.parametrize("change", [
    lambda name: name.replace(".7", ".8"), lambda name: name.replace(".7", ".07"), lambda name: name.upper(),
    lambda name: name + "1", lambda name: name.removeprefix("small-"), lambda name: f" {name}",
    lambda name: name.replace(".7", ".٧"), lambda _: "", lambda _: "small-." , lambda name: name + "." ,
    lambda name: name[:6] + ("1" if name[6] == "0" else "0") + name[7:],
])  # fmt: skip
def test_whatever_else_is_no_name(change: object) -> None:
    assert letter_of(change(name_of(7, OLD)), OLD) is None  # type: ignore[operator]


@given(st.text(max_size=40) | st.from_regex(r"small-[0-9a-f]{16}\.[0-9]{1,18}", fullmatch=True))
def test_no_text_is_taken_for_one(text: str) -> None:
    assert letter_of(text, OLD) is None
