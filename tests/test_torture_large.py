"""Two processes of one send, killed: a few of the many points of ``tests/torture_large.py``."""

from __future__ import annotations

from pathlib import Path

import pytest
import torture

pytestmark = pytest.mark.slow


def test_two_processes_of_a_send_killed_anywhere_lose_and_double_nothing(tmp_path: Path) -> None:
    results = torture.run("processes", 5, "sendgrid", tmp_path)
    assert sum(int(where.split()[0]) for where, _ in results) == 5
    assert any(result.struck for _, result in results)
