"""A sample of the torture of two providers, which ``tests/torture.py`` does at hundreds of points."""

from __future__ import annotations

from pathlib import Path

import pytest
import torture
from test_torture import strace  # noqa: F401  every test here needs it

pytestmark = pytest.mark.slow


def test_nothing_is_lost_or_doubled_when_another_provider_goes_on(tmp_path: Path) -> None:
    results = torture.run("fallback", 2, "sendgrid", tmp_path)
    # Which thread makes which call differs from run to run, so that a point may lie behind the end.
    assert any(result.struck for _, result in results)
    # Who is unknown may have got it or not; nobody else is missing.
    assert all(result.taken.total() + result.unknown >= torture.READERS for _, result in results)
