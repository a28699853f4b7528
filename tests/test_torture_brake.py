"""A sample of what ``tests/torture.py`` does for minutes with a provider in trouble."""

from __future__ import annotations

from pathlib import Path

import pytest
import torture

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("mode", "sender"),
    [
        ("nofield", "sendgrid"),
        ("blocked", "smtp"),
        ("hanging", "sendgrid"),
        ("failing", "sendgrid"),
        ("failing", "smtp"),
    ],
)
def test_a_provider_in_trouble_refuses_nobody_and_leaves_little_in_doubt(
    tmp_path: Path, mode: str, sender: str
) -> None:
    ((where, _),) = torture.run(mode, 2, sender, tmp_path)
    assert "2 trials" in where


def test_what_is_reported_before_it_is_answered_is_never_unknown(tmp_path: Path) -> None:
    assert len(torture.run("early", 2, "sendgrid", tmp_path)) == 2


def test_nor_on_postgresql(tmp_path: Path) -> None:
    assert len(torture.run("failing", 1, "sendgrid", tmp_path, "postgresql")) == 1
