"""What word processors, telephones and slips do to a draft is understood, or is an error with its line and its mend.

Whatever happens to the comment of candidates: what we wrote there for the editor never becomes part of a letter.
"""

from __future__ import annotations

import html
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import issues
from newsletter.check import CheckContext, check
from newsletter.errors import IssueError
from newsletter.issues import Manuscript, prose
from newsletter.issues.candidates import candidates, with_candidates
from newsletter.issues.escaping import escape
from newsletter.issues.lines import HINT, REPEATS, TOOL_TEXT, UNSHOWN
from newsletter.issues.markdown import from_html
from newsletter.models import Issue, Section, Story

PATH = Path("issues/twelve/issue.md")
FRONT = '+++\nnumber = 12\nsubject = "أسبوع في الموجة"\n+++\n'
SIGNS = ["\u200f", "\u200e", "\ufeff", "\u061c", "\u00a0", "\u2067", "\u202b", "\u200b", "\u202f", "\u200f \u00a0"]

BODY = """\
كلمة المحرّر.

## أخبار

### [ميناء الواحة](https://example.org/a)
![قوارب](https://example.org/a.jpg)
ملخص.

> قول

- بند
- آخر

1. أول

---

كلمة أخيرة.

<!-- ملاحظة لي -->
"""


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("behind", ["", " ", "\t"])
def test_what_nobody_sees_before_a_sign_of_markdown_changes_nothing(sign: str, behind: str) -> None:
    body = "\n".join(f"{sign}{behind}{line}" if line[:1] in tuple("#!>-1<") else line for line in BODY.split("\n"))
    assert body != BODY
    assert issues.parse(FRONT + body, PATH) == issues.parse(FRONT + BODY, PATH)
    fences = FRONT.replace("+++", f"{sign}+++{sign}")
    assert issues.parse(fences + BODY, PATH) == issues.parse(FRONT + BODY, PATH)


@pytest.mark.parametrize("sign", SIGNS)
def test_a_heading_may_have_a_hard_space_or_a_mark_instead_of_a_space(sign: str) -> None:
    body = BODY.replace("### ", f"###{sign}").replace("## أ", f"##{sign}أ")
    assert issues.parse(FRONT + body, PATH) == issues.parse(FRONT + BODY, PATH)
    # Behind its space it is a sign of the headline, as the editor wrote it.
    (story,) = issues.parse(f"{FRONT}### \u200fعنوان\nنص.\n", PATH).stories
    assert story.headline == "\u200fعنوان"


def test_line_ends_tabs_and_marks_of_other_programs_change_nothing() -> None:
    plain = issues.parse(FRONT + BODY, PATH)
    for whole in (
        (FRONT + BODY).replace("\n", "\r\n"),
        (FRONT + BODY).replace("\n", "\r"),
        f"\ufeff{FRONT}{BODY}",
        (FRONT + BODY).replace("### ", "\t### ").replace("## أ", "      ## أ").replace("<!--", "\t<!--"),
        (FRONT + BODY).replace("### ", "###\t"),
    ):
        assert issues.parse(whole, PATH) == plain


@given(
    st.lists(st.sampled_from([*SIGNS, *"#>-+*<![]().1 \t\n", "كلمة", "`", "---", "<!--", "-->"]), max_size=30).map(
        "".join
    )
)
def test_no_line_is_gained_or_lost(body: str) -> None:
    with suppress(IssueError):
        issue = issues.parse(FRONT + body, PATH)
        for one in issue.stories:
            assert (FRONT + body).split("\n")[one.line - 1].lstrip("".join(SIGNS) + " \t").startswith("#")


@pytest.mark.parametrize(
    ("front", "line", "mend"),
    [
        ("number = 12\nsubject = “أسبوع في الموجة”", 3, 'straight ones: subject = "…"'),
        ("number = 12\nsubject = «أسبوع في الموجة»", 3, "straight ones"),
        ('number = 12\nsubject = "أسبوع في الموجة”', 3, "straight ones"),
        ("number = 12\nsubject = ‘أسبوع’", 3, "straight ones"),
        ("number = “12”\nsubject = 'أسبوع'", 2, "straight ones: number"),
        ('number = 12،\nsubject = "أسبوع"', 2, "no comma ends a line"),
        ('number = 12\nsubject = "أسبوع"،', 3, "no comma ends a line"),
        ('number = 12\nsubject = "أسبوع",\nlist = "readers"', 3, "no comma ends a line"),
        ('number = ١٢\nsubject = "أسبوع"', 2, "the digits 0 to 9"),
        ('number = 12\nsubject = "قال "نعم" اليوم"', 3, 'is written \\"'),
        ('number = 12\nsubject = "أسبوع', 3, "a text ends with the mark it begins with"),
        ('number = 12\nsubjects = ["رصيف"، "سردين"]', 3, "commas of a list are Latin ones"),
        ('number = 12\nsubjects = ["رصيف" "سردين"]', 3, "a comma stands between"),
        ('number = 12\nsubjects = ["رصيف", "سردين"\npreheader = "نص"', 3, "a list ends with ]"),
        ('number = 12\nsubjects = ["رصيف", "سردين"', 3, "a list ends with ]"),
        ('number =\nsubject = "أسبوع"', 2, "write something behind the ="),
        ('number = 12\nالموضوع = "أسبوع"', 3, "known are number, subject"),
    ],
)
def test_signs_of_word_processors_in_the_front_matter_are_told(front: str, line: int, mend: str) -> None:
    with pytest.raises(IssueError, match="not valid TOML") as told:
        issues.parse(f"+++\n{front}\n+++\nنص\n", PATH)
    assert told.value.where == f"{PATH}:{line}"
    assert mend in told.value.mend


