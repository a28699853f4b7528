"""issue.md is read, written back as it was, and complained about with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import issues
from newsletter.errors import IssueError, NashraError
from newsletter.models import Issue, Prose, Section, Story

FRONT = '+++\nnumber = 12\nsubject = "أسبوع في الموجة"\npreheader = "خمس قصص"\nlist = "readers"\ntemplate = "weekly"\n+++\n'
PATH = Path("issues/twelve/issue.md")


def parsed(body: str) -> Issue:
    return issues.parse(FRONT + body, PATH)


def test_the_whole_of_an_issue_is_understood() -> None:
    issue = parsed(
        """
أعزاءنا القراء، كلمة المحرّر هنا…

## أهم الأخبار

### [عنوان القصة](https://example.org/story)
![وصف الصورة](https://example.org/image.jpg)
ملخص القصة في سطرين أو ثلاثة.

### [عنوان ثانٍ](https://example.org/second)
ملخص آخر.

فقرة ثانية.

---

كلمة بعد القصة.

## رأي

> اقتباس يختاره المحرر
"""
    )
    assert (issue.number, issue.subject, issue.preheader) == (12, "أسبوع في الموجة", "خمس قصص")
    assert (issue.slug, issue.path) == ("twelve", str(PATH))
    assert issue.opening == (Prose("أعزاءنا القراء، كلمة المحرّر هنا…", 9),)
    first, second = issue.sections
    assert (first.title, first.line) == ("أهم الأخبار", 11)
    lead, other = first.stories
    assert lead == Story(
        "عنوان القصة",
        url="https://example.org/story",
        summary="ملخص القصة في سطرين أو ثلاثة.",
        image="https://example.org/image.jpg",
        image_alt="وصف الصورة",
        line=13,
        image_line=14,
    )
    assert other.summary == "ملخص آخر.\n\nفقرة ثانية."
    assert first.blocks[-1] == Prose("كلمة بعد القصة.", 24)
    assert second.blocks == (Prose("> اقتباس يختاره المحرر", 28),)


def test_a_story_before_any_heading_stands_in_a_section_without_title() -> None:
    issue = parsed("كلمة\n\n### عنوان بلا رابط\nنص كامل.\n")
    assert issue.opening == (Prose("كلمة", 8),)
    assert issue.sections == (Section("", (Story("عنوان بلا رابط", summary="نص كامل.", line=10),)),)


def test_a_local_picture_may_have_an_arabic_name_and_stand_apart() -> None:
    (story,) = parsed("### [عنوان](https://example.org/a)\n\n![وصف](<pictures/صورة الميناء.jpg>)\n\nملخص.\n").stories
    assert (story.image, story.image_alt, story.summary) == ("pictures/صورة الميناء.jpg", "وصف", "ملخص.")


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    body = "\n## قسم\n\n### [عنوان](https://example.org/a)\nملخص.\n"
    folder = tmp_path / "twelve"
    folder.mkdir()
    (folder / "issue.md").write_bytes(b"\xef\xbb\xbf" + (FRONT + body).replace("\n", "\r\n").encode())
    assert issues.read(folder / "issue.md").sections == parsed(body).sections


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("نص\n\n### [عنوان](https://example.org/a", 10, "a broken link"),
        ("### [عنوان](https://example.org/a b)", 8, "a broken link"),
        ("نص\nثم [رابط](javascript:alert(1)) هنا", 9, "a broken link"),
        ("[رابط](http:/example)", 8, "leads nowhere"),
        ("[رابط](/relative)", 8, "leads nowhere"),
        ("[رابط]()", 8, "leads nowhere"),
        ("> قول [رابط](ftp://example.org/a)", 8, "leads nowhere"),
        ("# عنوان كبير", 8, "first level"),
    ],
)
def test_what_is_wrong_in_the_body_is_named_with_its_line(body: str, line: int, words: str) -> None:
    with pytest.raises(IssueError, match=words) as caught:
        parsed(body)
    assert caught.value.where == f"{PATH}:{line}"
    assert caught.value.mend


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, r"does not begin with \+\+\+"),
        ("number = 1", 1, r"does not begin with \+\+\+"),
        ("+++\nnumber = 1\n", 1, "has no end"),
        ("+++\nnumber = 1\nsubject = خبر\n+++\n", 3, "not valid TOML: subject = خبر"),
        ('+++\nnumber = "1"\nsubject = "خبر"\n+++\n', 2, "a whole number is wanted"),
        ("+++\nnumber = 1\nsubject = 5\n+++\n", 3, "text in quotes is wanted"),
        ('+++\nnumber = 0\nsubject = "خبر"\n+++\n', 2, "1 or more"),
        ('+++\nsubject = "خبر"\n+++\n', 1, "has no number"),
        ("+++\nnumber = 1\n+++\n", 1, "has no subject"),
        ('+++\nnumber = 1\nsubject = "خبر"\nsubjet = "x"\n+++\n', 4, "'subjet' is not known here"),
        ('+++\nnumber = true\nsubject = "خبر"\n+++\n', 2, "a whole number is wanted"),
    ],
)
def test_what_is_wrong_in_the_front_matter_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(IssueError, match=words) as caught:
        issues.parse(text, PATH)
    assert caught.value.where == f"{PATH}:{line}"


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    path.write_bytes(FRONT.encode() + "خبر".encode("windows-1256"))
    with pytest.raises(IssueError, match="not UTF-8") as caught:
        issues.read(path)
    assert caught.value.where == f"{path}:8"


plain = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1).map(
    lambda text: " ".join(text.split())
).filter(bool)
addresses = st.sampled_from(["https://example.org/a", "https://example.org/(b)", "https://example.org/%D8%A7?x=1&y=2"])
stories = st.builds(Story, headline=plain, url=addresses, summary=st.just("ملخص."))
drafts = st.builds(
    Issue,
    number=st.integers(1, 10**6),
    subject=plain,
    preheader=plain,
    opening=st.lists(st.just(Prose("كلمة المحرر.")), max_size=1).map(tuple),
    sections=st.lists(
        st.builds(Section, title=plain, blocks=st.lists(stories, min_size=1, max_size=3).map(tuple)), max_size=3
    ).map(tuple),
)


@given(drafts)
def test_what_is_written_reads_back(draft: Issue) -> None:
    read = issues.parse(issues.to_text(draft), PATH)
    assert (read.number, read.subject, read.preheader) == (draft.number, draft.subject, draft.preheader)
    assert [prose.markdown for prose in read.opening] == [prose.markdown for prose in draft.opening]
    assert [section.title for section in read.sections] == [section.title for section in draft.sections]
    assert [(s.headline, s.url, s.summary) for s in read.stories] == [
        (s.headline, s.url, s.summary) for s in draft.stories
    ]
    assert issues.to_text(read) == issues.to_text(draft)


@given(st.text())
def test_any_text_is_an_issue_or_an_issue_error(text: str) -> None:
    for whole in (text, FRONT + text):
        try:
            issues.parse(whole, PATH)
        except NashraError as error:
            assert str(PATH) in error.where


def test_an_issue_is_found_by_number_name_or_path(tmp_path: Path) -> None:
    for number, slug in ((1, "first"), (2, "second")):
        issues.write(Issue(number, f"عدد {number}"), issues.folder_of(tmp_path, slug))
    assert [issue.number for issue in issues.every(tmp_path)] == [1, 2]
    path = tmp_path / "issues" / "second" / "issue.md"
    for name in ("2", "second", str(path), str(path.parent)):
        assert issues.find(tmp_path, name).number == 2
    with pytest.raises(IssueError, match="no issue is called '3'") as caught:
        issues.find(tmp_path, "3")
    assert "first, second" in caught.value.mend


def test_an_issue_is_never_written_over(tmp_path: Path) -> None:
    folder = issues.folder_of(tmp_path, "first")
    path = issues.write(Issue(1, "عدد"), folder)
    before = path.read_bytes()
    with pytest.raises(IssueError, match="an issue here already"):
        issues.write(Issue(2, "آخر"), folder)
    assert path.read_bytes() == before


@pytest.mark.parametrize("slug", ["", "../x", "a/b", ".hidden", "a b"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, slug: str) -> None:
    with pytest.raises(IssueError, match="cannot name a folder"):
        issues.folder_of(tmp_path, slug)
