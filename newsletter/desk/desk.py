"""The desk of one workspace: what its handlers share."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from ipaddress import ip_network
from typing import TYPE_CHECKING

from newsletter.desk import address
from newsletter.desk.articles.shelf import DeskLibrary
from newsletter.desk.delays import SignInDelays
from newsletter.desk.events import DeskEvents
from newsletter.desk.frame import DeskPages
from newsletter.desk.models import Editor, Role
from newsletter.desk.sending.memory import SendMemory
from newsletter.desk.sign_ins import ALONE, NAMED, TOKEN, SignIn, SignIns
from newsletter.desk.week.letter import ShownLetters
from newsletter.workspace.editors import EditorsFile, NamedEditor, folded

if TYPE_CHECKING:
    from newsletter.ledger.activity import Act
    from newsletter.wiring import Workspace
    from newsletter.workflows.outgoing import DeliveryThread

ENTRY = "/enter"
"""Where a token is traded for a cookie."""


class Desk:
    """What lives as long as the desk is served.

    Args:
        workspace: The workspace, open.
        port: That it listens at; another one is told with `answers_at`.
    """

    def __init__(self, workspace: Workspace, port: int = 8765) -> None:
        self.workspace = workspace
        self.warnings = 0
        """What the last examination warned of, for the dot in the frame."""
        settings = workspace.settings.desk
        self.named = bool(settings.url)
        """Whether people sign in by name; else whoever starts the desk is alone at it."""
        self.proxies = tuple(ip_network(one) for one in settings.trusted_proxies) if self.named else ()
        self.sign_ins = SignIns(workspace.now, NAMED if self.named else ALONE)
        self.delays = SignInDelays(workspace.now)
        # One of each from the first moment: two requests that come at once must not get two hubs, or two memories.
        self.events = DeskEvents(workspace.root)
        """What open pages are told."""
        self.letters = ShownLetters(workspace)
        """The letters of the issues that are being edited."""
        self.library = DeskLibrary(workspace)
        """The library in memory, and the small pictures of its articles."""
        self.sending = SendMemory(self._wake)
        """What it remembers of its sends."""
        self._editors = EditorsFile(workspace.root)
        self._endings: dict[object, Callable[[], None]] = {}
        self.deliveries: DeliveryThread | None = None
        """What delivers its letters, while it is served."""
        self.answers_at(port)

    def answers_at(self, port: int) -> None:
        """Say at which port it listens."""
        url = self.workspace.settings.desk.url
        self.address = address.behind_proxy(url) if url else address.alone(port)

    def invitation(self, lasts: timedelta = TOKEN) -> str:
        """The path of the desk with a token that lets one browser in once.

        It stands in the fragment, which no browser sends and no log shows.

        Args:
            lasts: How long the token is good.
        """
        return f"{ENTRY}#{self.sign_ins.token(lasts)}"

    def editor_of(self, sign_in: SignIn) -> Editor | None:
        """Who is signed in; None once they were taken from the desk, or have another password.

        Args:
            sign_in: Of this desk.
        """
        if not self.named:
            return Editor(sign_in.name, frozenset[Role]({"edit", "send"}))
        found = self._editors.now().get(folded(sign_in.name))
        if found is None or found.stamp != sign_in.stamp:
            return None
        return editor_named(found)

    @cached_property
    def account(self) -> str:
        """The name of whoever is alone at the desk: that of their account on this machine."""
        try:
            return getpass.getuser().partition("@")[0] or "desk"
        except (KeyError, OSError, ImportError):
            return "desk"

    def noted(self, act: Act, *, by: str, about: str = "") -> None:
        """Write down that somebody did something that no other transaction does.

        Args:
            act: What was done.
            by: Who did it.
            about: Number of an issue, a public id, or a count.
        """
        from newsletter.ledger import activity

        workspace = self.workspace
        with workspace.database.write() as connection:
            activity.note(connection, act, by=by, about=about, now=workspace.now())

    def at_end(self, function: Callable[[], None], name: str = "") -> None:
        """Have something called once when the desk ends, before it waits for what is under way.

        Args:
            function: What is called.
            name: Of what many requests want done once: the last one takes the place of those before.
        """
        self._endings[name or object()] = function

    def end(self) -> None:
        """End what pages are told, and call everything that waits for the end of the desk, the newest first; once."""
        self.events.end()
        while self._endings:
            self._endings.popitem()[1]()

    def reopen(self) -> None:
        """Go on with what the settings say now: after somebody saved them.

        Raises:
            SettingsError: They are wrong; those of before hold.
        """
        self.workspace.renew()
        self.__dict__.pop("pages", None)

    def _wake(self) -> None:
        if self.deliveries is not None:
            self.deliveries.wake()

    @cached_property
    def pages(self) -> DeskPages:
        """Its pages."""
        workspace = self.workspace
        return DeskPages(workspace.templates, workspace.publication, workspace.settings.desk.language)


def editor_named(found: NamedEditor) -> Editor:
    """Somebody of the desk's people, as its handlers know them."""
    return Editor(found.name, frozenset[Role](role for role in ("edit", "send") if role in found.roles))
