"""Own values in the front matter of an issue, and what a template of the newsroom makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import golden_letters as golden
import pytest

from newsletter.errors import IssueError, RenderError
from newsletter.issues import Manuscript
from newsletter.issues.reading import parse
from newsletter.issues.writing import to_text
from newsletter.letters.render import render
from newsletter.letters.templates import environment
from newsletter.models import Rendered

PATH = Path("issues/one/issue.md")
EXTRA = """[extra]
city = "وادي \\u0001<b>الريحان</b>"
guests = ["ليلى", "سعد"]
count = 3
rain = 12.5
open = true
place = { name = "القاعة", floor = 2 }
"""


def text(extra: str) -> str:
    return f'+++\nnumber = 1\nsubject = "موضوع"\n{extra}+++\n\nكلمة\n'


def rendered(folder: Path, extra: str, words: str) -> Rendered:
    (folder / "email").mkdir()
    (folder / "email" / "weekly.mjml.j2").write_text(
        '{% extends "shipped/email/weekly.mjml.j2" %}{% block masthead %}<mj-section><mj-column><mj-text>'
        f"{words}</mj-text></mj-column></mj-section>{{% endblock %}}",
        "utf-8",
    )
    one = golden.golden("short")
    issue = replace(parse(text(extra), PATH), template="weekly")
    return render(issue, one.publication, environment(folder), **golden.arguments(one))


def test_own_values_reach_a_template_escaped_and_printable(tmp_path: Path) -> None:
    words = (
        "{{ html(extra.city) }} {{ extra.city }} {% for one in extra.guests %}({{ one }}){% endfor %}"
        "{{ amount(extra.count) }} {{ amount(extra.rain) }} {% if extra.open %}نعم{% endif %} {{ extra.place.floor }}"
    )
    html = rendered(tmp_path, EXTRA, words).html
    assert "<b>الريحان" not in html
    assert "\x01" not in html
    assert "&lt;b&gt;الريحان&lt;/b&gt;" in html
    assert "(ليلى)(سعد)3 12.5 نعم 2" in html


def test_a_value_that_is_not_there_is_told_with_the_line_of_the_template(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="town") as caught:
        rendered(tmp_path, EXTRA, "{{ extra.town }}")
    assert "email/weekly.mjml.j2:1" in str(caught.value)


def test_own_values_are_written_and_read_back() -> None:
    issue = parse(text(EXTRA), PATH)
    assert issue.extra["place"] == {"name": "القاعة", "floor": 2}
    assert parse(to_text(issue), PATH).extra == issue.extra
    changed = Manuscript(text(EXTRA), PATH).with_value("preheader", "سطر")
    assert changed.issue.preheader == "سطر"
    assert changed.issue.extra == issue.extra


@pytest.mark.parametrize(
    ("extra", "line", "words"),
    [
        ("[extra]\nday = 2025-12-06\n", 5, "extra.day is a date or time"),
        ("[extra]\na = 1\n_hidden = 2\n", 6, "extra._hidden has a name"),
        ("[extra]\n'بلد' = 1\n", 4, "has a name that no template can write"),
        ("[extra]\na = nan\n", 5, "extra.a is no number"),
        ("extra = 3\n", 4, "a table"),
        ("[extra]\na = [{ b = [1979-05-27] }]\n", 5, "extra.a.b is a date"),
        ("[extras]\na = 1\n", 4, "'extras' is not known"),
    ],
)
def test_what_is_no_value_is_told_with_its_line(extra: str, line: int, words: str) -> None:
    with pytest.raises(IssueError, match=words) as caught:
        parse(text(extra), PATH)
    assert str(caught.value.where) == f"{PATH}:{line}"
