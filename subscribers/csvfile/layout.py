"""What the columns of one file mean, all of them: used, told as unused, or asked about.

The one rule: a column that speaks of leaving, trouble or consent is understood, or named by the editor, or the import
does not begin.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from subscribers.csvfile.columns import (
    TOLD_STATUS,
    ColumnChoices,
    ColumnMeaning,
    Concern,
    concern_of,
    is_date,
    silent,
    understood,
)
from subscribers.csvfile.files import lines, open_text
from subscribers.csvfile.naming import COLUMNS_OF, PEOPLE, TAGS
from subscribers.csvfile.other_programs import UNKNOWN, OtherProgram
from subscribers.csvfile.own_export import exported_columns
from subscribers.csvfile.programs import PAUSE, TOPICS, recognise
from subscribers.csvfile.vocabulary import ROLE_OF, VAGUE_ADDRESS, Standing
from subscribers.display import shown
from subscribers.errors import CsvError
from subscribers.folding import fold

MOST_VALUES = 500
"""Different cells of a column that are looked at; a column of states has a handful."""
_SHOWN_VALUES = 4
_OWN_ROLES = {"declined_topics": "topics", "paused_until": "pause"}


@dataclass(frozen=True, slots=True)
class CsvHeader:
    """A file as far as it is known before its columns are understood."""

    path: Path
    encoding: str
    delimiter: str
    skip: int
    """Lines before the header that belong to no row (``sep=;``)."""
    header: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """How a file is to be read."""

    encoding: str
    """A Python codec: ``utf-8-sig``, ``utf-8``, ``utf-16`` …, or ``cp1256``."""
    delimiter: str
    address: int
    """Index of the column of addresses."""
    rhythm: int | None = None
    """Index of the column of rhythms."""
    says: tuple[tuple[int, ColumnMeaning], ...] = ()
    """Index of every column that says how a person stands, and how to understand it."""
    everybody: Standing | None = None
    """How everybody in the file stands, by its name, its columns or the editor's word."""
    columns: tuple[tuple[str, str], ...] = ()
    """What each used column was understood as: (its name in the file, ``address`` | ``status`` | ``rhythm`` …)."""
    unused: tuple[str, ...] = ()
    """Names of the columns that nothing is taken from, with what is known of them."""
    header: tuple[str, ...] = ()
    """Names of all columns; empty when the first row is a person already."""
    skip: int = 0
    """Lines before the header that belong to no row (``sep=;``)."""
    tool: OtherProgram = UNKNOWN
    """The program whose export this is, when the columns say so."""
    choices: tuple[int, int] | None = None
    """Indexes of the columns of declined topics and of pauses; only our own export has them."""
    evidence: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """What tells of the consent (``agreed``, ``network`` …) to the indexes of its columns, the best first."""
    own: Mapping[str, int] = field(default_factory=dict)
    """Which of our own columns stands where; empty unless the file is our own export."""
    topics: tuple[int, Mapping[str, int]] | None = None
    """Index of the column that names topics, and the bit of each folded title."""
    name: int | None = None
    """Index of the column with what people are called, when it is to be kept."""

    @property
    def encoding_name(self) -> str:
        """The encoding as people call it."""
        return encoding_name(self.encoding)


def encoding_name(codec: str) -> str:
    """What people call an encoding.

    Args:
        codec: Name of a Python codec.
    """
    if codec == "cp1256":
        return "windows-1256"
    return "utf-16" if codec.startswith("utf-16") else "utf-8"


def layout_of(shape: CsvHeader, choices: ColumnChoices, topics: Sequence[str]) -> CsvLayout:
    """Decide what each column of a file means.

    Args:
        shape: The file, with a column of addresses.
        choices: What the editor says of its columns.
        topics: Titles of the list's topics, in the order of their bits.

    Raises:
        CsvError: A column whose meaning must be told first, or one that the editor names and that is not there.
    """
    return _Columns(shape, choices).layout(topics)


