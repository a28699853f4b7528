"""Every check trips on what it is for, at the line where that stands, and on nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from command import here, make_workspace

HEAD = """\
+++
number = 1
subject = "أسبوع في مرسى الريحان"
preheader = "ثلاث قصص اخترناها لكم هذا الأسبوع"
list = "readers"
template = "weekly"
+++

أعزاءنا القراء، هذه نشرة الأسبوع.

## أخبار

### [مرسى الريحان يفتح رصيفه الجديد](https://almawja.example.org/2026/11/quay/)
![قوارب صيد في ميناء هادئ](https://almawja.example.org/quay.jpg)
بعد ثلاث سنوات من الأشغال، تسلّم صيادو المدينة رصيفًا جديدًا.
"""
LAST = HEAD.count("\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("made") / "w", readers=0)
    path = root / "newsletter.toml"
    postal = 'postal_address = "14 شارع الميناء، مرسى الريحان"'
    path.write_text(path.read_text("utf-8").replace("[letter]\n", f"[letter]\n{postal}\n"), "utf-8")
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "w"))


def check(root: Path, text: str) -> tuple[int, list[dict[str, Any]]]:
    path = root / "issues" / "first" / "issue.md"
    path.write_text(text, "utf-8")
    done = here("-C", root, "check", "first", "--json")
    assert done.code in (0, 3), done
    problems = json.loads(done.out)["problems"]
    for problem in problems:
        assert problem["words"]
        assert problem["place"]
        assert problem["mend"]
    levels = [problem["level"] for problem in problems]
    assert levels == sorted(levels)  # errors first
    assert (done.code == 3) == ("error" in levels)
    return done.code, problems


def test_a_clean_issue_trips_nothing(root: Path) -> None:
    assert check(root, HEAD) == (0, [])


@pytest.mark.parametrize(
    ("text", "code", "level", "line"),
    [
        (HEAD.replace("أسبوع في مرسى الريحان", " "), "subject-empty", "error", 3),
        (f"{HEAD}\n### [ ](https://example.org/x)\nنص بلا عنوان.\n", "story-without-headline", "error", LAST + 2),
        (f"{HEAD}\n### خبر كامل في الرسالة\nنصه هنا كله، ولا رابط له.\n", "story-without-link", "warning", LAST + 2),
        (f"{HEAD}\n### خبر بلا رابط ولا نص\n", "story-empty", "error", LAST + 2),
        (f"{HEAD}\n## رأي\n", "section-empty", "warning", LAST + 2),
        (HEAD.replace("![قوارب صيد في ميناء هادئ]", "![]"), "image-without-alt", "warning", 14),
        (f"{HEAD}\n---\n\nكلمة أخيرة.\n\n![](https://example.org/a.jpg)\n", "image-without-alt", "warning", LAST + 6),
        (f"{HEAD}\n![](https://example.org/a.jpg)\n", "image-without-alt", "warning", LAST + 2),
        (HEAD.replace("هذه نشرة", "{{ name }} هذه نشرة"), "template-leaked", "error", 9),
        (f"{HEAD}\nوفقرة ثانية\nفي سطرين {{% if x %}}\n", "template-leaked", "error", LAST + 3),
        (HEAD.replace("[مرسى", "[*|FNAME|* مرسى"), "template-leaked", "error", 13),
        (HEAD.replace("القراء،", "[الاسم]،"), "template-leaked", "error", 9),
        (HEAD.replace('"أسبوع', '"{{ subject }} أسبوع'), "template-leaked", "error", 3),
        (HEAD.replace("[قوارب", "[{{ alt }} قوارب"), "template-leaked", "error", 14),
    ],
)
def test_each_check(root: Path, text: str, code: str, level: str, line: int) -> None:
    _, problems = check(root, text)
    assert {problem["code"] for problem in problems} == {code}
    (problem,) = problems
    assert problem["level"] == level
    assert problem["place"] == f"{root / 'issues' / 'first' / 'issue.md'}:{line}"


def test_nothing_to_send(root: Path) -> None:
    code, problems = check(root, HEAD.partition("أعزاءنا")[0])
    assert code == 3
    assert "issue-empty" in {problem["code"] for problem in problems}


def test_a_template_that_forgot_the_way_out(root: Path) -> None:
    shipped = Path(__file__).parents[1] / "templates" / "email"
    folder = root / "templates" / "email"
    folder.mkdir(parents=True)
    for name in ("parts.mjml.j2", "base.txt.j2"):
        source = (shipped / name).read_text("utf-8")
        assert "{{ leave_url }}" in source
        (folder / name).write_text(source.replace("{{ leave_url }}", "https://example.org"), "utf-8")
        done = here("-C", root, "check", "first")
        assert done.code in (1, 3)
        assert "put {{ leave_url }} into" in done.out + done.err
        done = here("-C", root, "send", "first", "--yes")
        assert done.code in (1, 3)
        (folder / name).unlink()


def test_a_template_that_leaks(root: Path) -> None:
    path = root / "templates" / "email" / "weekly.txt.j2"
    path.parent.mkdir(parents=True)
    path.write_text('{% extends "shipped/email/weekly.txt.j2" %}', "utf-8")
    assert check(root, HEAD) == (0, [])
    path.write_text("{{ leave_url }} {{ '{{' }} nobody filled this {{ '}}' }}", "utf-8")
    code, problems = check(root, HEAD)
    assert code == 3
    (problem,) = [one for one in problems if one["code"] == "template-leaked"]
    assert problem["place"] == "the letter's text"


def test_a_letter_that_mail_programs_would_cut(root: Path) -> None:
    story = (
        "\n### [خبر رقم {0}](https://almawja.example.org/{0})\n" + "نص طويل عن حياة المدينة وأهلها في هذا الأسبوع. " * 9
    )
    code, problems = check(root, HEAD + "".join(story.format(number) for number in range(60)))
    assert code == 3
    (problem,) = [one for one in problems if one["code"] == "letter-too-large"]
    assert "Gmail" in problem["words"]


def test_problems_stand_in_the_order_of_the_file(root: Path) -> None:
    story = "### [خبر](https://example.org/1)\n![](https://example.org/1.jpg)\nنص.\n"
    text = f"{HEAD}\n## رأي\n\n## صور\n\n{story}\n## فراغ\n"
    _, problems = check(root, text)
    lines = [int(problem["place"].rpartition(":")[2]) for problem in problems]
    assert lines == [LAST + 2, LAST + 7, LAST + 10]
