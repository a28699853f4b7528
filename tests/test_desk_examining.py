"""الفحص: what the doctor said last, a new examination, a copy of the database; and the doctor's sentences in Arabic."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import newsroom
import patient
import pytest
import report_pages
from babel.messages.pofile import read_po
from desk_visits import DeskVisitor, at_desk

from newsletter.desk.examining.run import DoctorRun, DoctorView, run_of
from newsletter.desk.examining.view import page_values
from newsletter.desk.examining.words import DoctorWords
from newsletter.desk.frame import DeskPages
from newsletter.ledger import activity
from newsletter.letters.templates import environment
from newsletter.senders import registry
from newsletter.text.sentences import Sentence, counted, joined, said
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows.doctor import GROUPS, LINES, Examined

HOUSE = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 11, 28, 9, 40, tzinfo=UTC)
SOURCES = (
    *sorted((HOUSE / "newsletter" / "workflows" / "doctor").glob("*.py")),
    *(
        HOUSE / "newsletter" / "senders" / one
        for one in ("sendgrid/rights.py", "postmark/streams.py", "smtp/sender.py")
    ),
    HOUSE / "newsletter" / "check" / "policies.py",
)


def catalogue(language: str) -> dict[str, tuple[str, ...]]:
    """Every sentence of the doctor with what is said for it."""
    with (HOUSE / "templates" / "locale" / language / "doctor.po").open("rb") as file:
        found = {}
        for one in read_po(file, locale=language):
            if one.id:
                ids = (one.id,) if isinstance(one.id, str) else one.id
                forms = (one.string,) if isinstance(one.string, str) else tuple(one.string)
                found |= {each: tuple(map(str, forms)) for each in ids}
        return found


# ---- sentences


def test_a_sentence_is_a_text_and_keeps_what_it_is_made_of() -> None:
    made = said("{name} has {number} records", name="example.org", number=3)
    assert made == "example.org has 3 records"
    assert (made.pattern, dict(made.parts)) == ("{name} has {number} records", {"name": "example.org", "number": "3"})
    assert json.dumps([made]) == '["example.org has 3 records"]'
    assert copy.deepcopy(made).pattern == made.pattern
    assert asdict(Examined("spf", "ok", made))["words"] == str(made)


@pytest.mark.parametrize(("number", "told"), [(0, "0 keys"), (1, "one key"), (2, "2 keys"), (1200, "1,200 keys")])
def test_what_is_counted_has_its_number(number: int, told: str) -> None:
    assert counted("one key", "{n} keys", number) == told


def test_sentences_behind_each_other_are_one() -> None:
    made = joined((said("a {x}", x="1"), "b", said("c")))
    assert made == "a 1; b; c"
    assert isinstance(made.parts["first"], Sentence)


def test_a_part_is_never_looked_into() -> None:
    assert said("{a} and {b}", a="{b}", b="x") == "{b} and x"


def test_a_secret_is_taken_out_of_the_parts() -> None:
    made = said("it says {words}", words=said("key {key}", key="hidden")).cleaned(
        lambda text: text.replace("hidden", "…")
    )
    assert made == "it says key …"


# ---- the catalogue


def written() -> set[str]:
    """Every text of the doctor that has more than one word: its sentences, headings and mends."""
    found: set[str] = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text("utf-8"))
        left_out = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
        left_out |= {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in ast.walk(one)}
        found |= {
            one.value
            for one in ast.walk(tree)
            if isinstance(one, ast.Constant)
            and isinstance(one.value, str)
            and id(one) not in left_out
            and " " in one.value.strip()
        }
    return {one for one in found if not re.fullmatch(r"\[\w+\] \w+|PRAGMA .*|SHOW .*|schedule --run", one)}


def test_every_sentence_of_the_doctor_is_in_both_catalogues() -> None:
    assert len(written()) > 250
    for language in ("ar", "en"):
        assert written() - catalogue(language).keys() == set()


def test_every_heading_is_in_the_catalogue() -> None:
    wanted = {*GROUPS.values(), *(title for _, title in LINES.values())}
    assert wanted - catalogue("ar").keys() == set()
    assert {one.title for one in registry.providers() if one.title.startswith("an ")} - catalogue("ar").keys() == set()


def test_what_is_put_into_a_sentence_is_the_same_in_arabic() -> None:
    for text, forms in catalogue("ar").items():
        for form in forms:
            parts = set(re.findall(r"\{\w+\}", form))
            assert parts - {"{n}"} == set(re.findall(r"\{\w+\}", text)) - {"{n}"}, form


def test_no_text_is_there_twice() -> None:
    for language in ("ar", "en"):
        text = (HOUSE / "templates" / "locale" / language / "doctor.po").read_text("utf-8")
        ids = re.findall(r'^msgid "(.+)"$', text, re.MULTILINE)
        assert len(ids) == len(set(ids))


def test_arabic_sentences_are_arabic() -> None:
    """What stays Latin are names, commands and what is to be typed; never words that hold a sentence together."""
    small = re.compile(r"\b(?:the|and|is|are|was|not|with|that|which|for|has|have|of|to|in|it|on|can|be|by|as)\b")
    for text, forms in catalogue("ar").items():
        for form in forms:
            assert not small.search(re.sub(r"--\w+|\{\w+\}", "", form)), form
            bare = re.sub(r"\{\w+\}", "", form)
            assert re.search("[ء-ي]", bare) or not re.search("[A-Za-z]", bare) or form == text, form


# ---- the words of the page


@pytest.fixture(scope="module")
def words() -> DoctorWords:
    return DoctorWords(DeskPages(environment(), report_pages.publication("ar"), "ar"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (said("{domain} says nowhere which servers send for it (SPF, RFC 7208)", domain="example.org"),
         'لا يقول <bdi dir="ltr">example.org</bdi> أي الخوادم ترسل باسمه (<span dir="ltr">SPF</span>)'),
        (joined((said("{job}: next {when}", job="weekly", when="10:00"), said("last {when}", when="09:00")), ", "),
         "الأسبوعية: القادم 10:00، السابق 09:00"),
        (counted("one key for {domain}: {kinds}", "{n} keys for {domain}: {kinds}", 2, domain="a.example", kinds="x"),
         'مفتاحان لـ<bdi dir="ltr">a.example</bdi>: <bdi dir="ltr">x</bdi>'),
        (said("move it into the file secrets/{key}, for you alone", key="web.metrics"),
         'انقله إلى الملف <bdi dir="ltr">secrets/web.metrics</bdi>، لك وحدك'),
        (said("{job}: next {when}", job="weekly", when="2026-12-03"),
         'الأسبوعية: القادم <bdi dir="ltr" class="whole">2026-12-03</bdi>'),
        ("try again", "أعد المحاولة"),
        (said("{provider}: {words}", provider="SendGrid", words="<b>x</b>"),
         '<bdi dir="ltr">SendGrid</bdi>: <bdi dir="ltr">&lt;b&gt;x&lt;/b&gt;</bdi>'),
        ("what nobody has translated", '<bdi dir="ltr">what nobody has translated</bdi>'),
    ],
)  # fmt: skip
def test_a_sentence_is_told_in_arabic_with_its_parts_isolated(text: str, told: str, words: DoctorWords) -> None:
    assert words.html(text) == told


# ---- the page


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(newsroom.make(tmp_path / "w", readers=1), {}) as found:
        yield found


@pytest.fixture
def visitor(workspace: Workspace) -> DeskVisitor:
    return at_desk(workspace)


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def page(*lines: Examined, running: bool = False, stays: bool = False, copied_here: bool = True) -> str:
    from newsletter.desk.models import Editor

    pages = DeskPages(environment(), report_pages.publication("ar"), "ar")
    values = page_values(DoctorView(lines, NOW, running), pages, NOW, stays=stays, copied_here=copied_here)
    common = {
        "editor": Editor("سلمى", frozenset({"edit"})),
        "csrf": "x",
        "warnings": 0,
        "place": "doctor",
        "tab": "doctor",
    }
    return pages.fill("desk/examining/page.html.j2", {**common, **values})


def test_before_the_first_one_it_says_that_nobody_has_looked(visitor: DeskVisitor) -> None:
    html = visitor.get("/doctor").text
    assert "لم يُفحص شيء بعد" in html
    assert 'action="/doctor/run"' in html
    assert visitor.desk.warnings == 0


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((Examined("spf", "ok", "x"),), "كل شيء سليم"),
        ((Examined("spf", "warn", "x"), Examined("dkim", "warn", "x")), "تنبيهان، ولا شيء يمنع الإرسال"),
        ((Examined("spf", "fail", "x"), Examined("dkim", "warn", "x")), "خلل واحد يضرّ بالرسائل أو بالقراء، تنبيه واحد"),
    ],
)
def test_the_head_says_how_it_stands(lines: tuple[Examined, ...], told: str) -> None:
    assert told in plain(page(*lines))
    assert "فُحص قبل لحظات" in plain(page(*lines))


def test_a_record_is_shown_with_a_button_that_copies_it() -> None:
    record = '_dmarc.example.org TXT "v=DMARC1; p=none"'
    html = page(Examined("dmarc", "warn", "x", "mend", record))
    assert f"<code>{record.replace(chr(34), '&#34;')}</code>" in html
    assert f'data-copy="{record.replace(chr(34), "&#34;")}"' in html
    assert "ما العمل" not in html


def test_each_row_has_one_button_at_most() -> None:
    html = page(
        Examined("spf", "ok", "fine", "nothing to press"),
        Examined("dkim", "warn", "x", "make a new one"),
        Examined("backup", "warn", "there is no copy of the database", "newsletter database backup"),
    )
    rows = re.findall(r'<li class="checked".*?</li>', html, re.DOTALL)
    assert [len(re.findall(r"<button class|<summary", row)) for row in rows] == [0, 1, 1]
    assert 'action="/backup"' in rows[2]
    assert "النسخة لقاعدة البيانات وحدها" in plain(rows[2])
    assert "newsletter database backup --to DIR --with-secrets DIR" in rows[2]


def test_a_database_that_is_no_file_is_not_copied_by_a_press() -> None:
    html = page(Examined("backup", "warn", "x", "newsletter database backup --to DIR"), copied_here=False)
    assert "/backup" not in html
    assert "newsletter database backup --to DIR" in html


def test_what_was_not_looked_at_stands_folded_away() -> None:
    html = page(Examined("spf", "ok", "x"), Examined("dkim", "skipped", "no name server answered"))
    folded = re.search(r'<details class="skipped">.*?</details>', html, re.DOTALL)
    assert folded is not None
    assert "بند واحد لم يُفحص" in plain(folded[0])
    assert "لم يجب خادم أسماء" in plain(folded[0])


def test_an_outbox_is_something_to_know_and_no_success() -> None:
    way, other = Examined("sender", "ok", "x"), Examined("disk", "ok", "y")
    assert page(way, other).count("#i-check") - page().count("#i-check") == 2
    stays = page(way, other, stays=True)
    assert (stays.count("#i-check") - page().count("#i-check"), stays.count("#i-info")) == (1, 1)
    assert "لا تصل الرسائل إلى أحد" in plain(stays)
    assert "لا تصل الرسائل إلى أحد" not in plain(page(way, other))


def test_while_it_runs_the_page_comes_again_by_itself() -> None:
    assert '<meta http-equiv="refresh" content="2">' in page(running=True)
    assert "refresh" not in page(Examined("spf", "ok", "x"))


def test_nothing_in_the_page_is_refused_by_the_policy() -> None:
    html = page(Examined("keys", "ok", said("the keys of links are of {day}", day="2026-11-30")))
    assert re.findall(r"\sstyle=|<style|<script(?![^>]*\ssrc=\"/)|\son[a-z]+=", html) == []


@pytest.mark.slow
def test_an_examination_runs_behind_the_page_and_warns_in_the_frame(tmp_path: Path) -> None:
    with patient.standing(tmp_path) as world, open_workspace(world.root, {}) as workspace:
        world.well()
        world.records["_dmarc.example.org TXT"] = ["v=DMARC1; p=reject"]
        visitor = at_desk(workspace)
        run_of(visitor.desk).instruments = world.instruments
        assert visitor.post("/doctor/run").headers["location"] == "/doctor"
        assert visitor.post("/doctor/run").status_code == 303
        run_of(visitor.desk).wait(60)
        html = visitor.get("/doctor").text
        warned = [line.name for line in run_of(visitor.desk).view.lines if line.state in {"warn", "fail"}]
        assert warned == ["dmarc"]
        assert visitor.desk.warnings == 1
        assert "لا أحد يستلم تقارير DMARC" in plain(html)
        assert 'class="dot"' in visitor.get("/report").text
        english = [
            row for row in re.findall(r'<span class="told">(.*?)</span>\s*\n', html) if not re.search("[ء-ي]", row)
        ]
        assert [row for row in english if len(re.findall("[a-z]{3,} [a-z]{2,}", plain(row))) > 1] == []


def test_a_world_is_examined_once_at_a_time(workspace: Workspace) -> None:
    visitor = at_desk(workspace)
    run: DoctorRun = run_of(visitor.desk)
    assert run is run_of(visitor.desk)
    run.start()
    assert run.view.running
    first = run._thread
    run.start()
    assert run._thread is first
    run.wait(90)
    assert not run.view.running


def test_a_copy_is_made_by_one_press(visitor: DeskVisitor, workspace: Workspace) -> None:
    assert visitor.post("/backup").headers["location"] == "/doctor#backup"
    assert len(list((workspace.root / "backups").glob("*.db"))) == 1
    with workspace.database.read() as connection:
        assert [(one.by, one.act) for one in activity.read(connection)] == [("سلمى", "backup")]


@pytest.mark.parametrize("path", ["/doctor/run", "/backup"])
def test_reading_runs_nothing(path: str, visitor: DeskVisitor, workspace: Workspace) -> None:
    assert visitor.get(path).status_code in {404, 405}
    assert not (workspace.root / "backups").exists()
