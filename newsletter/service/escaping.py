"""Paths and words as systemd reads them back from a unit (pure).

Three places have three rules: the words of a command line (systemd.service(5), "Command lines"), the words of a list
of paths, and a value that is the whole rest of its line. Specifiers (``%``) are replaced in all of them.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from newsletter.errors import SettingsError

_PLAIN = re.compile(r"[\w@%+=:,./-]+")
"""What needs no quotes; letters of every script are among it."""


def command_word(word: str) -> str:
    """A word of a command line: neither a variable nor a specifier, whatever stands in it.

    Args:
        word: One argument.
    """
    return _quoted(word.replace("%", "%%").replace("$", "$$"))


def listed_path(path: Path, before: str = "") -> str:
    """A path in a list of paths, such as that of ``ReadWritePaths=``.

    Args:
        path: An absolute one.
        before: A sign of systemd's that stands before it: ``-`` where it may be missing.
    """
    return _quoted(before + str(path).replace("%", "%%"))


def whole_path(path: Path) -> str:
    """A path that is all of its value, where quotes would be part of it.

    Args:
        path: An absolute one.
    """
    return str(path).replace("%", "%%")


def sayable(path: Path, what: str) -> Path:
    """The path, if a unit can name it.

    Args:
        path: Of a file or folder.
        what: How it is called in the complaint.

    Raises:
        SettingsError: A sign is in it that a list of paths cannot hold, or that ends its line otherwise.
    """
    text = str(path)
    if any(unicodedata.category(sign) == "Cc" for sign in text):
        wrong = "a line break or another control character"
    elif text != text.strip() or text.endswith("\\"):
        wrong = "a blank or a backslash at its end"
    else:
        return path
    raise SettingsError(
        f"{what} has {wrong} in its name, and no unit of systemd can name it",
        where=ascii(text),
        mend="give it another name",
    )


def _quoted(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
