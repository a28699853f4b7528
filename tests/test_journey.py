"""What an editor does, through the real command: from an empty folder to letters that any mail program reads.

The acts run in processes of their own; what is only looked up between them, in this one.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from command import Done, here, there

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent / "data" / "journey"
SITE = ("--url", "https://almawja.example.org")


def letters(root: Path) -> list[EmailMessage]:
    paths = sorted((root / "outbox" / "new").glob("*.eml"))
    assert [path.name for path in (root / "outbox" / "tmp").iterdir()] == []
    messages = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
    for message, path in zip(messages, paths, strict=True):
        assert isinstance(message, EmailMessage)
        parts = list(message.walk())
        assert [part.defects for part in parts] == [[]] * len(parts)
        assert [header.defects for header in message.values()] == [()] * len(message.values())
        assert all(len(line) <= 998 for line in path.read_bytes().split(b"\r\n"))
    return messages  # type: ignore[return-value]


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def ok(done: Done) -> Done:
    assert done.code == 0, done
    return done


def test_from_an_empty_folder_to_letters(tmp_path: Path) -> None:
    text, csv = DATA / "copied.txt", DATA / "readers.csv"
    headline, *paragraphs = text.read_text("utf-8").splitlines()[:10]
    tail = text.read_text("utf-8").splitlines()[10:]
    root = tmp_path / "نشرة الموجة"

    ok(
        there(
            *("init", root.name, "--name", "الموجة", *SITE, "--from", "نشرة الموجة <news@almawja.example.org>"),
            *("--web", "https://news.almawja.example.org", "--timezone", "Africa/Algiers"),
            cwd=tmp_path,
        )
    )

    done = ok(there("collect", text, "--json", cwd=root))
    (article,) = json.loads(done.out)["articles"]
    assert article["status"] == "added"
    assert article["title"] == headline
    assert article["paragraphs"] == paragraphs
    assert not [line for line in tail if line.rstrip("…") in done.out]
    assert "1 article added, 0 updated, 0 known before." in done.err

    again = ok(here("-C", root, "collect", text))
    assert again.out == f"{article['id']}\t{headline}\n"
    assert "0 articles added, 0 updated, 1 known before." in again.err
    (unused,) = json.loads(ok(here("articles", "--unused", "--json", cwd=root)).out)["articles"]
    assert (unused["id"], unused["carried_in"]) == (article["id"], [])

    issue = root / ok(there("compose", "--latest", "5", cwd=root)).out.strip()
    assert issue == root / "issues" / issue.parent.name / "issue.md"
    assert f"### {headline}\n{paragraphs[0]}\n" in issue.read_text("utf-8")
    # A draft holds it: it is not offered twice.
    assert json.loads(ok(here("articles", "--unused", "--json", cwd=root)).out) == {"articles": []}

    checked = json.loads(ok(there("check", "--json", cwd=issue.parent)).out)
    assert checked["issue"] == 1
    assert [problem for problem in checked["problems"] if problem["level"] == "error"] == []
    for line in ok(there("preview", cwd=root)).out.splitlines():
        assert headline in (root / line).read_text("utf-8").replace("\u2067", "").replace("\u2069", "")

    imported = there("subscribers", "import", csv, "--consent", "card at the fair", "--json", cwd=root)
    report = json.loads(ok(imported).out)
    assert (report["rows"], report["added"], report["merged"], report["rejected_count"]) == (5, 3, 1, 1)
    *told, undo = imported.err.splitlines()
    assert undo.endswith(f"newsletter subscribers import --undo {report['batch']}")
    assert told == [
        f"{csv}:4: not-an-address: it has no @",
        "Nothing is taken from 1 column: name (a name; letters carry none).",
        "Added 3 subscribers to 'readers', 1 the same address again, 1 cannot be used.",
    ]
    rows = json.loads(ok(here("subscribers", "list", "--json", cwd=root)).out)["subscribers"]
    readers = {"amal@example.net", "bassam@example.com", "dalia@example.org"}
    assert {row["address"] for row in rows} == readers

    would = here("send", "--dry-run", "--json", cwd=root)
    assert json.loads(ok(would).out)["audience"] == 3
    assert not (root / "outbox").exists()
    sent = json.loads(ok(there("send", "--yes", "--json", cwd=root)).out)
    assert (sent["state"], sent["sent_now"], sent["submitted"], sent["issue"]) == ("finished", 3, 3, 1)
    messages = letters(root)
    assert {message["To"] for message in messages} == readers
    assert len({message["Message-ID"] for message in messages}) == 3
    for message in messages:
        assert message["From"] == "نشرة الموجة <news@almawja.example.org>"
        assert re.sub("[\u2066-\u2069]", "", message["Subject"]) == f"الموجة: {headline}"
        assert abs(parsedate_to_datetime(message["Date"]) - datetime.now(UTC)) < timedelta(minutes=5)
        assert re.fullmatch(r"<[0-9a-f]{16}\.\d+@almawja\.example\.org>", message["Message-ID"])
        ways = re.findall(r"<([^>]+)>", message["List-Unsubscribe"])
        page = re.fullmatch(r"https://news\.almawja\.example\.org/leave/([\w-]{52})", ways[0])
        assert page is not None
        assert ways[1] == f"mailto:news@almawja.example.org?subject=unsubscribe%20{page[1]}"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["List-Id"] == "readers <readers.almawja.example.org>"
        for kind in ("plain", "html"):
            words = re.sub("[\u2066-\u2069]", "", part(message, kind))
            assert headline in words
            assert ways[0] in words
            assert not [line for line in tail if line.rstrip("…") in words]
        assert 'dir="rtl"' in part(message, "html")
        assert all(paragraph.split("،")[0] in part(message, "html") for paragraph in paragraphs)

    second = ok(there("send", "--yes", "--json", cwd=root))
    assert (json.loads(second.out)["sent_now"], json.loads(second.out)["submitted"]) == (0, 3)
    assert "already" in second.err
    assert len(letters(root)) == 3
    (carried,) = json.loads(ok(here("articles", "--json", cwd=root)).out)["articles"]
    assert carried["carried_in"] == ["1"]
    (counts,) = json.loads(ok(here("lists", "--json", cwd=root)).out)["lists"]
    assert (counts["name"], counts["confirmed"], counts["pending"], counts["left"]) == ("readers", 3, 0, 0)


def test_without_from_and_without_reader_pages(tmp_path: Path) -> None:
    ok(there("init", "w", "--name", "الموجة", "--url", "https://www.almawja.example.org/", cwd=tmp_path))
    root = tmp_path / "w"
    ok(here("collect", DATA / "copied.txt", cwd=root))
    ok(here("compose", "--slug", "عدد-الربيع", cwd=root))
    ok(here("subscribers", "add", "amal@example.net", cwd=root))
    ok(there("send", "عدد-الربيع", "--yes", cwd=root))
    (message,) = letters(root)
    assert message["From"] == "الموجة <news@almawja.example.org>"
    assert message["List-Unsubscribe"].startswith("<mailto:news@almawja.example.org?subject=unsubscribe%20")
    # RFC 8058 section 3.1: this header only beside an https address that answers.
    assert message["List-Unsubscribe-Post"] is None
    assert "mailto:news@almawja.example.org?subject=unsubscribe%20" in part(message, "html")


def test_an_article_copied_with_all_that_stands_below_it(tmp_path: Path) -> None:
    from newsletter.sources.clean.boilerplate import is_discover_heading, is_subscribe_sentence

    text = DATA / "article-with-tail.txt"
    lines = text.read_text("utf-8").splitlines()
    end = next(number for number, line in enumerate(lines) if is_discover_heading(line))
    assert is_subscribe_sentence(lines[end + 1])
    ok(here("init", "w", "--name", "الموجة", "--url", "https://example.org", cwd=tmp_path))
    done = ok(there("collect", text, "--json", cwd=tmp_path / "w"))
    (article,) = json.loads(done.out)["articles"]
    assert article["title"] == lines[0]
    assert article["paragraphs"] == lines[1:end]
    assert len(article["paragraphs"]) == 9
    assert not [line for line in lines[end:] if line.rstrip("…") in done.out]
