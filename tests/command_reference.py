"""commands.md in English and in Arabic, made from what the commands say of themselves; ``make docs`` writes both."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from newsletter.cli import helping, speaking
from newsletter.cli.app import usage_name
from newsletter.cli.tree import app

DOCS = Path(__file__).resolve().parents[1] / "docs"
PATHS = {"en": DOCS / "en" / "commands.md", "ar": DOCS / "ar" / "commands.md"}
BAR = "\\|"
"""A bar in a table, in code as well."""

HEAD = """\
# Commands

Made from the commands' own help by `make docs`; a test holds them equal.

Every command works in the workspace of the folder it is called in, or of a folder above it, or in the one that
`-C DIR` names: `newsletter -C DIR COMMAND`. Data goes to stdout, words to stderr; `--json` prints one JSON object
(its form: [operating.md](operating.md)), `--jsonl` one a line.

Words are English, or Arabic with `--lang ar` before the command, or where the environment says so as gettext reads it
(`LANGUAGE`, `LC_ALL`, `LC_MESSAGES`, `LANG`); so is the help. Data is never translated.

| exit code | meaning |
|---|---|
| 0 | done; also when there was nothing to do |
| 1 | failed: one line on stderr says what, where, and how to mend it |
| 2 | wrong usage |
| 3 | the check found errors, and nothing was sent |
| 4 | some letters were refused or are unknown, or some reports could not be read; the others were |
| 5 | something was due and nothing of it went, or no source is named |
| 75 | a send stopped in the middle; nothing is lost, run the same command again |
"""


HEAD_IN_ARABIC = """\
# الأوامر

تُصنع هذه الصفحة من مساعدة الأوامر نفسها (`make docs`)، ويضمن اختبار أنها مثلها.
وهي بالإنجليزية: [commands.md](../en/commands.md).

يعمل كل أمر في مجلد النشرة الذي هو فيه أو تحته، أو في الذي يسمّيه `-C DIR`: هكذا `newsletter -C DIR COMMAND`.
تُطبع البيانات على المخرج، والكلمات على مخرج الأخطاء؛ ويطبع `--json` كائن `JSON` واحدًا
(وشكله في [operating.md](../en/operating.md))، و`--jsonl` كائنًا في كل سطر.

تكون الكلمات عربية مع `--lang ar` قبل الأمر، أو حين تقول البيئة ذلك كما يقرؤها `gettext`
(`LANGUAGE` ثم `LC_ALL` ثم `LC_MESSAGES` ثم `LANG`)؛ وكذلك المساعدة: `newsletter --lang ar weekly --help`.
والبيانات لا تُترجم أبدًا.

| رمز الخروج | معناه |
|---|---|
| 0 | تم؛ أو لم يكن شيء يُفعل |
| 1 | لم ينجح: سطر يقول ما الخلل وأين وكيف يُصلح |
| 2 | خطأ في كتابة الأمر |
| 3 | وجد الفحص أخطاء، ولم يُرسل شيء |
| 4 | رُفضت رسائل أو لا نعرف مصيرها، أو تقارير لم تُقرأ؛ وتمّ ما سواها |
| 5 | حان موعد شيء ولم يذهب منه شيء، أو لم يُسمَّ مصدر |
| 75 | توقف إرسال في منتصفه؛ لم يضع شيء، فنفّذ الأمر نفسه ثانية |
"""

_CODE = re.compile(r"`[^`]+`")


def text(language: str = "en") -> str:
    """The whole file in a language."""
    speaking.choose(["--lang", language], {})
    try:
        made = "".join(_commands(typer.main.get_command(app), ""))
    finally:
        speaking.choose([], {})
    return HEAD + made if language == "en" else _marked(HEAD_IN_ARABIC + made)


def _marked(page: str) -> str:
    """A page from the right: signs at the edge of code outside of blocks stay at that edge."""
    parts = re.split(r"(^```.*?^```\n)", page, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else _CODE.sub(_held, part) for part in parts)


def _held(found: re.Match[str]) -> str:
    code = found[0]
    before, after = ("" if code[at].isalnum() else "&lrm;" for at in (1, -2))
    return f"{before}{code}{after}"


def _commands(group: Any, prefix: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield _command(f"{prefix}{name}", command)
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield _command(f"{prefix}{name}", command)


def _command(name: str, command: Any) -> str:
    lines = [f"\n### newsletter {name}\n"]
    words, _, example = inspect.cleandoc(command.help).replace("\b\n", "").partition("\nExample")
    lines.append(_words(words.strip()) + "\n")
    rows = [row for parameter in command.params if (row := _row(parameter))]
    if rows:
        lines += ["| | |", "|---|---|", *rows, ""]
    example = inspect.cleandoc(example.partition(":\n")[2])
    for kind, found in itertools.groupby(inspect.cleandoc(example).splitlines(), _kind):
        lines.append(f"```{kind}\n" + "\n".join(found) + "\n```\n")
    return "\n".join(lines)


def _words(text: str) -> str:
    """Paragraphs in the language of the page."""
    if speaking.language() == "en":
        return text
    return "\n\n".join(helping.told(one) for one in helping.paragraphs(text) if isinstance(one, str))


def _kind(line: str) -> str:
    """What a line of an example is for: the shell, or the table of cron."""
    return "cron" if line.startswith("*") else "sh"


def _row(parameter: Any) -> str:
    if parameter.name == "help":
        return ""
    name = (
        usage_name(parameter)
        if parameter.param_type_name == "argument"
        else ", ".join((*parameter.opts, *parameter.secondary_opts))
    )
    words = helping.told(parameter.help).replace("|", BAR)
    return f"| `{name.replace('|', BAR)}` | {words} |"


if __name__ == "__main__":
    for language, path in PATHS.items():
        path.write_text(text(language), "utf-8")
