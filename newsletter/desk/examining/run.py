"""The examinations of one desk: the last one kept in memory, and one under way told as it goes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from newsletter.workflows import doctor
from newsletter.workflows.doctor import LINES, Examined, Instruments

if TYPE_CHECKING:
    from newsletter.desk.desk import Desk


@dataclass(frozen=True, slots=True)
class DoctorView:
    """What is known at one moment."""

    lines: tuple[Examined, ...] = ()
    """Of the last examination that ended; of the one under way as far as it has come, when none has."""
    ended: datetime | None = None
    """When the last one ended."""
    running: bool = False
    waits_for: str = ""
    """Heading of the line that is waited for now, in English."""
    told: int = 0
    """Lines of the one under way that are there."""
    fault: str = ""
    """Why the last one gave no lines; empty when it did."""


class DoctorRun:
    """The doctor of one desk; one examination at a time.

    Args:
        desk: The desk.
        instruments: What to look with; None takes the machine's own.
    """

    def __init__(self, desk: Desk, instruments: Instruments | None = None) -> None:
        self._desk = desk
        self.instruments = instruments
        self._lock = threading.Lock()
        self._view = DoctorView()
        self._thread: threading.Thread | None = None

    @property
    def view(self) -> DoctorView:
        """What is known now."""
        return self._view

    def start(self) -> None:
        """Begin an examination, unless one is under way."""
        with self._lock:
            if self._view.running:
                return
            self._view = replace(self._view, running=True, told=0, waits_for="", fault="")
            self._thread = threading.Thread(target=self._examine, name="desk doctor", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for the end of the one under way.

        Args:
            seconds: At most so long.
        """
        if self._thread is not None:
            self._thread.join(seconds)

    def look_again(self, *names: str) -> None:
        """Examine some lines at once, and put them in the place of those that were there.

        Args:
            names: Of ``LINES``.
        """
        fresh = self._lines(only=names)
        with self._lock:
            old = self._view.lines
            if old:
                order = list(LINES)
                rest = [line for line in old if line.name not in names]
                told = tuple(sorted((*rest, *fresh), key=lambda line: order.index(line.name)))
                self._view = replace(self._view, lines=told)
        self._warn()

    def _examine(self) -> None:
        view = DoctorView()
        try:
            lines = self._lines(begun=self._begun, told=self._told)
            view = DoctorView(tuple(lines), self._desk.workspace.now())
        except Exception as error:  # a thread of its own: nobody else would hear of it
            view = replace(self._view, running=False, fault=str(error) or type(error).__name__)
        finally:
            with self._lock:
                self._view = view
            self._warn()

    def _lines(
        self,
        only: tuple[str, ...] = (),
        begun: Callable[[str], None] = lambda _: None,
        told: Callable[[Examined], None] = lambda _: None,
    ) -> list[Examined]:
        workspace = self._desk.workspace
        return doctor.examine(
            workspace.root, workspace.environment, only=only, instruments=self.instruments, begun=begun, told=told
        )

    def _begun(self, title: str) -> None:
        with self._lock:
            self._view = replace(self._view, waits_for=title)
        self._publish()

    def _told(self, line: Examined) -> None:
        with self._lock:
            lines = self._view.lines if self._view.ended is not None else (*self._view.lines, line)
            self._view = replace(self._view, told=self._view.told + 1, lines=lines)

    def _warn(self) -> None:
        self._desk.warnings = sum(line.state in {"warn", "fail"} for line in self._view.lines)
        self._publish()

    def _publish(self) -> None:
        view = self._view
        self._desk.events.publish("doctor", {"running": view.running, "told": view.told, "of": len(LINES)})


_RUNS: WeakKeyDictionary[Desk, DoctorRun] = WeakKeyDictionary()
_LOCK = threading.Lock()


def run_of(desk: Desk) -> DoctorRun:
    """The examinations of a desk, which are kept as long as it lives.

    Args:
        desk: The desk.
    """
    with _LOCK:
        return _RUNS.setdefault(desk, DoctorRun(desk))
