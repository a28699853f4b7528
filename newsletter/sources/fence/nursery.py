"""The process that readers are forked from: it has every parser loaded, one thread, and nothing else to do.

A reader forked from it is there within some milliseconds, whereas a Python of its own would load for a third of a
second; and forking the command itself, which has threads, could leave the reader with a lock that nobody opens.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import struct

REQUEST = struct.Struct("!cqq")
"""What is wanted, and two numbers: for FORK the bytes of memory, for END the process."""
REPLY = struct.Struct("!qq")
"""Process, and for END how it ended: its exit code, negative for a signal."""
FORK, END = b"F", b"E"
LOADED = ("newsletter.sources.kinds", "feedparser", "lxml.html", "nh3")
"""In the order that they are needed; a reader forked before the last ones are there loads them itself."""


def main(descriptor: int) -> None:
    """Fork readers, and end them, until the fence is gone; then end all.

    Args:
        descriptor: Number of the socket that leads to the fence.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=descriptor)
    readers: set[int] = set()
    try:
        _load(control)
        while _answered(control, readers):
            pass
    finally:
        for pid in readers:
            _kill(pid)
        os._exit(0)


def _load(control: socket.socket) -> None:
    for name in LOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
        if name != LOADED[0] and select.select([control], [], [], 0)[0]:
            break
    gc.collect()
    gc.freeze()  # what is here stays shared with the readers


def _answered(control: socket.socket, readers: set[int]) -> bool:
    """Do what is asked next; False when the fence is gone."""
    try:
        data, descriptors, _, _ = socket.recv_fds(control, REQUEST.size, 1)
    except OSError:
        return False
    if len(data) < REQUEST.size:
        return False
    what, number, status = REQUEST.unpack(data)
    if what == FORK:
        number = _forked(control, descriptors[0], number)
        readers.add(number)
    elif number in readers:
        readers.discard(number)
        _kill(number)
        status = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    control.sendall(REPLY.pack(number, status))
    return True


def _forked(control: socket.socket, descriptor: int, memory: int) -> int:
    try:
        pid = os.fork()
    except OSError:  # no more processes; the fence is told by the number
        os.close(descriptor)
        return 0
    if pid:
        os.close(descriptor)
        return pid
    try:
        from newsletter.sources.fence.reader import serve

        control.close()
        serve(socket.socket(fileno=descriptor), memory)
    finally:
        os._exit(0)


def _kill(pid: int) -> None:
    if pid > 0:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
