"""Files as a ZIP that WordPress takes; the same files always make the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Final

FOLDER: Final = "nashra"
"""The one folder inside it, which is the plugin's own in wp-content/plugins."""
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP can tell; a real one would make other bytes each time."""
_PLAIN_FILE: Final = 0o100644 << 16
_UNIX: Final = 3


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files as one ZIP. They are stored, not squeezed: what another zlib makes of them has other bytes.

    Args:
        files: Path inside the plugin's folder to what is in it.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(f"{FOLDER}/{path}", _EARLIEST)
            entry.external_attr, entry.create_system = _PLAIN_FILE, _UNIX
            archive.writestr(entry, files[path])
    return made.getvalue()
