"""The library beside the issue: its rows, their pictures, collecting, and the first run."""

from __future__ import annotations

from newsletter.desk.articles import collecting, column, first, thumbs
from newsletter.desk.articles.column import column_of
from newsletter.desk.models import DeskRoute

__all__ = ["ROUTES", "column_of"]

ROUTES: tuple[DeskRoute, ...] = (*column.ROUTES, *thumbs.ROUTES, *first.ROUTES, *collecting.ROUTES)
"""The addresses of this room."""
