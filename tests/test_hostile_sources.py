"""Hostile sources beside good ones, through the command itself: every good one is stored, and soon."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import Done, here
from hostile_sources import HOSTILE, SLOW, served, told
from settings_text import with_settings

from newsletter.workspace import folder

LONGEST = 25.0
"""Seconds from the call of the command to its end."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as found:
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    folder.make(
        root,
        name="الموجة",
        url="https://example.org",
        sender="news@example.org",
        web="",
        language="ar",
        timezone="Africa/Algiers",
    )
    settings = root / "newsletter.toml"
    text = settings.read_text("utf-8")
    settings.write_text(with_settings(text, '[collect]\nallow_private_hosts = ["127.0.0.1"]\n'), "utf-8")
    return root


def collected(root: Path, targets: list[str]) -> tuple[Done, dict[str, Any], float]:
    began = time.monotonic()
    done = here("collect", *targets, "--json", cwd=root)
    return done, told(done.out), time.monotonic() - began


def titles(found: dict[str, Any]) -> set[str]:
    return {article["title"] for article in found["articles"]}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_source_does_not_harm_the_one_beside_it(root: Path, address: str, kind: str) -> None:
    done, found, took = collected(root, [f"{address}/bad/{kind}", f"{address}/good/{kind}"])
    assert {f"خبر {kind} 1", f"خبر {kind} 2"} <= titles(found), done.err
    assert took < LONGEST
    assert "Traceback" not in done.err
    # Every one of these kinds is bounded before it is read: none gets as far as the fence's limits.
    assert "costs more than" not in done.err


@pytest.mark.slow
def test_all_of_them_together_are_over_within_half_a_minute(root: Path, address: str) -> None:
    names = [*HOSTILE, *SLOW]
    targets = [f"{address}/{side}/{name}" for name in names for side in ("bad", "good" if name in HOSTILE else "bad")]
    targets += [f"{address}/good/last"]
    done, found, took = collected(root, targets)
    assert {f"خبر {kind} 1" for kind in (*HOSTILE, "last")} <= titles(found), done.err
    assert took < LONGEST * 2
