"""One look over everything that a newsroom's letters depend on; nothing is changed, and nobody is sent anything.

``examine`` gives a line for each thing: ok, warn, fail or skipped, one sentence, and what to do. Every check stands
behind a fence of its own, with a time-out, and all are made side by side: broken settings, a database that is away or
a name server that hangs is one line, and hides no other. What ``newsletter status`` knows is asked of it, what
``newsletter check --online`` judges is judged there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from newsletter.workflows.doctor import entry, going, kept, machine, mail, pages, provider
from newsletter.workflows.doctor.examination import Examination
from newsletter.workflows.doctor.models import GROUPS, LINES, DoctorState, Examined, Instruments
from newsletter.workflows.doctor.running import made
from newsletter.workspace.config import find_workspace

__all__ = ["GROUPS", "LINES", "DoctorState", "Examined", "Instruments", "examine", "fails"]

CHECKS = (
    *mail.CHECKS,
    *provider.CHECKS,
    *pages.CHECKS,
    *going.CHECKS,
    *kept.CHECKS,
    *entry.CHECKS,
    *machine.CHECKS,
)
"""Every check there is, in the order in which their lines are told."""


def examine(
    folder: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    offline: bool = False,
    mailbox: Path | None = None,
    only: Collection[str] = (),
    instruments: Instruments | None = None,
    begun: Callable[[str], None] = lambda _: None,
    told: Callable[[Examined], None] = lambda _: None,
) -> list[Examined]:
    """Look at everything.

    Args:
        folder: The workspace, or a folder inside it.
        environment: Of the process.
        offline: Ask nobody over the network.
        mailbox: The mailbox that answers come to, if somebody names it.
        only: Lines, of ``LINES``, that are wanted; nothing for all. What is told with one of them comes too.
        instruments: What to look with; None takes the machine's own.
        begun: Told the heading of the line that is waited for now.
        told: Told each line as it comes, in the order of the list.

    Returns:
        Every line, group after group as ``GROUPS`` has them.

    Raises:
        WorkspaceError: There is no newsletter.toml.
    """
    root = find_workspace(folder)
    case = Examination(root, environment, instruments or Instruments(), offline=offline, mailbox=mailbox)
    lines = []
    try:
        for line in made([one for one in CHECKS if not only or set(one.names) & set(only)], case, begun):
            told(line)
            lines.append(line)
    finally:
        case.close()
    return lines


def fails(lines: Iterable[Examined]) -> bool:
    """Whether something is wrong that keeps letters, or readers, from what they are due.

    Args:
        lines: Of ``examine``.
    """
    return any(line.state == "fail" for line in lines)
