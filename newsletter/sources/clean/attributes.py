"""What elements say in their attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement


def classes(element: HtmlElement) -> frozenset[str]:
    """The class names of an element.

    Args:
        element: Any element.
    """
    return frozenset((element.get("class") or "").lower().split())
