"""Operations on an issue.md: whatever they do not touch stays, byte for byte, in files of every habit."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import IssueError
from newsletter.issues import Manuscript
from newsletter.issues.operations import Layout, apply, elements, parsed
from newsletter.models import Story

PATH = Path("/newsroom/issues/013/issue.md")
PLAIN = """+++
number = 13
# the subject comes last
subject = "رصيف جديد"
preheader = "" # empty yet
list = "readers"

[extra]
city = "مرسى الريحان"
+++

أعزاءنا القراء،

::: callout تنبيه
كلمات في صندوق.
:::

## أخبار

<!-- the editor's note
over two lines -->
### [رصيف جديد](https://example.org/quay)
![الرصيف](pictures/1-quay.jpg "الرصيف | نجلاء")
بعد ثلاث سنوات من الأشغال.

سطر ثانٍ.

### رياح هضبة الرعيان

أربعون ألف بيت.

---

كلمة بين القصص.

## اقتصاد
### [زيت أرخص](https://example.org/oil)
<!-- look at the price again -->
سهل اللوز.

<!-- candidates 40
Nothing here goes out. Cut a story from here and paste it above; newsletter collect adds what is new.

## رياضة

### [نوارس الريحان](https://example.org/gulls)
فوز.

### [سباحة](https://example.org/swim)

## اقتصاد

### [قمح](https://example.org/wheat)
موسم.

