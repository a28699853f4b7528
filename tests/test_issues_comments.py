"""What an editor wrote stays byte for byte while candidates come and go in a comment that nobody is sent."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import IssueError
from newsletter.issues import Manuscript, parse
from newsletter.issues.candidates import (
    candidates,
    merged,
    taken,
    with_candidates,
)
from newsletter.models import Section, Story

FRONT = '+++\nnumber = 12\nsubject = "أسبوع في الموجة"  # عنوان\n+++\n'
PATH = Path("issues/twelve/issue.md")

words = st.text(st.sampled_from("ابجد ehx-->!<[](){}#*\\`_&~|\u200f\u2066"), min_size=1, max_size=30).map(
    lambda text: " ".join(text.split()) or "كلمة"
)
stories = st.builds(
    Story, headline=words, url=st.sampled_from(["", "https://example.org/a(b)", "https://example.org/j"])
)
sections = st.lists(
    st.builds(
        Section,
        title=st.sampled_from(["", "سياسة", "رياضة"]),
        blocks=st.lists(stories, min_size=1, max_size=3).map(tuple),
    ),
    max_size=4,
).map(tuple)
offers = st.lists(sections, min_size=1, max_size=3)
bodies = st.lists(
    st.sampled_from(
        [
            "",
            "كلمة المحرّر  ",
            "## أهم الأخبار",
            "### [عنوان](https://example.org/story)",
            "ملخص في سطر.",
            "<!-- ملاحظة لي -->",
            "<!-- ملاحظة",
            "في سطرين -->",
            "---",
            "> قول",
        ]
    ),
    max_size=12,
)


def readable(text: str) -> bool:
    try:
        parse(text, PATH)
    except IssueError:
        return False
    return True


Parts = tuple[list[Story], list[Story]]
"""Stories before the first heading of the candidates, and those behind it."""


def with_front(offer: tuple[Section, ...], there: Parts) -> Parts:
    """What came last stands first, but nothing moves under a heading that is not its own."""
    untitled = list(takewhile(lambda section: not section.title, offer))
    first = [story for section in untitled for story in section.stories]
    behind = [story for section in offer[len(untitled) :] for story in section.stories]
    return first + there[0], behind + there[1]


def told(parts: Parts) -> list[Story]:
    return parts[0] + parts[1]


@pytest.mark.slow
@given(
    bodies, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans(), st.lists(sections, min_size=1, max_size=3)
)
def test_nothing_but_the_candidates_changes(
    lines: list[str], end: str, marked: bool, closed: bool, offered: list[tuple[Section, ...]]
) -> None:
    text = ("\ufeff" if marked else "") + (FRONT + "\n".join(lines)).replace("\n", end) + (end if closed else "")
    before = Manuscript(text, PATH)
    if not readable(text.removeprefix("\ufeff")):
        return
    after, all_of_them = before, (list[Story](), list[Story]())
    for number, offer in enumerate(offered, 1):
        after = with_candidates(after, offer, number)
        all_of_them = with_front(offer, all_of_them)
        assert after.text.startswith(text)
        assert after.issue == before.issue
        found = candidates(after)
        assert found is not None
        assert found.newest == number
        assert [(one.headline, one.url) for one in found.stories] == [
            (one.headline, one.url) for one in told(all_of_them)
        ]
    # What was written between two offers, outside of the comment, stays as well.
    added = after.text + f"{end}كلمة بعدها{end}"
    again = with_candidates(Manuscript(added, PATH), (Section("", (Story("جديد"),)),), 9)
    assert again.text.startswith(text)
    assert again.text.endswith(f"{end}كلمة بعدها{end}")


def test_a_file_that_nobody_needs_to_change_is_not_changed() -> None:
    manuscript = with_candidates(Manuscript(FRONT, PATH), (), 7)
    assert with_candidates(manuscript, (), 7).text == manuscript.text


def test_comments_are_no_part_of_the_issue() -> None:
    issue = parse(f"{FRONT}<!-- لا\n## شيء\n-->\n\n### عنوان\nملخص.\n<!-- سر -->\nبقية.\n  <!-- x --> ذيل\n", PATH)
    (story,) = issue.stories
    assert (story.headline, story.line) == ("عنوان", 9)
    assert story.summary == "ملخص.\n\nبقية.\n ذيل"
    assert "سر" not in story.summary
    # In the middle of a line it is text, as everything else is.
    (other,) = parse(f"{FRONT}### عنوان\nملخص <!-- ظاهر -->\n", PATH).stories
    assert other.summary == "ملخص <!-- ظاهر -->"


def test_a_comment_without_an_end_is_told_with_its_line() -> None:
    with pytest.raises(IssueError, match="has no end") as told:
        parse(f"{FRONT}نص\n<!-- نسيت\n### عنوان\n", PATH)
    assert told.value.where == f"{PATH}:6"


def test_what_is_wrong_in_a_candidate_is_told_with_its_line() -> None:
    text = f"{FRONT}<!-- candidates 3\n\n### [عنوان](https://example.org/a\n-->\n"
    with pytest.raises(IssueError, match="a broken link") as told:
        candidates(Manuscript(text, PATH))
    assert told.value.where == f"{PATH}:7"
    assert parse(text, PATH).stories == ()  # and keeps the issue from nothing


@pytest.mark.parametrize(
    "head", ["<!-- candidates 57", "<!--candidates 57", "  <!-- candidates   57 هنا", "<!-- candidates"]
)
def test_the_head_may_be_written_loosely(head: str) -> None:
    found = candidates(Manuscript(f"{FRONT}<!-- أخرى -->\n{head}\n### عنوان\n-->\n", PATH))
    assert found is not None
    assert (found.newest, found.first, found.last) == (57 if "57" in head else 0, 6, 8)
    assert [story.headline for story in found.stories] == ["عنوان"]


def test_candidates_become_stories_where_they_stood() -> None:
    manuscript = Manuscript(
        f"{FRONT}كلمة\n\n<!-- candidates 3\n## أ\n### س1\n## ب\n### س2\n## أ\n### س3\n-->\n\nذيل\n", PATH
    )
    there = candidates(manuscript)
    assert there is not None
    made = taken(manuscript, merged(there.sections))
    found = [(section.title, [story.headline for story in section.stories]) for section in made.issue.sections]
    assert found == [("أ", ["س1", "س3"]), ("ب", ["س2"])]
    left = candidates(made)
    assert left is not None
    assert (left.newest, left.stories) == (3, ())
    assert made.text.startswith(f"{FRONT}كلمة\n\n## أ\n")
    assert made.text.endswith("-->\n\nذيل\n")
    with pytest.raises(IssueError, match="has no candidates"):
        taken(Manuscript(FRONT, PATH), ())
