"""What the desk says where the code complains: in its own language, with what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from desk_newsroom import NOW, Clock, make, opened
from desk_visits import DeskVisitor, at_desk

from newsletter.desk import complaints
from newsletter.desk.settings import faults
from newsletter.desk.settings.faults import spoken_of
from newsletter.desk.week import problems
from newsletter.errors import SettingsError
from newsletter.issues import Manuscript
from newsletter.models import Problem
from newsletter.workspace.config import load

LOCALES = Path(__file__).resolve().parents[1] / "templates" / "locale"
ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("complaints") / "room", readers=3, sent=False)


def seen(html: str) -> str:
    """The words of a page without its markup, scripts and data."""
    return re.sub(r"<[^>]*>", " ", html.partition("<main")[2])


@pytest.mark.parametrize(
    ("pattern", "instead", "told"),
    [
        (r'subject = "', "subject = ", "سطر في رأس العدد لا يُقرأ"),
        (r"(?m)^number = .*\n", "", "رأس العدد ينقصه"),
        (r"(?m)^number = .*$", "number = 13\nnumber = 14", "مرتين"),
        (r"(?m)^list = .*$", 'lust = "readers"', "لا يعرف رأس العدد الاسم"),
        (r"(?s)^.*$", "", "لا يبدأ الملف بسطر"),
    ],
)
def test_an_issue_that_cannot_be_understood_is_told_of_in_arabic_on_both_pages(
    room: Path, pattern: str, instead: str, told: str
) -> None:
    file = room / "issues" / "13" / "issue.md"
    before = file.read_text("utf-8")
    file.write_text(re.sub(pattern, instead, before, count=1), "utf-8")
    try:
        with opened(room, Clock(NOW)) as workspace:
            desk: DeskVisitor = at_desk(workspace)
            for path in ("/issue/13", "/send/13"):
                words = seen(desk.get(path).text)
                assert told in words
                assert "front matter" not in words
                assert "does not begin" not in words
                assert "is not known" not in words
    finally:
        file.write_text(before, "utf-8")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"hello", "ليس هذا الملف صورة"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "لا تعرض برامج البريد"),
        (b"", "هذا الملف فارغ"),
    ],
)
def test_a_file_that_is_no_picture_is_refused_in_arabic_with_what_to_do(room: Path, content: bytes, told: str) -> None:
    with opened(room, Clock(NOW)) as workspace:
        desk = at_desk(workspace)
        answer = desk.post(
            "/issue/13/picture", files={"picture": ("a.png", content)}, headers={"accept": "application/json"}
        )
        error = answer.json()["error"]
        assert (answer.status_code, ENGLISH.search(error["what"] + error["mend"])) == (422, None)
        assert told in error["what"]
        assert error["mend"]


def test_an_issue_that_is_not_there_is_told_in_arabic(room: Path) -> None:
    with opened(room, Clock(NOW)) as workspace:
        words = seen(at_desk(workspace).get("/issue/99").text)
        assert "ملف العدد غير موجود" in words
        assert ENGLISH.search(words) is None


def test_every_sentence_for_a_complaint_stands_in_the_catalogue() -> None:
    with (LOCALES / "ar" / "desk.po").open("rb") as file:
        there = {one.id for one in read_po(file) if one.string}
    asked = {text for _, what, mend in complaints.KNOWN for text in (what, mend)}
    assert asked - there == set()


def test_an_issue_that_has_gone_says_that_changes_reach_nobody(tmp_path: Path) -> None:
    with opened(make(tmp_path / "room", readers=3), Clock(NOW)) as workspace:
        desk = at_desk(workspace)
        told = "أُرسل هذا العدد. ما تغيّره هنا لا يصل"
        assert [told in desk.get(f"/issue/{slug}").text for slug in ("12", "13")] == [True, False]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("::: callout تنبيه\nكلام\n", "لا نهاية له"),
        (":::\n", "يُنهي عنصرًا"),
        ("::: callout\n\n## أخبار\n\n:::\n", "عنوان يقف داخل العنصر"),
        ("::: kallout\n\n:::\n", "kallout"),
        ("::: columns كلام\nأ\n\n---\n\nب\n:::\n", "لا يُكتب بعد اسم العنصر"),
        ("::: callout\n::: poll سؤال\n- أ\n- ب\n:::\n:::\n", "لا يتسع له"),
        ("| أ | ب | ج | د | هـ | و | ز |\n|-|-|-|-|-|-|-|\n| 1 | 2 | 3 | 4 | 5 | 6 | 7 |\n", "جدول فيه أكثر من"),
        ("```\nشيفرة\n", "لا نهاية لها"),
        ("كلام[^حاشية أولى] وكلام\n", "في اسم الحاشية مسافة"),
        ("كلام[^1] وكلام\n", "بلا نص"),
        ("كلام[^1]\n\n[^1]: أ\n\n[^1]: ب\n", "نصان"),
        ("كلام\n\n[^1]: أ\n", "لا شيء يشير"),
        ("##أخبار\n", "عنوان بلا مسافة"),
        ('![أ](a.jpg "شرح "و" شرح")\n', "شرح الصورة"),
        ("[كلام](https://a.example.org/x y)\n", "رابط غير مكتمل"),
        ("[كلام](x)\n", "رابط لا يؤدي"),
    ],
)
def test_whatever_is_wrong_with_a_body_is_told_in_arabic_with_what_to_do(room: Path, body: str, told: str) -> None:
    manuscript = Manuscript(f'+++\nnumber = 1\nsubject = "س"\n+++\n\n{body}', Path("issue.md"))
    _, wrong = manuscript.draft
    assert wrong, "there is nothing wrong with it"
    with opened(room, Clock(NOW)) as workspace:
        words = at_desk(workspace).desk.pages.words
        for fault in wrong:
            said = complaints.spoken(words, fault)
            assert said is not None, fault.what
            assert ENGLISH.search(" ".join(map(words.plain, said))) is None
        problem = Problem("issue-unreadable", "error", wrong[0].what, wrong[0].where, wrong[0].mend)
        assert told in words.plain(problems.told(words, problem))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("[letter]\ntagline = 3\n", "المطلوب نص"),
        ("[archive]\nx = 1\n", "ليس في الإعدادات"),
        ('[sender]\nfsync = "ربما"\n', "القيمة"),
        ('[letter]\ndigits = "roman"\n', "واحد من"),
        ("[newsletter]\n", "ينقص"),
        ("[desk]\nlanguage = 7\n", "لا تصلح"),
        ("[compose]\nmost = 0\n", "المطلوب 1 أو أكثر"),
        ("[compose", "لا يُقرأ"),
    ],
)
def test_whatever_is_wrong_with_a_setting_is_told_in_arabic(room: Path, settings: str, told: str) -> None:
    own = '[newsletter]\nname = "الموجة"\nurl = "https://almawja.example.org"\nlanguage = "ar"\n'
    text = settings if "newsletter" in settings else f"{own}{settings}"
    with opened(room, Clock(NOW)) as workspace, pytest.raises(SettingsError) as raised:
        load(workspace.root, {}, text)
    with opened(room, Clock(NOW)) as workspace:
        words = at_desk(workspace).desk.pages.words
        said = " ".join(words.plain(one) for one in spoken_of(words, raised.value))
    assert told in said
    assert ENGLISH.search(said) is None


def test_every_sentence_for_a_setting_stands_in_the_catalogue() -> None:
    with (LOCALES / "ar" / "desk.po").open("rb") as file:
        there = {one.id for one in read_po(file) if one.string}
    assert {sentence for _, sentence in (*faults.WANTED, *faults.OTHERS)} - there == set()
