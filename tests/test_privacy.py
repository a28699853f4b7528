"""The page of what is kept about readers is held to the schema, in both its languages."""

from __future__ import annotations

from pathlib import Path


def test_the_privacy_page_names_every_table_with_a_person_in_it() -> None:
    from subscribers.store.tables import metadata

    page = (Path(__file__).parent.parent / "docs" / "en" / "privacy.md").read_text("utf-8")
    for half in page.split("## بالعربية"):
        for table in metadata.sorted_tables:
            assert table.name == "list" or f"`{table.name}`" in half
        assert "`[web] pending_days`" in half
        assert "`[web] keep_client`" in half
