"""The file sponsors.toml of a workspace: which sponsor is booked where and when, checked as strictly as the settings.

Every line that is wrong is told once: file, line, key, what was found, what is wanted. Two bookings that want one place
at one moment are refused in a line that names both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from newsletter.errors import SettingsError
from newsletter.sponsors import Booking, clashes
from newsletter.workspace.complaints import complaints
from newsletter.workspace.layers import file_layer

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

    layer = file_layer(path)
    try:
        checked = SponsorSettings.model_validate(layer.values)
    except ValidationError as error:
        raise SettingsError("\n".join(complaints(error, [layer], path, cast("Any", SponsorSettings)))) from None
    places = (layer.names.get(f"{TABLE}.{at}", str(path)).partition(": ")[0] for at in range(len(checked.booking)))
    bookings = tuple(one.booking(where) for one, where in zip(checked.booking, places, strict=True))
    if found := clashes(bookings):
        raise SettingsError("\n".join(_clash(one, other, when) for one, other, when in found))
    return bookings


def _clash(one: Booking, other: Booking, when: str) -> str:
    return (
        f"{other.where}: «{other.sponsor}» is booked {other.spot} for {when} of {other.list}, and so is "
        f"«{one.sponsor}» in {one.where}; give one of them another place or other letters"
    )
