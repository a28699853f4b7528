"""An issue.md edited in place: what is not replaced stays as it was, byte for byte, line ends and all.

An editor's file is the editor's. It may have Windows line ends, a byte order mark, comments in its front matter, two
empty lines where one would do. A tool that changes one headline in it must not touch the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import IssueError
from newsletter.issues.escaping import INVISIBLE
from newsletter.issues.front import KEYS
from newsletter.issues.lines import is_fence
from newsletter.issues.reading import LineSpan, parse, spans
from newsletter.issues.saving import write_whole

if TYPE_CHECKING:
    from newsletter.models import Issue

_BOM = "\ufeff"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_END = re.compile(r"(?:\r\n|\r|\n)\Z")
# One TOML value that an issue may have: a string of any of the four kinds, or a number.
_VALUE = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|[^\s#]+', re.DOTALL
)
# A part of a list: a bracket, a string, a comment, or what stands between.
_IN_LIST = re.compile(
    r'[\[\]]|"""(?:\\.|[^\\])*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\r\n]*|[^\[\]"\'#]+',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Manuscript:
    """The text of an issue.md. Every edit gives a new one; line numbers are 1-based and those of this one."""

    text: str
    """Decoded, a byte order mark included."""
    path: Path
    read_as: bytes | None = None
    """The bytes that were read, so that ``save`` does not write over what somebody else wrote meanwhile."""

    @classmethod
    def read(cls, path: Path) -> Manuscript:
        """The file as it stands.

        Args:
            path: Path of the issue.md.

        Raises:
            IssueError: It cannot be read, or is not UTF-8.
        """
        try:
            return cls.of(path.read_bytes(), path)
        except OSError as error:
            raise IssueError(f"cannot be read ({error.strerror})", where=str(path)) from None

    @classmethod
    def of(cls, raw: bytes, path: Path) -> Manuscript:
        """A file whose bytes were read already.

        Args:
            raw: The whole file.
            path: Of the issue.md.

        Raises:
            IssueError: It is not UTF-8.
        """
        try:
            return cls(raw.decode("utf-8"), path, raw)
        except UnicodeDecodeError as error:
            line = len(re.findall(rb"\r\n|\r|\n", error.object[: error.start])) + 1
            raise IssueError("is not UTF-8 text", where=f"{path}:{line}", mend="save it as UTF-8") from None

    @property
    def lines(self) -> tuple[str, ...]:
        """Its lines, each with its own line end; joined again they are the text."""
        return tuple(_LINE.findall(self.text))

    @property
    def issue(self) -> Issue:
        """What it says.

        Raises:
            IssueError: It cannot be understood.
        """
        return parse(self.text.removeprefix(_BOM), self.path)

    @property
    def draft(self) -> tuple[Issue, tuple[IssueError, ...]]:
        """What it says as far as it can be understood, and everything that is wrong with its body.

        Raises:
            IssueError: Its front matter cannot be understood, or a comment has no end.
        """
        faults: list[IssueError] = []
        return parse(self.text.removeprefix(_BOM), self.path, faults), tuple(faults)

    @property
    def spans(self) -> tuple[LineSpan, ...]:
        """Where its sections, stories and passages stand, in order.

        Raises:
            IssueError: It cannot be understood.
        """
        return spans(self.text.removeprefix(_BOM), self.path)

    def block(self, line: int) -> str:
        """The text of what begins on a line, its lines parted by ``\\n``, without a line end behind the last.

        Args:
            line: First line of a section's heading, of a story (its picture and summary included) or of a passage.

        Raises:
            IssueError: Nothing begins there.
        """
        span = self._span(line)
        return _plain("".join(self.lines[span.first - 1 : span.last])).removesuffix("\n")

    def with_lines(self, first: int, last: int, text: str) -> Manuscript:
        """Other lines in place of some.

        Args:
            first: First line that goes.
            last: Last line that goes; ``first - 1`` replaces none and inserts before ``first``.
            text: What comes instead, without a line end behind its last line (with one, an empty line follows);
                empty takes the lines out.

        Raises:
            IndexError: There are no such lines. The caller's bug, not the editor's.
        """
        mark = _BOM if self.text.startswith(_BOM) else ""
        lines = list(replace(self, text=self.text.removeprefix(_BOM)).lines)
        if not 1 <= first <= last + 1 <= len(lines) + 1:
            raise IndexError(f"lines {first} to {last} of {len(lines)}")
        fresh = _plain(text).split("\n") if text else []
        ends = [self._line_end(min(first + at, max(last, first))) for at in range(len(fresh))]
        if ends and last == len(lines) and lines and not _END.search(lines[-1]):
            # The file ended without a line end, and goes on doing so.
            if last < first:
                lines[-1] += ends[-1]
            ends[-1] = ""
        lines[first - 1 : last] = [line + end for line, end in zip(fresh, ends, strict=True)]
        for at in range(max(first - 1, 1), min(first + len(fresh), len(lines))):
            # Two line ends of different kinds must not become one.
            if lines[at - 1].endswith("\r") and lines[at].startswith("\n"):
                lines[at - 1] = lines[at - 1][:-1] + "\n"
        return replace(self, text=mark + "".join(lines))

    def with_block(self, line: int, text: str) -> Manuscript:
        """Another text in place of what begins on a line; empty lines around it stay as they are.

        Args:
            line: Line the block starts on, 1-based, as for ``block``.
            text: The new lines, as for ``with_lines``.

        Raises:
            IssueError: Nothing begins there.
        """
        span = self._span(line)
        return self.with_lines(span.first, span.last, text)

    def without_block(self, line: int) -> Manuscript:
        """Take out what begins on a line, and the empty lines behind it.

        Args:
            line: Line the block starts on, 1-based, as for ``block``.

        Raises:
            IssueError: Nothing begins there.
        """
        span, lines, last = self._span(line), self.lines, self._span(line).last
        while last < len(lines) and not lines[last].strip():
            last += 1
        return self.with_lines(span.first, last, "")

    def with_value(self, key: str, value: str | int | Sequence[str], *, instead_of: str = "") -> Manuscript:
        """Another value of the front matter; comments, spaces and order stay, and a new key comes last.

        Args:
            key: Name of the key, for example ``subject``.
            value: Text of one or more lines, a number, or texts.
            instead_of: Another key, which gives its line to this one; empty for none.

        Raises:
            IssueError: The front matter cannot be understood.
        """
        before = self.draft[0]
        name, at = instead_of or key, before.lines.get(instead_of or key)
        written = toml(value)
        if at is None:
            # Before the first table, whose key it would become else.
            ends = (n for n, line in enumerate(self.lines[1:], 2) if is_fence(line) or line.lstrip().startswith("["))
            closing = next(ends)
            return self.with_lines(closing, closing - 1, f"{key} = {written}")
        start = sum(map(len, self.lines[: at - 1]))
        head = re.compile(rf"([^=\r\n]*)=[ \t{INVISIBLE}]*").match(self.text, start)
        end = _end_of_value(self.text, head.end()) if head else None
        if head is None or end is None:
            raise IssueError(
                f"the value of {name} cannot be found", where=f"{self.path}:{at}", mend="change it by hand"
            )
        called = self.text[start : head.end()]
        called = called.replace(name, key, 1) if instead_of else called
        made = replace(self, text=self.text[:start] + called + written + self.text[end:])
        now, wanted = made.draft[0], value if isinstance(value, str | int) else tuple(value)
        own = {key, "subject"} if key == "subjects" else {key, instead_of}
        if getattr(now, key) != wanted or any(getattr(now, one) != getattr(before, one) for one in KEYS.keys() - own):
            raise IssueError(
                f"the value of {name} cannot be told from the rest", where=f"{self.path}:{at}", mend="change it by hand"
            )
        return made

    def save(self) -> None:
        """Write it where it was read, as a whole or not at all.

        Raises:
            IssueError: It could not be read again, somebody else changed the file meanwhile, or the disk does not
                take it. The file is then as it was.
        """
        _ = self.issue, self.spans
        write_whole(self.path, self.text.encode("utf-8"), self.read_as)

    def _span(self, line: int) -> LineSpan:
        for span in self.spans:
            if span.first == line:
                return span
        raise IssueError("nothing begins on this line", where=f"{self.path}:{line}")

    def _line_end(self, line: int) -> str:
        """The line end that is usual where a line stands: its own, that of the one before, or that of the file."""
        for near in (*self.lines[line - 1 : line], *self.lines[max(line - 2, 0) : line - 1], *self.lines[:1]):
            found = _END.search(near)
            if found is not None:
                return found.group()
        return "\n"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _end_of_value(text: str, start: int) -> int | None:
    """Where the value ends that begins at an index; a list may run over several lines and hold comments."""
    if not text.startswith("[", start):
        found = _VALUE.match(text, start)
        return found.end() if found is not None else None
    depth, at = 0, start
    while (part := _IN_LIST.match(text, at)) is not None:
        depth += {"[": 1, "]": -1}.get(part[0], 0)
        at = part.end()
        if not depth:
            return at
    return None


def toml(value: str | int | Sequence[str]) -> str:
    """A value as TOML writes it: a JSON string is a basic string, but for U+007F (TOML 1.0, section String)."""
    if not isinstance(value, str | int):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
