"""The demonstration goes the whole way with what is built in, and the letter it makes is one to be proud of."""

from __future__ import annotations

import csv
import email
import email.policy
import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from command import complains, here

from newsletter.issues import read
from newsletter.library import holdings
from newsletter.wiring import open_workspace
from newsletter.workflows.demo import NAME, SAMPLE, run

ARTICLES = sorted(SAMPLE.glob("*.md"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ARTICLES, reason="the sample articles are not there yet"),
]


def test_the_demonstration(tmp_path: Path) -> None:
    told: list[str] = []
    root = tmp_path / "عرض أول"
    demo = run(root, told.append)
    with (SAMPLE / "subscribers.csv").open(encoding="utf-8", newline="") as file:
        addresses = {row["البريد"] for row in csv.DictReader(file)}
    assert demo.letters == len(addresses) >= 10
    assert told == [
        f"Made the workspace {root}.",
        f"Collected {len(ARTICLES)} articles, imported {len(addresses)} subscribers.",
        f"Composed issue 1 with {len(ARTICLES)} stories.",
        "Checked it: ready.",
    ]

    issue = read(demo.issue)
    assert len(issue.stories) == len(ARTICLES)
    assert all(story.headline and story.summary for story in issue.stories)
    assert len([section for section in issue.sections if section.title]) >= 3
    checked = here("-C", root, "check", "--json")
    problems = json.loads(checked.out)["problems"]
    assert (checked.code, [problem for problem in problems if problem["level"] == "error"]) == (0, [])

    messages = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in demo.outbox.glob("*.eml")
    ]
    # With six photos of 1200 pixels in it.
    assert max(path.stat().st_size for path in demo.outbox.glob("*.eml")) <= 250_000
    assert {message["To"] for message in messages} == addresses
    for message in messages:
        assert isinstance(message, EmailMessage)
        assert [part.defects for part in message.walk()] == [[]] * len(list(message.walk()))
        assert message["From"] == f"نشرة {NAME} <news@almawja.example.org>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        html = str(message.get_body(("html",)).get_content())  # type: ignore[union-attr]
        cids = {str(part["Content-ID"]).strip("<>") for part in message.walk() if part["Content-ID"]}
        # Every picture in the letter is shown in it, and none is asked for that is not there.
        assert cids
        assert {html.partition(f"cid:{cid}")[1] for cid in cids} == {f"cid:{cid}" for cid in cids}
        assert html.count("cid:") >= len(cids)
        for story in issue.stories:
            assert story.url in html or story.headline in html
    for path in (demo.html, demo.text):
        assert path.stat().st_size > 1000
    assert "cid:" not in demo.html.read_text("utf-8")

    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        assert {holding.carried_in for holding in holdings(connection)} == {("1",)}
    assert json.loads(here("-C", root, "articles", "--unused", "--json").out) == {"articles": []}


def test_a_workspace_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text("mine")
    complains(here("demo", tmp_path), str(tmp_path), "a workspace already", "newsletter demo DIR")
    assert [path.name for path in tmp_path.iterdir()] == ["newsletter.toml"]
    (tmp_path / "file").touch()
    complains(here("demo", tmp_path / "file"), "file", "cannot be written")


def test_the_command_names_what_to_look_at(tmp_path: Path) -> None:
    done = here("demo", cwd=tmp_path)
    assert done.code == 0
    paths = [Path(line) for line in done.out.splitlines()]
    assert [path.name for path in paths] == ["issue.html", "issue.txt", "new", "issue.md"]
    assert all((tmp_path / path).exists() for path in paths)
    # What is inside works like any other workspace.
    done = here("send", "--yes", cwd=tmp_path / "demo")
    assert (done.code, "already" in done.err) == (0, True)
