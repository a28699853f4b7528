"""``newsletter report``: several issues, for a terminal, a pipe, a spreadsheet, a program and a browser."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from command import command, complains, environment, here
from newsroom import START, Clock, WordPress, make, open_newsroom, posts
from sqlalchemy import select, update

from newsletter import clicks
from newsletter.events.apply import receive
from newsletter.models import CountedLink
from newsletter.senders.reports import EventReport as Told
from newsletter.storage.tables import batch, delivery, send
from newsletter.workflows import weekly
from subscribers import actions, store
from subscribers.models import Event

STORY = "=HYPERLINK: المدينة القديمة تستعيد أسوارها"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four weeks of a newsroom with six readers, of which the provider told; a subject that a spreadsheet would run."""
    root = make(tmp_path_factory.mktemp("report") / "w", readers=6)
    clock = Clock(START + timedelta(days=1))
    with open_newsroom(root, clock, WordPress(posts(60, 60), clock)) as workspace:
        for week in range(4):
            weekly.run(workspace)
            with workspace.database.write() as connection:
                last = select(send.c.public_id, delivery.c.id).join(batch, batch.c.send_id == send.c.id)
                rows = connection.execute(
                    last.join(delivery, delivery.c.batch_id == batch.c.id).order_by(send.c.id.desc(), delivery.c.id)
                ).all()[: 6 - week]
                links = [CountedLink("", f"https://x.example/{week}", STORY, 0)]
                clicks.freeze(connection, links, issue=str(week + 1), list_name="readers", now=clock.now)
                name = clicks.name_of(str(week + 1), "readers", 0, links[0].url)
                clicks.add(connection, {(name, int(clock.now.timestamp()) // 3600): (week + 1, 1)})
            told = [Told(Event("delivered", clock.now, f"{of}.{number}"), "") for of, number in rows]
            told.append(Told(Event("bounced", clock.now, f"{rows[0][0]}.{rows[0][1]}", "policy"), ""))
            receive(
                workspace.database,
                told,
                now=clock.now,
                link_keys=workspace.keys.tokens,
                suppression_keys=workspace.keys.suppression,
            )
            with workspace.database.write() as connection:
                actions.leave(connection, week + 1, 1, now=clock.now + timedelta(hours=3), how="page; 203.0.113.0/24 B")
                store.tell_reason(connection, week + 1, 1, "my address is me@example.org", since=START)
            clock.forward(days=7)
        with workspace.database.write() as connection:
            connection.execute(update(send).values(subject="=cmd|' /C calc'!A0"))
    return root


def test_several_issues_are_one_document(root: Path) -> None:
    done = here("-C", root, "report", "4", "1", "4", "--json")
    told = json.loads(done.out)
    assert (done.code, [one["issue"] for one in told["reports"]]) == (0, ["4", "1"])
    first = told["reports"][0]
    assert (first["total"]["submitted"], first["total"]["delivered"], first["total"]["bounced_later"]) == (3, 3, 1)
    assert (first["total"]["leaving"], first["clicked"], first["domains"][0]["domain"]) == (
        {"own words": 1},
        4,
        "example.net",
    )
    assert [one["issue"] for one in first["comparison"]["past"]] == ["1", "2", "3"]
    shares = {one["what"]: one["median"] for one in first["comparison"]["shares"]}
    # 5 and 1 delivered of 6, 5 of 5, 4 of 4 submitted: the median is 1; one bounced of each.
    assert (shares["delivered"], shares["bounced"], shares["clicked"]) == (1.0, 0.2, 0.4)
    assert told["growth"]["lists"][0]["list"] == "readers"
    assert told["zone"] == "Africa/Algiers"
    assert "@" not in done.out.replace("@almawja", ""), "no report holds an address"
    complains(here("-C", root, "report", "1", "77"), "nothing was sent that is called '77'", "newsletter sends list")


def test_a_spreadsheet_gets_a_row_for_each_issue_and_part(root: Path) -> None:
    done = here("-C", root, "report", "1", "4", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.out, newline="")))
    assert [(row["issue"], row["part"], row["submitted"], row["clicked"]) for row in rows] == [
        ("1", "whole issue", "6", "1"),
        ("1", "part", "6", ""),
        ("4", "whole issue", "3", "4"),
        ("4", "part", "3", ""),
    ]
    assert {row["subject"] for row in rows} == {"'=cmd|' /C calc'!A0"}, "nothing is calculated"
    assert done.out.endswith("\r\n")
    complains(here("-C", root, "report", "--csv", "--json"), "take one of them", code=2, lines=done_lines(root))


def done_lines(root: Path) -> int:
    """Lines of a usage error."""
    return len(here("-C", root, "report", "--csv", "--json").err.splitlines())


def test_a_csv_is_in_utf_8_whatever_the_terminal_speaks(root: Path) -> None:
    words = command("-C", root, "report", "--csv")
    done = subprocess.run(words, capture_output=True, check=True, env=environment({"PYTHONIOENCODING": "cp1252"}))
    assert done.stdout.decode("utf-8").startswith("issue,subject,begun,part")


def test_a_csv_file_begins_with_the_mark_of_utf_8_and_a_pipe_does_not(root: Path, tmp_path: Path) -> None:
    words = command("-C", root, "report", "1", "--csv")
    piped = subprocess.run(words, capture_output=True, check=True, env=environment()).stdout
    with (tmp_path / "issues.csv").open("wb") as file:
        subprocess.run(words, stdout=file, check=True, env=environment())
    assert (tmp_path / "issues.csv").read_bytes() == b"\xef\xbb\xbf" + piped
    with (tmp_path / "issues.csv").open("ab") as file:
        subprocess.run(words, stdout=file, check=True, env=environment())
    assert (tmp_path / "issues.csv").read_bytes() == b"\xef\xbb\xbf" + piped + piped


def test_an_issue_is_found_by_the_digits_of_its_newsroom(root: Path) -> None:
    assert json.loads(here("-C", root, "report", "١", "--json").out)["reports"][0]["issue"] == "1"
    complains(here("-C", root, "report", "٧٧"), "nothing was sent that is called '٧٧'", "newsletter sends list")
    done = here("-C", root, "report", "1", "--html", "-")
    assert (done.code, "name of a file" in done.err) == (2, True)


def test_a_pipe_gets_every_number_with_its_labels(root: Path) -> None:
    lines = here("-C", root, "report", "4").out.splitlines()
    assert lines[0] == "about\theading\tlabel\tnumber\tshare\twords"
    assert {line.count("\t") for line in lines} == {5}
    assert "issue 4\tof those submitted\tdelivered\t3\t1.0000\t" in lines
    assert f"issue 4\tclicks by story\t{STORY}\t4\t\tissue 4, 1 more by programs" in lines
    assert not re.search("[█▏\u2066-\u2069\x1b]", "".join(lines))


def test_the_page_is_written_over_its_own_kind_alone(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = here("-C", root, "report", "3", "4", "--html", page)
    assert (done.code, done.out) == (0, ""), done
    first = page.read_text("utf-8")
    assert first.startswith("<!DOCTYPE html>")
    assert here("-C", root, "report", "4", "--html", page).code == 0
    assert page.read_text("utf-8") != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html"]
    other = tmp_path / "mine.html"
    other.write_text("<!DOCTYPE html>mine", "utf-8")
    complains(here("-C", root, "report", "--html", other), "there already", "name another file")
    assert other.read_text("utf-8") == "<!DOCTYPE html>mine"
    link = tmp_path / "link.html"
    link.symlink_to(page)
    complains(here("-C", root, "report", "--html", link), "there already")
    complains(here("-C", root, "report", "--html", tmp_path / "no" / "folder.html"), "cannot be written")
    both = here("-C", root, "report", "4", "--html", page, "--json")
    assert json.loads(both.out)["reports"][0]["issue"] == "4"


def at_a_terminal(root: Path, **more: str) -> str:
    """What a terminal of 100 columns shows of the report of issue 4."""
    ours, theirs = pty.openpty()
    words = {"TERM": "xterm", "COLUMNS": "100", **more}
    process = subprocess.Popen(command("-C", root, "report", "4"), stdout=theirs, stderr=theirs, env=environment(words))
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # EIO: the last one has left the terminal
        while chunk := os.read(ours, 65536):
            shown += chunk
    os.close(ours)
    assert process.wait(120) == 0
    return shown.decode("utf-8")


@pytest.mark.slow
def test_a_terminal_shows_bars_that_no_arabic_title_moves(root: Path) -> None:
    shown = at_a_terminal(root, NO_COLOR="1")
    assert "\x1b" not in shown
    story = next(line for line in shown.splitlines() if "المدينة القديمة" in line and "█" in line)
    # Number, bar and then the title, alone within its own isolate.
    assert re.fullmatch(r" +4 +█{25} \u2068.*\u2069 *\(issue 4, 1 more by programs\)", story), story
    delivered = next(line for line in shown.splitlines() if line.endswith(" delivered"))
    assert re.fullmatch(r" +3 +100\.0% █{25} delivered", delivered)
    assert "\x1b[36m█" in at_a_terminal(root)
    assert "#" * 25 in at_a_terminal(root, NO_COLOR="1", PYTHONIOENCODING="ascii:backslashreplace")
