"""An address, or a page in a file, shown in the browser of whoever sits at this machine."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping


def has_screen(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a browser would open where somebody sees it: on this machine's screen, and not at the far end of SSH.

    Args:
        environment: Of the process.
        platform: As ``sys.platform`` names it.
    """
    graphical = platform in {"darwin", "win32"} or any(environment.get(one) for one in ("DISPLAY", "WAYLAND_DISPLAY"))
    return graphical and not environment.get("SSH_CONNECTION")


def show_in_browser(address: str) -> bool:
    """Open the browser, where there is a screen to show it on; gives whether one was found.

    Args:
        address: Of the web, or of a file (``file://…``).
    """
    if not has_screen():
        return False
    import webbrowser

    with contextlib.suppress(webbrowser.Error, OSError):
        return webbrowser.open(address)
    return False
