"""Cores of the machine for the processes of one send, where there are as many processes as cores.

Python runs one thread of a process at a time, and the system wakes the next one on whichever core is free: what they
work on then moves from one core's cache to the other's with each turn. Two processes of four threads each on two cores
took 8.3 s for a million letters, and 6.9 s when the threads of each kept to one core; the whole of it varied less too
(AMD EPYC, Linux 6, medians). With more cores than processes nothing is done: what Python's lock does not cover runs
beside it there.

The system still lends the core to others, and moves those to where there is room.
"""

from __future__ import annotations

import contextlib
import os


def shared_out(processes: int) -> tuple[int, ...]:
    """The core of each process of a send.

    Args:
        processes: Of one send on this machine.

    Returns:
        As many numbers of cores as processes; none where every process may well use more than one core, or where the
        system has no such thing (sched_setaffinity(2) is Linux's).
    """
    if processes < 2 or not hasattr(os, "sched_getaffinity"):
        return ()
    allowed = sorted(os.sched_getaffinity(os.getpid()))
    if len(allowed) > processes:
        return ()
    return tuple(allowed[number % len(allowed)] for number in range(processes))


def keep_to(core: int | None) -> None:
    """Let this thread, and those that it starts, run on one core only.

    Args:
        core: Its number; None for all that the first thread of the process may use.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    # Taken from us meanwhile: then the thread runs where it may.
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, os.sched_getaffinity(os.getpid()) if core is None else {core})
