"""SpamAssassin, by its own rules alone (no network), finds nothing in our letters."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import golden_letters as golden
import pytest

from newsletter.letters.templates import environment

LETTERS = ("week", "english", "persian", "welcome", "confirmation by mail")
_STATUS = re.compile(rb"(?m)^X-Spam-Status: \w+, score=(-?[\d.]+) .*?tests=(.*?) autolearn", re.DOTALL)


def judged(letters: list[bytes], folder: Path) -> list[tuple[float, str]]:
    """Points and rules of each letter; one process for all, since its start takes most of the time."""
    program = shutil.which("spamassassin")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("spamassassin is not installed, and in CI it must judge the letters")
        pytest.skip("spamassassin is not installed")
    box = folder / "box"
    first = b"From news@example.org Fri Nov 14 09:00:00 2025\n"
    box.write_bytes(b"".join(first + one.replace(b"\r\n", b"\n") + b"\n" for one in letters))
    own = folder / "user_prefs"
    own.touch()
    done = subprocess.run(
        [program, "--local", "--mbox", f"--prefs-file={own}", str(box)],
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        timeout=100,
        check=True,
    )
    return [(float(score), " ".join(rules.decode().split())) for score, rules in _STATUS.findall(done.stdout)]


@pytest.mark.slow
def test_no_letter_has_a_point(tmp_path: Path) -> None:
    templates = environment()
    made = []
    for name in LETTERS:
        if name in golden.NAMES:
            one = golden.golden(name)
            letter = golden.letter(one, golden.rendered(one, templates))
        else:
            letter = golden.small(name, "ar", templates)
        made.append(golden.message(letter))
    found = judged(made, tmp_path)
    assert len(found) == len(LETTERS)
    assert [(name, *one) for name, one in zip(LETTERS, found, strict=True) if one[0] > 0] == []
    assert all("HTML_FONT_LOW_CONTRAST" not in rules for _, rules in found)
