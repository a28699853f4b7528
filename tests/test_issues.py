"""issue.md is read, written back as it was, and complained about with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import issues
from newsletter.errors import IssueError, NashraError
from newsletter.issues.targets import one_line
from newsletter.models import Issue, Prose, Section, Story

FRONT = (
    '+++\nnumber = 12\nsubject = "أسبوع في الموجة"\npreheader = "خمس قصص"\nlist = "readers"\ntemplate = "weekly"\n+++\n'
)
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
        summary_line=15,
    )
    assert other.summary == "ملخص آخر.\n\nفقرة ثانية."
    assert first.blocks[-1] == Prose("كلمة بعد القصة.", 24)
    assert second.blocks == (Prose("> اقتباس يختاره المحرر", 28),)


def test_a_story_before_any_heading_stands_in_a_section_without_title() -> None:
    issue = parsed("كلمة\n\n### عنوان بلا رابط\nنص كامل.\n")
    assert issue.opening == (Prose("كلمة", 8),)
    assert issue.sections == (Section("", (Story("عنوان بلا رابط", summary="نص كامل.", line=10, summary_line=11),)),)


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
    "body",
    [
        ":::\u00a0callout\nنص\n:::\u00a0",
        "::: callout\nنص\n:::\u200f\u00a0",
        ":::\u2003callout\u200e\nنص\n\n:::\u3000",
        "- نقطة\n\n  ```\n  رمز\n  ```\n\n> ```\n> رمز\n> ```\n\n~~~py\nرمز\n~~~~",
        "نص `[^أ ب]`\n\n```\n[^أ ب]\n```",
    ],
)
def test_signs_that_nobody_sees_and_code_of_any_kind_are_no_faults(body: str) -> None:
    assert parsed(body).opening


def test_a_table_that_is_too_wide_is_told_once() -> None:
    row = "|أ|ب|ج|د|ه|و|ز|\n"
    faults: list[IssueError] = []
    issues.parse(f"{FRONT}\n{row}|-|-|-|-|-|-|-|\n{row * 3}", Path("issue.md"), faults)
    assert len(faults) == 1


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("نص\n\n### [عنوان](https://example.org/a", 10, "a broken link"),
        ("### [عنوان](https://example.org/a b)", 8, "a broken link"),
        ("نص\nثم [رابط](javascript:alert(1)) هنا", 9, "a broken link"),
        ("نص\nثم [رابط]\u200f(https://example.org) هنا", 9, "a broken link"),
        ("[رابط](http:/example)", 8, "leads nowhere"),
        ("[رابط](/relative)", 8, "leads nowhere"),
        ("[رابط]()", 8, "leads nowhere"),
        ("> قول [رابط](ftp://example.org/a)", 8, "leads nowhere"),
        ("# عنوان كبير", 8, "first level"),
        ("فقرة\n---\nأخرى", 9, "makes a heading of: فقرة"),
        ("فقرة\n\nعنوان\n===", 11, "makes a heading"),
        ("نص\n\n###عنوان", 10, "a heading without a space"),
        ("نص\n##قسم", 9, "a heading without a space"),
        ("|أ|ب|ج|د|ه|و|ز|\n|-|-|-|-|-|-|-|\n|1|2|3|4|5|6|7|", 8, "a table of more than 6 columns"),
        ("::: تنبيه\nنص", 8, "has no end"),
        ("نص\n\n:::", 10, "nothing begins"),
        ("::: calout\nنص\n:::", 8, "no element is called 'calout'"),
        ("::: columns عنوان\nأ\n\n---\n\nب\n:::", 8, "takes no words"),
        ("::: callout\n### قصة\n:::", 9, "a heading stands within the element that begins in line 8"),
        ("::: columns\nأ\n---\nب\n:::", 10, "a heading stands within"),
        ("::: callout\n::: callout\n::: quote\nأ\n:::\n:::\n:::", 10, "elements deep"),
        ("::: quote\n::: callout\nأ\n:::\n:::", 9, "stands within quote"),
        ("نص[^1]", 8, "no words"),
        ("نص[^1]\n\n[^1]: أ\n\n[^1]: ب", 12, "words twice"),
        ("نص\n\n[^1]: أ", 10, "nothing leads"),
        ("نص[^س ص]\n\n[^س ص]: حاشية طويلة", 8, "the name of a footnote has a space"),
        ("نص[^س ص]\n\n[^س ص]: حاشية", 8, "the name of a footnote has a space"),
        ("### قصة\n![وصف][ص]\n\n[ص]: a.jpg", 9, "a picture by reference"),
        ("نص\n\n```\nرمز\n\n## قسم", 10, "the code that begins here has no end"),
        ("نص\n\n~~~\nرمز\n```", 10, "the code that begins here has no end"),
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
        (
            '+++\nnumber = 1\nsubject = "خبر"\nlist = "a"\nsubject = "آخر"\n+++\n',
            5,
            "subject stands twice, first in line 3",
        ),
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


plain = (
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
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


# Every sign that means something to Markdown or TOML somewhere, alone and in the company that gives it its meaning.
SIGNS = [
    "](",
    "[",
    "]",
    "(",
    ")",
    "![",
    "\\",
    "`",
    "#",
    " #",
    "##",
    "|",
    "<",
    ">",
    "-->",
    "<!--",
    "*",
    "_",
    "~~",
    "~",
    "---",
]
SIGNS += [
    "+++",
    "&amp;",
    "&",
    "1.",
    ":-",
    "{.button}",
    '"',
    "'",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\x85",
    "\u2028",
    "\u00a0",
    "  ",
]
SIGNS += ["\u202e", "\u2066", "\u2069", "\u200f", "\u061c", "https://example.org/a_b", "كلمة", "word", "٣"]
titles = st.one_of(st.lists(st.sampled_from(SIGNS), min_size=1, max_size=12).map("".join), st.text(min_size=1))


@given(titles, titles, titles, st.sampled_from(["https://example.org/a", ""]))
def test_any_title_reads_back_as_it_was(headline: str, section: str, alt: str, url: str) -> None:
    story = Story(headline, url=url, image="https://example.org/a.jpg", image_alt=alt, summary="ملخص.")
    draft = Issue(1, headline, sections=(Section(section, (story,)),))
    if any("\ud800" <= sign <= "\udfff" for sign in headline):
        return  # no file can hold these, and no source gives them
    made = (one_line(headline), one_line(section), one_line(alt))
    text = issues.to_text(draft)
    read = issues.parse(text, PATH)
    assert read.subject == headline
    assert [one.title for one in read.sections if one.title] == [made[1]] * bool(made[1])
    (found,) = read.stories
    assert (found.headline, found.image_alt, found.url) == (made[0], made[2], url)
    assert (found.image, found.summary) == (story.image, story.summary)
    assert issues.to_text(read) == text
    for title, line in zip((headline, section, alt), made, strict=True):
        # Nothing but line breaks and control characters is lost, and nothing at all inside a line.
        assert line == title or line == re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", title).strip()


@given(
    st.text(
        st.one_of(st.sampled_from("ab ()<>[]%&;\\-#*_`!/?=ا\u00a0"), st.characters(exclude_categories=["Cs"])),
        min_size=1,
    )
)
def test_the_name_of_any_local_picture_reads_back(name: str) -> None:
    draft = Issue(1, "عدد", sections=(Section("", (Story("خبر", image=f"pictures/1-{name}"),)),))
    (found,) = issues.parse(issues.to_text(draft), PATH).stories
    assert found.image == f"pictures/1-{name}"


def test_a_link_that_failed_is_still_told_beside_an_escaped_one() -> None:
    with pytest.raises(IssueError, match="a broken link"):
        parsed("\\[نص\\](كما هو) ثم [رابط](https://example.org/a b)")
    assert parsed("\\[نص\\](كما هو)").opening[0].markdown == "\\[نص\\](كما هو)"


@given(st.text())
def test_any_text_is_an_issue_or_an_issue_error(text: str) -> None:
    for whole in (text, FRONT + text):
        where = str(PATH)
        try:
            issues.parse(whole, PATH)
        except NashraError as error:
            where = error.where
        assert str(PATH) in where


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


def test_an_issue_is_found_beside_another_that_is_broken(tmp_path: Path) -> None:
    for number, slug in ((1, "first"), (2, "second")):
        issues.write(Issue(number, f"عدد {number}"), issues.folder_of(tmp_path, slug))
    broken = tmp_path / "issues" / "first" / "issue.md"
    broken.write_text("+++\nnumber = \n+++\n", "utf-8")
    assert issues.find(tmp_path, "2").number == 2
    for name in ("1", "3"):
        # Nobody knows its number: it may be the one that is meant.
        with pytest.raises(IssueError) as caught:
            issues.find(tmp_path, name)
        assert str(broken) in caught.value.where
    with pytest.raises(IssueError):
        issues.every(tmp_path)


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


# Edited in place


ENDS = st.sampled_from(["\n", "\r\n", "\r"])
PARTS = st.sampled_from(
    [
        "كلمة المحرّر.",
        "",
        "",
        "## قسم",
        "### [عنوان](https://example.org/a)",
        "### عنوان بلا رابط",
        "![صورة](a.jpg)",
        "ملخص في سطر.",
        "- أ",
        "> قول",
        "---",
        "   مسافات   ",
        "\u2028 ﷺ \ufeff",
        "1. أ",
    ]
)


@st.composite
def manuscripts(draw: st.DrawFn) -> bytes:
    front = ["+++", "number = 12 # رقم", "subject  =  'أسبوع # في'\t# موضوع", "", "+++"]
    lines = [*front, *draw(st.lists(PARTS, max_size=14))]
    text = "".join(line + draw(ENDS) for line in lines[:-1]) + lines[-1] + draw(st.sampled_from(["", "\n", "\r\n"]))
    return (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + text.encode()


def manuscript(raw: bytes) -> issues.Manuscript:
    return issues.Manuscript(raw.decode("utf-8"), PATH, raw)


def understood(raw: bytes) -> bool:
    try:
        _ = manuscript(raw).issue
    except IssueError:
        return False
    return True


written = manuscripts().filter(understood)


@pytest.mark.slow
@given(written)
def test_a_manuscript_is_its_bytes(raw: bytes) -> None:
    one = manuscript(raw)
    assert "".join(one.lines).encode() == raw
    same = one
    for line in range(1, len(one.lines) + 1):
        text = one.lines[line - 1].strip("\r\n").removeprefix("\ufeff" if line == 1 else "")
        if text:
            same = same.with_lines(line, line, text)
    assert same.text.encode() == raw
    for span in one.spans:
        same = same.with_block(span.first, one.block(span.first))
    assert same.text.encode() == raw, "a text put where it was taken from changes nothing"


@given(written, st.data(), st.sampled_from(["جديد", "سطر\nوسطر", ""]))
def test_an_edit_leaves_every_other_byte(raw: bytes, data: st.DataObject, text: str) -> None:
    one = manuscript(raw)
    first = data.draw(st.integers(1, len(one.lines)))
    last = data.draw(st.integers(first - 1, len(one.lines)))
    made = one.with_lines(first, last, text)
    before, behind = one.lines[: first - 1], one.lines[last:]
    if first == 1 and last == 0 and one.text.startswith("\ufeff"):
        behind = (behind[0].removeprefix("\ufeff"), *behind[1:])
    assert "".join(made.lines[: len(before)]).rstrip("\r\n") == "".join(before).rstrip("\r\n")
    assert made.text.endswith("".join(behind))
    if last < len(one.lines) and not (first > 1 and one.lines[first - 2].endswith("\r")):
        assert made.lines[: len(before)] == before
    middle = made.text[len("".join(before)) : len(made.text) - len("".join(behind))]
    assert [
        line.strip("\r\n") for line in middle.removeprefix("\ufeff").splitlines() if line
    ] == text.split() or not text
    assert made.text.startswith("\ufeff") == one.text.startswith("\ufeff")


@given(
    written,
    st.sampled_from(["subject", "preheader", "list", "template"]),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_a_value_of_the_front_matter_is_replaced_alone(raw: bytes, key: str, value: str) -> None:
    one = manuscript(raw)
    made = one.with_value(key, value)
    assert getattr(made.issue, key) == value
    if key == "subject":
        before, _, behind = one.text.partition("'أسبوع # في'")
        assert made.text.startswith(before)
        assert made.text.endswith(behind)
    else:
        assert len(made.lines) == len(one.lines) + 1
        assert [line for line in made.lines if not line.startswith(f"{key} = ")] == list(one.lines)
    assert made.with_value(key, value).text == made.text
    assert made.with_value("number", 7).issue.number == 7


@pytest.mark.parametrize(
    "old",
    [
        '"a"',
        "'a'",
        '"""a"""',
        "'''\na\nb = \"c\"\n'''",
        '"""\nlist = "x"\n"""',
        '"a \\" # b"',
        '""',
        "'''a'''",
    ],
)
def test_a_value_of_any_kind_is_found(old: str) -> None:
    text = f'+++\nnumber=1\n subject={old} # هنا\npreheader = "ب"\n+++\nنص\n'
    made = issues.Manuscript(text, PATH).with_value("subject", 'جديد "1" \x7f')
    assert made.text == text.replace(old, '"جديد \\"1\\" \\u007f"', 1)


def test_a_value_that_cannot_be_told_from_the_rest_is_left_alone() -> None:
    text = "+++\nnumber = 1\nsubject = '''\nlist = \"x\"\n'''\nlist = \"readers\"\n+++\n"
    one = issues.Manuscript(text.replace('list = "readers"\n', '"list" = "readers"\n'), PATH)
    with pytest.raises(IssueError, match="cannot be told") as caught:
        one.with_value("list", "other")
    assert caught.value.mend == "change it by hand"


STORIES = (
    FRONT
    + "\nكلمة.\n\n## قسم\n\n### [أ](https://example.org/a)\n\n![ص](a.jpg)\nملخص.\n\n- ب\n- ج\n\n\n### د\nه\n\n---\n\nنص"
)


def test_a_story_is_one_block_with_its_picture_and_summary() -> None:
    one = issues.Manuscript(STORIES.replace("\n", "\r\n"), PATH)
    assert [(span.kind, span.first, span.last) for span in one.spans] == [
        ("prose", 9, 9),
        ("section", 11, 11),
        ("story", 13, 19),
        ("story", 22, 23),
        ("rule", 25, 25),
        ("prose", 27, 27),
    ]
    assert one.block(13) == "### [أ](https://example.org/a)\n\n![ص](a.jpg)\nملخص.\n\n- ب\n- ج"
    moved = one.with_lines(22, 21, one.block(22) + "\n").without_block(25).without_block(13)
    assert [story.headline for story in moved.issue.stories] == ["د"]
    assert moved.text == STORIES[: STORIES.index("### [أ]")].replace("\n", "\r\n") + "### د\r\nه\r\n\r\n---\r\n\r\nنص"
    assert one.with_block(27, "آخر").text == one.text[:-2] + "آخر"
    with pytest.raises(IssueError, match="nothing begins") as caught:
        one.block(14)
    assert caught.value.where == f"{PATH}:14"


def test_every_line_of_a_summary_is_the_line_of_the_file() -> None:
    (story,) = parsed("### [أ](https://example.org/a)\n![ص](a.jpg)\n\n\nملخص.\n\n\n\n- ب\n\n  ج\n\n## قسم").stories
    assert (story.summary_line, story.summary) == (12, "ملخص.\n\n\n\n- ب\n\n  ج")


def test_saving_is_whole_and_never_over_the_work_of_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    path.write_bytes(STORIES.encode())
    path.chmod(0o640)
    mine, theirs = issues.Manuscript.read(path), issues.Manuscript.read(path)
    theirs.with_value("subject", "لهم").save()
    assert issues.read(path).subject == "لهم"
    assert path.stat().st_mode & 0o777 == 0o640
    with pytest.raises(IssueError, match="somebody else"):
        mine.with_value("subject", "لي").save()
    with pytest.raises(IssueError, match="first level"):
        issues.Manuscript.read(path).with_lines(9, 9, "# عنوان").save()
    assert issues.read(path).subject == "لهم"
    assert [file.name for file in tmp_path.iterdir()] == ["issue.md"]
