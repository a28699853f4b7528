"""Where templates come from, and that they cannot do what they may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.errors import RenderError
from newsletter.letters.render import fill
from newsletter.letters.templates import environment, templates_dir


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_templates_are_found() -> None:
    assert (templates_dir() / "email" / "weekly.mjml.j2").is_file()
    assert "email/weekly.mjml.j2" in environment().list_templates()


def test_a_missing_folder_of_the_workspace_is_no_trouble(tmp_path: Path) -> None:
    assert environment(tmp_path / "templates").get_template("email/weekly.mjml.j2")


def test_the_workspaces_own_file_wins_and_reaches_ours(tmp_path: Path) -> None:
    own = write(
        tmp_path,
        "email/weekly.mjml.j2",
        '{% extends "shipped/email/weekly.mjml.j2" %}{% block footer %}بقلمنا{% endblock %}',
    )
    source = environment(own).get_template("email/weekly.mjml.j2")
    assert source.filename == str(tmp_path / "email" / "weekly.mjml.j2")
    assert environment(own).get_template("email/weekly.txt.j2").filename != source.filename


def test_markup_is_escaped_and_plain_text_is_not(tmp_path: Path) -> None:
    own = write(write(tmp_path, "a.mjml.j2", "{{ x }}"), "a.txt.j2", "{{ x }}")
    assert fill(environment(own), "a.mjml.j2", {"x": '<b>"'}) == "&lt;b&gt;&#34;"
    assert fill(environment(own), "a.txt.j2", {"x": '<b>"'}) == '<b>"'


@pytest.mark.parametrize(
    ("source", "line", "about"),
    [
        ("سطر\n{{ missing }}", 2, "missing"),
        ("{% if %}", 1, "cannot be read"),
        ("\n\n{% for x in %}", 3, "cannot be read"),
        ("\n{{ 1 / 0 }}", 2, "ZeroDivisionError"),
        ("{{ ''.__class__.__mro__ }}", 1, "may not"),
        ("\n\n{{ x.missing }}", 3, "missing"),
        ("{% include 'nowhere.j2' %}", 0, "nowhere.j2"),
    ],
)
def test_errors_name_template_and_line(tmp_path: Path, source: str, line: int, about: str) -> None:
    own = write(tmp_path, "email/bad.mjml.j2", source)
    with pytest.raises(RenderError) as caught:
        fill(environment(own), "email/bad.mjml.j2", {"x": object()})
    assert caught.value.where == ("email/bad.mjml.j2" + (f":{line}" if line else ""))
    assert about in str(caught.value)


def test_errors_in_an_included_template_name_that_one(tmp_path: Path) -> None:
    own = write(write(tmp_path, "a.mjml.j2", '\n{% include "b.mjml.j2" %}'), "b.mjml.j2", "\n\n{{ missing }}")
    with pytest.raises(RenderError) as caught:
        fill(environment(own), "a.mjml.j2", {})
    assert caught.value.where == "b.mjml.j2:3"


def test_a_missing_template_is_told(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"no template 'email/nothing.mjml.j2'"):
        fill(environment(tmp_path), "email/nothing.mjml.j2", {})
