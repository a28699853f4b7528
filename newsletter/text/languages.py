"""Language tags, and which languages are written in Arabic letters (pure)."""

from __future__ import annotations

ARABIC_SCRIPT = frozenset({"ar", "fa", "ur", "ckb", "ps", "sd", "ug"})
"""Languages that newsrooms write in Arabic letters, by their tags without a country."""


def base(language: str) -> str:
    """The language of a tag without its country, in small letters.

    Args:
        language: Language tag, as ``ar`` or ``fa-AF``; empty when nobody knows.
    """
    return language.replace("_", "-").split("-")[0].lower()
