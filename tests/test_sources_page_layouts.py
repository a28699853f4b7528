"""The body found in the layouts of many kinds of sites: each page in data/layouts beside the words of its article."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.sources import page
from newsletter.sources.clean import paragraphs
from newsletter.text.tidy import arabic_fold

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CASES = sorted((Path(__file__).parent / "data" / "layouts").glob("*.html"))


def test_there_are_layouts() -> None:
    assert len(CASES) >= 24


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_words_of_the_article_and_no_others(path: Path) -> None:
    article = page.parse(path.read_bytes(), "https://example.org/some/page", now=NOW)
    found = Counter(arabic_fold(" ".join(paragraphs(article.body))).split())
    truth = Counter(arabic_fold(path.with_suffix(".txt").read_text("utf-8")).split())
    common = (found & truth).total()
    assert common / found.total() >= 0.99, found - truth
    assert common / truth.total() >= 0.99, truth - found