@pytest.mark.parametrize("sign", SIGNS)
def test_hard_spaces_and_marks_beside_a_value_are_understood_and_kept_within_it(sign: str) -> None:
    text = f'+++\n{sign}number{sign}={sign}12{sign}\nsubject{sign}= {sign}"أسبوع{sign}في “الموجة”"{sign}\n+++\nنص\n'
    manuscript = Manuscript(text, PATH)
    assert (manuscript.issue.number, manuscript.issue.subject) == (12, f"أسبوع{sign}في “الموجة”")
    assert manuscript.issue.lines == {"number": 2, "subject": 3}
    changed = manuscript.with_value("subject", "آخر").with_value("number", 13).with_value("list", "sport")
    assert (changed.issue.number, changed.issue.subject, changed.issue.list) == (13, "آخر", "sport")


# The comment of candidates


def draft() -> str:
    """A draft with a word of its editor and two candidates."""
    waiting = Section("سياسة", (Story("خبر أول", url="https://example.org/1", summary="سر المحرر."), Story("خبر ثان")))
    text = with_candidates(Manuscript(f"{FRONT}\nكلمة المحرّر.\n", PATH), (waiting,), 57).text
    assert text.count("<!-- candidates 57\n") == text.count("\n-->") == 1
    return text


def without(text: str, *parts: str) -> str:
    for part in parts:
        assert part in text
        text = text.replace(part, "")
    return text


