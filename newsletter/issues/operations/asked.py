"""Operations on an issue.md as they are asked for: frozen values, made of JSON by a strict parser.

Every line is a line of the text that the operation was made for, counted from 1; 0 stands for none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from newsletter.errors import IssueError
from newsletter.issues.containers import KINDS, opened

VALUES = ("subject", "preheader", "subjects", "list", "template")
"""The keys of the front matter that an operation may change."""
MOST_TEXT = 200_000
"""Characters of one text; an issue is shorter."""
MOST_LINE = 4_000
"""Characters of one line: an address has no more, and some signs take Markdown the square of their number."""
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ENDS = re.compile("\r\n|\r|\u2028|\u2029")


@dataclass(frozen=True, slots=True)
class StoryPlace:
    """Where something is to stand."""

    section: int | str | None = None
    """Line of the section's heading, 0 for what stands before the first one; or a title; None where it says itself."""
    before: int = 0
    """Line of what it comes before in that section; 0 puts it at the end."""


@dataclass(frozen=True, slots=True)
class ValueOperation:
    """Another value of the front matter."""

    key: str
    value: str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WordsOperation:
    """The editor's words: other ones, new ones at a place, or none."""

    text: str
    line: int | None = None
    """First line of the passage; 0 for the opening words as a whole; None for new ones."""
    last: int = 0
    """Last line, where several passages are one text; 0 for that of the passage."""
    place: StoryPlace = StoryPlace()


@dataclass(frozen=True, slots=True)
class AddOperation:
    """An article of the library as a story."""

    article: int
    place: StoryPlace = StoryPlace()


@dataclass(frozen=True, slots=True)
class DropOperation:
    """A story out of the issue, to the candidates."""

    line: int


@dataclass(frozen=True, slots=True)
class TakeOperation:
    """A candidate as a story."""

    line: int
    place: StoryPlace = StoryPlace()


@dataclass(frozen=True, slots=True)
class MoveOperation:
    """A story to another place."""

    line: int
    place: StoryPlace


@dataclass(frozen=True, slots=True)
class EditOperation:
    """Parts of a story written anew; None leaves one as it is."""

    line: int
    title: str | None = None
    summary: str | None = None
    image: str | None = None
    alt: str | None = None
    caption: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class SectionOperation:
    """A section added, renamed, moved, joined with another, or dropped."""

    do: Literal["add", "rename", "move", "up", "down", "join", "drop"]
    line: int = 0
    title: str = ""
    before: int = 0
    into: int = 0


@dataclass(frozen=True, slots=True)
class ElementOperation:
    """What stands between two lines of colons inserted, changed or removed."""

    do: Literal["insert", "edit", "remove"]
    line: int = 0
    kind: str = ""
    title: str = ""
    text: str = ""
    within: int = 0
    """Line of the story at whose end it is inserted; 0 for a place of its own."""
    place: StoryPlace = StoryPlace()


@dataclass(frozen=True, slots=True)
class FixOperation:
    """One problem of the check mended in one line."""

    code: str
    line: int


