"""The page of the issue: what its server answers without a browser."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from desk_newsroom import Clock, make, opened
from desk_visits import DeskVisitor, at_desk
from settings_text import with_settings

from newsletter.check import CODES, authentication, links, mjml, sender
from newsletter.desk.week.letter import framed
from newsletter.desk.week.problems import SENTENCES, told
from newsletter.letters.templates import environment, templates_dir
from newsletter.models import Problem, Publication
from newsletter.report.page.wording import PageWords
from newsletter.wiring import Workspace

HOSTILE = "</textarea><script>top.hurt=1</script><img src=https://evil.example/x onerror=top.hurt=1>"


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("week") / "room", readers=60)


@pytest.fixture
def workspace(newsroom: Path, tmp_path: Path) -> Iterator[Workspace]:
    root = tmp_path / "room"
    shutil.copytree(newsroom, root)
    with opened(root, Clock()) as there:
        yield there


@pytest.fixture
def visitor(workspace: Workspace) -> DeskVisitor:
    return at_desk(workspace)


def issue_file(workspace: Workspace) -> Path:
    return workspace.root / "issues" / "13" / "issue.md"


def words() -> PageWords:
    return PageWords(environment(), Publication("الموجة", "https://almawja.example.org"), "desk")


def test_the_desk_opens_at_the_draft_and_not_at_what_was_sent(visitor: DeskVisitor) -> None:
    answer = visitor.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/issue/13")


def test_the_page_shows_every_story_and_writes_nothing(visitor: DeskVisitor, workspace: Workspace) -> None:
    before = issue_file(workspace).read_bytes()
    page = visitor.get("/issue/13").text
    assert issue_file(workspace).read_bytes() == before
    assert page.count('<article class="story') == 7
    assert "رصيف جديد، وزيت أرخص، ومكتبة لا تنام" in page
    assert ">قصتان<" in page
    assert "علامة الترقيم اللاتينية" in page
    assert "الصورة بلا وصف" in page
    assert len(page.encode()) < 80_000
    assert re.findall(r"<script(?![^>]* src=)|\sstyle=|\son[a-z]+=", page) == []


def test_each_problem_stands_at_what_it_is_about(visitor: DeskVisitor) -> None:
    page = visitor.get("/issue/13").text
    stories = dict(re.findall(r'(?s)<article class="story[^>]*id="(s-\w+)"(.*?)</article>', page))
    codes = [re.findall(r'data-problem="([\w-]+)"', inside) for inside in stories.values()]
    assert codes[1] == ["punctuation-latin"]
    assert codes[2] == ["image-without-alt"]
    assert [
        json.loads(value)["code"] for value in re.findall(r"value='([^']*\"fix\"[^']*)'", list(stories.values())[1])
    ] == ["punctuation-latin"]


def test_the_list_of_issues_says_what_became_of_each(visitor: DeskVisitor) -> None:
    page = visitor.get("/issues").text
    assert re.findall(r'<a href="(/issue/\d+)"', page) == ["/issue/13", "/issue/12"]
    assert "مسودة" in page
    assert "أُرسل" in page


NEXT = "جهّز العدد التالي"


def test_the_next_issue_is_begun_at_the_desk_once_the_last_one_has_gone(
    visitor: DeskVisitor, workspace: Workspace
) -> None:
    shutil.rmtree(issue_file(workspace).parent)
    for path in ("/issues", "/issue/12"):
        assert NEXT in visitor.get(path).text
    assert "يصدر" not in visitor.get("/issue/12").text.partition("</main>")[0]
    answer = visitor.post("/issues")
    at = answer.headers["location"]
    assert answer.status_code == 303
    page = visitor.get(at).text
    assert "العدد 13" in page
    assert 0 < len(re.findall(r'<article class="story', page)) <= 8
    # Pressed twice, or by two editors: there is one draft.
    assert visitor.post("/issues").headers["location"] == at
    assert NEXT not in visitor.get("/issues").text
    assert NEXT not in visitor.get("/issue/12").text


def test_the_letter_runs_nothing_and_calls_no_other_host(visitor: DeskVisitor) -> None:
    answer = visitor.get("/issue/13/letter")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-same-origin" in policy
    assert "allow-scripts" not in policy
    assert "script" not in policy
    assert re.findall(r'(?:src|background)="(?!/|data:)[^"]*"|url\(["\']?http', answer.text) == []
    pictures = re.findall(r'src="(/media/[\w.]+)"', answer.text)
    assert len(set(pictures)) >= 5
    for address in pictures:
        picture = visitor.get(address)
        assert picture.status_code == 200
        assert picture.headers["content-type"].startswith("image/")
        assert "immutable" in picture.headers["cache-control"]
    assert visitor.get("/media/0123456789abcdef.jpg").status_code == 404


def test_the_letter_marks_each_story_by_the_name_it_has_on_the_page(visitor: DeskVisitor) -> None:
    page, letter = visitor.get("/issue/13").text, visitor.get("/issue/13/letter").text
    stories = re.findall(r'<article class="story[^>]*id="(s-\w+)"', page)
    assert re.findall(r'<h\d id="(s-\w+)"', letter) == stories


@pytest.mark.parametrize(
    ("query", "there", "missing"),
    [
        ("", "نوارس الريحان", "@media all"),
        ("?dark=1", "@media all", "@media not all"),
        ("?text=1", "<pre>", "<table"),
        ("?variant=2", "مرسى الريحان", "نوارس الريحان يهزم"),
        ("?variant=99999&dark=x", "نوارس الريحان", "@media all"),
    ],
)
def test_the_letter_is_shown_as_it_is_asked_for(visitor: DeskVisitor, query: str, there: str, missing: str) -> None:
    letter = visitor.get(f"/issue/13/letter{query}").text
    assert there in letter
    assert missing not in letter


def test_a_picture_of_another_site_is_shown_only_as_the_library_keeps_it(workspace: Workspace) -> None:
    visitor, path = at_desk(workspace), issue_file(workspace)
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"\(pictures/1-[^)]*\)", "(https://cdn.example.net/a.jpg)", text, count=1), "utf-8")
    letter = visitor.get("/issue/13/letter").text
    assert "cdn.example.net" not in letter
    assert "data:image/gif" in letter


@pytest.mark.parametrize("variant", ["", "?variant=2"])
def test_a_page_that_is_loaded_again_has_letters_by_the_settings_of_now(workspace: Workspace, variant: str) -> None:
    visitor, path = at_desk(workspace), workspace.root / "newsletter.toml"
    old, new = workspace.publication.accent, "#7a2e5d"
    assert old in visitor.get(f"/issue/13/letter{variant}").text
    text = path.read_text("utf-8")
    path.write_text(with_settings(text, f'[letter]\naccent = "{new}"\n'), "utf-8")
    visitor.desk.reopen()
    visitor.get("/issue/13")
    assert new in visitor.get(f"/issue/13/letter{variant}").text


def test_a_story_is_moved_without_javascript(workspace: Workspace) -> None:
    visitor = at_desk(workspace)
    page = visitor.get("/issue/13").text
    etag = re.search(r'name="etag" value="(\w+)"', page)
    move = re.search(r"form=\"op\" name=\"act\" value='([^']+)' data-down", page)
    assert etag is not None
    assert move is not None
    answer = visitor.post("/issue/13/act", data={"etag": etag[1], "act": html.unescape(move[1])})
    assert (answer.status_code, answer.headers["location"]) == (303, "/issue/13")
    headlines = re.findall(r'aria-controls="[^"]+">(.*?)</button>', visitor.get("/issue/13").text)
    assert "Blue Harbor" in headlines[0]
    assert "مرسى الريحان" in headlines[1]


def test_hostile_words_are_words(workspace: Workspace) -> None:
    visitor, path = at_desk(workspace), issue_file(workspace)
    text = path.read_text("utf-8").replace("رصيف جديد، وزيت أرخص، ومكتبة لا تنام", HOSTILE)
    path.write_text(text.replace("بعد ثلاث سنوات من الأشغال", HOSTILE), "utf-8")
    for address in ("/issue/13", "/issue/13/letter", "/issue/13/letter?text=1", "/issues"):
        page = visitor.get(address).text
        assert "top.hurt" in page
        assert "<script>top" not in page
        assert "<img src=https" not in page


@pytest.mark.parametrize(
    "path", ["../12/issue.md", "issue.md", "..%2f..%2fnewsletter.toml", "pictures/none.jpg", ".desk/x"]
)
def test_only_pictures_of_the_issue_are_given(visitor: DeskVisitor, path: str) -> None:
    assert visitor.get(f"/issue/13/file/{path}").status_code in (404, 422)


def test_a_picture_of_the_issue_is_given(visitor: DeskVisitor, workspace: Workspace) -> None:
    one = next((issue_file(workspace).parent / "pictures").glob("*.jpg"))
    answer = visitor.get(f"/issue/13/file/pictures/{one.name}")
    assert answer.content == one.read_bytes()


def test_a_file_that_cannot_be_understood_shows_its_line(workspace: Workspace) -> None:
    visitor, path = at_desk(workspace), issue_file(workspace)
    path.write_text(path.read_text("utf-8").replace("number = 13", "number = thirteen"), "utf-8")
    page = visitor.get("/issue/13").text
    assert "number = thirteen" in page
    assert "هذا السطر لا يُفهم" in page
    assert visitor.get("/issue/13/letter").status_code == 200


def test_every_code_that_an_issue_can_have_is_told_in_a_sentence_of_the_desk() -> None:
    asked_of_the_network = {*sender.CODES, *authentication.CODES, *mjml.CODES}
    assert set(CODES) - set(SENTENCES) <= asked_of_the_network
    for language in ("ar", "en"):
        with (templates_dir() / "locale" / language / "desk.po").open("rb") as file:
            there = {one.id for one in read_po(file)}
        assert set(SENTENCES.values()) <= there
    assert set(links.CODES) <= set(SENTENCES)


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (
            Problem("punctuation-latin", "warning", "a Latin , in Arabic text", "x:1", "write ،"),
            "علامة الترقيم اللاتينية «,» في نص عربي: اكتب «،»",
        ),
        (Problem("space-before-sign", "warning", "a space before «،»", "x:1", "take the space out"), "فراغ قبل ،"),
        (Problem("image-without-alt", "warning", "the picture has no description", "x:1", "…"), "الصورة بلا وصف"),
        (
            Problem("note-left", "warning", "«TODO» looks like a note to oneself", "x:1", "…"),
            "يبدو ملاحظة لنفسك: «TODO»",
        ),
        (Problem("spf-open", "error", "anybody may send", "DNS", "…"), "anybody may send"),
    ],
)
def test_a_problem_in_a_sentence(problem: Problem, sentence: str) -> None:
    assert re.sub("[\u2066-\u2069]", "", str(told(words(), problem).striptags())) == sentence


def test_a_headline_that_stands_twice_is_marked_once_each(workspace: Workspace) -> None:
    letter = at_desk(workspace).get("/issue/13/letter")
    assert letter.status_code == 200
    from newsletter.issues import read
    from newsletter.workflows.check import inspect

    made = inspect(workspace, read(issue_file(workspace))).draft
    assert made is not None
    shown = framed(made, [("s-one", "زيت"), ("s-two", "no such headline")], dark=False)
    assert "s-two" not in shown
