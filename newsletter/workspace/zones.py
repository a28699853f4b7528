"""Names of time zones: the one this machine is in, and what somebody meant who wrote one that does not exist."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "UCT", "Universal", "Etc/Universal", "Zulu", "Etc/Zulu", "GMT"})
"""Names that a machine has whose zone nobody chose."""
_NO_PLACES = ("Etc/", "SystemV/", "posix/", "right/")


def known(name: str) -> bool:
    """Whether there is a zone of this name (IANA)."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(name)


def nearest(name: str) -> str:
    """The zone that is meant by a name that none has, such as ``Algiers`` or ``Asia/Beyrouth``; empty for no idea.

    Args:
        name: As somebody wrote it.
    """
    import difflib
    from zoneinfo import available_timezones

    places = sorted(one for one in available_timezones() if "/" in one and not one.startswith(_NO_PLACES))
    folded = {one.casefold(): one for one in places}
    cities: dict[str, str] = {}
    for one in places:
        cities.setdefault(one.rpartition("/")[2].casefold(), one)
    wanted = name.strip().casefold().replace(" ", "_")
    if wanted in folded or wanted in cities:
        return folded.get(wanted) or cities[wanted]
    city = wanted.rpartition("/")[2]
    if "/" in wanted and city in cities:
        return cities[city]
    near = difflib.get_close_matches(wanted, [*folded, *cities], 1, cutoff=0.7)
    near = near or difflib.get_close_matches(city, cities, 1, cutoff=0.7)
    return (folded.get(near[0]) or cities[near[0]]) if near else ""


def of_machine(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> tuple[str, str]:
    """The zone that this machine is in, and what says so; both empty when nothing does.

    Args:
        environment: ``TZ`` of it comes first (POSIX; a colon before the name is allowed).
        root: Where ``etc/timezone`` and ``etc/localtime`` are looked for.
    """
    written = environment.get("TZ", "").strip().removeprefix(":")
    if written and known(_name_in(written)):
        return _name_in(written), "TZ"
    path = root / "etc/timezone"  # Debian
    try:
        if known(name := path.read_text("utf-8").strip()):
            return name, "/etc/timezone"
    except (OSError, UnicodeDecodeError):
        pass
    try:
        name = _name_in(str((root / "etc/localtime").readlink()))  # a link into the database of zones
    except OSError:
        return "", ""
    return (name, "/etc/localtime") if known(name) else ("", "")


def _name_in(path: str) -> str:
    """The name in a path such as ``/usr/share/zoneinfo/Africa/Algiers``; the text itself when it is none."""
    return path.rpartition("zoneinfo/")[2] if "zoneinfo/" in path else path
