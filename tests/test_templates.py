"""Templates are compiled once in a process, whoever fills them; what was edited or is another's is never mixed up."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from unittest import mock

import pytest
from jinja2 import Environment

from newsletter.letters import templates
from newsletter.letters.templates import environment


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing is compiled yet, in this process or by another one; what will be kept lies here."""
    folder = tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setattr(templates, "_COMPILED", {})
    monkeypatch.setattr(templates, "compiled_path", lambda key: folder / key)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return folder


def in_another_process(name: str, overrides: Path | None = None) -> tuple[str, int]:
    """What a template says in a process that has compiled nothing yet, and how many it compiled."""
    with (
        mock.patch.object(templates, "_COMPILED", {}),
        mock.patch.object(Environment, "compile", autospec=True, side_effect=Environment.compile) as compiled,
    ):
        return environment(overrides).get_template(name).render(), compiled.call_count


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


def test_a_shipped_template_is_compiled_by_the_first_process_alone(tmp_path: Path, kept: Path) -> None:
    with mock.patch.object(templates, "templates_dir", return_value=put(tmp_path / "shipped", "{{ 1 + 1 }} أخبار")):
        assert [in_another_process("own.html.j2") for _ in range(3)] == [("2 أخبار", 1), ("2 أخبار", 0), ("2 أخبار", 0)]
        # What has another text than what was compiled, even if it lies where that one lay.
        put(tmp_path / "shipped", "{{ 2 + 1 }} أخبار")
        assert [in_another_process("own.html.j2") for _ in range(2)] == [("3 أخبار", 1), ("3 أخبار", 0)]
    assert len(list(kept.iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 5000, None])
def test_what_was_kept_and_is_damaged_is_compiled_anew(tmp_path: Path, kept: Path, damage: bytes | None) -> None:
    with mock.patch.object(templates, "templates_dir", return_value=put(tmp_path / "shipped", "هذا")):
        in_another_process("own.html.j2")
        (file,) = kept.iterdir()
        file.write_bytes(file.read_bytes()[:40] if damage is None else damage)
        assert in_another_process("own.html.j2") == ("هذا", 1)
        assert in_another_process("own.html.j2") == ("هذا", 0)


@pytest.mark.parametrize("what", ["version", "__file__"])
def test_another_python_and_another_program_compile_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    with mock.patch.object(templates, "templates_dir", return_value=put(tmp_path / "shipped", "هذا")):
        assert in_another_process("own.html.j2") == ("هذا", 1)
        if what == "version":
            monkeypatch.setattr(sys, "version", "another")
        else:
            monkeypatch.setattr(templates, "__file__", str(put(tmp_path / "other", "x = 1\n", "t.py") / "t.py"))
        assert in_another_process("own.html.j2") == ("هذا", 1)


def test_a_newsrooms_own_templates_are_kept_nowhere(tmp_path: Path, kept: Path) -> None:
    folder = put(tmp_path / "own", "هذا")
    assert [in_another_process("own.html.j2", folder) for _ in range(2)] == [("هذا", 1)] * 2
    assert list(kept.iterdir()) == []


def test_where_nothing_may_be_written_each_process_compiles(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mock.patch.object(templates, "templates_dir", return_value=put(tmp_path / "shipped", "هذا")):
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        assert [in_another_process("own.html.j2") for _ in range(2)] == [("هذا", 1)] * 2
        assert list(kept.iterdir()) == []
        monkeypatch.setattr(sys, "dont_write_bytecode", False)
        shutil.rmtree(kept)
        assert [in_another_process("own.html.j2") for _ in range(2)] == [("هذا", 1)] * 2
