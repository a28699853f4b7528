"""How long a letter takes to read, and the letter that stands for a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.issues.prose import ParsedMarkdown
    from newsletter.letters.render.views import SectionView

_WORDS_A_MINUTE = {"ar": 138, "en": 228, "fr": 195, "he": 187}
_OTHERS = 184
"""Mean of seventeen languages in the same study: Trauzettel-Klosinski and Dietz, "Standardized assessment of reading
performance: the new International Reading Speed Texts IReST", IOVS 53(9), 2012, table 2."""


def reading_minutes(opening: Iterable[ParsedMarkdown], sections: Iterable[SectionView], language: str) -> int:
    """Minutes that it takes to read a letter, 1 at least.

    Args:
        opening: The editor's words before the first section.
        sections: The sections.
        language: Language tag of the letter.
    """
    words = sum(len(passage.text().split()) for passage in opening)
    for section in sections:
        for group in section.groups:
            words += len(group.prose.text().split()) if group.prose else 0
            for story in group.stories:
                words += len(story.title.split()) + len(story.summary.text().split())
    return max(1, round(words / _WORDS_A_MINUTE.get(language.split("-", maxsplit=1)[0], _OTHERS)))


def first_letter(name: str) -> str:
    """The first letter of a name with the marks that belong to it; empty for none."""
    import regex

    found = regex.search(r"\p{L}\p{M}*", name)
    return found[0][:1] if found is not None else ""
