"""docs/settings.md is what the schema of the settings says, and every setting says what it means."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import settings_reference

from newsletter.workspace import folder


def test_every_setting_says_what_it_means() -> None:
    assert settings_reference.missing() == [], "give them a description, Field(description=…), in their schema"


def test_the_page_is_what_the_schema_says() -> None:
    assert settings_reference.PATH.read_text("utf-8") == settings_reference.text(), "run: make docs"


def test_limits_defaults_and_choices_are_told() -> None:
    told = {(one.section, one.key): one for one in settings_reference.settings()}
    assert told["sender", "lease"].kind == "number, 1 to 3,600"
    assert told["sender", "lease"].default == "`30`"
    assert told["letter", "digits"].kind == "`latin` or `arabic-indic`"
    assert told["rhythms", "offered"].kind == "list of `instant`, `daily`, `weekly`, at least 1"
    assert told["newsletter", "name"].default == "(required)"
    assert told["web", "trusted_proxies"].default == "`127.0.0.1`, `::1`"
    assert told["topics.LIST", "NUMBER.title"].kind == "text"


def test_every_key_of_a_fresh_file_is_there(tmp_path: Path) -> None:
    """What ``newsletter init`` writes, commented or not, has its line on the page."""
    told = {(one.section, one.key.partition(".")[0]) for one in settings_reference.settings()}
    arguments = {"name": "الموجة", "url": "https://example.org", "sender": "الموجة <news@example.org>"}
    folder.make(tmp_path, **arguments, web="", language="ar", timezone="UTC")
    section, found = "", 0
    for line in (tmp_path / "newsletter.toml").read_text("utf-8").splitlines():
        if header := re.match(r"\[([\w.]+)\]$", line):
            section = "topics.LIST" if header[1].startswith("topics.") else header[1]
        elif (key := re.match(r"(?:# )?([a-z_]+|\d) = ", line)) and section:
            name = "NUMBER" if key[1].isdigit() else key[1]
            assert (section, name) in told, line
            found += 1
    assert found > 30


def test_a_setting_without_words_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    first = next(settings_reference.settings())
    monkeypatch.setattr(settings_reference, "settings", lambda: iter([replace(first, meaning="")]))
    assert settings_reference.missing() == ["[newsletter] name"]
