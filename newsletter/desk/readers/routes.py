"""The addresses of the pages of readers, and who may call them."""

from __future__ import annotations

from newsletter.desk.models import DeskRoute
from newsletter.desk.readers import adding, card, importing, pages
from newsletter.desk.readers.files import LARGEST

ROUTES = (
    DeskRoute("GET", "/readers", pages.page, "look"),
    DeskRoute("GET", "/readers/rows", pages.rows, "look"),
    DeskRoute("GET", "/readers/add", adding.page, "edit"),
    DeskRoute("POST", "/readers/add", adding.add, "edit"),
    # Files show whole addresses, so they are for those who may see them.
    DeskRoute("GET", "/readers/import", importing.start, "send"),
    DeskRoute("POST", "/readers/import", importing.upload, "send", most=LARGEST + 100_000),
    DeskRoute("GET", "/readers/import/{id}", importing.look, "send"),
    DeskRoute("POST", "/readers/import/{id}/columns", importing.choose, "send"),
    DeskRoute("POST", "/readers/import/{id}/run", importing.run, "send"),
    DeskRoute("POST", "/readers/import/{id}/undo", importing.undo, "send"),
    DeskRoute("GET", "/readers/{id}", card.page, "look"),
    DeskRoute("POST", "/readers/{id}/address", card.address, "send"),
    DeskRoute("POST", "/readers/{id}/pause", card.pause, "edit"),
    DeskRoute("POST", "/readers/{id}/leave", card.leave, "edit"),
    DeskRoute("POST", "/readers/{id}/erase", card.erase, "send"),
)
