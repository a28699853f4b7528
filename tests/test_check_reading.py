"""An issue read for the rules: every text, link, picture and heading with its line."""

from __future__ import annotations

from pathlib import Path

from newsletter import issues
from newsletter.check.reading import OBJECT, Heading, IssueLink, IssuePicture, TextRun, read
from newsletter.models import Issue, Prose, Section, Story

TEXT = """\
+++
# a comment of the editor
number = 3
subject = "موضوع هذا الأسبوع"
preheader = "سطر خلفه"
+++

كلمة أولى
وثانية فيها [رابط
طويل](https://example.org/a) ثم `كود` و**ثقيل**.

<!-- a candidate that waits
### [لا تُقرأ](https://localhost/x)
-->

## قسم

### [عنوان *مائل*](https://example.org/story)
![وصف الصورة](pictures/صورة%20أولى.jpg)

ملخص أول.

> اقتباس ![أيقونة](https://example.org/i.png) داخله
>
> - بند
>   تتمته

```
"كود" , لا يُقرأ
```

#### عنوان صغير

---

خاتمة <https://example.org/end>
"""


def test_everything_has_its_line() -> None:
    issue = issues.parse(TEXT, Path("issues/3/issue.md"))
    reading = read(issue)
    lines = TEXT.split("\n")
    assert [(run.kind, run.line) for run in reading.runs] == [
        ("subject", 4),
        ("preheader", 5),
        ("text", 8),
        ("text", 9),
        ("text", 10),
        ("section", 16),
        ("headline", 18),
        ("alt", 19),
        ("text", 21),
        ("alt", 23),
        ("text", 23),
        ("text", 25),
        ("text", 26),
        ("text", 32),
        ("text", 36),
    ]
    for run in reading.runs:
        for word in run.text.replace(OBJECT, " ").split():
            assert word.strip(".") in lines[run.line - 1].replace("*", ""), run
    assert reading.links == [
        IssueLink("https://example.org/a", "طويل", 9),
        IssueLink("https://example.org/story", "عنوان مائل", 18, story=True),
        IssueLink("https://example.org/end", "https://example.org/end", 36),
    ]
    lead, icon = reading.images
    assert (lead.address, lead.alt, lead.line, lead.lead, lead.remote) == (
        "pictures/صورة أولى.jpg", "وصف الصورة", 19, True, False
    )  # fmt: skip
    assert lead.story is issue.stories[0]
    assert icon == IssuePicture("https://example.org/i.png", "أيقونة", 23)
    assert reading.headings == [Heading(2, "قسم", 16), Heading(3, "عنوان مائل", 18), Heading(4, "عنوان صغير", 32)]


def test_windows_line_ends_and_a_byte_order_mark_count_the_same(tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert read(issues.read(path)).runs == read(issues.parse(TEXT, path)).runs


def test_code_pictures_and_escapes_in_a_line() -> None:
    prose = Prose(r"كلمة \*و\* `كود` ![صورة](a.jpg)، ثم &amp; &nbsp;نهاية", 7)
    run = read(Issue(1, "", opening=(prose,))).runs[-1]
    assert run == TextRun(f"كلمة *و* {OBJECT} {OBJECT}، ثم & \u00a0نهاية", 7, "text")


def test_an_issue_in_memory_has_texts_without_lines() -> None:
    story = Story("عنوان", "https://example.org/a", "ملخص\nفي سطرين", "a.jpg", "وصف")
    reading = read(Issue(1, "", sections=(Section("", (story, Prose("كلمة"))),)))
    assert {run.line for run in reading.runs} == {0}
    assert [run.text for run in reading.runs] == ["عنوان", "وصف", "ملخص", "في سطرين", "كلمة"]
    assert reading.images[0].lead
