"""Files that other programs export: what an entry of the table says, and which entry a file belongs to (pure).

The entries are in `subscribers.csvfile.programs`. A file is known by its columns first; its name only tells apart
what the columns of one program leave open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from subscribers.csvfile.columns import ColumnMeaning
from subscribers.csvfile.vocabulary import Standing
from subscribers.folding import fold


@dataclass(frozen=True, slots=True)
class OtherProgram:
    """A program whose export we know."""

    name: str
    needs: frozenset[str]
    """Folded names of columns that are all there."""
    says: Mapping[str, ColumnMeaning]
    """Folded name of a column to what its cells say."""
    source: str = ""
    """What the entry rests on."""
    any_of: frozenset[str] = frozenset()
    """Folded names of columns of which at least one is there."""
    only: frozenset[str] | None = None
    """Folded names beside which no other column is there; None where any may be."""
    everybody: Standing | None = None
    """What such a file says of everybody in it."""
    files: Mapping[str, Standing] = field(default_factory=dict)
    """Part of the file's folded name to what it says of everybody in it; the first that fits."""
    no_readers: Mapping[str, str] = field(default_factory=dict)
    """Part of the file's folded name to why nobody in it is a reader."""
    asks: str = ""
    """What has to be said of such a file, when its name does not say it; empty when its columns are enough."""
    agreed: tuple[str, ...] = ()
    """Folded names of columns that tell when the person agreed, the best first."""
    confirmed: tuple[str, ...] = ()
    """The same for when they confirmed it by a link."""
    network: tuple[str, ...] = ()
    """The same for the network address they did it from."""
    page: tuple[str, ...] = ()
    """The same for the form, page or other place."""
    names: frozenset[str] = frozenset()
    """Folded names of columns with the names of people: letters carry none, so they are not kept."""
    topics: tuple[str, ...] = ()
    """Folded names of columns whose cells may name topics."""
    harmless: frozenset[str] = frozenset()
    """Folded names of columns that sound as if they spoke of leaving, and do not."""
    escape: str | None = None
    """What stands before a quotation mark inside a quoted cell, when it is not doubled."""
    guarded: bool = False
    """Cells that look like formulas have an apostrophe in front."""
    note: str = ""
    """What an editor should know before anything is written."""

    def fits(self, names: frozenset[str]) -> bool:
        """Whether a file with these columns comes from this program.

        Args:
            names: Folded names of all its columns.
        """
        if not self.needs <= names or (self.any_of and not self.any_of & names):
            return False
        return self.only is None or names <= self.only

    def stands(self, file_name: str) -> Standing | None:
        """What the file says of everybody in it; None when each row has to.

        Args:
            file_name: The file's name without its ending.
        """
        name = fold(file_name)
        return next((one for part, one in self.files.items() if part in name), self.everybody)

    def nobody(self, file_name: str) -> str:
        """Why nobody in the file is a reader, by its name; empty when some may be.

        Args:
            file_name: The file's name without its ending.
        """
        name = fold(file_name)
        return next((why for part, why in self.no_readers.items() if part in name), "")


UNKNOWN = OtherProgram(name="", needs=frozenset(), says={})
"""Any other file: its columns are understood by their names and what stands in them."""
