"""Versions of what we stand on that are known to have a fault which concerns this program; with the source of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownFault:
    """A fault of some versions of a program or package."""

    name: str
    """``python``, ``sqlite``, or the name of a distribution as packages are installed by."""
    words: str
    """What is wrong with them, in half a sentence."""
    fixed: tuple[str, ...]
    """The first version without it, of each line of versions that got the correction; the newest line first."""
    source: str
    since: str = "0"
    """The first version that has it."""

    def has(self, version: str) -> bool:
        """Whether a version has the fault.

        Args:
            version: As it tells itself.
        """
        ours = numbers(version)
        if ours < numbers(self.since) or ours >= numbers(self.fixed[0]):
            return False
        # An older line that got the correction too: the same numbers but for the last.
        return not any(ours[:2] == numbers(one)[:2] and ours >= numbers(one) for one in self.fixed[1:])

    def mended(self, version: str) -> str:
        """The nearest version without the fault.

        Args:
            version: One that has it.
        """
        line = numbers(version)[:2]
        return next((one for one in self.fixed if numbers(one)[:2] == line), self.fixed[0])


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers that can be compared: ``3.11.7+`` is 3, 11, 7.

    Args:
        version: As it tells itself.
    """
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else (0,)


FAULTS: Sequence[KnownFault] = (
    KnownFault(
        "python",
        "line ends in header fields are not refused when a message is written (CVE-2024-6923)",
        ("3.13.0", "3.12.5", "3.11.10"),
        "https://www.cve.org/CVERecord?id=CVE-2024-6923",
    ),
    KnownFault(
        "sqlite",
        "two processes that write and tidy up at the same moment can, very rarely, damage a file in WAL mode",
        ("3.51.3", "3.50.7", "3.44.6"),
        "https://www.sqlite.org/wal.html#walresetbug",
        since="3.7.0",
    ),
    KnownFault(
        "pillow",
        "a picture made for it writes beyond its memory (CVE-2026-25990, and others until 12.3)",
        ("12.3.0",),
        "https://pillow.readthedocs.io/en/stable/releasenotes/",
    ),
    KnownFault(
        "jinja2",
        "a template can leave the sandbox (CVE-2025-27516)",
        ("3.1.6",),
        "https://www.cve.org/CVERecord?id=CVE-2025-27516",
    ),
    KnownFault(
        "starlette",
        "limits of forms can be got round (CVE-2026-54283)",
        ("1.3.1",),
        "https://github.com/Kludex/starlette/security/advisories",
    ),
    KnownFault(
        "idna",
        "a name made for it costs minutes (CVE-2024-3651)",
        ("3.7",),
        "https://www.cve.org/CVERecord?id=CVE-2024-3651",
    ),
    KnownFault(
        "h11",
        "a request can be hidden behind another one (CVE-2025-43859)",
        ("0.16.0",),
        "https://www.cve.org/CVERecord?id=CVE-2025-43859",
    ),
)
"""What is looked for. A fault that the packages this program asks for exclude already is still looked for: somebody may
have put an older one in its place."""


def found(version: Callable[[str], str], *names: str) -> Iterator[tuple[KnownFault, str]]:
    """The faults that what is installed has, each with the version.

    Args:
        version: Gives the version of a program or package; empty when it is not there.
        names: Which of them are looked at; none for all.
    """
    for one in FAULTS:
        if (not names or one.name in names) and (there := version(one.name)) and one.has(there):
            yield one, there


def installed(name: str) -> str:
    """The version of a program or package on this machine; empty when it is not there.

    Args:
        name: ``python``, ``sqlite``, or the name of a distribution.
    """
    import platform
    from importlib import metadata

    if name == "python":
        return platform.python_version()
    if name == "sqlite":
        import sqlite3

        return sqlite3.sqlite_version
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
