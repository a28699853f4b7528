"""What blocks are written with: the block under way, the elements open in it, and the item of a list it stands in."""

from __future__ import annotations

import html

from newsletter.text.tidy import polish

LONGEST_BLOCK = 20_000  # nh3 is quadratic in the entities of one text


class BlockWriter:
    """Writes flat, well-formed blocks, one after the other.

    ``buffer`` holds the inline pieces of the block under way, ``inline`` the elements open in it, so that a
    block that begins inside a link or bold text can close and reopen them around itself.

    Args:
        base: Address that links and pictures are relative to; may be empty.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.out: list[str] = []
        self.buffer: list[str] = []
        self.inline: list[tuple[str, str]] = []
        self.kind = "p"
        self.direction = ""
        self.item_depth = 0
        self.has_words = False
        self.breaks = 0
        self.length = 0
        self.is_fresh = True
        """No word of the list item under way is written yet."""
        self.number = ""
        self.language = ""
        self.figures = 0
        self.note = 0
        """Number of the footnote whose first words come next; 0 for none."""

    def _words(self, text: str) -> None:
        piece = polish(text)
        if not piece:
            return
        if not piece.strip():
            if self.has_words and not self.breaks and not self.buffer[-1].endswith(" "):
                self.buffer.append(" ")
            return
        self._settle_breaks()
        # What stood between two pieces may be gone, and leaves one space of two.
        is_spaced = not self.has_words or (bool(self.buffer) and self.buffer[-1].endswith(" "))
        piece = piece.lstrip() if is_spaced else piece
        for at in range(0, len(piece), LONGEST_BLOCK):
            if self.length >= LONGEST_BLOCK:
                self._flush()
            part = piece[at : at + LONGEST_BLOCK]
            self.buffer.append(html.escape(part, quote=False))
            self.has_words = True
            self.length += len(part)

    def _raw(self, written: str) -> None:
        """Something inline that is written already."""
        self._settle_breaks()
        self.buffer.append(written)
        self.has_words = True

    def _named(self) -> str:
        """The attribute that a footnote's words are found by, once."""
        number, self.note = self.note, 0
        return f' id="note-{number}"' if number else ""

    def _line_break(self) -> None:
        if self.has_words:
            self.breaks += 1

    def _settle_breaks(self) -> None:
        """One line break stays one; two in a row end the paragraph, where there can be another."""
        if not self.breaks:
            return
        if self.breaks > 1 and self.kind == "p" and not self.item_depth:
            self._flush()
        else:
            self.breaks = 0
            self.buffer.append("<br>")

    def _open_item(self) -> bool:
        """Make the last list item the one that a list inside it belongs to."""
        if not self.is_fresh and self.out[-1].endswith("</li>"):
            self.out[-1] = self.out[-1].removesuffix("</li>")
        else:
            self.out.append("<li>")
        return True

    def _into_item(self, written: str, gap: str = "") -> None:
        """Write into the item under way, or begin it."""
        if not self.is_fresh and self.out[-1].endswith("</li>"):
            self.out[-1] = f"{self.out[-1].removesuffix('</li>')}{gap}{written}</li>"
        else:
            value = f' value="{self.number}"' if self.number else ""
            way = f' dir="{self.direction}"' if self.direction and gap else ""
            self.out.append(f"<li{way}{value}{self._named()}>{written}</li>")
        self.is_fresh = False

    def _apart(self, written: str) -> None:
        """Write a block that stands by itself, in a list within the item."""
        if self.item_depth:
            self._into_item(written)
        else:
            self.out.append(written)

    def _flush(self) -> None:
        """End the block under way."""
        opened = len(self.inline)
        while self.buffer and (self.buffer[-1] in ("<br>", " ") or self._is_just_opened(opened)):
            opened -= self._is_just_opened(opened)
            self.buffer.pop()
        closing = "".join(f"</{tag}>" for tag, _ in reversed(self.inline[:opened]))
        if self.has_words:
            way = f' dir="{self.direction}"' if self.direction and self.kind == "p" else ""
            way += self._named() if self.kind == "p" else ""
            words = "".join(self.buffer).strip()
            if self.kind == "li":
                self._into_item(f"{words}{closing}", "<br>")
            else:
                self.out.append(f"<{self.kind}{way}>{words}{closing}</{self.kind}>")
        self.buffer = [opening for _, opening in self.inline]
        self.has_words = False
        self.breaks = 0
        self.length = 0

    def _is_just_opened(self, opened: int) -> bool:
        """Whether the innermost of so many open elements has nothing in it yet."""
        return opened > 0 and self.buffer[-1] == self.inline[opened - 1][1]

    def _close(self, at: int, tag: str) -> None:
        if len(self.out) == at + 1:
            self.out.pop()
        else:
            self.out.append(f"</{tag}>")
