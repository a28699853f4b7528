"""What the doctor tells, and what it looks with."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from newsletter.check import probe

if TYPE_CHECKING:
    import ssl
    from datetime import datetime

    from newsletter.check.probe import Connect, Resolver
    from newsletter.wiring import Workspace
    from newsletter.workflows.doctor.examination import Examination
    from newsletter.workflows.status.reading import DiskUsage

DoctorState = Literal["ok", "warn", "fail", "skipped"]

GROUPS: Mapping[str, str] = {
    "mail": "Your mail in your name",
    "provider": "The provider",
    "pages": "The reader pages",
    "runs": "What runs by itself",
    "kept": "What is kept",
    "entry": "Who comes in",
    "machine": "The machine",
}
"""Groups of lines in the order in which they are told, with their headings."""
LINES: Mapping[str, tuple[str, str]] = {
    "domain": ("mail", "Domain of From"),
    "spf": ("mail", "SPF"),
    "dkim": ("mail", "DKIM"),
    "dmarc": ("mail", "DMARC"),
    "bounces": ("mail", "Bounce address"),
    "mta-sts": ("mail", "MTA-STS"),
    "tls-rpt": ("mail", "TLS-RPT"),
    "bimi": ("mail", "BIMI"),
    "reputation": ("mail", "What receivers say"),
    "sender": ("provider", "Way out"),
    "fallback": ("provider", "Way out in need"),
    "webhook": ("provider", "News of delivery"),
    "suppressions": ("provider", "Suppression lists"),
    "pages": ("pages", "Pages"),
    "certificate": ("pages", "Certificate"),
    "one-click": ("pages", "One click to leave"),
    "media": ("pages", "Pictures"),
    "hook-route": ("pages", "Webhook"),
    "counted-links": ("pages", "Counted links"),
    "schedule": ("runs", "Schedule"),
    "worker": ("runs", "Worker"),
    "cron": ("runs", "Cron"),
    "sends": ("runs", "Sends"),
    "letters": ("runs", "Small letters"),
    "sources": ("runs", "Sources"),
    "mailbox": ("runs", "Mailbox"),
    "alerts": ("runs", "Alerts"),
    "status": ("runs", "Status"),
    "database": ("kept", "Database"),
    "integrity": ("kept", "Soundness"),
    "backup": ("kept", "Backup"),
    "disk": ("kept", "Disk"),
    "templates": ("kept", "Templates"),
    "fonts": ("kept", "Fonts"),
    "share-pictures": ("kept", "Share pictures"),
    "secrets": ("entry", "Secret files"),
    "keys": ("entry", "Keys"),
    "settings-file": ("entry", "newsletter.toml"),
    "private": ("entry", "Readers' addresses"),
    "git": ("entry", "Git"),
    "settings": ("machine", "Settings"),
    "python": ("machine", "Python"),
    "versions": ("machine", "Packages"),
    "tls": ("machine", "TLS"),
    "clock": ("machine", "Clock"),
    "zone": ("machine", "Zone"),
    "files": ("machine", "Open files"),
}
"""Every line there is, in the order in which they are told: its group, and its heading."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One line of the doctor."""

    name: str
    """One of ``LINES``."""
    state: DoctorState
    words: str
    """One sentence without a full stop, without a secret and without an address of a reader."""
    mend: str = ""
    """What to do, as an order; empty when there is nothing to do."""
    record: str = ""
    """A line for the zone of the domain, to be copied; empty when none is wanted."""
    about: str = ""
    """Which one, where there are several of a kind: a source, a file."""

    @property
    def group(self) -> str:
        """One of ``GROUPS``."""
        return LINES[self.name][0]

    @property
    def title(self) -> str:
        """Heading of the line."""
        return LINES[self.name][1]


class SkippedCheck(Exception):  # noqa: N818  a word of docs/words.md
    """A check that cannot be made, or for which there is no reason.

    Args:
        words: Why, in one sentence without a full stop.
        mend: What to do so that it can be made; may be empty.
    """

    def __init__(self, words: str, mend: str = "") -> None:
        super().__init__(words)
        self.words, self.mend = words, mend


SECONDS = 15.0
"""For one check; what it asks has shorter time-outs of its own."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at."""

    names: tuple[str, ...]
    """The lines that it tells."""
    look: Callable[[Examination], Iterable[Examined]]
    needs: tuple[str, ...] = ()
    """Sections of the settings without which it would say something wrong; ``provider`` stands for the provider's."""
    online: bool = False
    """Whether all of it is asked over the network."""
    late: DoctorState = "warn"
    """What it is when it does not end in time."""
    seconds: float = SECONDS


def output_of(words: Sequence[str]) -> str | None:
    """What a program of this machine prints; None when there is no such program, or it fails.

    Args:
        words: The program and its arguments; it must be one that changes nothing.
    """
    if shutil.which(words[0]) is None:
        return None
    quiet = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            list(words), capture_output=True, check=False, timeout=5, env=quiet, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


@dataclass(frozen=True, slots=True)
class Instruments:
    """What the doctor looks with; tests bring others."""

    resolver: Resolver = field(default_factory=lambda: probe.DnsResolver(seconds=4.0))
    connect: Connect = probe.connection
    """Makes connections to the reader pages and to the host of the MTA-STS policy."""
    certificates: ssl.SSLContext | None = None
    """Which certificates are trusted; None takes the system's."""
    run: Callable[[Sequence[str]], str | None] = output_of
    cron_places: Sequence[Path] = (Path("/etc/crontab"), Path("/etc/cron.d"))
    """Files, and folders of files, of the system's own cron."""
    versions: Callable[[str], str] | None = None
    """Gives the version of a program or package; None asks them."""
    now: Callable[[], datetime] | None = None
    """The clock; None takes the machine's."""
    disk_usage: DiskUsage | None = None
    drawable: Callable[[Workspace], None] | None = None
    """Makes sure that share pictures can be drawn; None asks this machine for its fonts."""
    patience: float = 1.0
    """Times the seconds that each check may take."""
