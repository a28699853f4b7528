"""Markdown that costs a parser the square of its length: read, checked and shown in a time that grows with its length.

Counted is the time of the processor, which others that run beside the tests do not lengthen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import here
from desk_newsroom import NOW, make, opened
from desk_visits import at_desk

from newsletter.issues import Manuscript, prose
from newsletter.issues.operations import Layout
from newsletter.text.tidy import reading_minutes
from newsletter.wiring import Workspace
from newsletter.workflows.editing import open_issue

LENGTH = 20_000
SIGNS = ("[", "![", "[^", "*", "_", "`", "<", ">", "&", '"', "|")
TEXTS = {
    **{sign: sign * (LENGTH // len(sign)) for sign in SIGNS},
    "brackets": "[" * (LENGTH // 8) + "]" * (LENGTH // 8),
    "half closed": "[[]" * (LENGTH // 12),
    "links begun": "[a](" * (LENGTH // 8),
    "emphasis": "**a*_" * (LENGTH // 10),
    "code of every length": "".join("`" * count + "a" for count in range(1, 200)),
    "nested quotations": "\n".join(">" * deep + " a" for deep in range(1, 190)),
    "nested points": "\n".join("  " * deep + "- a" for deep in range(1, 140)),
    "columns": "|a" * 1000 + "\n" + "|-" * 1000 + "\n" + "|a" * 1000,
    "elements": "::: callout\n" * 200,
}
MOST = 4.0
"""Seconds of the processor for all that is done to one text: it takes a tenth of that, and took from 5 to 50."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with opened(make(tmp_path_factory.mktemp("hostile") / "w", readers=3, sent=False), lambda: NOW) as workspace:
        yield workspace


def spent(*acts: Callable[[], object]) -> float:
    begun = time.process_time()
    for act in acts:
        act()
    return time.process_time() - begun


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_takes_the_square_of_its_length_to_read(text: str) -> None:
    issue = f'+++\nnumber = 1\nsubject = "x"\n+++\n\n## أخبار\n\n### [عنوان](https://a.example.org/1)\n\n{text}\n'
    manuscript = Manuscript(issue, Path("issue.md"))
    assert spent(lambda: Layout.of(manuscript), lambda: prose.read(text), lambda: reading_minutes(text)) < MOST


@pytest.mark.parametrize("sign", ["[", '"'])
def test_the_desk_and_a_terminal_take_such_a_summary(workspace: Workspace, sign: str) -> None:
    path = workspace.root / "issues" / "13" / "issue.md"
    before, visitor = path.read_bytes(), at_desk(workspace)
    now = open_issue(workspace, "13")
    assert now.issue is not None
    asked = {"etag": now.etag, "op": "edit", "line": now.issue.stories[0].line, "summary": sign * 2 * LENGTH}
    said = []
    try:
        assert spent(lambda: said.append(visitor.post("/issue/13/op", json=asked))) < MOST
        assert spent(lambda: said.append(visitor.get("/issue/13/letter"))) < MOST
        assert spent(lambda: here("-C", workspace.root, "check", "13")) < MOST
    finally:
        path.write_bytes(before)
    assert [answer.status_code for answer in said] == [200, 200]
