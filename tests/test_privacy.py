"""The page of what is kept about readers is held to the schema, in each of its languages."""

from __future__ import annotations

from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_privacy_page_names_every_table_with_a_person_in_it(language: str) -> None:
    from subscribers.store.tables import metadata

    page = (DOCS / language / "privacy.md").read_text("utf-8")
    forgotten = [one.name for one in metadata.sorted_tables if one.name != "list" and f"`{one.name}`" not in page]
    assert forgotten == []
    assert "`[web] pending_days`" in page
    assert "`[web] keep_client`" in page


def test_both_pages_have_the_same_rows_in_the_same_order() -> None:
    """What one language says of a table the other says too."""
    first, second = (
        [
            sorted(line.split("|")[1].replace("`", "").replace("،", ",").replace(" و", ",").replace(" ", "").split(","))
            for line in (DOCS / language / "privacy.md").read_text("utf-8").splitlines()
            if line.startswith("| `")
        ]
        for language in ("en", "ar")
    )
    assert first == second
