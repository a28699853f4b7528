"""One picture in its several sizes."""

from __future__ import annotations

import re

_SIZED = re.compile(r"-(?:\d{1,5}x\d{1,5}|scaled)(?=\.\w{2,5}$)")


def whole_size(address: str) -> str:
    """The address of a picture whatever its size: WordPress calls a smaller one ``name-300x200.jpg``.

    Args:
        address: With or without a query, which is left out.
    """
    return _SIZED.sub("", re.sub(r"[?#].*$", "", address))
