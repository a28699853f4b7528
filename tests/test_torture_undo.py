"""A sample of the torture of what is undone, which ``tests/torture.py`` does at hundreds of points."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import torture

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("mode", "points", "sender"), [("cancel", 1, "sendgrid"), ("cancel-kill", 2, "smtp"), ("sender", 2, "sendgrid")]
)
def test_nothing_is_lost_or_doubled_by_an_undone_send(tmp_path: Path, mode: str, points: int, sender: str) -> None:
    traces = ["strace", "-qq", "-o", "/dev/null", "true"]
    if shutil.which("strace") is None or subprocess.run(traces, capture_output=True, check=False).returncode:
        pytest.skip("needs strace and the right to trace")
    assert len(torture.run(mode, points, sender, tmp_path)) >= points
