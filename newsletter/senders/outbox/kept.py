"""Which letters of a send lie in the Maildir, and to whom: proof that outlives the database."""

from __future__ import annotations

from email.parser import BytesHeaderParser
from email.utils import parseaddr
from pathlib import Path

_MOST_BYTES = 16_384
"""Of a letter that are read: its headers are shorter."""


def kept(folder: Path, public_id: str) -> dict[str, str]:
    """The letters of a send, read by a mail program or not: the name of each delivery with the letter's address.

    Args:
        folder: The Maildir.
        public_id: Of the send; each file's name begins with it.

    Raises:
        OSError: A letter that is there cannot be read.
    """
    found: dict[str, str] = {}
    parser = BytesHeaderParser()
    for part in ("new", "cur"):
        for path in (folder / part).glob(f"{public_id}.*"):
            name = ".".join(path.name.split(":")[0].split(".")[:2])
            with path.open("rb") as file:
                headers = parser.parsebytes(file.read(_MOST_BYTES))
            found[name] = parseaddr(str(headers["To"] or ""))[1]
    return found
