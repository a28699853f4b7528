"""The letter that stands for a person whose picture is not there."""

from __future__ import annotations


def first_letter(name: str) -> str:
    """The first letter of a name with the marks that belong to it; empty for none."""
    import regex

    found = regex.search(r"\p{L}\p{M}*", name)
    return found[0][:1] if found is not None else ""
