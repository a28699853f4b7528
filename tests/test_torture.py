"""A sample of the torture that ``make torture`` does at hundreds of points."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import torture

pytestmark = pytest.mark.slow


def _strace_works() -> bool:
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture(scope="module", autouse=True)
def strace() -> None:
    """These tests inject faults with strace, which needs the right to trace."""
    if not _strace_works():
        if os.environ.get("CI") == "true":
            pytest.fail("strace is missing or may not trace, and CI may not skip the torture")
        pytest.skip("needs strace and the right to trace")


@pytest.mark.parametrize(
    ("mode", "points", "sender"),
    [
        ("kill", 3, "sendgrid"),
        ("kill", 2, "outbox"),
        ("kill", 2, "smtp"),
        ("stop", 1, "sendgrid"),
        ("stop", 1, "smtp"),
        ("error", 4, "sendgrid"),
        ("error", 2, "smtp"),
        ("two", 1, "sendgrid"),
        ("two", 1, "smtp"),
    ],
)
def test_nothing_is_lost_or_doubled(tmp_path: Path, mode: str, points: int, sender: str) -> None:
    results = torture.run(mode, points, sender, tmp_path)
    assert len(results) >= points
    assert any(result.struck for _, result in results)


@pytest.mark.parametrize(("total", "points"), [(1, 1), (87, 1), (87, 2), (218, 60), (5, 5), (3, 9)])
def test_points_lie_apart_and_a_single_one_in_the_middle(total: int, points: int) -> None:
    found = torture.spread(total, points)
    assert len(set(found)) == min(points, total)
    assert found == sorted(found)
    assert 1 <= found[0] <= found[-1] <= total
    assert abs(sum(found) / len(found) - (total + 1) / 2) <= 1


@pytest.mark.parametrize(
    ("mode", "points", "sender"),
    [
        ("kill", 1, "sendgrid"),
        ("kill", 1, "smtp"),
        ("stop", 1, "smtp"),
        ("restart", 2, "sendgrid"),
        ("restart", 2, "smtp"),
        ("workers", 2, "sendgrid"),
        ("workers", 2, "smtp"),
    ],
)
def test_nor_on_postgresql(tmp_path: Path, mode: str, points: int, sender: str) -> None:
    results = torture.run(mode, points, sender, tmp_path, "postgresql")
    if mode in torture.LASTING:
        ((_, result),) = results
        assert result.struck
    else:
        assert len(results) >= points
        assert any(result.struck for _, result in results)
