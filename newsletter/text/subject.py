"""What inbox lists show of a letter, its subject and the line behind it, no wider than they show them."""

from __future__ import annotations

from newsletter.text.tidy import arabic_fold, shorten

LONGEST_SUBJECT = 80
"""Columns. Narrow phones show some 40 and wide windows some 70 to 80; what stands behind them nobody sees."""
SHORTEST_SUBJECT = 10
LONGEST_PREHEADER = 180
"""Columns. Inbox lists show subject and preheader together in one or two lines, rarely more than 140 of them."""


def columns(text: str) -> int:
    """Width of a text as a terminal shows it: harakat and direction signs take no column, ideographs two.

    Args:
        text: One line.
    """
    from rich.cells import cell_len

    return cell_len(text)


def fitting(text: str, most: int) -> str:
    """A text that is no wider than that, cut at a word with ``…`` if it must be.

    Args:
        text: One line of plain text.
        most: Columns, the ``…`` included; at least 2.
    """
    text, limit = text.strip(), most
    while columns(text) > most:
        text = shorten(text, limit)
        limit -= 1
    return text


def subject_of(newsletter: str, headline: str) -> str:
    """The subject that tells a headline: the newsletter's name goes before the headline is cut.

    Args:
        newsletter: Its name, which stands beside the subject as the sender anyway; may be empty.
        headline: Of the story that leads; empty gives the name alone.
    """
    whole = f"{newsletter}: {headline}" if newsletter and headline else newsletter or headline
    return whole if columns(whole) <= LONGEST_SUBJECT else fitting(headline or newsletter, LONGEST_SUBJECT)


def says_the_same(one: str, other: str) -> bool:
    """Whether of two lines that stand side by side one says nothing that the other does not.

    Args:
        one: The preheader, for example.
        other: The subject.
    """
    first, second = arabic_fold(one), arabic_fold(other)
    return bool(first and second) and (first in second or second in first)
