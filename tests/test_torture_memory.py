"""A sample of the torture of restored databases."""

from __future__ import annotations

from pathlib import Path

import pytest
import torture
from test_torture import strace

pytestmark = pytest.mark.slow
__all__ = ["strace"]


@pytest.mark.parametrize("sender", ["outbox", "sendgrid"])
def test_a_killed_send_and_a_restored_database_double_nothing(tmp_path: Path, sender: str) -> None:
    assert len(torture.run("restored", 2, sender, tmp_path)) == 2
