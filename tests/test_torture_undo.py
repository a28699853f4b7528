"""A sample of the torture of what is undone, which ``tests/torture.py`` does at hundreds of points."""

from __future__ import annotations

from pathlib import Path

import pytest
import torture
from test_torture import strace  # noqa: F401  every test here needs it

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("mode", "points", "sender"), [("cancel", 1, "sendgrid"), ("cancel-kill", 1, "smtp"), ("sender", 1, "sendgrid")]
)
def test_nothing_is_lost_or_doubled_by_an_undone_send(tmp_path: Path, mode: str, points: int, sender: str) -> None:
    results = torture.run(mode, points, sender, tmp_path)
    assert len(results) == points
    assert any(result.struck for _, result in results)
