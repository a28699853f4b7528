"""Elements of an issue: what an editor types between lines of colons, and what becomes of it."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from newsletter.errors import IssueError
from newsletter.issues import Manuscript, containers, prose
from newsletter.issues.escaping import escape
from newsletter.issues.markdown import from_html, parser
from newsletter.issues.reading import parse

FRONT = '+++\nnumber = 1\nsubject = "موضوع"\n+++\n\n'
PATH = Path("issues/one/issue.md")


def read(markdown: str, **more: object) -> prose.ParsedMarkdown:
    return prose.read(markdown, picture=shown, **more)  # type: ignore[arg-type]


def shown(src: str) -> prose.PictureAddress | None:
    return prose.PictureAddress(f"cid:{src}", 1200, 800) if src.endswith(".jpg") else None


def tree(passage: prose.ParsedMarkdown) -> etree._Element:
    made = f"<div>{passage.html({'callout.class': 'tint'})}</div>".replace("&#160;", "\u00a0")
    return etree.fromstring(made)


CALLOUT = "::: callout عنوان\nنص **مهم**.\n:::"
SPONSOR = "::: sponsor المطحنة\n![كيس](bag.jpg)\n\nنص [رابط](https://example.net/a).\n\n[زر](https://example.net/b){.button}\n:::"
COLUMNS = "::: columns\nأول\n\n---\n\nثانٍ\n:::"
GALLERY = '::: gallery\n![أ](a.jpg "تعليق")\n![ب](b.jpg)\n:::'
VIDEO = "::: video\n[فيلم](https://youtu.be/x)\n![لقطة](a.jpg)\nدقيقتان\n:::"
FILE = "::: file\n[خطة](https://example.org/plan.pdf)\nوثيقة\n:::"
QUOTE = "::: quote زينب، بائعة\n![وجه](a.jpg)\n\nقول.\n:::"
EVENT = "::: event أمسية\n2025-12-06 18:30-20:00\nدار الثقافة\n\n[احجز](https://example.org/t){.button}\n:::"
FIGURES = "::: figures\n- **12.5%** نمو\n- **3** مدن\n:::"
READING = "::: reading\n- [قصة](https://example.org/s) كلمات\n:::"
ALL = (CALLOUT, SPONSOR, COLUMNS, GALLERY, VIDEO, FILE, QUOTE, EVENT, FIGURES, READING)


@pytest.mark.parametrize("markdown", ALL)
@pytest.mark.parametrize("base", ["rtl", "ltr"])
def test_an_element_is_tables_with_every_word_and_link_of_it_in_both_forms(markdown: str, base: str) -> None:
    passage = read(markdown, base=base)
    assert passage.faults == ()
    whole = tree(passage)
    assert whole.findall("table"), "Word keeps the padding of cells alone"
    assert list(whole.iter("div")) == [whole]
    said = "".join(whole.itertext())
    for word in re.findall(r"[\u0621-\u064a]{2,}", re.sub(r"\([^)]*\)|!\[[^\]]*\]|[،]", " ", markdown)):
        assert word in said
        assert word in passage.text()
    for address in re.findall(r"https://[^)\s]+", markdown):
        assert address in {one.get("href") for one in whole.iter("a")}
        assert address in passage.text().replace(" ", "").split("\n")
    assert all(one.get("alt") and one.get("width") for one in whole.iter("img") if "sponsor" not in markdown)
    assert ":::" not in said + passage.text()


@pytest.mark.parametrize("kind", containers.KINDS, ids=lambda kind: kind.name)
def test_an_element_has_an_arabic_name_that_is_as_good(kind: containers.ElementKind) -> None:
    for name in (kind.name, kind.arabic, kind.arabic.replace("إ", "ا"), kind.name.upper()):
        assert containers.opened(f" {name} عنوان طويل ") == (kind, "عنوان طويل")


def test_links_of_a_sponsor_are_told_from_those_of_stories() -> None:
    passage = read(f"{SPONSOR}\n\n[آخر](https://example.org/c)")
    assert [address for address, _ in passage.sponsored] == ["https://example.net/a", "https://example.net/b"]
    paid = {one.get("href"): one.get("rel") for one in tree(passage).iter("a")}
    assert paid == {
        "https://example.net/a": "sponsored nofollow noopener",
        "https://example.net/b": "sponsored nofollow noopener",
        "https://example.org/c": None,
    }
    assert "[Advertisement · المطحنة]" in passage.text()
    assert "كيس" not in passage.words(), "nothing that is paid for stands behind a subject"


def test_a_sponsor_has_a_label_of_its_own_and_cards_within_it_are_paid_for_too() -> None:
    card = "::: file\n[خطة](https://example.net/plan.pdf)\n:::"
    passage = read(f"::: sponsor المطحنة | برعاية\nنص.\n\n{card}\n:::\n\n{card.replace('plan', 'ours')}")
    assert passage.sponsored == (("https://example.net/plan.pdf", "المطحنة"),)
    paid = {one.get("href"): one.get("rel") for one in tree(passage).iter("a")}
    assert paid["https://example.net/plan.pdf"] == "sponsored nofollow noopener"
    assert paid["https://example.net/ours.pdf"] is None
    assert passage.text().startswith("[برعاية · المطحنة]\n")
    assert "[End of the advertisement]" in passage.text()
    assert "برعاية · المطحنة" in "".join(tree(passage).itertext())
    assert "Advertisement ·" not in "".join(tree(passage).itertext())


def test_a_film_leads_from_its_picture_and_from_its_title() -> None:
    links = list(tree(read(VIDEO)).iter("a"))
    assert [one.get("href") for one in links] == ["https://youtu.be/x"] * 2
    assert links[0].find("img").get("alt") == "لقطة"
    assert "".join(links[1].itertext()).split() == ["▶︎", "فيلم"]
    linked = read("::: video\n[![لقطة](a.jpg)](https://youtu.be/x)\n:::")
    assert linked.faults == ()
    assert tree(linked).find(".//img").get("src") == "cid:a.jpg"


def test_a_file_shows_the_ending_of_its_name() -> None:
    assert "PDF" in "".join(tree(read(FILE)).itertext())
    odd = read("::: file\n[خطة](https://example.org/download?id=1.veryodd)\n:::")
    assert "↓" in "".join(tree(odd).itertext())


def test_an_event_is_told_in_the_calendar_and_digits_of_the_newsroom() -> None:
    setup = prose.ProseSetup(
        date=lambda moment: f"<{moment:%d/%m}>",
        digits=lambda text: text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    )
    text = read(EVENT, setup=setup).text()
    assert "** أمسية **\n<06/12>, from ١٨:٣٠ to ٢٠:٠٠\n\nدار الثقافة\n\nاحجز\nhttps://example.org/t" in text
    eastern = read(EVENT.replace("2025-12-06 18:30-20:00", "٢٠٢٥-١٢-٠٦"), setup=setup)
    assert "<06/12>\n" in eastern.text()
    assert datetime(2025, 12, 6) == eastern.blocks[0].scheduled.starts  # type: ignore[union-attr]  # noqa: DTZ001


def test_an_event_over_midnight_ends_on_the_next_day() -> None:
    made = read(EVENT.replace("18:30-20:00", "22:00-01:30")).blocks[0].scheduled
    assert made is not None
    assert made.ends == datetime(2025, 12, 7, 1, 30)  # noqa: DTZ001


def test_pictures_of_a_gallery_are_as_wide_as_one_another() -> None:
    for count, rows in ((2, 1), (3, 1), (4, 2)):
        whole = tree(read("::: gallery\n" + "![أ](a.jpg)\n" * count + ":::"))
        assert len({one.get("width") for one in whole.iter("img")}) == 1
        assert len([row for row in whole.iter("tr") if row.find("td/img") is not None]) == rows
        assert all(int(one.get("width")) * count / rows <= 576 for one in whole.iter("img"))


def test_a_table_is_one_to_programs_that_read_aloud() -> None:
    passage = read("| شهر | بيع |\n|---|--:|\n| آب | 41 |\n| أيلول | 47 |")
    table = tree(passage).find(".//table[@role='table']")
    assert [("".join(one.itertext()), one.get("scope")) for one in table.iter("th")] == [("شهر", "col"), ("بيع", "col")]
    assert [one.get("align") for one in table.iter("td")] == ["right", "right"] * 2
    assert passage.text() == "• آب: 41\n• أيلول: 47"


@pytest.mark.parametrize(
    ("head", "row", "stacks"),
    [
        ("أ | ب | ج | د | ه | و", "1 | 2 | 3 | 4 | 5 | 6", False),
        ("المدينة | الإنتاج | الصادرات | الواردات | الاستهلاك | المستودعات", "أ | 1 | 2 | 3 | 4 | 5", True),
        ("أ | ب | ج | د | ه | و", "1 | 2 | 3 | اللامركزيةالإداريةوالمالية | 5 | اللامركزيةالإداريةوالمالية", True),
        ("المُدَرَّجَة | مُ | دُ | رُ", "1 | 2 | 3 | 4", False),
        ("الديمقراطية | اللامركزية | الاستراتيجيات", "المستودعات | 12 | الإسكندرية", True),
        # Two columns have room on every telephone.
        ("اللامركزيةالإداريةوالمالية | اللامركزيةالإداريةوالمالية", "1 | 2", False),
    ],
)
def test_a_table_whose_words_have_no_room_on_a_telephone_is_a_list_there(head: str, row: str, stacks: bool) -> None:
    rule = " | ".join("---" for _ in head.split("|"))
    passage = read(f"| {head} |\n| {rule} |\n| {row} |")
    names = ["".join(one.itertext()) for one in tree(passage).iter("span") if one.get("class") == "col-name"]
    assert names == ([f"{name.strip()}:\u00a0" for name in head.split("|")[1:]] if stacks else [])
    assert ('class="stack"' in str(passage.html())) is stacks
    # The text of a table is the same whatever a telephone shows.
    assert "col-name" not in passage.text()


def test_footnotes_are_numbered_in_the_order_of_the_letter_wherever_they_stand() -> None:
    texts = ["أول[^ب] ثم[^أ]", "[^أ]: حاشية أ\n\n[^ب]: حاشية ب"]
    numbers = prose.numbered(texts)
    assert numbers == {"ب": 1, "أ": 2}
    setup = prose.ProseSetup(notes=numbers)
    first, second = (read(text, setup=setup) for text in texts)
    assert first.text() == "أول[1] ثم[2]"
    assert first.words() == "أول ثم"
    assert second.text() == "[2] حاشية أ\n\n[1] حاشية ب"
    targets = {one.get("id") for one in tree(second).iter("td")}
    assert {one.get("href") for one in tree(first).iter("a")} == {"#note-1", "#note-2"}
    assert {"note-1", "note-2"} <= targets


@pytest.mark.parametrize(
    ("markdown", "line", "words"),
    [
        ("نص\n\n::: figures\n- بلا رقم\n:::", 3, "a point without its number in bold"),
        ("::: figures\n- **1** أ\n- **2** أ\n- **3** أ\n- **4** أ\n- **5** أ\n:::", 1, "has 5 figures"),
        ("::: video\nبلا رابط\n:::", 1, "has no link"),
        ("::: gallery\n![أ](a.jpg)\n:::", 1, "has 1 pictures"),
        ("::: gallery\nكلام ![أ](a.jpg) ![أ](a.jpg)\n:::", 1, "a picture among words"),
        ("::: columns\nواحد\n:::", 1, "has 1 parts"),
        ("::: event أمسية\nغدًا مساءً\n:::", 1, "does not begin with its day"),
        ("::: event أمسية\n2025-02-30\n:::", 1, "no such day or hour: 2025-02-30"),
        ("::: event أمسية\n1404-09-10 18:00\n:::", 1, "in the year 1404"),
        ("::: event\n2025-12-06\n:::", 1, "has no title"),
        ("::: event معرض\n2025-12-06 - 2025-12-09\nالقاعة\n:::", 1, "has a second day"),
        ("::: event معرض\n2025-12-06 10:00 – ٢٠٢٥-١٢-٠٨ 12:00\n:::", 1, "has a second day"),
        ("::: event معرض\n2025-12-06 إلى 2025-12-09\n:::", 1, "has a second day"),
        ("::: reading\n- بلا رابط\n:::", 1, "a point without a link"),
        ("::: contents\nكلام\n:::", 1, "words of its own"),
        ("::: callout\n:::", 1, "is empty"),
        ("::: quote زينب\n:::", 1, "has no words"),
        ("- نقطة\n\n  ::: callout\n  نص\n  :::", 3, "stands in a list"),
        ("::: callout\n[رابط](http://example.org)\n:::", 2, "not encrypted"),
        ("::: callout\n\n![أ](missing.png)\n:::", 3, "cannot be shown"),
        ("نص\n\n::: تنبيه", 3, "has no end"),
        ("نص\n:::", 2, "nothing begins"),
        ("::: بطاقة\nنص\n:::", 1, "no element is called"),
    ],
)
def test_what_is_wrong_in_an_element_is_told_with_its_line_and_what_to_write(
    markdown: str, line: int, words: str
) -> None:
    fault = read(markdown).faults[0]
    assert (fault.line, words in fault.what) == (line, True), fault
    assert fault.mend


def test_a_name_that_was_mistyped_is_guessed() -> None:
    (fault,) = read("::: calout\nنص\n:::").faults
    assert fault.mend.startswith("did you mean callout?")


def test_each_end_belongs_to_the_innermost_element_that_is_open() -> None:
    passage = read("::: columns\n::: callout\nأول\n:::\n\n---\n\nثانٍ\n:::")
    assert passage.faults == ()
    first, second = passage.blocks[0].children
    assert [one.kind for one in first.children] == ["callout"]
    assert [one.kind for one in second.children] == ["p"]


def test_colons_in_code_are_code() -> None:
    passage = read("```\n::: callout\n```\n\n::: callout\n```\n:::\n```\n:::")
    assert passage.faults == ()
    assert [one.kind for one in passage.blocks] == ["pre", "callout"]


def test_an_element_within_a_story_belongs_to_it_and_edits_leave_it_whole() -> None:
    text = FRONT + f"## قسم\n\n### [قصة](https://example.org/a)\nملخص.\n\n{COLUMNS}\n\nبعده.\n\n---\n\n{CALLOUT}\n"
    issue = parse(text, PATH)
    story, after = issue.sections[0].blocks
    assert story.summary == f"ملخص.\n\n{COLUMNS}\n\nبعده."  # type: ignore[union-attr]
    assert after.markdown == CALLOUT  # type: ignore[union-attr]
    manuscript = Manuscript(text, PATH)
    line = text.split("\n").index("::: callout عنوان") + 1
    assert manuscript.block(line) == CALLOUT
    assert CALLOUT not in manuscript.without_block(line).text


def test_elements_read_the_same_behind_signs_that_nobody_sees() -> None:
    issue = parse(FRONT + CALLOUT.replace(":::", "\u200f:::"), PATH)
    assert issue.opening[0].markdown.startswith("::: callout")


@given(st.text("abأب \n:*[]()^!`-|>#1.\\", max_size=60))
def test_whatever_stands_between_colons_is_told_or_shown_and_never_markup(text: str) -> None:
    for kind in containers.KINDS:
        passage = read(f"::: {kind.name} <b>\n{text}<script>\n:::")
        made = f"<div>{passage.html()}</div>".replace("&#160;", "")
        assert etree.fromstring(made) is not None
        assert "<b>" not in made
        assert "<script" not in made
        passage.text()
        passage.words()
        assert all(fault.line >= 1 and fault.what and fault.mend for fault in passage.faults)


@given(st.lists(st.sampled_from([":::", "::: callout", "::: columns", ":::: quote", "::: x", "نص", "```", "---", ""])))
def test_lines_of_colons_are_matched_line_by_line(lines: list[str]) -> None:
    made, faults = containers.matched(lines)
    assert len(made) == len(lines)
    assert all(0 <= fault.line < len(lines) for fault in faults)
    again, _ = containers.matched(made)
    assert [line.replace("\\", "") for line in again] == [line.replace("\\", "") for line in made]
    if faults:
        with pytest.raises(IssueError, match=r"issue\.md:\d+"):
            parse(FRONT + "\n".join(lines), PATH)


@given(st.text(":^[]abأ1 \n\\", max_size=30))
def test_plain_text_is_never_an_element_or_a_footnote(text: str) -> None:
    env: dict[str, object] = {"footnotes": {"refs": {":1": -1, ":a": -1}, "list": {}}}
    tokens = parser().parse(escape(text), env)
    children = [child for token in tokens for child in token.children or ()]
    assert not env.get("faults")
    assert not [one for one in (*tokens, *children) if one.type.startswith(("container", "footnote"))]


@pytest.mark.parametrize(
    ("figure", "markdown"),
    [
        (
            '<figure><a href="https://youtu.be/x"><img src="https://i.example.org/a.jpg" alt="فيلم"></a>'
            "<figcaption>تعليق *عنه*</figcaption></figure>",
            "::: video\n[فيلم](<https://youtu.be/x>)\nتعليق \\*عنه\\*\n:::",
        ),
        (
            '<figure><a href="https://example.org/a.mp3">تسجيل</a></figure>',
            "::: audio\n[تسجيل](<https://example.org/a.mp3>)\n:::",
        ),
        (
            '<figure><a href="https://x.com/i/status/1">منشور</a></figure>',
            "::: video\n[منشور](<https://x.com/i/status/1>)\n:::",
        ),
        ('<figure><a href="https://example.org/">موقع</a></figure>', "[موقع](<https://example.org/>)"),
        ('<p><a href="https://youtu.be/x">فيلم</a></p>', "[فيلم](<https://youtu.be/x>)"),
    ],
)
def test_what_plays_in_a_collected_article_is_a_card(figure: str, markdown: str) -> None:
    made = from_html(f"<p>قبل</p>{figure}<p>بعد</p>")
    assert made == f"قبل\n\n{markdown}\n\nبعد"
    passage = read(made)
    assert passage.faults == ()
    assert parse(FRONT + f"### قصة\n{made}", PATH).stories[0].summary == made


def test_a_post_is_told_from_a_film() -> None:
    signs = {
        "https://x.com/i/status/1": "@",
        "https://t.me/example/1": "@",
        "https://www.facebook.com/watch/1": "▶",
        "https://youtu.be/x": "▶",
    }
    for address, sign in signs.items():
        assert read(f"::: video\n[عنوان]({address})\n:::").text().startswith(sign)
