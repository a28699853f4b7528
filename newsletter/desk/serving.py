"""The desk served: where it listens, how its address reaches the editor, and how it ends. Import it late."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn

from newsletter.desk.app import create_app
from newsletter.desk.desk import Desk
from newsletter.desk.guard import DeskGuard
from newsletter.errors import SettingsError
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows.browsing import show_in_browser
from newsletter.workflows.logs import log_to_stderr
from newsletter.workflows.outgoing import DeliveryThread
from newsletter.workspace import editors

FOLDER = ".desk"
"""Where the desk keeps what is no truth of its own; ignored by git."""
PROXY_PORT = 8100
"""Where a desk behind a proxy listens unless something else is said: the proxy must know it."""
_LOOPBACK = ("127.0.0.1", "::1")
_AT_ONCE = timedelta(minutes=1)
"""How long the address is good that is handed to the browser: other accounts can see it among the processes."""
_WAIT = 5
"""Seconds that requests under way may take once the desk ends."""


def serve_desk(
    root: Path,
    environment: Mapping[str, str],
    *,
    host: str = "",
    port: int | None = None,
    opens: bool = True,
    log_json: bool = False,
    tell: Callable[[str], None],
    show: Callable[[str], None],
) -> None:
    """Serve the desk of a workspace until a signal ends it.

    Args:
        root: The workspace.
        environment: The process environment.
        host: Address to listen at; empty is this machine alone.
        port: TCP port, 0 takes a free one; None leaves it to whether there is a proxy.
        opens: Open the browser, where there is one.
        log_json: Log one JSON object a line.
        tell: Says something to the person at the terminal.
        show: Prints an address.

    Raises:
        SettingsError: Nobody could sign in, strangers could, or the address cannot be listened at.
        WorkspaceError: The people of the desk cannot be read.
    """
    with open_workspace(root, environment) as workspace:
        url = workspace.settings.desk.url
        _can_be_used(workspace, host)
        listeners = _listeners(host, (PROXY_PORT if url else 0) if port is None else port)
        try:
            with _marked(workspace.root) as first:
                if not first:
                    tell("Another desk of this workspace is open. Both see what the other writes; nothing is lost.")
                desk = Desk(workspace, listeners[0].getsockname()[1])
                desk.library.warm()
                log_to_stderr(as_json=log_json)
                # What an earlier desk left in the middle goes on with this one.
                desk.deliveries = DeliveryThread(workspace)
                desk.deliveries.start()
                desk.at_end(desk.deliveries.stop)

                def announced(port: int = listeners[0].getsockname()[1]) -> None:
                    _tell_address(desk, port, tell, show)
                    if opens and not desk.named:
                        show_in_browser(f"{desk.address.base}{desk.invitation(_AT_ONCE)}")

                _run(desk, listeners, show, announced)
        finally:
            for one in listeners:
                one.close()


def _can_be_used(workspace: Workspace, host: str) -> None:
    if workspace.settings.desk.url:
        if not editors.read(workspace.root):
            raise SettingsError(
                "a desk with an address wants people who sign in, and there is nobody",
                where="[desk] url",
                mend='add somebody with: newsletter desk person add "NAME" --role edit --role send',
            )
    elif host not in {"", "localhost", *_LOOPBACK}:
        raise SettingsError(
            "without an address the desk asks nobody who they are, and is for this machine alone",
            where=f"--host {host}",
            mend='set [desk] url = "https://…" and add people with: newsletter desk person add, or leave --host out',
        )


def _tell_address(desk: Desk, port: int, tell: Callable[[str], None], show: Callable[[str], None]) -> None:
    if desk.named:
        tell(f"The desk is at {desk.address.base} and listens at port {port} for its proxy. Ctrl-C ends it.")
        return
    again = " Enter prints a new one," if sys.stdin is not None and sys.stdin.isatty() else ""
    tell("The desk is open at:")
    show(f"{desk.address.base}{desk.invitation()}")
    tell(f"The address works once, for five minutes.{again} Ctrl-C ends the desk.")


class _Server(uvicorn.Server):
    """A server that first ends what would go on for ever."""

    def __init__(self, config: uvicorn.Config, desk: Desk, guard: DeskGuard) -> None:
        super().__init__(config)
        self._desk, self._guard = desk, guard

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the deliveries and the streams of the desk, then everything else."""
        import asyncio

        await asyncio.to_thread(self._desk.end)
        self._guard.end_streams()
        await super().shutdown(sockets)


def _run(
    desk: Desk, listeners: list[socket.socket], show: Callable[[str], None], announced: Callable[[], None]
) -> None:
    guard = create_app(desk)
    config = uvicorn.Config(
        guard,
        log_config=None,
        access_log=False,
        server_header=False,
        # The guard looks at X-Forwarded-For itself, by the workspace's own setting.
        proxy_headers=False,
        limit_concurrency=200,
        timeout_graceful_shutdown=_WAIT,
    )
    server = _Server(config, desk, guard)

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    # The server has its own; this one is there before it has begun, and when it has ended.
    before = signal.signal(signal.SIGTERM, end)
    try:
        announced()
        if not desk.named and sys.stdin is not None and sys.stdin.isatty():
            threading.Thread(target=_print_more, args=(desk, show), daemon=True).start()
        server.run(sockets=listeners)
    except KeyboardInterrupt:
        pass
    finally:
        desk.end()
        signal.signal(signal.SIGTERM, before)


def _print_more(desk: Desk, show: Callable[[str], None]) -> None:
    """Print another address each time somebody presses Enter in the terminal."""
    with contextlib.suppress(OSError, ValueError):
        # Not by sys.stdin: what waits there holds a lock that the end of the program wants.
        while os.read(sys.stdin.fileno(), 4096):
            show(f"{desk.address.base}{desk.invitation()}")


def _listeners(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen: at both loopback addresses when no host is given, at one port."""
    if host and host != "localhost":
        return [_listening(host, port)]
    for _ in range(20):
        first = _listening(_LOOPBACK[0], port)
        try:
            return [first, _listening(_LOOPBACK[1], first.getsockname()[1])]
        except SettingsError:
            if not _has_ipv6():
                return [first]
            first.close()
            if port:
                raise
    raise SettingsError("no free port was found", where="newsletter desk", mend="choose one with --port")


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as tried:
            tried.bind((_LOOPBACK[1], 0))
    except OSError:
        return False
    return True


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise _cannot(host, port, error) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(128)  # from now on a browser that comes early waits, and is not refused
    except (OSError, OverflowError) as error:
        listener.close()
        raise _cannot(host, port, error) from None
    return listener


def _cannot(host: str, port: int, error: Exception) -> SettingsError:
    reason = getattr(error, "strerror", None) or str(error)
    return SettingsError(
        f"cannot listen there ({reason})", where=f"{host}:{port}", mend="choose another with --host and --port"
    )


@contextmanager
def _marked(root: Path) -> Iterator[bool]:
    """Whether no other desk of the workspace is open on this machine; says that this one is as long as it is."""
    folder = root / FOLDER
    descriptor: Any = None
    if os.name == "posix":
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(folder / "open", os.O_RDWR | os.O_CREAT, 0o600)
    first = True
    try:
        if descriptor is not None:
            import fcntl

            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                first = False
            except OSError:  # some file systems of the network lock nothing
                pass
        yield first
    finally:
        if descriptor is not None:
            os.close(descriptor)
