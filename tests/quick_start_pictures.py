"""The pictures of the quick start, in English and Arabic: ``PYTHONPATH=. python tests/quick_start_pictures.py``.

All of it is what the commands really do. They run one after the other at a terminal (a pseudo-terminal, a process for
each), in the world of the documents: a site that is a function, and a clock that stands. What they print, with what the
script types, is shown as VTE (the terminal of GNOME) lays it out: every line from left to right, and the bidirectional
algorithm, isolates too, within it. Chromium does that, in the font that Debian's terminal has, DejaVu Sans Mono, with
its Arabic letters of one width. The letter is the demo's, as Chromium shows it; the desk is the desk, served on
loopback.
"""

from __future__ import annotations

import fcntl
import html
import io
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from command import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LANGUAGES = ("en", "ar")
COLUMNS = 96
MOST = 120_000
"""Bytes of a picture."""
SITE = "almawja.example.org"
SAMPLE = ROOT / "newsletter" / "sample"
ANSWERS = ("", SITE, "الموجة", "", "Africa/Algiers", "", "", "almawja")
"""To ``newsletter``: begin, the site's address, the name, the language, the zone, the sender, the list, the folder."""
SHOWN = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #1b1f1e; color: #e6eae8; font: 14px/1.75 "DejaVu Sans Mono", monospace; }}
main {{ width: COLUMNSch; padding: 16px 20px; }}
p {{ margin: 0; min-height: 1.75em; white-space: pre; direction: ltr; unicode-bidi: isolate; }}
b {{ color: #6fcfae; font-weight: normal; }}
</style><main>{lines}</main>""".replace("COLUMNS", str(COLUMNS))


def run() -> None:
    """The command line of Nashra in the world of the documents, where this terminal answers the questions."""
    from unittest import mock

    import typer
    from documented_newsroom import world

    from newsletter.cli import main as command

    asked = typer.prompt
    with world(), mock.patch("typer.prompt", asked):
        command()


def at_terminal(folder: Path, words: Sequence[str], answers: Sequence[str] = ()) -> list[str]:
    """Run a command at a terminal, and type an answer whenever it waits for one.

    Args:
        folder: Where.
        words: After ``newsletter``.
        answers: What is typed, line after line.

    Returns:
        The lines that stand on the terminal in the end, after that of the command itself.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    start = "import sys, quick_start_pictures as q; sys.argv[:1] = ['newsletter']; q.run()"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    process = subprocess.Popen(
        [sys.executable, "-c", start, *words],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": paths},
        start_new_session=True,
    )
    os.close(theirs)
    said, typed = b"", list(answers)
    while True:
        try:
            read = os.read(ours, 65_536) if select.select([ours], [], [], 1.5)[0] else None
        except OSError:  # the command has ended
            break
        if read == b"":
            break
        if read:
            said += read
        elif said and not said.endswith(b"\n"):
            assert typed, f"it asks for more: {said[-200:].decode()}"
            os.write(ours, f"{typed.pop(0)}\n".encode())
    os.close(ours)
    assert process.wait() == 0, said.decode()
    assert not typed, f"never asked for {typed}: {said.decode()}"
    return [f"$ newsletter {' '.join(words)}", *on_screen(said.decode())]


def on_screen(said: str) -> list[str]:
    """What stands on a terminal after all of this came: lines, with what was written over gone."""
    lines = [""]
    row = 0
    for part in re.findall(r"\x1b\[[\d;?]*[A-Za-z]|\r\n|[\r\n]|[^\x1b\r\n]+", said):
        if part in ("\r\n", "\n"):
            row += 1
            lines.extend([""] * (row + 1 - len(lines)))
        elif part.endswith("A") and part.startswith("\x1b"):
            row -= int(part[2:-1] or 1)
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part[0] not in "\x1b\r":
            lines[row] += part
    while lines and not lines[-1].strip():
        lines.pop()
    return [part for line in lines for part in in_cells(line)]


def in_cells(line: str) -> list[str]:
    """A line as the terminal breaks it, wherever its last cell is; signs of direction and vowels need none."""
    parts, cells = [""], 0
    for char in line:
        width = unicodedata.category(char) not in ("Cf", "Mn")
        if cells + width > COLUMNS:
            parts.append("")
            cells = 0
        parts[-1] += char
        cells += width
    return parts


def keep(name: str, png: bytes, colours: int, *languages: str) -> None:
    """Write a picture beside the documents, in as few colours as it needs to be small."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    made = io.BytesIO()
    picture.save(made, "PNG", optimize=True)
    assert len(made.getvalue()) <= MOST, (name, len(made.getvalue()))
    for language in languages:
        folder = ROOT / "docs" / language / "pictures"
        folder.mkdir(exist_ok=True)
        (folder / f"quick-start-{name}.png").write_bytes(made.getvalue())
    print(name, *languages, picture.size, len(made.getvalue()))


@contextmanager
def tab(browser: Browser, width: int, height: int, scale: float = 1, **more: Any) -> Iterator[Page]:
    """A tab of a browser of its own."""
    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=scale, **more)
    try:
        yield context.new_page()
    finally:
        context.close()


def take_terminal(browser: Browser, name: str, language: str, lines: Sequence[str]) -> None:
    """A picture of what stands on the terminal."""
    shown = "".join(f"<p>{html.escape(line)}</p>" if at else f"<p><b>{line}</b></p>" for at, line in enumerate(lines))
    with tab(browser, 860, 100, 1.5) as page:
        page.set_content(SHOWN.format(lines=shown))
        assert page.evaluate("document.documentElement.scrollWidth") == 860
        keep(name, page.screenshot(full_page=True), 32, language)


def take_letter(browser: Browser, folder: Path) -> None:
    """The letter of the demo."""
    at_terminal(folder, ["demo", "first"])
    (letter,) = folder.glob("first/issues/*/issue.html")
    with tab(browser, 680, 1040) as page:
        page.goto(letter.as_uri())
        page.wait_for_load_state("networkidle")
        keep("letter", page.screenshot(), 96, *LANGUAGES)


def take_desk(browser: Browser, root: Path, language: str) -> None:
    """The desk with the issue in the making, beside its letter."""
    from unittest import mock

    from desk_served import served, sign_in
    from settings_text import add_settings

    if language != "ar":  # else it speaks as the newsroom does
        add_settings(root, f'[desk]\nlanguage = "{language}"\n')
    # The desk greets whoever owns the terminal.
    with (
        mock.patch.dict(os.environ, LOGNAME="salma"),
        served(root) as desk,
        tab(browser, 1280, 800, locale=language, timezone_id="Africa/Algiers") as page,
    ):
        sign_in(page, desk)
        page.goto(f"{desk.base}/")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1_500)
        keep("desk", page.screenshot(), 96, language)


def take(browser: Browser, folder: Path, language: str) -> None:
    """The way of the quick start, in one language."""
    speak = ["--lang", language] if language != "en" else []
    take_terminal(browser, "questions", language, at_terminal(folder, speak, ANSWERS))
    root = folder / "almawja"
    at_terminal(root, [*speak, "collect", *map(str, sorted(SAMPLE.glob("*.md")))])
    at_terminal(root, [*speak, "compose", "--latest", "5"])
    at_terminal(root, [*speak, "subscribers", "add", "me@example.org"])
    take_desk(browser, root, language)
    take_terminal(browser, "send", language, at_terminal(root, [*speak, "send"], ["1"]))


def main() -> None:
    """Take them all."""
    from desk_served import chromium

    # A name that may stand in a picture.
    folder = Path(tempfile.gettempdir()) / "salma"
    folder.mkdir()
    try:
        with chromium() as browser:
            take_letter(browser, folder)
            for language in LANGUAGES:
                take(browser, folder, language)
                shutil.rmtree(folder / "almawja")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
