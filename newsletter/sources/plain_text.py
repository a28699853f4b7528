"""A plain text as an article: its first line is the headline, every further line a paragraph."""

from __future__ import annotations

import html

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources.charset import decode
from newsletter.sources.clean.boilerplate import cut_tail
from newsletter.sources.documents import ArticleFilter, Document, SourceResult
from newsletter.sources.links import absolute, is_web
from newsletter.text.tidy import summary, tidy

SUFFIXES = frozenset({".txt", ".text"})
_LARGEST = 1_000_000
_LONGEST_HEADLINE = 300


def read(document: Document, _wanted: ArticleFilter) -> SourceResult:
    """Read the article of a text; a second line that is an address is the article's own.

    Args:
        document: The text, in any code page that decode knows.
        _wanted: Not needed: a text has one article and no date.

    Raises:
        SourceError: It is larger than 1 MB, empty, or begins with no headline.
    """
    own, _ = cut_tail(text_of(document).splitlines())
    lines = [line for line in map(tidy, own) if line]
    if not lines:
        raise SourceError(
            "the file is empty", where=document.where, mend="put the headline in its first line and the text below"
        )
    title, *rest = lines
    if len(title) > _LONGEST_HEADLINE:
        raise SourceError(
            f"its first line is too long for a headline ({len(title)} letters)",
            where=f"{document.where}:1",
            mend="put the headline in a line of its own at the top",
        )
    url = next((absolute("", line) for line in rest[:1] if is_web(line)), "")
    body = rest[1:] if url else rest
    article = Article(
        title=title,
        url=url or document.url,
        summary=summary("\n".join(body)),
        body="".join(f"<p>{html.escape(line, quote=False)}</p>" for line in body),
        source=document.where,
    )
    return SourceResult((article,))


def text_of(document: Document) -> str:
    """The text of a document that holds one article, decoded, without its byte-order mark.

    Args:
        document: The document.

    Raises:
        SourceError: It is larger than 1 MB.
    """
    if len(document.data) > _LARGEST:
        raise SourceError("the file is larger than 1 MB", where=document.where, mend="give a file with one article")
    return decode(document.data, document.charset).lstrip("\ufeff")
