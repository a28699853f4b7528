"""What stands in the links of a test letter. The pages know it: they say that it is a test, and change nothing."""

from __future__ import annotations

NOBODY = "this-is-a-test-letter-nothing-happens-with-its-links"
"""In the place of a reader's signed token, and as wide. It can be nobody's: its first byte names no purpose."""

LETTER = "letters/test"
"""Path of the page that stands for the letter's own, below the address of the pages."""

POLL = "polls/test"
"""Path of the page that stands for the questions of a test letter."""
