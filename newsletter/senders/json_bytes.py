"""JSON for requests of many readers (pure): encoded once, and an address beside it without the encoder."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_ESCAPED = re.compile(r'["\\]')


def encode(value: object) -> bytes:
    """A value as compact JSON in UTF-8; an Arabic letter takes two bytes, not the six of ``\\uXXXX``."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def escaped(addresses: Sequence[str]) -> list[bytes]:
    """Each address as it stands between the quotes of a JSON string."""
    # Nearly every address needs no escape, and the encoder costs more than all the rest of a subscriber's part. All of
    # them are looked at together: a blank inside one of them would show in the number of pieces.
    together = " ".join(addresses)
    if together.isascii() and together.isprintable() and not _ESCAPED.search(together):
        pieces = together.encode("ascii").split(b" ")
        if len(pieces) == len(addresses):
            return pieces
    return [encode(address)[1:-1] for address in addresses]
