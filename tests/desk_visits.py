"""Somebody at the desk without a browser: signed in, with what each request that writes must carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from newsletter.desk.app import create_app
from newsletter.desk.desk import Desk

if TYPE_CHECKING:
    import httpx2

    from newsletter.wiring import Workspace

PORT = 8765
BASE = f"http://127.0.0.1:{PORT}"


class DeskVisitor(TestClient):
    """A browser that is signed in at a desk; ``post`` sends its forms as the desk's own pages do.

    Args:
        desk: The desk.
        roles: What the person may do beside looking.
        name: Of the person.
    """

    def __init__(self, desk: Desk, roles: tuple[str, ...] = ("edit", "send"), name: str = "سلمى") -> None:
        super().__init__(create_app(desk), base_url=BASE, follow_redirects=False, raise_server_exceptions=False)
        self.desk = desk
        self.csrf = ""

    def post(self, url: str, **more: Any) -> httpx2.Response:  # type: ignore[override]
        """Send something as our own page does."""
        own = {"origin": BASE, "sec-fetch-site": "same-origin", "x-csrf": self.csrf}
        return super().post(url, headers={**own, **_lower(more.pop("headers", None))}, **more)


def _lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}


def at_desk(workspace: Workspace, *roles: str, name: str = "سلمى") -> DeskVisitor:
    """A desk of a workspace, with somebody at it.

    Args:
        workspace: Open.
        roles: ``edit``, ``send``; without any both.
        name: Of the person.
    """
    return DeskVisitor(Desk(workspace), roles or ("edit", "send"), name)
