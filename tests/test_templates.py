"""Templates are compiled once in a process, whoever fills them; what was edited or is another's is never mixed up."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from jinja2 import Environment

from newsletter.letters import templates
from newsletter.letters.templates import environment


@pytest.fixture(autouse=True)
def _nothing_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "_COMPILED", {})


def put(folder: Path, text: str, name: str = "own.html.j2") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder


def test_a_shipped_template_is_compiled_once_for_all_environments(tmp_path: Path) -> None:
    with mock.patch.object(Environment, "compile", autospec=True, side_effect=Environment.compile) as compiled:
        for folder in (None, None, put(tmp_path / "own", "غير هذا")):
            environment(folder).get_template("email/parts.mjml.j2")
    assert compiled.call_count == 1


def test_an_edited_template_is_compiled_anew(tmp_path: Path) -> None:
    folder = put(tmp_path / "own", "{{ 1 + 1 }} أخبار")
    assert environment(folder).get_template("own.html.j2").render() == "2 أخبار"
    put(folder, "{{ 2 + 1 }} أخبار")
    assert environment(folder).get_template("own.html.j2").render() == "3 أخبار"


def test_templates_of_the_same_name_are_each_newsrooms_own(tmp_path: Path) -> None:
    folders = [put(tmp_path / name, f"{name} {{{{ word }}}}") for name in ("one", "two")]
    for _ in range(2):
        told = [environment(folder).get_template("own.html.j2").render(word="<b>") for folder in folders]
        assert told == ["one &lt;b&gt;", "two &lt;b&gt;"]


def test_the_same_words_as_plain_text_are_not_escaped_since_they_were_as_markup(tmp_path: Path) -> None:
    folder = put(put(tmp_path / "own", "{{ word }}"), "{{ word }}", "own.txt.j2")
    told = [environment(folder).get_template(name).render(word="<b>") for name in ("own.html.j2", "own.txt.j2")]
    assert told == ["&lt;b&gt;", "<b>"]


def test_a_shipped_template_under_its_other_name_is_the_same(tmp_path: Path) -> None:
    folder = put(tmp_path / "own", "{% extends 'shipped/own.html.j2' %}")
    with mock.patch.object(templates, "templates_dir", return_value=put(tmp_path / "shipped", "هذا")):
        assert environment().get_template("own.html.j2").render() == "هذا"
        assert environment(folder).get_template("own.html.j2").render() == "هذا"
