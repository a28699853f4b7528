"""The pictures of docs/ar/desk.md, of a real desk: ``PYTHONPATH=$PWD python tests/desk_page_pictures.py``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from unittest import mock

from command import ROOT
from desk_pictures import take
from desk_served import chromium
from desk_states import STATES
from PIL import Image
from theme_pictures import small

FOLDER = ROOT / "docs" / "ar" / "pictures"
SHOWN = {"week": 1000, "send": 1100, "import-look": 1000}
"""State of the desk to how many pixels of its page are shown, from the top."""
WIDTH = 1000


def main() -> None:
    """Take them, and write them into docs/ar/pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser, mock.patch.dict(os.environ, LOGNAME="سلمى"):
        out = Path(name) / "out"
        out.mkdir()
        for state in STATES:
            if state.name in SHOWN:
                take(browser, state, Path(name), out, (1280,), ("light",))
                with Image.open(out / f"{state.name}-1280-light.png") as whole:
                    top = whole.convert("RGB").crop((0, 0, whole.width, min(whole.height, SHOWN[state.name])))
                size = (WIDTH, top.height * WIDTH // top.width)
                (FOLDER / f"desk-{state.name}.png").write_bytes(small(top.resize(size, Image.Resampling.LANCZOS)))


if __name__ == "__main__":
    main()
