"""The command ``newsletter`` as a person runs it: in this process, which is quick, or in one of its own."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
TEXT = "المدينة القديمة تستعيد أسوارها\nانتهت أشغال الترميم هذا الأسبوع.\nوعادت الأسواق إلى ما كانت عليه.\n"


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without settings of whoever runs the tests, where the modules are found from any folder."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NASHRA_", "PYTHONUNBUFFERED"))
        and not (name.startswith(("LANG", "LC_")) and value.startswith("ar"))  # commands would speak it
    }
    return {**clean, "PYTHONPATH": str(ROOT), **(more or {})}


def here(
    *arguments: str | Path,
    cwd: Path | None = None,
    more: Mapping[str, str] | None = None,
    typed: str | None = None,
    piped: str = "",
) -> Done:
    """Run it in this process, without a terminal; with ``typed`` somebody sits there who types that and leaves."""
    from newsletter.cli import main

    held = (typed or piped).encode("utf-8")
    streams = [io.TextIOWrapper(io.BytesIO(text), encoding="utf-8") for text in (held, b"", b"")]
    streams[0].isatty = lambda: typed is not None  # type: ignore[method-assign]
    code = 0
    with (
        # Else click names itself after whoever runs the tests: python -m pytest.
        mock.patch.object(sys.modules["__main__"], "__package__", None),
        mock.patch.multiple(sys, argv=["newsletter", *map(str, arguments)], stdin=streams[0]),
        mock.patch.dict(os.environ, environment(more), clear=True),
        contextlib.redirect_stdout(streams[1]),
        contextlib.redirect_stderr(streams[2]),
        contextlib.chdir(cwd or Path.cwd()),
    ):
        try:
            main()
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    told = []
    for stream in streams[1:]:
        stream.flush()
        told.append(stream.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]
    return Done(code, *told)


def command(*arguments: str | Path) -> list[str]:
    """The words that start it in a process of its own."""
    return [sys.executable, "-m", "newsletter", *map(str, arguments)]


def there(*arguments: str | Path, more: Mapping[str, str] | None = None, **options: Any) -> Done:
    """Run it in a process of its own, without a terminal."""
    done = subprocess.run(
        command(*arguments),
        env=environment(more),
        check=False,
        **{"capture_output": True, "stdin": subprocess.DEVNULL, "timeout": 60, **options},
    )
    return Done(done.returncode, (done.stdout or b"").decode("utf-8"), (done.stderr or b"").decode("utf-8"))


def complains(done: Done, *parts: str, code: int = 1, lines: int = 1) -> None:
    """Hold a command to its promise: so many lines on stderr (besides warnings) that say all this, and no traceback."""
    assert done.code == code, done
    assert "Traceback" not in done.err, done.err
    assert "a fault in the program" not in done.err, done.err
    assert len([line for line in done.err.splitlines() if not line.startswith("warning ")]) == lines, done.err
    for part in parts:
        assert part in done.err, done.err


def make_workspace(root: Path, *, readers: int = 3, settings: str = "") -> Path:
    """A workspace with one article, the draft of an issue and some subscribers; no power cut is feared in it.

    Args:
        root: The folder to make.
        readers: Subscribers, ``reader0@example.net`` and so on.
        settings: Lines for the section ``[sender]``.
    """
    _made(root, readers)
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("[sender]\n", f"[sender]\nfsync = false\n{settings}\n"), "utf-8")
    return root


@dataclass(frozen=True)
class _Kept:
    """A workspace that others are copied from."""

    folder: Path
    begun: float


_KEPT: dict[int, _Kept] = {}
_FRESH = 60.0
"""Seconds for which one is copied: what tests say of moments holds as if each had been made for them."""
_SERVED: list[str] = [""]
"""The test that has a copy: its second workspace is made anew, with keys and a database of its own."""


def _made(root: Path, readers: int) -> None:
    from newsletter.wiring import Workspace

    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
    if root.exists() or test in (_SERVED[0], "") or Workspace.now.__qualname__ != "Workspace.now":
        _build(root, readers)
        return
    _SERVED[0] = test
    kept = _KEPT.get(readers)
    if kept is None or time.monotonic() - kept.begun > _FRESH:
        begun = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix="nashra-made-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _build(folder / "w", readers)
        kept = _KEPT[readers] = _Kept(folder, begun)
    shutil.copyfile(kept.folder / "article.txt", root.parent / "article.txt")
    shutil.copytree(kept.folder / "w", root)
    # Both say where they are.
    memory = root / "database.toml"
    memory.write_text(memory.read_text("utf-8").replace(str(kept.folder / "w"), str(root)), "utf-8")
    with contextlib.closing(sqlite3.connect(root / "newsletter.db")) as database, database:
        paths = str(kept.folder / "article.txt"), str(root.parent / "article.txt")
        assert database.execute("UPDATE article SET source = ? WHERE source = ?", paths[::-1]).rowcount == 1


def _build(root: Path, readers: int) -> None:
    text = root.parent / "article.txt"
    text.write_text(TEXT, "utf-8")
    addresses = [f"reader{number}@example.net" for number in range(readers)]
    site = ("--name", "الموجة", "--url", "https://almawja.example.org", "--web", "https://news.example.org")
    for arguments in (
        ("init", root, *site),
        ("-C", root, "collect", text),
        ("-C", root, "compose", "--slug", "first"),
        *([("-C", root, "subscribers", "add", *addresses)] if addresses else []),
    ):
        done = here(*arguments)
        assert done.code == 0, done


def unpacked(archive: Path, folder: Path) -> None:
    """Unpack an archive of ours; Python 3.11 has the filter since 3.11.4, and Debian 12 has 3.11.2."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
