"""Pictures of every screen of the desk in every state, at three widths, light and dark: ``make desk-pictures``.

They go into ``desk-pictures/``, one PNG each, a contact sheet for each state and ``index.html`` with all of them.
"""

from __future__ import annotations

import argparse
import fnmatch
import html
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import desk_newsroom
from desk_served import WIDTHS, chromium, served, visitor
from desk_states import ROOMS, STATES, State
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser

OUT = Path(__file__).resolve().parents[1] / "desk-pictures"
MODES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
GAP = 24


def main() -> None:
    """Take what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="*", help="a pattern of states, such as 'week*'")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--width", type=int, action="append", choices=WIDTHS)
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--list", action="store_true", help="name the states and take nothing")
    asked = parser.parse_args()
    states = [state for state in STATES if fnmatch.fnmatch(state.name, asked.only)]
    if asked.list:
        print("\n".join(f"{state.name}: {state.words}" for state in states))
        return
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for state in states:
            take(browser, state, Path(folder), asked.out, asked.width or WIDTHS, asked.mode or MODES)
    index(asked.out)


def take(
    browser: Browser,
    state: State,
    rooms: Path,
    out: Path,
    widths: Iterable[int],
    modes: Sequence[Literal["light", "dark"]],
) -> None:
    """Every picture of one state, and its sheet.

    Args:
        browser: From `chromium`.
        state: What to show.
        rooms: Where newsrooms are kept: each is made once, and every state gets a copy.
        out: Where pictures go.
        widths: CSS pixels.
        modes: Of colour.
    """
    made = rooms / state.room
    if not made.exists():
        desk_newsroom.make(made, **ROOMS[state.room])
    pictures = []
    for width in widths:
        root = Path(shutil.copytree(made, rooms / "shown"))
        try:
            with served(root) as desk:
                state.before(desk)
                with visitor(browser, desk, width=width, mode=modes[0]) as seen:
                    seen.page.goto(f"{desk.base}{state.path}")
                    state.act(seen.page, desk)
                    for mode in modes:
                        path = out / f"{state.name}-{width}-{mode}.png"
                        seen.page.emulate_media(color_scheme=mode)
                        seen.page.wait_for_timeout(250)
                        seen.page.screenshot(path=path, full_page=state.whole)
                        pictures.append(path)
                    for trouble in seen.troubles:
                        print(f"{state.name}-{width}: {trouble}")
        finally:
            shutil.rmtree(root)
    sheet(pictures, out / f"sheet-{state.name}.png")
    print(f"{state.name}: {len(pictures)}")


def sheet(pictures: Sequence[Path], path: Path) -> None:
    """Several pictures as one, side by side, each at half its size.

    Args:
        pictures: PNGs.
        path: Where the sheet goes.
    """
    images = [Image.open(one).convert("RGB") for one in pictures]
    halves = [image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS) for image in images]
    whole = Image.new(
        "RGB", (sum(one.width + GAP for one in halves) + GAP, max(one.height for one in halves) + 2 * GAP), "#888"
    )
    left = GAP
    for half in halves:
        whole.paste(half, (left, GAP))
        left += half.width + GAP
    whole.save(path)


def index(out: Path) -> None:
    """One page with every sheet.

    Args:
        out: Where they are.
    """
    parts = [
        f'<h2>{html.escape(state.name)}</h2><p>{html.escape(state.words)}</p><img src="sheet-{state.name}.png" alt="">'
        for state in STATES
        if (out / f"sheet-{state.name}.png").exists()
    ]
    style = "<style>body{font:16px sans-serif;margin:24px}img{max-width:100%}</style>"
    page = f'<!doctype html><meta charset="utf-8"><title>The desk</title>{style}{"".join(parts)}'
    (out / "index.html").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
