"""The command ``newsletter`` as a person runs it: in this process, which is quick, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
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
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NASHRA_", "PYTHONUNBUFFERED"))}
    return {**clean, "PYTHONPATH": str(ROOT), **(more or {})}


def here(
    *arguments: str | Path, cwd: Path | None = None, more: Mapping[str, str] | None = None, typed: str | None = None
) -> Done:
    """Run it in this process, without a terminal; with ``typed`` somebody sits there who types that and leaves."""
    from newsletter.cli import main

    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(3)]
    if typed is not None:
        streams[0] = io.TextIOWrapper(io.BytesIO(typed.encode()), encoding="utf-8")
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
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("[sender]\n", f"[sender]\nfsync = false\n{settings}\n"), "utf-8")
    return root
