"""The editors' side: from collected articles to a letter in every subscriber's inbox.

Other programs use it through four names, imported when they are first asked for; docs/en/python.md shows how::

    from newsletter import open_workspace

    with open_workspace("w") as newsroom:
        newsroom.collect("https://example.org/")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.api import Newsroom, make_workspace, open_workspace
    from subscribers.errors import Complaint

__all__ = ["Complaint", "Newsroom", "__version__", "make_workspace", "open_workspace"]
__version__ = "0.1.0"

if not TYPE_CHECKING:  # a type checker would take every other name for one that is found here

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used, so that ``import newsletter`` stays light (PEP 562)."""
        if name == "Complaint":
            from subscribers.errors import Complaint

            return Complaint
        if name in __all__:
            from newsletter import api

            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
