"""``--help`` and wrong usage in Arabic: every text of every command, pages that fit, and the reference made of them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import command_reference
import pytest
import typer
from command import ROOT, environment, here

from newsletter.cli import cells, helping, speaking
from newsletter.cli.tree import app

PO = ROOT / "templates" / "locale" / "ar" / "help.po"
BESIDE = frozenset({"Usage: {command}", "default: {value}", "required", "Show this message and exit."})
"""What is put around the words of commands."""
ISOLATES = re.compile("[\u2066-\u2069]")


def every(group: Any = None, name: str = "newsletter") -> Iterator[tuple[str, Any]]:
    """Every command and group with its name."""
    found = group if group is not None else typer.main.get_command(app)
    yield name, found
    for word, one in getattr(found, "commands", {}).items():
        yield from every(one, f"{name} {word}")


def texts() -> dict[str, str]:
    """Every text of the help, and whose it is."""
    found: dict[str, str] = {}
    for name, command in every():
        for one in helping.paragraphs(command.help or ""):
            said = [one] if isinstance(one, str) else [line for line in one if line.endswith(":")]
            for text in said:
                found.setdefault(text, name)
        for title in getattr(command, "panels", ()):
            found.setdefault(title, name)
        for parameter in command.params:
            found.setdefault(parameter.help, f"{name} {parameter.name}")
    return found


def test_every_text_of_the_help_has_its_arabic_and_the_catalogue_nothing_else() -> None:
    known = helping.catalogue("ar")
    known = {text: said for text, said in known.items() if text}
    asked = {**texts(), **dict.fromkeys(("Options", "Arguments", "Commands", *BESIDE), "every page")}
    assert len(asked) > 300
    assert {text: whose for text, whose in asked.items() if text not in known} == {}
    assert sorted(known.keys() - asked.keys()) == []
    for said in known.values():
        assert said.count("`") % 2 == 0, said
        assert not ISOLATES.search(said), said
        assert not re.search("[\u0660-\u0669]", said), said
        assert not re.search("[A-Za-z]{2,}", re.sub(r"`[^`]*`|\{\w+\}", "", said)), said


def test_no_text_stands_twice_in_the_catalogue() -> None:
    written = re.findall(r'^msgid "(.+)"$', PO.read_text("utf-8"), re.MULTILINE)
    assert len(written) == len(set(written))


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_every_page_fits_and_each_of_its_lines_is_whole(columns: int) -> None:
    speaking.choose(["--lang", "ar"], {})
    try:
        for name, command in every():
            context = command.make_context(name, [], resilient_parsing=True)
            page = helping.page_of(command, context, columns)
            for line in page.splitlines():
                assert cells.balanced(line), line
                example = line.startswith("    ") and not ISOLATES.search(line)
                assert cells.width(line) <= columns or example, line
                assert not line.startswith("\u2067")  # lost in terminals of the VTE family
    finally:
        speaking.choose([], {})


def test_help_is_in_arabic_where_commands_are() -> None:
    page = ISOLATES.sub("", here("--lang", "ar", "weekly", "--help").out)
    assert page.lstrip().startswith("الاستعمال: newsletter weekly [OPTIONS] [PATH_OR_URL…]")
    for words in ("المعطيات:", "الخيارات:", "أمثلة:", "يرسل الأسبوع: ", "(المعتاد: readers)", "يعرض هذه الصفحة ويخرج."):
        assert words in page
    assert "    newsletter weekly --draft" in page.splitlines()
    whole = ISOLATES.sub("", here("--lang", "ar", "--help").out)
    assert "صنع العدد:" in whole
    assert re.search(r"^ +يجمع المقالات إلى المواد\.  +collect$", whole, re.MULTILINE)
    assert ISOLATES.sub("", here("--lang", "ar", "sends").err + here("--lang", "ar", "sends").out).count("إرسال") > 5
    assert here("weekly", "--help").out.startswith("Usage: newsletter weekly")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("subscribers", "add"), "ينقص المعطى ADDRESS…."),
        (("database", "copy"), "ينقص الخيار --to."),
        (("weekly", "--nope"), "لا خيار باسم --nope"),
        (("weekly", "--lis", "x"), "لا خيار باسم --lis؛ مما يشبهه: --list, --yes"),
        (("wekly",), "لا أمر باسم wekly؛ مما يشبهه: weekly"),
        (("sub",), "لا أمر باسم sub."),
        (("send", "1", "2", "3"), "معطيات زائدة: 2 3"),
        (("send", "--at"), "يحتاج الخيار --at إلى قيمة بعده."),
        (("send", "--yes=1"), "لا يأخذ الخيار --yes قيمة."),
        (("deliverability", "--days", "0"), "لا يأخذ --days هذا: أقل ما يؤخذ 1"),
        (("service", "install", "--port", "99999"), "لا يأخذ --port هذا: أكثر ما يؤخذ 65535"),
        (("deliverability", "--days", "x"), "لا يأخذ --days هذا: المطلوب عدد صحيح"),
        (("send", "--rhythm", "x"), "لا يأخذ --rhythm هذا: x ليس من هذه: weekly, all"),
        (("sends", "resume", "1", "--reason", "x"), "لا يأتي --reason و--dry-run و--json إلا مع --resend-refused"),
        (("articles", "--json", "--jsonl"), "خذ --json أو --jsonl: كل منهما يملأ المخرج وحده"),
    ],
)
def test_wrong_usage_is_told_in_arabic_and_ends_with_the_same_code(arguments: tuple[str, ...], words: str) -> None:
    done = here("--lang", "ar", *arguments)
    assert done.code == here(*arguments).code == 2
    lines = ISOLATES.sub("", done.err).splitlines()
    assert lines[-1] == f"خطأ: {words}"
    if len(lines) > 1:  # Typer does not say of which command an option is that has a value too many or too few
        assert lines[0].startswith("الاستعمال: newsletter ")
        assert re.fullmatch(r"للمساعدة: newsletter [a-z -]*--help", lines[1])
    assert all(map(cells.balanced, done.err.splitlines()))


def test_the_reference_in_arabic_has_the_commands_and_examples_of_the_english_one() -> None:
    pages = [path.read_text("utf-8") for path in command_reference.PATHS.values()]
    for pattern in (r"^### .+$", r"(?s)^```.*?^```$", r"^\| (?:&lrm;)?`[^`]+`"):
        english, arabic = (
            [one.replace("&lrm;", "") for one in re.findall(pattern, page, re.MULTILINE)] for page in pages
        )
        assert english == arabic
        assert len(english) > 50


def test_a_page_in_arabic_loads_nothing_dear(tmp_path: Path) -> None:
    program = "import sys; from newsletter.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program, "--lang", "ar", "weekly", "--help"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
        check=True,
    )
    imported = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.MULTILINE))
    assert "newsletter.cli.helping" in imported
    assert not {"jinja2", "babel", "sqlalchemy", "rich.console"} & imported
