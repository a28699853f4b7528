"""Somebody at the desk without a browser: signed in, with what each request that writes must carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.testclient import TestClient

from newsletter.desk.app import create_app
from newsletter.desk.desk import Desk
from newsletter.desk.models import Editor, Role
from newsletter.desk.sign_ins import SignIn

if TYPE_CHECKING:
    import httpx2

    from newsletter.wiring import Workspace

PORT = 8765
BASE = f"http://127.0.0.1:{PORT}"


class StaffedDesk(Desk):
    """A desk at which everybody who is signed in has the same roles."""

    roles: frozenset[Role] = frozenset({"edit", "send"})

    def editor_of(self, sign_in: SignIn) -> Editor | None:
        return Editor(sign_in.name, self.roles)


class DeskVisitor(TestClient):
    """A browser that is signed in at a desk; ``post`` sends its forms as the desk's own pages do.

    Args:
        desk: The desk.
        name: Of the person.
    """

    def __init__(self, desk: Desk, name: str = "سلمى") -> None:
        super().__init__(create_app(desk), base_url=desk.address.base, follow_redirects=False)
        self.desk = desk
        cookie = desk.sign_ins.begin(name)
        self.cookies.set(desk.address.cookie, cookie, domain=urlsplit(desk.address.base).hostname or "", path="/")
        self.sign_in = desk.sign_ins.find(cookie)
        self.csrf = self.sign_in.csrf if self.sign_in is not None else ""

    def post(self, url: str, **more: Any) -> httpx2.Response:  # type: ignore[override]
        """Send something as our own page does."""
        own = {"origin": self.desk.address.base, "sec-fetch-site": "same-origin", "x-csrf": self.csrf}
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
    desk = StaffedDesk(workspace, PORT)
    desk.roles = frozenset(roles or ("edit", "send"))  # type: ignore[arg-type]
    return DeskVisitor(desk, name)
