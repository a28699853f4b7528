"""The pictures that an issue names, wherever in it they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from newsletter.issues.markdown import parser
from newsletter.models import Issue, Prose

if TYPE_CHECKING:
    from markdown_it.token import Token


def addresses(issue: Issue) -> list[tuple[str, int]]:
    """The address of each picture of an issue, as the editor wrote it, and its line; in the order of the file.

    Args:
        issue: As it was read. Local names are percent-decoded, as they are on the disk.
    """
    found: list[tuple[str, int]] = []
    for passage in issue.opening:
        found += _of(passage.markdown, passage.line)
    for section in issue.sections:
        for block in section.blocks:
            if isinstance(block, Prose):
                found += _of(block.markdown, block.line)
                continue
            if block.image:
                found.append((block.image, block.image_line or block.line))
            found += _of(block.summary, block.summary_line or block.line)
    return found


def _of(markdown: str, line: int) -> Iterator[tuple[str, int]]:
    if "](" not in markdown and "][" not in markdown and "]:" not in markdown:
        return
    for token in parser("code").parse(markdown):
        if token.type == "inline":
            yield from _inline(token, line + (token.map or [0])[0])


def _inline(token: Token, line: int) -> Iterator[tuple[str, int]]:
    for child in token.children or ():
        if child.type in {"softbreak", "hardbreak"}:
            line += 1
        elif child.type == "image":
            address = str(child.attrGet("src") or "")
            yield address if "://" in address else unquote(address), line
