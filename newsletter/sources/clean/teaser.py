"""The short text under a headline: the author's own where there is one, else the opening of the body."""

from __future__ import annotations

from newsletter.sources.clean import clean, paragraphs, plain
from newsletter.sources.clean.boilerplate import excerpt
from newsletter.text.tidy import summary

LONGEST = 320
"""Characters; what is longer is a body, not a teaser."""


def teaser(fragment: str, body: str, title: str) -> str:
    """Choose the summary of an article.

    Args:
        fragment: What the source gives as excerpt or description, text or HTML; may be empty.
        body: The body as clean made it; may be empty.
        title: The headline; a summary that only repeats it is none.

    Returns:
        The fragment without machinery if a person wrote it; else the opening of the body; else the fragment, with
        ``…`` where a machine had cut it.
    """
    written, was_cut = excerpt(_without_furniture(fragment))
    opening = summary("\n".join(paragraphs(body, headings=False))) if body else ""
    if not written or (was_cut and opening) or len(written) > LONGEST:
        written = opening or summary(written)
    if was_cut and not opening and written:
        written = written.rstrip(" .،؛:") + "…"
    return "" if written == title else written


def _without_furniture(fragment: str) -> str:
    if "<" not in fragment:
        return plain(fragment)
    return " ".join(paragraphs(clean(fragment), headings=False)) or plain(fragment)
