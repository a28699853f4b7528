"""A WordPress of one's own on loopback, as Debian packages it, for tests that ask a real one.

It runs where Debian's packages wordpress, php-cli, php-mysql, php-xml, php-mbstring and mariadb-server are installed;
.ci/run installs them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import command
import pytest
from settings_text import add_settings

FOLDER = Path(__file__).parent / "wordpress"


def missing() -> str:
    """What is not installed of a WordPress, or nothing."""
    if not Path("/usr/share/wordpress/wp-load.php").is_file():
        return "WordPress"
    absent = [name for name in ("php", "mariadbd", "mariadb-install-db") if not shutil.which(name)]
    if absent:
        return ", ".join(absent)
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout.split()
    return ", ".join(f"php-{name}" for name in ("mysqli", "mbstring", "xml") if name not in modules)


PASSWORD = "palms-by-the-well-7"
"""Of everybody in a newsroom's site: admin, editor, author, contributor, subscriber."""


def missing_newsroom() -> str:
    """What is not installed of a WordPress that people work in, or nothing."""
    if missing():
        return missing()
    content = Path("/usr/share/wordpress/wp-content")
    if not list(content.glob("themes/twentytwenty*/theme.json")):
        return "wordpress-theme-twentytwentythree"
    if not (content / "languages" / "ar.mo").is_file():
        return "wordpress-l10n"
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout.split()
    return "" if "gd" in modules else "php-gd"


NEWSROOM = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(missing_newsroom()) and os.environ.get("CI") != "true",
        reason=f"needs a WordPress to work in: {missing_newsroom()} is not installed",
    ),
]

NEEDED = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(missing()) and os.environ.get("CI") != "true", reason=f"needs a WordPress: {missing()} is not installed"
    ),
]


def php(folder: Path) -> list[str]:
    """What runs a script inside a site: what it compiles of WordPress is kept for the next one."""
    kept = folder / "compiled"
    kept.mkdir(exist_ok=True)
    settings = {"enable_cli": "1", "file_cache": kept, "file_cache_only": "1"}
    return ["php", *(word for name, value in settings.items() for word in ("-d", f"opcache.{name}={value}"))]


@dataclass(frozen=True)
class Site:
    """The site as it runs, and its articles as its database has them, newest first."""

    folder: Path
    port: int
    host: str
    articles: list[dict[str, Any]]

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/"

    def address(self, article: dict[str, Any]) -> str:
        return f"{self.url}{article['date'][:4]}/{article['date'][5:7]}/{article['slug']}/"

    def edit(self, action: str, *arguments: str) -> str:
        """Do what an editor does in WordPress; tests/wordpress/edit.php has the actions."""
        asked = [*php(self.folder), str(FOLDER / "edit.php"), str(self.folder), action, *arguments]
        done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()

    def ask(self, code: str) -> Any:
        """What PHP returns that runs inside the site as its administrator."""
        asked = [*php(self.folder), "-d", "display_errors=stderr", str(FOLDER / "ask.php"), str(self.folder), code]
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout.splitlines()[-1])

    def complaints(self) -> set[str]:
        """What WordPress wrote into its debug.log, without the moments; an old WordPress complains of itself, too."""
        log = self.folder / "debug.log"
        lines = log.read_text("utf-8").splitlines() if log.is_file() else []
        # WordPress 6.1's own library for HTTP, on PHP 8.1 and newer.
        return {line.partition("] ")[2] or line for line in lines if "Return type of Requests_" not in line}

    def collect(self, root: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run the command in a workspace of its own, or in the one that is there, and hand back its JSON."""
        if not root.exists():
            words = ("--name", "الواحة", "--url", self.url, "--from", "الواحة <news@example.org>")
            made = command.here("init", root, *words, "--timezone", "Africa/Algiers")
            assert made.code == 0, made
            add_settings(root, '[collect]\nallow_private_hosts = ["127.0.0.1"]')
        done = command.here("-C", root, "collect", *arguments, "--json")
        assert done.code == code, done
        found: dict[str, Any] = json.loads(done.out)
        return found


@contextmanager
def running(host: str = "127.0.0.1", kind: str = "articles", core: Path | None = None) -> Iterator[Site]:
    """The site, made anew; a socket's path must be short, so it does not lie with pytest's own folders.

    Args:
        host: What it calls itself; it answers on 127.0.0.1 whatever that is.
        kind: ``articles`` to collect from, or ``newsroom`` to work in.
        core: Another WordPress than Debian's, unpacked.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="wp-") as name:
        folder = Path(name)
        with (folder / "errors.log").open("wb") as errors:
            asked = ["bash", FOLDER / "site.sh", folder, str(port), host, kind]
            more = {} if core is None else {"WORDPRESS": str(core)}
            process = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, **more})
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n", (folder / "errors.log").read_text("utf-8")
            yield Site(folder, port, host, json.loads((folder / "articles.json").read_text("utf-8"))["articles"])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
            if process.stdout is not None:
                process.stdout.close()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, "a process of PHP outlived its site"
