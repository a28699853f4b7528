"""What of the tests stands where something real stood, until a test asks for that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Kept:
    """Something made once in a process of the tests, and used again."""

    def __init__(self) -> None:
        self.real = 0
        """How many ask for what is real, just now."""

    @contextmanager
    def really(self) -> Iterator[None]:
        """Let the real one do it meanwhile."""
        self.real += 1
        try:
            yield
        finally:
            self.real -= 1
