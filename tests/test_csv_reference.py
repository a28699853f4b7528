"""The pages of CSV files say which columns the code reads and writes, in both languages."""

from __future__ import annotations

import csv_reference
import pytest

from newsletter.sources import listing
from newsletter.text.tidy import arabic_fold
from subscribers.csvfile import columns, naming, vocabulary
from subscribers.folding import fold


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_tables_of_the_page_are_what_the_code_reads_and_writes(language: str) -> None:
    page = csv_reference.PATHS[language].read_text("utf-8")
    assert page == csv_reference.text(language, page), "run: make docs"
    shown = [line.split()[2] for line in page.splitlines() if line.startswith("<!-- table: ")]
    assert sorted(shown) == sorted(csv_reference.tables(language))


@pytest.mark.parametrize("name", ["COLUMNS", "STANDINGS", "RHYTHM_WORDS"])
def test_the_words_of_the_source_are_those_that_the_code_knows(name: str) -> None:
    said = csv_reference.written(vocabulary, name)
    assert {key: {fold(word) for word in words} for key, words in said.items()} == dict(getattr(vocabulary, name))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (vocabulary, "VAGUE_ADDRESS"),
        (vocabulary, "YES"),
        (vocabulary, "NO"),
        (naming, "PEOPLE"),
        (naming, "TAGS"),
        *((columns, f"_{name}_PARTS") for name in ("STATE", "LEAVING", "TROUBLE", "CONSENT")),
        *((columns, f"_{name}_NAMES") for name in ("STATE", "LEAVING", "AGREEMENT")),
    ],
)
def test_so_are_the_words_that_have_no_key(module: object, name: str) -> None:
    assert {fold(word) for word in csv_reference.written(module, name)[""]} == set(getattr(module, name))


def test_so_are_the_columns_of_consent_and_of_lists_of_links() -> None:
    consent = csv_reference.written(naming, "COLUMNS_OF")
    assert {key: tuple(map(fold, words)) for key, words in consent.items()} == dict(naming.COLUMNS_OF)
    links = csv_reference.written(listing, "_COLUMNS")
    assert {arabic_fold(word): field for field, words in links.items() for word in words} == listing._COLUMNS
