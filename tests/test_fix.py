"""``--fix`` mends what is told and has one right form; every other byte of issue.md stays as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import seeded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter import issues
from newsletter.check import CheckContext, check
from newsletter.check.fix import (
    FIXES,
    Fixed,
    fix,
    rewritten,
)
from newsletter.check.links import HTTPS_ANSWERS
from newsletter.errors import IssueError
from newsletter.issues import Manuscript
from newsletter.models import Problem, Publication

FRONT = "+++\nnumber = 3 # the third\nsubject   =  \"موضوع هذا الأسبوع\"   # kept\npreheader = 'سطر خلفه'\n+++\n\n"
PATH = Path("issues/3/issue.md")


def fixed(text: str, language: str = "") -> tuple[str, list[Fixed]]:
    """The text after a check and a mend, without a letter."""
    manuscript = Manuscript(text, PATH)
    about = Publication("الموجة", "https://example.org", language=language) if language else None
    changed, done = rewritten(manuscript, check(manuscript.issue, None, CheckContext(publication=about)), language)
    return changed.text, done


MENDS = Path(__file__).parent / "data" / "mends"
"""One folder for each language of a publication: an issue, and what --fix makes of it."""


@pytest.mark.parametrize("language", sorted(path.name for path in MENDS.iterdir()))
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_an_issue_is_mended_by_the_language_of_its_publication(language: str, ends: str) -> None:
    """Each pair is read by a person first: what changes, and below it what looks alike and must not."""
    before, after = ((MENDS / language / name).read_text("utf-8") for name in ("issue.md", "mended.md"))
    before, after = (text.replace("\n", ends) for text in (before, after))
    once, done = fixed(before, language)
    assert once == after
    assert [one.line for one in done] == [
        at for at, (old, new) in enumerate(zip(before.split(ends), after.split(ends), strict=True), 1) if old != new
    ]
    assert fixed(once, language) == (once, [])


def test_letters_are_mended_only_in_the_languages_whose_keyboard_is_known() -> None:
    text = (MENDS / "ar" / "issue.md").read_text("utf-8")
    for language in ("", "ps", "he", "en"):
        codes = {code for one in fixed(text, language)[1] for code in one.codes}
        assert "letters-keyboard" not in codes


@pytest.mark.parametrize("code", sorted(FIXES - {"link-http"}))
def test_every_mend_mends_its_seeded_fault(code: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(seeded.ROOT / code, tmp_path / code))
    path = folder / "issue.md"
    before = path.read_bytes()
    done = fix(path, seeded.inspected(folder), "ar")
    assert [one.codes for one in done] == [(code,)]
    assert seeded.inspected(folder) == []
    after = path.read_bytes()
    changed = [
        at for at, (old, new) in enumerate(zip(before.split(b"\n"), after.split(b"\n"), strict=True), 1) if old != new
    ]
    assert changed == [one.line for one in done]
    assert fix(path, seeded.inspected(folder), "ar") == []
    assert path.read_bytes() == after


def test_http_is_mended_only_when_its_https_form_answered(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(seeded.ROOT / "link-http", tmp_path / "x"))
    path, url = folder / "issue.md", "https://almawja.example.org/2026/11/library"
    before = path.read_text("utf-8")
    assert fix(path, seeded.inspected(folder), "ar") == []
    (folder / "site.json").write_text(f'{{"{url}": {{"status": 404, "head": 404}}}}', "utf-8")
    assert fix(path, seeded.inspected(folder), "ar") == []
    (folder / "site.json").write_text("{}", "utf-8")
    (problem,) = seeded.inspected(folder)
    assert HTTPS_ANSWERS in problem.mend
    assert len(fix(path, [problem])) == 1
    assert path.read_text("utf-8") == before.replace("http://", "https://")


@pytest.mark.parametrize(
    ("line", "better"),
    [
        # Text between what must stay.
        (
            'قال "نعم" ثم [رابط "أول"](https://example.org/a,b "عنوان")',
            'قال «نعم» ثم [رابط «أول»](https://example.org/a,b "عنوان")',
        ),
        ("قاربًا, ثم `كود , هنا  لا` ومخزنًا ,", "قاربًا، ثم `كود , هنا  لا` ومخزنًا،"),
        ("على https://example.org/a,b?c=1 , ثم news@example.org", None),
        (r"كلمة \, ثم كلمة,", r"كلمة \, ثم كلمة،"),
        ("![وصف , الصورة](a,b.jpg) ثم", "![وصف، الصورة](a,b.jpg) ثم"),
        # Two spaces at an end are a line break, and those of a list belong to it.
        ("سطر  أول  \nسطر ثانٍ", "سطر أول  \nسطر ثانٍ"),
        ("-   بند  أول\n-   بند ثانٍ", "-   بند أول\n-   بند ثانٍ"),
        (">  اقتباس  هنا", ">  اقتباس هنا"),
        # One habit behind another.
        ('قال "نعم" , ثم مضى ?', "قال «نعم»، ثم مضى؟"),
        ("كلمة , ثم", "كلمة، ثم"),
        # Character references keep their own semicolon.
        ("كلمة &amp; كلمة , ثم &#38; كلمة", "كلمة &amp; كلمة، ثم &#38; كلمة"),
        # Only pairs.
        ('قال "نعم ثم مضى', None),
        # A trace in an address, in both of its forms.
        (
            "[ا](https://example.org/?fbclid=1&b=2) و[ب](<https://example.org/?b=1&gclid=x>)",
            "[ا](https://example.org/?b=2) و[ب](<https://example.org/?b=1>)",
        ),
        ("[ا](https://example.org/?b=1&amp;fbclid=2)", "[ا](https://example.org/?b=1)"),
        # What keeps Markdown from reading a list or a heading stays.
        ("\u200b- بند", None),
        ("كلمة\n\u200b## ليست عنوانًا", None),
    ],
)
def test_a_line_is_mended_where_text_stands(line: str, better: str | None) -> None:
    text, done = fixed(f"{FRONT}{line}\n")
    assert text == f"{FRONT}{line if better is None else better}\n"
    assert bool(done) == (better is not None)


def test_the_front_matter_keeps_its_comments_and_spaces() -> None:
    text = FRONT.replace("هذا الأسبوع", 'هذا \\"الأسبوع\\"').replace("سطر خلفه", "سطر  خلفه") + "كلمة.\n"
    mended_text, done = fixed(text)
    assert mended_text == FRONT.replace("هذا الأسبوع", "هذا «الأسبوع»").replace("'سطر خلفه'", '"سطر خلفه"') + "كلمة.\n"
    assert [(one.line, one.codes) for one in done] == [(3, ("quotes-straight",)), (4, ("space-double",))]


def test_line_ends_the_byte_order_mark_and_comments_stay(tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    body = 'كلمة , أولى\n\n<!-- "تعليق" , يبقى  كما هو -->\n\n```\nكود , هنا\n```\nآخر , سطر بلا نهاية'
    before = b"\xef\xbb\xbf" + f"{FRONT}{body}".replace("\n", "\r\n").encode()
    path.write_bytes(before)
    path.chmod(0o640)
    done = fix(path, check(issues.read(path), None))
    assert [one.line for one in done] == [7, 14]
    assert path.read_bytes() == before.replace("كلمة , ".encode(), "كلمة، ".encode()).replace(
        "آخر , ".encode(), "آخر، ".encode()
    )
    assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["issue.md"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "issue.md"
    path.write_text(f"{FRONT}كلمة , ثم\n", "utf-8")
    problems = check(issues.read(path), None)
    read = Manuscript.read

    def read_and_change(at: Path) -> Manuscript:
        manuscript = read(at)
        path.write_text(f"{FRONT}نص آخر\n", "utf-8")
        return manuscript

    monkeypatch.setattr(Manuscript, "read", read_and_change)
    with pytest.raises(IssueError, match="changed by somebody else"):
        fix(path, problems)
    assert path.read_text("utf-8") == f"{FRONT}نص آخر\n"


def test_problems_of_other_files_and_other_codes_change_nothing() -> None:
    manuscript = Manuscript(f"{FRONT}كلمة , ثم\n", PATH)
    for problem in (
        Problem("space-before-sign", "warning", "x", "other.md:7", "y"),
        Problem("space-before-sign", "warning", "x", str(PATH), "y"),
        Problem("section-empty", "warning", "x", f"{PATH}:7", "y"),
    ):
        assert rewritten(manuscript, [problem]) == (manuscript, [])


_TEXT = [
    "كلمة",
    "و",
    " ",
    "  ",
    ",",
    "،",
    "?",
    '"',
    "«",
    "»",
    "1",
    "abc",
    "(",
    "\u200b",
    "\u2067",
    "\u202b",
    "كـــل",
    "ﻻ",
    "الکتاب",
    "علی",
    "كتابي",
    "ه\u200c",
    "پ",
    ";",
    "؛",
    "؟",
    "#وسم",
    "١2",
    "٤",
    "۵",
]
_MARKUP = ["**", "*", "`", "[", "](https://example.org/?fbclid=1)", "\\", "\n", "> ", "- ", "&amp;", "![و](a.jpg)"]
_PIECES = st.sampled_from([*_TEXT, *_MARKUP, "https://example.org/x,", "<https://example.org>"])


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.filter_too_much], max_examples=300)
@given(st.lists(_PIECES, max_size=20).map("".join), st.sampled_from(["", "ar", "fa", "ur", "ckb", "he", "fr"]))
def test_whatever_is_mended_reads_as_before_and_is_mended_once(body: str, language: str) -> None:
    text = f"{FRONT}{body}\n"
    try:
        before = issues.parse(text, PATH)
    except IssueError:
        return
    once, done = fixed(text, language)
    after = issues.parse(once, PATH)
    assert [type(block).__name__ for block in after.opening] == [type(block).__name__ for block in before.opening]
    assert len(once.split("\n")) == len(text.split("\n"))
    assert {one.line for one in done} == {
        at for at, (old, new) in enumerate(zip(text.split("\n"), once.split("\n"), strict=True), 1) if old != new
    }
    twice, again = fixed(once, language)
    assert (twice, again) == (once, [])
