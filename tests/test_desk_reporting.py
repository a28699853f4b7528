"""التقرير: the report of an issue as a page of the desk, a table and data."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import desk_newsroom
import pytest
import report_pages as made
from desk_visits import DeskVisitor, at_desk

from newsletter.desk.frame import DeskPages
from newsletter.desk.reporting.view import page_values
from newsletter.letters.templates import environment
from newsletter.workflows.reports import ReportedIssue
from newsletter.workflows.status.findings import made as finding

EDITOR = {"editor": None, "csrf": "", "warnings": 0}


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return desk_newsroom.make(tmp_path_factory.mktemp("report") / "w", readers=40, issue=False)


@pytest.fixture
def visitor(newsroom: Path) -> Iterator[DeskVisitor]:
    with desk_newsroom.opened(newsroom, desk_newsroom.Clock()) as workspace:
        yield at_desk(workspace, "edit")


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def drawn(language: str = "ar", *, clicks: bool = True) -> str:
    """The page of invented figures, of which all is known."""
    pages = DeskPages(environment(), made.publication(language), language)
    issues = [ReportedIssue(str(at), "عنوان", made.BEGUN) for at in (12, 11)]
    found = [finding("blocklist", "x", parts={"blocklist": "example.org", "number": "12"}, command="newsletter status")]
    values = page_values(made.whole(language, clicks=clicks), pages, issues, found)
    common = {**EDITOR, "editor": made_editor(), "place": "report", "clicks_are_on": clicks}
    return pages.fill("desk/reporting/page.html.j2", {**common, **values})


def made_editor() -> object:
    from newsletter.desk.models import Editor

    return Editor("سلمى", frozenset({"edit"}))


def test_the_last_issue_is_told_with_its_figures_stories_hours_and_domains(visitor: DeskVisitor) -> None:
    html = visitor.get("/report").text
    assert re.search(r"<h1>العدد 12</h1>", html)
    assert len(re.findall('<span class="number">', html)) == 5
    words = plain(html)
    for said in ("ما قرؤوه", "متى نقروا", "أين بريدهم", "اعرض الأرقام", "نعدّ النقرات لأنك فعّلت ذلك"):
        assert said in words


def test_every_picture_has_its_table_and_says_itself_to_who_does_not_see_it() -> None:
    html = drawn()
    blocks = re.findall(r'<section class="box report">.*?</section>', html, re.DOTALL)
    assert len(blocks) > 8
    for block in blocks:
        if "<svg" in block:
            assert "<table>" in block
            assert block.count("<svg") == len(
                re.findall(r'<svg[^>]* (?:role="img" aria-label="[^"]+|aria-hidden)', block)
            )


@pytest.mark.parametrize("language", ["ar", "en"])
def test_nothing_in_the_page_is_refused_by_the_policy(language: str) -> None:
    html = drawn(language)
    assert re.findall(r"\sstyle=|<style|<script(?![^>]*\ssrc=\"/)|\son[a-z]+=", html) == []


def test_without_counted_clicks_one_sentence_stands_for_three_blocks() -> None:
    html = plain(drawn(clicks=False))
    assert "ما معنى ذلك؟" in html
    assert "العدّ في الإعدادات" in html
    assert "متى نقروا" not in html
    assert "نقرات من برامج" not in html
    assert "ما معنى ذلك؟" not in plain(drawn())


def test_what_receivers_hold_against_us_is_told_in_the_language_of_the_desk() -> None:
    assert "تسمّي خوادم" in plain(drawn()) or "قائمة الحظر" in plain(drawn())
    assert "Servers name the blocklist" in plain(drawn("en"))


def test_one_can_choose_among_the_issues() -> None:
    html = drawn()
    assert re.findall(r'<a href="/report/(\d+)"(?: aria-current="page")?>', html) == ["12", "11"]
    assert 'href="/report/12" aria-current="page"' in html


@pytest.mark.parametrize(("path", "status"), [("/report/12", 200), ("/report/99", 422), ("/report/99.csv", 422)])
def test_an_issue_that_did_not_go_is_said(path: str, status: int, visitor: DeskVisitor) -> None:
    assert visitor.get(path).status_code == status


def test_the_table_is_that_of_the_command_for_a_spreadsheet(visitor: DeskVisitor) -> None:
    got = visitor.get("/report/12.csv")
    assert got.headers["content-disposition"] == 'attachment; filename="report-12.csv"'
    assert got.content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(got.content.decode("utf-8-sig"))))
    assert (rows[0]["issue"], rows[0]["part"]) == ("12", "whole issue")
    assert int(rows[0]["submitted"]) > 0


def test_a_subject_cannot_be_a_formula(newsroom: Path, tmp_path: Path) -> None:
    root = shutil.copytree(newsroom, tmp_path / "w")
    with desk_newsroom.opened(root, desk_newsroom.Clock()) as workspace:
        with workspace.database.write() as connection:
            connection.exec_driver_sql("UPDATE send SET subject = '=HYPERLINK(\"https://evil.example\")'")
        rows = list(csv.DictReader(io.StringIO(at_desk(workspace).get("/report/12.csv").content.decode("utf-8-sig"))))
    assert rows[0]["subject"].startswith("'=")


def test_the_data_is_that_of_the_command(visitor: DeskVisitor) -> None:
    got = visitor.get("/report/12.json").json()
    assert got["reports"][0]["issue"] == "12"
    assert got["reports"][0]["clicks_counted"] is True


def test_before_the_first_issue_there_is_one_sentence_and_one_button(tmp_path: Path) -> None:
    root = desk_newsroom.make(tmp_path / "w", readers=2, issue=False, sent=False)
    with desk_newsroom.opened(root, desk_newsroom.Clock()) as workspace:
        html = at_desk(workspace).get("/report").text
    assert "لم يُرسل شيء بعد" in html
    assert re.findall(r'<a class="button" href="([^"]+)"', html) == ["/send"]
