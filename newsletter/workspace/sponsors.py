"""The file sponsors.toml of a workspace: which sponsor is booked where and when, checked as strictly as the settings.

Every line that is wrong is told once: file, line, key, what was found, what is wanted. Two bookings that want one place
at one moment are refused in a line that names both.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, cast

from newsletter.errors import SettingsError
from newsletter.sponsors import Booking, clashes
from newsletter.workspace.complaints import SettingsLayer, complaints
from newsletter.workspace.config import read_text, toml_fault

FILE = "sponsors.toml"
TABLE = "booking"


def read(root: Path) -> tuple[Booking, ...]:
    """The bookings of a workspace, in the order of the file; none without the file.

    Args:
        root: The folder that holds newsletter.toml.

    Raises:
        SettingsError: One problem for each line of its text: where, key, what was found, what is wanted.
    """
    path = root / FILE
    if not path.exists():
        return ()
    from pydantic import ValidationError

    from newsletter.workspace.sponsor_schema import SponsorSettings

    text = read_text(path)
    try:
        said = tomllib.loads(f"{text}\n")
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(toml_fault(error, text, path)) from None
    names = _names(text, path)
    try:
        checked = SponsorSettings.model_validate(said)
    except ValidationError as error:
        layer = SettingsLayer(said, names)
        raise SettingsError("\n".join(complaints(error, [layer], path, cast("Any", SponsorSettings)))) from None
    bookings = tuple(
        one.booking(names.get(f"{TABLE}.{at}", str(path)).partition(": ")[0]) for at, one in enumerate(checked.booking)
    )
    if found := clashes(bookings):
        raise SettingsError("\n".join(_clash(one, other, when) for one, other, when in found))
    return bookings


def _clash(one: Booking, other: Booking, when: str) -> str:
    return (
        f"{other.where}: «{other.sponsor}» is booked {other.spot} for {when} of {other.list}, and so is "
        f"«{one.sponsor}» in {one.where}; give one of them another place or other letters"
    )


def _names(text: str, path: Path) -> dict[str, str]:
    """How each table and each key of it is called, with its line."""
    names: dict[str, str] = {}
    table, count = "", -1
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?", line):
            count += header[1] == TABLE
            table = f"{TABLE}.{count}" if header[1] == TABLE else header[1]
            names[table] = f"{path}:{number}: [[{header[1]}]]" if "[[" in line else f"{path}:{number}: [{header[1]}]"
        elif key := re.match(r"\s*([\w-]+)\s*=", line):
            names[f"{table}.{key[1]}" if table else key[1]] = f"{path}:{number}: {key[1]}"
    return names