@dataclass(frozen=True, slots=True)
class LineOperation:
    """One line of the file written by hand, where the file cannot be understood."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class HistoryOperation:
    """One step back, or forward again."""

    do: Literal["undo", "redo"]


Operation = (
    ValueOperation
    | WordsOperation
    | AddOperation
    | DropOperation
    | TakeOperation
    | MoveOperation
    | EditOperation
    | SectionOperation
    | ElementOperation
    | FixOperation
    | LineOperation
    | HistoryOperation
)


def parsed(asked: Mapping[str, Any]) -> Operation:
    """An operation as JSON says it.

    Args:
        asked: The object, with its name as ``op``; whoever it is read for takes ``etag`` out before.

    Raises:
        IssueError: It is none that is known, or one of its parts is missing, strange or of another kind.
    """
    name = asked.get("op")
    known = _READERS.get(name) if isinstance(name, str) else None
    if known is None:
        raise _fault("is no operation that is known", name, f"known are {', '.join(_READERS)}")
    fields = _Fields({key: value for key, value in asked.items() if key != "op"}, str(name))
    made = known(fields)
    fields.end()
    return made


class _Fields:
    """The parts of an operation, each taken once."""

    def __init__(self, given: dict[str, Any], name: str) -> None:
        self._given = given
        self._name = name

    def has(self, key: str) -> bool:
        return key in self._given

    def number(self, key: str, *, least: int = 1, usual: int | None = None) -> int:
        value = self._taken(key, usual)
        if type(value) is not int or not least <= value < 10**9:
            raise _fault(f"{key} of {self._name} is no whole number from {least}", value)
        return value

    def text(self, key: str, usual: str | None = None, *, one_line: bool = False) -> str:
        value = self._taken(key, usual)
        if not isinstance(value, str):
            raise _fault(f"{key} of {self._name} is no text", value)
        most = MOST_LINE if one_line else MOST_TEXT
        if len(value) > most:
            raise _fault(f"{key} of {self._name} has more than {most:,} characters")
        cleaned = _CONTROLS.sub("", _ENDS.sub("\n", value))
        return re.sub(r"[\n\t]+", " ", cleaned) if one_line else cleaned

    def maybe(self, key: str, *, one_line: bool = False) -> str | None:
        return self.text(key, one_line=one_line) if key in self._given else None

    def choice(self, key: str, known: tuple[str, ...]) -> Any:
        value = self._taken(key, None)
        if value not in known:
            raise _fault(f"{key} of {self._name} is none that is known", value, f"known are {', '.join(known)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._taken(key, None)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise _fault(f"{key} of {self._name} is no list of texts", value)
        return tuple(_Fields({key: one}, self._name).text(key, one_line=True) for one in value)

    def place(self, *, needed: bool = False) -> StoryPlace:
        section = self._given.pop("section", None)
        if section is None and needed:
            raise _fault(f"{self._name} needs section", mend="give the line of its heading, or its title")
        if section is not None and (type(section) not in (int, str) or (type(section) is int and section < 0)):
            raise _fault(f"section of {self._name} is neither a line nor a title", section)
        if isinstance(section, str):
            section = _Fields({"section": section}, self._name).text("section", one_line=True).strip()
        return StoryPlace(section, self.number("before", least=0, usual=0))

    def end(self) -> None:
        if self._given:
            raise _fault(f"{self._name} has nothing that is called", next(iter(self._given)))

    def _taken(self, key: str, usual: Any) -> Any:
        if key not in self._given and usual is None:
            raise _fault(f"{self._name} needs {key}")
        return self._given.pop(key, usual)


def _fault(what: str, value: Any = None, mend: str = "load the page again") -> IssueError:
    told = "" if value is None else f": {str(value)[:60]!r}" if isinstance(value, str) else f": {str(value)[:60]}"
    return IssueError(f"{what}{told}", mend=mend)


def _value(fields: _Fields) -> Operation:
    key = fields.choice("key", VALUES)
    return ValueOperation(key, fields.texts("value") if key == "subjects" else fields.text("value", one_line=True))


def _words(fields: _Fields) -> Operation:
    text = fields.text("text")
    if not fields.has("line"):
        return WordsOperation(text, None, 0, fields.place(needed=True))
    return WordsOperation(text, fields.number("line", least=0), fields.number("last", least=0, usual=0))


def _edit(fields: _Fields) -> Operation:
    lines = {key: fields.maybe(key, one_line=True) for key in ("title", "image", "alt", "caption", "url")}
    return EditOperation(fields.number("line"), summary=fields.maybe("summary"), **lines)


def _section(fields: _Fields) -> Operation:
    do = fields.choice("do", ("add", "rename", "move", "up", "down", "join", "drop"))
    line = 0 if do == "add" else fields.number("line", least=0 if do == "rename" else 1)
    title = fields.text("title", one_line=True).strip() if do in ("add", "rename") else ""
    if do in ("add", "rename") and not title:
        raise _fault("a section needs a name", mend="write one")
    before = fields.number("before", least=0, usual=0) if do in ("add", "move") else 0
    into = fields.number("into", least=0) if do == "join" else 0
    return SectionOperation(do, line, title, before, into)


def _element(fields: _Fields) -> Operation:
    do = fields.choice("do", ("insert", "edit", "remove"))
    line = 0 if do == "insert" else fields.number("line")
    if do == "remove":
        return ElementOperation(do, line)
    kind, _ = opened(fields.text("kind", one_line=True))
    if kind is None:
        raise _fault("no element has this name", mend=f"known are {', '.join(one.name for one in KINDS)}")
    title = fields.text("title", "", one_line=True).strip()
    text = fields.text("text", "").strip("\n")
    if do == "edit":
        return ElementOperation(do, line, kind.name, title, text)
    within = fields.number("within", usual=0, least=0)
    return ElementOperation(do, 0, kind.name, title, text, within, fields.place(needed=not within))


_READERS: Final[Mapping[str, Callable[[_Fields], Operation]]] = {
    "value": _value,
    "words": _words,
    "add": lambda fields: AddOperation(fields.number("article"), fields.place()),
    "drop": lambda fields: DropOperation(fields.number("line")),
    "take": lambda fields: TakeOperation(fields.number("line"), fields.place()),
    "move": lambda fields: MoveOperation(fields.number("line"), fields.place(needed=True)),
    "edit": _edit,
    "section": _section,
    "element": _element,
    "fix": lambda fields: FixOperation(fields.text("code", one_line=True), fields.number("line")),
    "line": lambda fields: LineOperation(fields.number("line"), fields.text("text", one_line=True)),
    "undo": lambda _: HistoryOperation("undo"),
    "redo": lambda _: HistoryOperation("redo"),
}
