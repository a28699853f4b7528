"""The newsroom that the desk is shown with holds what the desk's tests count on."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from desk_newsroom import NOW, Clock, make, opened
from sqlalchemy import select

from newsletter import issues, ledger, library
from newsletter.workflows import check
from subscribers.store.tables import subscription

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("desk") / "w", hostile=True, more_articles=30)


def test_it_has_forty_articles_that_are_told_often_enough_and_more_on_demand(root: Path) -> None:
    with opened(root, Clock()) as workspace, workspace.database.read() as connection:
        holdings = library.holdings(connection)
    assert len(holdings) == 40 + 14 + 30
    assert sum(bool(one.carried_in) for one in holdings) == 4


def test_a_copy_of_it_is_as_good_as_itself(root: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(root, tmp_path / "w")
    for _ in range(2):
        with opened(copy, Clock()) as workspace, workspace.database.read() as connection:
            assert len(library.holdings(connection)) == 84


def test_the_draft_has_seven_stories_in_sections_and_something_to_mend(root: Path) -> None:
    issue = issues.read(root / "issues" / "13" / "issue.md")
    assert (issue.number, len(issue.stories)) == (13, 7)
    assert [one.title for one in issue.sections] == ["أخبار", "اقتصاد", "ثقافة", "رياضة"]
    with opened(root, Clock()) as workspace:
        found = check.inspect(workspace, issue)
    assert found.letter is not None
    assert [(one.code, one.level) for one in found.problems] == [
        ("punctuation-latin", "warning"),
        ("image-without-alt", "warning"),
        ("postal-address-missing", "warning"),
    ]


def test_readers_are_of_every_state_and_rhythm(root: Path) -> None:
    with opened(root, Clock()) as workspace, workspace.database.read() as connection:
        rows = connection.execute(select(subscription.c.status, subscription.c.rhythm)).all()
        sends = ledger.sends(connection)
    assert {status for status, _ in rows} == {"confirmed", "pending", "left"}
    assert {rhythm for _, rhythm in rows} == {"weekly", "daily", "instant"}
    assert Counter(status for status, _ in rows)["confirmed"] > 200
    assert [(one.issue, one.state) for one in sends] == [("12", "finished")]
    assert sends[0].created < NOW
