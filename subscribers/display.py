"""Text from strangers, as it can be shown to people and written into logs."""

from __future__ import annotations

LONGEST_NAME = 80
"""Characters of somebody's name that are kept."""


def shown(text: str, most: int = 60) -> str:
    """Text from a stranger as one can show it: on one line, shortened, without invisible characters.

    Args:
        text: Text as it was typed or received, of any length.
        most: Longest result, in characters.
    """
    cut = text[: most * 4]  # a field can be 100 kB; what will be shown needs no more than this
    tidy = "".join(
        letter if letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}" for letter in cut
    )
    tidy = " ".join(tidy.split())
    return tidy if len(tidy) <= most and len(cut) == len(text) else tidy[: most - 1] + "…"
