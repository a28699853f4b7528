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


def direction_of(node: HtmlElement) -> str:
    """``rtl`` or ``ltr`` where an element says so, or empty.

    Args:
        node: Any element.
    """
    way = (node.get("dir") or "").lower()
    return way if way in ("rtl", "ltr") else ""