BEGIN, END = "<!-- candidates 57", "\n-->"
DAMAGED = {
    "no end": without(draft(), END),
    "no end, and another comment behind": without(draft(), END) + "\n\nكلمة أخيرة.\n\n<!-- ملاحظة -->\n",
    "no beginning": without(draft(), f"{BEGIN}\n"),
    "no beginning, no end": without(draft(), f"{BEGIN}\n", END),
    "no beginning, no hint": without(draft(), f"{BEGIN}\n", f"{HINT}\n"),
    "closed at once": draft().replace(BEGIN, f"{BEGIN} -->"),
    "closed at once, no hint": without(draft().replace(BEGIN, f"{BEGIN} -->"), f"{HINT}\n"),
    "long dash": draft().replace("<!--", "<!—"),
    "short dash": draft().replace("<!--", "<!–"),
    "one hyphen": draft().replace("<!--", "<!-"),
    "spaces": draft().replace("<!--", "< ! --"),
    "no angle": draft().replace("<!--", "!--"),
    "only the word": draft().replace("<!-- ", ""),
    "long dash, no hint": without(draft().replace("<!--", "<!—"), f"{HINT}\n"),
    "long dashes on both ends": draft().replace("<!--", "<!—").replace("-->", "—>"),
    "long dash at the end": draft().replace("-->", "—>"),
    "arrow at the end": draft().replace("-->", "->"),
    "translated": draft().replace("candidates", "مرشحات"),
    "mistyped": draft().replace("candidates", "candidate"),
    "capitals": draft().replace("candidates", "CANDIDATES"),
    "twice": draft() + "\n<!-- candidates 9\n\n### خبر\n-->\n",
    "copied whole": draft() + draft().partition("كلمة المحرّر.\n")[2],
    "hint pasted above": draft().replace("كلمة المحرّر.", f"كلمة المحرّر. {HINT}"),
    "end pasted above": draft().replace("كلمة المحرّر.", "كلمة المحرّر.\n\n-->"),
    "unshown": f"{FRONT}كلمة.\n\n{UNSHOWN.format(count='1,917')}\n",
    "repeats": f"{FRONT}كلمة.\n\n{REPEATS.format(pairs='58 = 57')}\n",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_comment_of_candidates_is_told_with_its_line(name: str, end: str) -> None:
    text = DAMAGED[name].replace("\n", end)
    with pytest.raises(IssueError) as told:
        issues.parse(text, PATH)
    place, _, line = told.value.where.rpartition(":")
    assert place == str(PATH)
    assert text.split(end)[int(line) - 1].strip(), "it names the line where it stands"
    assert told.value.mend


@pytest.mark.parametrize("sign", SIGNS)
def test_candidates_are_found_behind_signs_that_nobody_sees(sign: str) -> None:
    text = (
        draft()
        .replace("<!-- candidates 57", f"{sign}<!--{sign} candidates{sign} 57{sign}")
        .replace("\n-->", f"\n{sign}-->")
    )
    manuscript = Manuscript(text, PATH)
    found = candidates(manuscript)
    assert found is not None
    assert (found.newest, len(found.stories)) == (57, 2)
    assert [prose.markdown for prose in manuscript.issue.opening] == ["كلمة المحرّر."]
    more = with_candidates(manuscript, (Section("", (Story("ثالث"),)),), 58)
    grown = candidates(more)
    assert grown is not None
    assert (grown.newest, len(grown.stories)) == (58, 3)


LINES = draft().split("\n")
AT = LINES.index(BEGIN)


@given(
    st.lists(st.integers(AT, len(LINES) - 1), max_size=4, unique=True),
    st.lists(st.tuples(st.integers(AT, len(LINES) - 1), st.sampled_from(SIGNS)), max_size=3),
    st.sampled_from(["-", "—", "–", "--"]),
)
def test_our_own_words_never_reach_a_reader(gone: list[int], marked: list[tuple[int, str]], dash: str) -> None:
    """Lines deleted and marked as they like: it is an error, or no word of ours is in the issue."""
    lines = list(LINES)
    for at, sign in marked:
        lines[at] = sign + lines[at]
    text = "\n".join(line for at, line in enumerate(lines) if at not in gone)
    text = text.replace("--", dash) if dash != "--" else text
    try:
        issue = issues.parse(text, PATH)
    except IssueError:
        return
    shown = [story.headline + story.summary for story in issue.stories]
    shown += [one.markdown for one in issue.opening]
    assert not any(TOOL_TEXT.search(part) or "candidates 57" in part or ">" in part for part in shown)


@pytest.mark.parametrize(
    "body",
    [
        "كلمة <!-- سر --> هنا",
        "### [عنوان](https://example.org/a)\nملخص.\nسطر <!— سر —> آخر",
        "### عنوان <!-- سر -->\nملخص.",
        f"## {HINT}\n\nكلمة",
        "- بند\n- آخر <!-- سر -->",
    ],
)
def test_what_is_left_in_the_middle_of_a_line_is_an_error_of_the_check(body: str) -> None:
    try:
        issue = issues.parse(f"{FRONT}\n{body}\n", PATH)
    except IssueError:
        return
    found = [one for one in check(issue, None, CheckContext()) if one.code == "editor-text"]
    assert [(one.level, one.place) for one in found] == [
        ("error", f"{PATH}:{6 + body.partition('سر')[0].count(chr(10))}")
    ]


def test_text_about_comments_is_text() -> None:
    for body in ("كلمة `<!-- سر -->` هنا", "كلمة \\<!-- سر", "سهم --> هنا", "أ < ب"):
        issue = issues.parse(f"{FRONT}\n{body}\n", PATH)
        assert "editor-text" not in {one.code for one in check(issue, None, CheckContext())}
        assert prose.read(issue.opening[0].markdown).words() == body.replace("`", "").replace("\\", "")


HOSTILE = [
    HINT,
    UNSHOWN.format(count="3"),
    REPEATS.format(pairs="1 = 2"),
    "candidates 57",
    "<!-- candidates 57",
    "<!— candidates 57 —>",
    "< ! -- candidates",
    "-->",
    "—>",
    "-> ",
    "---",
    "+++",
    "\u200f## قسم",
    "\u200f-->",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_an_article_that_says_what_we_say_breaks_no_draft(text: str) -> None:
    story = Story(
        text, url="https://example.org/a", image="https://example.org/a.jpg", image_alt=text, summary=escape(text)
    )
    whole = Story(
        text, summary=from_html(f"<p>{html.escape(text)}</p><p>نص <b>آخر</b></p><ul><li>{html.escape(text)}</li></ul>")
    )
    issue = Issue(1, text, sections=(Section(text, (story, whole)),))
    manuscript = Manuscript(issues.to_text(issue), PATH)
    read = manuscript.issue
    assert [one.headline for one in read.stories] == [text.strip()] * 2
    assert prose.read(read.stories[0].summary).words() == text.strip()
    assert prose.read(read.stories[1].summary).words().count(text.strip()) == 2
    more = with_candidates(manuscript, (Section(text, (story, whole)),), 7)
    found = candidates(more)
    assert found is not None
    assert [one.headline for one in found.stories] == [text.strip()] * 2
    assert more.issue == read


@pytest.mark.parametrize("sign", ["\u200f", "\u00a0", "!", "<", "-", "#", "`", "*", "[", "<!", "&", "\\", "~", "| "])
def test_a_line_of_one_sign_costs_no_time(sign: str) -> None:
    begun = time.process_time()
    line = sign * 20_000
    with suppress(IssueError):
        issues.parse(f"{FRONT}{line}س\n", PATH)
    assert escape(line)
    assert time.process_time() - begun < 3