class _Columns:
    """The columns of one file on their way to a layout."""

    def __init__(self, shape: CsvHeader, choices: ColumnChoices) -> None:
        self._shape, self._choices = shape, choices
        self._all = [fold(cell) for cell in shape.header]
        self._ignored = {at for name in choices.ignore for at in self._named(name, "--ignore-column")}
        self._told = [at for name in choices.status for at in self._named(name, "--status-column")]
        # An ignored column has no name any more.
        self._names = ["" if at in self._ignored else name for at, name in enumerate(self._all)]
        self._tool = recognise(self._names)
        self._used: dict[int, str] = {}

    def layout(self, topics: Sequence[str]) -> CsvLayout:
        names, tool, shape = self._names, self._tool, self._shape
        address = self._named(said, "--address-column")[0] if (said := self._choices.address) else address_column(names)
        if address is None:
            raise CsvError("the column of addresses is ignored", where=str(shape.path), mend="keep one of them")
        self._use(address, "address")
        rhythm = next((at for at, name in enumerate(names) if ROLE_OF.get(name) == "rhythm"), None)
        if rhythm is not None:
            self._use(rhythm, "rhythm")
        self._judge_name()
        own = {TOPICS, PAUSE} <= tool.needs
        ours = self._own() if own else {}
        evidence = {} if own else self._evidence()
        picked, called = self._topics(topics), self._called()
        says = () if self._choices.everybody else tuple(self._says())
        return CsvLayout(
            encoding=shape.encoding,
            delimiter=shape.delimiter,
            address=address,
            rhythm=rhythm,
            says=says,
            everybody=self._choices.everybody or tool.stands(shape.path.stem),
            columns=tuple((shown(shape.header[at]), self._used[at]) for at in sorted(self._used)),
            unused=tuple(self._unused()),
            header=shape.header,
            skip=shape.skip,
            tool=tool,
            choices=(names.index(TOPICS), names.index(PAUSE)) if own else None,
            evidence=evidence,
            own=ours,
            topics=picked,
            name=ours.get("name") if called is None else called,
        )

    # ---- which column is which

    def _named(self, wanted: str, option: str) -> list[int]:
        """Indexes of the columns that an editor means; ``Name:2`` is the second of that name."""
        before, colon, number = wanted.rpartition(":")
        found = [at for at, name in enumerate(self._all) if name == fold(wanted)]
        if not found and colon and number.isdecimal():
            same = [at for at, name in enumerate(self._all) if name == fold(before)]
            found = same[int(number) - 1 : int(number)] if int(number) else []
        if not found:
            names = ", ".join(f"'{shown(cell, 20)}'" for cell in self._shape.header[:12])
            raise CsvError(
                f"no column is called '{shown(wanted)}'; there are {names}",
                where=str(self._shape.path),
                mend=f"name one of these with {option}",
            )
        return found

    def _use(self, at: int, role: str) -> None:
        same = [other for other, name in enumerate(self._names) if name == self._names[at]]
        if len(same) > 1 and self._differ(same):
            places = " and ".join(str(one + 1) for one in same)
            name = shown(self._shape.header[at], 30)
            raise CsvError(
                f"columns {places} are both called '{name}', and one of them is the {role}",
                where=self._where(),
                mend=f"say which to leave out: --ignore-column '{name}:1' or --ignore-column '{name}:2'",
            )
        self._used.setdefault(at, role)

    def _differ(self, same: Sequence[int]) -> bool:
        return any(len({row[at] if at < len(row) else "" for at in same}) > 1 for row in self._rows())

    def _judge_name(self) -> None:
        """Stop where the file is of people who never were readers, or does not tell whose file it is."""
        if self._choices.everybody:
            return
        why = self._tool.nobody(self._shape.path.stem)
        if why:
            raise CsvError(
                f"{why}; nothing was imported",
                where=str(self._shape.path),
                mend="leave this file out, or keep these addresses out for good with --as left",
            )
        if self._tool.asks and self._tool.stands(self._shape.path.stem) is None and not self._told:
            name = next(name for name in self._shape.header if fold(name) == "created")
            raise CsvError(
                f"{self._tool.asks}, so these may be people who left",
                where=str(self._shape.path),
                mend=f"if so, --as left (or --as suppressed); if they agreed to get letters, --ignore-column {name}",
            )

    # ---- how people stand

    def _says(self) -> list[tuple[int, ColumnMeaning]]:
        """Every column that says how a person stands, with how to understand it."""
        found: list[tuple[int, ColumnMeaning]] = []
        for at in self._told:
            self._use(at, "status")
            found.append((at, TOLD_STATUS))
        for at, name in enumerate(self._names):
            if name in self._tool.says and at not in self._told:
                self._use(at, "status")
                found.append((at, self._tool.says[name]))
        left_open = {
            at: concern for at, name in enumerate(self._names) if (concern := self._speaks(at, name)) is not None
        }
        values = self._values(left_open)
        for at, concern in left_open.items():
            meaning = understood(self._names[at], concern, values[at])
            if meaning is not None:
                self._use(at, "status")
                found.append((at, meaning))
            elif not silent(self._names[at], concern, values[at]):
                raise self._unclear(at, sorted(values[at])[:_SHOWN_VALUES])
        return found

    def _speaks(self, at: int, name: str) -> Concern | None:
        settled = at in self._used or name in self._tool.harmless or not name
        return None if settled else concern_of(name)

    def _unclear(self, at: int, values: Sequence[str]) -> CsvError:
        name = shown(self._shape.header[at], 40)
        some = ", ".join(f"'{shown(value, 20)}'" for value in values)
        return CsvError(
            f"the column '{name}' may say who must not be mailed, and it is not plain how (it has {some}); "
            "nothing was imported",
            where=self._where(),
            mend=f"say that it does not matter with --ignore-column '{name}', or that its words are how people stand "
            f"with --status-column '{name}'",
        )

    def _values(self, columns: Mapping[int, object]) -> dict[int, set[str]]:
        """The different cells of some columns that are not empty, at most `MOST_VALUES` of each."""
        found: dict[int, set[str]] = {at: set() for at in columns}
        if not found:
            return found
        dated: set[int] = set()
        for row in self._rows():
            for at, values in found.items():
                cell = row[at].strip() if at < len(row) else ""
                if not cell or cell in values or len(values) >= MOST_VALUES:
                    continue
                # One day says as much as a thousand, and would hide the one word that is none behind them.
                if is_date(cell):
                    if at in dated:
                        continue
                    dated.add(at)
                values.add(cell)
        return found

    def _rows(self) -> Iterator[list[str]]:
        """The rows behind the header, one at a time: a file may have a million.

        One that cannot be read to its end is told when its rows are taken.
        """
        shape, header_seen = self._shape, False
        with closing(open_text(shape.path, shape.encoding)) as file:
            try:
                reader = csv.reader(
                    lines(shape.path, file, shape.skip), delimiter=shape.delimiter, escapechar=self._tool.escape
                )
                for cells in reader:
                    if any(cell.strip() for cell in cells):
                        if header_seen:
                            yield cells
                        header_seen = True
            except (csv.Error, UnicodeError):
                return

    # ---- what else a file tells

    def _own(self) -> dict[str, int]:
        """The columns of our own export."""
        found = exported_columns(self._names)
        for name, at in found.items():
            if name not in {"status", "suppressed"}:  # what stands there says how people stand, and is used as that
                self._use(at, "consent" if name.startswith("consent_") else _OWN_ROLES.get(name, name))
        return found

    def _evidence(self) -> dict[str, tuple[int, ...]]:
        """The columns that tell of the consent: when, from which network, on which page."""
        tool = self._tool
        wanted = {"agreed": tool.agreed, "confirmed": tool.confirmed, "network": tool.network, "page": tool.page}
        found: dict[str, tuple[int, ...]] = {}
        for key, names in (wanted if tool is not UNKNOWN else COLUMNS_OF).items():
            columns = tuple(self._names.index(name) for name in names if name in self._names)
            columns = tuple(at for at in columns if at not in self._told)
            if columns:
                found[key] = columns
                for at in columns:
                    # In a file of nobody we know a day of consent is also judged: an empty one, or a word, is none.
                    judged = tool is UNKNOWN and concern_of(self._names[at]) is not None
                    if self._names[at] not in tool.says and not judged:
                        self._use(at, "consent")
        return found

    def _topics(self, titles: Sequence[str]) -> tuple[int, Mapping[str, int]] | None:
        if not self._choices.topics:
            return None
        [at, *_] = self._named(self._choices.topics, "--topics-column")
        bits = {fold(title): bit for bit, title in enumerate(titles) if title}
        if not bits:
            raise CsvError(
                "this list has no topics, so no column can name them",
                where=str(self._shape.path),
                mend="leave --topics-column out, or give the list topics in newsletter.toml",
            )
        self._use(at, "topics")
        return at, bits

    def _called(self) -> int | None:
        if not self._choices.name:
            return None
        [at, *_] = self._named(self._choices.name, "--name-column")
        self._use(at, "name")
        return at

    def _unused(self) -> list[str]:
        told = []
        for at, cell in enumerate(self._shape.header):
            name = self._names[at]
            if at in self._used or not cell.strip():
                continue
            note = ""
            if at in self._ignored:
                note = " (ignored)"
            elif name in self._tool.names or name in PEOPLE:
                note = " (a name; letters carry none)"
            elif name in self._tool.topics or name in TAGS:
                note = f" (--topics-column '{shown(cell, 30)}' takes topics from it)"
            told.append(f"{shown(cell, 60)}{note}")
        return told

    def _where(self) -> str:
        return f"{self._shape.path}:{self._shape.skip + 1}"


def address_column(names: Sequence[str]) -> int | None:
    """Index of the column of addresses: by a name that says e-mail, else by one that may also mean a street.

    Args:
        names: Folded names of all columns.
    """
    sure = (at for at, name in enumerate(names) if ROLE_OF.get(name) == "address")
    vague = (at for at, name in enumerate(names) if name in VAGUE_ADDRESS)
    return next(chain(sure, vague), None)