-->
"""


def manuscript(text: str) -> Manuscript:
    return Manuscript(text, PATH)


def line(text: str, words: str) -> int:
    """The line on which words stand first."""
    return next(n for n, one in enumerate(manuscript(text).lines, 1) if words in one)


def done(text: str, asked: dict[str, object], story: Story | None = None) -> str:
    return apply(manuscript(text), parsed(asked), newest=41, story=story)[0].text


def lost(before: str, after: str) -> list[str]:
    """Lines with words that were there and are not any more."""
    left = manuscript(after).lines
    return [one for one in manuscript(before).lines if one.strip() and one not in left]


def new(before: str, after: str) -> list[str]:
    return [one.rstrip("\r\n") for one in lost(after, before)]


def test_a_value_is_changed_and_its_comment_stays() -> None:
    after = done(PLAIN, {"op": "value", "key": "preheader", "value": 'مرسى "الريحان"'})
    assert new(PLAIN, after) == ['preheader = "مرسى \\"الريحان\\"" # empty yet']


def test_subjects_that_are_tried_and_one_subject_again() -> None:
    two = done(PLAIN, {"op": "value", "key": "subjects", "value": ["رصيف", "زيت ]"]})
    assert new(PLAIN, two) == ['subjects = ["رصيف", "زيت ]"]']
    other = done(two, {"op": "value", "key": "subject", "value": "ميناء"})
    assert manuscript(other).issue.subjects == ("ميناء", "زيت ]")
    one = done(two, {"op": "value", "key": "subjects", "value": ["رصيف جديد"]})
    assert one == PLAIN


def test_opening_words_are_written_and_a_line_that_stays_keeps_its_end() -> None:
    crlf = PLAIN.replace("\n", "\r\n")
    asked = {"op": "words", "line": line(PLAIN, "أعزاءنا"), "text": "أعزاءنا القراء،\nأهلًا."}
    after = done(crlf, asked)
    assert after == crlf.replace("أعزاءنا القراء،\r\n", "أعزاءنا القراء،\r\nأهلًا.\r\n")
    gone = done(PLAIN, {"op": "words", "line": 0, "text": ""})
    assert manuscript(gone).issue.opening == ()
    again = done(gone, {"op": "words", "line": 0, "text": "كلمة"})
    assert [one.markdown for one in manuscript(again).issue.opening] == ["كلمة"]


@pytest.mark.parametrize("text", ["## قسم", "كلمة\n\n### قصة", "<!-- تعليق", "```\nكود"])
def test_words_that_would_begin_something_else_are_refused(text: str) -> None:
    with pytest.raises(IssueError):
        done(PLAIN, {"op": "words", "line": 0, "text": text})


def test_half_written_markdown_is_kept_and_told_as_a_fault() -> None:
    after = done(PLAIN, {"op": "words", "line": 0, "text": "انظر [هنا](https"})
    layout = Layout.of(manuscript(after))
    assert [one.what for one in layout.faults] == ["a broken link: انظر [هنا](https"]
    further = done(after, {"op": "value", "key": "subject", "value": "ميناء"})
    assert "انظر [هنا](https" in further


def test_an_article_comes_into_the_section_of_its_name_made_when_missing() -> None:
    story = Story("كهرباء - جديدة", url="https://example.org/power", summary="ضوء.", label="علوم")
    after = done(PLAIN, {"op": "add", "article": 7}, story)
    assert lost(PLAIN, after) == []
    assert new(PLAIN, after) == ["## علوم", "### [كهرباء - جديدة](https://example.org/power)", "ضوء."]
    here = done(PLAIN, {"op": "add", "article": 7, "section": "أخبار", "before": line(PLAIN, "### رياح")}, story)
    assert [one.headline for one in manuscript(here).issue.sections[0].stories] == [
        "رصيف جديد",
        "كهرباء - جديدة",
        "رياح هضبة الرعيان",
    ]
    with pytest.raises(IssueError, match="is in the issue already"):
        done(here, {"op": "add", "article": 7}, story)


def test_an_article_that_waits_comes_as_it_was_edited_there() -> None:
    story = Story("قمح", url="https://example.org/wheat", summary="من الموقع.", label="اقتصاد")
    after = done(PLAIN, {"op": "add", "article": 8}, story)
    assert [one.summary for one in manuscript(after).issue.sections[1].stories] == ["سهل اللوز.", "موسم."]
    assert "من الموقع." not in after
    layout = Layout.of(manuscript(after))
    assert [one.told[0] for one in layout.waiting] == ["رياضة", "نوارس الريحان", "سباحة"]


def test_a_story_goes_to_the_candidates_and_the_comment_on_its_lines_stays() -> None:
    after = done(PLAIN, {"op": "drop", "line": line(PLAIN, "زيت أرخص")})
    assert lost(PLAIN, after) == []
    layout = Layout.of(manuscript(after))
    assert [one.told[0] for one in layout.parts][-1] == "اقتصاد"
    assert [one.told[0] for one in layout.waiting][-3:] == ["اقتصاد", "زيت أرخص", "قمح"]


def test_candidates_are_begun_with_what_the_library_has() -> None:
    bare = PLAIN[: PLAIN.index("<!-- candidates")]
    after = done(bare, {"op": "drop", "line": line(PLAIN, "زيت أرخص")})
    layout = Layout.of(manuscript(after))
    assert layout.candidates is not None
    assert layout.candidates.newest == 41
    assert [one.told[0] for one in layout.waiting] == ["اقتصاد", "زيت أرخص"]


def test_the_last_candidate_of_a_name_takes_its_heading_along() -> None:
    after = done(PLAIN, {"op": "take", "line": line(PLAIN, "قمح"), "section": line(PLAIN, "## أخبار")})
    layout = Layout.of(manuscript(after))
    assert [one.told[0] for one in layout.waiting] == ["رياضة", "نوارس الريحان", "سباحة"]
    parts = [(one.kind, one.told[0]) for one in layout.parts]
    assert parts[-3:] == [("story", "قمح"), ("section", "اقتصاد"), ("story", "زيت أرخص")]


def test_a_story_moves_with_its_comment_and_the_words_between_stay_words() -> None:
    first = line(PLAIN, "رصيف جديد](")
    after = done(PLAIN, {"op": "move", "line": first, "section": line(PLAIN, "## اقتصاد")})
    assert lost(PLAIN, after) == []
    assert "over two lines -->\n### [رصيف جديد]" in after
    last = done(
        PLAIN, {"op": "move", "line": line(PLAIN, "زيت"), "section": "أخبار", "before": line(PLAIN, "كلمة بين")}
    )
    news = manuscript(last).issue.sections[0]
    assert [type(one).__name__ for one in news.blocks] == ["Story", "Story", "Story", "Prose"]


def test_a_story_is_edited_in_place() -> None:
    at = line(PLAIN, "رصيف جديد](")
    after = done(PLAIN, {"op": "edit", "line": at, "title": "رصيف [جديد]", "summary": "بعد ثلاث سنوات.\n\nسطر ثانٍ."})
    assert new(PLAIN, after) == ["### [رصيف [جديد]](https://example.org/quay)", "بعد ثلاث سنوات."]
    bare = done(PLAIN, {"op": "edit", "line": at, "image": ""})
    assert lost(PLAIN, bare) == ['![الرصيف](pictures/1-quay.jpg "الرصيف | نجلاء")\n']
    other = done(PLAIN, {"op": "edit", "line": line(PLAIN, "### رياح"), "image": "pictures/2.jpg", "alt": "رياح"})
    assert new(PLAIN, other) == ["![رياح](pictures/2.jpg)"]
    noted = done(PLAIN, {"op": "edit", "line": line(PLAIN, "زيت"), "summary": "سهل اللوز يحصد."})
    assert lost(PLAIN, noted) == ["سهل اللوز.\n"]
    with pytest.raises(IssueError, match="would end the story"):
        done(PLAIN, {"op": "edit", "line": at, "summary": "كلمة\n\n## قسم"})


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ({"do": "add", "title": "ثقافة"}, ["أخبار", "اقتصاد", "ثقافة"]),
        ({"do": "add", "title": "ثقافة", "before": "اقتصاد"}, ["أخبار", "ثقافة", "اقتصاد"]),
        ({"do": "rename", "line": "أخبار", "title": "# محلي *"}, ["# محلي *", "اقتصاد"]),
        ({"do": "up", "line": "اقتصاد"}, ["اقتصاد", "أخبار"]),
        ({"do": "down", "line": "أخبار"}, ["اقتصاد", "أخبار"]),
        ({"do": "move", "line": "أخبار"}, ["اقتصاد", "أخبار"]),
        ({"do": "join", "line": "اقتصاد", "into": "أخبار"}, ["أخبار"]),
        ({"do": "join", "line": "أخبار", "into": "اقتصاد"}, ["اقتصاد"]),
        ({"do": "drop", "line": "أخبار"}, ["اقتصاد"]),
    ],
)
def test_sections(asked: dict[str, object], titles: list[str]) -> None:
    places: dict[str, object] = {
        key: line(PLAIN, f"## {asked[key]}") for key in ("line", "before", "into") if key in asked
    }
    after = done(PLAIN, {"op": "section", **asked, **places})
    issue = manuscript(after).issue
    assert [one.title for one in issue.sections] == titles
    gone = {"rename", "join", "drop"} & {asked["do"]}
    assert len(lost(PLAIN, after)) <= len(gone)
    kept = [*issue.stories, *Layout.of(manuscript(after)).candidates.stories]  # type: ignore[union-attr]
    assert len(kept) == 6


def test_elements_are_inserted_edited_and_removed() -> None:
    place = {"section": line(PLAIN, "## أخبار"), "before": line(PLAIN, "### رياح")}
    asked = {"op": "element", "do": "insert", "kind": "quote", "title": "ليلى", "text": "قول.", **place}
    after = done(PLAIN, asked)
    assert lost(PLAIN, after) == []
    found = elements(Layout.of(manuscript(after)))
    assert [(one.kind, one.title, one.text) for one in found] == [
        ("callout", "تنبيه", "كلمات في صندوق."),
        ("quote", "ليلى", "قول."),
    ]
    there = {"op": "element", "line": found[1].line}
    other = done(after, {**there, "do": "edit", "kind": "quote", "title": "سلمى", "text": "قول آخر."})
    assert elements(Layout.of(manuscript(other)))[1].title == "سلمى"
    with pytest.raises(IssueError, match="ends it too early"):
        done(after, {**there, "do": "edit", "kind": "quote", "title": "", "text": "قول\n:::\nبعده"})
    gone = done(after, {**there, "do": "remove"})
    assert [(one.kind, one.told) for one in Layout.of(manuscript(gone)).parts] == [
        (one.kind, one.told) for one in Layout.of(manuscript(PLAIN)).parts
    ]
    within = {"op": "element", "do": "insert", "kind": "video", "text": "[فيلم](https://example.org/f)"}
    inner = done(PLAIN, {**within, "within": line(PLAIN, "### رياح")})
    assert elements(Layout.of(manuscript(inner)))[1].story == line(PLAIN, "### رياح")


def test_a_line_of_a_file_that_cannot_be_understood_is_mended() -> None:
    broken = PLAIN.replace('subject = "رصيف جديد"', 'subject = "رصيف جديد')
    with pytest.raises(IssueError):
        done(broken, {"op": "drop", "line": 20})
    assert done(broken, {"op": "line", "line": 4, "text": 'subject = "رصيف جديد"'}) == PLAIN


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "is no operation that is known"),
        ({"op": "rm"}, "is no operation that is known: 'rm'"),
        ({"op": ["drop"]}, "is no operation that is known: ['drop']"),
        ({"op": "drop"}, "drop needs line"),
        ({"op": "drop", "line": "3"}, "line of drop is no whole number from 1: '3'"),
        ({"op": "drop", "line": True}, "line of drop is no whole number from 1: True"),
        ({"op": "drop", "line": 3, "now": 1}, "drop has nothing that is called: 'now'"),
        ({"op": "move", "line": 3}, "move needs section"),
        ({"op": "move", "line": 3, "section": 1.5}, "section of move is neither a line nor a title: 1.5"),
        ({"op": "value", "key": "number", "value": "3"}, "key of value is none that is known: 'number'"),
        ({"op": "value", "key": "subject", "value": 3}, "value of value is no text: 3"),
        ({"op": "value", "key": "subjects", "value": "a"}, "value of value is no list of texts: 'a'"),
        ({"op": "section", "do": "rename", "line": 3, "title": " "}, "a section needs a name"),
        ({"op": "element", "do": "insert", "kind": "script", "section": 0}, "no element has this name"),
        ({"op": "words", "line": 0, "text": "x" * 200_001}, "text of words has more than 200,000 characters"),
    ],
)
def test_what_is_no_operation_is_said_in_a_sentence(asked: dict[str, object], said: str) -> None:
    with pytest.raises(IssueError) as raised:
        parsed(asked)
    assert raised.value.what == said


def test_signs_that_no_file_can_hold_are_left_out() -> None:
    after = done(PLAIN, {"op": "value", "key": "subject", "value": "رصيف\ud800\x00 جد\nيد"})
    assert new(PLAIN, after) == ['subject = "رصيف جد يد"']


# ---- a thousand random operations, on files of every habit

HABITS = {
    "plain": PLAIN,
    "marked, Windows": "\ufeff" + PLAIN.replace("\n", "\r\n"),
    "mixed": "".join(one + ("\r\n" if at % 3 else "\n") for at, one in enumerate(PLAIN.split("\n")[:-1])),
    "old Mac": PLAIN.replace("\n", "\r"),
    "no last line end": PLAIN.removesuffix("\n"),
    "isolates": PLAIN.replace("أربعون ألف بيت.", "أطلق \u2068Blue Harbor\u2069 الإصدار \u20662.1\u2069.")
    .replace("## اقتصاد\n### ", "\u200f## اقتصاد\n\u200f### ", 1)
    .replace("سهل اللوز.", "\u00a0\u200f- سهل\n- لوز"),
    "no candidates, no opening": PLAIN[: PLAIN.index("أعزاءنا")]
    + PLAIN[PLAIN.index("## أخبار") : PLAIN.index("<!-- cand")],
    "empty": '+++\nnumber = 1\nsubject = "ع"\n+++',
    "faults": PLAIN.replace("سطر ثانٍ.", "[رابط](مكسور\n\n![x][y]"),
}
STEPS = 120
TEXTS = (
    "كلمة",
    "- نقطة\n- أخرى",
    "سطر\n\nسطر",
    "انظر [هنا](https://example.org)",
    "**قوي** و\u2068Latin\u2069",
    "---",
    "### عنوان",
)


def asked_of(layout: Layout, chance: random.Random) -> dict[str, object]:
    """Some operation on what stands there, at times on what does not."""
    lines = {
        kind: [one.line for one in layout.parts if one.kind == kind] or [3] for kind in ("section", "story", "prose")
    }
    waits = [one.line for one in layout.waiting if one.kind == "story"] or [9]
    within = elements(layout)
    section = chance.choice([0, *lines["section"], "اقتصاد", "جديد"])
    place: dict[str, object] = {"section": section}
    if chance.random() < 0.5:
        place["before"] = chance.choice([*lines["story"], *lines["prose"]])
    text, one = chance.choice(TEXTS), chance.choice
    makers: list[Callable[[], dict[str, object]]] = [
        lambda: {"op": "value", "key": one(("subject", "preheader")), "value": text},
        lambda: {"op": "words", "line": one([0, *lines["prose"]]), "text": one(["", text])},
        lambda: {"op": "words", "text": text, **place},
        lambda: {"op": "add", "article": 1, **place},
        lambda: {"op": "drop", "line": one(lines["story"])},
        lambda: {"op": "take", "line": one(waits), **place},
        lambda: {"op": "move", "line": one(lines["story"]), **place},
        lambda: {"op": "move", "line": one(lines["story"]), **place},
        lambda: {"op": "edit", "line": one(lines["story"]), "title": one(["عنوان", "a*b* [c](d)"]), "summary": text},
        lambda: {"op": "edit", "line": one(lines["story"]), "summary": "", "image": one(["", "p.jpg"]), "alt": "x"},
        lambda: {"op": "section", "do": "add", "title": one(["قسم", "أخبار"]), "before": one([0, *lines["section"]])},
        lambda: {"op": "section", "do": one(["up", "down", "drop"]), "line": one(lines["section"])},
        lambda: {"op": "section", "do": "join", "line": one(lines["section"]), "into": one([0, *lines["section"]])},
        lambda: {"op": "section", "do": "rename", "line": one([0, *lines["section"]]), "title": "اسم"},
        lambda: {"op": "element", "do": "insert", "kind": "callout", "title": "ت", "text": text, **place},
        lambda: {"op": "element", "do": "remove", "line": one([n.line for n in within] or [5])},
    ]
    return one(makers)()


def counted(text: str) -> dict[str, int]:
    lines = [one for one in re.split("\r\n|\r|\n", text.removeprefix("\ufeff")) if one.strip()]
    return {one: lines.count(one) for one in lines}


def untouched(before: Manuscript, after: Manuscript) -> list[str]:
    """Lines of comments and of the front matter that are gone: no operation of these takes one."""
    held = Layout.of(before)
    raw = before.lines
    first = [raw[at] for at in range(held.body_at) if "subject" not in raw[at] and "preheader" not in raw[at]]
    there = held.candidates
    notes = [
        raw[at - 1]
        for begun, ended in held.comments
        if there is None or begun != there.first
        for at in range(begun, ended + 1)
    ]
    left = [one.rstrip("\r\n") for one in after.lines]
    return [one for one in (*first, *notes) if one.rstrip("\r\n") not in left]


@pytest.mark.parametrize("habit", HABITS)
def test_random_operations_leave_what_they_do_not_touch(habit: str) -> None:
    chance, now, refused = random.Random(habit), manuscript(HABITS[habit]), 0
    for step in range(STEPS):
        layout = Layout.of(now)
        asked = asked_of(layout, chance)
        story = Story(
            f"مقال {step}", url=f"https://example.org/{step}", summary="نص.", label=chance.choice(["", "علوم"])
        )
        try:
            after, at = apply(now, parsed(asked), newest=5, story=story)
        except IssueError:
            refused += 1
            continue
        assert untouched(now, after) == [], asked
        assert 0 <= at <= len(after.lines) + 1, asked
        assert after.text.startswith("\ufeff") == HABITS[habit].startswith("\ufeff")
        if asked["op"] == "move":
            assert counted(after.text).keys() - {"---"} >= counted(now.text).keys() - {"---"}
        now = after if len(after.text) < 6_000 else manuscript(HABITS[habit])
    assert refused < STEPS * 2 // 3


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=1, max_size=7),
    st.integers(0, 10**6),
    st.text(st.characters(codec="utf-8"), max_size=40),
)
def test_words_of_any_kind_come_back_as_they_were_written(ends: list[str], seed: int, words: str) -> None:
    text = "".join(one + ends[at % len(ends)] for at, one in enumerate(PLAIN.split("\n")[:-1]))
    chance = random.Random(seed)
    now = manuscript(text)
    story = chance.choice([one for one in Layout.of(now).parts if one.kind == "story"])
    asked = {"op": "edit", "line": story.line, "title": f"ع {words}", "summary": words}
    try:
        after, _ = apply(now, parsed(asked))
    except IssueError:
        return
    kept = [one for one in Layout.of(after).parts if one.kind == "story"]
    assert len(kept) == 3
    told = next(one for one in kept if one.line == story.line)
    wanted = " ".join(re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+", " ", f"ع {words}").split())
    assert " ".join(told.told[0].split()) == wanted or re.search("[\x00-\x1f\x7f-\x9f]", words)
