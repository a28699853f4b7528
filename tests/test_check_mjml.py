"""Templates of one's own, read for what the compiler passes over in silence; the shipped ones have none of it."""

from __future__ import annotations

from pathlib import Path

import golden_letters
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.check.mjml import faults, tags
from newsletter.letters.templates import environment, templates_dir

PATH = "templates/email/own.mjml.j2"


def found(source: str) -> list[tuple[str, int]]:
    return [(problem.code, int(problem.place.rpartition(":")[2])) for problem in faults(PATH, source)]


@pytest.mark.parametrize("path", sorted(templates_dir().rglob("*.mjml.j2")), ids=lambda path: path.name)
def test_the_shipped_templates_have_no_fault(path: Path) -> None:
    assert list(faults(str(path), path.read_text("utf-8"))) == []


@pytest.mark.parametrize("name", golden_letters.NAMES)
def test_what_the_compiler_gets_has_no_fault(name: str) -> None:
    assert list(faults(name, golden_letters.mjml(golden_letters.golden(name), environment()))) == []


def column(inside: str) -> str:
    return f"<mj-section>\n<mj-column>\n{inside}\n</mj-column>\n</mj-section>"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # What npm's validator finds as well, in the same lines (mjml 4.15 and 5.4).
        (column("<mj-txt>x</mj-txt>"), [("mjml-unknown-tag", 3)]),
        (column('<mj-text colour="red">x</mj-text>'), [("mjml-unknown-attribute", 3)]),
        (column('<mj-image alt="" src="a"\n  widht="3px" />'), [("mjml-unknown-attribute", 3)]),
        ("<mj-section><mj-text>x</mj-text></mj-section>", [("mjml-nesting", 1)]),
        ("<mj-body>\n<mj-column></mj-column></mj-body>", [("mjml-nesting", 2)]),
        ("<mj-hero><mj-section></mj-section></mj-hero>", [("mjml-nesting", 1)]),
        ("<mj-social><mj-text>x</mj-text></mj-social>", [("mjml-nesting", 1)]),
        # What it does not find.
        (column('<mj-text padding="0 24px">x</mj-text>'), [("mjml-unitless", 3)]),
        (column('<mj-button inner-padding="8px 24">x</mj-button>'), [("mjml-unitless", 3)]),
        (column('<mj-image src="a.jpg" />'), [("mjml-image-alt", 3)]),
        (column('<mj-text><img src="a.jpg"></mj-text>'), [("mjml-image-alt", 3)]),
        (column("<mj-text>a<mj-divider /></mj-text>"), [("mjml-nesting", 3)]),
        ("<mj-section>\n<mj-column>\n</mj-section></mj-column>", [("mjml-mismatched", 3)]),
        ("<mj-section>\n<mj-column>\n</mj-section>", [("mjml-mismatched", 3)]),
        ("<mj-section>\n<mj-column>\n</mj-column>", [("mjml-mismatched", 1)]),
        ("</mj-section>", [("mjml-mismatched", 1)]),
        ('<mj-include path="a.mjml" />', [("mjml-include", 1)]),
    ],
)
def test_each_fault_has_its_line(source: str, expected: list[tuple[str, int]]) -> None:
    assert found(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        column('<mj-text padding="0px {{ side }} 12px" css-class="a" mj-class="b">{{ html(x) }} a < b & c</mj-text>'),
        column('<mj-image src="{{ s["src"] }}" {% if alt %}alt="{{ alt }}"{% else %}alt=""{% endif %} />'),
        column("<mj-image {{ attributes }} />"),
        column('<mj-table padding="{{ p }}"><tr><td style="padding:0 3px"><br><img alt=""></td></tr></mj-table>'),
        column('<mj-divider padding="{% if x %}0px{% else %}8px{% endif %}" />'),
        '{% if a %}<mj-section padding="0px">{% else %}<mj-section>{% endif %}<mj-column></mj-column></mj-section>',
        "{% for x in y %}\n<mj-section></mj-section>\n{% else %}\n<mj-section></mj-section>\n{% endfor %}",
        "{% macro m() %}<mj-text>x</mj-text>{% endmacro %}<mj-section>{{ m() }}</mj-section>",
        "{% block content %}<mj-section></mj-section>{% endblock %}",
        "<!-- <mj-foo> --> {# <mj-bar> #} <mj-raw><!--[if mso]><table><tr><td><![endif]--></mj-raw>",
        '<mj-head><mj-attributes><mj-all font-family="x" anything="y" /><mj-class name="a" color="red" />'
        '<mj-image padding="0px" /></mj-attributes><mj-style>a > b { margin: 0 1px }</mj-style></mj-head>',
        '<mjml lang="ar" dir="rtl"><mj-body width="640px"></mj-body></mjml>',
        "",
        "<",
        "<mj-text",
    ],
)
def test_good_templates_are_left_alone(source: str) -> None:
    assert [one for one in found(source) if source != "<mj-text"] == []


def test_jinja_keeps_the_lines() -> None:
    source = "{# one\ntwo #}\n{% set x = '<mj-foo>' %}\n{{ '\n' }}<mj-foo />"
    assert found(source) == [("mjml-unknown-tag", 5)]


def test_every_branch_begins_with_what_was_open() -> None:
    inside = "{% if a %}\n<mj-column></mj-column>\n{% elif b %}\n<mj-text>x</mj-text>\n{% endif %}"
    source = f"<mj-section>\n{inside}\n</mj-section>"
    assert found(source) == [("mjml-nesting", 5)]


def test_an_element_left_open_in_a_macro() -> None:
    assert found("{% macro m() %}\n<mj-text>\n{% endmacro %}\n<mj-section></mj-section>") == [("mjml-mismatched", 2)]


_MARKUP = [
    "<mj-section>",
    "</mj-section>",
    '<mj-text padding="0">',
    "</mj-text>",
    "<",
    ">",
    '"',
    "'",
    "/",
    "=",
    "\n",
    "x",
]
_JINJA = ["{% if a %}", "{% else %}", "{% endif %}", "{{ x }}", "{# ", " #}", "{% endfor %}", "{% macro m() %}"]
PIECES = st.sampled_from([*_MARKUP, *_JINJA, "{% endmacro %}", "<!--", "-->", "\x00"])


@given(st.lists(PIECES, max_size=25).map("".join))
def test_no_source_breaks_it(source: str) -> None:
    lines = source.count("\n") + 1
    for tag in tags(source):
        assert 1 <= tag.line <= lines
    for problem in faults(PATH, source):
        assert 1 <= int(problem.place.rpartition(":")[2]) <= lines
