"""What stands between the brackets of a link or a picture: its address, and the title that is a picture's caption."""

from __future__ import annotations

import re
from urllib.parse import quote

_UNWRITTEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def one_line(text: str) -> str:
    """Plain text as a heading can hold it: line breaks and control characters are spaces, none at its ends.

    The file is UTF-8 (no lone surrogates), and CommonMark shows NUL as a replacement character (0.31 section 2.3).
    """
    return _UNWRITTEN.sub(" ", text).strip()


def picture(words: str, address: str, caption: str = "") -> str:
    """A picture as Markdown that reads back as the same.

    Args:
        words: What it shows, as Markdown.
        address: http(s) address, or the name of a local file.
        caption: ``caption | credit`` as plain text, or nothing.
    """
    said = f" {_title(caption)}" if one_line(caption) else ""
    return f"![{words}]({target(address)}{said})"


def split_caption(title: str) -> tuple[str, str]:
    """Caption and credit of a picture: ``The new quay | Photo: Lina Haddad``.

    Args:
        title: The Markdown title of the picture. What stands behind its last ``|`` is the credit; without one, all of
            it is the caption.
    """
    caption, bar, credit = title.rpartition("|")
    return (caption.strip(), credit.strip()) if bar else (title.strip(), "")


def _title(text: str) -> str:
    """Plain text as the title of a link that reads back as the same (CommonMark 0.31 section 6.3)."""
    # References, since a backslash would leave the beginning and end of comments as they are.
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\\": "\\\\"}
    return '"' + re.sub(r'[&<>"\\]', lambda match: named[match[0]], one_line(text)) + '"'


def target(address: str) -> str:
    """An address, or the name of a local file, as the target of a link that reads back as the same."""
    # A file's name is read percent-decoded, so a percent sign of its own is written encoded.
    special = r"[\\<>\x00-\x1f\x7f]" if re.match(r"https?://", address) else r"[%\\<>\x00-\x1f\x7f]"
    written = re.sub(special, lambda match: f"%{ord(match[0]):02X}", address)
    written = re.sub(r"\s+$", lambda match: quote(match[0]), written)
    written = re.sub(r"&(?=#?\w{1,32};)", r"\\&", written)
    if not re.search(r"[\s()]", written):
        return written
    # A hyphen before the closing bracket would end the comment that candidates stand in.
    return f"<{re.sub('-$', '%2D', written)}>"
